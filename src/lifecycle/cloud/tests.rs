//! The work's table: what follows from what.

use proptest::prelude::*;

use super::*;

const PACE: Pace = Pace {
    look: TimeDelta::seconds(5),
    patience: TimeDelta::minutes(10),
    stuck: TimeDelta::minutes(30),
};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn at(seconds: i64) -> Moment {
    Moment {
        now: start() + TimeDelta::seconds(seconds),
        pace: PACE,
    }
}

fn kind(name: &str, regional: bool) -> Type {
    Type {
        name: name.to_owned(),
        regional,
        moves: name != "lighthouse",
    }
}

fn wish() -> Wish {
    Wish {
        types: vec![kind("cdn", false), kind("clb", true)],
        instances: Vec::new(),
        region: None,
        forced: false,
    }
}

fn named(name: &str, instance: &str) -> Wish {
    Wish {
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
        placed: Vec::new(),
    })
}

fn work(phase: Phase) -> Work {
    Work {
        phase,
        ..Work::new(Goal::Move, "new", start())
    }
}

fn looked() -> Work {
    work(Phase::Asked(Vec::new()))
}

fn on(verdict: Verdict) -> Work {
    match verdict {
        Verdict::On(work, _) => work,
        other => panic!("{other:?}"),
    }
}

fn cdn() -> Batch {
    Batch::Move {
        from: "old".to_owned(),
        types: vec!["cdn".to_owned()],
        regions: Vec::new(),
    }
}

