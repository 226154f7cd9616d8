//! Whether a database has exactly the tables and indexes that the migrations make.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr as _;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;

use super::error::{BackupError, unsound};
use crate::store::handle::{MIGRATIONS, newest_version};
use crate::store::{Store, StoreError};

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
    let found = read(store).await.map_err(unsound)?;
    // Before it is read, it must be the plain table that it should be.
    let newest = made(i64::MAX).await?;
    let steps = |schema: &Schema| schema.iter().find(|part| part.1 == STEPS).cloned();
    if steps(&found) != steps(&newest) {
        return Err(foreign(STEPS));
    }
    let version = store.version().await.map_err(unsound)?;
    if version > newest_version() {
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
    let parts = sqlx::query_as("SELECT type, name, tbl_name, sql FROM sqlite_schema");
    let mut schema: Schema = store.all(parts).await?.into_iter().collect();
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
    store.migrate_by(&migrator).await?;
    let schema = read(&store).await?;
    store.close().await;
    Ok(schema)
}
