//! What is to be done now, and what may come of it.

use chrono::{DateTime, TimeDelta, Utc};

use super::state::{CloudStage, Deliveries, Delivery, InstallStage, State, TargetKind, Wanted};
use crate::lifecycle::Failure;
use crate::lifecycle::cloud::Verdict;
use crate::lifecycle::pause::{backoff, first_retry, lasts};

/// The longest pause between two attempts at a target.
const CEILING: TimeDelta = TimeDelta::hours(1);

/// The one next step of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStep {
    /// See whether the files, or the cloud's resources, are still what was brought.
    Inspect,
    /// Save what is there, unless somebody else put something newer there.
    Save,
    /// Write the new files.
    Write,
    /// Ask the server whether it would take them.
    Check,
    /// Tell the server to take them.
    Reload,
    /// Put back what was there.
    Restore,
    /// Tell the server to take what was put back.
    ReloadOld,
    /// Run the hook.
    Run,
    /// See what is served.
    Look,
    /// Go on with the cloud's work.
    Move,
    /// Go on with moving cloud resources back.
    MoveBack,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It is done.
    Done,
    /// It failed, or nothing could be connected to, with the reason.
    Failed(String),
    /// The new files could not be written, with the reason, and everything is as it was before.
    NotWritten(String),
    /// The server does not take the files yet, and there is nothing to go back to: they stay, and it is asked again.
    NotYet(String),
    /// Somebody else put a newer certificate there; it is left, and said.
    Foreign {
        /// Its fingerprint.
        seen: String,
        /// A sentence.
        reason: String,
    },
    /// Another certificate is there, or served.
    Wrong {
        /// Its fingerprint.
        seen: String,
        /// When it ends, where somebody may mean it to be there.
        not_after: Option<DateTime<Utc>>,
        /// A sentence.
        reason: String,
    },
    /// Another machine serves another certificate: nothing that is done here changes that.
    Elsewhere {
        /// Its fingerprint.
        seen: String,
        /// A sentence.
        reason: String,
    },
    /// The right one is served, in a way that visitors stumble over (chain missing, say).
    Imperfect {
        /// Its fingerprint.
        seen: String,
        /// A sentence.
        reason: String,
    },
    /// What the cloud's work came to.
    Cloud(Box<Verdict>),
}

impl DeliveryOutcome {
    /// Whether the step did not do what it was for.
    pub(super) fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Failed(_) | Self::NotWritten(_) | Self::NotYet(_) | Self::Foreign { .. }
        )
    }
}

/// A step that was done, and what came of it.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Of which target.
    pub target: String,
    /// What was done.
    pub step: DeliveryStep,
    /// What came of it.
    pub outcome: DeliveryOutcome,
}

/// What settling found worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliverySettled {
    /// Nothing that is worth a line.
    Nothing,
    /// This target has the certificate now.
    Delivered,
    /// It failed, and is tried again. With what the service said, where it did.
    Failed(Option<Failure>),
    /// What was there before is back, and was taken up.
    RolledBack,
    /// A wrong certificate is served; every copy goes back to what it was.
    RollsBack,
    /// Another certificate is there than the one that was brought; it is brought again.
    Drift,
    /// Somebody else's newer certificate is there; it is left.
    Foreign,
    /// The service itself looks after these resources; it is left to that.
    Hosted,
    /// Fewer cloud resources have the certificate than did.
    Fewer,
    /// Cloud resources have an earlier certificate, which is left to somebody to judge.
    Left,
}

/// What an outcome is judged by.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryMoment {
    /// The time at which it came.
    pub now: DateTime<Utc>,
    /// The times that follow from the config.
    pub pace: DeliveryPace,
    /// In `[0, 1)`; spreads retries.
    pub random: f64,
    /// Cloud resources are other machines' too: what this one serves says nothing of them.
    pub shares_cloud: bool,
}

/// The times that the steps go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryPace {
    /// The first pause after a failure.
    pub retry: TimeDelta,
    /// Between two looks at what is served.
    pub look: TimeDelta,
    /// How long a server may show another certificate before that counts; longer after a way back.
    pub patience: TimeDelta,
}

/// How long the edges of a CDN and the like may take to show a new certificate, unless the operator says otherwise.
const EDGE_PATIENCE: TimeDelta = TimeDelta::minutes(15);

impl DeliveryPace {
    /// The pace that follows from `poll`, the pace of everything that waits; `patience` where it is set. With `edges`, some
    /// resources bring a certificate to many machines, which takes them minutes whatever our pace is.
    pub fn from_poll(poll: TimeDelta, patience: Option<TimeDelta>, edges: bool) -> Self {
        let soon = (poll * 10).clamp(TimeDelta::seconds(10), TimeDelta::minutes(1));
        Self {
            retry: first_retry(poll),
            look: TimeDelta::seconds(2).min(poll.max(TimeDelta::milliseconds(500))),
            patience: patience.unwrap_or(if edges { EDGE_PATIENCE } else { soon }),
        }
    }
}

