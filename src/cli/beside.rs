//! What `run --sandbox` tells to be tried beside it.

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::output::print;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::assemble::Assembled;
use crate::daemon::sandboxed::Sandbox;
use crate::engine::Settings;
use crate::lifecycle::due;
use crate::sentence::{Language, Sentence, sentences};
use crate::store::Store;

/// How often is looked whether the first certificates are there, and for how long at most.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: u32 = 40;

/// Where everything is, in one line for the log.
pub(super) fn line(sandbox: &Sandbox, config: &Config) -> String {
    let manage = sandbox.server.manage_address();
    let manage = manage.map_or_else(String::new, |address| {
        format!("; its management port is http://{address}")
    });
    format!(
        "sandbox: the service is a stand-in at http://{}{manage}; all files go to {}; hooks and targets are not touched; \
         the config for verbs beside it is {}",
        sandbox.server.address(),
        config.state_dir.display(),
        sandbox.config.display(),
    )
}

/// On a terminal, says what can be tried once the first certificates are there, so that it stands below their lines.
pub(super) fn tell(sandbox: &Sandbox, assembled: &Assembled, language: Language) -> JoinHandle<()> {
    let settings = assembled.engine.settings();
    let domain = settings.config.certificates.first();
    let domain = domain.map_or("", |certificate| certificate.display.as_str());
    let text = language.of(&text(sandbox, domain)).to_owned();
    let store = assembled.engine.store().clone();
    tokio::spawn(async move {
        if !stdout().is_terminal() {
            return;
        }
        let clock = SystemClock::new();
        for _ in 0..LOOKS {
            if are_there(&store, &settings).await {
                break;
            }
            clock.sleep(LOOK).await;
        }
        if let Err(error) = print(&text) {
            tracing::debug!(%error, "nobody reads what can be tried");
        }
    })
}

/// Whether every certificate is installed, and none is to be ordered now.
async fn are_there(store: &Store, settings: &Settings) -> bool {
    let now = SystemClock::new().now();
    let Ok(records) = store.records().await else {
        return false;
    };
    records.iter().all(|listing| {
        let record = &listing.record;
        let policy = settings.policy(&record.domain, None);
        record.order.is_none() && due(now, &policy, record).is_none()
    })
}

sentences! {
    to_try(page, manage, commands) "\n  The status page, in a browser:  http://{page}/\n{manage}  In another terminal:\n\n{commands}\n  Ctrl-C ends it.\n\n" "\n  在浏览器中打开状态页：  http://{page}/\n{manage}  在另一个终端中：\n\n{commands}\n  按 Ctrl-C 结束。\n\n";
    faults(address) "  Faults and the clock, by curl (docs/sandbox.md):  http://{address}\n" "  用 curl 设置故障和时钟（docs/zh-CN/sandbox.md）：  http://{address}\n";
}

fn text(sandbox: &Sandbox, domain: &str) -> Sentence {
    let call = format!(
        "{} --config {}",
        quoted(&program()),
        quoted(&sandbox.config)
    );
    let manage = sandbox.server.manage_address();
    let manage = manage.map_or_else(|| Sentence::verbatim(""), faults);
    let commands =
        format!("    {call} status\n    {call} why {domain}\n    {call} history {domain}\n");
    to_try(sandbox.page, manage, commands)
}

/// This program as it was called: by its path, or by its name alone where the shell found it.
fn program() -> PathBuf {
    let called = std::env::args_os().next().map(PathBuf::from);
    let called = called.unwrap_or_else(|| PathBuf::from("evercert"));
    match called.components().count() {
        1 if called.is_relative() => called,
        _ => std::path::absolute(&called).unwrap_or(called),
    }
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        let quoted = |text: &str| quoted(Path::new(text));
        assert_eq!(quoted("/srv/a-b/config.toml"), "/srv/a-b/config.toml");
        assert_eq!(quoted("/srv/my files/c"), "'/srv/my files/c'");
        assert_eq!(quoted("/srv/it's $HOME"), "'/srv/it'\\''s $HOME'");
        assert_eq!(quoted("~x"), "'~x'");
    }
}
