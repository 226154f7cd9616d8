//! Records and orders, and which are due.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::history::{NewEntry, append};
use super::proofs::keep_in_step;
use super::rows::{Listing, Row, record_columns, shown_until};
use super::{Store, StoreError};
use crate::lifecycle::{Closed, Order, Record, Schedule, Stage};

/// All that is written about one certificate at one moment, in one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// The record as it is now, with its open order.
    pub record: &'a Record,
    /// The order that ended.
    pub closed: Option<&'a Closed>,
    /// When to look again.
    pub schedule: Schedule,
    /// What to append to the history.
    pub history: &'a [NewEntry],
}

impl Store {
    /// The records that are due at `now`: what is in flight, what is urgent, and with `check` also what waits for a
    /// scheduled check, and what visitors may get an earlier certificate of, for its alarms. The soonest to expire first. Costs as much as there is due.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn due(&self, now: DateTime<Utc>, check: bool) -> Result<Vec<Listing>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(concat!(
            record_columns!(),
            "WHERE c.domain IN ( \
               SELECT domain FROM certificate WHERE in_flight = 1 AND next_at <= ?1 \
               UNION SELECT domain FROM certificate WHERE in_flight = 1 AND next_at > ?3 \
               UNION SELECT domain FROM certificate WHERE in_flight = 0 AND urgent_at <= ?1 AND next_at <= ?1 \
               UNION SELECT domain FROM certificate WHERE ?2 AND in_flight = 0 AND next_at <= ?1 \
               UNION SELECT domain FROM gone_back WHERE ?2 \
               UNION SELECT domain FROM delivery WHERE ?2 AND attempts > 0) \
             ORDER BY c.not_after IS NULL, c.not_after, c.domain"
        ))
        .bind(now.timestamp_millis())
        .bind(check)
        // Set by a clock that was put back since: no pause is that long. (An alarm may be; looking early is harmless.)
        .bind((now + crate::lifecycle::plan::LONGEST_PAUSE).timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.listing(row)).collect()
    }

    /// When something is due next: in flight or urgent, and with `check` also what waits for a scheduled check.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_due(&self, check: bool) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut connection = self.connection().await?;
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT min(at) FROM ( \
               SELECT min(next_at) AS at FROM certificate WHERE in_flight = 1 AND next_at IS NOT NULL \
               UNION ALL SELECT min(urgent_at) FROM certificate WHERE in_flight = 0 AND urgent_at IS NOT NULL \
               UNION ALL SELECT min(next_at) FROM certificate WHERE ?1 AND in_flight = 0 AND next_at IS NOT NULL)",
        )
        .bind(check)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(next.map(super::rows::time))
    }

    /// How many certificates are wanted.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM certificate WHERE wanted = 1")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The soonest end of validity of what visitors get of all that is wanted ([`Record::ends`]).
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn soonest_end(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut connection = self.connection().await?;
        let end: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT min(coalesce(min(c.not_after, ",
            shown_until!(),
            "), c.not_after)) FROM certificate c WHERE c.wanted = 1"
        ))
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(end.map(super::rows::time))
    }

    /// One record.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn record(&self, domain: &str) -> Result<Option<Listing>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<Row> = sqlx::query_as(concat!(record_columns!(), "WHERE c.domain = ?"))
            .bind(domain)
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        row.map(|row| self.listing(row)).transpose()
    }

    /// The records that were looked at since then, by name. Costs as much as there are.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn looked_at_since(&self, since: DateTime<Utc>) -> Result<Vec<Listing>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(concat!(
            record_columns!(),
            "WHERE c.looked_at >= ? ORDER BY c.domain"
        ))
        .bind(since.timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.listing(row)).collect()
    }

    /// Every record, by name.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn records(&self) -> Result<Vec<Listing>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(concat!(record_columns!(), "ORDER BY c.domain"))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.listing(row)).collect()
    }

    /// Writes what changed about one certificate, in one transaction: all of it is there after a crash, or none.
    ///
    /// # Errors
    /// The database can't be written; or a second open order was about to be written for the name, which the index
    /// refuses.
    pub async fn save(&self, now: DateTime<Utc>, changes: Changes<'_>) -> Result<(), StoreError> {
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

    /// Every id at the service that our orders for this name ever had.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn known_ids(&self, domain: &str) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar(
            "SELECT certificate_id FROM order_ WHERE domain = ?1 AND certificate_id IS NOT NULL \
             UNION SELECT certificate_id FROM certificate WHERE domain = ?1 AND certificate_id IS NOT NULL",
        )
        .bind(domain)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// The ids under which material of no use was found for this name: it had ended, or could not be used.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn useless_ids(&self, domain: &str) -> Result<Vec<String>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_scalar(
            "SELECT DISTINCT certificate_id FROM order_ WHERE domain = ? AND certificate_id IS NOT NULL \
             AND ending IN ('expired', 'unusable')",
        )
        .bind(domain)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// When each order of this name was opened that was made since then, cost a slot and brought no certificate; the
    /// oldest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn lost_orders_since(
        &self,
        domain: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<DateTime<Utc>>, StoreError> {
        let mut connection = self.connection().await?;
        let opened: Vec<i64> = sqlx::query_scalar(
            "SELECT opened_at FROM order_ WHERE domain = ? AND opened_at > ? AND adopted = 0 \
             AND ending IN ('rejected', 'cancelled', 'gone', 'expired', 'unusable') ORDER BY opened_at",
        )
        .bind(domain)
        .bind(since.timestamp_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(opened.into_iter().map(super::rows::time).collect())
    }

    /// How many installed certificates of this account should have been renewed by now and have no order yet: what first
    /// orders must leave slots for.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn renewals_waiting(
        &self,
        account: &str,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError> {
        let mut connection = self.connection().await?;
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM certificate c WHERE c.account = ?1 AND c.wanted = 1 AND c.paused_at IS NULL \
             AND c.not_after - c.renew_before <= ?2 \
             AND NOT EXISTS (SELECT 1 FROM order_ o WHERE o.domain = c.domain AND o.closed_at IS NULL)",
        )
        .bind(account)
        .bind(now.timestamp_millis())
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// What is installed and wanted of those whose certificate lies in this account: name and id.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn installed_of(&self, account: &str) -> Result<Vec<(String, String)>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_as(
            "SELECT domain, certificate_id FROM certificate \
             WHERE held_account = ? AND certificate_id IS NOT NULL AND wanted = 1 ORDER BY domain",
        )
        .bind(account)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// The parked records of this account.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn parked(&self, account: &str) -> Result<Vec<Listing>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = sqlx::query_as(concat!(
            record_columns!(),
            "WHERE c.account = ? AND c.parked_at IS NOT NULL AND c.wanted = 1 ORDER BY c.domain"
        ))
        .bind(account)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter().map(|row| self.listing(row)).collect()
    }

    /// Makes everything of this account that waits be looked at in the next pass. Whoever must still wait is told so
    /// then.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn wake(&self, account: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query(
            "UPDATE certificate SET next_at = ?1 \
             WHERE account = ?2 AND in_flight = 1 AND next_at IS NOT NULL AND next_at > ?1",
        )
        .bind(now.timestamp_millis())
        .bind(account)
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }
}

