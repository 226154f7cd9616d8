//! The view as the page and the metrics show it: plain data in the words of `status`.

use std::collections::HashMap;

use super::view::{Line, View, step_name};
use crate::config::{Certificate, Dns, Provider, Validation};
use crate::lifecycle::delivery::{Delivery, Kind, Wanted};
use crate::lifecycle::{Class, Hold, HoldScope, Proof, ProofStage, Rest, Step};
use crate::observe::board::{
    AccountCard, Board, Card, HoldCard, Leaf, Life, OrderLine, Place, Record, TargetLine, Tone,
};
use crate::store::{Entry, PastOrder};
use crate::tencent::codes;

/// Days left at which a certificate that should have been renewed concerns its operator.
const URGENT_DAYS: i64 = 7;

/// Everything at a glance.
pub fn board(view: &View) -> Board {
    let manual: HashMap<&str, &Certificate> = view
        .config
        .certificates
        .iter()
        .filter(|certificate| is_manual(certificate))
        .map(|certificate| (certificate.domain.as_str(), certificate))
        .collect();
    Board {
        now: view.now,
        cards: view
            .lines()
            .iter()
            .map(|line| card(view, line, manual.contains_key(line.record.domain.as_str())))
            .collect(),
        accounts: accounts(view),
        next_due: view.next_due(),
    }
}

/// One certificate with what happened to it.
pub fn leaf(
    view: &View,
    certificate: &Certificate,
    orders: Vec<PastOrder>,
    history: Vec<Entry>,
) -> Leaf {
    let line = view.line(certificate);
    let held = line.record.held.as_ref();
    let known = view.deliveries(&certificate.domain);
    let wanted = known.and_then(|known| known.wanted.as_ref());
    let targets = known.map_or(&[][..], |known| known.rows.as_slice());
    Leaf {
        now: view.now,
        card: card(view, &line, is_manual(certificate)),
        certificate_id: held.map(|held| held.certificate_id.clone()),
        fingerprint: held.map(|held| held.fingerprint.clone()),
        method: certificate.validation.as_str().to_owned(),
        orders: orders.into_iter().map(order_line).collect(),
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

fn card(view: &View, line: &Line<'_>, by_hand: bool) -> Card {
    let record = &line.record;
    let known = view.deliveries(&record.domain);
    let wanted = known.and_then(|known| known.wanted.as_ref());
    let code = match &record.parked {
        Some(_) => None,
        None => record
            .retry
            .last
            .as_ref()
            .and_then(|last| last.code.clone()),
    };
    let advice = code
        .as_deref()
        .and_then(codes::lookup)
        .map(|code| code.you_do.to_owned());
    let manual = match view.proof(&record.domain) {
        Some(proof) if by_hand && awaits_a_person(proof) => records(proof),
        _ => Vec::new(),
    };
    let held_back = matches!(
        &line.step,
        Step::Rest {
            why: Rest::Hold(_),
            ..
        }
    );
    let is_live_wrong = view.live_trouble(&record.domain).is_some();
    let drift = is_live_wrong
        || known.is_some_and(|known| known.rows.iter().any(|row| drifts(row, wanted)));
    Card {
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
        life: record.held.as_ref().map(|held| Life {
            not_before: held.not_before,
            renew_at: line.policy.renew_at(held),
            not_after: record.ends().unwrap_or(held.not_after),
        }),
        places: view.places(line),
        next_step: step_name(&line.step),
        next_at: line.schedule.at,
        failures: record.retry.failures,
        error: view.trouble(line),
        remedy: record
            .parked
            .as_ref()
            .map(|parked| parked.remedy.clone())
            .or(advice),
        code,
        parked: record.parked.is_some(),
        paused: record.paused,
        held_back,
        drift,
        rolled_back: known.is_some_and(|known| known.rolled_back),
        manual,
    }
}

fn tone(view: &View, line: &Line<'_>, awaited: bool, trouble: bool) -> Tone {
    let record = &line.record;
    let ending = record.held.as_ref().is_some_and(|held| {
        let overdue = line.policy.renew_at(held) <= view.now || record.shown_until.is_some();
        overdue
            && line
                .days_left(view.now)
                .is_some_and(|days| days < URGENT_DAYS)
    });
    let last = record
        .retry
        .last
        .as_ref()
        .filter(|_| record.retry.failures > 0);
    let by_operator =
        last.is_some_and(|last| matches!(last.class, Class::Operator | Class::Permanent));
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
        || record.held.is_none()
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
    let looked_at = matches!(row.kind, Kind::Install | Kind::Cloud | Kind::Verify);
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

fn records(proof: &Proof) -> Vec<Record> {
    let record = |challenge: &crate::lifecycle::Challenge| Record {
        kind: challenge.kind.name(),
        name: challenge.name.clone(),
        value: challenge.value.clone(),
    };
    proof.challenges.iter().map(record).collect()
}

fn accounts(view: &View) -> Vec<AccountCard> {
    let account = |(name, account): (&String, &crate::config::Account)| AccountCard {
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
            .map(hold_card)
            .collect(),
    };
    view.config.accounts.iter().map(account).collect()
}

fn hold_card(hold: &Hold) -> HoldCard {
    let code = hold.failure.code.as_deref();
    HoldCard {
        scope: match &hold.scope {
            HoldScope::Account => "account",
            HoldScope::Orders => "orders",
            HoldScope::MainDomain(_) => "main-domain",
            HoldScope::List => "list",
            HoldScope::Fetch => "fetch",
        },
        what: match &hold.scope {
            HoldScope::Account => "every call is".to_owned(),
            HoldScope::Orders => "new orders are".to_owned(),
            HoldScope::MainDomain(main) => format!("new orders below {main} are"),
            HoldScope::List => "whatever needs the account's list is".to_owned(),
            HoldScope::Fetch => "fetching issued certificates is".to_owned(),
        },
        tone: if hold.failure.class == Class::Transient {
            Tone::Wary
        } else {
            Tone::Bad
        },
        until: hold.until,
        reason: hold.failure.message.clone(),
        code: code.map(str::to_owned),
        remedy: code
            .and_then(codes::lookup)
            .map(|code| code.you_do.to_owned()),
    }
}

fn order_line(order: PastOrder) -> OrderLine {
    OrderLine {
        opened: order.opened,
        closed: order.closed,
        marker: order.marker,
        certificate_id: order.certificate_id,
        method: order.method,
        state: order.ending.unwrap_or(order.stage),
        what: match (order.adopted, order.renewal) {
            (true, _) => "adopted",
            (false, true) => "renewal",
            (false, false) => "first",
        },
    }
}

fn target_line(row: &Delivery, wanted: Option<&Wanted>) -> TargetLine {
    TargetLine {
        title: row.title.clone(),
        kind: row.kind.name(),
        state: row.state(wanted),
        seen: row.seen.clone().zip(row.seen_at),
        right: !drifts(row, wanted),
        error: row.last_error.clone().filter(|_| row.attempts > 0),
        next_at: row.next_at,
    }
}
