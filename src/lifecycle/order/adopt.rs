//! Adopt before you apply: is there an order or a certificate at the service that makes ordering needless?
//!
//! Slots are few and an order can't be taken back, so what is there already is used first, whoever made it: a lost
//! answer of ours, a person at the console, another tool. What is *not* ours is never completed, cancelled or deleted.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::record::{Installed, Record};
use super::sighting::{DEADLINE_GRACE, Sighting, SightingState};
use super::turns::Orders;
use crate::lifecycle::proof::Method;

/// An order of somebody else's that has not been validated for this long no longer keeps us waiting.
const FOREIGN_PATIENCE: TimeDelta = TimeDelta::hours(24);

/// Nor does one that was validated, after this long: the CA signs within a day of that.
const VALIDATED_PATIENCE: TimeDelta = TimeDelta::hours(72);

/// However near the end is, somebody else's order is given this long: a CA takes minutes.
const LEAST_PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// What replaces a certificate that is dead at the service must last at least this long, or it would soon leave visitors
/// with something worse.
const LEAST_LIFE: TimeDelta = TimeDelta::days(3);

/// The service's clock and ours may differ this much when an order is recognised by its time.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);

/// How long the service accepts a signature (Tencent Cloud, signature v3, `AuthFailure.SignatureExpire`): nothing is
/// applied for with it later than this.
const SIGNATURE_LIFE: TimeDelta = TimeDelta::minutes(5);

/// How orders of this installation, or of its fleet, are told from others'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// `ec-<installation>-`: what the markers of an installation begin with that is in no fleet.
    own: String,
    /// `ec-<fleet>-`, in a fleet.
    fleet: Option<String>,
    /// What follows in markers that this machine makes: nothing outside a fleet and for a machine that never orders, else its
    /// number (0 for the only one that orders) and two characters of its installation.
    member: String,
}

/// Characters of the installation in a marker of a fleet.
const MEMBER_ID: usize = 2;

impl Ours {
    /// Those of an installation that is in no fleet.
    pub fn alone(installation: &str) -> Self {
        Self {
            own: format!("ec-{installation}-"),
            fleet: None,
            member: String::new(),
        }
    }

    /// Those of a fleet, in which this installation has a number; none where it never orders.
    pub fn of_fleet(fleet: &str, number: Option<u8>, installation: &str) -> Self {
        let id: String = installation.chars().take(MEMBER_ID).collect();
        Self {
            fleet: Some(format!("ec-{fleet}-")),
            member: number.map_or_else(String::new, |number| format!("{number}{id}")),
            ..Self::alone(installation)
        }
    }

    /// The marker in an alias, if it is one of ours. It stands first; an operator's own text may follow. In a fleet, those of
    /// its other machines are ours too, and what the installation ordered before it joined.
    pub fn marker<'t>(&self, alias: &'t str) -> Option<&'t str> {
        let word = alias.split_whitespace().next()?;
        let is_own = word.starts_with(&self.own);
        (is_own || self.in_fleet(word).is_some()).then_some(word)
    }

    /// A new marker, with as much of this id as there is room for.
    pub fn new_marker(&self, id: &str) -> String {
        let front = self.fleet.as_ref().unwrap_or(&self.own);
        let room = id.len().saturating_sub(self.member.len());
        format!("{front}{}{}", self.member, id.get(..room).unwrap_or(id))
    }

    /// What follows the fleet's six characters.
    fn in_fleet<'t>(&self, alias: &'t str) -> Option<&'t str> {
        let word = alias.split_whitespace().next()?;
        word.strip_prefix(self.fleet.as_ref()?)
    }

    /// Which machine of the fleet made the order of this alias: its number and two characters of its installation.
    pub fn member<'t>(&self, alias: &'t str) -> Option<(u8, &'t str)> {
        let rest = self.in_fleet(alias)?;
        let number = rest.get(..1)?.parse().ok()?;
        Some((number, rest.get(1..1 + MEMBER_ID)?))
    }

    /// This machine, as [`Ours::member`] tells it; none where it makes no markers of a fleet.
    pub fn this(&self) -> Option<(u8, &str)> {
        let number = self.member.get(..1)?.parse().ok()?;
        Some((number, self.member.get(1..)?))
    }

    /// Whether this installation made the order of this alias.
    pub fn made_here(&self, alias: &str) -> bool {
        match self.member(alias) {
            Some(member) => self.this() == Some(member),
            None => self.marker(alias).is_some(),
        }
    }
}

/// The marker that an alias begins with, whichever installation's it is.
pub fn evercert_marker(alias: &str) -> Option<&str> {
    let word = alias.split_whitespace().next()?;
    let id = word.strip_prefix("ec-")?;
    let well_formed = id.len() == 15
        && id.as_bytes()[6] == b'-'
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    well_formed.then_some(word)
}

