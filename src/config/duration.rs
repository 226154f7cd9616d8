//! Durations as people write them: `90s`, `10m`, `6h`, `30d`, `1h30m`.
//!
//! A number without a unit is refused: whether `30` are seconds or days is not for a program to guess.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::mistake::{Fault, quoted};

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// Bounds in seconds, both among them.
pub(super) const fn seconds(least: u64, most: u64) -> RangeInclusive<Duration> {
    Duration::from_secs(least)..=Duration::from_secs(most)
}

/// The service links a renewal to the old certificate in its last 30 days only (Tencent Cloud, ApplyCertificate,
/// 2025-02-17), so nothing longer has a meaning; less than a day leaves no time for a second try.
pub(super) const RENEW_BEFORE: RangeInclusive<Duration> = seconds(DAY, 30 * DAY);

/// The units and their seconds, longest first: the order they must be written in.
const UNITS: [(char, u64); 4] = [('d', DAY), ('h', HOUR), ('m', MINUTE), ('s', 1)];

/// Reads a duration, and holds it within bounds. `name` is the key; `unit` is what a bare number most probably meant.
pub(super) fn within(
    name: &str,
    text: &str,
    unit: char,
    bounds: &RangeInclusive<Duration>,
) -> Result<Duration, Fault> {
    let Some(duration) = parse(text) else {
        return Err(not_a_duration(name, text, unit));
    };
    if bounds.contains(&duration) {
        return Ok(duration);
    }
    Err(Fault {
        message: format!(
            "`{name}` must be from {} to {}, not {}",
            written(*bounds.start()),
            written(*bounds.end()),
            quoted(text)
        ),
        help: None,
    })
}

fn not_a_duration(name: &str, text: &str, unit: char) -> Fault {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Fault::new(
            format!("`{name}` has no unit"),
            format!(
                "write \"{}{unit}\"; units are s, m, h and d",
                quoted(text).trim_matches('`')
            ),
        );
    }
    let relaxed: String = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect::<String>()
        .to_lowercase();
    let help = match parse(&relaxed) {
        Some(_) => format!("write it as \"{relaxed}\""),
        None => "write whole numbers with their units, longest first: \"30s\", \"10m\", \"1h30m\", \"30d\"".to_owned(),
    };
    Fault::new(format!("{} is not a duration", quoted(text)), help)
}

/// The duration, or `None` if the text is none or is longer than a `u64` of seconds holds.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        // Taking from the iterator is what makes each unit usable once, and in this order only.
        let (_, worth) = units.find(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.checked_mul(*worth)?)?;
        rest = rest.get(digits + unit.len_utf8()..)?;
    }
    (!text.is_empty()).then_some(Duration::from_secs(seconds))
}

/// A duration as this module reads it, in whole seconds.
pub(super) fn written(duration: Duration) -> String {
    let mut seconds = duration.as_secs();
    if seconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, worth) in UNITS {
        if seconds >= worth {
            // Writing to a String cannot fail, and the loop goes on either way.
            if write!(text, "{}{unit}", seconds / worth).is_err() {
                return text;
            }
            seconds %= worth;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        parse(text).map(|duration| duration.as_secs())
    }

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, expected) in [
            ("0s", 0),
            ("90s", 90),
            ("10m", 600),
            ("6h", 21_600),
            ("30d", 2_592_000),
            ("1h30m", 5_400),
            ("1d1h1m1s", 90_061),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_duration() {
        for text in [
            "",
            "30",
            "s",
            "1.5h",
            "30D",
            "1 h",
            " 1h",
            "-1s",
            "+1s",
            "30m1h",
            "1h1h",
            "1w",
            "1h30",
            "٣s",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_answered_with_the_unit_it_lacks() {
        let bounds = Duration::from_secs(1)..=Duration::from_secs(100);
        let fault = within("poll", "30", 's', &bounds);
        assert!(
            matches!(&fault, Err(f) if f.help.as_deref().is_some_and(|h| h.contains("\"30s\""))),
            "{fault:?}"
        );
        let fault = within("poll", "1 M", 's', &bounds);
        assert!(
            matches!(&fault, Err(f) if f.help.as_deref() == Some("write it as \"1m\"")),
            "{fault:?}"
        );
    }

    #[test]
    fn a_duration_out_of_bounds_is_told_the_bounds() {
        let bounds = Duration::from_secs(1)..=Duration::from_secs(5_400);
        assert!(within("poll", "1s", 's', &bounds).is_ok());
        assert!(within("poll", "1h30m", 's', &bounds).is_ok());
        let fault = within("poll", "5401s", 's', &bounds);
        assert!(
            matches!(&fault, Err(f) if f.message == "`poll` must be from 1s to 1h30m, not `5401s`"),
            "{fault:?}"
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["0s", "1s", "59m59s", "1d", "30d", "1d1h1m1s"] {
            assert_eq!(parse(text).map(written).as_deref(), Some(text));
        }
    }
}
