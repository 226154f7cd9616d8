//! TC3-HMAC-SHA256, from the receiving side.
//!
//! Source of every rule here: Tencent Cloud's signature method v3 as the official Python SDK (common 3.1.195)
//! builds it. It must not share code with the signer: a shared bug would go unseen.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::request::Request;
use super::text::hex;

/// How far a request's timestamp may be from the service's clock (API documentation, 1080/38763).
pub(super) const LEEWAY: Duration = Duration::from_secs(300);

/// The parts of an `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    pub(super) secret_id: &'a str,
    pub(super) date: &'a str,
    /// First label of the real host: `ssl`, `dnspod`, `sts`.
    pub(super) service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Takes the header apart.
    pub(super) fn parse(value: &'a str) -> Result<Self, Refusal> {
        Self::parts(value).ok_or(Refusal::INVALID_AUTHORIZATION)
    }

    fn parts(value: &'a str) -> Option<Self> {
        let rest = value.strip_prefix("TC3-HMAC-SHA256 ")?;
        let (mut scope, mut signed, mut signature) = (None, None, None);
        for part in rest.split(',') {
            match part.trim().split_once('=')? {
                ("Credential", text) => scope = Some(text),
                ("SignedHeaders", text) => signed = Some(text),
                ("Signature", text) => signature = Some(text),
                _ => return None,
            }
        }
        let scope: Vec<&str> = scope?.split('/').collect();
        let [secret_id, date, service, "tc3_request"] = scope[..] else {
            return None;
        };
        Some(Self {
            secret_id,
            date,
            service,
            signed_headers: signed?.split(';').collect(),
            signature: signature?,
        })
    }

    /// Checks the signature over the request as it arrived. `timestamp` is the `X-TC-Timestamp` that was sent.
    pub(super) fn verify(
        &self,
        request: &Request,
        timestamp: &str,
        secret_key: &SecretString,
    ) -> Result<(), Refusal> {
        let failure = |why: &str| {
            Refusal::new(
                "AuthFailure.SignatureFailure",
                format!("The provided credentials could not be validated: {why}."),
            )
        };
        for needed in ["content-type", "host"] {
            if !self.signed_headers.contains(&needed) {
                return Err(failure(&format!("`{needed}` must be signed")));
            }
        }
        if !self.signed_headers.is_sorted() {
            return Err(failure("SignedHeaders must be in order"));
        }
        let canonical = self
            .canonical_request(request)
            .ok_or_else(|| failure("a signed header is missing"))?;
        let text = format!(
            "TC3-HMAC-SHA256\n{timestamp}\n{}/{}/tc3_request\n{}",
            self.date,
            self.service,
            hex(&Sha256::digest(canonical.as_bytes()))
        );
        if self.expected(secret_key, &text) != self.signature {
            return Err(failure("the signature does not match"));
        }
        Ok(())
    }

    /// The six parts, joined. `None` where a header that claims to be signed was not sent.
    fn canonical_request(&self, request: &Request) -> Option<String> {
        let mut headers = String::new();
        for name in &self.signed_headers {
            let value = request.header(name)?.to_lowercase();
            headers.push_str(&format!("{name}:{value}\n"));
        }
        Some(format!(
            "{}\n/\n\n{headers}\n{}\n{}",
            request.method,
            self.signed_headers.join(";"),
            hex(&Sha256::digest(&request.body))
        ))
    }

    /// The chain of keys: date, service, request, text.
    fn expected(&self, secret_key: &SecretString, text: &str) -> String {
        let key = format!("TC3{}", secret_key.expose_secret());
        let key = mac(key.as_bytes(), self.date);
        let key = mac(&key, self.service);
        let key = mac(&key, "tc3_request");
        hex(&mac(&key, text))
    }
}

/// Checks that the timestamp is near `now` and belongs to the date of the scope.
pub(super) fn check_timestamp(
    timestamp: &str,
    date: &str,
    now: DateTime<Utc>,
    leeway: Duration,
) -> Result<(), Refusal> {
    let seconds: i64 = timestamp.parse().map_err(|_| Refusal::TIMESTAMP_INVALID)?;
    if seconds.abs_diff(now.timestamp()) > leeway.as_secs() {
        return Err(Refusal::new(
            "AuthFailure.SignatureExpire",
            format!(
                "The provided credentials are expired: timestamp {seconds}, server time {}.",
                now.timestamp()
            ),
        ));
    }
    let day = DateTime::from_timestamp(seconds, 0).map(|at| at.format("%Y-%m-%d").to_string());
    if day.as_deref() != Some(date) {
        return Err(Refusal::WRONG_DATE);
    }
    Ok(())
}

