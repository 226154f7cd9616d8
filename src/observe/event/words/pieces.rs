//! What the sentences of every language are put together of.

use crate::observe::event::Event;

pub(super) fn either(first: bool, one: &'static str, other: &'static str) -> &'static str {
    if first { one } else { other }
}

impl Event {
    /// The target that the event is about, where it is about one.
    pub(super) fn at(&self) -> String {
        let target = self.about.target.as_ref();
        target.map_or_else(String::new, |target| format!("{target}: "))
    }

    /// When the certificate ends, as people read it.
    pub(super) fn day(&self) -> String {
        self.about
            .not_after
            .as_deref()
            .map(minute)
            .unwrap_or_default()
    }
}

/// `2026-11-30T05:00:00Z` as `2026-11-30 05:00 UTC`.
pub(super) fn minute(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => time.to_owned(),
    }
}
