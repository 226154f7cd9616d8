//! The actions, against answers as the service gives them, and worse.

use super::*;
use crate::lifecycle::{Algorithm, Class, SightingState};
use crate::tencent::client::bench::{Bench, bench, now};
use proptest::prelude::*;
use serde_json::{Value, json};

fn answering(response: Value) -> Bench {
    let bench = bench();
    bench
        .script
        .answers(&json!({ "Response": response }).to_string());
    bench
}

fn apply(response: Value) -> Result<Answered<String>, ApiError> {
    let bench = answering(response);
    let permit = now(bench.client.permit());
    now(bench
        .client
        .apply(permit, bench.client.timestamp(), &Application::default()))
}

#[test]
fn an_application_sends_what_is_set_under_its_documented_names_and_nothing_else() {
    let bench = answering(json!({ "CertificateId": "abc" }));
    let application = Application {
        dv_auth_method: "DNS_AUTO".into(),
        domain_name: "shop.example.com".into(),
        project_id: Some(7),
        package_type: Some("83".into()),
        contact_email: Some("a@example.com".into()),
        contact_phone: Some("1".into()),
        validity_period: Some("3".into()),
        csr_encrypt_algo: Some("ECC".into()),
        csr_key_parameter: Some("prime256v1".into()),
        csr_key_password: Some("pass".into()),
        alias: Some("ec-abcdef-12345678".into()),
        old_certificate_id: Some("old".into()),
        delete_dns_auto_record: Some(true),
    };
    let permit = now(bench.client.permit());
    now(bench
        .client
        .apply(permit, bench.client.timestamp(), &application))
    .unwrap();
    assert_eq!(
        bench.script.last_body(),
        json!({
            "DvAuthMethod": "DNS_AUTO", "DomainName": "shop.example.com", "ProjectId": 7, "PackageType": "83",
            "ContactEmail": "a@example.com", "ContactPhone": "1", "ValidityPeriod": "3", "CsrEncryptAlgo": "ECC",
            "CsrKeyParameter": "prime256v1", "CsrKeyPassword": "pass", "Alias": "ec-abcdef-12345678",
            "OldCertificateId": "old", "DeleteDnsAutoRecord": true,
        })
    );
}

#[test]
fn a_list_that_counts_certificates_and_has_none_is_no_empty_account() {
    let list = |offset, total: u32| {
        let bench = answering(json!({ "TotalCount": total, "Certificates": [] }));
        now(bench.client.certificates(&PageRequest::from(offset)))
    };
    assert!(matches!(list(0, 40), Err(ApiError::Malformed { .. })));
    assert_eq!(list(0, 0).unwrap().value.entries, 0);
    // A later page may be empty: certificates were deleted meanwhile.
    assert_eq!(list(1_000, 1_001).unwrap().value.entries, 0);
}

#[test]
fn an_application_without_a_usable_id_stays_open() {
    for response in [
        json!({}),
        json!({ "CertificateId": null }),
        json!({ "CertificateId": "" }),
        json!({ "CertificateId": "../../etc" }),
        json!({ "CertificateId": "x".repeat(65) }),
        json!({ "CertificateId": ["abc"] }),
    ] {
        let error = apply(response.clone()).unwrap_err();
        assert!(
            !error.settled_as_not_made() && error.class() == Class::Transient,
            "{response}: {error:?}"
        );
    }
    assert_eq!(
        apply(json!({ "CertificateId": "a-Z_9" })).unwrap().value,
        "a-Z_9"
    );
}