/// What to do instead of ordering, or that ordering it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Take this one; it may still be pending.
    Adopt(Box<Sighting>),
    /// Somebody else's order is under way; wait for it.
    Wait(Box<Sighting>),
    /// In a fleet: this may be what another machine ordered, and the service does not tell enough of it to take it. Nothing is
    /// ordered beside it.
    Unclear(Box<Sighting>),
    /// Nothing usable is there: apply, or where somebody else orders, wait for it.
    Apply,
}

/// Looks for something to adopt. `sightings` are all entries with exactly our name, of a list taken just now, when the
/// service's clock showed `service_now`; `useless` are the ids whose material was found to be of no use: none of these is
/// adopted again.
pub fn choose(
    now: DateTime<Utc>,
    service_now: DateTime<Utc>,
    policy: &Policy,
    record: &Record,
    ours: &Ours,
    useless: &[String],
    sightings: &[Sighting],
) -> Choice {
    let any_kind = policy.orders.take_any_kind();
    let is_usable = |sighting: &&Sighting| {
        (sighting.free
            && sighting
                .algorithm
                .is_none_or(|found| found == policy.algorithm)
            || any_kind)
            && !useless.contains(&sighting.certificate_id)
            && record
                .installed
                .as_ref()
                .is_none_or(|installed| installed.certificate_id != sighting.certificate_id)
    };
    // With --force, only what was applied for after the request.
    let is_asked_for = |sighting: &&Sighting| {
        record
            .forced
            .is_none_or(|forced| sighting.inserted.is_some_and(|at| at >= forced))
    };
    let fits = |sighting: &&Sighting| is_usable(sighting) && is_asked_for(sighting);
    // Two certificates of one day end at the same second; asked for, the newer one counts.
    let forced = record.forced.is_some();
    // What is dead at the service is no measure for others.
    let is_dead = record.dead.is_some();
    let installed = record.installed.as_ref().filter(|_| !is_dead);
    let held_until = installed.map(|installed| installed.not_after);
    // What others order besides may end at the same second too.
    let is_shared = ours.fleet.is_some() || policy.orders.are_elsewhere();
    let held_since = installed.and_then(|installed| {
        let mut all = sightings.iter().filter(|_| is_shared);
        let held = all.find(|one| one.certificate_id == installed.certificate_id);
        held?.inserted
    });
    let is_later = |sighting: &Sighting| {
        let since = sighting.inserted.zip(held_since);
        since.is_some_and(|(at, held)| at > held)
    };
    let least = if is_dead {
        LEAST_LIFE
    } else {
        TimeDelta::zero()
    };
    let issued = sightings
        .iter()
        .filter(fits)
        .filter(|sighting| sighting.state == SightingState::Issued && sighting.downloadable)
        .filter(|sighting| {
            sighting.not_after.is_some_and(|end| {
                end > service_now + least
                    && held_until.is_none_or(|installed| {
                        end > installed || end == installed && (forced || is_later(sighting))
                    })
            })
        })
        .max_by_key(|sighting| {
            let inserted = sighting.inserted.filter(|_| is_shared);
            (
                sighting.not_after,
                inserted,
                sighting.certificate_id.clone(),
            )
        });
    if let Some(sighting) = issued {
        return Choice::Adopt(Box::new(sighting.clone()));
    }

    let pending = |sighting: &&Sighting| sighting.state == SightingState::Pending;
    if let Orders::Elsewhere { proves, .. } = policy.orders {
        return match fleet_pending(ours, sightings)
            .find(|one| proves && one.method == Some(Method::File))
        {
            Some(sighting) => Choice::Adopt(Box::new(sighting.clone())),
            None => Choice::Apply,
        };
    }
    // The older of two of our own: the younger one is the needless one. In a fleet, one that another machine has made already
    // is what was asked for here.
    let own = sightings
        .iter()
        .filter(is_usable)
        .filter(|sighting| is_asked_for(sighting) || ours.fleet.is_some())
        .filter(pending)
        .filter(|sighting| ours.marker(&sighting.alias).is_some())
        .min_by_key(|sighting| (sighting.inserted, sighting.certificate_id.clone()));
    if let Some(sighting) = own {
        return Choice::Adopt(Box::new(sighting.clone()));
    }

    let foreign = sightings
        .iter()
        .filter(fits)
        .filter(pending)
        .filter(|sighting| is_worth_waiting(now, service_now, record, sighting))
        .min_by_key(|sighting| (sighting.inserted, sighting.certificate_id.clone()));
    // A machine knows its own orders; those of others it knows by the list alone.
    let unclear = sightings.iter().find(|sighting| {
        let is_put_aside = useless.contains(&sighting.certificate_id);
        let is_held = |installed: &Installed| installed.certificate_id == sighting.certificate_id;
        ours.fleet.is_some()
            && !is_put_aside
            && !record.installed.as_ref().is_some_and(is_held)
            && is_unclear(sighting, held_until)
    });
    match (foreign, unclear) {
        (Some(sighting), _) => Choice::Wait(Box::new(sighting.clone())),
        (None, Some(sighting)) => Choice::Unclear(Box::new(sighting.clone())),
        (None, None) => Choice::Apply,
    }
}

