//! Cloud resources that several machines move.

use evercert::sandbox::NewResource;

use super::*;

const RESOURCES: [(&str, &str, &str); 3] = [
    ("clb", "ap-guangzhou", "lb-one|lbl-one"),
    ("clb", "ap-guangzhou", "lb-two|lbl-two"),
    ("cdn", "", "cdn.example.com|on"),
];

/// A stand-in whose first certificates are in their window, and resources that have this name's.
fn with_resources(domain: &str) -> (StandIn, String) {
    let stand_in = StandIn::with(|options| {
        options.leeway = Duration::from_secs(TURN as u64 / 3);
        options.first_age = Duration::from_secs(62 * 86_400);
    });
    let old = stand_in.apply_by_hand(domain);
    wait_for("the old certificate", ROUND, || {
        (stand_in.orders(domain)[0]["status"] == 1).then_some(())
    });
    for (kind, region, instance) in RESOURCES {
        let new = NewResource {
            secret_id: None,
            resource_type: kind.into(),
            region: region.into(),
            instance: instance.into(),
            certificate_id: Some(old.clone()),
        };
        stand_in.on(|service| service.bind_resource(now(), new).unwrap());
    }
    (stand_in, old)
}

fn resources(stand_in: &StandIn) -> Vec<Value> {
    let state = stand_in.state();
    let all = state["cloud"]["resources"].as_array().unwrap().iter();
    all.map(|one| one["certificate_id"].clone()).collect()
}

#[test]
fn machines_with_the_same_cloud_resources_make_one_task_for_each_move() {
    let (stand_in, old) = with_resources("a.com");
    let cloud = "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\"]\n";
    let mut homes = Vec::new();
    for role in [1, 3].map(|after| in_turn(machine(after))) {
        let home = Home::empty();
        configure(&home, &stand_in.endpoint(), &["a.com"], &role, cloud);
        homes.push(home);
    }
    let daemons: Vec<Daemon> = homes.iter().map(start).collect();
    for daemon in &daemons {
        wait_event("certificate.renewed", "a.com", daemon);
    }
    let new = stand_in.orders("a.com")[0]["certificate_id"].clone();
    assert_ne!(new, old.as_str());
    assert_eq!(stand_in.orders("a.com").len(), 2);
    assert!(
        resources(&stand_in).iter().all(|id| *id == new),
        "{:?}",
        resources(&stand_in)
    );
    let state = stand_in.state();
    let records = state["cloud"]["records"].as_array().unwrap();
    // One after the other; which goes first is a matter of whose turn it is.
    let kinds = records.iter().map(|one| one["resource_types"].to_string());
    let mut kinds: Vec<String> = kinds.collect();
    kinds.sort();
    assert_eq!(kinds, ["[\"cdn\"]", "[\"clb\"]"], "{records:#?}");
    assert!(
        records[0]["ended"].as_str() <= records[1]["created"].as_str(),
        "{records:#?}"
    );
    for daemon in &daemons {
        assert!(
            daemon.events("certificate.failed").is_empty(),
            "{}",
            daemon.text()
        );
        assert!(daemon.events("drift.found").is_empty(), "{}", daemon.text());
    }
}
