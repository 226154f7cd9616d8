//! What the service refused to delete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// It is asked for again after so long.
const REFUSED_FOR: Duration = Duration::from_secs(24 * 3600);

/// What the service refused to delete, and when: it is bound somewhere, as a rule. Forgotten with the process, which costs a
/// call each.
#[derive(Default)]
pub(super) struct Undeleted(Mutex<BTreeMap<String, Duration>>);

impl Undeleted {
    pub(super) fn note(&self, id: &str, now: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(id.to_owned(), now);
    }

    pub(super) fn lately(&self, now: Duration) -> BTreeSet<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.saturating_sub(*at) < REFUSED_FOR);
        all.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_left_for_a_day() {
        let undeleted = Undeleted::default();
        let hour = |hour: u64| Duration::from_secs(hour * 3600);
        undeleted.note("one", hour(1));
        assert!(undeleted.lately(hour(24)).contains("one"));
        assert!(undeleted.lately(hour(26)).is_empty());
    }
}
