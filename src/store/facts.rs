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

/// What a person decided of this database, and from when on the service's list counts anew therefore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It was restored from a backup.
    Restored,
    /// This one goes on, on this machine.
    Claimed,
}

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

    /// When the database was restored from a backup, if it ever was.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let at = self.fact(RESTORED).await?;
        Ok(at.and_then(|at| at.parse().ok()).map(time))
    }

    /// The service's time by the first list of this account since that was decided: `listed`, where this is it. Nothing,
    /// where it never was. The decision itself is dated by this machine's clock, which may have been wrong, or set since.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn first_list_since(
        &self,
        decided: Decided,
        account: &str,
        listed: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let decision = match decided {
            Decided::Restored => RESTORED,
            Decided::Claimed => CLAIMED,
        };
        let Some(at) = self.fact(decision).await? else {
            return Ok(None);
        };
        let name = format!("listed since {decision}: {account}");
        let known = self.fact(&name).await?;
        let known = known.as_deref().and_then(|known| known.split_once(' '));
        let first = known.filter(|(of, _)| *of == at);
        let first = first.and_then(|(_, first)| first.parse().ok().map(time));
        // One that lies ahead was not dated by the service.
        if let Some(first) = first.filter(|first| *first <= listed) {
            return Ok(Some(first));
        }
        let noted = format!("{at} {}", listed.timestamp_millis());
        self.set_fact(&name, &noted).await?;
        Ok(Some(listed))
    }

    /// The later of both, for what a list shows of before either.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn first_list_since_decided(
        &self,
        account: &str,
        listed: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let restored = self.first_list_since(Decided::Restored, account, listed);
        let restored = restored.await?;
        let claimed = self.first_list_since(Decided::Claimed, account, listed);
        Ok(restored.max(claimed.await?))
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
