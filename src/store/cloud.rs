//! What targets in the cloud need beyond their rows: the ids of earlier certificates, and who changes load balancers.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use super::{Store, StoreError};

/// The most earlier certificates that are given; resources of older ones have had years to be moved.
const MOST: i64 = 20;

/// A certificate that is or was installed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Issued {
    /// The service's id.
    pub certificate_id: String,
    /// The account in which it lives.
    pub account: String,
    /// SHA-256 of the leaf, where that was kept.
    pub fingerprint: Option<String>,
}

/// Work in the cloud that is written down before a call which may begin a task.
#[derive(Clone, Copy, Debug)]
pub struct CloudNote<'a> {
    /// The certificate.
    pub domain: &'a str,
    /// The target.
    pub target: &'a str,
    /// The work.
    pub task: &'a str,
    /// The account whose load balancers may be changed from here on.
    pub balancer: Option<&'a str>,
}

impl Store {
    /// The certificates of this name that are or were installed, the latest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn issued(&self, domain: &str) -> Result<Vec<Issued>, StoreError> {
        let _working = self.working();
        sqlx::query_as(
            "SELECT certificate_id, account, fingerprint FROM issued WHERE domain = ? \
             ORDER BY installed_at DESC LIMIT ?",
        )
        .bind(domain)
        .bind(MOST)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.failed(error))
    }

    /// Writes down work before the call. False, with nothing written, where another target's task may be changing load
    /// balancers of the same account. One that began longer than `patience` ago no longer counts.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn note_cloud_work(
        &self,
        now: DateTime<Utc>,
        note: CloudNote<'_>,
        patience: TimeDelta,
    ) -> Result<bool, StoreError> {
        let _working = self.working();
        let done = sqlx::query(
            "UPDATE delivery SET task = ?3, balancer = ?4, balancer_since = CASE WHEN ?4 IS NOT NULL THEN ?5 END \
             WHERE domain = ?1 AND target = ?2 AND (?4 IS NULL OR NOT EXISTS ( \
               SELECT 1 FROM delivery d JOIN certificate c ON c.domain = d.domain \
               WHERE d.balancer = ?4 AND c.wanted = 1 AND d.balancer_since > ?6 \
               AND NOT (d.domain = ?1 AND d.target = ?2)))",
        )
        .bind(note.domain)
        .bind(note.target)
        .bind(note.task)
        .bind(note.balancer)
        .bind(now.timestamp_millis())
        .bind((now - patience).timestamp_millis())
        .execute(&self.pool)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(done.rows_affected() == 1)
    }
}
