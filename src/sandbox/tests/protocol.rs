//! What comes before an action: headers, signature, versions, rate.

use super::*;

fn code(bench: &mut Bench, request: &Request) -> String {
    let Reply::Answer { status, body, .. } = bench.service.handle(bench.now, request) else {
        panic!("no answer");
    };
    assert_eq!(status, 200, "API errors come with HTTP 200");
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert!(answer["Response"]["RequestId"].is_string());
    let code = answer["Response"]["Error"]["Code"].as_str();
    code.unwrap_or("OK").to_string()
}

fn request(bench: &Bench, action: &str) -> Request {
    signed(action, "{}", bench.now - DateTime::UNIX_EPOCH)
}

fn set(request: &mut Request, name: &str, value: &str) {
    request.headers.retain(|(key, _)| key != name);
    request.headers.push((name.into(), value.into()));
}

#[test]
fn a_well_signed_request_is_answered() {
    let mut bench = Bench::new();
    let request = request(&bench, "GetCallerIdentity");
    assert_eq!(code(&mut bench, &request), "OK");
}

#[test]
fn each_fault_of_the_envelope_has_its_code() {
    type Change = fn(&mut Request);
    let cases: [(&str, Change); 9] = [
        ("UnsupportedProtocol", |r| r.method = "GET".into()),
        ("InvalidRequest", |r| r.path = "/?Action=x".into()),
        ("UnsupportedProtocol", |r| {
            set(r, "Content-Type", "text/plain")
        }),
        ("MissingParameter", |r| {
            r.headers.retain(|(key, _)| key != "Authorization")
        }),
        ("MissingParameter", |r| {
            r.headers.retain(|(key, _)| key != "X-TC-Action")
        }),
        ("InvalidAction", |r| set(r, "X-TC-Action", "BuyCastle")),
        ("NoSuchVersion", |r| set(r, "X-TC-Version", "2017-03-12")),
        ("AuthFailure.SignatureFailure", |r| r.body = b"{ }".to_vec()),
        ("AuthFailure.SignatureFailure", |r| {
            set(r, "Host", "elsewhere")
        }),
    ];
    for (expected, change) in cases {
        let mut bench = Bench::new();
        let mut request = request(&bench, "DescribeCertificates");
        change(&mut request);
        assert_eq!(code(&mut bench, &request), expected);
    }
}

#[test]
fn an_unknown_secret_id_and_an_old_timestamp_are_told_apart() {
    let mut bench = Bench::with(|options| {
        options.credentials = vec![super::super::Credential::new("AKIDOTHER", "x")];
    });
    let request = request(&bench, "DescribeCertificates");
    assert_eq!(code(&mut bench, &request), "AuthFailure.SecretIdNotFound");
    bench.pass(TimeDelta::seconds(301));
    assert_eq!(code(&mut bench, &request), "AuthFailure.SignatureExpire");
}

#[test]
fn eleven_requests_in_a_second_are_one_too_many_and_all_are_counted() {
    let mut bench = Bench::with(|options| options.requests_per_second = 10);
    for _ in 0..10 {
        bench.call("DescribeCertificates", json!({})).unwrap();
    }
    let refused = bench.call("DescribeCertificates", json!({})).unwrap_err();
    assert_eq!(refused, "RequestLimitExceeded");
    bench.pass(TimeDelta::seconds(1));
    bench.call("DescribeCertificates", json!({})).unwrap();
    let state = bench.service.state(bench.now);
    assert_eq!(state["peak_per_second"], 11);
    assert_eq!(state["accounts"][0]["peak_per_second"], 11);
}

#[test]
fn every_account_has_its_own_rate_certificates_and_slots() {
    let mut bench = Bench::with(|options| {
        options
            .credentials
            .push(super::super::Credential::new("AKIDTWO", "two"));
        options.free_limit = 1;
    });
    let id = bench.apply("a.example.com");
    // The bench signs as the first account only, so the second one's view is taken from the state.
    let state = bench.service.state(bench.now);
    assert_eq!(state["accounts"][0]["slots"], 1);
    assert_eq!(state["accounts"][1]["slots"], 0);
    bench.service.world.register.get_mut(&id).unwrap().account = 1;
    let seen = bench.call("DescribeCertificate", json!({"CertificateId": id}));
    assert_eq!(seen.unwrap_err(), "FailedOperation.CertificateNotFound");
    assert!(bench.list(json!({})).is_empty());
    bench.apply("b.example.com");
}

#[test]
fn two_credentials_with_one_secret_id_are_refused() {
    let options = Options {
        credentials: vec![
            super::super::Credential::new("A", "1"),
            super::super::Credential::new("A", "2"),
        ],
        ..Options::default()
    };
    assert!(Service::new(options).is_err());
}

#[test]
fn the_date_header_tells_the_services_own_clock() {
    let mut bench = Bench::new();
    bench.service.set_clock_offset(86_400);
    let request = request(&bench, "GetCallerIdentity");
    let Reply::Answer { headers, .. } = bench.service.handle(bench.now, &request) else {
        panic!("no answer");
    };
    let date = headers.iter().find(|(name, _)| name == "Date").unwrap();
    assert_eq!(date.1, "Mon, 02 Mar 2026 10:00:00 GMT");
}

#[test]
fn one_seed_gives_the_same_ids_again() {
    let ids = |mut bench: Bench| [bench.apply("a.example.com"), bench.apply("b.example.com")];
    assert_eq!(ids(Bench::new()), ids(Bench::new()));
    let other = Bench::with(|options| options.seed = Some(8));
    assert_ne!(ids(Bench::new()), ids(other));
}
