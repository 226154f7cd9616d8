//! The table of many certificates: as wide as there is room, problems first, in both languages.

use unicode_width::UnicodeWidthStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::engine;
use crate::lifecycle::delivery::{Deliveries, Delivery, TargetKind, Wanted};
use crate::lifecycle::proof::ChallengeKind;
use crate::lifecycle::{
    Algorithm, Challenge, Failure, Hold, HoldScope, Installed, Method, Order, Parked, Proof,
    ProofStage, Record, Stage, Stall,
};
use crate::sentence::Language;

fn now() -> DateTime<Utc> {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// Certificates of a config, and what is known of them.
#[derive(Default)]
struct World {
    text: String,
    records: Vec<Record>,
    holds: Vec<Hold>,
    deliveries: Vec<Deliveries>,
    proofs: Vec<Proof>,
}

impl World {
    /// Adds one that ends in so many hours.
    fn add(
        &mut self,
        domain: &str,
        hours: impl Into<Option<i64>>,
        change: impl FnOnce(&mut Record),
    ) {
        self.add_with(domain, "", hours.into(), change);
    }

    fn add_with(
        &mut self,
        domain: &str,
        keys: &str,
        hours: Option<i64>,
        change: impl FnOnce(&mut Record),
    ) {
        self.text.push_str(&format!(
            "[[certificates]]\ndomain = \"{domain}\"\n{keys}\n"
        ));
        let domain = idna::domain_to_ascii(domain).unwrap();
        let mut record = Record::new(domain, "default");
        record.installed = hours.map(|hours| Installed {
            certificate_id: "Ab3dEf9h".to_owned(),
            account: "default".to_owned(),
            not_before: now() + TimeDelta::hours(hours) - TimeDelta::days(90),
            not_after: now() + TimeDelta::hours(hours),
            fingerprint: "ab".repeat(32),
            installed_at: now() - TimeDelta::days(1),
        });
        change(&mut record);
        self.records.push(record);
    }

    fn hold(&mut self, class: Class, code: &str) {
        self.holds.push(Hold {
            account: "default".to_owned(),
            scope: HoldScope::Orders,
            until: now() + TimeDelta::hours(6),
            times: 1,
            failure: Failure {
                code: Some(code.to_owned()),
                ..Failure::ours(class, format!("all free certificates are used ({code})"))
            },
        });
    }

    fn shown(self, form: Form) -> String {
        let view = self.view();
        glance(&view, &view.lines(), form).text().to_owned()
    }

    fn view(self) -> View {
        let config = crate::config::parse(&self.text, None).unwrap().config;
        let mut records = self.records;
        for record in &mut records {
            let of = |one: &&crate::config::Certificate| one.domain == record.domain;
            let certificate = config.certificates.iter().find(of).unwrap();
            if let Some(parked) = &mut record.parked {
                parked.inputs = certificate.fingerprint();
            }
        }
        let seen = engine::View::sample(config, now(), records, self.holds);
        View::sample(seen.with(self.deliveries, self.proofs))
    }
}

const FORM: Form = Form {
    language: Language::English,
    width: 80,
    wide: false,
    all: false,
    coloured: false,
};

const CHINESE: Form = Form {
    language: Language::Chinese,
    ..FORM
};

fn failing(record: &mut Record) {
    record.retry.failures = 2;
    record.retry.not_before = Some(now() + TimeDelta::minutes(12));
    record.retry.last = Some(Failure::ours(Class::Transient, "no answer within 30 s"));
}

fn parked(record: &mut Record) {
    record.parked = Some(Parked {
        reason: "two orders in a row were not validated, although the service says that it set the record \
                 at its own name servers, which is where nobody looks because the domain is delegated elsewhere"
            .to_owned(),
        remedy: format!("look at the zone, then `evercert renew {}`", record.domain),
        inputs: String::new(),
        since: now(),
    });
}

fn order(stage: Stage) -> Option<Order> {
    Some(Order {
        id: "abcdefgh".to_owned(),
        marker: "ec-abc123-abcdefgh".to_owned(),
        account: "default".to_owned(),
        algorithm: Algorithm::Rsa,
        method: Method::Dns,
        link: None,
        renewal: false,
        adopted: false,
        stage,
    })
}

fn pending(record: &mut Record) {
    record.order = order(Stage::Pending {
        certificate_id: "new1".to_owned(),
        since: now(),
        deadline: None,
        status: 0,
        stalled: Stall::Unsaid,
    });
}

const MANUAL: &str = "validation = { method = \"DNS\", provider = \"manual\" }";

fn awaited(domain: &str) -> Proof {
    Proof {
        order_id: "abcdefgh".to_owned(),
        domain: domain.to_owned(),
        account: "default".to_owned(),
        certificate_id: "new1".to_owned(),
        marker: "ec-abc123-abcdefgh".to_owned(),
        method: Method::Dns,
        followed: false,
        over: false,
        means: None,
        challenges: vec![Challenge {
            kind: ChallengeKind::Txt,
            name: format!("_dnsauth.{domain}"),
            value: "202611300000001x".repeat(6),
        }],
        handles: vec![None],
        stage: ProofStage::Up,
        since: now(),
        asked_at: None,
        asked: 0,
        failures: 0,
        last_error: None,
        next_at: now(),
    }
}

fn not_served(domain: &str) -> Deliveries {
    let wanted = Wanted {
        fingerprint: "ab".repeat(32),
        not_after: now() + TimeDelta::days(80),
    };
    let mut verify = Delivery::new("v", TargetKind::Verify, format!("verify {domain}:443"));
    verify.attempts = 3;
    verify.next_at = Some(now() + TimeDelta::minutes(5));
    verify.last_error = Some("another certificate is served".to_owned());
    Deliveries {
        domain: domain.to_owned(),
        wanted: Some(wanted),
        certificate_id: None,
        rolled_back: false,
        renewal: true,
        announced: false,
        rows: vec![verify],
    }
}

/// Every state that there is, with names of every kind, and as many that are OK.
fn everything(fine: usize) -> World {
    let mut world = World::default();
    world.add("ok.example.com", 24 * 80, |_| {});
    for n in 1..fine {
        world.add(&format!("ok{n:03}.example.com"), 24 * 80 + 1, |_| {});
    }
    world.add(
        "a-very-long-name-of-a-machine-in-building.customers.example.com",
        24 * 20,
        failing,
    );
    world.add("parked.example.com", 24 * 12, parked);
    world.add("非常长的中文域名测试.例子.中国", -5, failing);
    world.add("bücher.example", 20, |_| {});
    world.add("paused.example.com", 24 * 40, |record| {
        record.paused = Some(now())
    });
    world.add("pending.example.com", 24 * 25, pending);
    world.add_with("manual.example.com", MANUAL, None, pending);
    world.proofs.push(awaited("manual.example.com"));
    world.add_with(
        "served.example.com",
        "verify = \"served.example.com:443\"",
        Some(24 * 80),
        |_| {},
    );
    world.deliveries.push(not_served("served.example.com"));
    world
}

/// The lines of the table, without summary, headline and notes.
fn rows(text: &str) -> Vec<&str> {
    let body = text.split("\n\n").nth(1).unwrap();
    body.lines().skip(1).collect()
}

#[test]
fn no_line_is_wider_than_the_terminal_whatever_the_names() {
    for width in [60, 80, 120] {
        for form in [FORM, CHINESE] {
            for fine in [1, 40, 200] {
                let mut world = everything(fine);
                world.hold(Class::Quota, "FailedOperation.ExceedsFreeLimit");
                world.add("new.example.com", None, |_| {});
                let text = world.shown(Form { width, ..form });
                for line in text.lines() {
                    // A record is copied as it is.
                    let is_value = line.contains("202611300000001x");
                    assert!(
                        is_value || line.width() <= width,
                        "{} > {width}: {line}",
                        line.width()
                    );
                }
            }
        }
    }
}

#[test]
fn problems_come_first_and_what_is_ok_last() {
    let text = everything(2).shown(FORM);
    let rows = rows(&text);
    let marks: Vec<char> = rows.iter().map(|row| row.chars().next().unwrap()).collect();
    assert_eq!(marks.iter().collect::<String>(), "××××△△△○●●", "{text}");
    // Of those, what ended first.
    assert!(rows[0].contains("expired"), "{text}");
    assert!(rows[1].contains("20 h"), "{text}");
}

#[test]
fn a_renewal_that_is_being_delivered_is_no_other_certificate() {
    let shown = |seen_at| {
        let mut world = World::default();
        let verify = "verify = \"a.example.com:443\"";
        world.add_with("a.example.com", verify, Some(24 * 90), |_| {});
        let mut known = not_served("a.example.com");
        known.rows[0].attempts = 0;
        known.rows[0].seen = Some("cd".repeat(32));
        known.rows[0].seen_at = seen_at;
        world.deliveries.push(known);
        world.shown(Form { wide: true, ..FORM })
    };
    let (unseen, other) = (shown(None), shown(Some(now())));
    assert!(unseen.contains("yes / - / not looked at yet"), "{unseen}");
    assert!(!unseen.contains("another certificate"), "{unseen}");
    assert!(other.contains("yes / - / other"), "{other}");
    assert!(other.contains("another certificate is there"), "{other}");
}

#[test]
fn the_time_beside_what_comes_next_is_that_of_it() {
    let said = |delivered: bool, shown_until| {
        let mut world = World::default();
        let verify = "verify = \"a.example.com:443\"";
        world.add_with("a.example.com", verify, Some(24 * 90), |record| {
            record.shown_until = shown_until;
        });
        let mut known = not_served("a.example.com");
        known.rows[0].attempts = 0;
        known.rows[0].next_at = None;
        known.rows[0].delivered = known.wanted.clone().filter(|_| delivered);
        world.deliveries.push(known);
        let view = world.view();
        crate::cli::card::coming(Language::English, &view, &view.lines()[0])
    };
    assert_eq!(said(false, None), "deliver now");
    let renewal = local(now() + TimeDelta::days(60));
    let expected = format!("renew in 60 d, {renewal}");
    assert_eq!(said(true, None), expected);
    // An alarm comes sooner, and is not it.
    assert_eq!(said(true, Some(now() + TimeDelta::days(27))), expected);
}

#[test]
fn scripts_are_told_of_the_same_next_step_as_people() {
    let told = |days: i64, change: fn(&mut Record), known: Option<Deliveries>| {
        let mut world = World::default();
        let verify = "verify = \"a.example.com:443\"";
        world.add_with("a.example.com", verify, Some(24 * days), change);
        world.deliveries.extend(known);
        let view = world.view();
        let lines = view.lines();
        let json = crate::cli::status::list(&view, &lines)[0].clone();
        let people = crate::cli::row::next(Language::English, &view, &lines[0]);
        (json["next_step"].clone(), json["next_at"].clone(), people)
    };
    let at = |minutes| crate::cli::output::rfc3339(Some(now() + TimeDelta::minutes(minutes)));
    let waits = not_served("a.example.com");
    assert_eq!(
        told(90, |_| {}, Some(waits)),
        ("deliver".into(), at(5), "deliver in 5 min".to_owned())
    );
    let (step, next_at, people) = told(90, |_| {}, None);
    assert_eq!((step, next_at), ("renew".into(), at(60 * 24 * 60)));
    assert_eq!(people, "renew in 60 d");
    let (_, next_at, people) = told(90, parked, None);
    assert_eq!(
        (next_at, people.as_str()),
        (serde_json::Value::Null, "your turn")
    );
    let (step, next_at, people) = told(20, failing, None);
    assert_eq!((step, next_at), ("retry".into(), at(12)));
    assert_eq!(people, "retry in 12 min");
}

#[test]
fn an_account_has_no_more_than_the_service_gave_it_while_that_refuses() {
    let limit = |held, code: Option<&str>| {
        let mut world = World::default();
        world.add("a.example.com", 24 * 40, |_| {});
        if let Some(code) = code {
            world.hold(Class::Quota, code);
        }
        let config = crate::config::parse(&world.text, None).unwrap().config;
        let mut seen = engine::View::sample(config, now(), world.records, world.holds);
        seen.sweeps.push(crate::store::Sweep {
            account: "default".to_owned(),
            at: now(),
            slots: held,
        });
        seen.free_limit(&seen.config.accounts["default"])
    };
    let full = Some("FailedOperation.ExceedsFreeLimit");
    assert_eq!(limit(2, None), 50);
    assert_eq!(limit(2, full), 2);
    assert_eq!(limit(60, full), 50, "the config says less");
    assert_eq!(limit(0, full), 50, "the list says nothing of it");
    // It may be the pace of calls.
    assert_eq!(limit(2, Some("LimitExceeded")), 50);
}

#[test]
fn a_plan_says_first_what_keeps_certificates_back_now() {
    let planned = |code: Option<&str>| {
        let mut world = World::default();
        world.add("a.example.com", 24 * 4, |_| {});
        if let Some(code) = code {
            world.hold(Class::Quota, code);
        }
        let ahead = crate::cli::forecast::Ahead {
            days: 30,
            lifetime: None,
        };
        crate::cli::forecast::Coming::of(&world.view(), ahead).text(Language::Chinese)
    };
    assert!(planned(None).starts_with("30 天内不会出现问题。"));
    let text = planned(Some("FailedOperation.ExceedsFreeLimit"));
    let first = text.lines().nth(1).unwrap_or_default();
    assert!(text.starts_with("会出现的问题：\n"), "{text}");
    assert!(
        first.contains("账号 \"default\"：1 张证书在等待"),
        "{first}"
    );
    assert!(
        first.contains("FailedOperation.ExceedsFreeLimit"),
        "{first}"
    );
}

#[test]
fn the_most_that_a_plan_holds_is_no_less_than_what_is_held_now() {
    let mut world = World::default();
    for (name, left) in [("a.example.com", 24 * 4), ("b.example.com", 24 * 5)] {
        world.add(name, left, |record| record.paused = Some(now()));
    }
    world.add("c.example.com", 24 * 60, |_| {});
    let ahead = crate::cli::forecast::Ahead {
        days: 80,
        lifetime: None,
    };
    let text = crate::cli::forecast::Coming::of(&world.view(), ahead).text(Language::English);
    assert!(text.contains("c.example.com  ordered"), "{text}");
    let most = "account \"default\": 3 of 50 free certificates held at most";
    assert!(text.contains(most), "{text}");
}

#[test]
fn of_two_hundred_certificates_the_five_with_problems_are_shown() {
    let mut world = World::default();
    for n in 0..195 {
        world.add(&format!("ok{n}.example.com"), 24 * 80, |_| {});
    }
    for n in 0..5 {
        world.add(&format!("bad{n}.example.com"), 24 * 20, failing);
    }
    let text = world.shown(FORM);
    assert!(
        text.starts_with("200 certificates: 5 with a problem, 195 OK\n"),
        "{text}"
    );
    assert_eq!(rows(&text).len(), 5, "{text}");
    assert!(text.contains("195 OK; `evercert status --all`"), "{text}");
    assert!(!text.contains("ok1.example.com"), "{text}");
    // What they have alike is told once.
    assert_eq!(text.matches("no answer within 30 s").count(), 1, "{text}");
    assert!(text.contains("bad2.example.com and 2 more"), "{text}");
}

#[test]
fn of_many_problems_and_much_work_some_is_listed_and_the_rest_counted() {
    let world = || {
        let mut world = World::default();
        for n in 0..60 {
            world.add(&format!("bad{n}.example.com"), 24 * 20 + n, |record| {
                failing(record);
                let reason = format!("trouble of its own, number {n}");
                record.retry.last = Some(Failure::ours(Class::Transient, reason));
            });
        }
        for n in 0..15 {
            world.add(&format!("busy{n}.example.com"), 24 * 25, pending);
        }
        world
    };
    let text = world().shown(FORM);
    let marks = |mark| {
        rows(&text)
            .iter()
            .filter(|row| row.starts_with(mark))
            .count()
    };
    assert_eq!((marks('△'), marks('○')), (50, 10), "{text}");
    assert!(
        text.contains("10 with a problem, 5 under way; `evercert status --all`"),
        "{text}"
    );
    assert_eq!(text.matches("trouble of its own").count(), 20, "{text}");
    assert!(text.contains("40 more problems"), "{text}");
    let all = world().shown(Form { all: true, ..FORM });
    assert_eq!(all.matches("trouble of its own").count(), 60, "{all}");
}

#[test]
fn a_long_reason_takes_three_lines_and_says_that_there_is_more() {
    let mut world = World::default();
    world.add("long.example.com", 24 * 20, |record| {
        failing(record);
        let reason = "a reason that does not come to its end ".repeat(20);
        record.retry.last = Some(Failure::ours(Class::Transient, reason));
    });
    let text = world.shown(FORM);
    let told = text.lines().filter(|line| line.contains("reason"));
    let told: Vec<&str> = told.collect();
    assert_eq!(told.len(), 3, "{text}");
    assert!(told[2].ends_with(" …"), "{text}");
}

#[test]
fn chinese_names_are_whole_where_there_is_room_and_columns_hold() {
    let names = ["商店例子商店例子.例子.中国", "a.example.com"];
    for form in [FORM, CHINESE] {
        let mut world = World::default();
        for name in names {
            world.add(name, 24 * 80, |_| {});
        }
        let text = world.shown(form);
        let ends = |row: &str| {
            let (before, _) = row.split_once("2027-").unwrap();
            before.width()
        };
        let all = rows(&text);
        assert_eq!(ends(all[0]), ends(all[1]), "{text}");
        assert!(names.iter().all(|name| text.contains(name)), "{text}");
    }
}

#[test]
fn all_and_wide_show_every_certificate() {
    for form in [Form { all: true, ..FORM }, Form { wide: true, ..FORM }] {
        let text = everything(100).shown(form);
        assert!(text.contains("ok099.example.com"), "{text}");
    }
}

#[test]
fn what_waits_for_one_account_is_told_once_with_it() {
    let mut world = World::default();
    for n in 0..32 {
        world.add(&format!("in-window{n}.example.com"), 24 * 20, |_| {});
    }
    world.hold(Class::Operator, "AuthFailure.SecretIdNotFound");
    let text = world.shown(FORM);
    assert!(text.starts_with("32 certificates: 32 waiting\n"), "{text}");
    assert!(
        text.contains("27 waiting; `evercert status --all`"),
        "{text}"
    );
    assert_eq!(
        text.matches("account \"default\": 32 waiting").count(),
        1,
        "{text}"
    );
    assert_eq!(text.matches("AuthFailure").count(), 1, "{text}");
    assert!(
        rows(&text)
            .iter()
            .all(|row| row.contains("waiting for account"))
    );
}

#[test]
fn the_record_that_a_person_is_to_add_is_whole() {
    for form in [FORM, CHINESE] {
        let text = everything(1).shown(form);
        for part in [
            "_dnsauth.manual.example.com",
            "TXT",
            &"202611300000001x".repeat(6),
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[test]
fn in_chinese_no_english_words_are_among_ours() {
    let mut world = World::default();
    world.add("ok.example.com", 24 * 80, |_| {});
    world.add("paused.example.com", 24 * 40, |record| {
        record.paused = Some(now())
    });
    world.add("pending.example.com", 24 * 25, pending);
    world.add("new.example.com", None, |_| {});
    let text = world.shown(CHINESE);
    let without_names = text
        .replace(".example.com", "")
        .replace("`evercert resume paused`", "");
    let ours = ["paused", "pending", "new", "ok"];
    let words = without_names.split(|c: char| !c.is_ascii_alphabetic());
    let left: Vec<&str> = words
        .filter(|word| !word.is_empty() && !ours.contains(word))
        .collect();
    assert!(left.is_empty(), "{left:?} in {text}");
}

#[test]
fn colours_are_there_only_where_they_are_wanted() {
    let plain = everything(1).shown(FORM);
    let coloured = everything(1).shown(Form {
        coloured: true,
        ..FORM
    });
    assert!(!plain.contains('\u{1b}'));
    let mut left = coloured;
    for number in [1, 2, 31, 32, 33, 34, 0] {
        left = left.replace(&format!("\u{1b}[{number}m"), "");
    }
    assert_eq!(left, plain);
}

#[test]
fn the_readmes_show_a_screen_as_it_is() {
    let (english, chinese) = (
        include_str!("../../../README.md"),
        include_str!("../../../README.zh-CN.md"),
    );
    for (page, form) in [(english, FORM), (chinese, CHINESE)] {
        let begin = page.split_once("<!-- status: begin").unwrap().1;
        let screen = begin.split_once("<!-- status: end").unwrap().0;
        let titles = TITLES.map(|title| form.words(title));
        let headline = |line: &&str| line.split_whitespace().eq(titles);
        assert_eq!(
            screen.lines().filter(headline).count(),
            1,
            "tests/page/status.sh makes it anew"
        );
        for line in screen.lines().skip(1) {
            assert!(line.width() <= 80, "{line}");
        }
    }
}
