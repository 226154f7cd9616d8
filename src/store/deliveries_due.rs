//! Which targets have something to do now.

use chrono::{DateTime, Utc};

use super::Store;
use super::rows::time;
use crate::lifecycle::pause::{LONGEST_PAUSE, due_at};
use crate::store::StoreError;

impl Store {
    /// The certificates that have a target which is due, the longest due first. So is one whose time lies further off than
    /// any pause: a clock that was put back since has set it.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn deliveries_due(&self, now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        let due = sqlx::query_scalar(
            "SELECT d.domain FROM delivery d JOIN certificate c ON c.domain = d.domain \
             WHERE (d.next_at <= ?1 OR d.next_at > ?2) AND c.wanted = 1 AND c.paused_at IS NULL \
             AND (c.fingerprint IS NOT NULL OR d.kind = 'failure') GROUP BY d.domain ORDER BY min(d.next_at)",
        )
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis());
        self.all(due).await
    }

    /// When the first target becomes due: as [`Store::deliveries_due`] sees it.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_delivery(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let next = sqlx::query_scalar(
            "SELECT d.next_at FROM delivery d JOIN certificate c ON c.domain = d.domain \
             WHERE d.next_at IS NOT NULL AND c.wanted = 1 AND c.paused_at IS NULL \
             AND (c.fingerprint IS NOT NULL OR d.kind = 'failure') ORDER BY d.next_at LIMIT 1",
        );
        let next: Option<i64> = self.optional(next).await?;
        Ok(next.map(|next| due_at(time(next), now)))
    }
}
