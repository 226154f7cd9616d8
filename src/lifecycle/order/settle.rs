//! Step + outcome → the new record. The other half of [`plan`](super::plan()).

use chrono::{DateTime, TimeDelta, Utc};

use super::adopt::Found;
use super::ending::{Closed, Ending, Moment, Settled, close, lose, park, put_aside, unpark};
use super::plan::due;
use super::policy::Policy;
use super::record::{Foreign, Installed, Order, Record, Retry, Stage, Stall};
use super::seen::{searched, seen};
use super::sighting::Sighting;
use crate::lifecycle::failure::{Class, Failure};
use crate::lifecycle::pause::LONGEST_PAUSE;

/// With less than this left, a refused link is dropped instead of tried again a day later.
const LINK_MATTERS_UNTIL: TimeDelta = TimeDelta::days(10);

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The order row is about to be written; the call follows.
    Intending(Box<Order>),
    /// The service took the application.
    Applied {
        /// The id it gave.
        certificate_id: String,
    },
    /// The service refused the application for certain; no order was made.
    NotApplied {
        /// What it said.
        failure: Failure,
        /// True if a hold says when to try again; else the certificate has its own pause.
        held_back: bool,
    },
    /// The service refused the renewal link.
    LinkRefused {
        /// What it said.
        failure: Failure,
        /// True if the old certificate can never be linked again (gone or expired): apply without it.
        for_good: bool,
    },
    /// The application may or may not have been made.
    Unanswered(Failure),
    /// The search for the application is over for now.
    Searched {
        /// What it found.
        found: Found,
        /// True if what is not found by now was never made ([`Policy::gives_up`]).
        gave_up: bool,
    },
    /// Something at the service is taken instead of ordering.
    Adopted {
        /// The order row for it.
        order: Box<Order>,
    },
    /// Somebody else's order is waited for.
    Foreign(Box<Sighting>),
    /// The list shows the pending order.
    Seen {
        /// What it shows.
        sighting: Box<Sighting>,
        /// The service's clock then: an order's age is counted by it, for ours may have jumped.
        service_now: DateTime<Utc>,
    },
    /// The service does not know the order: not any more, or not yet.
    Gone,
    /// Cancelling was asked for.
    CancelRequested {
        /// The service says that it did; else nothing has changed.
        is_taken: bool,
    },
    /// Too many orders were lost lately: the next one waits until then.
    Capped {
        /// When the oldest of them is a week old.
        until: DateTime<Utc>,
        /// What to tell.
        failure: Failure,
    },
    /// The certificate is on disk.
    Installed(Installed),
    /// It was issued, and has ended before it could be installed.
    Expired,
    /// It was issued, and what can be fetched of it is of no use. It is not adopted again.
    Unusable(Failure),
    /// The service calls the installed certificate dead, by this `Status`.
    Dead {
        /// The `Status` number.
        status: i64,
    },
    /// The service no longer calls it dead.
    Alive,
    /// It was issued, but the config no longer names it: it stays at the service, and nothing is delivered.
    Kept,
    /// What somebody else made is no longer followed here.
    LetGo,
    /// A call failed, or its answer was of no use; nothing changed at the service.
    Failed {
        /// What is told of it, and what class of pause follows.
        failure: Failure,
        /// True if a hold says when to try again; else the certificate has its own pause.
        held_back: bool,
    },
}

