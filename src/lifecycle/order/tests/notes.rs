//! What happens to a certificate beside its steps, and how holds follow from what an account meets.

use super::*;
use crate::lifecycle::hold::{Cause, Met};

fn noted(record: &Record, what: Note) -> Settled {
    note(noon(), record.clone(), what)
}

fn asked(force: bool) -> Note {
    Note::Asked { at: noon(), force }
}

fn edited(inputs: &str) -> Note {
    Note::Edited {
        account: "other".to_owned(),
        inputs: inputs.to_owned(),
    }
}

/// A certificate that waits for its operator after two orders that nobody validated.
fn parked() -> Record {
    let mut record = record(None);
    record.parked = Some(Parked {
        reason: "refused".to_owned(),
        remedy: "edit".to_owned(),
        inputs: policy().inputs,
        since: noon(),
    });
    record.retry = Retry {
        failures: 3,
        lost_orders: 2,
        unvalidated: 2,
        not_before: Some(noon() + TimeDelta::hours(5)),
        last: Some(failure(Class::Permanent)),
        without_link: true,
    };
    record
}

#[test]
fn the_wait_for_the_operator_ends_alike_whoever_ends_it() {
    let fresh = Retry {
        failures: 0,
        unvalidated: 0,
        not_before: None,
        ..parked().retry
    };
    for what in [asked(false), edited("others"), Note::Adoptable] {
        let Settled { record, closed } = noted(&parked(), what.clone());
        assert_eq!((&record.parked, closed), (&None, None), "{what:?}");
        assert_eq!(record.retry, fresh, "{what:?}");
    }
}

#[test]
fn an_edit_of_something_else_leaves_what_is_parked_parked() {
    let Settled { record, .. } = noted(&parked(), edited("inputs"));
    assert_eq!(record.account, "other");
    let removed = noted(&record, Note::Removed).record;
    assert!(!removed.wanted);
    assert_eq!(
        (record.parked, record.retry),
        (parked().parked, parked().retry)
    );
}

#[test]
fn what_is_asked_for_by_force_is_forced_once_and_puts_aside_what_can_not_be_fetched() {
    let mut stuck = record(Some(TimeDelta::days(80)));
    stuck.order = Some(order(Stage::Issued {
        certificate_id: "new1".to_owned(),
    }));
    assert_eq!(
        noted(&stuck, asked(true)).record.forced,
        None,
        "it is on its way"
    );
    stuck.retry.failures = 1;
    assert_eq!(noted(&stuck, asked(false)).closed, None);
    let Settled { record, closed } = noted(&stuck, asked(true));
    assert_eq!(closed.map(|closed| closed.ending), Some(Ending::Unusable));
    assert_eq!(
        (record.forced, record.retry.not_before),
        (Some(noon()), None)
    );
    // A request that comes again after a crash.
    let mut granted = record;
    granted.forced = None;
    granted.installed.as_mut().unwrap().installed_at = noon();
    assert_eq!(noted(&granted, asked(true)).record.forced, None);
}

#[test]
fn a_pause_ends_as_it_began_and_touches_nothing_else() {
    let paused = noted(&parked(), Note::Paused).record;
    assert_eq!(paused.paused, Some(noon()));
    assert_eq!(noted(&paused, Note::Resumed).record, parked());
}

#[test]
fn a_first_limit_is_short_and_its_repeats_are_a_quota_that_grows() {
    let poll = TimeDelta::seconds(30);
    let met = |class, cause| Met {
        account: "default",
        scope: HoldScope::Orders,
        failure: failure(class),
        cause,
    };
    let settle = |before: Option<&Hold>, met| hold::settle(before, met, noon(), 0.0);
    let first = settle(None, met(Class::Transient, Cause::Limit(poll)));
    assert_eq!(
        (first.times, first.until),
        (1, noon() + TimeDelta::seconds(1))
    );
    let quota = || met(Class::Quota, Cause::Refusal(TimeDelta::MAX));
    let second = settle(Some(&first), quota());
    assert_eq!(
        (second.times, second.until),
        (1, noon() + TimeDelta::hours(4))
    );
    let third = settle(Some(&second), quota());
    assert_eq!(
        (third.times, third.until),
        (2, noon() + TimeDelta::hours(8))
    );
    let near_its_end = met(Class::Quota, Cause::Refusal(TimeDelta::minutes(20)));
    let short = settle(Some(&third), near_its_end);
    assert_eq!(short.until, noon() + TimeDelta::minutes(20));
}

#[test]
fn a_pause_that_is_let_go_stays_known_until_the_account_answers() {
    let until = noon() + TimeDelta::hours(1);
    let left = hold(HoldScope::Account, until).let_go(noon());
    assert_eq!(left.map(|left| left.until), Some(noon()));
    assert_eq!(hold(HoldScope::List, until).let_go(noon()), None);
    for scope in ["account", "orders", "main-domain", "list", "fetch"] {
        let read = HoldScope::from_name(scope, "example.com").unwrap();
        assert_eq!(read.name(), scope);
    }
}
