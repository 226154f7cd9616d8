//! The view as the page and the metrics show it: plain data in the words of `status`.

use std::collections::HashMap;

use super::view::{Line, View, step_name};
use crate::config::{Certificate, Dns, Provider, Validation};
use crate::lifecycle::delivery::{Delivery, TargetKind, Wanted};
use crate::lifecycle::{Class, Hold, HoldScope, Proof, ProofStage};
use crate::observe::overview::{
    AccountLine, CertificateLine, Detail, HoldLine, Life, Overview, Place, TargetLine, Tone,
    URGENT_DAYS,
};
use crate::store::{Entry, PastOrder};
use crate::tencent::codes;

/// Everything at a glance.
pub(crate) fn overview(view: &View) -> Overview {
    let manual: HashMap<&str, &Certificate> = view
        .config
        .certificates
        .iter()
        .filter(|certificate| is_manual(certificate))
        .map(|certificate| (certificate.domain.as_str(), certificate))
        .collect();
    Overview {
        now: view.now,
        certificates: view
            .lines()
            .iter()
            .map(|line| {
                certificate_line(view, line, manual.contains_key(line.record.domain.as_str()))
            })
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
        certificate: certificate_line(view, &line, is_manual(certificate)),
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

fn certificate_line(view: &View, line: &Line<'_>, by_hand: bool) -> CertificateLine {
    let record = &line.record;
    let wanted = view.wanted(&record.domain);
    let last = record.retry.last.as_ref();
    let code = match &record.parked {
        Some(_) => None,
        None => last.and_then(|last| last.code.clone()),
    };
    let remedy = match &record.parked {
        Some(parked) => Some(parked.remedy.clone()),
        None => advice(code.as_deref()),
    };
    let manual = match view.proof(&record.domain) {
        Some(proof) if by_hand && awaits_a_person(proof) => proof.challenges.clone(),
        _ => Vec::new(),
    };
    let is_live_wrong = view.live_trouble(&record.domain).is_some();
    let mut targets = view.targets(&record.domain).iter();
    let drift = is_live_wrong || targets.any(|row| drifts(row, wanted));
    CertificateLine {
        domain: record.domain.clone(),
        display: line.display.to_owned(),
        account: record.account.clone(),
        state: record.state(view.now),
        tone: tone(
            view,
            line,
            !manual.is_empty() || is_live_wrong,
            drift || view.target_error(line).is_some(),
        ),
        life: record.installed.as_ref().map(|installed| Life {
            not_before: installed.not_before,
            renew_at: line.policy.renew_at(installed),
            not_after: record.ends().unwrap_or(installed.not_after),
        }),
        places: view.places(line),
        next_step: step_name(&line.step),
        next_at: line.schedule.at,
        failures: record.retry.failures,
        error: view.trouble(line),
        remedy,
        code,
        parked: record.parked.is_some(),
        paused: record.paused,
        drift,
        rolled_back: view.is_rolled_back(&record.domain),
        manual,
    }
}

fn tone(view: &View, line: &Line<'_>, awaited: bool, trouble: bool) -> Tone {
    let record = &line.record;
    let overdue = record.installed.as_ref().is_some_and(|installed| {
        line.policy.renew_at(installed) <= view.now || record.shown_until.is_some()
    });
    let days_left = line.days_left(view.now);
    let ending = overdue && days_left.is_some_and(|days| days < URGENT_DAYS);
    let last = record.retry.last.as_ref();
    let by_operator = record.retry.failures > 0
        && last.is_some_and(|last| matches!(last.class, Class::Operator | Class::Permanent));
    if record.parked.is_some()
        || record.dead.is_some()
        || awaited
        || (record.wanted && ending)
        || by_operator
    {
        Tone::Bad
    } else if record.retry.failures > 0 || trouble || record.paused.is_some() {
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
    let what = match &hold.scope {
        HoldScope::Account => "every call is".to_owned(),
        HoldScope::Orders => "new orders are".to_owned(),
        HoldScope::MainDomain(main) => format!("new orders below {main} are"),
        HoldScope::List => "whatever needs the account's list is".to_owned(),
        HoldScope::Fetch => "fetching issued certificates is".to_owned(),
    };
    HoldLine {
        scope: hold.scope.name(),
        what,
        tone: if hold.failure.class == Class::Transient {
            Tone::Wary
        } else {
            Tone::Bad
        },
        reason: hold.failure.message.clone(),
        remedy: advice(hold.failure.code.as_deref()),
    }
}

/// What to do about this code of the service's, where it is known.
fn advice(code: Option<&str>) -> Option<String> {
    let code = codes::lookup(code?)?;
    Some(code.you_do.english.to_owned())
}

fn target_line(row: &Delivery, wanted: Option<&Wanted>) -> TargetLine {
    TargetLine {
        title: row.title.clone(),
        kind: row.kind().name(),
        state: row.status(wanted),
        seen: row.seen.clone().zip(row.seen_at),
        right: !drifts(row, wanted),
        error: row.last_error.clone().filter(|_| row.attempts > 0),
        next_at: row.next_at,
    }
}
