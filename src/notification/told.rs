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

/// Failures of a transient kind before this many in a row are not told.
const PATIENCE: u64 = 3;

/// What nothing ends, and has not been seen for so long, is a new problem when it comes again.
const FORGOTTEN: TimeDelta = TimeDelta::days(3);

/// What kind of problem a subject has; it has one of each at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Getting the certificate.
    Order,
    /// It waits for its operator.
    Parked,
    /// Proof of control.
    Proof,
    /// A record to be put up by hand.
    Wanted,
    /// A proof that has to be taken down by hand.
    Left,
    /// Bringing it to its targets.
    Delivery,
    /// A hook.
    Hook,
    /// A target went back.
    RolledBack,
    /// Something else is served.
    Drift,
    /// The end comes near.
    Life,
    /// An account is refused.
    Account,
    /// No free certificate is left.
    Quota,
    /// Clocks differ.
    Clock,
    /// Somebody else orders too.
    Conflict,
    /// The config.
    Config,
}

impl Family {
    const ALL: [Self; 15] = [
        Self::Order,
        Self::Parked,
        Self::Proof,
        Self::Wanted,
        Self::Left,
        Self::Delivery,
        Self::Hook,
        Self::RolledBack,
        Self::Drift,
        Self::Life,
        Self::Account,
        Self::Quota,
        Self::Clock,
        Self::Conflict,
        Self::Config,
    ];

    /// Its word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Parked => "parked",
            Self::Proof => "proof",
            Self::Wanted => "wanted",
            Self::Left => "left",
            Self::Delivery => "delivery",
            Self::Hook => "hook",
            Self::RolledBack => "rolled_back",
            Self::Drift => "drift",
            Self::Life => "life",
            Self::Account => "account",
            Self::Quota => "quota",
            Self::Clock => "clock",
            Self::Conflict => "conflict",
            Self::Config => "config",
        }
    }

    /// The family of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    fn topic(self) -> Topic {
        match self {
            Self::Order
            | Self::Parked
            | Self::Proof
            | Self::Delivery
            | Self::Hook
            | Self::RolledBack => Topic::Failed,
            Self::Wanted | Self::Left => Topic::Validation,
            Self::Drift => Topic::Drift,
            Self::Life => Topic::Expiring,
            Self::Account | Self::Clock => Topic::Account,
            Self::Quota => Topic::Quota,
            Self::Conflict => Topic::Conflict,
            Self::Config => Topic::Config,
        }
    }

    /// Whether no event ends it.
    fn fades(self) -> bool {
        matches!(
            self,
            Self::Clock | Self::Conflict | Self::Left | Self::Drift
        )
    }
}

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
        // No certificate can be had: that is told once, of the account.
        if passes_by || text("class") == Some("quota") {
            return None;
        }
        // What failed to be delivered says until when it is good.
        let delivery = fact.fields.contains_key("not_after");
        return certain(if delivery {
            Family::Delivery
        } else {
            Family::Order
        });
    }
    if is(event::HOOK_FAILED) || is(event::VALIDATION_FAILED) {
        if passes_by || attempt.is_some_and(|attempt| attempt < PATIENCE) {
            return None;
        }
        return certain(if is(event::HOOK_FAILED) {
            Family::Hook
        } else {
            Family::Proof
        });
    }
    let of_certificates = [
        (event::CERTIFICATE_PARKED, Family::Parked),
        (event::CERTIFICATE_ROLLED_BACK, Family::RolledBack),
        (event::CERTIFICATE_EXPIRING, Family::Life),
        (event::CERTIFICATE_EXPIRED, Family::Life),
        (event::VALIDATION_WANTED, Family::Wanted),
        (event::VALIDATION_LEFT, Family::Left),
        (event::DRIFT_FOUND, Family::Drift),
        (event::ORDER_DUPLICATE, Family::Conflict),
        (event::TWIN_SEEN, Family::Conflict),
    ];
    if let Some((_, family)) = of_certificates.iter().find(|(kind, _)| is(*kind)) {
        return certain(*family);
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
    is(event::CONFIG_REJECTED).then(|| ("config".to_owned(), Family::Config))
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

/// Which problems a fact ends.
fn ended(problems: &Problems, fact: &Fact<'_>) -> Vec<(String, Family)> {
    let is = |kind: event::Kind| fact.event == kind.name;
    let subject = fact
        .certificate
        .map(|domain| format!("certificate {domain}"))
        .unwrap_or_default();
    let of = |families: &[Family]| -> Vec<(String, Family)> {
        let keys = families.iter().map(|family| (subject.clone(), *family));
        keys.filter(|key| problems.contains_key(key)).collect()
    };
    const ISSUING: [Family; 4] = [Family::Order, Family::Parked, Family::Proof, Family::Wanted];
    const DELIVERING: [Family; 4] = [
        Family::Delivery,
        Family::Hook,
        Family::RolledBack,
        Family::Drift,
    ];
    if is(event::CERTIFICATE_INSTALLED) || is(event::CERTIFICATE_RENEWED) {
        let mut over = of(&ISSUING);
        over.extend(of(&[Family::Life]));
        if is(event::CERTIFICATE_RENEWED) {
            over.extend(of(&DELIVERING));
        }
        over
    } else if is(event::CERTIFICATE_RESUMED) {
        of(&[Family::Parked])
    } else if is(event::CERTIFICATE_SERVED) {
        of(&DELIVERING)
    } else if is(event::VALIDATION_VISIBLE) || is(event::ORDER_ISSUED) {
        of(&[Family::Proof, Family::Wanted])
    } else if is(event::VALIDATION_CLEANED) {
        of(&[Family::Left])
    } else if is(event::CONFIG_RELOADED) {
        let key = ("config".to_owned(), Family::Config);
        problems
            .contains_key(&key)
            .then_some(key)
            .into_iter()
            .collect()
    } else if is(event::ACCOUNT_RESUMED) {
        let key = (
            format!("account {}", fact.account.unwrap_or_default()),
            Family::Account,
        );
        problems
            .contains_key(&key)
            .then_some(key)
            .into_iter()
            .collect()
    } else if is(event::ORDER_APPLIED) {
        let covers = |name: &str| match name.split_once(' ') {
            Some(("account", account)) => fact.account == Some(account),
            Some(("domain", main)) => fact
                .certificate
                .is_some_and(|domain| domain == main || domain.ends_with(&format!(".{main}"))),
            _ => false,
        };
        let keys = problems
            .keys()
            .filter(|(name, family)| *family == Family::Quota && covers(name));
        keys.cloned().collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
