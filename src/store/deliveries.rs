//! Where installed certificates go: a row for each target, what the operator went back to, and what was said to be
//! delivered. What a row becomes is the lifecycle's to say: here it is read, settled and written in one transaction.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};

use super::Store;
use super::history::{NewEntry, append};
use super::rows::{Columns, json, millis};
use crate::lifecycle::delivery::{Deliveries, Delivery, TargetKind, Trigger, Wanted, sync};
use crate::store::StoreError;

/// One target, and whose it is.
pub(super) struct Row {
    pub(super) domain: String,
    pub(super) delivery: Delivery,
}

/// A certificate by its fingerprint and its end, from the two columns of these names.
fn certificate(
    row: &SqliteRow,
    fingerprint: &str,
    not_after: &str,
) -> Result<Option<Wanted>, sqlx::Error> {
    let fingerprint: Option<String> = row.try_get(fingerprint)?;
    let both = fingerprint.zip(row.maybe_time(not_after)?);
    Ok(both.map(|(fingerprint, not_after)| Wanted {
        fingerprint,
        not_after,
    }))
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            domain: row.try_get("domain")?,
            delivery: Delivery {
                target: row.try_get("target")?,
                title: row.try_get("title")?,
                state: row.json("state", "state of a delivery")?,
                delivered: certificate(row, "delivered", "delivered_not_after")?,
                attempts: row.try_get("attempts")?,
                next_at: row.maybe_time("next_at")?,
                last_error: row.try_get("last_error")?,
                seen: row.try_get("seen")?,
                seen_at: row.maybe_time("seen_at")?,
            },
        })
    }
}

/// What is known of a certificate beside its targets.
struct Head(Deliveries);

impl FromRow<'_, SqliteRow> for Head {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Deliveries {
            domain: row.try_get("domain")?,
            wanted: certificate(row, "fingerprint", "not_after")?,
            certificate_id: row.try_get("certificate_id")?,
            rolled_back: row.try_get("rolled_back")?,
            renewal: row.try_get("renewal")?,
            announced: row.try_get("announced")?,
            rows: Vec::new(),
        }))
    }
}

/// Begins a query for [`Head`].
macro_rules! select_heads {
    () => {
        "SELECT c.domain, coalesce(r.fingerprint, c.fingerprint) AS fingerprint, \
         coalesce(r.not_after, c.not_after) AS not_after, c.certificate_id, \
         r.fingerprint IS NOT NULL AS rolled_back, \
         EXISTS (SELECT 1 FROM order_ o WHERE o.domain = c.domain AND o.certificate_id = c.certificate_id \
         AND o.ending = 'installed' AND o.renewal = 1 AND o.adopted = 0) AS renewal, \
         coalesce(a.fingerprint = c.fingerprint, 0) AS announced \
         FROM certificate c LEFT JOIN gone_back r ON r.domain = c.domain AND r.over = c.fingerprint \
         LEFT JOIN announced a ON a.domain = c.domain "
    };
}

impl Store {
    /// The targets of one certificate. `None` where there is no such certificate.
    ///
    /// # Errors
    /// The database can't be read, or holds a word that this version does not know.
    pub async fn deliveries(&self, domain: &str) -> Result<Option<Deliveries>, StoreError> {
        self.read(async |connection| read(connection, domain).await)
            .await
    }

    /// The targets of every certificate, by name: two queries, however many there are.
    ///
    /// # Errors
    /// The database can't be read, or holds a word that this version does not know.
    pub async fn all_deliveries(&self) -> Result<HashMap<String, Deliveries>, StoreError> {
        let heads: Vec<Head> = self.all(sqlx::query_as(select_heads!())).await?;
        let rows: Vec<Row> = self
            .all(sqlx::query_as(
                "SELECT * FROM delivery ORDER BY domain, kind, title, target",
            ))
            .await?;
        let heads = heads.into_iter().map(|Head(known)| known);
        let mut all: HashMap<String, Deliveries> =
            heads.map(|known| (known.domain.clone(), known)).collect();
        for row in rows {
            if let Some(known) = all.get_mut(&row.domain) {
                known.rows.push(row.delivery);
            }
        }
        Ok(all)
    }

