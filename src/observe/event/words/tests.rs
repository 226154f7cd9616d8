use std::collections::BTreeSet;

use super::*;
use crate::lifecycle::proof::ChallengeKind;
use crate::lifecycle::{Challenge, Due};
use crate::observe::event::fact::*;
use crate::observe::event::{EVENTS, Plain};
use crate::store::NewEntry;

/// One event of each fact, and of each form that its sentence has.
fn samples() -> Vec<Event> {
    let mut facts = Vec::new();
    let said = || Plain::from("no luck");
    for why in [
        Due::First,
        Due::Window,
        Due::Expired,
        Due::Revoked,
        Due::Forced,
    ] {
        facts.push(Fact::OrderApplied { why });
    }
    for how in [Stalled::Zone, Stalled::Proof, Stalled::NotValidated] {
        facts.push(Fact::OrderStalled { how });
    }
    for how in [OrderEnd::Rejected, OrderEnd::Expired, OrderEnd::Gone] {
        let order = "order-1".into();
        facts.push(Fact::OrderFailed { order, how });
    }
    for seen in [
        Renewed::Installed,
        Renewed::Delivered,
        Renewed::Served("1.2.3.4:443".into()),
    ] {
        facts.push(Fact::CertificateRenewed { seen });
    }
    for cloud in [
        None,
        Some(Bound(None)),
        Some(Bound(Some(0))),
        Some(Bound(Some(1))),
        Some(Bound(Some(2))),
    ] {
        facts.push(Fact::CertificateDeployed { cloud });
    }
    for what in [
        Pretended::Install,
        Pretended::Cloud,
        Pretended::Hook,
        Pretended::Verify,
    ] {
        facts.push(Fact::DeliveryPretended { what });
    }
    for why in [Resumed::Asked, Resumed::Edited, Resumed::Adoptable] {
        facts.push(Fact::CertificateResumed { why });
    }
    for waits in [
        Waits::Nothing,
        Waits::Operator(said()),
        Waits::Retry(said()),
    ] {
        for is_shown in [true, false] {
            let waits = waits.clone();
            facts.push(Fact::CertificateExpiring {
                is_shown,
                waits: waits.clone(),
            });
            facts.push(Fact::CertificateExpired { is_shown, waits });
        }
    }
    for what in [Refused::All, Refused::Apply, Refused::Fetch] {
        let reason = said();
        facts.push(Fact::AccountPaused { what, reason });
    }
    for what in [Untold::All, Untold::Some, Untold::GoodPass] {
        facts.push(Fact::NotificationFailed {
            channel: "ops".into(),
            what,
            reason: said(),
        });
    }
    for proof in [
        Published::of(&challenges()[..1]),
        Published::of(&challenges()),
        Published::Words("the TXT record _dnsauth.a.example = 1234".into()),
        Published::Words(
            "the CNAME record _1.a.example = _2.b.example and the file /x/1.txt".into(),
        ),
    ] {
        facts.push(Fact::ValidationPresented {
            proof: proof.clone(),
        });
        facts.push(Fact::ValidationWanted {
            proof: proof.clone(),
        });
        facts.push(Fact::ValidationLeft {
            proof,
            reason: said(),
        });
    }
    for is_first in [true, false] {
        facts.extend(either_way(is_first));
    }
    facts.extend(alone());
    facts.into_iter().flat_map(about).collect()
}

fn challenges() -> [Challenge; 2] {
    let challenge = |kind, name: &str, value: &str| Challenge {
        kind,
        name: name.to_owned(),
        value: value.to_owned(),
    };
    [
        challenge(ChallengeKind::Txt, "_dnsauth.a.example", "1234"),
        challenge(ChallengeKind::File, "/x/1.txt", "5678"),
    ]
}

