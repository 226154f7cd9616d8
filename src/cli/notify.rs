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

pub(super) async fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Verb::Test { channels, json } = &arguments.verb;
    // Commands run, and files of secrets are read, as the daemon would.
    let config = open(config)?.config;
    let all = &config.notifications.channels;
    for wanted in channels {
        if !all.iter().any(|notify| notify.name == *wanted) {
            let names: Vec<&str> = all.iter().map(|notify| notify.name.as_str()).collect();
            return Err(Failure::usage(format!(
                "there is no channel \"{wanted}\" in the config; there are: {}",
                names.join(", ")
            )));
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
        print("there is no [[notify]] in the config; docs/notifications.md says how to be told\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let sent = chosen.iter().map(|notify| sender.send(notify, &message));
    let outcomes = join_all(sent).await;
    let mut all_taken = true;
    let mut lines = String::new();
    let mut list = Vec::new();
    for (notify, outcome) in chosen.iter().zip(outcomes) {
        let (taken, answer) = match outcome {
            Ok(sent) => match sent.refused {
                None => (true, sent.answer),
                Some(refused) => (false, format!("{}; refused: {refused}", sent.answer)),
            },
            Err(error) => (false, error.to_string()),
        };
        all_taken &= taken;
        let word = if taken { "ok" } else { "FAILED" };
        let (name, kind) = (&notify.name, notify.channel.name());
        lines.push_str(&format!("{word}: {name} ({kind}): {answer}\n"));
        list.push(json!({ "channel": name, "type": kind, "taken": taken, "answer": answer }));
    }
    show(*json, || list.into(), || lines)?;
    Ok(exit(all_taken))
}
