//! What the service's list says of an order of ours: the search for an application without an answer, and how far it is.

use chrono::{DateTime, TimeDelta, Utc};

use super::adopt::Found;
use super::ending::{Closed, Ending, Moment, close, lose, park};
use super::record::{Record, Stage, Stall};
use super::sighting::{Sighting, SightingState};
use crate::lifecycle::failure::{Class, Failure};
use crate::lifecycle::proof::Method;

/// Said aloud once an order has been pending this long: the CA signs within a day of validation.
pub const STALLED_AFTER: TimeDelta = TimeDelta::hours(24);

/// An order that ends after this long without validation was not rejected for its name: nobody proved control.
const UNVALIDATED_AFTER: TimeDelta = TimeDelta::hours(24);

/// The search for an application without an answer: found, not yet, given up, or not to be told apart.
pub(super) fn searched(
    moment: Moment<'_>,
    record: &mut Record,
    found: Found,
    gave_up: bool,
) -> Option<Closed> {
    let Moment { now, policy, .. } = moment;
    let order = record.order.as_mut()?;
    let Stage::Intended { signed_at, looks } = order.stage.clone() else {
        return None;
    };
    match found {
        Found::This(sighting) => {
            order.stage = stage_of(now, &sighting);
            record.retry.went_well(None);
            None
        }
        // Applications that come to nothing are failures in a row, or a service that answers each with an error would be
        // asked for ever at the same pace.
        Found::Nothing if gave_up => {
            let failures = record.retry.failures.saturating_add(1);
            let pause = moment.backoff(record, Class::Transient, failures);
            record.retry.failures = failures;
            record.retry.not_before = Some(now + pause);
            close(record, Ending::Vanished)
        }
        Found::Nothing => {
            order.stage = Stage::Intended {
                signed_at,
                looks: looks + 1,
            };
            // The last look comes as soon as the patience is over, and not in a hurry where that was so already.
            let last_look = (signed_at + policy.patience()).max(now + policy.look_after(0));
            record.retry.not_before = Some((now + policy.look_after(looks + 1)).min(last_look));
            None
        }
        Found::Several(ids) => {
            let failure = Failure::ours(
                Class::Operator,
                format!(
                    "an application without an answer can be any of the orders {}",
                    ids.join(", ")
                ),
            );
            let remedy = format!(
                "look at these orders in the console and cancel what is not wanted; then `evercert renew {}`",
                record.domain
            );
            park(record, moment, failure.message.clone(), remedy);
            record.retry.last = Some(failure);
            close(record, Ending::Vanished)
        }
    }
}

/// What the list says of the pending order.
pub(super) fn seen(
    moment: Moment<'_>,
    record: &mut Record,
    sighting: &Sighting,
    service_now: DateTime<Utc>,
) -> Option<Closed> {
    let Moment { now, policy, .. } = moment;
    let order = record.order.as_mut()?;
    let method = order.method;
    // One that is only followed is nobody's loss here; what its owner does next is seen in time.
    let is_followed = order.is_followed();
    let look = policy.orders.look().filter(|_| is_followed);
    let (since, known_deadline, stalled) = match &order.stage {
        Stage::Pending {
            since,
            deadline,
            stalled,
            ..
        } => (*since, *deadline, *stalled),
        Stage::Intended { .. } | Stage::Issued { .. } => (now, None, Stall::Unsaid),
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
                stalled: if age >= STALLED_AFTER {
                    stalled.max(Stall::Slow)
                } else {
                    Stall::Unsaid
                },
            };
            let pause = look.unwrap_or_else(|| policy.poll_after(age));
            record.retry.went_well(Some(policy.look_at(now, pause)));
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
        _ if is_followed => {
            record.retry.went_well(None);
            close(record, Ending::Kept)
        }
        SightingState::Rejected | SightingState::Cancelled | SightingState::Dead => {
            let ending = match sighting.state {
                SightingState::Rejected => Ending::Rejected,
                _ => Ending::Cancelled,
            };
            let until = |lost| Some(moment.after_lost(ending, lost));
            let closed = lose(record, ending, fate(sighting), until);
            if unvalidated {
                count_unvalidated(moment, record, method);
            }
            closed
        }
    }
}

/// Twice in a row nobody could prove control of the domain in all the time there was: more orders would only burn slots.
fn count_unvalidated(moment: Moment<'_>, record: &mut Record, method: Method) {
    record.retry.unvalidated += 1;
    if record.retry.unvalidated < 2 {
        return;
    }
    let remedy = match method {
        Method::Dns | Method::File => format!(
            "see what `evercert history {0}` says of its validation, and mend that; then `evercert renew {0}`",
            record.domain
        ),
        Method::DnsAuto => format!(
            "host the zone of {0} in this account's DNS, delegated to it, without CAA records that exclude the \
             CA; then `evercert renew {0}`",
            record.domain
        ),
    };
    let reason = "two orders in a row ended without validation".to_owned();
    park(record, moment, reason, remedy);
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

/// The stage that a sighting puts an order in. What is dead is looked at once more as pending, so that one place
/// decides what that means.
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
            stalled: Stall::Unsaid,
        },
    }
}
