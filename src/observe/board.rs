//! Everything that metrics and page show, at one moment: plain data, made by the engine from config and record, and by
//! the daemon from its signs of life. Nothing secret has a place in it.

mod need;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::calls::CallCounts;
use super::vitals::Vitals;
use crate::store::{Entry, StoreError};
pub use need::Need;

/// Where what is served comes from.
pub trait Source: Send + Sync {
    /// Everything at a glance. May be a moment old.
    fn board(&self) -> BoxFuture<'_, Result<Arc<Board>, StoreError>>;
    /// One certificate with its history; `None` where there is no such certificate.
    fn leaf<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Leaf>, StoreError>>;
    /// The daemon's signs of life.
    fn vitals(&self) -> &Vitals;
    /// The calls and their rate.
    fn rate(&self) -> Rate;
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// Config and record at a glance.
#[derive(Clone, Debug)]
pub struct Board {
    /// When it was read.
    pub now: DateTime<Utc>,
    /// Every certificate of the config in its order, then what else has an open order.
    pub cards: Vec<Card>,
    /// Every account that is used.
    pub accounts: Vec<AccountCard>,
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
pub struct Card {
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
    /// Whether a hold of its account keeps it back.
    pub held_back: bool,
    /// What is served, bound or installed differs from what should be.
    pub drift: bool,
    /// The operator went back to the certificate before.
    pub rolled_back: bool,
    /// A record that has to be put up by hand.
    pub manual: Vec<Record>,
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

/// Something to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `TXT`, `CNAME` or `FILE`.
    pub kind: &'static str,
    /// Its full name, or the file's path.
    pub name: String,
    /// Its value, or the file's content.
    pub value: String,
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
pub struct AccountCard {
    /// Its name in the config.
    pub name: String,
    /// Free certificates used, and when that was seen.
    pub slots: Option<(u32, DateTime<Utc>)>,
    /// How many there may be.
    pub limit: u32,
    /// What is held back now, and why.
    pub holds: Vec<HoldCard>,
}

/// Something that holds back more than one certificate.
#[derive(Clone, Debug)]
pub struct HoldCard {
    /// The scope's stable name: `account`, `orders`, `main-domain` or `list`.
    pub scope: &'static str,
    /// How bad it is: what goes away by itself is not for its operator.
    pub tone: Tone,
    /// What is kept back, in words.
    pub what: String,
    /// Until when.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The service's code.
    pub code: Option<String>,
    /// What to do about it, where that is known.
    pub remedy: Option<String>,
}

/// One certificate with its history.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// When it was read.
    pub now: DateTime<Utc>,
    /// The certificate.
    pub card: Card,
    /// Its id at the service.
    pub certificate_id: Option<String>,
    /// SHA-256 of what is installed.
    pub fingerprint: Option<String>,
    /// How control of the domain is proved.
    pub method: String,
    /// Its orders, the newest first.
    pub orders: Vec<OrderLine>,
    /// Where it goes.
    pub targets: Vec<TargetLine>,
    /// What happened, the newest first.
    pub history: Vec<Entry>,
}

/// One order.
#[derive(Clone, Debug)]
pub struct OrderLine {
    /// When it was made or adopted.
    pub opened: DateTime<Utc>,
    /// When it ended.
    pub closed: Option<DateTime<Utc>>,
    /// By which it is found again.
    pub marker: String,
    /// Its id at the service, once known.
    pub certificate_id: Option<String>,
    /// How control is proved.
    pub method: String,
    /// How far it is, or how it ended.
    pub state: String,
    /// A renewal, a first certificate, or an adopted one.
    pub what: &'static str,
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

impl Card {
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
