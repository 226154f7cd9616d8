//! What a look at what is bound leads to.

use super::look::Role;
use super::part::{Part, Place};
use super::protocol::{Bound, Count, Type, WantedResources};
use super::work::{Goal, Moment, Verdict, Work, failing, first_few};
use crate::lifecycle::Failure;

/// Parts of one target; what is beyond them is moved after them.
const MOST_PARTS: usize = 200;

/// A look is judged: what is still to be moved, what is to be deployed, or that all is well.
pub(super) fn decide(
    mut work: Work,
    moment: Moment,
    wanted: &WantedResources,
    bound: &Bound,
) -> Verdict {
    let view = View { wanted, bound };
    if work.goal == Goal::Inspect {
        let older = view.sources().next();
        if let Some(source) = older.map(|count| count.certificate.clone()) {
            let count = view.at(&source);
            return Verdict::Older(source, count);
        }
    }
    let missing = view.unknown();
    let mut said = match &missing {
        Some(reason) => work.incomplete(moment, reason),
        None => {
            work.look.complete();
            None
        }
    };
    if work.goal != Goal::Inspect {
        let failed = refresh(&mut work, moment, &view);
        said = said.or(failed);
    }
    if missing.is_none() && work.parts.iter().all(|part| part.believed) {
        // Whatever an attempt still follows has nothing left to do.
        return finish(work, &view);
    }
    work.begin(moment);
    work.told(moment, said)
}

