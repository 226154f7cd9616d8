//! Step + outcome → the targets as they are then.

use chrono::{DateTime, Utc};

use super::state::{Deliveries, Delivery, State, TargetKind, Wanted};
use super::step::{DeliveryMoment, DeliverySettled, Mark, is_blocked};
use super::trigger::Trigger;
use super::{cloud, hook, install, verify};

/// What comes of a step, and what is worth saying of it. `wanted` is what the targets should have had when it began; where
/// that changed meanwhile, all stay due. Of a target that the config dropped meanwhile, nothing comes.
pub fn settle(
    known: &mut Deliveries,
    wanted: Option<&Wanted>,
    mark: Mark,
    moment: DeliveryMoment,
) -> DeliverySettled {
    let is_it = |row: &Delivery| row.target == mark.target;
    let Some(place) = known.rows.iter().position(is_it) else {
        return DeliverySettled::Nothing;
    };
    let settled = settle_row(known, place, wanted, mark, moment);
    tell_hooks(&mut known.rows, place, &settled, moment.now);
    if let Some(wanted) = wanted {
        unblock(&mut known.rows, wanted, moment.now);
        if settled == DeliverySettled::Delivered && known.rows[place].delivers() {
            look_again(&mut known.rows, wanted, moment.now);
        }
    }
    // A newer certificate may have come while a command ran.
    if known.wanted.as_ref() != wanted {
        known.rows[place].is_unseen();
        for row in &mut known.rows {
            row.trigger(Trigger::WantedChanged, moment.now);
        }
    }
    settled
}

fn settle_row(
    known: &mut Deliveries,
    place: usize,
    wanted: Option<&Wanted>,
    mark: Mark,
    moment: DeliveryMoment,
) -> DeliverySettled {
    let (before, rest) = known.rows.split_at_mut(place);
    let Some((row, after)) = rest.split_first_mut() else {
        return DeliverySettled::Nothing;
    };
    let mut state = row.state.clone();
    let Mark { step, outcome, .. } = mark;
    let settled = match (&mut state, wanted) {
        (State::Deploy | State::Failure(_), _) => {
            return hook::settle(moment, wanted, row, outcome);
        }
        (_, None) => return DeliverySettled::Nothing,
        (State::Install(install), Some(wanted)) => {
            install::settle(moment, wanted, row, install, step, outcome)
        }
        (State::Cloud(cloud), Some(wanted)) => {
            cloud::settle(moment, wanted, &known.domain, row, cloud, step, outcome)
        }
        (State::Verify(verify), Some(wanted)) => {
            let mut others: Vec<_> = before.iter_mut().chain(after).collect();
            verify::settle(moment, wanted, row, verify, &mut others, outcome)
        }
    };
    row.state = state;
    settled
}

/// What fails is told to the hooks for failures.
fn tell_hooks(rows: &mut [Delivery], place: usize, settled: &DeliverySettled, now: DateTime<Utc>) {
    let failed = matches!(
        settled,
        DeliverySettled::Failed(_) | DeliverySettled::RollsBack | DeliverySettled::RolledBack
    );
    let row = &rows[place];
    if !failed || row.kind() == TargetKind::Failure {
        return;
    }
    let reason = row.last_error.as_deref().unwrap_or_default();
    let reason = format!("{}: {reason}", row.title);
    for row in rows {
        row.trigger(Trigger::Failed(&reason), now);
    }
}

/// Something was brought, once more maybe: with the last of that, what is served is looked at, whatever was seen before.
fn look_again(rows: &mut [Delivery], wanted: &Wanted, now: DateTime<Utc>) {
    if is_blocked(rows, wanted) {
        return;
    }
    for row in rows
        .iter_mut()
        .filter(|row| row.kind() == TargetKind::Verify)
    {
        row.next_at = Some(now);
    }
}

/// Nothing is to be done now: targets that were made due and wait for others are told so.
pub fn rest(known: &mut Deliveries, now: DateTime<Utc>) {
    if let Some(wanted) = &known.wanted {
        unblock(&mut known.rows, wanted, now);
    }
}

/// Targets that wait for others get their time once the others are done, in the same write as what they waited for.
fn unblock(rows: &mut [Delivery], wanted: &Wanted, now: DateTime<Utc>) {
    let is_blocked = is_blocked(rows, wanted);
    for row in rows {
        match row.kind() {
            TargetKind::Deploy if row.is_done(wanted) => row.next_at = None,
            TargetKind::Verify if is_blocked => row.next_at = None,
            TargetKind::Verify if !row.is_done(wanted) && row.next_at.is_none() => {
                row.next_at = Some(now);
            }
            _ => {}
        }
    }
}
