//! Cloud resources: the calls that their work asks for, and what the answers mean to it.
//!
//! - `job`: what the calls need;
//! - `look_up`: the calls that learn what is bound;
//! - `tasks`: the calls that ask for tasks and follow them.
//!
//! What comes next is `lifecycle::cloud`'s to say. Before a call that may begin a task, the work is written down as asked
//! for; a crash after that looks for the task before anything is asked again.

mod job;
mod look_up;
mod tasks;

use chrono::TimeDelta;
use job::Job;

use super::work::{Work as Delivering, poll};
use crate::config::{Cloud, ResourceType};
use crate::engine::failure::failure_of;
use crate::lifecycle::cloud::{
    Answer, CloudMoment, CloudPace, Goal, Question, Type, Verdict, WantedResources, Work,
};
use crate::lifecycle::delivery::{DeliveryOutcome, DeliveryStep, State, Wanted};
use crate::lifecycle::{Class, Failure};
use crate::store::StoreError;
use crate::store::{CloudNote, Issued};

impl Delivering<'_> {
    /// One call for the cloud target at `place`, and what it leads to.
    pub(super) async fn cloud(
        &self,
        place: usize,
        step: DeliveryStep,
        certificate: &Wanted,
    ) -> Result<DeliveryOutcome, StoreError> {
        let failed = |reason: &str| Ok(DeliveryOutcome::Failed(reason.to_owned()));
        let row = self.row(place);
        let mut clouds = self.certificate.targets.cloud.iter();
        let cloud = clouds.find(|cloud| cloud.key() == row.target);
        let (Some(cloud), State::Cloud(state)) = (cloud, &row.state) else {
            return failed("the config no longer has this target");
        };
        let issued = self.engine.store().issued(&self.known.domain).await?;
        let is_it = |one: &&Issued| one.fingerprint.as_ref() == Some(&certificate.fingerprint);
        let Some(current) = issued.iter().find(is_it).cloned() else {
            return failed("the service's id of this certificate is not known");
        };
        let Some(client) = self.settings.client(&current.account) else {
            return Ok(DeliveryOutcome::Failed(format!(
                "the config no longer has the account \"{}\", where the certificate is",
                current.account
            )));
        };
        let Some(work) = row.cloud_work(step, &current.certificate_id, self.now()) else {
            return failed("the config no longer has this target");
        };
        let job = Job {
            delivering: self,
            cloud,
            client,
            target: &row.target,
            is_noted: state.balancer.is_some(),
            certificate,
            wanted: wanted(cloud, state.forced),
            pace: CloudPace::from_poll(poll(self.settings)),
            mutes: self.mutes(&current.account),
            issued,
            current,
        };
        job.go_on(work).await
    }

    fn mutes(&self, account: &str) -> bool {
        let account = self.settings.config.accounts.get(account);
        account.is_some_and(|account| account.mute_replaced)
    }
}

/// When resources that stayed in another account are looked for again.
const LEFT_BEHIND_AGAIN: TimeDelta = TimeDelta::hours(1);

impl Job<'_> {
    async fn go_on(&self, work: Work) -> Result<DeliveryOutcome, StoreError> {
        let question = work.question();
        let goal = work.goal;
        let asks = matches!(question, Question::Task(_) | Question::Retry(_));
        let noted = match asks {
            true => work.noted(self.delivering.now()),
            false => work.clone(),
        };
        // A task that was found and not asked for: no other may begin beside it either.
        let was_found = work.holds_balancer() && !self.is_noted;
        let may_begin = match asks {
            true => self.may_begin(&work, &question).await,
            false => Ok(None),
        };
        let answer = match may_begin {
            Err(answer) => answer,
            Ok(_) if (asks || was_found) && !self.note(&noted).await? => Ok(Answer::Held),
            Ok(at) => self.call(&work, &question, at).await,
        };
        // A task that was refused for certain is asked for again, not looked for.
        let work = match &answer {
            Ok(Answer::Held | Answer::NotNow(_)) | Err(_) => work,
            Ok(_) => noted,
        };
        let moment = CloudMoment {
            now: self.delivering.now(),
            pace: self.pace,
            random: self.delivering.engine.environment.rng.fraction(),
        };
        let answer = answer.unwrap_or_else(|error| match error.is_throttle() {
            true => Answer::Throttled(failure_of(&error)),
            false => Answer::Refused(failure_of(&error)),
        });
        Ok(match work.answer(moment, &self.wanted, answer) {
            Verdict::Older(id, count) => DeliveryOutcome::Wrong {
                seen: self.fingerprint_of(&id),
                not_after: None,
                reason: self.older(&id, count),
            },
            Verdict::Done { bound: 0, .. } if let Some(reason) = self.left_behind(goal) => {
                let failure = Failure::ours(Class::Operator, reason);
                let work = Work::new(goal, &self.current.certificate_id, moment.now);
                DeliveryOutcome::Cloud(Box::new(Verdict::Failed(work, failure, LEFT_BEHIND_AGAIN)))
            }
            verdict => DeliveryOutcome::Cloud(Box::new(verdict)),
        })
    }

    /// The service moves resources between certificates of one account only: where ours came to another account, those that
    /// had the one before stay behind, in a sentence. Not where the operator asked for a delivery all the same.
    fn left_behind(&self, goal: Goal) -> Option<String> {
        let row = self.delivering.known.row(self.target)?;
        let State::Cloud(state) = &row.state else {
            return None;
        };
        let bound = state.bound.filter(|bound| *bound > 0 && !state.forced)?;
        let mut issued = self.issued.iter();
        let held = issued.find(|one| one.fingerprint.is_some() && one.fingerprint == row.seen)?;
        if goal != Goal::Move || held.account == self.current.account {
            return None;
        }
        Some(format!(
            "{bound} of its resources have certificate {} of account \"{}\", and the new one is in account \"{}\", from \
             where they can't be moved: bind {} to them in the console, or take the cloud target out of the config; \
             `evercert deploy {}` leaves them as they are",
            held.certificate_id,
            held.account,
            self.current.account,
            self.current.certificate_id,
            self.delivering.known.domain
        ))
    }

    /// Writes the work down before a call that may begin a task; false where another target's may change load balancers.
    async fn note(&self, work: &Work) -> Result<bool, StoreError> {
        let note = CloudNote {
            domain: &self.delivering.known.domain,
            target: self.target,
            work,
            account: &self.current.account,
        };
        let store = self.delivering.engine.store();
        let patience = self.pace.stuck * 2;
        store
            .note_cloud_work(self.delivering.now(), note, patience)
            .await
    }

    /// What an inspection found, in words.
    fn older(&self, id: &str, count: u64) -> String {
        let installed = self.issued.iter().any(|one| one.certificate_id == id);
        let whose = match installed {
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

fn wanted(cloud: &Cloud, forced: bool) -> WantedResources {
    let plain = |kind: &&ResourceType| Type {
        name: kind.name.to_owned(),
        regional: kind.regional,
        moves: kind.moves,
    };
    WantedResources {
        types: cloud.resources.iter().map(plain).collect(),
        instances: cloud.instances.clone(),
        region: cloud.region.clone(),
        forced,
    }
}
