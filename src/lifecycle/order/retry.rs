//! How long to wait after which failure.
//!
//! The random are an argument in `[0, 1)`: full jitter, so that a thousand certificates that failed together do not come
//! back together. No pause outlives what the remaining life of the certificate allows.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::record::Record;
use crate::lifecycle::failure::Class;
use crate::lifecycle::pause::{self, doubled, first_retry, scaled};

/// The longest pause after a transient failure.
pub(in crate::lifecycle) const CEILING: TimeDelta = TimeDelta::hours(6);

/// The pause after the `failures`-th failure in a row (1 for the first).
pub fn backoff(
    now: DateTime<Utc>,
    policy: &Policy,
    record: &Record,
    class: Class,
    failures: u32,
    random: f64,
) -> TimeDelta {
    let (base, floor) = match class {
        Class::Transient | Class::AlreadySo => (first_retry(policy.poll), TimeDelta::seconds(1)),
        Class::Quota => (TimeDelta::hours(4), TimeDelta::hours(2)),
        Class::Operator => (TimeDelta::minutes(30), TimeDelta::minutes(10)),
        // Parked: the pause only matters once the operator changes something, so it is short.
        Class::Permanent => (TimeDelta::minutes(1), TimeDelta::seconds(1)),
    };
    scaled(doubled(base, failures, CEILING.max(base)), random)
        .max(floor)
        .min(allowed(now, record))
}

/// The pause before an order that the CA rejected is made anew: some twenty polls at first, doubling each time.
/// Each attempt uses a slot for at least an hour, so this is never quick.
pub fn after_rejection(policy: &Policy, lost_orders: u32, random: f64) -> TimeDelta {
    let base = (policy.poll * 20).clamp(TimeDelta::seconds(20), TimeDelta::minutes(10));
    let grown = doubled(base, lost_orders, TimeDelta::hours(24));
    grown + scaled(grown, random / 2.0)
}

/// The pause before a cancelled order is made anew.
pub fn after_cancellation(policy: &Policy, lost_orders: u32, random: f64) -> TimeDelta {
    let base = (policy.poll * 10).clamp(TimeDelta::seconds(5), TimeDelta::minutes(5));
    pause::backoff(base, lost_orders, TimeDelta::hours(12), random)
}

/// The pause before a channel that did not take a message is tried again: from the pace of polling up to an hour.
pub fn after_untold(poll: TimeDelta, attempts: u32, random: f64) -> TimeDelta {
    let base = poll.clamp(TimeDelta::seconds(1), TimeDelta::minutes(1));
    pause::backoff(base, attempts, TimeDelta::hours(1), random)
}

/// A tenth of the remaining life, a minute at least: the closer the end, the more attempts are left in it.
pub(in crate::lifecycle) fn allowed(now: DateTime<Utc>, record: &Record) -> TimeDelta {
    match &record.installed {
        None => CEILING,
        Some(installed) => ((installed.not_after - now) / 10).clamp(TimeDelta::minutes(1), CEILING),
    }
}
