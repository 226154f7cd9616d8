//! `[fleet]`, and certificates that somebody else orders.

use std::time::Duration;

use super::super::FleetOrders;
use super::{accepted, headed, rejected_for, with};

fn fleet(lines: &str) -> String {
    headed(&format!("[fleet]\nname = \"shop\"\n{lines}\n"))
}

#[test]
fn each_role_has_its_number_or_none_and_its_pace() {
    let config = accepted(&fleet("orders = \"in-turn\"\nmachine = 3")).config;
    let in_turn = config.fleet.unwrap();
    assert_eq!(
        (in_turn.orders, in_turn.number()),
        (FleetOrders::InTurn, Some(3))
    );
    assert_eq!(in_turn.look, Duration::from_secs(300));
    assert_eq!(in_turn.turn, Duration::from_secs(900));
    assert_eq!(config.api.requests_per_second, 1);
    let config = accepted(&fleet("orders = \"alone\"\nlook = \"1m\"")).config;
    let alone = config.fleet.unwrap();
    assert_eq!(
        (alone.number(), alone.look),
        (Some(0), Duration::from_secs(60))
    );
    assert_eq!(config.api.requests_per_second, 5);
    let text = fleet("orders = \"never\"\n[api]\nrequests_per_second = 3");
    let config = accepted(&text).config;
    assert_eq!(config.fleet.unwrap().number(), None);
    assert_eq!(config.api.requests_per_second, 3);
    let without = accepted(&with("")).config;
    assert_eq!((without.fleet, without.api.requests_per_second), (None, 10));
}

#[test]
fn the_same_name_gives_the_same_six_characters_on_every_machine() {
    let id = |name: &str| {
        let text = headed(&format!("[fleet]\nname = \"{name}\"\norders = \"never\"\n"));
        accepted(&text).config.fleet.unwrap().id()
    };
    // Markers of years depend on it.
    assert_eq!(id("shop"), SHOP);
    assert_ne!(id("shop"), id("shop-2"));
    assert!(
        id("shop")
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
}

const SHOP: &str = "cx6li8";

#[test]
fn what_does_not_go_together_is_one_clear_mistake() {
    rejected_for(
        &fleet("orders = \"in-turn\""),
        &["needs a number", "machine = 1"],
    );
    for role in ["never", "alone"] {
        let text = fleet(&format!("orders = \"{role}\"\nmachine = 2"));
        rejected_for(&text, &["`machine` has no meaning", "in-turn"]);
    }
    rejected_for(
        &fleet("machine = 1"),
        &["not said whether this machine orders"],
    );
    rejected_for(&fleet("orders = \"sometimes\""), &["orders", "in-turn"]);
    rejected_for(&headed("[fleet]\norders = \"never\"\n"), &["has no `name`"]);
    for name in ["", "Shop", "my shop", "a_b", &"x".repeat(33)] {
        let text = headed(&format!("[fleet]\nname = \"{name}\"\norders = \"never\"\n"));
        rejected_for(&text, &["no name of a fleet", "a-z"]);
    }
    for number in [0, 9] {
        let text = fleet(&format!("orders = \"in-turn\"\nmachine = {number}"));
        rejected_for(&text, &["from 1 to 8"]);
    }
    rejected_for(
        &fleet("orders = \"never\"\nlook = \"5s\""),
        &["`look` must be from 10s to 1h"],
    );
    let cloud = "\n[[certificates.cloud]]\nresources = [\"cdn\"]\n";
    let text = format!("{}{cloud}", fleet("orders = \"never\""));
    rejected_for(&text, &["moves no cloud resources"]);
    accepted(&format!("{}{cloud}", fleet("orders = \"alone\"")));
}

#[test]
fn a_certificate_that_somebody_else_orders_is_other_input_than_one_that_is_ordered() {
    let ordered = accepted(&with("")).config.certificates.remove(0);
    let fetched = accepted(&with("order = false"))
        .config
        .certificates
        .remove(0);
    assert!(ordered.order && !fetched.order);
    assert_ne!(ordered.fingerprint(), fetched.fingerprint());
    let said = accepted(&with("order = true"))
        .config
        .certificates
        .remove(0);
    assert_eq!(ordered.fingerprint(), said.fingerprint());
}
