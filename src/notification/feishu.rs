//! `type = "feishu"`: a custom bot of Feishu (飞书) or Lark, signed where it has a secret.
//!
//! Facts: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: `timestamp` (seconds) and `sign` stand in the body;
//! `sign` is Base64 of HMAC-SHA256 over nothing, with the timestamp, a line feed and the secret as its key. 100 messages
//! a minute, 20 KB each; the answer's `code` 0 (`StatusCode` in older ones) alone means success (9499: bad request;
//! 19021: signature; 11232: too often).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::http::Answer;
use super::message::Message;
use super::{Refusal, Request, answered_code, hmac_sha256, seconds};

/// The longest text, in bytes. The service takes more; people do not read it.
const LONGEST: usize = 4096;

pub(super) fn request(
    url: Url,
    secret: Option<SecretString>,
    now: DateTime<Utc>,
    message: &Message,
) -> Request {
    let mut body = json!({ "msg_type": "text", "content": { "text": message.text(LONGEST) } });
    if let Some(secret) = secret {
        let timestamp = seconds(now);
        body["sign"] = sign(&secret, timestamp).into();
        body["timestamp"] = timestamp.to_string().into();
    }
    Request::json(url, &body)
}

fn sign(secret: &SecretString, timestamp: i64) -> String {
    let key = format!("{timestamp}\n{}", secret.expose_secret());
    STANDARD.encode(hmac_sha256(key.as_bytes(), b""))
}

pub(super) fn judge(answer: &Answer) -> Result<(), Refusal> {
    answered_code(answer, &["code", "StatusCode"], "msg")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python, as the vendor's page shows it.
    #[test]
    fn the_signature_is_what_the_vendors_sample_computes() {
        assert_eq!(
            sign(&"demo".into(), 1_599_360_473),
            "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
        );
    }
}
