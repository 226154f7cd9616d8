//! One machine of a fleet, and what the others did.

use super::*;
use crate::sandbox::{Limits, NewResource, Oddities};

/// A config of a machine of the fleet "shop" with this role, for these names.
fn machine(role: &str, names: &[&str]) -> String {
    let mut text = format!("[fleet]\nname = \"shop\"\n{role}\n");
    for name in names {
        text.push_str(&format!("[[certificates]]\ndomain = \"{name}\"\n"));
    }
    text
}

/// The first turn after the start of a scene is machine 1's.
fn in_turn(machine: u8) -> String {
    format!("orders = \"in-turn\"\nmachine = {machine}")
}

const FOLLOWER: &str = "orders = \"never\"";

impl Scene {
    /// Another machine of the fleet applies; `who` is its number and two characters of its installation.
    fn order_by(&self, who: &str, domain: &str, method: &str) -> String {
        self.order_under(Some(format!("ec-cx6li8-{who}abcde")), domain, method)
    }

    fn change(&self, id: &str, change: &OrderChange) {
        let now = self.now();
        self.at_service(|service| service.change_order(now, id, change).unwrap());
    }

    /// Orders are issued so long after they are validated.
    fn issue_after(&self, seconds: u32) {
        self.at_service(|service| {
            service.set_limits(Limits {
                issue_after_seconds: Some(seconds),
                ..Limits::default()
            });
        });
    }

    /// A resource has this certificate.
    fn bind(&self, id: &str) {
        let new = NewResource {
            secret_id: None,
            resource_type: "cdn".to_owned(),
            region: String::new(),
            instance: "cdn.example.com|on".to_owned(),
            certificate_id: Some(id.to_owned()),
        };
        let now = self.now();
        self.at_service(|service| service.bind_resource(now, new).unwrap());
    }

    /// The certificate that the resource has.
    fn bound(&self) -> String {
        let now = self.now();
        let resources = self.at_service(|service| service.resources(now));
        resources[0].certificate_id.clone().unwrap()
    }

