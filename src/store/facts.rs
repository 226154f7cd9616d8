//! Small facts about the whole: whose database it is, which machine it belongs to, and whether it may be the copy of one
//! that is at work elsewhere.

use chrono::{DateTime, Utc};
use rand::RngExt;
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::Store;
use super::rows::time;
use crate::store::StoreError;

/// The fact that tells the machine: a digest of its id.
const MACHINE: &str = "machine";

/// The fact that tells why this may be a copy; absent or empty where it is none.
const COPY: &str = "copy";

/// The fact that tells when the operator decided that this one goes on, in milliseconds since 1970.
const CLAIMED: &str = "claimed";

/// The fact that tells when the database was restored, in milliseconds since 1970.
pub(super) const RESTORED: &str = "restored";

impl Store {
    /// The six characters that tell this installation's markers from others'.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn installation(&self) -> Result<String, StoreError> {
        self.one(sqlx::query_scalar(
            "SELECT id FROM installation WHERE one = 1",
        ))
        .await
    }

    pub(super) async fn ensure_installation(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let first = sqlx::query(
            "INSERT OR IGNORE INTO installation (one, id, created_at) VALUES (1, ?, ?)",
        )
        .bind(random_id(6))
        .bind(now.timestamp_millis());
        self.execute(first).await.map(drop)
    }

    /// A small fact by its name.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        let fact = sqlx::query_scalar("SELECT value FROM fact WHERE name = ?").bind(name);
        self.optional(fact).await
    }

    /// Writes a small fact.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_fact(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.execute(put_fact(name, value)).await.map(drop)
    }

    async fn time_of(&self, fact: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let at = self.fact(fact).await?;
        Ok(at.and_then(|at| at.parse().ok()).map(time))
    }

    /// The machine that the database was written on last, as a digest.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn machine(&self) -> Result<Option<String>, StoreError> {
        self.fact(MACHINE).await
    }

    /// Notes the machine.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_machine(&self, digest: &str) -> Result<(), StoreError> {
        self.set_fact(MACHINE, digest).await
    }

    /// Why this database may be the copy of one that is at work elsewhere, until the operator has decided.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn may_be_copy(&self) -> Result<Option<String>, StoreError> {
        Ok(self.fact(COPY).await?.filter(|reason| !reason.is_empty()))
    }

    /// Notes that it may be one. Kept until [`Store::claim`].
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn suspect_copy(&self, reason: &str) -> Result<(), StoreError> {
        self.set_fact(COPY, reason).await
    }

    /// The operator decided: this one goes on, on this machine.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn claim(&self, now: DateTime<Utc>, machine: Option<&str>) -> Result<(), StoreError> {
        let at = now.timestamp_millis().to_string();
        let machine = machine.map(|machine| (MACHINE, machine));
        let facts = machine.into_iter().chain([(CLAIMED, &*at), (COPY, "")]);
        self.write(async |transaction| {
            for (name, value) in facts {
                put_fact(name, value).execute(&mut *transaction).await?;
            }
            Ok(())
        })
        .await
    }

    /// When the operator decided that, if ever.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn claimed_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.time_of(CLAIMED).await
    }

    /// When the database was restored from a backup, if it ever was.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.time_of(RESTORED).await
    }
}

/// Writes a small fact.
pub(super) fn put_fact<'q>(name: &'q str, value: &'q str) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(
        "INSERT INTO fact (name, value) VALUES (?, ?) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
}

/// A fresh id of that many characters of `[a-z0-9]`.
pub fn random_id(length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
        .collect()
}
