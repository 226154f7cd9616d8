//! The life of an order as its caller sees it.

use super::*;

#[test]
fn a_dns_auto_order_is_added_then_reviewed_then_issued_by_itself() {
    let mut bench = Bench::new();
    let id = bench.apply("shop.example.com");
    assert_eq!(bench.status(&id), 4);
    bench.pass(TimeDelta::seconds(1));
    let seen = bench.describe(&id);
    assert_eq!(seen["Status"], 0);
    assert_eq!(seen["StatusMsg"], "PENDING-DCV");
    assert!(seen["CertEndTime"].is_null() || seen["CertEndTime"] == "");
    bench.pass(TimeDelta::seconds(1));
    assert_eq!(bench.status(&id), 1);
}

#[test]
fn times_are_beijing_text_and_validity_starts_at_midnight_utc() {
    let mut bench = Bench::new();
    let id = bench.apply("shop.example.com");
    bench.pass(TimeDelta::seconds(5));
    let seen = bench.listed(&id);
    assert_eq!(seen["InsertTime"], "2026-03-01 18:00:00");
    assert_eq!(seen["CertBeginTime"], "2026-03-01 08:00:00");
    assert_eq!(seen["CertEndTime"], "2026-05-30 07:59:59");
    assert_eq!(seen["DVAuthDeadline"], "2026-03-04 18:00:00");
}

#[test]
fn an_expired_certificate_says_so() {
    let mut bench = Bench::new();
    let id = bench.apply("shop.example.com");
    bench.now = DateTime::parse_from_rfc3339("2026-05-29T23:59:59Z")
        .unwrap()
        .to_utc();
    assert_eq!(bench.status(&id), 1);
    bench.pass(TimeDelta::seconds(1));
    assert_eq!(bench.status(&id), 3);
}

#[test]
fn dns_and_file_orders_wait_for_completion() {
    for (method, kinds) in [("DNS", &["CNAME", "TXT"][..]), ("FILE", &["FILE"][..])] {
        let mut bench = Bench::new();
        let id = bench
            .apply_with("shop.example.com", json!({"DvAuthMethod": method}))
            .unwrap();
        bench.pass(TimeDelta::hours(1));
        let seen = bench.describe(&id);
        assert_eq!(seen["Status"], 0);
        let proof = &seen["DvAuthDetail"]["DvAuths"][0];
        assert!(kinds.contains(&proof["DvAuthVerifyType"].as_str().unwrap()));
        assert!(!proof["DvAuthValue"].as_str().unwrap().is_empty());
        let checked = bench
            .call(
                "CheckCertificateDomainVerification",
                json!({"CertificateId": id}),
            )
            .unwrap();
        assert!(
            checked["VerificationResults"][0]["LocalCheck"]
                .as_i64()
                .unwrap()
                < 0
        );

        bench
            .call("CompleteCertificate", json!({"CertificateId": id}))
            .unwrap();
        bench.pass(TimeDelta::seconds(1));
        assert_eq!(bench.status(&id), 0);
        bench.pass(TimeDelta::seconds(1));
        assert_eq!(bench.status(&id), 1);
        let again = bench
            .call("CompleteCertificate", json!({"CertificateId": id}))
            .unwrap_err();
        assert_eq!(again, "FailedOperation.CertificateStatusNotAllowVerify");
        let checked = bench
            .call(
                "CheckCertificateDomainVerification",
                json!({"CertificateId": id}),
            )
            .unwrap();
        assert_eq!(checked["VerificationResults"][0]["Issued"], true);
    }
}

#[test]
fn both_record_types_occur() {
    let mut bench = Bench::with(|options| options.domain_limit = 50);
    let mut kinds = std::collections::BTreeSet::new();
    for i in 0..20 {
        let domain = format!("n{i}.example.com");
        let id = bench
            .apply_with(&domain, json!({"DvAuthMethod": "DNS"}))
            .unwrap();
        bench.pass(TimeDelta::seconds(1));
        let seen = bench.describe(&id);
        let proof = &seen["DvAuthDetail"]["DvAuths"][0];
        assert!(proof["DvAuthKey"].as_str().unwrap().ends_with(&domain));
        kinds.insert(proof["DvAuthVerifyType"].as_str().unwrap().to_string());
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["CNAME", "TXT"]);
}

#[test]
fn an_order_nobody_validates_fails_after_three_days() {
    let mut bench = Bench::new();
    let id = bench
        .apply_with("shop.example.com", json!({"DvAuthMethod": "DNS"}))
        .unwrap();
    bench.pass(TimeDelta::days(3) - TimeDelta::seconds(1));
    assert_eq!(bench.status(&id), 0);
    bench.pass(TimeDelta::seconds(1));
    assert_eq!(bench.status(&id), 2);
}

