//! What keeps back more than one certificate: an account that may not call or apply, a limit that is reached, a list that
//! can't be had.

use chrono::{DateTime, TimeDelta, Utc};

use super::failure::{Class, Failure};
use super::order::record::Record;
use super::order::retry::{CEILING, allowed};
use super::pause::{self, doubled, first_retry, scaled};

/// What passes by itself is told of from this many times in a row on.
pub const PATIENCE: u32 = 3;

/// What a hold keeps back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldScope {
    /// Every call of this account: its credentials or permissions are refused.
    Account,
    /// New applications of this account: its free certificates are used up.
    Orders,
    /// New applications for names below this registered domain.
    MainDomain(String),
    /// Whatever needs this account's list: the list can't be had just now. Its certificates wait together, so that an
    /// outage costs one call a try and not one a certificate.
    List,
    /// Fetching once more what could not be fetched: the credentials may not fetch, and that for more than one
    /// certificate. What was not tried yet is tried all the same.
    Fetch,
}

impl HoldScope {
    /// The stable name used in the database and in JSON; that of a registered domain lacks the domain.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Orders => "orders",
            Self::MainDomain(_) => "main-domain",
            Self::List => "list",
            Self::Fetch => "fetch",
        }
    }

    /// The scope of that name; `main` is the registered domain of one that has any.
    pub fn from_name(name: &str, main: &str) -> Option<Self> {
        let all = [
            Self::Account,
            Self::Orders,
            Self::MainDomain(main.to_owned()),
            Self::List,
            Self::Fetch,
        ];
        all.into_iter().find(|scope| scope.name() == name)
    }

    /// The registered domain that it is about, if it is about one.
    pub fn main_domain(&self) -> Option<&str> {
        match self {
            Self::MainDomain(main) => Some(main),
            _ => None,
        }
    }

    /// Whether the account can't be asked for its list meanwhile. Such a hold is over once the list has come.
    pub fn keeps_list(&self) -> bool {
        matches!(self, Self::Account | Self::List)
    }
}

/// Something that holds back more than one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The account it concerns.
    pub account: String,
    /// What it keeps back.
    pub scope: HoldScope,
    /// Until when; it stays known after that, so that its count goes on where the condition comes back.
    pub until: DateTime<Utc>,
    /// How many times in a row.
    pub times: u32,
    /// The refusal, or what stood in for one.
    pub failure: Failure,
}

impl Hold {
    /// Whether it still keeps anything back. One that lasts longer than any pause was set by a clock that was put back
    /// since, and is over: everybody must see it so, or nobody would set it anew.
    pub fn in_force(&self, now: DateTime<Utc>) -> bool {
        pause::lasts(self.until, now)
    }

    /// Whether it keeps this certificate from ordering.
    pub fn covers(&self, record: &Record) -> bool {
        if self.account != record.account {
            return false;
        }
        match &self.scope {
            HoldScope::Account | HoldScope::Orders | HoldScope::List => true,
            HoldScope::Fetch => false,
            HoldScope::MainDomain(main) => {
                record.domain == *main
                    || record
                        .domain
                        .strip_suffix(main.as_str())
                        .is_some_and(|front| front.ends_with('.'))
            }
        }
    }

    /// Whether it is the operator's to end, and was said as a pause of the account.
    pub fn is_pause(&self) -> bool {
        self.scope == HoldScope::Account || self.failure.class == Class::Operator
    }

    /// Whether people were told of it, so that its end is said too: a pause is at once, a list that can't be had when it
    /// lasts.
    pub fn is_told(&self) -> bool {
        self.is_pause() || (self.scope == HoldScope::List && self.times >= PATIENCE)
    }

    /// What is left of it once everybody may try again, for its cause may be gone. One that people were told of stays known
    /// until the account has answered, so that its end can be said.
    pub fn let_go(self, now: DateTime<Utc>) -> Option<Self> {
        self.is_told().then_some(Self { until: now, ..self })
    }
}

/// What an account met that concerns more than the call.
#[derive(Clone, Debug)]
pub struct Met<'a> {
    /// The account that the call was made as.
    pub account: &'a str,
    /// How far it reaches.
    pub scope: HoldScope,
    /// What is told of it.
    pub failure: Failure,
    /// What follows the longest pause from.
    pub cause: Cause<'a>,
}

/// Why certificates wait together.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// An application met a limit, for the first time: it may be the pace of calls and no quota. The next application
    /// tells, at the config's `poll`.
    Limit(TimeDelta),
    /// The service refuses. The pause is no longer than this.
    Refusal(TimeDelta),
    /// The list can't be had, which these certificates needed, at the config's `poll`.
    NoList(TimeDelta, &'a [Record]),
}

/// The hold that follows; `before` is the one of the same account and scope, over or not. `random` in `[0, 1)` spreads the
/// pauses.
pub fn settle(before: Option<&Hold>, met: Met<'_>, now: DateTime<Utc>, random: f64) -> Hold {
    let Met {
        account,
        scope,
        failure,
        cause,
    } = met;
    let (times, pause) = match cause {
        Cause::Limit(poll) => (
            1,
            scaled(first_retry(poll), random).max(TimeDelta::seconds(1)),
        ),
        Cause::Refusal(longest) => {
            // A limit that may have been a throttle was no sign of a quota yet.
            let known = before.filter(|hold| hold.failure.class == failure.class);
            let times = 1 + known.map_or(0, |hold| hold.times);
            (times, after_refusal(failure.class, times, longest, random))
        }
        Cause::NoList(poll, records) => {
            let times = 1 + before.map_or(0, |hold| hold.times);
            (times, without_list(now, poll, records, times, random))
        }
    };
    Hold {
        account: account.to_owned(),
        scope,
        until: now + pause,
        times,
        failure,
    }
}

fn after_refusal(class: Class, times: u32, longest: TimeDelta, random: f64) -> TimeDelta {
    let (first, ceiling) = match class {
        Class::Quota => (TimeDelta::hours(4), TimeDelta::hours(24)),
        _ => (TimeDelta::minutes(15), TimeDelta::hours(2)),
    };
    let grown = doubled(first, times, ceiling);
    (grown + scaled(grown, random / 4.0)).min(longest)
}

/// How long the certificates of an account wait together for a list that can't be had; `records` are those that needed
/// it. An outage is asked about once an hour at least, and as often as the one that is nearest to its end needs.
pub(super) fn without_list(
    now: DateTime<Utc>,
    poll: TimeDelta,
    records: &[Record],
    times: u32,
    random: f64,
) -> TimeDelta {
    let grown = doubled(first_retry(poll), times, TimeDelta::hours(1));
    let allowed = records.iter().map(|record| allowed(now, record)).min();
    scaled(grown, random)
        .max(TimeDelta::seconds(1))
        .min(allowed.unwrap_or(CEILING))
}

/// How long a hold may last that this certificate met: one that is not installed yet has no end to miss.
pub fn longest(now: DateTime<Utc>, record: &Record) -> TimeDelta {
    match &record.installed {
        None => TimeDelta::MAX,
        Some(_) => allowed(now, record).max(TimeDelta::minutes(15)),
    }
}
