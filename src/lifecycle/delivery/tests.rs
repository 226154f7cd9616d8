//! The rows' table: what follows from what.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

const PACE: Pace = Pace {
    retry: TimeDelta::seconds(10),
    look: TimeDelta::seconds(2),
    patience: TimeDelta::seconds(10),
};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn wanted() -> Wanted {
    Wanted {
        fingerprint: "new".to_owned(),
        not_after: start() + TimeDelta::days(90),
    }
}

fn row(kind: Kind) -> Delivery {
    let mut row = Delivery::new(kind.name(), kind, kind.name());
    row.next_at = Some(start());
    row
}

/// A target and a check; both had the old certificate, which has that many days left.
fn renewed(days_left: i64) -> Vec<Delivery> {
    let mut rows = vec![row(Kind::Install), row(Kind::Verify)];
    for row in &mut rows {
        row.delivered = Some("old".to_owned());
        row.delivered_not_after = Some(start() + TimeDelta::days(days_left));
    }
    rows
}

fn does(now: DateTime<Utc>, rows: &mut [Delivery], wants: Step, outcome: Outcome) -> Said {
    let wanted = wanted();
    let (place, step) = next(now, rows, &wanted).unwrap();
    assert_eq!(step, wants);
    let moment = Moment {
        now,
        pace: &PACE,
        wanted: &wanted,
        dice: 0.5,
    };
    settle(moment, rows, place, step, outcome)
}

fn deliver(now: DateTime<Utc>, rows: &mut [Delivery]) {
    for step in [Step::Save, Step::Write, Step::Check] {
        assert_eq!(does(now, rows, step, Outcome::Done), Said::Nothing);
    }
    assert_eq!(
        does(now, rows, Step::Reload, Outcome::Done),
        Said::Delivered
    );
}

fn wrong(not_after: DateTime<Utc>) -> Outcome {
    Outcome::Wrong {
        seen: "other".to_owned(),
        not_after: Some(not_after),
        reason: "another one".to_owned(),
    }
}

#[test]
fn a_target_is_saved_written_checked_reloaded_then_looked_at() {
    let mut rows = renewed(30);
    deliver(start(), &mut rows);
    assert!(!all_done(&rows, &wanted()));
    assert_eq!(
        does(start(), &mut rows, Step::Look, Outcome::Done),
        Said::Delivered
    );
    assert!(all_done(&rows, &wanted()));
    assert_eq!(next(start() + TimeDelta::days(9), &rows, &wanted()), None);
}

#[test]
fn the_check_waits_for_a_target_that_fails_and_not_for_ever() {
    let mut rows = renewed(30);
    does(start(), &mut rows, Step::Save, Outcome::Done);
    does(start(), &mut rows, Step::Write, Outcome::Done);
    does(
        start(),
        &mut rows,
        Step::Check,
        Outcome::Failed("no".to_owned()),
    );
    assert_eq!(
        does(start(), &mut rows, Step::Restore, Outcome::Done),
        Said::RolledBack
    );
    assert_eq!(next(start(), &rows, &wanted()), None);
    assert_eq!(rows[1].next_at, None);
    let later = rows[0].next_at.unwrap();
    assert!(later > start() && later <= start() + PACE.retry);
    deliver(later, &mut rows);
    assert_eq!(rows[1].next_at, Some(later));
}

#[test]
fn a_failed_reload_reloads_what_was_put_back() {
    let mut rows = vec![row(Kind::Install)];
    for step in [Step::Save, Step::Write, Step::Check] {
        does(start(), &mut rows, step, Outcome::Done);
    }
    does(
        start(),
        &mut rows,
        Step::Reload,
        Outcome::Failed("no".to_owned()),
    );
    does(start(), &mut rows, Step::Restore, Outcome::Done);
    let said = does(
        start(),
        &mut rows,
        Step::ReloadOld,
        Outcome::Failed("neither".to_owned()),
    );
    assert_eq!(said, Said::RolledBack);
    assert!(rows[0].last_error.as_deref().unwrap().contains("neither"));
}

