//! The rules of an application.

use super::*;

fn refusal(more: Value) -> String {
    let mut bench = Bench::new();
    bench.apply_with("shop.example.com", more).unwrap_err()
}

#[test]
fn every_documented_parameter_is_accepted_in_its_documented_form() {
    let mut bench = Bench::new();
    let id = bench.apply_with(
        "shop.example.com",
        json!({"ProjectId": 0, "PackageType": "83", "ContactEmail": "a@b.cn", "ContactPhone": "13800000000",
               "ValidityPeriod": "3", "CsrEncryptAlgo": "ECC", "CsrKeyParameter": "prime256v1",
               "CsrKeyPassword": "pw", "Alias": "mine", "DeleteDnsAutoRecord": true}),
    );
    let seen = bench.listed(&id.unwrap());
    assert_eq!(seen["Alias"], "mine");
    assert_eq!(seen["EncryptAlgorithm"], "ECC");
    assert_eq!(seen["PackageType"], "83");
    assert_eq!(seen["VerifyType"], "DNS_AUTO");
}

#[test]
fn what_a_free_certificate_may_not_use_is_refused_by_code() {
    let long = "x".repeat(201);
    for (more, code) in [
        (json!({"DvAuthMethod": "MAIL"}), "InvalidParameterValue"),
        (
            json!({"DvAuthMethod": "DNS", "DeleteDnsAutoRecord": true}),
            "InvalidParameterValue",
        ),
        (json!({"PackageType": "2"}), "InvalidParameterValue"),
        (json!({"PackageType": 83}), "InvalidParameter"),
        (json!({"ValidityPeriod": "12"}), "InvalidParameterValue"),
        (json!({"ValidityPeriod": 3}), "InvalidParameter"),
        (
            json!({"PackageId": "p"}),
            "InvalidParameter.PackageIdsInvalid",
        ),
        (json!({"DnsNames": ["a.b"]}), "InvalidParameter"),
        (json!({"CsrEncryptAlgo": "ECC"}), "MissingParameter"),
        (
            json!({"CsrEncryptAlgo": "ECC", "CsrKeyParameter": "2048"}),
            "InvalidParameterValue",
        ),
        (
            json!({"CsrEncryptAlgo": "RSA", "CsrKeyParameter": "4096"}),
            "InvalidParameterValue",
        ),
        (json!({"CsrEncryptAlgo": "SM2"}), "InvalidParameterValue"),
        (json!({"ContactEmail": "x"}), "InvalidParameterValue"),
        (json!({"Alias": long}), "InvalidParameterValue"),
        (json!({"Csr": "x"}), "UnknownParameter"),
        (
            json!({"OldCertificateId": "nothere1"}),
            "FailedOperation.CertificateNotFound",
        ),
    ] {
        assert_eq!(refusal(more.clone()), code, "{more}");
    }
}

#[test]
fn names_that_a_free_certificate_cannot_cover_are_refused() {
    for name in [
        "*.example.com",
        "192.0.2.1",
        "2001:db8::1",
        "localhost",
        "a..example.com",
        "-a.example.com",
        "a_b.example.com",
        "example.com.",
        "co.uk",
        "",
    ] {
        let code = refusal(json!({"DomainName": name}));
        assert_eq!(code, "FailedOperation.InvalidParam", "{name}");
    }
    let long = format!("{}.example.com", "a".repeat(60));
    assert_eq!(
        refusal(json!({"DomainName": long})),
        "InvalidParameterValue.CertificateDomainMaxLengthInvalid"
    );
}

#[test]
fn the_account_limit_is_held_and_a_refused_application_leaves_nothing() {
    let mut bench = Bench::with(|options| options.free_limit = 2);
    bench.apply("a.example.com");
    bench.apply("b.example.org");
    let code = bench.apply_with("c.example.net", json!({})).unwrap_err();
    assert_eq!(code, "FailedOperation.ExceedsFreeLimit");
    assert_eq!(bench.list(json!({})).len(), 2);
}

#[test]
fn the_limit_of_a_main_domain_spares_other_domains() {
    let mut bench = Bench::with(|options| options.domain_limit = 2);
    bench.apply("a.example.co.uk");
    bench.apply("b.example.co.uk");
    let code = bench.apply_with("c.example.co.uk", json!({})).unwrap_err();
    assert_eq!(code, "FailedOperation.MainDomainCertificateCountLimit");
    bench.apply("c.other.co.uk");
}

#[test]
fn cancelled_orders_hold_their_slot_until_deleted_and_expired_ones_do_not() {
    let mut bench = Bench::with(|options| options.free_limit = 1);
    let id = bench.apply("a.example.com");
    bench
        .call("CancelAuditCertificate", json!({"CertificateId": id}))
        .unwrap();
    assert!(bench.apply_with("b.example.com", json!({})).is_err());
    bench.pass(TimeDelta::hours(1));
    bench
        .call("DeleteCertificate", json!({"CertificateId": id}))
        .unwrap();
    bench.apply("b.example.com");
    bench.pass(TimeDelta::days(91));
    bench.apply("c.example.com");
}

