//! The view as the page and the metrics show it: plain data.

mod trouble;

use std::collections::HashMap;

use super::view::{Line, View, step_name};
use crate::config::{Certificate, Dns, Provider, Validation};
use crate::lifecycle::delivery::{Delivery, TargetKind, Wanted};
use crate::lifecycle::{Class, Hold, Proof, ProofStage, Rest, Step};
use crate::observe::overview::{
    AccountLine, CertificateLine, Detail, HoldLine, Life, Overview, Place, TargetLine, Tone,
    URGENT_DAYS, Waits,
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
        certificate: certificate_line(view, &line, Some(certificate)),
        hold: hold_of(&line).map(hold_line),
        certificate_id: installed.map(|installed| installed.certificate_id.clone()),
        fingerprint: installed.map(|installed| installed.fingerprint.clone()),
        method: certificate.validation.as_str().to_owned(),
        orders,
        targets: targets.iter().map(|row| target_line(row, wanted)).collect(),
        history: history.into_iter().rev().collect(),
    }
}

fn is_manual(certificate: &Certificate) -> bool {
    matches!(
        &certificate.validation,
        Validation::Dns(Dns {
            provider: Provider::Manual,
            ..
        })
    )
}

fn certificate_line(
    view: &View,
    line: &Line<'_>,
    certificate: Option<&Certificate>,
) -> CertificateLine {
    let record = &line.record;
    let wanted = view.wanted(&record.domain);
    let last = record.retry.last.as_ref();
    let code = match &record.parked {
        Some(_) => None,
        None => last.and_then(|last| last.code.clone()),
    };
    let manual = match view.proof(&record.domain) {
        Some(proof) if certificate.is_some_and(is_manual) && awaits_a_person(proof) => {
            proof.challenges.clone()
        }
        _ => Vec::new(),
    };
    let mut targets = view.targets(&record.domain).iter();
    let drift =
        view.live_trouble(&record.domain).is_some() || targets.any(|row| drifts(row, wanted));
    CertificateLine {
        domain: record.domain.clone(),
        display: line.display.to_owned(),
        account: record.account.clone(),
        state: record.state(view.now),
        tone: tone(view, line, !manual.is_empty(), drift),
        life: record.installed.as_ref().map(|installed| Life {
            not_before: installed.not_before,
            renew_at: line.policy.renew_at(installed),
            not_after: record.ends().unwrap_or(installed.not_after),
        }),
        places: view.places(line),
        next_step: step_name(&line.step),
        next_at: line.schedule.at,
        failures: record.retry.failures,
        trouble: trouble(view, line, certificate),
        waits_for: hold_of(line).map(|hold| Waits {
            account: hold.account.clone(),
            scope: hold.scope.clone(),
            class: hold.failure.class,
        }),
        code,
        parked: record.parked.is_some(),
        paused: record.paused,
        drift,
        rolled_back: view.is_rolled_back(&record.domain),
        manual,
    }
}

/// What keeps it back together with others, now that it is due.
fn hold_of<'a>(line: &'a Line<'_>) -> Option<&'a Hold> {
    match &line.step {
        Step::Rest {
            why: Rest::Hold(hold),
            ..
        } => Some(hold),
        _ => None,
    }
}

fn tone(view: &View, line: &Line<'_>, awaited: bool, drift: bool) -> Tone {
    let record = &line.record;
    let overdue = record.installed.as_ref().is_some_and(|installed| {
        line.policy.renew_at(installed) <= view.now || record.shown_until.is_some()
    });
    let days_left = line.days_left(view.now);
    let ending = overdue && days_left.is_some_and(|days| days < URGENT_DAYS);
    let last = record.retry.last.as_ref();
    let waits = hold_of(line).is_some();
    // What keeps others back too is for its operator once, and not once a certificate.
    let by_operator = !waits
        && record.retry.failures > 0
        && last.is_some_and(|last| matches!(last.class, Class::Operator | Class::Permanent));
    if record.parked.is_some()
        || record.dead.is_some()
        || awaited
        || view.live_trouble(&record.domain).is_some()
        || (record.wanted && ending)
        || by_operator
    {
        Tone::Bad
    } else if record.retry.failures > 0
        || drift
        || view.target_error(line).is_some()
        || record.paused.is_some()
        || waits
    {
        Tone::Wary
    } else if record.order.is_some()
        || record.waits_for_other()
        || record.installed.is_none()
        || !settled(view, line)
    {
        Tone::Busy
    } else {
        Tone::Well
    }
}

/// Whether everything is where it should be.
fn settled(view: &View, line: &Line<'_>) -> bool {
    let places = view.places(line);
    let there = |place| matches!(place, Place::Yes | Place::NotWanted | Place::Nowhere);
    there(places.bound) && there(places.served)
}

fn drifts(row: &Delivery, wanted: Option<&Wanted>) -> bool {
    let looked_at = matches!(
        row.kind(),
        TargetKind::Install | TargetKind::Cloud | TargetKind::Verify
    );
    let seen = row.seen.as_deref();
    looked_at
        && seen
            .zip(wanted)
            .is_some_and(|(seen, wanted)| seen != wanted.fingerprint)
}

/// Whether the record is known and the order still waits for it.
fn awaits_a_person(proof: &Proof) -> bool {
    !proof.over && !matches!(proof.stage, ProofStage::Wanted | ProofStage::Clearing)
}

fn accounts(view: &View) -> Vec<AccountLine> {
    let account = |(name, account): (&String, &crate::config::Account)| AccountLine {
        name: name.clone(),
        slots: view
            .sweeps
            .iter()
            .find(|sweep| sweep.account == *name)
            .map(|sweep| (sweep.slots, sweep.at)),
        limit: account.free_limit,
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
        seen: row.seen.clone().zip(row.seen_at),
        right: !drifts(row, wanted),
        error: row.last_error.clone().filter(|_| row.attempts > 0),
        next_at: row.next_at,
    }
}
