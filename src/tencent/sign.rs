//! TC3-HMAC-SHA256, the signature every request carries.
//!
//! Pure: no clock, no network. The bytes that are signed here are the bytes that must be sent, so a caller serialises
//! once, signs, and sends exactly that. Only `content-type` and `host` are signed, as Tencent's own SDKs do; action,
//! version, region and token lie outside the signature (Tencent Cloud SDK for Python, common 3.1.195).

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const SIGNED_HEADERS: &str = "content-type;host";

/// The two halves of one key, read as one snapshot so that a refresh cannot mix them.
#[derive(Clone, Debug)]
pub(crate) struct SecretPair {
    /// The public half; travels in every request.
    pub secret_id: String,
    /// The secret half; never leaves the process.
    pub secret_key: SecretString,
}

/// The value of the `Authorization` header. It stands for the account for five minutes, so `Debug` keeps it to itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Authorization(String);

impl Authorization {
    /// The header's value, for the wire only.
    pub(crate) fn header_value(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization([redacted])")
    }
}

/// Signs a `POST /` with `body`.
///
/// `timestamp` is in Unix seconds and must be the one sent in `X-TC-Timestamp`; its date is taken in UTC, whatever the
/// machine's zone. `host` and `content_type` must equal what goes on the wire.
pub(crate) fn sign(
    secret: &SecretPair,
    service: &str,
    host: &str,
    content_type: &str,
    timestamp: i64,
    body: &[u8],
) -> Authorization {
    let date = utc_date(timestamp);
    let canonical = canonical_request(host, content_type, body);
    let to_sign = string_to_sign(timestamp, &date, service, &canonical);
    let keys = SigningKeys::derive(secret.secret_key.expose_secret(), &date, service);
    let signature = hex(&*hmac_sha256(&*keys.signing, to_sign.as_bytes()));
    Authorization(format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}",
        secret.secret_id,
        scope(&date, service),
    ))
}

/// `YYYY-MM-DD` in UTC. A number no calendar holds gives the epoch's date, and the service refuses the signature.
fn utc_date(timestamp: i64) -> String {
    DateTime::<Utc>::from_timestamp(timestamp, 0)
        .unwrap_or_default()
        .format("%Y-%m-%d")
        .to_string()
}

fn scope(date: &str, service: &str) -> String {
    format!("{date}/{service}/tc3_request")
}

/// The six parts of the canonical request. Each canonical header ends its own line, hence the blank one after them.
fn canonical_request(host: &str, content_type: &str, body: &[u8]) -> String {
    let hashed_body = hex(&Sha256::digest(body));
    format!(
        "POST\n/\n\ncontent-type:{content_type}\nhost:{host}\n\n{SIGNED_HEADERS}\n{hashed_body}"
    )
}

fn string_to_sign(timestamp: i64, date: &str, service: &str, canonical: &str) -> String {
    let hashed = hex(&Sha256::digest(canonical.as_bytes()));
    format!(
        "{ALGORITHM}\n{timestamp}\n{}\n{hashed}",
        scope(date, service)
    )
}

type Key = Zeroizing<[u8; 32]>;

/// The chain of keys; only the last one signs. The earlier ones are kept apart for the test vectors.
struct SigningKeys {
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "compared with the published vector in tests")
    )]
    date: Key,
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "compared with the published vector in tests")
    )]
    service: Key,
    signing: Key,
}

impl SigningKeys {
    fn derive(secret_key: &str, date: &str, service: &str) -> Self {
        let seed = Zeroizing::new(format!("TC3{secret_key}"));
        let date = hmac_sha256(seed.as_bytes(), date.as_bytes());
        let service = hmac_sha256(&*date, service.as_bytes());
        let signing = hmac_sha256(&*service, b"tc3_request");
        Self {
            date,
            service,
            signing,
        }
    }
}

