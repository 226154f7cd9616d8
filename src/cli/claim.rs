//! `claim`: the operator's word that this machine goes on, where the state folder was taken for a copy.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::output::print;
use super::view::open;
use crate::clock::{Clock, SystemClock};
use crate::engine::machine;
use crate::sentence::{Language, sentences};
use crate::store::{Store, Verb};

/// What `claim` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

sentences! {
    was_taken_for_a_copy(reason) "it was taken for a copy: {reason}\nthis machine goes on with the installation now; the other one must stay off\n" "此前被判断为副本：{reason}\n现在由本机继续使用该安装；另一台机器必须保持停止\n";
    has_the_number() "this machine goes on as the one with its number; the other installation that had it must stay off, or have another one\n" "由本机继续使用它的编号；此前使用该编号的另一套安装必须保持停止，或改用另一个编号\n";
    was_no_copy() "it was not taken for a copy; this machine goes on with the installation\n" "没有被判断为副本；由本机继续使用该安装\n";
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    _arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let config = open(path)?.config;
    let clock = SystemClock::new();
    let store = Store::open(&config.state_dir, clock.now()).await?;
    let reason = store.may_be_copy().await?;
    store.claim(clock.now(), machine().as_deref()).await?;
    // Who waited for this goes on. A daemon takes that up within a second or two; else the next start does.
    let waiting = store.waiting_for_operator().await?;
    if !waiting.is_empty() {
        let renew = Verb::Renew {
            domains: waiting,
            force: false,
        };
        store.ask(clock.now(), &renew).await?;
    }
    store.close().await;
    let words = match reason {
        Some(reason) => was_taken_for_a_copy(reason),
        None if config.fleet.is_some() => has_the_number(),
        None => was_no_copy(),
    };
    print(language.of(&words))?;
    Ok(ExitCode::SUCCESS)
}
