//! Adopt before you apply: is there an order or a certificate at the service that makes ordering needless?
//!
//! Slots are few and an order can't be taken back, so what is there already is used first, whoever made it: a lost
//! answer of ours, a person at the console, another tool. What is *not* ours is never completed, cancelled or deleted.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::record::Record;
use super::sighting::{DEADLINE_GRACE, Sighting, SightingState};

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

/// How orders of this installation are told from others'.
#[derive(Clone, Debug)]
pub struct Ours<'a> {
    /// `ec-<installation>-`: what every marker of this installation begins with.
    pub prefix: &'a str,
}

impl Ours<'_> {
    /// The marker in an alias, if it is one of ours. It stands first; an operator's own text may follow.
    pub fn marker<'t>(&self, alias: &'t str) -> Option<&'t str> {
        alias
            .split_whitespace()
            .next()
            .filter(|word| word.starts_with(self.prefix))
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
    /// Nothing usable is there: apply.
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
    ours: &Ours<'_>,
    useless: &[String],
    sightings: &[Sighting],
) -> Choice {
    let fits = |sighting: &&Sighting| {
        sighting.free
            && !useless.contains(&sighting.certificate_id)
            && sighting.algorithm.is_none_or(|found| found == policy.algorithm)
            && record
                .installed
                .as_ref()
                .is_none_or(|installed| installed.certificate_id != sighting.certificate_id)
            // With --force, only what was applied for after the request.
            && record
                .forced
                .is_none_or(|forced| sighting.inserted.is_some_and(|at| at >= forced))
    };
    // Two certificates of one day end at the same second; asked for, the newer one counts.
    let forced = record.forced.is_some();
    // What is dead at the service is no measure for others.
    let is_dead = record.dead.is_some();
    let installed = record.installed.as_ref().filter(|_| !is_dead);
    let held_until = installed.map(|installed| installed.not_after);
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
                    && held_until
                        .is_none_or(|installed| end > installed || forced && end == installed)
            })
        })
        .max_by_key(|sighting| (sighting.not_after, sighting.certificate_id.clone()));
    if let Some(sighting) = issued {
        return Choice::Adopt(Box::new(sighting.clone()));
    }

    let pending = |sighting: &&Sighting| sighting.state == SightingState::Pending;
    // The older of two of our own: the younger one is the needless one.
    let own = sightings
        .iter()
        .filter(fits)
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
    match foreign {
        Some(sighting) => Choice::Wait(Box::new(sighting.clone())),
        None => Choice::Apply,
    }
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
    ours: &Ours<'_>,
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
