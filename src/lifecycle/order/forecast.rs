//! What is to come: every order, delivery and end of validity until a day, if all goes well.
//!
//! The same rules as [`mod@super::plan`] (when a window opens, what is held back) over assumed orders: each is issued the day it
//! is made, and lives as long as the one before, or as long as the caller says that new ones will.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::record::{Installed, Record};

/// How long a free certificate lives, where there is none yet to go by (Tencent Cloud, free certificates: three months).
pub const LIFETIME: TimeDelta = TimeDelta::days(90);

/// One certificate, as a forecast sees it.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What is known of it now.
    pub record: &'a Record,
    /// What the operator asked for.
    pub policy: &'a Policy,
    /// The registered domain that it counts against.
    pub main_domain: &'a str,
}

/// A slot that is held already.
#[derive(Clone, Debug)]
pub struct Slot {
    /// In which account.
    pub account: String,
    /// Against which registered domain.
    pub main_domain: String,
    /// Until when; `None` until somebody deletes it.
    pub until: Option<DateTime<Utc>>,
}

/// What is to come for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is ordered, for the first time or anew, and delivered then.
    Order,
    /// It ends, and nothing replaces it: it is paused, or waits for its operator.
    End,
}

/// One thing to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it comes, at the earliest.
    pub at: DateTime<Utc>,
    /// For which certificate.
    pub domain: String,
    /// In which account.
    pub account: String,
    /// An order, or an end without one.
    pub what: What,
    /// The account's slots that are held right after it.
    pub account_slots: usize,
    /// Those of the registered domain.
    pub domain_slots: usize,
}

