//! The targets' table: what follows from what.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::lifecycle::cloud::{Attempt, Batch, Goal, Phase, Verdict, Work};

const PACE: DeliveryPace = DeliveryPace {
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

/// Targets of these kinds, each of which is due.
fn due(kinds: &[TargetKind]) -> Deliveries {
    let row = |(place, kind): (usize, &TargetKind)| {
        let mut row = Delivery::new(format!("{place}"), *kind, kind.name());
        row.next_at = Some(start());
        row
    };
    Deliveries {
        domain: "a.example.com".to_owned(),
        wanted: Some(wanted()),
        certificate_id: None,
        rolled_back: false,
        renewal: true,
        announced: false,
        rows: kinds.iter().enumerate().map(row).collect(),
    }
}

/// A target and a check; both had the old certificate, which has that many days left.
fn had_old(kind: TargetKind, days_left: i64) -> Deliveries {
    let mut known = due(&[kind, TargetKind::Verify]);
    for row in &mut known.rows {
        row.delivered = Some(Wanted {
            fingerprint: "old".to_owned(),
            not_after: start() + TimeDelta::days(days_left),
        });
    }
    known
}

fn renewed(days_left: i64) -> Deliveries {
    had_old(TargetKind::Install, days_left)
}

fn install(row: &Delivery) -> &Install {
    match &row.state {
        State::Install(install) => install,
        other => panic!("{other:?}"),
    }
}

fn cloud(row: &Delivery) -> &Cloud {
    match &row.state {
        State::Cloud(cloud) => cloud,
        other => panic!("{other:?}"),
    }
}

fn fingerprint(row: &Delivery) -> Option<&str> {
    let delivered = row.delivered.as_ref();
    delivered.map(|delivered| delivered.fingerprint.as_str())
}

fn settles(
    known: &mut Deliveries,
    place: usize,
    step: DeliveryStep,
    outcome: DeliveryOutcome,
    now: DateTime<Utc>,
) -> DeliverySettled {
    let mark = Mark {
        target: known.rows[place].target.clone(),
        step,
        outcome,
    };
    let moment = DeliveryMoment {
        now,
        pace: PACE,
        random: 0.5,
        shares_cloud: false,
    };
    let wanted = known.wanted.clone();
    settle(known, wanted.as_ref(), mark, moment)
}

fn does(
    now: DateTime<Utc>,
    known: &mut Deliveries,
    wants: DeliveryStep,
    outcome: DeliveryOutcome,
) -> DeliverySettled {
    let (place, step) = next(known, now).unwrap();
    assert_eq!(step, wants);
    settles(known, place, step, outcome, now)
}

fn deliver(now: DateTime<Utc>, known: &mut Deliveries) {
    for step in [DeliveryStep::Save, DeliveryStep::Write, DeliveryStep::Check] {
        assert_eq!(
            does(now, known, step, DeliveryOutcome::Done),
            DeliverySettled::Nothing
        );
    }
    assert_eq!(
        does(now, known, DeliveryStep::Reload, DeliveryOutcome::Done),
        DeliverySettled::Delivered
    );
}

fn wrong(not_after: DateTime<Utc>) -> DeliveryOutcome {
    DeliveryOutcome::Wrong {
        seen: "other".to_owned(),
        not_after: Some(not_after),
        reason: "another one".to_owned(),
    }
}

#[test]
fn a_target_is_saved_written_checked_reloaded_then_looked_at() {
    let mut known = renewed(30);
    deliver(start(), &mut known);
    assert!(!known.all_done());
    assert_eq!(
        does(
            start(),
            &mut known,
            DeliveryStep::Look,
            DeliveryOutcome::Done
        ),
        DeliverySettled::Delivered
    );
    assert!(known.all_done());
    assert_eq!(next(&known, start() + TimeDelta::days(9)), None);
}

#[test]
fn the_check_waits_for_a_target_that_fails_and_not_for_ever() {
    let mut known = renewed(30);
    does(
        start(),
        &mut known,
        DeliveryStep::Save,
        DeliveryOutcome::Done,
    );
    does(
        start(),
        &mut known,
        DeliveryStep::Write,
        DeliveryOutcome::Done,
    );
    does(
        start(),
        &mut known,
        DeliveryStep::Check,
        DeliveryOutcome::Failed("no".to_owned()),
    );
    assert_eq!(
        does(
            start(),
            &mut known,
            DeliveryStep::Restore,
            DeliveryOutcome::Done
        ),
        DeliverySettled::RolledBack
    );
    assert_eq!(next(&known, start()), None);
    assert_eq!(known.rows[1].next_at, None);
    let later = known.rows[0].next_at.unwrap();
    assert!(later > start() && later <= start() + PACE.retry);
    deliver(later, &mut known);
    assert_eq!(known.rows[1].next_at, Some(later));
}

#[test]
fn a_failed_reload_reloads_what_was_put_back() {
    let mut known = due(&[TargetKind::Install]);
    for step in [DeliveryStep::Save, DeliveryStep::Write, DeliveryStep::Check] {
        does(start(), &mut known, step, DeliveryOutcome::Done);
    }
    does(
        start(),
        &mut known,
        DeliveryStep::Reload,
        DeliveryOutcome::Failed("no".to_owned()),
    );
    does(
        start(),
        &mut known,
        DeliveryStep::Restore,
        DeliveryOutcome::Done,
    );
    let said = does(
        start(),
        &mut known,
        DeliveryStep::ReloadOld,
        DeliveryOutcome::Failed("neither".to_owned()),
    );
    assert_eq!(said, DeliverySettled::RolledBack);
    assert!(
        known.rows[0]
            .last_error
            .as_deref()
            .unwrap()
            .contains("neither")
    );
}

#[test]
fn a_wrong_certificate_counts_after_patience_and_goes_back_only_to_one_worth_it() {
    for (days_left, said) in [
        (30, DeliverySettled::RollsBack),
        (0, DeliverySettled::Failed(None)),
    ] {
        let mut known = renewed(days_left);
        deliver(start(), &mut known);
        let end = start() + TimeDelta::days(20);
        assert_eq!(
            does(start(), &mut known, DeliveryStep::Look, wrong(end)),
            DeliverySettled::Nothing
        );
        let mut now = start();
        while now < start() + PACE.patience {
            now = known.rows[1].next_at.unwrap();
            let last = does(now, &mut known, DeliveryStep::Look, wrong(end));
            assert_eq!(
                last,
                if now < start() + PACE.patience {
                    DeliverySettled::Nothing
                } else {
                    said.clone()
                }
            );
        }
        let back = said == DeliverySettled::RollsBack;
        let stage = &install(&known.rows[0]).stage;
        assert_eq!(*stage == InstallStage::UndoingAll, back);
    }
}

#[test]
fn what_is_served_is_looked_at_again_after_each_delivery() {
    let mut known = renewed(30);
    deliver(start(), &mut known);
    does(
        start(),
        &mut known,
        DeliveryStep::Look,
        DeliveryOutcome::Done,
    );
    // Asked for once more; or the files had drifted.
    for is_asked in [true, false] {
        if is_asked {
            for row in &mut known.rows {
                row.trigger(Trigger::Asked, start());
            }
        } else {
            known.rows[0].next_at = Some(start());
            let drifted = DeliveryOutcome::Wrong {
                seen: "other".to_owned(),
                not_after: None,
                reason: "no longer what was written".to_owned(),
            };
            let said = does(start(), &mut known, DeliveryStep::Inspect, drifted);
            assert_eq!(said, DeliverySettled::Drift);
        }
        deliver(start(), &mut known);
        let said = does(
            start(),
            &mut known,
            DeliveryStep::Look,
            DeliveryOutcome::Done,
        );
        assert_eq!(said, DeliverySettled::Nothing);
        assert_eq!(next(&known, start()), None);
    }
}

#[test]
fn files_that_could_not_be_written_are_judged_and_saved_anew_and_nothing_goes_back() {
    let mut known = renewed(30);
    let save = DeliveryStep::Save;
    does(start(), &mut known, save, DeliveryOutcome::Done);
    let said = does(
        start(),
        &mut known,
        DeliveryStep::Write,
        DeliveryOutcome::NotWritten("the disk is full".to_owned()),
    );
    assert_eq!(said, DeliverySettled::Failed(None));
    assert_eq!(
        known.rows[0].last_error.as_deref(),
        Some("the disk is full")
    );
    let later = known.rows[0].next_at.unwrap();
    assert!(later > start());
    assert_eq!(next(&known, later), Some((0, DeliveryStep::Save)));
}

#[test]
fn why_files_go_back_stays_said_however_often_that_fails() {
    let mut known = due(&[TargetKind::Install]);
    for step in [DeliveryStep::Save, DeliveryStep::Write] {
        does(start(), &mut known, step, DeliveryOutcome::Done);
    }
    let check = DeliveryOutcome::Failed("the config is broken".to_owned());
    does(start(), &mut known, DeliveryStep::Check, check);
    let mut now = start();
    for _ in 0..3 {
        let failed = DeliveryOutcome::Failed("no room".to_owned());
        does(now, &mut known, DeliveryStep::Restore, failed);
        assert_eq!(
            known.rows[0].last_error.as_deref(),
            Some("the config is broken; the files can't be put back: no room")
        );
        now = known.rows[0].next_at.unwrap();
    }
}

#[test]
fn which_command_said_no_is_known_without_reading_what_it_said() {
    let failed = |step, outcome: fn(String) -> DeliveryOutcome| {
        let mut known = due(&[TargetKind::Install]);
        for before in [
            DeliveryStep::Save,
            DeliveryStep::Write,
            DeliveryStep::Check,
            DeliveryStep::Reload,
        ] {
            if before == step {
                does(
                    start(),
                    &mut known,
                    step,
                    outcome("reload: check: no".to_owned()),
                );
                break;
            }
            does(start(), &mut known, before, DeliveryOutcome::Done);
        }
        known
    };
    for (step, outcome, refused) in [
        (
            DeliveryStep::Write,
            DeliveryOutcome::Failed as fn(_) -> _,
            None,
        ),
        (
            DeliveryStep::Check,
            DeliveryOutcome::Failed,
            Some(ServerCommand::Check),
        ),
        (
            DeliveryStep::Check,
            DeliveryOutcome::NotYet,
            Some(ServerCommand::Check),
        ),
        (
            DeliveryStep::Reload,
            DeliveryOutcome::Failed,
            Some(ServerCommand::Reload),
        ),
    ] {
        let mut known = failed(step, outcome);
        assert_eq!(install(&known.rows[0]).refused, refused, "{step:?}");
        if !install(&known.rows[0]).stage.goes_back() {
            continue;
        }
        // Neither trouble with the way back nor its end changes that.
        let stuck = DeliveryOutcome::Failed("no room".to_owned());
        does(start(), &mut known, DeliveryStep::Restore, stuck);
        let later = known.rows[0].next_at.unwrap();
        does(
            later,
            &mut known,
            DeliveryStep::Restore,
            DeliveryOutcome::Done,
        );
        assert_eq!(install(&known.rows[0]).refused, refused, "{step:?}");
    }
}

#[test]
fn once_the_files_are_back_nobody_is_told_that_they_can_t_be_put_back() {
    let mut known = due(&[TargetKind::Install]);
    for step in [DeliveryStep::Save, DeliveryStep::Write] {
        does(start(), &mut known, step, DeliveryOutcome::Done);
    }
    let failed = |what: &str| DeliveryOutcome::Failed(what.to_owned());
    does(
        start(),
        &mut known,
        DeliveryStep::Check,
        failed("the config is broken"),
    );
    does(
        start(),
        &mut known,
        DeliveryStep::Restore,
        failed("no room"),
    );
    let later = known.rows[0].next_at.unwrap();
    does(
        later,
        &mut known,
        DeliveryStep::Restore,
        DeliveryOutcome::Done,
    );
    let said = known.rows[0].last_error.as_deref();
    assert_eq!(said, Some("the config is broken"));
}

#[test]
fn a_way_back_that_an_earlier_version_began_is_read_and_keeps_its_reason() {
    let old = r#"{"install":{"stage":"Undoing","forced":false}}"#;
    let mut known = due(&[TargetKind::Install]);
    known.rows[0].state = serde_json::from_str(old).unwrap();
    known.rows[0].last_error = Some("check: the config is broken".to_owned());
    let mut now = start();
    for _ in 0..3 {
        let failed = DeliveryOutcome::Failed("no room".to_owned());
        does(now, &mut known, DeliveryStep::Restore, failed);
        assert_eq!(
            known.rows[0].last_error.as_deref(),
            Some("check: the config is broken; the files can't be put back: no room")
        );
        now = known.rows[0].next_at.unwrap();
    }
}

#[test]
fn a_move_that_finds_none_of_the_resources_that_there_were_says_so() {
    for (before, said) in [
        (None, DeliverySettled::Delivered),
        (Some(0), DeliverySettled::Delivered),
        (Some(3), DeliverySettled::Fewer),
    ] {
        let mut known = due(&[TargetKind::Cloud]);
        let State::Cloud(cloud) = &mut known.rows[0].state else {
            panic!("{known:?}");
        };
        cloud.bound = before;
        let verdict = Verdict::Done {
            bound: 0,
            from: None,
            foreign: None,
            beside: None,
        };
        let outcome = DeliveryOutcome::Cloud(Box::new(verdict));
        assert_eq!(does(start(), &mut known, DeliveryStep::Move, outcome), said);
        assert!(known.all_done());
    }
}

#[test]
fn unreachable_goes_back_to_nothing() {
    let mut known = renewed(30);
    deliver(start(), &mut known);
    let outcome = DeliveryOutcome::Failed("no route".to_owned());
    assert_eq!(
        does(start(), &mut known, DeliveryStep::Look, outcome),
        DeliverySettled::Failed(None)
    );
    assert_eq!(install(&known.rows[0]).stage, InstallStage::Idle);
    assert_eq!(fingerprint(&known.rows[0]), Some("new"));
}

#[test]
fn drift_delivers_again_once_and_never_over_a_newer_one() {
    let served = |not_after| {
        let mut known = renewed(30);
        deliver(start(), &mut known);
        does(
            start(),
            &mut known,
            DeliveryStep::Look,
            DeliveryOutcome::Done,
        );
        known.rows[1].next_at = Some(start());
        does(start(), &mut known, DeliveryStep::Look, wrong(not_after));
        let now = start() + PACE.patience;
        let said = does(now, &mut known, DeliveryStep::Look, wrong(not_after));
        (said, known)
    };
    let (said, mut known) = served(start() + TimeDelta::days(20));
    assert_eq!(said, DeliverySettled::Drift);
    let now = start() + PACE.patience;
    deliver(now, &mut known);
    // Still wrong: an alarm, and no going back, since there is nothing that was ever served before.
    let now = known.rows[1].next_at.unwrap().max(now);
    does(
        now,
        &mut known,
        DeliveryStep::Look,
        wrong(start() + TimeDelta::days(20)),
    );
    let said = does(
        now + PACE.patience,
        &mut known,
        DeliveryStep::Look,
        wrong(start() + TimeDelta::days(20)),
    );
    assert_eq!(said, DeliverySettled::Failed(None));
    let (said, known) = served(start() + TimeDelta::days(120));
    assert_eq!(said, DeliverySettled::Foreign);
    assert_eq!(fingerprint(&known.rows[0]), Some("new"));
}

#[test]
fn a_newer_certificate_in_mid_work_is_written_over_and_what_was_saved_stays_saved() {
    let mut known = due(&[TargetKind::Install]);
    does(
        start(),
        &mut known,
        DeliveryStep::Save,
        DeliveryOutcome::Done,
    );
    does(
        start(),
        &mut known,
        DeliveryStep::Write,
        DeliveryOutcome::Done,
    );
    let newer = Wanted {
        fingerprint: "newer".to_owned(),
        ..wanted()
    };
    known.wanted = Some(newer);
    assert_eq!(next(&known, start()), Some((0, DeliveryStep::Write)));
}

#[test]
fn pauses_grow_up_to_an_hour() {
    let mut known = due(&[TargetKind::Deploy]);
    let (mut now, mut longest) = (start(), TimeDelta::zero());
    for _ in 0..30 {
        does(
            now,
            &mut known,
            DeliveryStep::Run,
            DeliveryOutcome::Failed("no".to_owned()),
        );
        let again = known.rows[0].next_at.unwrap();
        longest = longest.max(again - now);
        now = again;
    }
    assert!(
        longest > TimeDelta::minutes(30) && longest <= TimeDelta::hours(1),
        "{longest}"
    );
}

#[test]
fn a_task_for_balancers_keeps_others_waiting_only_as_long_as_it_can_last() {
    let (now, patience) = (start(), TimeDelta::minutes(10));
    let second = TimeDelta::seconds(1);
    let began = |since| Balancer {
        account: "default".to_owned(),
        since,
    };
    for (since, blocks) in [
        (now, true),
        (now - patience + second, true),
        (now - patience, false),
        // A clock that was put back since.
        (now + patience, false),
    ] {
        assert_eq!(began(since).blocks("default", now, patience), blocks);
    }
    assert!(!began(now).blocks("another", now, patience));
}

proptest! {
    /// Whatever comes out of the steps, there is always a time at which something is tried again, and once everything
    /// works, everything gets done.
    #[test]
    fn no_state_is_without_a_way_out(outcomes in proptest::collection::vec(0_u8..6, 0..60)) {
        let mut known = renewed(30);
        known.rows.extend(due(&[TargetKind::Deploy]).rows);
        known.rows[2].target = "hook".to_owned();
        let mut now = start();
        let mut go = |known: &mut Deliveries, outcome: u8| -> bool {
            let Some((place, step)) = next(known, now) else {
                let Some(at) = known.rows.iter().filter_map(|row| row.next_at).min() else {
                    return false;
                };
                now = now.max(at);
                return true;
            };
            let outcome = match (known.rows[place].kind(), outcome) {
                (_, 0) => DeliveryOutcome::Failed("x".to_owned()),
                (TargetKind::Verify, 1) => DeliveryOutcome::Failed("x".to_owned()),
                (TargetKind::Verify, 2) => wrong(start() + TimeDelta::days(9)),
                (TargetKind::Verify, 3) => wrong(start() + TimeDelta::days(900)),
                (TargetKind::Install, 2) if matches!(step, DeliveryStep::Save) => {
                    DeliveryOutcome::Foreign { seen: "x".to_owned(), reason: "x".to_owned() }
                }
                _ => DeliveryOutcome::Done,
            };
            settles(known, place, step, outcome, now);
            true
        };
        for outcome in outcomes {
            go(&mut known, outcome);
        }
        for _ in 0..200 {
            if !go(&mut known, 5) {
                break;
            }
        }
        prop_assert!(known.all_done(), "{known:?}");
    }
}

/// What the cloud's work came to.
fn says(verdict: Verdict) -> DeliveryOutcome {
    DeliveryOutcome::Cloud(Box::new(verdict))
}

fn moved(count: u64) -> DeliveryOutcome {
    moved_from(count, Some("old-id"))
}

fn moved_from(count: u64, from: Option<&str>) -> DeliveryOutcome {
    says(Verdict::Done {
        bound: count,
        from: from.map(str::to_owned),
        foreign: None,
        beside: None,
    })
}

/// Work that failed so many times, for this reason.
fn work(failures: u32, error: Option<&str>) -> Work {
    let mut work = Work::new(Goal::Move, "new-id", start());
    work.look.failures = failures;
    work.look.error = error.map(str::to_owned);
    work
}

/// Work of which a task for load balancers may be under way.
fn balancing(failures: u32) -> Work {
    let batch = Batch::Deploy {
        kind: "clb".to_owned(),
        instances: Vec::new(),
        region: None,
    };
    let mut work = work(failures, None);
    work.attempts.push(Attempt {
        phase: Phase::Sent,
        ..Attempt::new(batch, start())
    });
    work
}

fn goes_on(work: Work, pause: TimeDelta) -> DeliveryOutcome {
    says(Verdict::On(work, pause))
}

/// Writes work down, as it is before a call.
fn note(known: &mut Deliveries, work: &Work) {
    let State::Cloud(cloud) = &mut known.rows[0].state else {
        panic!("{known:?}");
    };
    assert!(cloud.note(work, "default", &[], start(), TimeDelta::hours(1)));
}

/// A cloud target and a check; both had the old certificate.
fn renewed_in_the_cloud() -> Deliveries {
    had_old(TargetKind::Cloud, 30)
}

#[test]
fn a_cloud_target_is_moved_and_only_then_looked_at() {
    let mut known = renewed_in_the_cloud();
    note(&mut known, &balancing(0));
    let working = goes_on(balancing(0), TimeDelta::seconds(5));
    assert_eq!(
        does(start(), &mut known, DeliveryStep::Move, working),
        DeliverySettled::Nothing
    );
    assert_eq!(
        (
            cloud(&known.rows[0]).stage,
            cloud(&known.rows[0]).balancer.is_some()
        ),
        (CloudStage::Moving, true)
    );
    assert_eq!(next(&known, start()), None);
    let later = start() + TimeDelta::seconds(5);
    assert_eq!(
        does(later, &mut known, DeliveryStep::Move, moved(2)),
        DeliverySettled::Delivered
    );
    let now = cloud(&known.rows[0]);
    assert!(now.balancer.is_none() && now.work.is_none());
    assert_eq!(now.before.as_deref(), Some("old-id"));
    assert_eq!(
        does(later, &mut known, DeliveryStep::Look, DeliveryOutcome::Done),
        DeliverySettled::Delivered
    );
    assert!(known.all_done());
}

#[test]
fn cloud_resources_go_back_when_another_certificate_is_served_and_it_is_tried_again_later() {
    let mut known = renewed_in_the_cloud();
    does(start(), &mut known, DeliveryStep::Move, moved(1));
    let other = wrong(start() + TimeDelta::days(30));
    does(start(), &mut known, DeliveryStep::Look, other.clone());
    let later = start() + PACE.patience;
    assert_eq!(
        does(later, &mut known, DeliveryStep::Look, other),
        DeliverySettled::RollsBack
    );
    let working = goes_on(work(0, None), TimeDelta::zero());
    does(later, &mut known, DeliveryStep::MoveBack, working);
    assert_eq!(
        does(later, &mut known, DeliveryStep::MoveBack, moved(1)),
        DeliverySettled::RolledBack
    );
    assert_eq!(known.rows[0].attempts, 1);
    let again = known.rows[0].next_at.unwrap();
    assert!(again > later);
    assert_eq!(next(&known, again), Some((0, DeliveryStep::Move)));
}

#[test]
fn cloud_resources_of_which_nothing_is_known_before_stay_where_they_are() {
    let mut known = renewed_in_the_cloud();
    does(start(), &mut known, DeliveryStep::Move, moved_from(1, None));
    let other = wrong(start() + TimeDelta::days(30));
    does(start(), &mut known, DeliveryStep::Look, other.clone());
    let later = start() + PACE.patience;
    assert_eq!(
        does(later, &mut known, DeliveryStep::Look, other),
        DeliverySettled::Failed(None)
    );
    assert_eq!(cloud(&known.rows[0]).stage, CloudStage::Idle);
}

#[test]
fn what_machines_share_does_not_go_back_for_what_one_of_them_serves() {
    let mut known = due(&[TargetKind::Install, TargetKind::Cloud, TargetKind::Verify]);
    let (copy, shared, verify) = (0, 1, 2);
    for place in [copy, shared] {
        known.rows[place].delivered = Some(wanted());
    }
    known.rows[verify].delivered = Some(Wanted {
        fingerprint: "old".to_owned(),
        not_after: start() + TimeDelta::days(30),
    });
    let State::Cloud(resources) = &mut known.rows[shared].state else {
        panic!("it is no cloud target");
    };
    resources.before = Some("old-id".to_owned());
    let look = |known: &mut Deliveries, now| {
        let mark = Mark {
            target: known.rows[verify].target.clone(),
            step: DeliveryStep::Look,
            outcome: DeliveryOutcome::Wrong {
                seen: "old".to_owned(),
                not_after: None,
                reason: "an old one is served here".to_owned(),
            },
        };
        let moment = DeliveryMoment {
            now,
            pace: PACE,
            random: 0.5,
            shares_cloud: true,
        };
        settle(known, Some(&wanted()), mark, moment)
    };
    look(&mut known, start());
    let said = look(&mut known, start() + PACE.patience);
    assert_eq!(said, DeliverySettled::RollsBack);
    assert_eq!(install(&known.rows[copy]).stage, InstallStage::UndoingAll);
    assert_eq!(cloud(&known.rows[shared]).stage, CloudStage::Idle);
}

#[test]
fn what_another_machine_serves_is_told_after_patience_and_takes_nothing_back() {
    let mut known = renewed(30);
    deliver(start(), &mut known);
    let elsewhere = || DeliveryOutcome::Elsewhere {
        seen: "theirs".to_owned(),
        reason: "another machine serves another one".to_owned(),
    };
    let first = does(start(), &mut known, DeliveryStep::Look, elsewhere());
    assert_eq!(first, DeliverySettled::Nothing);
    let later = start() + PACE.patience;
    let said = does(later, &mut known, DeliveryStep::Look, elsewhere());
    assert_eq!(said, DeliverySettled::Foreign);
    assert_eq!(install(&known.rows[0]).stage, InstallStage::Idle);
}

#[test]
fn a_look_at_the_cloud_says_what_became_fewer_and_brings_back_what_went_to_an_older_one() {
    let mut known = renewed_in_the_cloud();
    does(start(), &mut known, DeliveryStep::Move, moved(3));
    let look = |known: &mut Deliveries, outcome| {
        known.rows[0].next_at = Some(start());
        does(start(), known, DeliveryStep::Inspect, outcome)
    };
    assert_eq!(look(&mut known, moved(3)), DeliverySettled::Nothing);
    assert_eq!(look(&mut known, moved(2)), DeliverySettled::Fewer);
    assert_eq!(look(&mut known, moved(2)), DeliverySettled::Nothing);
    let left = || {
        says(Verdict::Done {
            bound: 2,
            from: None,
            foreign: None,
            beside: Some(("rsa-id".to_owned(), 1)),
        })
    };
    assert_eq!(look(&mut known, left()), DeliverySettled::Left);
    let error = known.rows[0].last_error.clone();
    assert!(error.unwrap().contains("rsa-id"));
    assert_eq!(known.rows[0].status(Some(&wanted())), "done");
    assert_eq!(
        look(&mut known, left()),
        DeliverySettled::Nothing,
        "said once"
    );
    let hosted = || says(Verdict::Hosted("ours-id".to_owned()));
    let mut other = known.clone();
    assert_eq!(look(&mut other, hosted()), DeliverySettled::Hosted);
    assert_eq!(
        does(
            start() + TimeDelta::hours(1),
            &mut other,
            DeliveryStep::Inspect,
            hosted()
        ),
        DeliverySettled::Nothing,
        "said once"
    );
    let older = DeliveryOutcome::Wrong {
        seen: "old".to_owned(),
        not_after: None,
        reason: "it is at the old one".to_owned(),
    };
    assert_eq!(look(&mut known, older), DeliverySettled::Drift);
    assert_eq!(next(&known, start()), Some((0, DeliveryStep::Move)));
}

#[test]
fn a_refusal_keeps_the_work_and_waits_as_long_as_that_says() {
    let refused = |pause| {
        let mut known = renewed_in_the_cloud();
        note(&mut known, &balancing(2));
        let outcome = says(Verdict::Failed(balancing(2), refusal(), pause));
        assert_eq!(
            does(start(), &mut known, DeliveryStep::Move, outcome),
            DeliverySettled::Failed(Some(refusal()))
        );
        assert_eq!(cloud(&known.rows[0]).work, Some(balancing(2)));
        assert!(cloud(&known.rows[0]).balancer.is_some());
        assert_eq!(
            (known.rows[0].attempts, known.rows[0].last_error.as_deref()),
            (2, Some("no"))
        );
        known.rows[0].next_at.unwrap() - start()
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
    let mut known = renewed_in_the_cloud();
    let working = |failures, error| goes_on(work(failures, error), TimeDelta::zero());
    does(
        start(),
        &mut known,
        DeliveryStep::Move,
        working(3, Some("busy")),
    );
    assert_eq!(known.rows[0].status(Some(&wanted())), "failing");
    does(start(), &mut known, DeliveryStep::Move, working(0, None));
    assert_eq!(known.rows[0].status(Some(&wanted())), "moving");
    assert_eq!(known.rows[0].last_error, None);
}

#[test]
fn a_way_back_that_can_t_be_had_ends_and_the_new_one_is_looked_for() {
    let mut known = renewed_in_the_cloud();
    does(start(), &mut known, DeliveryStep::Move, moved(1));
    let other = wrong(start() + TimeDelta::days(30));
    does(start(), &mut known, DeliveryStep::Look, other.clone());
    let later = start() + PACE.patience;
    assert_eq!(
        does(later, &mut known, DeliveryStep::Look, other),
        DeliverySettled::RollsBack
    );
    let gone = says(Verdict::NoWayBack("it was deleted".to_owned()));
    assert_eq!(
        does(later, &mut known, DeliveryStep::MoveBack, gone),
        DeliverySettled::Failed(None)
    );
    assert!(
        known.rows[0]
            .last_error
            .as_deref()
            .unwrap()
            .contains("deleted")
    );
    assert_eq!(
        does(later, &mut known, DeliveryStep::Move, moved(1)),
        DeliverySettled::Delivered
    );
    assert_eq!(
        does(later, &mut known, DeliveryStep::Look, DeliveryOutcome::Done),
        DeliverySettled::Delivered
    );
    assert!(known.all_done());
}

#[test]
fn one_certificate_goes_back_once_and_is_given_longer_afterwards() {
    let mut known = renewed_in_the_cloud();
    let other = || wrong(start() + TimeDelta::days(30));
    let mut now = start();
    let mut back = 0;
    for _ in 0..5 {
        does(now, &mut known, DeliveryStep::Move, moved(1));
        let began = now;
        let said = loop {
            match does(now, &mut known, DeliveryStep::Look, other()) {
                DeliverySettled::Nothing => now = known.rows[1].next_at.unwrap(),
                said => break said,
            }
        };
        match said {
            DeliverySettled::RollsBack => {
                back += 1;
                assert_eq!(now - began, PACE.patience);
                does(now, &mut known, DeliveryStep::MoveBack, moved(1));
                now = known.rows[0].next_at.unwrap();
            }
            said => {
                assert_eq!(said, DeliverySettled::Failed(None));
                assert!(now - began > PACE.patience * 3, "{}", now - began);
                break;
            }
        }
    }
    assert_eq!(back, 1);
    // It stays, is looked at again, and once it is served that is seen.
    assert_eq!(cloud(&known.rows[0]).stage, CloudStage::Idle);
    assert!(
        known.rows[1]
            .last_error
            .as_deref()
            .unwrap()
            .contains("they keep it")
    );
    let now = known.rows[1].next_at.unwrap();
    assert_eq!(
        does(now, &mut known, DeliveryStep::Look, DeliveryOutcome::Done),
        DeliverySettled::Delivered
    );
    assert!(known.all_done());
    // It is about this certificate alone.
    let State::Verify(verify) = &known.rows[1].state else {
        panic!("{known:?}");
    };
    assert_eq!(verify.went_back.as_deref(), Some("new"));
}

#[test]
fn edges_are_given_a_quarter_of_an_hour_and_load_balancers_seconds() {
    let poll = TimeDelta::seconds(30);
    let patience = |edges, said| DeliveryPace::from_poll(poll, said, edges).patience;
    assert_eq!(patience(false, None), TimeDelta::minutes(1));
    assert!(patience(true, None) >= TimeDelta::minutes(15));
    let said = Some(TimeDelta::seconds(5));
    assert_eq!(patience(true, said), TimeDelta::seconds(5));
    // Edges are no faster because we look more often.
    let fast = DeliveryPace::from_poll(TimeDelta::seconds(1), None, true);
    assert!(fast.patience >= TimeDelta::minutes(15));
}

#[test]
fn a_clock_that_was_put_back_neither_delays_a_delivery_nor_makes_patience_endless() {
    let mut known = renewed(60);
    deliver(start(), &mut known);
    let mut now = start() + TimeDelta::seconds(1);
    let wrong = || DeliveryOutcome::Wrong {
        seen: "old".to_owned(),
        not_after: None,
        reason: "an old one is served".to_owned(),
    };
    assert_eq!(
        does(now, &mut known, DeliveryStep::Look, wrong()),
        DeliverySettled::Nothing
    );

    now -= TimeDelta::days(50);
    assert_eq!(
        does(now, &mut known, DeliveryStep::Look, wrong()),
        DeliverySettled::Nothing
    );
    now += PACE.patience;
    assert_eq!(
        does(now, &mut known, DeliveryStep::Look, wrong()),
        DeliverySettled::RollsBack
    );
}

#[test]
fn all_copies_are_written_before_one_is_checked_and_all_are_checked_before_a_server_is_told() {
    let mut known = due(&[TargetKind::Install, TargetKind::Install]);
    for step in [
        DeliveryStep::Save,
        DeliveryStep::Write,
        DeliveryStep::Save,
        DeliveryStep::Write,
        DeliveryStep::Check,
        DeliveryStep::Check,
    ] {
        does(start(), &mut known, step, DeliveryOutcome::Done);
    }
    let told = does(
        start(),
        &mut known,
        DeliveryStep::Reload,
        DeliveryOutcome::Done,
    );
    assert_eq!(told, DeliverySettled::Delivered);
}

#[test]
fn where_nothing_was_there_before_the_files_stay_and_the_server_is_asked_again() {
    let mut known = due(&[TargetKind::Install]);
    does(
        start(),
        &mut known,
        DeliveryStep::Save,
        DeliveryOutcome::Done,
    );
    does(
        start(),
        &mut known,
        DeliveryStep::Write,
        DeliveryOutcome::Done,
    );
    let not_yet = || DeliveryOutcome::NotYet("the other file is missing".to_owned());
    assert_eq!(
        does(start(), &mut known, DeliveryStep::Check, not_yet()),
        DeliverySettled::Failed(None)
    );
    let stage = &install(&known.rows[0]).stage;
    assert!(matches!(stage, InstallStage::Checking(_)));
    assert_eq!(next(&known, start()), None, "not at once");
    let later = start() + TimeDelta::hours(2);
    assert_eq!(
        does(later, &mut known, DeliveryStep::Check, not_yet()),
        DeliverySettled::Failed(None)
    );
    let later = later + TimeDelta::hours(2);
    does(
        later,
        &mut known,
        DeliveryStep::Check,
        DeliveryOutcome::Done,
    );
    // A server that does not run yet: it is asked anew before it is told again.
    assert_eq!(
        does(later, &mut known, DeliveryStep::Reload, not_yet()),
        DeliverySettled::Failed(None)
    );
    let later = later + TimeDelta::hours(2);
    does(
        later,
        &mut known,
        DeliveryStep::Check,
        DeliveryOutcome::Done,
    );
    let told = does(
        later,
        &mut known,
        DeliveryStep::Reload,
        DeliveryOutcome::Done,
    );
    assert_eq!(
        (told, known.rows[0].attempts),
        (DeliverySettled::Delivered, 0)
    );
}

#[test]
fn what_fails_is_told_to_the_hooks_for_failures_once_a_day_and_tried_three_times() {
    let mut known = due(&[TargetKind::Deploy]);
    known
        .rows
        .push(Delivery::new("hook", TargetKind::Failure, "hook tell"));
    let no = || DeliveryOutcome::Failed("no".to_owned());
    let mut now = start();
    does(now, &mut known, DeliveryStep::Run, no());
    let State::Failure(hook) = &known.rows[1].state else {
        panic!("{known:?}");
    };
    assert_eq!(hook.reason.as_deref(), Some("deploy: no"));
    for _ in 0..3 {
        assert!(known.rows[1].next_at.is_some_and(|at| at <= now));
        settles(&mut known, 1, DeliveryStep::Run, no(), now);
        now = known.rows[1].next_at.unwrap_or(now);
    }
    assert_eq!(known.rows[1].next_at, None);
    settles(&mut known, 0, DeliveryStep::Run, no(), now);
    settles(&mut known, 1, DeliveryStep::Run, DeliveryOutcome::Done, now);
    settles(&mut known, 0, DeliveryStep::Run, no(), now);
    assert_eq!(known.rows[1].next_at, None, "it was told today");
    settles(
        &mut known,
        0,
        DeliveryStep::Run,
        no(),
        now + TimeDelta::days(1),
    );
    assert!(known.rows[1].next_at.is_some());
}

#[test]
fn before_the_first_certificate_only_hooks_for_failures_have_a_step() {
    let mut known = due(&[TargetKind::Install, TargetKind::Verify, TargetKind::Failure]);
    known.wanted = None;
    assert_eq!(next(&known, start()), Some((2, DeliveryStep::Run)));
    settles(
        &mut known,
        2,
        DeliveryStep::Run,
        DeliveryOutcome::Done,
        start(),
    );
    assert_eq!(known.rows[2].delivered, None);
    assert_eq!(next(&known, start()), None);
}

#[test]
fn another_certificate_that_comes_in_mid_step_keeps_everything_due() {
    let mut known = due(&[TargetKind::Install, TargetKind::Deploy]);
    for step in [DeliveryStep::Save, DeliveryStep::Write, DeliveryStep::Check] {
        does(start(), &mut known, step, DeliveryOutcome::Done);
    }
    let old = known.wanted.replace(Wanted {
        fingerprint: "newer".to_owned(),
        ..wanted()
    });
    let mark = Mark {
        target: known.rows[0].target.clone(),
        step: DeliveryStep::Reload,
        outcome: DeliveryOutcome::Done,
    };
    let moment = DeliveryMoment {
        now: start(),
        pace: PACE,
        random: 0.5,
        shares_cloud: false,
    };
    assert_eq!(
        settle(&mut known, old.as_ref(), mark, moment),
        DeliverySettled::Delivered
    );
    assert_eq!(fingerprint(&known.rows[0]), Some("new"));
    assert_eq!(next(&known, start()), Some((0, DeliveryStep::Save)));
}

#[test]
fn what_is_asked_for_begins_anew_but_for_what_goes_back() {
    let mut known = renewed(30);
    deliver(start(), &mut known);
    does(
        start(),
        &mut known,
        DeliveryStep::Look,
        DeliveryOutcome::Done,
    );
    let now = start() + TimeDelta::hours(1);
    for row in &mut known.rows {
        assert!(row.trigger(Trigger::Asked, now));
    }
    assert_eq!(fingerprint(&known.rows[0]), None);
    assert!(install(&known.rows[0]).forced);
    assert_eq!(
        fingerprint(&known.rows[1]),
        Some("new"),
        "there is something to go back to"
    );
    for step in [DeliveryStep::Save, DeliveryStep::Write] {
        does(now, &mut known, step, DeliveryOutcome::Done);
    }
    does(
        now,
        &mut known,
        DeliveryStep::Check,
        DeliveryOutcome::Failed("no".to_owned()),
    );
    known.rows[0].trigger(Trigger::Asked, now);
    assert_eq!(next(&known, now), Some((0, DeliveryStep::Restore)));
}

#[test]
fn a_check_looks_again_at_what_rests_and_was_not_seen_since() {
    let mut known = renewed(30);
    known.rows.extend(had_old(TargetKind::Cloud, 30).rows);
    let now = start() + TimeDelta::hours(1);
    let check = Trigger::Check {
        since: now - TimeDelta::minutes(1),
        cloud_since: now - TimeDelta::days(1),
    };
    for row in &mut known.rows {
        assert!(!row.trigger(check, now), "due anyway");
        row.next_at = None;
        row.seen_at = Some(start());
        assert_eq!(row.trigger(check, now), row.kind() != TargetKind::Cloud);
        row.next_at = None;
        row.seen_at = Some(now + TimeDelta::seconds(1));
        assert!(
            row.trigger(check, now),
            "seen by a clock that was put back since"
        );
    }
}

#[test]
fn what_was_seen_before_a_certificate_came_is_not_held_against_it() {
    let (aim, wrong) = (wanted(), || wrong(start() + TimeDelta::days(20)));
    let before = || {
        let mut known = renewed(30);
        for row in &mut known.rows {
            row.saw(Some("old".to_owned()), start() - TimeDelta::days(1));
        }
        known
    };
    for trigger in [Trigger::Installed, Trigger::Asked] {
        let mut known = before();
        assert!(known.rows.iter().all(|row| row.has_other(&aim)));
        for row in &mut known.rows {
            row.trigger(trigger, start());
            assert_eq!((row.look(), row.has_other(&aim)), (None, false));
        }
        deliver(start(), &mut known);
        // A server may show the old one for a moment; after that it is another certificate.
        does(start(), &mut known, DeliveryStep::Look, wrong());
        assert_eq!(known.rows[1].look(), Some(("other", start())));
        assert!(!known.rows[1].has_other(&aim));
        let now = start() + PACE.patience;
        does(now, &mut known, DeliveryStep::Look, wrong());
        assert!(known.rows[1].has_other(&aim));
    }
    // It came while a look was under way.
    let mut known = before();
    known.rows[1].next_at = Some(start());
    let mark = Mark {
        target: known.rows[1].target.clone(),
        step: DeliveryStep::Look,
        outcome: wrong(),
    };
    let moment = DeliveryMoment {
        now: start(),
        pace: PACE,
        random: 0.5,
        shares_cloud: false,
    };
    let earlier = known.rows[0].delivered.clone();
    settle(&mut known, earlier.as_ref(), mark, moment);
    assert_eq!(known.rows[1].look(), None);
}

#[test]
fn an_edit_of_the_config_keeps_what_is_known_of_targets_that_stay() {
    let mut known = renewed(30);
    deliver(start(), &mut known);
    let wanted = [
        Delivery::new("0", TargetKind::Install, "another title"),
        Delivery::new("new", TargetKind::Deploy, "hook new"),
        Delivery::new("told", TargetKind::Failure, "hook told"),
    ];
    let synced = sync(known.rows.clone(), &wanted, start());
    let titles: Vec<_> = synced.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["another title", "hook new", "hook told"]);
    assert_eq!(synced[0].delivered, known.rows[0].delivered);
    assert_eq!(synced[1].next_at, Some(start()));
    assert_eq!(synced[2].next_at, None);
}

#[test]
fn a_state_comes_back_as_it_was_written_and_work_that_can_not_be_read_is_none() {
    let mut known = renewed_in_the_cloud();
    note(&mut known, &balancing(1));
    for row in &known.rows {
        let text = serde_json::to_string(&row.state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), row.state);
    }
    let text = serde_json::to_string(&known.rows[0].state).unwrap();
    let other = text.replace("\"parts\"", "\"pieces\"");
    let State::Cloud(cloud) = serde_json::from_str(&other).unwrap() else {
        panic!("{other}");
    };
    assert_eq!(cloud.work, None);
    assert!(cloud.balancer.is_some());
}
