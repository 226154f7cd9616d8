//! `status`: every certificate at a glance.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::card::card;
use super::failure::{Failure, exit};
use super::glance::glance;
use super::output::{is_lively, print, prose_width, rfc3339, screen_width};
use super::row::Form;
use super::targets;
use super::view::{Line, View};
use crate::lifecycle::{Challenge, WaitsFor, due};
use crate::observe::overview::URGENT_DAYS;
use crate::sentence::Language;

/// What `status` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this domain, with all that is known of it
    domain: Option<String>,
    /// Every certificate, however many are OK
    #[arg(long, short)]
    all: bool,
    /// Every certificate with every column, as wide as they must be
    #[arg(long, short)]
    wide: bool,
    /// As a list of objects
    #[arg(long)]
    json: bool,
    /// Exit with 1 if anything needs its operator: parked, failing, held back, expired, or inside its last 7 days
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let view = View::open(config, language).await?;
    let lines = match &arguments.domain {
        Some(written) => vec![view.line(view.certificate(written)?)],
        None => view.lines(),
    };
    let form = Form {
        language,
        width: screen_width(),
        wide: arguments.wide,
        all: arguments.all,
        coloured: is_lively(),
    };
    match (&arguments.domain, lines.as_slice()) {
        _ if arguments.json => print(&format!("{:#}\n", list(&view, &lines)))?,
        (Some(_), [line]) if !arguments.wide => {
            let width = prose_width();
            card(&view, line, Form { width, ..form }).await?.print()?;
        }
        _ => glance(&view, &lines, form).print()?,
    }
    let needs_operator = lines
        .iter()
        .any(|line| needs_operator(&view, line) || view.target_error(line).is_some());
    Ok(exit(!(arguments.check && needs_operator)))
}

/// The list that `--json` prints.
pub(super) fn list(view: &View, lines: &[Line<'_>]) -> Value {
    let all = lines.iter().map(|line| {
        let mut object = as_json(view, line);
        targets::add_json(view, line, &mut object);
        object
    });
    all.collect()
}

fn needs_operator(view: &View, line: &Line<'_>) -> bool {
    let now = view.now;
    let is_live_wrong = view.live_trouble(&line.record.domain).is_some();
    let record = &line.record;
    let ending = line.days_left(now).is_some_and(|days| days < URGENT_DAYS);
    let held_back = line.holds.iter().any(|hold| hold.in_force(now));
    // A pause is meant; that it keeps back what is due is for its operator to know.
    let kept_back = record.paused.is_some() && due(now, &line.policy, record).is_some();
    is_live_wrong
        || record.parked.is_some()
        || record.dead.is_some()
        || record.retry.failures > 0
        || ending
        || held_back
        || kept_back
}

/// A record that a person is to add.
fn record_json(record: &Challenge) -> Value {
    json!({ "name": record.name, "type": record.kind.name(), "value": record.value })
}

fn as_json(view: &View, line: &Line<'_>) -> Value {
    let now = view.now;
    let record = &line.record;
    let installed = record.installed.as_ref();
    json!({
        "domain": record.domain,
        "account": record.account,
        "state": line.standing.state.name(),
        "waits_for": line.standing.waits_for.map(WaitsFor::name),
        "delivery": line.standing.delivery.name(),
        "certificate_id": installed.map(|installed| installed.certificate_id.as_str()),
        "order_id": record.order.as_ref().and_then(|order| order.stage.certificate_id()),
        "not_before": rfc3339(installed.map(|installed| installed.not_before)),
        "not_after": rfc3339(record.ends()),
        "days_left": line.days_left(now),
        "fingerprint": installed.map(|installed| installed.fingerprint.as_str()),
        "next_step": line.next_step(),
        "next_at": rfc3339(view.comes_at(line)),
        "failures": record.retry.failures,
        "last_error": view.last_error(line),
        "live_error": view.live_trouble(&record.domain),
        "paused_at": rfc3339(record.paused),
        "awaited_records": line.by_hand.iter().map(record_json).collect::<Value>(),
        "parked": record.parked.as_ref().map(|parked| parked.remedy.as_str()),
    })
}
