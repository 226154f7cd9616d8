//! The way up, the way down, and the paces in between.

use super::*;
use proptest::prelude::*;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

const PACE: ProofPace = ProofPace {
    poll: TimeDelta::seconds(30),
    manual: false,
    others: TimeDelta::zero(),
};

fn proof(stage: ProofStage) -> Proof {
    Proof {
        order_id: "aaaaaaaa".into(),
        domain: "a.example".into(),
        account: "default".into(),
        certificate_id: "cert1".into(),
        marker: "ec-abcdef-aaaaaaaa".into(),
        method: Method::Dns,
        over: false,
        followed: false,
        means: None,
        challenges: Vec::new(),
        handles: Vec::new(),
        stage,
        since: noon(),
        asked_at: None,
        asked: 0,
        failures: 0,
        last_error: None,
        next_at: noon(),
    }
}

fn challenge() -> Challenge {
    Challenge {
        kind: ChallengeKind::Txt,
        name: "_dnsauth.a.example".into(),
        value: "v".into(),
    }
}

#[test]
fn the_way_up_goes_by_describe_present_look_and_ask() {
    let mut now = noon();
    let mut proof = proof(ProofStage::Wanted);
    let mut steps = Vec::new();
    for _ in 0..5 {
        let step = next(now, &proof);
        steps.push(step);
        let outcome = match step {
            ProofStep::Describe => ProofOutcome::Described(vec![challenge()]),
            ProofStep::Present => {
                proof = settle(now, PACE, proof, ProofOutcome::Presenting("m".into()), 0.0).proof;
                assert_eq!(
                    next(now, &proof),
                    ProofStep::Present,
                    "a crash presents again"
                );
                ProofOutcome::Presented(vec![None])
            }
            ProofStep::Look => ProofOutcome::Seen,
            ProofStep::Ask => ProofOutcome::Asked,
            _ => break,
        };
        proof = settle(now, PACE, proof, outcome, 0.0).proof;
        now += TimeDelta::seconds(1);
    }
    assert_eq!(
        steps[..4],
        [
            ProofStep::Describe,
            ProofStep::Present,
            ProofStep::Look,
            ProofStep::Ask
        ]
    );
    assert!(matches!(steps[4], ProofStep::Rest(_)));
}

#[test]
fn an_order_that_is_over_is_cleaned_up_whatever_it_waited_for() {
    let later = noon() + TimeDelta::hours(5);
    for stage in ProofStage::ALL {
        let mut proof = proof(stage);
        proof.over = true;
        proof.next_at = later;
        let step = next(noon(), &proof);
        match stage {
            ProofStage::Wanted | ProofStage::Described => assert_eq!(step, ProofStep::Forget),
            ProofStage::Clearing => assert_eq!(step, ProofStep::Rest(later)),
            _ => assert_eq!(step, ProofStep::CleanUp, "{stage:?}"),
        }
    }
}

#[test]
fn a_record_that_never_shows_is_asked_for_after_the_limit_and_says_why() {
    let mut proof = proof(ProofStage::Up);
    let mut now = noon();
    while proof.stage == ProofStage::Up {
        let outcome = ProofOutcome::Unseen {
            words: "ns1 does not have it".into(),
            certain: true,
        };
        proof = settle(now, PACE, proof, outcome, 0.0).proof;
        now = now.max(proof.next_at);
        assert!(now - noon() < TimeDelta::hours(1));
    }
    assert!(now - noon() >= TimeDelta::minutes(9));
    assert_eq!(next(now, &proof), ProofStep::Ask);
    assert_eq!(proof.last_error.as_deref(), Some("ns1 does not have it"));
}

