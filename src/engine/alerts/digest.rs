//! The summary: when it is due, and what it says.

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Timelike, Utc};

use crate::config::DigestPace;
use crate::engine::Engine;
use crate::store::StoreError;

/// When summaries are sent, local time.
const DIGEST_HOUR: u32 = 9;

impl Engine {
    /// How all stands.
    pub(super) async fn digest_lines(&self, now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        const SHOWN: usize = 10;
        let records = self.store().records().await?;
        let mut ends: Vec<(i64, &str)> = Vec::new();
        let (mut wanted, mut renewed) = (0, 0);
        for listing in records.iter().filter(|listing| listing.record.wanted) {
            wanted += 1;
            if let (Some(installed), Some(end)) = (&listing.record.installed, listing.record.ends())
            {
                ends.push(((end - now).num_days(), &listing.record.domain));
                renewed += u32::from(now - installed.installed_at < TimeDelta::days(7));
            }
        }
        ends.sort_unstable();
        let mut lines = vec![format!(
            "{wanted} certificates, {} of them installed; {renewed} were installed in the last seven days.",
            ends.len()
        )];
        if !ends.is_empty() {
            let soonest: Vec<String> = ends
                .iter()
                .take(SHOWN)
                .map(|(days, domain)| format!("{domain} in {days} days"))
                .collect();
            lines.push(format!("The next to end: {}.", soonest.join(", ")));
        }
        let problems = self.problems().await?;
        if problems.is_empty() {
            lines.push("No problem is known.".to_owned());
        }
        for ((subject, family), problem) in problems.iter().take(SHOWN) {
            let since = problem.since.format("%Y-%m-%d");
            lines.push(format!(
                "PROBLEM {subject} ({}), since {since}",
                family.name()
            ));
        }
        if problems.len() > SHOWN {
            lines.push(format!("… and {} more problems", problems.len() - SHOWN));
        }
        Ok(lines)
    }
}

/// Whether a summary is due: nine in the morning has passed since the last, of a Monday for a weekly one.
pub(super) fn is_due<Z: TimeZone>(
    now: DateTime<Utc>,
    last: DateTime<Utc>,
    pace: DigestPace,
    zone: &Z,
) -> bool {
    let here = now.with_timezone(zone);
    let back = match pace {
        DigestPace::Daily => 0,
        DigestPace::Weekly => here.weekday().num_days_from_monday(),
    };
    let mut moment = here.date_naive() - TimeDelta::days(back.into());
    if back == 0 && here.hour() < DIGEST_HOUR {
        moment -= TimeDelta::days(if pace == DigestPace::Daily { 1 } else { 7 });
    }
    let moment = moment.and_hms_opt(DIGEST_HOUR, 0, 0);
    let moment = moment.and_then(|moment| zone.from_local_datetime(&moment).earliest());
    // Where the clock was put back, the last one lies ahead; it counts as given.
    moment.is_some_and(|moment| last < moment.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text)
            .unwrap()
            .with_timezone(&Utc)
    }

    #[test]
    fn a_summary_is_due_once_after_nine_in_the_morning_here() {
        let zone = FixedOffset::east_opt(8 * 3600).unwrap();
        // 2026-11-23 is a Monday.
        for (now, last, daily, weekly) in [
            (
                "2026-11-23T08:59:00+08:00",
                "2026-11-22T12:00:00+08:00",
                false,
                false,
            ),
            (
                "2026-11-23T09:00:00+08:00",
                "2026-11-22T12:00:00+08:00",
                true,
                true,
            ),
            (
                "2026-11-23T09:00:01+08:00",
                "2026-11-23T09:00:00+08:00",
                false,
                false,
            ),
            (
                "2026-11-25T10:00:00+08:00",
                "2026-11-24T10:00:00+08:00",
                true,
                false,
            ),
            // What the daemon slept through is caught up with, once.
            (
                "2026-11-26T03:00:00+08:00",
                "2026-11-20T10:00:00+08:00",
                true,
                true,
            ),
            // A clock that was put back.
            (
                "2026-11-23T10:00:00+08:00",
                "2027-01-01T00:00:00+08:00",
                false,
                false,
            ),
        ] {
            let due = |pace| is_due(at(now), at(last), pace, &zone);
            assert_eq!(
                (due(DigestPace::Daily), due(DigestPace::Weekly)),
                (daily, weekly),
                "{now}"
            );
        }
    }
}
