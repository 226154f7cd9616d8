//! The work on one target, and its pace.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::look::{Look, Sight};
use super::part::{Attempt, Part};
use crate::lifecycle::{Class, Failure, pause};

/// The longest pause between two attempts.
pub(super) const CEILING: TimeDelta = TimeDelta::hours(1);

/// The longest pause after a throttled call that does not count as a failure.
const LONGEST_THROTTLE: TimeDelta = TimeDelta::seconds(30);

/// Tasks that are remembered as over; the service lists the newest first.
const MOST_SPENT: usize = 100;

/// The work on one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// What for.
    pub goal: Goal,
    /// The certificate that resources get.
    pub to: String,
    /// The look at what is bound.
    pub look: Look,
    /// What is to be moved, as the last look showed it.
    pub parts: Vec<Part>,
    /// Attempts at parts: one, and beside it those that are stuck or wait for somebody else's task.
    pub attempts: Vec<Attempt>,
    /// Tasks that were followed to their end.
    pub spent: Vec<i64>,
    /// The certificate that resources were moved from.
    pub from: Option<String>,
    /// How many calls in a row were throttled.
    pub throttled: u32,
    /// Certificates of whose end people still want to be told, as the last look showed it: somebody else's, and those that
    /// resources of types have which are not wanted.
    #[serde(default)]
    pub noticed: Vec<String>,
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

/// The times that the work goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudPace {
    /// Between two looks at least; a tenth of what was waited so far, if that is more.
    pub look: TimeDelta,
    /// How long the service may gather, look up, or show what it just did.
    pub patience: TimeDelta,
    /// After this a task counts as stuck. It is still followed.
    pub stuck: TimeDelta,
    /// The first pause after a failure.
    pub retry: TimeDelta,
}

impl CloudPace {
    /// The pace that follows from `poll`: 7.5 s, 10 and 20 minutes, and a minute by default.
    pub fn from_poll(poll: TimeDelta) -> Self {
        Self {
            look: (poll / 4).clamp(TimeDelta::milliseconds(400), TimeDelta::milliseconds(7_500)),
            patience: (poll * 20).clamp(TimeDelta::seconds(10), TimeDelta::minutes(10)),
            stuck: (poll * 40).clamp(TimeDelta::seconds(20), TimeDelta::minutes(20)),
            retry: pause::first_retry(poll),
        }
    }
}

/// The time, and the pace to go by.
#[derive(Clone, Copy, Debug)]
pub struct CloudMoment {
    /// The time at which the answer came.
    pub now: DateTime<Utc>,
    /// The times that follow from the config.
    pub pace: CloudPace,
    /// In `[0, 1)`; spreads retries.
    pub random: f64,
}

impl CloudMoment {
    /// Until the next look at what has been waited for this long: a tenth of that, so that a task that hangs is not asked
    /// about as often as one that is nearly done.
    pub(super) fn pause(self, waited: TimeDelta) -> TimeDelta {
        let tenth = TimeDelta::milliseconds(waited.num_milliseconds() / 10);
        self.pace.look.max(tenth)
    }

    /// Doubling from the first pause, up to an hour; half of it is chance.
    pub(super) fn backoff(self, failures: u32) -> TimeDelta {
        pause::backoff(self.pace.retry, failures, CEILING, self.random)
    }

    /// A throttled call is sent again within seconds.
    pub(super) fn throttle(self, in_a_row: u32) -> TimeDelta {
        pause::backoff(
            TimeDelta::seconds(1),
            in_a_row,
            LONGEST_THROTTLE,
            self.random,
        )
    }

    /// The pause after a failure of this class. Where a person has to act, asking again soon tells nothing new.
    pub(super) fn after(self, failures: u32, class: Class) -> TimeDelta {
        match class {
            Class::Transient => self.backoff(failures),
            _ => CEILING,
        }
    }
}

impl Work {
    /// Work that begins with a look.
    pub fn new(goal: Goal, to: impl Into<String>, now: DateTime<Utc>) -> Self {
        Self {
            goal,
            to: to.into(),
            look: Look::new(now),
            parts: Vec::new(),
            attempts: Vec::new(),
            spent: Vec::new(),
            from: None,
            throttled: 0,
            noticed: Vec::new(),
        }
    }

    /// Whether a move from this certificate leaves nobody who wants to be told of its end: not on the way back, and not where
    /// it is somebody else's, or other resources still have it.
    pub fn replaces(&self, from: &str) -> bool {
        self.goal == Goal::Move && self.noticed.iter().all(|id| id != from)
    }

