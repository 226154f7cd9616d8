//! The work's table: what follows from what.

use proptest::prelude::*;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::lifecycle::{Class, Failure};

const PACE: CloudPace = CloudPace {
    look: TimeDelta::seconds(5),
    patience: TimeDelta::minutes(10),
    stuck: TimeDelta::minutes(30),
    retry: TimeDelta::seconds(60),
};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn at(seconds: i64) -> CloudMoment {
    CloudMoment {
        now: start() + TimeDelta::seconds(seconds),
        pace: PACE,
        random: 0.999,
    }
}

fn kind(name: &str, regional: bool) -> Type {
    Type {
        name: name.to_owned(),
        regional,
        moves: name != "lighthouse",
    }
}

fn wish() -> WantedResources {
    WantedResources {
        types: vec![kind("cdn", false), kind("clb", true)],
        instances: Vec::new(),
        region: None,
        forced: false,
    }
}

fn named(name: &str, instance: &str) -> WantedResources {
    WantedResources {
        types: vec![kind(name, false)],
        instances: vec![instance.to_owned()],
        ..wish()
    }
}

fn count(certificate: &str, kind: &str, region: &str, count: u64) -> Count {
    let role = match certificate {
        "new" => Role::Wanted,
        "theirs" => Role::Foreign,
        "wide" => Role::Wider,
        _ => Role::Ours,
    };
    Count {
        certificate: certificate.to_owned(),
        role,
        hosted: certificate == "hosted",
        kind: kind.to_owned(),
        region: region.to_owned(),
        count,
    }
}

fn bound(counts: Vec<Count>) -> Answer {
    Answer::Bound(Bound {
        counts,
        ..Bound::default()
    })
}

/// Work with one part, at which there is an attempt.
fn work(phase: Phase) -> Work {
    let mut work = Work::new(Goal::Move, "new", start());
    work.look.state = Sight::Rests;
    work.parts.push(Part::new(place("old", "cdn"), 1, start()));
    work.attempts.push(Attempt {
        phase,
        ..Attempt::new(cdn(), start())
    });
    work
}

fn place(from: &str, kind: &str) -> Place {
    Place::Bound {
        from: from.to_owned(),
        kind: kind.to_owned(),
        region: None,
    }
}

fn looked() -> Work {
    look(Work::new(Goal::Move, "new", start()))
}

/// What is bound was asked.
fn look(mut work: Work) -> Work {
    work.look.state = Sight::Asked(Vec::new());
    work
}

fn on(verdict: Verdict) -> Work {
    match verdict {
        Verdict::On(work, _) => work,
        other => panic!("{other:?}"),
    }
}

fn failed(verdict: Verdict) -> (Work, String, TimeDelta) {
    match verdict {
        Verdict::Failed(work, failure, pause) => (work, failure.message, pause),
        other => panic!("{other:?}"),
    }
}

/// How far the one attempt is.
fn phase(work: &Work) -> &Phase {
    match work.attempts.as_slice() {
        [attempt] => &attempt.phase,
        other => panic!("{other:?}"),
    }
}

/// What the one attempt is about, which has just begun.
fn begun(work: &Work) -> &Batch {
    assert_eq!(phase(work), &Phase::Find);
    &work.attempts[0].batch
}

/// The attempt is over, and what is bound is looked at next.
fn looks_next(work: &Work) -> bool {
    work.attempts.is_empty() && work.question() == Question::LookUp
}

fn cdn() -> Batch {
    Batch::Move {
        from: "old".to_owned(),
        kind: "cdn".to_owned(),
        regions: Vec::new(),
    }
}

fn follow(seen_at_work: bool) -> Follow {
    Follow {
        record: 7,
        retries: 0,
        ours: seen_at_work,
        seen_at_work,
    }
}

fn done(of: u64) -> Answer {
    Answer::Progress(Progress {
        total: of,
        done: of,
        ..Progress::default()
    })
}

fn failing() -> Answer {
    Answer::Progress(Progress {
        total: 2,
        done: 1,
        failed: 1,
        open: 0,
        reasons: vec!["busy".to_owned()],
    })
}

#[test]
fn a_load_balancer_goes_alone_with_its_regions_and_before_the_rest() {
    let counts = vec![
        count("old", "cdn", "", 2),
        count("old", "clb", "ap-b", 1),
        count("old", "clb", "ap-a", 1),
        count("old", "waf", "ap-a", 9),
    ];
    let next = on(looked().answer(at(0), &wish(), bound(counts)));
    let wanted = Batch::Move {
        from: "old".to_owned(),
        kind: "clb".to_owned(),
        regions: vec!["ap-a".to_owned(), "ap-b".to_owned()],
    };
    assert_eq!(begun(&next), &wanted);
    assert_eq!(next.from.as_deref(), Some("old"));
    let next = on(looked().answer(at(0), &wish(), bound(vec![count("old", "cdn", "", 2)])));
    assert_eq!(begun(&next), &cdn());
}

#[test]
fn a_task_that_is_there_is_followed_before_one_is_asked_for() {
    let next = on(work(Phase::Find).answer(at(0), &wish(), Answer::Tasks(vec![9, 8])));
    assert!(matches!(
        phase(&next),
        Phase::Follow(Follow {
            record: 9,
            ours: false,
            seen_at_work: false,
            ..
        })
    ));
    let spent = Work {
        spent: vec![8, 9],
        ..work(Phase::Find)
    };
    let next = on(spent.answer(at(0), &wish(), Answer::Tasks(vec![9, 8])));
    assert_eq!(phase(&next), &Phase::Send);
    assert_eq!(phase(&next.noted(start())), &Phase::Sent);
}

