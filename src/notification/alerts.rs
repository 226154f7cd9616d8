//! Which events people are told of, and when a problem is over. Pure.
//!
//! A problem is told once, and again only when it changes: the same subject and family with another signature. What ends it
//! is told too, to whoever was told of it. A failure that heals by itself is not told: what is transient counts from its
//! third time in a row.

mod ended;
mod family;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::config::Topic;
use crate::lifecycle::hold::PATIENCE;
use crate::observe::{Event, Fact};
use ended::ended;
pub use family::Family;

/// What nothing ends, and has not been seen for so long, is a new problem when it comes again.
const FORGOTTEN: TimeDelta = TimeDelta::days(3);

/// What has a problem. Kept in the database as JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A certificate, by its domain.
    Certificate(String),
    /// A target of a certificate, by its title.
    Target(String, String),
    /// An account, by its name in the config.
    Account(String),
    /// A main domain.
    MainDomain(String),
    /// A line of the config.
    Config(String, u64),
    /// This machine.
    Machine,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(domain) => write!(f, "certificate {domain}"),
            Self::Target(domain, title) => write!(f, "certificate {domain} at {title}"),
            Self::Account(name) => write!(f, "account {name}"),
            Self::MainDomain(name) => write!(f, "domain {name}"),
            Self::Config(file, line) => write!(f, "config {file}:{line}"),
            Self::Machine => f.write_str("this machine"),
        }
    }
}

impl Subject {
    /// In Chinese; [`fmt::Display`] is the English.
    pub fn in_chinese(&self) -> String {
        match self {
            Self::Certificate(domain) => format!("证书 {domain}"),
            Self::Target(domain, title) => format!("证书 {domain}（{title}）"),
            Self::Account(name) => format!("账号 {name}"),
            Self::MainDomain(name) => format!("主域名 {name}"),
            Self::Config(file, line) => format!("配置 {file}:{line}"),
            Self::Machine => "本机".to_owned(),
        }
    }
}

/// A problem that was told and is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What must differ for it to be told again.
    pub signature: String,
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it was said last.
    pub seen: DateTime<Utc>,
}

/// The signature of a problem that is over, which is told with what follows.
const OVER: &str = "over";

impl Problem {
    /// Whether it is over, and that is not told yet.
    pub fn is_over(&self) -> bool {
        self.signature == OVER
    }
}

/// The problems that were told and are not over, by subject and family.
pub type Problems = BTreeMap<(Subject, Family), Problem>;

/// One thing to tell about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// Something happened.
    News(Topic),
    /// A problem is there, or changed.
    Problem(Topic),
    /// A problem of this topic is over.
    Solved(Topic),
}

/// What is to be told of an event of the history. `problems` becomes what it is after that. With `follows`, an event comes
/// that tells the same good news as a whole: what this one ends is told with that.
pub fn take(
    problems: &mut Problems,
    at: DateTime<Utc>,
    event: &Event,
    follows: bool,
) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if event.about.beside {
        return alerts;
    }
    if follows {
        let of_event =
            |subject: &Subject, family| family != Family::Live && ended(event, subject, family);
        for ((subject, family), problem) in problems.iter_mut() {
            if of_event(subject, *family) {
                problem.signature = OVER.to_owned();
            }
        }
    }
    if let Some((subject, family)) = problem(event) {
        if note(problems, at, event, subject, family) {
            alerts.push(Alert::Problem(family.topic()));
        }
        return alerts;
    }
    match event.fact {
        Fact::CertificateRenewed { .. } => alerts.push(Alert::News(Topic::Renewed)),
        Fact::NotificationDropped { .. } => alerts.push(Alert::News(Topic::Failed)),
        _ => {}
    }
    alerts.extend(solve(problems, |subject, family| {
        (!follows || family == Family::Live) && ended(event, subject, family)
    }));
    alerts
}

/// Ends the problems of what the config does not name any more: no event of theirs comes. What is to be told of that.
pub fn leave(problems: &mut Problems, is_named: impl Fn(&Subject) -> bool) -> Vec<Alert> {
    solve(problems, |subject, _| !is_named(subject))
}

/// Lets go of what nothing ends and has not been seen for so long that it would be told anew.
pub fn forget(problems: &mut Problems, now: DateTime<Utc>) {
    problems.retain(|(_, family), problem| !is_forgotten(*family, problem, now));
}

fn is_forgotten(family: Family, problem: &Problem, now: DateTime<Utc>) -> bool {
    family.fades() && now - problem.seen > FORGOTTEN
}

/// Takes out the problems that are over; each topic of theirs is told once.
fn solve(problems: &mut Problems, is_over: impl Fn(&Subject, Family) -> bool) -> Vec<Alert> {
    let mut over: Vec<Topic> = Vec::new();
    problems.retain(|(subject, family), _| {
        let is_over = is_over(subject, *family);
        if is_over {
            over.push(family.topic());
        }
        !is_over
    });
    over.sort_unstable();
    over.dedup();
    over.into_iter().map(Alert::Solved).collect()
}