/// Facts with a part that is there or not.
fn either_way(is_first: bool) -> Vec<Fact> {
    let said = || Plain::from("no luck");
    let perhaps = || is_first.then(|| Plain::from("no luck"));
    let names = |first: &[&str], more| Names {
        first: first.iter().map(|name| Plain::from(*name)).collect(),
        more,
    };
    vec![
        Fact::OrderAdopted { is_own: is_first },
        Fact::OrderPending {
            status: 0,
            is_known: is_first,
        },
        Fact::OrderDuplicate {
            first: "order-1".into(),
            not_cancelled: perhaps(),
        },
        Fact::LiveMended {
            repair: perhaps().map(|wrong| Repair {
                wrong,
                is_fetched: true,
            }),
        },
        Fact::LiveMended {
            repair: perhaps().map(|wrong| Repair {
                wrong,
                is_fetched: false,
            }),
        },
        Fact::CertificateRolledBack {
            is_cloud: is_first,
            reason: said(),
        },
        Fact::DriftFound {
            reason: said(),
            is_replaced: is_first,
        },
        Fact::HookRan {
            output: perhaps().unwrap_or_default(),
        },
        Fact::CertificateFailed {
            reason: said(),
            goes_back: is_first,
        },
        Fact::ApiThrottled {
            is_application: is_first,
            reason: said(),
        },
        Fact::ClockSkewed {
            seconds: if is_first { 400 } else { -400 },
        },
        Fact::ValidationFailed {
            is_cleaning: is_first,
            reason: said(),
        },
        Fact::ValidationCleaned {
            is_manual: is_first,
        },
        Fact::TwinSeen {
            what: match is_first {
                true => Twin::Orders("ec-1234".into()),
                false => Twin::Copy(said()),
            },
        },
        Fact::ConfigReloaded {
            change: Box::new(match is_first {
                true => ConfigChange::default(),
                false => ConfigChange {
                    added: names(&["a.example"], 0),
                    removed: names(&["b.example", "c.example"], 3),
                    changed: Names::of([ChangedName::Keys(
                        "d.example".into(),
                        names(&["renew_before", "project_id"], 1),
                    )]),
                    settings: names(&["schedule.poll"], 0),
                    orders: 2,
                },
            }),
        },
        Fact::ConfigRejected {
            mistake: said(),
            is_mistake: is_first,
            parts: None,
        },
        Fact::FleetWaiting {
            hours: 24,
            in_turn: is_first,
        },
        Fact::FleetSameMachine {
            machine: if is_first { 1 } else { 0 },
            other: "1234".into(),
            stops: is_first,
        },
        Fact::FleetDiffers {
            machine: if is_first { 3 } else { 0 },
            other: "1234".into(),
            difference: match is_first {
                true => Difference::Alone,
                false => Difference::Key {
                    theirs: "RSA".into(),
                    own: "ECC".into(),
                },
            },
        },
        Fact::RequestTaken {
            what: said(),
            refusal: perhaps(),
        },
        Fact::NotificationPretended {
            channel: "ops".into(),
            text: is_first.then(|| "1234".into()),
        },
    ]
}

/// Facts with one form.
fn alone() -> Vec<Fact> {
    let said = || Plain::from("no luck");
    let (reason, order, state_dir) = (said(), Plain::from("order-1"), Plain::from("/x"));
    vec![
        Fact::OrderUnknown {
            marker: "ec-1234".into(),
            reason: said(),
        },
        Fact::OrderFound,
        Fact::OrderVanished {
            order: order.clone(),
        },
        Fact::OrderIssued,
        Fact::OrderUnusable { reason: said() },
        Fact::OrderCancelled { order },
        Fact::OrderDeleted,
        Fact::OrderForeign,
        Fact::CertificateInstalled,
        Fact::LiveWrong { reason: said() },
        Fact::CertificateServed,
        Fact::CloudHosted { reason: said() },
        Fact::HookFailed { reason: said() },
        Fact::CertificateParked {
            reason: said(),
            remedy: said(),
        },
        Fact::CertificateRevoked { status: 10 },
        Fact::CertificatePaused {
            since: "2026-11-30 05:00 UTC".into(),
        },
        Fact::FleetTookOver { machine: 2 },
        Fact::FleetBehind {
            newest: "order-3".into(),
        },
        Fact::AccountUnreachable { reason: said() },
        Fact::AccountResumed,
        Fact::QuotaExhausted { reason: said() },
        Fact::ApiRefused { reason: said() },
        Fact::ValidationZoneElsewhere,
        Fact::ValidationVisible,
        Fact::ValidationUnseen { reason: said() },
        Fact::ValidationAsked,
        Fact::ValidationWaiting { reason: said() },
        Fact::ConfigWarning { warning: said() },
        Fact::HttpListening {
            address: "1.2.3.4:80".into(),
        },
        Fact::HttpFailed {
            address: "1.2.3.4:80".into(),
            reason: said(),
        },
        Fact::TextfileFailed {
            path: "/x".into(),
            reason: said(),
        },
        Fact::LogDropped { lines: 3 },
        Fact::TurnBroken {
            what: said(),
            reason: said(),
        },
        Fact::StoreFailed { reason },
        Fact::StoreRestored {
            orders_after: "2026-11-30 05:00:00 UTC".into(),
        },
        Fact::PassStarted,
        Fact::PassFinished { due: 3 },
        Fact::PassIdle,
        Fact::NotificationSent {
            channel: "ops".into(),
            title: "".into(),
            answer: said(),
        },
        Fact::NotificationDropped {
            channel: "ops".into(),
            notices: 3,
            reason: said(),
        },
        Fact::DaemonStarting {
            version: "1.0.0".into(),
            config: "/x".into(),
            state_dir: state_dir.clone(),
        },
        Fact::DaemonReady {
            certificates: 3,
            state_dir,
        },
        Fact::DaemonHeartbeat {
            counts: Counts::default(),
        },
        Fact::DaemonHangs { seconds: 30 },
        Fact::DaemonStopping,
        Fact::DaemonStopped,
    ]
}

