//! `status`: every certificate at a glance.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::{Failure, exit};
use super::output::{local, rfc3339, show, table};
use super::targets;
use super::view::{Line, View, step_name};
use crate::lifecycle::due;
use crate::observe::overview::URGENT_DAYS;

/// What `status` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this domain
    domain: Option<String>,
    /// As a list of objects
    #[arg(long)]
    json: bool,
    /// Exit with 1 if anything needs its operator: parked, failing, held back, expired, or inside its last 7 days
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let view = View::open(config).await?;
    let lines = match &arguments.domain {
        Some(written) => vec![view.line(view.certificate(written)?)],
        None => view.lines(),
    };
    show(
        arguments.json,
        || list(&view, &lines),
        || as_text(&view, &lines),
    )?;
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

fn as_json(view: &View, line: &Line<'_>) -> Value {
    let now = view.now;
    let record = &line.record;
    let installed = record.installed.as_ref();
    json!({
        "domain": record.domain,
        "account": record.account,
        "state": record.state(now),
        "certificate_id": installed.map(|installed| installed.certificate_id.as_str()),
        "order_id": record.order.as_ref().and_then(|order| order.stage.certificate_id()),
        "not_before": rfc3339(installed.map(|installed| installed.not_before)),
        "not_after": rfc3339(record.ends()),
        "days_left": line.days_left(now),
        "fingerprint": installed.map(|installed| installed.fingerprint.as_str()),
        "next_step": step_name(&line.step),
        "next_at": rfc3339(line.schedule.at),
        "failures": record.retry.failures,
        "last_error": view.last_error(line),
        "live_error": view.live_trouble(&record.domain),
        "paused_at": rfc3339(record.paused),
        "parked": record.parked.as_ref().map(|parked| parked.remedy.as_str()),
    })
}

fn as_text(view: &View, lines: &[Line<'_>]) -> String {
    let rows: Vec<Vec<String>> = lines.iter().map(|line| row(view, line)).collect();
    let mut text = table(
        &[
            "DOMAIN",
            "STATE",
            "DAYS",
            "VALID UNTIL",
            "INSTALLED / BOUND / SERVED",
            "NEXT",
            "AT",
            "LAST ERROR",
        ],
        &rows,
    );
    for line in lines {
        text.push_str(&targets::notes(view, line).unwrap_or_default());
        if let Some(since) = line.record.paused {
            text.push_str(&format!(
                "\n{} is paused since {}; `evercert resume {}` ends that\n",
                line.display,
                local(since),
                line.display
            ));
        }
        if let Some(parked) = &line.record.parked {
            text.push_str(&format!(
                "\n{} waits for you: {}\n  {}\n",
                line.display, parked.reason, parked.remedy
            ));
        }
    }
    for hold in view.holds.iter().filter(|hold| hold.in_force(view.now)) {
        text.push_str(&format!(
            "\naccount \"{}\" is held back until {}: {}\n",
            hold.account,
            local(hold.until),
            hold.failure.message
        ));
    }
    for slots in &view.slots {
        text.push_str(&format!("\n{}\n", slots.words(&view.config)));
    }
    text
}

fn row(view: &View, line: &Line<'_>) -> Vec<String> {
    let now = view.now;
    let dash = || "-".to_owned();
    let error = view.trouble(line).unwrap_or_default();
    let shown: String = if error.chars().count() > 60 {
        error.chars().take(59).chain(['…']).collect()
    } else {
        error
    };
    vec![
        line.display.to_owned(),
        line.record.state(now).to_owned(),
        line.days_left(now)
            .map_or_else(dash, |days| days.to_string()),
        line.record.ends().map_or_else(dash, local),
        targets::words(view, line),
        step_name(&line.step).to_owned(),
        line.schedule.at.map_or_else(dash, |at| local(at.max(now))),
        shown,
    ]
}
