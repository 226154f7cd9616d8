//! What a fleet needs remembered between passes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What lasts is said again after so long.
const AGAIN: Duration = Duration::from_secs(24 * 3600);

/// What a fleet needs remembered between passes. It is forgotten with the process, which costs a look.
#[derive(Default)]
pub(in crate::engine) struct FleetMemory(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    /// When each account was last listed.
    looked: BTreeMap<String, Duration>,
    /// Since when each account's service has not told its time.
    timeless: BTreeMap<String, Duration>,
    /// Since when each name waits for somebody else's order.
    waiting: BTreeMap<String, Duration>,
    /// When what was said.
    said: BTreeMap<String, Duration>,
}

impl FleetMemory {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the account was listed now.
    pub(in crate::engine) fn looked(&self, account: &str, now: Duration) {
        self.lock().looked.insert(account.to_owned(), now);
    }

    /// How long ago the account was listed.
    pub(in crate::engine) fn since_look(&self, account: &str, now: Duration) -> Option<Duration> {
        let at = self.lock().looked.get(account).copied()?;
        Some(now.saturating_sub(at))
    }

    /// For how long the account's service has not told its time.
    pub(in crate::engine) fn timeless(&self, account: &str, now: Duration) -> Duration {
        let mut memory = self.lock();
        let since = memory.timeless.entry(account.to_owned()).or_insert(now);
        now.saturating_sub(*since)
    }

    /// The account's service tells its time.
    pub(in crate::engine) fn has_time(&self, account: &str) {
        self.lock().timeless.remove(account);
    }

    /// For how long this name has waited for somebody else's order.
    pub(in crate::engine) fn waiting(&self, domain: &str, now: Duration) -> Duration {
        let mut memory = self.lock();
        let since = memory.waiting.entry(domain.to_owned()).or_insert(now);
        now.saturating_sub(*since)
    }

    /// This name no longer waits.
    pub(in crate::engine) fn has_come(&self, domain: &str) {
        self.lock().waiting.remove(domain);
    }

    /// Whether this is to be said: it was not, for a day.
    pub(in crate::engine) fn is_news(&self, what: String, now: Duration) -> bool {
        let mut memory = self.lock();
        let is_said = memory
            .said
            .get(&what)
            .is_some_and(|at| now.saturating_sub(*at) < AGAIN);
        if !is_said {
            memory.said.insert(what, now);
        }
        !is_said
    }
}
