//! Cloud resources: tasks take their time, and what is refused is refused as the service does.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::{CloudChange, Fault, FaultKind, NewResource, OrderChange, Refusing};
use super::Bench;

struct Cloud {
    bench: Bench,
    old: String,
    new: String,
}

impl Cloud {
    fn new() -> Self {
        let mut bench = Bench::new();
        let old = bench.apply("a.example.com");
        let new = bench.apply("a.example.com");
        bench.pass(TimeDelta::minutes(1));
        let mut cloud = Self { bench, old, new };
        let old = cloud.old.clone();
        cloud.bind("cdn", "", "a.example.com|on", Some(old));
        cloud.bench.service.change_cloud(
            cloud.bench.now,
            CloudChange {
                gather: Some(0),
                task_milliseconds: Some(1_000),
                look_up_milliseconds: Some(1_000),
                ..CloudChange::default()
            },
        );
        cloud
    }

    fn bind(&mut self, kind: &str, region: &str, instance: &str, certificate_id: Option<String>) {
        let new = NewResource {
            secret_id: None,
            resource_type: kind.into(),
            region: region.into(),
            instance: instance.into(),
            certificate_id,
        };
        self.bench
            .service
            .bind_resource(self.bench.now, new)
            .unwrap();
    }

    fn update(&mut self, types: Value) -> Result<Value, String> {
        let (old, new) = (self.old.clone(), self.new.clone());
        let wish = json!({"OldCertificateId": old, "CertificateId": new, "ResourceTypes": types});
        self.bench.call("UpdateCertificateInstance", wish)
    }
}

#[test]
fn a_look_up_is_of_its_moment_and_is_reused_only_where_that_is_wanted() {
    let mut cloud = Cloud::new();
    let old = cloud.old.clone();
    let look = |cloud: &mut Cloud, cached: i64| {
        let ask = json!({"CertificateIds": [old], "IsCache": cached});
        let answer = cloud
            .bench
            .call("CreateCertificateBindResourceSyncTask", ask)
            .unwrap();
        answer["CertTaskIds"][0]["TaskId"].clone()
    };
    let result = |cloud: &mut Cloud, task: &Value| {
        let answer = cloud.bench.call(
            "DescribeCertificateBindResourceTaskResult",
            json!({"TaskIds": [task]}),
        );
        answer.unwrap()["SyncTaskBindResourceResult"][0].clone()
    };
    let task = look(&mut cloud, 0);
    assert_eq!(look(&mut cloud, 0), task, "a running one is found");
    assert_eq!(result(&mut cloud, &task)["Status"], 0);
    cloud.bench.pass(TimeDelta::seconds(1));
    let found = result(&mut cloud, &task);
    assert_eq!(found["BindResourceResult"][0]["ResourceType"], "cdn");
    assert_eq!(look(&mut cloud, 1), task);
    assert_ne!(look(&mut cloud, 0), task);
}

#[test]
fn a_move_is_one_task_that_is_found_again_while_it_runs_and_empty_afterwards() {
    let mut cloud = Cloud::new();
    let record = cloud.update(json!(["cdn"])).unwrap()["DeployRecordId"].clone();
    assert_eq!(
        cloud.update(json!(["cdn"])).unwrap()["DeployRecordId"],
        record
    );
    assert_eq!(
        cloud.update(json!(["live"])),
        Err("FailedOperation.CertificateDeployHasPendingRecord".into())
    );
    cloud.bench.pass(TimeDelta::seconds(2));
    assert_eq!(
        cloud.update(json!(["cdn"])),
        Err("FailedOperation.CertificateDeployInstanceEmpty".into())
    );
    let state = cloud.bench.service.state(cloud.bench.now);
    assert_eq!(state["cloud"]["resources"][0]["certificate_id"], cloud.new);
    assert_eq!(state["cloud"]["records"].as_array().unwrap().len(), 1);
}

#[test]
fn regions_and_lower_case_are_insisted_on() {
    let mut cloud = Cloud::new();
    assert_eq!(cloud.update(json!(["clb"])), Err("InvalidParameter".into()));
    assert_eq!(
        cloud.update(json!(["CDN"])),
        Err("FailedOperation.CertificateHostResourceTypeInvalid".into())
    );
    assert_eq!(cloud.update(json!("cdn")), Err("InvalidParameter".into()));
}

#[test]
fn what_is_bound_is_not_deleted_by_a_deletion_that_looks() {
    let mut cloud = Cloud::new();
    cloud.bench.pass(TimeDelta::days(100));
    let old = cloud.old.clone();
    let answer = cloud
        .bench
        .call(
            "DeleteCertificate",
            json!({"CertificateId": old, "IsCheckResource": true}),
        )
        .unwrap();
    let results = cloud
        .bench
        .call(
            "DescribeDeleteCertificatesTaskResult",
            json!({"TaskIds": [answer["TaskId"]]}),
        )
        .unwrap();
    assert_eq!(results["DeleteTaskResult"][0]["Status"], 4);
    assert!(
        cloud
            .bench
            .call("DescribeCertificate", json!({"CertificateId": old}))
            .is_ok()
    );
}

