//! Tables and properties: no reachable state without a way out, never two open orders, never past the window's edge.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::urgency::{alarm, next_alarm};
use crate::lifecycle::delivery::Reached;
use crate::lifecycle::pause::LONGEST_PAUSE;
use crate::lifecycle::*;

mod doubts;
mod fleets;
mod guards;
mod notes;
mod standing;

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn policy() -> Policy {
    Policy {
        renew_before: TimeDelta::days(30),
        poll: TimeDelta::seconds(30),
        algorithm: Algorithm::Ecc,
        inputs: "inputs".to_owned(),
        orders: Orders::Here,
    }
}

/// A certificate of ninety days with this much left at noon.
fn installed(left: TimeDelta) -> Installed {
    let not_after = noon() + left;
    Installed {
        certificate_id: "old1".to_owned(),
        account: "default".to_owned(),
        not_before: not_after - TimeDelta::days(90),
        not_after,
        fingerprint: "00".to_owned(),
        installed_at: not_after - TimeDelta::days(89),
    }
}

fn record(left: Option<TimeDelta>) -> Record {
    let mut record = Record::new("shop.example.com", "default");
    record.installed = left.map(installed);
    record
}

fn order(stage: Stage) -> Order {
    Order {
        id: "abcdefgh".to_owned(),
        marker: "ec-abc123-abcdefgh".to_owned(),
        account: "default".to_owned(),
        algorithm: Algorithm::Ecc,
        method: Method::DnsAuto,
        link: None,
        renewal: false,
        adopted: false,
        stage,
    }
}

fn intended() -> Stage {
    Stage::Intended {
        signed_at: noon(),
        looks: 0,
    }
}

fn pending() -> Stage {
    Stage::Pending {
        certificate_id: "new1".to_owned(),
        since: noon(),
        deadline: None,
        status: 0,
        stalled: Stall::Unsaid,
    }
}

fn failure(class: Class) -> Failure {
    Failure {
        class,
        code: None,
        message: "no luck".to_owned(),
        request_id: None,
    }
}

fn hold(scope: HoldScope, until: DateTime<Utc>) -> Hold {
    Hold {
        account: "default".to_owned(),
        scope,
        until,
        times: 1,
        failure: failure(Class::Quota),
    }
}

fn sighting(id: &str, state: SightingState) -> Sighting {
    Sighting {
        certificate_id: id.to_owned(),
        alias: String::new(),
        state,
        status: 0,
        reason: None,
        free: true,
        obscure: false,
        uploaded: false,
        algorithm: Some(Algorithm::Ecc),
        downloadable: true,
        not_after: (state == SightingState::Issued).then(|| noon() + TimeDelta::days(80)),
        inserted: Some(noon() - TimeDelta::hours(1)),
        origin: None,
        validated: false,
        resolved_here: None,
        method: None,
        deadline: None,
        also: Vec::new(),
    }
}

fn ours() -> Ours {
    Ours::alone("abc123")
}

/// Where it stands by these holds.
fn standing(record: &Record, holds: &[Hold]) -> Standing {
    Standing::of(noon(), &policy(), record, holds, Reached::Done)
}

fn state(record: &Record, holds: &[Hold]) -> State {
    standing(record, holds).state
}

fn settled(record: Record, outcome: Outcome) -> Settled {
    settle(noon(), &policy(), record, outcome, 0.5)
}

fn seen(sighting: Sighting) -> Outcome {
    Outcome::Seen {
        sighting: Box::new(sighting),
        service_now: noon(),
    }
}