    /// Has `settle` say what becomes of one certificate's targets, and writes that with what it gives for the history:
    /// all of it is there after a crash, or none. `None` where there is no such certificate.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn settle_deliveries(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        settle: impl FnOnce(&mut Deliveries) -> Vec<NewEntry> + Send,
    ) -> Result<Option<Deliveries>, StoreError> {
        self.write(async |transaction| {
            let Some(before) = read(transaction, domain).await? else {
                return Ok(None);
            };
            let mut known = before.clone();
            let history = settle(&mut known);
            write(transaction, domain, &before.rows, &known.rows).await?;
            if known.announced && !before.announced {
                announce(transaction, &known).await?;
            }
            append(transaction, now, &history).await?;
            Ok(Some(known))
        })
        .await
    }

    /// What follows for one certificate's targets from something that happened beside their own steps.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn trigger_delivery(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        trigger: Trigger<'_>,
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            let rows = rows_of(transaction, domain).await?;
            pull(transaction, now, rows, trigger).await
        })
        .await
    }

    /// What follows for the targets of all certificates that it `concerns`, each given with its certificate's name.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn trigger_deliveries(
        &self,
        now: DateTime<Utc>,
        trigger: Trigger<'_>,
        concerns: impl Fn(&str, &Delivery) -> bool + Send,
    ) -> Result<(), StoreError> {
        // Those that it can't concern are not even read.
        let select = match trigger {
            Trigger::Check { .. } => {
                "SELECT * FROM delivery WHERE next_at IS NULL ORDER BY domain, target"
            }
            Trigger::Retry => "SELECT * FROM delivery WHERE attempts > 0 ORDER BY domain, target",
            _ => "SELECT * FROM delivery ORDER BY domain, target",
        };
        self.write(async |transaction| {
            let all = sqlx::query(select).fetch_all(&mut *transaction).await?;
            // What another version wrote is its own certificate's trouble, and nobody else's.
            let readable = all.iter().filter_map(|row| Row::from_row(row).ok());
            let rows = readable
                .filter(|row| concerns(&row.domain, &row.delivery))
                .collect();
            pull(transaction, now, rows, trigger).await
        })
        .await
    }

    /// Notes that the operator went back to this certificate; `None` ends that.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn set_rollback(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        back_to: Option<&Wanted>,
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            let query = match back_to {
                None => sqlx::query("DELETE FROM gone_back WHERE domain = ?").bind(domain),
                Some(wanted) => sqlx::query(
                    "INSERT INTO gone_back (domain, over, fingerprint, not_after) \
                     SELECT domain, fingerprint, ?2, ?3 FROM certificate WHERE domain = ?1 AND fingerprint IS NOT NULL \
                     ON CONFLICT (domain) DO UPDATE SET over = excluded.over, fingerprint = excluded.fingerprint, \
                     not_after = excluded.not_after",
                )
                .bind(domain)
                .bind(&wanted.fingerprint)
                .bind(wanted.not_after.timestamp_millis()),
            };
            query.execute(&mut *transaction).await?;
            // What visitors get ends at another time now: its alarms begin anew, and it is looked at at once.
            sqlx::query(
                "UPDATE certificate SET alarmed = NULL, next_at = ?2, in_flight = 1 WHERE domain = ?1",
            )
            .bind(domain)
            .bind(now.timestamp_millis())
            .execute(transaction)
            .await
            .map(drop)
        })
        .await
    }
}

/// Where the record says that another certificate is installed than before: targets are due, what was gone back to is over,
/// and so is what was wrong with the live folder, for all of it was written anew. To be called in the transaction that writes the record: a crash can't leave one without the other.
pub(super) async fn installed(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
) -> Result<(), sqlx::Error> {
    for over in [
        "DELETE FROM gone_back WHERE domain = ?",
        "DELETE FROM live_trouble WHERE domain = ?",
    ] {
        let over = sqlx::query(over).bind(domain);
        over.execute(&mut *connection).await?;
    }
    let rows = rows_of(connection, domain).await?;
    pull(connection, now, rows, Trigger::Installed).await
}

