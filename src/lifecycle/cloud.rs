//! Moving cloud resources from one certificate to another: the work of one target + an answer → the next thing to ask.
//!
//! The service does the moving in tasks of its own, which may be slow, fail in part, or be under way although nobody
//! remembers asking for them. So the work begins and ends with a look at what is bound, every task that is not yet
//! followed to its end is followed before another is asked for, and what a task says of itself is never the last word.
//! A crash goes on from what was written down.
//!
//! What is to be moved is cut into parts: what one earlier certificate has of one type in one region, and each named
//! instance. Each part has its own failures and its own pause, so that one which always fails keeps no other from being
//! moved. All is done when a look that lacks nothing shows no part any more.
//!
//! - `talk`: what is asked, what is answered, and what that leads to;
//! - `part`: what is to be moved, and an attempt at it;
//! - `turns`: whose turn it is, and when;
//! - `hear`: an answer about an attempt, judged;
//! - `look`: an answer about what is bound;
//! - `decide`: what a look at what is bound leads to.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::lifecycle::{Class, Failure};

mod decide;
mod hear;
mod look;
mod part;
mod talk;
#[cfg(test)]
mod tests;
mod turns;

pub use look::{Look, LookUp, Role, Sight};
pub use part::{Attempt, Batch, Follow, Part, Phase, Place};
pub use talk::{Answer, Ask, Bound, Count, Progress, Type, Unknown, Verdict, Wish};

/// How often the failed parts of a task are tried again by the service itself.
const RETRIES: u32 = 3;

/// After so many calls for a task without an answer that can be relied on, it is said, and pauses grow.
const UNANSWERED: u32 = 3;

/// After so many failures in a row to learn how a task is, others no longer wait for it.
const LASTS: u32 = 3;

/// A task that is not done after this is given up: a newer certificate may be waiting for it.
const ABANDONED: TimeDelta = TimeDelta::hours(24);

/// Tasks that are remembered as over; the service lists the newest first.
const MOST_SPENT: usize = 100;

/// Parts of one target; what is beyond them is moved after them.
const MOST_PARTS: usize = 200;

/// Calls in a row that are throttled before that counts as a failure.
const MOST_THROTTLED: u32 = 8;

/// The longest pause after a throttled call that does not count as a failure.
const LONGEST_THROTTLE: TimeDelta = TimeDelta::seconds(30);

/// The longest pause between two attempts.
const CEILING: TimeDelta = TimeDelta::hours(1);

/// After so many failures in a row a way back ends: resources keep what they have.
const WAYS_BACK: u32 = 3;

/// Load balancers are changed one at a time: tasks for this type run alone in their account.
pub const LOAD_BALANCER: &str = "clb";

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
pub struct Pace {
    /// Between two looks at least; a tenth of what was waited so far, if that is more.
    pub look: TimeDelta,
    /// How long the service may gather, look up, or show what it just did.
    pub patience: TimeDelta,
    /// After this a task counts as stuck. It is still followed.
    pub stuck: TimeDelta,
    /// The first pause after a failure.
    pub retry: TimeDelta,
}

impl Pace {
    /// The pace that follows from `poll`: 7.5 s, 10 and 20 minutes, and a minute by default.
    pub fn from_poll(poll: TimeDelta) -> Self {
        Self {
            look: (poll / 4).clamp(TimeDelta::milliseconds(400), TimeDelta::milliseconds(7_500)),
            patience: (poll * 20).clamp(TimeDelta::seconds(10), TimeDelta::minutes(10)),
            stuck: (poll * 40).clamp(TimeDelta::seconds(20), TimeDelta::minutes(20)),
            retry: (poll * 2).clamp(TimeDelta::seconds(2), TimeDelta::minutes(1)),
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
    /// In `[0, 1)`; spreads retries.
    pub dice: f64,
}

impl Moment {
    /// Until the next look at what has been waited for this long: a tenth of that, so that a task that hangs is not asked
    /// about as often as one that is nearly done.
    fn pause(self, waited: TimeDelta) -> TimeDelta {
        let tenth = TimeDelta::milliseconds(waited.num_milliseconds() / 10);
        self.pace.look.max(tenth)
    }

    /// Doubling from the first pause, up to an hour; half of it is chance.
    fn backoff(self, failures: u32) -> TimeDelta {
        self.spread(self.pace.retry, failures, CEILING)
    }

    /// A throttled call is sent again within seconds.
    fn throttle(self, in_a_row: u32) -> TimeDelta {
        self.spread(TimeDelta::seconds(1), in_a_row, LONGEST_THROTTLE)
    }

    fn spread(self, first: TimeDelta, times: u32, most: TimeDelta) -> TimeDelta {
        let doublings = times.saturating_sub(1).min(12);
        let grown = (first * (1_i32 << doublings)).min(most);
        let chance = grown.num_milliseconds() as f64 * self.dice / 2.0;
        grown / 2 + TimeDelta::milliseconds(chance as i64)
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
        }
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
        let due = |at: &mut DateTime<Utc>| {
            if *at > now + CEILING {
                *at = now;
            }
        };
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
        let mut reasons: Vec<&str> = Vec::new();
        for reason in [&self.look.error].into_iter().chain(attempts).chain(parts) {
            match reason.as_deref() {
                Some(reason) if !reasons.contains(&reason) => reasons.push(reason),
                _ => {}
            }
        }
        let more = reasons.len().saturating_sub(3);
        reasons.truncate(3);
        let said = reasons.join("; ");
        match more {
            _ if said.is_empty() => None,
            0 => Some(said),
            more => Some(format!("{said}; and {more} more")),
        }
    }

    fn spend(&mut self, record: i64) {
        if !self.spent.contains(&record) {
            self.spent.push(record);
        }
        let surplus = self.spent.len().saturating_sub(MOST_SPENT);
        self.spent.drain(..surplus);
    }
}

/// A failure that goes away by itself, and is not the service's word.
fn failing(message: impl Into<String>) -> Failure {
    Failure {
        class: Class::Transient,
        code: None,
        message: message.into(),
        request_id: None,
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

/// Times that may be missing.
mod millis_or_none {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Millis(#[serde(with = "super::millis")] DateTime<Utc>);

    pub(super) fn serialize<S: Serializer>(
        at: &Option<DateTime<Utc>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Millis).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(Option::<Millis>::deserialize(from)?.map(|at| at.0))
    }
}
