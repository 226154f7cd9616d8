//! Bringing an installed certificate to where it is served: rows of one certificate + now → the next step; step +
//! outcome → the new rows.
//!
//! Each target of a certificate has one row: a copy for a server, cloud resources, a hook, the check of what is served.
//! A row tells how far its own work is, so that a crash between any two steps repeats the step it fell into; each step
//! can be done twice. Rows don't wait for each other, but for the check: what is served is judged once all is delivered.

use chrono::{DateTime, TimeDelta, Utc};

use super::plan::due_at;
use super::record::Failure;

mod bound;
mod settling;
#[cfg(test)]
mod tests;

pub use bound::{Bound, Task};
pub use settling::{Moment, settle, unblock};

/// What kind of target a row is of; in the order in which they are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Copies for a server.
    Install,
    /// Resources at Tencent Cloud.
    Cloud,
    /// A hook for each new certificate.
    Deploy,
    /// The check of what is served.
    Verify,
    /// A hook for failures.
    Failure,
}

impl Kind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Install, "install"),
        (Self::Cloud, "cloud"),
        (Self::Deploy, "deploy"),
        (Self::Verify, "verify"),
        (Self::Failure, "failure"),
    ];

    /// The stable name used in the database and JSON.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }

    /// Whether the check of what is served waits for it.
    fn delivers(self) -> bool {
        matches!(self, Self::Install | Self::Cloud | Self::Deploy)
    }
}

/// How far the work on one target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is under way.
    Idle,
    /// What was there is saved; the new files are being written.
    Writing,
    /// The files are there; the server is asked whether it would take them.
    Checking,
    /// It would; it is being told to.
    Reloading,
    /// The files go back to what they were.
    Undoing,
    /// The files went back after the server may have seen the new ones: first they go back, then it is told again.
    UndoingAll,
    /// The files are back; the server is being told.
    ReloadingOld,
    /// A wrong certificate was seen; it may still change.
    Looking,
    /// The cloud is at work on it.
    Moving,
}

impl Stage {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Idle, "idle"),
        (Self::Writing, "writing"),
        (Self::Checking, "checking"),
        (Self::Reloading, "reloading"),
        (Self::Undoing, "undoing"),
        (Self::UndoingAll, "undoing-all"),
        (Self::ReloadingOld, "reloading-old"),
        (Self::Looking, "looking"),
        (Self::Moving, "moving"),
    ];

    /// The stable name used in the database and JSON.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(stage, _)| *stage == self)
            .map_or("", |(_, name)| name)
    }

    /// The stage of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(stage, _)| *stage)
    }
}

/// What is known of one target of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names it: a digest of its settings.
    pub target: String,
    /// Its kind.
    pub kind: Kind,
    /// A few words for people.
    pub title: String,
    /// The fingerprint that it has, as far as we brought or saw it.
    pub delivered: Option<String>,
    /// When that certificate ends.
    pub delivered_not_after: Option<DateTime<Utc>>,
    /// The fingerprint that the stage under way is about.
    pub aim: Option<String>,
    /// How far the work is.
    pub stage: Stage,
    /// When the stage began.
    pub since: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub attempts: u32,
    /// When there is something to do; `None` while there is nothing, or it waits for other rows.
    pub next_at: Option<DateTime<Utc>>,
    /// The last failure, in a sentence.
    pub last_error: Option<String>,
    /// What is really there: the fingerprint served, or bound in the cloud, or found in the files.
    pub seen: Option<String>,
    /// When that was looked at.
    pub seen_at: Option<DateTime<Utc>>,
    /// The operator asked for it: what somebody else put there may be replaced.
    pub forced: bool,
    /// The cloud's work, as it was written down last; of a hook for failures, what failed.
    pub task: Option<String>,
    /// What is known of cloud resources.
    pub cloud: Bound,
    /// Of a check: the fingerprint that cloud resources went back from, because it was not served. That happens once.
    pub went_back: Option<String>,
}

