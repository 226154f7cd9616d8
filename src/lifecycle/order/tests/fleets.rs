//! Fleets: whose an order is, what a machine that never orders takes, and what it waits for.

use super::*;

const LOOK: TimeDelta = TimeDelta::minutes(5);

fn member(number: u8, installation: &str) -> Ours {
    Ours::of_fleet("f1eet0", Some(number), installation)
}

fn follower() -> Policy {
    Policy {
        orders: Orders::Elsewhere {
            look: LOOK,
            any_kind: false,
            proves: false,
        },
        ..policy()
    }
}

fn in_turn() -> Policy {
    let turns = Turns {
        machine: 1,
        length: TimeDelta::minutes(15),
    };
    let look = LOOK;
    Policy {
        orders: Orders::InTurn { turns, look },
        ..policy()
    }
}

fn chosen(policy: &Policy, record: &Record, ours: &Ours, sightings: &[Sighting]) -> Choice {
    choose(noon(), noon(), policy, record, ours, &[], sightings)
}

fn of_fleet(id: &str, state: SightingState) -> Sighting {
    Sighting {
        alias: "ec-f1eet0-2zzabcde".to_owned(),
        ..sighting(id, state)
    }
}

#[test]
fn a_marker_tells_the_fleet_the_machine_and_the_installation() {
    let one = member(1, "abc123");
    assert_eq!(one.new_marker("12345678"), "ec-f1eet0-1ab12345");
    let marker = one.new_marker("12345678");
    assert!(crate::lifecycle::order::adopt::evercert_marker(&marker).is_some());
    // Every member knows it as the fleet's, and who made it.
    for other in [
        member(2, "zzz999"),
        Ours::of_fleet("f1eet0", None, "yyy888"),
    ] {
        assert_eq!(other.marker(&marker), Some(marker.as_str()));
        assert_eq!(other.member(&marker), Some((1, "ab")));
        assert!(!other.made_here(&marker));
    }
    assert!(one.made_here(&marker));
    assert!(!member(1, "xxx777").made_here(&marker));
    // What it ordered before it joined stays its own; of others it is theirs.
    assert!(one.made_here("ec-abc123-12345678"));
    assert_eq!(member(2, "zzz999").marker("ec-abc123-12345678"), None);
    // The only one that orders is number 0.
    assert_eq!(
        member(0, "abc123").new_marker("12345678"),
        "ec-f1eet0-0ab12345"
    );
    assert_eq!(member(0, "abc123").this(), Some((0, "ab")));
    assert_eq!(Ours::of_fleet("f1eet0", None, "abc123").this(), None);
    assert_eq!(ours().new_marker("12345678"), "ec-abc123-12345678");
}

#[test]
fn a_machine_that_never_orders_seeks_what_others_ordered_and_waits_without_a_failure() {
    let due = record(Some(TimeDelta::days(20)));
    let step = plan(noon(), &follower(), &due, &[]);
    assert_eq!(step, Step::Seek { why: Due::Window });
    let until = noon() + LOOK;
    let waiting = note(noon(), due, Note::NotBefore(until)).record;
    let step = plan(noon(), &follower(), &waiting, &[]);
    let why = Rest::Elsewhere;
    assert_eq!(
        step,
        Step::Rest {
            why,
            until: Some(until)
        }
    );
    assert_eq!(waiting.retry.failures, 0);
    // A full account holds back who orders, and nobody else.
    let full = [hold(HoldScope::Orders, until)];
    let due = record(None);
    assert_eq!(
        plan(noon(), &follower(), &due, &full),
        Step::Seek { why: Due::First }
    );
    let paused = [hold(HoldScope::Account, until)];
    assert!(matches!(
        plan(noon(), &follower(), &due, &paused),
        Step::Rest { .. }
    ));
    // In turns, the wait has its own reason too.
    let waiting = note(noon(), due, Note::NotBefore(until)).record;
    let why = Rest::Turn;
    assert_eq!(
        plan(noon(), &in_turn(), &waiting, &[]),
        Step::Rest {
            why,
            until: Some(until)
        }
    );
}

