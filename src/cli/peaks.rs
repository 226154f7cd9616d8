//! When the most free certificates are held, and whether there are so many.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::view::View;
use crate::config::Account;
use crate::lifecycle::forecast::{Event, Slot};

/// The most slots that are ever held.
pub(super) struct Peak {
    pub(super) at: DateTime<Utc>,
    pub(super) most: usize,
    pub(super) limit: u32,
    /// When more would be needed than there are, for the first time.
    pub(super) short_from: Option<DateTime<Utc>>,
}

/// The most that is held at once, from now on; `at_event` gives whose an event's slots are, how many, and of how many,
/// `whose` the same name for a slot that is held now.
pub(super) fn peaks(
    view: &View,
    held: &[Slot],
    events: &[Event],
    whose: impl Fn(&Slot) -> &str,
    at_event: impl Fn(&Event, &Account) -> (String, usize, u32),
) -> Vec<(String, Peak)> {
    let mut now: BTreeMap<&str, usize> = BTreeMap::new();
    for slot in held {
        *now.entry(whose(slot)).or_default() += 1;
    }
    let mut peaks: BTreeMap<String, Peak> = BTreeMap::new();
    for event in events {
        let Some(account) = view.config.accounts.get(&event.account) else {
            continue;
        };
        let (name, count, limit) = at_event(event, account);
        let peak = peaks.entry(name).or_insert_with_key(|name| Peak {
            at: view.now,
            most: now.get(name.as_str()).copied().unwrap_or_default(),
            limit,
            short_from: None,
        });
        if count > peak.most {
            (peak.at, peak.most) = (event.at, count);
        }
        if count > limit as usize {
            peak.short_from.get_or_insert(event.at);
        }
    }
    peaks.into_iter().collect()
}
