//! When the most free certificates are held, and whether there are so many.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::view::View;
use crate::config::Account;
use crate::lifecycle::forecast::Event;

/// The most slots that are ever held.
pub(super) struct Peak {
    pub(super) at: DateTime<Utc>,
    pub(super) installed: usize,
    pub(super) limit: u32,
    /// When more would be needed than there are, for the first time.
    pub(super) short_from: Option<DateTime<Utc>>,
}

/// The most that is held at once; `installed` gives whose an event's slots are, how many, and of how many.
pub(super) fn peaks(
    view: &View,
    events: &[Event],
    installed: impl Fn(&Event, &Account) -> (String, usize, u32),
) -> Vec<(String, Peak)> {
    let mut peaks: BTreeMap<String, Peak> = BTreeMap::new();
    for event in events {
        let Some(account) = view.config.accounts.get(&event.account) else {
            continue;
        };
        let (name, installed, limit) = installed(event, account);
        let at = event.at;
        let peak = peaks.entry(name).or_insert(Peak {
            at,
            installed,
            limit,
            short_from: None,
        });
        if installed > peak.installed {
            (peak.at, peak.installed) = (at, installed);
        }
        if installed > limit as usize {
            peak.short_from.get_or_insert(at);
        }
    }
    peaks.into_iter().collect()
}
