//! The units that reload other services, and the drop-in, as systemd reads them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::harness::{World, has};

#[test]
fn systemd_takes_the_units_and_the_drop_in() {
    if !has("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = |name: &str| {
        fs::read_to_string(format!("{}/systemd/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let path = |name: &str| folder.path().join(name);
    for kind in ["path", "service"] {
        let text = source(&format!("evercert-reload@.{kind}"));
        fs::write(path(&format!("evercert-reload@a.example.{kind}")), text).unwrap();
    }
    let main =
        source("evercert.service").replace("/usr/bin/evercert", env!("CARGO_BIN_EXE_evercert"));
    fs::write(path("evercert.service"), main).unwrap();
    fs::create_dir(path("evercert.service.d")).unwrap();
    fs::write(
        path("evercert.service.d/targets.conf"),
        source("evercert.service.d/targets.conf"),
    )
    .unwrap();
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(path("evercert.service"))
        .arg(path("evercert-reload@a.example.path"))
        .arg(path("evercert-reload@a.example.service"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !text.contains("Unknown"),
        "{text}"
    );
}

#[test]
fn check_names_the_drop_in_where_a_config_needs_it() {
    let world = World::new(Duration::ZERO);
    let target = "[[certificates.install]]\nformat = \"combined\"\nfile = ";
    world.write_config(&format!("{target}\"/etc/haproxy/h.pem\""));
    assert!(world.good_verb(&["check"]).contains("targets.conf"));
    assert!(
        world
            .good_verb(&["check", "--json"])
            .contains("targets.conf")
    );
    world.write_config(&format!(
        "{target}\"{}\"",
        world.path("state/h.pem").display()
    ));
    assert!(!world.good_verb(&["check"]).contains("targets.conf"));
}