#[test]
fn what_is_due_and_why() {
    let table = [
        (None, Some(Due::First)),
        (Some(TimeDelta::days(89)), None),
        (Some(TimeDelta::days(30) + TimeDelta::seconds(1)), None),
        (Some(TimeDelta::days(30)), Some(Due::Window)),
        (Some(TimeDelta::seconds(1)), Some(Due::Window)),
        (Some(TimeDelta::zero()), Some(Due::Expired)),
        (Some(TimeDelta::days(-3)), Some(Due::Expired)),
    ];
    for (left, expected) in table {
        assert_eq!(due(noon(), &policy(), &record(left)), expected, "{left:?}");
    }
    let mut forced = record(Some(TimeDelta::days(89)));
    forced.forced = Some(noon());
    assert_eq!(due(noon(), &policy(), &forced), Some(Due::Forced));
    let mut removed = record(None);
    removed.wanted = false;
    assert_eq!(due(noon(), &policy(), &removed), None);
}

#[test]
fn a_short_lived_certificate_is_not_due_from_its_first_day() {
    let mut short = installed(TimeDelta::days(9));
    short.not_before = short.not_after - TimeDelta::days(10);
    assert_eq!(
        policy().renew_at(&short),
        short.not_after - TimeDelta::days(5)
    );
    let mut own = policy();
    own.renew_before = TimeDelta::days(2);
    assert_eq!(own.renew_at(&short), short.not_after - TimeDelta::days(2));
}

#[test]
fn the_link_is_sent_only_inside_the_last_thirty_days_before_the_end_and_in_the_same_account() {
    let link = |left: TimeDelta| order::plan::link(noon(), &record(Some(left)));
    assert_eq!(link(TimeDelta::days(31)), None);
    assert_eq!(link(TimeDelta::days(30)), Some("old1".to_owned()));
    assert_eq!(link(TimeDelta::seconds(1)), Some("old1".to_owned()));
    assert_eq!(link(TimeDelta::zero()), None);
    let mut moved = record(Some(TimeDelta::days(20)));
    moved.account = "other".to_owned();
    assert_eq!(order::plan::link(noon(), &moved), None);
    let mut refused = record(Some(TimeDelta::days(20)));
    refused.retry.without_link = true;
    assert_eq!(order::plan::link(noon(), &refused), None);
}

#[test]
fn an_open_order_comes_before_everything_else() {
    for (stage, expected) in [
        (intended(), Step::LookUp),
        (pending(), Step::Poll),
        (
            Stage::Issued {
                certificate_id: "new1".to_owned(),
            },
            Step::Fetch,
        ),
    ] {
        for left in [None, Some(TimeDelta::days(80)), Some(TimeDelta::days(-1))] {
            let mut record = record(left);
            record.order = Some(order(stage.clone()));
            record.wanted = left.is_none();
            let quota = [hold(HoldScope::Orders, noon() + TimeDelta::hours(1))];
            assert_eq!(plan(noon(), &policy(), &record, &quota), expected);
        }
    }
}

#[test]
fn a_hold_keeps_back_the_names_it_concerns_and_no_others() {
    let at = noon() + TimeDelta::hours(1);
    let table = [
        (HoldScope::Account, true),
        (HoldScope::Orders, true),
        (HoldScope::List, true),
        (HoldScope::MainDomain("example.com".to_owned()), true),
        (HoldScope::MainDomain("shop.example.com".to_owned()), true),
        (HoldScope::MainDomain("example.net".to_owned()), false),
        (HoldScope::MainDomain("op.example.com".to_owned()), false),
    ];
    for (scope, held_back) in table {
        let hold = hold(scope.clone(), at);
        let step = plan(
            noon(),
            &policy(),
            &record(None),
            std::slice::from_ref(&hold),
        );
        assert_eq!(matches!(step, Step::Rest { .. }), held_back, "{scope:?}");
        let mut other = record(None);
        other.account = "other".to_owned();
        assert!(!hold.covers(&other));
    }
}

#[test]
fn an_order_that_needs_no_list_goes_on_without_one() {
    let hold = [hold(HoldScope::List, noon() + TimeDelta::hours(1))];
    let issued = Stage::Issued {
        certificate_id: "new1".to_owned(),
    };
    for (stage, rests) in [(intended(), true), (pending(), true), (issued, false)] {
        let mut record = record(None);
        record.order = Some(order(stage));
        let step = plan(noon(), &policy(), &record, &hold);
        assert_eq!(matches!(step, Step::Rest { .. }), rests, "{step:?}");
    }
}

