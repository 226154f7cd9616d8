//! How times and bytes are written.

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Timelike, Utc};

/// A time as the management port shows it: RFC 3339, UTC, milliseconds.
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time in the details of tasks: RFC 3339, UTC, microseconds.
pub(super) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The service's usual time text: `YYYY-MM-DD HH:MM:SS` at GMT+8, without saying so.
pub(super) fn beijing(at: DateTime<Utc>) -> String {
    // By hand: a list has six of them an entry, and chrono reads its format anew for each.
    let there = at.naive_utc() + TimeDelta::hours(8);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        there.year(),
        there.month(),
        there.day(),
        there.hour(),
        there.minute(),
        there.second()
    )
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
