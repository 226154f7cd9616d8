//! A certificate's row and that of its open order ↔ [`Record`].

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};

use super::rows::{Columns, millis, span};
use crate::lifecycle::{
    Algorithm, Class, Failure, Foreign, Installed, Method, Order, Parked, Record, Retry, Schedule,
    Stage, Stall,
};

/// A record with what only listings need.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The record.
    pub record: Record,
    /// When it is looked at next.
    pub next_at: Option<DateTime<Utc>>,
    /// When it was looked at last.
    pub looked_at: Option<DateTime<Utc>>,
    /// How long before the end it is renewed, as the daemon last read it.
    pub renew_before: TimeDelta,
    /// The digest of its inputs, as the daemon last read them.
    pub inputs: String,
}

/// When that ends which visitors get instead of what is installed ([`Record::shown_until`]): what was gone back to, what a
/// copy still is, what a server was seen to serve still. For a query over `certificate c`.
macro_rules! shown_until {
    () => {
        "(SELECT min(shown) FROM (SELECT r.not_after AS shown FROM gone_back r \
         WHERE r.domain = c.domain AND r.over = c.fingerprint \
         UNION ALL SELECT d.delivered_not_after FROM delivery d \
         WHERE d.domain = c.domain AND d.attempts > 0 AND d.delivered IS NOT NULL AND d.delivered <> c.fingerprint \
         AND (d.kind = 'install' OR d.kind = 'verify' AND d.seen = d.delivered)))"
    };
}
pub(super) use shown_until;

/// A query of records with their open orders, up to its condition.
macro_rules! select_records {
    () => {
        concat!(
            "SELECT c.*, ",
            $crate::store::records::shown_until!(),
            " AS shown_until, \
             o.id AS o_id, o.account AS o_account, o.marker AS o_marker, o.algorithm AS o_algorithm, \
             o.method AS o_method, o.link AS o_link, o.renewal AS o_renewal, o.adopted AS o_adopted, \
             o.stage AS o_stage, o.certificate_id AS o_certificate_id, o.signed_at AS o_signed_at, \
             o.looks AS o_looks, o.since AS o_since, o.deadline AS o_deadline, o.status AS o_status, \
             o.stalled AS o_stalled \
             FROM certificate c LEFT JOIN order_ o ON o.domain = c.domain AND o.closed_at IS NULL "
        )
    };
}
pub(super) use select_records;

impl FromRow<'_, SqliteRow> for Listing {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            record: record(row)?,
            next_at: row.maybe_time("next_at")?,
            looked_at: row.maybe_time("looked_at")?,
            renew_before: span(row.try_get("renew_before")?),
            inputs: row.try_get("inputs")?,
        })
    }
}

fn record(row: &SqliteRow) -> Result<Record, sqlx::Error> {
    Ok(Record {
        domain: row.try_get("domain")?,
        account: row.try_get("account")?,
        wanted: row.try_get("wanted")?,
        installed: installed(row)?,
        order: order(row)?,
        retry: Retry {
            failures: row.try_get("failures")?,
            lost_orders: row.try_get("lost_orders")?,
            unvalidated: row.try_get("unvalidated")?,
            not_before: row.maybe_time("retry_at")?,
            last: last_failure(row)?,
            without_link: row.try_get("without_link")?,
        },
        forced: row.maybe_time("forced_at")?,
        parked: parked(row)?,
        paused: row.maybe_time("paused_at")?,
        foreign: foreign(row)?,
        waits_since: row.maybe_time("waits_since")?,
        alarmed: row.try_get("alarmed")?,
        dead: row.try_get("dead_status")?,
        shown_until: row.maybe_time("shown_until")?,
    })
}

fn installed(row: &SqliteRow) -> Result<Option<Installed>, sqlx::Error> {
    let Some(certificate_id) = row.try_get("certificate_id")? else {
        return Ok(None);
    };
    Ok(Some(Installed {
        certificate_id,
        account: row.try_get("held_account")?,
        not_before: row.time("not_before")?,
        not_after: row.time("not_after")?,
        fingerprint: row.try_get("fingerprint")?,
        installed_at: row.time("installed_at")?,
    }))
}

