//! Step + outcome → the new record. The other half of [`plan`](super::plan()).

use chrono::{DateTime, TimeDelta, Utc};

use super::record::{Ending, Failure, Foreign, Held, Order, Parked, Record, Retry, Stage};
use super::{Class, Method, Policy, Sighting, SightingState, retry};

/// Said aloud once an order has been pending this long: the CA signs within a day of validation.
const STALLED_AFTER: TimeDelta = TimeDelta::hours(24);

/// An order that ends after this long without validation was not rejected for its name: nobody proved control.
const UNVALIDATED_AFTER: TimeDelta = TimeDelta::hours(24);

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
        found: super::Found,
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
    /// The service no longer knows the order.
    Gone,
    /// Cancelling was asked for.
    CancelRequested,
    /// Too many orders were lost lately: the next one waits until then.
    Capped {
        /// When the oldest of them is a week old.
        until: DateTime<Utc>,
        /// What to tell.
        failure: Failure,
    },
    /// The certificate is on disk.
    Installed(Held),
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
    /// A call failed, or its answer was of no use; nothing changed at the service.
    Failed {
        /// What happened.
        failure: Failure,
        /// True if a hold says when to try again; else the certificate has its own pause.
        held_back: bool,
    },
}

/// An order that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The order as it last was.
    pub order: Order,
    /// How it ended.
    pub ending: Ending,
}

/// The new record, and the order that ended on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// To be stored in one transaction with `closed`.
    pub record: Record,
    /// The order that ended.
    pub closed: Option<Closed>,
}

/// Applies an outcome. `dice` in `[0, 1)` spreads the pauses.
pub fn settle(
    now: DateTime<Utc>,
    policy: &Policy,
    mut record: Record,
    outcome: Outcome,
    dice: f64,
) -> Settled {
    let mut closed = None;
    match outcome {
        Outcome::Adopted { order } => {
            // What failed before was about something else; the looks at this one are counted anew.
            record.retry.failures = 0;
            record.retry.last = None;
            record.foreign = None;
            begin(now, policy, &mut record, *order);
        }
        Outcome::Intending(order) => {
            if let Some(foreign) = &mut record.foreign {
                foreign.outwaited = true;
            }
            begin(now, policy, &mut record, *order);
        }
        Outcome::Applied { certificate_id } => {
            record.retry.failures = 0;
            record.retry.last = None;
            record.retry.not_before = Some(now + policy.poll);
            if let Some(order) = &mut record.order {
                order.stage = Stage::Pending {
                    certificate_id,
                    since: now,
                    deadline: None,
                    status: 0,
                    stalled: false,
                };
            }
        }
        Outcome::NotApplied { failure, held_back } => {
            closed = close(&mut record, Ending::Refused);
            if failure.class == Class::Permanent {
                park(now, policy, &mut record, &failure);
            }
            let dice = (!held_back).then_some(dice);
            fail(now, policy, &mut record, failure, dice);
        }
        Outcome::LinkRefused { failure, for_good } => {
            closed = close(&mut record, Ending::Refused);
            // Hosting follows the link; a valid certificate matters more than that near the end.
            let for_good = for_good
                || record
                    .held
                    .as_ref()
                    .is_none_or(|held| held.not_after - now < LINK_MATTERS_UNTIL);
            record.retry.without_link = for_good;
            record.retry.failures += 1;
            record.retry.last = Some(failure);
            // Tomorrow with the link: the edge of the window may lie a day further than we read it.
            record.retry.not_before = Some(if for_good {
                now
            } else {
                now + TimeDelta::hours(24)
            });
        }
        Outcome::Unanswered(failure) => {
            record.retry.last = Some(failure);
            record.retry.not_before = Some(now + policy.look_after(0));
        }
        Outcome::Searched { found, gave_up } => {
            closed = searched(now, policy, &mut record, found, gave_up, dice);
        }
        Outcome::Foreign(sighting) => {
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
            record.retry.not_before = Some(now + policy.poll_after(age));
        }
        Outcome::Seen {
            sighting,
            service_now,
        } => closed = seen(now, policy, &mut record, &sighting, service_now, dice),
        Outcome::Gone => {
            record.retry.lost_orders += 1;
            let pause = retry::after_cancellation(policy, record.retry.lost_orders, dice);
            let words = "the order is no longer at the service".to_owned();
            closed = lost(now, &mut record, Ending::Gone, pause, words);
        }
        Outcome::Capped { until, failure } => {
            // In portions: no pause is longer than the plan believes.
            let longest = now + super::pause::LONGEST_PAUSE;
            record.retry.failures = record.retry.failures.saturating_add(1);
            record.retry.not_before = Some(until.min(longest));
            record.retry.last = Some(failure);
        }
        Outcome::CancelRequested => record.retry.not_before = Some(now + policy.poll),
        Outcome::Installed(held) => {
            closed = close(&mut record, Ending::Installed);
            record.held = Some(held);
            record.retry = Retry::default();
            record.forced = None;
            record.parked = None;
            record.foreign = None;
            record.alarmed = None;
            record.dead = None;
        }
        Outcome::Expired => closed = expired(now, policy, &mut record, dice),
        Outcome::Unusable(failure) => {
            closed = unusable(now, policy, &mut record, failure, dice);
        }
        Outcome::Dead { status } => record.dead = Some(status),
        Outcome::Alive => record.dead = None,
        Outcome::Kept => {
            closed = close(&mut record, Ending::Kept);
            record.retry = Retry::default();
        }
        Outcome::Failed { failure, held_back } => {
            let dice = (!held_back).then_some(dice);
            fail(now, policy, &mut record, failure, dice);
        }
    }
    Settled { record, closed }
}

