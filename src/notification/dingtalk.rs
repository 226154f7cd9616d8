//! `type = "dingtalk"`: a group robot of DingTalk (钉钉), signed where it has a secret.
//!
//! Facts: open.dingtalk.com/document/robots/custom-robot-access: `timestamp` (milliseconds) and `sign` join the address;
//! `sign` is Base64 of HMAC-SHA256 with the secret as key over the timestamp, a line feed and the secret. 20 messages a
//! minute, text up to 20,000 bytes; every answer has status 200, and `errcode` 0 alone means success (130101: too often;
//! 310000: signature, keyword or address refused).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::http::Answer;
use super::message::Message;
use super::{Refusal, Request, answered_code, hmac_sha256};

/// The longest text, in bytes. The service takes more; people do not read it.
const LONGEST: usize = 4096;

pub(super) fn request(
    mut url: Url,
    secret: Option<SecretString>,
    now: DateTime<Utc>,
    message: &Message,
) -> Request {
    if let Some(secret) = secret {
        let timestamp = now.timestamp_millis();
        let sign = sign(&secret, timestamp);
        url.query_pairs_mut()
            .append_pair("timestamp", &timestamp.to_string())
            .append_pair("sign", &sign);
    }
    let body = json!({ "msgtype": "text", "text": { "content": message.text(LONGEST) } });
    Request::json(url, &body)
}

fn sign(secret: &SecretString, timestamp: i64) -> String {
    let secret = secret.expose_secret();
    let signed = format!("{timestamp}\n{secret}");
    STANDARD.encode(hmac_sha256(secret.as_bytes(), signed.as_bytes()))
}

pub(super) fn judge(answer: &Answer) -> Result<(), Refusal> {
    answered_code(answer, &["errcode"], "errmsg")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::message::Message;

    /// Computed with Python, as the vendor's page shows it.
    #[test]
    fn the_signature_is_what_the_vendors_sample_computes() {
        let now = DateTime::from_timestamp_millis(1_770_000_000_123).unwrap();
        assert_eq!(
            sign(&"SECthis is secret".into(), now.timestamp_millis()),
            "oqb0Q6T8Oo/xHbn52wqBGP4CTE8k5MInYYeNy6/1glA="
        );
        let url = Url::parse("https://oapi.dingtalk.com/robot/send?access_token=t").unwrap();
        let request = request(
            url,
            Some("SECthis is secret".into()),
            now,
            &Message::test("h", now),
        );
        assert_eq!(
            request.url.query(),
            Some(
                "access_token=t&timestamp=1770000000123&sign=oqb0Q6T8Oo%2FxHbn52wqBGP4CTE8k5MInYYeNy6%2F1glA%3D"
            )
        );
    }
}
