//! Record + policy + now → the one next step. Start here.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::policy::{Policy, WINDOW};
use super::record::{Record, Stage};
use super::sighting::{DEADLINE_GRACE, Sighting, SightingState};
use super::turns::Orders;
use super::urgency;
use crate::lifecycle::hold::{Hold, HoldScope};
use crate::lifecycle::pause::lasts;

/// The one next step of a certificate.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing to do yet.
    Rest {
        /// What it waits for.
        why: Rest,
        /// When to look again; never, where only the operator can change it.
        until: Option<DateTime<Utc>>,
    },
    /// Order a certificate, unless one can be adopted.
    Order {
        /// What makes it due.
        why: Due,
        /// The `OldCertificateId` to send.
        link: Option<String>,
    },
    /// Look whether there is one that somebody else ordered.
    Seek {
        /// What makes it due.
        why: Due,
    },
    /// Search for an application whose answer never came.
    LookUp,
    /// See how far the pending order is.
    Poll,
    /// Fetch, check and install the issued material.
    Fetch,
}

/// Why a new certificate is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Due {
    /// There is none yet.
    First,
    /// It is inside its window.
    Window,
    /// It has expired.
    Expired,
    /// The service calls it dead before its end: revoked, say.
    Revoked,
    /// The operator asked for it.
    Forced,
}

impl Due {
    /// A few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::First => "there is no certificate yet",
            Self::Window => "the certificate is inside its renewal window",
            Self::Expired => "the certificate has expired",
            Self::Revoked => "the certificate is revoked or refunded at the service",
            Self::Forced => "a new one was asked for",
        }
    }
}

/// Why nothing is done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Rest {
    /// The certificate is fresh; its window opens later.
    Fresh,
    /// The service is at work on the order.
    Pending,
    /// After a failure.
    Backoff,
    /// This machine orders in its turns, and has none now.
    Turn,
    /// Somebody else orders it, and has not done so yet.
    Elsewhere,
    /// It waits for its operator.
    Parked,
    /// Its operator holds it back.
    Paused,
    /// Something that concerns more than this certificate holds it back.
    Hold(Box<Hold>),
    /// The config no longer names it.
    Removed,
}

/// Whether a new certificate is due, and why.
pub fn due(now: DateTime<Utc>, policy: &Policy, record: &Record) -> Option<Due> {
    if !record.wanted {
        return None;
    }
    let Some(installed) = &record.installed else {
        return Some(Due::First);
    };
    if installed.not_after <= now {
        Some(Due::Expired)
    } else if record.dead.is_some() {
        Some(Due::Revoked)
    } else if record.forced.is_some() {
        Some(Due::Forced)
    } else if policy.renew_at(installed) <= now {
        Some(Due::Window)
    } else {
        None
    }
}

/// The next step. Total: every record has an answer, and every answer but `Parked`, `Paused` and `Removed` has a time.
///
/// Its operator's pause goes before everything: what the service does meanwhile is found again after it. Then an open
/// order, whatever else is true: it was paid for with a slot. `holds` are those in force for the
/// account that the record acts in.
pub fn plan(now: DateTime<Utc>, policy: &Policy, record: &Record, holds: &[Hold]) -> Step {
    plan_by(now, now, policy, record, holds)
}

/// As [`plan`], where another clock decides what is due: `due_at` is the time by it. Pauses and holds were counted on ours,
/// and go by `now`.
pub fn plan_by(
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
    policy: &Policy,
    record: &Record,
    holds: &[Hold],
) -> Step {
    if record.paused.is_some() {
        return Step::Rest {
            why: Rest::Paused,
            until: None,
        };
    }
    let in_force = |scope: HoldScope| {
        holds
            .iter()
            .find(|hold| hold.scope == scope && hold.in_force(now))
    };
    let account_hold = in_force(HoldScope::Account);
    let list_hold = in_force(HoldScope::List);
    if let Some(order) = &record.order {
        if let Some(hold) = account_hold {
            return held_back(hold);
        }
        if let Some(until) = pause(record, now) {
            let why = if record.retry.failures > 0 {
                Rest::Backoff
            } else {
                Rest::Pending
            };
            return rest(why, until);
        }
        // What was not tried yet is: a right may be missing for some certificates only.
        let fetch_hold = in_force(HoldScope::Fetch).filter(|_| record.retry.failures > 0);
        return match (&order.stage, list_hold) {
            (Stage::Issued { .. }, _) => fetch_hold.map_or(Step::Fetch, held_back),
            (_, Some(hold)) => held_back(hold),
            (Stage::Intended { .. }, None) => Step::LookUp,
            (Stage::Pending { .. }, None) => Step::Poll,
        };
    }

    if !record.wanted {
        return Step::Rest {
            why: Rest::Removed,
            until: None,
        };
    }
    if policy.is_parked(record) && record.forced.is_none() {
        return Step::Rest {
            why: Rest::Parked,
            until: None,
        };
    }
    let Some(why) = due(due_at, policy, record) else {
        let until = record
            .installed
            .as_ref()
            .map(|installed| policy.renew_at(installed));
        return Step::Rest {
            why: Rest::Fresh,
            until,
        };
    };
    if let Some(until) = pause(record, now) {
        return rest(waits_for(policy, record), until);
    }
    if policy.orders.are_elsewhere() {
        return match account_hold.or(list_hold) {
            Some(hold) => held_back(hold),
            None => Step::Seek { why },
        };
    }
    let ordering_hold = holds
        .iter()
        .find(|hold| hold.in_force(now) && hold.covers(record));
    if let Some(hold) = account_hold.or(ordering_hold) {
        return held_back(hold);
    }
    Step::Order {
        why,
        link: link(due_at, record),
    }
}