async fn save(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    changes: Changes<'_>,
) -> Result<(), sqlx::Error> {
    if let Some(Closed { order, ending }) = changes.closed {
        write_order(connection, now, &changes.record.domain, order).await?;
        sqlx::query("UPDATE order_ SET closed_at = ?, ending = ? WHERE id = ?")
            .bind(now.timestamp_millis())
            .bind(ending.name())
            .bind(&order.id)
            .execute(&mut *connection)
            .await?;
    }
    if let Some(order) = &changes.record.order {
        write_order(connection, now, &changes.record.domain, order).await?;
    }
    keep_in_step(
        connection,
        now,
        changes.record.order.as_ref(),
        changes.closed,
    )
    .await?;
    write_record(connection, now, changes.record, changes.schedule).await?;
    append(connection, now, changes.history).await
}

async fn write_record(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    record: &Record,
    schedule: Schedule,
) -> Result<(), sqlx::Error> {
    let held = record.held.as_ref();
    let last = record.retry.last.as_ref();
    let parked = record.parked.as_ref();
    let foreign = record.foreign.as_ref();
    let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    sqlx::query(
        "UPDATE certificate SET certificate_id = ?2, held_account = ?3, not_before = ?4, not_after = ?5, \
         fingerprint = ?6, installed_at = ?7, failures = ?8, lost_orders = ?9, retry_at = ?10, without_link = ?11, \
         last_class = ?12, last_code = ?13, last_error = ?14, last_request_id = ?15, forced_at = ?16, \
         foreign_order = ?17, parked_reason = ?18, parked_remedy = ?19, parked_inputs = ?20, parked_at = ?21, \
         next_at = ?22, in_flight = ?23, urgent_at = ?24, looked_at = ?25, unvalidated = ?26, alarmed = ?27, \
         dead_status = ?28, foreign_since = ?29, foreign_outwaited = ?30 WHERE domain = ?1",
    )
    .bind(&record.domain)
    .bind(held.map(|held| held.certificate_id.as_str()))
    .bind(held.map(|held| held.account.as_str()))
    .bind(millis(held.map(|held| held.not_before)))
    .bind(millis(held.map(|held| held.not_after)))
    .bind(held.map(|held| held.fingerprint.as_str()))
    .bind(millis(held.map(|held| held.installed_at)))
    .bind(record.retry.failures)
    .bind(record.retry.lost_orders)
    .bind(millis(record.retry.not_before))
    .bind(record.retry.without_link)
    .bind(last.map(|last| last.class.name()))
    .bind(last.and_then(|last| last.code.as_deref()))
    .bind(last.map(|last| last.message.as_str()))
    .bind(last.and_then(|last| last.request_id.as_deref()))
    .bind(millis(record.forced))
    .bind(foreign.map(|foreign| foreign.certificate_id.as_str()))
    .bind(parked.map(|parked| parked.reason.as_str()))
    .bind(parked.map(|parked| parked.remedy.as_str()))
    .bind(parked.map(|parked| parked.inputs.as_str()))
    .bind(millis(parked.map(|parked| parked.since)))
    .bind(millis(schedule.at))
    .bind(schedule.in_flight)
    .bind(millis(schedule.urgent_at))
    .bind(now.timestamp_millis())
    .bind(record.retry.unvalidated)
    .bind(record.alarmed)
    .bind(record.dead)
    .bind(millis(foreign.map(|foreign| foreign.since)))
    .bind(foreign.is_some_and(|foreign| foreign.outwaited))
    .execute(connection)
    .await
    .map(drop)
}

