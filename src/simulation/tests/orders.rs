//! One order for one certificate, whatever the service shows of it.

use super::*;

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
