//! What the live folder should show, and what is wrong with it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Store;
use super::history::{NewEntry, append};
use super::rows::from_row;
use crate::store::StoreError;

/// The certificate that a name's live folder should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToShow {
    /// The name.
    pub domain: String,
    /// Lower-hex SHA-256 of its DER: of the installed one, or of the one that the operator went back to.
    pub fingerprint: String,
    /// Its end.
    pub not_after: DateTime<Utc>,
    /// Whether the operator went back to it.
    pub rolled_back: bool,
    /// How its files looked when they were read last and were right.
    pub glance: Option<i64>,
    /// When that was.
    pub read_at: Option<DateTime<Utc>>,
    /// What was said to be wrong with it.
    pub trouble: Option<String>,
}

from_row! { ToShow: domain, fingerprint, not_after: time, rolled_back, glance, read_at: maybe_time, trouble }

/// Files that were read and were right.
#[derive(Clone, Debug, Serialize)]
pub struct LiveRead {
    /// The name.
    pub domain: String,
    /// How they looked before they were read.
    pub glance: i64,
}

/// Not for what the config no longer names, nor for what its operator paused: both are left as they are.
macro_rules! to_show {
    () => {
        "SELECT c.domain, coalesce(r.fingerprint, c.fingerprint) AS fingerprint, \
         coalesce(r.not_after, c.not_after) AS not_after, r.fingerprint IS NOT NULL AS rolled_back, \
         l.glance AS glance, l.at AS read_at, t.reason AS trouble \
         FROM certificate c LEFT JOIN gone_back r ON r.domain = c.domain AND r.over = c.fingerprint \
         LEFT JOIN live_read l ON l.domain = c.domain LEFT JOIN live_trouble t ON t.domain = c.domain \
         WHERE c.fingerprint IS NOT NULL AND c.wanted = 1 AND c.paused_at IS NULL "
    };
}

impl Store {
    /// What every name that is looked after should show. Costs as much as there are.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn all_to_show(&self) -> Result<Vec<ToShow>, StoreError> {
        self.all(sqlx::query_as(concat!(to_show!(), "ORDER BY c.domain")))
            .await
    }

    /// What this name should show now; `None` where that is nobody's business.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn to_show(&self, domain: &str) -> Result<Option<ToShow>, StoreError> {
        let one = sqlx::query_as(concat!(to_show!(), "AND c.domain = ?")).bind(domain);
        self.optional(one).await
    }

    /// Notes how files looked that were read just now, and were right.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn note_live_read(
        &self,
        now: DateTime<Utc>,
        read: &[LiveRead],
    ) -> Result<(), StoreError> {
        // Strings and numbers always have a form in JSON.
        let rows = serde_json::to_string(read).unwrap_or_default();
        let noted = sqlx::query(
            "INSERT INTO live_read (domain, glance, at) \
             SELECT value ->> 'domain', value ->> 'glance', ? FROM json_each(?) WHERE true \
             ON CONFLICT (domain) DO UPDATE SET glance = excluded.glance, at = excluded.at",
        );
        self.execute(noted.bind(now.timestamp_millis()).bind(rows))
            .await?;
        Ok(())
    }

    /// What is wrong with live folders, by name.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn live_troubles(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let troubles = sqlx::query_as("SELECT domain, reason FROM live_trouble");
        Ok(self.all(troubles).await?.into_iter().collect())
    }

    /// Writes what is wrong with a name's live folder, or that nothing is, and what happened, in one transaction.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_live_trouble(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        reason: Option<&str>,
        history: &[NewEntry],
    ) -> Result<(), StoreError> {
        let trouble = match reason {
            Some(reason) => sqlx::query(
                "INSERT INTO live_trouble (domain, reason) VALUES (?, ?) \
                 ON CONFLICT (domain) DO UPDATE SET reason = excluded.reason",
            )
            .bind(domain)
            .bind(reason),
            None => sqlx::query("DELETE FROM live_trouble WHERE domain = ?").bind(domain),
        };
        self.write(async |transaction| {
            trouble.execute(&mut *transaction).await?;
            append(transaction, now, history).await
        })
        .await
    }
}