#[test]
fn a_page_asks_for_what_was_meant() {
    let bench = answering(json!({ "TotalCount": 0, "Certificates": [] }));
    let request = PageRequest {
        cert_ids: vec!["a".into()],
        search_key: Some("ec-1".into()),
        ..PageRequest::from(1_000)
    };
    now(bench.client.certificates(&request)).unwrap();
    assert_eq!(
        bench.script.last_body(),
        json!({ "Offset": 1000, "Limit": 1000, "CertIds": ["a"], "SearchKey": "ec-1" })
    );
    bench
        .script
        .answers(r#"{"Response":{"TotalCount":0,"Certificates":[]}}"#);
    now(bench.client.certificates(&PageRequest::from(0))).unwrap();
    assert_eq!(
        bench.script.last_body(),
        json!({ "Offset": 0, "Limit": 1000 })
    );
}

fn full_entry() -> Value {
    json!({
        "CertificateId": "abc12345", "Domain": "Wgc.red", "SubjectAltName": ["www.wgc.red"], "CertSANs": ["wgc.red"],
        "Alias": "ec-abcdef-12345678", "Status": 1, "StatusMsg": "CA-REVIEWING", "PackageType": "83", "From": "trustasia",
        "VerifyType": "DNS_AUTO", "EncryptAlgorithm": "RSA 2048", "CertBeginTime": "2024-11-27 08:00:00",
        "CertEndTime": "2025-02-26 07:59:59", "InsertTime": "2024-11-27 10:20:30", "AllowDownload": true,
        "HasRenewOrder": "", "IsDNSPODResolve": false, "HostingStatus": -1,
        "CertificateExtra": { "OriginCertificateId": "old12345", "RenewOrder": "new12345", "DomainNumber": "1" },
    })
}

#[test]
fn a_list_passes_over_nothing_that_is_read_of_a_certificate() {
    let mut entry = full_entry();
    for (name, value) in [
        ("DVAuthDeadline", "2024-11-30 10:20:30"),
        ("ValidationPassedTime", "2024-11-27 11:20:30"),
        ("FilterSource", "upload"),
        ("ProductZhName", "nobody reads this"),
    ] {
        entry[name] = json!(value);
    }
    let whole: Listed = answer::parse(&entry.to_string()).unwrap();
    assert!(whole.deadline.is_some());
    assert!(whole.validated.is_some() && whole.is_upload());
    let bench = answering(json!({ "TotalCount": 1, "Certificates": [entry] }));
    let page = now(bench.client.certificates(&PageRequest::from(0))).unwrap();
    assert_eq!(page.value.certificates, [whole]);
}

#[test]
fn a_listed_certificate_is_read_with_its_times_in_utc() {
    let bench = answering(json!({ "TotalCount": 1, "Certificates": [full_entry()] }));
    let page = now(bench.client.certificates(&PageRequest::from(0)))
        .unwrap()
        .value;
    assert_eq!((page.total, page.skipped, page.entries), (1, 0, 1));
    let listed = &page.certificates[0];
    assert_eq!(listed.status, Status::ISSUED);
    assert_eq!(listed.names(), ["wgc.red", "www.wgc.red"]);
    assert_eq!(listed.end, Some("2025-02-25T23:59:59Z".parse().unwrap()));
    assert_eq!(
        listed.inserted,
        Some("2024-11-27T02:20:30Z".parse().unwrap())
    );
    assert_eq!(listed.deadline, None);
    let extra = &listed.extra;
    assert_eq!(extra.origin_certificate_id.as_deref(), Some("old12345"));
    assert_eq!(extra.renew_order.as_deref(), Some("new12345"));
    assert_eq!(
        (listed.is_upload(), listed.hosting_status),
        (false, Some(-1))
    );
    assert_eq!(listed.algorithm(), Some(Algorithm::Rsa));
}

#[test]
fn an_entry_with_an_id_is_always_seen_and_one_without_is_counted() {
    let entries = json!([
        { "CertificateId": "bare" },
        { "CertificateId": "odd", "Status": {}, "Domain": 5, "SubjectAltName": "x.example", "CertificateExtra": null, "CertEndTime": 7 },
        { "CertificateId": "text", "Status": "4", "AllowDownload": "false", "From": "upload", "PackageType": null },
        { "CertificateId": "odd" },
        { "Domain": "no-id.example" }, { "CertificateId": "../x" }, null, 7, "text", [],
    ]);
    let bench = answering(json!({ "TotalCount": "10", "Certificates": entries }));
    let page = now(bench.client.certificates(&PageRequest::from(0)))
        .unwrap()
        .value;
    let ids: Vec<_> = page
        .certificates
        .iter()
        .map(|listed| listed.certificate_id.as_str())
        .collect();
    assert_eq!(
        (ids, page.skipped, page.total),
        (vec!["bare", "odd", "text"], 6, 10)
    );
    assert_eq!(page.entries, 10, "the next page begins behind all of them");
    assert!(
        page.certificates[0].status.state() == SightingState::Pending,
        "no status is waited for"
    );
    assert_eq!(page.certificates[2].status, Status::of(4));
    assert_eq!(
        (
            page.certificates[2].is_upload(),
            page.certificates[2].allow_download
        ),
        (true, Some(false))
    );
}

#[test]
fn a_page_without_a_list_is_not_an_empty_account() {
    for response in [
        json!({}),
        json!({ "TotalCount": 3 }),
        json!({ "Certificates": {} }),
        json!({ "TotalCount": 3, "Certificates": null }),
    ] {
        let bench = answering(response.clone());
        let error = now(bench.client.certificates(&PageRequest::from(0))).unwrap_err();
        assert!(
            matches!(error, ApiError::Malformed { .. }),
            "{response}: {error:?}"
        );
    }
    let bench = answering(json!({ "TotalCount": 0, "Certificates": null }));
    assert_eq!(
        now(bench.client.certificates(&PageRequest::from(0)))
            .unwrap()
            .value
            .entries,
        0
    );
}

#[test]
fn algorithms_are_known_in_every_spelling() {
    let algorithm = |said: Value| {
        let mut entry = full_entry();
        entry["EncryptAlgorithm"] = said;
        let listed: Listed = answer::parse(&entry.to_string()).unwrap();
        listed.algorithm()
    };
    for (said, meant) in [
        ("RSA", Some(Algorithm::Rsa)),
        ("RSA 2048", Some(Algorithm::Rsa)),
        ("rsa2048", Some(Algorithm::Rsa)),
        ("ECC", Some(Algorithm::Ecc)),
        ("ECC prime256v1", Some(Algorithm::Ecc)),
        ("prime256v1", Some(Algorithm::Ecc)),
        ("ECDSA 256", Some(Algorithm::Ecc)),
        ("EC 256", Some(Algorithm::Ecc)),
        ("SM2", None),
    ] {
        assert_eq!(algorithm(said.into()), meant, "{said}");
    }
    assert_eq!(algorithm(Value::Null), None);
}

#[test]
fn what_proves_control_is_read_with_the_kind_of_its_record() {
    let auth = json!({
        "DvAuthKey": "_0123.wgc.red", "DvAuthValue": "a.b.c.trust-provider.com", "DvAuthDomain": "wgc.red", "DvAuthPath": "",
        "DvAuthSubDomain": "_0123", "DvAuthVerifyType": "CNAME",
    });
    let detail = json!({ "DvAuthKey": "_0123.wgc.red", "DvAuthValue": "a.b", "DvAuthKeySubDomain": "_0123", "DvAuths": [auth, null, {}] });
    let bench = answering(
        json!({ "CertificateId": "abc", "Domain": "wgc.red", "Status": 0, "OrderId": "o", "DvAuthDetail": detail }),
    );
    let described = now(bench.client.describe("abc")).unwrap().value;
    let proofs = described.proofs;
    assert_eq!(
        (proofs.len(), proofs[0].verify_type.as_deref()),
        (1, Some("CNAME"))
    );
    assert_eq!(
        (proofs[0].path.as_deref(), proofs[0].sub_domain.as_deref()),
        (None, Some("_0123"))
    );
    assert_eq!(bench.script.last_body(), json!({ "CertificateId": "abc" }));

    // Without its list, a description may name the one proof alone.
    let alone = json!({ "DvAuthKey": "_0123", "DvAuthValue": "a.b", "DvAuthKeySubDomain": "_0123", "DvAuths": [{}] });
    let bench = answering(json!({ "DvAuthDetail": alone }));
    let proofs = now(bench.client.describe("abc")).unwrap().value.proofs;
    assert_eq!(
        (proofs[0].key.as_str(), proofs[0].sub_domain.as_deref()),
        ("_0123", Some("_0123"))
    );

    let empty = json!({ "DvAuthKey": "", "DvAuthValue": null, "DvAuths": null });
    let bench = answering(json!({ "CertificateId": "abc", "DvAuthDetail": empty }));
    assert_eq!(
        now(bench.client.describe("abc")).unwrap().value.proofs,
        [],
        "after issue it is empty"
    );
}

#[test]
fn an_answer_about_another_certificate_is_refused() {
    let other = || answering(json!({ "CertificateId": "other", "CertificatePrivateKey": "k" }));
    assert!(matches!(
        now(other().client.describe("abc")),
        Err(ApiError::Malformed { .. })
    ));
    assert!(matches!(
        now(other().client.detail("abc")),
        Err(ApiError::Malformed { .. })
    ));
}

#[test]
fn the_detail_gives_the_material_and_never_shows_the_key() {
    let bench = answering(json!({
        "CertificateId": "abc", "Status": 1, "CertificatePublicKey": "PEM", "CertificatePrivateKey": "SECRET", "CertFingerprint": "aa",
    }));
    let detail = now(bench.client.detail("abc")).unwrap().value;
    assert_eq!(detail.public_key.as_deref(), Some("PEM"));
    assert_eq!(
        detail.private_key.as_ref().unwrap().expose_secret(),
        "SECRET"
    );
    assert!(!format!("{detail:?}").contains("SECRET"));
    let bench = answering(
        json!({ "CertificateId": "abc", "CertificatePublicKey": "", "CertificatePrivateKey": " \n" }),
    );
    let detail = now(bench.client.detail("abc")).unwrap().value;
    assert!(detail.public_key.is_none() && detail.private_key.is_none());
}

#[test]
fn a_zip_is_unwrapped_and_bounded() {
    let bench = answering(json!({ "Content": "UEsD\r\nBA==\n", "ContentType": "application/zip" }));
    let zip = now(bench.client.download("abc")).unwrap().value;
    assert_eq!(zip.expose_secret(), b"PK\x03\x04");
    assert!(!format!("{zip:?}").contains("80, 75"));
    for content in [
        json!(null),
        json!(""),
        json!("%%%%"),
        json!(7),
        json!("A".repeat(6 * 1024 * 1024)),
    ] {
        let bench = answering(json!({ "Content": content }));
        assert!(matches!(
            now(bench.client.download("abc")),
            Err(ApiError::Malformed { .. })
        ));
    }
}

#[test]
fn cancelling_and_completing_need_no_more_than_an_answer() {
    let bench = answering(json!({ "Result": true }));
    assert!(now(bench.client.cancel_audit("abc", None)).unwrap().value);
    bench.script.answers(r#"{"Response":{"RequestId":"r"}}"#);
    assert!(!now(bench.client.cancel_audit("abc", None)).unwrap().value);
    bench
        .script
        .answers(r#"{"Response":{"CertificateId":"abc"}}"#);
    now(bench.client.delete("abc", None)).unwrap();
    bench
        .script
        .refuses("FailedOperation.CertificateStatusNotAllowVerify");
    assert_eq!(
        now(bench.client.complete("abc")).unwrap_err().class(),
        Class::AlreadySo
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("2025-02-19 08:00:00")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            Just("CertificateId".to_owned()),
            Just("Certificates".to_owned()),
            Just("Status".to_owned()),
            Just("DvAuthDetail".to_owned()),
            Just("DvAuths".to_owned()),
            Just("CertificateExtra".to_owned()),
            Just("TotalCount".to_owned()),
            Just("Error".to_owned()),
            Just("CertEndTime".to_owned()),
            Just("Content".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_anything_panic_and_no_bad_id_gets_in(response in any_json()) {
        let bench = answering(response.clone());
        if let Ok(page) = now(bench.client.certificates(&PageRequest::from(0))) {
            prop_assert!(page.value.certificates.iter().all(|listed| is_id(&listed.certificate_id)));
        }
        let again = || bench.script.answers(&json!({ "Response": response }).to_string());
        again();
        drop(now(bench.client.describe("abc")));
        again();
        drop(now(bench.client.detail("abc")));
        again();
        drop(now(bench.client.download("abc")));
    }
}

#[test]
fn whether_the_zone_is_here_is_read_only_where_it_is_clearly_said() {
    let read = |value: Value| {
        let mut entry = full_entry();
        entry["IsDNSPODResolve"] = value;
        let listed: Listed = answer::parse(&entry.to_string()).unwrap();
        listed.is_resolved_here
    };
    assert_eq!(read(json!(true)), Some(true));
    for no in [json!(false), json!("false"), json!(0)] {
        assert_eq!(read(no), Some(false));
    }
    for odd in [
        Value::Null,
        json!(""),
        json!("no idea"),
        json!({}),
        json!([false]),
        json!(7),
    ] {
        assert_eq!(read(odd.clone()), None, "{odd}");
    }
    assert_eq!(Listed::default().is_resolved_here, None);
}