#[test]
fn the_wait_for_a_list_grows_to_an_hour_and_shrinks_as_the_end_comes_near() {
    let wait = |times, left| {
        let records = [record(None), record(Some(left))];
        let poll = TimeDelta::seconds(30);
        hold::without_list(noon(), poll, &records, times, 0.999)
    };
    let month = TimeDelta::days(30);
    assert!(wait(1, month) <= TimeDelta::minutes(1));
    assert!(wait(4, month) > wait(2, month));
    assert!(wait(60, month) > TimeDelta::minutes(59) && wait(60, month) <= TimeDelta::hours(1));
    assert!(wait(60, TimeDelta::hours(1)) <= TimeDelta::minutes(6));
    assert!(wait(60, TimeDelta::hours(-1)) == TimeDelta::minutes(1));
}

#[test]
fn an_alarm_does_not_wait_for_the_end_of_a_pause() {
    let mut near = record(Some(TimeDelta::hours(25)));
    near.alarmed = Some(3);
    let quota = [hold(HoldScope::Orders, noon() + TimeDelta::hours(30))];
    let alarm = schedule(noon(), &policy(), &near, &quota);
    assert_eq!(alarm.at, Some(noon() + TimeDelta::hours(1)));
    near.wanted = false;
    assert_eq!(schedule(noon(), &policy(), &near, &quota).at, None);
}

#[test]
fn a_pause_set_by_a_clock_that_was_put_back_is_over() {
    let mut record = record(None);
    record.retry.not_before = Some(noon() + LONGEST_PAUSE);
    assert!(matches!(
        plan(noon(), &policy(), &record, &[]),
        Step::Rest { .. }
    ));
    record.retry.not_before = Some(noon() + LONGEST_PAUSE + TimeDelta::seconds(1));
    assert!(matches!(
        plan(noon(), &policy(), &record, &[]),
        Step::Order { .. }
    ));
    record.retry.not_before = None;
    let hold = hold(HoldScope::Account, noon() + TimeDelta::days(300));
    // Whoever would set it anew must see that it is over, or the account is asked without end.
    assert!(!hold.in_force(noon()));
    assert!(matches!(
        plan(noon(), &policy(), &record, &[hold]),
        Step::Order { .. }
    ));
}

#[test]
fn a_renewal_waits_for_a_check_and_what_has_begun_does_not() {
    let waiting = schedule(noon(), &policy(), &record(Some(TimeDelta::days(29))), &[]);
    assert!(!waiting.in_flight);
    assert_eq!(waiting.urgent_at, Some(noon() + TimeDelta::days(14)));
    let mut failing = record(Some(TimeDelta::days(29)));
    failing.retry.not_before = Some(noon() + TimeDelta::minutes(1));
    assert!(schedule(noon(), &policy(), &failing, &[]).in_flight);
    assert!(schedule(noon(), &policy(), &record(None), &[]).in_flight);
}

#[test]
fn an_application_without_an_answer_is_searched_for_as_long_as_it_can_take_effect() {
    // Longer than the five minutes that the service accepts a signature.
    assert!(policy().patience() > TimeDelta::minutes(5));
    let late = |seconds| policy().gives_up(noon(), noon() + TimeDelta::seconds(seconds), false);
    assert!(!late(359));
    assert!(late(360));
    assert!(!policy().gives_up(noon(), noon() + TimeDelta::seconds(360), true));
    let mut quick = policy();
    quick.poll = TimeDelta::seconds(1);
    assert_eq!(quick.patience(), TimeDelta::seconds(20));
}

