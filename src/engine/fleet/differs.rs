//! What machines of a fleet must agree on, and don't, as their orders show it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::listing::Listing;
use crate::engine::{Engine, Settings};
use crate::lifecycle::{Algorithm, Ours, Sighting, SightingState};
use crate::observe::event::{Difference, Event, Fact};

/// Orders of so long ago are of a config that may have been changed since.
const OF_NOW: TimeDelta = TimeDelta::days(30);

impl Engine {
    /// Says what other machines of the fleet order otherwise than this machine's config has it.
    pub(in crate::engine) fn say_differences(
        &self,
        settings: &Settings,
        account: &str,
        listing: &Listing,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        if settings.config.fleet.is_none() {
            return events;
        }
        let (ours, now) = (self.ours(), self.environment.clock.monotonic());
        if let Some((fact, id)) = both_ways(&ours, listing) {
            events.push(Event::of(fact).certificate_id(id));
        }
        let entries = settings.config.certificates.iter();
        for entry in entries.filter(|entry| entry.account == account && entry.order) {
            let all = listing.of(&entry.domain).iter();
            let theirs = all.filter_map(|one| theirs(&ours, listing, one));
            let other = theirs.max_by_key(|one| one.inserted);
            let Some((other, key)) = other.and_then(|one| one.key.map(|key| (one, key))) else {
                continue;
            };
            if key != entry.key {
                let difference = Difference::Key {
                    theirs: key.name().into(),
                    own: entry.key.name().into(),
                };
                let event = Event::of(fact(difference, &other)).certificate(&entry.domain);
                events.push(event.certificate_id(other.certificate_id));
            }
        }
        events.retain(|event| {
            let id = event.about.certificate_id.as_deref().unwrap_or_default();
            self.fleet.is_news(format!("differs {id}"), now)
        });
        let events = events.into_iter();
        events.map(|event| event.account(account)).collect()
    }
}

/// What another machine of the fleet ordered, and the service still has.
struct Theirs<'l> {
    certificate_id: &'l str,
    inserted: DateTime<Utc>,
    key: Option<Algorithm>,
    machine: u8,
    installation: &'l str,
}

fn theirs<'l>(ours: &Ours, listing: &Listing, one: &'l Sighting) -> Option<Theirs<'l>> {
    let is_alive = matches!(one.state, SightingState::Pending | SightingState::Issued);
    let (machine, installation) = ours.member(&one.alias)?;
    let is_own = ours.this().is_some_and(|(_, own)| own == installation);
    let since = listing.service_now() - OF_NOW;
    let inserted = one.inserted.filter(|at| *at > since)?;
    (is_alive && !is_own).then_some(Theirs {
        certificate_id: &one.certificate_id,
        inserted,
        key: one.algorithm,
        machine,
        installation,
    })
}

fn fact(difference: Difference, other: &Theirs<'_>) -> Fact {
    Fact::FleetDiffers {
        machine: other.machine,
        other: other.installation.into(),
        difference,
    }
}

/// One machine orders at any time, and others in turns: where both have ordered since the other did, neither has taken the
/// other's place. Gives an order of the other's, too.
fn both_ways<'l>(ours: &Ours, listing: &'l Listing) -> Option<(Fact, &'l str)> {
    let (number, _) = ours.this()?;
    let own = listing
        .entries()
        .filter(|(_, one)| ours.made_here(&one.alias));
    let first = own.filter_map(|(_, one)| one.inserted).min()?;
    let others = listing
        .entries()
        .filter_map(|(_, one)| theirs(ours, listing, one))
        .filter(|one| one.inserted > first);
    let mut others = others.filter(|one| (one.machine == 0) != (number == 0));
    let other = others.next()?;
    let difference = match number {
        0 => Difference::InTurns,
        _ => Difference::Alone,
    };
    Some((fact(difference, &other), other.certificate_id))
}
