//! Where installed certificates go: a row for each target, and what the operator went back to.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteConnection};

use super::history::{NewEntry, append};
use super::rows::time;
use super::{Store, StoreError};
use crate::lifecycle::delivery::{Bound, Delivery, Kind, Stage, Wanted};

/// One target of the config, as far as the store is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedTarget {
    /// Names it: a digest of its settings.
    pub target: String,
    /// Its kind.
    pub kind: Kind,
    /// A few words for people.
    pub title: String,
}

/// The targets of one certificate, and what they should have.
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// The certificate.
    pub domain: String,
    /// What every target should have; `None` before the first certificate.
    pub wanted: Option<Wanted>,
    /// Its id at the service.
    pub certificate_id: Option<String>,
    /// Whether the operator went back to it.
    pub rolled_back: bool,
    /// Whether it renewed an earlier one by an order of ours.
    pub renewal: bool,
    /// Whether it was said already that it is delivered.
    pub announced: bool,
    /// One for each target.
    pub rows: Vec<Delivery>,
}

/// All that is written about one certificate's targets at one moment, in one transaction.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryChanges<'a> {
    /// The certificate.
    pub domain: &'a str,
    /// What its targets should have, as far as the writer knew. Where that changed meanwhile, the rows stay due.
    pub wanted: Option<&'a Wanted>,
    /// Those of its rows that changed, as they are now.
    pub rows: &'a [&'a Delivery],
    /// Set when it is said that this certificate is delivered.
    pub announced: Option<&'a str>,
    /// What to append to the history.
    pub history: &'a [NewEntry],
}

/// The columns of a target; used by every query that reads them.
macro_rules! delivery_columns {
    () => {
        "target, kind, title, delivered, delivered_not_after, aim, stage, since, attempts, next_at, last_error, seen, \
         seen_at, forced, task, bound_count, before_id, balancer IS NOT NULL AS holds_balancer, went_back"
    };
}
pub(super) use delivery_columns;

#[derive(FromRow)]
pub(super) struct Row {
    target: String,
    kind: String,
    title: String,
    delivered: Option<String>,
    delivered_not_after: Option<i64>,
    aim: Option<String>,
    stage: String,
    since: Option<i64>,
    attempts: u32,
    next_at: Option<i64>,
    last_error: Option<String>,
    seen: Option<String>,
    seen_at: Option<i64>,
    forced: bool,
    task: Option<String>,
    bound_count: Option<i64>,
    before_id: Option<String>,
    holds_balancer: bool,
    went_back: Option<String>,
}

#[derive(FromRow)]
pub(super) struct Head {
    fingerprint: Option<String>,
    not_after: Option<i64>,
    certificate_id: Option<String>,
    rolled_back: bool,
    renewal: bool,
    announced: bool,
}

impl Head {
    pub(super) fn with_rows(self, domain: String, rows: Vec<Delivery>) -> Deliveries {
        let wanted = self.fingerprint.zip(self.not_after);
        Deliveries {
            domain,
            wanted: wanted.map(|(fingerprint, not_after)| Wanted {
                fingerprint,
                not_after: time(not_after),
            }),
            certificate_id: self.certificate_id,
            rolled_back: self.rolled_back,
            renewal: self.renewal,
            announced: self.announced,
            rows,
        }
    }
}

impl Store {
    /// The targets of one certificate. `None` where there is no such certificate.
    ///
    /// # Errors
    /// The database can't be read, or holds a word that this version does not know.
    pub async fn deliveries(&self, domain: &str) -> Result<Option<Deliveries>, StoreError> {
        let mut connection = self.connection().await?;
        let head: Option<Head> = sqlx::query_as(
            "SELECT coalesce(r.fingerprint, c.fingerprint) AS fingerprint, \
             coalesce(r.not_after, c.not_after) AS not_after, c.certificate_id, \
             r.fingerprint IS NOT NULL AS rolled_back, \
             EXISTS (SELECT 1 FROM order_ o WHERE o.domain = c.domain AND o.certificate_id = c.certificate_id \
             AND o.ending = 'installed' AND o.renewal = 1 AND o.adopted = 0) AS renewal, \
             coalesce(a.fingerprint = c.fingerprint, 0) AS announced \
             FROM certificate c LEFT JOIN gone_back r ON r.domain = c.domain AND r.over = c.fingerprint \
             LEFT JOIN announced a ON a.domain = c.domain WHERE c.domain = ?",
        )
        .bind(domain)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        let Some(head) = head else { return Ok(None) };
        let rows: Vec<Row> = sqlx::query_as(concat!(
            "SELECT ",
            delivery_columns!(),
            " FROM delivery WHERE domain = ? ORDER BY kind, title, target"
        ))
        .bind(domain)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        let rows = rows
            .into_iter()
            .map(|row| self.delivery(row))
            .collect::<Result<_, _>>()?;
        Ok(Some(head.with_rows(domain.to_owned(), rows)))
    }