#[test]
fn an_apex_gets_its_www_name_and_others_do_not() {
    let mut bench = Bench::new();
    let apex = bench.apply("example.com");
    let sub = bench.apply("shop.example.com");
    assert_eq!(
        bench.describe(&apex)["SubjectAltName"],
        json!(["example.com", "www.example.com"])
    );
    assert_eq!(
        bench.describe(&sub)["SubjectAltName"],
        json!(["shop.example.com"])
    );
}

/// A certificate issued on 2026-03-01 whose window begins on 2026-04-29 23:59:59 UTC.
fn issued(bench: &mut Bench) -> String {
    let id = bench.apply("shop.example.com");
    bench.pass(TimeDelta::seconds(10));
    assert_eq!(bench.status(&id), 1);
    id
}

fn renew(bench: &mut Bench, domain: &str, old: &str) -> Result<String, String> {
    bench.apply_with(domain, json!({"OldCertificateId": old}))
}

#[test]
fn a_renewal_is_linked_on_both_sides() {
    let mut bench = Bench::new();
    let old = issued(&mut bench);
    bench.pass(TimeDelta::days(65));
    let new = renew(&mut bench, "shop.example.com", &old).unwrap();
    let listed = bench.list(json!({"SearchKey": "shop"}));
    assert_eq!(
        listed[0]["CertificateExtra"]["OriginCertificateId"],
        json!(old)
    );
    assert_eq!(listed[1]["HasRenewOrder"], json!(new));
    assert_eq!(listed[1]["CertificateExtra"]["RenewOrder"], json!(new));
    let again = renew(&mut bench, "shop.example.com", &old).unwrap_err();
    assert_eq!(again, "FailedOperation.OrderAlreadyReplaced");
}

#[test]
fn a_renewal_is_refused_outside_the_last_thirty_days() {
    let mut bench = Bench::new();
    let old = issued(&mut bench);
    let start = DateTime::parse_from_rfc3339("2026-04-29T23:59:59Z")
        .unwrap()
        .to_utc();
    bench.now = start - TimeDelta::seconds(1);
    let early = renew(&mut bench, "shop.example.com", &old).unwrap_err();
    assert_eq!(early, "FailedOperation.InvalidParam");
    bench.now = start + TimeDelta::days(30) + TimeDelta::seconds(1);
    let late = renew(&mut bench, "shop.example.com", &old).unwrap_err();
    assert_eq!(late, "FailedOperation.InvalidParam");
    bench.now = start;
    let other = renew(&mut bench, "cart.example.com", &old).unwrap_err();
    assert_eq!(other, "FailedOperation.InvalidParam");
    renew(&mut bench, "shop.example.com", &old).unwrap();
}

#[test]
fn a_cancelled_renewal_frees_its_predecessor_for_another() {
    let mut bench = Bench::new();
    let old = issued(&mut bench);
    bench.pass(TimeDelta::days(65));
    let first = renew(&mut bench, "shop.example.com", &old).unwrap();
    bench
        .call("CancelCertificateOrder", json!({"CertificateId": first}))
        .unwrap();
    renew(&mut bench, "shop.example.com", &old).unwrap();
}

#[test]
fn first_certificates_can_be_born_old_and_renewals_are_not() {
    let mut bench = Bench::with(|options| {
        options.first_age = std::time::Duration::from_secs(70 * 86_400);
    });
    let old = issued(&mut bench);
    assert_eq!(bench.describe(&old)["CertBeginTime"], "2025-12-21 08:00:00");
    let new = renew(&mut bench, "shop.example.com", &old).unwrap();
    bench.pass(TimeDelta::seconds(10));
    assert_eq!(bench.describe(&new)["CertBeginTime"], "2026-03-01 08:00:00");
    // Nor is what is ordered anew without a link: one that was asked for early must not be older than what it replaces.
    let forced = issued(&mut bench);
    assert_eq!(
        bench.describe(&forced)["CertBeginTime"],
        "2026-03-01 08:00:00"
    );
}

#[test]
fn an_earlier_proof_counts_for_as_long_as_the_ca_goes_by_it() {
    let mut bench = Bench::with(|options| {
        options.reuse_validation = std::time::Duration::from_secs(70 * 86_400);
    });
    let by_dns = json!({"DvAuthMethod": "DNS"});
    let order = |bench: &mut Bench| {
        let id = bench
            .apply_with("shop.example.com", by_dns.clone())
            .unwrap();
        bench.pass(TimeDelta::seconds(1));
        let asked = bench.describe(&id)["DvAuthDetail"]["DvAuthValue"].clone();
        let is_asked = asked.as_str().is_some_and(|value| !value.is_empty());
        if is_asked {
            bench
                .call("CompleteCertificate", json!({"CertificateId": id}))
                .unwrap();
        }
        bench.pass(TimeDelta::seconds(10));
        assert_eq!(bench.status(&id), 1);
        is_asked
    };
    assert!(order(&mut bench), "nothing was proved before");
    assert!(!order(&mut bench));
    bench.pass(TimeDelta::days(69));
    assert!(!order(&mut bench));
    // What went by a proof is no proof.
    bench.pass(TimeDelta::days(2));
    assert!(order(&mut bench));
}
