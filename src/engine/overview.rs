//! The view as the page and the metrics show it: plain data.

mod trouble;

use std::collections::HashMap;

use super::view::{Line, View};
use crate::config::Certificate;
use crate::lifecycle::delivery::{Delivery, Wanted};
use crate::lifecycle::{Class, Hold};
use crate::observe::overview::{
    AccountLine, CertificateLine, Detail, FleetMember, HoldLine, Life, Overview, TargetLine, Tone,
    Waits,
};
use crate::store::{Entry, PastOrder};
use trouble::trouble;

/// Everything at a glance.
pub(crate) fn overview(view: &View) -> Overview {
    let known: HashMap<&str, &Certificate> = view
        .config
        .certificates
        .iter()
        .map(|certificate| (certificate.domain.as_str(), certificate))
        .collect();
    Overview {
        now: view.now,
        certificates: view
            .lines()
            .iter()
            .map(|line| certificate_line(view, line, known.get(&*line.record.domain).copied()))
            .collect(),
        accounts: accounts(view),
        next_due: view.next_due(),
        fleet: view.config.fleet.as_ref().map(FleetMember::of),
    }
}

/// One certificate with what happened to it.
pub(crate) fn detail(
    view: &View,
    certificate: &Certificate,
    orders: Vec<PastOrder>,
    history: Vec<Entry>,
) -> Detail {
    let line = view.line(certificate);
    let installed = line.record.installed.as_ref();
    let wanted = view.wanted(&certificate.domain);
    let targets = view.targets(&certificate.domain);
    Detail {
        now: view.now,
        fleet: view.config.fleet.as_ref().map(FleetMember::of),
        certificate: certificate_line(view, &line, Some(certificate)),
        hold: line.hold().map(hold_line),
        certificate_id: installed.map(|installed| installed.certificate_id.clone()),
        fingerprint: installed.map(|installed| installed.fingerprint.clone()),
        method: certificate.validation.as_str().to_owned(),
        orders,
        targets: targets.iter().map(|row| target_line(row, wanted)).collect(),
        history: history.into_iter().rev().collect(),
    }
}

fn certificate_line(
    view: &View,
    line: &Line<'_>,
    certificate: Option<&Certificate>,
) -> CertificateLine {
    let record = &line.record;
    let last = record.retry.last.as_ref();
    let code = match &record.parked {
        Some(_) => None,
        None => last.and_then(|last| last.code.clone()),
    };
    CertificateLine {
        domain: record.domain.clone(),
        display: line.display.to_owned(),
        account: record.account.clone(),
        standing: line.standing,
        tone: view.tone(line),
        life: record.installed.as_ref().map(|installed| Life {
            not_before: installed.not_before,
            renew_at: line.policy.renew_at(installed),
            not_after: record.ends().unwrap_or(installed.not_after),
        }),
        places: view.places(line),
        next_step: line.next_step(),
        next_at: view.comes_at(line),
        failures: record.retry.failures,
        trouble: trouble(view, line, certificate),
        waits_for: line.hold().map(|hold| Waits {
            account: hold.account.clone(),
            scope: hold.scope.clone(),
            class: hold.failure.class,
        }),
        code,
        parked: record.parked.is_some(),
        paused: record.paused,
        drift: view.drifts(&record.domain),
        rolled_back: view.is_rolled_back(&record.domain),
        manual: line.by_hand.to_vec(),
    }
}

fn accounts(view: &View) -> Vec<AccountLine> {
    let account = |(name, account): (&String, &crate::config::Account)| AccountLine {
        name: name.clone(),
        slots: view
            .sweeps
            .iter()
            .find(|sweep| sweep.account == *name)
            .map(|sweep| (sweep.slots, sweep.at)),
        limit: view.free_limit(account),
        holds: view
            .holds
            .iter()
            .filter(|hold| hold.account == *name && hold.in_force(view.now))
            .map(hold_line)
            .collect(),
    };
    view.config.accounts.iter().map(account).collect()
}

fn hold_line(hold: &Hold) -> HoldLine {
    HoldLine {
        scope: hold.scope.clone(),
        tone: if hold.failure.class == Class::Transient {
            Tone::Wary
        } else {
            Tone::Bad
        },
        code: hold.failure.code.clone(),
        said: hold.failure.message.clone(),
        until: hold.until,
    }
}

fn target_line(row: &Delivery, wanted: Option<&Wanted>) -> TargetLine {
    TargetLine {
        title: row.title.clone(),
        kind: row.kind(),
        state: row.status(wanted),
        seen: row.look().map(|(seen, at)| (seen.to_owned(), at)),
        right: wanted.is_some_and(|wanted| row.seen.as_ref() == Some(&wanted.fingerprint)),
        error: row.last_error.clone().filter(|_| row.attempts > 0),
        next_at: row.next_at,
    }
}