    pub(super) fn delivery(&self, row: Row) -> Result<Delivery, StoreError> {
        let Some(kind) = Kind::from_name(&row.kind) else {
            return Err(self.unreadable("kind of target", row.kind));
        };
        let Some(stage) = Stage::from_name(&row.stage) else {
            return Err(self.unreadable("stage of a delivery", row.stage));
        };
        Ok(Delivery {
            target: row.target,
            kind,
            title: row.title,
            delivered: row.delivered,
            delivered_not_after: row.delivered_not_after.map(time),
            aim: row.aim,
            stage,
            since: row.since.map(time),
            attempts: row.attempts,
            next_at: row.next_at.map(time),
            last_error: row.last_error,
            seen: row.seen,
            seen_at: row.seen_at.map(time),
            forced: row.forced,
            task: row.task,
            cloud: Bound {
                count: row.bound_count.and_then(|count| u64::try_from(count).ok()),
                before: row.before_id,
                holds_balancer: row.holds_balancer,
            },
            went_back: row.went_back,
        })
    }

    /// Writes the targets of one certificate in one transaction: all of it is there after a crash, or none.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn save_deliveries(
        &self,
        now: DateTime<Utc>,
        changes: DeliveryChanges<'_>,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let mut transaction = connection
            .begin_writing()
            .await
            .map_err(|error| self.failed(error))?;
        save(&mut transaction, now, changes)
            .await
            .map_err(|error| self.failed(error))?;
        transaction
            .commit()
            .await
            .map_err(|error| self.failed(error))
    }

    /// Makes every target of a certificate due again from its beginning, whatever it has.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn deliver_again(&self, now: DateTime<Utc>, domain: &str) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query(
            "UPDATE delivery SET delivered = CASE kind WHEN 'verify' THEN delivered END, attempts = 0, next_at = ?2, \
             forced = 1, task = CASE kind WHEN 'cloud' THEN task END, stage = CASE WHEN stage IN ('undoing', 'undoing-all', 'reloading-old') THEN stage \
             ELSE 'idle' END WHERE domain = ?1 AND kind <> 'failure'",
        )
        .bind(domain)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
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
        let mut connection = self.connection().await?;
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
        let write = async {
            let mut transaction = connection.begin_writing().await?;
            query.execute(&mut *transaction).await?;
            // What visitors get ends at another time now: its alarms begin anew, and it is looked at at once.
            sqlx::query(
                "UPDATE certificate SET alarmed = NULL, next_at = ?2, in_flight = 1 WHERE domain = ?1",
            )
            .bind(domain)
            .bind(now.timestamp_millis())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        };
        write.await.map_err(|error| self.failed(error))
    }
}

