//! Conditions that concern more than one certificate, and when an account was last listed.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::rows::{class, time};
use super::{Store, StoreError};
use crate::lifecycle::{Failure, Hold, HoldScope};

/// How many orders of ours the account has had since then, as far as each may hold a slot.
macro_rules! ordered_since {
    ($account:literal, $at:literal) => {
        concat!(
            "SELECT count(*) FROM order_ o WHERE o.account = ",
            $account,
            " AND o.opened_at >= ",
            $at,
            " AND o.adopted = 0 AND coalesce(o.ending, '') NOT IN ('refused', 'vanished')"
        )
    };
}
#[derive(FromRow)]
struct Row {
    account: String,
    scope: String,
    name: String,
    until: i64,
    times: i64,
    class: String,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
}

/// The last full listing of an account.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Which account.
    pub account: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Free certificates that count against the account's limit: those of the listing, and what we ordered since.
    pub slots: u32,
}

impl Store {
    /// Every hold, also those whose time is over: their count goes on where the condition comes back.
    ///
    /// # Errors
    /// The database can't be read, or holds an unknown word.
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT account, scope, name, until, times, class, code, message, request_id FROM hold",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.hold(row)).collect()
    }

    fn hold(&self, row: Row) -> Result<Hold, StoreError> {
        let scope = match row.scope.as_str() {
            "account" => HoldScope::Account,
            "orders" => HoldScope::Orders,
            "main-domain" => HoldScope::MainDomain(row.name),
            "list" => HoldScope::List,
            "fetch" => HoldScope::Fetch,
            _ => return Err(self.unreadable("hold", row.scope)),
        };
        Ok(Hold {
            account: row.account,
            scope,
            until: time(row.until),
            times: u32::try_from(row.times).unwrap_or(u32::MAX),
            failure: Failure {
                class: class(&row.class).ok_or_else(|| self.unreadable("class", row.class))?,
                code: row.code,
                message: row.message,
                request_id: row.request_id,
            },
        })
    }

    /// Writes a hold over the one of the same scope.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_hold(&self, hold: &Hold) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let (scope, name) = words(&hold.scope);
        sqlx::query(
            "INSERT INTO hold (account, scope, name, until, times, class, code, message, request_id) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (account, scope, name) DO UPDATE SET until = excluded.until, times = excluded.times, \
             class = excluded.class, code = excluded.code, message = excluded.message, \
             request_id = excluded.request_id",
        )
        .bind(&hold.account)
        .bind(scope)
        .bind(name)
        .bind(hold.until.timestamp_millis())
        .bind(hold.times)
        .bind(hold.failure.class.name())
        .bind(&hold.failure.code)
        .bind(&hold.failure.message)
        .bind(&hold.failure.request_id)
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }

    /// Ends a hold. True if there was one.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn lift_hold(&self, account: &str, scope: &HoldScope) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let (scope, name) = words(scope);
        sqlx::query("DELETE FROM hold WHERE account = ? AND scope = ? AND name = ?")
            .bind(account)
            .bind(scope)
            .bind(name)
            .execute(&mut *connection)
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(|error| self.failed(error))
    }

    /// How many orders of ours this account has had since then, as far as each may hold a slot.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn ordered_since(&self, account: &str, at: DateTime<Utc>) -> Result<u32, StoreError> {
        let mut connection = self.connection().await?;
        let count: i64 = sqlx::query_scalar(ordered_since!("?1", "?2"))
            .bind(account)
            .bind(at.timestamp_millis())
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The last full listing of each account.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn sweeps(&self) -> Result<Vec<Sweep>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(concat!(
            "SELECT account, at, slots + (",
            ordered_since!("sweep.account", "sweep.at"),
            ") FROM sweep"
        ))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|(account, at, slots)| Sweep {
                account,
                at: time(at),
                slots: u32::try_from(slots).unwrap_or(u32::MAX),
            })
            .collect())
    }
}

fn words(scope: &HoldScope) -> (&'static str, &str) {
    match scope {
        HoldScope::Account => ("account", ""),
        HoldScope::Orders => ("orders", ""),
        HoldScope::MainDomain(name) => ("main-domain", name),
        HoldScope::List => ("list", ""),
        HoldScope::Fetch => ("fetch", ""),
    }
}
