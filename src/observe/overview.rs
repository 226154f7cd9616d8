//! Everything that metrics and page show, at one moment: plain data, made by the engine from config and record, and by
//! the daemon from its health. Nothing secret has a place in it.

pub(crate) mod need;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::calls::CallCounts;
use super::health::Health;
use crate::config::Fleet;
use crate::lifecycle::delivery::TargetKind;
use crate::lifecycle::{Challenge, Class, HoldScope, Standing};
use crate::sentence::{Sentence, sentences};
use crate::store::{Entry, PastOrder, StoreError};
use crate::words::words;

/// With fewer days left, a certificate needs its operator.
pub(crate) const URGENT_DAYS: i64 = 7;

/// Where what is served comes from.
pub(crate) trait Source: Send + Sync {
    /// Everything at a glance. May be a moment old.
    fn overview(&self) -> BoxFuture<'_, Result<Arc<Overview>, StoreError>>;
    /// One certificate with its history; `None` where there is no such certificate.
    fn detail<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Detail>, StoreError>>;
    /// The daemon's health.
    fn health(&self) -> &Health;
    /// The calls and their rate.
    fn rate(&self) -> Rate;
    /// The time, by the daemon's clock.
    fn now(&self) -> DateTime<Utc>;
}

/// Config and record at a glance.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    /// When it was read.
    pub(crate) now: DateTime<Utc>,
    /// Every certificate of the config in its order, then what else has an open order.
    pub(crate) certificates: Vec<CertificateLine>,
    /// Every account that is used.
    pub(crate) accounts: Vec<AccountLine>,
    /// When something is due by its own pace.
    pub(crate) next_due: Option<DateTime<Utc>>,
    /// Which machine of which fleet this is.
    pub(crate) fleet: Option<FleetMember>,
}

/// A machine of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FleetMember {
    /// The fleet's name.
    pub(crate) name: String,
    /// Its number; empty where it has none.
    pub(crate) machine: String,
    /// Whether it orders: the config's word.
    pub(crate) orders: &'static str,
}

sentences! {
    numbered(machine, fleet) "machine {machine} of fleet {fleet}" "{fleet} 的 {machine} 号机器";
    one_of(fleet) "a machine of fleet {fleet}" "{fleet} 中的一台机器";
}

impl FleetMember {
    /// What the config says of it.
    pub(crate) fn of(fleet: &Fleet) -> Self {
        let machine = fleet.machine.map(|number| number.to_string());
        Self {
            name: fleet.name.clone(),
            machine: machine.unwrap_or_default(),
            orders: fleet.orders.name(),
        }
    }

    /// For people.
    pub(crate) fn sentence(&self) -> Sentence {
        match &*self.machine {
            "" => one_of(&self.name),
            machine => numbered(machine, &self.name),
        }
    }
}

/// How a certificate is, in one of four words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
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
pub(crate) struct CertificateLine {
    /// Its name; ASCII.
    pub(crate) domain: String,
    /// As people write it.
    pub(crate) display: String,
    /// The account that it belongs to.
    pub(crate) account: String,
    /// Where it stands: as `status` shows it.
    pub(crate) standing: Standing,
    /// How it is.
    pub(crate) tone: Tone,
    /// What is installed, and when it is renewed.
    pub(crate) life: Option<Life>,
    /// Whether it is installed, bound in the cloud and served.
    pub(crate) places: Places,
    /// The next step in a word or two.
    pub(crate) next_step: &'static str,
    /// When that is.
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// What is the matter with it alone; what keeps back others too is not.
    pub(crate) trouble: Option<Trouble>,
    /// What keeps it back together with others.
    pub(crate) waits_for: Option<Waits>,
    /// The code of the last failure at the service.
    pub(crate) code: Option<String>,
    /// Whether it is parked.
    pub(crate) parked: bool,
    /// Since when its operator keeps it paused.
    pub(crate) paused: Option<DateTime<Utc>>,
    /// What is served, bound or installed differs from what should be.
    pub(crate) drift: bool,
    /// The operator went back to the certificate before.
    pub(crate) rolled_back: bool,
    /// A record that has to be added by hand.
    pub(crate) manual: Vec<Challenge>,
}

/// A hold, by what names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    /// Whose it is.
    pub(crate) account: String,
    /// What it keeps back.
    pub(crate) scope: HoldScope,
    /// The kind of failure that it came of.
    pub(crate) class: Class,
}

/// What is the matter with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// With what of it.
    pub(crate) with: With,
    /// The service's code, where it refused.
    pub(crate) code: Option<String>,
    /// What happened, as the log has it: English.
    pub(crate) said: String,
}