#[test]
fn a_wrong_certificate_counts_after_patience_and_goes_back_only_to_one_worth_it() {
    for (days_left, said) in [(30, Said::RollsBack), (0, Said::Failed)] {
        let mut rows = renewed(days_left);
        deliver(start(), &mut rows);
        let end = start() + TimeDelta::days(20);
        assert_eq!(
            does(start(), &mut rows, Step::Look, wrong(end)),
            Said::Nothing
        );
        let mut now = start();
        while now < start() + PACE.patience {
            now = rows[1].next_at.unwrap();
            let last = does(now, &mut rows, Step::Look, wrong(end));
            assert_eq!(
                last,
                if now < start() + PACE.patience {
                    Said::Nothing
                } else {
                    said
                }
            );
        }
        let back = said == Said::RollsBack;
        assert_eq!(rows[0].stage == Stage::UndoingAll, back);
    }
}

#[test]
fn unreachable_goes_back_to_nothing() {
    let mut rows = renewed(30);
    deliver(start(), &mut rows);
    let outcome = Outcome::Unreachable("no route".to_owned());
    assert_eq!(does(start(), &mut rows, Step::Look, outcome), Said::Failed);
    assert_eq!(rows[0].stage, Stage::Idle);
    assert_eq!(rows[0].delivered.as_deref(), Some("new"));
}

#[test]
fn drift_delivers_again_once_and_never_over_a_newer_one() {
    let served = |not_after| {
        let mut rows = renewed(30);
        deliver(start(), &mut rows);
        does(start(), &mut rows, Step::Look, Outcome::Done);
        rows[1].next_at = Some(start());
        does(start(), &mut rows, Step::Look, wrong(not_after));
        let now = start() + PACE.patience;
        let said = does(now, &mut rows, Step::Look, wrong(not_after));
        (said, rows)
    };
    let (said, mut rows) = served(start() + TimeDelta::days(20));
    assert_eq!(said, Said::Drift);
    let now = start() + PACE.patience;
    deliver(now, &mut rows);
    // Still wrong: an alarm, and no going back, since there is nothing that was ever served before.
    let now = rows[1].next_at.unwrap().max(now);
    does(
        now,
        &mut rows,
        Step::Look,
        wrong(start() + TimeDelta::days(20)),
    );
    let said = does(
        now + PACE.patience,
        &mut rows,
        Step::Look,
        wrong(start() + TimeDelta::days(20)),
    );
    assert_eq!(said, Said::Failed);
    let (said, rows) = served(start() + TimeDelta::days(120));
    assert_eq!(said, Said::Foreign);
    assert_eq!(rows[0].delivered.as_deref(), Some("new"));
}

#[test]
fn a_newer_certificate_in_mid_work_is_written_over_and_what_was_saved_stays_saved() {
    let mut rows = vec![row(Kind::Install)];
    does(start(), &mut rows, Step::Save, Outcome::Done);
    does(start(), &mut rows, Step::Write, Outcome::Done);
    let newer = Wanted {
        fingerprint: "newer".to_owned(),
        ..wanted()
    };
    assert_eq!(next(start(), &rows, &newer), Some((0, Step::Write)));
}

#[test]
fn pauses_grow_up_to_an_hour() {
    let mut rows = vec![row(Kind::Deploy)];
    let (mut now, mut longest) = (start(), TimeDelta::zero());
    for _ in 0..30 {
        does(now, &mut rows, Step::Run, Outcome::Failed("no".to_owned()));
        let again = rows[0].next_at.unwrap();
        longest = longest.max(again - now);
        now = again;
    }
    assert!(
        longest > TimeDelta::minutes(30) && longest <= TimeDelta::hours(1),
        "{longest}"
    );
}

proptest! {
    /// Whatever comes out of the steps, there is always a time at which something is tried again, and once everything
    /// works, everything gets done.
    #[test]
    fn no_state_is_without_a_way_out(outcomes in proptest::collection::vec(0_u8..6, 0..60)) {
        let wanted = wanted();
        let mut rows = renewed(30);
        rows.push(row(Kind::Deploy));
        let mut now = start();
        let mut go = |rows: &mut Vec<Delivery>, outcome: u8| -> bool {
            let Some((place, step)) = next(now, rows, &wanted) else {
                let Some(at) = rows.iter().filter_map(|row| row.next_at).min() else {
                    return false;
                };
                now = now.max(at);
                return true;
            };
            let outcome = match (rows[place].kind, outcome) {
                (_, 0) => Outcome::Failed("x".to_owned()),
                (Kind::Verify, 1) => Outcome::Unreachable("x".to_owned()),
                (Kind::Verify, 2) => wrong(start() + TimeDelta::days(9)),
                (Kind::Verify, 3) => wrong(start() + TimeDelta::days(900)),
                (Kind::Install, 2) if matches!(step, Step::Save) => {
                    Outcome::Foreign { seen: "x".to_owned(), reason: "x".to_owned() }
                }
                _ => Outcome::Done,
            };
            let moment = Moment { now, pace: &PACE, wanted: &wanted, dice: 0.5 };
            settle(moment, rows, place, step, outcome);
            true
        };
        for outcome in outcomes {
            go(&mut rows, outcome);
        }
        for _ in 0..200 {
            if !go(&mut rows, 5) {
                break;
            }
        }
        prop_assert!(all_done(&rows, &wanted), "{rows:?}");
    }
}

