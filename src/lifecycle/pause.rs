//! How long to wait before something is tried again, and whether such a wait still counts.
//!
//! One rule for orders, proofs, deliveries, alerts and holds. `random` is always in `[0, 1)`, so that what failed together
//! does not come back together.

use chrono::{DateTime, TimeDelta, Utc};

/// No pause that the lifecycle sets is longer than this. A time further ahead was set by a clock that has been put back
/// since, and is over.
pub const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(48);

/// Whether a pause until then still lasts.
pub fn lasts(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    until > now && until <= now + LONGEST_PAUSE
}

/// When something becomes due that is written down for `at`: now, where a clock that was put back since has set it.
pub fn due_at(at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    due_within(at, now, LONGEST_PAUSE)
}

/// As [`due_at`], for what never waits longer than `longest`.
pub fn due_within(at: DateTime<Utc>, now: DateTime<Utc>, longest: TimeDelta) -> DateTime<Utc> {
    if at > now + longest { now } else { at }
}

/// The pause before the first retry of anything transient, before jitter: two polls, two seconds to a minute.
pub fn first_retry(poll: TimeDelta) -> TimeDelta {
    (poll * 2).clamp(TimeDelta::seconds(2), TimeDelta::minutes(1))
}

/// `first`, doubled with each of the `times` in a row after the first (1), up to `longest`.
pub fn doubled(first: TimeDelta, times: u32, longest: TimeDelta) -> TimeDelta {
    (first * (1_i32 << times.saturating_sub(1).min(16))).min(longest)
}

/// As [`doubled`], of which half is chance. Half of it at least stays: what fails at once must not be tried in a tight
/// loop.
pub fn backoff(first: TimeDelta, times: u32, longest: TimeDelta, random: f64) -> TimeDelta {
    scaled(doubled(first, times, longest), 0.5 + random / 2.0)
}

/// `whole` times `factor`, in whole milliseconds.
pub fn scaled(whole: TimeDelta, factor: f64) -> TimeDelta {
    TimeDelta::milliseconds((whole.num_milliseconds() as f64 * factor) as i64)
}