fn begin(now: DateTime<Utc>, policy: &Policy, record: &mut Record, order: Order) {
    record.parked = None;
    record.retry.not_before = match order.stage {
        Stage::Intended { .. } => Some(now + policy.look_after(0)),
        Stage::Pending { .. } => Some(now + policy.poll),
        Stage::Issued { .. } => None,
    };
    record.order = Some(order);
}

fn close(record: &mut Record, ending: Ending) -> Option<Closed> {
    record.order.take().map(|order| Closed { order, ending })
}

/// A certificate of ours that ended before it was installed lay there while nobody fetched it: the next order follows at
/// once. Where that comes again, the service hands out what has ended, and each order costs a slot.
fn expired(now: DateTime<Utc>, policy: &Policy, record: &mut Record, dice: f64) -> Option<Closed> {
    let is_own = record.order.as_ref().is_some_and(|order| !order.adopted);
    let before = record.retry.lost_orders;
    record.retry = Retry {
        lost_orders: before + u32::from(is_own),
        ..Retry::default()
    };
    if is_own && before > 0 {
        let pause = retry::after_rejection(policy, record.retry.lost_orders, dice);
        let words =
            "the order was issued with material that has ended, not for the first time".to_owned();
        return lost(now, record, Ending::Expired, pause, words);
    }
    close(record, Ending::Expired)
}

/// What was adopted and is of no use makes room for an order of our own; one of our own costs a slot, as a rejected one.
fn unusable(
    now: DateTime<Utc>,
    policy: &Policy,
    record: &mut Record,
    failure: Failure,
    dice: f64,
) -> Option<Closed> {
    if record.order.as_ref().is_some_and(|order| order.adopted) {
        record.retry = Retry {
            lost_orders: record.retry.lost_orders,
            unvalidated: record.retry.unvalidated,
            ..Retry::default()
        };
        return close(record, Ending::Unusable);
    }
    record.retry.lost_orders += 1;
    let pause = retry::after_rejection(policy, record.retry.lost_orders, dice);
    lost(now, record, Ending::Unusable, pause, failure.message)
}

