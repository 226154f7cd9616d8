//! Where a certificate stands: one truth, whoever shows it.

use super::*;

fn kept_back(class: Class, scope: HoldScope) -> Hold {
    Hold {
        failure: failure(class),
        ..hold(scope, noon() + TimeDelta::hours(2))
    }
}

fn waits_for(record: &Record, class: Class, scope: HoldScope) -> (State, Option<WaitsFor>) {
    let standing = standing(record, &[kept_back(class, scope)]);
    (standing.state, standing.waits_for)
}

#[test]
fn what_is_due_and_kept_back_waits_whatever_it_has_already() {
    use WaitsFor::{Account, Quota, Service};
    let waiting = |what| (State::Waiting, Some(what));
    let in_window = record(Some(TimeDelta::days(20)));
    for due in [
        &record(None),
        &in_window,
        &record(Some(-TimeDelta::days(1))),
    ] {
        assert_eq!(
            waits_for(due, Class::Quota, HoldScope::Orders),
            waiting(Quota)
        );
        let main = HoldScope::MainDomain("example.com".to_owned());
        assert_eq!(waits_for(due, Class::Quota, main), waiting(Quota));
        assert_eq!(
            waits_for(due, Class::Operator, HoldScope::Account),
            waiting(Account)
        );
        assert_eq!(
            waits_for(due, Class::Operator, HoldScope::Orders),
            waiting(Account)
        );
        assert_eq!(
            waits_for(due, Class::Transient, HoldScope::List),
            waiting(Service)
        );
        let of_another = HoldScope::MainDomain("example.org".to_owned());
        assert_ne!(waits_for(due, Class::Quota, of_another).0, State::Waiting);
    }
    let fresh = record(Some(TimeDelta::days(80)));
    let nothing = (State::Installed, None);
    assert_eq!(waits_for(&fresh, Class::Quota, HoldScope::Orders), nothing);
    assert_eq!(
        waits_for(&fresh, Class::Operator, HoldScope::Account),
        nothing
    );
    // A quota keeps back applications, and no order that was taken.
    let mut ordered = in_window;
    ordered.order = Some(order(pending()));
    assert_eq!(
        waits_for(&ordered, Class::Quota, HoldScope::Orders),
        (State::Pending, None)
    );
    assert_eq!(
        waits_for(&ordered, Class::Operator, HoldScope::Account),
        waiting(Account)
    );
}

#[test]
fn a_hold_that_is_over_keeps_nothing_back() {
    let mut over = kept_back(Class::Quota, HoldScope::Orders);
    over.until = noon();
    assert_eq!(state(&record(None), &[over]), State::Missing);
}

#[test]
fn a_pause_goes_before_all_and_waits_for_its_operator() {
    let mut paused = record(Some(TimeDelta::days(20)));
    paused.paused = Some(noon());
    paused.order = Some(order(pending()));
    assert_eq!(
        waits_for(&paused, Class::Quota, HoldScope::Orders),
        (State::Paused, Some(WaitsFor::Operator))
    );
}

#[test]
fn every_state_has_its_own_words_in_both_languages() {
    let mut seen = std::collections::HashSet::new();
    let waits = WaitsFor::ALL.into_iter().map(Some).chain([None]);
    for waits_for in waits {
        for state in State::ALL {
            for delivery in Reached::ALL {
                let standing = Standing {
                    state,
                    waits_for,
                    delivery,
                };
                let phrase = standing.phrase();
                assert!(!phrase.chinese.is_ascii(), "{phrase:?}");
                seen.insert((phrase.english, phrase.chinese));
            }
        }
    }
    let english: std::collections::HashSet<_> = seen.iter().map(|words| words.0).collect();
    let chinese: std::collections::HashSet<_> = seen.iter().map(|words| words.1).collect();
    assert_eq!((seen.len(), english.len()), (chinese.len(), seen.len()));
}

#[test]
fn what_waits_for_its_turn_or_for_others_says_so_until_it_has_ended() {
    let (turns, look) = (
        Turns {
            machine: 1,
            length: TimeDelta::minutes(15),
        },
        TimeDelta::minutes(5),
    );
    let elsewhere = Orders::Elsewhere {
        look,
        any_kind: false,
        proves: false,
    };
    for (orders, what) in [
        (Orders::InTurn { turns, look }, WaitsFor::Turn),
        (elsewhere, WaitsFor::Order),
    ] {
        let policy = Policy { orders, ..policy() };
        let stands = |left: Option<TimeDelta>| {
            let until = Note::NotBefore(noon() + look);
            let waiting = note(noon(), record(left), until).record;
            let standing = Standing::of(noon(), &policy, &waiting, &[], Reached::Done);
            (standing.state, standing.waits_for)
        };
        let waits = (State::Waiting, Some(what));
        assert_eq!(stands(None), waits);
        assert_eq!(stands(Some(TimeDelta::days(20))), waits);
        assert_eq!(stands(Some(TimeDelta::days(40))), (State::Installed, None));
        assert_eq!(stands(Some(-TimeDelta::days(1))), (State::Expired, None));
    }
}
