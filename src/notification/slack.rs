//! `type = "slack"`: an incoming webhook of Slack, or of what speaks like it (Mattermost, Rocket.Chat).
//!
//! Facts: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: status 200 means success; one message a
//! second; 429 comes with `Retry-After`. `&`, `<` and `>` are to be escaped.

use reqwest::Url;
use serde_json::json;

use super::http::Answer;
use super::message::Message;
use super::webhook;
use super::{Refusal, Request};

/// The longest text, in bytes. The service takes more; people do not read it.
const LONGEST: usize = 4096;

pub(super) fn request(url: Url, message: &Message) -> Request {
    let text = message.text(LONGEST);
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    Request::json(url, &json!({ "text": text }))
}

pub(super) fn judge(answer: &Answer) -> Result<(), Refusal> {
    webhook::judge(answer)
}