impl Delivery {
    /// A target of which nothing is known yet.
    pub fn new(target: impl Into<String>, kind: Kind, title: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            kind,
            title: title.into(),
            delivered: None,
            delivered_not_after: None,
            aim: None,
            stage: Stage::Idle,
            since: None,
            attempts: 0,
            next_at: None,
            last_error: None,
            seen: None,
            seen_at: None,
            forced: false,
            task: None,
            cloud: Bound::default(),
            went_back: None,
        }
    }

    /// Whether it has what it should have, and rests.
    pub fn is_done(&self, wanted: &Wanted) -> bool {
        self.kind == Kind::Failure
            || (self.stage == Stage::Idle
                && self.delivered.as_deref() == Some(wanted.fingerprint.as_str()))
    }

    /// The word for where it stands, as `status` shows it.
    pub fn state(&self, wanted: Option<&Wanted>) -> &'static str {
        match wanted {
            None => "waiting",
            Some(wanted) if self.is_done(wanted) && self.attempts == 0 => "done",
            Some(_) if self.attempts > 0 => "failing",
            Some(_) if self.stage != Stage::Idle => self.stage.name(),
            Some(_) => "waiting",
        }
    }
}

/// What every target of a certificate should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// SHA-256 of the leaf, lower-case hex.
    pub fingerprint: String,
    /// When it ends.
    pub not_after: DateTime<Utc>,
}

/// The times that the steps go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The first pause after a failure.
    pub retry: TimeDelta,
    /// Between two looks at what is served.
    pub look: TimeDelta,
    /// How long a server may show another certificate before that counts; longer after a way back.
    pub patience: TimeDelta,
}

/// How long the edges of a CDN and the like may take to show a new certificate, unless the operator says otherwise.
const EDGE_PATIENCE: TimeDelta = TimeDelta::minutes(15);

impl Pace {
    /// The pace that follows from `poll`, the pace of everything that waits; `patience` where it is set. With `edges`, some
    /// resources bring a certificate to many machines, which takes them minutes whatever our pace is.
    pub fn from_poll(poll: TimeDelta, patience: Option<TimeDelta>, edges: bool) -> Self {
        let soon = (poll * 10).clamp(TimeDelta::seconds(10), TimeDelta::minutes(1));
        Self {
            retry: (poll * 2).clamp(TimeDelta::seconds(2), TimeDelta::minutes(1)),
            look: TimeDelta::seconds(2).min(poll.max(TimeDelta::milliseconds(500))),
            patience: patience.unwrap_or(if edges { EDGE_PATIENCE } else { soon }),
        }
    }
}