#[test]
fn the_number_alone_says_that_there_is_a_task() {
    let sent = work(Phase::Send).noted(start());
    let again = on(sent.clone().answer(at(3), &wish(), Answer::Task(0)));
    assert_eq!(phase(&again), &Phase::Send);
    let long = on(again
        .noted(at(4).now)
        .answer(at(603), &wish(), Answer::Task(0)));
    failed(
        long.noted(at(604).now)
            .answer(at(604), &wish(), Answer::Task(0)),
    );
    let made = on(sent.answer(at(3), &wish(), Answer::Task(7)));
    assert_eq!(phase(&made), &Phase::Follow(follow(true)));
}

#[test]
fn the_wait_for_a_machine_s_turn_takes_nothing_of_the_time_to_gather() {
    let turn = 2 * 3600;
    let pause = TimeDelta::seconds(turn);
    let waits = on(work(Phase::Send).answer(at(0), &wish(), Answer::NotNow(pause)));
    assert_eq!(phase(&waits), &Phase::Find);
    let asks = on(waits.answer(at(turn), &wish(), Answer::Tasks(Vec::new())));
    let sent = asks.noted(at(turn).now);
    // Nor does it count that this machine is late.
    for late in [3, 700] {
        let again = on(sent
            .clone()
            .answer(at(turn + late), &wish(), Answer::Task(0)));
        assert_eq!(phase(&again), &Phase::Send);
    }
}

#[test]
fn without_an_answer_the_task_is_looked_for_and_given_time_to_show() {
    let sent = work(Phase::Send).noted(start());
    let unknown = on(sent.answer(at(3), &wish(), Answer::Unknown("timeout".to_owned())));
    assert_eq!(unknown.question(), Question::Tasks(cdn()));
    let waits = on(unknown
        .clone()
        .answer(at(5), &wish(), Answer::Tasks(Vec::new())));
    assert_eq!(phase(&waits), &Phase::Sent);
    let again = on(waits.answer(at(30), &wish(), Answer::Tasks(Vec::new())));
    assert_eq!(phase(&again), &Phase::Send);
}

#[test]
fn a_service_that_never_answers_is_said_before_long() {
    let mut work = work(Phase::Send);
    for n in 1..=4 {
        let answer = Answer::Unknown("InternalError".to_owned());
        match work.noted(start()).answer(at(n), &wish(), answer) {
            Verdict::On(next, _) if n < 3 => work = next,
            Verdict::Failed(next, failure, _) if n >= 3 => {
                assert_eq!(
                    (failure.message.as_str(), phase(&next)),
                    ("InternalError", &Phase::Sent)
                );
                work = next;
            }
            other => panic!("{n}: {other:?}"),
        }
        work.attempts[0].phase = Phase::Send;
    }
}

