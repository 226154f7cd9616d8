//! When the end comes near: alarms at 14, 7, 3 and 1 days left and at expiry, each once.

use chrono::{DateTime, TimeDelta, Utc};

use super::record::Held;
use super::{Policy, Record};

/// Days left at which an alarm is raised; zero is expiry.
pub const LEVELS: [i64; 5] = [14, 7, 3, 1, 0];

/// The alarm to raise now, in days left, unless it or a graver one was raised before.
///
/// Only for a certificate that should have been renewed by now: with `renew_before = "5d"`, ten days left are no alarm.
pub fn alarm(now: DateTime<Utc>, policy: &Policy, record: &Record) -> Option<i64> {
    let held = record.held.as_ref().filter(|_| record.wanted)?;
    if now < policy.renew_at(held) {
        return None;
    }
    let level = LEVELS
        .into_iter()
        .rev()
        .find(|days| now >= begin(held, *days))?;
    record
        .alarmed
        .is_none_or(|raised| level < raised)
        .then_some(level)
}

/// When the next alarm would be raised, if nothing happens until then.
pub fn next_alarm(now: DateTime<Utc>, policy: &Policy, record: &Record) -> Option<DateTime<Utc>> {
    let held = record.held.as_ref().filter(|_| record.wanted)?;
    LEVELS
        .into_iter()
        .filter(|days| record.alarmed.is_none_or(|raised| *days < raised))
        .map(|days| begin(held, days).max(policy.renew_at(held)))
        .find(|at| *at > now)
}

fn begin(held: &Held, days: i64) -> DateTime<Utc> {
    held.not_after - TimeDelta::days(days)
}
