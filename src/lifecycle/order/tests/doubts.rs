//! What was adopted, installed or seen is looked at again, and what goes wrong again and again is counted.

use super::*;

fn choice(record: &Record, useless: &[&str], sightings: &[Sighting]) -> Choice {
    let useless: Vec<String> = useless.iter().map(|id| (*id).to_owned()).collect();
    choose(
        noon(),
        noon(),
        &policy(),
        record,
        &ours(),
        &useless,
        sightings,
    )
}

fn waits(record: &Record, sighting: &Sighting) -> bool {
    matches!(
        choice(record, &[], std::slice::from_ref(sighting)),
        Choice::Wait(_)
    )
}

#[test]
fn what_was_found_useless_is_never_adopted_again() {
    let found = sighting("iss1", SightingState::Issued);
    let all = [found.clone()];
    assert_eq!(
        choice(&record(None), &[], &all),
        Choice::Adopt(Box::new(found))
    );
    assert_eq!(choice(&record(None), &["iss1"], &all), Choice::Apply);
}

#[test]
fn a_pending_order_of_somebody_else_without_its_time_is_not_waited_for_for_ever() {
    let mut foreign = sighting("for1", SightingState::Pending);
    foreign.inserted = None;
    let mut record = record(None);
    assert!(waits(&record, &foreign), "seen for the first time");
    record = settled(record, Outcome::Foreign(Box::new(foreign.clone()))).record;
    let since = record.foreign.as_ref().unwrap().since;
    assert_eq!(since, noon());
    // The second look does not begin the wait anew.
    record.foreign.as_mut().unwrap().since = noon() - TimeDelta::hours(23);
    record = settled(record, Outcome::Foreign(Box::new(foreign.clone()))).record;
    assert_eq!(
        record.foreign.as_ref().unwrap().since,
        noon() - TimeDelta::hours(23)
    );
    assert!(waits(&record, &foreign));
    record.foreign.as_mut().unwrap().since = noon() - TimeDelta::hours(25);
    assert!(!waits(&record, &foreign));

    // Validated, it may take the CA some days, and no longer.
    foreign.validated = true;
    assert!(waits(&record, &foreign));
    record.foreign.as_mut().unwrap().since = noon() - TimeDelta::hours(73);
    assert!(!waits(&record, &foreign));
}

#[test]
fn a_pending_order_of_somebody_else_past_its_deadline_is_not_waited_for() {
    let mut foreign = sighting("for1", SightingState::Pending);
    foreign.inserted = None;
    foreign.deadline = Some(noon() - TimeDelta::minutes(30));
    assert!(waits(&record(None), &foreign), "it may be read late");
    foreign.deadline = Some(noon() - TimeDelta::hours(2));
    assert!(!waits(&record(None), &foreign));
}

#[test]
fn somebody_elses_order_is_not_waited_for_past_what_the_remaining_life_allows() {
    let mut foreign = sighting("for1", SightingState::Pending);
    foreign.inserted = Some(noon() - TimeDelta::hours(5));
    let near = |hours| record(Some(TimeDelta::hours(hours)));
    assert!(waits(&near(24), &foreign), "a quarter of a day");
    assert!(!waits(&near(16), &foreign));
    foreign.inserted = Some(noon() - TimeDelta::minutes(5));
    assert!(waits(&near(-1), &foreign), "a CA takes minutes");
}

#[test]
fn what_was_outwaited_once_is_not_waited_for_again_where_our_own_order_fails() {
    let mut foreign = sighting("for1", SightingState::Pending);
    foreign.inserted = None;
    let mut record = settled(record(None), Outcome::Foreign(Box::new(foreign.clone()))).record;
    assert!(record.waits_for_other());
    record = settled(record, Outcome::Intending(Box::new(order(intended())))).record;
    let refused = Outcome::NotApplied {
        failure: failure(Class::Transient),
        held_back: false,
    };
    record = settled(record, refused).record;
    assert!(!record.waits_for_other() && !waits(&record, &foreign));
    // It is taken all the same once it is issued.
    let issued = sighting("for1", SightingState::Issued);
    assert!(matches!(choice(&record, &[], &[issued]), Choice::Adopt(_)));
}

#[test]
fn what_the_service_calls_dead_is_replaced_at_once_and_without_a_link() {
    let mut record = record(Some(TimeDelta::days(20)));
    assert!(matches!(
        plan(noon(), &policy(), &record, &[]),
        Step::Order {
            link: Some(_),
            why: Due::Window
        }
    ));
    record = settled(record, Outcome::Dead { status: 10 }).record;
    assert_eq!(
        plan(noon(), &policy(), &record, &[]),
        Step::Order {
            why: Due::Revoked,
            link: None
        }
    );
    let schedule = schedule(noon(), &policy(), &record, &[]);
    assert!(schedule.in_flight && schedule.at == Some(noon()));
    assert_eq!(state(&record, &[]), State::Revoked);

    // Whatever is alive is better, also where it ends sooner.
    let mut shorter = sighting("iss1", SightingState::Issued);
    shorter.not_after = Some(noon() + TimeDelta::days(5));
    let found = std::slice::from_ref(&shorter);
    assert!(matches!(choice(&record, &[], found), Choice::Adopt(_)));
    // But for what would soon leave visitors with an expired one.
    shorter.not_after = Some(noon() + TimeDelta::days(1));
    assert_eq!(choice(&record, &[], &[shorter]), Choice::Apply);

    let installed = settled(
        record.clone(),
        Outcome::Installed(installed(TimeDelta::days(90))),
    );
    assert_eq!(installed.record.dead, None);
    assert_eq!(settled(record, Outcome::Alive).record.dead, None);
}

