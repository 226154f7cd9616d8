//! What comes of a step of copies for a server.

use chrono::{DateTime, Utc};

use super::state::{Delivery, Install, InstallStage, Wanted};
use super::step::{Moment, Outcome, Settled, Step};

pub(super) fn settle(
    moment: Moment,
    wanted: &Wanted,
    row: &mut Delivery,
    install: &mut Install,
    step: Step,
    outcome: Outcome,
) -> Settled {
    let now = moment.now;
    let aim = || wanted.fingerprint.clone();
    match (step, outcome) {
        (Step::Save, Outcome::Done) => enter(row, install, now, InstallStage::Writing),
        (Step::Write, Outcome::Done) => enter(row, install, now, InstallStage::Checking(aim())),
        (Step::Check, Outcome::Done) => enter(row, install, now, InstallStage::Reloading(aim())),
        (Step::Reload, Outcome::Done) => {
            *install = Install::default();
            row.received(Some(wanted));
            row.saw(Some(aim()), now);
            Settled::Delivered
        }
        (Step::Inspect, Outcome::Done) => {
            row.next_at = None;
            row.seen_at = Some(now);
            Settled::Nothing
        }
        (Step::Inspect, Outcome::Wrong { seen, reason, .. }) => {
            row.drifted(seen, reason, now);
            Settled::Drift
        }
        // Nothing was reloaded yet: only the files go back.
        (Step::Write | Step::Check, Outcome::Failed(reason)) => {
            row.last_error = Some(reason);
            enter(row, install, now, InstallStage::Undoing)
        }
        (Step::Reload, Outcome::Failed(reason)) => {
            row.last_error = Some(reason);
            enter(row, install, now, InstallStage::UndoingAll)
        }
        (Step::Restore, Outcome::Done) if install.stage == InstallStage::UndoingAll => {
            enter(row, install, now, InstallStage::ReloadingOld)
        }
        (Step::Restore | Step::ReloadOld, Outcome::Done) => {
            install.stage = InstallStage::Idle;
            row.undone(moment, wanted, None)
        }
        // The server may not even take the old files; they are back, and it is said.
        (Step::ReloadOld, Outcome::Failed(reason)) => {
            install.stage = InstallStage::Idle;
            row.undone(moment, wanted, Some(reason))
        }
        (Step::Restore, Outcome::Failed(reason)) => {
            row.fails(moment, format!("the files can't be put back: {reason}"))
        }
        // With the next look of the server's, or when another target with the same check has arrived.
        (_, Outcome::NotYet(reason)) => {
            let reason = match row.last_error.take() {
                Some(before) if step == Step::Restore => format!("{before}; {reason}"),
                _ => reason,
            };
            install.stage = InstallStage::Checking(aim());
            row.fails(moment, reason)
        }
        (_, Outcome::Foreign { seen, reason }) => {
            install.stage = InstallStage::Idle;
            row.is_foreign(moment, seen, reason)
        }
        (_, Outcome::Failed(reason)) => row.fails(moment, reason),
        _ => Settled::Nothing,
    }
}

fn enter(
    row: &mut Delivery,
    install: &mut Install,
    now: DateTime<Utc>,
    stage: InstallStage,
) -> Settled {
    install.stage = stage;
    row.next_at = Some(now);
    Settled::Nothing
}
