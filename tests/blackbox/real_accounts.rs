//! What real accounts and real services do, as people who renew certificates there have reported it.

use std::time::Duration;

use chrono::TimeDelta;
use evercert::sandbox::{Fault, FaultKind, Limits, Oddities, OrderChange};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::{Daemon, Home, SOON, StandIn, now, read_pair, wait_for};

/// Queues an error answer with this code, `times` times, for this action; only where the request names `names`.
fn refuse(stand_in: &StandIn, action: &str, code: &str, names: Option<&str>, times: u32) {
    stand_in.on(|service| {
        service.add_fault(Fault {
            code: Some(code.to_owned()),
            names: names.map(str::to_owned),
            times,
            ..Fault::once(action, FaultKind::Error)
        });
    });
}

fn change(stand_in: &StandIn, id: &str, change: &OrderChange) {
    stand_in.on(|service| service.change_order(now(), id, change).unwrap());
}

fn odd(odd: Oddities) -> OrderChange {
    OrderChange {
        odd: Some(odd),
        ..OrderChange::default()
    }
}

/// What `status --json` says of this name.
fn status(home: &Home, domain: &str) -> Value {
    let all = home.run(&["status", "--json"]).json();
    let list = all.as_array().unwrap();
    let found = list.iter().find(|entry| entry["domain"] == domain);
    found.unwrap().clone()
}

#[test]
fn a_limit_that_a_reading_call_meets_is_a_throttle() {
    let stand_in = StandIn::quick();
    refuse(&stand_in, "DescribeCertificates", "LimitExceeded", None, 1);
    refuse(
        &stand_in,
        "DescribeCertificateDetail",
        "LimitExceeded.Brandnew",
        None,
        1,
    );
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(daemon.events("quota.exhausted").len(), 0);
    assert!(!daemon.events("api.throttled").is_empty());
}

#[test]
fn a_limit_that_an_application_meets_is_asked_about_once_more() {
    let stand_in = StandIn::quick();
    refuse(&stand_in, "ApplyCertificate", "LimitExceeded", None, 1);
    let names = ["a.one.com", "b.two.com", "c.three.com"];
    let home = Home::of(&stand_in, &names);
    let daemon = Daemon::start(&home);
    for name in names {
        daemon.wait_of("certificate.installed", name);
    }
    assert_eq!(daemon.events("quota.exhausted").len(), 0);
    assert_eq!(stand_in.asked("ApplyCertificate"), 4);
}

#[test]
fn a_limit_that_stays_is_the_quota_and_is_said_once() {
    let stand_in = StandIn::quick();
    refuse(
        &stand_in,
        "ApplyCertificate",
        "LimitExceeded",
        None,
        u32::MAX,
    );
    let home = Home::of(&stand_in, &["a.one.com", "b.two.com", "c.three.com"]);
    let daemon = Daemon::start(&home);
    daemon.wait("quota.exhausted");
    assert_eq!(home.run(&["status", "--check"]).code, 1);
    assert_eq!(stand_in.asked("ApplyCertificate"), 2);
    assert_eq!(daemon.events("quota.exhausted").len(), 1);
}

