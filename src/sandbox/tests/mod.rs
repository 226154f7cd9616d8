//! A small caller of its own, and what the stand-in's rules look like from outside.

mod apply;
mod cloud;
mod http;
mod knobs;
mod lifecycle;
mod material;
mod protocol;
mod roles;
mod zones;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::text::hex;
use super::{Options, Reply, Request, Service};

/// A service with a caller and a clock of its own.
pub(super) struct Bench {
    pub(super) service: Service,
    pub(super) now: DateTime<Utc>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    /// Seeded, unthrottled, and otherwise as `change` has it.
    pub(super) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            seed: Some(7),
            requests_per_second: 0,
            ..Options::default()
        };
        change(&mut options);
        Self {
            service: Service::new(options).unwrap(),
            now: DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z")
                .unwrap()
                .to_utc(),
        }
    }

    pub(super) fn pass(&mut self, time: TimeDelta) {
        self.now += time;
    }

    /// The `Response` object, or the refusal's code.
    pub(super) fn call(&mut self, action: &str, parameters: Value) -> Result<Value, String> {
        self.call_by(["AKIDSANDBOX", "SANDBOXKEY", ""], action, parameters)
    }

    /// As [`Self::call`], by whoever has these keys: id, key and token.
    pub(super) fn call_by(
        &mut self,
        keys: [&str; 3],
        action: &str,
        parameters: Value,
    ) -> Result<Value, String> {
        let at = self.service.offset + (self.now - DateTime::UNIX_EPOCH);
        let request = signed_by(keys, action, &parameters.to_string(), at);
        match self.service.handle(self.now, &request) {
            Reply::Answer {
                status: 200, body, ..
            } => {
                let mut answer: Value =
                    serde_json::from_slice(&body).map_err(|_| "not JSON".to_string())?;
                let response = answer["Response"].take();
                match response["Error"]["Code"].as_str() {
                    Some(code) => Err(code.to_string()),
                    None => Ok(response),
                }
            }
            Reply::Answer { status, .. } => Err(format!("http {status}")),
            Reply::Dropped => Err("dropped".into()),
            Reply::Stalled { .. } => Err("stalled".into()),
        }
    }

    /// An application's id.
    pub(super) fn apply(&mut self, domain: &str) -> String {
        self.apply_with(domain, json!({})).unwrap()
    }

    /// An application with more parameters.
    pub(super) fn apply_with(&mut self, domain: &str, more: Value) -> Result<String, String> {
        let mut parameters = json!({"DvAuthMethod": "DNS_AUTO", "DomainName": domain});
        for (name, value) in more.as_object().unwrap() {
            parameters[name] = value.clone();
        }
        let answer = self.call("ApplyCertificate", parameters)?;
        Ok(answer["CertificateId"].as_str().unwrap().to_string())
    }

    /// The `Status` of a certificate.
    pub(super) fn status(&mut self, id: &str) -> i64 {
        self.describe(id)["Status"].as_i64().unwrap()
    }

    pub(super) fn describe(&mut self, id: &str) -> Value {
        self.call("DescribeCertificate", json!({"CertificateId": id}))
            .unwrap()
    }

    /// The certificate's entry in the list, which tells more than the call for one.
    pub(super) fn listed(&mut self, id: &str) -> Value {
        self.list(json!({"CertIds": [id]}))[0].clone()
    }

    /// The list, a thousand at most.
    pub(super) fn list(&mut self, mut filter: Value) -> Vec<Value> {
        filter["Limit"] = 1000.into();
        let answer = self.call("DescribeCertificates", filter).unwrap();
        answer["Certificates"].as_array().unwrap().clone()
    }
}

/// A request as the official SDK would send it, signed at that time since 1970 by the default account.
pub(super) fn signed(action: &str, body: &str, at: TimeDelta) -> Request {
    signed_by(["AKIDSANDBOX", "SANDBOXKEY", ""], action, body, at)
}

fn signed_by([id, key, token]: [&str; 3], action: &str, body: &str, at: TimeDelta) -> Request {
    let (service, version) = match action {
        "GetCallerIdentity" | "AssumeRole" => ("sts", "2018-08-13"),
        "DescribeDomainList" | "DescribeRecordList" | "CreateRecord" | "DeleteRecord" => {
            ("dnspod", "2021-03-23")
        }
        _ => ("ssl", "2019-12-05"),
    };
    let timestamp = at.num_seconds();
    let date = DateTime::from_timestamp(timestamp, 0)
        .unwrap()
        .format("%Y-%m-%d");
    let canonical = format!(
        "POST\n/\n\ncontent-type:application/json\nhost:127.0.0.1\n\ncontent-type;host\n{}",
        hex(&Sha256::digest(body.as_bytes()))
    );
    let text = format!(
        "TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let key = mac(format!("TC3{key}").as_bytes(), &date.to_string());
    let key = mac(&mac(&key, service), "tc3_request");
    let signature = hex(&mac(&key, &text));
    let header = |name: &str, value: &str| (name.to_string(), value.to_string());
    let token = (!token.is_empty()).then(|| header("X-TC-Token", token));
    let headers = [
        header("Host", "127.0.0.1"),
        header("Content-Type", "application/json"),
        header("X-TC-Action", action),
        header("X-TC-Version", version),
        header("X-TC-Timestamp", &timestamp.to_string()),
        (
            "Authorization".into(),
            format!(
                "TC3-HMAC-SHA256 Credential={id}/{date}/{service}/tc3_request, \
                     SignedHeaders=content-type;host, Signature={signature}"
            ),
        ),
    ];
    Request {
        method: "POST".into(),
        path: "/".into(),
        headers: headers.into_iter().chain(token).collect(),
        body: body.as_bytes().to_vec(),
    }
}
