//! What changing verbs ask of the daemon: a row, which it sees within a second or two.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::rows::time;
use super::{Store, StoreError};

/// A request of the verb `renew`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub id: i64,
    /// The domains asked for; empty for all that are due.
    pub domains: Vec<String>,
    /// Order anew even outside the window.
    pub force: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has seen it.
    Waiting,
    /// The daemon is at it.
    Taken,
    /// Its pass is over; orders may still be pending.
    Done,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    domains: String,
    force: bool,
    created_at: i64,
}

impl Store {
    /// Writes a request. Returns its number.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn ask(
        &self,
        now: DateTime<Utc>,
        domains: &[String],
        force: bool,
    ) -> Result<i64, StoreError> {
        let mut connection = self.connection().await?;
        let list = serde_json::Value::from(domains.to_vec()).to_string();
        sqlx::query(
            "INSERT INTO request (verb, domains, force, created_at) VALUES ('renew', ?, ?, ?)",
        )
        .bind(list)
        .bind(force)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await
        .map(|done| done.last_insert_rowid())
        .map_err(|error| self.failed(error))
    }

    /// Whether a request waits. Cheap: it is asked every second.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn request_waits(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM request WHERE done_at IS NULL)")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))
    }

    /// Takes every request that is not done; those taken before a crash come again, which is harmless.
    ///
    /// # Errors
    /// The database can't be written, or a list of domains can't be read.
    pub async fn take_requests(&self, now: DateTime<Utc>) -> Result<Vec<Request>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "UPDATE request SET taken_at = coalesce(taken_at, ?) WHERE done_at IS NULL \
             RETURNING id, domains, force, created_at",
        )
        .bind(now.timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter()
            .map(|row| {
                let domains = serde_json::from_str(&row.domains)
                    .map_err(|_| self.unreadable("list of domains", row.domains))?;
                Ok(Request {
                    id: row.id,
                    domains,
                    force: row.force,
                    created_at: time(row.created_at),
                })
            })
            .collect()
    }

    /// Notes that the pass of this request is over.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn finish_request(&self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query("UPDATE request SET done_at = ? WHERE id = ?")
            .bind(now.timestamp_millis())
            .bind(id)
            .execute(&mut *connection)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// How far a request is. `None` if there is none of that number.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn request_state(&self, id: i64) -> Result<Option<RequestState>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<(Option<i64>, Option<i64>)> =
            sqlx::query_as("SELECT taken_at, done_at FROM request WHERE id = ?")
                .bind(id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        Ok(row.map(|(taken, done)| match (taken, done) {
            (_, Some(_)) => RequestState::Done,
            (Some(_), None) => RequestState::Taken,
            (None, None) => RequestState::Waiting,
        }))
    }
}