#[test]
fn an_account_without_slots_refuses_one_application_and_not_ten() {
    let stand_in = StandIn::with(|options| options.free_limit = 2);
    let names: Vec<String> = (0..10).map(|n| format!("n{n}.site{n}.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let home = Home::of(&stand_in, &names);
    let daemon = Daemon::start(&home);
    daemon.wait("quota.exhausted");
    // Another look at everything finds it held back.
    home.run(&["renew"]);
    assert_eq!(
        stand_in.asked("ApplyCertificate"),
        3,
        "two, and the one that tells"
    );
    assert_eq!(daemon.events("quota.exhausted").len(), 1);
    let text = home.run(&["status"]).stdout;
    assert!(
        text.contains("2 of"),
        "what was ordered since the list counts: {text}"
    );
}

#[test]
fn a_main_domain_without_slots_refuses_one_application_and_not_ten() {
    let stand_in = StandIn::with(|options| options.domain_limit = 1);
    let names: Vec<String> = (0..8).map(|n| format!("n{n}.example.com")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("other.org");
    let home = Home::of(&stand_in, &names);
    let daemon = Daemon::start(&home);
    daemon.wait("quota.exhausted");
    daemon.wait_of("certificate.installed", "other.org");
    assert_eq!(stand_in.asked("ApplyCertificate"), 3);
    assert_eq!(daemon.events("quota.exhausted").len(), 1);
}

#[test]
fn a_certificate_that_may_not_be_fetched_stops_nobody_else() {
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(4));
    let names = ["a.one.com", "b.two.com", "c.three.com", "d.four.com"];
    let home = Home::of(&stand_in, &names);
    let daemon = Daemon::start(&home);
    for (name, code) in [
        ("a.one.com", "UnauthorizedOperation.CamNoAuth"),
        ("b.two.com", "FailedOperation.AuthError"),
    ] {
        let applied = daemon.wait_of("order.applied", name);
        let id = applied["certificate_id"].as_str().unwrap();
        for action in ["DescribeCertificateDetail", "DownloadCertificate"] {
            refuse(&stand_in, action, code, Some(id), u32::MAX);
        }
    }
    daemon.wait_of("certificate.failed", "a.one.com");
    for name in ["c.three.com", "d.four.com"] {
        daemon.wait_of("certificate.installed", name);
    }
    let failed = daemon.wait_of("certificate.failed", "b.two.com");
    assert_eq!(failed["class"], "operator");
    assert!(
        daemon.events("account.paused").len() <= 1,
        "said once at most"
    );
}

#[test]
fn a_project_that_may_not_be_used_stops_its_own_certificates_only() {
    let stand_in = StandIn::quick();
    refuse(
        &stand_in,
        "ApplyCertificate",
        "FailedOperation.NoProjectPermission",
        Some("\"ProjectId\":7"),
        u32::MAX,
    );
    let home = Home::empty();
    let mut text = home.config_text(&stand_in.endpoint(), &["a.one.com"]);
    text.push_str("project_id = 7\n\n[[certificates]]\ndomain = \"b.two.com\"\n");
    text.push_str("\n[[certificates]]\ndomain = \"c.three.com\"\nproject_id = 8\n");
    home.write_config(text);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.failed", "a.one.com");
    daemon.wait_of("certificate.installed", "b.two.com");
    daemon.wait_of("certificate.installed", "c.three.com");
    assert_eq!(daemon.events("account.paused").len(), 0);
}

#[test]
fn a_revoked_certificate_is_said_and_replaced_without_a_link() {
    for dead in [10, 9, 14] {
        let stand_in = StandIn::quick();
        let home = Home::of(&stand_in, &["wgc.red"]);
        let daemon = Daemon::start(&home);
        let first = daemon.wait_of("certificate.installed", "wgc.red");
        let id = first["certificate_id"].as_str().unwrap();
        let revoked = OrderChange {
            status: Some(dead),
            ..OrderChange::default()
        };
        change(&stand_in, id, &revoked);
        // No slot, so that what is said can be seen before it is replaced.
        let full = Limits {
            free_limit: Some(0),
            ..Limits::default()
        };
        stand_in.on(|service| service.set_limits(full));
        assert_eq!(home.run(&["renew", "wgc.red"]).code, 1);
        let said = daemon.wait_of("certificate.revoked", "wgc.red");
        assert_eq!(said["certificate_id"], id);
        assert_eq!(home.run(&["status", "--check"]).code, 1);
        let why = home.run(&["why", "wgc.red"]).stdout;
        assert!(why.contains("revoked"), "{why}");

        let room = Limits {
            free_limit: Some(50),
            ..Limits::default()
        };
        stand_in.on(|service| service.set_limits(room));
        assert_eq!(home.run(&["renew", "wgc.red"]).code, 0);
        let orders = stand_in.orders("wgc.red");
        assert_eq!(orders.len(), 2);
        assert!(orders[0]["renews"].is_null(), "{}", orders[0]);
        assert_eq!(
            status(&home, "wgc.red")["certificate_id"],
            orders[0]["certificate_id"]
        );
        assert_eq!(home.run(&["status", "--check"]).code, 0);
    }
}

#[test]
fn a_certificate_without_a_key_is_left_after_a_few_looks_and_one_of_our_own_is_ordered() {
    let stand_in = StandIn::quick();
    let id = stand_in.apply_by_hand("wgc.red");
    let without_key = Oddities {
        without_key: true,
        ..Oddities::default()
    };
    change(&stand_in, &id, &odd(without_key));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let said = daemon.wait_of("order.unusable", "wgc.red");
    assert_eq!(said["certificate_id"], *id);
    let installed = daemon.wait_of("certificate.installed", "wgc.red");
    assert_ne!(installed["certificate_id"], *id);
    assert_eq!(daemon.events("order.unusable").len(), 1);
    assert_eq!(daemon.events("order.adopted").len(), 1);
    assert!(read_pair(&home.live("wgc.red")).is_some());
}

#[test]
fn forced_past_a_certificate_that_can_not_be_fetched() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let first = {
        refuse(
            &stand_in,
            "DescribeCertificateDetail",
            "UnauthorizedOperation",
            None,
            1,
        );
        daemon.wait_of("certificate.failed", "wgc.red")
    };
    assert_eq!(first["class"], "operator");
    let forced = home.run(&["renew", "--force", "wgc.red"]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    assert_eq!(stand_in.orders("wgc.red").len(), 2);
}

#[test]
fn material_that_has_ended_is_taken_once_and_never_again() {
    let stand_in = StandIn::quick();
    let id = stand_in.apply_by_hand("wgc.red");
    let ended = Oddities {
        ended_material: true,
        ..Oddities::default()
    };
    change(&stand_in, &id, &odd(ended));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let installed = daemon.wait_of("certificate.installed", "wgc.red");
    assert_ne!(installed["certificate_id"], *id);
    assert_eq!(daemon.events("order.adopted").len(), 1);
    assert_eq!(stand_in.asked("DescribeCertificateDetail"), 2);
}

#[test]
fn an_order_of_somebody_else_past_its_deadline_is_not_waited_for() {
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(90 * 86_400));
    let id = stand_in.apply_by_hand("wgc.red");
    let installed = OrderChange {
        status: Some(0),
        ..odd(Oddities {
            without_insert_time: true,
            outlives_deadline: true,
            ..Oddities::default()
        })
    };
    change(&stand_in, &id, &installed);
    stand_in.on(|service| service.set_clock_offset(4 * 86_400));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let applied = daemon.wait_of("order.applied", "wgc.red");
    assert_ne!(applied["certificate_id"], *id);
}

#[test]
fn what_we_made_is_known_by_its_marker_whatever_its_package() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    let first = daemon.wait_of("certificate.installed", "wgc.red");
    let id = first["certificate_id"].as_str().unwrap();
    assert_eq!(daemon.stop().code(), Some(0));
    let renumbered = Oddities {
        package_type: Some("96".to_owned()),
        ..Oddities::default()
    };
    change(&stand_in, id, &odd(renumbered));
    std::fs::remove_dir_all(home.state_dir()).unwrap();
    let again = Daemon::start(&home);
    let adopted = again.wait_of("certificate.installed", "wgc.red");
    assert_eq!(adopted["certificate_id"], *id);
    assert_eq!(stand_in.asked("ApplyCertificate"), 1);
}

