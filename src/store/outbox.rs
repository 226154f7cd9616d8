//! What is told to whom: the outbox, and how far the history was read for it.
//!
//! The history is written in the transaction of the change that it tells of; what is told is derived from it here, by a
//! number that moves in the transaction that writes the outbox. So nothing that was recorded goes untold, however the
//! process ends, and no other part of the program knows of channels.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use super::history::{Entry, NewEntry, Row, append};
use super::problems::{StoredProblem, write_problems};
use super::{Store, StoreError};

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

#[derive(FromRow)]
struct NumberedRow {
    id: i64,
    #[sqlx(flatten)]
    entry: Row,
}

/// A summary tells of no entry: its topic and the entry's number are missing, and the entry is an empty one.
#[derive(FromRow)]
struct WaitingRow {
    number: i64,
    topic: Option<String>,
    state: String,
    history: Option<i64>,
    #[sqlx(flatten)]
    entry: Row,
}

impl Store {
    /// What happened since the history was last read for it, oldest first, each with its number.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn untold(&self, limit: u32) -> Result<Vec<(i64, Entry)>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<NumberedRow> = sqlx::query_as(
            "SELECT id, at, event, domain, account, certificate_id, request_id, message, fields FROM history \
             WHERE id > (SELECT CAST(value AS INTEGER) FROM fact WHERE name = ?) ORDER BY id LIMIT ?",
        )
        .bind(TOLD)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|row| (row.id, row.entry.entry()))
            .collect())
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
        let mut connection = self.connection().await?;
        let work = async {
            let mut transaction = connection.begin_writing().await?;
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
            write_problems(&mut transaction, changed, over).await?;
            set_told(&mut transaction, upto).await?;
            transaction.commit().await
        };
        work.await.map_err(|error| self.failed(error))
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
        let mut connection = self.connection().await?;
        let read = async {
            let rows: Vec<WaitingRow> = sqlx::query_as(
                "SELECT o.id AS number, o.topic, o.state, h.id AS history, coalesce(h.at, 0) AS at, \
                 coalesce(h.event, '') AS event, h.domain, h.account, h.certificate_id, h.request_id, \
                 coalesce(h.message, '') AS message, coalesce(h.fields, '') AS fields \
                 FROM outbox o LEFT JOIN history h ON h.id = o.history WHERE o.channel = ? ORDER BY o.id LIMIT ?",
            )
            .bind(channel)
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?;
            let all: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE channel = ?")
                .bind(channel)
                .fetch_one(&mut *connection)
                .await?;
            Ok((rows, all))
        };
        let (rows, all) = read.await.map_err(|error| self.failed(error))?;
        let waiting = rows.into_iter().map(waiting_of).collect();
        Ok((waiting, u64::try_from(all).unwrap_or(0)))
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
        let mut connection = self.connection().await?;
        let work = async {
            let mut transaction = connection.begin_writing().await?;
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
            append(&mut transaction, now, what.history).await?;
            transaction.commit().await
        };
        work.await.map_err(|error| self.failed(error))
    }

    /// Puts a summary into the outbox.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn want_digest(&self, now: DateTime<Utc>, channel: &str) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let work = async {
            let mut transaction = connection.begin_writing().await?;
            sqlx::query("INSERT INTO outbox (channel, state, created_at) VALUES (?, 'digest', ?)")
                .bind(channel)
                .bind(now.timestamp_millis())
                .execute(&mut *transaction)
                .await?;
            sqlx::query("UPDATE channel SET digest_at = ?2 WHERE name = ?1")
                .bind(channel)
                .bind(now.timestamp_millis())
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        };
        work.await.map_err(|error| self.failed(error))
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
        let mut connection = self.connection().await?;
        sqlx::query_scalar("SELECT id FROM outbox WHERE channel = ? AND created_at < ?")
            .bind(channel)
            .bind(limit.timestamp_millis())
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))
    }
}

async fn set_told(connection: &mut SqliteConnection, upto: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE fact SET value = ?2 WHERE name = ?1")
        .bind(TOLD)
        .bind(upto.to_string())
        .execute(connection)
        .await
        .map(drop)
}

fn waiting_of(row: WaitingRow) -> Waiting {
    let what = row.topic.zip(row.history).map(|(topic, history)| Told {
        topic,
        state: row.state,
        history,
        entry: row.entry.entry(),
    });
    Waiting {
        id: row.number,
        what,
    }
}
