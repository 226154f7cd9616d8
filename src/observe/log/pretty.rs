//! Lines for people: `2026-02-03T04:05:06Z INFO  message  key=value …`.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::parts::Parts;

/// The format. Spans are not shown.
pub(super) struct Pretty;

impl<S, N> FormatEvent<S, N> for Pretty
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        let parts = Parts::of(event);
        let (colour, dim, plain) = if writer.has_ansi_escapes() {
            (colour(level), "\x1b[2m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        write!(
            writer,
            "{dim}{}{plain} {colour}{:<5}{plain} {}",
            now()?,
            level.as_str(),
            escaped(&parts.message)
        )?;
        let fields = parts.fields.iter();
        let fields: Vec<String> = fields.map(|(name, value)| field(name, value)).collect();
        if !fields.is_empty() {
            write!(writer, "  {dim}{}{plain}", fields.join(" "))?;
        }
        writeln!(writer)
    }
}

/// The time in UTC, to the second: the library's own clock and form, without its fraction.
fn now() -> Result<String, fmt::Error> {
    let mut text = String::new();
    SystemTime.format_time(&mut Writer::new(&mut text))?;
    if let Some((seconds, _)) = text.split_once('.') {
        return Ok(format!("{seconds}Z"));
    }
    Ok(text)
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[34m",
    }
}

/// `key=value`, quoted where that is not safe to print or to read.
fn field(name: &str, value: &str) -> String {
    let is_bare = !value.is_empty()
        && !value
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '='));
    if is_bare {
        format!("{name}={value}")
    } else {
        format!("{name}={value:?}")
    }
}

/// A terminal obeys control characters, and a line break would forge a line: both are shown instead.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}
