//! The shipped units under older systemd, down to 219 of CentOS 7.
//!
//! An older systemd passes over a setting that it does not know, and over a value. Each such one is in a table here with
//! what that means: nothing, or what the packages and the documentation have instead. The versions are those of systemd's
//! NEWS and of the tables of its parser (`src/core/load-fragment-gperf.gperf*`) in 219 and 239 of Red Hat.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The files of `systemd/` that systemd reads as units.
const UNITS: [&str; 6] = [
    "evercert.service",
    "evercert-reload@.path",
    "evercert-reload@.service",
    "evercert-reload@.timer",
    "evercert.service.d/targets.conf",
    "evercert.service.d/zz-older-systemd.conf",
];

/// What 219 knows, of what the units have.
const KNOWN: [&str; 38] = [
    "AccuracySec",
    "After",
    "AmbientCapabilities",
    "CapabilityBoundingSet",
    "Description",
    "Environment",
    "ExecReload",
    "ExecStart",
    "ExecStartPre",
    "Group",
    "LimitCORE",
    "LimitNOFILE",
    "NoNewPrivileges",
    "OnActiveSec",
    "OnUnitInactiveSec",
    "PartOf",
    "PathChanged",
    "PrivateDevices",
    "PrivateTmp",
    "ProtectHome",
    "ProtectSystem",
    "Restart",
    "RestartPreventExitStatus",
    "RestartSec",
    "RestrictAddressFamilies",
    "StartLimitInterval",
    "SystemCallArchitectures",
    "SystemCallErrorNumber",
    "SystemCallFilter",
    "TimeoutStartSec",
    "TimeoutStopSec",
    "Type",
    "UMask",
    "Unit",
    "User",
    "WantedBy",
    "Wants",
    "WatchdogSec",
];

/// What came later.
enum Older {
    /// The daemon does as well without: one wall less around a user without rights, or a line more in the journal.
    Does,
    /// This file has the stand-in for it, by this text.
    Has(&'static str, &'static str),
}
use Older::{Does, Has};