#[test]
fn an_odd_network_costs_less_than_a_minute_and_a_person_gets_half_an_hour() {
    for (manual, certain, least, most) in [(false, false, 30, 60), (true, false, 1_790, 1_830)] {
        let mut proof = proof(ProofStage::Up);
        let mut now = noon();
        while proof.stage == ProofStage::Up {
            let outcome = ProofOutcome::Unseen {
                words: String::new(),
                certain,
            };
            proof = settle(now, ProofPace { manual, ..PACE }, proof, outcome, 0.0).proof;
            now = now.max(proof.next_at);
        }
        let took = (now - noon()).num_seconds();
        assert!((least..=most).contains(&took), "{took}");
    }
}

#[test]
fn failures_on_the_way_up_never_wait_longer_than_half_an_hour() {
    let mut proof = proof(ProofStage::Presenting);
    let mut now = noon();
    for _ in 0..40 {
        let failed = ProofOutcome::Failed("no".into());
        proof = settle(now, PACE, proof, failed, 0.99).proof;
        assert!(proof.next_at > now && proof.next_at - now <= UP_CEILING);
        now = proof.next_at;
        proof = settle(now, PACE, proof, ProofOutcome::Presenting("m".into()), 0.0).proof;
    }
    assert_eq!(proof.failures, 40, "beginning again is no success");
}

#[test]
fn what_cannot_be_taken_down_is_left_after_a_week_and_not_before() {
    let mut proof = settle(
        noon(),
        PACE,
        proof(ProofStage::Asked),
        ProofOutcome::Clearing,
        0.0,
    )
    .proof;
    let mut now = noon();
    let took = loop {
        let settled = settle(now, PACE, proof, ProofOutcome::Failed("no".into()), 0.5);
        if settled.gave_up {
            break now - noon();
        }
        proof = settled.proof;
        assert!(proof.next_at - now <= DOWN_CEILING);
        now = proof.next_at;
    };
    assert!(took >= TimeDelta::days(7) && took < TimeDelta::days(8));
}

#[test]
fn stages_and_methods_have_names_that_read_back() {
    for stage in ProofStage::ALL {
        assert_eq!(ProofStage::from_name(stage.name()), Some(stage));
    }
    for method in [Method::DnsAuto, Method::Dns, Method::File] {
        assert_eq!(Method::from_name(method.name()), Some(method));
    }
}

proptest! {
    /// Whatever happens: the service is asked at most once a minute, every rest has an end, and a proof that is over
    /// leads to its clean-up.
    #[test]
    fn the_service_is_never_asked_twice_in_a_minute(choices in prop::collection::vec((0_u8..9, 0_i64..120), 1..200)) {
        let mut proof = proof(ProofStage::Wanted);
        let mut now = noon();
        let mut last_asked = None;
        for (choice, pause) in choices {
            now += TimeDelta::seconds(pause);
            let step = next(now, &proof);
            if let ProofStep::Rest(until) = step {
                prop_assert!(until > now && until - now <= TimeDelta::hours(7));
                continue;
            }
            let outcome = match (step, choice) {
                (_, 0 | 1) => ProofOutcome::Failed("x".into()),
                (ProofStep::Describe, 2) => ProofOutcome::NotYet,
                (ProofStep::Describe, _) => ProofOutcome::Described(vec![challenge()]),
                (ProofStep::Present, _) => ProofOutcome::Presented(vec![None]),
                (ProofStep::Look, 2..5) => ProofOutcome::Unseen { words: "x".into(), certain: choice == 3 },
                (ProofStep::Look, _) => ProofOutcome::Seen,
                (ProofStep::Ask, _) => {
                    prop_assert!(last_asked.is_none_or(|at| now - at >= ASK_EVERY));
                    last_asked = Some(now);
                    ProofOutcome::Asked
                }
                (ProofStep::Check, _) => ProofOutcome::Checked(None),
                _ => break,
            };
            proof = settle(now, PACE, proof, outcome, f64::from(choice) / 10.0).proof;
        }
        proof.over = true;
        prop_assert!(matches!(next(now, &proof), ProofStep::CleanUp | ProofStep::Forget));
    }
}

