//! What the sentences of every language are put together of.

use chrono::DateTime;

use crate::observe::event::Event;
use crate::text::local;

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
    pub(super) fn day(&self, times: Times) -> String {
        self.about
            .not_after
            .as_deref()
            .map(times)
            .unwrap_or_default()
    }
}

/// How a sentence writes a time, which a field has as RFC 3339.
pub(in crate::observe::event) type Times = fn(&str) -> String;

/// As it is here, with the zone: for people.
pub(in crate::observe::event) fn here(time: &str) -> String {
    let parsed = DateTime::parse_from_rfc3339(time);
    parsed.map_or_else(|_| time.to_owned(), |time| local(time.to_utc()))
}

/// `2026-11-30T05:00:00Z` as `2026-11-30 05:00 UTC`: for the log, whose lines have times of their own in UTC.
pub(in crate::observe::event) fn in_utc(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => time.to_owned(),
    }
}