/// Takes in the targets of one certificate of the config.
pub(super) async fn sync_targets(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
    targets: &[Delivery],
) -> Result<(), sqlx::Error> {
    let rows = rows_of(connection, domain).await?.into_iter();
    let known: Vec<Delivery> = rows.map(|row| row.delivery).collect();
    if known.iter().all(|row| row.kind() == TargetKind::Failure) && !targets.is_empty() {
        // A certificate that was there before it had any target was told of when it was installed.
        sqlx::query(
            "INSERT OR IGNORE INTO announced (domain, fingerprint) \
             SELECT domain, fingerprint FROM certificate WHERE domain = ? AND fingerprint IS NOT NULL",
        )
        .bind(domain)
        .execute(&mut *connection)
        .await?;
    }
    let synced = sync(known.clone(), targets, now);
    write(connection, domain, &known, &synced).await
}

async fn read(
    connection: &mut SqliteConnection,
    domain: &str,
) -> Result<Option<Deliveries>, sqlx::Error> {
    let head = sqlx::query_as(concat!(select_heads!(), "WHERE c.domain = ?")).bind(domain);
    let Some(Head(known)) = head.fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let rows = rows_of(connection, domain).await?.into_iter();
    Ok(Some(Deliveries {
        rows: rows.map(|row| row.delivery).collect(),
        ..known
    }))
}

async fn rows_of(connection: &mut SqliteConnection, domain: &str) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM delivery WHERE domain = ? ORDER BY kind, title, target")
        .bind(domain)
        .fetch_all(connection)
        .await
}

/// Writes what follows from a trigger.
async fn pull(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    rows: Vec<Row>,
    trigger: Trigger<'_>,
) -> Result<(), sqlx::Error> {
    for Row {
        domain,
        mut delivery,
    } in rows
    {
        if delivery.trigger(trigger, now) {
            put(connection, &domain, &delivery).await?;
        }
    }
    Ok(())
}

/// Writes what changed between the two.
async fn write(
    connection: &mut SqliteConnection,
    domain: &str,
    before: &[Delivery],
    after: &[Delivery],
) -> Result<(), sqlx::Error> {
    let is_gone = |old: &&Delivery| after.iter().all(|row| row.target != old.target);
    for gone in before.iter().filter(is_gone) {
        sqlx::query("DELETE FROM delivery WHERE domain = ? AND target = ?")
            .bind(domain)
            .bind(&gone.target)
            .execute(&mut *connection)
            .await?;
    }
    for changed in after.iter().filter(|row| !before.contains(row)) {
        put(connection, domain, changed).await?;
    }
    Ok(())
}

pub(super) async fn put(
    connection: &mut SqliteConnection,
    domain: &str,
    row: &Delivery,
) -> Result<(), sqlx::Error> {
    let delivered = row.delivered.as_ref();
    sqlx::query(
        "INSERT INTO delivery (domain, target, kind, title, state, delivered, delivered_not_after, attempts, next_at, \
         last_error, seen, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
         ON CONFLICT (domain, target) DO UPDATE SET title = excluded.title, state = excluded.state, \
         delivered = excluded.delivered, delivered_not_after = excluded.delivered_not_after, \
         attempts = excluded.attempts, next_at = excluded.next_at, last_error = excluded.last_error, \
         seen = excluded.seen, seen_at = excluded.seen_at",
    )
    .bind(domain)
    .bind(&row.target)
    .bind(row.kind().name())
    .bind(&row.title)
    .bind(json("state of a delivery", &row.state)?)
    .bind(delivered.map(|delivered| delivered.fingerprint.as_str()))
    .bind(millis(delivered.map(|delivered| delivered.not_after)))
    .bind(row.attempts)
    .bind(millis(row.next_at))
    .bind(row.last_error.as_deref())
    .bind(row.seen.as_deref())
    .bind(millis(row.seen_at))
    .execute(connection)
    .await
    .map(drop)
}

/// Notes that it was said that this certificate is delivered.
async fn announce(
    connection: &mut SqliteConnection,
    known: &Deliveries,
) -> Result<(), sqlx::Error> {
    let wanted = known.wanted.as_ref();
    sqlx::query(
        "INSERT INTO announced (domain, fingerprint) VALUES (?, ?) \
         ON CONFLICT (domain) DO UPDATE SET fingerprint = excluded.fingerprint",
    )
    .bind(&known.domain)
    .bind(wanted.map(|wanted| wanted.fingerprint.as_str()))
    .execute(&mut *connection)
    .await?;
    // Alarms since the installation were about what was served until now.
    sqlx::query("UPDATE certificate SET alarmed = NULL WHERE domain = ?")
        .bind(&known.domain)
        .execute(connection)
        .await
        .map(drop)
}
