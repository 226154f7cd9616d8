//! What comes of a step of copies for a server.

use chrono::{DateTime, Utc};

use super::state::{Delivery, Install, InstallStage, ServerCommand, Wanted};
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
    // What failed before the files went back stays what is the matter while they do.
    if !install.stage.goes_back() && outcome.is_failure() {
        install.refused = match step {
            DeliveryStep::Check => Some(ServerCommand::Check),
            DeliveryStep::Reload => Some(ServerCommand::Reload),
            _ => None,
        };
    }
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
            go_back(row, install, now, InstallStage::Undoing, reason)
        }
        (DeliveryStep::Reload, DeliveryOutcome::Failed(reason)) => {
            go_back(row, install, now, InstallStage::UndoingAll, reason)
        }
        (DeliveryStep::Restore, DeliveryOutcome::Done)
            if install.stage == InstallStage::UndoingAll =>
        {
            enter(row, install, now, InstallStage::ReloadingOld)
        }
        (DeliveryStep::Restore | DeliveryStep::ReloadOld, DeliveryOutcome::Done) => {
            install.is_back(row);
            row.undone(moment, wanted, None)
        }
        // The server may not even take the old files; they are back, and it is said.
        (DeliveryStep::ReloadOld, DeliveryOutcome::Failed(reason)) => {
            install.is_back(row);
            row.undone(moment, wanted, Some(reason))
        }
        (DeliveryStep::Restore, DeliveryOutcome::Failed(reason)) => {
            let reason =
                install.after_first(row, &format!("the files can't be put back: {reason}"));
            row.fails(moment, reason)
        }
        // The operator asked for ours, whatever is there.
        (DeliveryStep::Restore, DeliveryOutcome::Foreign { .. }) if install.forced => {
            enter(row, install, now, InstallStage::Idle)
        }
        (DeliveryStep::Restore, DeliveryOutcome::Foreign { seen, reason }) => {
            let reason = install.after_first(row, &reason);
            install.stage = InstallStage::Idle;
            row.is_foreign(moment, seen, reason)
        }
        // With the next look of the server's, or when another target with the same check has arrived.
        (_, DeliveryOutcome::NotYet(reason)) => {
            let reason = match step {
                DeliveryStep::Restore => install.after_first(row, &reason),
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

impl Install {
    /// Why the files go back is what a person needs first, however often that is tried.
    fn after_first(&mut self, row: &mut Delivery, then: &str) -> String {
        match self.first_reason(row).as_str() {
            "" => then.to_owned(),
            first => format!("{first}; {then}"),
        }
    }

    /// Earlier versions had it in the last error alone.
    fn first_reason(&mut self, row: &mut Delivery) -> &String {
        self.went_back_for
            .get_or_insert_with(|| row.last_error.take().unwrap_or_default())
    }

    /// The files are what they were: what kept them from it for a while is over.
    fn is_back(&mut self, row: &mut Delivery) {
        row.last_error = Some(self.first_reason(row).clone());
        row.seen = None;
        self.stage = InstallStage::Idle;
    }
}

fn go_back(
    row: &mut Delivery,
    install: &mut Install,
    now: DateTime<Utc>,
    stage: InstallStage,
    reason: String,
) -> DeliverySettled {
    install.went_back_for = Some(reason.clone());
    row.last_error = Some(reason);
    enter(row, install, now, stage)
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