fn moved(count: u64) -> Outcome {
    Outcome::Moved {
        count,
        from: Some("old-id".to_owned()),
        foreign: None,
        left: None,
    }
}

fn task(holds_balancer: bool) -> Task {
    Task {
        text: "work".to_owned(),
        holds_balancer,
        failures: 0,
        error: None,
    }
}

/// A cloud target and a check; both had the old certificate.
fn renewed_in_the_cloud() -> Vec<Delivery> {
    let mut rows = renewed(30);
    rows[0].kind = Kind::Cloud;
    rows
}

#[test]
fn a_cloud_target_is_moved_and_only_then_looked_at() {
    let mut rows = renewed_in_the_cloud();
    let working = Outcome::Working {
        task: task(true),
        pause: TimeDelta::seconds(5),
    };
    assert_eq!(does(start(), &mut rows, Step::Move, working), Said::Nothing);
    assert_eq!(
        (rows[0].stage, rows[0].cloud.holds_balancer),
        (Stage::Moving, true)
    );
    assert_eq!(next(start(), &rows, &wanted()), None);
    let later = start() + TimeDelta::seconds(5);
    assert_eq!(
        does(later, &mut rows, Step::Move, moved(2)),
        Said::Delivered
    );
    assert!(!rows[0].cloud.holds_balancer && rows[0].task.is_none());
    assert_eq!(rows[0].cloud.before.as_deref(), Some("old-id"));
    assert_eq!(
        does(later, &mut rows, Step::Look, Outcome::Done),
        Said::Delivered
    );
    assert!(all_done(&rows, &wanted()));
}

#[test]
fn cloud_resources_go_back_when_another_certificate_is_served_and_it_is_tried_again_later() {
    let mut rows = renewed_in_the_cloud();
    does(start(), &mut rows, Step::Move, moved(1));
    let other = wrong(start() + TimeDelta::days(30));
    does(start(), &mut rows, Step::Look, other.clone());
    let later = start() + PACE.patience;
    assert_eq!(does(later, &mut rows, Step::Look, other), Said::RollsBack);
    let working = Outcome::Working {
        task: task(false),
        pause: TimeDelta::zero(),
    };
    does(later, &mut rows, Step::MoveBack, working);
    assert_eq!(
        does(later, &mut rows, Step::MoveBack, moved(1)),
        Said::RolledBack
    );
    assert_eq!(rows[0].attempts, 1);
    let again = rows[0].next_at.unwrap();
    assert!(again > later);
    assert_eq!(next(again, &rows, &wanted()), Some((0, Step::Move)));
}

#[test]
fn cloud_resources_of_which_nothing_is_known_before_stay_where_they_are() {
    let mut rows = renewed_in_the_cloud();
    let first = Outcome::Moved {
        count: 1,
        from: None,
        foreign: None,
        left: None,
    };
    does(start(), &mut rows, Step::Move, first);
    let other = wrong(start() + TimeDelta::days(30));
    does(start(), &mut rows, Step::Look, other.clone());
    let later = start() + PACE.patience;
    assert_eq!(does(later, &mut rows, Step::Look, other), Said::Failed);
    assert_eq!(rows[0].stage, Stage::Idle);
}

