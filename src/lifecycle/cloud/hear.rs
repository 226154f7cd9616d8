//! An answer of the service's, judged: on with the work, done, or failed.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ABANDONED, Answer, Batch, Follow, Moment, Phase, Progress, RETRIES, UNANSWERED, Verdict, Wish,
    Work, decide,
};

impl Work {
    /// The answer to what was asked. `self` is the work as it was written down last.
    pub fn hear(self, moment: Moment, wish: &Wish, answer: Answer) -> Verdict {
        match (self.phase.clone(), answer) {
            (Phase::Ask, Answer::LookingUp(look_ups)) => {
                Verdict::On(self.at(Phase::Asked(look_ups)), TimeDelta::zero())
            }
            (Phase::Asked(_), Answer::Running) => {
                self.waits(moment, "the look-up of bound resources is not done yet")
            }
            (Phase::Ask | Phase::Asked(_), Answer::Lost(reason) | Answer::Unknown(reason)) => {
                let began = self.since;
                self.at(Phase::Ask).waits_since(moment, began, &reason)
            }
            (Phase::Asked(_), Answer::Bound(bound)) => decide::decide(self, moment, wish, &bound),
            (Phase::Find(batch) | Phase::Sent(batch), Answer::Tasks(tasks)) => {
                self.found(moment, batch, &tasks)
            }
            (Phase::Send(batch) | Phase::Sent(batch), answer) => {
                self.asked_for(moment, batch, answer)
            }
            (Phase::Follow(follow), Answer::Progress(progress)) => {
                self.followed(moment, follow, &progress)
            }
            (Phase::Retry(follow) | Phase::Follow(follow), Answer::Over) => Verdict::On(
                self.spend(follow.record).again(moment.now),
                TimeDelta::zero(),
            ),
            // Also where the answer was lost: how the task is now is asked next.
            (Phase::Follow(_) | Phase::Retry(_), _) | (Phase::Find(_), _) => {
                self.waits(moment, "the service gives no answer that can be used")
            }
            (_, _) => Verdict::On(self.again(moment.now), moment.pace.look),
        }
    }

    fn waits(self, moment: Moment, reason: &str) -> Verdict {
        let began = self.since;
        self.waits_since(moment, began, reason)
    }

    /// Goes on after a pause; a failure once patience is over.
    fn waits_since(self, moment: Moment, began: DateTime<Utc>, reason: &str) -> Verdict {
        if moment.now - began > moment.pace.patience {
            let work = Self {
                since: moment.now,
                ..self
            };
            return Verdict::Failed(work, reason.to_owned());
        }
        Verdict::On(self, pause(moment, moment.now - began))
    }

    /// The tasks that there are: one that was not followed yet may be ours, its answer lost.
    fn found(self, moment: Moment, batch: Batch, tasks: &[i64]) -> Verdict {
        if let Some(record) = tasks.iter().find(|task| !self.spent.contains(task)) {
            let follow = Follow {
                batch,
                record: *record,
                retries: 0,
                ours: false,
                seen_at_work: false,
            };
            let work = Self {
                since: moment.now,
                ..self.at(Phase::Follow(follow))
            };
            return Verdict::On(work, TimeDelta::zero());
        }
        // Just asked for, a task may not show at once.
        if matches!(self.phase, Phase::Sent(_)) && moment.now - self.since < moment.pace.look * 3 {
            return Verdict::On(self, moment.pace.look);
        }
        Verdict::On(self.at(Phase::Send(batch)), TimeDelta::zero())
    }

    /// What came of asking for a task.
    fn asked_for(self, moment: Moment, batch: Batch, answer: Answer) -> Verdict {
        match answer {
            Answer::Task(0) => {
                let began = self.since;
                let work = Self {
                    unanswered: 0,
                    ..self.at(Phase::Send(batch))
                };
                work.waits_since(
                    moment,
                    began,
                    "the service has been gathering resources for too long",
                )
            }
            Answer::Task(record) => {
                let follow = Follow {
                    batch,
                    record,
                    retries: 0,
                    ours: true,
                    seen_at_work: true,
                };
                let work = Self {
                    since: moment.now,
                    unanswered: 0,
                    ..self.at(Phase::Follow(follow))
                };
                Verdict::On(work, moment.pace.look)
            }
            Answer::Busy => {
                let began = self.since;
                let work = self.at(Phase::Find(batch));
                if moment.now - began > moment.pace.stuck {
                    let work = Self {
                        since: moment.now,
                        ..work
                    };
                    let reason = "another task for this certificate has been running for too long";
                    return Verdict::Failed(work, reason.to_owned());
                }
                Verdict::On(work, pause(moment, moment.now - began))
            }
            Answer::Nothing => {
                let mut work = self.again(moment.now);
                work.carried.push(batch);
                work.refused = true;
                Verdict::On(work, TimeDelta::zero())
            }
            // It may have been made: looked for before anything is asked for again.
            other => {
                let unanswered = self.unanswered + 1;
                let work = Self {
                    since: moment.now,
                    unanswered,
                    ..self.at(Phase::Sent(batch))
                };
                match other {
                    Answer::Unknown(reason) if unanswered >= UNANSWERED => {
                        Verdict::Failed(work, reason)
                    }
                    _ => Verdict::On(work, moment.pace.look),
                }
            }
        }
    }

    fn followed(self, moment: Moment, follow: Follow, progress: &Progress) -> Verdict {
        let waited = moment.now - self.since;
        let quiet = progress.open == 0 && waited > moment.pace.patience;
        if !progress.is_settled() && !quiet {
            let record = follow.record;
            let seen = Follow {
                seen_at_work: true,
                ..follow
            };
            let work = self.at(Phase::Follow(seen));
            if waited > moment.pace.stuck {
                let reason = format!(
                    "the service's task {record} is not done after {} minutes: {} of {} resources are",
                    waited.num_minutes(),
                    progress.done,
                    progress.total
                );
                let work = if waited > ABANDONED {
                    work.spend(record).again(moment.now)
                } else {
                    work
                };
                return Verdict::Failed(work, reason);
            }
            return Verdict::On(work, pause(moment, waited));
        }
        if progress.failed == 0 {
            let mut work = self.spend(follow.record).again(moment.now);
            if follow.ours {
                work.carried.push(follow.batch);
            }
            return Verdict::On(work, TimeDelta::zero());
        }
        if !follow.seen_at_work {
            // It failed some time ago; what is left of it is in what is bound.
            return Verdict::On(
                self.spend(follow.record).again(moment.now),
                TimeDelta::zero(),
            );
        }
        let retriable = matches!(follow.batch, Batch::Move { .. });
        if retriable && follow.retries < RETRIES {
            let pause = moment.pace.look * (1 << (follow.retries + 1));
            return Verdict::On(self.at(Phase::Retry(follow)), pause);
        }
        let why = progress.reasons.join("; ");
        let reason = format!(
            "{} of {} resources did not take the certificate (task {}): {why}",
            progress.failed, progress.total, follow.record
        );
        Verdict::Failed(self.spend(follow.record).again(moment.now), reason)
    }
}

/// Until the next look at what has been waited for this long: a tenth of that, so that a task that hangs is not asked about
/// as often as one that is nearly done.
fn pause(moment: Moment, waited: TimeDelta) -> TimeDelta {
    moment.pace.look.max(waited / 10)
}
