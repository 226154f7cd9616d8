//! What is told to whom: the outbox, the problems that are not over, and how far the history was read for both.
//!
//! The history is written in the transaction of the change that it tells of; what is told is derived from it here, by a
//! number that moves in the transaction that writes the outbox. So nothing that was recorded goes untold, however the
//! process ends, and no other part of the program knows of channels.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::Store;
use super::history::{Entry, NewEntry, append};
use super::rows::from_row;
use crate::store::StoreError;

/// The fact that says how far the history was read.
pub(super) const TOLD: &str = "told";

/// Something for a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// The channel's name.
    pub channel: String,
    /// The topic's word.
    pub topic: &'static str,
    /// `problem`, `solved` or `news`.
    pub state: &'static str,
    /// The entry of the history that it tells of.
    pub history: i64,
}

/// Something that a channel was not told yet.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its number in the outbox.
    pub id: i64,
    /// What it tells, with the topic, the state and the entry's number; `None` for a summary.
    pub what: Option<Told>,
}

/// What a notice tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// The topic's word.
    pub topic: String,
    /// `problem`, `solved` or `news`.
    pub state: String,
    /// The entry's number in the history.
    pub history: i64,
    /// The entry.
    pub entry: Entry,
}

/// A problem that was told and is not over, in the database's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProblem {
    /// What has the problem, as JSON.
    pub subject: String,
    /// The word of the problem's family.
    pub family: String,
    /// What must differ for it to be told again.
    pub signature: String,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it was said last.
    pub seen: DateTime<Utc>,
}

from_row! { StoredProblem: subject, family, signature, since: time, seen: time }

/// What a message came to.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The channel.
    pub channel: &'a str,
    /// What it was told, or never will be: these numbers are out of the outbox.
    pub told: &'a [i64],
    /// Failures in a row.
    pub attempts: u32,
    /// Nothing is sent before.
    pub next_at: DateTime<Utc>,
    /// What happened.
    pub history: &'a [NewEntry],
}

struct Numbered {
    id: i64,
    entry: Entry,
}

from_row! { Numbered: id, entry: flatten }

/// A summary tells of no entry: its topic and the entry's number are missing, and the entry is an empty one.
struct Notice {
    number: i64,
    topic: Option<String>,
    state: String,
    history: Option<i64>,
    entry: Entry,
}

from_row! { Notice: number, topic, state, history, entry: flatten }

impl From<Notice> for Waiting {
    fn from(notice: Notice) -> Self {
        let what = notice.topic.zip(notice.history);
        Self {
            id: notice.number,
            what: what.map(|(topic, history)| Told {
                topic,
                state: notice.state,
                history,
                entry: notice.entry,
            }),
        }
    }
}

impl Store {
    /// What happened since the history was last read for it, oldest first, each with its number.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn untold(&self, limit: u32) -> Result<Vec<(i64, Entry)>, StoreError> {
        let untold = sqlx::query_as(
            "SELECT * FROM history WHERE id > (SELECT CAST(value AS INTEGER) FROM fact WHERE name = ?) \
             ORDER BY id LIMIT ?",
        )
        .bind(TOLD)
        .bind(limit);
        let untold: Vec<Numbered> = self.all(untold).await?;
        Ok(untold.into_iter().map(|one| (one.id, one.entry)).collect())
    }

    /// The problems that were told and are not over.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn problems(&self) -> Result<Vec<StoredProblem>, StoreError> {
        let problems = sqlx::query_as("SELECT * FROM problem ORDER BY since, subject, family");
        self.all(problems).await
    }

    /// Writes what is to be told of the history up to `upto`, and the problems as they are after it.
    ///
    /// # Errors
    /// The database can't be written; then nothing changed.
    pub async fn tell(
        &self,
        now: DateTime<Utc>,
        upto: i64,
        notices: &[NewNotice],
        changed: &[StoredProblem],
        over: &[(String, String)],
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            for notice in notices {
                sqlx::query(
                    "INSERT INTO outbox (channel, topic, state, history, created_at) VALUES (?, ?, ?, ?, ?)",
                )
                .bind(&notice.channel)
                .bind(notice.topic)
                .bind(notice.state)
                .bind(notice.history)
                .bind(now.timestamp_millis())
                .execute(&mut *transaction)
                .await?;
            }
            write_problems(transaction, changed, over).await?;
            sqlx::query("UPDATE fact SET value = ?2 WHERE name = ?1")
                .bind(TOLD)
                .bind(upto.to_string())
                .execute(&mut *transaction)
                .await
                .map(drop)
        })
        .await
    }

    /// Ends these problems, by subject and family.
    ///
    /// # Errors
    /// The database can't be written; then nothing changed.
    pub async fn end_problems(&self, over: &[(String, String)]) -> Result<(), StoreError> {
        self.write(async |transaction| write_problems(transaction, &[], over).await)
            .await
    }

    /// What this channel was not told yet, oldest first, and how much there is in all.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn waiting(
        &self,
        channel: &str,
        limit: u32,
    ) -> Result<(Vec<Waiting>, u64), StoreError> {
        let waiting = sqlx::query_as(
            "SELECT o.id AS number, o.topic, o.state, h.id AS history, coalesce(h.at, 0) AS at, \
             coalesce(h.event, '') AS event, h.domain, h.account, h.certificate_id, h.request_id, \
             coalesce(h.fact, '') AS fact, coalesce(h.fields, '') AS fields \
             FROM outbox o LEFT JOIN history h ON h.id = o.history WHERE o.channel = ? ORDER BY o.id LIMIT ?",
        )
        .bind(channel)
        .bind(limit);
        let all = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE channel = ?").bind(channel);
        self.read(async |connection| {
            let waiting: Vec<Notice> = waiting.fetch_all(&mut *connection).await?;
            let all: u32 = all.fetch_one(connection).await?;
            Ok((waiting.into_iter().map(Waiting::from).collect(), all.into()))
        })
        .await
    }

    /// Records what a message came to.
    ///
    /// # Errors
    /// The database can't be written; then it is sent again.
    pub async fn delivered(
        &self,
        now: DateTime<Utc>,
        what: Delivered<'_>,
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            for id in what.told {
                sqlx::query("DELETE FROM outbox WHERE id = ?")
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
            }
            sqlx::query("UPDATE channel SET attempts = ?2, next_at = ?3 WHERE name = ?1")
                .bind(what.channel)
                .bind(what.attempts)
                .bind(what.next_at.timestamp_millis())
                .execute(&mut *transaction)
                .await?;
            append(transaction, now, what.history).await
        })
        .await
    }

    /// Puts a summary into the outbox.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn want_digest(&self, now: DateTime<Utc>, channel: &str) -> Result<(), StoreError> {
        self.write(async |transaction| {
            for statement in [
                "INSERT INTO outbox (channel, state, created_at) VALUES (?1, 'digest', ?2)",
                "UPDATE channel SET digest_at = ?2 WHERE name = ?1",
            ] {
                sqlx::query(statement)
                    .bind(channel)
                    .bind(now.timestamp_millis())
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(())
        })
        .await
    }

    /// What has waited for this channel since before `limit`: the numbers in the outbox.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn overdue(
        &self,
        channel: &str,
        limit: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        let overdue =
            sqlx::query_scalar("SELECT id FROM outbox WHERE channel = ? AND created_at < ?")
                .bind(channel)
                .bind(limit.timestamp_millis());
        self.all(overdue).await
    }
}

async fn write_problems(
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