fn last_failure(row: &SqliteRow) -> Result<Option<Failure>, sqlx::Error> {
    let Some(message) = row.try_get("last_error")? else {
        return Ok(None);
    };
    Ok(Some(Failure {
        class: row.word("last_class", "class", Class::from_name)?,
        code: row.try_get("last_code")?,
        message,
        request_id: row.try_get("last_request_id")?,
    }))
}

fn parked(row: &SqliteRow) -> Result<Option<Parked>, sqlx::Error> {
    let Some(since) = row.maybe_time("parked_at")? else {
        return Ok(None);
    };
    Ok(Some(Parked {
        reason: row.try_get("parked_reason")?,
        remedy: row.try_get("parked_remedy")?,
        inputs: row.try_get("parked_inputs")?,
        since,
    }))
}

fn foreign(row: &SqliteRow) -> Result<Option<Foreign>, sqlx::Error> {
    let Some(certificate_id) = row.try_get("foreign_order")? else {
        return Ok(None);
    };
    Ok(Some(Foreign {
        certificate_id,
        since: row.time("foreign_since")?,
        outwaited: row.try_get("foreign_outwaited")?,
    }))
}

fn order(row: &SqliteRow) -> Result<Option<Order>, sqlx::Error> {
    let Some(id) = row.try_get("o_id")? else {
        return Ok(None);
    };
    Ok(Some(Order {
        id,
        marker: row.try_get("o_marker")?,
        account: row.try_get("o_account")?,
        algorithm: match row.try_get("o_algorithm")? {
            "ECC" => Algorithm::Ecc,
            _ => Algorithm::Rsa,
        },
        method: row.word("o_method", "method", Method::from_name)?,
        link: row.try_get("o_link")?,
        renewal: row.try_get("o_renewal")?,
        adopted: row.try_get("o_adopted")?,
        stage: match row.try_get("o_stage")? {
            "intended" => Stage::Intended {
                signed_at: row.time("o_signed_at")?,
                looks: row.try_get("o_looks")?,
            },
            "pending" => Stage::Pending {
                certificate_id: row.try_get("o_certificate_id")?,
                since: row.time("o_since")?,
                deadline: row.maybe_time("o_deadline")?,
                status: row.try_get("o_status")?,
                stalled: Stall::from_number(row.try_get("o_stalled")?),
            },
            // The table has no other.
            _ => Stage::Issued {
                certificate_id: row.try_get("o_certificate_id")?,
            },
        },
    }))
}

/// Writes all of a record but its orders.
pub(super) async fn write_record(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    record: &Record,
    schedule: Schedule,
) -> Result<(), sqlx::Error> {
    let installed = record.installed.as_ref();
    let last = record.retry.last.as_ref();
    let parked = record.parked.as_ref();
    let foreign = record.foreign.as_ref();
    sqlx::query(
        "UPDATE certificate SET certificate_id = ?2, held_account = ?3, not_before = ?4, not_after = ?5, \
         fingerprint = ?6, installed_at = ?7, failures = ?8, lost_orders = ?9, retry_at = ?10, without_link = ?11, \
         last_class = ?12, last_code = ?13, last_error = ?14, last_request_id = ?15, forced_at = ?16, \
         foreign_order = ?17, parked_reason = ?18, parked_remedy = ?19, parked_inputs = ?20, parked_at = ?21, \
         next_at = ?22, in_flight = ?23, urgent_at = ?24, looked_at = ?25, unvalidated = ?26, alarmed = ?27, \
         dead_status = ?28, foreign_since = ?29, foreign_outwaited = ?30, account = ?31, wanted = ?32, paused_at = ?33, \
         waits_since = ?34 \
         WHERE domain = ?1",
    )
    .bind(&record.domain)
    .bind(installed.map(|installed| installed.certificate_id.as_str()))
    .bind(installed.map(|installed| installed.account.as_str()))
    .bind(millis(installed.map(|installed| installed.not_before)))
    .bind(millis(installed.map(|installed| installed.not_after)))
    .bind(installed.map(|installed| installed.fingerprint.as_str()))
    .bind(millis(installed.map(|installed| installed.installed_at)))
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
    .bind(&record.account)
    .bind(record.wanted)
    .bind(millis(record.paused))
    .bind(millis(record.waits_since))
    .execute(connection)
    .await
    .map(drop)
}
