//! `type = "wecom"`: a group robot of WeCom (企业微信).
//!
//! Facts: developer.work.weixin.qq.com/document/path/91770: text up to 2,048 bytes, 20 messages a minute; every answer
//! has status 200, and `errcode` 0 alone means success (45009: too often).

use reqwest::Url;
use serde_json::json;

use super::http::Answer;
use super::message::Message;
use super::{Refusal, Request, answered_code};

/// The longest text, in bytes.
const LONGEST: usize = 2048;

pub(super) fn request(url: Url, message: &Message) -> Request {
    let body = json!({ "msgtype": "text", "text": { "content": message.text(LONGEST) } });
    Request::json(url, &body)
}

pub(super) fn judge(answer: &Answer) -> Result<(), Refusal> {
    answered_code(answer, &["errcode"], "errmsg")
}