impl Outcome {
    /// What failed, if anything did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::NotApplied { failure, .. }
            | Self::LinkRefused { failure, .. }
            | Self::Capped { failure, .. }
            | Self::Failed { failure, .. }
            | Self::Unanswered(failure)
            | Self::Unusable(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Applies an outcome. `random` in `[0, 1)` spreads the pauses.
pub fn settle(
    now: DateTime<Utc>,
    policy: &Policy,
    mut record: Record,
    outcome: Outcome,
    random: f64,
) -> Settled {
    let moment = Moment {
        now,
        policy,
        random,
    };
    let closed = apply(moment, &mut record, outcome);
    Settled { record, closed }
}

fn apply(moment: Moment<'_>, record: &mut Record, outcome: Outcome) -> Option<Closed> {
    let Moment { now, policy, .. } = moment;
    match outcome {
        Outcome::Adopted { order } => {
            // What failed before was about something else; the looks at this one are counted anew.
            record.retry.went_well(None);
            record.foreign = None;
            record.waits_since = None;
            begin(moment, record, *order);
        }
        Outcome::Intending(order) => {
            if let Some(foreign) = &mut record.foreign {
                foreign.outwaited = true;
            }
            begin(moment, record, *order);
        }
        Outcome::Applied { certificate_id } => applied(moment, record, certificate_id),
        Outcome::NotApplied { failure, held_back } => {
            let closed = close(record, Ending::Refused);
            if failure.class == Class::Permanent {
                park_refused(moment, record, &failure);
            }
            fail(moment, record, failure, held_back);
            return closed;
        }
        Outcome::LinkRefused { failure, for_good } => {
            return link_refused(moment, record, failure, for_good);
        }
        Outcome::Unanswered(failure) => {
            record.retry.last = Some(failure);
            record.retry.not_before = Some(now + policy.look_after(0));
        }
        Outcome::Searched { found, gave_up } => return searched(moment, record, found, gave_up),
        Outcome::Foreign(sighting) => wait_for_other(moment, record, &sighting),
        Outcome::Seen {
            sighting,
            service_now,
        } => return seen(moment, record, &sighting, service_now),
        Outcome::Gone => return gone(moment, record),
        Outcome::Capped { until, failure } => {
            // In portions: no pause is longer than the plan believes.
            record.retry.failures = record.retry.failures.saturating_add(1);
            record.retry.not_before = Some(until.min(now + LONGEST_PAUSE));
            record.retry.last = Some(failure);
        }
        Outcome::CancelRequested { is_taken } => {
            let mut is_first = false;
            if let Some(Order {
                stage: Stage::Pending { stalled, .. },
                ..
            }) = &mut record.order
            {
                is_first = *stalled != Stall::NotValidated;
                *stalled = Stall::NotValidated;
            }
            // What was refused, or came to nothing, is asked for again at the pace of an order of its age.
            if is_taken && is_first {
                record.retry.not_before = Some(now + policy.poll);
            }
        }
        Outcome::Installed(installed) => {
            record.installed = Some(installed);
            record.retry = Retry::default();
            record.forced = None;
            record.parked = None;
            record.foreign = None;
            record.waits_since = None;
            record.alarmed = None;
            record.dead = None;
            return close(record, Ending::Installed);
        }
        Outcome::Expired => return expired(moment, record),
        Outcome::Unusable(failure) => {
            let until = |lost| Some(moment.after_lost(Ending::Unusable, lost));
            return put_aside(record, failure.message, until);
        }
        Outcome::Dead { status } => record.dead = Some(status),
        Outcome::Alive => {
            record.dead = None;
            record.waits_since = None;
        }
        Outcome::Kept => {
            record.retry = Retry::default();
            return close(record, Ending::Kept);
        }
        Outcome::LetGo => {
            // Where it is waited for, what failed is still true. The next step is chosen anew.
            record.retry.not_before = None;
            if due(now, policy, record).is_none() {
                record.retry.went_well(None);
            }
            return close(record, Ending::Kept);
        }
        Outcome::Failed { failure, held_back } => fail(moment, record, failure, held_back),
    }
    None
}

fn begin(moment: Moment<'_>, record: &mut Record, order: Order) {
    let Moment { now, policy, .. } = moment;
    unpark(record);
    record.retry.not_before = match order.stage {
        Stage::Intended { .. } => Some(now + policy.look_after(0)),
        Stage::Pending { .. } => Some(policy.look_at(now, policy.poll)),
        Stage::Issued { .. } => None,
    };
    record.order = Some(order);
}

fn applied(moment: Moment<'_>, record: &mut Record, certificate_id: String) {
    let Moment { now, policy, .. } = moment;
    record
        .retry
        .went_well(Some(policy.look_at(now, policy.poll)));
    record.waits_since = None;
    if let Some(order) = &mut record.order {
        order.stage = Stage::Pending {
            certificate_id,
            since: now,
            deadline: None,
            status: 0,
            stalled: Stall::Unsaid,
        };
    }
}

/// A replica that lags has an order neither in the list nor by its id: one that is young is looked for again, for as long as
/// an application without an answer is.
fn gone(moment: Moment<'_>, record: &mut Record) -> Option<Closed> {
    let Moment { now, policy, .. } = moment;
    let stage = record.order.as_ref().map(|order| &order.stage);
    let is_young = match stage {
        // Where a clock was put back since, it began in the future.
        Some(Stage::Pending { since, .. }) => (now - *since).abs() < policy.patience(),
        _ => false,
    };
    if is_young {
        record.retry.not_before = Some(now + policy.poll);
        return None;
    }
    if record.order.as_ref().is_some_and(Order::is_followed) {
        record.retry.went_well(None);
        return close(record, Ending::Kept);
    }
    let words = "the order is no longer at the service".to_owned();
    let until = |lost| Some(moment.after_lost(Ending::Gone, lost));
    lose(record, Ending::Gone, words, until)
}

fn link_refused(
    moment: Moment<'_>,
    record: &mut Record,
    failure: Failure,
    for_good: bool,
) -> Option<Closed> {
    let now = moment.now;
    // Hosting follows the link; a valid certificate matters more than that near the end.
    let for_good = for_good
        || record
            .installed
            .as_ref()
            .is_none_or(|installed| installed.not_after - now < LINK_MATTERS_UNTIL);
    record.retry.without_link = for_good;
    record.retry.failures += 1;
    record.retry.last = Some(failure);
    // Tomorrow with the link: the edge of the window may lie a day further than we read it.
    record.retry.not_before = Some(if for_good {
        now
    } else {
        now + TimeDelta::hours(24)
    });
    close(record, Ending::Refused)
}

fn wait_for_other(moment: Moment<'_>, record: &mut Record, sighting: &Sighting) {
    let Moment { now, policy, .. } = moment;
    let known = record
        .foreign
        .take()
        .filter(|foreign| foreign.certificate_id == sighting.certificate_id);
    let foreign = known.unwrap_or_else(|| Foreign {
        certificate_id: sighting.certificate_id.clone(),
        since: now,
        outwaited: false,
    });
    let age = now - sighting.inserted.unwrap_or(foreign.since);
    record.foreign = Some(foreign);
    record.retry.not_before = Some(policy.look_at(now, policy.poll_after(age)));
}

/// A certificate of ours that ended before it was installed lay there while nobody fetched it: the next order follows at
/// once. Where that comes again, the service hands out what has ended, and each order costs a slot.
fn expired(moment: Moment<'_>, record: &mut Record) -> Option<Closed> {
    let is_own = record.order.as_ref().is_some_and(|order| !order.adopted);
    let before = record.retry.lost_orders;
    record.retry = Retry {
        lost_orders: before,
        ..Retry::default()
    };
    if is_own && before > 0 {
        let words =
            "the order was issued with material that has ended, not for the first time".to_owned();
        let until = |lost| Some(moment.after_lost(Ending::Expired, lost));
        return lose(record, Ending::Expired, words, until);
    }
    record.retry.lost_orders += u32::from(is_own);
    close(record, Ending::Expired)
}

/// Counts a failure. What a hold keeps back has no pause of its own: lifting the hold ends the wait.
fn fail(moment: Moment<'_>, record: &mut Record, failure: Failure, held_back: bool) {
    record.retry.failures = record.retry.failures.saturating_add(1);
    let failures = record.retry.failures;
    record.retry.not_before =
        (!held_back).then(|| moment.now + moment.backoff(record, failure.class, failures));
    record.retry.last = Some(failure);
}

/// The service will never take this application as it is.
fn park_refused(moment: Moment<'_>, record: &mut Record, failure: &Failure) {
    let code = failure.code.as_deref().unwrap_or("the error");
    let remedy = format!(
        "correct the entry of this domain in the config; `evercert explain {code}` says more; \
         `evercert renew {}` tries again as it is",
        record.domain
    );
    park(record, moment, failure.message.clone(), remedy);
}
