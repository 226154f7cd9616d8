//! What happened, when: append-only.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use super::rows::time;
use super::{Store, StoreError};

/// Something that happened, about to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEntry {
    /// The event's stable name.
    pub event: String,
    /// Which certificate.
    pub domain: Option<String>,
    /// Which account.
    pub account: Option<String>,
    /// Which order or certificate at the service.
    pub certificate_id: Option<String>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The sentence for people.
    pub message: String,
    /// The log line's fields, as a JSON object.
    pub fields: String,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub what: NewEntry,
}

/// A row of the history.
#[derive(FromRow)]
pub(super) struct Row {
    at: i64,
    event: String,
    domain: Option<String>,
    account: Option<String>,
    certificate_id: Option<String>,
    request_id: Option<String>,
    message: String,
    fields: String,
}

impl Row {
    pub(super) fn entry(self) -> Entry {
        Entry {
            at: time(self.at),
            what: NewEntry {
                event: self.event,
                domain: self.domain,
                account: self.account,
                certificate_id: self.certificate_id,
                request_id: self.request_id,
                message: self.message,
                fields: self.fields,
            },
        }
    }
}

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
        let mut connection = self.connection().await?;
        let mut transaction = connection
            .begin_writing()
            .await
            .map_err(|error| self.failed(error))?;
        append(&mut transaction, now, entries)
            .await
            .map_err(|error| self.failed(error))?;
        transaction
            .commit()
            .await
            .map_err(|error| self.failed(error))
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
        let mut connection = self.connection().await?;
        let query = match domain {
            Some(domain) => sqlx::query_as::<_, Row>(
                "SELECT at, event, domain, account, certificate_id, request_id, message, fields \
                 FROM history WHERE domain = ? ORDER BY id DESC LIMIT ?",
            )
            .bind(domain.to_owned()),
            None => sqlx::query_as::<_, Row>(
                "SELECT at, event, domain, account, certificate_id, request_id, message, fields \
                 FROM history ORDER BY id DESC LIMIT ?",
            ),
        };
        let rows = query
            .bind(limit)
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(rows.into_iter().rev().map(Row::entry).collect())
    }
}

pub(super) async fn append(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    entries: &[NewEntry],
) -> Result<(), sqlx::Error> {
    for entry in entries {
        sqlx::query(
            "INSERT INTO history (at, event, domain, account, certificate_id, request_id, message, fields) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(now.timestamp_millis())
        .bind(&entry.event)
        .bind(&entry.domain)
        .bind(&entry.account)
        .bind(&entry.certificate_id)
        .bind(&entry.request_id)
        .bind(&entry.message)
        .bind(&entry.fields)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
