//! Numbers: swapped, given twice, and edited in mid-order.

use super::*;

fn newest(stand_in: &StandIn, domain: &str, daemon: &Daemon) -> String {
    let what = format!("an order for {domain}");
    wait_round(&what, daemon, || markers(stand_in, domain).first().cloned())
}

#[test]
fn two_machines_that_swap_numbers_order_again_after_one_claim() {
    let stand_in = stand_in();
    let endpoint = stand_in.endpoint();
    let (low, high) = (machine(1), machine(2));
    let one = home(&endpoint, &["a.com"], &in_turn(low));
    let two = home(&endpoint, &["b.com"], &in_turn(high));
    let (mut first, mut second) = (start(&one), start(&two));
    wait_installed(&one, "a.com", &first);
    wait_installed(&two, "b.com", &second);
    // Also of what was ordered since the account was listed.
    let seen = one.run(&["fleet", "--json"]).json();
    let own = &seen["certificates"][0];
    assert_eq!(
        (&own["current"], &own["ordered_by"]),
        (&json!(true), &json!(low)),
        "{seen:#}"
    );
    first.stop();
    second.stop();

    configure(
        &one,
        &endpoint,
        &["a.com", "b.com", "c.com"],
        &in_turn(high),
        "",
    );
    configure(
        &two,
        &endpoint,
        &["a.com", "b.com", "d.com"],
        &in_turn(low),
        "",
    );
    let (first, second) = (start(&one), start(&two));
    for daemon in [&first, &second] {
        let said = daemon.wait("fleet.same_machine");
        let said = said["message"].to_string();
        assert!(said.contains("evercert claim"), "{said}");
        assert!(said.contains("another `machine`"), "{said}");
    }
    // What is there already is fetched all the same.
    wait_installed(&one, "b.com", &first);
    wait_installed(&two, "a.com", &second);

    let claimed = one.run(&["claim"]);
    assert_eq!(claimed.code, 0, "{}", claimed.all());
    wait_installed(&one, "c.com", &first);
    assert!(newest(&stand_in, "c.com", &first).starts_with(&format!("{MARKER}{high}")));
    wait_installed(&two, "d.com", &second);
    assert!(newest(&stand_in, "d.com", &second).starts_with(&format!("{MARKER}{low}")));
    for name in ["a.com", "b.com", "c.com", "d.com"] {
        let markers = markers(&stand_in, name);
        assert_eq!(markers.len(), 1, "{name}: {markers:?}");
    }
}
