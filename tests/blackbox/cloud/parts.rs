//! What fails keeps nothing else from being moved, what is unknown is said, and to and fro ends.

use std::time::Duration;

use evercert::sandbox::{CloudChange, Fault, FaultKind, OrderChange, Refusing};
use serde_json::{Value, json};

use super::DOMAIN;
use super::front::Front;
use super::setting::{Cloud, deployed};
use crate::common::{Daemon, SOON, now, wait_for};

/// Until this instance has this certificate.
fn moved(cloud: &Cloud, instance: &str, to: &Value) {
    wait_for(instance, SOON, || (cloud.at(instance) == *to).then_some(()));
}

fn installed(daemon: &Daemon) -> Value {
    daemon.wait("certificate.installed");
    daemon.wait_until("the new one", |log| {
        let mut installed = log
            .iter()
            .filter(|line| line["event"] == "certificate.installed");
        installed
            .next_back()
            .map(|line| line["certificate_id"].clone())
    })
}

/// The id of the certificate that is new: not the one that was there already.
fn renewed_to(cloud: &Cloud, daemon: &Daemon) -> Value {
    daemon.wait_until("the renewal", |log| {
        let installed = log
            .iter()
            .filter(|line| line["event"] == "certificate.installed");
        let mut ids = installed.map(|line| line["certificate_id"].clone());
        ids.find(|id| *id != cloud.old.as_str())
    })
}

#[test]
fn one_that_always_refuses_keeps_no_other_type_and_no_earlier_certificate_from_being_moved() {
    let cloud = Cloud::new(
        62,
        "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\", \"waf\"]",
    );
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.bind("waf", "ap-guangzhou", "waf.example.com", Some(&cloud.old));
    cloud.fail("lb-one|lbl-one", 1_000);
    let daemon = Daemon::start(&cloud.home);
    let new = renewed_to(&cloud, &daemon);
    moved(&cloud, "cdn.example.com|on", &new);
    moved(&cloud, "waf.example.com", &new);
    let failed = daemon.wait("certificate.failed");
    assert!(
        failed["message"].as_str().unwrap().contains("lb-one"),
        "{failed}"
    );
    assert_eq!(cloud.at("lb-one|lbl-one"), cloud.old.as_str());
    assert_eq!(daemon.events("certificate.renewed").len(), 0);
    assert_eq!(cloud.status()["targets"][0]["state"], "failing");
    // It takes it at last, and only then all is well.
    cloud.fail("lb-one|lbl-one", 0);
    daemon.wait("certificate.renewed");
    assert_eq!(cloud.at("lb-one|lbl-one"), new);
}

#[test]
fn a_type_that_is_refused_as_a_whole_keeps_no_other_from_being_moved() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\", \"waf\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.bind("waf", "ap-guangzhou", "waf.example.com", Some(&cloud.old));
    let refuse = |code: &str| {
        let refuse = Refusing {
            resource_type: "cdn".into(),
            code: code.into(),
        };
        cloud.change(CloudChange {
            refuse: Some(refuse),
            ..CloudChange::default()
        });
    };
    refuse("FailedOperation.CertificateHostDeployCanNotAllow");
    let daemon = Daemon::start(&cloud.home);
    let new = renewed_to(&cloud, &daemon);
    moved(&cloud, "waf.example.com", &new);
    let failed = daemon.wait("certificate.failed");
    assert_eq!(
        (&failed["class"], &failed["code"]),
        (
            &json!("operator"),
            &json!("FailedOperation.CertificateHostDeployCanNotAllow")
        )
    );
    assert_eq!(daemon.events("certificate.renewed").len(), 0);
    refuse("");
    let asked = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(asked.code, 0, "{}", asked.all());
    assert_eq!(cloud.at("cdn.example.com|on"), new);
}

