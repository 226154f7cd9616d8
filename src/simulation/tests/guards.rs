//! What keeps the daemon from ordering, cancelling and deleting, one guard a scene.

use super::*;
use crate::sandbox::Limits;

const DAY: u64 = 24 * 60;

/// One certificate in an account that is tidied.
fn tidied() -> String {
    format!("[[certificates]]\ndomain = \"{NAME}\"\n[accounts.default]\ntidy = true\n")
}

impl Scene {
    /// This installation applies, but its record does not know.
    async fn order_unknown(&self, id: &str, domain: &str) -> String {
        let installation = self.process.store.installation().await.unwrap();
        self.order_under(Some(format!("ec-{installation}-{id}")), domain, "DNS_AUTO")
    }

    /// Has the account listed, and what follows from that done.
    async fn list(&mut self) {
        self.force(NAME).await;
        self.pass(minutes(60));
    }

    /// The service ends an order with this status.
    fn end(&self, id: &str, status: i64) {
        let change = OrderChange {
            status: Some(status),
            ..OrderChange::default()
        };
        let now = self.now();
        self.at_service(|service| service.change_order(now, id, &change).unwrap());
    }

    fn never_issues(&self) {
        self.at_service(|service| {
            service.set_limits(Limits {
                issue_after_seconds: Some(u32::MAX),
                ..Limits::default()
            });
        });
    }
}

#[tokio::test]
async fn a_copy_orders_and_deletes_nothing_until_it_is_claimed() {
    let mut scene = Scene::of(&tidied()).await;
    scene.settle();
    let dead = scene.order_unknown("abcdefgh", "old.example.com").await;
    scene.end(&dead, 2);
    let store = &scene.process.store;
    store.suspect_copy("this may be a copy").await.unwrap();
    scene.force(NAME).await;
    scene.pass(minutes(2 * DAY));
    assert_eq!(scene.calls("DeleteCertificate"), 0);
    assert_eq!(scene.calls("ApplyCertificate"), 2, "none since");
    scene.process.store.claim(scene.now(), None).await.unwrap();
    scene.pass(minutes(2 * DAY));
    assert_eq!(scene.calls("DeleteCertificate"), 1);
    assert_eq!(scene.calls("ApplyCertificate"), 3);
}

#[tokio::test]
async fn a_restored_record_orders_once_the_list_shows_what_was_ordered_since() {
    let mut scene = Scene::new().await;
    let now = scene.now().timestamp_millis().to_string();
    scene
        .process
        .store
        .set_fact("restored", &now)
        .await
        .unwrap();
    scene.pass(minutes(4));
    assert_eq!(scene.calls("ApplyCertificate"), 0);
    scene.pass(minutes(60));
    assert_eq!(scene.calls("ApplyCertificate"), 1);
}

#[tokio::test]
async fn a_clock_that_is_set_ahead_after_a_restore_brings_no_order_before_its_time() {
    for hours in [-1, 1] {
        let mut scene = Scene::new().await;
        let now = scene.now().timestamp_millis().to_string();
        let store = &scene.process.store;
        store.set_fact("restored", &now).await.unwrap();
        scene.pass(minutes(1));
        scene.machine.clock.jump(TimeDelta::hours(hours));
        scene.check();
        scene.pass(minutes(3));
        assert_eq!(scene.calls("ApplyCertificate"), 0, "{hours}");
        scene.pass(minutes(3 * 60));
        assert_eq!(scene.calls("ApplyCertificate"), 1, "{hours}");
    }
}

#[tokio::test]
async fn who_lost_seven_orders_in_a_week_orders_no_eighth() {
    let mut scene = Scene::new().await;
    scene.never_issues();
    for _ in 0..6 * 24 * 2 {
        scene.pass(minutes(30));
        if let Some(id) = scene.record().await.ordered_id() {
            scene.end(id, 2);
        }
    }
    assert_eq!(scene.calls("ApplyCertificate"), 7);
    scene.pass(minutes(3 * DAY));
    assert!(scene.calls("ApplyCertificate") > 7, "a week later");
}

