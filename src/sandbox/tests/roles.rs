//! Roles: who may assume one, and how long its keys hold.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::{Credential, RoleChange};
use super::Bench;

const ARN: &str = "qcs::cam::uin/100000000001:roleName/evercert";

fn with_role(change: RoleChange) -> Bench {
    let mut bench = Bench::new();
    let change = RoleChange {
        arn: ARN.into(),
        ..change
    };
    bench.service.change_role(change).unwrap();
    bench
}

fn assume(bench: &mut Bench, more: Value) -> Result<[String; 3], String> {
    let mut wish = json!({"RoleArn": ARN, "RoleSessionName": "evercert"});
    for (name, value) in more.as_object().unwrap() {
        wish[name] = value.clone();
    }
    let answer = bench.call("AssumeRole", wish)?;
    let text = |name: &str| answer["Credentials"][name].as_str().unwrap().to_owned();
    Ok([text("TmpSecretId"), text("TmpSecretKey"), text("Token")])
}

fn list(bench: &mut Bench, [id, key, token]: [&str; 3]) -> Result<(), String> {
    let asked = bench.call_by(
        [id, key, token],
        "DescribeCertificates",
        json!({"Limit": 10}),
    );
    asked.map(drop)
}

#[test]
fn a_role_s_keys_act_in_its_account_until_their_end() {
    let mut bench = with_role(RoleChange {
        seconds: Some(60),
        ..RoleChange::default()
    });
    let ours = bench.apply("a.example.com");
    let keys = assume(&mut bench, json!({})).unwrap();
    let keys = keys.each_ref().map(String::as_str);
    let listed = bench
        .call_by(keys, "DescribeCertificates", json!({}))
        .unwrap();
    assert_eq!(listed["Certificates"][0]["CertificateId"], ours.as_str());
    let identity = bench.call_by(keys, "GetCallerIdentity", json!({})).unwrap();
    assert_eq!(identity["Type"], "CAMRole");
    assert_eq!(
        identity["Arn"],
        "qcs::sts:100000000001:assumed-role/evercert"
    );
    bench.pass(TimeDelta::seconds(59));
    list(&mut bench, keys).unwrap();
    bench.pass(TimeDelta::seconds(1));
    let over = list(&mut bench, keys);
    assert_eq!(over, Err("AuthFailure.TokenFailure".into()));
}

#[test]
fn keys_hold_together_or_not_at_all() {
    let mut bench = with_role(RoleChange::default());
    let one = assume(&mut bench, json!({})).unwrap();
    let two = assume(&mut bench, json!({})).unwrap();
    let mixed = [&one[0], &one[1], &two[2]].map(String::as_str);
    let failure = Err("AuthFailure.TokenFailure".to_owned());
    assert_eq!(list(&mut bench, mixed), failure);
    assert_eq!(list(&mut bench, [&one[0], &one[1], ""]), failure);
    assert_eq!(
        list(&mut bench, ["AKIDSANDBOX", "SANDBOXKEY", &one[2]]),
        failure
    );
    assert_eq!(
        list(&mut bench, [&one[0], &two[1], &one[2]]),
        Err("AuthFailure.SignatureFailure".into())
    );
    // They are no longer known.
    let end = RoleChange {
        arn: ARN.into(),
        end_sessions: true,
        ..RoleChange::default()
    };
    bench.service.change_role(end).unwrap();
    assert_eq!(
        list(&mut bench, one.each_ref().map(String::as_str)),
        Err("AuthFailure.SecretIdNotFound".into())
    );
}

#[test]
fn who_may_not_assume_a_role_or_asks_wrongly_is_refused() {
    let mut bench = with_role(RoleChange {
        external_id: Some("ours".into()),
        ..RoleChange::default()
    });
    let unauthorized = Err("UnauthorizedOperation".to_owned());
    assert_eq!(assume(&mut bench, json!({})), unauthorized);
    let wrong = assume(&mut bench, json!({"ExternalId": "theirs"}));
    assert_eq!(wrong, unauthorized);
    assume(&mut bench, json!({"ExternalId": "ours"})).unwrap();
    let unknown = json!({"RoleArn": "qcs::cam::uin/100000000001:roleName/other"});
    assert_eq!(
        assume(&mut bench, unknown),
        Err("ResourceNotFound.RoleNotFound".into())
    );
    let long = json!({"ExternalId": "ours", "DurationSeconds": 43_201});
    assert_eq!(
        assume(&mut bench, long),
        Err("InvalidParameter.OverTimeError".into())
    );
    let named = json!({"ExternalId": "ours", "RoleSessionName": "a b"});
    assert_eq!(
        assume(&mut bench, named),
        Err("InvalidParameter.ParamError".into())
    );
    let trusting = RoleChange {
        arn: ARN.into(),
        trusted: Some(vec!["AKIDOTHER".into()]),
        ..RoleChange::default()
    };
    bench.service.change_role(trusting).unwrap();
    assert_eq!(assume(&mut bench, json!({})), unauthorized);
}

#[test]
fn a_role_of_another_account_acts_there() {
    let mut bench = Bench::with(|options| {
        options
            .credentials
            .push(Credential::new("AKIDOTHER", "KEY"));
    });
    let arn = "qcs::cam::uin/100000000002:roleName/evercert";
    let role = RoleChange {
        arn: arn.into(),
        ..RoleChange::default()
    };
    bench.service.change_role(role).unwrap();
    bench.apply("a.example.com");
    let keys = assume(&mut bench, json!({ "RoleArn": arn })).unwrap();
    let keys = keys.each_ref().map(String::as_str);
    let listed = bench
        .call_by(keys, "DescribeCertificates", json!({}))
        .unwrap();
    assert_eq!(listed["TotalCount"], 0);
    let nowhere = RoleChange {
        arn: "qcs::cam::uin/7:roleName/x".into(),
        ..RoleChange::default()
    };
    assert!(bench.service.change_role(nowhere).is_err());
}
