//! Which machine the database belongs to, and whether it may be the copy of one that is at work elsewhere.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::rows::time;
use super::{Store, StoreError};

/// The fact that tells the machine: a digest of its id.
const MACHINE: &str = "machine";

/// The fact that tells why this may be a copy; absent or empty where it is none.
const COPY: &str = "copy";

/// The fact that tells when the operator decided that this one goes on, in milliseconds since 1970.
const CLAIMED: &str = "claimed";

impl Store {
    /// The machine that the database was written on last, as a digest.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn machine(&self) -> Result<Option<String>, StoreError> {
        self.fact(MACHINE).await
    }

    /// Notes the machine.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_machine(&self, digest: &str) -> Result<(), StoreError> {
        self.set_fact(MACHINE, digest).await
    }

    /// Why this database may be the copy of one that is at work elsewhere, until the operator has decided.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn may_be_copy(&self) -> Result<Option<String>, StoreError> {
        Ok(self.fact(COPY).await?.filter(|reason| !reason.is_empty()))
    }

    /// Notes that it may be one. Kept until [`Store::claim`].
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn suspect_copy(&self, reason: &str) -> Result<(), StoreError> {
        self.set_fact(COPY, reason).await
    }

    /// The operator decided: this one goes on, on this machine.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn claim(&self, now: DateTime<Utc>, machine: Option<&str>) -> Result<(), StoreError> {
        if let Some(machine) = machine {
            self.set_machine(machine).await?;
        }
        let at = now.timestamp_millis().to_string();
        self.set_fact(CLAIMED, &at).await?;
        self.set_fact(COPY, "").await
    }

    /// When the operator decided that, if ever.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn claimed_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let at = self.fact(CLAIMED).await?;
        Ok(at.and_then(|at| at.parse().ok()).map(time))
    }

    /// The certificates whose last failure says this.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn failing_with(&self, words: &str) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar(
            "SELECT domain FROM certificate WHERE wanted = 1 AND instr(last_error, ?) > 0 ORDER BY domain",
        )
        .bind(words)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// The markers of every order that this installation ever wrote down, or adopted.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn markers(&self) -> Result<HashSet<String>, StoreError> {
        let mut connection = self.connection().await?;
        let all: Vec<String> = sqlx::query_scalar("SELECT marker FROM order_")
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(all.into_iter().collect())
    }
}
