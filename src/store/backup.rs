//! A copy of the database, and what is looked at before one takes its place.
//!
//! A backup is made by SQLite itself (`VACUUM INTO`): one moment of the record, whatever is written meanwhile. A restore
//! goes in steps that a crash can't harm: the file is copied beside the database and examined there; then the old
//! database gets a second name, and the copy takes the first by one rename.
//!
//! A backup is trusted with the record, not with more: its schema must be what the migrations make, to the letter, for a
//! trigger or a view would be code; what is asked of it before that is known is bounded in steps.
//!
//! A backup is old by nature: what was ordered since then stands at the service and not in it. So the copy is marked, and
//! the engine orders nothing until it has seen the account's list long enough after that mark. Wishes of the past
//! (requests, forced orders) are not granted a second time.

mod error;
mod schema;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteJournalMode;

use super::Store;
use super::facts::{RESTORED, put_fact};
use super::file::{FILE, base_options, check_magic};
use super::rows::time;
use crate::files::{FileError, Folder};
use crate::store::StoreError;
use error::unsound;

pub use error::BackupError;

/// The copy's name in the state folder until it takes the database's.
const CANDIDATE: &str = "evercert.db.restoring";

/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// The largest backup that is looked at, in bytes. Ten thousand certificates over years take a few hundred million.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;

/// After so many instructions of SQLite's machine, it is asked whether to go on.
const STEPS: i32 = 100_000;

/// So often it goes on: minutes of work, many times what the largest sound backup needs.
const ROUNDS: u32 = 100_000;

/// A backup that was found sound, copied into the state folder.
#[derive(Debug)]
pub struct Candidate {
    path: PathBuf,
    /// The installation that it is of.
    pub installation: String,
    /// How many certificates it knows.
    pub certificates: i64,
    /// The last thing that happened in it.
    pub last_event: Option<DateTime<Utc>>,
}

/// What a restore did.
#[derive(Debug)]
pub struct Replaced {
    /// Where the database that was at work is kept, if there was one.
    pub kept: Option<PathBuf>,
}

impl Store {
    /// Writes a copy of the database to this path, where no file may be yet.
    ///
    /// # Errors
    /// The database can't be read, or the copy not written.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        let copy = sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy().into_owned());
        self.execute(copy).await.map(drop)
    }
}

impl Candidate {
    /// Copies a backup into the state folder and examines it there. The caller holds the folder's lock.
    ///
    /// # Errors
    /// The file can't be copied, or is no sound backup that this version understands; then nothing is left behind.
    pub async fn examine(state_dir: &Path, backup: &mut File) -> Result<Self, BackupError> {
        let path = state_dir.join(CANDIDATE);
        copy(backup, &path)?;
        let examined = look_into(&path).await;
        if examined.is_err() {
            discard(&path);
        }
        examined
    }

    /// Gives the copy up.
    pub fn discard(self) {
        discard(&self.path);
    }

    /// Puts the copy in the database's place, and keeps that beside it. With `other_installation`, also where it is of
    /// another one.
    ///
    /// # Errors
    /// It is of another installation, or a file can't be written; then the database at work is what it was.
    pub async fn put_in_place(
        self,
        state_dir: &Path,
        now: DateTime<Utc>,
        other_installation: bool,
    ) -> Result<Replaced, BackupError> {
        let current = state_dir.join(FILE);
        let prepared = async {
            let here = installation_at(&current).await;
            if let Some(here) = here.filter(|here| *here != self.installation)
                && !other_installation
            {
                return Err(BackupError::OtherInstallation {
                    there: self.installation.clone(),
                    here,
                });
            }
            mark(&self.path, now).await?;
            fold(&current).await;
            Ok(())
        };
        if let Err(error) = prepared.await {
            discard(&self.path);
            return Err(error);
        }
        swap(state_dir, &current, &self.path, now)
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |source| BackupError::File {
        path: path.to_path_buf(),
        source,
    }
}

fn discard(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, path = %path.display(), "the copy of a backup was not removed");
    }
}

fn copy(backup: &mut File, to: &Path) -> Result<(), BackupError> {
    let mut copied = || {
        let (folder, name) = Folder::of(to)?;
        // What an earlier attempt left is of no use to anybody.
        folder.remove(name)?;
        let mut file = folder.create(name, 0o600, (None, None))?;
        let copied = io::copy(&mut backup.take(LARGEST + 1), &mut file)?;
        if copied > LARGEST {
            return Err(FileError::TooLarge { limit: LARGEST });
        }
        Ok::<_, FileError>(file.sync_all()?)
    };
    copied().map_err(|error| {
        discard(to);
        failed(to)(error.into())
    })
}

