//! What people and scripts see: tables, times, JSON.

use std::io::{self, ErrorKind, IsTerminal, Write};

use chrono::{DateTime, Local, SecondsFormat, Utc};

use super::failure::Failure;
use crate::text::plain_lines;

/// Prints text. What would act on the terminal is no more in it, wherever it came from. A reader that went away (`| head`) ends the output, and is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(plain_lines(text).as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints a JSON value, indented.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// A table with a headline; columns as wide as they must be.
pub(super) fn table(headline: &[&str], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = headline.iter().map(|title| width(title)).collect();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            if let Some(widest) = widths.get_mut(column) {
                *widest = (*widest).max(width(cell));
            }
        }
    }
    let line = |cells: &[&str]| {
        let mut text = String::new();
        for (column, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < cells.len() {
                let pad = widths.get(column).map_or(0, |widest| widest - width(cell));
                text.push_str(&" ".repeat(pad + 2));
            }
        }
        format!("{}\n", text.trim_end())
    };
    let mut text = line(headline);
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        text.push_str(&line(&cells));
    }
    text
}

/// A time for a screen: local, with the zone.
pub(super) fn local(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// A time for scripts: RFC 3339, UTC.
pub(super) fn rfc3339(time: Option<DateTime<Utc>>) -> serde_json::Value {
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
        .into()
}

/// Whether colours and moving lines are wanted on standard output.
pub(super) fn is_lively() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
