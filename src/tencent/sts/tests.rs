//! A role's keys: got with the account's own, renewed in time, and one set a request.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::lifecycle::Class;
use crate::tencent::client::bench::{Bench, NOON, Next, now, with_provider};
use crate::tencent::credential::{Provider, Role};
use crate::tencent::error::ApiError;
use crate::tencent::ssl::{Application, PageRequest};
use crate::tencent::transport::TransportError;
use crate::tencent::{CredentialSettings, Surroundings};

const ARN: &str = "qcs::cam::uin/100000000001:roleName/evercert";

fn bench(permits: usize) -> Bench {
    with_provider(
        |clock| {
            let settings = CredentialSettings {
                account: "default".into(),
                secret_id: Some("base-id".into()),
                secret_key: Some("HUSH-base".into()),
                role: Some(Role {
                    arn: ARN.into(),
                    external_id: Some("ours/1".into()),
                }),
                ..CredentialSettings::default()
            };
            let around = Surroundings::new(|_| None, "/nowhere".into(), String::new());
            Provider::new(settings, around, clock)
        },
        permits,
    )
}

/// The service gives these keys, which end then.
fn gives(bench: &Bench, id: &str, ends: i64) {
    gives_at(bench, id, ends, NOON);
}

fn gives_at(bench: &Bench, id: &str, ends: i64, date: i64) {
    let body = json!({"Response": {
        "Credentials": {"TmpSecretId": id, "TmpSecretKey": "HUSH-key", "Token": format!("HUSH-token-of-{id}")},
        "ExpiredTime": ends, "Expiration": "2025-02-19T23:20:00Z", "RequestId": "r",
    }});
    bench.script.then(Next::Answer {
        status: 200,
        date: Some(date),
        body: body.to_string(),
    });
}

fn list(bench: &Bench) -> Result<(), ApiError> {
    now(bench.client.certificates(&PageRequest::from(0))).map(drop)
}

fn is_listed(bench: &Bench) {
    bench
        .script
        .answers(r#"{"Response":{"TotalCount":0,"Certificates":[]}}"#);
    list(bench).unwrap();
}

/// What was sent so far: the action, whose keys signed it, and the token.
fn sent(bench: &Bench) -> Vec<(String, String, String)> {
    let sent = bench.script.sent.lock().unwrap();
    let one = |name: &str, headers: &[(&str, String)]| {
        let found = headers.iter().find(|(key, _)| *key == name);
        found.map_or(String::new(), |(_, value)| value.clone())
    };
    sent.iter()
        .map(|request| {
            let authorization = one("authorization", &request.headers);
            let id = authorization.split("Credential=").nth(1).unwrap();
            (
                one("x-tc-action", &request.headers),
                id.split('/').next().unwrap().to_owned(),
                one("x-tc-token", &request.headers),
            )
        })
        .collect()
}

fn assumed(bench: &Bench) -> usize {
    let sent = sent(bench);
    sent.iter()
        .filter(|(action, ..)| action == "AssumeRole")
        .count()
}

#[test]
fn a_role_is_assumed_with_the_account_s_keys_and_calls_are_signed_with_its_own() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    is_listed(&bench);
    is_listed(&bench);
    let of = |action: &str, id: &str, token: &str| (action.into(), id.into(), token.into());
    assert_eq!(
        sent(&bench),
        [
            of("AssumeRole", "base-id", ""),
            of("DescribeCertificates", "one", "HUSH-token-of-one"),
            of("DescribeCertificates", "one", "HUSH-token-of-one"),
        ]
    );
    let sent = bench.script.sent.lock().unwrap();
    assert_eq!(sent[0].url, "https://sts.tencentcloudapi.com/");
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(
        body,
        json!({"RoleArn": ARN, "RoleSessionName": "evercert", "DurationSeconds": 7_200, "ExternalId": "ours/1"})
    );
    let header = |name| sent[0].headers.iter().find(|(key, _)| *key == name);
    assert_eq!(header("x-tc-version").unwrap().1, "2018-08-13");
    assert!(header("x-tc-region").is_some());
}

#[test]
fn keys_are_renewed_five_minutes_before_their_end_and_short_ones_when_a_third_is_left() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    is_listed(&bench);
    bench.clock.advance(Duration::from_secs(7_200 - 301));
    is_listed(&bench);
    assert_eq!(assumed(&bench), 1);
    bench.clock.advance(Duration::from_secs(1));
    let then = NOON + 6_900;
    gives_at(&bench, "two", then + 60, then);
    bench.script.then(Next::Answer {
        status: 200,
        date: Some(then),
        body: r#"{"Response":{"TotalCount":0,"Certificates":[]}}"#.into(),
    });
    list(&bench).unwrap();
    assert_eq!(assumed(&bench), 2);
    // These live for a minute: kept for forty seconds, and not asked for with each call.
    bench.clock.advance(Duration::from_secs(39));
    is_listed(&bench);
    assert_eq!(assumed(&bench), 2);
    bench.clock.advance(Duration::from_secs(1));
    gives_at(&bench, "three", then + 7_240, then + 40);
    is_listed(&bench);
    assert_eq!(assumed(&bench), 3);
}