/// HMAC with the key brought to one block first, as RFC 2104 §2 does it: longer keys are hashed, shorter ones padded
/// with zeros. A whole block is a key of the type's own size, so there is no error to handle.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Key {
    let mut block = Zeroizing::new([0u8; 64]);
    match block.get_mut(..key.len()) {
        Some(start) => start.copy_from_slice(key),
        None => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail; were it to, the signature would be short and refused.
            if write!(text, "{byte:02x}").is_err() {
                text.clear();
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "ssl.tencentcloudapi.com";
    const BODY: &[u8] = br#"{"DvAuthMethod":"DNS_AUTO","DomainName":"wgc.red"}"#;
    const SPACED: &[u8] = br#"{"DvAuthMethod": "DNS_AUTO", "DomainName": "wgc.red"}"#;
    const AT: i64 = 1_740_000_000;
    const CANONICAL: &str = "POST\n/\n\ncontent-type:application/json\nhost:ssl.tencentcloudapi.com\n\n\
        content-type;host\n263fd43ada868d246870dd56a369573f3ce36ea1924604a2f4fd6d5c9ad23275";

    fn pair() -> SecretPair {
        SecretPair {
            secret_id: "AKIDEXAMPLE".into(),
            secret_key: "SECRETEXAMPLE".into(),
        }
    }

    #[test]
    fn the_day_is_the_one_in_utc() {
        // 21:20 UTC, which is the next day in China already.
        assert_eq!(utc_date(AT), "2025-02-19");
    }

    #[test]
    fn every_step_of_the_published_vector_is_reproduced() {
        assert_eq!(BODY.len(), 50);
        let canonical = canonical_request(HOST, "application/json", BODY);
        assert_eq!(canonical, CANONICAL);
        assert_eq!(
            string_to_sign(AT, "2025-02-19", "ssl", &canonical),
            "TC3-HMAC-SHA256\n1740000000\n2025-02-19/ssl/tc3_request\n\
             b5183d039293e3cd0729dc040d3a0e621f407ae1e44940a90cc9b15934ff60d0"
        );
        let keys = SigningKeys::derive("SECRETEXAMPLE", "2025-02-19", "ssl");
        assert_eq!(
            hex(&*keys.date),
            "c1371e026e6e209a52cdd9583aef07ea2a3bbe68dd829da2515ec3eb207e8e6b"
        );
        assert_eq!(
            hex(&*keys.service),
            "b06a108c00aa14509a6787234e0558b57fd9ef343bbc1c42bf2213e1e45a133d"
        );
        assert_eq!(
            hex(&*keys.signing),
            "c80c0c1ac5391a39a603430d51cc91cc347cea4c063de729f2ed698799beff73"
        );
    }

    #[test]
    fn the_header_of_the_published_vector_is_reproduced() {
        let header = sign(&pair(), "ssl", HOST, "application/json", AT, BODY);
        assert_eq!(
            header.header_value(),
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2025-02-19/ssl/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=d7530ba7e9f81f32d0dd9e7c4167ec4b85b625dac1d1c940233b2faddf67ed4d"
        );
    }

    #[test]
    fn the_second_vector_differs_by_its_blanks_alone() {
        assert_eq!(SPACED.len(), 53);
        let canonical = canonical_request(HOST, "application/json", SPACED);
        assert!(
            canonical
                .ends_with("\n2d2f364f58a14aa61d070a8601691d9265fd506ebeb042a01bafe9f65c52ca4c")
        );
        let header = sign(&pair(), "ssl", HOST, "application/json", AT, SPACED);
        assert!(header.header_value().ends_with(
            "Signature=4da9b9a60ffc637371d4b316d84d355daae926229df2b6deb34b695c72306fc2"
        ));
    }

    #[test]
    fn keys_longer_than_a_block_sign_as_the_library_would() {
        for length in [0, 1, 32, 63, 64, 65, 200] {
            let key = vec![0x5a; length];
            let mut reference = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            reference.update(b"message");
            let expected: [u8; 32] = reference.finalize().into_bytes().into();
            assert_eq!(
                *hmac_sha256(&key, b"message"),
                expected,
                "key of {length} bytes"
            );
        }
    }

    #[test]
    fn debug_output_shows_neither_key_nor_signature() {
        let header = sign(&pair(), "ssl", HOST, "application/json", AT, BODY);
        let shown = format!("{:?} {header:?}", pair());
        assert!(
            !shown.contains("SECRETEXAMPLE") && !shown.contains("d7530ba7"),
            "{shown}"
        );
    }
}