#[test]
fn a_lost_answer_does_not_order_twice() {
    let mut asked = record(None);
    asked.order = Some(order(intended()));
    let unanswered = settled(asked, Outcome::Unanswered(failure(Class::Transient)));
    assert!(unanswered.closed.is_none());
    assert!(unanswered.record.order.is_some());
    let nothing = |gave_up| Outcome::Searched {
        found: Found::Nothing,
        gave_up,
    };
    let still = settled(unanswered.record.clone(), nothing(false));
    assert!(matches!(
        still.record.order.map(|order| order.stage),
        Some(Stage::Intended { looks: 1, .. })
    ));
    let given_up = settled(unanswered.record, nothing(true));
    assert_eq!(
        given_up.closed.map(|closed| closed.ending),
        Some(Ending::Vanished)
    );
    assert_eq!(given_up.record.order, None);
}

#[test]
fn what_bears_the_marker_is_found_and_what_bears_another_is_not() {
    let find = |sightings: &[Sighting], known: &[String]| {
        find(
            "ec-abc123-abcdefgh",
            noon(),
            None,
            &ours(),
            known,
            sightings,
        )
    };
    let mut marked = sighting("new1", SightingState::Pending);
    marked.alias = "ec-abc123-abcdefgh the shop".to_owned();
    let mut other = marked.clone();
    other.certificate_id = "new2".to_owned();
    other.alias = "ec-abc123-zzzzzzzz".to_owned();
    assert_eq!(
        find(&[other.clone(), marked.clone()], &[]),
        Found::This(Box::new(marked))
    );
    // Also not where time, link and name would fit.
    other.inserted = Some(noon());
    assert_eq!(find(&[other], &[]), Found::Nothing);

    // The service dropped the alias.
    let mut bare = sighting("new3", SightingState::Pending);
    bare.inserted = Some(noon() - TimeDelta::minutes(4));
    assert_eq!(
        find(std::slice::from_ref(&bare), &[]),
        Found::This(Box::new(bare.clone()))
    );
    assert_eq!(
        find(std::slice::from_ref(&bare), &["new3".to_owned()]),
        Found::Nothing
    );
    let mut old = bare.clone();
    old.inserted = Some(noon() - TimeDelta::minutes(6));
    assert_eq!(find(&[old], &[]), Found::Nothing);
    let mut linked = bare.clone();
    linked.origin = Some("old1".to_owned());
    assert_eq!(find(&[linked], &[]), Found::Nothing);
    let mut twin = bare.clone();
    twin.certificate_id = "new4".to_owned();
    assert_eq!(
        find(&[bare, twin], &[]),
        Found::Several(vec!["new3".to_owned(), "new4".to_owned()])
    );
}

#[test]
fn what_a_stranger_applied_for_is_not_taken_for_our_lost_application() {
    let find = |sighting: &Sighting| {
        let all = std::slice::from_ref(sighting);
        find("ec-abc123-abcdefgh", noon(), None, &ours(), &[], all)
    };
    let mut bare = sighting("new1", SightingState::Pending);
    bare.inserted = Some(noon() + TimeDelta::minutes(9));
    assert!(matches!(find(&bare), Found::This(_)), "it lingered");
    // The search was held up for hours, and a person applied at the console meanwhile.
    bare.inserted = Some(noon() + TimeDelta::minutes(11));
    assert_eq!(find(&bare), Found::Nothing);

    bare.inserted = Some(noon());
    let mut twin = bare.clone();
    twin.alias = "ec-zzz999-abcdefgh".to_owned();
    assert_eq!(find(&twin), Found::Nothing, "another installation's");
    let mut paid = bare.clone();
    paid.free = false;
    assert_eq!(find(&paid), Found::Nothing);
    assert!(matches!(find(&bare), Found::This(_)));
}

