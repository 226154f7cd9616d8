//! Conditions that concern more than one certificate.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::Store;
use super::rows::Columns;
use crate::lifecycle::{Class, Failure, Hold, HoldScope};
use crate::store::StoreError;

impl FromRow<'_, SqliteRow> for Hold {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let main: String = row.try_get("name")?;
        Ok(Self {
            account: row.try_get("account")?,
            scope: row.word("scope", "hold", |name| HoldScope::from_name(name, &main))?,
            until: row.time("until")?,
            times: row.try_get("times")?,
            failure: Failure {
                class: row.word("class", "class", Class::from_name)?,
                code: row.try_get("code")?,
                message: row.try_get("message")?,
                request_id: row.try_get("request_id")?,
            },
        })
    }
}

impl Store {
    /// Every hold, also those whose time is over: their count goes on where the condition comes back.
    ///
    /// # Errors
    /// The database can't be read, or holds an unknown word.
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.all(sqlx::query_as("SELECT * FROM hold")).await
    }

    /// Writes a hold over the one of the same scope.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_hold(&self, hold: &Hold) -> Result<(), StoreError> {
        let set = sqlx::query(
            "INSERT INTO hold (account, scope, name, until, times, class, code, message, request_id) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (account, scope, name) DO UPDATE SET until = excluded.until, times = excluded.times, \
             class = excluded.class, code = excluded.code, message = excluded.message, \
             request_id = excluded.request_id",
        )
        .bind(&hold.account)
        .bind(hold.scope.name())
        .bind(hold.scope.main_domain().unwrap_or_default())
        .bind(hold.until.timestamp_millis())
        .bind(hold.times)
        .bind(hold.failure.class.name())
        .bind(&hold.failure.code)
        .bind(&hold.failure.message)
        .bind(&hold.failure.request_id);
        self.execute(set).await.map(drop)
    }

    /// Ends a hold. True if there was one.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn lift_hold(&self, account: &str, scope: &HoldScope) -> Result<bool, StoreError> {
        let lift = sqlx::query("DELETE FROM hold WHERE account = ? AND scope = ? AND name = ?")
            .bind(account)
            .bind(scope.name())
            .bind(scope.main_domain().unwrap_or_default());
        Ok(self.execute(lift).await?.rows_affected() > 0)
    }
}