/// Whether it may be what makes ordering needless, though the service does not tell enough of it to say so.
fn is_unclear(sighting: &Sighting, held_until: Option<DateTime<Utc>>) -> bool {
    match (sighting.state, sighting.not_after) {
        (SightingState::Pending, _) => sighting.obscure,
        (SightingState::Issued, None) => sighting.free || sighting.obscure,
        (SightingState::Issued, Some(end)) => {
            sighting.obscure && held_until.is_none_or(|held| end > held)
        }
        _ => false,
    }
}

/// The pending orders of the fleet.
fn fleet_pending<'s>(ours: &Ours, sightings: &'s [Sighting]) -> impl Iterator<Item = &'s Sighting> {
    let pending = sightings
        .iter()
        .filter(|one| one.state == SightingState::Pending);
    pending.filter(|one| ours.in_fleet(&one.alias).is_some())
}

/// Whether somebody else's pending order may still come to something. What the service says of its age may be missing or
/// lie ahead of our clock, so that the time since we saw it first bounds it.
fn is_worth_waiting(
    now: DateTime<Utc>,
    service_now: DateTime<Utc>,
    record: &Record,
    sighting: &Sighting,
) -> bool {
    let known = record
        .foreign
        .as_ref()
        .filter(|foreign| foreign.certificate_id == sighting.certificate_id);
    let since_seen = known.map_or(TimeDelta::zero(), |foreign| now - foreign.since);
    let since_inserted = sighting.inserted.map(|at| service_now - at);
    let age = since_inserted.map_or(since_seen, |age| age.max(since_seen));
    if known.is_some_and(|foreign| foreign.outwaited) {
        return false;
    }
    let patience = if sighting.validated {
        VALIDATED_PATIENCE
    } else {
        FOREIGN_PATIENCE
    };
    // Never past what the remaining life allows.
    let allowed = record.installed.as_ref().map(|installed| {
        let left = match record.dead {
            Some(_) => TimeDelta::zero(),
            None => installed.not_after - service_now,
        };
        (left / 4).max(LEAST_PATIENCE)
    });
    let patience = allowed.map_or(patience, |allowed| allowed.min(patience));
    let is_late = !sighting.validated
        && sighting
            .deadline
            .is_some_and(|deadline| service_now > deadline + DEADLINE_GRACE);
    !is_late && age < patience
}

/// The outcome of the search for an application without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This is it.
    This(Box<Sighting>),
    /// Not listed (yet).
    Nothing,
    /// More than one order could be it, and none bears the marker.
    Several(Vec<String>),
}

/// Searches the sightings of our exact name for the order that bears `marker`.
///
/// Where the service dropped or altered the alias: the name, a free certificate, no marker of any installation, a time of
/// application at which the signature was accepted, the same link, an id that we don't know, and one candidate only. What
/// somebody else applied for hours later is theirs, and is never completed or cancelled.
pub fn find(
    marker: &str,
    signed_at: DateTime<Utc>,
    link: Option<&str>,
    ours: &Ours,
    known_ids: &[String],
    sightings: &[Sighting],
) -> Found {
    let marked = sightings
        .iter()
        .find(|sighting| sighting.alias.split_whitespace().next() == Some(marker));
    if let Some(sighting) = marked {
        return Found::This(Box::new(sighting.clone()));
    }
    let accepted = signed_at - CLOCK_SLACK..=signed_at + SIGNATURE_LIFE + CLOCK_SLACK;
    let candidates: Vec<&Sighting> = sightings
        .iter()
        .filter(|sighting| sighting.free)
        // Another marker of ours is another order of ours, and known as such; another installation's is its own.
        .filter(|sighting| {
            ours.marker(&sighting.alias).is_none() && evercert_marker(&sighting.alias).is_none()
        })
        .filter(|sighting| sighting.inserted.is_some_and(|at| accepted.contains(&at)))
        .filter(|sighting| sighting.origin.as_deref() == link)
        .filter(|sighting| !known_ids.contains(&sighting.certificate_id))
        .collect();
    match candidates.as_slice() {
        [] => Found::Nothing,
        [only] => Found::This(Box::new((*only).clone())),
        several => Found::Several(
            several
                .iter()
                .map(|sighting| sighting.certificate_id.clone())
                .collect(),
        ),
    }
}
