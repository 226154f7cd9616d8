//! What comes of a step of copies for a server.

use chrono::{DateTime, Utc};

use super::state::{Delivery, Install, InstallStage, Wanted};
use super::step::{DeliveryMoment, DeliveryOutcome, DeliverySettled, DeliveryStep};

pub(super) fn settle(
    moment: DeliveryMoment,
    wanted: &Wanted,
    row: &mut Delivery,
    install: &mut Install,
    step: DeliveryStep,
    outcome: DeliveryOutcome,
) -> DeliverySettled {
    let now = moment.now;
    let aim = || wanted.fingerprint.clone();
    match (step, outcome) {
        (DeliveryStep::Save, DeliveryOutcome::Done) => {
            enter(row, install, now, InstallStage::Writing)
        }
        (DeliveryStep::Write, DeliveryOutcome::Done) => {
            enter(row, install, now, InstallStage::Checking(aim()))
        }
        (DeliveryStep::Check, DeliveryOutcome::Done) => {
            enter(row, install, now, InstallStage::Reloading(aim()))
        }
        (DeliveryStep::Reload, DeliveryOutcome::Done) => {
            *install = Install::default();
            row.received(Some(wanted));
            row.saw(Some(aim()), now);
            DeliverySettled::Delivered
        }
        (DeliveryStep::Inspect, DeliveryOutcome::Done) => {
            row.next_at = None;
            row.seen_at = Some(now);
            DeliverySettled::Nothing
        }
        (DeliveryStep::Inspect, DeliveryOutcome::Wrong { seen, reason, .. }) => {
            row.drifted(seen, reason, now);
            DeliverySettled::Drift
        }
        // There is nothing to put back. What is there is judged and saved anew: somebody may replace it meanwhile.
        (DeliveryStep::Write, DeliveryOutcome::NotWritten(reason)) => {
            install.stage = InstallStage::Idle;
            row.fails(moment, reason)
        }
        // Nothing was reloaded yet: only the files go back.
        (DeliveryStep::Write | DeliveryStep::Check, DeliveryOutcome::Failed(reason)) => {
            row.last_error = Some(reason);
            enter(row, install, now, InstallStage::Undoing)
        }
        (DeliveryStep::Reload, DeliveryOutcome::Failed(reason)) => {
            row.last_error = Some(reason);
            enter(row, install, now, InstallStage::UndoingAll)
        }
        (DeliveryStep::Restore, DeliveryOutcome::Done)
            if install.stage == InstallStage::UndoingAll =>
        {
            enter(row, install, now, InstallStage::ReloadingOld)
        }
        (DeliveryStep::Restore | DeliveryStep::ReloadOld, DeliveryOutcome::Done) => {
            install.stage = InstallStage::Idle;
            row.seen = None;
            row.undone(moment, wanted, None)
        }
        // The server may not even take the old files; they are back, and it is said.
        (DeliveryStep::ReloadOld, DeliveryOutcome::Failed(reason)) => {
            install.stage = InstallStage::Idle;
            row.seen = None;
            row.undone(moment, wanted, Some(reason))
        }
        (DeliveryStep::Restore, DeliveryOutcome::Failed(reason)) => {
            let reason = after_first(row, NOT_BACK, &reason);
            row.fails(moment, reason)
        }
        // The operator asked for ours, whatever is there.
        (DeliveryStep::Restore, DeliveryOutcome::Foreign { .. }) if install.forced => {
            enter(row, install, now, InstallStage::Idle)
        }
        (DeliveryStep::Restore, DeliveryOutcome::Foreign { seen, reason }) => {
            let reason = after_first(row, "", &reason);
            install.stage = InstallStage::Idle;
            row.is_foreign(moment, seen, reason)
        }
        // With the next look of the server's, or when another target with the same check has arrived.
        (_, DeliveryOutcome::NotYet(reason)) => {
            let reason = match row.last_error.take() {
                Some(before) if step == DeliveryStep::Restore => format!("{before}; {reason}"),
                _ => reason,
            };
            install.stage = InstallStage::Checking(aim());
            row.fails(moment, reason)
        }
        (_, DeliveryOutcome::Foreign { seen, reason }) => {
            install.stage = InstallStage::Idle;
            row.is_foreign(moment, seen, reason)
        }
        (_, DeliveryOutcome::Failed(reason)) => row.fails(moment, reason),
        _ => DeliverySettled::Nothing,
    }
}

/// Said of files that can't be put back.
const NOT_BACK: &str = "the files can't be put back: ";

/// Why the files go back is what a person needs first, however often that is tried.
fn after_first(row: &Delivery, what: &str, reason: &str) -> String {
    let before = row.last_error.as_deref().unwrap_or_default();
    let first = before.split(NOT_BACK).next().unwrap_or_default();
    let first = first.trim_end_matches("; ");
    match first.is_empty() {
        true => format!("{what}{reason}"),
        false => format!("{first}; {what}{reason}"),
    }
}

fn enter(
    row: &mut Delivery,
    install: &mut Install,
    now: DateTime<Utc>,
    stage: InstallStage,
) -> DeliverySettled {
    install.stage = stage;
    row.next_at = Some(now);
    DeliverySettled::Nothing
}
