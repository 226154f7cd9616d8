//! Orders: what was ordered for a name or in an account, and what it came to.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::Store;
use super::rows::{from_row, millis, time};
use crate::lifecycle::{Closed, Order, Stage};
use crate::store::StoreError;

/// An order that is open or over, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastOrder {
    /// When it was made or adopted.
    pub opened: DateTime<Utc>,
    /// When it ended.
    pub closed: Option<DateTime<Utc>>,
    /// How it ended; the stable name.
    pub ending: Option<String>,
    /// How far it is, or was; the stable name.
    pub stage: String,
    /// By which it is found again.
    pub marker: String,
    /// Its id at the service, once known.
    pub certificate_id: Option<String>,
    /// How control is proved.
    pub method: String,
    /// It renewed a certificate.
    pub renewal: bool,
    /// It was found, and not made by us.
    pub adopted: bool,
}

from_row! {
    PastOrder: opened = "opened_at": time, closed = "closed_at": maybe_time, ending, stage, marker, certificate_id,
    method, renewal, adopted
}

/// Of the orders of ours that the account has had since then, as far as each may hold a slot.
macro_rules! ordered_since {
    ($what:literal, $account:literal, $at:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM order_ o WHERE o.account = ",
            $account,
            " AND o.opened_at >= ",
            $at,
            " AND o.adopted = 0 AND coalesce(o.ending, '') NOT IN ('refused', 'vanished')"
        )
    };
}
pub(super) use ordered_since;

impl Store {
    /// The last `limit` orders of this name, open or over, the newest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn orders(&self, domain: &str, limit: u32) -> Result<Vec<PastOrder>, StoreError> {
        let orders =
            sqlx::query_as("SELECT * FROM order_ WHERE domain = ? ORDER BY opened_at DESC LIMIT ?")
                .bind(domain)
                .bind(limit);
        self.all(orders).await
    }

    /// Every id at the service that our orders for this name ever had.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn known_ids(&self, domain: &str) -> Result<Vec<String>, StoreError> {
        let ids = sqlx::query_scalar(
            "SELECT certificate_id FROM order_ WHERE domain = ?1 AND certificate_id IS NOT NULL \
             UNION SELECT certificate_id FROM certificate WHERE domain = ?1 AND certificate_id IS NOT NULL",
        )
        .bind(domain);
        self.all(ids).await
    }

    /// Every id at the service that the record knows: what was ordered here, and what was adopted.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn all_known_ids(&self) -> Result<Vec<String>, StoreError> {
        let ids = sqlx::query_scalar(
            "SELECT certificate_id FROM order_ WHERE certificate_id IS NOT NULL \
             UNION SELECT certificate_id FROM certificate WHERE certificate_id IS NOT NULL",
        );
        self.all(ids).await
    }

    /// The ids of what is installed, and of the open orders.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn ids_in_use(&self) -> Result<HashSet<String>, StoreError> {
        let ids = sqlx::query_scalar(
            "SELECT certificate_id FROM order_ WHERE closed_at IS NULL AND certificate_id IS NOT NULL \
             UNION SELECT certificate_id FROM certificate WHERE certificate_id IS NOT NULL",
        );
        Ok(self.all(ids).await?.into_iter().collect())
    }

    /// The ids under which material of no use was found for this name since then: it had ended, or could not be used.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn useless_ids(
        &self,
        domain: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        let ids = sqlx::query_scalar(
            "SELECT DISTINCT certificate_id FROM order_ WHERE domain = ? AND certificate_id IS NOT NULL \
             AND ending IN ('expired', 'unusable') AND closed_at >= ?",
        )
        .bind(domain)
        .bind(since.timestamp_millis());
        self.all(ids).await
    }

    /// The markers of every order that this installation ever wrote down, or adopted.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn markers(&self) -> Result<HashSet<String>, StoreError> {
        let markers = sqlx::query_scalar("SELECT marker FROM order_");
        Ok(self.all(markers).await?.into_iter().collect())
    }

    /// Each order of this name that was made since then, cost a slot and brought no certificate, the oldest first: its id at
    /// the service, and when it was opened.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn lost_orders_since(
        &self,
        domain: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<(Option<String>, DateTime<Utc>)>, StoreError> {
        let lost = sqlx::query_as(
            "SELECT certificate_id, opened_at FROM order_ WHERE domain = ? AND opened_at > ? AND adopted = 0 \
             AND ending IN ('rejected', 'cancelled', 'gone', 'expired', 'unusable') ORDER BY opened_at",
        )
        .bind(domain)
        .bind(since.timestamp_millis());
        let lost: Vec<(Option<String>, i64)> = self.all(lost).await?;
        Ok(lost.into_iter().map(|(id, at)| (id, time(at))).collect())
    }

    /// How many orders of ours this account has had since then, as far as each may hold a slot.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn ordered_since(&self, account: &str, at: DateTime<Utc>) -> Result<u32, StoreError> {
        let count = sqlx::query_scalar(ordered_since!("count(*)", "?1", "?2"))
            .bind(account)
            .bind(at.timestamp_millis());
        self.one(count).await
    }
}

/// Writes that an order is over.
pub(super) async fn close_order(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
    Closed { order, ending }: &Closed,
) -> Result<(), sqlx::Error> {
    write_order(connection, now, domain, order).await?;
    sqlx::query("UPDATE order_ SET closed_at = ?, ending = ? WHERE id = ?")
        .bind(now.timestamp_millis())
        .bind(ending.name())
        .bind(&order.id)
        .execute(connection)
        .await
        .map(drop)
}

/// Writes an order as it is now.
pub(super) async fn write_order(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
    order: &Order,
) -> Result<(), sqlx::Error> {
    let (signed_at, looks) = match &order.stage {
        Stage::Intended { signed_at, looks } => (Some(signed_at.timestamp_millis()), *looks),
        Stage::Pending { .. } | Stage::Issued { .. } => (None, 0),
    };
    let (since, deadline, status, stalled) = match &order.stage {
        Stage::Pending {
            since,
            deadline,
            status,
            stalled,
            ..
        } => (
            Some(since.timestamp_millis()),
            millis(*deadline),
            *status,
            stalled.number(),
        ),
        Stage::Intended { .. } | Stage::Issued { .. } => (None, None, 0, 0),
    };
    // The signed timestamp stays once written: it tells when a lost application was made.
    sqlx::query(
        "INSERT INTO order_ (id, domain, account, marker, algorithm, link, renewal, adopted, stage, certificate_id, \
         signed_at, looks, since, deadline, status, stalled, opened_at, method) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
         ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, certificate_id = excluded.certificate_id, \
         signed_at = coalesce(excluded.signed_at, signed_at), looks = excluded.looks, since = excluded.since, \
         deadline = excluded.deadline, status = excluded.status, stalled = excluded.stalled",
    )
    .bind(&order.id)
    .bind(domain)
    .bind(&order.account)
    .bind(&order.marker)
    .bind(order.algorithm.name())
    .bind(order.link.as_deref())
    .bind(order.renewal)
    .bind(order.adopted)
    .bind(order.stage.name())
    .bind(order.stage.certificate_id())
    .bind(signed_at)
    .bind(looks)
    .bind(since)
    .bind(deadline)
    .bind(status)
    .bind(stalled)
    .bind(now.timestamp_millis())
    .bind(order.method.name())
    .execute(connection)
    .await
    .map(drop)
}
