//! Faults and facts from the management side.

use super::super::{AliasMode, Fault, FaultKind, Limits, OrderChange};
use super::*;

fn fault(kind: FaultKind) -> Fault {
    Fault::once("ApplyCertificate", kind)
}

fn attempt(bench: &mut Bench) -> Result<String, String> {
    bench.apply_with("shop.example.com", json!({}))
}

#[test]
fn faults_before_acting_leave_no_order() {
    for (kind, seen) in [
        (FaultKind::Error, "InternalError"),
        (FaultKind::Http, "http 502"),
        (FaultKind::DropBefore, "dropped"),
        (FaultKind::Throttle, "RequestLimitExceeded"),
    ] {
        let mut bench = Bench::new();
        bench.service.add_fault(fault(kind));
        assert_eq!(attempt(&mut bench).unwrap_err(), seen);
        assert!(bench.list(json!({})).is_empty(), "{seen}");
        attempt(&mut bench).unwrap();
    }
}

#[test]
fn faults_after_acting_leave_an_order_that_the_caller_does_not_know() {
    for kind in [
        FaultKind::DropAfter,
        FaultKind::Stall,
        FaultKind::Rubbish,
        FaultKind::Null,
        FaultKind::Huge,
    ] {
        let mut bench = Bench::new();
        bench.service.add_fault(fault(kind));
        let request = signed(
            "ApplyCertificate",
            r#"{"DvAuthMethod":"DNS_AUTO","DomainName":"shop.example.com"}"#,
            bench.now - DateTime::UNIX_EPOCH,
        );
        if let Reply::Answer { body, .. } = bench.service.handle(bench.now, &request) {
            let id = serde_json::from_slice::<Value>(&body)
                .ok()
                .map(|v| v["Response"]["CertificateId"].clone());
            assert!(matches!(id, None | Some(Value::Null)));
        }
        assert_eq!(bench.list(json!({})).len(), 1, "{kind:?}");
    }
}

#[test]
fn a_late_application_takes_effect_after_its_error() {
    let mut bench = Bench::new();
    bench.service.add_fault(Fault {
        seconds: Some(30),
        ..fault(FaultKind::Late)
    });
    assert_eq!(attempt(&mut bench).unwrap_err(), "InternalError");
    bench.pass(TimeDelta::seconds(29));
    assert!(bench.list(json!({})).is_empty());
    bench.pass(TimeDelta::seconds(1));
    let listed = bench.list(json!({}));
    assert_eq!(listed[0]["InsertTime"], "2026-03-01 18:00:30");
}

#[test]
fn a_fault_waits_for_its_action_and_goes_off_as_often_as_it_says() {
    let mut bench = Bench::new();
    bench.service.add_fault(Fault {
        code: Some("FailedOperation.NetworkError".into()),
        times: 2,
        ..fault(FaultKind::Error)
    });
    bench.call("DescribeCertificates", json!({})).unwrap();
    for _ in 0..2 {
        assert_eq!(
            attempt(&mut bench).unwrap_err(),
            "FailedOperation.NetworkError"
        );
    }
    attempt(&mut bench).unwrap();
    bench.service.add_fault(Fault::once("*", FaultKind::Error));
    bench.service.clear_faults();
    bench.call("DescribeCertificates", json!({})).unwrap();
}

#[test]
fn an_order_can_be_advanced_held_and_failed() {
    let status = |status| OrderChange {
        status: Some(status),
        ..OrderChange::default()
    };
    let mut bench = Bench::new();
    let held = bench.apply("a.example.com");
    let failed = bench.apply("b.example.com");
    bench
        .service
        .change_order(bench.now, &held, &status(0))
        .unwrap();
    let message = OrderChange {
        message: Some("rejected".into()),
        ..status(2)
    };
    bench
        .service
        .change_order(bench.now, &failed, &message)
        .unwrap();
    bench.pass(TimeDelta::hours(1));
    assert_eq!(bench.status(&held), 0);
    assert_eq!(bench.describe(&failed)["StatusMsg"], "rejected");
    bench
        .service
        .change_order(bench.now, &held, &status(1))
        .unwrap();
    assert_eq!(bench.status(&held), 1);
    assert_eq!(
        bench.describe(&held)["CertBeginTime"],
        "2026-03-01 08:00:00"
    );
    bench
        .service
        .change_order(bench.now, &held, &status(10))
        .unwrap();
    assert_eq!(bench.status(&held), 10);
    assert!(
        bench
            .service
            .change_order(bench.now, "nothere1", &status(1))
            .is_err()
    );
}

