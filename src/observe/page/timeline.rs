//! The time line: every certificate's life on one axis, with the window and today marked.
//!
//! SVG with percentages: it stretches with its column, and its text does not. Today stands at the same place in every
//! row, so that the eye can run down it.

use chrono::{DateTime, Datelike, Local, TimeDelta, TimeZone, Utc};
use maud::{Markup, html};

use super::reader::Reader;
use crate::observe::overview::{CertificateLine, Life};
use crate::sentence::Language;

/// The axis reaches this far to either side of today: a free certificate lives for ninety days.
const REACH: TimeDelta = TimeDelta::days(92);

/// Where a time stands on the axis, in percent; what is beyond it, at its edge.
fn place(at: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    let from_left = (at - (now - REACH)).num_seconds() as f64;
    let percent = 100.0 * from_left / (REACH * 2).num_seconds() as f64;
    percent.clamp(0.0, 100.0)
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

/// The first of each month on the axis.
fn months(now: DateTime<Utc>) -> Vec<DateTime<Local>> {
    let mut first = (now - REACH).with_timezone(&Local);
    let mut months = Vec::new();
    while months.len() < 8 {
        let (year, month) = match first.month() {
            12 => (first.year() + 1, 1),
            month => (first.year(), month + 1),
        };
        let Some(next) = Local.with_ymd_and_hms(year, month, 1, 0, 0, 0).earliest() else {
            break;
        };
        if next.with_timezone(&Utc) > now + REACH {
            break;
        }
        months.push(next);
        first = next;
    }
    months
}

/// The months that have room for their names, and where. A name runs to the right of its line, "today" to both sides of
/// its own.
fn named(now: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Local>, f64)> {
    let placed = months(now)
        .into_iter()
        .map(move |month| (month, place(month.with_timezone(&Utc), now)));
    placed.filter(|(_, x)| !(29.0..59.0).contains(x) && *x < 87.0)
}

/// The heading of the column: the months, and today.
pub(super) fn axis(reader: Reader, now: DateTime<Utc>) -> Markup {
    html! {
        svg.axis aria-hidden="true" width="100%" height="20" {
            @for (month, x) in named(now) { text x=(percent(x)) y="14" dx="3" { (reader.month(month)) } }
            text.today x="50%" y="14" text-anchor="middle" { (reader.say("today", "今天")) }
        }
    }
}

/// One life. The words beside it say the same to those who don't see it.
pub(super) fn bar(reader: Reader, certificate: &CertificateLine, now: DateTime<Utc>) -> Markup {
    let Some(life) = certificate.life else {
        return html! {
            svg.life width="100%" height="34" role="img" aria-label=(reader.say("no certificate yet", "尚无证书")) {
                (grid(now))
                line.missing x1="50%" x2="100%" y1="17" y2="17" {}
            }
        };
    };
    let (begin, window, end) = (
        place(life.not_before, now),
        place(life.renew_at, now),
        place(life.not_after, now),
    );
    let today = place(now, now);
    let over = life.not_after <= now;
    let part = |class: &str, from: f64, to: f64| {
        html! { rect class=(class) x=(percent(from)) y="11" width=(percent(to - from)) height="12" rx="3" {} }
    };
    html! {
        svg class=(if over { "life over" } else { "life" }) width="100%" height="34" role="img" aria-label=(words(reader, life, now)) {
            (grid(now))
            (part("whole", begin, end))
            @if over {
                line.gap x1=(percent(end)) x2=(percent(today)) y1="17" y2="17" {}
            } @else {
                (part("window", window, end))
                @if today > begin { (part("spent", begin, today)) }
            }
            line.now x1=(percent(today)) x2=(percent(today)) y1="0" y2="34" {}
        }
    }
}

fn grid(now: DateTime<Utc>) -> Markup {
    html! {
        @for month in months(now) {
            @let x = percent(place(month.with_timezone(&Utc), now));
            line.month x1=(x) x2=(x) y1="0" y2="34" {}
        }
    }
}

/// A life in a sentence, without what it is of and without its stop.
pub(super) fn words(reader: Reader, life: Life, now: DateTime<Utc>) -> String {
    let (begin, opens, ends) = (
        reader.date(life.not_before),
        reader.date(life.renew_at),
        reader.date(life.not_after),
    );
    let when = reader.relative(life.not_after, now);
    let (is_open, is_over) = (life.renew_at <= now, life.not_after <= now);
    match reader.language {
        Language::English => format!(
            "began {begin}; its renewal window {} {opens}; {} {ends}, {when}",
            if is_open { "opened" } else { "opens" },
            if is_over { "ended" } else { "ends" },
        ),
        Language::Chinese => format!(
            "{begin}生效；续期窗口{}{opens}开启；{}{ends}到期（{when}）",
            if is_open { "已于" } else { "将于" },
            if is_over { "已于" } else { "将于" },
        ),
    }
}

/// What the colours mean.
pub(super) fn legend(reader: Reader) -> Markup {
    let key = |class: &str, word: &str| {
        html! {
            li {
                svg.life width="22" height="12" aria-hidden="true" {
                    rect class=(class) x="0" y="1" width="22" height="10" rx="3" {}
                }
                (word)
            }
        }
    };
    html! {
        ul.legend aria-label=(reader.say("What the time line shows", "时间线图例")) {
            (key("spent", reader.say("past", "已过")))
            (key("whole", reader.say("still valid", "剩余有效期")))
            (key("window", reader.say("renewal window", "续期窗口")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_in_the_middle_and_what_is_far_off_at_the_edge() {
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        assert!((place(now, now) - 50.0).abs() < f64::EPSILON);
        assert!(place(now + TimeDelta::days(9_000), now) >= 100.0);
        assert!(place(now - TimeDelta::days(9_000), now) <= 0.0);
        let months = months(now);
        assert!((5..=7).contains(&months.len()));
        assert!(months.iter().all(|month| month.day() == 1));
    }

    /// Of the narrowest column that there is, and of wide letters.
    #[test]
    fn no_name_runs_into_another_on_any_day_of_the_year() {
        const COLUMN: f64 = 240.0;
        const NAME: f64 = 30.0;
        const HALF_TODAY: f64 = 19.0;
        let begin = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        for day in 0..366 {
            let now = begin + TimeDelta::days(day);
            let places: Vec<f64> = named(now).map(|(_, x)| x * COLUMN / 100.0).collect();
            assert!(places.len() >= 2, "{now}: {places:?}");
            for pair in places.windows(2) {
                assert!(pair[0] + NAME <= pair[1], "{now}: {places:?}");
            }
            for x in places {
                let before = x + NAME <= COLUMN / 2.0 - HALF_TODAY;
                let after = x >= COLUMN / 2.0 + HALF_TODAY && x + NAME <= COLUMN;
                assert!(before || after, "{now}: {x}");
            }
        }
    }
}
