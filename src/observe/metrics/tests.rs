//! What is written is what is documented.

use super::*;
use crate::clock::{Clock, VirtualClock};
use std::sync::Arc;
use std::time::Duration;

fn sample() -> String {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(DateTime::UNIX_EPOCH));
    let health = Health::new(clock, Duration::from_secs(1));
    let mut rate = Rate::default();
    rate.counts.outcomes = vec![("Probe", "odd\"code\\\n".to_owned(), 3)];
    render(
        Some(&crate::observe::page::samples::troubled()),
        &health,
        &rate,
    )
}

#[test]
fn every_sample_belongs_to_a_family_and_has_its_labels() {
    let text = sample();
    let mut family = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap();
            family = FAMILIES.iter().find(|family| family.name == name);
            assert!(family.is_some(), "{line}");
        } else if !line.starts_with('#') {
            let family = family.unwrap();
            assert!(line.starts_with(family.name), "{line}");
            for label in family.labels {
                assert!(
                    line.contains(&format!("{label}=\"")),
                    "{line} lacks {label}"
                );
            }
        }
    }
    assert!(text.contains(r#"evercert_api_requests_total{action="Probe",code="odd\"code\\\n"} 3"#));
}

#[test]
fn names_follow_prometheus_rules() {
    for family in FAMILIES {
        assert!(family.name.starts_with("evercert_"), "{}", family.name);
        assert_eq!(
            family.kind == MetricKind::Counter,
            family.name.ends_with("_total"),
            "{}",
            family.name
        );
        assert!(family.help.ends_with('.'), "{}", family.name);
    }
}

#[test]
fn the_docs_list_exactly_these_metrics() {
    let docs = include_str!("../../../docs/metrics.md");
    for family in FAMILIES {
        let labels = family
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect::<Vec<_>>()
            .join(" ");
        let row = format!(
            "| `{}` | {} | {labels} | {} |",
            family.name,
            family.kind.name(),
            family.help
        );
        assert!(docs.contains(&row), "docs/metrics.md lacks:\n{row}");
    }
    let rows = docs
        .lines()
        .filter(|line| line.starts_with("| `evercert_"))
        .count();
    assert_eq!(rows, FAMILIES.len());
}

#[test]
fn rules_and_dashboard_ask_only_for_metrics_that_there_are() {
    let asked = [
        include_str!("../../../docs/monitoring/evercert.rules.yml"),
        include_str!("../../../docs/monitoring/evercert.dashboard.json"),
        include_str!("../../../docs/monitoring/evercert.rules.test.yml"),
    ];
    for text in asked {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let mut some = false;
        for word in words.filter(|word| word.starts_with("evercert_")) {
            some = true;
            let known = |name: &str| FAMILIES.iter().any(|family| family.name == name);
            let parts = ["_bucket", "_sum", "_count"];
            let part = parts
                .iter()
                .filter_map(|part| word.strip_suffix(part))
                .any(known);
            assert!(known(word) || part, "there is no metric {word}");
        }
        assert!(some);
    }
}

#[test]
fn without_the_record_the_daemon_still_tells_of_itself() {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(DateTime::UNIX_EPOCH));
    let health = Health::new(clock, Duration::from_secs(1));
    let text = render(None, &health, &Rate::default());
    assert!(text.contains("\nevercert_database_up 0\n"));
    assert!(!text.contains("evercert_certificate"));
}

#[test]
fn the_dashboard_is_one_that_grafana_can_import() {
    let text = include_str!("../../../docs/monitoring/evercert.dashboard.json");
    let dashboard: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(dashboard["title"], "Evercert");
    assert!(dashboard["schemaVersion"].as_u64() >= Some(36));
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: std::collections::BTreeSet<u64> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
    for panel in panels {
        let right =
            panel["gridPos"]["x"].as_u64().unwrap() + panel["gridPos"]["w"].as_u64().unwrap();
        assert!(right <= 24, "{}", panel["title"]);
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        for target in panel["targets"].as_array().unwrap() {
            assert!(target["expr"].as_str().unwrap().contains("evercert_"));
        }
    }
}
