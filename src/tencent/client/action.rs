//! What is called, and what comes back.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// One action of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Action<'r> {
    /// The service: `ssl`, `dnspod` or `sts`.
    pub service: &'static str,
    /// The service's API version, a date.
    pub version: &'static str,
    /// The action's name.
    pub name: &'static str,
    /// Where it acts, if it wants a region.
    pub region: Option<&'r str>,
}

impl Action<'static> {
    /// An action of the certificate service.
    pub(in crate::tencent) const fn ssl(name: &'static str) -> Self {
        Self::of("ssl", "2019-12-05", name)
    }

    /// An action of the DNS service.
    pub(in crate::tencent) const fn dnspod(name: &'static str) -> Self {
        Self::of("dnspod", "2021-03-23", name)
    }

    /// An action of the service for temporary keys.
    pub(in crate::tencent) const fn sts(name: &'static str) -> Self {
        Self::of("sts", "2018-08-13", name)
    }

    const fn of(service: &'static str, version: &'static str, name: &'static str) -> Self {
        Self {
            service,
            version,
            name,
            region: None,
        }
    }
}

impl Action<'_> {
    /// Whether it only reads: dropping such a call in mid-flight loses nothing.
    pub(crate) fn is_reading(&self) -> bool {
        ["Describe", "Download", "Check", "Get", "Assume"]
            .iter()
            .any(|verb| self.name.starts_with(verb))
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// The answer itself.
    pub value: T,
    /// By which the service's support finds the call.
    pub request_id: Option<String>,
    /// The service's clock when it answered, to the second.
    pub date: Option<DateTime<Utc>>,
    /// When the answer was read, by [`Clock::since_boot`](crate::clock::Clock::since_boot).
    pub read_at: Duration,
}
