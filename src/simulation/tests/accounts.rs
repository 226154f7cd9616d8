//! An account that can't be asked is the trouble of those who need it, and of nobody else.

use super::*;

/// Two names, of which the first can't be brought to where it is wanted.
fn two(state: &str) -> String {
    format!(
        "[[certificates]]\ndomain = \"{NAME}\"\n\
         [[certificates.install]]\nformat = \"pem\"\ncert = \"{state}/missing/a.pem\"\nkey = \"{state}/missing/a.key\"\n\
         [[certificates]]\ndomain = \"other.example.com\"\n"
    )
}

fn of_the_certificate(event: &Event) -> bool {
    event.about.certificate.as_deref() == Some(NAME) && event.about.target.is_none()
}

#[tokio::test]
async fn a_list_that_can_not_be_had_is_no_failure_of_a_certificate_that_needs_nothing() {
    let mut scene = Scene::of(&two("/nonexistent")).await;
    scene.settle();
    assert!(scene.record().await.installed.is_some());
    scene.force("other.example.com").await;
    scene.gateway_fails("DescribeCertificates", 1);
    scene.check();
    assert_eq!(scene.record_of("other.example.com").await.retry.failures, 1);
    let record = scene.record().await;
    assert_eq!((record.retry.failures, record.retry.last), (0, None));
    let failed = scene.said("certificate.failed").await;
    assert!(!failed.iter().any(of_the_certificate));
}

#[tokio::test]
async fn a_list_that_can_not_be_had_is_no_failure_of_what_is_held_back_by_its_operator() {
    let mut scene = Scene::of(&two("/nonexistent")).await;
    scene.settle();
    let (at, store) = (scene.now(), scene.process.store.clone());
    let paused = store.note(at, NAME, Note::Paused, &[]).await.unwrap();
    assert!(paused.is_some());
    scene.check();
    scene.force("other.example.com").await;
    scene.gateway_fails("DescribeCertificates", 3);
    for _ in 0..3 {
        scene.check();
        scene.pass(minutes(10));
    }
    assert_eq!(scene.record().await.retry.failures, 0);
}

#[tokio::test]
async fn a_name_and_an_account_that_left_the_config_together_are_not_asked_for() {
    let before = format!(
        "[accounts.default]\n[accounts.second]\n{}",
        two("/nonexistent")
    )
    .replacen(
        &format!("domain = \"{NAME}\"\n"),
        &format!("domain = \"{NAME}\"\naccount = \"second\"\n"),
        1,
    );
    let mut scene = Scene::of(&before).await;
    scene.settle();
    assert!(scene.record().await.installed.is_some());
    let after = "[[certificates]]\ndomain = \"other.example.com\"\n";
    let mut scene = scene.restarted(after).await;
    for _ in 0..3 {
        scene.check();
        scene.pass(minutes(60));
    }
    let failed = scene.said("certificate.failed").await;
    assert!(!failed.iter().any(of_the_certificate), "{failed:?}");
}

#[tokio::test]
async fn an_account_that_was_said_to_be_out_of_reach_is_said_to_work_again() {
    let mut scene = Scene::new().await;
    scene.gateway_fails("DescribeCertificates", 4);
    scene.settle();
    assert!(scene.said("account.unreachable").await.len() >= 4);
    assert_eq!(scene.said("account.resumed").await.len(), 1);
}

#[tokio::test]
async fn an_outage_is_said_of_the_account_at_every_attempt_and_once_of_each_name() {
    let names = ["other.example.com", NAME];
    let mut scene = Scene::of(
        &names
            .map(|name| format!("[[certificates]]\ndomain = \"{name}\"\n"))
            .concat(),
    )
    .await;
    scene.gateway_fails("DescribeCertificates", 12);
    scene.pass(minutes(24 * 60));
    assert!(scene.said("account.unreachable").await.len() >= 12);
    let mut failed: Vec<_> = scene
        .said("certificate.failed")
        .await
        .into_iter()
        .map(|event| event.about.certificate.unwrap_or_default())
        .collect();
    failed.sort();
    assert_eq!(failed, names);
    assert!(scene.record().await.installed.is_some());
}

#[tokio::test]
async fn an_outage_that_nobody_was_told_of_ends_as_quietly() {
    let mut scene = Scene::new().await;
    scene.gateway_fails("DescribeCertificates", 1);
    scene.settle();
    assert!(scene.record().await.installed.is_some());
    assert!(scene.said("account.resumed").await.is_empty());
}
