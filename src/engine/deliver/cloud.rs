//! Cloud resources: the calls that their work asks for, and what the answers mean to it.
//!
//! - `calls`: each call, and its answer as the work understands it.
//!
//! What comes next is `lifecycle::cloud`'s to say. Before a call that may begin a task, the work is written down as asked
//! for; a crash after that looks for the task before anything is asked again.

mod calls;

use super::Work as Targets;
use super::poll;
use crate::config::{Cloud, ResourceType};
use crate::engine::EngineError;
use crate::lifecycle::Failure;
use crate::lifecycle::cloud::{Answer, Ask, Goal, Moment, Pace, Type, Verdict, Wish, Work};
use crate::lifecycle::delivery::{Outcome, Step, Task, Wanted};
use crate::store::{CloudNote, Issued};
use crate::tencent::{ApiError, Client};

/// One target's work, and all that its calls need.
struct Job<'a> {
    targets: &'a Targets<'a>,
    cloud: &'a Cloud,
    client: &'a Client,
    target: &'a str,
    holds_balancer: bool,
    wanted: &'a Wanted,
    /// The id of the certificate that every target should have.
    current: Issued,
    issued: Vec<Issued>,
    wish: Wish,
    pace: Pace,
}

impl Targets<'_> {
    /// One call for the cloud target at `place`, and what it leads to.
    pub(super) async fn cloud(
        &self,
        place: usize,
        step: Step,
        wanted: &Wanted,
    ) -> Result<Outcome, EngineError> {
        let row = self.row(place);
        let clouds = &self.certificate.targets.cloud;
        let Some(cloud) = clouds.iter().find(|cloud| cloud.key() == row.target) else {
            return Ok(failed("the config no longer has this target"));
        };
        let issued = self.engine.store().issued(&self.known.domain).await?;
        let fingerprint = Some(wanted.fingerprint.as_str());
        let current = issued
            .iter()
            .find(|one| one.fingerprint.as_deref() == fingerprint);
        let Some(current) = current.cloned() else {
            return Ok(failed("the service's id of this certificate is not known"));
        };
        let Some(client) = self.settings.client(&current.account) else {
            let words = format!(
                "the config no longer has the account \"{}\", where the certificate is",
                current.account
            );
            return Ok(failed(&words));
        };
        let (goal, to) = match step {
            Step::MoveBack => (Goal::Back, row.cloud.before.clone()),
            Step::Inspect => (Goal::Inspect, None),
            _ => (Goal::Move, None),
        };
        let to = to.unwrap_or_else(|| current.certificate_id.clone());
        // A text that can't be read is work of which nothing is known: it begins with a look.
        let written = row
            .task
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let work = match written {
            // The row forgets its failures where somebody asks for it anew.
            Some(work) if row.attempts == 0 && Work::failures(&work) > 0 && goal == Goal::Move => {
                Work::towards(work, goal, &to, self.now()).at_once(self.now())
            }
            Some(work) => Work::towards(work, goal, &to, self.now()),
            None => Work::new(goal, to, self.now()),
        };
        let job = Job {
            targets: self,
            cloud,
            client,
            target: &row.target,
            holds_balancer: row.cloud.holds_balancer,
            wanted,
            issued,
            current,
            wish: wish(cloud, row.forced),
            pace: Pace::from_poll(poll(self.settings)),
        };
        job.go_on(work).await
    }
}