#[test]
fn an_application_is_signed_with_the_keys_that_it_began_with() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    let ready = now(bench.client.permit());
    let at = bench.client.timestamp();
    // Meanwhile others find them refused, and have new ones.
    bench.client.look_for_keys();
    gives(&bench, "two", NOON + 7_200);
    is_listed(&bench);
    bench
        .script
        .answers(r#"{"Response":{"CertificateId":"abc"}}"#);
    now(bench.client.apply(ready, at, &Application::default())).unwrap();
    let sent = sent(&bench);
    let (action, id, token) = sent.last().unwrap();
    assert_eq!(
        (action.as_str(), id.as_str(), token.as_str()),
        ("ApplyCertificate", "one", "HUSH-token-of-one")
    );
}

#[test]
fn a_role_that_may_not_be_assumed_is_its_operator_s_with_a_remedy_and_settles() {
    for (code, remedy) in [
        ("UnauthorizedOperation", "must allow sts:AssumeRole"),
        ("ResourceNotFound.RoleNotFound", "Check role_arn"),
        ("InvalidParameter.ParamError", "Check role_arn"),
    ] {
        let bench = bench(10);
        bench.script.refuses(code);
        let error = list(&bench).unwrap_err();
        assert_eq!(error.class(), Class::Operator, "{code}");
        assert!(error.settled_as_not_made() && !error.is_permission());
        let said = error.to_string();
        assert!(
            said.contains(remedy) && said.contains(code) && said.contains(ARN),
            "{said}"
        );
        assert!(!format!("{error:?}").contains("HUSH"));
        // Whoever else wants to call meets the same, without a call of its own, for a moment.
        assert_eq!(list(&bench).unwrap_err().class(), Class::Operator);
        assert_eq!(assumed(&bench), 1);
        bench.clock.advance(Duration::from_secs(11));
        gives(&bench, "one", NOON + 7_200);
        is_listed(&bench);
    }
}

#[test]
fn what_passes_by_itself_is_transient_and_old_keys_serve_until_their_end() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    is_listed(&bench);
    bench.clock.advance(Duration::from_secs(7_000));
    bench
        .script
        .then(Next::Fail(TransportError::TooLarge { host: "h".into() }));
    is_listed(&bench);
    assert_eq!(assumed(&bench), 2);
    is_listed(&bench);
    assert_eq!(assumed(&bench), 2, "not tried again at once");
    bench.clock.advance(Duration::from_secs(201));
    bench.script.refuses("InternalError.SystemError");
    let error = list(&bench).unwrap_err();
    assert_eq!(error.class(), Class::Transient);
    assert_eq!(
        sent(&bench).len(),
        6,
        "nothing is signed with keys that ended"
    );
}

#[test]
fn all_who_wait_for_keys_wait_for_one_call() {
    let bench = bench(10);
    let mut first = Box::pin(bench.client.keys());
    // Its call hangs, and the others wait for it.
    assert!((&mut first).now_or_never().is_none());
    let mut others: Vec<_> = (0..5).map(|_| Box::pin(bench.client.keys())).collect();
    assert!(others.iter_mut().all(|one| one.now_or_never().is_none()));
    assert_eq!(assumed(&bench), 1);
    // Who asked first gives up; the next asks, and all have the answer.
    drop(first);
    gives(&bench, "one", NOON + 7_200);
    let ids: Vec<String> = others
        .into_iter()
        .map(|one| now(one).unwrap().secret_id.clone())
        .collect();
    assert!(ids.iter().all(|id| id == "one"), "{ids:?}");
    assert_eq!(assumed(&bench), 2);
}