#[test]
fn only_what_is_issued_is_adopted_by_a_machine_that_never_orders() {
    let pending = of_fleet("p1", SightingState::Pending);
    let foreign = sighting("p2", SightingState::Pending);
    let ours = Ours::of_fleet("f1eet0", None, "yyy888");
    let none = [pending.clone(), foreign];
    assert_eq!(
        chosen(&follower(), &record(None), &ours, &none),
        Choice::Apply
    );
    let issued = of_fleet("i1", SightingState::Issued);
    let both = [pending.clone(), issued.clone()];
    let choice = chosen(&follower(), &record(None), &ours, &both);
    assert_eq!(choice, Choice::Adopt(Box::new(issued)));
    // With FILE, a pending order of the fleet is taken for its proof alone, and never anybody else's.
    let proves = Policy {
        orders: Orders::Elsewhere {
            look: LOOK,
            any_kind: false,
            proves: true,
        },
        ..policy()
    };
    let file = Sighting {
        method: Some(Method::File),
        ..pending
    };
    let choice = chosen(&proves, &record(None), &ours, std::slice::from_ref(&file));
    assert_eq!(choice, Choice::Adopt(Box::new(file.clone())));
    let theirs = Sighting {
        alias: String::new(),
        ..file
    };
    assert_eq!(
        chosen(&proves, &record(None), &ours, &[theirs]),
        Choice::Apply
    );
}

#[test]
fn of_equal_ends_the_later_applied_for_is_taken_in_a_fleet() {
    let ours = member(1, "abc123");
    let end = noon() + TimeDelta::days(80);
    let mut held = record(Some(TimeDelta::days(80)));
    let old = Sighting {
        inserted: Some(noon() - TimeDelta::hours(5)),
        ..of_fleet("old1", SightingState::Issued)
    };
    let new = Sighting {
        inserted: Some(noon() - TimeDelta::hours(2)),
        ..of_fleet("aaa1", SightingState::Issued)
    };
    assert_eq!(new.not_after, Some(end));
    let both = [old.clone(), new.clone()];
    let choice = chosen(&in_turn(), &held, &ours, &both);
    assert_eq!(choice, Choice::Adopt(Box::new(new.clone())));
    // The one that is held is no reason to go back to the earlier one.
    held.installed.as_mut().unwrap().certificate_id = "aaa1".to_owned();
    assert_eq!(chosen(&in_turn(), &held, &ours, &both), Choice::Apply);
    // Without a fleet, one of the same end is none.
    held.installed.as_mut().unwrap().certificate_id = "old1".to_owned();
    assert_eq!(
        chosen(&policy(), &held, &super::ours(), &both),
        Choice::Apply
    );
}

#[test]
fn what_another_machine_has_pending_is_what_was_asked_for_here() {
    let mut asked = record(Some(TimeDelta::days(80)));
    asked.forced = Some(noon());
    let pending = of_fleet("p1", SightingState::Pending);
    let ours = member(1, "abc123");
    let choice = chosen(&in_turn(), &asked, &ours, std::slice::from_ref(&pending));
    assert_eq!(choice, Choice::Adopt(Box::new(pending)));
}

#[test]
fn what_somebody_else_ordered_may_be_paid_or_uploaded() {
    let any = Policy {
        orders: Orders::Elsewhere {
            look: LOOK,
            any_kind: true,
            proves: false,
        },
        ..policy()
    };
    let paid = Sighting {
        free: false,
        uploaded: true,
        algorithm: None,
        not_after: Some(noon() + TimeDelta::days(300)),
        ..sighting("paid", SightingState::Issued)
    };
    let free = sighting("free", SightingState::Issued);
    let all = [free.clone(), paid.clone()];
    assert_eq!(
        chosen(&any, &record(None), &ours(), &all),
        Choice::Adopt(Box::new(paid.clone()))
    );
    let useless = ["paid".to_owned()];
    let choice = choose(noon(), noon(), &any, &record(None), &ours(), &useless, &all);
    assert_eq!(choice, Choice::Adopt(Box::new(free.clone())));
    // Who orders here takes what could have been ordered here.
    assert_eq!(
        chosen(&policy(), &record(None), &ours(), &all),
        Choice::Adopt(Box::new(free))
    );
    let locked = Sighting {
        downloadable: false,
        ..paid
    };
    assert_eq!(
        chosen(&any, &record(None), &ours(), &[locked]),
        Choice::Apply
    );
}