    /// The actions that were called, the first one first.
    fn actions(&self) -> Vec<String> {
        let requests = self.at_service(|service| service.requests(0));
        let all = requests["requests"].as_array().unwrap().iter();
        all.map(|request| request["action"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test]
async fn what_the_service_does_not_hand_out_for_a_while_is_fetched_once_it_does() {
    let mut scene = Scene::of(&machine(FOLLOWER, &[NAME])).await;
    scene.order_by("2zz", NAME, "DNS_AUTO");
    scene.refuse("DescribeCertificateDetail", "ResourceNotFound", 6);
    scene.pass(minutes(60));
    assert!(scene.record().await.installed.is_none());
    assert!(
        scene.record().await.retry.last.is_some(),
        "it is said what fails"
    );
    scene.pass(minutes(8 * 60));
    assert!(scene.record().await.installed.is_some());
    assert!(scene.said("order.unusable").await.is_empty());
}

#[tokio::test]
async fn what_could_not_be_used_is_looked_at_again_after_a_day() {
    let mut scene = Scene::of(&machine(FOLLOWER, &[NAME])).await;
    let id = scene.order_by("2zz", NAME, "DNS_AUTO");
    let odd = |without_key| OrderChange {
        odd: Some(Oddities {
            without_key,
            ..Oddities::default()
        }),
        ..OrderChange::default()
    };
    scene.change(&id, &odd(true));
    scene.pass(minutes(3 * 60));
    assert!(scene.record().await.installed.is_none());
    scene.change(&id, &odd(false));
    scene.pass(minutes(27 * 60));
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn a_name_that_is_only_fetched_changes_nothing_for_the_others() {
    let mut scene = Scene::of(&format!(
        "[[certificates]]\ndomain = \"{NAME}\"\n\
         [[certificates]]\ndomain = \"paid.example.com\"\norder = false\n"
    ))
    .await;
    scene.settle();
    let id = scene.record().await.installed.unwrap().certificate_id;
    scene.pass(minutes(2 * 24 * 60));
    scene.order_elsewhere(NAME);
    scene.pass(minutes(24 * 60));
    scene.check();
    assert_eq!(
        scene.record().await.installed.unwrap().certificate_id,
        id,
        "it is not due for months"
    );
}

#[tokio::test]
async fn another_machine_s_order_is_taken_over_in_the_own_turn_and_not_before() {
    let mut scene = Scene::of(&machine(&in_turn(5), &[NAME])).await;
    scene.issue_after(5 * 3600);
    let id = scene.order_by("2zz", NAME, "DNS_AUTO");
    scene.pass(minutes(50));
    assert_eq!(scene.record().await.order, None);
    scene.pass(minutes(20));
    assert_eq!(scene.record().await.ordered_id(), Some(&*id));
    assert_eq!(scene.said("fleet.took_over").await.len(), 1);
    assert_eq!(scene.calls("ApplyCertificate"), 1, "the other's");
}

#[tokio::test]
async fn a_machine_that_is_held_back_takes_what_another_one_ordered_meanwhile() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    let full = "FailedOperation.MainDomainCertificateCountLimit";
    scene.refuse("ApplyCertificate", full, 1);
    scene.pass(minutes(3));
    assert_eq!(scene.calls("ApplyCertificate"), 1);
    assert!(scene.record().await.installed.is_none());
    scene.order_by("2zz", NAME, "DNS_AUTO");
    scene.pass(minutes(20));
    assert!(scene.record().await.installed.is_some());
    assert_eq!(scene.calls("ApplyCertificate"), 2, "and the other's");
}

#[tokio::test]
async fn what_is_due_goes_before_what_is_tidied_away() {
    let mut config = machine(&in_turn(1), &[NAME]);
    config.push_str("[accounts.default]\ntidy = true\n");
    let mut scene = Scene::of(&config).await;
    scene.settle();
    let dead = scene.order_by("2zz", "old.example.com", "DNS_AUTO");
    let rejected = OrderChange {
        status: Some(3),
        ..OrderChange::default()
    };
    scene.change(&dead, &rejected);
    scene.pass(minutes(70));
    scene.force(NAME).await;
    scene.pass(minutes(3 * 60));
    let actions = scene.actions();
    let last = |action: &str| actions.iter().rposition(|one| one == action).unwrap();
    let applied = last("ApplyCertificate");
    assert_eq!(scene.calls("ApplyCertificate"), 3);
    assert!(applied < last("DeleteCertificate"), "{actions:?}");
}

#[tokio::test]
async fn a_number_that_another_machine_no_longer_has_is_free() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    scene.order_by("1zz", "one.example.com", "DNS_AUTO");
    scene.machine.clock.advance(Duration::from_secs(5));
    scene.order_by("3zz", "two.example.com", "DNS_AUTO");
    scene.pass(minutes(3 * 60));
    assert!(scene.said("fleet.same_machine").await.is_empty());
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn of_two_machines_with_one_number_the_younger_orders_nothing() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    scene.order_by("3zz", "one.example.com", "DNS_AUTO");
    scene.machine.clock.advance(Duration::from_secs(5));
    scene.order_by("1zz", "two.example.com", "DNS_AUTO");
    scene.pass(minutes(3 * 60));
    assert!(!scene.said("fleet.same_machine").await.is_empty());
    assert!(scene.record().await.installed.is_none());
}

#[tokio::test]
async fn a_follower_that_orders_from_now_on_sees_what_it_followed_to_its_end() {
    let root = tempfile::tempdir().unwrap();
    let file = format!(
        "validation = {{ method = \"FILE\", webroot = \"{}\" }}\n",
        root.path().display()
    );
    let mut scene = Scene::of(&(machine(FOLLOWER, &[NAME]) + &file)).await;
    let id = scene.order_by("2zz", NAME, "FILE");
    scene.pass(minutes(20));
    let followed = scene.record().await.order.unwrap();
    assert!(followed.adopted);
    assert_eq!(scene.calls("CompleteCertificate"), 0);
    let mut scene = scene
        .restarted(&(machine(&in_turn(1), &[NAME]) + &file))
        .await;
    scene.pass(minutes(3 * 60));
    assert!(scene.calls("CompleteCertificate") > 0, "it is validated");
    assert_eq!(scene.calls("ApplyCertificate"), 1, "the other's: {id}");
}

/// Machine 1, and a certificate that is no use to anyone because the service does not hand out its key; nothing can be ordered.
async fn with_one_of_no_use(fleet: &str) -> Scene {
    let entry = format!("[[certificates]]\ndomain = \"{NAME}\"\n");
    let mut scene = Scene::of(&(fleet.to_owned() + &entry)).await;
    let id = scene.order_by("2zz", NAME, "DNS_AUTO");
    let without_key = OrderChange {
        odd: Some(Oddities {
            without_key: true,
            ..Oddities::default()
        }),
        ..OrderChange::default()
    };
    scene.change(&id, &without_key);
    let full = "FailedOperation.MainDomainCertificateCountLimit";
    scene.refuse("ApplyCertificate", full, u32::MAX);
    scene.pass(minutes(3 * 24 * 60));
    scene
}

#[tokio::test]
async fn what_is_of_no_use_is_looked_at_again_where_others_may_mend_it_and_only_there() {
    let fleet = format!("[fleet]\nname = \"shop\"\n{}\n", in_turn(1));
    for (fleet, again) in [(&*fleet, true), ("", false)] {
        let mut scene = with_one_of_no_use(fleet).await;
        let looks = scene.calls("DescribeCertificateDetail");
        assert!(looks > 0);
        scene.pass(minutes(8 * 24 * 60));
        let more = scene.calls("DescribeCertificateDetail") > looks;
        assert_eq!(more, again, "{fleet}");
    }
}

#[tokio::test]
async fn a_newer_one_is_taken_where_the_service_does_not_get_the_first_one_out() {
    let mut scene = Scene::of(&machine(FOLLOWER, &[NAME])).await;
    let first = scene.order_by("2zz", NAME, "DNS_AUTO");
    for action in ["DescribeCertificateDetail", "DownloadCertificate"] {
        let fault = Fault {
            times: u32::MAX,
            names: Some(first.clone()),
            ..Fault::once(action, FaultKind::Error)
        };
        scene.at_service(|service| service.add_fault(fault));
    }
    scene.pass(minutes(60));
    let newer = scene.order_by("3zz", NAME, "DNS_AUTO");
    scene.pass(minutes(12 * 60));
    let installed = scene.record().await.installed.unwrap();
    assert_eq!(installed.certificate_id, newer);
}

#[tokio::test]
async fn another_key_for_one_name_and_one_that_is_alone_beside_others_are_said() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    scene.settle();
    assert!(scene.said("fleet.differs").await.is_empty());
    let id = scene.order_by("2zz", NAME, "DNS_AUTO");
    let with_another_key = OrderChange {
        odd: Some(Oddities {
            encrypt_algorithm: Some("ECC 256".to_owned()),
            ..Oddities::default()
        }),
        ..OrderChange::default()
    };
    scene.change(&id, &with_another_key);
    scene.pass(minutes(24 * 60));
    scene.check();
    let said = scene.said("fleet.differs").await;
    assert_eq!(said.len(), 1, "{said:?}");
    scene.order_by("0zz", "other.example.com", "DNS_AUTO");
    scene.pass(minutes(25 * 60));
    scene.check();
    let said = scene.said("fleet.differs").await;
    assert!(
        said.iter()
            .any(|event| format!("{event:?}").contains("Alone")),
        "{said:?}"
    );
}

#[tokio::test]
async fn one_that_took_the_place_of_another_is_no_difference() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    // It was alone, and is gone.
    scene.order_by("0zz", "other.example.com", "DNS_AUTO");
    scene.machine.clock.advance(Duration::from_secs(5));
    scene.settle();
    scene.pass(minutes(25 * 60));
    scene.check();
    assert!(scene.record().await.installed.is_some());
    assert!(scene.said("fleet.differs").await.is_empty());
}

