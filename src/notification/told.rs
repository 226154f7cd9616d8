//! Which events are told, and when a problem is over. Pure.
//!
//! A problem is told once, and again only when it changes: the same subject (a certificate, an account) and family with
//! another signature. What ends it is told too, to whoever was told of it. A failure that heals by itself is not told:
//! what is transient counts from its third time in a row.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::config::Topic;
use crate::observe::event;

mod ended;
mod family;

use ended::ended;
pub use family::Family;

/// Failures of a transient kind before this many in a row are not told.
const PATIENCE: u64 = 3;

/// What nothing ends, and has not been seen for so long, is a new problem when it comes again.
const FORGOTTEN: TimeDelta = TimeDelta::days(3);

/// A problem that was told and is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is a change of: told again when this is another.
    pub signature: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was said last.
    pub seen: DateTime<Utc>,
}

/// The problems that were told and are not over, by subject and family.
pub type Problems = BTreeMap<(String, Family), Problem>;

/// What the history says, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// The event's name.
    pub event: &'a str,
    /// Which certificate.
    pub certificate: Option<&'a str>,
    /// Which account.
    pub account: Option<&'a str>,
    /// The sentence.
    pub message: &'a str,
    /// The log line's other fields.
    pub fields: &'a Map<String, Value>,
}

/// One thing to tell about a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Something happened.
    News(Topic),
    /// A problem is there, or changed.
    Problem(Topic),
    /// A problem of this topic is over.
    Solved(Topic),
}

/// Takes in one fact: what is to be told of it. `problems` becomes what it is after that.
pub fn take(problems: &mut Problems, fact: &Fact<'_>) -> Vec<Telling> {
    let mut tellings = Vec::new();
    if let Some((subject, family)) = problem(fact) {
        if note(problems, fact, subject, family) {
            tellings.push(Telling::Problem(family.topic()));
        }
        return tellings;
    }
    match fact.event {
        name if name == event::CERTIFICATE_RENEWED.name => {
            tellings.push(Telling::News(Topic::Renewed))
        }
        name if name == event::NOTIFICATION_DROPPED.name => {
            tellings.push(Telling::News(Topic::Failed))
        }
        _ => {}
    }
    let mut over: Vec<Topic> = Vec::new();
    for key in ended(problems, fact) {
        problems.remove(&key);
        over.push(key.1.topic());
    }
    over.sort_unstable();
    over.dedup();
    tellings.extend(over.into_iter().map(Telling::Solved));
    tellings
}

/// Notes a problem. True if it is to be told.
fn note(problems: &mut Problems, fact: &Fact<'_>, subject: String, family: Family) -> bool {
    let signature = signature(fact, family);
    let known = problems.get(&(subject.clone(), family));
    let is_new = known.is_none_or(|known| {
        known.signature != signature || (family.fades() && fact.at - known.seen > FORGOTTEN)
    });
    let since = known
        .filter(|_| !is_new)
        .map_or(fact.at, |known| known.since);
    let problem = Problem {
        signature,
        since,
        seen: fact.at,
    };
    problems.insert((subject, family), problem);
    is_new
}