#[test]
fn applications_that_come_to_nothing_are_failures_in_a_row_with_a_growing_pause() {
    let mut pauses = Vec::new();
    let mut record = record(None);
    for failures in 1..=6 {
        record.order = Some(order(intended()));
        let given_up = Outcome::Searched {
            found: Found::Nothing,
            gave_up: true,
        };
        let settled = settled(record, given_up);
        assert_eq!(settled.closed.unwrap().ending, Ending::Vanished);
        record = settled.record;
        assert_eq!(record.retry.failures, failures);
        pauses.push(record.retry.not_before.unwrap() - noon());
    }
    assert!(
        pauses.is_sorted() && pauses[5] > pauses[0] * 16,
        "{pauses:?}"
    );
    // One that is found ends the row.
    record.order = Some(order(intended()));
    let found = Found::This(Box::new(sighting("new1", SightingState::Pending)));
    let outcome = Outcome::Searched {
        found,
        gave_up: false,
    };
    assert_eq!(settled(record, outcome).record.retry.failures, 0);
}

#[test]
fn orders_lost_in_a_row_are_attempts_and_tell_the_reason() {
    let mut record = record(None);
    let mut rejected = sighting("new1", SightingState::Rejected);
    rejected.status = 2;
    rejected.reason = Some("CA-SECURITY-REVIEW failed".to_owned());
    for lost in 1..=3 {
        record.order = Some(order(intended()));
        let applied = Outcome::Applied {
            certificate_id: "new1".to_owned(),
        };
        record = settled(record, applied).record;
        assert_eq!(record.retry.failures, 0, "it was taken");
        record = settled(record, seen(rejected.clone())).record;
        assert_eq!(
            (record.retry.failures, record.retry.lost_orders),
            (lost, lost)
        );
    }
    let last = record.retry.last.unwrap();
    assert!(
        last.message.contains("CA-SECURITY-REVIEW failed") && last.message.contains("status 2"),
        "{}",
        last.message
    );
}

#[test]
fn adopted_material_of_no_use_makes_room_for_an_order_of_our_own() {
    let mut record = record(None);
    let mut adopted = order(Stage::Issued {
        certificate_id: "iss1".to_owned(),
    });
    adopted.adopted = true;
    record.order = Some(adopted);
    record.retry.failures = 3;
    let settled = settled(record, Outcome::Unusable(failure(Class::Transient)));
    assert_eq!(settled.closed.unwrap().ending, Ending::Unusable);
    assert!(matches!(
        plan(noon(), &policy(), &settled.record, &[]),
        Step::Order {
            why: Due::First,
            ..
        }
    ));
}

#[test]
fn our_own_material_of_no_use_costs_a_slot_and_a_growing_pause() {
    for outcome in [
        Outcome::Unusable(failure(Class::Transient)),
        Outcome::Expired,
    ] {
        let mut pauses = Vec::new();
        let mut record = record(None);
        for _ in 0..4 {
            record.order = Some(order(Stage::Issued {
                certificate_id: "iss1".to_owned(),
            }));
            record = settled(record, outcome.clone()).record;
            pauses.push(
                record
                    .retry
                    .not_before
                    .map_or(TimeDelta::zero(), |at| at - noon()),
            );
        }
        assert!(
            pauses[1] > TimeDelta::zero() && pauses.is_sorted() && pauses[3] > pauses[1],
            "{outcome:?}: {pauses:?}"
        );
    }
}

#[test]
fn a_refused_fetch_waits_for_the_others_and_one_that_was_not_tried_does_not() {
    let mut record = record(None);
    record.order = Some(order(Stage::Issued {
        certificate_id: "iss1".to_owned(),
    }));
    let holds = [hold(HoldScope::Fetch, noon() + TimeDelta::minutes(15))];
    assert_eq!(plan(noon(), &policy(), &record, &holds), Step::Fetch);
    record.retry.failures = 1;
    assert!(matches!(
        plan(noon(), &policy(), &record, &holds),
        Step::Rest {
            why: Rest::Hold(_),
            ..
        }
    ));
    // It keeps no order back.
    record.order = None;
    assert!(matches!(
        plan(noon(), &policy(), &record, &holds),
        Step::Order { .. }
    ));
}

#[test]
fn alarms_go_by_what_visitors_get_and_not_by_what_is_installed() {
    let mut record = record(Some(TimeDelta::days(89)));
    assert_eq!(alarm(noon(), &policy(), &record), None);
    record.shown_until = Some(noon() + TimeDelta::days(5));
    assert_eq!(alarm(noon(), &policy(), &record), Some(7));
    record.alarmed = Some(7);
    let next = next_alarm(noon(), &policy(), &record).unwrap();
    assert_eq!(next, noon() + TimeDelta::days(2));
    let schedule = schedule(noon(), &policy(), &record, &[]);
    assert!(schedule.in_flight && schedule.at == Some(next));
    record.shown_until = Some(noon() - TimeDelta::hours(1));
    assert_eq!(alarm(noon(), &policy(), &record), Some(0));
    assert_eq!(state(&record, &[]), State::Expired);
    // Nothing is ordered for it: a newer one is here already.
    assert_eq!(due(noon(), &policy(), &record), None);
}