#[test]
fn the_rate_counts_the_call_for_keys_and_one_permit_is_enough() {
    let bench = bench(1);
    gives(&bench, "one", NOON + 7_200);
    let request = PageRequest::from(0);
    let mut call = Box::pin(bench.client.certificates(&request));
    assert!((&mut call).now_or_never().is_none(), "the second one waits");
    assert_eq!(sent(&bench).len(), 1);
    bench.clock.advance(Duration::from_secs(1));
    bench
        .script
        .answers(r#"{"Response":{"TotalCount":0,"Certificates":[]}}"#);
    now(call).unwrap();
}

#[test]
fn a_machine_whose_clock_is_off_keeps_keys_for_as_long_as_they_hold() {
    for wrong in [-10_000, 10_000] {
        let bench = bench(10);
        let there = NOON + wrong;
        gives_at(&bench, "one", there + 7_200, there);
        bench.script.then(Next::Answer {
            status: 200,
            date: Some(there),
            body: r#"{"Response":{"TotalCount":0,"Certificates":[]}}"#.into(),
        });
        list(&bench).unwrap();
        bench.clock.advance(Duration::from_secs(6_800));
        is_listed(&bench);
        assert_eq!(assumed(&bench), 1, "off by {wrong}");
        bench.clock.advance(Duration::from_secs(100));
        gives(&bench, "two", NOON + 20_000);
        is_listed(&bench);
        assert_eq!(assumed(&bench), 2, "off by {wrong}");
    }
}

#[test]
fn an_answer_whose_date_says_that_its_keys_ended_long_ago_leads_to_no_call_a_call() {
    let bench = bench(10);
    gives_at(&bench, "one", NOON + 7_200, NOON + 90_000);
    for _ in 0..3 {
        is_listed(&bench);
    }
    assert_eq!(assumed(&bench), 1);
}

#[test]
fn a_refused_token_is_renewed_once_and_then_its_operator_s() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    is_listed(&bench);
    bench.script.refuses("AuthFailure.TokenFailure");
    assert_eq!(list(&bench).unwrap_err().class(), Class::Transient);
    gives(&bench, "two", NOON + 7_200);
    bench.script.refuses("AuthFailure.TokenFailure");
    assert_eq!(list(&bench).unwrap_err().class(), Class::Operator);
    assert_eq!(assumed(&bench), 2);
    gives(&bench, "three", NOON + 7_200);
    is_listed(&bench);
    assert_eq!(sent(&bench).last().unwrap().1, "three");
}

#[test]
fn calls_that_were_under_way_when_a_token_ended_are_no_second_refusal() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    let ready: Vec<_> = (0..3).map(|_| now(bench.client.permit())).collect();
    for ready in ready {
        bench.script.refuses("AuthFailure.TokenFailure");
        let at = bench.client.timestamp();
        let applied = now(bench.client.apply(ready, at, &Application::default()));
        assert_eq!(applied.unwrap_err().class(), Class::Transient);
    }
    gives(&bench, "two", NOON + 7_200);
    is_listed(&bench);
    is_listed(&bench);
    assert_eq!(assumed(&bench), 2);
}

#[test]
fn an_answer_that_lacks_something_or_has_it_in_another_form_is_read_or_refused_without_secrets() {
    let keys = json!({"TmpSecretId": "i", "TmpSecretKey": "HUSH", "Token": "HUSH"});
    for response in [
        json!({}),
        json!({"Credentials": keys}),
        json!({"Credentials": {"TmpSecretId": "i", "Token": "HUSH"}, "ExpiredTime": NOON + 9}),
        json!({"Credentials": {"TmpSecretId": "i", "TmpSecretKey": "HUSH"}, "ExpiredTime": NOON + 9}),
        json!({"Credentials": "HUSH", "ExpiredTime": NOON + 9}),
        json!({"Credentials": {"TmpSecretId": "i\nx", "TmpSecretKey": "HUSH", "Token": "HUSH"}, "ExpiredTime": NOON + 9}),
    ] {
        let bench = bench(10);
        bench
            .script
            .answers(&json!({ "Response": response }).to_string());
        let error = list(&bench).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("HUSH"), "{shown}");
        assert_eq!(sent(&bench).len(), 1, "nothing else was sent");
    }
    for more in [
        json!({"ExpiredTime": (NOON + 7_200).to_string()}),
        json!({"Expiration": "2025-02-19T23:20:00Z"}),
    ] {
        let bench = bench(10);
        let mut response = more.clone();
        response["Credentials"] = keys.clone();
        bench
            .script
            .answers(&json!({ "Response": response }).to_string());
        is_listed(&bench);
    }
}

#[test]
fn who_signs_is_asked_with_the_role_s_keys() {
    let bench = bench(10);
    gives(&bench, "one", NOON + 7_200);
    bench.script.answers(
        r#"{"Response":{"Arn":"qcs::sts:100000000001:assumed-role/7","AccountId":"100000000001"}}"#,
    );
    let identity = now(bench.client.identity()).unwrap();
    assert_eq!(identity.to_string(), "qcs::sts:100000000001:assumed-role/7");
    assert_eq!(sent(&bench)[1].1, "one");
    let keys = Arc::clone(&now(bench.client.keys()).unwrap());
    assert!(!format!("{keys:?}").contains("HUSH"));
}
