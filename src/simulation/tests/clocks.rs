//! Clocks that differ.

use super::*;

#[tokio::test]
async fn a_renewal_that_only_the_services_clock_makes_due_is_made_and_the_clock_is_said() {
    let mut scene = Scene::new().await;
    scene.settle();
    let first = scene.record().await.installed.unwrap();
    scene.pass(Duration::from_secs(20 * 86_400));
    assert_eq!(scene.calls("ApplyCertificate"), 1);
    scene.at_service(|service| service.set_clock_offset(45 * 86_400));
    for _ in 0..4 {
        scene.check();
        scene.settle();
    }
    assert!(!scene.said("clock.skewed").await.is_empty());
    let installed = scene.record().await.installed.unwrap();
    assert_ne!(installed.certificate_id, first.certificate_id);
    assert_eq!(scene.calls("ApplyCertificate"), 2);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_said_also_where_nothing_is_due() {
    let mut scene = Scene::new().await;
    scene.settle();
    scene.at_service(|service| service.set_clock_offset(86_400));
    scene.pass(Duration::from_secs(2 * 86_400));
    // The first call tells the service's time, by which the next is signed.
    for _ in 0..4 {
        scene.check();
        scene.settle();
    }
    assert_eq!(scene.said("clock.skewed").await.len(), 1);
    assert_eq!(scene.calls("ApplyCertificate"), 1);
}
