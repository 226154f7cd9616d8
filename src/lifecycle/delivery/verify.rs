//! What comes of a look at what is served.

use chrono::{DateTime, TimeDelta, Utc};

use super::state::{CloudStage, Delivery, InstallStage, Looking, State, Verify, Wanted};
use super::step::{DeliveryMoment, DeliveryOutcome, DeliverySettled};

/// What was too slow once is given so many times as long before it counts as wrong again.
const PATIENCE_GROWS: i32 = 4;

/// A previous certificate is not gone back to when it has less life left than this.
const WORTH_GOING_BACK: TimeDelta = TimeDelta::days(1);

/// `others`: the certificate's other targets.
pub(super) fn settle(
    moment: DeliveryMoment,
    wanted: &Wanted,
    row: &mut Delivery,
    verify: &mut Verify,
    others: &mut [&mut Delivery],
    outcome: DeliveryOutcome,
) -> DeliverySettled {
    let now = moment.now;
    match outcome {
        DeliveryOutcome::Done => {
            let was_right = verify.looking.is_none() && row.has(wanted) && row.attempts == 0;
            verify.looking = None;
            row.received(Some(wanted));
            row.saw(Some(wanted.fingerprint.clone()), now);
            match was_right {
                true => DeliverySettled::Nothing,
                false => DeliverySettled::Delivered,
            }
        }
        DeliveryOutcome::Imperfect { seen, reason } => {
            verify.looking = None;
            row.saw(Some(seen), now);
            row.fails(moment, reason)
        }
        DeliveryOutcome::Wrong {
            seen,
            not_after,
            reason,
        } => {
            if may_become_right(moment, wanted, row, verify, &seen) {
                return DeliverySettled::Nothing;
            }
            if not_after.is_some_and(|end| end > wanted.not_after) {
                return row.is_foreign(moment, seen, reason);
            }
            row.saw(Some(seen), now);
            is_wrong(moment, wanted, row, verify, others, reason)
        }
        DeliveryOutcome::Elsewhere { seen, reason } => {
            match may_become_right(moment, wanted, row, verify, &seen) {
                true => DeliverySettled::Nothing,
                false => row.is_foreign(moment, seen, reason),
            }
        }
        DeliveryOutcome::Failed(reason) => {
            verify.looking = None;
            row.fails(moment, reason)
        }
        DeliveryOutcome::NotWritten(_)
        | DeliveryOutcome::NotYet(_)
        | DeliveryOutcome::Foreign { .. }
        | DeliveryOutcome::Cloud(_) => DeliverySettled::Nothing,
    }
}

impl Verify {
    /// Whether cloud resources went back from this certificate already.
    fn went_back_from(&self, wanted: &Wanted) -> bool {
        self.went_back.as_ref() == Some(&wanted.fingerprint)
    }

    /// Since when another certificate is seen instead of this one. Not in the future: a clock that was put back must make
    /// no patience endless.
    fn looks_since(&mut self, wanted: &Wanted, now: DateTime<Utc>) -> DateTime<Utc> {
        let before = self.looking.take();
        let before = before.filter(|looking| looking.aim == wanted.fingerprint);
        let since = before.map_or(now, |looking| looking.since.min(now));
        self.looking = Some(Looking {
            aim: wanted.fingerprint.clone(),
            since,
        });
        since
    }
}

/// Whether another certificate is given more time to become the wanted one.
fn may_become_right(
    moment: DeliveryMoment,
    wanted: &Wanted,
    row: &mut Delivery,
    verify: &mut Verify,
    seen: &str,
) -> bool {
    let now = moment.now;
    let patience = match verify.went_back_from(wanted) {
        true => moment.pace.patience * PATIENCE_GROWS,
        false => moment.pace.patience,
    };
    let began = verify.looks_since(wanted, now);
    if now >= began + patience {
        verify.looking = None;
        return false;
    }
    row.saw(Some(seen.to_owned()), now);
    let pause = moment.pace.look.max((now - began) / 10);
    row.next_at = Some((now + pause).min(began + patience));
    true
}

/// A wrong certificate of nobody else's, after all patience: what was right before and is wrong now is brought again; what
/// never became right goes back to what was right.
fn is_wrong(
    moment: DeliveryMoment,
    wanted: &Wanted,
    row: &mut Delivery,
    verify: &mut Verify,
    others: &mut [&mut Delivery],
    reason: String,
) -> DeliverySettled {
    let now = moment.now;
    let was_first = row.attempts == 0;
    let settled = row.fails(moment, reason.clone());
    if row.has(wanted) {
        // The right one was served before: whatever replaced it, ours is brought again.
        row.delivered = None;
        for copy in others.iter_mut().filter(|row| row.delivers()) {
            copy.delivered = None;
            copy.next_at = if was_first { Some(now) } else { row.next_at };
        }
        return DeliverySettled::Drift;
    }
    let stays = verify.went_back_from(wanted);
    let before = row.delivered.as_ref();
    let is_worth_it = before.is_some_and(|it| it.not_after - now >= WORTH_GOING_BACK);
    let mut goes_back = false;
    for copy in others.iter_mut().filter(|_| is_worth_it) {
        if !begin_way_back(copy, stays, moment.shares_cloud, &reason) {
            continue;
        }
        goes_back = true;
        // So that the pauses grow with the check's failures: each delivery in between was a success by itself.
        copy.attempts = row.attempts.saturating_sub(1);
        copy.next_at = Some(now);
        copy.last_error = Some(reason.clone());
        if let State::Cloud(_) = copy.state {
            verify.went_back = Some(wanted.fingerprint.clone());
        }
    }
    if goes_back {
        return DeliverySettled::RollsBack;
    }
    if stays {
        // To and fro helps nobody: what they have stays, and once it is served that is seen.
        row.last_error = Some(format!(
            "{reason}; its cloud resources went back once already, so now they keep it, and it is looked at again"
        ));
    }
    settled
}

/// Copies are saved before they are replaced; cloud resources go back where it is known what they had, and once: it is
/// their own edges that take their time. Those that other machines move as well don't.
fn begin_way_back(copy: &mut Delivery, stays: bool, shares_cloud: bool, reason: &str) -> bool {
    match &mut copy.state {
        State::Install(install) => {
            install.refused = None;
            install.went_back_for = Some(reason.to_owned());
            install.stage = InstallStage::UndoingAll;
            true
        }
        State::Cloud(cloud) if cloud.before.is_some() && !stays && !shares_cloud => {
            cloud.stage = CloudStage::Undoing;
            true
        }
        _ => false,
    }
}
