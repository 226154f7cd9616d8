//! What a look at what is bound leads to.

use chrono::TimeDelta;

use super::{
    Batch, Bound, Count, Goal, LOAD_BALANCER, Moment, Phase, Role, Type, Verdict, Wish, Work,
};

/// A look is judged: what is still to be moved, what is to be deployed, or that all is well.
pub(super) fn decide(work: Work, moment: Moment, wish: &Wish, bound: &Bound) -> Verdict {
    let view = View { wish, bound };
    if let Some((source, hosted)) = view.source() {
        if work.goal == Goal::Inspect {
            return Verdict::Older(source.to_owned(), view.at(source));
        }
        if hosted {
            return Verdict::Hosted(source.to_owned());
        }
        if let Some(batch) = view.batch(source) {
            return next(work, moment, batch);
        }
    }
    if wish.instances.is_empty() {
        return all_moved(work, &view);
    }
    named(work, moment, &view)
}

/// A batch that was carried out and is still to be done: lists lag, but not for ever.
fn next(work: Work, moment: Moment, batch: Batch) -> Verdict {
    let repeated = work.carried.iter().any(|carried| carried.repeats(&batch));
    if !repeated {
        // Also where the task's end is never seen, this is what they had before.
        let origin = match &batch {
            Batch::Move { from, .. } => Some(from.clone()),
            Batch::Deploy { .. } => None,
        };
        let work = Work {
            phase: Phase::Find(batch),
            since: moment.now,
            from: work.from.or(origin),
            ..work
        };
        return Verdict::On(work, TimeDelta::zero());
    }
    if moment.now - work.since <= moment.pace.patience {
        let work = Work {
            phase: Phase::Ask,
            ..work
        };
        return Verdict::On(work, moment.pace.look);
    }
    let reason = if work.refused {
        "the service finds nothing to move, and still shows resources at the earlier certificate"
    } else {
        "the service's task is done, and resources still have the earlier certificate"
    };
    let work = Work {
        phase: Phase::Ask,
        since: moment.now,
        carried: Vec::new(),
        refused: false,
        ..work
    };
    Verdict::Failed(work, reason.to_owned())
}

fn all_moved(work: Work, view: &View<'_>) -> Verdict {
    let wanted = view.count(Role::Wanted);
    match view.foreign() {
        Some(foreign) if wanted == 0 => Verdict::Foreign(foreign.to_owned()),
        _ => view.done(work, wanted),
    }
}

/// Named instances that none of ours is bound to.
fn named(work: Work, moment: Moment, view: &View<'_>) -> Verdict {
    let wish = view.wish;
    let placed = &view.bound.placed;
    let has = |instance: &String| {
        let mut all = placed.iter();
        all.any(|(name, whose, _)| *whose == Role::Wanted && name == instance)
    };
    let missing: Vec<String> = wish
        .instances
        .iter()
        .filter(|one| !has(one))
        .cloned()
        .collect();
    let there = wish.instances.len() - missing.len();
    let foreign = placed.iter().find(|(name, whose, _)| {
        matches!(whose, Role::Foreign | Role::Wider) && missing.contains(name)
    });
    if let Some((_, _, certificate)) = foreign.filter(|_| !wish.forced) {
        return Verdict::Foreign(certificate.clone());
    }
    let bound = view.count(Role::Wanted).max(there as u64);
    let all = wish.instances.len() as u64;
    let Some(kind) = wish.types.first() else {
        return view.done(work, bound);
    };
    // What can't be moved does not show in a look either: there the service's word has to do.
    let unseen = if kind.moves { bound } else { all };
    // Going back: where nothing was before, there is nothing to go back to.
    if missing.is_empty() || work.goal != Goal::Move {
        return view.done(work, unseen);
    }
    let deployments = work.carried.iter();
    let carried = deployments.filter(|batch| matches!(batch, Batch::Deploy { .. }));
    // Once more where a look does not show it: the task may have been another target's. What has the certificate already
    // is refused, and that is the answer wanted.
    if !work.refused && carried.count() < 2 {
        let batch = Batch::Deploy {
            kind: kind.name.clone(),
            instances: missing,
            region: wish.region.clone(),
        };
        let work = Work {
            phase: Phase::Find(batch),
            since: moment.now,
            ..work
        };
        return Verdict::On(work, TimeDelta::zero());
    }
    if unseen > 0 {
        return view.done(work, unseen);
    }
    let again = Work {
        phase: Phase::Ask,
        since: moment.now,
        carried: Vec::new(),
        refused: false,
        ..work
    };
    let reason = "the service finds no such instance, or the certificate's name does not fit it";
    Verdict::Failed(again, reason.to_owned())
}

