//! The one connection to the database, and whose turn it is.
//!
//! SQLite has one writer anyway, and a fixed order makes simulations replay. It is not kept in sqlx's pool: with one
//! connection there is nothing to share out, and the pool asks it for a sign of life before and after every statement,
//! each of them two switches between threads, as many as the statement itself.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection as _, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

/// Lives as long as a call to the store is under way.
pub(super) struct InUse(Arc<AtomicUsize>);

impl InUse {
    pub(super) fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connection while nobody uses it.
#[derive(Debug)]
pub(super) struct Database {
    options: SqliteConnectOptions,
    /// None once it is closed.
    open: Mutex<Option<SqliteConnection>>,
    /// Its thread has ended; only a new connection works.
    lost: AtomicBool,
    /// SQLite's count of what other connections wrote, as last seen by this one; [`UNSEEN`] before.
    others: AtomicI64,
}

/// No count of SQLite's.
const UNSEEN: i64 = i64::MIN;

/// The connection for as long as a call needs it.
pub(super) struct Connection<'a> {
    database: &'a Database,
    connection: MappedMutexGuard<'a, SqliteConnection>,
    _in_use: InUse,
}

impl Database {
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let connection = options.connect().await?;
        Ok(Self {
            options,
            open: Mutex::new(Some(connection)),
            lost: AtomicBool::new(false),
            others: AtomicI64::new(UNSEEN),
        })
    }

    /// Waits for its turn, first come, first served.
    pub(super) async fn take(&self, in_use: InUse) -> Result<Connection<'_>, sqlx::Error> {
        let guard = self.open.lock().await;
        let connection = MutexGuard::try_map(guard, Option::as_mut)
            .map_err(|_closed| sqlx::Error::PoolClosed)?;
        let mut taken = Connection {
            database: self,
            connection,
            _in_use: in_use,
        };
        if self.lost.load(Ordering::Relaxed) {
            taken.renew().await?;
            self.lost.store(false, Ordering::Relaxed);
        }
        Ok(taken)
    }

    /// Notes what a statement failed of: without its thread, the connection is of no more use.
    pub(super) fn note(&self, error: &sqlx::Error) {
        if matches!(error, sqlx::Error::WorkerCrashed) {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Closes it for good, so that the write-ahead log is folded into the file.
    pub(super) async fn close(&self) {
        let Some(connection) = self.open.lock().await.take() else {
            return;
        };
        if let Err(error) = connection.close().await {
            tracing::debug!(%error, "the database was left without its last tidying");
        }
    }
}

impl Connection<'_> {
    /// Begins a transaction that writes. It takes the right to write at once, and waits for it: one that read first
    /// would be refused, without a wait, where another process wrote between the two.
    ///
    /// Where the disk is full, SQLite itself ends a transaction that fails, and sqlx goes on counting it: it would take
    /// the next one for a part of it. A new connection counts from nothing.
    pub(super) async fn begin_writing(&mut self) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
        if self.connection.is_in_transaction() {
            // One that was given up may still be on its way back.
            self.connection.ping().await?;
        }
        if self.connection.is_in_transaction() {
            self.renew().await?;
        }
        self.connection.begin_with("BEGIN IMMEDIATE").await
    }

    /// Whether another process may have written since this was last asked; true at first.
    pub(super) async fn others_wrote(&mut self) -> Result<bool, sqlx::Error> {
        let count: i64 = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(&mut *self.connection)
            .await?;
        Ok(self.database.others.swap(count, Ordering::Relaxed) != count)
    }

    /// SQLite breaks a statement off that takes longer than `rounds` times `steps` instructions, all statements from now
    /// on together.
    pub(super) async fn give_up_after(
        &mut self,
        steps: i32,
        rounds: u32,
    ) -> Result<(), sqlx::Error> {
        let mut handle = self.connection.lock_handle().await?;
        let mut left = rounds;
        handle.set_progress_handler(steps, move || {
            left = left.saturating_sub(1);
            left > 0
        });
        Ok(())
    }

    /// SQLite stands still while this is set, in the middle of a statement if need be. Nobody else is let in: locks are not
    /// taken and given back with each statement.
    pub(super) async fn stand_still_while(
        &mut self,
        is_set: Arc<AtomicBool>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("PRAGMA locking_mode = EXCLUSIVE")
            .execute(&mut *self.connection)
            .await?;
        let mut handle = self.connection.lock_handle().await?;
        // Asked at the end of each step if not before, and so before every answer.
        handle.set_progress_handler(1, move || {
            while is_set.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            true
        });
        Ok(())
    }

    /// Puts a new connection in the place of this one.
    async fn renew(&mut self) -> Result<(), sqlx::Error> {
        let new = self.database.options.connect().await?;
        let old = std::mem::replace(&mut *self.connection, new);
        // The new one counts from another number.
        self.database.others.store(UNSEEN, Ordering::Relaxed);
        if let Err(error) = old.close().await {
            tracing::debug!(%error, "the lost connection to the database was dropped");
        }
        Ok(())
    }
}

impl Deref for Connection<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Connection<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