#[tokio::test]
async fn of_two_pending_orders_for_one_name_the_older_stays() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    scene.issue_after(24 * 3600);
    let older = scene.order_by("2zz", NAME, "DNS_AUTO");
    scene.machine.clock.advance(Duration::from_secs(5));
    let younger = scene.order_by("3zz", NAME, "DNS_AUTO");
    scene.pass(minutes(3 * 60));
    let said = scene.said("order.duplicate").await;
    let about = said.iter().map(|event| event.about.certificate_id.clone());
    assert_eq!(about.collect::<Vec<_>>(), [Some(younger.clone())]);
    let left = scene.certificates().into_iter();
    let left = left.filter(|one| one["cancelled"].is_null());
    let left: Vec<Value> = left.map(|one| one["certificate_id"].clone()).collect();
    assert_eq!(left, [Value::from(older)], "and not {younger}");
}

#[tokio::test]
async fn nothing_is_ordered_on_a_part_of_the_list() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    // Within the turn.
    scene.issue_after(45);
    scene.pass(Duration::from_secs(30));
    let id = scene.record().await.ordered_id().unwrap().to_owned();
    let ended = OrderChange {
        odd: Some(Oddities {
            ended_material: true,
            ..Oddities::default()
        }),
        ..OrderChange::default()
    };
    scene.change(&id, &ended);
    scene.pass(minutes(3 * 60));
    assert_eq!(scene.calls("ApplyCertificate"), 2);
    let actions = scene.actions();
    let applied = actions.iter().rposition(|one| one == "ApplyCertificate");
    let before = actions[..applied.unwrap()].last().unwrap();
    assert_eq!(before, "DescribeCertificates", "{actions:?}");
}

