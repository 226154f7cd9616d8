//! Times from outside, kept on the calendar.
//!
//! A time that somebody else wrote can lie anywhere that a number reaches, and where it ends, adding an hour is a panic. Certificates
//! live in years of four digits; so what lies beyond is no time.

use chrono::{DateTime, Datelike as _, Utc};

/// The time, if anything here can be in its year: from 1970 on, with four digits.
pub(crate) fn on_it(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (1970..=9999).contains(&time.year()).then_some(time)
}

/// Milliseconds since 1970 as a time. What is off the calendar is the far past, which makes it due, not lost.
pub(crate) fn of_milliseconds(milliseconds: i64) -> DateTime<Utc> {
    let time = DateTime::from_timestamp_millis(milliseconds);
    time.and_then(on_it).unwrap_or(DateTime::UNIX_EPOCH)
}

/// For fields that JSON keeps as milliseconds since 1970.
pub(crate) mod milliseconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer};

    pub(crate) use chrono::serde::ts_milliseconds::serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        i64::deserialize(from).map(super::of_milliseconds)
    }
}

/// As [`milliseconds`], where there may be none.
pub(crate) mod milliseconds_option {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer};

    pub(crate) use chrono::serde::ts_milliseconds_option::serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(super::of_milliseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_off_the_calendar_is_the_far_past() {
        let last = 253_402_300_799_999;
        for (milliseconds, kept) in [(0, 0), (1_770_000_000_123, 1_770_000_000_123), (last, last)] {
            assert_eq!(of_milliseconds(milliseconds).timestamp_millis(), kept);
        }
        for beyond in [-1, last + 1, 8_210_266_876_799_999, i64::MIN, i64::MAX] {
            assert_eq!(of_milliseconds(beyond), DateTime::UNIX_EPOCH, "{beyond}");
        }
    }
}
