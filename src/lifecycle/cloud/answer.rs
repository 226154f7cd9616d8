//! An answer of the service's, judged: on with the work, or failed.

use std::mem;

use chrono::TimeDelta;

use super::look::Sight;
use super::part::{Attempt, Batch, Follow, Part, Phase};
use super::protocol::{Answer, Progress, WantedResources};
use super::turns::Turn;
use super::work::{CloudMoment, Verdict, Work, failing};
use crate::lifecycle::{Class, Failure};

/// How often the failed parts of a task are tried again by the service itself.
pub(super) const RETRIES: u32 = 3;

/// After so many calls for a task without an answer that can be relied on, it is said, and pauses grow.
const UNANSWERED: u32 = 3;

/// After so many failures in a row to learn how a task is, others no longer wait for it.
const LASTS: u32 = 3;

/// A task that is not done after this is given up: a newer certificate may be waiting for it.
const ABANDONED: TimeDelta = TimeDelta::hours(24);

/// Calls in a row that are throttled before that counts as a failure.
const MOST_THROTTLED: u32 = 8;

impl Work {
    /// The answer to what was asked. `self` is the work as it was written down last.
    pub fn answer(
        mut self,
        moment: CloudMoment,
        wanted: &WantedResources,
        answer: Answer,
    ) -> Verdict {
        let turn = self.turn().0;
        let answer = match answer {
            Answer::Throttled(failure) => {
                self.throttled = self.throttled.saturating_add(1);
                if self.throttled <= MOST_THROTTLED {
                    return self.throttle(moment, turn);
                }
                self.throttled = 0;
                Answer::Refused(failure)
            }
            answer => {
                self.throttled = 0;
                answer
            }
        };
        match turn {
            Turn::Look => self.looked(moment, wanted, answer),
            Turn::Attempt(place) => {
                let mut attempt = self.attempts.remove(place);
                attempt.waiting = false;
                self.attempted(moment, attempt, answer)
            }
        }
    }

    /// A throttled call is sent again within seconds. What is waited for is not: our own pause takes nothing of its time.
    fn throttle(mut self, moment: CloudMoment, turn: Turn) -> Verdict {
        let pause = moment.throttle(self.throttled);
        match turn {
            Turn::Look => {
                self.look.next_at = moment.now + pause;
                self.look.began += pause;
                self.look.since = self.look.since.map(|since| since + pause);
            }
            Turn::Attempt(place) => {
                let attempt = &mut self.attempts[place];
                attempt.next_at = moment.now + pause;
                attempt.since += pause;
            }
        }
        self.on(moment)
    }

    fn attempted(mut self, moment: CloudMoment, mut attempt: Attempt, answer: Answer) -> Verdict {
        if !matches!(answer, Answer::Refused(_) | Answer::Unknown(_)) && !attempt.stuck {
            attempt.failures = 0;
            attempt.error = None;
        }
        match (attempt.phase.clone(), answer) {
            (_, Answer::Held) => {
                attempt.waiting = true;
                attempt.next_at = moment.now + moment.pace.look * 2;
                self.keep(moment, attempt)
            }
            (phase, Answer::NotNow(pause)) => {
                attempt.phase = match phase {
                    Phase::Send => Phase::Find,
                    Phase::Retry(follow) => Phase::Follow(follow),
                    other => other,
                };
                attempt.waiting = true;
                // The wait for this machine's turn takes nothing of the service's time.
                attempt.gathers = false;
                attempt.since = moment.now + pause;
                attempt.next_at = attempt.since;
                self.keep(moment, attempt)
            }
            (Phase::Find | Phase::Sent, Answer::Tasks(tasks)) => {
                self.found(moment, attempt, &tasks)
            }
            (Phase::Find, Answer::Refused(failure)) => {
                self.refused(moment, &attempt.batch, failure)
            }
            (Phase::Send, Answer::Refused(failure)) => {
                self.task_refused(moment, &attempt.batch, failure)
            }
            (Phase::Sent | Phase::Follow(_) | Phase::Retry(_), Answer::Refused(failure)) => {
                self.fails(moment, attempt, failure)
            }
            (Phase::Send | Phase::Sent, answer) => self.asked_for(moment, attempt, answer),
            (Phase::Follow(follow), Answer::Progress(progress)) => {
                self.followed(moment, attempt, follow, &progress)
            }
            (Phase::Follow(follow) | Phase::Retry(follow), Answer::Over) => {
                self.spend(follow.record);
                self.looks_first(moment)
            }
            // Also where the answer was lost: how the task is now is asked next.
            (Phase::Find | Phase::Follow(_) | Phase::Retry(_), _) => {
                let reason = "the service gives no answer that can be used";
                self.waits(moment, attempt, reason)
            }
        }
    }