#[test]
fn a_look_at_the_cloud_says_what_became_fewer_and_brings_back_what_went_to_an_older_one() {
    let mut rows = renewed_in_the_cloud();
    does(start(), &mut rows, Step::Move, moved(3));
    let look = |rows: &mut [Delivery], outcome| {
        rows[0].next_at = Some(start());
        does(start(), rows, Step::Inspect, outcome)
    };
    assert_eq!(look(&mut rows, moved(3)), Said::Nothing);
    assert_eq!(look(&mut rows, moved(2)), Said::Fewer);
    assert_eq!(look(&mut rows, moved(2)), Said::Nothing);
    let left = || Outcome::Moved {
        count: 2,
        from: None,
        foreign: None,
        left: Some("one is left".to_owned()),
    };
    assert_eq!(look(&mut rows, left()), Said::Left);
    assert_eq!(rows[0].last_error.as_deref(), Some("one is left"));
    assert_eq!(rows[0].state(Some(&wanted())), "done");
    let hosted = Outcome::Hosted {
        reason: "hosted".to_owned(),
    };
    assert_eq!(look(&mut rows.clone(), hosted), Said::Hosted);
    let older = Outcome::Wrong {
        seen: "old".to_owned(),
        not_after: None,
        reason: "it is at the old one".to_owned(),
    };
    assert_eq!(look(&mut rows, older), Said::Drift);
    assert_eq!(next(start(), &rows, &wanted()), Some((0, Step::Move)));
}

#[test]
fn a_refusal_keeps_the_work_and_waits_as_long_as_that_says() {
    let refused = |pause| {
        let mut rows = renewed_in_the_cloud();
        let outcome = Outcome::Broken {
            task: Task {
                failures: 2,
                ..task(true)
            },
            failure: refusal(),
            pause,
        };
        assert_eq!(does(start(), &mut rows, Step::Move, outcome), Said::Failed);
        assert_eq!(rows[0].task.as_deref(), Some("work"));
        assert!(rows[0].cloud.holds_balancer);
        assert_eq!(
            (rows[0].attempts, rows[0].last_error.as_deref()),
            (2, Some("no"))
        );
        rows[0].next_at.unwrap() - start()
    };
    assert_eq!(refused(TimeDelta::zero()), TimeDelta::zero());
    assert_eq!(refused(TimeDelta::hours(1)), TimeDelta::hours(1));
}

fn refusal() -> crate::lifecycle::Failure {
    crate::lifecycle::Failure {
        class: crate::lifecycle::Class::Transient,
        code: None,
        message: "no".to_owned(),
        request_id: None,
    }
}

#[test]
fn what_fails_is_shown_while_the_rest_goes_on_and_no_longer() {
    let mut rows = renewed_in_the_cloud();
    let working = |failures, error: Option<&str>| Outcome::Working {
        task: Task {
            failures,
            error: error.map(str::to_owned),
            ..task(false)
        },
        pause: TimeDelta::zero(),
    };
    does(start(), &mut rows, Step::Move, working(3, Some("busy")));
    assert_eq!(rows[0].state(Some(&wanted())), "failing");
    does(start(), &mut rows, Step::Move, working(0, None));
    assert_eq!(rows[0].state(Some(&wanted())), "moving");
    assert_eq!(rows[0].last_error, None);
}

#[test]
fn a_way_back_that_can_t_be_had_ends_and_the_new_one_is_looked_for() {
    let mut rows = renewed_in_the_cloud();
    does(start(), &mut rows, Step::Move, moved(1));
    let other = wrong(start() + TimeDelta::days(30));
    does(start(), &mut rows, Step::Look, other.clone());
    let later = start() + PACE.patience;
    assert_eq!(does(later, &mut rows, Step::Look, other), Said::RollsBack);
    let gone = Outcome::NoWayBack {
        reason: "it was deleted".to_owned(),
    };
    assert_eq!(does(later, &mut rows, Step::MoveBack, gone), Said::Failed);
    assert!(rows[0].last_error.as_deref().unwrap().contains("deleted"));
    assert_eq!(
        does(later, &mut rows, Step::Move, moved(1)),
        Said::Delivered
    );
    assert_eq!(
        does(later, &mut rows, Step::Look, Outcome::Done),
        Said::Delivered
    );
    assert!(all_done(&rows, &wanted()));
}

