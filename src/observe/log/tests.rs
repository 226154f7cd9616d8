//! What a log pipeline and a person at a terminal rely on.

use std::io;
use std::sync::{Arc, Mutex};

use chrono::DateTime;
use serde_json::Value;

use super::*;
use crate::observe::{Event, Fact};

/// Collects what is written.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines_of(is_pretty: bool, colours: bool, level: &str, act: impl FnOnce()) -> Vec<String> {
    let captured = Captured::default();
    let writer = captured.clone();
    let layer = layer(is_pretty, colours, move || writer.clone());
    let filter = filter(level).unwrap();
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
    tracing::subscriber::with_default(subscriber, || {
        // With one listener alone, a line that another thread meets first counts for all as one that nobody listens to.
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        tracing::callsite::rebuild_interest_cache();
        act();
    });
    let bytes = captured.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn failed() -> Event {
    let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    let fact = Fact::CertificateFailed {
        reason: "the service is busy".into(),
        goes_back: false,
    };
    Event::of(fact)
        .certificate("a.example")
        .class("transient")
        .code("FailedOperation.NetworkError")
        .attempt(3)
        .days_left_until(Some(now - chrono::TimeDelta::days(1)), now)
        .next_attempt(now)
}

#[test]
fn json_lines_are_flat_and_lack_what_is_absent() {
    let lines = lines_of(false, false, "info", || failed().emit());
    let Value::Object(mut line) = serde_json::from_str(&lines[0]).unwrap() else {
        panic!("no object: {lines:?}");
    };
    let timestamp = line.remove("timestamp").unwrap();
    let timestamp = timestamp.as_str().unwrap();
    assert!(timestamp.ends_with('Z') && DateTime::parse_from_rfc3339(timestamp).is_ok());
    let expected = serde_json::json!({
        "level": "WARN",
        "message": "a.example: the service is busy",
        "event": "certificate.failed",
        "certificate": "a.example",
        "class": "transient",
        "code": "FailedOperation.NetworkError",
        "attempt": 3,
        "days_left": -1,
        "next_attempt": "2026-02-02T02:40:00Z",
    });
    assert_eq!(Value::Object(line), expected);
    assert_eq!(lines.len(), 1);
}

#[test]
fn every_field_that_is_logged_is_kept_for_the_history_too() {
    let time = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    let full = failed()
        .account("default")
        .certificate_id("abc12345")
        .request_id("r-1")
        .not_after(time)
        .target("pem /x")
        .main_domain("example")
        .place_in("/etc/evercert/config.toml", 7);
    let mut kept: Value = serde_json::from_str(&full.to_entry().fields).unwrap();
    let lines = lines_of(false, false, "info", || full.emit());
    let Value::Object(mut logged) = serde_json::from_str(&lines[0]).unwrap() else {
        panic!("no object: {lines:?}");
    };
    for name in ["timestamp", "level", "message", "event"] {
        assert!(logged.remove(name).is_some(), "{name}");
    }
    assert_eq!(kept.as_object_mut().unwrap(), &mut logged);
}

#[test]
fn every_level_of_events_has_its_own_name_in_the_log() {
    for (fact, name) in [
        (Fact::LiveWrong { reason: "x".into() }, "ERROR"),
        (Fact::ClockSkewed { seconds: 400 }, "WARN"),
        (Fact::OrderIssued, "INFO"),
        (Fact::PassStarted, "DEBUG"),
    ] {
        assert_eq!(fact.kind().level.name(), name);
        let lines = lines_of(false, false, "debug", || Event::of(fact).emit());
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["level"], name);
    }
}

#[test]
fn pretty_lines_begin_with_time_level_and_message() {
    let lines = lines_of(true, false, "info", || failed().emit());
    let (time, rest) = lines[0].split_at(20);
    assert!(time.ends_with('Z') && DateTime::parse_from_rfc3339(time).is_ok());
    assert_eq!(
        rest,
        " WARN  a.example: the service is busy  event=certificate.failed certificate=a.example days_left=-1 \
         code=FailedOperation.NetworkError class=transient attempt=3 next_attempt=2026-02-02T02:40:00Z"
    );
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    let coloured = lines_of(true, true, "info", || failed().emit());
    assert!(coloured[0].contains("\x1b[33mWARN"));
    let plain = lines_of(true, false, "info", || failed().emit());
    assert!(!plain[0].contains('\x1b'));
}

#[test]
fn text_from_outside_cannot_forge_lines_or_command_the_terminal() {
    for is_pretty in [false, true] {
        let lines = lines_of(is_pretty, true, "info", || {
            tracing::error!(detail = "x\ny\x1b[2J", "first\nsecond\x1b]0;title\x07");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(!lines[0].contains("\x1b[2J") && !lines[0].contains("\x1b]0"));
    }
}

#[test]
fn libraries_are_heard_at_warn_only_whatever_the_level() {
    let act = || {
        tracing::trace!(target: "hyper::proto", "authorization: secret");
        tracing::info!(target: "sqlx::query", "select");
        tracing::warn!(target: "reqwest", "a warning");
        tracing::trace!("ours");
    };
    let lines = lines_of(true, false, "trace", act);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("a warning") && lines[1].contains("ours"));
    assert!(lines_of(true, false, "error", act).is_empty());
    assert_eq!(lines_of(true, false, "info", act).len(), 1);
}

#[test]
fn an_unknown_level_is_refused_with_those_that_exist() {
    for level in ["", "off", "INFO", "loud", "evercert=trace,hyper=trace"] {
        let error = parse_level(level).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("error, warn, info, debug or trace")
        );
    }
}