    /// The attempt goes on when its time comes; others may begin where it does not keep them from it.
    fn keep(mut self, moment: CloudMoment, attempt: Attempt) -> Verdict {
        self.attempts.push(attempt);
        self.begin(moment);
        self.on(moment)
    }

    /// An attempt is over: the next part, else a look at what came of it all.
    fn ended(mut self, moment: CloudMoment) -> Verdict {
        self.begin(moment);
        self.on(moment)
    }

    /// A task is over that tells nothing of what was asked for: what it left is in what is bound.
    fn looks_first(mut self, moment: CloudMoment) -> Verdict {
        self.look.state = Sight::Due;
        self.look.next_at = moment.now;
        self.on(moment)
    }

    /// A failure of an attempt whose task may be under way: it is asked about again after a longer pause. Where that lasts,
    /// others no longer wait for it, and a look may tell what came of it.
    fn fails(mut self, moment: CloudMoment, mut attempt: Attempt, failure: Failure) -> Verdict {
        let passes = failure.class == Class::Transient;
        if !passes && moment.now - attempt.since > ABANDONED {
            return self.gives_up(moment, &attempt, failure);
        }
        attempt.failures = attempt.failures.saturating_add(1);
        attempt.error = Some(failure.message.clone());
        let pause = moment.after(attempt.failures, failure.class);
        attempt.next_at = moment.now + pause;
        if passes {
            // Our own pause takes nothing of the service's time.
            attempt.since += pause;
        }
        attempt.stuck |= !passes || attempt.failures >= LASTS || attempt.unanswered >= UNANSWERED;
        self.put_by(moment, attempt);
        self.told(moment, Some(failure))
    }

    /// An attempt that is not over goes on later. Of one that is stuck, a look may show that it is.
    fn put_by(&mut self, moment: CloudMoment, attempt: Attempt) {
        let look_at = attempt.stuck.then_some(attempt.next_at);
        self.attempts.push(attempt);
        self.begin(moment);
        if let (Some(at), Sight::Rests) = (look_at, &self.look.state) {
            self.look.state = Sight::Due;
            self.look.next_at = at;
        }
    }

    fn gives_up(mut self, moment: CloudMoment, attempt: &Attempt, failure: Failure) -> Verdict {
        if let Some(record) = attempt.record() {
            self.spend(record);
        }
        self.step_back(moment, &attempt.batch, failure)
    }

    /// Goes on after a pause; a failure once patience is over.
    fn waits(self, moment: CloudMoment, mut attempt: Attempt, reason: &str) -> Verdict {
        let waited = moment.now - attempt.since;
        if waited <= moment.pace.patience {
            attempt.next_at = moment.now + moment.pause(waited);
            return self.keep(moment, attempt);
        }
        attempt.since = moment.now;
        let failure = failing(reason.to_owned());
        if attempt.may_run() {
            return self.fails(moment, attempt, failure);
        }
        self.step_back(moment, &attempt.batch, failure)
    }

