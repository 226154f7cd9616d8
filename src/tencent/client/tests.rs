//! What a client sends, what it shows, and how it keeps to the rate.

use super::bench::{NOON, Next, PROBE, bench, now, perform, probe, with_provider};
use super::*;
use crate::lifecycle::Class;
use crate::tencent::ssl::{Application, PageRequest};
use crate::tencent::transport::TransportError;
use crate::tencent::{CredentialSettings, Surroundings};
use futures_util::FutureExt;

mod answers;

#[test]
fn the_request_on_the_wire_is_the_published_vector() {
    let bench = bench();
    bench
        .script
        .answers(r#"{"Response":{"CertificateId":"abc","RequestId":"r"}}"#);
    let application = Application {
        dv_auth_method: "DNS_AUTO".into(),
        domain_name: "wgc.red".into(),
        ..Application::default()
    };
    let permit = now(bench.client.permit());
    let answer = now(bench
        .client
        .apply(permit, bench.client.timestamp(), &application))
    .unwrap();
    assert_eq!(
        (answer.value.as_str(), answer.request_id.as_deref()),
        ("abc", Some("r"))
    );
    let sent = bench.script.sent.lock().unwrap();
    assert_eq!(sent[0].url, "https://ssl.tencentcloudapi.com/");
    assert_eq!(sent[0].host, "ssl.tencentcloudapi.com");
    assert_eq!(
        sent[0].body.as_slice(),
        br#"{"DvAuthMethod":"DNS_AUTO","DomainName":"wgc.red"}"#
    );
    drop(sent);
    let header = |name| bench.script.header(name).unwrap_or_default();
    assert!(
        header("authorization")
            .ends_with("d7530ba7e9f81f32d0dd9e7c4167ec4b85b625dac1d1c940233b2faddf67ed4d")
    );
    assert_eq!(header("x-tc-action"), "ApplyCertificate");
    assert_eq!(header("x-tc-version"), "2019-12-05");
    assert_eq!(header("x-tc-timestamp"), NOON.to_string());
    assert_eq!(header("x-tc-language"), "en-US");
    assert_eq!(bench.script.header("x-tc-token"), None);
    assert_eq!(bench.script.header("x-tc-region"), None);
}

#[test]
fn an_application_is_signed_with_the_time_that_was_written_down() {
    let bench = bench();
    bench
        .script
        .answers(r#"{"Response":{"CertificateId":"abc"}}"#);
    let permit = now(bench.client.permit());
    let at = bench.client.timestamp();
    bench.clock.advance(Duration::from_secs(90));
    now(bench.client.apply(permit, at, &Application::default())).unwrap();
    assert_eq!(
        bench.script.header("x-tc-timestamp"),
        Some(at.timestamp().to_string())
    );
}

#[test]
fn only_an_answer_of_the_service_itself_tells_the_time() {
    let bench = bench();
    let years_ahead = |status, body: &str| {
        bench.script.then(Next::Answer {
            status,
            date: Some(NOON + 10 * 365 * 86_400),
            body: body.to_owned(),
        });
        probe(&bench).ok();
        bench.client.skew()
    };
    // A proxy's page, and one that says 200.
    assert_eq!(years_ahead(502, "<html>bad gateway</html>"), None);
    assert_eq!(years_ahead(200, "<html>please log in</html>"), None);
    assert_eq!(years_ahead(200, "{}"), None);
    let refused = r#"{"Response":{"Error":{"Code":"AuthFailure.SignatureExpire","Message":"m"},"RequestId":"r"}}"#;
    assert!(years_ahead(200, refused).is_some());
}

#[test]
fn a_timestamp_has_whole_seconds() {
    let bench = bench();
    bench.clock.advance(Duration::from_millis(1_900));
    assert_eq!(
        bench.client.timestamp(),
        DateTime::from_timestamp(NOON + 1, 0).unwrap()
    );
}

#[test]
fn a_temporary_token_travels_along() {
    let bench = with_provider(
        |clock| {
            let settings = CredentialSettings {
                account: "default".into(),
                secret_id: Some("id".into()),
                secret_key: Some("key".into()),
                token: Some("the-token".into()),
                ..Default::default()
            };
            Provider::new(
                settings,
                Surroundings::new(|_| None, "/".into(), String::new()),
                clock,
            )
        },
        10,
    );
    bench.script.answers(r#"{"Response":{}}"#);
    probe(&bench).unwrap();
    assert_eq!(
        bench.script.header("x-tc-token").as_deref(),
        Some("the-token")
    );
}

#[test]
fn an_answer_gives_the_permit_back_after_one_second_and_a_lost_one_after_ten() {
    let pause_after = |next: Option<Next>| {
        let bench = with_provider(|clock| Provider::fixed("id", "key".into(), clock), 1);
        let hangs = next.is_none();
        if let Some(next) = next {
            bench.script.then(next);
        }
        let call = bench
            .client
            .perform(&PROBE, &serde_json::json!({}))
            .now_or_never();
        assert_eq!(call.is_none(), hangs);
        // Ready at once only if the permit were free.
        assert!(bench.limiter.acquire().now_or_never().is_none());
        let mut wait = Box::pin(bench.limiter.acquire());
        assert!((&mut wait).now_or_never().is_none());
        bench.clock.next_wake().unwrap()
    };
    let host = || "h".to_owned();
    let answer = |status| Next::Answer {
        status,
        date: None,
        body: "{}".into(),
    };
    assert_eq!(pause_after(Some(answer(200))), Duration::from_secs(1));
    assert_eq!(pause_after(Some(answer(500))), Duration::from_secs(1));
    assert_eq!(
        pause_after(Some(Next::Fail(TransportError::Refused { what: host() }))),
        Duration::from_secs(1)
    );
    assert_eq!(
        pause_after(Some(Next::Fail(TransportError::Broken {
            host: host(),
            source: None
        }))),
        Duration::from_secs(10)
    );
    assert_eq!(
        pause_after(None),
        Duration::from_secs(10),
        "a caller that gave up"
    );
}

#[tokio::test]
async fn without_keys_nothing_is_sent() {
    let bench = with_provider(
        |clock| {
            let settings = CredentialSettings {
                account: "a".into(),
                ..Default::default()
            };
            Provider::new(
                settings,
                Surroundings::new(|_| None, "/nowhere".into(), String::new()),
                clock,
            )
        },
        10,
    );
    let error = perform(&bench).await.unwrap_err();
    assert!(matches!(error, ApiError::Credential { .. }) && error.settled_as_not_made());
    assert_eq!(error.class(), Class::Operator);
    assert!(bench.script.sent.lock().unwrap().is_empty());
}

#[test]
fn no_log_at_any_level_shows_a_secret() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        // With one listener alone, a line that another thread meets first counts for all as one that nobody listens to.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        tracing::callsite::rebuild_interest_cache();
        let bench = bench();
        bench
            .script
            .answers(r#"{"Response":{"CertificatePrivateKey":"PRIVATE-KEY","RequestId":"rid-7"}}"#);
        now(bench.client.detail("abc")).unwrap();
        bench
            .script
            .answers(r#"{"Response":{"CertificateId":"x"}}"#);
        let application = Application {
            csr_key_password: Some("PASSWORD".into()),
            ..Application::default()
        };
        let shown = format!("{application:?}");
        assert!(!shown.contains("PASSWORD"), "{shown}");
        let permit = now(bench.client.permit());
        now(bench
            .client
            .apply(permit, bench.client.timestamp(), &application))
        .unwrap();
        bench
            .script
            .then(Next::Fail(TransportError::TooLarge { host: "h".into() }));
        now(bench.client.certificates(&PageRequest::from(0))).unwrap_err();
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("DescribeCertificateDetail") && text.contains("rid-7"),
        "{text}"
    );
    for secret in [
        "PRIVATE-KEY",
        "PASSWORD",
        "SECRETEXAMPLE",
        "TC3-HMAC",
        "Signature=",
    ] {
        assert!(!text.contains(secret), "{secret} is in the log: {text}");
    }
}
