//! `type = "telegram"`: a bot of Telegram, or of a Bot API server of one's own.
//!
//! Facts: core.telegram.org/bots/api (sendMessage): text up to 4,096 characters, 20 messages a minute to a group; `ok`
//! is true on success; with 429, `parameters.retry_after` says how long to wait.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::http::{Answer, bounded_wait};
use super::message::Message;
use super::{NotificationError, Refusal, Request, shortened};

/// The longest text, in bytes, which are at least as many as characters.
const LONGEST: usize = 4096;

pub(super) fn request(
    api: &Url,
    token: &SecretString,
    chat_id: &str,
    message: &Message,
) -> Result<Request, NotificationError> {
    let mut url = api.clone();
    url.path_segments_mut()
        .map_err(|()| NotificationError::Address("is not a web address"))?
        .pop_if_empty()
        .push(&format!("bot{}", token.expose_secret()))
        .push("sendMessage");
    let body = json!({
        "chat_id": chat_id,
        "text": message.text(LONGEST),
        "link_preview_options": { "is_disabled": true },
    });
    Ok(Request::json(url, &body))
}

pub(super) fn judge(answer: &Answer) -> Result<(), Refusal> {
    let said = answer.json();
    if answer.is_good() && said["ok"] == true {
        return Ok(());
    }
    let wait = said["parameters"]["retry_after"].as_u64().map(bounded_wait);
    match &said["description"] {
        Value::String(words) => Err((shortened(words), wait)),
        _ => Err((answer.words(), wait)),
    }
}
