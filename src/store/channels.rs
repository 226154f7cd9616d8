//! The channels that people are told through.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::Store;
use super::alerts::TOLD;
use super::rows::from_row;
use crate::store::StoreError;

/// How a channel stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelState {
    /// Failures in a row.
    pub attempts: u32,
    /// Nothing is sent before.
    pub next_at: DateTime<Utc>,
    /// When it was last given a summary, or first known.
    pub digest_at: DateTime<Utc>,
    /// Since when the oldest of what waits does, if anything does.
    pub waits_since: Option<DateTime<Utc>>,
}

from_row! { ChannelState: attempts, next_at: time, digest_at: time, waits_since: maybe_time }

struct Named {
    name: String,
    state: ChannelState,
}

from_row! { Named: name, state: flatten }

impl Store {
    /// Takes in which channels there are. From the first on, all that happens is told; with none left, what was not told
    /// is forgotten. What waited for a channel that is gone is forgotten too, and every other may be tried at once.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn sync_channels(
        &self,
        now: DateTime<Utc>,
        names: &[&str],
    ) -> Result<(), StoreError> {
        // Most starts find all as it was, and write nothing.
        let is_known = self
            .read(async |connection| is_known(connection, names).await)
            .await?;
        if is_known {
            return Ok(());
        }
        self.write(async |transaction| sync_channels(transaction, now, names).await)
            .await
    }

    /// Makes channels that can't be reached due now: what they need may have come.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn try_channels_again(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let due =
            sqlx::query("UPDATE channel SET next_at = ?1 WHERE attempts > 0 AND next_at > ?1")
                .bind(now.timestamp_millis());
        self.execute(due).await.map(drop)
    }

    /// How every channel stands. One look, since it is asked every second.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn channels(&self) -> Result<BTreeMap<String, ChannelState>, StoreError> {
        let channels = sqlx::query_as(
            "SELECT c.name, c.attempts, c.next_at, c.digest_at, \
             (SELECT min(o.created_at) FROM outbox o WHERE o.channel = c.name) AS waits_since FROM channel c",
        );
        let channels: Vec<Named> = self.all(channels).await?;
        let states = channels.into_iter().map(|one| (one.name, one.state));
        Ok(states.collect())
    }
}

/// Whether these are the channels that are known, none has failed, and the history is read for them.
async fn is_known(connection: &mut SqliteConnection, names: &[&str]) -> Result<bool, sqlx::Error> {
    let known: Vec<(String, u32)> = sqlx::query_as("SELECT name, attempts FROM channel")
        .fetch_all(&mut *connection)
        .await?;
    let reads: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM fact WHERE name = ?)")
        .bind(TOLD)
        .fetch_one(connection)
        .await?;
    let is_same = known.len() == names.len()
        && known
            .iter()
            .all(|(name, attempts)| *attempts == 0 && names.contains(&name.as_str()));
    Ok(is_same && reads != names.is_empty())
}

async fn sync_channels(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    names: &[&str],
) -> Result<(), sqlx::Error> {
    // A write comes first: a transaction that reads and then wants to write fails at once where a verb has written in
    // between, however long it would have waited.
    let list = serde_json::Value::from(names).to_string();
    for statement in [
        "DELETE FROM outbox WHERE channel NOT IN (SELECT value FROM json_each(?))",
        "DELETE FROM channel WHERE name NOT IN (SELECT value FROM json_each(?))",
    ] {
        sqlx::query(statement)
            .bind(&list)
            .execute(&mut *connection)
            .await?;
    }
    for name in names {
        sqlx::query(
            "INSERT INTO channel (name, next_at, digest_at) VALUES (?1, ?2, ?2) \
             ON CONFLICT (name) DO UPDATE SET attempts = 0, next_at = excluded.next_at",
        )
        .bind(name)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    }
    if names.is_empty() {
        sqlx::query("DELETE FROM problem")
            .execute(&mut *connection)
            .await?;
        sqlx::query("DELETE FROM fact WHERE name = ?")
            .bind(TOLD)
            .execute(&mut *connection)
            .await?;
    } else {
        sqlx::query(
            "INSERT OR IGNORE INTO fact (name, value) \
             VALUES (?, (SELECT CAST(coalesce(max(id), 0) AS TEXT) FROM history))",
        )
        .bind(TOLD)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