/// An event of a fact with all that it may be about, with a code, and with nothing.
fn about(fact: Fact) -> Vec<Event> {
    let end = chrono::DateTime::from_timestamp(1_770_000_000, 0);
    let all = Event::of(fact.clone())
        .certificate("a.example")
        .target("pem /x")
        .account("main")
        .main_domain("b.example")
        .certificate_id("order-2")
        .not_after(end)
        .days_left_until(end, chrono::DateTime::UNIX_EPOCH)
        .next_attempt(end);
    let coded = all
        .clone()
        .code("FailedOperation.MainDomainCertificateCountLimit");
    vec![all, coded, Event::of(fact)]
}

/// A sentence without the parts that are the same in every language.
fn own_words(sentence: &str) -> String {
    let mut text = sentence.to_owned();
    for (open, close) in [('`', '`'), ('“', '”')] {
        while let Some((before, rest)) = text.split_once(open) {
            let (_, after) = rest.split_once(close).unwrap_or_default();
            text = format!("{before} {after}");
        }
    }
    let is_part = |c: char| c.is_ascii() && !c.is_whitespace();
    let words = text.split(|c: char| !is_part(c)).filter(|word| {
        word.len() > 1
            && !word.contains(['.', '/', '_', ':', '-'])
            && word.contains(char::is_alphabetic)
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn there_is_a_sample_of_every_fact() {
    let samples = samples();
    let seen: BTreeSet<_> = samples.iter().map(Event::name).collect();
    let all: BTreeSet<_> = EVENTS.iter().map(|kind| kind.name).collect();
    assert_eq!(seen, all);
}

#[test]
fn every_sentence_is_there_in_both_languages_and_none_mixes_them() {
    /// Names and units that Chinese has no other word for.
    const NAMES: &[&str] = &[
        "Evercert", "CA", "DNS", "UTC", "systemd", "chrony", "main", "ops", "pem", "TXT", "CNAME",
    ];
    let is_chinese = |c: char| ('\u{2e80}'..='\u{ffef}').contains(&c);
    for event in samples() {
        let english = event.message_in(Language::English);
        let chinese = event.message_in(Language::Chinese);
        assert!(!english.contains(is_chinese), "{english}");
        assert!(chinese.contains(is_chinese), "{chinese}");
        let words = own_words(&chinese);
        let foreign = words.split(' ').filter(|word| !word.is_empty());
        let foreign: Vec<_> = foreign.filter(|word| !NAMES.contains(word)).collect();
        assert!(foreign.is_empty(), "{foreign:?} in: {chinese}");
        // It goes on behind it, or stands alone.
        let is_whole = event.about.certificate.is_none() || !chinese.ends_with(['。', '；', '：']);
        assert!(is_whole, "{chinese}");
    }
}

#[test]
fn a_code_that_is_known_gives_its_reason_in_chinese() {
    let reason = "FailedOperation.MainDomainCertificateCountLimit: too many".into();
    let event = Event::of(Fact::QuotaExhausted { reason })
        .main_domain("a.example")
        .code("FailedOperation.MainDomainCertificateCountLimit");
    let said = event.message_in(Language::Chinese);
    assert!(
        said.starts_with("主域名 a.example：该主域名的免费证书") && !said.contains("too many"),
        "{said}"
    );
}

#[test]
fn a_record_of_the_history_is_kept_in_its_parts_and_what_earlier_versions_kept_is_shown_too() {
    let wanted = |proof| {
        let event = Event::of(Fact::ValidationWanted { proof });
        let entry = event.to_entry();
        assert_eq!(Event::from_entry(&entry), Some(event.clone()));
        (entry.fact, event.message_in(Language::Chinese))
    };
    let (fact, said) = wanted(Published::of(&challenges()));
    assert_eq!(
        fact,
        r#"{"validation.wanted":{"proof":[{"Record":{"kind":"TXT","name":"_dnsauth.a.example","value":"1234"}},{"File":"/x/1.txt"}]}}"#
    );
    let both = "请添加解析记录 TXT _dnsauth.a.example = 1234，以及文件 /x/1.txt；查到后会自动继续";
    assert_eq!(said, both);
    let words = Published::of(&challenges()).to_string();
    assert_eq!(
        words,
        "the TXT record _dnsauth.a.example = 1234 and the file /x/1.txt"
    );
    // As version 0.1.0 wrote it: one is known by its pattern, two are its words.
    let (fact, said) = wanted(Published::Words(
        "the TXT record _x.a.example = 1234".into(),
    ));
    assert_eq!(
        fact,
        r#"{"validation.wanted":{"proof":"the TXT record _x.a.example = 1234"}}"#
    );
    assert_eq!(
        said,
        "请添加TXT 解析记录 _x.a.example = 1234；查到后会自动继续"
    );
    let (_, said) = wanted(Published::Words(
        "the TXT record _x = 1 and the file /y".into(),
    ));
    assert!(
        said.contains("“the TXT record _x = 1 and the file /y”"),
        "{said}"
    );
}

#[test]
fn a_mistake_of_a_config_is_told_in_chinese_from_its_parts() {
    let parts = MistakeParts {
        place: "config.toml:3:1:".into(),
        message: "an `=` is missing here".into(),
        help: Some("close it on the same line".into()),
    };
    let said = |parts| {
        let event = Event::of(Fact::ConfigRejected {
            mistake: "config.toml:3:1: an `=` is missing here".into(),
            is_mistake: true,
            parts,
        });
        event.message_in(Language::Chinese)
    };
    let told = said(Some(parts));
    assert_eq!(
        told,
        "新配置未生效：config.toml:3:1: 这里缺少 `=`（建议：请在同一行加上结束引号）；原配置继续有效"
    );
    // An entry of an earlier version has the words alone.
    let fact = r#"{"config.rejected":{"mistake":"config.toml:3:1: no such words of ours","is_mistake":true}}"#;
    let entry = NewEntry {
        event: "config.rejected".to_owned(),
        fact: fact.to_owned(),
        fields: "{}".to_owned(),
        ..NewEntry::default()
    };
    let told = crate::observe::event::message_of(&entry, Language::Chinese);
    assert!(
        told.contains("“config.toml:3:1: no such words of ours”"),
        "{told}"
    );
}

#[test]
fn times_of_events_are_local_for_people_and_in_utc_for_the_log() {
    let paused = |since: &str| {
        let since = since.into();
        Event::of(Fact::CertificatePaused { since }).certificate("a.example")
    };
    let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    let event = paused(&crate::text::rfc3339(at));
    let log = event.message();
    assert!(log.contains("since 2026-02-02 02:40 UTC"), "{log}");
    let told = event.message_in(Language::Chinese);
    assert!(
        told.contains(&format!("自 {} 起", crate::text::local(at))),
        "{told}"
    );
    // As earlier versions kept it.
    let old = paused("2026-11-30 05:00 UTC").message_in(Language::Chinese);
    assert!(old.contains("自 2026-11-30 05:00 UTC 起"), "{old}");
}

#[test]
fn an_edit_that_an_earlier_version_wrote_down_is_told_and_a_newer_one_by_each_language() {
    let told = |changed: &str| {
        let text = format!(
            "{{\"added\":{{\"first\":[],\"more\":0}},\"removed\":{{\"first\":[],\"more\":0}},\
             \"changed\":{{\"first\":[{changed}],\"more\":0}},\
             \"settings\":{{\"first\":[],\"more\":0}},\"orders\":0}}"
        );
        let change: ConfigChange = serde_json::from_str(&text).unwrap();
        edit::reloaded(&change, Language::Chinese)
    };
    let earlier = told("\"a.example (key, verify)\"");
    assert!(
        earlier.contains("修改：a.example (key, verify)；"),
        "{earlier}"
    );
    let newer = told("[\"a.example\",{\"first\":[\"key\",\"verify\"],\"more\":0}]");
    assert!(
        newer.contains("修改：a.example（key、verify）；"),
        "{newer}"
    );
}