#[test]
fn what_is_counted_is_moved_and_what_is_not_is_said_and_nothing_is_done_before_all_is_known() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\"]");
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let errors = |types: &[&str]| {
        cloud.change(CloudChange {
            look_up_errors: Some(types.iter().map(|kind| (*kind).to_owned()).collect()),
            ..CloudChange::default()
        });
    };
    errors(&["clb"]);
    let daemon = Daemon::start(&cloud.home);
    let new = renewed_to(&cloud, &daemon);
    moved(&cloud, "cdn.example.com|on", &new);
    let failed = daemon.wait("certificate.failed");
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("clb could not be looked up: you are not authorized"),
        "{failed}"
    );
    assert_eq!(daemon.events("certificate.deployed").len(), 0);
    assert_eq!(daemon.events("certificate.renewed").len(), 0);
    errors(&[]);
    daemon.wait("certificate.renewed");
    assert_eq!(cloud.at("lb-one|lbl-one"), new);
}

#[test]
fn with_every_second_call_throttled_all_is_moved_soon_and_nothing_fails() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\"]");
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let mut daemon = Daemon::start(&cloud.home);
    daemon.wait("certificate.renewed");
    daemon.stop();
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.age_the_look();
    cloud.stand_in.on(|service| {
        service.add_fault(Fault {
            times: u32::MAX,
            ..Fault::once("*", FaultKind::ThrottleHalf)
        });
    });
    let daemon = Daemon::start(&cloud.home);
    let new = cloud.status()["certificate_id"].clone();
    moved(&cloud, "lb-one|lbl-one", &new);
    moved(&cloud, "cdn.example.com|on", &new);
    deployed(&daemon, 1);
    assert_eq!(
        daemon.events("certificate.failed").len(),
        0,
        "{}",
        daemon.text()
    );
}