#[test]
fn what_is_there_is_adopted_and_what_does_not_fit_is_not() {
    let choice = |record: &Record, sightings: &[Sighting]| {
        choose(noon(), noon(), &policy(), record, &ours(), &[], sightings)
    };
    let issued = sighting("new1", SightingState::Issued);
    let first = record(None);
    let adopt = |sighting: &Sighting| Choice::Adopt(Box::new(sighting.clone()));
    assert_eq!(
        choice(&first, std::slice::from_ref(&issued)),
        adopt(&issued)
    );

    let unfit: [fn(&mut Sighting); 5] = [
        |sighting| sighting.free = false,
        |sighting| sighting.algorithm = Some(Algorithm::Rsa),
        |sighting| sighting.downloadable = false,
        |sighting| sighting.not_after = Some(noon()),
        |sighting| sighting.not_after = None,
    ];
    for change in unfit {
        let mut sighting = issued.clone();
        change(&mut sighting);
        assert_eq!(
            choice(&first, &[sighting.clone()]),
            Choice::Apply,
            "{sighting:?}"
        );
    }
    let mut longer = issued.clone();
    longer.certificate_id = "new2".to_owned();
    longer.not_after = Some(noon() + TimeDelta::days(85));
    assert_eq!(
        choice(&first, &[issued.clone(), longer.clone()]),
        adopt(&longer)
    );

    // Not what is held, nor what ends before it.
    let later = record(Some(TimeDelta::days(82)));
    assert_eq!(choice(&later, std::slice::from_ref(&issued)), Choice::Apply);
    // With --force, only what was applied for after the request.
    let mut forced = record(Some(TimeDelta::days(20)));
    forced.forced = Some(noon());
    assert_eq!(
        choice(&forced, std::slice::from_ref(&issued)),
        Choice::Apply
    );
    let mut after = issued;
    after.inserted = Some(noon() + TimeDelta::seconds(1));
    assert_eq!(choice(&forced, std::slice::from_ref(&after)), adopt(&after));
    // What is held is no answer to the wish for another one, whatever the clocks say of its age.
    let mut itself = record(Some(TimeDelta::days(80)));
    itself.forced = Some(noon());
    if let Some(installed) = &mut itself.installed {
        installed.certificate_id = after.certificate_id.clone();
    }
    assert_eq!(choice(&itself, &[after]), Choice::Apply);
}

#[test]
fn others_orders_are_waited_for_and_ours_are_taken_back() {
    let choice = |sightings: &[Sighting]| {
        choose(
            noon(),
            noon(),
            &policy(),
            &record(None),
            &ours(),
            &[],
            sightings,
        )
    };
    let foreign = sighting("for1", SightingState::Pending);
    assert_eq!(
        choice(std::slice::from_ref(&foreign)),
        Choice::Wait(Box::new(foreign.clone()))
    );
    let mut stale = foreign.clone();
    stale.inserted = Some(noon() - TimeDelta::hours(25));
    assert_eq!(choice(std::slice::from_ref(&stale)), Choice::Apply);
    stale.validated = true;
    assert_eq!(
        choice(std::slice::from_ref(&stale)),
        Choice::Wait(Box::new(stale.clone()))
    );
    for state in [
        SightingState::Rejected,
        SightingState::Cancelled,
        SightingState::Dead,
    ] {
        assert_eq!(choice(&[sighting("dead", state)]), Choice::Apply);
    }
    let mut own = foreign.clone();
    own.certificate_id = "own1".to_owned();
    own.alias = "ec-abc123-qqqqqqqq".to_owned();
    assert_eq!(
        choice(&[foreign, own.clone()]),
        Choice::Adopt(Box::new(own.clone()))
    );
    // Of two of our own the older is kept; the younger is the one that should not be there.
    let mut younger = own.clone();
    younger.certificate_id = "own0".to_owned();
    younger.inserted = Some(noon());
    assert_eq!(
        choice(&[younger, own.clone()]),
        Choice::Adopt(Box::new(own))
    );
}

