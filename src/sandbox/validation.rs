//! Proof of control: what an order asks for, `CompleteCertificate`, `CheckCertificateDomainVerification`.
//!
//! `CompleteCertificate` sets the fact that control was proven. Where the stand-in hosts the record's zone, or was told
//! which DNS or web server to look at, the proof must be there; else it takes the caller's word.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::dispatch::Action;
use super::look::Question;
use super::order::{Certificate, Method};
use super::parameters::{Kind, Parameters, required};
use super::refusal::Refusal;
use super::service::Service;
use super::world::{Turn, World};
use super::{Options, RecordType, Request};

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "CompleteCertificate",
        parameters: &[required("CertificateId", Kind::Text)],
        run: complete,
    },
    Action {
        name: "CheckCertificateDomainVerification",
        parameters: &[required("CertificateId", Kind::Text)],
        run: check,
    },
];

/// The folder of validation files.
const FOLDER: &str = "/.well-known/pki-validation/";

/// What has to be published.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    /// `CNAME`, `TXT` or `FILE`.
    kind: &'static str,
    /// Full record name, or file name.
    key: String,
    value: String,
}

impl Proof {
    /// A new proof. Both record types occur, as vendor examples show both; nothing about a name's prefix is fixed.
    pub(super) fn new(
        world: &mut World,
        method: Method,
        domain: &str,
        quirk: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let stamp = now.format("%Y%m%d%H%M%S").to_string();
        match method {
            Method::File => Self {
                kind: "FILE",
                key: format!("{}.txt", hex32(world)),
                value: format!("{stamp}{}", world.token(50).to_lowercase()),
            },
            Method::DnsAuto | Method::Dns if is_cname(world.options.record, quirk) => {
                let (left, right) = (hex32(world), hex32(world));
                let token = world.token(10).to_lowercase();
                Self {
                    kind: "CNAME",
                    key: format!("_{}.{domain}", hex32(world)),
                    value: format!("{left}.{right}.{token}.trust-provider.com"),
                }
            }
            Method::DnsAuto | Method::Dns => Self {
                kind: "TXT",
                key: format!("_dnsauth.{domain}"),
                value: format!("{stamp}{}", world.token(50).to_lowercase()),
            },
        }
    }
}

fn is_cname(record: RecordType, quirk: u8) -> bool {
    match record {
        RecordType::Either => quirk.is_multiple_of(2),
        RecordType::Txt => false,
        RecordType::Cname => true,
    }
}

fn hex32(world: &mut World) -> String {
    use rand::RngExt as _;
    format!("{:032x}", world.random.random::<u128>())
}

/// `DvAuthDetail`: complete while pending (though, for some, not at once), emptied after the issue.
pub(super) fn detail(certificate: &Certificate, now: DateTime<Utc>) -> Value {
    let Some(order) = certificate.order() else {
        return Value::Null;
    };
    let early =
        certificate.quirk % 4 == 3 && now < certificate.inserted + TimeDelta::milliseconds(500);
    if !certificate.pending(now) || early {
        return match certificate.quirk % 2 {
            0 => Value::Null,
            _ => json!({"DvAuthKey": "", "DvAuthValue": "", "DvAuthDomain": "", "DvAuthPath": "",
                        "DvAuthKeySubDomain": "", "DvAuths": null}),
        };
    }
    let proof = &order.proof;
    let path = match order.method {
        Method::File => FOLDER,
        Method::DnsAuto | Method::Dns => "",
    };
    let host_part = proof
        .key
        .strip_suffix(&certificate.main_domain)
        .map_or("", |host| host.trim_end_matches('.'));
    json!({
        "DvAuthKey": proof.key,
        "DvAuthValue": proof.value,
        "DvAuthDomain": certificate.main_domain,
        "DvAuthPath": path,
        "DvAuthKeySubDomain": host_part,
        "DvAuths": [{
            "DvAuthKey": proof.key,
            "DvAuthValue": proof.value,
            "DvAuthDomain": certificate.main_domain,
            "DvAuthPath": path,
            "DvAuthSubDomain": host_part,
            "DvAuthVerifyType": proof.kind,
        }],
    })
}

