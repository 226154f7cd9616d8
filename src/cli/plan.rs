//! `plan`: what the next pass would do, why, and what it costs. Asks nobody and changes nothing.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::failure::Failure;
use super::forecast::{self, Ahead, YEAR};
use super::output::{self, Gives, local, prose, prose_width, rfc3339, table};
use super::step::{reason, step};
use super::view::{Line, View, step_name};
use crate::config::parse_duration;
use crate::lifecycle::{Rest, Step};
use crate::sentence::{Language, Phrase, phrases, say, sentences};

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

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let view = View::open(config, language).await?;
    let lifetime = arguments.lifetime;
    if let Some(days) = arguments.days.or(lifetime.map(|_| YEAR)) {
        forecast::run(&view, language, Ahead { days, lifetime }, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&view, language, &view.lines(), arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows the plan of these lines; `renew --dry-run` is the same.
pub(super) fn show(
    view: &View,
    language: Language,
    lines: &[Line<'_>],
    as_json: bool,
) -> Result<(), Failure> {
    let (json, text) = (|| list(view, lines), || text_of(view, lines, language));
    output::show(as_json, json, text)
}

/// The list that `--json` prints.
pub(super) fn list(view: &View, lines: &[Line<'_>]) -> Value {
    lines.iter().map(|line| json_of(view, line)).collect()
}

/// Apply and fetch; the list is shared by all of an account.
fn cost(step: &Step) -> Cost {
    match step {
        Step::Order { .. } => Cost { calls: 2, slots: 1 },
        Step::Fetch | Step::Poll => Cost { calls: 1, slots: 0 },
        Step::Seek { .. } | Step::Rest { .. } | Step::LookUp => Cost { calls: 0, slots: 0 },
    }
}

phrases! {
    NOW "now" "现在";
}

/// What the columns have.
const TITLES: [Phrase; 4] = [
    say("DOMAIN", "域名"),
    say("STEP", "步骤"),
    say("AT", "时间"),
    say("WHY", "原因"),
];

sentences! {
    costs_now(calls, slots) "A pass now makes about {calls} calls, and takes {slots} free certificates at most; what is at the service already is used first." "现在运行一轮约调用接口 {calls} 次，最多占用 {slots} 个免费证书额度；账号中已有的证书优先使用。";
}

fn json_of(view: &View, line: &Line<'_>) -> Value {
    let cost = cost(&line.step);
    json!({
        "domain": line.record.domain,
        "account": line.record.acting_account(),
        "now": !matches!(line.step, Step::Rest { .. }),
        "step": step_name(&line.step),
        "why": reason(line, view.now).english,
        "at": rfc3339(view.comes_at(line)),
        "calls": cost.calls,
        "slots": cost.slots,
    })
}

fn text_of(view: &View, lines: &[Line<'_>], language: Language) -> String {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let resting = matches!(line.step, Step::Rest { .. });
            let at = match view.comes_at(line) {
                _ if !resting => language.of_phrase(NOW).to_owned(),
                Some(at) => local(at),
                None => "-".to_owned(),
            };
            // That a renewal waits for its window is what its step and its time say.
            let is_plain = matches!(
                line.step,
                Step::Rest {
                    why: Rest::Fresh,
                    ..
                }
            );
            let why = match is_plain {
                true => String::new(),
                false => language.of(&reason(line, view.now)).to_owned(),
            };
            vec![
                line.display.to_owned(),
                language.of_phrase(step(&line.step)).to_owned(),
                at,
                why,
            ]
        })
        .collect();
    let costs: Vec<Cost> = lines.iter().map(|line| cost(&line.step)).collect();
    let slots: u32 = costs.iter().map(|cost| cost.slots).sum();
    let asks = lines
        .iter()
        .any(|line| matches!(line.step, Step::Order { .. } | Step::LookUp));
    let calls: u32 = costs.iter().map(|cost| cost.calls).sum::<u32>() + u32::from(asks);
    let mut text = table(
        &TITLES.map(|title| language.of_phrase(title)),
        &rows,
        Gives {
            names: 0,
            prose: 3,
            below: true,
        },
    );
    text.push('\n');
    let slots_of = view.slots.iter().map(|slots| slots.summary(&view.config));
    for sentence in std::iter::once(costs_now(calls, slots)).chain(slots_of) {
        text.push_str(&prose(prose_width(), "", language.of(&sentence)));
    }
    text
}