#[test]
fn a_rejected_order_is_made_anew_ever_slower() {
    let mut quick = policy();
    quick.poll = TimeDelta::seconds(1);
    let mut last = TimeDelta::zero();
    for lost in 1..8 {
        let pause = retry::after_rejection(&quick, lost, 0.0);
        assert!(pause >= TimeDelta::seconds(20) && pause > last);
        last = pause;
        // A cancelled one is replaced within ninety seconds, at first.
        if lost == 1 {
            assert!(retry::after_cancellation(&quick, 1, 0.999) < TimeDelta::seconds(60));
        }
    }
    let mut rejected = record(None);
    rejected.order = Some(order(pending()));
    let after = settled(rejected, seen(sighting("new1", SightingState::Rejected)));
    assert_eq!(
        after.closed.map(|closed| closed.ending),
        Some(Ending::Rejected)
    );
    assert_eq!(after.record.retry.lost_orders, 1);
    assert!(after.record.parked.is_none());
}

#[test]
fn two_orders_that_nobody_validated_park_the_certificate() {
    let mut record = record(None);
    for parked in [false, true] {
        record.order = Some(order(pending()));
        let mut dead = sighting("new1", SightingState::Rejected);
        dead.inserted = Some(noon() - TimeDelta::days(3));
        record = settled(record, seen(dead)).record;
        assert_eq!(record.parked.is_some(), parked);
    }
    // A name that the CA refuses at once is another matter.
    assert!(matches!(
        plan(noon(), &policy(), &record, &[]),
        Step::Rest {
            why: Rest::Parked,
            until: None
        }
    ));
    let mut edited = policy();
    edited.inputs = "edited".to_owned();
    assert!(!matches!(
        plan(noon(), &edited, &record, &[]),
        Step::Rest {
            why: Rest::Parked,
            ..
        }
    ));
}

#[test]
fn only_an_order_of_ours_that_is_late_by_the_services_clock_is_cancelled() {
    let mut waiting = record(None);
    waiting.order = Some(order(pending()));
    let mut late = sighting("new1", SightingState::Pending);
    late.inserted = Some(noon() - TimeDelta::hours(74));
    assert!(overdue(noon(), &waiting, &late));
    assert!(!overdue(noon() - TimeDelta::hours(2), &waiting, &late));
    let mut validated = late.clone();
    validated.validated = true;
    assert!(!overdue(noon(), &waiting, &validated));
    let mut issued = late.clone();
    issued.state = SightingState::Issued;
    assert!(!overdue(noon(), &waiting, &issued));
    if let Some(order) = &mut waiting.order {
        order.adopted = true;
    }
    assert!(!overdue(noon(), &waiting, &late));
}

#[test]
fn a_failure_that_a_hold_answers_for_leaves_no_pause_behind() {
    let held_back = settled(
        record(None),
        Outcome::Failed {
            failure: failure(Class::Operator),
            held_back: true,
        },
    );
    assert_eq!(held_back.record.retry.not_before, None);
    let alone = settled(
        record(None),
        Outcome::Failed {
            failure: failure(Class::Transient),
            held_back: false,
        },
    );
    assert!(alone.record.retry.not_before.is_some());
}

#[test]
fn alarms_are_raised_once_a_level_and_only_for_what_is_due() {
    let mut record = record(Some(TimeDelta::days(31)));
    let mut raised = Vec::new();
    for hour in 0..24 * 33 {
        let now = noon() + TimeDelta::hours(hour);
        if let Some(level) = alarm(now, &policy(), &record) {
            raised.push(level);
            record.alarmed = Some(level);
        }
        if record.alarmed != Some(0) {
            assert!(next_alarm(now, &policy(), &record).is_some_and(|at| at > now));
        }
    }
    assert_eq!(raised, [14, 7, 3, 1, 0]);
    let mut late = policy();
    late.renew_before = TimeDelta::days(5);
    let due_later = super::tests::record(Some(TimeDelta::days(6)));
    assert_eq!(alarm(noon(), &late, &due_later), None);
}

#[test]
fn a_first_retry_at_the_quickest_pace_comes_within_ten_seconds() {
    let mut quick = policy();
    quick.poll = TimeDelta::seconds(1);
    for random in [0.0, 0.5, 0.999] {
        let pause = retry::backoff(noon(), &quick, &record(None), Class::Transient, 1, random);
        assert!(pause >= TimeDelta::seconds(1) && pause <= TimeDelta::seconds(10));
    }
}