/// What of a certificate there is trouble with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum With {
    /// Its files on this machine.
    Live,
    /// An application, or what came of it.
    Order,
    /// The proof of control of the domain.
    Proof,
    /// The installed certificate: the service calls it revoked or refunded, by this status.
    Dead(i64),
    /// It is parked, and nothing is ordered until somebody acts.
    Parked(Parking),
    /// A target.
    Target {
        /// Its kind.
        kind: TargetKind,
        /// Its title.
        title: String,
        /// The command that failed, where one did.
        command: Option<String>,
    },
}

/// Why a certificate is parked, and so what its operator does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parking {
    /// The service will never take this application.
    Refused,
    /// Two orders in a row were not validated; by the service itself, where that hosts the zone.
    NotValidated {
        /// Whether the service was to validate it.
        by_service: bool,
    },
    /// An application without an answer can be any of several orders.
    Unclear,
}

/// The life of the installed certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// It begins.
    pub(crate) not_before: DateTime<Utc>,
    /// Its window opens.
    pub(crate) renew_at: DateTime<Utc>,
    /// It ends.
    pub(crate) not_after: DateTime<Utc>,
}

/// One word each for installed, bound and served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// On this machine's disk.
    pub(crate) installed: Place,
    /// At resources in the cloud.
    pub(crate) bound: Place,
    /// What a TLS client gets.
    pub(crate) served: Place,
}

words! {
    /// Whether the certificate is where it should be.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Place {
        /// It is.
        Yes = "yes",
        /// It is not there at all.
        No = "no",
        /// The config asks for none.
        NotWanted = "-",
        /// There is nothing that it could be bound to.
        Nowhere = "none",
        /// It will be.
        NotYet = "not yet",
        /// Nobody looked since it was installed.
        Unseen = "unseen",
        /// Bringing it there fails.
        Failing = "failing",
        /// Another certificate is there.
        Other = "other",
    }
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct AccountLine {
    /// Its name in the config.
    pub(crate) name: String,
    /// Free certificates used, and when that was seen.
    pub(crate) slots: Option<(u32, DateTime<Utc>)>,
    /// How many there may be.
    pub(crate) limit: u32,
    /// What waits now, and why.
    pub(crate) holds: Vec<HoldLine>,
}

/// Something that keeps back more than one certificate.
#[derive(Clone, Debug)]
pub(crate) struct HoldLine {
    /// What it keeps back.
    pub(crate) scope: HoldScope,
    /// How bad it is: what goes away by itself is not for its operator.
    pub(crate) tone: Tone,
    /// The service's code, where it refused.
    pub(crate) code: Option<String>,
    /// The refusal, or what stood in for one, as the log has it: English.
    pub(crate) said: String,
    /// When it is tried again.
    pub(crate) until: DateTime<Utc>,
}

/// One certificate with its history.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    /// When it was read.
    pub(crate) now: DateTime<Utc>,
    /// The certificate.
    pub(crate) certificate: CertificateLine,
    /// Which machine of which fleet this is.
    pub(crate) fleet: Option<FleetMember>,
    /// What keeps it back together with others.
    pub(crate) hold: Option<HoldLine>,
    /// Its id at the service.
    pub(crate) certificate_id: Option<String>,
    /// SHA-256 of what is installed.
    pub(crate) fingerprint: Option<String>,
    /// How control of the domain is proved.
    pub(crate) method: String,
    /// Its orders, the newest first.
    pub(crate) orders: Vec<PastOrder>,
    /// Where it goes.
    pub(crate) targets: Vec<TargetLine>,
    /// What happened, the newest first.
    pub(crate) history: Vec<Entry>,
}

/// One target.
#[derive(Clone, Debug)]
pub(crate) struct TargetLine {
    /// A few words.
    pub(crate) title: String,
    /// Its kind.
    pub(crate) kind: TargetKind,
    /// Where it stands.
    pub(crate) state: &'static str,
    /// What was seen there last, and when.
    pub(crate) seen: Option<(String, DateTime<Utc>)>,
    /// Whether that is what should be there.
    pub(crate) right: bool,
    /// The last failure.
    pub(crate) error: Option<String>,
    /// When it is tried again.
    pub(crate) next_at: Option<DateTime<Utc>>,
}

/// The calls and their rate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rate {
    /// What was counted.
    pub(crate) counts: CallCounts,
    /// The most calls a second that are allowed.
    pub(crate) permits: usize,
    /// The most that any second of the last minute saw.
    pub(crate) peak: usize,
    /// Calls of the last minute.
    pub(crate) last_minute: usize,
}

impl CertificateLine {
    /// When its next step is; what waits for its operator has none by itself.
    pub(crate) fn next_by_itself(&self) -> Option<DateTime<Utc>> {
        self.next_at
            .filter(|_| self.paused.is_none() && !self.parked)
    }
}

/// A count with its noun.
pub(crate) fn plural(count: i64, noun: &str) -> String {
    let number = grouped(count);
    if count == 1 {
        format!("{number} {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: i64) -> String {
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
