//! Cloud resources: moved to the new certificate, once, and left where that is right.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use evercert::clock::{Clock, SystemClock};
use evercert::sandbox::{CloudChange, Credential, Fault, FaultKind, NewResource, OrderChange};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

mod front;
mod parts;
mod setting;

use front::Front;
use setting::{Cloud, deployed};

use crate::common::{Daemon, Home, SOON, StandIn, now, wait_for};

const DOMAIN: &str = "shop.example.com";

#[test]
fn a_renewal_moves_load_balancers_alone_and_then_the_rest() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\", \"clb\"]");
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("clb", "ap-shanghai", "lb-two|lbl-two", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    // Of a type that the config does not name.
    cloud.bind("waf", "ap-guangzhou", "waf.example.com", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    let renewed = daemon.wait("certificate.renewed");
    let new = renewed["certificate_id"].clone();
    assert_ne!(new, cloud.old);
    for instance in ["lb-one|lbl-one", "lb-two|lbl-two", "cdn.example.com|on"] {
        assert_eq!(cloud.at(instance), new, "{instance}");
    }
    assert_eq!(cloud.at("waf.example.com"), cloud.old);
    let records = cloud.records();
    let types: Vec<&Value> = records
        .iter()
        .map(|record| &record["resource_types"])
        .collect();
    assert_eq!(types, [&json!(["clb"]), &json!(["cdn"])]);
    assert!(
        records[0]["ended"].as_str() <= records[1]["created"].as_str(),
        "{records:?}"
    );
    let status = cloud.status();
    assert_eq!(
        (&status["bound"], &status["bound_resources"]),
        (&status["installed"], &json!(3))
    );
    assert!(cloud.stand_in.peak() <= 10);
}

#[test]
fn what_a_task_failed_at_is_tried_again_by_its_record() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "a.example.com|on", Some(&cloud.old));
    cloud.bind("cdn", "", "b.example.com|on", Some(&cloud.old));
    cloud.fail("b.example.com|on", 2);
    let daemon = Daemon::start(&cloud.home);
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    assert_eq!(
        (cloud.at("a.example.com|on"), cloud.at("b.example.com|on")),
        (new.clone(), new)
    );
    let records = cloud.records();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["retries"], 2);
    assert_eq!(daemon.events("certificate.failed").len(), 0);
}

#[test]
fn what_goes_on_failing_is_said_with_the_service_s_words_and_a_new_task_follows() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "a.example.com|on", Some(&cloud.old));
    // The first attempt, three more by its record, and then a task of its own.
    cloud.fail("a.example.com|on", 4);
    let daemon = Daemon::start(&cloud.home);
    let failed = daemon.wait("certificate.failed");
    let words = failed["message"].as_str().unwrap();
    assert!(
        words.contains("a.example.com") && words.contains("The instance is busy."),
        "{words}"
    );
    assert!(failed["next_attempt"].is_string(), "{failed}");
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    assert_eq!(cloud.at("a.example.com|on"), new);
    let records = cloud.records();
    assert_eq!(
        (records.len(), &records[0]["retries"]),
        (2, &json!(3)),
        "{records:#?}"
    );
}

#[test]
fn killed_at_any_moment_it_makes_one_task_for_each_move() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\"]");
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.change(CloudChange {
        task_milliseconds: Some(2_000),
        ..CloudChange::default()
    });
    let seed = rand::random::<u64>();
    println!("the moments of this run come from seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..14 {
        let mut daemon = Daemon::start(&cloud.home);
        let enough = cloud.stand_in.requests() + random.random_range(1..6);
        let clock = SystemClock::new();
        while cloud.stand_in.requests() < enough && clock.monotonic() < Duration::from_secs(4) {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..40)));
        daemon.kill_9();
    }
    let daemon = Daemon::start(&cloud.home);
    wait_for("everything is moved", SOON * 2, || {
        let new = cloud.status()["certificate_id"].clone();
        let moved = new != cloud.old
            && cloud.at("lb-one|lbl-one") == new
            && cloud.at("cdn.example.com|on") == new;
        moved.then_some(())
    });
    wait_for("it is said", SOON, || {
        (cloud.status()["targets"][0]["state"] == "done").then_some(())
    });
    let records = cloud.records();
    assert_eq!(
        records.len(),
        2,
        "seed {seed}: {records:#?}\n{}",
        daemon.text()
    );
}