    /// What failed steps back, each part with a pause of its own. What several fail for is said once a round.
    fn step_back(mut self, moment: CloudMoment, batch: &Batch, failure: Failure) -> Verdict {
        let mut round = 0;
        for part in &mut self.parts {
            if batch.covers(&part.place) {
                part.failures = part.failures.saturating_add(1);
                part.error = Some(failure.message.clone());
                part.next_at = moment.now + moment.after(part.failures, failure.class);
                part.carried_at = None;
                round = round.max(part.failures);
            }
        }
        let mut others = self.parts.iter().filter(|part| !batch.covers(&part.place));
        let said = others
            .any(|part| part.error.as_ref() == Some(&failure.message) && part.failures >= round);
        self.begin(moment);
        self.told(moment, (!said).then_some(failure))
    }

    /// A refusal of the task itself. A named instance that will never be accepted is the config's to mend: nothing is
    /// asked for it until then.
    fn task_refused(mut self, moment: CloudMoment, batch: &Batch, failure: Failure) -> Verdict {
        let is_for_good =
            failure.class == Class::Permanent && matches!(batch, Batch::Deploy { .. });
        let covered = |part: &&mut Part| batch.covers(&part.place);
        if is_for_good && self.parts.iter_mut().filter(covered).count() == 1 {
            let parts = self.parts.iter_mut().filter(covered);
            parts.for_each(|part| part.stopped = true);
        }
        self.refused(moment, batch, failure)
    }

    /// A refusal: of several parts, any may be meant, so each is asked for alone.
    fn refused(mut self, moment: CloudMoment, batch: &Batch, failure: Failure) -> Verdict {
        if failure.class != Class::Transient && self.split(moment, batch) {
            return self.ended(moment);
        }
        self.step_back(moment, batch, failure)
    }

    /// Has each of several parts go alone from here on. False where it is one.
    fn split(&mut self, moment: CloudMoment, batch: &Batch) -> bool {
        let covered = |part: &&mut Part| batch.covers(&part.place);
        let several = self.parts.iter_mut().filter(covered).count() > 1;
        for part in self.parts.iter_mut().filter(covered).filter(|_| several) {
            part.alone = true;
            part.next_at = moment.now;
        }
        several
    }

    /// The tasks that there are: one that was not followed yet may be ours, its answer lost.
    fn found(self, moment: CloudMoment, mut attempt: Attempt, tasks: &[i64]) -> Verdict {
        let theirs = self.attempts.iter().filter_map(Attempt::record);
        let taken: Vec<i64> = theirs.chain(self.spent.iter().copied()).collect();
        if let Some(record) = tasks.iter().find(|task| !taken.contains(task)) {
            attempt.phase = Phase::Follow(Follow {
                record: *record,
                retries: 0,
                ours: false,
                seen_at_work: false,
            });
            attempt.since = moment.now;
            attempt.next_at = moment.now;
            return self.keep(moment, attempt);
        }
        // Just asked for, a task may not show at once.
        let young = moment.now - attempt.since < moment.pace.look * 3;
        if attempt.phase == Phase::Sent && young {
            attempt.next_at = moment.now + moment.pace.look;
            return self.keep(moment, attempt);
        }
        attempt.phase = Phase::Send;
        attempt.next_at = moment.now;
        self.keep(moment, attempt)
    }