/// One step of the chain. HMAC takes keys of every length, so the empty result is never seen; were it, the
/// signature would not match.
fn mac(key: &[u8], text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHORIZATION: &str = "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2025-02-19/ssl/tc3_request, \
         SignedHeaders=content-type;host, \
         Signature=d7530ba7e9f81f32d0dd9e7c4167ec4b85b625dac1d1c940233b2faddf67ed4d";

    fn request(body: &str) -> Request {
        Request {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![
                ("Host".into(), "ssl.tencentcloudapi.com".into()),
                ("Content-Type".into(), "application/json".into()),
            ],
            body: body.as_bytes().to_vec(),
        }
    }

    fn verify(authorization: &str, request: &Request, timestamp: &str) -> Result<(), Refusal> {
        Authorization::parse(authorization)?.verify(
            request,
            timestamp,
            &"SECRETEXAMPLE".to_string().into(),
        )
    }

    #[test]
    fn what_the_official_sdk_signs_is_accepted() {
        let compact = request(r#"{"DvAuthMethod":"DNS_AUTO","DomainName":"wgc.red"}"#);
        verify(AUTHORIZATION, &compact, "1740000000").unwrap();
        let spaced = request(r#"{"DvAuthMethod": "DNS_AUTO", "DomainName": "wgc.red"}"#);
        let authorization = AUTHORIZATION.replace(
            "d7530ba7e9f81f32d0dd9e7c4167ec4b85b625dac1d1c940233b2faddf67ed4d",
            "4da9b9a60ffc637371d4b316d84d355daae926229df2b6deb34b695c72306fc2",
        );
        verify(&authorization, &spaced, "1740000000").unwrap();
    }

    #[test]
    fn a_change_of_anything_signed_is_a_signature_failure() {
        let good = request(r#"{"DvAuthMethod":"DNS_AUTO","DomainName":"wgc.red"}"#);
        let mut other_body = good.clone();
        other_body.body.push(b' ');
        let mut other_host = good.clone();
        other_host.headers[0].1 = "sts.tencentcloudapi.com".into();
        for (request, timestamp) in [
            (&other_body, "1740000000"),
            (&other_host, "1740000000"),
            (&good, "1740000001"),
        ] {
            let refusal = verify(AUTHORIZATION, request, timestamp).unwrap_err();
            assert_eq!(refusal.code, "AuthFailure.SignatureFailure");
        }
    }

    #[test]
    fn host_and_content_type_must_be_signed() {
        let authorization = AUTHORIZATION.replace("content-type;host", "host");
        let refusal = verify(&authorization, &request("{}"), "1740000000").unwrap_err();
        assert_eq!(refusal.code, "AuthFailure.SignatureFailure");
    }

    #[test]
    fn a_malformed_header_is_named_as_such() {
        for text in [
            "",
            "Basic x",
            "TC3-HMAC-SHA256 Credential=a/b, Signature=c",
            "TC3-HMAC-SHA256 x",
        ] {
            let refusal = Authorization::parse(text).unwrap_err();
            assert_eq!(refusal.code, "AuthFailure.InvalidAuthorization");
        }
    }

    #[test]
    fn five_minutes_are_accepted_and_a_second_more_is_not() {
        let now = DateTime::from_timestamp(1_740_000_000, 0).unwrap();
        check_timestamp("1740000300", "2025-02-19", now, LEEWAY).unwrap();
        check_timestamp("1739999700", "2025-02-19", now, LEEWAY).unwrap();
        for timestamp in ["1740000301", "1739999699"] {
            let refusal = check_timestamp(timestamp, "2025-02-19", now, LEEWAY).unwrap_err();
            assert_eq!(refusal.code, "AuthFailure.SignatureExpire");
        }
    }

    #[test]
    fn the_date_is_utc_and_not_that_of_beijing() {
        let now = DateTime::from_timestamp(1_740_000_000, 0).unwrap();
        let refusal = check_timestamp("1740000000", "2025-02-20", now, LEEWAY).unwrap_err();
        assert_eq!(refusal.code, "AuthFailure.SignatureFailure");
    }
}
