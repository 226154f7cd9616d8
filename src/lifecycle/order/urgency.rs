//! When the end comes near: alarms at 14, 7, 3 and 1 days left and at expiry, each once.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::record::Record;

/// Days left at which an alarm is raised; zero is expiry.
pub const LEVELS: [i64; 5] = [14, 7, 3, 1, 0];

/// The alarm to raise now, in days left, unless it or a graver one was raised before.
///
/// Only for a certificate that should have been renewed by now: with `renew_before = "5d"`, ten days left are no alarm.
/// The end is that of what visitors get ([`Record::ends`]).
pub fn alarm(now: DateTime<Utc>, policy: &Policy, record: &Record) -> Option<i64> {
    let (opens, end) = window(policy, record)?;
    if now < opens {
        return None;
    }
    let level = LEVELS
        .into_iter()
        .rev()
        .find(|days| now >= begin(end, *days))?;
    record
        .alarmed
        .is_none_or(|raised| level < raised)
        .then_some(level)
}

/// When the next alarm would be raised, if nothing happens until then.
pub fn next_alarm(now: DateTime<Utc>, policy: &Policy, record: &Record) -> Option<DateTime<Utc>> {
    let (opens, end) = window(policy, record)?;
    LEVELS
        .into_iter()
        .filter(|days| record.alarmed.is_none_or(|raised| *days < raised))
        .map(|days| begin(end, days).max(opens))
        .find(|at| *at > now)
}

/// From when on the end concerns anybody, and the end.
fn window(policy: &Policy, record: &Record) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let installed = record.installed.as_ref().filter(|_| record.wanted)?;
    let end = record.ends()?;
    let before = installed.not_after - policy.renew_at(installed);
    Some((end - before, end))
}

fn begin(end: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    end - TimeDelta::days(days)
}