#[tokio::test]
async fn that_nobody_orders_is_said_after_a_day_also_by_a_daemon_that_restarts_in_between() {
    let config = machine(FOLLOWER, &[NAME]);
    let mut scene = Scene::of(&config).await;
    for hours in [9, 9] {
        scene.pass(minutes(hours * 60));
        assert!(scene.said("fleet.waiting").await.is_empty());
        scene = scene.restarted(&config).await;
    }
    scene.pass(minutes(7 * 60));
    let said = scene.said("fleet.waiting").await;
    assert_eq!(said.len(), 1);
    assert!(
        format!("{said:?}").contains("hours: 24"),
        "since it was first looked for: {said:?}"
    );
}

#[tokio::test]
async fn what_was_waited_for_and_came_is_not_waited_for_at_its_renewal() {
    let days = |days: u64| minutes(days * 24 * 60);
    let mut scene = Scene::of(&machine(&in_turn(2), &[NAME])).await;
    scene.pass(minutes(5));
    assert_eq!(scene.calls("ApplyCertificate"), 0, "it waits for its turn");
    scene.pass(days(1));
    assert!(scene.record().await.installed.is_some());
    for _ in 0..70 {
        scene.pass(days(1));
        scene.check();
    }
    scene.pass(days(1));
    assert_eq!(scene.calls("ApplyCertificate"), 2);
    // Nor is what a person asks for, and waits for its turn too.
    scene.force(NAME).await;
    scene.pass(minutes(5));
    let said = scene.said("fleet.waiting").await;
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn what_was_due_before_this_machine_began_to_wait_is_not_said_at_once() {
    let mut scene = Scene::of(&machine(FOLLOWER, &[NAME])).await;
    scene.order_by("2zz", NAME, "DNS_AUTO");
    scene.pass(minutes(60));
    assert!(scene.record().await.installed.is_some());
    // It was off until the window was open for days.
    scene.machine.clock.advance(minutes(65 * 24 * 60));
    scene.check();
    scene.pass(minutes(23 * 60));
    assert!(scene.said("fleet.waiting").await.is_empty());
    scene.pass(minutes(2 * 60));
    assert_eq!(scene.said("fleet.waiting").await.len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_ahead_makes_no_wait_longer() {
    let mut scene = Scene::of(&machine(FOLLOWER, &[NAME])).await;
    scene.pass(minutes(60));
    scene.machine.clock.jump(TimeDelta::days(30));
    scene.pass(minutes(60));
    let said = scene.said("fleet.waiting").await;
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn what_the_operator_decided_holds_whatever_the_clock_shows() {
    for jump in [TimeDelta::days(-3), TimeDelta::zero(), TimeDelta::days(3)] {
        let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
        scene.order_by("1zz", "one.example.com", "DNS_AUTO");
        scene.pass(minutes(3 * 60));
        assert!(scene.record().await.installed.is_none(), "{jump}");
        scene.machine.clock.jump(jump);
        scene.process.store.claim(scene.now(), None).await.unwrap();
        scene.force(NAME).await;
        scene.machine.clock.jump(-jump);
        scene.pass(minutes(4 * 60));
        assert!(scene.record().await.installed.is_some(), "{jump}");
    }
}

#[tokio::test]
async fn resources_that_another_machine_moved_on_are_not_taken_back_by_one_that_is_behind() {
    let cloud = "[[certificates.cloud]]\nresources = [\"cdn\"]\n";
    // Those of one day end at the same second.
    for hours in [0, 30] {
        let mut scene = Scene::of(&(machine(&in_turn(1), &[NAME]) + cloud)).await;
        scene.settle();
        let held = scene.record().await.installed.unwrap().certificate_id;
        scene.bind(&held);
        scene.pass(minutes(hours * 60));
        let newer = scene.order_by("2zz", NAME, "DNS_AUTO");
        for action in ["DescribeCertificateDetail", "DownloadCertificate"] {
            let fault = Fault {
                times: u32::MAX,
                names: Some(newer.clone()),
                ..Fault::once(action, FaultKind::Error)
            };
            scene.at_service(|service| service.add_fault(fault));
        }
        scene.pass(minutes(5));
        scene.bind(&newer);
        for _ in 0..4 {
            scene.pass(minutes(12 * 60));
            scene.check();
        }
        let installed = scene.record().await.installed.unwrap();
        assert_eq!(installed.certificate_id, held, "it is behind");
        assert_eq!(scene.bound(), newer, "after {hours} hours");
        assert_eq!(scene.calls("UpdateCertificateInstance"), 0);
        let said = scene.said("drift.found").await;
        assert!(said.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn of_two_machines_that_are_each_alone_the_younger_orders_nothing_until_it_is_claimed() {
    let mut scene = Scene::of(&machine("orders = \"alone\"", &[NAME])).await;
    scene.order_by("0zz", "one.example.com", "DNS_AUTO");
    scene.pass(minutes(3 * 60));
    let said = scene.said("fleet.same_machine").await;
    assert!(!said.is_empty());
    assert!(scene.record().await.installed.is_none());
    let failure = scene.record().await.retry.last.unwrap();
    assert!(failure.message.contains("evercert claim"), "{failure:?}");
    scene.process.store.claim(scene.now(), None).await.unwrap();
    scene.pass(minutes(24 * 60));
    assert!(scene.record().await.installed.is_some());
    assert_eq!(scene.calls("ApplyCertificate"), 2, "and the other's");
}

#[tokio::test]
async fn a_number_that_is_edited_while_an_order_is_pending_changes_nothing_for_it() {
    let names = &[NAME];
    let mut scene = Scene::of(&machine(&in_turn(1), names)).await;
    scene.issue_after(8 * 3600);
    scene.pass(minutes(30));
    let id = scene.record().await.ordered_id().unwrap().to_owned();
    let mut scene = scene.restarted(&machine(&in_turn(4), names)).await;
    scene.pass(minutes(10 * 60));
    let installed = scene.record().await.installed.unwrap();
    assert_eq!(installed.certificate_id, id);
    assert_eq!(scene.calls("ApplyCertificate"), 1);
    for event in ["fleet.took_over", "fleet.same_machine", "fleet.differs"] {
        let said = scene.said(event).await;
        assert!(said.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn what_a_machine_ordered_under_an_earlier_number_is_no_other_machine_s() {
    let names = &[NAME, "other.example.com"];
    let alone = machine("orders = \"alone\"", names);
    let mut scene = Scene::of(&alone).await;
    scene.settle();
    let mut scene = scene.restarted(&machine(&in_turn(1), names)).await;
    scene.force(NAME).await;
    scene.pass(minutes(3 * 60));
    assert_eq!(scene.calls("ApplyCertificate"), 3);
    let mut scene = scene.restarted(&alone).await;
    scene.pass(minutes(25 * 60));
    scene.check();
    let said = scene.said("fleet.differs").await;
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn what_waited_for_a_number_goes_on_once_its_other_holder_orders_under_another() {
    let mut scene = Scene::of(&machine(&in_turn(1), &[NAME])).await;
    scene.order_by("1zz", "one.example.com", "DNS_AUTO");
    scene.pass(minutes(10));
    assert!(!scene.said("fleet.same_machine").await.is_empty());
    scene.order_by("2zz", "two.example.com", "DNS_AUTO");
    // The next turn but one at the latest.
    scene.pass(minutes(4 * 60));
    assert!(scene.record().await.installed.is_some());
}
