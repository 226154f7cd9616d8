//! Proof of control: what an order asks for, `CompleteCertificate`, `CheckCertificateDomainVerification`.
//!
//! `CompleteCertificate` sets the fact that control was proven. Where the stand-in hosts the record's zone, or was told
//! which DNS or web server to look at, the proof must be there; else it takes the caller's word.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::options::Options;
use crate::sandbox::parameters::Parameters;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::request::{Question, Request};
use crate::sandbox::world::World;
use crate::sandbox::world::order::{Certificate, Order};
use crate::sandbox::world::proof::Method;

pub(super) const ACTIONS: &[Action] = &[
    Action::new("CompleteCertificate", complete).by_id(),
    Action::new("CheckCertificateDomainVerification", check).by_id(),
];

/// The folder of validation files.
const FOLDER: &str = "/.well-known/pki-validation/";

/// `DvAuthDetail`: complete while pending (though, for some, not at once), emptied after the issue, and empty where nothing
/// has to be proved.
pub(super) fn detail(certificate: &Certificate, now: DateTime<Utc>) -> Value {
    let Some(order) = certificate.order() else {
        return Value::Null;
    };
    let early =
        certificate.quirk % 4 == 3 && now < certificate.inserted + TimeDelta::milliseconds(500);
    if !certificate.pending(now) || early || order.proven_before.is_some() {
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

fn complete(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let id = parameters.needed("CertificateId");
    let now = call.now;
    let proof = call.certificate(id)?.order().map(|order| &order.proof);
    let hosted = proof.and_then(|proof| call.world.zones.seen(&proof.key, proof.kind));
    let looks = proof.is_some_and(|proof| really_looks(&call.world.options, proof.kind));
    let certificate = call.certificate_mut(id)?;
    let pending = certificate.pending(now);
    match certificate.order_mut() {
        Some(order) if pending => {
            let must_see = looks || hosted.is_some();
            if hosted.is_some() {
                order.seen = hosted;
            }
            if !must_see || sees_its_proof(order) {
                order.proven.get_or_insert(now);
            }
            answer(json!({"CertificateId": id}))
        }
        _ => Err(Refusal::STATUS_NOT_ALLOW_VERIFY),
    }
}

fn sees_its_proof(order: &Order) -> bool {
    let mut seen = order.seen.iter().flatten();
    seen.any(|value| value.eq_ignore_ascii_case(&order.proof.value))
}

fn check(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let now = call.now;
    let certificate = call.certificate(parameters.needed("CertificateId"))?;
    let Some(order) = certificate.order() else {
        return Err(Refusal::UPLOAD_WITHOUT_VALIDATION);
    };
    let issued = certificate.issued(now).is_some();
    let proven = issued || certificate.proven().is_some();
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
    answer(json!({"VerificationResults": [{
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

/// What the CA has to look at before this request can be answered, and for which certificate. The request is not checked
/// yet: the answer will do that, and a look changes nothing.
pub(in crate::sandbox) fn question(world: &World, request: &Request) -> Option<(String, Question)> {
    if request.header("X-TC-Action") != Some("CompleteCertificate") {
        return None;
    }
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let id = body["CertificateId"].as_str()?;
    let certificate = world.register.get(id)?;
    let proof = &certificate.order()?.proof;
    let options = &world.options;
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
