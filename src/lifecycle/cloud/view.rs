//! What is wanted, held against what is bound.

use super::look::Role;
use super::part::Place;
use super::protocol::{Bound, Count, Type, WantedResources};
use super::work::{Goal, Verdict, Work, first_few};

#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) wanted: &'a WantedResources,
    pub(super) bound: &'a Bound,
}

impl<'a> View<'a> {
    fn kind(self, name: &str) -> Option<&'a Type> {
        self.wanted.types.iter().find(|kind| kind.name == name)
    }

    /// Whether the named instances are of a type that can't be moved from one certificate to another.
    pub(super) fn is_fixed(self) -> bool {
        self.wanted.types.first().is_some_and(|kind| !kind.moves)
    }

    /// What concerns this target.
    fn concerning(self) -> impl Iterator<Item = &'a Count> {
        let counts = self.bound.counts.iter();
        counts.filter(move |count| count.count > 0 && self.kind(&count.kind).is_some())
    }

    /// What is to be moved from one certificate to another.
    pub(super) fn sources(self) -> impl Iterator<Item = &'a Count> {
        let is_source = move |count: &&Count| match count.role {
            Role::Wanted | Role::Wider | Role::Beside => false,
            Role::Ours => true,
            Role::Foreign => self.wanted.forced && self.wanted.instances.is_empty(),
        };
        let moves = move |count: &&Count| self.kind(&count.kind).is_some_and(|kind| kind.moves);
        self.concerning().filter(moves).filter(is_source)
    }

    /// What of that is moved by nobody but us.
    pub(super) fn free_sources(self) -> impl Iterator<Item = &'a Count> {
        self.sources().filter(|count| !count.hosted)
    }

    /// What is to be done, in the order of the certificates, each with how many resources it is.
    pub(super) fn places(self, goal: Goal) -> Vec<(Place, u64)> {
        let mut places: Vec<(Place, u64)> = Vec::new();
        for count in self.free_sources() {
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
        let instances = self.wanted.instances.iter();
        let to_deploy = instances.filter(|one| self.is_to_deploy(one));
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

    /// Whose certificates a named instance has, each with which it is.
    fn placed(self, instance: &str) -> impl Iterator<Item = (Role, &'a str)> {
        let placed = self.bound.placed.iter();
        let here = placed.filter(move |(name, ..)| name == instance);
        here.map(|(_, role, certificate)| (*role, certificate.as_str()))
    }

    /// Whether a named instance has no certificate of ours. What could not be looked up may be somebody else's.
    fn is_to_deploy(self, instance: &str) -> bool {
        let is_ours = |role| role == Role::Wanted || (role == Role::Ours && !self.is_fixed());
        let ours = self.placed(instance).any(|(role, _)| is_ours(role));
        let is_free = self.bound.unknown.is_empty() && self.theirs(instance).is_none();
        !ours && (self.wanted.forced || is_free)
    }

    /// Whether a named instance has the certificate.
    pub(super) fn has(self, instance: &str) -> bool {
        self.placed(instance).any(|(role, _)| role == Role::Wanted)
    }

    /// Somebody else's certificate on a named instance that has none of ours.
    pub(super) fn theirs(self, instance: &str) -> Option<&'a str> {
        let is_theirs = |(role, _): &(Role, &str)| matches!(role, Role::Foreign | Role::Wider);
        let found = self.placed(instance).find(is_theirs);
        found
            .filter(|_| !self.has(instance))
            .map(|(_, certificate)| certificate)
    }

    /// Whether a deployment that a look does not show may be believed: none of the instances shows, although something
    /// has the certificate, or the counts say that all have it.
    pub(super) fn believes(self) -> bool {
        let wanted = self.count(Role::Wanted);
        let shows = !self.bound.placed.is_empty();
        self.is_fixed() || (wanted > 0 && !shows) || wanted >= self.wanted.instances.len() as u64
    }

    /// All is done: so many resources have the certificate.
    pub(super) fn done(self, work: Work, bound: u64) -> Verdict {
        let beside = self.first_with(Role::Beside);
        Verdict::Done {
            bound,
            from: work.from,
            foreign: self.foreign().map(str::to_owned),
            beside: beside.map(|id| (id.to_owned(), self.at(id))),
        }
    }

    /// Somebody else's certificate that ends later than ours.
    pub(super) fn foreign(self) -> Option<&'a str> {
        self.first_with(Role::Foreign)
    }

    fn first_with(self, role: Role) -> Option<&'a str> {
        let found = self.concerning().find(|count| count.role == role);
        found.map(|count| count.certificate.as_str())
    }

    /// How many resources have certificates of this role.
    pub(super) fn count(self, role: Role) -> u64 {
        let counts = self.concerning().filter(|count| count.role == role);
        counts.map(|count| count.count).sum()
    }

    /// How many have this certificate.
    pub(super) fn at(self, certificate: &str) -> u64 {
        let counts = self
            .concerning()
            .filter(|count| count.certificate == certificate);
        counts.map(|count| count.count).sum()
    }

    /// What could not be looked up, in words; the first few.
    pub(super) fn unknown(self) -> Option<String> {
        let unknown = self.bound.unknown.iter();
        first_few(unknown.map(|unknown| unknown.reason.as_str()))
    }

    /// Whether the look could not see what is bound there.
    pub(super) fn is_unseen(self, place: &Place) -> bool {
        self.bound.unknown.iter().any(|unknown| {
            let kind = unknown.kind.as_deref();
            let kind_fits = kind.is_none_or(|kind| kind == place.kind());
            let place_fits = match place {
                Place::Named { .. } => true,
                Place::Bound { from, region, .. } => {
                    let region = region.as_ref().filter(|_| !unknown.region.is_empty());
                    unknown.certificate == *from
                        && region.is_none_or(|region| *region == unknown.region)
                }
            };
            kind_fits && place_fits
        })
    }
}
