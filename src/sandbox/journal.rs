//! What was seen: every request, counted and listed. Refused requests count as well as answered ones.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::request::Request;
use super::text::rfc3339;

/// Requests listed at most; older ones are forgotten, the counts stay.
const KEPT: usize = 20_000;
/// Longer bodies are listed without their content, in bytes.
const BODY_SHOWN: usize = 16 * 1024;
/// Parameters that nobody should read in a listing.
const SECRET: [&str; 4] = [
    "CsrKeyPassword",
    "KeyPassword",
    "CertificatePrivateKey",
    "CsrkeyPassword",
];

/// One request, as the listing shows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    n: u64,
    /// By the service's own clock.
    time: String,
    pub(super) account: Option<String>,
    action: String,
    body: Option<Value>,
    code: String,
}

impl Entry {
    /// What can be said of a request before it is judged.
    pub(super) fn new(time: DateTime<Utc>, request: &Request) -> Self {
        let action = request.header("X-TC-Action").unwrap_or_default();
        Self {
            n: 0,
            time: rfc3339(time),
            account: None,
            action: action.chars().take(64).collect(),
            body: shown_body(&request.body),
            code: String::new(),
        }
    }
}

/// The body without its secrets, where it is JSON and not long.
fn shown_body(body: &[u8]) -> Option<Value> {
    if body.len() > BODY_SHOWN {
        return None;
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    for name in SECRET {
        if let Some(secret) = value.get_mut(name) {
            *secret = "***".into();
        }
    }
    Some(value)
}

/// Instants of the last seconds, and the most there ever were in any one second.
#[derive(Debug, Default)]
struct Window {
    instants: VecDeque<DateTime<Utc>>,
    peak: usize,
}

impl Window {
    /// Instants in the second that ends with `at`, itself included; a second later to the microsecond is outside.
    fn within(&self, at: DateTime<Utc>) -> usize {
        let from = at - TimeDelta::seconds(1);
        self.instants
            .iter()
            .filter(|instant| **instant > from && **instant <= at)
            .count()
    }

    /// Adds one. Requests that arrive together may be counted a little out of order, so the place is looked for,
    /// and every window that the new one can be in is measured.
    fn add(&mut self, at: DateTime<Utc>) {
        let place = self.instants.partition_point(|instant| *instant <= at);
        self.instants.insert(place, at);
        let ends: Vec<_> = self.instants.range(place..).copied().collect();
        for end in ends {
            self.peak = self.peak.max(self.within(end));
        }
        let newest = self.instants.back().copied().unwrap_or(at);
        let is_old = |at: &mut DateTime<Utc>| newest - *at > TimeDelta::seconds(5);
        while self.instants.pop_front_if(is_old).is_some() {}
    }
}

/// One account's share.
#[derive(Debug, Default)]
struct Share {
    arrived: Window,
    passed: Window,
    counts: BTreeMap<(String, String), u64>,
}

/// The counts and the list.
#[derive(Debug, Default)]
pub(super) struct Journal {
    all: Window,
    shares: Vec<Share>,
    strangers: BTreeMap<(String, String), u64>,
    entries: VecDeque<Entry>,
    total: u64,
    late: BTreeMap<(String, bool), u64>,
    current: Option<usize>,
}

impl Journal {
    pub(super) fn new(accounts: usize) -> Self {
        Self {
            shares: (0..accounts).map(|_| Share::default()).collect(),
            ..Self::default()
        }
    }

    /// A request arrived, from whomever.
    pub(super) fn arrived(&mut self, now: DateTime<Utc>) {
        self.all.add(now);
        self.current = None;
    }

    /// It names this account.
    pub(super) fn arrived_for(&mut self, account: usize, now: DateTime<Utc>) {
        self.current = Some(account);
        if let Some(share) = self.shares.get_mut(account) {
            share.arrived.add(now);
        }
    }

    /// Whether the account may act now; `limit` 0 always lets through. What is turned away does not count against
    /// the limit, as a caller who keeps knocking would otherwise never be let in again.
    pub(super) fn let_through(&mut self, account: usize, now: DateTime<Utc>, limit: u32) -> bool {
        let Some(share) = self.shares.get_mut(account) else {
            return false;
        };
        if limit > 0 && share.passed.within(now) >= limit as usize {
            return false;
        }
        share.passed.add(now);
        true
    }

    /// Lists a judged request.
    pub(super) fn add(&mut self, mut entry: Entry, code: &str) {
        self.total += 1;
        entry.n = self.total;
        entry.code = code.to_string();
        let key = (entry.action.clone(), entry.code.clone());
        let share = self.current.and_then(|it| self.shares.get_mut(it));
        let counts = share.map_or(&mut self.strangers, |share| &mut share.counts);
        // Names come from outside, so their number is bounded; a thousand is far beyond what the API has.
        if counts.len() < 1000 || counts.contains_key(&key) {
            *counts.entry(key).or_default() += 1;
        }
        self.entries.push_back(entry);
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
    }

    /// A call took effect after its caller was told that it failed.
    pub(super) fn acted_late(&mut self, action: &str, done: bool) {
        *self.late.entry((action.to_string(), done)).or_default() += 1;
    }

    /// Entries numbered above `since`.
    pub(super) fn since(&self, since: u64) -> Vec<&Entry> {
        let first = self.entries.partition_point(|entry| entry.n <= since);
        self.entries.range(first..).collect()
    }

    /// Requests seen so far.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The most that arrived in any one second.
    pub(super) fn peak(&self) -> usize {
        self.all.peak
    }

    /// The same for one account.
    pub(super) fn account_peak(&self, account: usize) -> usize {
        self.shares
            .get(account)
            .map_or(0, |share| share.arrived.peak)
    }

    /// Requests of an account by action and code; `None` for those that named no known account.
    pub(super) fn counts(&self, account: Option<usize>) -> Vec<Value> {
        let counts = match account {
            Some(account) => self.shares.get(account).map(|share| &share.counts),
            None => Some(&self.strangers),
        };
        counts
            .into_iter()
            .flatten()
            .map(|((action, code), count)| json!({"action": action, "code": code, "count": count}))
            .collect()
    }

    /// Calls that took effect late, by action and whether they succeeded.
    pub(super) fn late_counts(&self) -> Vec<Value> {
        self.late
            .iter()
            .map(|((action, done), count)| json!({"action": action, "done": done, "count": count}))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_740_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn the_eleventh_in_a_second_is_turned_away_and_the_next_second_is_free() {
        let mut journal = Journal::new(1);
        for i in 0..10 {
            assert!(journal.let_through(0, at(i * 50), 10));
        }
        assert!(!journal.let_through(0, at(999), 10));
        assert!(journal.let_through(0, at(1000), 10));
        assert!(!journal.let_through(0, at(1049), 10));
        assert!(journal.let_through(0, at(1050), 10));
    }

    #[test]
    fn a_limit_of_zero_never_throttles() {
        let mut journal = Journal::new(1);
        assert!((0..100).all(|_| journal.let_through(0, at(0), 0)));
    }

    proptest! {
        /// The peak is the truth, whatever the order of arrival within a few milliseconds.
        #[test]
        fn the_peak_is_the_most_that_any_second_saw(mut times in prop::collection::vec(0_i64..4000, 1..60)) {
            let mut window = Window::default();
            for time in &times {
                window.add(at(*time));
            }
            times.sort_unstable();
            let truth = times
                .iter()
                .map(|end| times.iter().filter(|t| **t > end - 1000 && *t <= end).count())
                .max();
            prop_assert_eq!(Some(window.peak), truth);
        }
    }

    #[test]
    fn secrets_do_not_reach_the_listing() {
        let shown = shown_body(br#"{"CsrKeyPassword":"hush","DomainName":"a.b"}"#).unwrap();
        assert_eq!(shown["CsrKeyPassword"], "***");
        assert_eq!(shown["DomainName"], "a.b");
    }
}
