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
    assert!(
        shown.starts_with("Nothing goes wrong in 365 days."),
        "{shown}"
    );

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
    // What goes wrong stands before the rows.
    let (problems, _) = shown.split_once("SLOTS").unwrap();
    assert!(problems.starts_with("What goes wrong:\n"), "{shown}");
    assert!(problems.contains("TOO FEW"), "{shown}");
    assert!(!problems.contains("ENDS"), "{shown}");
    // With the lifetime of 2029 both are renewed every 23.5 days, and each always holds two slots in the end.
    let plan = home.run(&["plan", "--lifetime", "47d", "--json"]).json();
    let (orders, today) = (plan["orders"].as_u64().unwrap(), &plan["orders_today"]);
    assert!((26..=28).contains(&orders), "{plan}");
    assert_eq!(today, 12, "{plan}");
    assert_eq!(
        (&plan["days"], &plan["lifetime_days"]),
        (&365.into(), &47.into())
    );
    assert_eq!(plan["orders_a_year"], plan["orders"]);
    // Three where the last one of today's lifetime outlives the first renewal of its successor.
    assert_eq!(plan["accounts"][0]["peak"], 6, "{plan}");
    let last = plan["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["account_slots"], 4, "{plan}");
    assert!(plan["accounts"][0]["short_from"].is_null(), "{plan}");
    let shown = home
        .run(&["plan", "--days", "730", "--lifetime", "47d"])
        .stdout;
    for words in [
        "lived for 47 days",
        "orders in 730 days, 29 a year",
        "with today's lifetime it would be 24",
    ] {
        assert!(shown.contains(words), "{words} is not in {shown}");
    }
    for wrong in [
        "0d",
        "1h",
        "36h",
        "5d",
        "201d",
        "47",
        "-1d",
        "",
        "9999999999999999999d",
    ] {
        let out = home.run(&["plan", &format!("--lifetime={wrong}")]);
        assert_eq!(out.code, 2, "{wrong}: {}", out.all());
        assert!(out.stderr.contains("6d to 200d"), "{}", out.all());
    }
    assert_eq!(stand_in.requests(), before, "nobody was asked");
    assert_eq!(home.run(&["pause", "www.wgc.red"]).code, 0);
    let shown = home.run(&["plan", "--days", "365"]).stdout;
    let ends = "www.wgc.red ENDS, and nothing replaces it: paused until `evercert resume`";
    let (problems, _) = shown.split_once("SLOTS").unwrap();
    assert!(problems.contains(ends), "{shown}");
    assert_eq!(home.run(&["plan", "--days", "0"]).code, 2);
    assert_eq!(daemon.stop().code(), Some(0));
}
