//! Answers from somebody in the service's place: each is given to every call that reads one.

use chrono::{DateTime, Utc};

use super::answer::is_id;
use super::client::bench::{Bench, Next, bench, now};
use super::codes::reason;
use super::credential::{Caller as _, Credential, Role, Source};
use super::deploy::{Deployment, LookUp, LookedUp, RecordKind};
use super::dnspod::Zone;
use super::error::ApiError;
use super::reason::readable;
use super::ssl::{Application, Listed, PageRequest};
use crate::fuzz::{Target, assert_shown};
use crate::sentence::Language;

const ID: &str = "aB3dE5gH";

/// Field names of all answers, and values that mean something.
const WORDS: &[&str] = &[
    "{\"Response\":{",
    "\"Error\":{\"Code\":\"FailedOperation.CertificateNotFound\",\"Message\":\"",
    "\"CertificateId\":",
    "\"Certificates\":[",
    "\"TotalCount\":",
    "\"Status\":",
    "\"StatusMsg\":",
    "\"DvAuthDetail\":{\"DvAuths\":[",
    "\"SubjectAltName\":[",
    "\"CertificateExtra\":{",
    "\"CertEndTime\":\"",
    "\"InsertTime\":\"2026-01-01 08:00:00\"",
    "\"CertificatePrivateKey\":\"",
    "\"Content\":\"",
    "\"DeployRecordId\":",
    "\"ErrorMsg\":\"",
    "\"Credentials\":{",
    "\"ExpiredTime\":",
    "+262142-12-31 23:59:59",
    "-262143-01-01 00:00:00",
    "0000-00-00 00:00:00",
    "9999-12-31T23:59:59-23:59",
    "aB3dE5gH",
];

/// What none of the messages may hold: the key that signs, and the private key of a certificate.
const SECRETS: [&str; 2] = ["SECRETEXAMPLE", "KEYOFTHECERTIFICATE"];

fn answering(body: &[u8]) -> Bench {
    let bench = bench();
    // Some calls ask for a next page.
    for _ in 0..25 {
        bench.script.then(Next::Bytes(body.to_vec()));
    }
    bench.limiter.set_rate(10);
    bench
}

/// One call of which a second page may be asked for, as far as the pace allows it.
fn first_of<T>(bench: &Bench, call: impl Future<Output = T>) -> Option<T> {
    use futures_util::FutureExt as _;
    let mut call = Box::pin(call);
    for _ in 0..40 {
        if let Some(value) = (&mut call).now_or_never() {
            return Some(value);
        }
        bench.clock.advance(std::time::Duration::from_secs(2));
    }
    None
}

fn said_of(error: &ApiError, body: &[u8], said: &mut String) {
    let message = error.to_string();
    assert_shown(&message, 3_000);
    assert_shown(&error.outcome(), 3_000);
    assert_shown(error.request_id().unwrap_or_default(), 300);
    assert_shown(error.code().unwrap_or_default(), 300);
    assert!(!message.contains(SECRETS[0]), "{message}");
    // What stands in an error's own words is the service's to say; a message of ours quotes nothing.
    let has_words = String::from_utf8_lossy(body).contains("Error");
    assert!(has_words || !message.contains(SECRETS[1]), "{message}");
    for language in [Language::English, Language::Chinese] {
        assert_shown(&reason(language, error.code(), &message), 3_500);
    }
    said.push_str(&message);
}

fn judge<T>(called: Result<T, ApiError>, body: &[u8], said: &mut String) -> Option<T> {
    match called {
        Ok(value) => {
            said.push('+');
            Some(value)
        }
        Err(error) => {
            said_of(&error, body, said);
            None
        }
    }
}

/// Years that a certificate can have to do with. Later code adds and takes away months.
fn assert_on_the_calendar(time: Option<DateTime<Utc>>) {
    use chrono::Datelike as _;
    assert!(
        time.is_none_or(|time| (1970..=9999).contains(&time.year())),
        "{time:?}"
    );
}

fn look_at(listed: &Listed) {
    for time in [
        listed.end,
        listed.inserted,
        listed.deadline,
        listed.validated,
    ] {
        assert_on_the_calendar(time);
    }
    let names = listed.names();
    assert!(names.len() <= 2_001 && names.iter().all(|name| !name.is_empty()));
    assert_shown(listed.status_msg.as_deref().unwrap_or_default(), 300_000);
    drop((listed.is_upload(), listed.algorithm(), listed.clone()));
}