/// What a wish has to do with what is bound.
struct View<'a> {
    wish: &'a Wish,
    bound: &'a Bound,
}

impl<'a> View<'a> {
    /// What concerns this target.
    fn concerning(&self) -> impl Iterator<Item = &'a Count> {
        let types = &self.wish.types;
        let counts = self.bound.counts.iter();
        counts.filter(|count| count.count > 0 && types.iter().any(|kind| kind.name == count.kind))
    }

    fn done(&self, work: Work, bound: u64) -> Verdict {
        Verdict::Done {
            bound,
            from: work.from,
            foreign: self.foreign().map(str::to_owned),
        }
    }

    fn count(&self, role: Role) -> u64 {
        let counts = self.concerning().filter(|count| count.role == role);
        counts.map(|count| count.count).sum()
    }

    fn at(&self, certificate: &str) -> u64 {
        let counts = self
            .concerning()
            .filter(|count| count.certificate == certificate);
        counts.map(|count| count.count).sum()
    }

    /// A certificate that resources are to be moved from, and whether the service may do that itself.
    fn source(&self) -> Option<(&'a str, bool)> {
        let movable = |count: &&Count| {
            let kind = self.wish.types.iter().find(|kind| kind.name == count.kind);
            kind.is_some_and(|kind| kind.moves)
        };
        let is_source = |count: &&Count| match count.role {
            Role::Wanted | Role::Wider => false,
            Role::Ours => true,
            Role::Foreign => self.wish.forced && self.wish.instances.is_empty(),
        };
        self.concerning()
            .filter(movable)
            .find(is_source)
            .map(|count| (count.certificate.as_str(), count.hosted))
    }

    fn foreign(&self) -> Option<&'a str> {
        let mut counts = self
            .concerning()
            .filter(|count| count.role == Role::Foreign);
        counts.next().map(|count| count.certificate.as_str())
    }

    /// What is moved from a certificate in one task: load balancers alone, else all the rest.
    fn batch(&self, source: &str) -> Option<Batch> {
        let here: Vec<&Count> = self
            .concerning()
            .filter(|count| count.certificate == source)
            .collect();
        let there = |kind: &&Type| kind.moves && here.iter().any(|count| count.kind == kind.name);
        let present: Vec<&Type> = self.wish.types.iter().filter(there).collect();
        let balancer = present
            .iter()
            .find(|kind| kind.name == LOAD_BALANCER)
            .copied();
        let chosen: Vec<&Type> = match balancer {
            Some(balancer) => vec![balancer],
            None => present,
        };
        let regions = chosen.iter().filter(|kind| kind.regional).map(|kind| {
            let own = here.iter().filter(|count| count.kind == kind.name);
            let mut regions: Vec<String> = own
                .map(|count| count.region.clone())
                .filter(|region| !region.is_empty())
                .collect();
            regions.sort_unstable();
            regions.dedup();
            (kind.name.clone(), regions)
        });
        (!chosen.is_empty()).then(|| Batch::Move {
            from: source.to_owned(),
            regions: regions.collect(),
            types: chosen.iter().map(|kind| kind.name.clone()).collect(),
        })
    }
}