/// Opens a database without bringing it up to date.
async fn connect(path: &Path) -> Result<Store, StoreError> {
    let options = base_options(path)
        .journal_mode(SqliteJournalMode::Delete)
        // What is in the schema may call nothing but what every schema may.
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON");
    Store::connect(path.to_path_buf(), options).await
}

async fn look_into(path: &Path) -> Result<Candidate, BackupError> {
    check_magic(path).map_err(unsound)?;
    let store = connect(path).await.map_err(unsound)?;
    let candidate = read(&store, path).await;
    store.close().await;
    candidate
}

async fn read(store: &Store, path: &Path) -> Result<Candidate, BackupError> {
    let bounded = async {
        let mut connection = store.connection().await?;
        let bounded = connection.give_up_after(STEPS, ROUNDS).await;
        bounded.map_err(|error| store.failed(error))
    };
    bounded.await.map_err(unsound)?;
    let verdict = store.integrity().await.map_err(unsound)?;
    if verdict != "ok" {
        return Err(BackupError::Unsound(verdict));
    }
    schema::check(store).await?;
    let orphans =
        sqlx::query_scalar("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check LIMIT 3");
    let orphan: Option<String> = store.optional(orphans).await.map_err(unsound)?;
    if let Some(table) = orphan {
        return Err(BackupError::Unsound(format!(
            "rows of {table} belong to nothing"
        )));
    }
    let installation = store.installation().await.map_err(unsound)?;
    let about =
        sqlx::query_as("SELECT (SELECT count(*) FROM certificate), (SELECT max(at) FROM history)");
    let (certificates, last): (i64, Option<i64>) = store.one(about).await.map_err(unsound)?;
    Ok(Candidate {
        path: path.to_path_buf(),
        installation,
        certificates,
        last_event: last.map(time),
    })
}

/// The database at work, where it can be read at all.
async fn open_current(current: &Path) -> Option<Store> {
    if !current.exists() || check_magic(current).is_err() {
        return None;
    }
    let store = Store::connect(current.to_path_buf(), base_options(current));
    store.await.ok()
}

/// The installation of the database at work, where that can be read.
async fn installation_at(current: &Path) -> Option<String> {
    let store = open_current(current).await?;
    let installation = store.installation().await.ok();
    store.close().await;
    installation
}

/// Brings the copy up to date, and marks it as restored.
async fn mark(path: &Path, now: DateTime<Utc>) -> Result<(), BackupError> {
    let store = connect(path).await?;
    let marked = async {
        store.migrate().await?;
        store
            .write(async |transaction| {
                let now = now.timestamp_millis();
                put_fact(RESTORED, &now.to_string())
                    .execute(&mut *transaction)
                    .await?;
                for statement in [
                    // Taken in anew at the next start, whatever the backup knew of the config.
                    "DELETE FROM fact WHERE name = 'config'",
                    // Whoever restores it has decided that it goes on here.
                    "DELETE FROM fact WHERE name IN ('machine', 'copy')",
                    // The picture of each account is as old as the backup.
                    "DELETE FROM sweep",
                    "UPDATE certificate SET forced_at = NULL",
                    "UPDATE request SET done_at = ?1 WHERE done_at IS NULL",
                ] {
                    sqlx::query(statement)
                        .bind(now)
                        .execute(&mut *transaction)
                        .await?;
                }
                Ok(())
            })
            .await
    };
    let outcome = marked.await;
    store.close().await;
    Ok(outcome?)
}

/// Folds the write-ahead log of the database at work into its file, as far as that can be read.
async fn fold(current: &Path) {
    let Some(store) = open_current(current).await else {
        return;
    };
    let fold = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
    if let Err(error) = store.execute(fold).await {
        tracing::debug!(%error, "the database that is replaced keeps its log beside it");
    }
    store.close().await;
}

fn swap(
    state_dir: &Path,
    current: &Path,
    candidate: &Path,
    now: DateTime<Utc>,
) -> Result<Replaced, BackupError> {
    let kept = state_dir.join(format!("{FILE}.replaced-{}", now.format("%Y%m%dT%H%M%SZ")));
    // First these: a log of the old database beside the new one would be taken for the new one's.
    for companion in COMPANIONS {
        let from = with_suffix(current, companion);
        if from.exists() {
            fs::rename(&from, with_suffix(&kept, companion)).map_err(failed(&from))?;
        }
    }
    let was_there = current.exists();
    if was_there {
        // A second name, so that at no moment there is none: a start would then begin afresh.
        fs::hard_link(current, &kept).map_err(failed(&kept))?;
    }
    fs::rename(candidate, current).map_err(failed(current))?;
    Folder::open(state_dir)
        .and_then(|folder| folder.sync())
        .map_err(|error| failed(state_dir)(error.into()))?;
    Ok(Replaced {
        kept: was_there.then_some(kept),
    })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
