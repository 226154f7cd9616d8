//! What the verbs `deploy` and `rollback` ask of the daemon.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Store, StoreError};

/// What is asked about a certificate's targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRequest {
    /// Its number.
    pub id: i64,
    /// Go back to the previous certificate; else deliver the present one again.
    pub back: bool,
    /// Which certificate.
    pub domain: String,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    verb: String,
    domain: String,
}

impl Store {
    /// Asks for a delivery, or for going back. Returns the request's number.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn ask_delivery(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        back: bool,
    ) -> Result<i64, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query("INSERT INTO delivery_request (verb, domain, created_at) VALUES (?, ?, ?)")
            .bind(if back { "rollback" } else { "deploy" })
            .bind(domain)
            .bind(now.timestamp_millis())
            .execute(&mut *connection)
            .await
            .map(|done| done.last_insert_rowid())
            .map_err(|error| self.failed(error))
    }

    /// Every request that was not taken up yet, oldest first. Cheap: it is asked every second.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn delivery_requests(&self) -> Result<Vec<DeliveryRequest>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, verb, domain FROM delivery_request WHERE done_at IS NULL ORDER BY id",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|row| DeliveryRequest {
                id: row.id,
                back: row.verb == "rollback",
                domain: row.domain,
            })
            .collect())
    }

    /// Notes that a request was taken up, or why it can't be.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn finish_delivery_request(
        &self,
        id: i64,
        now: DateTime<Utc>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query("UPDATE delivery_request SET done_at = ?, error = ? WHERE id = ?")
            .bind(now.timestamp_millis())
            .bind(error)
            .bind(id)
            .execute(&mut *connection)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// Whether a request was taken up, and why not where it can't be. `None` while it waits.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn delivery_answer(&self, id: i64) -> Result<Option<Result<(), String>>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<(Option<i64>, Option<String>)> =
            sqlx::query_as("SELECT done_at, error FROM delivery_request WHERE id = ?")
                .bind(id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        Ok(row.and_then(|(done, error)| done.map(|_| error.map_or(Ok(()), Err))))
    }
}