#[test]
fn a_lost_answer_is_looked_for_and_not_asked_for_again() {
    for kind in [FaultKind::DropAfter, FaultKind::Rubbish, FaultKind::Null] {
        let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
        cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
        cloud.change(CloudChange {
            gather: Some(0),
            ..CloudChange::default()
        });
        cloud.stand_in.once("UpdateCertificateInstance", kind);
        let daemon = Daemon::start(&cloud.home);
        let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
        assert_eq!(cloud.at("cdn.example.com|on"), new);
        assert_eq!(
            cloud.stand_in.asked("UpdateCertificateInstance"),
            1,
            "{kind:?}\n{}",
            daemon.text()
        );
        assert_eq!(cloud.records().len(), 1);
    }
}

#[test]
fn where_nothing_is_bound_there_is_nothing_to_move_and_that_is_success() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"clb\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    daemon.wait("certificate.renewed");
    let said = deployed(&daemon, 1);
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("nothing was moved"),
        "{said}"
    );
    assert!(cloud.records().is_empty());
    assert_eq!(cloud.stand_in.asked("UpdateCertificateInstance"), 0);
    let status = cloud.status();
    assert_eq!(
        (&status["bound"], &status["bound_resources"]),
        (&Value::Null, &json!(0))
    );
    let table = cloud.home.run(&["status", "-w"]).stdout;
    assert!(table.contains("yes / none / -"), "{table}");
}

#[test]
fn a_certificate_under_the_service_s_own_hosting_is_left_and_said() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.stand_in.on(|service| {
        let hosted = OrderChange {
            hosting_status: Some(0),
            ..OrderChange::default()
        };
        service.change_order(now(), &cloud.old, &hosted).unwrap();
    });
    let daemon = Daemon::start(&cloud.home);
    daemon.wait("cloud.hosted");
    assert_eq!(cloud.at("cdn.example.com|on"), cloud.old);
    let status = cloud.status();
    let words = status["targets"][0]["last_error"].as_str().unwrap();
    assert!(words.contains("hosting"), "{status}");
    assert_eq!(daemon.events("certificate.renewed").len(), 0);
    // Asked for in so many words, it is looked at again, left again, and said again.
    let again = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(again.code, 1, "{}", again.all());
    assert_eq!(cloud.stand_in.asked("UpdateCertificateInstance"), 0);
    assert_eq!(daemon.events("cloud.hosted").len(), 2, "{}", daemon.text());
}

