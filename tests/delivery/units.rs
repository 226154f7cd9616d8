//! The units that reload other services, and the drop-in, as systemd reads them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::harness::{World, has};

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
    for kind in ["path", "service", "timer"] {
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
        .arg(path("evercert-reload@a.example.timer"))
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

#[test]
fn doctor_has_the_daemon_run_each_check_and_says_that_it_sees_nothing_without_one() {
    let world = World::new(Duration::ZERO);
    let check = world.script(
        "check.sh",
        &format!(
            "[ $EVERCERT_EVENT = check ] || exit 0\necho run >> {0}/runs\n[ ! -e {0}/broken ] || {{ echo 'Read-only file system' >&2; exit 1; }}",
            world.folder.path().display()
        ),
    );
    let target = |name: &str| {
        let file = world.path(name);
        format!(
            "[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\ncheck = [\"{check}\"]\n",
            file.display()
        )
    };
    world.write_config(&format!("{}{}", target("a.pem"), target("b.pem")));
    let findings = |level: &str| -> Vec<String> {
        let output = world.verb(&["doctor", "--offline", "--json"]);
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let list = list.as_array().unwrap().iter();
        list.filter(|one| one["level"] == level)
            .map(|one| one["finding"].as_str().unwrap().to_owned())
            .filter(|finding| finding.contains("its check"))
            .collect()
    };
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 2);
    assert!(findings("fails").is_empty() && findings("unproven").is_empty());
    fs::write(world.path("broken"), "").unwrap();
    let runs = || {
        fs::read_to_string(world.path("runs"))
            .unwrap()
            .lines()
            .count()
    };
    let before = runs();
    let found = findings("fails");
    assert_eq!(found.len(), 1, "the same check is told of once: {found:?}");
    assert!(found[0].contains("Read-only file system"), "{found:?}");
    assert!(runs() > before);
    daemon.stop();
    assert!(findings("fails").is_empty());
    assert_eq!(findings("unproven").len(), 1);
}
