//! How far the service's clock and ours differ, by account, as it was said last.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

/// A difference that stays is said again after so long.
const AGAIN: Duration = Duration::from_secs(24 * 3600);

/// One that changes by more than this is another one.
const CHANGE: TimeDelta = TimeDelta::minutes(5);

/// What was said, and when by the monotonic clock. It is forgotten with the process, which says it once more.
#[derive(Default)]
pub(super) struct Skews(Mutex<BTreeMap<String, (TimeDelta, Duration)>>);

impl Skews {
    /// Notes that this account's clock differs so much. True if that is to be said.
    pub(super) fn is_news(&self, account: &str, skew: TimeDelta, now: Duration) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_said = all.get(account).is_some_and(|(said, at)| {
            (skew - *said).abs() <= CHANGE && now.saturating_sub(*at) < AGAIN
        });
        if !is_said {
            all.insert(account.to_owned(), (skew, now));
        }
        !is_said
    }

    /// The clocks agree.
    pub(super) fn forget(&self, account: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(account);
    }
}
