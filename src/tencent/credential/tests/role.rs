//! The instance's role, from a metadata service of the test's own.

use super::*;
use crate::lifecycle::Class;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

/// What the metadata service of the test answers now: status and body of the role's keys, and how often it was asked.
#[derive(Clone, Default)]
struct Metadata(Arc<Mutex<(u16, String, usize)>>);

impl Metadata {
    async fn start(body: String) -> (Self, String) {
        let metadata = Self(Arc::new(Mutex::new((200, body, 0))));
        let keys = |State(Metadata(state)): State<Metadata>| async move {
            let mut state = state.lock().unwrap();
            state.2 += 1;
            (StatusCode::from_u16(state.0).unwrap(), state.1.clone())
        };
        let folder = "/latest/meta-data/cam/security-credentials/";
        let router = Router::new()
            .route(folder, get(|| async { "my-role\n" }))
            .route(&format!("{folder}my-role"), get(keys))
            .with_state(metadata.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (metadata, base)
    }

    fn set(&self, status: u16, body: String) {
        let mut state = self.0.lock().unwrap();
        (state.0, state.1) = (status, body);
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().2
    }
}

fn role_keys(id: &str, ends: i64) -> String {
    format!(
        r#"{{"Code":"Success","TmpSecretId":"{id}","TmpSecretKey":"HUSH-{id}","Token":"HUSH-t-{id}","ExpiredTime":{ends}}}"#
    )
}

async fn on_an_instance(body: String) -> (World, Metadata) {
    let (metadata, base) = Metadata::start(body).await;
    let mut world = World::new();
    world.metadata = base;
    (world, metadata)
}

#[tokio::test]
async fn the_role_of_the_instance_comes_last_and_serves_any_account() {
    let (mut world, _) = on_an_instance(role_keys("one", NOON + 7200)).await;
    world.settings.account = "other".into();
    let credential = world.get().await.unwrap();
    assert_eq!(
        shown(&credential),
        (Source::InstanceRole, "one", "HUSH-one", Some("HUSH-t-one"))
    );
    assert_eq!(credential.expires, DateTime::from_timestamp(NOON + 7200, 0));
    let world = world.with_env(&ENV);
    let world = World {
        settings: CredentialSettings {
            account: "default".into(),
            ..CredentialSettings::default()
        },
        ..world
    };
    assert_eq!(world.get().await.unwrap().source, Source::Environment);
}

#[tokio::test]
async fn keys_are_renewed_when_five_minutes_are_left() {
    let (world, metadata) = on_an_instance(role_keys("one", NOON + 7200)).await;
    let provider = world.provider();
    provider.get(&Nobody).await.unwrap();
    metadata.set(200, role_keys("two", NOON + 14_400));
    world.clock.advance(Duration::from_secs(7200 - 301));
    assert_eq!(
        provider.get(&Nobody).await.unwrap().credential.secret_id,
        "one"
    );
    assert_eq!(metadata.asked(), 1, "kept while fresh");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(
        provider.get(&Nobody).await.unwrap().credential.secret_id,
        "two"
    );
}

#[tokio::test]
async fn keys_that_can_not_be_renewed_serve_until_their_end_and_it_is_said() {
    let (world, metadata) = on_an_instance(role_keys("one", NOON + 7200)).await;
    let provider = world.provider();
    provider.get(&Nobody).await.unwrap();
    metadata.set(500, "HUSH".into());
    world.clock.advance(Duration::from_secs(7000));
    let obtained = provider.get(&Nobody).await.unwrap();
    assert_eq!(obtained.credential.secret_id, "one");
    assert!(obtained.stale.unwrap().to_string().contains("500"));
    for _ in 0..5 {
        let obtained = provider.get(&Nobody).await.unwrap();
        assert_eq!(obtained.credential.secret_id, "one");
        assert!(obtained.stale.is_none(), "said once a try");
    }
    assert_eq!(
        metadata.asked(),
        2,
        "a failed refresh is not tried again at once"
    );
    world.clock.advance(Duration::from_secs(200));
    let error = provider.get(&Nobody).await.unwrap_err();
    assert_eq!(error.class(), Class::Transient);
    metadata.set(200, role_keys("two", NOON + 14_400));
    assert_eq!(
        provider.get(&Nobody).await.unwrap().credential.secret_id,
        "two"
    );
}

#[tokio::test]
async fn refused_keys_are_looked_for_anew() {
    let (world, metadata) = on_an_instance(role_keys("one", NOON + 7200)).await;
    let provider = world.provider();
    provider.get(&Nobody).await.unwrap();
    metadata.set(200, role_keys("two", NOON + 7200));
    provider.refresh_next();
    assert_eq!(
        provider.get(&Nobody).await.unwrap().credential.secret_id,
        "two"
    );
    assert_eq!(
        provider.get(&Nobody).await.unwrap().credential.secret_id,
        "two"
    );
    assert_eq!(metadata.asked(), 2, "once is enough");
}

#[tokio::test]
async fn what_the_metadata_service_says_wrongly_is_no_key() {
    let bad = [
        "rubbish".to_owned(),
        "[]".to_owned(),
        r#"{"Code":"Failed"}"#.to_owned(),
        r#"{"Code":"Success","TmpSecretId":"i","TmpSecretKey":"HUSH","ExpiredTime":1}"#.to_owned(),
        role_keys("has blank", NOON + 7200),
        "x".repeat(70_000),
    ];
    for body in bad {
        let (world, _) = on_an_instance(body).await;
        world.error().await;
    }
}

#[tokio::test]
async fn no_metadata_service_and_no_role_are_the_normal_case() {
    let mut world = World::new();
    world.metadata = "http://127.0.0.1:9/".into();
    assert!(world.error().await.contains("no metadata service here"));
    let (world, metadata) = on_an_instance(String::new()).await;
    metadata.set(404, String::new());
    // The folder names a role whose keys are gone: that is an error of the role.
    assert!(world.error().await.contains("my-role"));
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_not_asked_for_keys() {
    let (mut world, metadata) = on_an_instance(role_keys("theirs", NOON + 7200)).await;
    // A name, and loopback is not link-local: what a name server of somebody else's could do with any address.
    world.metadata = world.metadata.replace("127.0.0.1", "localhost");
    let said = world.get().await.unwrap_err().to_string();
    assert!(
        said.contains("localhost leads to") && said.contains("not link-local"),
        "{said}"
    );
    assert_eq!(metadata.asked(), 0);
}
