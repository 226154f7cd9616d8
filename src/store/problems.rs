//! Problems that were told and are not over.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use super::rows::time;
use super::{Store, StoreError};

/// A problem that was told and is not over, in the database's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProblem {
    /// Whose.
    pub subject: String,
    /// Which kind.
    pub family: String,
    /// What it is a change of.
    pub signature: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was said last.
    pub seen: DateTime<Utc>,
}

#[derive(FromRow)]
struct ProblemRow {
    subject: String,
    family: String,
    signature: String,
    since: i64,
    seen: i64,
}

impl Store {
    /// The problems that were told and are not over.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn problems(&self) -> Result<Vec<StoredProblem>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<ProblemRow> = sqlx::query_as(
            "SELECT subject, family, signature, since, seen FROM problem ORDER BY since, subject, family",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|row| StoredProblem {
                subject: row.subject,
                family: row.family,
                signature: row.signature,
                since: time(row.since),
                seen: time(row.seen),
            })
            .collect())
    }
}

pub(super) async fn write_problems(
    connection: &mut SqliteConnection,
    changed: &[StoredProblem],
    over: &[(String, String)],
) -> Result<(), sqlx::Error> {
    for problem in changed {
        sqlx::query(
            "INSERT INTO problem (subject, family, signature, since, seen) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (subject, family) DO UPDATE SET signature = excluded.signature, since = excluded.since, \
             seen = excluded.seen",
        )
        .bind(&problem.subject)
        .bind(&problem.family)
        .bind(&problem.signature)
        .bind(problem.since.timestamp_millis())
        .bind(problem.seen.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    }
    for (subject, family) in over {
        sqlx::query("DELETE FROM problem WHERE subject = ? AND family = ?")
            .bind(subject)
            .bind(family)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
