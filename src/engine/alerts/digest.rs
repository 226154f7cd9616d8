//! The summary: when it is due, and what it says.

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Timelike, Utc};

use crate::config::DigestPace;
use crate::engine::Engine;
use crate::sentence::{Sentence, sentences};
use crate::store::StoreError;

/// When summaries are sent, local time.
const DIGEST_HOUR: u32 = 9;

sentences! {
    certificates(wanted, installed, renewed, problems)
        "{wanted} certificates, {installed} installed, {renewed} in the last seven days; problems: {problems}"
        "证书 {wanted} 张，已安装 {installed} 张，最近七天安装 {renewed} 张；问题 {problems} 个";
    soonest(names) "The next to end: {names}." "最早到期：{names}。";
    ends_in(domain, days) "{domain} in {days} days" "{domain} 剩余 {days} 天";
    no_problem() "No problem is known." "没有已知的问题。";
    more_problems(count) "… and {count} more problems" "… 另有 {count} 个问题";
}

impl Engine {
    /// How all stands.
    pub(super) async fn digest_lines(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<Sentence>, StoreError> {
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
        let problems = self.problems().await?;
        let mut lines = vec![certificates(wanted, ends.len(), renewed, problems.len())];
        if !ends.is_empty() {
            let next = ends.iter().take(SHOWN);
            let next = next.map(|(days, domain)| ends_in(domain, days));
            lines.push(soonest(Sentence::list(next)));
        }
        if problems.is_empty() {
            lines.push(no_problem());
        }
        for ((subject, family), problem) in problems.iter().take(SHOWN) {
            let since = problem.since.format("%Y-%m-%d");
            let what = family.title();
            lines.push(Sentence {
                english: format!("PROBLEM {subject}: {}, since {since}", what.english),
                chinese: format!(
                    "问题 {}：{}，自 {since} 起",
                    subject.in_chinese(),
                    what.chinese
                ),
            });
        }
        if problems.len() > SHOWN {
            lines.push(more_problems(problems.len() - SHOWN));
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