fn follow(batch: Batch, seen_at_work: bool) -> Follow {
    Follow {
        batch,
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
    let next = on(looked().hear(at(0), &wish(), bound(counts)));
    let wanted = Batch::Move {
        from: "old".to_owned(),
        types: vec!["clb".to_owned()],
        regions: vec![("clb".to_owned(), vec!["ap-a".to_owned(), "ap-b".to_owned()])],
    };
    assert_eq!(next.phase, Phase::Find(wanted));
    assert_eq!(next.from.as_deref(), Some("old"));
    let next = on(looked().hear(at(0), &wish(), bound(vec![count("old", "cdn", "", 2)])));
    assert_eq!(next.phase, Phase::Find(cdn()));
}

#[test]
fn a_task_that_is_there_is_followed_before_one_is_asked_for() {
    let next = on(work(Phase::Find(cdn())).hear(at(0), &wish(), Answer::Tasks(vec![9, 8])));
    assert!(matches!(
        next.phase,
        Phase::Follow(Follow {
            record: 9,
            ours: false,
            seen_at_work: false,
            ..
        })
    ));
    let spent = Work {
        spent: vec![8, 9],
        ..work(Phase::Find(cdn()))
    };
    let next = on(spent.hear(at(0), &wish(), Answer::Tasks(vec![9, 8])));
    assert_eq!(next.phase, Phase::Send(cdn()));
    assert_eq!(next.sent().phase, Phase::Sent(cdn()));
}

#[test]
fn the_number_alone_says_that_there_is_a_task() {
    let sent = work(Phase::Send(cdn())).sent();
    let again = on(sent.clone().hear(at(3), &wish(), Answer::Task(0)));
    assert_eq!(again.phase, Phase::Send(cdn()));
    let late = sent.clone().hear(at(601), &wish(), Answer::Task(0));
    assert!(matches!(late, Verdict::Failed(..)), "{late:?}");
    let made = on(sent.hear(at(3), &wish(), Answer::Task(7)));
    assert_eq!(made.phase, Phase::Follow(follow(cdn(), true)));
}

#[test]
fn without_an_answer_the_task_is_looked_for_and_given_time_to_show() {
    let sent = work(Phase::Send(cdn())).sent();
    let unknown = on(sent.hear(at(3), &wish(), Answer::Unknown("timeout".to_owned())));
    assert_eq!(unknown.ask(), Ask::Tasks(cdn()));
    let waits = on(unknown
        .clone()
        .hear(at(5), &wish(), Answer::Tasks(Vec::new())));
    assert_eq!(waits.phase, Phase::Sent(cdn()));
    let again = on(waits.hear(at(30), &wish(), Answer::Tasks(Vec::new())));
    assert_eq!(again.phase, Phase::Send(cdn()));
}

#[test]
fn a_service_that_never_answers_is_said_before_long() {
    let mut work = work(Phase::Send(cdn()));
    for n in 1..=4 {
        let answer = Answer::Unknown("InternalError".to_owned());
        match work.sent().hear(at(n), &wish(), answer) {
            Verdict::On(next, _) if n < 3 => work = next.at(Phase::Send(cdn())),
            Verdict::Failed(next, reason) if n >= 3 => {
                assert_eq!(
                    (reason.as_str(), &next.phase),
                    ("InternalError", &Phase::Sent(cdn()))
                );
                work = next.at(Phase::Send(cdn()));
            }
            other => panic!("{n}: {other:?}"),
        }
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
        let following = work(Phase::Follow(follow(cdn(), true)));
        match following.hear(at(waited), &wish(), Answer::Progress(open.clone())) {
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
    let following = || work(Phase::Follow(follow(cdn(), true)));
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
        let next = on(following().hear(at(60), &wish(), Answer::Progress(open)));
        assert!(matches!(next.phase, Phase::Follow(_)));
    }
    let next = on(following().hear(at(60), &wish(), done(2)));
    assert_eq!(
        (next.phase.clone(), next.spent.as_slice()),
        (Phase::Ask, &[7][..])
    );
    let looked = Work {
        phase: Phase::Asked(Vec::new()),
        ..next
    };
    let all = looked.hear(at(70), &wish(), bound(vec![count("new", "cdn", "", 2)]));
    assert!(matches!(all, Verdict::Done { bound: 2, .. }), "{all:?}");
}

#[test]
fn what_the_task_says_is_not_the_last_word() {
    let carried = Work {
        carried: vec![cdn()],
        ..looked()
    };
    let still = || bound(vec![count("old", "cdn", "", 1)]);
    // Lists lag; but not for ever, and no second task is asked for meanwhile.
    let waits = on(carried.clone().hear(at(300), &wish(), still()));
    assert_eq!(waits.phase, Phase::Ask);
    let failed = carried.hear(at(601), &wish(), still());
    assert!(matches!(failed, Verdict::Failed(..)), "{failed:?}");
}

#[test]
fn failed_parts_are_tried_again_thrice_with_growing_pauses_and_then_it_is_said() {
    let mut work = work(Phase::Follow(follow(cdn(), true)));
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let Verdict::On(next, pause) = work.clone().hear(at(60), &wish(), failing()) else {
            panic!("it gave up early")
        };
        pauses.push(pause.num_seconds());
        assert!(matches!(next.ask(), Ask::Retry(_)));
        work = on(next
            .retrying(at(60).now)
            .hear(at(60), &wish(), Answer::Retried));
    }
    assert_eq!(pauses, [10, 20, 40]);
    let Verdict::Failed(next, reason) = work.hear(at(60), &wish(), failing()) else {
        panic!("it goes on for ever")
    };
    assert!(
        reason.contains("1 of 2") && reason.contains("busy"),
        "{reason}"
    );
    assert_eq!((next.phase, next.spent), (Phase::Ask, vec![7]));
}

#[test]
fn an_old_failure_that_is_found_is_neither_retried_nor_believed() {
    let next = on(work(Phase::Follow(follow(cdn(), false))).hear(at(5), &wish(), failing()));
    assert_eq!(
        (next.phase, next.spent, next.carried),
        (Phase::Ask, vec![7], Vec::new())
    );
}

#[test]
fn a_task_of_somebody_else_s_is_waited_for_and_says_nothing_about_ours() {
    let found = Follow {
        ours: false,
        ..follow(cdn(), true)
    };
    let next = on(work(Phase::Follow(found)).hear(at(60), &wish(), done(1)));
    assert_eq!((next.phase, next.carried), (Phase::Ask, Vec::new()));
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
    let following = work(Phase::Follow(follow(cdn(), true)));
    let Verdict::Failed(next, _) = following.clone().hear(at(1_801), &wish(), stuck()) else {
        panic!("it waits in silence")
    };
    assert_eq!(next.phase, following.phase);
    let Verdict::Failed(next, _) = following.hear(at(90_000), &wish(), stuck()) else {
        panic!("it waits in silence")
    };
    assert_eq!((next.phase, next.spent), (Phase::Ask, vec![7]));
}

#[test]
fn nothing_to_do_is_success_once_a_look_confirms_it() {
    let next = on(work(Phase::Send(cdn()))
        .sent()
        .hear(at(0), &wish(), Answer::Nothing));
    assert_eq!(next.phase, Phase::Ask);
    let look = |counts| {
        Work {
            phase: Phase::Asked(Vec::new()),
            ..next.clone()
        }
        .hear(at(1), &wish(), bound(counts))
    };
    assert!(matches!(
        look(vec![count("new", "cdn", "", 1)]),
        Verdict::Done { bound: 1, .. }
    ));
    assert!(matches!(look(Vec::new()), Verdict::Done { bound: 0, .. }));
    assert!(matches!(
        look(vec![count("old", "cdn", "", 1)]),
        Verdict::On(..)
    ));
}

#[test]
fn hosting_is_not_raced() {
    let verdict = looked().hear(at(0), &wish(), bound(vec![count("hosted", "cdn", "", 1)]));
    assert_eq!(verdict, Verdict::Hosted("hosted".to_owned()));
}

#[test]
fn somebody_else_s_later_certificate_is_left_unless_it_was_asked_for() {
    let theirs = || bound(vec![count("theirs", "cdn", "", 1)]);
    assert_eq!(
        looked().hear(at(0), &wish(), theirs()),
        Verdict::Foreign("theirs".to_owned())
    );
    let forced = Wish {
        forced: true,
        ..wish()
    };
    let next = on(looked().hear(at(0), &forced, theirs()));
    assert!(matches!(next.phase, Phase::Find(Batch::Move { from, .. }) if from == "theirs"));
    // One that covers other names too is never moved from: its resources may be theirs.
    let wide = bound(vec![count("wide", "cdn", "", 1)]);
    assert!(matches!(
        looked().hear(at(0), &forced, wide),
        Verdict::Done { bound: 0, .. }
    ));
}

#[test]
fn a_named_instance_is_deployed_to_where_none_of_ours_is() {
    let wish = named("cdn", "a|on");
    let place = |role, certificate: &str| {
        Answer::Bound(Bound {
            counts: Vec::new(),
            placed: vec![("a|on".to_owned(), role, certificate.to_owned())],
        })
    };
    let next = on(looked().hear(at(0), &wish, bound(Vec::new())));
    assert!(matches!(next.phase, Phase::Find(Batch::Deploy { .. })));
    let there = looked().hear(at(0), &wish, place(Role::Wanted, "new"));
    assert!(matches!(there, Verdict::Done { bound: 1, .. }), "{there:?}");
    for role in [Role::Foreign, Role::Wider] {
        let theirs = looked().hear(at(0), &wish, place(role, "theirs"));
        assert_eq!(theirs, Verdict::Foreign("theirs".to_owned()));
    }
    let forced = Wish {
        forced: true,
        ..wish
    };
    let next = on(looked().hear(at(0), &forced, place(Role::Wider, "theirs")));
    assert!(matches!(next.phase, Phase::Find(Batch::Deploy { .. })));
}

#[test]
fn a_refused_deployment_is_believed_only_where_a_look_shows_the_certificate() {
    let refused = |kind: &str| {
        let sent = Work {
            carried: vec![Batch::Deploy {
                kind: kind.to_owned(),
                instances: vec!["a".to_owned()],
                region: None,
            }],
            refused: true,
            ..looked()
        };
        sent.hear(at(0), &named(kind, "a"), bound(Vec::new()))
    };
    assert!(matches!(refused("cdn"), Verdict::Failed(..)));
    // This type does not show in a look, and no look says that it became fewer.
    let unseen = refused("lighthouse");
    assert!(
        matches!(unseen, Verdict::Done { bound: 1, .. }),
        "{unseen:?}"
    );
    let inspecting = Work {
        goal: Goal::Inspect,
        ..looked()
    };
    let unseen = inspecting.hear(at(0), &named("lighthouse", "a"), bound(Vec::new()));
    assert!(
        matches!(unseen, Verdict::Done { bound: 1, .. }),
        "{unseen:?}"
    );
}

#[test]
fn a_deployment_that_a_look_does_not_show_is_asked_for_once_more() {
    let deployed = |times: usize| Work {
        carried: vec![
            Batch::Deploy {
                kind: "cdn".to_owned(),
                instances: vec!["a|on".to_owned()],
                region: None,
            };
            times
        ],
        ..looked()
    };
    let look = |times| {
        deployed(times).hear(
            at(0),
            &named("cdn", "a|on"),
            bound(vec![count("new", "cdn", "", 1)]),
        )
    };
    assert!(matches!(
        on(look(1)).phase,
        Phase::Find(Batch::Deploy { .. })
    ));
    assert!(matches!(look(2), Verdict::Done { bound: 1, .. }));
}

#[test]
fn a_newer_certificate_waits_for_the_task_under_way_and_then_begins_anew() {
    let following = work(Phase::Follow(follow(cdn(), true)));
    let same = following.clone().towards(Goal::Move, "newer", start());
    assert_eq!(same, following);
    let over = on(same.hear(at(60), &wish(), done(1)));
    let next = over.towards(Goal::Move, "newer", start());
    assert_eq!(
        (next.to.as_str(), next.phase, next.spent),
        ("newer", Phase::Ask, vec![7])
    );
}

#[test]
fn an_inspection_never_asks_for_a_task() {
    let inspecting = || Work {
        goal: Goal::Inspect,
        ..looked()
    };
    let older = inspecting().hear(at(0), &wish(), bound(vec![count("old", "cdn", "", 3)]));
    assert_eq!(older, Verdict::Older("old".to_owned(), 3));
    let missing = inspecting().hear(at(0), &named("cdn", "a|on"), bound(Vec::new()));
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
    let counts = prop::collection::vec((0_usize..4, 0_usize..2, 0_u64..3), 0..4).prop_map(|all| {
        let counts = all.into_iter().map(|(who, what, many)| {
            count(
                ["new", "old", "theirs", "hosted"][who],
                ["cdn", "clb"][what],
                "ap-a",
                many,
            )
        });
        bound(counts.collect())
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
    ]
}

proptest! {
    /// Whatever comes back: no task is asked for while another may be under way, and work reads back as it was written.
    #[test]
    fn never_two_tasks_at_once(answers in prop::collection::vec((any_answer(), 0_i64..400), 1..60)) {
        let (mut work, mut seconds) = (Work::new(Goal::Move, "new", start()), 0);
        for (answer, pause) in answers {
            seconds += pause;
            let before = work.clone();
            let asked = work.ask();
            work = match work.ask() {
                Ask::Task(_) => work.sent(),
                Ask::Retry(_) => work.retrying(at(seconds).now),
                _ => work,
            };
            match work.hear(at(seconds), &wish(), answer.clone()) {
                Verdict::On(next, pause) => {
                    prop_assert!(pause >= TimeDelta::zero());
                    work = next;
                }
                Verdict::Failed(next, _) => work = next,
                _ => work = Work::new(Goal::Move, "new", at(seconds).now),
            }
            let text = serde_json::to_string(&work).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Work>(&text).unwrap(), &work);
            // From a task that may be under way there is no way to another but over its end, or a look that shows none.
            if before.may_run() && matches!(work.phase, Phase::Send(_)) {
                let none = matches!((&before.phase, &asked, &answer), (Phase::Sent(_), Ask::Tasks(_), Answer::Tasks(_)))
                    || matches!((&before.phase, &answer), (Phase::Sent(_), Answer::Task(0)));
                prop_assert!(none, "{before:?} {answer:?}");
            }
        }
    }
}

#[test]
fn a_clock_that_was_put_back_makes_no_patience_endless() {
    let back = start() - TimeDelta::days(50);
    let work = work(Phase::Follow(follow(cdn(), true)));
    assert_eq!(work.since, start());
    assert_eq!(work.clone().towards(Goal::Move, "new", back).since, back);
    let later = start() + TimeDelta::hours(1);
    assert_eq!(work.towards(Goal::Move, "new", later).since, start());
}