/// Where the service names no deadline: a DV order that is not validated within three days is closed.
const ASSUMED_DEADLINE: TimeDelta = TimeDelta::hours(72);

/// Whether this sighting of an order of ours is to be answered by cancelling it: pending, unvalidated, and past its
/// deadline by the service's own clock.
///
/// Only ever asked of a sighting just made. An order that was issued meanwhile can't be cancelled, and by our own clock,
/// which may have jumped, every order is late.
pub fn overdue(service_now: DateTime<Utc>, record: &Record, sighting: &Sighting) -> bool {
    let ours = record.order.as_ref().is_some_and(|order| !order.adopted);
    let deadline = sighting
        .deadline
        .or_else(|| sighting.inserted.map(|at| at + ASSUMED_DEADLINE));
    ours && sighting.state == SightingState::Pending
        && !sighting.validated
        && deadline.is_some_and(|deadline| service_now > deadline + DEADLINE_GRACE)
}

/// The `OldCertificateId` for the next application: only while the old certificate is alive, inside the service's own
/// window and in the same account. Otherwise the service refuses, so the application goes without.
pub fn link(now: DateTime<Utc>, record: &Record) -> Option<String> {
    let installed = record.installed.as_ref()?;
    let usable = installed.not_after > now
        && installed.not_after - WINDOW <= now
        && installed.account == record.account
        && record.dead.is_none()
        && !record.retry.without_link;
    usable.then(|| installed.certificate_id.clone())
}

fn pause(record: &Record, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    record.retry.not_before.filter(|until| lasts(*until, now))
}

/// What a certificate without an order waits for that is due, and has a pause.
fn waits_for(policy: &Policy, record: &Record) -> Rest {
    match policy.orders {
        _ if record.retry.failures > 0 => Rest::Backoff,
        Orders::Here => Rest::Backoff,
        Orders::InTurn { .. } => Rest::Turn,
        Orders::Elsewhere { .. } => Rest::Elsewhere,
    }
}

fn rest(why: Rest, until: DateTime<Utc>) -> Step {
    Step::Rest {
        why,
        until: Some(until),
    }
}

fn held_back(hold: &Hold) -> Step {
    rest(Rest::Hold(Box::new(hold.clone())), hold.until)
}

/// When a record is looked at again, and by which pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The earliest time; never, where only the operator can change something.
    pub at: Option<DateTime<Utc>>,
    /// True if it goes by its own pace, false if it waits for the next scheduled check after `at`.
    pub in_flight: bool,
    /// From here on even a certificate that waits for a check is looked at at once.
    pub urgent_at: Option<DateTime<Utc>>,
}

impl Schedule {
    /// After something was noted of a record: in the next pass; never, where nothing is left to do for it.
    pub fn after_note(now: DateTime<Utc>, record: &Record) -> Self {
        let is_over = !record.wanted && record.order.is_none();
        Self {
            at: (!is_over).then_some(now),
            ..Self::at_once(now)
        }
    }

    /// In the next pass, whichever it is.
    pub fn at_once(now: DateTime<Utc>) -> Self {
        Self {
            at: Some(now),
            in_flight: true,
            urgent_at: None,
        }
    }
}

/// When to look at this record again.
///
/// A renewal begins at a scheduled check, for that is what operators set the schedule for; everything that has begun,
/// failed, or was asked for goes on by its own times.
pub fn schedule(now: DateTime<Utc>, policy: &Policy, record: &Record, holds: &[Hold]) -> Schedule {
    let scheduled = |at| Schedule {
        at,
        in_flight: false,
        urgent_at: record
            .installed
            .as_ref()
            .map(|installed| policy.urgent_at(installed)),
    };
    let in_flight = |at| Schedule {
        at,
        in_flight: true,
        urgent_at: None,
    };
    match plan(now, policy, record, holds) {
        // What visitors get may end long before what is installed: its alarms wait for no window.
        Step::Rest {
            why: Rest::Fresh,
            until,
        } => match record
            .shown_until
            .and(urgency::next_alarm(now, policy, record))
        {
            Some(alarm) => in_flight(Some(until.map_or(alarm, |until| until.min(alarm)))),
            None => scheduled(until),
        },
        // What waits for its operator is still looked at when an alarm is due.
        Step::Rest {
            why: Rest::Parked | Rest::Paused,
            ..
        } => in_flight(urgency::next_alarm(now, policy, record)),
        // No pause is so long that an alarm comes late.
        Step::Rest { until, .. } => {
            let alarm = urgency::next_alarm(now, policy, record);
            in_flight(until.map(|until| alarm.map_or(until, |alarm| alarm.min(until))))
        }
        Step::Order {
            why: Due::Window, ..
        }
        | Step::Seek { why: Due::Window }
            if record.retry.not_before.is_none() =>
        {
            scheduled(
                record
                    .installed
                    .as_ref()
                    .map(|installed| policy.renew_at(installed)),
            )
        }
        _ => in_flight(Some(now)),
    }
}