/// Brings the parts to what the look showed. What failed meanwhile is given.
fn refresh(work: &mut Work, moment: Moment, view: &View<'_>) -> Option<Failure> {
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

fn judge(part: &mut Part, moment: Moment, view: &View<'_>) -> Shown {
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
fn finish(work: Work, view: &View<'_>) -> Verdict {
    let counts = view.movable().filter(|count| view.is_source(count));
    let mut hosted = counts.filter(|count| count.hosted);
    if let Some(source) = hosted.next() {
        return Verdict::Hosted(source.certificate.clone());
    }
    let wanted = view.count(Role::Wanted);
    if view.wanted.instances.is_empty() {
        return match view.foreign() {
            Some(foreign) if wanted == 0 => Verdict::Foreign(foreign.to_owned()),
            _ => view.done(work, wanted),
        };
    }
    let theirs = view
        .wanted
        .instances
        .iter()
        .find_map(|one| view.theirs(one));
    if let Some(theirs) = theirs.filter(|_| !view.wanted.forced) {
        return Verdict::Foreign(theirs.to_owned());
    }
    let there = view.wanted.instances.iter().filter(|one| view.has(one));
    let seen = wanted.max(there.count() as u64);
    // What can't be moved does not show in a look either.
    let fixed = view.wanted.types.first().is_some_and(|kind| !kind.moves);
    let all = view.wanted.instances.len() as u64;
    view.done(work, if fixed { all } else { seen })
}

/// What is wanted, held against what is bound.
struct View<'a> {
    wanted: &'a WantedResources,
    bound: &'a Bound,
}

impl<'a> View<'a> {
    fn kind(&self, name: &str) -> Option<&'a Type> {
        self.wanted.types.iter().find(|kind| kind.name == name)
    }

    /// What concerns this target.
    fn concerning(&self) -> impl Iterator<Item = &'a Count> {
        let types = &self.wanted.types;
        let counts = self.bound.counts.iter();
        counts.filter(|count| count.count > 0 && types.iter().any(|kind| kind.name == count.kind))
    }

    /// What of that can be moved from one certificate to another.
    fn movable(&self) -> impl Iterator<Item = &'a Count> {
        let types = &self.wanted.types;
        self.concerning().filter(|count| {
            let kind = types.iter().find(|kind| kind.name == count.kind);
            kind.is_some_and(|kind| kind.moves)
        })
    }

    fn is_source(&self, count: &Count) -> bool {
        match count.role {
            Role::Wanted | Role::Wider | Role::Beside => false,
            Role::Ours => true,
            Role::Foreign => self.wanted.forced && self.wanted.instances.is_empty(),
        }
    }

    /// What is to be moved, and by nobody but us.
    fn sources(&self) -> impl Iterator<Item = &'a Count> {
        let (wanted, bound) = (self.wanted, self.bound);
        let counts = self.movable();
        counts.filter(move |count| View { wanted, bound }.is_source(count) && !count.hosted)
    }

    /// What is to be done, in the order of the certificates, each with how many resources it is.
    fn places(&self, goal: Goal) -> Vec<(Place, u64)> {
        let mut places: Vec<(Place, u64)> = Vec::new();
        for count in self.sources() {
            let regional = self.kind(&count.kind).is_some_and(|kind| kind.regional);
            let region = (regional && !count.region.is_empty()).then(|| count.region.clone());
            let place = Place::Bound {
                from: count.certificate.clone(),
                kind: count.kind.clone(),
                region,
            };
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, known)) => *known = known.saturating_add(count.count),
                None => places.push((place, count.count)),
            }
        }
        // Going back: where nothing was before, there is nothing to go back to.
        let Some(kind) = self.wanted.types.first().filter(|_| goal == Goal::Move) else {
            return places;
        };
        let to_deploy = self
            .wanted
            .instances
            .iter()
            .filter(|one| self.is_to_deploy(one));
        places.extend(to_deploy.map(|instance| {
            let place = Place::Named {
                kind: kind.name.clone(),
                instance: instance.clone(),
                region: self.wanted.region.clone(),
            };
            (place, 1)
        }));
        places
    }

    /// Whether a named instance has no certificate of ours. What could not be looked up may be somebody else's.
    fn is_to_deploy(&self, instance: &str) -> bool {
        let mut placed = self
            .bound
            .placed
            .iter()
            .filter(|(name, ..)| name == instance);
        let movable = self.wanted.types.first().is_some_and(|kind| kind.moves);
        let ours =
            placed.any(|(_, role, _)| *role == Role::Wanted || (*role == Role::Ours && movable));
        let known = self.wanted.forced || self.bound.unknown.is_empty();
        let theirs = self.theirs(instance).is_some() && !self.wanted.forced;
        !ours && !theirs && known
    }

    fn has(&self, instance: &str) -> bool {
        let mut placed = self.bound.placed.iter();
        placed.any(|(name, role, _)| *role == Role::Wanted && name == instance)
    }

    /// Somebody else's certificate on a named instance that has none of ours.
    fn theirs(&self, instance: &str) -> Option<&'a str> {
        if self.has(instance) {
            return None;
        }
        let mut placed = self.bound.placed.iter();
        let found = placed.find(|(name, role, _)| {
            matches!(role, Role::Foreign | Role::Wider) && name == instance
        });
        found.map(|(_, _, certificate)| certificate.as_str())
    }

    /// Whether a deployment that a look does not show may be believed: none of the instances shows, although something
    /// has the certificate, or the counts say that all have it.
    fn believes(&self) -> bool {
        let fixed = self.wanted.types.first().is_some_and(|kind| !kind.moves);
        let wanted = self.count(Role::Wanted);
        let shows = !self.bound.placed.is_empty();
        fixed || (wanted > 0 && !shows) || wanted >= self.wanted.instances.len() as u64
    }

    fn done(&self, work: Work, bound: u64) -> Verdict {
        Verdict::Done {
            bound,
            from: work.from,
            foreign: self.foreign().map(str::to_owned),
            beside: self.beside(),
        }
    }

    fn beside(&self) -> Option<(String, u64)> {
        let mut counts = self.concerning();
        let found = counts.find(|count| count.role == Role::Beside)?;
        let certificate = found.certificate.clone();
        let many = self.at(&certificate);
        Some((certificate, many))
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

    fn foreign(&self) -> Option<&'a str> {
        let mut counts = self
            .concerning()
            .filter(|count| count.role == Role::Foreign);
        counts.next().map(|count| count.certificate.as_str())
    }

    /// What could not be looked up, in words; the first few.
    fn unknown(&self) -> Option<String> {
        let unknown = self.bound.unknown.iter();
        first_few(unknown.map(|unknown| unknown.reason.as_str()))
    }

    /// Whether the look could not see what is bound there.
    fn is_unseen(&self, place: &Place) -> bool {
        self.bound.unknown.iter().any(|unknown| {
            let kind_fits = unknown
                .kind
                .as_deref()
                .is_none_or(|kind| kind == place.kind());
            match place {
                Place::Bound { from, region, .. } => {
                    let region_fits = unknown.region.is_empty()
                        || region
                            .as_ref()
                            .is_none_or(|region| *region == unknown.region);
                    kind_fits && unknown.certificate == *from && region_fits
                }
                Place::Named { .. } => kind_fits,
            }
        })
    }
}
