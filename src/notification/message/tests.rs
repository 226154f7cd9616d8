//! What a message looks like.

use chrono::TimeDelta;

use super::*;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn notice(id: i64, domain: &str, state: State) -> Notice {
    let fact = Fact::CertificateFailed {
        reason: format!("the service broke down {id}").into(),
        goes_back: false,
    };
    Notice {
        id,
        at: at(),
        topic: Topic::Failed,
        state,
        event: Event::of(fact)
            .certificate(domain)
            .days_left_until(Some(at() + TimeDelta::days(12)), at())
            .code("InternalError"),
    }
}

#[test]
fn a_problem_says_what_happened_to_whom_how_long_is_left_and_what_to_do() {
    let message = Message::of_events(
        "1".into(),
        "web1",
        at(),
        vec![notice(1, "a.example", State::Problem)],
    );
    let text = message.text(2000);
    assert_eq!(
        text,
        "Evercert on web1: 1 problem\n\
         PROBLEM a.example: the service broke down 1 (12 days left)\n  \
         What to do: Look at `code` and `class`: `evercert explain InternalError`."
    );
}

#[test]
fn five_hundred_of_one_trouble_are_one_line_and_many_troubles_fit_the_channel() {
    let mut notices: Vec<Notice> = (0..500)
        .map(|n| notice(n, &format!("n{n}.example"), State::Problem))
        .collect();
    let message = Message::of_events("1".into(), "web1", at(), notices.clone());
    let text = message.text(2048);
    assert!(
        text.contains("n0.example") && text.contains(" and 494 more"),
        "{text}"
    );
    assert!(text.starts_with("Evercert on web1: 500 problems"), "{text}");
    for notice in &mut notices {
        // Letters, since numbers are not counted as a difference.
        let reason = "é".repeat(usize::try_from(notice.id).unwrap());
        notice.event.fact = Fact::CertificateFailed {
            reason: reason.into(),
            goes_back: false,
        };
    }
    let message = Message::of_events("1".into(), "web1", at(), notices);
    for longest in [200, 2048, 4096] {
        let text = message.text(longest);
        assert!(text.len() <= longest, "{} > {longest}", text.len());
        assert!(text.contains(" more: `evercert status`"), "{text}");
    }
}

#[test]
fn the_json_has_what_its_documentation_promises() {
    let notices = vec![
        notice(7, "a.example", State::Problem),
        notice(8, "b.example", State::Solved),
    ];
    let json = Message::of_events("x-7-8".into(), "web1", at(), notices).json();
    let manual = include_str!("../../../docs/notifications.md");
    for (key, _) in json.as_object().unwrap() {
        assert!(manual.contains(&format!("`{key}`")), "{key}");
    }
    let event = &json["events"][0];
    for (key, _) in event.as_object().unwrap() {
        assert!(manual.contains(&format!("`{key}`")), "{key}");
    }
    assert_eq!(event["state"], "problem");
    assert_eq!(event["at"], "2026-02-02T02:40:00Z");
    assert_eq!(json["events"][1]["remedy"], Value::Null);
    assert_eq!(json["title"], "Evercert on web1: 1 problem, 1 solved");
}

#[test]
fn troubles_of_two_targets_accounts_or_main_domains_are_two() {
    let of = |about: fn(Event, &str) -> Event| {
        let notices = ["one", "other"].map(|name| {
            let reason = "full".into();
            let event = about(Event::of(Fact::QuotaExhausted { reason }), name);
            Notice {
                event,
                ..notice(1, "a.example", State::Problem)
            }
        });
        let message = Message::of_events("1".into(), "web1", at(), notices.to_vec());
        message.text(4096).matches("PROBLEM ").count()
    };
    assert_eq!(of(|event, name| event.target(name)), 2);
    assert_eq!(of(|event, name| event.account(name)), 2);
    assert_eq!(of(|event, name| event.main_domain(name)), 2);
    assert_eq!(of(|event, name| event.certificate(name)), 1);
    assert_eq!(
        of(|event, name| event.certificate("a.example").account(name)),
        1
    );
}