#[test]
fn one_certificate_goes_back_once_and_is_given_longer_afterwards() {
    let mut rows = renewed_in_the_cloud();
    let other = || wrong(start() + TimeDelta::days(30));
    let mut now = start();
    let mut back = 0;
    for _ in 0..5 {
        does(now, &mut rows, Step::Move, moved(1));
        let began = now;
        let said = loop {
            match does(now, &mut rows, Step::Look, other()) {
                Said::Nothing => now = rows[1].next_at.unwrap(),
                said => break said,
            }
        };
        match said {
            Said::RollsBack => {
                back += 1;
                assert_eq!(now - began, PACE.patience);
                does(now, &mut rows, Step::MoveBack, moved(1));
                now = rows[0].next_at.unwrap();
            }
            said => {
                assert_eq!(said, Said::Failed);
                assert!(now - began > PACE.patience * 3, "{}", now - began);
                break;
            }
        }
    }
    assert_eq!(back, 1);
    // It stays, is looked at again, and once it is served that is seen.
    assert_eq!(rows[0].stage, Stage::Idle);
    assert!(
        rows[1]
            .last_error
            .as_deref()
            .unwrap()
            .contains("they keep it")
    );
    let now = rows[1].next_at.unwrap();
    assert_eq!(
        does(now, &mut rows, Step::Look, Outcome::Done),
        Said::Delivered
    );
    assert!(all_done(&rows, &wanted()));
    // It is about this certificate alone.
    assert_eq!(rows[1].went_back.as_deref(), Some("new"));
}

#[test]
fn edges_are_given_a_quarter_of_an_hour_and_load_balancers_seconds() {
    let poll = TimeDelta::seconds(30);
    let patience = |edges, said| Pace::from_poll(poll, said, edges).patience;
    assert_eq!(patience(false, None), TimeDelta::minutes(1));
    assert!(patience(true, None) >= TimeDelta::minutes(15));
    let said = Some(TimeDelta::seconds(5));
    assert_eq!(patience(true, said), TimeDelta::seconds(5));
    // Edges are no faster because we look more often.
    let fast = Pace::from_poll(TimeDelta::seconds(1), None, true);
    assert!(fast.patience >= TimeDelta::minutes(15));
}

#[test]
fn a_clock_that_was_put_back_neither_delays_a_delivery_nor_makes_patience_endless() {
    let mut rows = renewed(60);
    deliver(start(), &mut rows);
    let mut now = start() + TimeDelta::seconds(1);
    let wrong = || Outcome::Wrong {
        seen: "old".to_owned(),
        not_after: None,
        reason: "an old one is served".to_owned(),
    };
    assert_eq!(does(now, &mut rows, Step::Look, wrong()), Said::Nothing);

    now -= TimeDelta::days(50);
    assert_eq!(next(now, &rows, &wanted()), None, "as it was written down");
    mend_times(now, &mut rows);
    assert_eq!(does(now, &mut rows, Step::Look, wrong()), Said::Nothing);
    now += PACE.patience;
    assert_eq!(does(now, &mut rows, Step::Look, wrong()), Said::RollsBack);
}

#[test]
fn all_copies_are_written_before_one_is_checked_and_all_are_checked_before_a_server_is_told() {
    let mut rows = vec![row(Kind::Install), row(Kind::Install)];
    for step in [
        Step::Save,
        Step::Write,
        Step::Save,
        Step::Write,
        Step::Check,
        Step::Check,
    ] {
        does(start(), &mut rows, step, Outcome::Done);
    }
    let told = does(start(), &mut rows, Step::Reload, Outcome::Done);
    assert_eq!(told, Said::Delivered);
}

#[test]
fn where_nothing_was_there_before_the_files_stay_and_the_server_is_asked_again() {
    let mut rows = vec![row(Kind::Install)];
    does(start(), &mut rows, Step::Save, Outcome::Done);
    does(start(), &mut rows, Step::Write, Outcome::Done);
    let not_yet = || Outcome::NotYet("the other file is missing".to_owned());
    assert_eq!(
        does(start(), &mut rows, Step::Check, not_yet()),
        Said::Failed
    );
    assert_eq!(rows[0].stage, Stage::Checking);
    assert_eq!(next(start(), &rows, &wanted()), None, "not at once");
    let later = start() + TimeDelta::hours(2);
    assert_eq!(does(later, &mut rows, Step::Check, not_yet()), Said::Failed);
    let later = later + TimeDelta::hours(2);
    does(later, &mut rows, Step::Check, Outcome::Done);
    // A server that does not run yet: it is asked anew before it is told again.
    assert_eq!(
        does(later, &mut rows, Step::Reload, not_yet()),
        Said::Failed
    );
    let later = later + TimeDelta::hours(2);
    does(later, &mut rows, Step::Check, Outcome::Done);
    let told = does(later, &mut rows, Step::Reload, Outcome::Done);
    assert_eq!((told, rows[0].attempts), (Said::Delivered, 0));
}
