//! `notify test`: a message through each channel, with what came back.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::failure::{Failure, exit};
use super::output::{print, show};
use super::view::open;
use crate::clock::{Clock, SystemClock};
use crate::config::Notify;
use crate::engine::host_name;
use crate::notification::{Message, Sender};
use crate::sentence::{Language, Sentence, sentences};

/// What `notify` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Send a test message through each channel, or these, and say what came back; exit 1 if one fails
    Test {
        /// The channels, by their names in the config
        #[arg(value_name = "CHANNEL")]
        channels: Vec<String>,
        /// A list of objects: channel, type, taken, answer
        #[arg(long)]
        json: bool,
    },
}

sentences! {
    no_channel(name, names) "there is no channel \"{name}\" in the config; there are: {names}" "配置中没有通知渠道 \"{name}\"；现有：{names}";
    no_channels() "there is no [[notify]] in the config; docs/notifications.md says how to be told\n" "配置中没有 [[notify]]；设置方法见 docs/zh-CN/notifications.md\n";
    sent(name, kind, answer) "ok: {name} ({kind}): {answer}\n" "成功：{name}（{kind}）：{answer}\n";
    not_sent(name, kind, answer) "FAILED: {name} ({kind}): {answer}\n" "失败：{name}（{kind}）：{answer}\n";
    partly(answer, refused) "{answer}; refused: {refused}" "{answer}；被拒绝：{refused}";
}

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let Verb::Test { channels, json } = &arguments.verb;
    // Commands run, and files of secrets are read, as the daemon would.
    let config = open(config)?.config;
    let all = &config.notifications.channels;
    for wanted in channels {
        if !all.iter().any(|notify| notify.name == *wanted) {
            let names: Vec<&str> = all.iter().map(|notify| notify.name.as_str()).collect();
            return Err(Failure::usage(no_channel(wanted, Sentence::names(names))));
        }
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let sender = Sender::new(config.api.proxy.as_ref(), Arc::clone(&clock));
    let message = Message::test(&host_name(), clock.now());
    let chosen: Vec<&Notify> = all
        .iter()
        .filter(|notify| channels.is_empty() || channels.contains(&notify.name))
        .collect();
    if chosen.is_empty() && !json {
        print(language.of(&no_channels()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let under_way = chosen.iter().map(|notify| sender.send(notify, &message));
    let outcomes = join_all(under_way).await;
    let mut all_taken = true;
    let mut lines = String::new();
    let mut list = Vec::new();
    for (notify, outcome) in chosen.iter().zip(outcomes) {
        let (taken, answer) = match outcome {
            Ok(done) => match done.refused {
                None => (true, Sentence::from(done.answer)),
                Some(refused) => (false, partly(done.answer, refused)),
            },
            Err(error) => (false, Sentence::from(error.to_string())),
        };
        all_taken &= taken;
        let (name, kind) = (&notify.name, notify.channel.name());
        let line = match taken {
            true => sent(name, kind, &answer),
            false => not_sent(name, kind, &answer),
        };
        lines.push_str(language.of(&line));
        list.push(
            json!({ "channel": name, "type": kind, "taken": taken, "answer": answer.english }),
        );
    }
    show(*json, || list.into(), || lines)?;
    Ok(exit(all_taken))
}
