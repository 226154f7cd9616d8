//! The DNS service, and a CA that sees what is in its zones.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::RecordType;
use super::Bench;

fn bench() -> Bench {
    Bench::with(|options| {
        options.zones = vec!["example.com".into()];
        options.record = RecordType::Cname;
    })
}

fn record(domain: &str, host: &str, value: &str) -> Value {
    json!({"Domain": domain, "SubDomain": host, "RecordType": "CNAME", "RecordLine": "默认", "Value": value, "TTL": 600,
           "Remark": "mine"})
}

#[test]
fn a_record_is_made_once_listed_with_a_dot_and_deleted_once() {
    let mut bench = bench();
    let made = bench
        .call("CreateRecord", record("example.com", "_x", "a.b.c"))
        .unwrap();
    assert_eq!(
        bench.call("CreateRecord", record("example.com", "_x", "a.b.c.")),
        Err("InvalidParameter.DomainRecordExist".into())
    );
    let filter = json!({"Domain": "example.com", "SubDomain": "_x", "RecordType": "CNAME"});
    let list = bench.call("DescribeRecordList", filter.clone()).unwrap();
    assert_eq!(list["RecordList"][0]["Value"], "a.b.c.");
    assert_eq!(list["RecordList"][0]["Remark"], "mine");
    let gone = json!({"Domain": "example.com", "RecordId": made["RecordId"]});
    bench.call("DeleteRecord", gone.clone()).unwrap();
    assert_eq!(
        bench.call("DeleteRecord", gone),
        Err("InvalidParameter.RecordIdInvalid".into())
    );
    assert_eq!(
        bench.call("DescribeRecordList", filter.clone()),
        Err("ResourceNotFound.NoDataOfRecord".into())
    );
    let mut quiet = filter;
    quiet["ErrorOnEmpty"] = "no".into();
    assert_eq!(
        bench.call("DescribeRecordList", quiet).unwrap()["RecordList"],
        json!([])
    );
}

#[test]
fn other_zones_lines_and_short_times_to_live_are_refused() {
    let mut bench = bench();
    let refused = |bench: &mut Bench, change: fn(&mut Value)| {
        let mut new = record("example.com", "_x", "a.b.c");
        change(&mut new);
        bench.call("CreateRecord", new).unwrap_err()
    };
    for (change, code) in [
        (
            (|new| new["Domain"] = "other.com".into()) as fn(&mut Value),
            "InvalidParameterValue.DomainNotExists",
        ),
        (|new| new["TTL"] = 60.into(), "LimitExceeded.RecordTtlLimit"),
        (
            |new| new["RecordLine"] = "x".into(),
            "InvalidParameter.RecordLineInvalid",
        ),
        (
            |new| new["RecordType"] = "X".into(),
            "InvalidParameter.RecordTypeInvalid",
        ),
        (|new| new["Remarks"] = "x".into(), "UnknownParameter"),
    ] {
        assert_eq!(refused(&mut bench, change), code);
    }
    let mut empty = Bench::new();
    assert_eq!(
        empty.call("DescribeDomainList", json!({})),
        Err("ResourceNotFound.NoDataOfDomain".into())
    );
}

#[test]
fn the_ca_issues_only_once_the_record_is_in_the_hosted_zone() {
    let mut bench = bench();
    let id = bench
        .apply_with("shop.example.com", json!({"DvAuthMethod": "DNS"}))
        .unwrap();
    bench.pass(TimeDelta::seconds(1));
    let proof = bench.describe(&id)["DvAuthDetail"]["DvAuths"][0].clone();
    assert_eq!(proof["DvAuthVerifyType"], "CNAME");
    let complete = json!({"CertificateId": id});
    bench.call("CompleteCertificate", complete.clone()).unwrap();
    bench.pass(TimeDelta::minutes(5));
    assert_eq!(bench.status(&id), 0, "nothing is there to see");
    let checked = bench
        .call("CheckCertificateDomainVerification", complete.clone())
        .unwrap();
    assert_eq!(checked["VerificationResults"][0]["LocalCheck"], -6);

    let host = proof["DvAuthKey"]
        .as_str()
        .unwrap()
        .strip_suffix(".example.com")
        .unwrap();
    let wrong = record("example.com", host, "x.y.z");
    bench.call("CreateRecord", wrong).unwrap();
    bench.call("CompleteCertificate", complete.clone()).unwrap();
    let checked = bench
        .call("CheckCertificateDomainVerification", complete.clone())
        .unwrap();
    assert_eq!(checked["VerificationResults"][0]["LocalCheck"], -7);

    let right = record("example.com", host, proof["DvAuthValue"].as_str().unwrap());
    bench.call("CreateRecord", right).unwrap();
    bench.call("CompleteCertificate", complete).unwrap();
    bench.pass(TimeDelta::seconds(3));
    assert_eq!(bench.status(&id), 1);
}
