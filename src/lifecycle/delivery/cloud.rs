//! What comes of a step of cloud resources.

use chrono::{DateTime, TimeDelta, Utc};

use super::state::{Balancer, Cloud, CloudStage, Delivery, State, Wanted};
use super::step::{DeliveryMoment, DeliveryOutcome, DeliverySettled, DeliveryStep};
use crate::lifecycle::cloud::{Goal, Verdict, Work};

pub(super) fn settle(
    moment: DeliveryMoment,
    wanted: &Wanted,
    domain: &str,
    row: &mut Delivery,
    cloud: &mut Cloud,
    step: DeliveryStep,
    outcome: DeliveryOutcome,
) -> DeliverySettled {
    let now = moment.now;
    let verdict = match outcome {
        DeliveryOutcome::Cloud(verdict) => *verdict,
        DeliveryOutcome::Wrong { seen, reason, .. } => {
            cloud.drop_work();
            row.drifted(seen, reason, now);
            return DeliverySettled::Drift;
        }
        // Pretended.
        DeliveryOutcome::Done => {
            cloud.rest();
            row.received(Some(wanted));
            return match step {
                DeliveryStep::Inspect => DeliverySettled::Nothing,
                _ => DeliverySettled::Delivered,
            };
        }
        DeliveryOutcome::Failed(reason) => {
            cloud.balancer = None;
            return row.fails(moment, reason);
        }
        _ => return DeliverySettled::Nothing,
    };
    match verdict {
        Verdict::On(work, pause) => {
            // Looking at it again is no move, and going back stays that.
            if step == DeliveryStep::Move {
                cloud.stage = CloudStage::Moving;
                // What still fails is shown while the rest goes on, and no longer than that.
                row.attempts = work.failures();
                row.last_error = work.errors();
            }
            cloud.keep(work);
            row.next_at = Some(now + pause);
            DeliverySettled::Nothing
        }
        Verdict::Failed(work, failure, pause) => {
            row.attempts = work.failures().max(1);
            row.last_error = Some(failure.message.clone());
            cloud.keep(work);
            row.next_at = Some(now + pause);
            DeliverySettled::Failed(Some(failure))
        }
        Verdict::Done { .. } if step == DeliveryStep::MoveBack => {
            cloud.drop_work();
            cloud.stage = CloudStage::Idle;
            row.seen = None;
            row.undone(moment, wanted, None)
        }
        Verdict::Done {
            bound,
            from,
            foreign,
            beside,
        } => {
            // That a move finds none where there were some is worth a word as well.
            let before = cloud
                .bound
                .filter(|_| step == DeliveryStep::Inspect || bound == 0);
            let known = row.last_error.take();
            cloud.rest();
            row.received(Some(wanted));
            row.saw((bound > 0).then(|| wanted.fingerprint.clone()), now);
            cloud.bound = Some(bound);
            cloud.before = from.or(cloud.before.take());
            if let Some(fewer) = before.filter(|before| bound < *before) {
                row.last_error = Some(are_fewer(fewer, bound, foreign));
                return DeliverySettled::Fewer;
            }
            row.last_error = beside.map(|(id, count)| is_beside(&id, count));
            match step {
                // Said once.
                DeliveryStep::Inspect if row.last_error.is_none() || row.last_error == known => {
                    DeliverySettled::Nothing
                }
                DeliveryStep::Inspect => DeliverySettled::Left,
                _ => DeliverySettled::Delivered,
            }
        }
        Verdict::NoWayBack(reason) => {
            // They have the new one, or get it again; what is served then is looked at as ever.
            cloud.drop_work();
            cloud.stage = CloudStage::Idle;
            cloud.before = None;
            row.delivered = None;
            let why = format!("{reason}; its resources keep the new certificate");
            let settled = row.fails(moment, why);
            row.next_at = Some(now);
            settled
        }
        Verdict::Hosted(id) => {
            cloud.drop_work();
            cloud.stage = CloudStage::Idle;
            let reason = format!(
                "the service's own hosting looks after the resources of certificate {id}, so they are left to it; \
                 switch it off in the console if Evercert should move them"
            );
            row.is_hosted(moment, reason)
        }
        Verdict::Foreign(id) => {
            cloud.drop_work();
            cloud.stage = CloudStage::Idle;
            let reason = format!(
                "somebody else bound certificate {id}, which ends later than ours; it is left; \
                 `evercert deploy {domain}` replaces it"
            );
            row.is_foreign(moment, id, reason)
        }
        Verdict::Older(..) => DeliverySettled::Nothing,
    }
}

impl Delivery {
    /// The cloud's work as this step goes on with it, where resources should have the certificate of this id at the
    /// service. None where it is no cloud target.
    pub fn cloud_work(
        &self,
        step: DeliveryStep,
        current: &str,
        now: DateTime<Utc>,
    ) -> Option<Work> {
        let State::Cloud(cloud) = &self.state else {
            return None;
        };
        let (goal, to) = match (step, &cloud.before) {
            (DeliveryStep::MoveBack, Some(before)) => (Goal::Back, before.as_str()),
            (DeliveryStep::MoveBack, None) => (Goal::Back, current),
            (DeliveryStep::Inspect, _) => (Goal::Inspect, current),
            _ => (Goal::Move, current),
        };
        let Some(work) = cloud.work.clone() else {
            return Some(Work::new(goal, to, now));
        };
        // A target forgets its failures where somebody asks for it anew, or another certificate comes.
        let begins_anew = self.attempts == 0 && work.failures() > 0 && goal == Goal::Move;
        let work = work.towards(goal, to, now);
        Some(if begins_anew { work.at_once(now) } else { work })
    }
}

impl Cloud {
    /// Writes work down before the call that it is about to make in this account. False, with nothing noted, where it may
    /// change load balancers and a task of one of the `others` may be doing that; `patience` is how long such a task
    /// counts.
    pub fn note(
        &mut self,
        work: &Work,
        account: &str,
        others: &[Delivery],
        now: DateTime<Utc>,
        patience: TimeDelta,
    ) -> bool {
        let balancers = others.iter().filter_map(|row| match &row.state {
            State::Cloud(cloud) => cloud.balancer.as_ref(),
            _ => None,
        });
        let mut balancers = balancers.filter(|other| other.blocks(account, now, patience));
        let changes = work.holds_balancer();
        if changes && balancers.next().is_some() {
            return false;
        }
        self.work = Some(work.clone());
        self.balancer = changes.then(|| Balancer {
            account: account.to_owned(),
            since: now,
        });
        true
    }

    /// The work goes on from here.
    fn keep(&mut self, work: Work) {
        if !work.holds_balancer() {
            self.balancer = None;
        }
        self.work = Some(work);
    }

    fn drop_work(&mut self) {
        self.work = None;
        self.balancer = None;
    }

    /// Nothing is under way, and nothing is asked for any more.
    fn rest(&mut self) {
        self.drop_work();
        self.stage = CloudStage::Idle;
        self.forced = false;
    }
}

fn are_fewer(before: u64, bound: u64, foreign: Option<String>) -> String {
    let whose = foreign.map_or_else(String::new, |id| {
        format!("; somebody else's certificate {id}, which ends later, is bound to some")
    });
    format!(
        "{} of {before} cloud resources no longer have our certificate{whose}",
        before - bound
    )
}

fn is_beside(id: &str, count: u64) -> String {
    format!(
        "{count} of its resources have certificate {id}, an earlier one for this name with another kind of key that \
         Evercert never installed; it may be there beside ours, so it is left: replace it in the console, or name the resources \
         in `instances`"
    )
}