#[test]
fn named_instances_get_the_first_certificate_and_renewals_move_them() {
    let named = "[[certificates.cloud]]\nresources = [\"clb\"]\ninstances = [\"lb-one|lbl-one\"]\nregion = \"ap-guangzhou\"";
    let cloud = Cloud::new(20, named);
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", None);
    // The same names elsewhere are something else.
    cloud.bind("clb", "ap-shanghai", "lb-one|lbl-one", None);
    let daemon = Daemon::start(&cloud.home);
    deployed(&daemon, 1);
    assert_eq!(cloud.records()[0]["kind"], "deploy");
    cloud
        .stand_in
        .on(|service| service.set_first_age(Duration::ZERO));
    let forced = cloud.home.run(&["renew", "--force", DOMAIN]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let new = cloud.status()["certificate_id"].clone();
    assert_ne!(new, cloud.old);
    wait_for("it is moved", SOON, || {
        (cloud.at("lb-one|lbl-one") == new).then_some(())
    });
    deployed(&daemon, 2);
    let records = cloud.records();
    assert_eq!(
        (records.len(), &records[1]["kind"]),
        (2, &json!("update")),
        "{records:#?}"
    );
}

#[test]
fn an_instance_that_has_the_certificate_already_is_success() {
    let named =
        "[[certificates.cloud]]\nresources = [\"cdn\"]\ninstances = [\"cdn.example.com|on\"]";
    let cloud = Cloud::new(0, named);
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    deployed(&daemon, 1);
    assert!(cloud.records().is_empty());
    assert_eq!(cloud.status()["bound_resources"], 1);
}

#[test]
fn somebody_else_s_later_certificate_on_a_named_instance_is_left_until_it_is_asked_for() {
    let named =
        "[[certificates.cloud]]\nresources = [\"cdn\"]\ninstances = [\"cdn.example.com|on\"]";
    let cloud = Cloud::new(20, named);
    let mut daemon = Daemon::start(&cloud.home);
    cloud.bind("cdn", "", "cdn.example.com|on", None);
    deployed(&daemon, 1);
    daemon.stop();
    let later = cloud.later();
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&later));
    cloud.age_the_look();
    let daemon = Daemon::start(&cloud.home);
    let drift = daemon.wait("drift.found");
    assert!(
        drift["message"].as_str().unwrap().contains(&later),
        "{drift}"
    );
    assert_eq!(cloud.at("cdn.example.com|on"), later.as_str());
    assert_eq!(cloud.status()["bound"], later.as_str());
    let asked = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(asked.code, 0, "{}", asked.all());
    assert_eq!(cloud.at("cdn.example.com|on"), cloud.old);
}

#[test]
fn a_resource_that_went_back_to_an_earlier_certificate_is_drift_and_is_moved_again() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let mut daemon = Daemon::start(&cloud.home);
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    daemon.stop();
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.age_the_look();
    let daemon = Daemon::start(&cloud.home);
    let drift = daemon.wait("drift.found");
    assert!(
        drift["message"].as_str().unwrap().contains(&cloud.old),
        "{drift}"
    );
    wait_for("it is moved again", SOON, || {
        (cloud.at("cdn.example.com|on") == new).then_some(())
    });
}

#[test]
fn resources_that_stay_in_the_account_before_are_said_and_not_called_renewed() {
    let stand_in = StandIn::with(|options| {
        options.first_age = Duration::from_secs(62 * 86_400);
        let second = Credential::new("AKIDSECOND", "SECONDKEY");
        options.credentials.push(second);
    });
    let target = "[[certificates.cloud]]\nresources = [\"cdn\"]";
    let cloud = Cloud::at_stand_in(stand_in, target);
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    let first = daemon.wait("certificate.renewed")["certificate_id"].clone();
    assert_eq!(cloud.at("cdn.example.com|on"), first);
    // From now on it is the other account's.
    let endpoint = cloud.stand_in.endpoint();
    let text = std::fs::read_to_string(cloud.home.config()).unwrap();
    let text = text.replace(
        "[http]",
        &format!(
            "[accounts.second]\nendpoint = \"{endpoint}\"\nsecret_id = \"AKIDSECOND\"\nsecret_key = \"SECONDKEY\"\n\n[http]"
        ),
    );
    let named = format!("domain = \"{DOMAIN}\"");
    cloud
        .home
        .write_config(text.replace(&named, &format!("{named}\naccount = \"second\"")));
    daemon.wait("config.reloaded");
    cloud
        .stand_in
        .on(|service| service.set_first_age(Duration::ZERO));
    cloud.home.run(&["renew", "--force", DOMAIN]);
    let failed = daemon.wait("certificate.failed");
    let said = failed["message"].as_str().unwrap();
    assert!(
        said.contains("1 of its resources have certificate"),
        "{failed}"
    );
    assert!(said.contains("account \"default\""), "{failed}");
    assert_eq!(failed["class"], "operator");
    assert_eq!(
        daemon.events("certificate.renewed").len(),
        1,
        "{}",
        daemon.text()
    );
    assert_eq!(cloud.at("cdn.example.com|on"), first);
    // Their owner knows, and wants it so.
    let asked = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(asked.code, 0, "{}", asked.all());
    assert_eq!(cloud.at("cdn.example.com|on"), first);
}