/// What came with which version of systemd, and what an older one has instead.
const NEWER: [(&str, u32, Older); 24] = [
    // Also on the line of the service, which is its place before.
    (
        "StartLimitIntervalSec",
        230,
        Has("systemd/evercert-reload@.service", "StartLimitInterval=0"),
    ),
    ("MemoryDenyWriteExecute", 231, Does),
    // Without it nothing is read-only: ProtectSystem=strict is younger.
    ("ReadWritePaths", 231, Does),
    ("RestrictRealtime", 231, Does),
    ("PrivateUsers", 232, Does),
    ("ProtectControlGroups", 232, Does),
    ("ProtectKernelModules", 232, Does),
    ("ProtectKernelTunables", 232, Does),
    ("ProtectSystem=strict", 232, Does),
    ("RemoveIPC", 232, Does),
    ("RestrictNamespaces", 233, Does),
    (
        "ConfigurationDirectory",
        235,
        Has("packaging/prepare.sh", "mkdir -p /etc/evercert"),
    ),
    ("LockPersonality", 235, Does),
    // ProtectSystem=strict without it needs the folder named too.
    (
        "StateDirectory",
        235,
        Has(
            "systemd/evercert.service",
            "ReadWritePaths=-/var/lib/evercert",
        ),
    ),
    (
        "StateDirectoryMode",
        235,
        Has(
            "packaging/prepare.sh",
            "install -d -m 0711 -o evercert -g evercert /var/lib/evercert",
        ),
    ),
    ("LogLevelMax", 236, Does),
    // What is left of the filter would allow nothing.
    (
        "SystemCallFilter=@system-service",
        239,
        Has("packaging/prepare.sh", "zz-older-systemd.conf"),
    ),
    ("ProtectHostname", 242, Does),
    ("RestrictSUIDSGID", 242, Does),
    ("ProtectKernelLogs", 244, Does),
    ("ProtectClock", 245, Does),
    (
        "LoadCredential",
        247,
        Has("docs/operations.md", "secret_key_file"),
    ),
    ("ProcSubset", 247, Does),
    ("ProtectProc", 247, Does),
];

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The settings of a unit, name and value; a setting that is proposed in a comment (`# Name=`) counts too.
fn settings(unit: &str) -> Vec<(String, String)> {
    let text = file(&format!("systemd/{unit}"));
    let mut found = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let is_new = !std::mem::replace(&mut goes_on, line.ends_with('\\'));
        let line = line.strip_prefix("# ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let is_name =
            name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric);
        if is_new && is_name {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    assert!(found.len() > 2, "{unit} was not read");
    found
}

#[test]
fn each_setting_that_an_older_systemd_passes_over_is_harmless_or_has_its_stand_in() {
    let mut used = BTreeSet::new();
    for unit in UNITS {
        for (name, value) in settings(unit) {
            let first = value.split_whitespace().next().unwrap_or_default();
            let with_value = format!("{name}={first}");
            for (newer, ..) in &NEWER {
                if *newer == name || *newer == with_value {
                    used.insert(*newer);
                }
            }
            assert!(
                KNOWN.contains(&name.as_str()) || used.contains(name.as_str()),
                "{unit}: since which version does systemd know {name}=, and what is there before? (NEWER)"
            );
            // Sets, and values of known settings, are as new as settings may be.
            assert!(
                !first.starts_with('@') || used.contains(with_value.as_str()),
                "{unit}: since which version does systemd know {first}? (NEWER)"
            );
        }
    }
    for (name, version, older) in &NEWER {
        assert!(used.contains(name), "{name}= is in no unit any more");
        assert!(
            *version > 219 && !KNOWN.contains(name),
            "{name}= is known to 219"
        );
        if let Has(place, text) = older {
            assert!(
                file(place).contains(text),
                "{place} has no stand-in for {name}=: {text}"
            );
        }
    }
}

#[test]
fn no_value_is_a_mistake_for_systemd_219() {
    for unit in UNITS {
        for (name, value) in settings(unit) {
            if name.starts_with("Exec") {
                // `+`, `!` and `:` in front came with 231, 231 and 248; before, the path had to be absolute.
                let path = value.trim_start_matches('-');
                assert!(path.starts_with('/'), "{unit}: {name}={value}");
            }
            if name == "Type" {
                assert!(
                    ["notify", "oneshot"].contains(&value.as_str()),
                    "{unit}: Type={value}"
                );
            }
            // Others came later: %S, %C, %L, %E with 235, %d with 249.
            let text = value.replace("%%", "");
            for specifier in text.split('%').skip(1) {
                assert!(specifier.starts_with('i'), "{unit}: {name}={value}");
            }
        }
    }
}

#[test]
fn the_drop_in_for_older_systemd_comes_last_and_names_calls_alone() {
    let mut names = UNITS
        .iter()
        .filter_map(|unit| unit.strip_prefix("evercert.service.d/"));
    assert_eq!(names.clone().max(), Some("zz-older-systemd.conf"));
    assert!(names.any(|name| name == "targets.conf"));
    let filters = settings("evercert.service.d/zz-older-systemd.conf");
    assert_eq!(
        filters[0],
        ("SystemCallFilter".to_owned(), String::new()),
        "the unit's filter goes first"
    );
    for (name, value) in &filters[1..] {
        assert_eq!(name, "SystemCallFilter");
        assert!(value.starts_with('~') && !value.contains('@'), "{value}");
    }
}

#[test]
fn the_manual_tells_in_both_languages_what_an_older_systemd_does_not_give() {
    for page in ["docs/operations.md", "docs/zh-CN/operations.md"] {
        let text = file(page);
        for (name, version, older) in &NEWER {
            let name = name.split('=').next_back().unwrap_or(name);
            let told = text.contains(name) && text.contains(&version.to_string());
            assert!(
                matches!(older, Does) || name == "StartLimitIntervalSec" || told,
                "{page} does not tell of {name}"
            );
        }
    }
}
