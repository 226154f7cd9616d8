//! What holds for the whole daemon: the schedule, the API's pace, the log, the state folder.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::account::Setting;
use super::address::Proxy;
use super::cron::Cron;
use super::mistake::{Fault, quoted};
use super::reader::Table;
use super::schema::{API, LOG, SCHEDULE, nearest};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn seconds(least: u64, most: u64) -> RangeInclusive<Duration> {
    Duration::from_secs(least)..=Duration::from_secs(most)
}

/// The service links a renewal to the old certificate in its last 30 days only (Tencent Cloud, ApplyCertificate,
/// 2025-02-17), so nothing longer has a meaning; less than a day leaves no time for a second try.
pub(super) const RENEW_BEFORE: RangeInclusive<Duration> = seconds(DAY, 30 * DAY);
const POLL: RangeInclusive<Duration> = seconds(1, HOUR);
const JITTER: RangeInclusive<Duration> = seconds(0, 24 * HOUR);
const HEARTBEAT: RangeInclusive<Duration> = seconds(MINUTE, 24 * HOUR);
const TIMEOUT: RangeInclusive<Duration> = seconds(1, 120);

/// When things happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When every certificate is looked at, in local time.
    pub check: Cron,
    /// How long before its end a certificate is renewed: 1 to 30 days.
    pub renew_before: Duration,
    /// How soon a pending order is looked at again, at first: 1 second to 1 hour.
    pub poll: Duration,
    /// Scheduled checks are spread over this long: 0 to 24 hours.
    pub jitter: Duration,
    /// How often the daemon says that it is alive: 1 minute to 24 hours.
    pub heartbeat: Duration,
}

/// How the service is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// Requests in any one second, over all accounts: 1 to 10 (Tencent Cloud's own limit).
    pub requests_per_second: u32,
    /// How long one request may take: 1 to 120 seconds.
    pub timeout: Duration,
    /// The proxy, where the file names one; else the environment's is used.
    pub proxy: Option<Proxy>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// The journal under systemd, pretty on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
    /// The journal's own protocol; JSON where there is no journal.
    Journald,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// A level (`error` to `trace`), or a list of `target=level` with at most one plain level: a valid filter for
    /// tracing-subscriber's `EnvFilter`.
    pub level: String,
}

/// Reads `state_dir`; a relative one starts from the config's folder.
pub(super) fn state_dir(top: &Table<'_>, setting: &Setting<'_>) -> PathBuf {
    let checked = top.checked("state_dir", |text| {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(Fault::new(
                "`state_dir` is not a path",
                "write it as \"/var/lib/evercert\"",
            ));
        }
        Ok(setting.resolve(text))
    });
    checked.unwrap_or_else(|| PathBuf::from("/var/lib/evercert"))
}

/// Reads `[schedule]`.
pub(super) fn schedule(top: &Table<'_>) -> Schedule {
    let mut schedule = Schedule {
        check: Cron::default(),
        renew_before: Duration::from_secs(30 * DAY),
        poll: Duration::from_secs(30),
        jitter: Duration::from_secs(10 * MINUTE),
        heartbeat: Duration::from_secs(HOUR),
    };
    if let Some(table) = top.table("schedule", &SCHEDULE) {
        let set = |slot: &mut Duration, key, unit, bounds| {
            *slot = table.duration(key, unit, bounds).unwrap_or(*slot);
        };
        set(
            &mut schedule.renew_before,
            "renew_before",
            'd',
            &RENEW_BEFORE,
        );
        set(&mut schedule.poll, "poll", 's', &POLL);
        set(&mut schedule.jitter, "jitter", 'm', &JITTER);
        set(&mut schedule.heartbeat, "heartbeat", 'm', &HEARTBEAT);
        if let Some(check) = table.checked("check", Cron::parse) {
            schedule.check = check;
        }
    }
    schedule
}

/// Reads `[api]`.
pub(super) fn api(top: &Table<'_>, setting: &Setting<'_>) -> Api {
    let mut api = Api {
        requests_per_second: 10,
        timeout: Duration::from_secs(30),
        proxy: None,
    };
    if let Some(table) = top.table("api", &API) {
        let rate = table.integer("requests_per_second", &(1..=10));
        if let Some(rate) = rate.and_then(|rate| u32::try_from(rate).ok()) {
            api.requests_per_second = rate;
        }
        api.timeout = table
            .duration("timeout", 's', &TIMEOUT)
            .unwrap_or(api.timeout);
        api.proxy = table.checked("proxy", Proxy::parse);
        if api.proxy.as_ref().is_some_and(Proxy::has_password) {
            setting.check_inline_secret(&table, "proxy");
        }
    }
    api
}

/// Reads `[log]`.
pub(super) fn log(top: &Table<'_>) -> Log {
    let table = top.table("log", &LOG);
    let format = table
        .as_ref()
        .and_then(|table| table.checked("format", check_format));
    let level = table
        .as_ref()
        .and_then(|table| table.checked("level", check_level));
    Log {
        format: format.unwrap_or(LogFormat::Auto),
        level: level.unwrap_or_else(|| "info".to_owned()),
    }
}

fn check_format(text: &str) -> Result<LogFormat, Fault> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        "journald" => Ok(LogFormat::Journald),
        _ => Err(unknown_choice(
            "format",
            text,
            &["auto", "json", "pretty", "journald"],
        )),
    }
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

/// A value that is none of a few words.
pub(super) fn unknown_choice(key: &str, text: &str, choices: &[&str]) -> Fault {
    let help = match nearest(text, choices.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("it is one of {}", choices.join(", ")),
    };
    Fault::new(format!("`{key}` cannot be {}", quoted(text)), help)
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
