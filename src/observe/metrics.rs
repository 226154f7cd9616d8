//! The metrics, in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4).
//!
//! Gauges come from the record, so they survive a restart; counters are the process's own and begin anew with it, as
//! counters may. Every label's values are bounded: domains and accounts by the config, actions and events by the
//! program, codes by [`super::calls`].

mod families;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::calls::BOUNDS;
use super::event;
use super::health::{Health, HealthStatus};
use super::overview::{AccountLine, CertificateLine, FleetMember, Overview, Place, Rate};
use crate::lifecycle::State;
use families::*;
pub use families::{FAMILIES, Family, MetricKind};
use text::Text;

/// The type that `/metrics` answers with.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The whole text. Without an overview, where the record can't be read, it has what the daemon knows of itself.
pub(crate) fn render(overview: Option<&Overview>, health: &Health, rate: &Rate) -> String {
    let mut text = Text::with_room(overview.map_or(0, |overview| overview.certificates.len()));
    let status = health.status();
    daemon(&mut text, health, &status, overview.is_some());
    fleet(
        &mut text,
        overview.and_then(|overview| overview.fleet.as_ref()),
    );
    events(&mut text);
    api(&mut text, rate);
    if let Some(overview) = overview {
        accounts(&mut text, overview);
        certificates(&mut text, overview);
    }
    text.finish()
}

fn daemon(text: &mut Text, health: &Health, status: &HealthStatus, readable: bool) {
    let flag = |on: bool| f64::from(u8::from(on));
    text.family(&BUILD_INFO)
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    text.one(&START_TIME, seconds(status.started));
    text.one(&ALIVE, flag(health.is_alive()));
    text.one(&READY, flag(health.unready().is_empty()));
    text.family(&PASSES)
        .sample(&[("kind", "check")], count(status.passes.0))
        .sample(&[("kind", "in-flight")], count(status.passes.1));
    if let Some(pass) = &status.last_pass {
        text.one(&LAST_PASS, seconds(pass.ended));
        text.one(&LAST_PASS_DURATION, pass.took.as_secs_f64());
    }
    text.maybe(&LAST_CHECK, status.last_check.map(seconds));
    text.maybe(&NEXT_CHECK, status.next_check.map(seconds));
    text.one(&RELOAD_OK, flag(status.config_good));
    text.one(&RELOAD_TIME, seconds(status.config_at));
    text.one(&DATABASE_UP, flag(readable && status.database.is_none()));
    text.one(&LOG_DROPPED, count(super::log::dropped()));
    text.one(&DATABASE_ERRORS, count(status.database_errors));
}

/// Which machine of a fleet this is: nothing, where it is none.
fn fleet(text: &mut Text, member: Option<&FleetMember>) {
    if let Some(member) = member {
        let labels = [
            ("fleet", member.name.as_str()),
            ("machine", member.machine.as_str()),
            ("orders", member.orders),
        ];
        text.family(&FLEET_INFO).sample(&labels, 1.0);
    }
}

/// The events, and from them what became of orders and renewals: the log and the metrics can't disagree.
fn events(text: &mut Text) {
    let counts = event::counts();
    text.family(&ORDERS);
    for (kind, said) in &counts {
        if let Some(outcome) = kind.name.strip_prefix("order.") {
            text.sample(&[("outcome", outcome)], count(*said));
        }
    }
    let of = |name: &str| {
        let found = counts.iter().find(|(kind, _)| kind.name == name);
        found.map_or(0.0, |(_, said)| count(*said))
    };
    text.one(&RENEWALS, of("certificate.renewed"));
    text.one(&FAILURES, of("certificate.failed"));
    text.family(&EVENTS);
    for (kind, said) in &counts {
        let level = kind.level.name().to_ascii_lowercase();
        text.sample(&[("event", kind.name), ("level", &level)], count(*said));
    }
}

fn api(text: &mut Text, rate: &Rate) {
    text.family(&API_REQUESTS);
    for (action, code, calls) in &rate.counts.outcomes {
        text.sample(&[("action", action), ("code", code)], count(*calls));
    }
    text.family(&API_DURATION);
    for (action, durations) in &rate.counts.durations {
        let mut below = 0;
        for (bound, calls) in BOUNDS.iter().zip(durations.buckets) {
            below += calls;
            let bound = bound.to_string();
            text.part(
                "_bucket",
                &[("action", action), ("le", &bound)],
                count(below),
            );
        }
        text.part(
            "_bucket",
            &[("action", action), ("le", "+Inf")],
            count(durations.count),
        );
        text.part("_sum", &[("action", action)], durations.sum);
        text.part("_count", &[("action", action)], count(durations.count));
    }
    text.one(&API_THROTTLED, count(rate.counts.throttled));
    text.one(&API_PEAK, rate.peak as f64);
    text.one(&API_LIMIT, rate.permits as f64);
}

fn accounts(text: &mut Text, overview: &Overview) {
    let mut each = |family: &Family, value: &dyn Fn(&AccountLine) -> Option<f64>| {
        text.family(family);
        for account in &overview.accounts {
            if let Some(value) = value(account) {
                text.sample(&[("account", &account.name)], value);
            }
        }
    };
    each(&SLOTS_USED, &|account| {
        account.slots.map(|(used, _)| f64::from(used))
    });
    each(&SLOTS_LIMIT, &|account| Some(f64::from(account.limit)));
    each(&SLOTS_SEEN, &|account| {
        account.slots.map(|(_, seen)| seconds(seen))
    });
    text.family(&HOLDS);
    for account in &overview.accounts {
        for scope in ["account", "orders", "main-domain", "list"] {
            let installed = account
                .holds
                .iter()
                .filter(|hold| hold.scope.name() == scope)
                .count();
            text.sample(
                &[("account", &account.name), ("scope", scope)],
                installed as f64,
            );
        }
    }
}

fn certificates(text: &mut Text, overview: &Overview) {
    // A count that falls to zero is shown as zero.
    let mut states: BTreeMap<&str, u32> =
        State::ALL.iter().map(|state| (state.name(), 0)).collect();
    for certificate in &overview.certificates {
        *states.entry(certificate.standing.state.name()).or_default() += 1;
    }
    text.family(&CERTIFICATES);
    for (state, those) in states {
        text.sample(&[("state", state)], f64::from(those));
    }
    text.maybe(&NEXT_DUE, overview.next_due.map(seconds));
    let mut each = |family: &Family, value: &dyn Fn(&CertificateLine) -> Option<f64>| {
        text.family(family);
        for certificate in &overview.certificates {
            if let Some(value) = value(certificate) {
                text.sample(
                    &[
                        ("certificate", &certificate.domain),
                        ("account", &certificate.account),
                    ],
                    value,
                );
            }
        }
    };
    let flag = |on: bool| Some(f64::from(u8::from(on)));
    each(&NOT_AFTER, &|certificate| {
        certificate.life.map(|life| seconds(life.not_after))
    });
    each(&RENEW_AT, &|certificate| {
        certificate.life.map(|life| seconds(life.renew_at))
    });
    each(&CERTIFICATE_FAILURES, &|certificate| {
        Some(f64::from(certificate.failures))
    });
    each(&PARKED, &|certificate| flag(certificate.parked));
    each(&DRIFT, &|certificate| flag(certificate.drift));
    each(&SERVED, &|certificate| match certificate.places.served {
        Place::NotWanted => None,
        place => flag(place == Place::Yes),
    });
}

fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}

/// Exact up to 2^53, as every number of the format is.
fn count(number: u64) -> f64 {
    number as f64
}
