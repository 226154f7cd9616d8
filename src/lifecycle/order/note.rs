//! What happens to a certificate beside its steps: its operator asks or edits, the list shows something, a clock is wrong,
//! an alarm is raised. The other way, with [`settle`](super::settle()), in which a record changes; there is no third.

use chrono::{DateTime, TimeDelta, Utc};

use super::ending::{Closed, Settled, put_aside, unpark};
use super::record::{Record, Stage};

/// Where the clocks differ so that nothing is due by the service's, it is looked at again after this long.
const SKEWED_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Something that is noted of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Its operator asks for it.
    Asked {
        /// When the request was made: what was installed since then is what was asked for.
        at: DateTime<Utc>,
        /// Whether a new one is wanted outside the window too.
        force: bool,
    },
    /// Its operator holds it back.
    Paused,
    /// Its operator no longer does.
    Resumed,
    /// The config names it, as it was not named before.
    Edited {
        /// The account that it is ordered in from now on.
        account: String,
        /// The digest of all that goes into an application.
        inputs: String,
    },
    /// The config no longer names it.
    Removed,
    /// The list shows something to adopt.
    Adoptable,
    /// By the service's clock, which differs, nothing is due yet.
    NotDue,
    /// Nothing is ordered before then: after a restore, no list shows for certain what was ordered since the backup.
    NotBefore(DateTime<Utc>),
    /// It is due now, and waits for somebody else to order it, or for this machine's turn.
    Waits(DateTime<Utc>),
    /// The alarm of so many days left was raised.
    Alarmed(i64),
}

/// The record once this is noted. Nothing is left to chance here, and no pause begins but those that the note names.
pub fn note(now: DateTime<Utc>, mut record: Record, note: Note) -> Settled {
    let mut closed = None;
    match note {
        Note::Asked { at, force } => closed = asked(&mut record, at, force),
        Note::Paused => record.paused = Some(now),
        Note::Resumed => record.paused = None,
        Note::Edited { account, inputs } => {
            record.account = account;
            record.wanted = true;
            // Parked with other inputs: what was wrong may be right now.
            if record
                .parked
                .as_ref()
                .is_some_and(|parked| parked.inputs != inputs)
            {
                unpark(&mut record);
            }
        }
        Note::Removed => {
            record.wanted = false;
            record.forced = None;
            record.waits_since = None;
        }
        Note::Adoptable => unpark(&mut record),
        // The service answered, so what failed before is over.
        Note::NotDue => record.retry.went_well(Some(now + SKEWED_PAUSE)),
        Note::NotBefore(until) => record.retry.not_before = Some(until),
        // A wait that began in the future was noted by a clock that was put back since.
        Note::Waits(now) => {
            let known = record.waits_since.filter(|since| *since <= now);
            record.waits_since = Some(known.unwrap_or(now));
        }
        Note::Alarmed(level) => record.alarmed = Some(level),
    }
    Settled { record, closed }
}

/// Asked for by a person, it is tried now: what it waited for may have been mended.
fn asked(record: &mut Record, at: DateTime<Utc>, force: bool) -> Option<Closed> {
    let is_issued = matches!(
        record.order.as_ref().map(|order| &order.stage),
        Some(Stage::Issued { .. })
    );
    let mut closed = None;
    if force && is_issued && record.retry.failures > 0 {
        // What can't be fetched must not be in the way of what is asked for.
        let last = record.retry.last.as_ref();
        let words = last.map_or("it could not be fetched", |last| &last.message);
        closed = put_aside(record, words.to_owned(), |_| None);
    }
    unpark(record);
    record.retry.not_before = None;
    record.retry.unvalidated = 0;
    // A request that comes again after a crash must not order again what it has got already.
    let granted = record
        .installed
        .as_ref()
        .is_some_and(|installed| installed.installed_at >= at);
    if force && record.order.is_none() && !granted {
        record.forced = Some(at);
    }
    closed
}
