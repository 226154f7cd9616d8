//! Proofs of control: which are due, and what came of them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use super::history::{NewEntry, append};
use super::rows::time;
use super::{Store, StoreError};
use crate::lifecycle::plan::LONGEST_PAUSE;
use crate::lifecycle::{Closed, Method, Order, Proof, ProofStage, Stage};

/// A proof with the facts of its order.
macro_rules! proof_columns {
    () => {
        "SELECT p.order_id, p.means, p.challenges, p.handles, p.stage, p.since, p.asked_at, p.asked, p.failures, \
         p.last_error, p.next_at, o.domain, o.account, o.marker, o.method, o.certificate_id, \
         o.closed_at IS NOT NULL OR o.stage <> 'pending' AS over \
         FROM proof p JOIN order_ o ON o.id = p.order_id "
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

#[derive(FromRow)]
struct Row {
    order_id: String,
    means: Option<String>,
    challenges: String,
    handles: String,
    stage: String,
    since: i64,
    asked_at: Option<i64>,
    asked: u32,
    failures: u32,
    last_error: Option<String>,
    next_at: i64,
    domain: String,
    account: String,
    marker: String,
    method: String,
    certificate_id: Option<String>,
    over: bool,
}

impl Store {
    /// The proofs that are due, the longest waiting first; none that a pause of its account holds back.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proofs_due(&self, now: DateTime<Utc>) -> Result<Vec<Proof>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(concat!(
            proof_columns!(),
            pause!(),
            "WHERE (p.next_at <= ?1 OR p.next_at > ?2) AND h.until IS NULL ORDER BY p.next_at, p.order_id"
        ))
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.proof_of(row)).collect()
    }

    /// Every proof.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proofs(&self) -> Result<Vec<Proof>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(concat!(proof_columns!(), "ORDER BY p.order_id"))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.proof_of(row)).collect()
    }

    /// One proof, as it is now.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proof(&self, order_id: &str) -> Result<Option<Proof>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<Row> = sqlx::query_as(concat!(proof_columns!(), "WHERE p.order_id = ?"))
            .bind(order_id)
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        row.map(|row| self.proof_of(row)).transpose()
    }

    /// When a proof is due next, as [`Store::proofs_due`] sees it: one that is held back, at the end of the pause.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_proof(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut connection = self.connection().await?;
        let next: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT min(max(CASE WHEN p.next_at > ?2 THEN ?1 ELSE p.next_at END, coalesce(h.until, 0))) \
             FROM proof p JOIN order_ o ON o.id = p.order_id ",
            pause!()
        ))
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis())
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
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
        let mut connection = self.connection().await?;
        let challenges = self.json("proof", &proof.challenges)?;
        let handles = self.json("proof", &proof.handles)?;
        let write = async {
            let mut transaction = connection.begin_writing().await?;
            sqlx::query(
                "UPDATE proof SET means = ?2, challenges = ?3, handles = ?4, stage = ?5, since = ?6, asked_at = ?7, \
                 asked = ?8, failures = ?9, last_error = ?10, next_at = ?11 WHERE order_id = ?1",
            )
            .bind(&proof.order_id)
            .bind(proof.means.as_deref())
            .bind(challenges)
            .bind(handles)
            .bind(proof.stage.name())
            .bind(proof.since.timestamp_millis())
            .bind(proof.asked_at.map(|at| at.timestamp_millis()))
            .bind(proof.asked)
            .bind(proof.failures)
            .bind(proof.last_error.as_deref())
            .bind(proof.next_at.timestamp_millis())
            .execute(&mut *transaction)
            .await?;
            wake_if_over(&mut transaction, now, proof).await?;
            append(&mut transaction, now, history).await?;
            transaction.commit().await
        };
        write.await.map_err(|error| self.failed(error))
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
        let mut connection = self.connection().await?;
        let write = async {
            let mut transaction = connection.begin_writing().await?;
            sqlx::query("DELETE FROM proof WHERE order_id = ?")
                .bind(order_id)
                .execute(&mut *transaction)
                .await?;
            append(&mut transaction, now, history).await?;
            transaction.commit().await
        };
        write.await.map_err(|error| self.failed(error))
    }

    fn proof_of(&self, row: Row) -> Result<Proof, StoreError> {
        let stage = ProofStage::from_name(&row.stage)
            .ok_or_else(|| self.unreadable("stage of a proof", row.stage.clone()))?;
        let method = Method::from_name(&row.method)
            .ok_or_else(|| self.unreadable("method", row.method.clone()))?;
        let unreadable = |text: &str| self.unreadable("proof", text.to_owned());
        Ok(Proof {
            order_id: row.order_id,
            domain: row.domain,
            account: row.account,
            certificate_id: row.certificate_id.unwrap_or_default(),
            marker: row.marker,
            method,
            over: row.over,
            means: row.means,
            challenges: serde_json::from_str(&row.challenges)
                .map_err(|_| unreadable(&row.challenges))?,
            handles: serde_json::from_str(&row.handles).map_err(|_| unreadable(&row.handles))?,
            stage,
            since: time(row.since),
            asked_at: row.asked_at.map(time),
            asked: row.asked,
            failures: row.failures,
            last_error: row.last_error,
            next_at: time(row.next_at),
        })
    }

    fn json<T: serde::Serialize>(
        &self,
        what: &'static str,
        value: &T,
    ) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| self.unreadable(what, error.to_string()))
    }
}

/// An order can end while a step of its proof is under way; then what that step wrote as its next time does not count.
async fn wake_if_over(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    proof: &Proof,
) -> Result<(), sqlx::Error> {
    if proof.stage == ProofStage::Clearing {
        return Ok(());
    }
    sqlx::query(
        "UPDATE proof SET next_at = min(next_at, ?2) WHERE order_id = ?1 AND EXISTS \
         (SELECT 1 FROM order_ WHERE id = ?1 AND (closed_at IS NOT NULL OR stage <> 'pending'))",
    )
    .bind(&proof.order_id)
    .bind(now.timestamp_millis())
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps proofs in step with orders, in the transaction that changes the order: a pending one of ours that is not
/// `DNS_AUTO` has a proof, and one that is over makes it due for taking down.
pub(super) async fn keep_in_step(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    order: Option<&Order>,
    closed: Option<&Closed>,
) -> Result<(), sqlx::Error> {
    if let Some(order) = order
        && matches!(order.stage, Stage::Pending { .. })
        && order.method != Method::DnsAuto
        && !order.adopted
    {
        sqlx::query(
            "INSERT OR IGNORE INTO proof (order_id, stage, since, next_at) VALUES (?1, 'wanted', ?2, ?2)",
        )
        .bind(&order.id)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    }
    let issued = order.filter(|order| matches!(order.stage, Stage::Issued { .. }));
    for order in issued.into_iter().chain(closed.map(|closed| &closed.order)) {
        sqlx::query(
            "UPDATE proof SET next_at = min(next_at, ?2) WHERE order_id = ?1 AND stage <> 'clearing'",
        )
        .bind(&order.id)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
