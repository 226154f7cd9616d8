//! One order for one certificate, whatever the service shows of it.

use super::*;
use crate::sandbox::Oddities;

#[tokio::test]
async fn an_order_that_a_lagging_replica_does_not_know_yet_is_not_ordered_again() {
    let mut scene = Scene::new().await;
    scene.at_service(|service| {
        service.set_listing_delay(280);
        service.set_ids_lag(true);
    });
    scene.settle();
    assert_eq!(scene.certificates().len(), 1);
    assert!(scene.said("order.failed").await.is_empty());
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn an_order_that_the_service_forgot_is_made_anew() {
    let mut scene = Scene::new().await;
    scene.pass(Duration::from_secs(60));
    let id = scene.record().await.ordered_id().unwrap().to_owned();
    let now = scene.now();
    let removed = OrderChange {
        removed: true,
        ..OrderChange::default()
    };
    scene.at_service(|service| service.change_order(now, &id, &removed).unwrap());
    scene.settle();
    assert_eq!(scene.said("order.failed").await.len(), 1);
    let installed = scene.record().await.installed.unwrap();
    assert_ne!(installed.certificate_id, id);
}

#[tokio::test]
async fn an_application_is_not_given_up_by_a_list_that_lacks_what_it_counts() {
    let mut scene = Scene::new().await;
    let fault = Fault::once("ApplyCertificate", FaultKind::DropAfter);
    scene.at_service(|service| {
        service.add_fault(fault);
        service.set_list_end(Some(0));
    });
    scene.settle();
    assert_eq!(scene.certificates().len(), 1);
    assert!(scene.record().await.order.is_some());
    scene.at_service(|service| service.set_list_end(None));
    scene.settle();
    assert_eq!(scene.certificates().len(), 1);
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn what_a_cut_list_hides_is_not_ordered_before_it_was_looked_for_again() {
    let mut scene = Scene::new().await;
    scene.settle();
    // A daemon that lost its record, and a list that ends before the certificate that it had made.
    let mut scene = scene.forgetful().await;
    scene.at_service(|service| service.set_list_end(Some(1)));
    scene.order_elsewhere("other.example.com");
    scene.pass(Duration::from_secs(20));
    assert_eq!(
        scene.calls("ApplyCertificate"),
        2,
        "the first, and the other's"
    );
    scene.at_service(|service| service.set_list_end(None));
    scene.settle();
    assert!(scene.record().await.installed.is_some());
    assert_eq!(scene.calls("ApplyCertificate"), 2);
}

#[tokio::test]
async fn a_list_that_is_always_cut_stops_no_order_for_ever() {
    let mut scene = Scene::new().await;
    scene.order_elsewhere("one.example.com");
    scene.order_elsewhere("two.example.com");
    scene.at_service(|service| service.set_list_end(Some(1)));
    scene.settle();
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn an_order_that_can_not_be_cancelled_is_said_once_and_asked_for_slowly() {
    let mut scene = Scene::of(&format!(
        "[[certificates]]\ndomain = \"{NAME}\"\n\
         [[notify]]\ntype = \"exec\"\nname = \"all\"\ncommand = [\"/bin/true\"]\non = [\"failed\"]\n"
    ))
    .await;
    scene.pass(Duration::from_secs(40));
    let id = scene.record().await.ordered_id().unwrap().to_owned();
    let hangs = OrderChange {
        status: Some(0),
        odd: Some(Oddities {
            outlives_deadline: true,
            ..Oddities::default()
        }),
        ..OrderChange::default()
    };
    let now = scene.now();
    scene.at_service(|service| service.change_order(now, &id, &hangs).unwrap());
    scene.pass(Duration::from_secs(72 * 3600));
    assert_eq!(scene.calls("CancelAuditCertificate"), 0);
    let (said, told) = (scene.said("order.stalled").await.len(), scene.told().await);
    scene.refuse("CancelAuditCertificate", "FailedOperation", 10_000);
    scene.pass(Duration::from_secs(3600 + 1200));
    let begun = scene.calls("CancelAuditCertificate");
    assert!(begun > 0);
    scene.pass(Duration::from_secs(3600));
    let cancels = scene.calls("CancelAuditCertificate") - begun;
    assert!(cancels <= 7, "{cancels}");
    assert_eq!(scene.said("order.stalled").await.len(), said + 1);
    assert_eq!(scene.told().await, told + 1);
}

#[tokio::test]
async fn an_application_that_the_service_will_never_take_is_parked_after_one_search() {
    let mut scene = Scene::new().await;
    scene.refuse(
        "ApplyCertificate",
        "FailedOperation.PackageNotFound",
        10_000,
    );
    scene.settle();
    assert_eq!(scene.calls("ApplyCertificate"), 1);
    let record = scene.record().await;
    assert!(record.parked.is_some() && record.order.is_none());
    scene.pass(Duration::from_secs(86_400));
    scene.check();
    assert_eq!(scene.calls("ApplyCertificate"), 1);
}

#[tokio::test]
async fn what_another_call_was_refused_for_parks_no_application_that_was_lost() {
    let mut scene = Scene::new().await;
    scene.gateway_fails("ApplyCertificate", 1);
    scene.check();
    assert_eq!(scene.calls("ApplyCertificate"), 1);
    // While it is searched for.
    scene.refuse("DescribeCertificates", "UnsupportedOperation", 1);
    scene.pass(Duration::from_secs(3600));
    assert_eq!(scene.calls("ApplyCertificate"), 2);
    let record = scene.record().await;
    assert!(record.parked.is_none() && record.installed.is_some());
}

#[tokio::test]
async fn a_name_that_the_settings_do_not_know_is_not_applied_for() {
    let mut scene = Scene::new().await;
    scene.settle();
    // The record is ahead of the settings: an edit was taken in by half.
    let store = &scene.process.store;
    let mut wanted = scene.process.engine.settings().wanted();
    wanted[0].domain = "new.example.com".to_owned();
    store.sync(scene.now(), &wanted, "ahead").await.unwrap();
    scene.check();
    scene.pass(Duration::from_secs(60));
    assert_eq!(scene.calls("ApplyCertificate"), 1);
}
