//! The manual of the log and the log itself: neither has what the other lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use evercert::observe::EVENTS;
use serde_json::Value;

use crate::common::{Daemon, Home, StandIn};

const MANUAL: &str = include_str!("../../docs/log-events.md");
const CHINESE: &str = include_str!("../../docs/zh-CN/log-events.md");
const LOKI: &str = include_str!("../../docs/monitoring/loki-rules.yml");
const JOURNALD: &str = include_str!("../../docs/monitoring/journald.md");

/// The rows of the manual's table: an event's name, and its other cells.
fn rows() -> Vec<Vec<&'static str>> {
    rows_below(MANUAL, "\n## Events\n")
}

fn rows_below(manual: &'static str, headline: &str) -> Vec<Vec<&'static str>> {
    let table = manual.split(headline).nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

#[test]
fn the_manual_has_every_event_with_its_level_meaning_and_remedy_and_no_other() {
    let table = rows();
    let known: Vec<String> = EVENTS
        .iter()
        .map(|kind| {
            let level = kind.level.name().to_ascii_lowercase();
            format!(
                "`{}` | {level} | {} | {}",
                kind.name, kind.meaning, kind.remedy.english
            )
        })
        .collect();
    let written: Vec<String> = table
        .iter()
        .map(|row| format!("{} | {} | {} | {}", row[0], row[1], row[3], row[4]))
        .collect();
    for line in &known {
        assert!(written.contains(line), "docs/log-events.md lacks\n{line}");
    }
    for line in &written {
        assert!(
            known.contains(line),
            "docs/log-events.md has, and the code has not,\n{line}"
        );
    }
    assert_eq!(known, written, "the order is the table's");
}

#[test]
fn the_chinese_manual_has_the_same_events_levels_and_fields_and_the_remedies_that_messages_have() {
    let chinese = rows_below(CHINESE, "\n## 事件\n");
    let told = |rows: &[Vec<&str>]| -> Vec<_> {
        let row = |row: &Vec<&str>| (row[0].to_owned(), row[1].to_owned(), quoted(row[2]));
        rows.iter().map(row).collect()
    };
    assert_eq!(told(&chinese), told(&rows()));
    for row in &chinese {
        let whole = row[3..].iter().all(|cell| cell.ends_with('。'));
        assert!(whole && row.len() == 5, "{row:?}");
    }
    let written = chinese
        .iter()
        .map(|row| (quoted(row[0]), row[4].to_owned()));
    let known = EVENTS.iter().map(|kind| {
        let name = BTreeSet::from([kind.name.to_owned()]);
        (name, kind.remedy.chinese.to_owned())
    });
    let written: Vec<_> = written.collect();
    for (known, written) in known.zip(written) {
        assert_eq!(known, written, "docs/zh-CN/log-events.md");
    }
}

#[test]
fn every_field_in_the_manual_is_explained_there() {
    let fields = MANUAL.split("\n## Fields\n").nth(1).unwrap();
    let fields = fields.split("\n## ").next().unwrap();
    let explained: BTreeSet<String> = fields
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| quoted(line.split(" | ").next().unwrap()))
        .collect();
    let used: BTreeSet<String> = rows().iter().flat_map(|row| quoted(row[2])).collect();
    assert_eq!(used, explained);
}

#[test]
fn rules_name_only_events_that_there_are() {
    let names: BTreeSet<&str> = EVENTS.iter().map(|kind| kind.name).collect();
    let mut found = 0;
    let journald = JOURNALD.replace("log-events.md", "");
    for text in [LOKI, &journald] {
        // event="a", event=~"a|b", EVERCERT_EVENT=a, "event":"a", .event == "a"
        for part in text.split("event").chain(text.split("EVENT")).skip(1) {
            let part = part.trim_start_matches(['=', '~', ' ', '"', ':']);
            let end =
                part.find(|c: char| !(c.is_ascii_lowercase() || matches!(c, '.' | '_' | '|')));
            for name in part[..end.unwrap_or(part.len())].split('|') {
                if name.contains('.') {
                    found += 1;
                    assert!(names.contains(name), "{name}");
                }
            }
        }
    }
    assert!(found > 20, "{found}");
    assert!(LOKI.contains("absent_over_time") && JOURNALD.contains("daemon.heartbeat"));
}

#[test]
fn the_rules_for_loki_are_valid_yaml_of_the_rulers_form() {
    let script = "import sys, yaml\n\
        for group in yaml.safe_load(sys.stdin)['groups']:\n \
        for rule in group['rules']:\n  \
        assert isinstance(rule['expr'], str) and rule['labels']['severity'], rule\n  \
        assert rule['annotations']['summary'] and rule['annotations']['description'], rule\n  \
        print(rule['alert'])";
    let probe = Command::new("/usr/bin/python3")
        .args(["-c", "import yaml"])
        .output();
    if !probe.is_ok_and(|done| done.status.success()) {
        println!("skipped: python3-yaml is not installed");
        return;
    }
    let done = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .stdin(std::fs::File::open("docs/monitoring/loki-rules.yml").unwrap())
        .output()
        .unwrap();
    let names = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(
        names.lines().count(),
        LOKI.matches("- alert: ").count(),
        "{names}"
    );
}

/// That a log line has no field which the manual does not give its event.
fn check(log: &[Value]) -> BTreeSet<String> {
    let allowed: BTreeMap<String, BTreeSet<String>> = rows()
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), quoted(row[2])))
        .collect();
    let mut seen = BTreeSet::new();
    for line in log {
        let Some(event) = line["event"].as_str() else {
            continue;
        };
        let fields = allowed.get(event).unwrap_or_else(|| panic!("{line}"));
        for (name, _) in line.as_object().unwrap() {
            let always = ["timestamp", "level", "message", "event"].contains(&name.as_str());
            assert!(always || fields.contains(name), "{name} in {line}");
        }
        seen.insert(event.to_owned());
    }
    seen
}

#[test]
fn what_is_logged_has_the_fields_that_the_manual_gives_it() {
    let stand_in = StandIn::with(|options| {
        options.first_age = std::time::Duration::from_secs(62 * 86_400);
        options.domain_limit = 1;
    });
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["hooked.example.net"]);
    let hooks = "[certificates.hooks]\ndeploy = [[\"/bin/false\"]]\n\
        [[certificates]]\ndomain = \"hand.example.org\"\nvalidation = { method = \"DNS\", provider = \"manual\" }\n\
        [[certificates]]\ndomain = \"full.example.com\"\n\
        [[certificates]]\ndomain = \"over.example.com\"\n\
        [[notify]]\ntype = \"exec\"\ncommand = [\"/bin/false\"]\n";
    home.write_config(format!("{text}{hooks}"));
    let mut daemon = Daemon::start(&home);
    for event in [
        "hook.failed",
        "validation.wanted",
        "quota.exhausted",
        "notification.failed",
    ] {
        daemon.wait(event);
    }
    home.write_config("nonsense");
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    daemon.wait("config.rejected");
    daemon.stop();
    let seen = check(&daemon.log());
    assert!(seen.len() >= 12, "{seen:?}");
}

#[test]
fn a_journal_that_is_not_there_is_said_and_the_lines_are_json() {
    if std::path::Path::new("/run/systemd/journal/socket").exists() {
        println!("skipped: this machine has a journal");
        return;
    }
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(text.replace("format = \"json\"", "format = \"journald\""));
    let mut daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    daemon.stop();
    assert!(
        daemon.text().contains("there is no journal at"),
        "{}",
        daemon.text()
    );
}