#[test]
fn a_task_that_takes_long_is_asked_about_less_and_less_often() {
    let open = Progress {
        total: 2,
        open: 2,
        ..Progress::default()
    };
    let pause = |waited| {
        let following = work(Phase::Follow(follow(true)));
        match following.answer(at(waited), &wish(), Answer::Progress(open.clone())) {
            Verdict::On(_, pause) => pause,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(pause(20), PACE.look);
    assert_eq!(pause(1_200), TimeDelta::seconds(120));
    // A clock that was put back.
    assert_eq!(pause(-1_200), PACE.look);
}

#[test]
fn a_task_is_over_when_its_counts_say_so_and_then_it_is_looked_once_more() {
    let following = || work(Phase::Follow(follow(true)));
    for open in [
        Progress {
            total: 2,
            done: 1,
            open: 1,
            ..Progress::default()
        },
        Progress {
            total: 2,
            done: 1,
            ..Progress::default()
        },
        Progress::default(),
    ] {
        let next = on(following().answer(at(60), &wish(), Answer::Progress(open)));
        assert!(matches!(phase(&next), Phase::Follow(_)));
    }
    let next = on(following().answer(at(60), &wish(), done(2)));
    assert!(looks_next(&next), "{next:?}");
    assert_eq!(next.spent, [7]);
    let all = look(next).answer(at(70), &wish(), bound(vec![count("new", "cdn", "", 2)]));
    assert!(matches!(all, Verdict::Done { bound: 2, .. }), "{all:?}");
}

/// The one part was carried out at the beginning, as the service said.
fn carried(refused: bool) -> Work {
    let mut work = Work {
        attempts: Vec::new(),
        ..work(Phase::Find)
    };
    work.parts[0].carried = 1;
    work.parts[0].carried_at = Some(start());
    work.parts[0].refused = refused;
    work
}

#[test]
fn what_the_task_says_is_not_the_last_word() {
    let still = || bound(vec![count("old", "cdn", "", 1)]);
    // Lists lag; but not for ever, and no second task is asked for meanwhile.
    let waits = on(look(carried(false)).answer(at(300), &wish(), still()));
    assert!(looks_next(&waits), "{waits:?}");
    failed(look(carried(false)).answer(at(601), &wish(), still()));
}

#[test]
fn failed_parts_are_tried_again_thrice_with_growing_pauses_and_then_it_is_said() {
    let mut work = work(Phase::Follow(follow(true)));
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let Verdict::On(next, pause) = work.clone().answer(at(60), &wish(), failing()) else {
            panic!("it gave up early")
        };
        pauses.push(pause.num_seconds());
        assert!(matches!(next.question(), Question::Retry(_)));
        work = on(next
            .noted(at(60).now)
            .answer(at(60), &wish(), Answer::Retried));
    }
    assert_eq!(pauses, [10, 20, 40]);
    let (next, reason, _) = failed(work.answer(at(60), &wish(), failing()));
    assert!(
        reason.contains("1 of 2") && reason.contains("busy"),
        "{reason}"
    );
    assert!(looks_next(&next), "{next:?}");
    assert_eq!(next.spent, [7]);
}

#[test]
fn an_old_failure_that_is_found_is_neither_retried_nor_believed() {
    let next = on(work(Phase::Follow(follow(false))).answer(at(5), &wish(), failing()));
    assert_eq!(
        (next.spent.as_slice(), next.parts[0].carried),
        (&[7][..], 0)
    );
    assert!(looks_next(&next), "{next:?}");
}

#[test]
fn a_task_of_somebody_else_s_is_waited_for_and_says_nothing_about_ours() {
    let found = Follow {
        ours: false,
        ..follow(true)
    };
    let next = on(work(Phase::Follow(found)).answer(at(60), &wish(), done(1)));
    assert_eq!(next.parts[0].carried, 0);
    assert!(looks_next(&next), "{next:?}");
}

#[test]
fn a_stuck_task_is_said_and_followed_and_given_up_after_a_day() {
    let stuck = || {
        Answer::Progress(Progress {
            total: 2,
            open: 2,
            ..Progress::default()
        })
    };
    let following = work(Phase::Follow(follow(true)));
    let (next, ..) = failed(following.clone().answer(at(1_801), &wish(), stuck()));
    assert_eq!(phase(&next), phase(&following));
    let (next, ..) = failed(following.answer(at(90_000), &wish(), stuck()));
    assert!(looks_next(&next), "{next:?}");
    assert_eq!(next.spent, [7]);
}

#[test]
fn nothing_to_do_is_success_once_a_look_confirms_it() {
    let next = on(work(Phase::Send)
        .noted(start())
        .answer(at(0), &wish(), Answer::Nothing));
    assert!(looks_next(&next), "{next:?}");
    let see = |counts| look(next.clone()).answer(at(1), &wish(), bound(counts));
    assert!(matches!(
        see(vec![count("new", "cdn", "", 1)]),
        Verdict::Done { bound: 1, .. }
    ));
    assert!(matches!(see(Vec::new()), Verdict::Done { bound: 0, .. }));
    assert!(matches!(
        see(vec![count("old", "cdn", "", 1)]),
        Verdict::On(..)
    ));
}

#[test]
fn hosting_is_not_raced() {
    let verdict = looked().answer(at(0), &wish(), bound(vec![count("hosted", "cdn", "", 1)]));
    assert_eq!(verdict, Verdict::Hosted("hosted".to_owned()));
}

#[test]
fn somebody_else_s_later_certificate_is_left_unless_it_was_asked_for() {
    let theirs = || bound(vec![count("theirs", "cdn", "", 1)]);
    assert_eq!(
        looked().answer(at(0), &wish(), theirs()),
        Verdict::Foreign("theirs".to_owned())
    );
    let forced = WantedResources {
        forced: true,
        ..wish()
    };
    let next = on(looked().answer(at(0), &forced, theirs()));
    assert!(matches!(begun(&next), Batch::Move { from, .. } if from == "theirs"));
    // One that covers other names too is never moved from: its resources may be theirs.
    let wide = bound(vec![count("wide", "cdn", "", 1)]);
    assert!(matches!(
        looked().answer(at(0), &forced, wide),
        Verdict::Done { bound: 0, .. }
    ));
}

#[test]
fn a_named_instance_is_deployed_to_where_none_of_ours_is() {
    let wish = named("cdn", "a|on");
    let place = |role, certificate: &str| {
        Answer::Bound(Bound {
            placed: vec![("a|on".to_owned(), role, certificate.to_owned())],
            ..Bound::default()
        })
    };
    let next = on(looked().answer(at(0), &wish, bound(Vec::new())));
    assert!(matches!(begun(&next), Batch::Deploy { .. }));
    let there = looked().answer(at(0), &wish, place(Role::Wanted, "new"));
    assert!(matches!(there, Verdict::Done { bound: 1, .. }), "{there:?}");
    for role in [Role::Foreign, Role::Wider] {
        let theirs = looked().answer(at(0), &wish, place(role, "theirs"));
        assert_eq!(theirs, Verdict::Foreign("theirs".to_owned()));
    }
    let forced = WantedResources {
        forced: true,
        ..wish
    };
    let next = on(looked().answer(at(0), &forced, place(Role::Wider, "theirs")));
    assert!(matches!(begun(&next), Batch::Deploy { .. }));
}

/// A named instance that a task was for, so often.
fn deployed(kind: &str, times: u32, refused: bool) -> Work {
    let mut work = carried(refused);
    work.parts[0].place = Place::Named {
        kind: kind.to_owned(),
        instance: if kind == "cdn" { "a|on" } else { "a" }.to_owned(),
        region: None,
    };
    work.parts[0].carried = times;
    look(work)
}

#[test]
fn a_refused_deployment_is_believed_only_where_a_look_shows_the_certificate() {
    let refused = |kind: &str, instance: &str| {
        deployed(kind, 1, true).answer(at(0), &named(kind, instance), bound(Vec::new()))
    };
    failed(refused("cdn", "a|on"));
    // This type does not show in a look, and no look says that it became fewer.
    let unseen = refused("lighthouse", "a");
    assert!(
        matches!(unseen, Verdict::Done { bound: 1, .. }),
        "{unseen:?}"
    );
    let inspecting = look(Work::new(Goal::Inspect, "new", start()));
    let unseen = inspecting.answer(at(0), &named("lighthouse", "a"), bound(Vec::new()));
    assert!(
        matches!(unseen, Verdict::Done { bound: 1, .. }),
        "{unseen:?}"
    );
}

#[test]
fn a_deployment_that_a_look_does_not_show_is_asked_for_once_more() {
    let see = |times| {
        deployed("cdn", times, false).answer(
            at(0),
            &named("cdn", "a|on"),
            bound(vec![count("new", "cdn", "", 1)]),
        )
    };
    assert!(matches!(begun(&on(see(1))), Batch::Deploy { .. }));
    assert!(matches!(see(2), Verdict::Done { bound: 1, .. }));
}

#[test]
fn a_newer_certificate_waits_for_the_task_under_way_and_then_begins_anew() {
    let following = work(Phase::Follow(follow(true)));
    let same = following.clone().towards(Goal::Move, "newer", start());
    assert_eq!(same.attempts, following.attempts);
    assert_eq!(same.to, "new");
    let over = on(same.answer(at(60), &wish(), done(1)));
    let next = over.towards(Goal::Move, "newer", start());
    assert_eq!((next.to.as_str(), &next.spent), ("newer", &vec![7]));
    assert!(looks_next(&next), "{next:?}");
}

#[test]
fn an_inspection_never_asks_for_a_task() {
    let inspecting = || look(Work::new(Goal::Inspect, "new", start()));
    let older = inspecting().answer(at(0), &wish(), bound(vec![count("old", "cdn", "", 3)]));
    assert_eq!(older, Verdict::Older("old".to_owned(), 3));
    let missing = inspecting().answer(at(0), &named("cdn", "a|on"), bound(Vec::new()));
    assert!(
        matches!(missing, Verdict::Done { bound: 0, .. }),
        "{missing:?}"
    );
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let progress =
        (0_u64..3, 0_u64..3, 0_u64..3, 0_u64..3).prop_map(|(total, done, failed, open)| {
            Answer::Progress(Progress {
                total,
                done,
                failed,
                open,
                reasons: Vec::new(),
            })
        });
    let counts = prop::collection::vec((0_usize..4, 0_usize..2, 0_u64..3), 0..4);
    let counts = (counts, prop::bool::weighted(0.2)).prop_map(|(all, lacks)| {
        let counts = all.into_iter().map(|(who, what, many)| {
            count(
                ["new", "old", "theirs", "hosted"][who],
                ["cdn", "clb"][what],
                "ap-a",
                many,
            )
        });
        Answer::Bound(Bound {
            counts: counts.collect(),
            unknown: lacks.then(|| unknown("old", "clb")).into_iter().collect(),
            ..Bound::default()
        })
    });
    prop_oneof![
        Just(Answer::LookingUp(Vec::new())),
        Just(Answer::Running),
        Just(Answer::Lost("x".to_owned())),
        counts,
        prop::collection::vec(1_i64..5, 0..3).prop_map(Answer::Tasks),
        (0_i64..3).prop_map(Answer::Task),
        Just(Answer::Busy),
        Just(Answer::Nothing),
        progress,
        Just(Answer::Retried),
        Just(Answer::Over),
        Just(Answer::Unknown("x".to_owned())),
        Just(Answer::Gone("x".to_owned())),
        Just(Answer::Held),
        any_failure().prop_map(Answer::Throttled),
        any_failure().prop_map(Answer::Refused),
    ]
}

fn any_failure() -> impl Strategy<Value = Failure> {
    let classes = [Class::Transient, Class::Operator, Class::Permanent];
    prop::sample::select(classes.to_vec()).prop_map(refusal)
}

fn refusal(class: Class) -> Failure {
    Failure {
        class,
        code: Some("Some.Code".to_owned()),
        message: "refused".to_owned(),
        request_id: None,
    }
}

fn unknown(certificate: &str, kind: &str) -> Unknown {
    Unknown {
        certificate: certificate.to_owned(),
        kind: Some(kind.to_owned()),
        region: String::new(),
        reason: format!("{kind} could not be looked up"),
    }
}

/// A task of this attempt may be at work, and is not one that others no longer wait for.
fn is_at_work(attempt: &Attempt) -> bool {
    attempt.may_run() && !attempt.stuck && !attempt.waiting
}

proptest! {
    /// Whatever comes back: no task is asked for while another may be at work, but for one that is stuck, and never for the
    /// same resources, nor two for load balancers; and work reads back as it was written.
    #[test]
    fn never_two_tasks_at_once(answers in prop::collection::vec((any_answer(), 0_i64..400), 1..60)) {
        let (mut work, mut seconds) = (Work::new(Goal::Move, "new", start()), 0);
        for (answer, pause) in answers {
            seconds += pause;
            let before = work.clone();
            let asked = work.question();
            if let Question::Task(batch) = &asked {
                prop_assert!(!before.attempts.iter().any(is_at_work), "{before:?}");
                let mut others = before.attempts.iter().filter(|attempt| attempt.may_run());
                prop_assert!(others.all(|other| {
                    other.batch != *batch && !(batch.is_balancer() && other.batch.is_balancer())
                }), "{before:?}");
            }
            let refused = matches!(answer, Answer::Throttled(_) | Answer::Refused(_) | Answer::Held);
            work = match work.question() {
                Question::Task(_) | Question::Retry(_) if !refused => work.noted(at(seconds).now),
                _ => work,
            };
            match work.answer(at(seconds), &wish(), answer.clone()) {
                Verdict::On(next, pause) => {
                    prop_assert!(pause >= TimeDelta::zero());
                    work = next;
                }
                Verdict::Failed(next, _, pause) => {
                    prop_assert!(pause >= TimeDelta::zero() && pause <= TimeDelta::hours(1));
                    work = next;
                }
                _ => work = Work::new(Goal::Move, "new", at(seconds).now),
            }
            let text = serde_json::to_string(&work).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Work>(&text).unwrap(), &work);
            // From a task that may be under way there is no way to another but over its end, or a look that shows none.
            for attempt in work.attempts.iter().filter(|attempt| attempt.phase == Phase::Send) {
                let earlier = before.attempts.iter().find(|earlier| earlier.batch == attempt.batch);
                let none = match (earlier.map(|earlier| &earlier.phase), &answer) {
                    (Some(Phase::Find | Phase::Send), _) => true,
                    (Some(Phase::Sent), Answer::Tasks(_)) => matches!(asked, Question::Tasks(_)),
                    (Some(Phase::Sent), Answer::Task(0)) => true,
                    _ => false,
                };
                prop_assert!(none, "{before:?} {answer:?}");
            }
        }
    }

    /// However it began: once everything works, everything is moved, and in no more steps than that takes.
    #[test]
    fn no_state_is_without_a_way_out(answers in prop::collection::vec((any_answer(), 0_i64..400), 0..60)) {
        let (mut work, mut now) = (Work::new(Goal::Move, "new", start()), start());
        let moment = |now| CloudMoment { now, pace: PACE, random: 0.5 };
        for (answer, pause) in answers {
            now += TimeDelta::seconds(pause);
            work = match work.answer(moment(now), &wish(), answer) {
                Verdict::On(next, _) | Verdict::Failed(next, ..) => next,
                _ => Work::new(Goal::Move, "new", now),
            };
        }
        for step in 0..=200 {
            prop_assert!(step < 200, "{work:?}");
            let answer = match work.question() {
                Question::LookUp => Answer::LookingUp(Vec::new()),
                Question::Found(_) => bound(vec![count("new", "cdn", "", 2)]),
                Question::Tasks(_) => Answer::Tasks(Vec::new()),
                Question::Task(_) => Answer::Task(99),
                Question::Progress(..) => done(1),
                Question::Retry(_) => Answer::Retried,
            };
            now += work.pause(now);
            if matches!(work.question(), Question::Task(_) | Question::Retry(_)) {
                work = work.noted(now);
            }
            work = match work.answer(moment(now), &wish(), answer) {
                Verdict::On(next, _) | Verdict::Failed(next, ..) => next,
                other => {
                    prop_assert!(matches!(other, Verdict::Done { .. }), "{other:?}");
                    break;
                }
            };
        }
    }
}