#[test]
fn no_answer_makes_a_call_panic_show_a_secret_or_let_in_what_is_out_of_bounds() {
    let target = Target::of("answers").words(WORDS).one_in(10);
    target.run(|body| {
        let mut said = String::new();
        let b = answering(body);
        if let Some(page) = judge(
            now(b.client.certificates(&PageRequest::from(0))),
            body,
            &mut said,
        ) {
            let page = page.value;
            assert!(page.certificates.len() + page.skipped <= page.entries.max(10_000));
            for listed in &page.certificates {
                assert!(is_id(&listed.certificate_id));
                look_at(listed);
            }
            said.push_str(&format!(
                "{:?}",
                page.certificates.first().map(|one| &one.status)
            ));
        }
        if let Some(one) = judge(now(b.client.describe(ID)), body, &mut said) {
            assert_eq!(one.value.certificate_id, ID);
            look_at(&one.value);
        }
        if let Some(detail) = judge(now(b.client.detail(ID)), body, &mut said) {
            assert!(!format!("{:?}", detail.value).contains(SECRETS[1]));
        }
        drop(judge(now(b.client.download(ID)), body, &mut said));
        if let Some(verdicts) = judge(now(b.client.check_validation(ID)), body, &mut said) {
            assert!(verdicts.value.len() <= 10_000);
        }
        let ready = now(b.client.permit());
        let applied = now(b
            .client
            .apply(ready, b.client.timestamp(), &Application::default()));
        if let Some(applied) = judge(applied, body, &mut said) {
            assert!(is_id(&applied.value));
        }

        let b = answering(body);
        let ids = [ID.to_owned()];
        drop(judge(now(b.client.ask_bound(&ids)), body, &mut said));
        let look_up = LookUp {
            certificate_id: ID.to_owned(),
            task_id: "42".to_owned(),
        };
        if let Some(bound) = judge(now(b.client.bound(&[look_up])), body, &mut said) {
            for one in &bound.value {
                if let LookedUp::Failed(why) = one {
                    assert_shown(why, 3_000);
                }
            }
        }
        for kind in [RecordKind::Update, RecordKind::Deploy] {
            let progress = judge(now(b.client.deploy_progress(kind, 7)), body, &mut said);
            for why in progress.iter().flat_map(|answer| &answer.value.reasons) {
                assert_shown(why, 1_000);
            }
        }
        let types = ["clb".to_owned()];
        drop(judge(
            now(b.client.update_records(ID, ID, &types)),
            body,
            &mut said,
        ));
        drop(judge(
            now(b.client.deploy_records(ID, "cdn")),
            body,
            &mut said,
        ));
        let wish = Deployment {
            certificate_id: ID,
            kind: "cdn",
            instances: &types,
            region: None,
        };
        drop(judge(
            now(b.client.deploy_instances(wish, None)),
            body,
            &mut said,
        ));

        let b = answering(body);
        if let Some(found) = first_of(&b, b.client.bound_instances("42", "clb")) {
            drop(judge(found, body, &mut said));
        }
        let b = answering(body);
        if let Some(zones) = first_of(&b, b.client.zones()) {
            drop(judge(zones, body, &mut said));
        }
        let b = answering(body);
        let zone = Zone {
            id: 7,
            name: "example.com".to_owned(),
            usable: true,
            ttl: None,
        };
        drop(judge(
            now(b.client.records(&zone, "_dnsauth", "TXT")),
            body,
            &mut said,
        ));
        if let Some(identity) = judge(now(b.client.identity()), body, &mut said) {
            assert_shown(&identity.to_string(), 1_000);
        }
        drop(judge(now(b.client.cancel_audit(ID, None)), body, &mut said));
        let keys = Credential {
            secret_id: "AKIDEXAMPLE".to_owned(),
            secret_key: SECRETS[0].into(),
            token: None,
            expires: None,
            source: Source::Account,
        };
        let role = Role {
            arn: "qcs::cam::uin/1:roleName/r".to_owned(),
            external_id: None,
        };
        if let Err(error) = now(b.client.assume(keys, &role)) {
            assert_shown(&error.to_string(), 3_500);
        }
        said
    });
}

#[test]
fn no_reason_of_a_product_is_shown_with_lines_or_without_end() {
    let target = Target::of("reasons").one_in(4).words(&[
        "{\"Code\":\"",
        "\\\"",
        "\"Message\":\"",
        "token=",
        "[[",
        "\\u202e",
    ]);
    target.run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let shown = readable(&text);
        assert_shown(&shown, text.chars().count() * 8 + 1_000);
        shown
    });
}
