//! What happened, when: append-only.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::Store;
use super::rows::from_row;
use crate::store::StoreError;

/// Something that happened, about to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEntry {
    /// The event's stable name.
    pub event: String,
    /// The certificate, by its domain.
    pub domain: Option<String>,
    /// The account, by its name in the config.
    pub account: Option<String>,
    /// Which order or certificate at the service.
    pub certificate_id: Option<String>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The fact, as JSON.
    pub fact: String,
    /// The log line's fields, as a JSON object.
    pub fields: String,
}

from_row! { NewEntry: event, domain, account, certificate_id, request_id, fact, fields }

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The event, whom it concerns, and its words.
    pub what: NewEntry,
}

from_row! { Entry: at: time, what: flatten }

impl Store {
    /// Appends entries that belong to no certificate's change.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn append_history(
        &self,
        now: DateTime<Utc>,
        entries: &[NewEntry],
    ) -> Result<(), StoreError> {
        self.write(async |transaction| append(transaction, now, entries).await)
            .await
    }

    /// Whether this event was written of this order or certificate at the service.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn was_said(
        &self,
        domain: &str,
        event: &str,
        certificate_id: &str,
    ) -> Result<bool, StoreError> {
        let said = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM history WHERE domain = ? AND event = ? AND certificate_id = ?)",
        )
        .bind(domain)
        .bind(event)
        .bind(certificate_id);
        self.one(said).await
    }

    /// The last `limit` entries, of one certificate or of all, oldest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn history(
        &self,
        domain: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let last = match domain {
            Some(domain) => {
                sqlx::query_as("SELECT * FROM history WHERE domain = ? ORDER BY id DESC LIMIT ?")
                    .bind(domain)
            }
            None => sqlx::query_as("SELECT * FROM history ORDER BY id DESC LIMIT ?"),
        };
        let mut entries: Vec<Entry> = self.all(last.bind(limit)).await?;
        entries.reverse();
        Ok(entries)
    }
}

pub(super) async fn append(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    entries: &[NewEntry],
) -> Result<(), sqlx::Error> {
    for entry in entries {
        sqlx::query(
            "INSERT INTO history (at, event, domain, account, certificate_id, request_id, fact, fields) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(now.timestamp_millis())
        .bind(&entry.event)
        .bind(&entry.domain)
        .bind(&entry.account)
        .bind(&entry.certificate_id)
        .bind(&entry.request_id)
        .bind(&entry.fact)
        .bind(&entry.fields)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
