//! Moving cloud resources from one certificate to another: the work of one target + an answer → the next thing to ask.
//!
//! The service does the moving in tasks of its own, which may be slow, fail in part, or be under way although nobody
//! remembers asking for them. So the work begins and ends with a look at what is bound, every task that is not yet
//! followed to its end is followed before another is asked for, and what a task says of itself is never the last word.
//! A crash goes on from the phase that was written down.
//!
//! - `talk`: what is asked, what is answered, and what that leads to;
//! - `hear`: an answer, judged;
//! - `decide`: what a look at what is bound leads to.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

mod decide;
mod hear;
mod talk;
#[cfg(test)]
mod tests;

pub use talk::{Answer, Ask, Bound, Count, Progress, Type, Verdict, Wish};

/// How often the failed parts of a task are tried again by the service itself.
const RETRIES: u32 = 3;

/// After so many calls for a task without an answer that can be relied on, it is said, and pauses grow.
const UNANSWERED: u32 = 3;

/// A task that is not done after this is given up: a newer certificate may be waiting for it.
const ABANDONED: TimeDelta = TimeDelta::hours(24);

/// Tasks that are remembered as over; the service lists the newest first.
const MOST_SPENT: usize = 100;

/// Load balancers are changed one at a time: tasks for this type run alone in their account.
pub const LOAD_BALANCER: &str = "clb";

/// The work on one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// What for.
    pub goal: Goal,
    /// The certificate that resources get.
    pub to: String,
    /// How far it is.
    pub phase: Phase,
    /// When this part of it began.
    #[serde(with = "millis")]
    pub since: DateTime<Utc>,
    /// Tasks that were followed to their end.
    #[serde(default)]
    pub spent: Vec<i64>,
    /// What was carried out, as the service said: looked at once more before anything is said.
    #[serde(default)]
    pub carried: Vec<Batch>,
    /// The service said that there was nothing to do.
    #[serde(default)]
    pub refused: bool,
    /// How often in a row asking for a task brought no answer that can be relied on.
    #[serde(default)]
    pub unanswered: u32,
    /// The certificate that resources were moved from.
    #[serde(default)]
    pub from: Option<String>,
}

/// What the work is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// Resources get the new certificate.
    Move,
    /// They go back to the one before.
    Back,
    /// It is only looked at.
    Inspect,
}

/// How far the work is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// What is bound is to be asked.
    Ask,
    /// It was asked; the service is looking it up.
    Asked(Vec<LookUp>),
    /// A task for this may be there already.
    Find(Batch),
    /// The task is to be asked for.
    Send(Batch),
    /// It was asked for, or was about to be; the answer is not known.
    Sent(Batch),
    /// The task is under way.
    Follow(Follow),
    /// Its failed parts are to be tried again.
    Retry(Follow),
}

/// A look-up of what one certificate is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// The certificate.
    pub certificate: String,
    /// Its look-up.
    pub task: String,
    /// Whose it is.
    pub role: Role,
    /// The service itself may switch its resources.
    #[serde(default)]
    pub hosted: bool,
}

/// Whose a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The one that resources should have.
    Wanted,
    /// Another one of ours.
    Ours,
    /// Somebody else's for the same name alone, that ends later than ours.
    Foreign,
    /// Somebody else's that covers other names too. What it is bound to may be theirs.
    Wider,
}

/// One task's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Batch {
    /// Whatever of these types is bound to a certificate.
    Move {
        /// That certificate.
        from: String,
        /// The types.
        types: Vec<String>,
        /// The regions of those that have some.
        regions: Vec<(String, Vec<String>)>,
    },
    /// Named instances.
    Deploy {
        /// Their type.
        kind: String,
        /// They.
        instances: Vec<String>,
        /// Where they are.
        region: Option<String>,
    },
}

impl Batch {
    /// Whether it changes load balancers.
    pub fn is_balancer(&self) -> bool {
        match self {
            Self::Move { types, .. } => types.iter().any(|kind| kind == LOAD_BALANCER),
            Self::Deploy { kind, .. } => kind == LOAD_BALANCER,
        }
    }

    /// The same resources, as far as they are named.
    fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Move { from, types, .. },
                Self::Move {
                    from: other_from,
                    types: other_types,
                    ..
                },
            ) => from == other_from && types == other_types,
            (Self::Deploy { .. }, Self::Deploy { .. }) => true,
            _ => false,
        }
    }
}

/// A task that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// What for.
    pub batch: Batch,
    /// The service's number of it.
    pub record: i64,
    /// How often its failed parts were tried again.
    pub retries: u32,
    /// Whether it is the one that was asked for, and so about exactly this.
    pub ours: bool,
    /// Whether it was seen at work: a task that was over when it was found says nothing about now.
    pub seen_at_work: bool,
}

