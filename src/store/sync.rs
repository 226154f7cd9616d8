//! Takes in the config: which certificates are wanted, and what changed about them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;

use super::Store;
use super::certificates::note;
use super::deliveries::sync_targets;
use super::facts::put_fact;
use super::rows::from_row;
use crate::lifecycle::Note;
use crate::lifecycle::delivery::Delivery;
use crate::store::StoreError;

/// The fact that holds the digest of the config last taken in.
const CONFIG: &str = "config";

/// One certificate of the config, as far as the store is concerned.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub domain: String,
    /// Its account.
    pub account: String,
    /// The digest of all that goes into an application.
    pub inputs: String,
    /// How long before the end it is renewed.
    pub renew_before: TimeDelta,
    /// Where it goes once it is installed.
    pub targets: Vec<Delivery>,
}

/// What taking in a config changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// New names.
    pub added: Vec<String>,
    /// Names no longer there; their files stay.
    pub removed: Vec<String>,
    /// Names whose settings changed.
    pub changed: Vec<String>,
    /// Of these, the ones that were parked and are tried again.
    pub resumed: Vec<String>,
}

struct Known {
    domain: String,
    account: String,
    wanted: bool,
    inputs: String,
    renew_before: i64,
    parked_inputs: Option<String>,
}

from_row! { Known: domain, account, wanted, inputs, renew_before, parked_inputs }

impl Store {
    /// Takes in the config: every certificate it names has a row, every other is marked as no longer wanted.
    ///
    /// What is new or changed is looked at in the next pass. Where `digest` is that of the config last taken in, nothing
    /// is read or written, so that a start costs the same with one certificate and with ten thousand.
    ///
    /// # Errors
    /// The database can't be read or written; then nothing changed.
    pub async fn sync(
        &self,
        now: DateTime<Utc>,
        wanted: &[Wanted],
        digest: &str,
    ) -> Result<Synced, StoreError> {
        if self.fact(CONFIG).await?.as_deref() == Some(digest) {
            return Ok(Synced::default());
        }
        self.write(async |transaction| {
            let synced = sync(transaction, now, wanted).await?;
            put_fact(CONFIG, digest).execute(transaction).await?;
            Ok(synced)
        })
        .await
    }
}

async fn sync(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    wanted: &[Wanted],
) -> Result<Synced, sqlx::Error> {
    let rows: Vec<Known> = sqlx::query_as(
        "SELECT domain, account, wanted, inputs, renew_before, parked_inputs FROM certificate",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut known: HashMap<String, Known> = rows
        .into_iter()
        .map(|row| (row.domain.clone(), row))
        .collect();
    let mut synced = Synced::default();
    for entry in wanted {
        let row = known.remove(&entry.domain);
        if row.as_ref().is_some_and(|row| same(row, entry)) {
            continue;
        }
        write(connection, now, entry, row.is_some()).await?;
        let domain = entry.domain.clone();
        let parked_inputs = row.as_ref().and_then(|row| row.parked_inputs.as_ref());
        if parked_inputs.is_some_and(|inputs| *inputs != entry.inputs) {
            synced.resumed.push(domain.clone());
        }
        match row {
            Some(row) if row.wanted => synced.changed.push(domain),
            _ => synced.added.push(domain),
        }
    }
    let mut removed: Vec<String> = known
        .into_values()
        .filter(|row| row.wanted)
        .map(|row| row.domain)
        .collect();
    removed.sort();
    for domain in &removed {
        note(connection, now, domain, Note::Removed, &[]).await?;
    }
    for entry in wanted {
        sync_targets(connection, now, &entry.domain, &entry.targets).await?;
    }
    synced.removed = removed;
    Ok(synced)
}

fn same(row: &Known, entry: &Wanted) -> bool {
    row.wanted
        && row.account == entry.account
        && row.inputs == entry.inputs
        && row.renew_before == entry.renew_before.num_milliseconds()
}

/// What is new or changed is looked at in the next pass, which sets its times.
async fn write(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    entry: &Wanted,
    is_known: bool,
) -> Result<(), sqlx::Error> {
    if is_known {
        let edited = Note::Edited {
            account: entry.account.clone(),
            inputs: entry.inputs.clone(),
        };
        note(connection, now, &entry.domain, edited, &[]).await?;
    }
    sqlx::query(
        "INSERT INTO certificate (domain, account, wanted, inputs, renew_before, next_at, in_flight) \
         VALUES (?, ?, 1, ?, ?, ?, 1) \
         ON CONFLICT (domain) DO UPDATE SET inputs = excluded.inputs, renew_before = excluded.renew_before",
    )
    .bind(&entry.domain)
    .bind(&entry.account)
    .bind(&entry.inputs)
    .bind(entry.renew_before.num_milliseconds())
    .bind(now.timestamp_millis())
    .execute(connection)
    .await
    .map(drop)
}
