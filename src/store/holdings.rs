//! Who holds an account's slots: the free certificates that its last full listing showed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::holds::Sweep;
use super::{Store, StoreError};

/// One free certificate or order at the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Its id at the service.
    pub certificate_id: String,
    /// The name that it covers.
    pub domain: String,
    /// The registered domain that the name belongs to.
    pub main_domain: String,
    /// Its alias; with a marker, Evercert made it.
    pub alias: String,
    /// The service's `Status` number.
    pub status: i64,
    /// What that means: `pending`, `issued`, `rejected`, `cancelled` or `dead`.
    pub state: String,
    /// Whether it counted against the limits when it was seen.
    pub slot: bool,
    /// End of its validity, in milliseconds since 1970.
    pub not_after: Option<i64>,
    /// When it was applied for, in milliseconds since 1970.
    pub inserted: Option<i64>,
}

impl Store {
    /// Notes a full listing of an account: the figures, and every free certificate in it.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_sweep(&self, sweep: &Sweep, holdings: &[Holding]) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let list = serde_json::to_string(holdings)
            .map_err(|error| self.unreadable("listing", error.to_string()))?;
        sqlx::query(
            "INSERT INTO sweep (account, at, slots, holdings) VALUES (?, ?, ?, ?) \
             ON CONFLICT (account) DO UPDATE SET at = excluded.at, slots = excluded.slots, \
             holdings = excluded.holdings",
        )
        .bind(&sweep.account)
        .bind(sweep.at.timestamp_millis())
        .bind(sweep.slots)
        .bind(list)
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }

    /// Every free certificate of the account's last full listing; empty before the first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn holdings(&self, account: &str) -> Result<Vec<Holding>, StoreError> {
        let mut connection = self.connection().await?;
        let list: Option<String> =
            sqlx::query_scalar("SELECT holdings FROM sweep WHERE account = ?")
                .bind(account)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        let Some(list) = list else {
            return Ok(Vec::new());
        };
        serde_json::from_str(&list).map_err(|_| self.unreadable("listing", list))
    }

    /// Every id at the service that the record knows: what was ordered here, and what was adopted.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn all_known_ids(&self) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar(
            "SELECT certificate_id FROM order_ WHERE certificate_id IS NOT NULL \
             UNION SELECT certificate_id FROM certificate WHERE certificate_id IS NOT NULL",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// When the database was restored from a backup, if it ever was.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let fact = self.fact(super::backup::RESTORED).await?;
        Ok(fact
            .and_then(|text| text.parse::<i64>().ok())
            .map(super::rows::time))
    }
}