#[test]
fn an_order_that_is_only_followed_is_nobodys_loss() {
    let mut following = record(None);
    let mut followed = order(pending());
    followed.adopted = true;
    followed.method = Method::File;
    assert!(followed.needs_proof());
    following.order = Some(followed);
    for state in [
        SightingState::Rejected,
        SightingState::Cancelled,
        SightingState::Dead,
    ] {
        let outcome = seen(sighting("new1", state));
        let settled = settle(noon(), &follower(), following.clone(), outcome, 0.5);
        assert_eq!(
            settled.closed.map(|closed| closed.ending),
            Some(Ending::Kept)
        );
        assert_eq!(settled.record.retry, Retry::default());
    }
    // It is looked at at the pace of looking.
    let outcome = seen(sighting("new1", SightingState::Pending));
    let settled = settle(noon(), &follower(), following.clone(), outcome, 0.5);
    assert_eq!(settled.record.retry.not_before, Some(noon() + LOOK));
    let late = Sighting {
        deadline: Some(noon() - TimeDelta::days(2)),
        ..sighting("new1", SightingState::Pending)
    };
    assert!(
        !overdue(noon(), &following, &late),
        "it is not this machine's to cancel"
    );
    // Issued, it is fetched as any other.
    let outcome = seen(sighting("new1", SightingState::Issued));
    let settled = settle(noon(), &follower(), following, outcome, 0.5);
    assert_eq!(plan(noon(), &follower(), &settled.record, &[]), Step::Fetch);
}

#[test]
fn in_turns_an_application_is_looked_for_longer_than_its_signature_is_accepted() {
    let hurried = Policy {
        poll: TimeDelta::seconds(1),
        ..in_turn()
    };
    assert_eq!(hurried.patience(), TimeDelta::minutes(6));
    let alone = Policy {
        orders: Orders::Here,
        ..hurried
    };
    assert_eq!(alone.patience(), TimeDelta::seconds(20));
}

#[test]
fn what_is_let_go_is_chosen_anew_and_what_failed_stays_true_while_it_is_due() {
    let following = |left| {
        let mut following = record(left);
        let mut followed = order(pending());
        followed.adopted = true;
        following.order = Some(followed);
        following.retry.failures = 3;
        following.retry.last = Some(failure(Class::Transient));
        following.retry.not_before = Some(noon() + LOOK);
        following
    };
    let let_go = |left| settle(noon(), &follower(), following(left), Outcome::LetGo, 0.5);
    let due = let_go(None);
    assert_eq!(due.closed.map(|closed| closed.ending), Some(Ending::Kept));
    assert_eq!(due.record.retry.failures, 3);
    assert_eq!(
        plan(noon(), &follower(), &due.record, &[]),
        Step::Seek { why: Due::First }
    );
    assert_eq!(
        let_go(Some(TimeDelta::days(80))).record.retry,
        Retry::default()
    );
}

#[test]
fn nothing_is_ordered_beside_what_may_be_another_machine_s() {
    let ours = member(1, "abc123");
    let endless = Sighting {
        not_after: None,
        ..of_fleet("i1", SightingState::Issued)
    };
    let obscure = |state| Sighting {
        free: false,
        obscure: true,
        ..sighting("x1", state)
    };
    for unclear in [
        endless,
        obscure(SightingState::Issued),
        obscure(SightingState::Pending),
    ] {
        let all = [unclear.clone()];
        let choice = chosen(&in_turn(), &record(None), &ours, &all);
        assert_eq!(choice, Choice::Unclear(Box::new(unclear)));
        // A machine that is in no fleet knows its own orders by its record.
        let alone = chosen(&policy(), &record(None), &Ours::alone("abc123"), &all);
        assert_eq!(alone, Choice::Apply);
    }
    // What is over hides nothing, nor does what ends sooner than what is installed, nor what is installed.
    let held = record(Some(TimeDelta::days(20)));
    let old = Sighting {
        not_after: Some(noon() + TimeDelta::days(10)),
        ..obscure(SightingState::Issued)
    };
    let installed = Sighting {
        certificate_id: "old1".to_owned(),
        ..obscure(SightingState::Issued)
    };
    for clear in [obscure(SightingState::Cancelled), old, installed] {
        let choice = chosen(&in_turn(), &held, &ours, &[clear]);
        assert_eq!(choice, Choice::Apply);
    }
}