/// Counts a failure. Without dice there is no pause of its own: a hold has it, and lifting that ends the wait.
fn fail(
    now: DateTime<Utc>,
    policy: &Policy,
    record: &mut Record,
    failure: Failure,
    dice: Option<f64>,
) {
    record.retry.failures = record.retry.failures.saturating_add(1);
    let failures = record.retry.failures;
    record.retry.not_before =
        dice.map(|dice| now + retry::backoff(now, policy, record, failure.class, failures, dice));
    record.retry.last = Some(failure);
}

fn park(now: DateTime<Utc>, policy: &Policy, record: &mut Record, failure: &Failure) {
    let code = failure.code.as_deref().unwrap_or("the error");
    record.parked = Some(Parked {
        reason: failure.message.clone(),
        remedy: format!(
            "correct the entry of this domain in the config; `evercert explain {code}` says more; \
             `evercert renew {}` tries again as it is",
            record.domain
        ),
        inputs: policy.inputs.clone(),
        since: now,
    });
    record.forced = None;
}

/// The search for an application without an answer: found, not yet, given up, or not to be told apart.
fn searched(
    now: DateTime<Utc>,
    policy: &Policy,
    record: &mut Record,
    found: super::Found,
    gave_up: bool,
    dice: f64,
) -> Option<Closed> {
    let order = record.order.as_mut()?;
    let Stage::Intended { signed_at, looks } = order.stage.clone() else {
        return None;
    };
    match found {
        super::Found::This(sighting) => {
            order.stage = stage_of(now, &sighting);
            record.retry.last = None;
            record.retry.failures = 0;
            record.retry.not_before = None;
            None
        }
        // Applications that come to nothing are failures in a row, or a service that answers each with an error would be
        // asked for ever at the same pace.
        super::Found::Nothing if gave_up => {
            let failures = record.retry.failures.saturating_add(1);
            let pause = retry::backoff(now, policy, record, Class::Transient, failures, dice);
            record.retry.failures = failures;
            record.retry.not_before = Some(now + pause);
            close(record, Ending::Vanished)
        }
        super::Found::Nothing => {
            order.stage = Stage::Intended {
                signed_at,
                looks: looks + 1,
            };
            // The last look comes as soon as the patience is over, and not in a hurry where that was so already.
            let last_look = (signed_at + policy.patience()).max(now + policy.look_after(0));
            record.retry.not_before = Some((now + policy.look_after(looks + 1)).min(last_look));
            None
        }
        super::Found::Several(ids) => {
            let failure = Failure::ours(
                Class::Operator,
                format!(
                    "an application without an answer can be any of the orders {}",
                    ids.join(", ")
                ),
            );
            let closed = close(record, Ending::Vanished);
            park(now, policy, record, &failure);
            if let Some(parked) = &mut record.parked {
                parked.remedy = format!(
                    "look at these orders in the console and cancel what is not wanted; then `evercert renew {}`",
                    record.domain
                );
            }
            record.retry.last = Some(failure);
            closed
        }
    }
}