    /// The work as it goes on towards this goal. A task that may be under way is followed to its end first.
    #[must_use]
    pub fn towards(mut self, goal: Goal, to: &str, now: DateTime<Utc>) -> Self {
        self.mend_times(now);
        if self.goal == goal && self.to == to {
            return self;
        }
        self.attempts.retain(Attempt::may_run);
        if self.attempts.is_empty() {
            return Self {
                spent: self.spent,
                ..Self::new(goal, to, now)
            };
        }
        self.parts.clear();
        self.look.state = Sight::Rests;
        self
    }

    /// Somebody asked for it: no pause is waited for, and nothing that failed counts.
    #[must_use]
    pub fn at_once(mut self, now: DateTime<Utc>) -> Self {
        self.attempts.retain(Attempt::may_run);
        for attempt in &mut self.attempts {
            attempt.failures = 0;
            attempt.error = None;
            attempt.next_at = now;
        }
        self.parts.clear();
        self.look = Look::new(now);
        self.throttled = 0;
        self
    }

    /// A clock that was put back must make no patience endless, and no pause.
    fn mend_times(&mut self, now: DateTime<Utc>) {
        let due = |at: &mut DateTime<Utc>| *at = pause::due_within(*at, now, CEILING);
        due(&mut self.look.next_at);
        self.look.retry_at.iter_mut().for_each(due);
        self.look.began = self.look.began.min(now);
        self.look.since = self.look.since.map(|since| since.min(now));
        for part in &mut self.parts {
            due(&mut part.next_at);
            part.carried_at = part.carried_at.map(|at| at.min(now));
        }
        for attempt in &mut self.attempts {
            due(&mut attempt.next_at);
            attempt.since = attempt.since.min(now);
        }
    }

    /// Whether a task of it may be under way.
    pub fn may_run(&self) -> bool {
        self.attempts.iter().any(Attempt::may_run)
    }

    /// Whether a task for load balancers may be under way.
    pub fn holds_balancer(&self) -> bool {
        let mut running = self.attempts.iter().filter(|attempt| attempt.may_run());
        running.any(|attempt| attempt.batch.is_balancer())
    }

    /// Failures in a row of whatever failed most often; none once it made progress.
    pub fn failures(&self) -> u32 {
        let parts = self.parts.iter().map(|part| part.failures);
        let attempts = self.attempts.iter().map(|attempt| attempt.failures);
        let all = parts.chain(attempts).chain([self.look.failures]);
        all.max().unwrap_or(0)
    }

    /// Why what fails does, each reason once, the first few.
    pub fn errors(&self) -> Option<String> {
        let parts = self.parts.iter().map(|part| &part.error);
        let attempts = self.attempts.iter().map(|attempt| &attempt.error);
        let all = [&self.look.error].into_iter().chain(attempts).chain(parts);
        first_few(all.filter_map(|reason| reason.as_deref()))
    }

    /// Whether this task was seen before: it is followed, or over.
    pub fn knows(&self, record: i64) -> bool {
        let mut followed = self.attempts.iter().filter_map(Attempt::record);
        self.spent.contains(&record) || followed.any(|known| known == record)
    }

    pub(super) fn spend(&mut self, record: i64) {
        if !self.spent.contains(&record) {
            self.spent.push(record);
        }
        let surplus = self.spent.len().saturating_sub(MOST_SPENT);
        self.spent.drain(..surplus);
    }
}

/// These reasons in a sentence: each once, the first few of them.
pub(super) fn first_few<'a>(reasons: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut different: Vec<&str> = Vec::new();
    for reason in reasons {
        if !different.contains(&reason) {
            different.push(reason);
        }
    }
    let more = different.len().saturating_sub(3);
    different.truncate(3);
    let said = different.join("; ");
    match more {
        _ if said.is_empty() => None,
        0 => Some(said),
        more => Some(format!("{said}; and {more} more")),
    }
}

/// A failure that goes away by itself, and is not the service's word.
pub(super) fn failing(message: impl Into<String>) -> Failure {
    Failure::ours(Class::Transient, message)
}

/// What an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// On with the work, after a pause.
    On(Work, TimeDelta),
    /// So many resources have the certificate, moved from that one.
    Done {
        /// How many.
        bound: u64,
        /// Where they were before, where something was moved.
        from: Option<String>,
        /// Somebody else's certificate that ends later than ours, where that is bound to others of them.
        foreign: Option<String>,
        /// An earlier certificate with another kind of key, and how many resources have that.
        beside: Option<(String, u64)>,
    },
    /// Something failed. The work goes on after a pause, with what can be done meanwhile.
    Failed(Work, Failure, TimeDelta),
    /// Resources can't go back to the certificate before, for this reason: they keep what they have.
    NoWayBack(String),
    /// The service itself may switch the resources of this certificate; it is left to that.
    Hosted(String),
    /// Somebody else bound this certificate, which ends later than ours.
    Foreign(String),
    /// Found while inspecting: so many resources have this older certificate of ours.
    Older(String, u64),
}