#[test]
fn held_orders_and_those_of_a_foreign_zone_run_into_their_deadline() {
    let mut bench = Bench::new();
    let (held, foreign) = (bench.apply("a.example.com"), bench.apply("b.example.com"));
    let hold = OrderChange {
        status: Some(0),
        ..OrderChange::default()
    };
    let elsewhere = OrderChange {
        is_dnspod_resolve: Some(false),
        ..OrderChange::default()
    };
    let now = bench.now;
    bench.service.change_order(now, &held, &hold).unwrap();
    bench
        .service
        .change_order(now, &foreign, &elsewhere)
        .unwrap();
    assert_eq!(bench.listed(&foreign)["IsDNSPODResolve"], false);
    bench.pass(TimeDelta::days(3) - TimeDelta::seconds(1));
    assert_eq!([bench.status(&held), bench.status(&foreign)], [0, 0]);
    bench.pass(TimeDelta::seconds(1));
    assert_eq!([bench.status(&held), bench.status(&foreign)], [2, 2]);
}

#[test]
fn the_clock_moves_certificates_into_their_window() {
    let mut bench = Bench::new();
    let id = bench.apply("shop.example.com");
    bench.service.set_clock_offset(65 * 86_400);
    assert_eq!(bench.listed(&id)["IsExpiring"], true);
    bench.service.set_clock_offset(91 * 86_400);
    assert_eq!(bench.status(&id), 3);
    bench.service.set_clock_offset(i64::MAX);
    assert_eq!(bench.status(&id), 3);
}

#[test]
fn remarks_can_be_dropped_and_cut() {
    let mut bench = Bench::with(|options| options.free_limit = 9);
    for (mode, kept) in [
        (AliasMode::Keep, "ec-abcdef-12345678"),
        (AliasMode::Drop, ""),
        (AliasMode::Cut, "ec-abcde"),
    ] {
        bench.service.set_alias_mode(mode);
        let alias = json!({"Alias": "ec-abcdef-12345678"});
        let id = bench.apply_with("shop.example.com", alias).unwrap();
        assert_eq!(bench.describe(&id)["Alias"], kept);
    }
}

#[test]
fn a_listing_delay_hides_new_orders_from_the_list_only() {
    let mut bench = Bench::new();
    bench.service.set_listing_delay(60);
    let id = bench.apply("shop.example.com");
    assert!(bench.list(json!({})).is_empty());
    assert_eq!(bench.status(&id), 4);
    bench.pass(TimeDelta::seconds(60));
    assert_eq!(bench.list(json!({})).len(), 1);
}

#[test]
fn a_list_can_end_before_its_own_count() {
    let mut bench = Bench::new();
    bench.apply("a.example.com");
    bench.apply("b.example.com");
    bench.service.set_list_end(Some(1));
    let answer = bench.call("DescribeCertificates", json!({})).unwrap();
    assert_eq!(answer["TotalCount"], 2);
    assert_eq!(answer["Certificates"].as_array().unwrap().len(), 1);
    bench.service.set_list_end(None);
    assert_eq!(bench.list(json!({})).len(), 2);
}

#[test]
fn a_replica_that_lags_hides_new_orders_from_reads_by_id_too() {
    let mut bench = Bench::new();
    bench.service.set_listing_delay(60);
    bench.service.set_ids_lag(true);
    let id = bench.apply("shop.example.com");
    let asked = json!({"CertificateId": id});
    assert_eq!(
        bench.call("DescribeCertificate", asked).unwrap_err(),
        "FailedOperation.CertificateNotFound"
    );
    bench.pass(TimeDelta::seconds(60));
    assert_eq!(bench.status(&id), 1);
}

#[test]
fn limits_can_be_changed_while_running() {
    let mut bench = Bench::new();
    bench.service.set_limits(Limits {
        free_limit: Some(0),
        ..Limits::default()
    });
    assert_eq!(
        attempt(&mut bench).unwrap_err(),
        "FailedOperation.ExceedsFreeLimit"
    );
}

#[test]
fn requests_are_listed_in_order_with_their_outcome_and_without_secrets() {
    let mut bench = Bench::new();
    bench
        .apply_with("a.example.com", json!({"CsrKeyPassword": "hush"}))
        .unwrap();
    attempt(&mut bench).unwrap();
    bench
        .call(
            "CancelCertificateOrder",
            json!({"CertificateId": "nothere1"}),
        )
        .unwrap_err();
    let listed = bench.service.requests(0);
    assert!(!listed.to_string().contains("hush"));
    assert_eq!(listed["total"], 3);
    let last = &bench.service.requests(2)["requests"];
    assert_eq!(last.as_array().unwrap().len(), 1);
    assert_eq!(last[0]["n"], 3);
    assert_eq!(last[0]["action"], "CancelCertificateOrder");
    assert_eq!(last[0]["account"], "AKIDSANDBOX");
    assert_eq!(last[0]["code"], "FailedOperation.CertificateNotFound");
}

#[test]
fn orders_take_as_long_as_is_said_from_then_on() {
    let mut bench = Bench::new();
    bench.service.set_limits(Limits {
        issue_after_seconds: Some(3_600),
        ..Limits::default()
    });
    let id = attempt(&mut bench).unwrap();
    bench.pass(TimeDelta::minutes(59));
    assert_ne!(bench.describe(&id)["Status"], 1);
    bench.pass(TimeDelta::minutes(2));
    assert_eq!(bench.describe(&id)["Status"], 1);
}