    /// What came of asking for a task.
    fn asked_for(mut self, moment: CloudMoment, mut attempt: Attempt, answer: Answer) -> Verdict {
        match answer {
            Answer::Task(0) => {
                attempt.phase = Phase::Send;
                attempt.unanswered = 0;
                // Nor does a machine that comes late to its turn.
                if !mem::replace(&mut attempt.gathers, true) {
                    attempt.since = moment.now;
                }
                let reason = "the service has been gathering resources for too long";
                self.waits(moment, attempt, reason)
            }
            Answer::Task(record) => {
                attempt.gathers = false;
                attempt.phase = Phase::Follow(Follow {
                    record,
                    retries: 0,
                    ours: true,
                    seen_at_work: true,
                });
                attempt.since = moment.now;
                attempt.unanswered = 0;
                attempt.stuck = false;
                attempt.next_at = moment.now + moment.pace.look;
                self.keep(moment, attempt)
            }
            Answer::Busy => {
                let waited = moment.now - attempt.since;
                if waited > moment.pace.stuck {
                    let reason = "another task for this certificate has been running for too long";
                    let failure = failing(reason.to_owned());
                    return self.step_back(moment, &attempt.batch, failure);
                }
                attempt.phase = Phase::Find;
                attempt.waiting = true;
                attempt.next_at = moment.now + moment.pause(waited);
                self.keep(moment, attempt)
            }
            Answer::Nothing => {
                let deploys = matches!(attempt.batch, Batch::Deploy { .. });
                if !(deploys && self.split(moment, &attempt.batch)) {
                    self.carried(moment, &attempt.batch, true);
                }
                self.ended(moment)
            }
            // It may have been made: looked for before anything is asked for again.
            other => {
                attempt.phase = Phase::Sent;
                attempt.since = moment.now;
                attempt.unanswered += 1;
                attempt.next_at = moment.now + moment.pace.look;
                match other {
                    Answer::Unknown(reason) if attempt.unanswered >= UNANSWERED => {
                        self.fails(moment, attempt, failing(reason))
                    }
                    _ => self.keep(moment, attempt),
                }
            }
        }
    }

    /// The service says that these are done; the next look has to show it.
    fn carried(&mut self, moment: CloudMoment, batch: &Batch, refused: bool) {
        let parts = self.parts.iter_mut();
        for part in parts.filter(|part| batch.covers(&part.place)) {
            part.carried += 1;
            part.carried_at = Some(moment.now);
            part.next_at = moment.now;
            part.refused = refused;
        }
    }

    fn followed(
        mut self,
        moment: CloudMoment,
        mut attempt: Attempt,
        follow: Follow,
        progress: &Progress,
    ) -> Verdict {
        let waited = moment.now - attempt.since;
        let quiet = progress.open == 0 && waited > moment.pace.patience;
        if !progress.is_settled() && !quiet {
            return self.under_way(moment, attempt, follow, progress);
        }
        if progress.failed == 0 {
            self.spend(follow.record);
            if !follow.ours {
                return self.looks_first(moment);
            }
            self.carried(moment, &attempt.batch, false);
            return self.ended(moment);
        }
        if !follow.seen_at_work {
            // It failed some time ago.
            self.spend(follow.record);
            return self.looks_first(moment);
        }
        let retriable = matches!(attempt.batch, Batch::Move { .. });
        if retriable && follow.retries < RETRIES {
            attempt.next_at = moment.now + moment.pace.look * (1 << (follow.retries + 1));
            attempt.phase = Phase::Retry(follow);
            return self.keep(moment, attempt);
        }
        self.spend(follow.record);
        let reason = format!(
            "{} of {} resources did not take the certificate (task {}): {}",
            progress.failed,
            progress.total,
            follow.record,
            progress.reasons.join("; ")
        );
        self.step_back(moment, &attempt.batch, failing(reason))
    }

    fn under_way(
        mut self,
        moment: CloudMoment,
        mut attempt: Attempt,
        mut follow: Follow,
        progress: &Progress,
    ) -> Verdict {
        let waited = moment.now - attempt.since;
        let record = follow.record;
        follow.seen_at_work = true;
        attempt.phase = Phase::Follow(follow);
        if waited <= moment.pace.stuck {
            attempt.stuck = false;
            attempt.failures = 0;
            attempt.error = None;
            attempt.next_at = moment.now + moment.pause(waited);
            return self.keep(moment, attempt);
        }
        let failure = failing(format!(
            "the service's task {record} is not done after {} minutes: {} of {} resources are",
            waited.num_minutes(),
            progress.done,
            progress.total
        ));
        if waited > ABANDONED {
            return self.gives_up(moment, &attempt, failure);
        }
        attempt.stuck = true;
        attempt.failures = attempt.failures.saturating_add(1);
        attempt.error = Some(failure.message.clone());
        attempt.next_at = moment.now + moment.backoff(attempt.failures);
        self.put_by(moment, attempt);
        self.told(moment, Some(failure))
    }
}
