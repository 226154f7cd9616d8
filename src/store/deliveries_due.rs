//! Which targets have something to do now, and what makes them due.

use chrono::{DateTime, Utc};

use super::rows::time;
use super::{Store, StoreError};
use crate::lifecycle::plan::{LONGEST_PAUSE, due_at};

impl Store {
    /// The certificates that have a target which is due, the longest due first. So is one whose time lies further off than
    /// any pause: a clock that was put back since has set it.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn deliveries_due(&self, now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar(
            "SELECT d.domain FROM delivery d JOIN certificate c ON c.domain = d.domain \
             WHERE (d.next_at <= ?1 OR d.next_at > ?2) AND c.wanted = 1 AND c.paused_at IS NULL \
             AND (c.fingerprint IS NOT NULL OR d.kind = 'failure') GROUP BY d.domain ORDER BY min(d.next_at)",
        )
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// When the first target becomes due: as [`Store::deliveries_due`] sees it.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_delivery(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut connection = self.connection().await?;
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT d.next_at FROM delivery d JOIN certificate c ON c.domain = d.domain \
             WHERE d.next_at IS NOT NULL AND c.wanted = 1 AND c.paused_at IS NULL \
             AND (c.fingerprint IS NOT NULL OR d.kind = 'failure') ORDER BY d.next_at LIMIT 1",
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(next.map(|next| due_at(time(next), now)))
    }

    /// Makes the checks of what is served, and looks at the copies, due: all that were not looked at since `before`; and
    /// looks at cloud resources, which cost calls, since `bound_before`.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn look_again(
        &self,
        now: DateTime<Utc>,
        before: DateTime<Utc>,
        bound_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query(
            "UPDATE delivery SET next_at = ?1 WHERE kind IN ('verify', 'install', 'cloud') AND stage = 'idle' \
             AND next_at IS NULL AND delivered IS NOT NULL \
             AND (coalesce(seen_at, 0) <= CASE kind WHEN 'cloud' THEN ?3 ELSE ?2 END OR seen_at > ?1)",
        )
        .bind(now.timestamp_millis())
        .bind(before.timestamp_millis())
        .bind(bound_before.timestamp_millis())
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }

    /// Copies that failed and wait for their next try: certificate and target.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn failing_installs(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_as(
            "SELECT domain, target FROM delivery WHERE kind = 'install' AND attempts > 0 AND next_at > ?1 \
             AND stage IN ('idle', 'checking')",
        )
        .bind(now.timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// Makes copies and hooks that failed, and channels that can't be reached, due now: what they need may have come.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn try_failed_again(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        for update in [
            "UPDATE delivery SET next_at = ?1 WHERE kind IN ('install', 'deploy') AND attempts > 0 AND next_at > ?1",
            "UPDATE channel SET next_at = ?1 WHERE attempts > 0 AND next_at > ?1",
        ] {
            sqlx::query(update)
                .bind(now.timestamp_millis())
                .execute(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Makes a target that waits for its next try due now.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn deliver_soon(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        target: &str,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query(
            "UPDATE delivery SET next_at = ?3 WHERE domain = ?1 AND target = ?2 AND attempts > 0 AND next_at > ?3",
        )
        .bind(domain)
        .bind(target)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }

    /// Makes the hooks for failures of this certificate due, unless they ran within a day.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn tell_failure_hooks(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query(
            "UPDATE delivery SET next_at = ?2, task = ?3, attempts = 0 WHERE domain = ?1 AND kind = 'failure' \
             AND next_at IS NULL AND (seen_at IS NULL OR seen_at <= ?2 - 86400000 OR seen_at > ?2)",
        )
        .bind(domain)
        .bind(now.timestamp_millis())
        .bind(reason)
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }
}