async fn save(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    changes: DeliveryChanges<'_>,
) -> Result<(), sqlx::Error> {
    for row in changes.rows {
        write(connection, changes.domain, row).await?;
    }
    if let Some(fingerprint) = changes.announced {
        sqlx::query(
            "INSERT INTO announced (domain, fingerprint) VALUES (?, ?) \
             ON CONFLICT (domain) DO UPDATE SET fingerprint = excluded.fingerprint",
        )
        .bind(changes.domain)
        .bind(fingerprint)
        .execute(&mut *connection)
        .await?;
        // Alarms since the installation were about what was served until now.
        sqlx::query("UPDATE certificate SET alarmed = NULL WHERE domain = ?")
            .bind(changes.domain)
            .execute(&mut *connection)
            .await?;
    }
    // A newer certificate may have come while a command ran: its targets must not be put to rest by this write.
    sqlx::query(
        "UPDATE delivery SET next_at = ?3 WHERE domain = ?1 AND kind <> 'failure' AND next_at IS NULL \
         AND ?2 IS NOT (SELECT coalesce(r.fingerprint, c.fingerprint) FROM certificate c LEFT JOIN gone_back r \
         ON r.domain = c.domain AND r.over = c.fingerprint WHERE c.domain = ?1)",
    )
    .bind(changes.domain)
    .bind(changes.wanted.map(|wanted| wanted.fingerprint.as_str()))
    .bind(now.timestamp_millis())
    .execute(&mut *connection)
    .await?;
    append(connection, now, changes.history).await
}

async fn write(
    connection: &mut SqliteConnection,
    domain: &str,
    row: &Delivery,
) -> Result<(), sqlx::Error> {
    let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    // An update alone: a row that the config dropped meanwhile must not come back.
    sqlx::query(
        "UPDATE delivery SET delivered = ?3, delivered_not_after = ?4, aim = ?5, stage = ?6, since = ?7, \
         attempts = ?8, next_at = ?9, last_error = ?10, seen = ?11, seen_at = ?12, forced = ?13, task = ?14, \
         bound_count = ?15, before_id = ?16, balancer = CASE WHEN ?17 THEN balancer END, \
         balancer_since = CASE WHEN ?17 THEN balancer_since END, went_back = ?18 \
         WHERE domain = ?1 AND target = ?2",
    )
    .bind(domain)
    .bind(&row.target)
    .bind(row.delivered.as_deref())
    .bind(millis(row.delivered_not_after))
    .bind(row.aim.as_deref())
    .bind(row.stage.name())
    .bind(millis(row.since))
    .bind(row.attempts)
    .bind(millis(row.next_at))
    .bind(row.last_error.as_deref())
    .bind(row.seen.as_deref())
    .bind(millis(row.seen_at))
    .bind(row.forced)
    .bind(row.task.as_deref())
    .bind(row.cloud.count.and_then(|count| i64::try_from(count).ok()))
    .bind(row.cloud.before.as_deref())
    .bind(row.cloud.holds_balancer)
    .bind(row.went_back.as_deref())
    .execute(connection)
    .await
    .map(drop)
}

/// Takes in the targets of one certificate of the config: those that are new are due, those that it no longer has go.
pub(super) async fn sync_targets(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
    targets: &[WantedTarget],
) -> Result<(), sqlx::Error> {
    let known: Vec<String> = sqlx::query_scalar("SELECT target FROM delivery WHERE domain = ?")
        .bind(domain)
        .fetch_all(&mut *connection)
        .await?;
    let had_any: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM delivery WHERE domain = ? AND kind <> 'failure')",
    )
    .bind(domain)
    .fetch_one(&mut *connection)
    .await?;
    if !had_any && !targets.is_empty() {
        // A certificate that was there before it had any target was told of when it was installed.
        sqlx::query(
            "INSERT OR IGNORE INTO announced (domain, fingerprint) \
             SELECT domain, fingerprint FROM certificate WHERE domain = ? AND fingerprint IS NOT NULL",
        )
        .bind(domain)
        .execute(&mut *connection)
        .await?;
    }
    for gone in known
        .iter()
        .filter(|key| targets.iter().all(|target| target.target != **key))
    {
        sqlx::query("DELETE FROM delivery WHERE domain = ? AND target = ?")
            .bind(domain)
            .bind(gone)
            .execute(&mut *connection)
            .await?;
    }
    for target in targets {
        sqlx::query(
            "INSERT INTO delivery (domain, target, kind, title, next_at) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (domain, target) DO UPDATE SET title = excluded.title",
        )
        .bind(domain)
        .bind(&target.target)
        .bind(target.kind.name())
        .bind(&target.title)
        .bind((target.kind != Kind::Failure).then_some(now.timestamp_millis()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
