//! What holds for the whole daemon: the schedule, the API's pace, the log, the state folder.

use std::path::PathBuf;
use std::time::Duration;

use super::address::Proxy;
use super::cron::Cron;
use super::duration::{DAY, HOUR, MINUTE, RENEW_BEFORE, seconds};
use super::mistake::{Fault, quoted};
use super::nearest::unknown_choice;
use super::reader::Table;
use super::schema::{Other, TableSchema};

/// `[schedule]`.
pub(super) static SCHEDULE: TableSchema = TableSchema {
    title: "[schedule]",
    groups: &[Schedule::KEYS],
    others: &[("cron", Other::Is("check"))],
};

/// `[api]`.
pub(super) static API: TableSchema = TableSchema {
    title: "[api]",
    groups: &[Api::KEYS],
    others: &[
        (
            "endpoint",
            Other::Refused("an endpoint belongs to an account: write it under [accounts.default]"),
        ),
        ("rate_limit", Other::Is("requests_per_second")),
    ],
};

/// `[log]`.
pub(super) static LOG: TableSchema = TableSchema {
    title: "[log]",
    groups: &[Log::KEYS],
    others: &[],
};

table! {
    /// When things happen.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Schedule, raw RawSchedule {
        /// When every certificate is looked at, in local time.
        check: Cron = Cron::default(), text("a cron expression of six fields in quotes, seconds first", Cron::parse);
        /// How long before its end a certificate is renewed: 1 to 30 days.
        renew_before: Duration = Duration::from_secs(30 * DAY), duration('d', RENEW_BEFORE);
        /// How soon a pending order is looked at again, at first: 1 second to 1 hour.
        poll: Duration = Duration::from_secs(30), duration('s', seconds(1, HOUR));
        /// Scheduled checks are spread over this long: 0 to 24 hours.
        jitter: Duration = Duration::from_secs(10 * MINUTE), duration('m', seconds(0, DAY));
        /// How often the daemon says that it is alive: 1 minute to 24 hours.
        heartbeat: Duration = Duration::from_secs(HOUR), duration('m', seconds(MINUTE, DAY));
    }
}

table! {
    /// How the service is asked.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Api, raw RawApi {
        /// Requests in any one second, over all accounts: 1 to 10 (Tencent Cloud's own limit).
        requests_per_second: u32 = 10, count(1..=10);
        /// How long one request may take: 1 to 120 seconds.
        timeout: Duration = Duration::from_secs(30), duration('s', seconds(1, 120));
        /// The proxy, where the file names one; else the environment's is used.
        proxy: Option<Proxy>, by("a proxy's address in quotes, such as \"http://proxy.internal:3128\"", proxy) [Address];
    }
}

words! {
    /// How a log line looks.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LogFormat {
        /// The journal under systemd, pretty on a terminal, JSON elsewhere.
        Auto = "auto",
        /// One JSON object a line.
        Json = "json",
        /// For people.
        Pretty = "pretty",
        /// The journal's own protocol; JSON where there is no journal.
        Journald = "journald",
    }
}

table! {
    /// What is logged.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Log, raw RawLog {
        /// How a line looks.
        format: LogFormat = LogFormat::Auto, choice(LogFormat);
        /// A level (`error` to `trace`), or a list of `target=level` with at most one plain level: a valid filter for
        /// tracing-subscriber's `EnvFilter`.
        level: String = "info".to_owned(), text("\"error\", \"warn\", \"info\", \"debug\" or \"trace\"", check_level);
    }
}

/// Reads `state_dir`; a relative one starts from the config's folder.
pub(super) fn state_dir(top: &Table<'_>) -> PathBuf {
    let checked = top.checked("state_dir", |text| {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(Fault::new(
                "`state_dir` is not a path",
                "write it as \"/var/lib/evercert\"",
            ));
        }
        Ok(top.source.reading.resolve(text))
    });
    checked.unwrap_or_else(|| PathBuf::from("/var/lib/evercert"))
}

fn proxy(table: &Table<'_>, key: &str) -> Option<Proxy> {
    let proxy = table.checked(key, Proxy::parse)?;
    if proxy.has_password() {
        table.check_inline_secret(key);
    }
    Some(proxy)
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

fn check_level(text: &str) -> Result<String, Fault> {
    let mut plain = 0;
    for directive in text.split(',') {
        let level = match directive.split_once('=') {
            Some((target, level)) if is_target(target) => level,
            Some(_) => {
                return Err(Fault::new(
                    format!("{} is not a log filter", quoted(directive)),
                    "write a level, or a list such as \"info,evercert::tencent=debug\"",
                ));
            }
            None => {
                plain += 1;
                directive
            }
        };
        if !LEVELS.contains(&level) {
            return Err(unknown_choice("level", level, &LEVELS));
        }
    }
    if plain > 1 {
        return Err(Fault::new(
            format!("{} has more than one level for everything", quoted(text)),
            "keep one of them; others need a target in front, such as evercert::tencent=debug",
        ));
    }
    Ok(text.to_owned())
}

fn is_target(target: &str) -> bool {
    !target.is_empty()
        && target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_what_the_log_filter_takes() {
        for text in [
            "error",
            "trace",
            "info,evercert::tencent=debug,sqlx=warn",
            "sqlx=warn",
        ] {
            assert_eq!(check_level(text), Ok(text.to_owned()));
            assert!(tracing_subscriber::EnvFilter::try_new(text).is_ok());
        }
        for text in [
            "",
            "INFO",
            "off",
            "info,debug",
            "info,",
            "=debug",
            "a b=debug",
            "info,sqlx=loud",
            "[span]=info",
        ] {
            assert!(check_level(text).is_err(), "{text}");
        }
    }
}
