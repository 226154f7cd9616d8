//! The actions, against answers as the service gives them: exact about what is a number and what is a string.

use super::*;
use crate::tencent::client::bench::{Bench, bench, now};
use serde_json::{Value, json};

fn answering(response: Value) -> Bench {
    let bench = bench();
    bench
        .script
        .answers(&json!({ "Response": response }).to_string());
    bench
}

#[test]
fn a_move_sends_types_and_regions_and_nothing_deprecated() {
    let bench =
        answering(json!({"DeployRecordId": 0, "DeployStatus": 0, "UpdateSyncProgress": null}));
    let types = ["clb".to_owned(), "cdn".to_owned()];
    let regions = [("clb".to_owned(), vec!["ap-guangzhou".to_owned()])];
    let wish = Move {
        from: "old",
        to: "new",
        types: &types,
        regions: &regions,
        mutes: true,
    };
    assert_eq!(
        now(bench.client.update_instances(wish, None))
            .unwrap()
            .value,
        0
    );
    assert_eq!(
        bench.script.last_body(),
        json!({
            "OldCertificateId": "old", "CertificateId": "new", "ResourceTypes": ["clb", "cdn"],
            "ResourceTypesRegions": [{"ResourceType": "clb", "Regions": ["ap-guangzhou"]}],
            "ExpiringNotificationSwitch": 1,
        })
    );
    bench
        .script
        .answers(r#"{"Response":{"DeployRecordId":7,"DeployStatus":0}}"#);
    let plain = Move {
        regions: &[],
        mutes: false,
        ..wish
    };
    assert_eq!(
        now(bench.client.update_instances(plain, None))
            .unwrap()
            .value,
        7
    );
    assert_eq!(
        bench.script.last_body(),
        json!({"OldCertificateId": "old", "CertificateId": "new", "ResourceTypes": ["clb", "cdn"]})
    );
}

#[test]
fn a_deployment_names_its_region_in_the_header_and_switches_live_on() {
    let bench = answering(json!({"DeployRecordId": 7, "DeployStatus": 1}));
    let instances = ["lb-1|lbl-1".to_owned()];
    let wish = Deployment {
        certificate_id: "new",
        kind: "clb",
        instances: &instances,
        region: Some("ap-guangzhou"),
    };
    assert_eq!(
        now(bench.client.deploy_instances(wish, None))
            .unwrap()
            .value,
        7
    );
    let header = |name: &str| {
        let sent = bench.script.sent.lock().unwrap();
        let headers = sent.last().unwrap().headers.clone();
        headers
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    assert_eq!(header("x-tc-region").as_deref(), Some("ap-guangzhou"));
    assert_eq!(
        bench.script.last_body(),
        json!({"CertificateId": "new", "InstanceIdList": ["lb-1|lbl-1"], "ResourceType": "clb", "IsCache": 0})
    );
    bench.script.answers(r#"{"Response":{"DeployRecordId":8}}"#);
    let live = Deployment {
        kind: "live",
        region: None,
        ..wish
    };
    now(bench.client.deploy_instances(live, None)).unwrap();
    assert_eq!(header("x-tc-region"), None);
    assert_eq!(bench.script.last_body()["Status"], 1);
}

#[test]
fn records_are_asked_for_with_strings_here_and_numbers_there() {
    let counts = json!({"TotalCount": 3, "SuccessTotalCount": 1, "FailedTotalCount": 1, "RunningTotalCount": 0,
        "PendingTotalCount": 0, "RecordDetailList": [{"ResourceType": "clb", "TotalCount": 3, "List": [
            {"Status": 1}, {"Status": 6},
            {"Status": 2, "InstanceId": "lb-1", "ListenerId": "lbl-1", "ErrorMsg": "busy\u{1b}[31m"}]}]});
    let bench = answering(counts);
    let progress = now(bench.client.deploy_progress(RecordKind::Update, 7))
        .unwrap()
        .value;
    assert_eq!(
        bench.script.last_body(),
        json!({"DeployRecordId": "7", "Limit": "200", "Offset": "0"})
    );
    assert_eq!(
        (
            progress.total,
            progress.done,
            progress.failed,
            progress.open
        ),
        (3, 2, 1, 0)
    );
    assert_eq!(progress.reasons, ["lb-1|lbl-1: busy [31m"]);
    bench.script.answers(
        r#"{"Response":{"TotalCount":1,"SuccessTotalCount":1,"FailedTotalCount":0,"RunningTotalCount":0}}"#,
    );
    let progress = now(bench.client.deploy_progress(RecordKind::Deploy, 7))
        .unwrap()
        .value;
    assert_eq!(
        bench.script.last_body(),
        json!({"DeployRecordId": "7", "Limit": 200, "Offset": 0})
    );
    assert_eq!((progress.total, progress.open), (1, 0));
    bench.script.answers(r#"{"Response":{"RequestId":"r"}}"#);
    now(bench.client.retry_record(7, None)).unwrap();
    assert_eq!(bench.script.last_body(), json!({"DeployRecordId": 7}));
}

#[test]
fn a_record_without_its_counts_says_nothing() {
    for response in [
        json!({}),
        json!({"TotalCount": null}),
        json!({"TotalCount": 1, "SuccessTotalCount": -1}),
    ] {
        let bench = answering(response);
        assert!(now(bench.client.deploy_progress(RecordKind::Update, 7)).is_err());
    }
}

#[test]
fn a_record_id_that_is_none_leaves_it_open_whether_there_is_one() {
    for response in [
        json!({}),
        json!({"DeployRecordId": null}),
        json!({"DeployRecordId": -1}),
    ] {
        let bench = answering(response);
        let types = ["cdn".to_owned()];
        let wish = Move {
            from: "old",
            to: "new",
            types: &types,
            regions: &[],
            mutes: true,
        };
        let error = now(bench.client.update_instances(wish, None)).unwrap_err();
        assert!(!error.settled_as_not_made());
    }
}

#[test]
fn look_ups_are_asked_for_anew_and_must_all_be_there() {
    let ids = ["a".to_owned(), "b".to_owned()];
    let both =
        json!({"CertTaskIds": [{"CertId": "b", "TaskId": "2"}, {"CertId": "a", "TaskId": 1}]});
    let bench = answering(both);
    let tasks = now(bench.client.ask_bound(&ids)).unwrap().value;
    assert_eq!(tasks.len(), 2);
    assert_eq!(
        bench.script.last_body(),
        json!({"CertificateIds": ["a", "b"], "IsCache": 0})
    );
    let bench = answering(json!({"CertTaskIds": [{"CertId": "a", "TaskId": "1"}]}));
    assert!(now(bench.client.ask_bound(&ids)).is_err());
}

#[test]
fn what_is_bound_is_read_by_type_and_region_whatever_else_is_missing() {
    let bench = answering(json!({"SyncTaskBindResourceResult": [
        {"TaskId": "3", "Status": 2, "Error": {"Code": "InternalError", "Message": "m"}, "BindResourceResult": null},
        {"TaskId": "1", "Status": 1, "BindResourceResult": [
            {"ResourceType": "CLB", "BindResourceRegionResult": [
                {"Region": "ap-guangzhou", "TotalCount": 2, "Error": ""},
                {"Region": "ap-shanghai", "TotalCount": null, "Error": "timeout"}]},
            {"ResourceType": "cdn", "BindResourceRegionResult": [{"TotalCount": 1}]}]},
    ]}));
    let task = |id: &str| LookUp {
        certificate_id: "a".to_owned(),
        task_id: id.to_owned(),
    };
    let found = now(bench.client.bound(&[task("1"), task("2"), task("3")]))
        .unwrap()
        .value;
    let LookedUp::Done(bound) = &found[0] else {
        panic!("{found:?}")
    };
    let short: Vec<_> = bound
        .iter()
        .map(|b| (b.kind.as_str(), b.region.as_str(), b.count))
        .collect();
    assert_eq!(
        short,
        [
            ("clb", "ap-guangzhou", 2),
            ("clb", "ap-shanghai", 0),
            ("cdn", "", 1)
        ]
    );
    assert_eq!(bound[1].error.as_deref(), Some("timeout"));
    assert_eq!(found[1], LookedUp::Running);
    assert_eq!(found[2], LookedUp::Failed("InternalError (m)".to_owned()));
}

#[test]
fn an_instance_is_all_the_texts_of_its_description() {
    let bench = answering(
        json!({"Status": 1, "CLB": [{"Region": "ap-guangzhou", "TotalCount": 1, "InstanceList": [
        {"LoadBalancerId": "lb-1", "Listeners": [{"ListenerId": "lbl-1", "Rules": [{"Domain": "a.example.com"}]}]}]}],
        "CDN": null}),
    );
    let found = now(bench.client.bound_instances("t", "clb")).unwrap();
    assert_eq!(
        bench.script.last_body(),
        json!({"TaskId": "t", "Limit": "100", "Offset": "0"})
    );
    assert_eq!(found.len(), 1);
    assert!(
        ["lb-1", "lbl-1", "a.example.com"]
            .iter()
            .all(|text| found[0].contains(*text))
    );
}

#[test]
fn records_are_the_newest_first_and_only_of_this_move() {
    let record = |id: Value, old: &str, types: Value| json!({"Id": id, "CertId": "new", "OldCertId": old, "ResourceTypes": types});
    let bench = answering(json!({"TotalCount": 5, "DeployRecordList": [
        record(json!(5), "old", json!(["CDN"])), record(json!("9"), "old", json!(null)),
        record(json!(7), "other", json!(["cdn"])), record(json!(8), "old", json!(["clb"])), {"Id": null}]}));
    let types = ["cdn".to_owned()];
    let found = now(bench.client.update_records("old", "new", &types)).unwrap();
    assert_eq!(found.value, [9, 5]);
    assert_eq!(
        bench.script.last_body(),
        json!({"Offset": 0, "Limit": 100, "CertificateId": "new", "OldCertificateId": "old"})
    );
}

#[test]
fn a_failed_item_without_an_id_is_named_by_its_domains() {
    let many: Vec<String> = (0..9).map(|n| format!("{n}.example.com")).collect();
    let items = json!([
        {"Status": 2, "InstanceId": "", "Domains": ["cdn.example.com"], "ErrorMsg": "busy"},
        {"Status": 2, "Domain": "live.example.com", "ErrorMsg": "off"},
        {"Status": 5, "Domains": many},
    ]);
    let bench = answering(
        json!({"TotalCount": 3, "SuccessTotalCount": 0, "FailedTotalCount": 3,
        "RunningTotalCount": 0, "RecordDetailList": [{"ResourceType": "cdn", "List": items}]}),
    );
    let progress = now(bench.client.deploy_progress(RecordKind::Update, 7))
        .unwrap()
        .value;
    assert_eq!(
        progress.reasons,
        [
            "cdn.example.com: busy",
            "live.example.com: off",
            "0.example.com|1.example.com|2.example.com and 6 more: no reason given",
        ]
    );
}

#[test]
fn a_reason_in_json_is_shown_decoded_with_the_item_s_name() {
    let inner = json!({"Code": "ResourceUnavailable", "Message": "域名已停用\u{1b}[31m"});
    let items = json!([
        {"Status": 2, "Domains": ["cdn.example.com"], "ErrorMsg": inner.to_string()},
        {"Status": 2, "InstanceId": "lb-1", "ErrorMsg": json!(inner.to_string()).to_string()},
        {"Status": 2, "Domain": "waf.example.com", "ErrorMsg": json!({"secretKey": "Qqq9Qqq9"}).to_string()},
    ]);
    let bench = answering(
        json!({"TotalCount": 3, "SuccessTotalCount": 0, "FailedTotalCount": 3,
        "RunningTotalCount": 0, "DeployRecordDetailList": items}),
    );
    let progress = now(bench.client.deploy_progress(RecordKind::Deploy, 7));
    assert_eq!(
        progress.unwrap().value.reasons,
        [
            "cdn.example.com: Code: ResourceUnavailable, Message: 域名已停用 [31m",
            "lb-1: Code: ResourceUnavailable, Message: 域名已停用 [31m",
            "waf.example.com: secretKey: [removed]",
        ]
    );
}