#[test]
fn a_name_that_is_listed_in_unicode_is_the_same_name() {
    let stand_in = StandIn::quick();
    let ascii = "xn--bcher-kva.example.com";
    let id = stand_in.apply_by_hand(ascii);
    let unicode = Oddities {
        unicode_names: true,
        ..Oddities::default()
    };
    change(&stand_in, &id, &odd(unicode));
    let home = Home::of(&stand_in, &["bücher.example.com"]);
    let daemon = Daemon::start(&home);
    let installed = daemon.wait_of("certificate.installed", ascii);
    assert_eq!(installed["certificate_id"], *id);
    assert_eq!(stand_in.asked("ApplyCertificate"), 1, "the one by hand");
}

#[test]
fn a_rejection_tells_the_reason_and_is_counted() {
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(3_600));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let applied = daemon.wait_of("order.applied", "wgc.red");
    let rejected = OrderChange {
        status: Some(2),
        message: Some("CA-SECURITY-REVIEW".to_owned()),
        ..OrderChange::default()
    };
    change(
        &stand_in,
        applied["certificate_id"].as_str().unwrap(),
        &rejected,
    );
    let failed = daemon.wait_of("certificate.failed", "wgc.red");
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("CA-SECURITY-REVIEW"), "{message}");
    let last = status(&home, "wgc.red")["last_error"].clone();
    assert!(
        last.as_str().unwrap().contains("CA-SECURITY-REVIEW"),
        "{last}"
    );
}

