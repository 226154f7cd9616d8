//! The config as its callers see it.

mod cloud;
mod entries;
mod example;
mod files;
mod fleet;
mod http;
mod manual;
mod notify;
mod positions;
mod rules;
mod targets;
mod validation;
mod values;

use super::{Loaded, parse};

/// A minimal valid config.
const MINIMAL: &str = "[[certificates]]\ndomain = \"wgc.red\"\n";

/// What is said about a text that must be wrong.
#[track_caller]
fn rejection(text: &str) -> String {
    match parse(text, None) {
        Ok(loaded) => panic!("accepted: {text}\nas {:?}", loaded.config),
        Err(rejected) => rejected.to_string(),
    }
}

/// The config of a text that must be right.
#[track_caller]
fn accepted(text: &str) -> Loaded {
    match parse(text, None) {
        Ok(loaded) => loaded,
        Err(rejected) => panic!("rejected: {text}\n{rejected}"),
    }
}

/// That the text is rejected for exactly one mistake, whose words hold all of these.
#[track_caller]
fn rejected_for(text: &str, says: &[&str]) {
    let rejection = rejection(text);
    for words in says {
        assert!(
            rejection.contains(words),
            "{text}\nsays:\n{rejection}\nbut not: {words}"
        );
    }
    let blocks = rejection
        .lines()
        .filter(|line| !line.starts_with("  help: "))
        .count();
    assert_eq!(blocks, 1, "{text}\nsays more than one thing:\n{rejection}");
}

/// A config with these lines under the one certificate.
fn with(lines: &str) -> String {
    format!("{MINIMAL}{lines}\n")
}

/// A config with these lines in front of the one certificate.
fn headed(lines: &str) -> String {
    format!("{lines}\n{MINIMAL}")
}
