//! The cron expression of `schedule.check`: six fields, seconds first, read in local time.
//!
//! Checked with the parser and the settings that tokio-cron-scheduler 0.15 uses itself (croner 3, seconds required,
//! day of month *and* day of week must both match), so that what passes here cannot fail there. Narrower than that in
//! two ways: no seventh field for years, and no `@daily` words, since design and scheduler speak of six fields.

use std::fmt;

use chrono::{DateTime, Local, Utc};
use croner::parser::{CronParser, Seconds};

use super::mistake::{Fault, quoted};

/// The fields, and what each may hold, as a message says it.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0 to 59"),
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31, or L"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of week", "0 to 7, or SUN to SAT"),
];

const SHAPE: &str =
    "second minute hour day-of-month month day-of-week, for example \"0 17 4,16 * * *\"";

/// Words that other crons know for whole expressions.
const NICKNAMES: [(&str, &str); 6] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@annually", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("@daily", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
];

/// A cron expression of six fields that the scheduler accepts and that comes true some day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron(String);

impl Cron {
    /// The expression, its fields separated by one space.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The next time that it names after `now`, by this machine's zone; none if there is none to come.
    #[must_use]
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        parser()
            .parse(&self.0)
            .ok()?
            .find_next_occurrence(&now.with_timezone(&Local), false)
            .ok()
            .map(|next| next.with_timezone(&Utc))
    }

    /// Every so many seconds of a minute; 1 to 59.
    #[must_use]
    pub fn every_seconds(seconds: u8) -> Self {
        Self(format!("*/{} * * * * *", seconds.clamp(1, 59)))
    }

    /// Checks an expression.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let expression = fields.join(" ");
        let nickname = NICKNAMES
            .iter()
            .find(|(name, _)| expression.eq_ignore_ascii_case(name));
        if let Some((_, meant)) = nickname {
            return Err(Fault::new(
                format!("{} is not known here; a cron has six fields", quoted(text)),
                format!("write \"{meant}\""),
            ));
        }
        if fields.len() != FIELDS.len() {
            return Err(wrong_count(text, &expression, fields.len()));
        }
        if expression.len() > 256 {
            return Err(Fault::new(
                "the cron expression is longer than 256 characters",
                SHAPE,
            ));
        }
        let Ok(cron) = parser().parse(&expression) else {
            return Err(wrong_field(text, &fields));
        };
        // Any moment does as a start: what comes in no year after this one comes never.
        if cron
            .find_next_occurrence(&DateTime::<Utc>::UNIX_EPOCH, true)
            .is_err()
        {
            return Err(Fault::new(
                format!("{} never comes: no such day exists", quoted(text)),
                "a day must match the day of month, the month and the day of week together",
            ));
        }
        Ok(Self(expression))
    }
}

impl Default for Cron {
    /// Twice a day, at an odd minute: early enough to retry, and never with everybody else on the hour.
    fn default() -> Self {
        Self("0 17 4,16 * * *".to_owned())
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn parser() -> CronParser {
    CronParser::builder()
        .seconds(Seconds::Required)
        .dom_and_dow(true)
        .build()
}

fn wrong_count(text: &str, expression: &str, count: usize) -> Fault {
    if count == 5 {
        let six = format!("0 {expression}");
        let help = format!("write \"{six}\" (the first field is the second)");
        return Fault::new(
            format!(
                "{} has five fields; a cron here has six, seconds first",
                quoted(text)
            ),
            help,
        );
    }
    let fields = if count == 1 { "field" } else { "fields" };
    Fault::new(
        format!("{} has {count} {fields}; a cron has six", quoted(text)),
        format!("write {SHAPE}"),
    )
}

/// Names the first field that is wrong by itself.
fn wrong_field(text: &str, fields: &[&str]) -> Fault {
    for (index, (name, range)) in FIELDS.iter().enumerate() {
        let mut alone = ["*"; 6];
        let field = fields.get(index).copied().unwrap_or("*");
        if let Some(slot) = alone.get_mut(index) {
            *slot = field;
        }
        if parser().parse(&alone.join(" ")).is_err() {
            return Fault::new(
                format!(
                    "the {name} field {} of the cron is not valid",
                    quoted(field)
                ),
                format!(
                    "a {name} is {range}; also *, lists like 4,16, ranges like 1-5 and steps like */6"
                ),
            );
        }
    }
    Fault::new(
        format!("{} is not a cron expression", quoted(text)),
        format!("write {SHAPE}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match Cron::parse(text) {
            Ok(cron) => format!("accepted as {cron}"),
            Err(fault) => format!("{} / {}", fault.message, fault.help.unwrap_or_default()),
        }
    }

    #[test]
    fn six_fields_are_accepted_and_tidied() {
        for text in [
            "0 17 4,16 * * *",
            "* * * * * *",
            "*/10 0-30/5 0 L JAN-MAR MON-FRI",
            "0 0 0 ? * sun",
            "0 0 0 29 2 *",
            "0 0 0 29 2 MON",
            "0 0 4 15W * *",
            "0 0 4 * * FRI#L",
        ] {
            assert_eq!(
                Cron::parse(text).map(|cron| cron.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(
            Cron::parse("  0 17  4 * *\t* ").map(|cron| cron.as_str().to_owned()),
            Ok("0 17 4 * * *".to_owned())
        );
    }

    #[test]
    fn what_is_accepted_here_is_accepted_by_the_scheduler() {
        let cron = Cron::parse("*/10 0-30/5 0 L JAN-MAR MON-FRI").unwrap();
        let job = tokio_cron_scheduler::Job::new_async(cron.as_str(), |_, _| Box::pin(async {}));
        assert!(job.is_ok());
    }

    #[test]
    fn the_default_passes_its_own_check() {
        assert_eq!(Cron::parse(Cron::default().as_str()), Ok(Cron::default()));
    }

    #[test]
    fn five_fields_are_refused_with_the_six_shown() {
        let refusal = refusal("17 4 * * *");
        assert!(refusal.contains("five fields"), "{refusal}");
        assert!(refusal.contains("write \"0 17 4 * * *\""), "{refusal}");
    }

    #[test]
    fn other_counts_and_nicknames_are_refused_with_the_form() {
        for (text, says) in [
            ("", "has 0 fields"),
            ("often", "has 1 field;"),
            ("0 0 0 * * * 2030", "has 7 fields"),
            ("@daily", "write \"0 0 0 * * *\""),
        ] {
            assert!(refusal(text).contains(says), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (text, says) in [
            ("60 * * * * *", "the second field `60`"),
            ("0 x * * * *", "the minute field `x`"),
            ("0 0 24 * * *", "the hour field `24`"),
            ("0 0 0 0 * *", "the day of month field `0`"),
            ("0 0 0 1 13 *", "the month field `13`"),
            ("0 0 0 * * 8", "the day of week field `8`"),
            ("0 5-1 0 * * *", "the minute field `5-1`"),
        ] {
            assert!(refusal(text).contains(says), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn a_day_that_never_comes_is_refused() {
        for text in ["0 0 0 30 2 *", "0 0 0 L * MON#1"] {
            assert!(refusal(text).contains("never comes"), "{}", refusal(text));
        }
    }
}