#[test]
fn a_way_back_that_is_gone_ends_and_the_new_one_is_seen_once_it_is_served() {
    let front = Front::start();
    let cloud = Cloud::new(20, "");
    cloud.verified(&front, "patience = \"2s\"", "\"clb\"");
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    installed(&daemon);
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.served");
    cloud
        .stand_in
        .on(|service| service.set_first_age(Duration::ZERO));
    let forced = cloud.home.run(&["renew", "--force", "--no-wait", DOMAIN]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let new = renewed_to(&cloud, &daemon);
    moved(&cloud, "lb-one|lbl-one", &new);
    cloud.stand_in.on(|service| {
        let removed = OrderChange {
            removed: true,
            ..OrderChange::default()
        };
        service.change_order(now(), &cloud.old, &removed).unwrap();
    });
    daemon.wait_until("the end of the way back", |log| {
        let failed = log
            .iter()
            .filter(|line| line["event"] == "certificate.failed");
        let mut said = failed.filter_map(|line| line["message"].as_str());
        said.find(|words| words.contains("keep the new certificate"))
            .map(drop)
    });
    assert_eq!(cloud.at("lb-one|lbl-one"), new);
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.renewed");
    assert_eq!(daemon.events("certificate.rolled_back").len(), 0);
}

#[test]
fn edges_that_are_slower_than_our_patience_see_one_way_back_and_then_all_stays() {
    let front = Front::start();
    let cloud = Cloud::new(20, "");
    cloud.verified(&front, "patience = \"1s\"", "\"cdn\"");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    installed(&daemon);
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.served");
    cloud
        .stand_in
        .on(|service| service.set_first_age(Duration::ZERO));
    let forced = cloud.home.run(&["renew", "--force", "--no-wait", DOMAIN]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let new = renewed_to(&cloud, &daemon);
    daemon.wait("certificate.rolled_back");
    // The edges still show the old one: an alarm, and the new one stays.
    daemon.wait_until("that it stays", |log| {
        let failed = log
            .iter()
            .filter(|line| line["event"] == "certificate.failed");
        let said = failed.filter_map(|line| line["message"].as_str());
        said.filter(|words| words.contains("now they keep it"))
            .nth(1)
            .map(drop)
    });
    assert_eq!(daemon.events("certificate.rolled_back").len(), 1);
    assert_eq!(cloud.at("cdn.example.com|on"), new);
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.renewed");
    assert_eq!(daemon.events("certificate.rolled_back").len(), 1);
}

#[test]
fn edges_have_a_patience_of_their_own() {
    let front = Front::start();
    let cloud = Cloud::new(20, "");
    cloud.verified(&front, "", "\"cdn\"");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    installed(&daemon);
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.served");
    cloud
        .stand_in
        .on(|service| service.set_first_age(Duration::ZERO));
    let forced = cloud.home.run(&["renew", "--force", "--no-wait", DOMAIN]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let new = renewed_to(&cloud, &daemon);
    moved(&cloud, "cdn.example.com|on", &new);
    // Longer than a server is given with this `poll`.
    let looks = front.looks();
    wait_for("many looks", SOON, || {
        (front.looks() > looks + 14).then_some(())
    });
    assert_eq!(daemon.events("certificate.rolled_back").len(), 0);
    assert_eq!(daemon.events("certificate.failed").len(), 0);
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.renewed");
}

#[test]
fn resources_of_an_earlier_free_certificate_that_we_never_held_are_moved_too() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    let by_hand = cloud.stand_in.apply_by_hand(DOMAIN);
    wait_for("the one by hand", SOON, || {
        let orders = cloud.stand_in.orders(DOMAIN);
        orders
            .iter()
            .all(|order| order["status"] == 1)
            .then_some(())
    });
    // The one that ends later is adopted: resources have both.
    cloud.bind("cdn", "", "a.example.com|on", Some(&cloud.old));
    cloud.bind("cdn", "", "b.example.com|on", Some(&by_hand));
    let daemon = Daemon::start(&cloud.home);
    let new = daemon.wait("certificate.deployed")["certificate_id"].clone();
    assert_eq!(
        (cloud.at("a.example.com|on"), cloud.at("b.example.com|on")),
        (new.clone(), new)
    );
}

#[test]
fn of_named_instances_one_that_is_not_there_keeps_the_others_from_nothing() {
    let named = "[[certificates.cloud]]\nresources = [\"cdn\"]\ninstances = [\"a.example.com|on\", \"gone.example.com|on\", \"b.example.com|on\"]";
    let cloud = Cloud::new(20, named);
    cloud.bind("cdn", "", "a.example.com|on", None);
    cloud.bind("cdn", "", "b.example.com|on", None);
    let daemon = Daemon::start(&cloud.home);
    let id = json!(cloud.old);
    moved(&cloud, "a.example.com|on", &id);
    moved(&cloud, "b.example.com|on", &id);
    let failed = daemon.wait("certificate.failed");
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("no such instance"),
        "{failed}"
    );
    assert_eq!(daemon.events("certificate.deployed").len(), 0);
}

#[test]
fn a_named_instance_that_has_it_already_keeps_the_others_from_nothing() {
    // Of this type a look-up gives the count alone.
    let (one, two) = ("cls-one|default|shop-tls", "cls-two|default|shop-tls");
    let cloud = Cloud::new(
        20,
        &format!(
            "[[certificates.cloud]]\nresources = [\"tke\"]\ninstances = [\"{one}\", \"{two}\"]\nregion = \"ap-guangzhou\""
        ),
    );
    cloud.bind("tke", "ap-guangzhou", one, Some(&cloud.old));
    cloud.bind("tke", "ap-guangzhou", two, None);
    let daemon = Daemon::start(&cloud.home);
    moved(&cloud, two, &json!(cloud.old));
    deployed(&daemon, 1);
    assert_eq!(
        daemon.events("certificate.failed").len(),
        0,
        "{}",
        daemon.text()
    );
}

/// Whether the service was told to mail nobody about the end of this certificate.
fn is_muted(cloud: &Cloud, id: &str) -> bool {
    let orders = cloud.stand_in.orders(DOMAIN);
    let one = orders.iter().find(|order| order["certificate_id"] == id);
    one.unwrap()["expiry_notices_ignored"] == true
}

#[test]
fn the_service_s_own_mails_about_a_replaced_certificate_are_switched_off() {
    let target = "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\"]";
    let cloud = Cloud::new(62, target);
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    assert!(is_muted(&cloud, &cloud.old));
    assert!(!is_muted(&cloud, new.as_str().unwrap()));
    // Going back mutes nothing, least of all the new one.
    let back = cloud.home.run(&["rollback", DOMAIN]);
    assert_eq!(back.code, 0, "{}", back.all());
    assert_eq!(cloud.at("cdn.example.com|on"), cloud.old.as_str());
    assert!(!is_muted(&cloud, new.as_str().unwrap()));
}

#[test]
fn mails_about_a_certificate_that_something_else_has_are_kept_and_so_are_all_where_the_config_says_so()
 {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.bind("waf", "ap-guangzhou", "waf.example.com", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    daemon.wait("certificate.renewed");
    assert!(!is_muted(&cloud, &cloud.old), "the waf still has it");
    drop(daemon);

    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    let text = std::fs::read_to_string(cloud.home.config()).unwrap();
    let text = text.replace(
        "[accounts.default]\n",
        "[accounts.default]\nmute_replaced = false\n",
    );
    assert!(text.contains("mute_replaced"), "{text}");
    cloud.home.write_config(text);
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    daemon.wait("certificate.renewed");
    assert!(!is_muted(&cloud, &cloud.old));
}

#[test]
fn a_failed_item_is_told_by_its_domain_with_its_reason_decoded() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\", \"teo\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let reason = r#""{\"Code\":\"ResourceUnavailable.CdnHostIsOffline\",\"Message\":\"the domain is offline\"}""#;
    cloud.fail_with("cdn.example.com|on", 1_000, Some(reason));
    let daemon = Daemon::start(&cloud.home);
    let failed = daemon.wait("certificate.failed");
    let words = failed["message"].as_str().unwrap();
    assert!(
        words.contains(
            "cdn.example.com: Code: ResourceUnavailable.CdnHostIsOffline, Message: the domain is offline"
        ),
        "{words}"
    );
}

#[test]
fn an_instance_whose_text_the_service_refuses_is_said_and_asked_for_no_more() {
    let cloud = Cloud::new(
        62,
        "[[certificates.cloud]]\nresources = [\"live\"]\ninstances = [\"live.example.com\"]",
    );
    cloud.bind("live", "", "live.example.com", None);
    cloud.stand_in.on(|service| {
        service.add_fault(Fault {
            code: Some("FailedOperation.CertificateDeployInstanceFormatError".into()),
            times: u32::MAX,
            ..Fault::once("DeployCertificateInstance", FaultKind::Error)
        });
    });
    let daemon = Daemon::start(&cloud.home);
    let failed = daemon.wait("certificate.failed");
    assert_eq!(
        (&failed["class"], &failed["code"]),
        (
            &json!("permanent"),
            &json!("FailedOperation.CertificateDeployInstanceFormatError")
        )
    );
    let searched = cloud.stand_in.asked("DescribeHostDeployRecord");
    assert_eq!(cloud.stand_in.asked("DeployCertificateInstance"), 1);
    // Once it can be accepted, whoever mended it asks.
    cloud.stand_in.on(|service| service.clear_faults());
    assert_eq!(cloud.stand_in.asked("DeployCertificateInstance"), 1);
    assert_eq!(cloud.stand_in.asked("DescribeHostDeployRecord"), searched);
    let asked = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(asked.code, 0, "{}", asked.all());
    assert_eq!(
        cloud.at("live.example.com"),
        cloud.status()["certificate_id"]
    );
}