/// The times that the work goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at least; a tenth of what was waited so far, if that is more.
    pub look: TimeDelta,
    /// How long the service may gather, look up, or show what it just did.
    pub patience: TimeDelta,
    /// After this a task counts as stuck. It is still followed.
    pub stuck: TimeDelta,
}

impl Pace {
    /// The pace that follows from `poll`: 7.5 s, 10 and 20 minutes by default.
    pub fn from_poll(poll: TimeDelta) -> Self {
        Self {
            look: (poll / 4).clamp(TimeDelta::milliseconds(400), TimeDelta::milliseconds(7_500)),
            patience: (poll * 20).clamp(TimeDelta::seconds(10), TimeDelta::minutes(10)),
            stuck: (poll * 40).clamp(TimeDelta::seconds(20), TimeDelta::minutes(20)),
        }
    }
}

/// The time, and the pace to go by.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: DateTime<Utc>,
    /// The pace.
    pub pace: Pace,
}

impl Work {
    /// Work that begins with a look.
    pub fn new(goal: Goal, to: impl Into<String>, now: DateTime<Utc>) -> Self {
        Self {
            goal,
            to: to.into(),
            phase: Phase::Ask,
            since: now,
            spent: Vec::new(),
            carried: Vec::new(),
            refused: false,
            unanswered: 0,
            from: None,
        }
    }

    /// The work as it goes on towards this goal. A task that may be under way is followed to its end first.
    #[must_use]
    pub fn towards(mut self, goal: Goal, to: &str, now: DateTime<Utc>) -> Self {
        // A clock that was put back must not make a patience endless.
        self.since = self.since.min(now);
        if (self.goal == goal && self.to == to) || self.may_run() {
            return self;
        }
        Self {
            spent: self.spent,
            ..Self::new(goal, to, now)
        }
    }

    /// Whether a task of it may be under way.
    pub fn may_run(&self) -> bool {
        matches!(
            self.phase,
            Phase::Sent(_) | Phase::Follow(_) | Phase::Retry(_)
        )
    }

    /// Whether a task for load balancers may be under way.
    pub fn holds_balancer(&self) -> bool {
        match &self.phase {
            Phase::Sent(batch) => batch.is_balancer(),
            Phase::Follow(follow) | Phase::Retry(follow) => follow.batch.is_balancer(),
            _ => false,
        }
    }

    /// The next thing to ask.
    pub fn ask(&self) -> Ask {
        match &self.phase {
            Phase::Ask => Ask::LookUp,
            Phase::Asked(look_ups) => Ask::Found(look_ups.clone()),
            Phase::Find(batch) | Phase::Sent(batch) => Ask::Tasks(batch.clone()),
            Phase::Send(batch) => Ask::Task(batch.clone()),
            Phase::Follow(follow) => Ask::Progress(follow.clone()),
            Phase::Retry(follow) => Ask::Retry(follow.clone()),
        }
    }

    /// What is written down before a task is asked for: from here on there may be one.
    #[must_use]
    pub fn sent(&self) -> Self {
        match &self.phase {
            Phase::Send(batch) => self.clone().at(Phase::Sent(batch.clone())),
            _ => self.clone(),
        }
    }

    /// What is written down before the failed parts are tried again: an answer that is lost must not add a try.
    #[must_use]
    pub fn retrying(&self, now: DateTime<Utc>) -> Self {
        match &self.phase {
            Phase::Retry(follow) => Self {
                since: now,
                ..self.clone().at(Phase::Follow(Follow {
                    retries: follow.retries + 1,
                    ..follow.clone()
                }))
            },
            _ => self.clone(),
        }
    }

    fn at(self, phase: Phase) -> Self {
        Self { phase, ..self }
    }

    fn again(self, now: DateTime<Utc>) -> Self {
        Self {
            phase: Phase::Ask,
            since: now,
            ..self
        }
    }

    fn spend(mut self, record: i64) -> Self {
        if !self.spent.contains(&record) {
            self.spent.push(record);
        }
        let surplus = self.spent.len().saturating_sub(MOST_SPENT);
        self.spent.drain(..surplus);
        self
    }
}

/// Times as the database has them.
mod millis {
    use chrono::{DateTime, Utc};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(at.timestamp_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        let milliseconds = i64::deserialize(from)?;
        DateTime::from_timestamp_millis(milliseconds).ok_or_else(|| D::Error::custom("no time"))
    }
}
