//! `type = "webhook"`: JSON in a documented form, signed.
//!
//! The signature is HMAC-SHA256, in lower-case hexadecimal digits, over the timestamp, a full stop and the body, exactly
//! as both are sent. Whoever checks it should refuse old timestamps too, so that nobody can send a message again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::http::Answer;
use super::message::Message;
use super::{Refusal, Request, hmac_sha256, seconds};

/// The request for a message.
pub(super) fn request(
    url: Url,
    secret: Option<SecretString>,
    now: DateTime<Utc>,
    message: &Message,
) -> Request {
    let mut request = Request::json(url, &message.json());
    let timestamp = seconds(now).to_string();
    if let (Some(secret), Some(body)) = (secret, &request.body) {
        let signature = signature(&secret, &timestamp, body);
        request.headers.push(("X-Evercert-Signature", signature));
    }
    request.headers.push(("X-Evercert-Timestamp", timestamp));
    request.headers.push(("X-Evercert-Id", message.id.clone()));
    request
}

fn signature(secret: &SecretString, timestamp: &str, body: &[u8]) -> String {
    let mut signed = format!("{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let digest = hmac_sha256(secret.expose_secret().as_bytes(), &signed);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// Taken with any status of success. What else the answer says is not shown: it may repeat the address.
pub(super) fn judge(answer: &Answer) -> Result<(), Refusal> {
    if answer.is_good() {
        return Ok(());
    }
    Err((answer.words(), None::<Duration>))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python: hmac.new(b"hush", b"1770000000." + body, "sha256").hexdigest()
    #[test]
    fn the_signature_is_what_others_compute() {
        let signature = signature(&"hush".into(), "1770000000", br#"{"a":1}"#);
        assert_eq!(
            signature,
            "sha256=b62dc527b3ad19edafdfe66432cdd1a07c3f6897e3eda2ee6fb798fe4b1efd4f"
        );
    }
}
