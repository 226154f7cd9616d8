//! What changing verbs ask of the daemon: a row, which it sees within a second or two, and later its answer.

use std::fmt;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::Store;
use super::rows::{Columns, json};
use crate::store::StoreError;

/// What is asked, and about what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", content = "about", rename_all = "lowercase")]
pub enum Verb {
    /// Renew certificates.
    Renew {
        /// Which; all that are due where none is named.
        domains: Vec<String>,
        /// Order anew even outside the window.
        force: bool,
    },
    /// Bring a certificate to its targets again.
    Deploy(String),
    /// Go back to the certificate before this one.
    Rollback(String),
    /// Hold back all automation of a certificate.
    Pause(String),
    /// Go on with a certificate.
    Resume(String),
    /// List an account anew.
    Account(String),
    /// Ask the service, as an account, what its credentials may do.
    Probe(String),
    /// Run the checks of a certificate's targets.
    Checks(String),
}

impl Verb {
    /// The certificate that it concerns, where it is one.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        match self {
            Self::Deploy(domain)
            | Self::Rollback(domain)
            | Self::Pause(domain)
            | Self::Resume(domain)
            | Self::Checks(domain) => Some(domain),
            Self::Renew { .. } | Self::Account(_) | Self::Probe(_) => None,
        }
    }

    /// The account that it concerns, where it is one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account(account) | Self::Probe(account) => Some(account),
            _ => None,
        }
    }

    /// Whether it is about deliveries, which are under way beside the passes.
    #[must_use]
    pub fn is_delivery(&self) -> bool {
        matches!(self, Self::Deploy(_) | Self::Rollback(_))
    }

    /// Whether it is done only once a pass has been made.
    #[must_use]
    pub fn needs_pass(&self) -> bool {
        matches!(self, Self::Renew { .. })
    }

    /// Whether everything is to be looked at that is due, also what waits for its scheduled check.
    #[must_use]
    pub fn is_about_all(&self) -> bool {
        matches!(self, Self::Renew { domains, .. } if domains.is_empty())
    }
}

/// As in "asked to …".
impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Renew { domains, .. } if domains.is_empty() => {
                write!(formatter, "renew all that is due")
            }
            Self::Renew { domains, .. } => write!(formatter, "renew {}", domains.join(", ")),
            Self::Deploy(domain) => write!(formatter, "deliver {domain} again"),
            Self::Rollback(domain) => {
                write!(formatter, "go back to the previous certificate of {domain}")
            }
            Self::Pause(domain) => write!(formatter, "pause {domain}"),
            Self::Resume(domain) => write!(formatter, "resume {domain}"),
            Self::Account(account) => write!(formatter, "list account {account} anew"),
            Self::Probe(subject) | Self::Checks(subject) => {
                write!(formatter, "look at {subject} for doctor")
            }
        }
    }
}

/// Something asked for that is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub id: i64,
    /// What is asked.
    pub verb: Verb,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
}

/// What came of a request, in words or as JSON; or why it can't be done.
pub type Answer = Result<String, String>;

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Nobody has seen it.
    Waiting,
    /// The daemon is at it.
    Taken,
    /// It is done. Where it needed a pass, that is over; its orders may still be pending.
    Done(Answer),
}

impl FromRow<'_, SqliteRow> for Request {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            verb: row.json("verb", "request")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for RequestState {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        if row.maybe_time("done_at")?.is_some() {
            let refusal: Option<String> = row.try_get("refusal")?;
            let answer: Option<String> = row.try_get("answer")?;
            return Ok(Self::Done(match refusal {
                Some(refusal) => Err(refusal),
                None => Ok(answer.unwrap_or_default()),
            }));
        }
        Ok(match row.maybe_time("taken_at")? {
            Some(_) => Self::Taken,
            None => Self::Waiting,
        })
    }
}

impl Store {
    /// Asks for something. Returns the request's number.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn ask(&self, now: DateTime<Utc>, verb: &Verb) -> Result<i64, StoreError> {
        let verb = json("request", verb).map_err(|error| self.failed(error))?;
        let ask = sqlx::query("INSERT INTO request (verb, created_at) VALUES (?, ?)")
            .bind(verb)
            .bind(now.timestamp_millis());
        let asked = self.execute(ask).await?;
        self.requests.nothing.store(false, Ordering::Relaxed);
        Ok(asked.last_insert_rowid())
    }

    /// Every request that is not done, oldest first; those taken before a crash too. Costs nothing where there was none, and
    /// nobody has asked since.
    ///
    /// # Errors
    /// The database can't be read. A verb of a later version is passed over: whoever asked is told that nobody answers.
    pub async fn open_requests(&self) -> Result<Vec<Request>, StoreError> {
        if self.requests.nothing.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let is_watched = self.requests.is_watched.load(Ordering::Relaxed);
        let open = self
            .read(async |connection| {
                // From now on nobody else can have the connection: who asks does it before, or after.
                let open = sqlx::query("SELECT * FROM request WHERE done_at IS NULL ORDER BY id");
                let open = open.fetch_all(connection).await?;
                let is_nothing = open.is_empty() && is_watched;
                self.requests.nothing.store(is_nothing, Ordering::Relaxed);
                Ok(open)
            })
            .await?;
        let readable = open.iter().filter_map(|row| Request::from_row(row).ok());
        Ok(readable.collect())
    }

    /// Notes that somebody is at a request.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn take_request(&self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        let take = sqlx::query("UPDATE request SET taken_at = coalesce(taken_at, ?) WHERE id = ?")
            .bind(now.timestamp_millis())
            .bind(id);
        self.execute(take).await.map(drop)
    }

    /// Notes that a request is done, and what came of it.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn answer_request(
        &self,
        id: i64,
        now: DateTime<Utc>,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        let done =
            sqlx::query("UPDATE request SET done_at = ?, answer = ?, refusal = ? WHERE id = ?")
                .bind(now.timestamp_millis())
                .bind(answer.as_ref().ok())
                .bind(answer.as_ref().err())
                .bind(id);
        self.execute(done).await.map(drop)
    }

    /// How far a request is.
    ///
    /// # Errors
    /// The database can't be read, or has no such request.
    pub async fn request_state(&self, id: i64) -> Result<RequestState, StoreError> {
        let state = sqlx::query_as("SELECT * FROM request WHERE id = ?").bind(id);
        self.one(state).await
    }
}
