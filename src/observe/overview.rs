//! Everything that metrics and page show, at one moment: plain data, made by the engine from config and record, and by
//! the daemon from its health. Nothing secret has a place in it.

mod need;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::calls::CallCounts;
use super::health::Health;
use crate::lifecycle::Challenge;
use crate::store::{Entry, PastOrder, StoreError};
pub use need::Need;

/// With fewer days left, a certificate needs its operator.
pub const URGENT_DAYS: i64 = 7;

/// Where what is served comes from.
pub trait Source: Send + Sync {
    /// Everything at a glance. May be a moment old.
    fn overview(&self) -> BoxFuture<'_, Result<Arc<Overview>, StoreError>>;
    /// One certificate with its history; `None` where there is no such certificate.
    fn detail<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Detail>, StoreError>>;
    /// The daemon's health.
    fn health(&self) -> &Health;
    /// The calls and their rate.
    fn rate(&self) -> Rate;
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// Config and record at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When it was read.
    pub now: DateTime<Utc>,
    /// Every certificate of the config in its order, then what else has an open order.
    pub certificates: Vec<CertificateLine>,
    /// Every account that is used.
    pub accounts: Vec<AccountLine>,
    /// When something is due by its own pace.
    pub next_due: Option<DateTime<Utc>>,
}

/// How a certificate is, in one of four words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// It waits for its operator, or visitors may be hurt.
    Bad,
    /// Something fails, and is tried again by itself.
    Wary,
    /// Work is under way.
    Busy,
    /// Nothing to do.
    Well,
}

/// One certificate.
#[derive(Clone, Debug)]
pub struct CertificateLine {
    /// Its name; ASCII.
    pub domain: String,
    /// As people write it.
    pub display: String,
    /// The account that it belongs to.
    pub account: String,
    /// The word for where it stands: the one of `status`.
    pub state: &'static str,
    /// How it is.
    pub tone: Tone,
    /// What is installed, and when it is renewed.
    pub life: Option<Life>,
    /// Whether it is installed, bound in the cloud and served.
    pub places: Places,
    /// The next step in a word or two.
    pub next_step: &'static str,
    /// When that is.
    pub next_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// The last failure.
    pub error: Option<String>,
    /// The service's code for it.
    pub code: Option<String>,
    /// What to do about it, where that is known.
    pub remedy: Option<String>,
    /// Whether it is parked.
    pub parked: bool,
    /// Since when its operator keeps it paused.
    pub paused: Option<DateTime<Utc>>,
    /// What is served, bound or installed differs from what should be.
    pub drift: bool,
    /// The operator went back to the certificate before.
    pub rolled_back: bool,
    /// A record that has to be put up by hand.
    pub manual: Vec<Challenge>,
}

/// The life of the installed certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// It begins.
    pub not_before: DateTime<Utc>,
    /// Its window opens.
    pub renew_at: DateTime<Utc>,
    /// It ends.
    pub not_after: DateTime<Utc>,
}

/// One word each for installed, bound and served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// On this machine's disk.
    pub installed: Place,
    /// At resources in the cloud.
    pub bound: Place,
    /// What a TLS client gets.
    pub served: Place,
}

/// Whether the certificate is where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is.
    Yes,
    /// It is not there at all.
    No,
    /// The config asks for none.
    NotWanted,
    /// There is nothing that it could be bound to.
    Nowhere,
    /// It will be.
    NotYet,
    /// Bringing it there fails.
    Failing,
    /// Another certificate is there.
    Other,
}

impl Place {
    /// As `status` shows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotWanted => "-",
            Self::Nowhere => "none",
            Self::NotYet => "not yet",
            Self::Failing => "failing",
            Self::Other => "other",
        }
    }
}

/// One account.
#[derive(Clone, Debug)]
pub struct AccountLine {
    /// Its name in the config.
    pub name: String,
    /// Free certificates used, and when that was seen.
    pub slots: Option<(u32, DateTime<Utc>)>,
    /// How many there may be.
    pub limit: u32,
    /// What is held back now, and why.
    pub holds: Vec<HoldLine>,
}

/// Something that holds back more than one certificate.
#[derive(Clone, Debug)]
pub struct HoldLine {
    /// The scope's stable name: `account`, `orders`, `main-domain` or `list`.
    pub scope: &'static str,
    /// How bad it is: what goes away by itself is not for its operator.
    pub tone: Tone,
    /// What is kept back, in words.
    pub what: String,
    /// Why.
    pub reason: String,
    /// What to do about it, where that is known.
    pub remedy: Option<String>,
}

/// One certificate with its history.
#[derive(Clone, Debug)]
pub struct Detail {
    /// When it was read.
    pub now: DateTime<Utc>,
    /// The certificate.
    pub certificate: CertificateLine,
    /// Its id at the service.
    pub certificate_id: Option<String>,
    /// SHA-256 of what is installed.
    pub fingerprint: Option<String>,
    /// How control of the domain is proved.
    pub method: String,
    /// Its orders, the newest first.
    pub orders: Vec<PastOrder>,
    /// Where it goes.
    pub targets: Vec<TargetLine>,
    /// What happened, the newest first.
    pub history: Vec<Entry>,
}

/// One target.
#[derive(Clone, Debug)]
pub struct TargetLine {
    /// A few words.
    pub title: String,
    /// Its kind.
    pub kind: &'static str,
    /// Where it stands.
    pub state: &'static str,
    /// What was seen there last, and when.
    pub seen: Option<(String, DateTime<Utc>)>,
    /// Whether that is what should be there.
    pub right: bool,
    /// The last failure.
    pub error: Option<String>,
    /// When it is tried again.
    pub next_at: Option<DateTime<Utc>>,
}

/// The calls and their rate.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// What was counted.
    pub counts: CallCounts,
    /// The most calls a second that are allowed.
    pub permits: usize,
    /// The most that any second of the last minute saw.
    pub peak: usize,
    /// Calls of the last minute.
    pub last_minute: usize,
}

impl CertificateLine {
    /// Whole days until it ends; negative once it has.
    pub fn days_left(&self, now: DateTime<Utc>) -> Option<i64> {
        self.life.map(|life| (life.not_after - now).num_days())
    }
}

/// A count with its noun.
pub fn plural(count: i64, noun: &str) -> String {
    let number = grouped(count);
    if count == 1 {
        format!("{number} {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// A number with its thousands apart.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_said_with_their_noun_and_thousands_apart() {
        assert_eq!(plural(1, "day"), "1 day");
        assert_eq!(plural(0, "day"), "0 days");
        assert_eq!(plural(-1_234_567, "day"), "-1,234,567 days");
        assert_eq!(grouped(10_000), "10,000");
        assert_eq!(grouped(999), "999");
    }
}
