//! What operators ask for by `pause`, `resume`, `account` and `doctor`: rows that the daemon sees within a second or two,
//! each with its answer.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::rows::time;
use super::{Store, StoreError};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorVerb {
    /// Hold back all automation of a certificate.
    Pause,
    /// Go on with it.
    Resume,
    /// List an account anew.
    Account,
    /// Ask the service, as an account, what its credentials may do; or run the checks of a certificate's targets
    /// ([`of_certificate`]).
    Doctor,
}

/// What is in front of a domain where `doctor` asks about a certificate. No account's name has a colon.
const CERTIFICATE: &str = "certificate:";

/// The subject by which `doctor` asks about a certificate instead of an account.
#[must_use]
pub fn of_certificate(domain: &str) -> String {
    format!("{CERTIFICATE}{domain}")
}

/// The certificate that `doctor` asks about; `None` where it is an account.
#[must_use]
pub fn certificate_of(subject: &str) -> Option<&str> {
    subject.strip_prefix(CERTIFICATE)
}

impl OperatorVerb {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Account => "account",
            Self::Doctor => "doctor",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Pause, Self::Resume, Self::Account, Self::Doctor]
            .into_iter()
            .find(|verb| verb.name() == name)
    }
}

/// Something asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRequest {
    /// Its number.
    pub id: i64,
    /// What.
    pub verb: OperatorVerb,
    /// About which domain or account.
    pub subject: String,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    verb: String,
    subject: String,
}

impl Store {
    /// Asks for something. Returns the request's number.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn ask_operation(
        &self,
        now: DateTime<Utc>,
        verb: OperatorVerb,
        subject: &str,
    ) -> Result<i64, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query("INSERT INTO operator_request (verb, subject, created_at) VALUES (?, ?, ?)")
            .bind(verb.name())
            .bind(subject)
            .bind(now.timestamp_millis())
            .execute(&mut *connection)
            .await
            .map(|done| done.last_insert_rowid())
            .map_err(|error| self.failed(error))
    }

    /// Every request without an answer, oldest first. Cheap: it is asked every second.
    ///
    /// # Errors
    /// The database can't be read, or holds an unknown word.
    pub async fn operator_requests(&self) -> Result<Vec<OperatorRequest>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, verb, subject FROM operator_request WHERE done_at IS NULL ORDER BY id",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter()
            .map(|row| {
                Ok(OperatorRequest {
                    id: row.id,
                    verb: OperatorVerb::from_name(&row.verb)
                        .ok_or_else(|| self.unreadable("request", row.verb))?,
                    subject: row.subject,
                })
            })
            .collect()
    }

    /// Answers a request: what came of it, or why it can't be done.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn answer_operation(
        &self,
        id: i64,
        now: DateTime<Utc>,
        outcome: Result<&str, &str>,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query("UPDATE operator_request SET done_at = ?, answer = ?, error = ? WHERE id = ?")
            .bind(now.timestamp_millis())
            .bind(outcome.ok())
            .bind(outcome.err())
            .bind(id)
            .execute(&mut *connection)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// What came of a request. `None` while it waits.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn operator_answer(
        &self,
        id: i64,
    ) -> Result<Option<Result<String, String>>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<(Option<i64>, Option<String>, Option<String>)> =
            sqlx::query_as("SELECT done_at, answer, error FROM operator_request WHERE id = ?")
                .bind(id)
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        Ok(row.and_then(|(done, answer, error)| {
            done.map(|_| error.map_or_else(|| Ok(answer.unwrap_or_default()), Err))
        }))
    }

    /// Pauses a certificate, or ends its pause (`None`). It is looked at in the next pass. False where that was so
    /// already, or there is no such certificate.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_paused(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        since: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query(
            "UPDATE certificate SET paused_at = ?2, next_at = ?3, in_flight = 1, urgent_at = NULL \
             WHERE domain = ?1 AND (paused_at IS NULL) = (?2 IS NOT NULL)",
        )
        .bind(domain)
        .bind(since.map(|since| since.timestamp_millis()))
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(|error| self.failed(error))
    }

    /// The paused certificates that the config names, by name, each with when its pause began and when it ends.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn paused(&self) -> Result<Vec<Paused>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, i64, Option<i64>)> = sqlx::query_as(
            "SELECT domain, paused_at, not_after FROM certificate WHERE paused_at IS NOT NULL AND wanted = 1 \
             ORDER BY domain",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|(domain, since, not_after)| Paused {
                domain,
                since: time(since),
                not_after: not_after.map(time),
            })
            .collect())
    }
}

/// A certificate whose automation its operator holds back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Its name.
    pub domain: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When what is installed ends.
    pub not_after: Option<DateTime<Utc>>,
}
