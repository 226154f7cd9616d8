//! `plan --days`: what is to come, and what an edited config would make of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Daemon, Home, SOON, StandIn, output};

#[test]
fn a_year_is_planned_with_its_orders_and_slots_and_an_edit_is_compared() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red", "www.wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait_of("certificate.installed", "www.wgc.red");
    assert_eq!(home.run(&["account", "--fresh"]).code, 0);
    let before = stand_in.requests();
    let plan = home.run(&["plan", "--days", "365", "--json"]).json();
    // Each of the two every sixty days, the first time in sixty.
    assert_eq!(plan["orders"], 12, "{plan}");
    assert_eq!(plan["orders_in_force"], plan["orders"], "{plan}");
    let events = plan["events"].as_array().unwrap();
    assert_eq!(events.len(), 12);
    // The old ones hold their slots until they end.
    assert_eq!(plan["accounts"][0]["peak"], 4, "{plan}");
    assert_eq!(plan["main_domains"][0]["main_domain"], "wgc.red");
    let shown = home.run(&["plan", "--days", "365"]).stdout;
    assert!(shown.contains("12 orders in 365 days."), "{shown}");

    // A draft with one name more, and room for three.
    let draft = home.path().join("draft.toml");
    let text = home.config_text(
        &stand_in.endpoint(),
        &["wgc.red", "www.wgc.red", "a.wgc.red"],
    );
    fs::write(
        &draft,
        text.replace("free_limit = 100000", "free_limit = 3"),
    )
    .unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = home.bare();
    command
        .arg("--config")
        .arg(&draft)
        .args(["plan", "--days", "365"]);
    let shown = output(&mut command, SOON).stdout;
    assert!(
        shown.contains("with the config in force it would be 12"),
        "{shown}"
    );
    assert!(
        shown.contains("of 3 free certificates held at most"),
        "{shown}"
    );
    assert!(shown.contains("TOO FEW"), "{shown}");
    assert_eq!(stand_in.requests(), before, "nobody was asked");
    assert_eq!(home.run(&["plan", "--days", "0"]).code, 2);
    assert_eq!(daemon.stop().code(), Some(0));
}
