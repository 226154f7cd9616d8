//! What a fleet needs remembered between passes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What lasts is said again after so long.
const AGAIN: Duration = Duration::from_secs(24 * 3600);

/// What the service did not hand out is asked for again after so long.
const OUT_OF_REACH: Duration = Duration::from_secs(3600);

/// What a fleet needs remembered between passes. It is forgotten with the process, which costs a look.
#[derive(Default)]
pub(in crate::engine) struct FleetMemory(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    /// When each account was last listed.
    looked: BTreeMap<String, Duration>,
    /// Since when each account's service has not told its time.
    timeless: BTreeMap<String, Duration>,
    /// When what was said.
    said: BTreeMap<String, Duration>,
    /// What the service did not hand out lately, though somebody else got it: name and id, and when.
    out_of_reach: BTreeMap<(String, String), Duration>,
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

    /// The service does not hand this one out, which somebody else ordered.
    pub(in crate::engine) fn not_had(&self, domain: &str, certificate_id: &str, now: Duration) {
        let one = (domain.to_owned(), certificate_id.to_owned());
        self.lock().out_of_reach.insert(one, now);
    }

    /// Those of this name that the service does not hand out, as it was a while ago.
    pub(in crate::engine) fn out_of_reach(&self, domain: &str, now: Duration) -> Vec<String> {
        let mut memory = self.lock();
        let is_young = |at: &Duration| now.saturating_sub(*at) < OUT_OF_REACH;
        memory.out_of_reach.retain(|_, at| is_young(at));
        let all = memory.out_of_reach.keys();
        let of_name = all.filter(|(name, _)| name == domain);
        of_name.map(|(_, id)| id.clone()).collect()
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