/// The one next step of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// See whether the files are still what was brought.
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
pub enum Outcome {
    /// It is done.
    Done,
    /// It failed, with the reason.
    Failed(String),
    /// The server does not take the files yet, and there is nothing to go back to: they stay, and it is asked again.
    NotYet(String),
    /// Somebody else put a newer certificate there; it is left, and said.
    Foreign {
        /// Its fingerprint.
        seen: String,
        /// A sentence.
        reason: String,
    },
    /// Nothing could be connected to.
    Unreachable(String),
    /// Another certificate is served.
    Wrong {
        /// Its fingerprint.
        seen: String,
        /// When it ends.
        not_after: Option<DateTime<Utc>>,
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
    /// The cloud is at work.
    Working {
        /// The work as it goes on.
        task: Task,
        /// When to look again.
        pause: TimeDelta,
    },
    /// Some of the cloud's work failed, and goes on from here after a pause.
    Broken {
        /// The work as it goes on.
        task: Task,
        /// What failed.
        failure: Failure,
        /// When to look again.
        pause: TimeDelta,
    },
    /// Cloud resources can't go back to the certificate before: they keep the new one.
    NoWayBack {
        /// Why, in a sentence.
        reason: String,
    },
    /// Cloud resources have the certificate.
    Moved {
        /// How many; none where nothing was bound.
        count: u64,
        /// The service's id of the certificate that they had before, where something was moved.
        from: Option<String>,
        /// Somebody else's certificate that others of them have.
        foreign: Option<String>,
        /// What was left at an earlier certificate, in a sentence.
        left: Option<String>,
    },
    /// The service itself may switch these resources; it is left to that.
    Hosted {
        /// A sentence.
        reason: String,
    },
}

/// What settling found worth saying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing.
    Nothing,
    /// This target has the certificate now.
    Delivered,
    /// It failed, and is tried again.
    Failed,
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

/// Brings to `now` what a clock that was put back since has left in the future: a pause that no pause is as long as, and
/// the beginning that a patience is counted from.
pub fn mend_times(now: DateTime<Utc>, rows: &mut [Delivery]) {
    for row in rows {
        row.since = row.since.map(|since| since.min(now));
        row.next_at = row.next_at.map(|at| due_at(at, now));
    }
}

/// The next step of a certificate's targets: the row's place, and what to do. Of the copies, all are written before the
/// first is checked, and all are checked before a server is told.
pub fn next(now: DateTime<Utc>, rows: &[Delivery], wanted: &Wanted) -> Option<(usize, Step)> {
    let due = due_steps(now, rows, wanted).into_iter();
    due.min_by_key(|(place, step)| (rows[*place].kind, phase(*step), *place))
}

/// The next step of each row that is due and waits for no other.
pub fn due_steps(now: DateTime<Utc>, rows: &[Delivery], wanted: &Wanted) -> Vec<(usize, Step)> {
    let due = |row: &Delivery| row.next_at.is_some_and(|at| at <= now);
    (0..rows.len())
        .filter(|place| due(&rows[*place]))
        .filter_map(|place| {
            let blocked = blocked(rows, place, wanted);
            step(&rows[place], wanted, blocked).map(|step| (place, step))
        })
        .collect()
}

fn phase(step: Step) -> u8 {
    match step {
        Step::Check => 1,
        Step::Reload | Step::ReloadOld => 2,
        _ => 0,
    }
}

fn step(row: &Delivery, wanted: &Wanted, blocked: bool) -> Option<Step> {
    let stale = row.aim.as_deref() != Some(wanted.fingerprint.as_str());
    match row.kind {
        Kind::Install => match row.stage {
            Stage::Undoing | Stage::UndoingAll => Some(Step::Restore),
            Stage::ReloadingOld => Some(Step::ReloadOld),
            // Another certificate came in mid-work: its files are written over these, and what was saved stays saved.
            Stage::Writing | Stage::Checking | Stage::Reloading if stale => Some(Step::Write),
            Stage::Writing => Some(Step::Write),
            Stage::Checking => Some(Step::Check),
            Stage::Reloading => Some(Step::Reload),
            _ if row.is_done(wanted) => Some(Step::Inspect),
            _ => Some(Step::Save),
        },
        Kind::Cloud if row.stage == Stage::Undoing => Some(Step::MoveBack),
        Kind::Cloud if row.is_done(wanted) => Some(Step::Inspect),
        Kind::Cloud => Some(Step::Move),
        Kind::Deploy => (!row.is_done(wanted)).then_some(Step::Run),
        Kind::Verify => (!blocked).then_some(Step::Look),
        Kind::Failure => Some(Step::Run),
    }
}

/// The check of what is served waits until everything is where it should be.
fn blocked(rows: &[Delivery], place: usize, wanted: &Wanted) -> bool {
    rows[place].kind == Kind::Verify
        && rows
            .iter()
            .any(|row| row.kind.delivers() && !row.is_done(wanted))
}

/// Whether everything is delivered and, where that is checked, served.
pub fn all_done(rows: &[Delivery], wanted: &Wanted) -> bool {
    rows.iter().all(|row| row.is_done(wanted))
}
