//! What a client makes of the service's answers.

use super::*;
use crate::tencent::client::bench::Bench;

#[test]
fn a_refusal_is_read_whatever_its_form_and_nothing_is_retried() {
    let bench = bench();
    bench.script.refuses("FailedOperation.NoRealNameAuth");
    let error = probe(&bench).unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::Operator, Some("FailedOperation.NoRealNameAuth"))
    );
    assert_eq!((error.request_id(), error.action()), (Some("rid"), "Probe"));
    assert_eq!(bench.script.sent.lock().unwrap().len(), 1);
}

#[test]
fn answers_that_are_none_are_malformed_and_leave_the_application_open() {
    let bodies = [
        "",
        "rubbish",
        "null",
        "[]",
        "{}",
        r#"{"Response":null}"#,
        r#"{"Response":[]}"#,
        r#"{"Response":"SECRET"}"#,
        r#"{"Response":{"Error":{}}}"#,
        r#"{"Response":{"Error":"SECRET"}}"#,
        r#"{"Response":{"Error":{"Message":"SECRET"}}}"#,
        r#"{"Response":{}} {}"#,
        r#"[{"RequestId":"SECRET"}]"#,
    ];
    let nested = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    for body in bodies.into_iter().chain([nested.as_str()]) {
        let bench = bench();
        bench.script.answers(body);
        let error = probe(&bench).unwrap_err();
        assert!(
            matches!(error, ApiError::Malformed { .. }) && !error.settled_as_not_made(),
            "{body}: {error:?}"
        );
        assert!(
            !format!("{error} {error:?}").contains("SECRET"),
            "{error:?}"
        );
    }
}

#[test]
fn a_null_error_beside_a_result_is_no_error() {
    let bench = bench();
    bench
        .script
        .answers(r#"{"Response":{"Error":null,"RequestId":7,"DeprecatedWarning":"x"}}"#);
    assert_eq!(probe(&bench).unwrap().request_id.as_deref(), Some("7"));
}

#[test]
fn another_status_than_200_is_a_fault_on_the_way_whatever_it_says() {
    let bench = bench();
    let body = r#"{"Response":{"Error":{"Code":"AuthFailure","Message":""}}}"#.to_owned();
    bench.script.then(Next::Answer {
        status: 502,
        date: None,
        body,
    });
    let error = probe(&bench).unwrap_err();
    assert!(
        matches!(error, ApiError::Status { status: 502, .. }) && !error.settled_as_not_made(),
        "{error:?}"
    );
    assert_eq!(error.class(), Class::Transient);
}

#[test]
fn a_clock_that_is_wrong_is_measured_and_signed_with_once_the_service_refuses_it() {
    let bench = bench();
    let body =
        |code: &str| format!(r#"{{"Response":{{"Error":{{"Code":"{code}","Message":""}}}}}}"#);
    let date = Some(NOON + 4_000);
    bench.script.then(Next::Answer {
        status: 200,
        date,
        body: body("InternalError"),
    });
    probe(&bench).unwrap_err();
    assert_eq!(bench.client.skew(), Some(TimeDelta::seconds(4_000)));
    assert_eq!(
        bench.client.timestamp().timestamp(),
        NOON,
        "not before the service refuses our time"
    );
    bench.script.then(Next::Answer {
        status: 200,
        date,
        body: body("AuthFailure.SignatureExpire"),
    });
    let error = probe(&bench).unwrap_err();
    assert!(error.settled_as_not_made());
    assert_eq!(
        error.class(),
        Class::Transient,
        "measured, so worth another try"
    );
    let refusal = || body("AuthFailure.SignatureExpire");
    bench.script.then(Next::Answer {
        status: 200,
        date,
        body: refusal(),
    });
    assert_eq!(
        probe(&bench).unwrap_err().class(),
        Class::Operator,
        "the measured time was refused too"
    );
    bench.script.then(Next::Answer {
        status: 200,
        date: Some(NOON),
        body: refusal(),
    });
    assert_eq!(
        probe(&bench).unwrap_err().class(),
        Class::Transient,
        "the clock was set right since"
    );
    bench.script.then(Next::Answer {
        status: 200,
        date,
        body: refusal(),
    });
    probe(&bench).unwrap_err();
    bench.script.answers(r#"{"Response":{}}"#);
    probe(&bench).unwrap();
    assert_eq!(
        bench.script.header("x-tc-timestamp"),
        Some((NOON + 4_000).to_string())
    );
}

#[tokio::test]
async fn a_refused_key_is_looked_for_anew_before_the_next_call() {
    let key = Arc::new(Mutex::new("old-id".to_owned()));
    let env = Arc::clone(&key);
    let bench = with_provider(
        |clock| {
            let lookup = move |name: &str| match name {
                "TENCENTCLOUD_SECRET_ID" => Some(env.lock().unwrap().clone()),
                "TENCENTCLOUD_SECRET_KEY" => Some("key".to_owned()),
                _ => None,
            };
            let settings = CredentialSettings {
                account: "default".into(),
                ..Default::default()
            };
            Provider::new(
                settings,
                Surroundings::new(lookup, "/nowhere".into(), String::new()),
                clock,
            )
        },
        10,
    );
    let signed_by = |bench: &Bench| bench.script.header("authorization").unwrap();
    bench.script.answers(r#"{"Response":{}}"#);
    perform(&bench).await.unwrap();
    *key.lock().unwrap() = "new-id".to_owned();
    bench.script.refuses("AuthFailure.TokenFailure");
    perform(&bench).await.unwrap_err();
    assert!(
        signed_by(&bench).contains("=old-id/"),
        "kept while it works"
    );
    bench.script.answers(r#"{"Response":{}}"#);
    perform(&bench).await.unwrap();
    assert!(signed_by(&bench).contains("=new-id/"));
}

#[test]
fn a_refused_token_is_transient_once_and_then_its_operators() {
    let bench = bench();
    for expected in [Class::Transient, Class::Operator, Class::Operator] {
        bench.script.refuses("AuthFailure.TokenFailure");
        assert_eq!(probe(&bench).unwrap_err().class(), expected);
    }
    bench.script.answers(r#"{"Response":{}}"#);
    probe(&bench).unwrap();
    bench.script.refuses("AuthFailure.TokenFailure");
    assert_eq!(
        probe(&bench).unwrap_err().class(),
        Class::Transient,
        "it was taken in between"
    );
    bench.script.refuses("AuthFailure.SecretIdNotFound");
    assert_eq!(
        probe(&bench).unwrap_err().class(),
        Class::Operator,
        "no other key code is"
    );
}

#[test]
fn the_observer_is_told_of_every_call_with_its_outcome() {
    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);
    impl Observer for Heard {
        fn called(&self, call: Call<'_>) {
            let line = format!("{} {} {}", call.account, call.action, call.code);
            self.0.lock().unwrap().push(line);
        }
    }
    let heard = Arc::new(Heard::default());
    let mut bench = bench();
    bench.client = bench
        .client
        .observed_by(Arc::clone(&heard) as Arc<dyn Observer>);
    bench.script.answers(r#"{"Response":{}}"#);
    probe(&bench).unwrap();
    bench
        .script
        .then(Next::Fail(TransportError::TooLarge { host: "h".into() }));
    probe(&bench).unwrap_err();
    assert_eq!(
        *heard.0.lock().unwrap(),
        ["default Probe ok", "default Probe too-large"]
    );
}