fn any_failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(failure(Class::Transient)),
        Just(failure(Class::Quota)),
        Just(failure(Class::Operator)),
        Just(failure(Class::Permanent)),
        Just(failure(Class::AlreadySo)),
    ]
}

fn any_state() -> impl Strategy<Value = SightingState> {
    prop_oneof![
        Just(SightingState::Pending),
        Just(SightingState::Issued),
        Just(SightingState::Rejected),
        Just(SightingState::Cancelled),
        Just(SightingState::Dead),
    ]
}

/// What may come of each step, drawn for a random walk through the machine.
#[derive(Clone, Debug)]
enum Draw {
    Succeed,
    Fail(Failure, bool),
    Lose(Failure),
    State(SightingState, bool),
    Gone,
    GiveUp(bool),
}

fn any_draw() -> impl Strategy<Value = Draw> {
    prop_oneof![
        3 => Just(Draw::Succeed),
        2 => (any_failure(), any::<bool>()).prop_map(|(failure, installed)| Draw::Fail(failure, installed)),
        1 => any_failure().prop_map(Draw::Lose),
        2 => (any_state(), any::<bool>()).prop_map(|(state, old)| Draw::State(state, old)),
        1 => Just(Draw::Gone),
        1 => any::<bool>().prop_map(Draw::GiveUp),
    ]
}