/// What the list says of the pending order.
fn seen(
    now: DateTime<Utc>,
    policy: &Policy,
    record: &mut Record,
    sighting: &Sighting,
    service_now: DateTime<Utc>,
    dice: f64,
) -> Option<Closed> {
    let order = record.order.as_mut()?;
    let method = order.method;
    let (since, known_deadline) = match &order.stage {
        Stage::Pending {
            since, deadline, ..
        } => (*since, *deadline),
        Stage::Intended { .. } | Stage::Issued { .. } => (now, None),
    };
    let age = sighting
        .inserted
        .map_or(now - since, |inserted| service_now - inserted);
    let unvalidated = !sighting.validated && age >= UNVALIDATED_AFTER;
    match sighting.state {
        SightingState::Pending => {
            order.stage = Stage::Pending {
                certificate_id: sighting.certificate_id.clone(),
                since,
                // Only the list tells it; a description by id does not take it away.
                deadline: sighting.deadline.or(known_deadline),
                status: sighting.status,
                stalled: age >= STALLED_AFTER,
            };
            record.retry.failures = 0;
            record.retry.last = None;
            record.retry.not_before = Some(now + policy.poll_after(age));
            None
        }
        SightingState::Issued => {
            order.stage = Stage::Issued {
                certificate_id: sighting.certificate_id.clone(),
            };
            record.retry.failures = 0;
            record.retry.not_before = None;
            None
        }
        SightingState::Rejected => {
            record.retry.lost_orders += 1;
            let pause = retry::after_rejection(policy, record.retry.lost_orders, dice);
            let closed = lost(now, record, Ending::Rejected, pause, fate(sighting));
            count_unvalidated(now, policy, record, method, unvalidated);
            closed
        }
        SightingState::Cancelled | SightingState::Dead => {
            record.retry.lost_orders += 1;
            let pause = retry::after_cancellation(policy, record.retry.lost_orders, dice);
            let closed = lost(now, record, Ending::Cancelled, pause, fate(sighting));
            count_unvalidated(now, policy, record, method, unvalidated);
            closed
        }
    }
}

/// Twice in a row nobody could prove control of the domain in all the time there was: more orders would only burn slots.
fn count_unvalidated(
    now: DateTime<Utc>,
    policy: &Policy,
    record: &mut Record,
    method: Method,
    unvalidated: bool,
) {
    if !unvalidated {
        return;
    }
    record.retry.unvalidated += 1;
    if record.retry.unvalidated >= 2 {
        record.parked = Some(Parked {
            reason: "two orders in a row ended without validation".to_owned(),
            remedy: match method {
                Method::Dns | Method::File => format!(
                    "see what `evercert history {0}` says of its validation, and mend that; then `evercert renew {0}`",
                    record.domain
                ),
                Method::DnsAuto => format!(
                    "host the zone of {0} in this account's DNS, delegated to it, without CAA records that exclude the \
                     CA; then `evercert renew {0}`",
                    record.domain
                ),
            },
            inputs: policy.inputs.clone(),
            since: now,
        });
    }
}

/// What became of an order, with the service's reason. Without the order's id, so that the same fate reads the same.
fn fate(sighting: &Sighting) -> String {
    let words = match sighting.state {
        SightingState::Rejected => "the order was rejected",
        SightingState::Dead => "the order's certificate is of no use any more",
        _ => "the order was cancelled",
    };
    match &sighting.reason {
        Some(reason) => format!("{words} (status {}: {reason})", sighting.status),
        None => format!("{words} (status {})", sighting.status),
    }
}

/// An order that cost a slot and brought nothing. Orders lost in a row are failures in a row, also where each was taken
/// without trouble.
fn lost(
    now: DateTime<Utc>,
    record: &mut Record,
    ending: Ending,
    pause: TimeDelta,
    message: String,
) -> Option<Closed> {
    let failures = record.retry.failures.saturating_add(1);
    record.retry.failures = failures.max(record.retry.lost_orders);
    record.retry.not_before = Some(now + pause);
    record.retry.last = Some(Failure::ours(Class::Transient, message));
    close(record, ending)
}

/// The stage that a sighting puts an order in. What is dead is looked at once more as pending, so that one place
/// decides what its death means.
pub fn stage_of(now: DateTime<Utc>, sighting: &Sighting) -> Stage {
    match sighting.state {
        SightingState::Issued => Stage::Issued {
            certificate_id: sighting.certificate_id.clone(),
        },
        _ => Stage::Pending {
            certificate_id: sighting.certificate_id.clone(),
            since: sighting.inserted.unwrap_or(now).min(now),
            deadline: sighting.deadline,
            status: sighting.status,
            stalled: false,
        },
    }
}