impl Job<'_> {
    async fn go_on(&self, work: Work) -> Result<Outcome, EngineError> {
        let ask = work.ask();
        let (work, answer) = match &ask {
            Ask::Task(_) | Ask::Retry(_) => {
                let noted = work.noted(self.targets.now());
                if !self.note(&noted).await? {
                    (work, Ok(Answer::Held))
                } else {
                    let answer = match &ask {
                        Ask::Task(batch) => self.ask_for(&work.to, batch).await,
                        _ => self.retry(&ask).await,
                    };
                    // A task that was refused for certain is asked for again, not looked for.
                    let kept = if answer.is_err() { work } else { noted };
                    (kept, answer)
                }
            }
            _ => {
                // A task that was found and not asked for: no other may begin beside it either.
                let found = work.holds_balancer() && !self.holds_balancer;
                if found && !self.note(&work).await? {
                    (work, Ok(Answer::Held))
                } else {
                    let answer = self.look(&work, &ask).await;
                    (work, answer)
                }
            }
        };
        let moment = Moment {
            now: self.targets.now(),
            pace: self.pace,
            dice: self.targets.engine.environment.dice.roll(),
        };
        let answer = answer.unwrap_or_else(|error| match error.is_throttle() {
            true => Answer::Throttled(failure(&error)),
            false => Answer::Refused(failure(&error)),
        });
        Ok(self.outcome(work.hear(moment, &self.wish, answer)))
    }

    fn outcome(&self, verdict: Verdict) -> Outcome {
        let domain = &self.targets.known.domain;
        match verdict {
            Verdict::On(work, pause) => working(&work, pause),
            Verdict::Done {
                bound,
                from,
                foreign,
                beside,
            } => Outcome::Moved {
                count: bound,
                from,
                foreign,
                left: beside.map(|(id, count)| beside_ours(&id, count)),
            },
            Verdict::Failed(work, failure, pause) => Outcome::Broken {
                task: task(&work),
                failure,
                pause,
            },
            Verdict::NoWayBack(reason) => Outcome::NoWayBack { reason },
            Verdict::Hosted(id) => Outcome::Hosted {
                reason: format!(
                    "the service's own hosting looks after the resources of certificate {id}, so they are left to it; \
                     switch it off in the console if Evercert should move them"
                ),
            },
            Verdict::Foreign(id) => Outcome::Foreign {
                reason: format!(
                    "somebody else bound certificate {id}, which ends later than ours; it is left; \
                     `evercert deploy {domain}` replaces it"
                ),
                seen: id,
            },
            Verdict::Older(id, count) => Outcome::Wrong {
                seen: self.fingerprint_of(&id),
                not_after: None,
                reason: self.older(&id, count),
            },
        }
    }

    /// Writes the work down before a call that may begin a task; false where another target's may change load balancers.
    async fn note(&self, work: &Work) -> Result<bool, EngineError> {
        let text = text(work);
        let note = CloudNote {
            domain: &self.targets.known.domain,
            target: self.target,
            task: &text,
            balancer: work
                .holds_balancer()
                .then_some(self.current.account.as_str()),
        };
        let store = self.targets.engine.store();
        let patience = self.pace.stuck * 2;
        Ok(store
            .note_cloud_work(self.targets.now(), note, patience)
            .await?)
    }

    /// What an inspection found, in words.
    fn older(&self, id: &str, count: u64) -> String {
        let held = self.issued.iter().any(|one| one.certificate_id == id);
        let whose = match held {
            true => "an earlier one of ours",
            false => "an earlier one for this name that Evercert never held",
        };
        format!("{count} of its resources have certificate {id}, {whose}")
    }

    fn fingerprint_of(&self, id: &str) -> String {
        let known = self.issued.iter().find(|one| one.certificate_id == id);
        known
            .and_then(|one| one.fingerprint.clone())
            .unwrap_or_else(|| id.to_owned())
    }
}

fn wish(cloud: &Cloud, forced: bool) -> Wish {
    let plain = |kind: &&ResourceType| Type {
        name: kind.name.to_owned(),
        regional: kind.regional,
        moves: kind.moves,
    };
    Wish {
        types: cloud.resources.iter().map(plain).collect(),
        instances: cloud.instances.clone(),
        region: cloud.region.clone(),
        forced,
    }
}

fn beside_ours(id: &str, count: u64) -> String {
    format!(
        "{count} of its resources have certificate {id}, an earlier one for this name with another kind of key that \
         Evercert never held; it may be there beside ours, so it is left: replace it in the console, or name the resources \
         in `instances`"
    )
}

fn failed(reason: &str) -> Outcome {
    Outcome::Failed(reason.to_owned())
}

fn failure(error: &ApiError) -> Failure {
    Failure {
        class: error.class(),
        code: error.code().map(str::to_owned),
        message: error.to_string(),
        request_id: error.request_id().map(str::to_owned),
    }
}

fn working(work: &Work, pause: chrono::TimeDelta) -> Outcome {
    Outcome::Working {
        task: task(work),
        pause,
    }
}

fn task(work: &Work) -> Task {
    Task {
        text: text(work),
        holds_balancer: work.holds_balancer(),
        failures: work.failures(),
        error: work.errors(),
    }
}

/// Work as it is written down. Plain data can always be written.
fn text(work: &Work) -> String {
    serde_json::to_string(work).unwrap_or_default()
}