async fn write_order(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
    order: &Order,
) -> Result<(), sqlx::Error> {
    let (signed_at, looks) = match &order.stage {
        Stage::Intended { signed_at, looks } => (Some(signed_at.timestamp_millis()), *looks),
        Stage::Pending { .. } | Stage::Issued { .. } => (None, 0),
    };
    let (since, deadline, status, stalled) = match &order.stage {
        Stage::Pending {
            since,
            deadline,
            status,
            stalled,
            ..
        } => (
            Some(since.timestamp_millis()),
            deadline.map(|at| at.timestamp_millis()),
            *status,
            *stalled,
        ),
        Stage::Intended { .. } | Stage::Issued { .. } => (None, None, 0, false),
    };
    // The signed timestamp stays once written: it tells when a lost application was made.
    sqlx::query(
        "INSERT INTO order_ (id, domain, account, marker, algorithm, link, renewal, adopted, stage, certificate_id, \
         signed_at, looks, since, deadline, status, stalled, opened_at, method) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
         ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, certificate_id = excluded.certificate_id, \
         signed_at = coalesce(excluded.signed_at, signed_at), looks = excluded.looks, since = excluded.since, \
         deadline = excluded.deadline, status = excluded.status, stalled = excluded.stalled",
    )
    .bind(&order.id)
    .bind(domain)
    .bind(&order.account)
    .bind(&order.marker)
    .bind(order.algorithm.name())
    .bind(order.link.as_deref())
    .bind(order.renewal)
    .bind(order.adopted)
    .bind(order.stage.name())
    .bind(order.stage.certificate_id())
    .bind(signed_at)
    .bind(looks)
    .bind(since)
    .bind(deadline)
    .bind(status)
    .bind(stalled)
    .bind(now.timestamp_millis())
    .bind(order.method.name())
    .execute(connection)
    .await
    .map(drop)
}