#[test]
fn only_pending_orders_can_be_cancelled() {
    let mut bench = Bench::new();
    let first = bench.apply("a.example.com");
    let second = bench.apply("b.example.com");
    let by_id = |id: &str| json!({"CertificateId": id});
    let done = bench.call("CancelAuditCertificate", by_id(&first)).unwrap();
    assert_eq!(done["Result"], true);
    assert_eq!(bench.status(&first), 7);
    bench.pass(TimeDelta::minutes(1));
    assert_eq!(bench.status(&first), 7, "a cancelled order is never issued");
    for (action, code) in [
        (
            "CancelAuditCertificate",
            "FailedOperation.CertificateNotFoundOrCantCancel",
        ),
        (
            "CancelCertificateOrder",
            "FailedOperation.InvalidCertificateStatusCode",
        ),
    ] {
        assert_eq!(bench.call(action, by_id(&second)).unwrap_err(), code);
    }
}

#[test]
fn deleting_follows_the_vendors_rules() {
    let mut bench = Bench::new();
    let id = bench.apply("a.example.com");
    let by_id = json!({"CertificateId": id});
    bench.pass(TimeDelta::hours(1) - TimeDelta::seconds(1));
    let soon = bench.call("DeleteCertificate", by_id.clone()).unwrap_err();
    assert_eq!(soon, "FailedOperation.CannotBeDeletedWithinHour");
    bench.pass(TimeDelta::seconds(1));
    let valid = bench.call("DeleteCertificate", by_id.clone()).unwrap_err();
    assert_eq!(valid, "FailedOperation.CannotBeDeletedIssued");
    bench.pass(TimeDelta::days(91));
    let done = bench.call("DeleteCertificate", by_id.clone()).unwrap();
    assert_eq!(done["DeleteResult"], true);
    let gone = bench.call("DeleteCertificate", by_id).unwrap_err();
    assert_eq!(gone, "FailedOperation.CertificateNotFound");
}

#[test]
fn many_are_deleted_at_once_and_each_refusal_is_told() {
    let mut bench = Bench::new();
    let old = bench.apply("a.example.com");
    bench.pass(TimeDelta::days(91));
    let new = bench.apply("b.example.com");
    let done = bench
        .call(
            "DeleteCertificates",
            json!({"CertificateIds": [old, new, "nothere1"]}),
        )
        .unwrap();
    assert_eq!(done["Success"], json!([old]));
    assert_eq!(done["Fail"].as_array().unwrap().len(), 2);
}

#[test]
fn a_deletion_with_resource_check_is_a_task() {
    let mut bench = Bench::new();
    let id = bench.apply("a.example.com");
    bench.pass(TimeDelta::days(91));
    let done = bench
        .call(
            "DeleteCertificate",
            json!({"CertificateId": id, "IsCheckResource": true}),
        )
        .unwrap();
    assert_eq!(done["DeleteResult"], false);
    let tasks = json!({"TaskIds": [done["TaskId"]]});
    let result = bench
        .call("DescribeDeleteCertificatesTaskResult", tasks)
        .unwrap();
    assert_eq!(result["DeleteTaskResult"][0]["Status"], 1);
}

#[test]
fn the_list_is_newest_first_and_its_filters_hold() {
    let mut bench = Bench::with(|options| options.free_limit = 100);
    let a = bench
        .apply_with("a.example.com", json!({"Alias": "ec-abc"}))
        .unwrap();
    bench.pass(TimeDelta::days(1));
    let b = bench.apply("b.example.org");
    let both = [&a, &b].map(|id| vec![id.clone()]);
    for (filter, found) in [
        (json!({}), vec![b.clone(), a.clone()]),
        (json!({"SearchKey": "ec-ab"}), both[0].clone()),
        (json!({"SearchKey": "example.org"}), both[1].clone()),
        (json!({"CertIds": [a]}), both[0].clone()),
        (json!({"CertificateStatus": [1]}), both[0].clone()),
        (json!({"IsPendingIssue": 1}), both[1].clone()),
        (json!({"FilterSource": "upload"}), Vec::new()),
        (json!({"ExpirationSort": "ASC"}), vec![a.clone(), b.clone()]),
    ] {
        let listed = bench.list(filter.clone());
        let ids: Vec<&str> = listed
            .iter()
            .filter_map(|c| c["CertificateId"].as_str())
            .collect();
        assert_eq!(ids, found, "{filter}");
    }
    let many: Vec<String> = (0..51).map(|i| format!("id{i:06}")).collect();
    let code = bench
        .call("DescribeCertificates", json!({"CertIds": many}))
        .unwrap_err();
    assert_eq!(code, "InvalidParameter.CertificateIdNumberLimit");
}

#[test]
fn a_page_has_ten_entries_unless_asked_otherwise() {
    let mut bench = Bench::new();
    for i in 0..12 {
        bench.apply(&format!("n{i}.example.com"));
    }
    let page = bench.call("DescribeCertificates", json!({})).unwrap();
    assert_eq!(page["TotalCount"], 12);
    assert_eq!(page["Certificates"].as_array().unwrap().len(), 10);
    let rest = bench
        .call("DescribeCertificates", json!({"Offset": 10, "Limit": 5000}))
        .unwrap();
    assert_eq!(rest["Certificates"].as_array().unwrap().len(), 2);
}
