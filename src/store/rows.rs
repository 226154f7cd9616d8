//! Rows ↔ the lifecycle's types.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use super::{Store, StoreError};
use crate::lifecycle::{
    Algorithm, Class, Failure, Foreign, Held, Method, Order, Parked, Record, Retry, Stage,
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

/// The columns of a record and its open order; used by every query that reads them.
macro_rules! record_columns {
    () => {
        concat!(
        "SELECT c.domain, c.account, c.wanted, c.inputs, c.renew_before, c.certificate_id, c.held_account, \
         c.not_before, c.not_after, c.fingerprint, c.installed_at, c.failures, c.lost_orders, c.unvalidated, c.retry_at, \
         c.without_link, c.last_class, c.last_code, c.last_error, c.last_request_id, c.forced_at, c.foreign_order, c.alarmed, \
         c.parked_reason, c.parked_remedy, c.parked_inputs, c.parked_at, c.paused_at, c.next_at, c.looked_at, \
         c.dead_status, c.foreign_since, c.foreign_outwaited, ",
        $crate::store::rows::shown_until!(),
        " AS shown_until, \
         o.id AS o_id, o.account AS o_account, o.marker AS o_marker, o.algorithm AS o_algorithm, o.method AS o_method, \
         o.link AS o_link, \
         o.renewal AS o_renewal, o.adopted AS o_adopted, o.stage AS o_stage, o.certificate_id AS o_certificate_id, \
         o.signed_at AS o_signed_at, o.looks AS o_looks, o.since AS o_since, o.deadline AS o_deadline, \
         o.status AS o_status, o.stalled AS o_stalled \
         FROM certificate c LEFT JOIN order_ o ON o.domain = c.domain AND o.closed_at IS NULL "
        )
    };
}
pub(super) use record_columns;

#[derive(FromRow)]
pub(super) struct Row {
    domain: String,
    account: String,
    wanted: bool,
    inputs: String,
    renew_before: i64,
    certificate_id: Option<String>,
    held_account: Option<String>,
    not_before: Option<i64>,
    not_after: Option<i64>,
    fingerprint: Option<String>,
    installed_at: Option<i64>,
    failures: i64,
    lost_orders: i64,
    unvalidated: i64,
    retry_at: Option<i64>,
    without_link: bool,
    last_class: Option<String>,
    last_code: Option<String>,
    last_error: Option<String>,
    last_request_id: Option<String>,
    forced_at: Option<i64>,
    foreign_order: Option<String>,
    foreign_since: Option<i64>,
    foreign_outwaited: bool,
    dead_status: Option<i64>,
    shown_until: Option<i64>,
    alarmed: Option<i64>,
    parked_reason: Option<String>,
    parked_remedy: Option<String>,
    parked_inputs: Option<String>,
    parked_at: Option<i64>,
    paused_at: Option<i64>,
    next_at: Option<i64>,
    looked_at: Option<i64>,
    #[sqlx(flatten)]
    order: OrderRow,
}

#[derive(FromRow)]
struct OrderRow {
    o_id: Option<String>,
    o_account: Option<String>,
    o_marker: Option<String>,
    o_algorithm: Option<String>,
    o_method: Option<String>,
    o_link: Option<String>,
    o_renewal: Option<bool>,
    o_adopted: Option<bool>,
    o_stage: Option<String>,
    o_certificate_id: Option<String>,
    o_signed_at: Option<i64>,
    o_looks: Option<i64>,
    o_since: Option<i64>,
    o_deadline: Option<i64>,
    o_status: Option<i64>,
    o_stalled: Option<bool>,
}

impl Store {
    pub(super) fn listing(&self, row: Row) -> Result<Listing, StoreError> {
        let last = match (row.last_class, row.last_error) {
            (Some(name), Some(message)) => Some(Failure {
                class: class(&name).ok_or_else(|| self.unreadable("class", name))?,
                code: row.last_code,
                message,
                request_id: row.last_request_id,
            }),
            _ => None,
        };
        let parked = match (row.parked_reason, row.parked_at) {
            (Some(reason), Some(since)) => Some(Parked {
                reason,
                remedy: row.parked_remedy.unwrap_or_default(),
                inputs: row.parked_inputs.unwrap_or_default(),
                since: time(since),
            }),
            _ => None,
        };
        let held = match (row.certificate_id, row.not_before, row.not_after) {
            (Some(certificate_id), Some(not_before), Some(not_after)) => Some(Held {
                certificate_id,
                account: row.held_account.unwrap_or_else(|| row.account.clone()),
                not_before: time(not_before),
                not_after: time(not_after),
                fingerprint: row.fingerprint.unwrap_or_default(),
                installed_at: time(row.installed_at.unwrap_or(not_before)),
            }),
            _ => None,
        };
        let record = Record {
            order: self.order(row.order)?,
            domain: row.domain,
            account: row.account,
            wanted: row.wanted,
            held,
            retry: Retry {
                failures: count(row.failures),
                lost_orders: count(row.lost_orders),
                unvalidated: count(row.unvalidated),
                not_before: row.retry_at.map(time),
                last,
                without_link: row.without_link,
            },
            forced: row.forced_at.map(time),
            parked,
            paused: row.paused_at.map(time),
            foreign: row.foreign_order.map(|certificate_id| Foreign {
                certificate_id,
                since: time(row.foreign_since.unwrap_or_default()),
                outwaited: row.foreign_outwaited,
            }),
            alarmed: row.alarmed,
            dead: row.dead_status,
            shown_until: row.shown_until.map(time),
        };
        Ok(Listing {
            record,
            next_at: row.next_at.map(time),
            looked_at: row.looked_at.map(time),
            renew_before: TimeDelta::milliseconds(row.renew_before),
            inputs: row.inputs,
        })
    }

    fn order(&self, row: OrderRow) -> Result<Option<Order>, StoreError> {
        let (Some(id), Some(account), Some(marker)) = (row.o_id, row.o_account, row.o_marker)
        else {
            return Ok(None);
        };
        let word = row.o_stage.unwrap_or_default();
        let certificate_id = row.o_certificate_id.unwrap_or_default();
        let stage = match word.as_str() {
            "intended" => Stage::Intended {
                signed_at: time(row.o_signed_at.unwrap_or_default()),
                looks: count(row.o_looks.unwrap_or_default()),
            },
            "pending" => Stage::Pending {
                certificate_id,
                since: time(row.o_since.unwrap_or_default()),
                deadline: row.o_deadline.map(time),
                status: row.o_status.unwrap_or_default(),
                stalled: row.o_stalled.unwrap_or_default(),
            },
            "issued" => Stage::Issued { certificate_id },
            _ => return Err(self.unreadable("stage", word)),
        };
        let algorithm = match row.o_algorithm.as_deref() {
            Some("ECC") => Algorithm::Ecc,
            _ => Algorithm::Rsa,
        };
        let method = match row.o_method {
            Some(word) => {
                Method::from_name(&word).ok_or_else(|| self.unreadable("method", word))?
            }
            None => Method::DnsAuto,
        };
        Ok(Some(Order {
            id,
            marker,
            account,
            algorithm,
            method,
            link: row.o_link,
            renewal: row.o_renewal.unwrap_or_default(),
            adopted: row.o_adopted.unwrap_or_default(),
            stage,
        }))
    }

    pub(super) fn unreadable(&self, what: &'static str, value: String) -> StoreError {
        StoreError::Row {
            path: self.path.clone(),
            what,
            value,
        }
    }
}

/// Milliseconds of the database as a time. What is out of range is the far past, which makes it due, not lost.
pub(super) fn time(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::UNIX_EPOCH)
}

pub(super) fn class(name: &str) -> Option<Class> {
    Class::from_name(name)
}

fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
