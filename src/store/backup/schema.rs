//! Whether a database has exactly the tables and indexes that the migrations make.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr as _;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

use super::{BackupError, detail};
use crate::store::{MIGRATIONS, Store, StoreError};

/// The table of the migrations themselves.
const STEPS: &str = "_sqlx_migrations";

/// What SQLite adds by itself when it notes how tables are filled.
const STATISTICS: [(&str, &str); 2] = [
    ("sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"),
    (
        "sqlite_stat4",
        "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
    ),
];

/// Kind, name, table and text of everything in a schema.
type Schema = BTreeSet<(String, String, String, Option<String>)>;

/// Compares the schema with what the migrations up to the database's own step make, and gives that step.
pub(super) async fn check(store: &Store) -> Result<i64, BackupError> {
    let unsound = |error: StoreError| BackupError::Unsound(detail(&error));
    let found = read(store).await.map_err(unsound)?;
    // Before it is read, it must be the plain table that it should be.
    let newest = made(i64::MAX).await?;
    let steps = |schema: &Schema| schema.iter().find(|part| part.1 == STEPS).cloned();
    if steps(&found) != steps(&newest) {
        return Err(foreign(STEPS));
    }
    let version = store.version().await.map_err(unsound)?;
    let known = MIGRATIONS.iter().map(|step| step.version).max();
    if known.is_some_and(|known| version > known) {
        return Err(BackupError::Newer(version));
    }
    let wanted = made(version).await?;
    match found.symmetric_difference(&wanted).next() {
        None => Ok(version),
        Some((_, name, ..)) => Err(foreign(name)),
    }
}

fn foreign(name: &str) -> BackupError {
    let name = crate::text::plain_up_to(name, 60);
    BackupError::Unsound(format!("{name} is not what Evercert makes"))
}

async fn read(store: &Store) -> Result<Schema, StoreError> {
    let mut connection = store.connection().await?;
    let mut schema: Schema = sqlx::query_as("SELECT type, name, tbl_name, sql FROM sqlite_schema")
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| store.failed(error))?
        .into_iter()
        .collect();
    schema.retain(|(kind, name, table, text)| {
        let own = |(own, sql): &(&str, &str)| {
            name == own && table == own && kind == "table" && text.as_deref() == Some(sql)
        };
        !STATISTICS.iter().any(own)
    });
    Ok(schema)
}

/// The schema that the migrations make up to this step.
async fn made(version: i64) -> Result<Schema, BackupError> {
    let options = SqliteConnectOptions::from_str("sqlite::memory:")
        .map_err(|source| StoreError::from_sqlx(&PathBuf::new(), source))?;
    let store = Store::connect(PathBuf::from("memory"), options).await?;
    let steps = MIGRATIONS.iter().filter(|step| step.version <= version);
    let migrator = Migrator::with_migrations(steps.cloned().collect());
    let mut connection = store.connection().await?;
    let run = migrator.run(&mut *connection).await;
    drop(connection);
    run.map_err(|error| store.migration_failed(error))?;
    let schema = read(&store).await?;
    store.close().await;
    Ok(schema)
}