#[test]
fn a_type_can_be_refused_and_be_missing_from_look_ups() {
    let mut cloud = Cloud::new();
    let refuse = |cloud: &mut Cloud, code: &str| {
        let refuse = Refusing {
            resource_type: "cdn".into(),
            code: code.into(),
        };
        let change = CloudChange {
            refuse: Some(refuse),
            look_up_errors: Some(vec!["clb".into()]),
            ..CloudChange::default()
        };
        cloud.bench.service.change_cloud(cloud.bench.now, change);
    };
    refuse(&mut cloud, "FailedOperation.CAMAuthorizedFail");
    assert_eq!(
        cloud.update(json!(["cdn"])),
        Err("FailedOperation.CAMAuthorizedFail".into())
    );
    refuse(&mut cloud, "");
    assert!(cloud.update(json!(["cdn"])).is_ok());
    let old = cloud.old.clone();
    let ask = json!({"CertificateIds": [old], "IsCache": 0});
    let answer = cloud
        .bench
        .call("CreateCertificateBindResourceSyncTask", ask)
        .unwrap();
    cloud.bench.pass(TimeDelta::milliseconds(1_000));
    let ask = json!({"TaskIds": [answer["CertTaskIds"][0]["TaskId"]]});
    let answer = cloud
        .bench
        .call("DescribeCertificateBindResourceTaskResult", ask)
        .unwrap();
    let found = &answer["SyncTaskBindResourceResult"][0]["BindResourceResult"];
    assert_eq!(found[0]["BindResourceRegionResult"][0]["TotalCount"], 1);
    let lacking = &found[1];
    assert_eq!(lacking["ResourceType"], "clb");
    assert_ne!(lacking["BindResourceRegionResult"][0]["Error"], "");
}

#[test]
fn edges_show_for_a_while_what_was_there_before() {
    let mut cloud = Cloud::new();
    let change = CloudChange {
        edge_milliseconds: Some(60_000),
        ..CloudChange::default()
    };
    cloud.bench.service.change_cloud(cloud.bench.now, change);
    cloud.update(json!(["cdn"])).unwrap();
    let shown = |cloud: &mut Cloud| {
        let state = cloud.bench.service.state(cloud.bench.now);
        let resource = &state["cloud"]["resources"][0];
        (
            resource["certificate_id"].clone(),
            resource["served"].clone(),
        )
    };
    let (old, new) = (json!(cloud.old), json!(cloud.new));
    cloud.bench.pass(TimeDelta::seconds(10));
    assert_eq!(shown(&mut cloud), (new.clone(), old));
    cloud.bench.pass(TimeDelta::seconds(60));
    assert_eq!(shown(&mut cloud), (new.clone(), new));
}

#[test]
fn every_second_call_can_be_throttled_and_a_certificate_be_deleted_by_hand() {
    let mut cloud = Cloud::new();
    cloud.bench.service.add_fault(Fault {
        times: 4,
        ..Fault::once("*", FaultKind::ThrottleHalf)
    });
    let id = cloud.old.clone();
    let mut codes = Vec::new();
    for _ in 0..6 {
        let ask = json!({"CertificateId": id});
        let answer = cloud.bench.call("DescribeCertificate", ask);
        codes.push(answer.err().unwrap_or_default());
    }
    let throttled = "RequestLimitExceeded".to_owned();
    let none = String::new();
    assert_eq!(
        codes,
        [
            throttled.clone(),
            none.clone(),
            throttled,
            none.clone(),
            none.clone(),
            none
        ]
    );
    let removed = OrderChange {
        removed: true,
        ..OrderChange::default()
    };
    let now = cloud.bench.now;
    cloud
        .bench
        .service
        .change_order(now, &id, &removed)
        .unwrap();
    assert_eq!(
        cloud.update(json!(["cdn"])),
        Err("FailedOperation.CertificateNotFound".into())
    );
}

#[test]
fn an_instance_is_named_as_its_type_wants_it() {
    let mut cloud = Cloud::new();
    let new = cloud.new.clone();
    cloud.bind("clb", "ap-guangzhou", "lb-1|lbl-1", None);
    for text in [
        "a.example.com",
        "a.example.com|on|443",
        "a.example.com|",
        "",
    ] {
        let wish = json!({"CertificateId": new, "ResourceType": "cdn", "InstanceIdList": [text]});
        assert_eq!(
            cloud.bench.call("DeployCertificateInstance", wish),
            Err("FailedOperation.CertificateDeployInstanceFormatError".into()),
            "{text}"
        );
    }
}

#[test]
fn mails_about_the_end_of_the_old_one_are_switched_off_where_a_move_says_so() {
    let mut cloud = Cloud::new();
    let (old, new) = (cloud.old.clone(), cloud.new.clone());
    let wish = |switch: i64| json!({"OldCertificateId": old, "CertificateId": new, "ResourceTypes": ["cdn"], "ExpiringNotificationSwitch": switch});
    assert_eq!(
        cloud.bench.call("UpdateCertificateInstance", wish(2)),
        Err("InvalidParameterValue".into())
    );
    assert_eq!(cloud.bench.listed(&old)["IsIgnore"], false);
    cloud
        .bench
        .call("UpdateCertificateInstance", wish(1))
        .unwrap();
    assert_eq!(cloud.bench.listed(&old)["IsIgnore"], true);
    assert_eq!(cloud.bench.listed(&new)["IsIgnore"], false);
}
