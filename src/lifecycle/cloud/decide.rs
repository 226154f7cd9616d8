//! What a look at what is bound leads to.

use super::look::Role;
use super::part::{Part, Place};
use super::protocol::{Bound, WantedResources};
use super::view::View;
use super::work::{CEILING, CloudMoment, Goal, Verdict, Work, failing};
use crate::lifecycle::Failure;

/// Parts of one target; what is beyond them is moved after them.
const MOST_PARTS: usize = 200;

/// A look is judged: what is still to be moved, what is to be deployed, or that all is well.
pub(super) fn decide(
    mut work: Work,
    moment: CloudMoment,
    wanted: &WantedResources,
    bound: &Bound,
) -> Verdict {
    let view = View { wanted, bound };
    if work.goal == Goal::Inspect {
        let older = view.free_sources().next();
        if let Some(source) = older.map(|count| count.certificate.clone()) {
            let count = view.at(&source);
            return Verdict::Older(source, count);
        }
    }
    let counts = bound.counts.iter();
    let theirs = counts.filter(|count| !matches!(count.role, Role::Ours | Role::Wanted));
    work.noticed.clone_from(&bound.elsewhere);
    work.noticed
        .extend(theirs.map(|count| count.certificate.clone()));
    let missing = view.unknown();
    let mut said = match &missing {
        Some(reason) => work.incomplete(moment, reason),
        None => {
            work.look.complete();
            None
        }
    };
    if work.goal != Goal::Inspect {
        let failed = refresh(&mut work, moment, view);
        said = said.or(failed);
    }
    if missing.is_none() && work.parts.iter().all(|part| part.believed) {
        // Whatever an attempt still follows has nothing left to do.
        return finish(work, view);
    }
    work.begin(moment);
    work.told(moment, said)
}

/// Brings the parts to what the look showed. What failed meanwhile is given.
fn refresh(work: &mut Work, moment: CloudMoment, view: View<'_>) -> Option<Failure> {
    let mut known = std::mem::take(&mut work.parts);
    let mut failed = None;
    for (place, count) in view.places(work.goal) {
        let old = known.iter().position(|part| part.place == place);
        let mut part = match old {
            Some(old) => known.swap_remove(old),
            None => Part::new(place, count, moment.now),
        };
        if count < part.count {
            // Progress.
            part.failures = 0;
            part.error = None;
            part.next_at = moment.now;
        }
        if part.stopped {
            // It is only looked at, in case somebody else sees to it.
            part.next_at = moment.now + CEILING;
        }
        part.count = count;
        match judge(&mut part, moment, view) {
            Shown::Well => {
                part.believed = true;
                part.failures = 0;
                part.error = None;
            }
            Shown::Open => {}
            Shown::Failed(reason) => {
                part.failures = part.failures.saturating_add(1);
                part.next_at = moment.now + moment.backoff(part.failures);
                part.error = Some(reason.to_owned());
                part.carried = 0;
                part.refused = false;
                failed = failed.or_else(|| Some(failing(reason.to_owned())));
            }
        }
        work.parts.push(part);
    }
    // What the look could not see is neither done nor forgotten.
    let unseen = known.into_iter().filter(|part| view.is_unseen(&part.place));
    work.parts.extend(unseen);
    work.parts.truncate(MOST_PARTS);
    failed
}

/// What a look says of a part that the service may have carried out.
enum Shown {
    /// The service's word has to do.
    Well,
    /// It is to be done, or lists lag.
    Open,
    /// It was carried out, and is still to be done.
    Failed(&'static str),
}

fn judge(part: &mut Part, moment: CloudMoment, view: View<'_>) -> Shown {
    let Some(carried_at) = part.carried_at else {
        return Shown::Open;
    };
    if let Place::Named { .. } = part.place {
        part.carried_at = None;
        // Once more where a look does not show it: the task may have been another target's. What has the certificate
        // already is refused, and that is the answer wanted.
        if !part.refused && part.carried < 2 {
            part.next_at = moment.now;
            return Shown::Open;
        }
        return match view.believes() {
            true => Shown::Well,
            false => Shown::Failed(
                "the service finds no such instance, or the certificate's name does not fit it",
            ),
        };
    }
    // Lists lag, but not for ever.
    if moment.now - carried_at <= moment.pace.patience {
        part.next_at = moment.now + moment.pace.look;
        return Shown::Open;
    }
    part.carried_at = None;
    Shown::Failed(if part.refused {
        "the service finds nothing to move, and still shows resources at the earlier certificate"
    } else {
        "the service's task is done, and resources still have the earlier certificate"
    })
}

/// Nothing is left to move, and nothing unknown.
fn finish(work: Work, view: View<'_>) -> Verdict {
    if let Some(source) = view.sources().find(|count| count.hosted) {
        return Verdict::Hosted(source.certificate.clone());
    }
    let wanted = view.count(Role::Wanted);
    let instances = &view.wanted.instances;
    if instances.is_empty() {
        return match view.foreign() {
            Some(foreign) if wanted == 0 => Verdict::Foreign(foreign.to_owned()),
            _ => view.done(work, wanted),
        };
    }
    let theirs = instances.iter().find_map(|one| view.theirs(one));
    if let Some(theirs) = theirs.filter(|_| !view.wanted.forced) {
        return Verdict::Foreign(theirs.to_owned());
    }
    let there = instances.iter().filter(|one| view.has(one));
    let seen = wanted.max(there.count() as u64);
    // What can't be moved does not show in a look either.
    let all = instances.len() as u64;
    view.done(work, if view.is_fixed() { all } else { seen })
}
