//! The open database, and the ways to ask it: by one statement, by several, or in a transaction.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteQueryResult, SqliteSynchronous,
};
use sqlx::{SqlSafeStr as _, Sqlite, SqliteConnection};

use super::StoreError;
use super::connection::{Connection, Database, InUse};
use super::file::{FILE, base_options, check_magic, looking_options, prepare_file};
use super::lock::Lock;
use super::may_wait::MayWait;
use super::query::Rows;
use crate::text::plain_up_to;

/// The most characters of what SQLite finds that are shown: each damaged page has a line.
const SHOWN: usize = 300;

/// The steps that make the tables: each file of `migrations/`.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let step = |version, name: &'static str, sql: &'static str| {
        let kind = MigrationType::Simple;
        Migration::new(version, name.into(), kind, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![
        step(
            1,
            "initial",
            include_str!("../../migrations/0001_initial.sql"),
        ),
        step(
            2,
            "live read",
            include_str!("../../migrations/0002_live_read.sql"),
        ),
        step(3, "waits", include_str!("../../migrations/0003_waits.sql")),
    ])
});

/// The open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    database: Arc<Database>,
    path: PathBuf,
    in_use: Arc<AtomicUsize>,
    begun: Arc<AtomicU64>,
    /// Whether something may be asked for.
    pub(super) requests: Arc<MayWait>,
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
        Self::open_with(state_dir, |path| base_options(path).read_only(true)).await
    }

    /// Opens the database for one short look: as [`Store::open_read_only`], and where nobody has the folder's lock,
    /// without a trace. SQLite itself would make the files of the write-ahead log for a reader, and leave them there.
    ///
    /// # Errors
    /// As for [`Store::open_read_only`].
    pub async fn open_to_look(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        // A lock that can't be looked at may be somebody's.
        if Lock::is_taken(state_dir).unwrap_or(true) {
            return Self::open_read_only(state_dir).await;
        }
        Self::open_with(state_dir, looking_options).await
    }

    async fn open_with(
        state_dir: &Path,
        options: impl FnOnce(&Path) -> SqliteConnectOptions,
    ) -> Result<Option<Self>, StoreError> {
        let path = state_dir.join(FILE);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() == 0 => return Ok(None),
            Ok(_) => check_magic(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::File { path, source }),
        }
        let store = Self::connect(path.clone(), options(&path)).await?;
        let (there, newest) = (store.version().await?, newest_version());
        match there {
            _ if there > newest => Err(StoreError::Newer {
                path,
                version: there,
            }),
            _ if there < newest => Err(StoreError::Older { path }),
            _ => Ok(Some(store)),
        }
    }

    /// Opens a database as it is.
    pub(super) async fn connect(
        path: PathBuf,
        options: SqliteConnectOptions,
    ) -> Result<Self, StoreError> {
        let database = Database::open(options)
            .await
            .map_err(|source| StoreError::from_sqlx(&path, source))?;
        Ok(Self {
            database: Arc::new(database),
            path,
            in_use: Arc::default(),
            begun: Arc::default(),
            requests: Arc::default(),
        })
    }

    /// Closes the connection, so that the write-ahead log is folded into the file.
    pub async fn close(&self) {
        let _in_use = self.in_use();
        self.database.close().await;
    }

    /// Whether a call to the database is under way. A simulation moves its clock only while none is.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.in_use.load(Ordering::Relaxed) > 0
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
        let mut connection = self.connection().await?;
        let set = connection.stand_still_while(is_set).await;
        set.map_err(|error| self.failed(error))
    }

    /// Whether another process may have written since this was last asked; true at first. One cheap question, also over
    /// many certificates. Who asks it goes on asking it: what others ask for is not looked for in between.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn others_wrote(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let wrote = connection.others_wrote().await;
        let wrote = wrote.map_err(|error| self.failed(error))?;
        self.requests.others_are_watched(wrote);
        Ok(wrote)
    }

    /// SQLite's full check of the database: `ok`, or what is wrong.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn integrity(&self) -> Result<String, StoreError> {
        let found: Vec<String> = self
            .all(sqlx::query_scalar("PRAGMA integrity_check(3)"))
            .await?;
        Ok(plain_up_to(&found.join("; "), SHOWN))
    }

    /// Damage is looked for at every start: an order made from a half-readable record would be worse than no start.
    async fn check_integrity(&self) -> Result<(), StoreError> {
        let verdict: String = self
            .one(sqlx::query_scalar("PRAGMA quick_check(1)"))
            .await?;
        if verdict == "ok" {
            return Ok(());
        }
        Err(StoreError::Damaged {
            path: self.path.clone(),
            detail: plain_up_to(&verdict, SHOWN),
        })
    }

    /// The step that the tables are at.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn version(&self) -> Result<i64, StoreError> {
        let version = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations");
        self.one(version).await
    }

    /// Brings the tables up to date.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        self.migrate_by(&MIGRATIONS).await
    }

    /// Makes the tables as these steps do.
    pub(super) async fn migrate_by(&self, steps: &Migrator) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let path = self.path.clone();
        steps
            .run(&mut *connection)
            .await
            .map_err(|error| match error {
                MigrateError::VersionMissing(version) => StoreError::Newer { path, version },
                MigrateError::Execute(error) => self.failed(error),
                source => StoreError::Migration {
                    path,
                    source: Box::new(source),
                },
            })
    }

    /// Every row of one statement.
    pub(super) async fn all<Q: Rows>(&self, query: Q) -> Result<Vec<Q::Row>, StoreError> {
        self.read(async |connection| query.all(connection).await)
            .await
    }

    /// The row of one statement, where there is one.
    pub(super) async fn optional<Q: Rows>(&self, query: Q) -> Result<Option<Q::Row>, StoreError> {
        self.read(async |connection| query.first(connection).await)
            .await
    }

    /// The row of one statement that always has one.
    pub(super) async fn one<Q: Rows>(&self, query: Q) -> Result<Q::Row, StoreError> {
        let row = self.optional(query).await?;
        row.ok_or_else(|| self.failed(sqlx::Error::RowNotFound))
    }

    /// Does one statement, which is a transaction of its own.
    pub(super) async fn execute(
        &self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<SqliteQueryResult, StoreError> {
        self.read(async |connection| query.execute(connection).await)
            .await
    }

    /// Asks several statements, with nobody else's between them in this process.
    pub(super) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let read = work(&mut connection).await;
        read.map_err(|error| self.failed(error))
    }

    /// Does several statements in one transaction: all of it is there after a crash, or none.
    pub(super) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let written = async {
            let mut transaction = connection.begin_writing().await?;
            let outcome = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(outcome)
        };
        written.await.map_err(|error| self.failed(error))
    }

    /// The connection, once it is our turn.
    pub(super) async fn connection(&self) -> Result<Connection<'_>, StoreError> {
        let taken = self.database.take(self.in_use()).await;
        taken.map_err(|error| self.failed(error))
    }

    fn in_use(&self) -> InUse {
        self.begun.fetch_add(1, Ordering::Relaxed);
        InUse::begin(&self.in_use)
    }

    pub(super) fn failed(&self, error: sqlx::Error) -> StoreError {
        self.database.note(&error);
        StoreError::from_sqlx(&self.path, error)
    }

    pub(super) fn unreadable(&self, what: &'static str, value: String) -> StoreError {
        StoreError::Row {
            path: self.path.clone(),
            what,
            value,
        }
    }
}

/// The step of this program's tables.
pub(super) fn newest_version() -> i64 {
    let versions = MIGRATIONS.iter().map(|step| step.version);
    versions.max().unwrap_or_default()
}