#[test]
fn going_back_by_hand_moves_resources_back_and_deploying_moves_them_on() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"clb\"]");
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    let back = cloud.home.run(&["rollback", DOMAIN]);
    assert_eq!(back.code, 0, "{}", back.all());
    assert_eq!(cloud.at("lb-one|lbl-one"), cloud.old);
    let status = cloud.status();
    assert_eq!(
        (&status["rolled_back"], &status["bound"]),
        (&json!(true), &status["installed"])
    );
    let on = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(on.code, 0, "{}", on.all());
    assert_eq!(cloud.at("lb-one|lbl-one"), new);
}

#[test]
fn a_refusal_that_needs_a_person_says_so_and_waits_an_hour() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.stand_in.on(|service| {
        service.add_fault(Fault {
            code: Some("FailedOperation.RoleNotFoundAuthorization".into()),
            ..Fault::once("UpdateCertificateInstance", FaultKind::Error)
        });
    });
    let daemon = Daemon::start(&cloud.home);
    let failed = daemon.wait("certificate.failed");
    assert_eq!(failed["code"], "FailedOperation.RoleNotFoundAuthorization");
    assert_eq!(failed["class"], "operator");
    let next: DateTime<Utc> = failed["next_attempt"].as_str().unwrap().parse().unwrap();
    assert!(next - now() > TimeDelta::minutes(50), "{failed}");
    // Mended, the operator need not wait.
    let asked = cloud.home.run(&["deploy", DOMAIN]);
    assert_eq!(asked.code, 0, "{}", asked.all());
    assert_eq!(cloud.records().len(), 1);
}

