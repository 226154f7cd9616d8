//! Times and counts as people say them.

use chrono::{DateTime, Local, TimeDelta, Utc};

use crate::observe::overview::{Place, Tone, plural};

/// The time here if it is today, else date and time; with the zone.
pub(super) fn short(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (there, here) = (time.with_timezone(&Local), now.with_timezone(&Local));
    let form = if there.date_naive() == here.date_naive() {
        "%H:%M:%S %:z"
    } else {
        "%Y-%m-%d %H:%M %:z"
    };
    there.format(form).to_string()
}

/// The date here.
pub(super) fn date(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%-d %b %Y").to_string()
}

/// How far off a time is: `in 3 hours`, `12 minutes ago`, `now`.
pub(super) fn relative(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let distance = time - now;
    if distance.abs() < TimeDelta::seconds(2) {
        return "now".to_owned();
    }
    let span = span(distance.abs());
    if distance > TimeDelta::zero() {
        format!("in {span}")
    } else {
        format!("{span} ago")
    }
}

/// A length of time in its largest unit that is not too coarse.
pub(super) fn span(length: TimeDelta) -> String {
    if length < TimeDelta::minutes(2) {
        plural(length.num_seconds(), "second")
    } else if length < TimeDelta::hours(2) {
        plural(length.num_minutes(), "minute")
    } else if length < TimeDelta::days(2) {
        plural(length.num_hours(), "hour")
    } else {
        plural(length.num_days(), "day")
    }
}

/// The class by which the style sheet knows a tone.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Wary => "wary",
        Tone::Busy => "busy",
        Tone::Well => "well",
    }
}

/// The class of a place, and what a screen reader says of it.
pub(super) fn place(place: Place) -> (&'static str, &'static str) {
    match place {
        Place::Yes => ("well", "yes"),
        Place::No => ("none", "no"),
        Place::NotWanted => ("none", "not asked for"),
        Place::Nowhere => ("busy", "to nothing"),
        Place::NotYet => ("busy", "not yet"),
        Place::Failing => ("wary", "failing"),
        Place::Other => ("bad", "another certificate"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_people_would_use() {
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        for (seconds, said) in [
            (0, "now"),
            (-1, "now"),
            (90, "in 90 seconds"),
            (-600, "10 minutes ago"),
            (3 * 3_600, "in 3 hours"),
            (-47 * 3_600, "47 hours ago"),
            (49 * 3_600, "in 2 days"),
        ] {
            assert_eq!(relative(now + TimeDelta::seconds(seconds), now), said);
        }
    }
}