/// Does what the step asks for, with the drawn outcome.
fn walk(now: DateTime<Utc>, record: Record, step: &Step, draw: &Draw, random: f64) -> Settled {
    let policy = policy();
    let apply = |record, outcome| settle(now, &policy, record, outcome, random);
    match step {
        Step::Rest { .. } | Step::Seek { .. } => Settled {
            record,
            closed: None,
        },
        Step::Order { link, .. } => {
            let mut made = order(Stage::Intended {
                signed_at: now,
                looks: 0,
            });
            made.link.clone_from(link);
            let intended = apply(record, Outcome::Intending(Box::new(made))).record;
            match draw {
                Draw::Fail(failure, installed) => apply(
                    intended,
                    Outcome::NotApplied {
                        failure: failure.clone(),
                        held_back: *installed,
                    },
                ),
                Draw::Lose(failure) => apply(intended, Outcome::Unanswered(failure.clone())),
                _ => apply(
                    intended,
                    Outcome::Applied {
                        certificate_id: "new1".to_owned(),
                    },
                ),
            }
        }
        Step::LookUp => {
            let found = match draw {
                Draw::State(state, _) => Found::This(Box::new(sighting("new1", *state))),
                Draw::Gone => Found::Several(vec!["a".to_owned(), "b".to_owned()]),
                _ => Found::Nothing,
            };
            let gave_up = matches!(draw, Draw::GiveUp(true));
            apply(record, Outcome::Searched { found, gave_up })
        }
        Step::Poll => match draw {
            Draw::Succeed => apply(record, seen(sighting("new1", SightingState::Issued))),
            Draw::State(state, old) => {
                let mut sighting = sighting("new1", *state);
                if *old {
                    sighting.inserted = Some(now - TimeDelta::days(4));
                }
                apply(
                    record,
                    Outcome::Seen {
                        sighting: Box::new(sighting),
                        service_now: now,
                    },
                )
            }
            Draw::Fail(failure, installed) => apply(
                record,
                Outcome::Failed {
                    failure: failure.clone(),
                    held_back: *installed,
                },
            ),
            _ => apply(record, Outcome::Gone),
        },
        Step::Fetch => match draw {
            Draw::Fail(failure, installed) => apply(
                record,
                Outcome::Failed {
                    failure: failure.clone(),
                    held_back: *installed,
                },
            ),
            _ => {
                let mut fresh = installed(TimeDelta::days(90));
                fresh.not_before = now;
                fresh.not_after = now + TimeDelta::days(90);
                apply(record, Outcome::Installed(fresh))
            }
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_walk_has_a_way_out_and_never_two_orders(
        draws in prop::collection::vec((any_draw(), 0.0_f64..1.0), 1..120),
        left in prop::option::of(-5_i64..90),
    ) {
        let policy = policy();
        let mut now = noon();
        let mut record = record(left.map(TimeDelta::days));
        for (draw, random) in draws {
            let step = plan(now, &policy, &record, &[]);
            let before = record.order.clone();
            if let Step::Order { link, .. } = &step {
                prop_assert!(before.is_none(), "ordered with an open order");
                if link.is_some() {
                    let installed = record.installed.as_ref().unwrap();
                    prop_assert!(now < installed.not_after && now >= installed.not_after - TimeDelta::days(30));
                }
            }
            let settled = walk(now, record.clone(), &step, &draw, random);
            // An order only leaves the record by being closed.
            if let (Some(before), None) = (&before, &settled.record.order) {
                let closed = settled.closed.as_ref().map(|closed| closed.order.id.clone());
                prop_assert_eq!(closed, Some(before.id.clone()));
            }
            record = settled.record;
            // A way out: a time within the longest pause, or a person.
            let next = schedule(now, &policy, &record, &[]);
            let resting = plan(now, &policy, &record, &[]);
            match &resting {
                Step::Rest { why: Rest::Parked, .. } => {
                    let parked = record.parked.as_ref().unwrap();
                    prop_assert!(!parked.reason.is_empty() && !parked.remedy.is_empty());
                }
                Step::Rest { why: Rest::Fresh, until } => prop_assert!(until.is_some()),
                Step::Rest { until, .. } => {
                    let until = until.unwrap();
                    prop_assert!(until > now && until <= now + LONGEST_PAUSE);
                }
                _ => prop_assert!(next.at.is_some()),
            }
            now = match &resting {
                Step::Rest { until: Some(until), .. } => *until,
                Step::Rest { until: None, .. } => {
                    // The operator acts.
                    now += TimeDelta::days(1);
                    record = note(now, record, Note::Asked { at: now, force: false }).record;
                    now
                }
                _ => now + TimeDelta::seconds(1),
            };
        }
    }

    #[test]
    fn no_pause_outlives_what_the_remaining_life_allows(
        left in 0_i64..60, failures in 1_u32..40, random in 0.0_f64..1.0,
    ) {
        let record = record(Some(TimeDelta::days(left)));
        let pause = retry::backoff(noon(), &policy(), &record, Class::Transient, failures, random);
        prop_assert!(pause <= (TimeDelta::days(left) / 10).max(TimeDelta::minutes(1)));
        prop_assert!(pause >= TimeDelta::seconds(1));
    }
}

#[test]
fn a_pause_keeps_back_everything_but_alarms() {
    let mut first = record(None);
    let mut overdue = record(Some(TimeDelta::days(10)));
    let mut forced = record(Some(TimeDelta::days(80)));
    forced.forced = Some(noon());
    let mut lost = record(None);
    lost.order = Some(order(intended()));
    let mut waiting = record(None);
    waiting.order = Some(order(pending()));
    for record in [
        &mut first,
        &mut overdue,
        &mut forced,
        &mut lost,
        &mut waiting,
    ] {
        assert!(!matches!(
            plan(noon(), &policy(), record, &[]),
            Step::Rest { .. }
        ));
        record.paused = Some(noon());
        assert_eq!(
            plan(noon(), &policy(), record, &[]),
            Step::Rest {
                why: Rest::Paused,
                until: None
            }
        );
    }
    assert_eq!(alarm(noon(), &policy(), &overdue), Some(14));
    overdue.alarmed = Some(14);
    let next = schedule(noon(), &policy(), &overdue, &[]);
    assert_eq!(
        (next.at, next.in_flight),
        (Some(noon() + TimeDelta::days(3)), true)
    );
}