#[test]
fn the_service_is_asked_after_one_minute_then_two_then_four_up_to_half_an_hour() {
    let mut asked = proof(ProofStage::Visible);
    for minutes in [1, 2, 4, 8, 16, 30, 30] {
        asked = settle(noon(), PACE, asked, ProofOutcome::Asked, 0.5).proof;
        assert_eq!(asked.next_at, noon() + TimeDelta::minutes(minutes));
    }
}

#[test]
fn a_proof_that_is_looked_at_early_still_waits_for_its_minute() {
    let mut visible = proof(ProofStage::Visible);
    visible.asked_at = Some(noon() - TimeDelta::seconds(20));
    let until = noon() + TimeDelta::seconds(40);
    assert_eq!(next(noon(), &visible), ProofStep::Rest(until));
    assert_eq!(next(until, &visible), ProofStep::Ask);
}

#[test]
fn a_clock_that_was_put_back_keeps_no_proof_waiting() {
    let before = noon() - TimeDelta::days(50);
    assert_eq!(
        next(before, &proof(ProofStage::Wanted)),
        ProofStep::Describe
    );

    let mut asked = proof(ProofStage::Visible);
    asked.asked_at = Some(noon());
    assert_eq!(next(before, &asked), ProofStep::Ask);

    let unseen = ProofOutcome::Unseen {
        words: "nothing there".into(),
        certain: true,
    };
    let up = settle(before, PACE, proof(ProofStage::Up), unseen, 0.0).proof;
    assert_eq!(
        up.stage,
        ProofStage::Visible,
        "how long it was looked for is not known"
    );
}

#[test]
fn where_there_is_nothing_to_publish_it_is_asked_for_less_and_less_often() {
    let (mut now, mut proof) = (noon(), proof(ProofStage::Wanted));
    let mut asked = 0;
    while now < noon() + TimeDelta::days(3) {
        assert_eq!(next(now, &proof), ProofStep::Describe);
        proof = settle(now, PACE, proof, ProofOutcome::NotYet, 0.5).proof;
        let pause = proof.next_at - now;
        assert!(pause >= TimeDelta::seconds(1) && pause <= UP_CEILING);
        asked += 1;
        now = proof.next_at;
    }
    assert!(asked < 200, "{asked}");
}

#[test]
fn the_proof_of_another_machines_order_is_put_up_and_taken_down_and_nobody_is_asked() {
    let followed = |stage| Proof {
        followed: true,
        ..proof(stage)
    };
    let now = followed(ProofStage::Wanted).next_at;
    assert_eq!(
        next(now, &followed(ProofStage::Wanted)),
        ProofStep::Describe
    );
    assert_eq!(
        next(now, &followed(ProofStage::Described)),
        ProofStep::Present
    );
    for stage in [ProofStage::Up, ProofStage::Visible, ProofStage::Asked] {
        let mut up = followed(stage);
        assert!(matches!(next(now, &up), ProofStep::Rest(_)));
        up.over = true;
        assert_eq!(next(now, &up), ProofStep::CleanUp);
    }
}

#[test]
fn other_machines_are_given_time_to_publish_before_the_service_is_asked() {
    let others = TimeDelta::minutes(5);
    let pace = ProofPace { others, ..PACE };
    let up = proof(ProofStage::Up);
    let now = up.next_at;
    let seen = settle(now, pace, up, ProofOutcome::Seen, 0.5).proof;
    assert_eq!(next(now, &seen), ProofStep::Rest(now + others));
    assert_eq!(next(now + others, &seen), ProofStep::Ask);
    // The second time, everybody has it.
    let again = Proof {
        asked: 1,
        stage: ProofStage::Up,
        ..seen
    };
    let seen = settle(now, pace, again, ProofOutcome::Seen, 0.5).proof;
    assert_eq!(next(now, &seen), ProofStep::Ask);
}