/// Everything until `end`, in order. `lifetime` is that of all that is ordered from now on, where it is another than
/// today's. `check` gives the first scheduled check at or after a time.
pub fn forecast(
    now: DateTime<Utc>,
    end: DateTime<Utc>,
    subjects: &[Subject<'_>],
    installed: &[Slot],
    lifetime: Option<TimeDelta>,
    check: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
) -> Vec<Event> {
    let mut coming: Vec<(DateTime<Utc>, &Subject<'_>, What, TimeDelta)> = Vec::new();
    for subject in subjects {
        for (at, what, lifetime) in course(now, end, subject, lifetime, &check) {
            coming.push((at, subject, what, lifetime));
        }
    }
    coming.sort_by(|a, b| (a.0, &a.1.record.domain).cmp(&(b.0, &b.1.record.domain)));
    let mut accounts = Taken::default();
    let mut domains = Taken::default();
    for slot in installed {
        accounts.take(&slot.account, slot.until);
        domains.take(&slot.main_domain, slot.until);
    }
    coming
        .into_iter()
        .map(|(at, subject, what, lifetime)| {
            let account = &subject.record.account;
            if what == What::Order {
                accounts.take(account, Some(at + lifetime));
                domains.take(subject.main_domain, Some(at + lifetime));
            }
            Event {
                at,
                domain: subject.record.domain.clone(),
                account: account.clone(),
                what,
                account_slots: accounts.installed(account, at),
                domain_slots: domains.installed(subject.main_domain, at),
            }
        })
        .collect()
}

/// What one certificate comes to, with the lifetime of what is ordered.
fn course(
    now: DateTime<Utc>,
    end: DateTime<Utc>,
    subject: &Subject<'_>,
    coming: Option<TimeDelta>,
    check: &impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
) -> Vec<(DateTime<Utc>, What, TimeDelta)> {
    let (record, policy) = (subject.record, subject.policy);
    let mut course = Vec::new();
    if !record.wanted || policy.orders.are_elsewhere() {
        return course;
    }
    if record.paused.is_some() || policy.is_parked(record) {
        let ends = record
            .installed
            .as_ref()
            .map(|installed| installed.not_after);
        course.extend(
            ends.filter(|at| *at < end)
                .map(|at| (at.max(now), What::End, TimeDelta::zero())),
        );
        return course;
    }
    let present = record.installed.as_ref().map_or(LIFETIME, |installed| {
        (installed.not_after - installed.not_before).max(TimeDelta::days(1))
    });
    let lifetime = coming.unwrap_or(present);
    // An order that is under way has its slot already, and counts as issued today.
    let mut at = match (&record.order, &record.installed) {
        (Some(_), _) => next(now, present, policy, check),
        (None, Some(installed)) => check(policy.renew_at(installed).max(now)),
        (None, None) => Some(now),
    };
    while let Some(when) = at.filter(|at| *at < end) {
        course.push((when, What::Order, lifetime));
        at = next(when, lifetime, policy, check);
    }
    course
}

/// When what was issued at that time is ordered anew.
fn next(
    issued: DateTime<Utc>,
    lifetime: TimeDelta,
    policy: &Policy,
    check: &impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let installed = Installed {
        certificate_id: String::new(),
        account: String::new(),
        not_before: issued,
        not_after: issued + lifetime,
        fingerprint: String::new(),
        installed_at: issued,
    };
    check(policy.renew_at(&installed))
}

/// Slots by whom they count against: their ends, the soonest first.
#[derive(Default)]
struct Taken<'a>(BTreeMap<&'a str, BinaryHeap<Reverse<DateTime<Utc>>>>);

impl<'a> Taken<'a> {
    fn take(&mut self, whose: &'a str, until: Option<DateTime<Utc>>) {
        let ends = self.0.entry(whose).or_default();
        ends.push(Reverse(until.unwrap_or(DateTime::<Utc>::MAX_UTC)));
    }

    /// How many are held then. Times only go forward.
    fn installed(&mut self, whose: &'a str, at: DateTime<Utc>) -> usize {
        let ends = self.0.entry(whose).or_default();
        while ends.peek().is_some_and(|Reverse(end)| *end <= at) {
            ends.pop();
        }
        ends.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{Algorithm, Method, Order, Orders, Stage};

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn days(count: i64) -> TimeDelta {
        TimeDelta::days(count)
    }

    fn policy() -> Policy {
        Policy {
            renew_before: days(30),
            poll: TimeDelta::seconds(30),
            algorithm: Algorithm::Rsa,
            inputs: "inputs".to_owned(),
            orders: Orders::Here,
        }
    }

    /// A certificate that ends in so many days.
    fn ending_in(domain: &str, left: i64) -> Record {
        let mut record = Record::new(domain, "default");
        record.installed = Some(Installed {
            certificate_id: "id".to_owned(),
            account: "default".to_owned(),
            not_before: noon() + days(left - 90),
            not_after: noon() + days(left),
            fingerprint: "f".to_owned(),
            installed_at: noon(),
        });
        record
    }

    fn of(records: &[Record], slots: &[Slot], length: i64) -> Vec<Event> {
        of_lifetime(records, slots, length, None)
    }

    fn of_lifetime(
        records: &[Record],
        slots: &[Slot],
        length: i64,
        lifetime: Option<i64>,
    ) -> Vec<Event> {
        let policy = policy();
        let subjects: Vec<Subject<'_>> = records
            .iter()
            .map(|record| Subject {
                record,
                policy: &policy,
                main_domain: "a.com",
            })
            .collect();
        let end = noon() + days(length);
        forecast(noon(), end, &subjects, slots, lifetime.map(days), Some)
    }

    #[test]
    fn a_certificate_is_ordered_every_sixty_days_and_holds_two_slots_for_thirty() {
        let slot = Slot {
            account: "default".to_owned(),
            main_domain: "a.com".to_owned(),
            until: Some(noon() + days(50)),
        };
        let events = of(&[ending_in("a.com", 50)], &[slot], 365);
        let offsets: Vec<i64> = events
            .iter()
            .map(|event| (event.at - noon()).num_days())
            .collect();
        assert_eq!(offsets, [20, 80, 140, 200, 260, 320]);
        assert!(
            events.iter().all(|event| event.account_slots == 2),
            "{events:?}"
        );
    }

    #[test]
    fn a_first_one_is_ordered_at_once_and_what_is_overdue_too() {
        let events = of(
            &[Record::new("a.com", "default"), ending_in("b.a.com", 3)],
            &[],
            1,
        );
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event.at == noon()));
        assert_eq!(events[1].domain_slots, 2);
    }

    #[test]
    fn what_will_live_for_47_days_is_renewed_at_half_of_them_and_always_holds_two_slots() {
        let slot = Slot {
            account: "default".to_owned(),
            main_domain: "a.com".to_owned(),
            until: Some(noon() + days(50)),
        };
        let events = of_lifetime(&[ending_in("a.com", 50)], &[slot], 365, Some(47));
        let hours = |event: &Event| (event.at - noon()).num_hours();
        // The present one by its own ninety days; each one after it by half of forty-seven, the smaller than thirty.
        let (first, others) = events.split_first().unwrap();
        assert_eq!(hours(first), 20 * 24);
        let expected: Vec<i64> = (1..=14).map(|n| 20 * 24 + n * 47 * 12).collect();
        assert_eq!(others.iter().map(hours).collect::<Vec<_>>(), expected);
        // Three for as long as the present one outlives the first renewal of its successor.
        let slots: Vec<usize> = events.iter().map(|event| event.account_slots).collect();
        assert_eq!(slots.get(..3), Some(&[2, 3, 2][..]));
        assert!(slots.iter().skip(3).all(|held| *held == 2), "{slots:?}");
        // With a longer life than today's it is rarer.
        let rare = of_lifetime(&[ending_in("a.com", 50)], &[], 365, Some(200));
        assert_eq!(rare.len(), 3);
    }

    #[test]
    fn an_order_under_way_has_todays_lifetime() {
        let mut record = ending_in("a.com", 10);
        record.order = Some(Order {
            id: "aaaaaaaa".to_owned(),
            marker: "ec-aaaaaa-aaaaaaaa".to_owned(),
            account: "default".to_owned(),
            algorithm: Algorithm::Rsa,
            method: Method::DnsAuto,
            link: None,
            renewal: true,
            adopted: false,
            stage: Stage::Issued {
                certificate_id: "id2".to_owned(),
            },
        });
        let events = of_lifetime(&[record], &[], 100, Some(47));
        assert_eq!((events[0].at - noon()).num_days(), 60);
    }

    #[test]
    fn what_is_paused_only_ends() {
        let mut record = ending_in("a.com", 50);
        record.paused = Some(noon());
        let events = of(&[record], &[], 365);
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].what, events[0].at),
            (What::End, noon() + days(50))
        );
    }
}
