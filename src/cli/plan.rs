//! `plan`: what the next pass would do, why, and what it costs. Asks nobody and changes nothing.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::failure::Failure;
use super::forecast::{self, Ahead, YEAR};
use super::output::{self, local, rfc3339, table};
use super::view::{Line, View, step_name};
use crate::config::parse_duration;
use crate::lifecycle::{Rest, Step};

/// What `plan` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Show every order, delivery and slot held by date, for so many days ahead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: Option<u32>,
    /// As it will be when certificates live this long (47d from 2029 on, 100d from 2027 on); a year ahead unless --days says
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    lifetime: Option<TimeDelta>,
    /// As a list of objects; with --days, as one object
    #[arg(long)]
    json: bool,
}

/// The shortest lifetime that public CAs issue, and the longest that they may since 2026-03-15 (CA/Browser Forum, ballot
/// SC-081), in days.
const LIFETIMES: RangeInclusive<i64> = 6..=200;

/// A lifetime to play: whole days, as durations of the config are written.
fn lifetime(text: &str) -> Result<TimeDelta, String> {
    let (least, most) = (LIFETIMES.start(), LIFETIMES.end());
    let days = |lifetime: &TimeDelta| TimeDelta::days(lifetime.num_days()) == *lifetime;
    parse_duration(text)
        .and_then(|duration| TimeDelta::from_std(duration).ok())
        .filter(|lifetime| days(lifetime) && LIFETIMES.contains(&lifetime.num_days()))
        .ok_or_else(|| {
            format!(
                "write whole days from {least}d to {most}d, such as 47d: CAs issue nothing that lives shorter, and may issue \
                 nothing that lives longer"
            )
        })
}

/// What one step costs at the service.
struct Cost {
    calls: u32,
    slots: u32,
}

pub(super) async fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let view = View::open(config).await?;
    let lifetime = arguments.lifetime;
    if let Some(days) = arguments.days.or(lifetime.map(|_| YEAR)) {
        forecast::run(&view, Ahead { days, lifetime }, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&view, &view.lines(), arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows the plan of these lines; `renew --dry-run` is the same.
pub(super) fn show(view: &View, lines: &[Line<'_>], as_json: bool) -> Result<(), Failure> {
    output::show(as_json, || list(lines), || text_of(view, lines))
}

/// The list that `--json` prints.
pub(super) fn list(lines: &[Line<'_>]) -> Value {
    lines.iter().map(json_of).collect()
}

/// Apply and fetch; the list is shared by all of an account.
fn cost(step: &Step) -> Cost {
    match step {
        Step::Order { .. } => Cost { calls: 2, slots: 1 },
        Step::Fetch | Step::Poll => Cost { calls: 1, slots: 0 },
        Step::Rest { .. } | Step::LookUp => Cost { calls: 0, slots: 0 },
    }
}

fn reason(line: &Line<'_>) -> String {
    match &line.step {
        Step::Order { why, link } => match link {
            Some(old) => format!("{}; renews {old}", why.words()),
            None => why.words().to_owned(),
        },
        Step::LookUp => "an application has no answer yet; it is searched for".to_owned(),
        Step::Poll => "the order is pending".to_owned(),
        Step::Fetch => "the certificate is issued".to_owned(),
        Step::Rest { why, .. } => match why {
            Rest::Fresh => "the window opens then".to_owned(),
            Rest::Pending => "the service is at work".to_owned(),
            Rest::Backoff => "after a failure".to_owned(),
            Rest::Parked => "it waits for you".to_owned(),
            Rest::Paused => "paused until `evercert resume`".to_owned(),
            Rest::Hold(hold) => hold.failure.message.clone(),
            Rest::Removed => "the config no longer names it".to_owned(),
        },
    }
}

fn json_of(line: &Line<'_>) -> Value {
    let cost = cost(&line.step);
    json!({
        "domain": line.record.domain,
        "account": line.record.acting_account(),
        "now": !matches!(line.step, Step::Rest { .. }),
        "step": step_name(&line.step),
        "why": reason(line),
        "at": rfc3339(line.schedule.at),
        "calls": cost.calls,
        "slots": cost.slots,
    })
}

fn text_of(view: &View, lines: &[Line<'_>]) -> String {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let resting = matches!(line.step, Step::Rest { .. });
            let at = match line.schedule.at {
                _ if !resting => "now".to_owned(),
                Some(at) => local(at),
                None => "-".to_owned(),
            };
            vec![
                line.display.to_owned(),
                step_name(&line.step).to_owned(),
                at,
                reason(line),
            ]
        })
        .collect();
    let costs: Vec<Cost> = lines.iter().map(|line| cost(&line.step)).collect();
    let slots: u32 = costs.iter().map(|cost| cost.slots).sum();
    let asks = lines
        .iter()
        .any(|line| matches!(line.step, Step::Order { .. } | Step::LookUp));
    let calls: u32 = costs.iter().map(|cost| cost.calls).sum::<u32>() + u32::from(asks);
    let mut text = table(&["DOMAIN", "STEP", "AT", "WHY"], &rows);
    text.push_str(&format!(
        "\nA pass now makes about {calls} calls, and takes {slots} free certificates at most; what is at the service \
         already is used first.\n"
    ));
    for slots in &view.slots {
        text.push_str(&format!("{}\n", slots.words(&view.config)));
    }
    text
}