#[test]
fn a_clock_that_was_put_back_makes_no_patience_endless() {
    let back = start() - TimeDelta::days(50);
    let work = work(Phase::Follow(follow(true)));
    assert_eq!(work.attempts[0].since, start());
    let mended = work.clone().towards(Goal::Move, "new", back);
    assert_eq!(mended.attempts[0].since, back);
    assert_eq!(mended.pause(back), TimeDelta::zero());
    let later = start() + TimeDelta::hours(1);
    let same = work.towards(Goal::Move, "new", later);
    assert_eq!(same.attempts[0].since, start());
}

#[test]
fn what_refuses_steps_back_and_keeps_nothing_else_from_being_moved() {
    let all = || {
        bound(vec![
            count("old", "clb", "ap-a", 1),
            count("old", "cdn", "", 1),
            count("older", "cdn", "", 1),
        ])
    };
    let mut work = on(looked().answer(at(0), &wish(), all()));
    let mut begun_with = Vec::new();
    let mut said = 0;
    // The load balancer refuses for ever, by its item; the rest takes the certificate.
    for n in 0..40 {
        let answer = match work.question() {
            Question::Tasks(batch) => {
                begun_with.push(batch);
                Answer::Tasks(work.spent.clone())
            }
            Question::Task(_) => {
                work = work.noted(at(n).now);
                Answer::Task(100 + n)
            }
            Question::Progress(batch, _) if batch.is_balancer() => failing(),
            Question::Progress(..) => done(1),
            Question::Retry(_) => {
                work = work.noted(at(n).now);
                Answer::Retried
            }
            Question::LookUp | Question::Found(_) => break,
        };
        work = match work.answer(at(n), &wish(), answer) {
            Verdict::On(next, _) => next,
            Verdict::Failed(next, ..) => {
                said += 1;
                next
            }
            other => panic!("{other:?}"),
        };
    }
    let sources: Vec<(&str, bool)> = begun_with
        .iter()
        .map(|batch| match batch {
            Batch::Move { from, .. } => (from.as_str(), batch.is_balancer()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sources, [("old", true), ("old", false), ("older", false)]);
    assert_eq!(said, 1);
    // What is left is tried again after a pause of its own, and nothing is done before.
    let left = bound(vec![
        count("old", "clb", "ap-a", 1),
        count("new", "cdn", "", 2),
    ]);
    let next = on(look(work).answer(at(50), &wish(), left));
    assert!(next.parts[0].next_at > at(30).now, "{next:?}");
    assert_eq!((next.failures(), next.parts.len()), (1, 1));
    assert!(next.errors().unwrap().contains("busy"));
}

#[test]
fn what_could_not_be_looked_up_keeps_the_rest_from_nothing_but_being_done() {
    let partly = |counts| {
        Answer::Bound(Bound {
            counts,
            unknown: vec![unknown("old", "clb")],
            ..Bound::default()
        })
    };
    let next = on(looked().answer(at(0), &wish(), partly(vec![count("old", "cdn", "", 1)])));
    assert_eq!(begun(&next), &cdn());
    let moved = || partly(vec![count("new", "cdn", "", 1)]);
    let waits = on(looked().answer(at(0), &wish(), moved()));
    // Lists lag; once patience is over it is said, and said again with growing pauses.
    let (mut work, reason, first) = failed(look(waits).answer(at(601), &wish(), moved()));
    assert!(reason.contains("clb could not be looked up"), "{reason}");
    let mut longest = first;
    for n in 1..8 {
        let (next, _, pause) = failed(look(work).answer(at(601 + n), &wish(), moved()));
        longest = longest.max(pause);
        work = next;
    }
    assert!(longest > first * 10, "{longest}");
    let all = look(work).answer(at(900), &wish(), bound(vec![count("new", "cdn", "", 1)]));
    assert!(matches!(all, Verdict::Done { bound: 1, .. }), "{all:?}");
}

#[test]
fn a_look_up_takes_its_time_also_where_the_last_one_lacked_something() {
    let mut work = looked();
    work.look.failures = 1;
    work.look.since = Some(start() - TimeDelta::hours(1));
    let asked = Answer::LookingUp(Vec::new());
    work.look.state = Sight::Due;
    let work = on(work.answer(at(0), &wish(), asked));
    let work = on(work.answer(at(5), &wish(), Answer::Running));
    let work = on(work.answer(at(599), &wish(), Answer::Running));
    let (work, reason, _) = failed(work.answer(at(601), &wish(), Answer::Running));
    assert!(reason.contains("does not end"), "{reason}");
    assert_eq!(work.question(), Question::LookUp);
}

#[test]
fn a_throttled_call_is_sent_again_within_seconds_and_is_no_failure() {
    let throttled = || Answer::Throttled(refusal(Class::Transient));
    let mut work = work(Phase::Find);
    for n in 0..40 {
        // Every second call is throttled.
        let Verdict::On(next, pause) = work.answer(at(n), &wish(), throttled()) else {
            panic!("it is a failure")
        };
        assert!(pause <= TimeDelta::seconds(1), "{n}: {pause}");
        assert_eq!(next.failures(), 0);
        let open = Progress {
            total: 1,
            open: 1,
            ..Progress::default()
        };
        let answer = match next.question() {
            Question::Progress(..) => Answer::Progress(open),
            Question::Tasks(_) => Answer::Tasks(Vec::new()),
            _ => Answer::Task(7),
        };
        work = on(next.answer(at(n), &wish(), answer));
    }
    // One that is throttled for ever is said in the end.
    let mut calls = 0;
    let (_, _, pause) = loop {
        calls += 1;
        match work.answer(at(60), &wish(), throttled()) {
            Verdict::On(next, _) => work = next,
            Verdict::Failed(next, failure, pause) => break (next, failure, pause),
            other => panic!("{other:?}"),
        }
    };
    assert!(
        calls > 5 && pause > TimeDelta::seconds(20),
        "{calls} {pause}"
    );
}

#[test]
fn a_refusal_for_a_person_waits_an_hour_and_another_does_not() {
    let pause = |class| {
        let refused = Answer::Refused(refusal(class));
        let (next, _, pause) = failed(work(Phase::Send).answer(at(0), &wish(), refused));
        assert!(looks_next(&next), "{next:?}");
        pause
    };
    assert!(pause(Class::Transient) <= PACE.retry);
    assert_eq!(pause(Class::Operator), TimeDelta::hours(1));
}

#[test]
fn our_own_pauses_take_nothing_of_the_service_s_time() {
    let gathers = || work(Phase::Send).noted(start());
    let mut work = gathers();
    for n in 0..6 {
        let throttled = Answer::Throttled(refusal(Class::Transient));
        work = on(work.answer(at(n), &wish(), throttled));
    }
    let began = work.attempts[0].since;
    assert!(began > start() + TimeDelta::seconds(30), "{began}");
}

#[test]
fn a_refusal_of_several_at_once_is_each_one_s_own_once_it_goes_alone() {
    let wish = WantedResources {
        instances: vec!["a|on".to_owned(), "b|on".to_owned()],
        ..named("cdn", "a|on")
    };
    let next = on(looked().answer(at(0), &wish, bound(Vec::new())));
    let both = begun(&next).clone();
    assert!(matches!(&both, Batch::Deploy { instances, .. } if instances.len() == 2));
    for refused in [Answer::Refused(refusal(Class::Permanent)), Answer::Nothing] {
        let mut sent = next.clone();
        sent.attempts[0].phase = Phase::Send;
        let alone = on(sent.answer(at(1), &wish, refused));
        assert!(matches!(begun(&alone), Batch::Deploy { instances, .. } if *instances == ["a|on"]));
        let mut sent = alone;
        sent.attempts[0].phase = Phase::Send;
        let (other, ..) =
            failed(sent.answer(at(2), &wish, Answer::Refused(refusal(Class::Permanent))));
        assert!(matches!(begun(&other), Batch::Deploy { instances, .. } if *instances == ["b|on"]));
        assert_eq!(other.parts[0].next_at, at(2).now + TimeDelta::hours(1));
    }
}

#[test]
fn a_named_instance_that_is_never_accepted_is_asked_for_no_more_and_still_looked_at() {
    let wish = named("cdn", "a|on");
    let mut work = on(looked().answer(at(0), &wish, bound(Vec::new())));
    work.attempts[0].phase = Phase::Send;
    let refused = Answer::Refused(refusal(Class::Permanent));
    let (mut work, ..) = failed(work.answer(at(1), &wish, refused));
    for round in 1..5 {
        let now = at(round * 4_000);
        assert!(looks_next(&work), "{work:?}");
        work = on(look(work).answer(now, &wish, bound(Vec::new())));
        assert!(work.attempts.is_empty(), "{work:?}");
        assert_eq!(work.pause(now.now), TimeDelta::hours(1));
        assert_eq!(work.errors().as_deref(), Some("refused"));
    }
    // Somebody binds it, or asks anew.
    let placed = Bound {
        placed: vec![("a|on".to_owned(), Role::Wanted, "new".to_owned())],
        ..Bound::default()
    };
    let done = look(work.clone()).answer(at(20_000), &wish, Answer::Bound(placed));
    assert!(matches!(done, Verdict::Done { .. }), "{done:?}");
    let anew = look(work.at_once(at(20_000).now));
    let next = on(anew.answer(at(20_000), &wish, bound(Vec::new())));
    assert!(matches!(begun(&next), Batch::Deploy { .. }));
}

#[test]
fn what_is_moved_is_asked_for_again_also_where_the_service_says_never() {
    let refused = Answer::Refused(refusal(Class::Permanent));
    let (next, ..) = failed(work(Phase::Send).answer(at(0), &wish(), refused));
    assert!(!next.parts[0].stopped);
    let old = bound(vec![count("old", "cdn", "", 1)]);
    let next = on(look(next).answer(at(3_700), &wish(), old));
    assert!(matches!(begun(&next), Batch::Move { .. }));
}

#[test]
fn a_task_that_is_stuck_holds_up_no_other() {
    let open = Answer::Progress(Progress {
        total: 1,
        open: 1,
        ..Progress::default()
    });
    let mut work = work(Phase::Follow(follow(true)));
    work.parts
        .push(Part::new(place("older", "cdn"), 1, start()));
    let (next, ..) = failed(work.answer(at(1_801), &wish(), open));
    let [stuck, other] = next.attempts.as_slice() else {
        panic!("{next:?}")
    };
    assert!(stuck.stuck && other.phase == Phase::Find);
    assert!(matches!(next.question(), Question::Tasks(_)));
}

#[test]
fn a_task_that_never_says_that_it_is_done_is_over_once_a_look_shows_it() {
    let open = Answer::Progress(Progress {
        total: 1,
        open: 1,
        ..Progress::default()
    });
    let (next, ..) =
        failed(work(Phase::Follow(follow(true))).answer(at(1_801), &wish(), open.clone()));
    // Still followed, and looked at besides.
    let (next, ..) = failed(next.answer(at(1_900), &wish(), open));
    let mut next = next;
    next.attempts[0].next_at = at(9_000).now;
    assert_eq!(next.question(), Question::LookUp);
    let all = look(next).answer(at(2_000), &wish(), bound(vec![count("new", "cdn", "", 1)]));
    assert!(matches!(all, Verdict::Done { bound: 1, .. }), "{all:?}");
}

#[test]
fn what_can_t_be_learnt_of_one_task_keeps_no_other_from_being_moved() {
    let two = |phase| {
        let mut work = work(phase);
        work.parts
            .push(Part::new(place("older", "cdn"), 1, start()));
        work
    };
    let others_go_on = |work: &Work| {
        assert_eq!(work.attempts.len(), 2, "{work:?}");
        assert!(
            matches!(work.question(), Question::Tasks(Batch::Move { from, .. }) if from == "older")
        );
    };
    // No right to read records.
    let refused = Answer::Refused(refusal(Class::Operator));
    let (next, ..) = failed(two(Phase::Follow(follow(true))).answer(at(0), &wish(), refused));
    others_go_on(&next);
    // And no answer, again and again.
    let mut work = two(Phase::Send);
    for n in 0..3 {
        work.attempts[0].phase = Phase::Send;
        let unknown = Answer::Unknown("InternalError".to_owned());
        work = match work.noted(start()).answer(at(n), &wish(), unknown) {
            Verdict::On(next, _) | Verdict::Failed(next, ..) => next,
            other => panic!("{other:?}"),
        };
    }
    others_go_on(&work);
}

#[test]
fn what_another_task_keeps_waiting_lets_others_go_first() {
    let mut work = work(Phase::Send);
    work.parts
        .push(Part::new(place("older", "cdn"), 1, start()));
    for installed in [Answer::Held, Answer::Busy] {
        let next = on(work.clone().answer(at(0), &wish(), installed));
        assert!(next.attempts[0].waiting && next.attempts[1].phase == Phase::Find);
        // And it does not begin beside that.
        assert!(
            matches!(next.question(), Question::Tasks(Batch::Move { from, .. }) if from == "older")
        );
    }
}

#[test]
fn a_way_back_that_can_t_be_had_ends() {
    let back = || Work::new(Goal::Back, "before", start());
    let gone = back().answer(at(0), &wish(), Answer::Gone("deleted".to_owned()));
    assert_eq!(gone, Verdict::NoWayBack("deleted".to_owned()));
    let refused = back().answer(at(0), &wish(), Answer::Refused(refusal(Class::Permanent)));
    assert_eq!(refused, Verdict::NoWayBack("refused".to_owned()));
    // An outage passes.
    let mut work = back();
    for n in 0..5 {
        let outage = Answer::Refused(refusal(Class::Transient));
        (work, ..) = failed(work.answer(at(n), &wish(), outage));
    }
    // What the resources refuse does not: after the third time they keep what they have.
    work.look = Look::new(start());
    let bound_there = || bound(vec![count("old", "cdn", "", 1)]);
    for n in 0..3 {
        let mut next = on(look(work).answer(at(n * 4_000), &wish(), bound_there()));
        next.attempts[0].phase = Phase::Follow(Follow {
            retries: super::answer::RETRIES,
            ..follow(true)
        });
        match next.answer(at(n * 4_000), &wish(), failing()) {
            Verdict::Failed(next, ..) if n < 2 => work = next,
            Verdict::NoWayBack(_) if n == 2 => return,
            other => panic!("{n}: {other:?}"),
        }
    }
    panic!("it never ends")
}

#[test]
fn hosting_of_one_certificate_keeps_the_others_from_nothing() {
    let counts = || vec![count("hosted", "cdn", "", 1), count("old", "cdn", "", 1)];
    let next = on(looked().answer(at(0), &wish(), bound(counts())));
    assert_eq!(begun(&next), &cdn());
}

#[test]
fn what_becomes_fewer_is_progress_and_takes_the_pauses_down() {
    let mut work = looked();
    work.parts.push(Part {
        failures: 5,
        error: Some("busy".to_owned()),
        next_at: at(3_000).now,
        ..Part::new(place("old", "cdn"), 3, start())
    });
    let same = on(work
        .clone()
        .answer(at(0), &wish(), bound(vec![count("old", "cdn", "", 3)])));
    assert_eq!(same.failures(), 5);
    let fewer = on(work.answer(at(0), &wish(), bound(vec![count("old", "cdn", "", 2)])));
    assert_eq!(fewer.failures(), 0);
    assert_eq!(begun(&fewer), &cdn());
}

#[test]
fn asked_for_by_somebody_it_waits_for_no_pause() {
    let mut work = looked();
    work.look.state = Sight::Due;
    work.look.failures = 4;
    work.look.next_at = at(3_000).now;
    let work = work.at_once(start());
    assert_eq!(
        (work.failures(), work.pause(start())),
        (0, TimeDelta::zero())
    );
}

#[test]
fn what_several_refuse_for_one_reason_is_said_once_a_round() {
    let mut work = work(Phase::Send);
    work.parts
        .push(Part::new(place("older", "cdn"), 1, start()));
    work.parts
        .push(Part::new(place("oldest", "cdn"), 1, start()));
    let mut said = 0;
    for n in 0..6 {
        // An hour later, the next round begins with a look.
        if work.attempts.is_empty() {
            let counts = ["old", "older", "oldest"].map(|from| count(from, "cdn", "", 1));
            work = on(look(work).answer(at(n * 4_000), &wish(), bound(counts.to_vec())));
        }
        work.attempts[0].phase = Phase::Send;
        let refused = Answer::Refused(refusal(Class::Operator));
        work = match work.answer(at(n * 4_000), &wish(), refused) {
            Verdict::On(next, _) => next,
            Verdict::Failed(next, ..) => {
                said += 1;
                next
            }
            other => panic!("{other:?}"),
        };
    }
    let rounds: Vec<u32> = work.parts.iter().map(|part| part.failures).collect();
    assert_eq!((rounds, said), (vec![2, 2, 2], 2));
}

#[test]
fn a_deployment_that_is_believed_is_not_asked_for_again() {
    let wish = WantedResources {
        instances: vec!["a|on".to_owned(), "b|on".to_owned()],
        ..named("cdn", "a|on")
    };
    let mut work = deployed("cdn", 1, true);
    work.parts.push(Part {
        place: Place::Named {
            kind: "cdn".to_owned(),
            instance: "b|on".to_owned(),
            region: None,
        },
        carried: 1,
        carried_at: Some(start()),
        ..Part::new(place("old", "cdn"), 1, start())
    });
    let counts = || bound(vec![count("new", "cdn", "", 1)]);
    // One has it already, as the service says; the other is asked for once more, since no look shows either.
    let mut next = on(work.answer(at(0), &wish, counts()));
    assert!(matches!(begun(&next), Batch::Deploy { instances, .. } if *instances == ["b|on"]));
    next.attempts[0].phase = Phase::Send;
    let next = on(next.answer(at(1), &wish, Answer::Nothing));
    let all = look(next).answer(at(2), &wish, counts());
    assert!(matches!(all, Verdict::Done { .. }), "{all:?}");
}
