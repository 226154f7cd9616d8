//! Guards that nothing else in these tests leans on.

use super::*;
use crate::lifecycle::order::sighting::DEADLINE_GRACE;

#[test]
fn what_is_parked_is_ordered_where_it_is_asked_for_by_force() {
    let mut parked = record(None);
    parked.parked = Some(Parked {
        reason: "refused".to_owned(),
        remedy: "mend it".to_owned(),
        inputs: "inputs".to_owned(),
        since: noon(),
    });
    let why = Rest::Parked;
    let rests = Step::Rest { why, until: None };
    assert_eq!(plan(noon(), &policy(), &parked, &[]), rests);
    parked.forced = Some(noon());
    let step = plan(noon(), &policy(), &parked, &[]);
    assert!(matches!(step, Step::Order { .. }), "{step:?}");
}

#[test]
fn an_order_past_its_deadline_is_cancelled_only_after_the_grace() {
    let mut ordered = record(None);
    ordered.order = Some(order(pending()));
    let deadline = noon();
    let late = Sighting {
        deadline: Some(deadline),
        ..sighting("new1", SightingState::Pending)
    };
    assert!(!overdue(deadline + DEADLINE_GRACE, &ordered, &late));
    let second = TimeDelta::seconds(1);
    assert!(overdue(deadline + DEADLINE_GRACE + second, &ordered, &late));
}

#[test]
fn no_window_is_longer_than_the_one_in_which_the_service_takes_a_renewal() {
    let held = installed(TimeDelta::days(80));
    let early = Policy {
        renew_before: TimeDelta::days(40),
        ..policy()
    };
    assert_eq!(early.renew_at(&held), held.not_after - TimeDelta::days(30));
}

#[test]
fn a_refusal_for_good_waits_for_the_operator_and_one_that_passes_does_not() {
    for (class, parks) in [(Class::Permanent, true), (Class::Transient, false)] {
        let mut intending = record(None);
        intending.order = Some(order(intended()));
        let outcome = Outcome::NotApplied {
            failure: failure(class),
            held_back: false,
        };
        let settled = settled(intending, outcome);
        assert_eq!(settled.record.parked.is_some(), parks, "{class:?}");
        assert!(settled.record.order.is_none() && settled.closed.is_some());
    }
}

#[test]
fn a_wait_of_days_is_cut_into_pauses_that_the_plan_believes() {
    let until = noon() + TimeDelta::days(6);
    let outcome = Outcome::Capped {
        until,
        failure: failure(Class::Quota),
    };
    let capped = settled(record(None), outcome).record;
    assert_eq!(capped.retry.not_before, Some(noon() + LONGEST_PAUSE));
    let step = plan(noon(), &policy(), &capped, &[]);
    assert!(matches!(step, Step::Rest { .. }), "{step:?}");
}

#[test]
fn an_order_that_was_just_made_is_not_gone_because_one_list_lacks_it() {
    let mut ordered = record(None);
    ordered.order = Some(order(pending()));
    let young = settled(ordered.clone(), Outcome::Gone);
    assert!(young.closed.is_none() && young.record.order.is_some());
    assert_eq!(young.record.retry.not_before, Some(noon() + policy().poll));
    let later = noon() + policy().patience();
    let gone = settle(later, &policy(), ordered, Outcome::Gone, 0.5);
    assert!(gone.closed.is_some() && gone.record.order.is_none());
    assert_eq!(gone.record.retry.lost_orders, 1);
}

#[test]
fn a_refused_link_is_given_up_near_the_end_and_tried_again_before() {
    for (days, gives_up, pause) in [
        (20, false, TimeDelta::hours(24)),
        (9, true, TimeDelta::zero()),
    ] {
        let mut intending = record(Some(TimeDelta::days(days)));
        intending.order = Some(order(intended()));
        let outcome = Outcome::LinkRefused {
            failure: failure(Class::Permanent),
            for_good: false,
        };
        let retry = settled(intending, outcome).record.retry;
        assert_eq!(retry.without_link, gives_up, "{days}");
        assert_eq!(retry.not_before, Some(noon() + pause), "{days}");
    }
}

#[test]
fn what_was_asked_for_by_force_is_done_once_it_is_installed() {
    let mut forced = record(Some(TimeDelta::days(80)));
    forced.forced = Some(noon());
    forced.order = Some(order(Stage::Issued {
        certificate_id: "new1".to_owned(),
    }));
    let new = installed(TimeDelta::days(89));
    let done = settled(forced, Outcome::Installed(new)).record;
    assert_eq!(done.forced, None);
    assert_eq!(due(noon(), &policy(), &done), None);
}

#[test]
fn a_machine_that_never_orders_follows_only_what_it_can_prove() {
    let follower = Policy {
        orders: Orders::Elsewhere {
            look: TimeDelta::minutes(5),
            any_kind: false,
            proves: true,
        },
        ..policy()
    };
    let ours = Ours::of_fleet("f1eet0", None, "yyy888");
    for (method, follows) in [(Method::File, true), (Method::Dns, false)] {
        let pending = Sighting {
            alias: "ec-f1eet0-2zzabcde".to_owned(),
            method: Some(method),
            ..sighting("p1", SightingState::Pending)
        };
        let choice = choose(
            noon(),
            noon(),
            &follower,
            &record(None),
            &ours,
            &[],
            &[pending],
        );
        assert_eq!(matches!(choice, Choice::Adopt(_)), follows, "{method:?}");
    }
}

#[test]
fn after_each_order_that_is_cancelled_the_next_one_comes_later() {
    let after = |lost| retry::after_cancellation(&policy(), lost, 0.5);
    assert!(after(1) < after(2) && after(2) < after(5), "{}", after(5));
    assert!(after(40) <= TimeDelta::hours(12));
}

#[test]
fn an_order_that_the_service_dates_in_the_future_began_now() {
    let ahead = Sighting {
        inserted: Some(noon() + TimeDelta::days(9)),
        ..sighting("new1", SightingState::Pending)
    };
    let Stage::Pending { since, .. } = stage_of(noon(), &ahead) else {
        panic!("it is pending");
    };
    assert_eq!(since, noon());
}

#[test]
fn how_old_an_order_is_goes_by_the_clock_that_dated_it() {
    let mut ordered = record(None);
    ordered.order = Some(order(pending()));
    let sighting = Box::new(sighting("new1", SightingState::Pending));
    // By ours, it is an hour old.
    let service_now = noon() + STALLED_AFTER;
    let outcome = Outcome::Seen {
        sighting,
        service_now,
    };
    let settled = settled(ordered, outcome).record.order.unwrap();
    let Stage::Pending { stalled, .. } = settled.stage else {
        panic!("it is pending");
    };
    assert_eq!(stalled, Stall::Slow);
}