#[test]
fn load_balancers_of_two_certificates_are_changed_one_after_the_other() {
    let stand_in = StandIn::aged(62);
    let names = ["one.example.com", "two.example.net"];
    let home = Home::of(&stand_in, &[]);
    let mut text = home.config_text(&stand_in.endpoint(), &[]);
    for name in names {
        let old = stand_in.apply_by_hand(name);
        wait_for("the old certificate", SOON, || {
            (stand_in.orders(name)[0]["status"] == 1).then_some(())
        });
        stand_in.on(|service| {
            let new = NewResource {
                secret_id: None,
                resource_type: "clb".into(),
                region: "ap-guangzhou".into(),
                instance: format!("lb-{}|lbl-one", &name[..3]),
                certificate_id: Some(old),
            };
            service.bind_resource(now(), new).unwrap();
            let slow = CloudChange {
                task_milliseconds: Some(3_000),
                ..CloudChange::default()
            };
            service.change_cloud(now(), slow);
        });
        text.push_str(&format!(
            "\n[[certificates]]\ndomain = \"{name}\"\n[[certificates.cloud]]\nresources = [\"clb\"]\n"
        ));
    }
    home.write_config(text);
    let daemon = Daemon::start(&home);
    wait_for("both are renewed", SOON, || {
        (daemon.events("certificate.renewed").len() == 2).then_some(())
    });
    let state = stand_in.state();
    let records = state["cloud"]["records"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    assert!(
        records[0]["ended"].as_str() <= records[1]["created"].as_str(),
        "{records:#?}"
    );
}

#[test]
fn resources_go_back_when_another_certificate_is_served_and_are_moved_again_later() {
    let front = Front::start();
    let cloud = Cloud::new(20, "[[certificates.cloud]]\nresources = [\"clb\"]");
    let text = cloud
        .home
        .config_text(&cloud.stand_in.endpoint(), &[DOMAIN]);
    cloud.home.write_config(format!(
        "{text}verify = {{ address = \"{}\", patience = \"2s\" }}\n[[certificates.cloud]]\nresources = [\"clb\"]\n",
        front.address
    ));
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    daemon.wait("certificate.installed");
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait("certificate.served");
    // From now on the load balancer says that it took the new certificate, and serves the old one.
    cloud
        .stand_in
        .on(|service| service.set_first_age(Duration::ZERO));
    let forced = cloud.home.run(&["renew", "--force", "--no-wait", DOMAIN]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let back = daemon.wait("certificate.rolled_back");
    assert!(
        back["message"]
            .as_str()
            .unwrap()
            .contains("resources have the certificate before"),
        "{back}"
    );
    let records = cloud.records();
    let new = cloud.status()["certificate_id"].clone();
    assert_eq!(
        (&records[0]["certificate_id"], &records[1]["certificate_id"]),
        (&new, &json!(cloud.old))
    );
    // It does serve it at last.
    front.serve(&cloud.home.live(DOMAIN));
    daemon.wait_until("the new one served", |log| {
        let mut served = log
            .iter()
            .filter(|line| line["event"] == "certificate.served");
        served.nth(1).cloned()
    });
    assert_eq!(cloud.at("lb-one|lbl-one"), new);
    assert_eq!(cloud.status()["bound"], cloud.status()["installed"]);
}

#[test]
fn two_targets_of_one_certificate_do_not_take_each_other_s_tasks_for_their_own() {
    let two = "[[certificates.cloud]]\nresources = [\"cdn\"]\n[[certificates.cloud]]\nresources = [\"waf\"]";
    let cloud = Cloud::new(62, two);
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.bind("waf", "ap-guangzhou", "waf.example.com", Some(&cloud.old));
    let daemon = Daemon::start(&cloud.home);
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    assert_eq!(
        (cloud.at("cdn.example.com|on"), cloud.at("waf.example.com")),
        (new.clone(), new)
    );
    assert_eq!(
        daemon.events("certificate.failed").len(),
        0,
        "{}",
        daemon.text()
    );
}

#[test]
fn named_instances_in_two_regions_are_both_deployed_to() {
    let named = |region: &str, lb: &str| {
        format!(
            "[[certificates.cloud]]\nresources = [\"clb\"]\ninstances = [\"{lb}|lbl-one\"]\nregion = \"{region}\"\n"
        )
    };
    let cloud = Cloud::new(
        20,
        &(named("ap-guangzhou", "lb-one") + &named("ap-shanghai", "lb-two")),
    );
    cloud.bind("clb", "ap-guangzhou", "lb-one|lbl-one", None);
    cloud.bind("clb", "ap-shanghai", "lb-two|lbl-one", None);
    let daemon = Daemon::start(&cloud.home);
    deployed(&daemon, 2);
    assert_eq!(
        (cloud.at("lb-one|lbl-one"), cloud.at("lb-two|lbl-one")),
        (json!(cloud.old), json!(cloud.old))
    );
    assert_eq!(
        daemon.events("certificate.failed").len(),
        0,
        "{}",
        daemon.text()
    );
}

#[test]
fn a_task_that_is_stuck_is_said_and_still_followed() {
    let cloud = Cloud::new(62, "[[certificates.cloud]]\nresources = [\"cdn\"]");
    cloud.bind("cdn", "", "cdn.example.com|on", Some(&cloud.old));
    cloud.change(CloudChange {
        stuck: Some(true),
        ..CloudChange::default()
    });
    let daemon = Daemon::start(&cloud.home);
    wait_for("the task", SOON, || {
        (!cloud.records().is_empty()).then_some(())
    });
    // Restarted, it neither forgets the task nor how long that has been at it.
    drop(daemon);
    let daemon = Daemon::start(&cloud.home);
    let failed = daemon.wait_until("certificate.failed", |log| {
        let mut failed = log
            .iter()
            .filter(|line| line["event"] == "certificate.failed");
        failed.next().cloned()
    });
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("is not done after"),
        "{failed}"
    );
    cloud.change(CloudChange {
        stuck: Some(false),
        ..CloudChange::default()
    });
    let new = daemon.wait("certificate.renewed")["certificate_id"].clone();
    assert_eq!(cloud.at("cdn.example.com|on"), new);
    assert_eq!(cloud.records().len(), 1);
}