impl Delivery {
    /// It failed, and is tried again after a pause.
    pub(super) fn fails(&mut self, moment: DeliveryMoment, reason: String) -> DeliverySettled {
        self.attempts = self.attempts.saturating_add(1);
        self.last_error = Some(reason);
        let pause = backoff(moment.pace.retry, self.attempts, CEILING, moment.random);
        self.next_at = Some(moment.now + pause);
        DeliverySettled::Failed(None)
    }

    /// Somebody else's certificate is there, and left until somebody decides; looked at again now and then, and said once.
    pub(super) fn is_foreign(
        &mut self,
        moment: DeliveryMoment,
        seen: String,
        reason: String,
    ) -> DeliverySettled {
        let is_known = self.attempts > 0 && self.seen.as_ref() == Some(&seen);
        self.seen = Some(seen);
        self.is_left(moment, reason);
        if is_known {
            DeliverySettled::Nothing
        } else {
            DeliverySettled::Foreign
        }
    }

    /// The service looks after it, and it is left to that; looked at again now and then, and said once.
    pub(super) fn is_hosted(&mut self, moment: DeliveryMoment, reason: String) -> DeliverySettled {
        let is_known = self.attempts > 0 && self.last_error.as_ref() == Some(&reason);
        self.is_left(moment, reason);
        if is_known {
            DeliverySettled::Nothing
        } else {
            DeliverySettled::Hosted
        }
    }

    fn is_left(&mut self, moment: DeliveryMoment, reason: String) {
        self.seen_at = Some(moment.now);
        self.fails(moment, reason);
        self.next_at = Some(moment.now + CEILING);
    }

    /// What was there before is there again: the failure that led here counts now.
    pub(super) fn undone(
        &mut self,
        moment: DeliveryMoment,
        wanted: &Wanted,
        more: Option<String>,
    ) -> DeliverySettled {
        let mut reason = self.last_error.take().unwrap_or_default();
        if let Some(more) = more {
            reason =
                format!("{reason}; the reload after putting the files back failed too: {more}");
        }
        // What it had before it has again, and that is known but for what was replaced after it was delivered.
        if self.has(wanted) {
            self.delivered = None;
        }
        self.fails(moment, reason);
        DeliverySettled::RolledBack
    }
}

/// The next step of a certificate's targets: the target's place, and what to do; `None` while all rest. Of the copies, all
/// are written before the first is checked, and all are checked before a server is told.
pub fn next(known: &Deliveries, now: DateTime<Utc>) -> Option<(usize, DeliveryStep)> {
    let due = due_steps(known, now).into_iter();
    due.min_by_key(|(place, step)| (known.rows[*place].kind(), phase(*step), *place))
}

/// The next step of each target that is due and waits for no other. So is one whose time lies further off than any pause:
/// a clock that was put back since has set it.
pub fn due_steps(known: &Deliveries, now: DateTime<Utc>) -> Vec<(usize, DeliveryStep)> {
    let rows = known.rows.iter().enumerate();
    let due = rows.filter(|(_, row)| row.next_at.is_some_and(|at| !lasts(at, now)));
    due.filter_map(|(place, row)| step(row, known).map(|step| (place, step)))
        .collect()
}

fn phase(step: DeliveryStep) -> u8 {
    match step {
        DeliveryStep::Check => 1,
        DeliveryStep::Reload | DeliveryStep::ReloadOld => 2,
        _ => 0,
    }
}

fn step(row: &Delivery, known: &Deliveries) -> Option<DeliveryStep> {
    // Before the first certificate only the hooks for failures have anything to do.
    let Some(wanted) = &known.wanted else {
        return (row.kind() == TargetKind::Failure).then_some(DeliveryStep::Run);
    };
    match &row.state {
        State::Install(install) => Some(match &install.stage {
            InstallStage::Undoing | InstallStage::UndoingAll => DeliveryStep::Restore,
            InstallStage::ReloadingOld => DeliveryStep::ReloadOld,
            InstallStage::Writing => DeliveryStep::Write,
            // Another certificate came in mid-work: its files are written over these, and what was saved stays saved.
            InstallStage::Checking(aim) | InstallStage::Reloading(aim)
                if *aim != wanted.fingerprint =>
            {
                DeliveryStep::Write
            }
            InstallStage::Checking(_) => DeliveryStep::Check,
            InstallStage::Reloading(_) => DeliveryStep::Reload,
            InstallStage::Idle if row.has(wanted) => DeliveryStep::Inspect,
            InstallStage::Idle => DeliveryStep::Save,
        }),
        State::Cloud(cloud) if cloud.stage == CloudStage::Undoing => Some(DeliveryStep::MoveBack),
        State::Cloud(_) if row.is_done(wanted) => Some(DeliveryStep::Inspect),
        State::Cloud(_) => Some(DeliveryStep::Move),
        State::Deploy => (!row.is_done(wanted)).then_some(DeliveryStep::Run),
        State::Verify(_) => (!is_blocked(&known.rows, wanted)).then_some(DeliveryStep::Look),
        State::Failure(_) => Some(DeliveryStep::Run),
    }
}

/// Whether the check of what is served waits: until everything is where it should be.
pub(super) fn is_blocked(rows: &[Delivery], wanted: &Wanted) -> bool {
    let mut rows = rows.iter();
    rows.any(|row| row.delivers() && !row.is_done(wanted))
}
