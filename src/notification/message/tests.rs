//! What a message looks like.

use chrono::TimeDelta;

use super::*;
use crate::config::Topic;
use crate::observe::event::{Renewed, Waits};
use crate::observe::{Event, Fact};

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
        "[WARNING] a.example gets no new certificate\n\
         [WARNING] a.example: the service broke down 1 (12 days left)\n  \
         What to do: Nothing, unless it lasts for hours; then look at the service's status page. More: `evercert explain InternalError`.\n\
         Evercert on web1"
    );
}

#[test]
fn news_of_one_certificate_is_said_once() {
    let renewed = |id, domain: &str| Notice {
        topic: Topic::Renewed,
        event: Event::of(Fact::CertificateRenewed {
            seen: Renewed::Installed,
        })
        .certificate(domain),
        ..notice(id, domain, State::News)
    };
    let of = |notices| Message::of_events("1".into(), "web1", at(), notices).text(2000);
    let one = of(vec![renewed(1, "a.example")]);
    assert_eq!(one.matches("a.example").count(), 1, "{one}");
    assert!(
        one.starts_with("[NEWS] a.example") && one.ends_with("\nEvercert on web1"),
        "{one}"
    );
    let two = of(vec![renewed(1, "a.example"), renewed(2, "b.example")]);
    assert!(
        two.contains("a.example") && two.contains("b.example"),
        "{two}"
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
        text.contains("n5.example: the service broke down 5 (12 days left)\n  and 494 more"),
        "{text}"
    );
    assert!(
        text.starts_with("[WARNING] n0.example gets no new certificate, and 499 more\n"),
        "{text}"
    );
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
    assert_eq!(
        json["title"],
        "[WARNING] a.example gets no new certificate, and 1 more"
    );
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
        message.text(4096).matches("\n[PROBLEM] ").count()
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

/// A certificate that has so long to live.
fn ends(id: i64, domain: &str, left: TimeDelta) -> Notice {
    let fact = Fact::CertificateExpiring {
        is_shown: false,
        waits: Waits::Nothing,
    };
    Notice {
        topic: Topic::Expiring,
        event: Event::of(fact)
            .certificate(domain)
            .not_after(at() + left)
            .days_left_until(Some(at() + left), at()),
        ..notice(id, domain, State::Problem)
    }
}

fn said(notices: Vec<Notice>, language: Language) -> String {
    let message = Message::of_events("1".into(), "web1", at(), notices);
    message.written_in(language).text(4096)
}

#[test]
fn the_title_is_the_worst_and_counts_the_rest() {
    let mut notices: Vec<Notice> = (0..32)
        .map(|n| notice(n, &format!("n{n}.example"), State::Problem))
        .collect();
    notices.push(ends(40, "pay.example", TimeDelta::days(5)));
    notices.push(ends(41, "login.example", TimeDelta::hours(20)));
    let english = said(notices.clone(), Language::English);
    let chinese = said(notices, Language::Chinese);
    assert!(
        english.starts_with(
            "[URGENT] login.example has 20 hours left and is not renewed, and 33 more\n"
        ),
        "{english}"
    );
    assert!(
        chinese.starts_with("[紧急] login.example 剩余 20 小时，续期未完成，等 34 项\n"),
        "{chinese}"
    );
    assert!(english.ends_with("\nEvercert on web1"), "{english}");
    assert!(chinese.ends_with("\n来自 web1 上的 Evercert"), "{chinese}");
}

#[test]
fn each_of_a_group_keeps_what_is_left_of_it() {
    let notices = vec![
        ends(1, "a.example", TimeDelta::days(14)),
        ends(2, "b.example", TimeDelta::days(7)),
        ends(3, "c.example", TimeDelta::days(6)),
    ];
    assert_eq!(
        said(notices.clone(), Language::English),
        "[WARNING] c.example has 6 days left and is not renewed, and 2 more\n\
         [WARNING] c.example: 6 days left and not renewed yet\n  \
         the same for b.example (7 days left), a.example (14 days left)\n  \
         What to do: `evercert why c.example` says what it waits for.\n\
         Evercert on web1"
    );
    assert_eq!(
        said(notices, Language::Chinese),
        "[警告] c.example 剩余 6 天，续期未完成，等 3 项\n\
         [警告] c.example：剩余 6 天，尚未续期\n  \
         同样的还有：b.example（剩余 7 天）、a.example（剩余 14 天）\n  \
         处理办法：执行 `evercert why c.example` 查看在等待什么。\n\
         来自 web1 上的 Evercert"
    );
}

#[test]
fn what_waited_for_its_channel_tells_the_time_that_is_left_now() {
    let notice = ends(1, "a.example", TimeDelta::days(3));
    for (hours, title) in [
        (0, "[WARNING] a.example has 3 days left and is not renewed"),
        (
            25,
            "[URGENT] a.example has 47 hours left and is not renewed",
        ),
        (71, "[URGENT] a.example has 1 hour left and is not renewed"),
        (72, "[URGENT] a.example has expired and is not renewed"),
    ] {
        let now = at() + TimeDelta::hours(hours);
        let message = Message::of_events("1".into(), "web1", now, vec![notice.clone()]);
        assert_eq!(message.title(), title);
        let is_near = message.text(2048).contains("less than");
        assert_eq!(
            is_near,
            hours == 25 || hours == 71,
            "{}",
            message.text(2048)
        );
    }
}

#[test]
fn what_is_to_be_done_is_a_command_and_never_a_field_that_is_not_there() {
    let failed = |event: Event| Notice {
        event,
        ..notice(1, "a.example", State::Problem)
    };
    let fact = || Fact::CertificateFailed {
        reason: "no luck".into(),
        goes_back: false,
    };
    let of = || Event::of(fact()).certificate("a.example");
    for (event, english, chinese) in [
        (
            of().target("pem /x").command("nginx -t".to_owned()),
            "Run `nginx -t` and mend what it says, then `evercert deploy a.example`.",
            "运行 `nginx -t`，改正它报告的错误，再运行 `evercert deploy a.example`。",
        ),
        (
            of().target("verify a.example:443"),
            "Mend what the message names, then run `evercert deploy a.example`.",
            "按消息改正后，运行 `evercert deploy a.example`。",
        ),
        (
            of(),
            "Nothing, it is tried again by itself; `evercert why a.example` says more.",
            "无需处理，会自动重试；详情见 `evercert why a.example`。",
        ),
        (
            Event::of(Fact::ConfigRejected {
                mistake: "no luck".into(),
                is_mistake: true,
                parts: None,
            })
            .place_in("/etc/evercert/config.toml", 7),
            "Mend line 7 of /etc/evercert/config.toml; `evercert check` lists all mistakes.",
            "改正 /etc/evercert/config.toml 第 7 行；`evercert check` 列出全部错误。",
        ),
    ] {
        let notice = failed(event);
        assert_eq!(remedy(&notice, Language::English).unwrap(), english);
        assert_eq!(remedy(&notice, Language::Chinese).unwrap(), chinese);
    }
    for kind in crate::observe::EVENTS {
        for text in [kind.remedy.english, kind.remedy.chinese] {
            assert!(
                !text.contains("`code`") && !text.contains("`class`"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_words_of_good_news_follow_the_language_too() {
    let renewed = Notice {
        event: Event::of(Fact::CertificateRenewed {
            seen: crate::observe::event::Renewed::Delivered,
        })
        .certificate("a.example")
        .not_after(at() + TimeDelta::days(90)),
        ..notice(1, "a.example", State::News)
    };
    let text = said(vec![renewed], Language::Chinese);
    let end = crate::text::local(at() + TimeDelta::days(90));
    let begin = format!("[通知] a.example：已续期并部署，有效期至 {end}\n");
    assert!(text.starts_with(&begin), "{text}");
    for message in [
        Message::test("web1", at()),
        Message::digest("1".into(), "web1", at(), vec![Sentence::verbatim("数字")]),
    ] {
        let text = message.written_in(Language::Chinese).text(2048);
        assert!(
            text.starts_with("[测试]") || text.starts_with("[汇总] 数字"),
            "{text}"
        );
    }
}

#[test]
fn an_international_name_is_written_as_its_owner_does() {
    let names = ["xn--bcher-kva.example", "xn--fsqu00a.xn--fiqs8s"];
    let mut notices: Vec<Notice> = names
        .iter()
        .map(|name| notice(1, name, State::Problem))
        .collect();
    notices.push(Notice {
        event: Event::of(Fact::CertificateFailed {
            reason: "full".into(),
            goes_back: false,
        })
        .certificate(names[0]),
        ..notice(3, names[0], State::Problem)
    });
    let message = Message::of_events("1".into(), "web1", at(), notices);
    let text = message.text(4096);
    for name in ["bücher.example", "例子.中国", "evercert why bücher.example"] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(!text.contains("xn--"), "{text}");
    // Scripts go by the name that is applied for.
    assert_eq!(message.json()["events"][0]["certificate"], names[0]);
}

#[test]
fn the_mark_tells_what_is_over_and_what_visitors_see_and_a_headline_is_short() {
    let waits = Waits::Nothing;
    for (fact, state, mark) in [
        (
            Fact::CertificateExpired {
                is_shown: false,
                waits,
            },
            State::Problem,
            "[URGENT] a.example has expired",
        ),
        (
            Fact::CertificateRevoked { status: 10 },
            State::Problem,
            "[URGENT] the certificate of a.example is revoked",
        ),
        (Fact::AccountResumed, State::Solved, "[SOLVED] "),
        (
            Fact::CertificateRevoked { status: 10 },
            State::Solved,
            "[SOLVED] ",
        ),
    ] {
        let event = Event::of(fact).certificate("a.example");
        let notice = Notice {
            event,
            ..notice(1, "a.example", state)
        };
        let title = Message::of_events("1".into(), "web1", at(), vec![notice]).title();
        assert!(title.starts_with(mark), "{title}");
    }
    let event = notice(1, "a.example", State::Problem).event;
    let long = Notice {
        event: event.target(format!("hook {}", "very-long-".repeat(40))),
        ..notice(1, "a.example", State::Problem)
    };
    let title = Message::of_events("1".into(), "web1", at(), vec![long]).title();
    let length = title.chars().count();
    assert!(length < 130 && title.ends_with('…'), "{length}: {title}");
}
