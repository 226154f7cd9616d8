//! Who holds an account's slots: the free certificates that its last full listing showed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Store;
use super::orders::ordered_since;
use super::rows::{from_row, json};
use crate::store::StoreError;

/// The last full listing of an account.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The account, by its name in the config.
    pub account: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Free certificates that count against the account's limit: those of the listing, and what we ordered since.
    pub slots: u32,
}

from_row! { Sweep: account, at: time, slots }

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

/// An order of ours that no full listing showed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// The name that it is for.
    pub domain: String,
    /// By which it is found again.
    pub marker: String,
    /// How far it is, or was; the stable name.
    pub stage: String,
    /// How it ended; the stable name.
    pub ending: Option<String>,
    /// Its id at the service, once known.
    pub certificate_id: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub opened_at: i64,
    /// When its certificate ends, in milliseconds since 1970, while that is the installed one.
    pub not_after: Option<i64>,
}

from_row! { Unlisted: domain, marker, stage, ending, certificate_id, opened_at, not_after }

impl Store {
    /// Notes a full listing of an account: the figures, and every free certificate in it.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_sweep(&self, sweep: &Sweep, holdings: &[Holding]) -> Result<(), StoreError> {
        let list = json("listing", &holdings).map_err(|error| self.failed(error))?;
        let set = sqlx::query(
            "INSERT INTO sweep (account, at, slots, holdings) VALUES (?, ?, ?, ?) \
             ON CONFLICT (account) DO UPDATE SET at = excluded.at, slots = excluded.slots, \
             holdings = excluded.holdings",
        )
        .bind(&sweep.account)
        .bind(sweep.at.timestamp_millis())
        .bind(sweep.slots)
        .bind(list);
        self.execute(set).await.map(drop)
    }

    /// The last full listing of each account.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn sweeps(&self) -> Result<Vec<Sweep>, StoreError> {
        let sweeps = sqlx::query_as(concat!(
            "SELECT account, at, slots + (",
            ordered_since!("count(*)", "sweep.account", "sweep.at"),
            ") AS slots FROM sweep"
        ));
        self.all(sweeps).await
    }

    /// Every free certificate of the account's last full listing; empty before the first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn holdings(&self, account: &str) -> Result<Vec<Holding>, StoreError> {
        let list = sqlx::query_scalar("SELECT holdings FROM sweep WHERE account = ?").bind(account);
        let Some(list): Option<String> = self.optional(list).await? else {
            return Ok(Vec::new());
        };
        serde_json::from_str(&list).map_err(|_| self.unreadable("listing", list))
    }

    /// What was ordered in the account since its last full listing, as far as [`Sweep::slots`] counts it; the oldest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn unlisted(&self, account: &str) -> Result<Vec<Unlisted>, StoreError> {
        let orders = sqlx::query_as(concat!(
            ordered_since!(
                "o.*, (SELECT c.not_after FROM certificate c WHERE c.certificate_id = o.certificate_id) AS not_after",
                "?1",
                "(SELECT at FROM sweep WHERE account = ?1)"
            ),
            " ORDER BY o.opened_at, o.domain"
        ));
        self.all(orders.bind(account)).await
    }
}
