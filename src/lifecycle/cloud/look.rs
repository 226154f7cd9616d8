//! The look at what is bound, and an answer about it, judged.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Answer, Goal, Moment, Verdict, WAYS_BACK, Wish, Work, decide, failing};
use crate::lifecycle::{Class, Failure};

/// How far the look at what is bound is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// What is to be asked.
    pub state: Sight,
    /// When that is to be asked.
    #[serde(with = "super::millis")]
    pub next_at: DateTime<Utc>,
    /// When the look-ups under way were begun.
    #[serde(with = "super::millis")]
    pub began: DateTime<Utc>,
    /// Since when no look was complete; none while nothing is amiss.
    #[serde(with = "super::millis_or_none")]
    pub since: Option<DateTime<Utc>>,
    /// When to look again, where the last look was not complete.
    #[serde(with = "super::millis_or_none")]
    pub retry_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Why it failed last.
    pub error: Option<String>,
}

impl Look {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            state: Sight::Due,
            next_at: now,
            began: now,
            since: None,
            retry_at: None,
            failures: 0,
            error: None,
        }
    }

    /// It showed all there is.
    pub(super) fn complete(&mut self) {
        self.since = None;
        self.retry_at = None;
        self.failures = 0;
        self.error = None;
    }
}

/// What a look asks next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sight {
    /// What is bound is to be asked.
    Due,
    /// It was asked; the service is looking it up.
    Asked(Vec<LookUp>),
    /// Nothing, until an attempt is over.
    Rests,
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
    /// Another one of ours, or an earlier free one for exactly this name that we never held.
    Ours,
    /// Somebody else's for the same name alone, that ends later than ours.
    Foreign,
    /// Somebody else's that covers other names too. What it is bound to may be theirs.
    Wider,
    /// An earlier free one for exactly this name that we never held, with another kind of key: it may be meant to be served
    /// beside ours.
    Beside,
}

impl Work {
    /// An answer about what is bound.
    pub(super) fn looked(mut self, moment: Moment, wish: &Wish, answer: Answer) -> Verdict {
        match answer {
            Answer::LookingUp(look_ups) => {
                self.look.state = Sight::Asked(look_ups);
                self.look.began = moment.now;
                self.look.next_at = moment.now;
                self.on(moment)
            }
            Answer::Bound(bound) => decide::decide(self, moment, wish, &bound),
            Answer::Running => {
                let waited = moment.now - self.look.began;
                if waited <= moment.pace.patience {
                    self.look.next_at = moment.now + moment.pause(waited);
                    return self.on(moment);
                }
                self.look.state = Sight::Due;
                let said = self.look_fails(moment, "the look-up of bound resources does not end");
                self.look.next_at = self.look.retry_at.unwrap_or(moment.now);
                self.told(moment, Some(said))
            }
            Answer::Lost(reason) | Answer::Unknown(reason) => {
                self.look.state = Sight::Due;
                let said = self.incomplete(moment, &reason);
                self.look.next_at = self.look.retry_at.unwrap_or(moment.now);
                self.told(moment, said)
            }
            Answer::Gone(reason) if self.goal == Goal::Back => Verdict::NoWayBack(reason),
            Answer::Gone(reason) => self.look_refused(moment, failing(reason)),
            Answer::Refused(failure) => self.look_refused(moment, failure),
            _ => {
                self.look.state = Sight::Due;
                self.look.next_at = moment.now + moment.pace.look;
                self.on(moment)
            }
        }
    }

    /// A look lacks something. It is looked again soon; once patience is over that is a failure, which is given, and pauses
    /// grow until a look is complete.
    pub(super) fn incomplete(&mut self, moment: Moment, reason: &str) -> Option<Failure> {
        let look = &mut self.look;
        let waited = moment.now - *look.since.get_or_insert(moment.now);
        if look.failures == 0 && waited <= moment.pace.patience {
            look.retry_at = Some(moment.now + moment.pause(waited));
            return None;
        }
        Some(self.look_fails(moment, reason))
    }

    fn look_fails(&mut self, moment: Moment, reason: &str) -> Failure {
        let look = &mut self.look;
        look.since.get_or_insert(moment.now);
        look.failures = look.failures.saturating_add(1);
        look.error = Some(reason.to_owned());
        look.retry_at = Some(moment.now + moment.backoff(look.failures));
        failing(reason)
    }

    fn look_refused(mut self, moment: Moment, failure: Failure) -> Verdict {
        let look = &mut self.look;
        look.state = Sight::Due;
        look.since.get_or_insert(moment.now);
        look.failures = look.failures.saturating_add(1);
        look.error = Some(failure.message.clone());
        let pause = after(moment, look.failures, failure.class);
        look.retry_at = Some(moment.now + pause);
        look.next_at = moment.now + pause;
        self.told(moment, Some(failure))
    }

    /// On with the work, and said what failed. A way back that can't be had ends.
    pub(super) fn told(self, moment: Moment, failure: Option<Failure>) -> Verdict {
        let Some(failure) = failure else {
            return self.on(moment);
        };
        let ends = match failure.class {
            Class::Permanent => true,
            // An outage passes.
            Class::Transient if failure.code.is_some() => false,
            _ => self.failures() >= WAYS_BACK,
        };
        if self.goal == Goal::Back && ends && !self.may_run() {
            return Verdict::NoWayBack(failure.message);
        }
        let pause = self.pause(moment.now);
        Verdict::Failed(self, failure, pause)
    }
}

/// The pause after a failure. Where a person has to act, asking again soon tells nothing new.
pub(super) fn after(moment: Moment, failures: u32, class: Class) -> chrono::TimeDelta {
    match class {
        Class::Transient => moment.backoff(failures),
        _ => super::CEILING,
    }
}
