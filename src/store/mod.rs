//! The record of every certificate, in SQLite through sqlx. All SQL of the crate is here.
//!
//! - `error`: what can go wrong, in words an operator can act on;
//! - `lock`: one process a state folder;
//! - `connection`: the one connection to the database, and whose turn it is;
//! - `certificates`: records and orders, and which are due;
//! - `sync`: the config taken in: which certificates are wanted;
//! - `holds`: conditions that concern more than one certificate, and the sweeps;
//! - `holdings`: who holds an account's slots;
//! - `history`: what happened, append-only;
//! - `proofs`: what is put up to prove control, until it is taken down;
//! - `requests`: what changing verbs ask of the daemon;
//! - `deliveries`, `deliveries_due`: where installed certificates go, a row for each target, and which are due;
//! - `delivery_requests`: what `deploy` and `rollback` ask;
//! - `channels`, `outbox`, `problems`: what is told to whom, derived from the history;
//! - `operations`: what `pause`, `resume`, `account` and `doctor` ask, and who is paused;
//! - `backup`: a copy of the database, and what is looked at before one takes its place;
//! - `overview`: what only those ask who look at everything;
//! - `rows`: rows ↔ the lifecycle's types.
//!
//! Invariants: WAL with `synchronous = FULL`, so that a committed row survives a power cut; foreign keys on; no
//! transaction is open across a network call; a database that can't be trusted is an error and left as it is, never a
//! fresh start (that would order everything again).

mod backup;
mod certificates;
mod channels;
mod cloud;
mod connection;
mod deliveries;
mod deliveries_due;
mod delivery_requests;
mod error;
mod history;
mod holdings;
mod holds;
mod live;
mod lock;
mod machine;
mod operations;
mod outbox;
mod overview;
mod problems;
mod proofs;
mod requests;
mod rows;
mod sync;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::RngExt;
use sqlx::SqliteConnection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use connection::{Connection, Shelf};

pub use backup::{BackupError, Candidate, Replaced};
pub use certificates::Changes;
pub use channels::ChannelState;
pub use cloud::{CloudNote, Issued};
pub use deliveries::{Deliveries, DeliveryChanges, WantedTarget};
pub use delivery_requests::DeliveryRequest;
pub use error::StoreError;
pub use history::{Entry, NewEntry};
pub use holdings::Holding;
pub use holds::Sweep;
pub use live::ToShow;
pub use lock::Lock;
pub use operations::{OperatorRequest, OperatorVerb, Paused, certificate_of, of_certificate};
pub use outbox::{Delivered, NewNotice, Told, Waiting};
pub use overview::PastOrder;
pub use problems::StoredProblem;
pub use requests::{Request, RequestState};
pub use rows::Listing;
pub use sync::{Synced, Wanted};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The file's name inside the state folder.
pub const FILE: &str = "evercert.db";

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    shelf: Arc<Shelf>,
    path: PathBuf,
    working: Arc<AtomicUsize>,
    begun: Arc<AtomicU64>,
}