/// The problem that a fact is, if it is one.
fn problem(fact: &Fact<'_>) -> Option<(String, Family)> {
    let certificate = fact
        .certificate
        .map(|domain| format!("certificate {domain}"));
    let account = fact.account.map(|name| format!("account {name}"));
    let text = |name: &str| fact.fields.get(name).and_then(Value::as_str);
    let attempt = fact.fields.get("attempt").and_then(Value::as_u64);
    let passes_by =
        text("class") == Some("transient") && attempt.is_some_and(|attempt| attempt < PATIENCE);
    let is = |kind: event::Kind| fact.event == kind.name;
    let certain = |family| certificate.clone().map(|subject| (subject, family));
    if is(event::CERTIFICATE_FAILED) {
        // That the service has none left is told once, of the account; what we hold back ourselves is told here.
        let is_told_elsewhere = text("class") == Some("quota") && text("code").is_some();
        if passes_by || is_told_elsewhere {
            return None;
        }
        // What failed to be delivered says until when it is good.
        if fact.fields.contains_key("not_after") {
            return Some((target(fact)?, Family::Delivery));
        }
        return certain(Family::Order);
    }
    if is(event::HOOK_FAILED) || is(event::VALIDATION_FAILED) {
        if passes_by || attempt.is_some_and(|attempt| attempt < PATIENCE) {
            return None;
        }
        if is(event::HOOK_FAILED) {
            return Some((target(fact)?, Family::Hook));
        }
        return certain(Family::Proof);
    }
    if is(event::CERTIFICATE_ROLLED_BACK) {
        return Some((target(fact)?, Family::RolledBack));
    }
    let of_certificates = [
        (event::CERTIFICATE_PARKED, Family::Parked),
        (event::CERTIFICATE_EXPIRING, Family::Life),
        (event::CERTIFICATE_EXPIRED, Family::Life),
        (event::CERTIFICATE_REVOKED, Family::Life),
        (event::ORDER_UNUSABLE, Family::Order),
        (event::VALIDATION_WANTED, Family::Wanted),
        (event::VALIDATION_LEFT, Family::Left),
        (event::DRIFT_FOUND, Family::Drift),
        (event::LIVE_WRONG, Family::Live),
        (event::ORDER_DUPLICATE, Family::Conflict),
        (event::TWIN_SEEN, Family::Conflict),
    ];
    if let Some((_, family)) = of_certificates.iter().find(|(kind, _)| is(*kind)) {
        return certain(*family);
    }
    if is(event::ACCOUNT_UNREACHABLE) {
        let lasts = attempt.is_some_and(|attempt| attempt >= PATIENCE);
        return account
            .filter(|_| lasts)
            .map(|subject| (subject, Family::List));
    }
    if is(event::ACCOUNT_PAUSED) {
        return account.map(|subject| (subject, Family::Account));
    }
    if is(event::QUOTA_EXHAUSTED) {
        // The message begins with the account or the main domain that has none left.
        let whose = fact.message.split(" has no ").next().unwrap_or_default();
        let whose = whose.strip_prefix("account ").map_or_else(
            || format!("domain {whose}"),
            |_| account.unwrap_or_default(),
        );
        return Some((whose, Family::Quota));
    }
    if is(event::CLOCK_SKEWED) {
        return Some(("clock".to_owned(), Family::Clock));
    }
    is(event::CONFIG_REJECTED).then(|| {
        // Each mistake is a problem of its own; the next good config ends all.
        let line = fact.fields.get("line").and_then(Value::as_u64);
        let file = text("file").unwrap_or_default();
        (
            format!("config {file}:{}", line.unwrap_or(0)),
            Family::Config,
        )
    })
}

/// A target of a certificate: `DOMAIN: TITLE: reason` is how its troubles are told.
fn target(fact: &Fact<'_>) -> Option<String> {
    let domain = fact.certificate?;
    let rest = fact.message.strip_prefix(domain).unwrap_or(fact.message);
    let rest = rest.strip_prefix(": ").unwrap_or(rest);
    let title = rest.split(": ").next().unwrap_or_default();
    Some(format!("certificate {domain} at {title}"))
}

/// What has to differ for a problem to be told again. Numbers change with every attempt and do not count, but for the
/// days that are left, which are an alarm each.
fn signature(fact: &Fact<'_>, family: Family) -> String {
    let text = |name: &str| {
        fact.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match family {
        Family::Life => {
            let days = fact.fields.get("days_left").and_then(Value::as_i64);
            format!("{} {days:?}", fact.event)
        }
        Family::Wanted => fact.message.to_owned(),
        _ if !text("code").is_empty() => format!("{} {}", fact.event, text("code")),
        Family::Clock => String::new(),
        _ => {
            let words: String = fact
                .message
                .chars()
                .filter(|c| !c.is_ascii_digit())
                .collect();
            format!("{} {words}", fact.event)
        }
    }
}

#[cfg(test)]
mod tests;