#[test]
fn after_a_rollback_all_that_is_told_goes_by_what_is_live() {
    let stand_in = StandIn::aged(84);
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.renewed", "wgc.red");
    assert!(status(&home, "wgc.red")["days_left"].as_i64().unwrap() > 80);
    assert_eq!(home.run(&["status", "--check"]).code, 0);
    let back = home.run(&["rollback", "wgc.red"]);
    assert_eq!(back.code, 0, "{}", back.all());
    let live = read_pair(&home.live("wgc.red")).unwrap();
    let told = status(&home, "wgc.red");
    assert!(told["days_left"].as_i64().unwrap() < 7, "{told}");
    assert_eq!(
        told["not_after"].as_str().unwrap().get(..19),
        live.not_after.to_rfc3339().get(..19)
    );
    assert_eq!(home.run(&["status", "--check"]).code, 1);
    let alarm = daemon.wait_of("certificate.expiring", "wgc.red");
    assert!(alarm["days_left"].as_i64().unwrap() < 7, "{alarm}");
    let why = home.run(&["why", "wgc.red"]).stdout;
    assert!(why.contains("earlier certificate"), "{why}");

    assert_eq!(home.run(&["deploy", "wgc.red"]).code, 0);
    assert!(status(&home, "wgc.red")["days_left"].as_i64().unwrap() > 80);
    assert_eq!(home.run(&["status", "--check"]).code, 0);
    assert_eq!(
        stand_in.orders("wgc.red").len(),
        2,
        "no order follows from it"
    );
}

#[test]
fn renew_without_a_daemon_ends_when_nothing_that_it_found_due_is_under_way() {
    for age in [80, 65] {
        let stand_in = StandIn::aged(age);
        stand_in.apply_by_hand("wgc.red");
        let home = Home::of(&stand_in, &["wgc.red"]);
        let renewed = home.run(&["renew"]);
        assert_eq!(renewed.code, 0, "{}", renewed.all());
        assert_eq!(stand_in.asked("ApplyCertificate"), 2, "its renewal too");
        let pair = read_pair(&home.live("wgc.red")).unwrap();
        assert!(pair.not_after - now() > TimeDelta::days(80), "age {age}");
    }
}

#[test]
fn renew_without_a_daemon_does_not_call_done_what_is_held_back() {
    let stand_in = StandIn::with(|options| options.free_limit = 1);
    let home = Home::of(&stand_in, &["a.one.com", "b.two.com", "c.three.com"]);
    let renewed = home.run(&["renew"]);
    assert_eq!(renewed.code, 1, "{}", renewed.all());
}

#[test]
fn a_stop_drops_a_reading_call_at_once() {
    let stand_in = StandIn::quick();
    stand_in.always("DescribeCertificates", FaultKind::Stall);
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(text.replace("timeout = \"3s\"", "timeout = \"60s\""));
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let before = stand_in.asked("DescribeCertificates");
        let mut daemon = Daemon::start(&home);
        wait_for("the list", SOON, || {
            (stand_in.asked("DescribeCertificates") > before).then_some(())
        });
        daemon.signal(signal);
        assert_eq!(daemon.ended(Duration::from_secs(4)).code(), Some(0));
        assert_eq!(daemon.events("certificate.failed").len(), 0);
    }
}

#[test]
fn a_character_that_no_config_may_have_is_told_with_its_line() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(text.replace("wgc.red", "wgc\0.red"));
    let line = 1 + text
        .lines()
        .position(|line| line.contains("wgc.red"))
        .unwrap();
    let check = home.run(&["check"]);
    assert_eq!(check.code, 78);
    let place = format!("config.toml:{line}:");
    assert!(check.all().contains(&place), "{}", check.all());
}

#[test]
fn an_ecc_certificate_is_one_however_the_list_spells_its_algorithm() {
    for (spelled, is_ecc) in [
        ("prime256v1", true),
        ("ECC prime256v1", true),
        ("secp384r1", true),
        ("RSA 2048", false),
    ] {
        let stand_in = StandIn::quick();
        let wish = serde_json::json!({
            "DvAuthMethod": "DNS_AUTO", "DomainName": "wgc.red",
            "CsrEncryptAlgo": "ECC", "CsrKeyParameter": "prime256v1",
        });
        let answer = stand_in.call("ApplyCertificate", &wish);
        let id = answer["Response"]["CertificateId"]
            .as_str()
            .unwrap()
            .to_owned();
        let spells = Oddities {
            encrypt_algorithm: Some(spelled.into()),
            ..Oddities::default()
        };
        change(&stand_in, &id, &odd(spells));
        let home = Home::of(&stand_in, &["wgc.red"]);
        let text = std::fs::read_to_string(home.config()).unwrap();
        home.write_config(text + "key = \"ECC\"\n");
        let daemon = Daemon::start(&home);
        let installed = daemon.wait_of("certificate.installed", "wgc.red");
        assert_eq!(
            installed["certificate_id"] == id.as_str(),
            is_ecc,
            "{spelled}"
        );
        let orders = if is_ecc { 1 } else { 2 };
        assert_eq!(stand_in.orders("wgc.red").len(), orders, "{spelled}");
    }
}
