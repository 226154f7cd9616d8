//! Proofs of control: which are due, and what came of them.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};

use super::Store;
use super::history::{NewEntry, append};
use super::rows::{Columns, json, millis, time};
use crate::lifecycle::pause::LONGEST_PAUSE;
use crate::lifecycle::{Method, Order, Proof, ProofStage};
use crate::store::StoreError;

/// A query of proofs with the facts of their orders, up to its condition.
macro_rules! select_proofs {
    () => {
        "SELECT p.*, o.domain, o.account, o.marker, o.method, o.certificate_id, o.adopted AS followed, \
         o.closed_at IS NOT NULL OR o.stage <> 'pending' AS over \
         FROM proof p JOIN order_ o ON o.id = p.order_id "
    };
}

/// Whether a proof is due at `?1` whatever time it has: that lies further ahead than any pause (`?2`), or its order is over
/// and what may be up is to be taken down.
macro_rules! is_due_anyway {
    () => {
        "(p.next_at > ?2 OR p.stage <> 'clearing' AND (o.closed_at IS NOT NULL OR o.stage <> 'pending')) "
    };
}

/// The pause of the account that holds a proof back, at `?1` with none longer than up to `?2`. One whose order is over is
/// only taken down, which may need no account at all: nothing holds that back.
macro_rules! pause {
    () => {
        "LEFT JOIN hold h ON h.account = o.account AND h.scope = 'account' AND h.until > ?1 AND h.until <= ?2 \
         AND o.closed_at IS NULL AND o.stage = 'pending' "
    };
}

impl FromRow<'_, SqliteRow> for Proof {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            order_id: row.try_get("order_id")?,
            domain: row.try_get("domain")?,
            account: row.try_get("account")?,
            certificate_id: row.try_get("certificate_id")?,
            marker: row.try_get("marker")?,
            method: row.word("method", "method", Method::from_name)?,
            over: row.try_get("over")?,
            followed: row.try_get("followed")?,
            means: row.try_get("means")?,
            challenges: row.json("challenges", "proof")?,
            handles: row.json("handles", "proof")?,
            stage: row.word("stage", "stage of a proof", ProofStage::from_name)?,
            since: row.time("since")?,
            asked_at: row.maybe_time("asked_at")?,
            asked: row.try_get("asked")?,
            failures: row.try_get("failures")?,
            last_error: row.try_get("last_error")?,
            next_at: row.time("next_at")?,
        })
    }
}

impl Store {
    /// The proofs that are due, the longest waiting first; none that a pause of its account holds back.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proofs_due(&self, now: DateTime<Utc>) -> Result<Vec<Proof>, StoreError> {
        let due = sqlx::query_as(concat!(
            select_proofs!(),
            pause!(),
            "WHERE (p.next_at <= ?1 OR ",
            is_due_anyway!(),
            ") AND h.until IS NULL ORDER BY p.next_at, p.order_id"
        ))
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis());
        self.all(due).await
    }

    /// Every proof.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proofs(&self) -> Result<Vec<Proof>, StoreError> {
        let every = sqlx::query_as(concat!(select_proofs!(), "ORDER BY p.order_id"));
        self.all(every).await
    }

    /// One proof, as it is now.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proof(&self, order_id: &str) -> Result<Option<Proof>, StoreError> {
        let one = sqlx::query_as(concat!(select_proofs!(), "WHERE p.order_id = ?")).bind(order_id);
        self.optional(one).await
    }

    /// When a proof is due next, as [`Store::proofs_due`] sees it: one that is held back, at the end of the pause.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_proof(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let next = sqlx::query_scalar(concat!(
            "SELECT min(max(CASE WHEN ",
            is_due_anyway!(),
            "THEN ?1 ELSE p.next_at END, coalesce(h.until, 0))) \
             FROM proof p JOIN order_ o ON o.id = p.order_id ",
            pause!()
        ))
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis());
        let next: Option<i64> = self.one(next).await?;
        Ok(next.map(time))
    }

    /// Writes a proof and what happened, in one transaction.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn save_proof(
        &self,
        now: DateTime<Utc>,
        proof: &Proof,
        history: &[NewEntry],
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            sqlx::query(
                "UPDATE proof SET means = ?2, challenges = ?3, handles = ?4, stage = ?5, since = ?6, asked_at = ?7, \
                 asked = ?8, failures = ?9, last_error = ?10, next_at = ?11 WHERE order_id = ?1",
            )
            .bind(&proof.order_id)
            .bind(proof.means.as_deref())
            .bind(json("proof", &proof.challenges)?)
            .bind(json("proof", &proof.handles)?)
            .bind(proof.stage.name())
            .bind(proof.since.timestamp_millis())
            .bind(millis(proof.asked_at))
            .bind(proof.asked)
            .bind(proof.failures)
            .bind(proof.last_error.as_deref())
            .bind(proof.next_at.timestamp_millis())
            .execute(&mut *transaction)
            .await?;
            append(transaction, now, history).await
        })
        .await
    }

    /// Forgets a proof that has nothing up, and writes what happened.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn forget_proof(
        &self,
        now: DateTime<Utc>,
        order_id: &str,
        history: &[NewEntry],
    ) -> Result<(), StoreError> {
        let forget = sqlx::query("DELETE FROM proof WHERE order_id = ?").bind(order_id);
        self.write(async |transaction| {
            forget.execute(&mut *transaction).await?;
            append(transaction, now, history).await
        })
        .await
    }
}

/// Begins the proof of an order that needs one and has none yet.
pub(super) async fn begin_proof(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    order: &Order,
) -> Result<(), sqlx::Error> {
    if !order.needs_proof() {
        return Ok(());
    }
    sqlx::query(
        "INSERT OR IGNORE INTO proof (order_id, stage, since, next_at) VALUES (?1, ?2, ?3, ?3)",
    )
    .bind(&order.id)
    .bind(ProofStage::Wanted.name())
    .bind(now.timestamp_millis())
    .execute(connection)
    .await
    .map(drop)
}