/// Notes a problem. True if it is to be told.
fn note(
    problems: &mut Problems,
    at: DateTime<Utc>,
    event: &Event,
    subject: Subject,
    family: Family,
) -> bool {
    let signature = signature(event, family);
    let known = problems.get(&(subject.clone(), family));
    let is_new =
        known.is_none_or(|known| known.signature != signature || is_forgotten(family, known, at));
    let since = known.filter(|_| !is_new).map_or(at, |known| known.since);
    let problem = Problem {
        signature,
        since,
        seen: at,
    };
    problems.insert((subject, family), problem);
    is_new
}

/// The problem that an event tells of, if it does.
fn problem(event: &Event) -> Option<(Subject, Family)> {
    let about = &event.about;
    let certificate = about.certificate.clone().map(Subject::Certificate);
    let account = about.account.clone().map(Subject::Account);
    let target = about.certificate.clone().zip(about.target.clone());
    let target = target.map(|(domain, title)| Subject::Target(domain, title));
    let is_early = about
        .attempt
        .is_some_and(|attempt| attempt < u64::from(PATIENCE));
    let passes_by = about.class.as_deref() == Some("transient") && is_early;
    let (subject, family) = match &event.fact {
        Fact::CertificateFailed { .. } => {
            // That the service has none left is told once, of the account; what we hold back ourselves is told here.
            let is_told_elsewhere = about.class.as_deref() == Some("quota") && about.code.is_some();
            if passes_by || is_told_elsewhere {
                return None;
            }
            match target {
                Some(target) => (Some(target), Family::Delivery),
                None => (certificate, Family::Order),
            }
        }
        Fact::HookFailed { .. } | Fact::ValidationFailed { .. } if is_early => return None,
        Fact::HookFailed { .. } => (target, Family::Hook),
        Fact::ValidationFailed { .. } => (certificate, Family::Proof),
        Fact::CertificateRolledBack { .. } => (target, Family::RolledBack),
        Fact::CertificateParked { .. } => (certificate, Family::Parked),
        Fact::CertificateExpiring { .. }
        | Fact::CertificateExpired { .. }
        | Fact::CertificateRevoked { .. } => (certificate, Family::Life),
        Fact::OrderUnusable { .. } => (certificate, Family::Order),
        Fact::OrderStalled { .. } => (certificate, Family::Stalled),
        Fact::ValidationZoneElsewhere => (certificate, Family::Zone),
        Fact::ValidationWanted { .. } => (certificate, Family::Wanted),
        Fact::ValidationLeft { .. } => (certificate, Family::Left),
        Fact::DriftFound { .. } => (certificate, Family::Drift),
        Fact::LiveWrong { .. } => (certificate, Family::Live),
        Fact::OrderDuplicate { .. } => (certificate, Family::Conflict),
        Fact::TwinSeen { .. } => (certificate.or(Some(Subject::Machine)), Family::Conflict),
        Fact::FleetSameMachine { .. } => (Some(Subject::Machine), Family::Conflict),
        Fact::FleetDiffers { .. } => (certificate.or(Some(Subject::Machine)), Family::Conflict),
        Fact::FleetWaiting { .. } | Fact::FleetBehind { .. } => (certificate, Family::Waiting),
        Fact::AccountUnreachable { .. } if is_early => return None,
        Fact::AccountUnreachable { .. } => (account, Family::List),
        Fact::AccountPaused { .. } => (account, Family::Account),
        Fact::QuotaExhausted { .. } => {
            let main = about.main_domain.clone().map(Subject::MainDomain);
            (main.or(account), Family::Quota)
        }
        Fact::ClockSkewed { .. } => (Some(Subject::Machine), Family::Clock),
        Fact::ConfigRejected { .. } => {
            // Each mistake is a problem of its own; the next good config ends all.
            let file = about.file.clone().unwrap_or_default();
            let line = about.line.unwrap_or(0);
            (Some(Subject::Config(file, line)), Family::Config)
        }
        _ => return None,
    };
    Some((subject?, family))
}

/// What has to differ for a problem to be told again. Numbers change with every attempt and do not count, but for the
/// days that are left, which are an alarm each.
fn signature(event: &Event, family: Family) -> String {
    let (name, about) = (event.name(), &event.about);
    match (family, &about.code, &event.fact) {
        (Family::Life, ..) => format!("{name} {:?}", about.days_left),
        (_, _, Fact::ValidationWanted { proof }) => proof.to_string(),
        (_, Some(code), _) => format!("{name} {code}"),
        (Family::Clock, ..) => String::new(),
        _ => format!("{name} {}", event.fact.gist()),
    }
}

#[cfg(test)]
mod tests;
