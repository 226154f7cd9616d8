//! `simulate`: a year of your own config in seconds, against the stand-in, with faults and crashes.

use std::path::Path;
use std::process::ExitCode;

use unicode_width::UnicodeWidthStr;

use super::failure::Failure;
use super::output::{padded, print};
use crate::config;
use crate::sentence::{Language, Phrase, say, sentences};
use crate::simulation::{
    Faults, Options, Report, SimulationError, keep_to_one_processor, simulate,
};

/// What `simulate` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(30..=3650))]
    days: u32,
    /// Which run of all; the same seed gives the same run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many calls fail
    #[arg(long, value_enum, default_value_t = Rate::Mild)]
    faults: Rate,
    /// A fleet of so many machines that order in turns, and one that follows; targets and proofs are left out
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=8))]
    machines: u8,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Rate {
    /// No call fails
    None,
    /// Some calls fail, as in an ordinary year
    Mild,
    /// Many calls fail, in every way that is known; crashes are frequent
    Hostile,
}

sentences! {
    no_config() "no config: simulating the example's domains\n\n" "没有配置：用示例中的域名模拟\n\n";
    head(seed, days, certificates) "seed {seed}: {days} days, {certificates} certificates\n" "种子 {seed}：{days} 天，{certificates} 张证书\n";
    days_left(days) "{days} days" "{days} 天";
    all_held() "\nNothing expired, and nothing was ordered twice.\n" "\n没有证书过期，也没有重复申请。\n";
    broke(what) "a promise broke: {what}. Please report it with this line and the `[schedule]` of your config" "出现了不应出现的结果：{what}。请附上这一行和配置中的 `[schedule]` 反馈给我们";
}

pub(super) async fn run(
    path: &Path,
    given: bool,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let config = if given || path.exists() {
        config::load_without_credentials(path)?.config
    } else {
        print(language.of(&no_config()))?;
        config::parse(config::EXAMPLE, None)?.config
    };
    let options = Options {
        seed: arguments.seed,
        days: arguments.days,
        faults: match arguments.faults {
            Rate::None => Faults::None,
            Rate::Mild => Faults::Mild,
            Rate::Hostile => Faults::Hostile,
        },
        config,
        machines: arguments.machines,
        broken: None,
        folder: None,
    };
    // Several at once spread by their process ids.
    keep_to_one_processor(std::process::id() as usize);
    match simulate(&options).await {
        Ok(report) => {
            print(&text_of(&report, language))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(broken @ SimulationError::Broken { .. }) => Err(Failure::other(broke(broken))),
        Err(error) => Err(Failure::other(error.to_string())),
    }
}

/// What came of it, a line a number.
fn text_of(report: &Report, language: Language) -> String {
    let left = report.fewest_hours.map_or_else(
        || "-".to_owned(),
        |hours| {
            let days = format!("{}.{}", hours / 24, (hours % 24) * 10 / 24);
            language.of(&days_left(days)).to_owned()
        },
    );
    let rows: [(Phrase, String); 10] = [
        (say("orders", "申请"), report.orders.to_string()),
        (say("renewals", "续期"), report.renewals.to_string()),
        (say("passes", "检查轮数"), report.passes.to_string()),
        (say("calls", "接口调用"), report.calls.to_string()),
        (
            say("peak in a second", "每秒调用峰值"),
            report.peak.to_string(),
        ),
        (
            say("crashes survived", "经历的崩溃"),
            report.crashes.to_string(),
        ),
        (say("fewest days left", "最短剩余时间"), left),
        (say("alarms", "告警"), report.alarms.to_string()),
        (
            say("waited for you", "待人工处理"),
            report.parked.to_string(),
        ),
        (
            say("most slots used", "额度占用峰值"),
            report.slots.to_string(),
        ),
    ];
    let widest = rows
        .iter()
        .map(|(name, _)| language.of_phrase(*name).width());
    let width = widest.max().unwrap_or_default();
    let head = head(report.seed, report.days, report.certificates);
    let mut text = language.of(&head).to_owned();
    for (name, value) in &rows {
        let name = padded(language.of_phrase(*name), width);
        text.push_str(&format!("  {name}   {value}\n"));
    }
    text.push_str(language.of(&all_held()));
    text
}
