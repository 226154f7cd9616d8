//! `type = "exec"`: a command of the operator's, with the webhook's JSON on standard input.

use crate::clock::Clock;
use crate::command::{self, Environment, Leftovers, Run};
use crate::config::Notify;

use super::NotificationError;
use super::message::Message;

/// The longest text in the environment, in bytes.
const LONGEST: usize = 4096;

/// Runs it. It is ended, children included, when its time is over.
pub(super) async fn send(
    command: &[String],
    notify: &Notify,
    message: &Message,
    clock: &dyn Clock,
) -> Result<String, NotificationError> {
    let environment = Environment::default()
        .with("EVERCERT_CHANNEL", &notify.name)
        .with("EVERCERT_KIND", message.kind.name())
        .with("EVERCERT_ID", &message.id)
        .with("EVERCERT_TITLE", message.title())
        .with("EVERCERT_TEXT", message.text(LONGEST));
    let input = message.json().to_string();
    let run = Run {
        input: Some(input.as_bytes()),
        leftovers: Leftovers::End,
        ..Run::new(command, environment, notify.timeout)
    };
    let ran = command::run(run, clock).await?;
    let last = ran.output.lines().next_back().unwrap_or_default();
    Ok(if last.is_empty() {
        "it ended well".to_owned()
    } else {
        format!("it ended well: {}", super::shortened(last))
    })
}