/// Lives as long as a call to the store is under way.
struct Working(Arc<AtomicUsize>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Store {
    /// Opens the database of this state folder for writing; creates it (mode 0600) where there is none, and brings its
    /// tables up to date.
    ///
    /// # Errors
    /// A file that is damaged, newer than the program, locked by another process or on a read-only disk, each in words.
    pub async fn open(state_dir: &Path, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let path = state_dir.join(FILE);
        prepare_file(&path)?;
        let options = base_options(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .optimize_on_close(true, None);
        let store = Self::connect(path, options).await?;
        store.check_integrity().await?;
        store.migrate().await?;
        store.ensure_installation(now).await?;
        Ok(store)
    }

    /// Opens the database for reading, beside a daemon or without one. `None` where there is none yet.
    ///
    /// # Errors
    /// As for [`Store::open`]; a database that is older than the program asks for a start of the daemon.
    pub async fn open_read_only(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = state_dir.join(FILE);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() == 0 => return Ok(None),
            Ok(_) => check_magic(&path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::File { path, source }),
        }
        let store = Self::connect(path.clone(), base_options(&path).read_only(true)).await?;
        store.check_version().await?;
        Ok(Some(store))
    }

    async fn connect(path: PathBuf, options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let shelf = Shelf::open(options)
            .await
            .map_err(|source| StoreError::from_sqlx(&path, source))?;
        Ok(Self {
            shelf: Arc::new(shelf),
            path,
            working: Arc::default(),
            begun: Arc::default(),
        })
    }

    /// Whether a call to the database is under way. A simulation moves its clock only while none is.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.working.load(Ordering::Relaxed) > 0
    }

    /// How many calls to the database have begun: the places at which a simulation can let the process die.
    #[must_use]
    pub fn calls_begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// The database answers nothing while this is set: a simulation must be able to say when an answer comes.
    ///
    /// # Errors
    /// The connection is closed.
    pub async fn stand_still_while(&self, is_set: Arc<AtomicBool>) -> Result<(), StoreError> {
        self.connection()
            .await?
            .stand_still_while(is_set)
            .await
            .map_err(|error| self.failed(error))
    }

    fn working(&self) -> Working {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(Arc::clone(&self.working))
    }

    /// The connection, once it is our turn.
    async fn connection(&self) -> Result<Connection<'_>, StoreError> {
        let working = self.working();
        self.shelf
            .take(working)
            .await
            .map_err(|error| self.failed(error))
    }

    /// Whether another process may have written since this was last asked; true at first. One cheap question, also over
    /// many certificates.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn others_wrote(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        connection
            .others_wrote()
            .await
            .map_err(|error| self.failed(error))
    }

    /// Closes the connection, so that the write-ahead log is folded into the file.
    pub async fn close(&self) {
        let _working = self.working();
        self.shelf.close().await;
    }

    /// The six characters that tell this installation's markers from others'.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn installation(&self) -> Result<String, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar("SELECT id FROM installation WHERE one = 1")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))
    }

    /// A small fact by its name.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar("SELECT value FROM fact WHERE name = ?")
            .bind(name)
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| self.failed(error))
    }

    /// Writes a small fact.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_fact(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        put_fact(&mut connection, name, value)
            .await
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        self.shelf.note(&error);
        StoreError::from_sqlx(&self.path, error)
    }

    /// Damage is looked for at every start: an order made from a half-readable record would be worse than no start.
    async fn check_integrity(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        if verdict == "ok" {
            return Ok(());
        }
        Err(StoreError::Damaged {
            path: self.path.clone(),
            detail: verdict,
        })
    }

    async fn check_version(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let there: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        let known = MIGRATIONS.iter().map(|step| step.version).max();
        match (there, known) {
            (Some(there), Some(known)) if there > known => Err(StoreError::Newer {
                path: self.path.clone(),
                version: there,
            }),
            (there, known) if there < known => Err(StoreError::Older {
                path: self.path.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Brings the tables up to date.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        MIGRATIONS
            .run(&mut *connection)
            .await
            .map_err(|error| self.migration_failed(error))
    }

    fn migration_failed(&self, error: MigrateError) -> StoreError {
        match error {
            MigrateError::VersionMissing(version) => StoreError::Newer {
                path: self.path.clone(),
                version,
            },
            MigrateError::Execute(error) => self.failed(error),
            source => StoreError::Migration {
                path: self.path.clone(),
                source: Box::new(source),
            },
        }
    }

    async fn ensure_installation(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query("INSERT OR IGNORE INTO installation (one, id, created_at) VALUES (1, ?, ?)")
            .bind(random_id(6))
            .bind(now.timestamp_millis())
            .execute(&mut *connection)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }
}

async fn put_fact(
    connection: &mut SqliteConnection,
    name: &str,
    value: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO fact (name, value) VALUES (?, ?) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(connection)
    .await
    .map(drop)
}

/// A fresh id of that many characters of `[a-z0-9]`.
pub fn random_id(length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
        .collect()
}

/// Creates the state folder for its owner alone, where it is missing.
///
/// # Errors
/// The folder can't be made, or is a file.
pub fn prepare_folder(state_dir: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File {
        path: state_dir.to_path_buf(),
        source,
    };
    if !state_dir.exists() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(state_dir)
            .map_err(failed)?;
    }
    if fs::metadata(state_dir).map_err(failed)?.is_dir() {
        return Ok(());
    }
    Err(failed(std::io::Error::from(
        std::io::ErrorKind::NotADirectory,
    )))
}

fn base_options(path: &Path) -> SqliteConnectOptions {
    use sqlx::ConnectOptions;
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging()
}

/// The file exists with mode 0600 before SQLite sees it; its companions (`-wal`, `-shm`) take over the mode.
fn prepare_file(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File {
        path: path.to_path_buf(),
        source,
    };
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(failed)?;
    }
    if metadata.len() > 0 {
        check_magic(path)?;
    }
    Ok(())
}

/// SQLite takes an empty file as a new database and some damage as another format; what isn't a database is said so.
fn check_magic(path: &Path) -> Result<(), StoreError> {
    let mut head = [0_u8; 16];
    let damaged = |detail: &str| StoreError::Damaged {
        path: path.to_path_buf(),
        detail: detail.to_owned(),
    };
    let mut file = crate::files::open(path).map_err(|error| StoreError::File {
        path: path.to_path_buf(),
        source: error.into(),
    })?;
    match file.read_exact(&mut head) {
        Ok(()) if head == *MAGIC => Ok(()),
        Ok(()) => Err(damaged("it does not begin as an SQLite file does")),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(damaged("it is cut short"))
        }
        Err(source) => Err(StoreError::File {
            path: path.to_path_buf(),
            source,
        }),
    }
}