#[tokio::test]
async fn a_lost_answer_costs_no_second_order_where_the_list_is_late() {
    let mut scene = Scene::new().await;
    scene.at_service(|service| {
        service.add_fault(Fault::once("ApplyCertificate", FaultKind::DropAfter));
        service.set_listing_delay(240);
    });
    scene.settle();
    assert_eq!(scene.calls("ApplyCertificate"), 1);
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn what_somebody_else_ordered_is_theirs_also_once_it_is_taken() {
    let mut scene = Scene::new().await;
    scene.order_elsewhere(NAME);
    scene.refuse("DescribeCertificateDetail", "InternalError", 1_000);
    scene.pass(minutes(30));
    assert!(scene.record().await.order.unwrap().adopted);
    assert_eq!(scene.calls("ApplyCertificate"), 1, "the other's");
}

#[tokio::test]
async fn only_our_own_orders_that_came_to_nothing_are_deleted_and_only_where_that_is_wanted() {
    for (tidy, deleted) in [(false, 0), (true, 1)] {
        let config = tidied().replace("tidy = true", &format!("tidy = {tidy}"));
        let mut scene = Scene::of(&config).await;
        scene.settle();
        let own = scene.order_unknown("abcdefgh", "old.example.com").await;
        scene.end(&own, 2);
        let foreign = scene.order_under(None, "foreign.example.com", "DNS_AUTO");
        scene.end(&foreign, 2);
        scene.pass(minutes(120));
        scene.list().await;
        assert_eq!(scene.calls("DeleteCertificate"), deleted);
        assert!(scene.record().await.installed.is_some());
    }
}

#[tokio::test]
async fn what_could_not_be_deleted_is_left_for_a_day() {
    let mut scene = Scene::of(&tidied()).await;
    scene.settle();
    let dead = scene.order_unknown("abcdefgh", "old.example.com").await;
    scene.end(&dead, 2);
    scene.refuse("DeleteCertificate", "FailedOperation", 1_000);
    scene.pass(minutes(120));
    scene.list().await;
    let before = scene.calls("DeleteCertificate");
    assert!(before > 0);
    for _ in 0..3 {
        scene.list().await;
    }
    assert_eq!(scene.calls("DeleteCertificate"), before);
}

#[tokio::test]
async fn what_is_installed_is_not_deleted_though_the_service_calls_it_dead() {
    let mut scene = Scene::of(&tidied()).await;
    scene.settle();
    scene.pass(minutes(60));
    let installed = scene.record().await.installed.unwrap();
    scene.end(&installed.certificate_id, 3);
    // What would take its place is late.
    scene.refuse("ApplyCertificate", "InternalError", 1_000);
    scene.list().await;
    assert!(scene.calls("ApplyCertificate") > 1, "it was listed");
    assert_eq!(scene.calls("DeleteCertificate"), 0);
}

#[tokio::test]
async fn what_only_our_own_clock_makes_due_is_not_ordered() {
    let mut scene = Scene::new().await;
    scene.settle();
    scene.at_service(|service| service.set_clock_offset(-70 * 86_400));
    scene.machine.clock.advance(minutes(70 * DAY));
    scene.check();
    scene.pass(minutes(60));
    assert_eq!(scene.calls("ApplyCertificate"), 1);
}

#[tokio::test]
async fn an_application_that_comes_after_its_turn_holds_nobody_back() {
    let config = format!(
        "[fleet]\nname = \"shop\"\norders = \"in-turn\"\nmachine = 1\n[[certificates]]\ndomain = \"{NAME}\"\n"
    );
    let mut scene = Scene::of(&config).await;
    scene.refuse("ApplyCertificate", "AuthFailure.SignatureExpire", 1);
    scene.pass(minutes(3));
    let failed = scene.said("certificate.failed").await;
    let words = failed[0].message_in(crate::sentence::Language::English);
    assert!(words.contains("after this machine's turn"), "{words}");
    assert!(scene.process.store.holds().await.unwrap().is_empty());
    scene.pass(minutes(3 * 60));
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn a_new_name_leaves_the_last_slot_to_a_renewal_that_waits() {
    let new = "new.example.org";
    let mut scene = Scene::of(&format!(
        "[accounts.default]\nfree_limit = 2\n[[certificates]]\ndomain = \"{NAME}\"\n\
         [[certificates]]\ndomain = \"{new}\"\n"
    ))
    .await;
    let keep_back = |scene: &Scene, name: &str| {
        let fault = Fault {
            code: Some("FailedOperation.MainDomainCertificateCountLimit".to_owned()),
            times: u32::MAX,
            names: Some(name.to_owned()),
            ..Fault::once("ApplyCertificate", FaultKind::Error)
        };
        scene.at_service(|service| {
            service.clear_faults();
            service.add_fault(fault);
        });
    };
    keep_back(&scene, new);
    scene.pass(minutes(62 * DAY));
    assert!(scene.record().await.installed.is_some());
    keep_back(&scene, NAME);
    for _ in 0..3 {
        scene.pass(minutes(DAY));
        scene.check();
    }
    let waits = scene.record_of(new).await;
    assert!(waits.order.is_none() && waits.installed.is_none());
    let why = waits.retry.last.unwrap().message;
    assert!(why.contains("renewals go first"), "{why}");
}
