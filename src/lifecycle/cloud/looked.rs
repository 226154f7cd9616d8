//! An answer about what is bound, judged.

use super::decide::decide;
use super::look::Sight;
use super::protocol::{Answer, WantedResources};
use super::work::{CloudMoment, Goal, Verdict, Work, failing};
use crate::lifecycle::{Class, Failure};

/// After so many failures in a row a way back ends: resources keep what they have.
const WAYS_BACK: u32 = 3;

impl Work {
    /// An answer about what is bound.
    pub(super) fn looked(
        mut self,
        moment: CloudMoment,
        wanted: &WantedResources,
        answer: Answer,
    ) -> Verdict {
        match answer {
            Answer::LookingUp(look_ups) => {
                self.look.state = Sight::Asked(look_ups);
                self.look.began = moment.now;
                self.look.next_at = moment.now;
                self.on(moment)
            }
            Answer::Bound(bound) => decide(self, moment, wanted, &bound),
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
    pub(super) fn incomplete(&mut self, moment: CloudMoment, reason: &str) -> Option<Failure> {
        let look = &mut self.look;
        let waited = moment.now - *look.since.get_or_insert(moment.now);
        if look.failures == 0 && waited <= moment.pace.patience {
            look.retry_at = Some(moment.now + moment.pause(waited));
            return None;
        }
        Some(self.look_fails(moment, reason))
    }

    fn look_fails(&mut self, moment: CloudMoment, reason: &str) -> Failure {
        let look = &mut self.look;
        look.since.get_or_insert(moment.now);
        look.failures = look.failures.saturating_add(1);
        look.error = Some(reason.to_owned());
        look.retry_at = Some(moment.now + moment.backoff(look.failures));
        failing(reason)
    }

    fn look_refused(mut self, moment: CloudMoment, failure: Failure) -> Verdict {
        let look = &mut self.look;
        look.state = Sight::Due;
        look.since.get_or_insert(moment.now);
        look.failures = look.failures.saturating_add(1);
        look.error = Some(failure.message.clone());
        let pause = moment.after(look.failures, failure.class);
        look.retry_at = Some(moment.now + pause);
        look.next_at = moment.now + pause;
        self.told(moment, Some(failure))
    }

    /// On with the work, and said what failed. A way back that can't be had ends.
    pub(super) fn told(self, moment: CloudMoment, failure: Option<Failure>) -> Verdict {
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