fn complete(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let id = parameters.needed("CertificateId");
    let now = turn.now;
    let hosted = {
        let certificate = turn.world.register.of(turn.account, id)?;
        let proof = certificate.order().map(|order| &order.proof);
        proof.and_then(|proof| turn.world.hosted(&proof.key, proof.kind))
    };
    let looks = |order: &super::order::Order| really_looks(&turn.world.options, order.proof.kind);
    let certificate = turn.world.register.of(turn.account, id)?;
    let must_see = hosted.is_some() || certificate.order().is_some_and(looks);
    let certificate = turn.world.register.of_mut(turn.account, id)?;
    let pending = certificate.pending(now);
    match certificate.order_mut() {
        Some(order) if pending => {
            if hosted.is_some() {
                order.seen = hosted;
            }
            if !must_see || order.sees_its_proof() {
                order.proven.get_or_insert(now);
            }
            Ok(json!({"CertificateId": id}))
        }
        _ => Err(Refusal::new(
            "FailedOperation.CertificateStatusNotAllowVerify",
            "The current status of the certificate does not allow validation.",
        )),
    }
}

fn check(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let now = turn.now;
    let id = parameters.needed("CertificateId");
    let certificate = turn.world.register.of(turn.account, id)?;
    let Some(order) = certificate.order() else {
        return Err(Refusal::new(
            "FailedOperation.InvalidParam",
            "An uploaded certificate has no validation.",
        ));
    };
    let issued = certificate.issued(now).is_some();
    let proven = issued
        || match order.method {
            Method::DnsAuto => order.zone_here,
            Method::Dns | Method::File => order.proven.is_some(),
        };
    let other = order.seen.as_ref().is_some_and(|seen| !seen.is_empty());
    let (missing, reason) = match (order.proof.kind, other) {
        ("CNAME", false) => (-6, "CNAME record not found"),
        ("CNAME", true) => (-7, "CNAME record does not match"),
        ("FILE", false) => (-4, "validation file not found"),
        ("FILE", true) => (-5, "validation file does not match"),
        (_, false) => (-1, "TXT record not found"),
        (_, true) => (-2, "TXT record does not match"),
    };
    let found = match &order.seen {
        Some(seen) => seen.iter().map(String::as_str).collect(),
        None if proven => vec![order.proof.value.as_str()],
        None => Vec::new(),
    };
    Ok(json!({"VerificationResults": [{
        "Domain": certificate.domain,
        "VerifyType": order.proof.kind,
        "LocalCheck": if proven { 1 } else { missing },
        "CaCheck": if issued { 2 } else { -1 },
        "LocalCheckFailReason": if proven { "" } else { reason },
        "CheckValue": found,
        "Frequently": false,
        "Issued": issued,
    }]}))
}

/// Whether the CA looks for itself at proofs of this kind.
fn really_looks(options: &Options, kind: &str) -> bool {
    match kind {
        "FILE" => options.http.is_some(),
        _ => options.dns.is_some(),
    }
}

impl super::order::Order {
    fn sees_its_proof(&self) -> bool {
        let seen = self.seen.iter().flatten();
        seen.into_iter()
            .any(|value| value.eq_ignore_ascii_case(&self.proof.value))
    }
}

impl Service {
    /// What the CA has to look at before this request can be answered. The request is not checked yet: the answer will
    /// do that, and a look changes nothing.
    pub(super) fn question(&self, request: &Request) -> Option<(String, Question)> {
        if request.header("X-TC-Action") != Some("CompleteCertificate") {
            return None;
        }
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let id = body["CertificateId"].as_str()?;
        let certificate = self.world.register.get(id)?;
        let proof = &certificate.order()?.proof;
        let options = &self.world.options;
        let question = match proof.kind {
            "FILE" => Question::File {
                server: options.http?,
                domain: certificate.domain.clone(),
                path: format!("{FOLDER}{}", proof.key),
            },
            kind => Question::Record {
                server: options.dns?,
                name: proof.key.clone(),
                cname: kind == "CNAME",
            },
        };
        Some((id.to_string(), question))
    }

    /// What the CA saw.
    pub(super) fn observe(&mut self, id: &str, seen: Vec<String>) {
        let certificate = self.world.register.get_mut(id);
        if let Some(order) = certificate.and_then(|certificate| certificate.order_mut()) {
            order.seen = Some(seen);
        }
    }
}
