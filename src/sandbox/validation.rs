//! Proof of control: what an order asks for, `CompleteCertificate`, `CheckCertificateDomainVerification`.
//!
//! The stand-in takes the caller's word: `CompleteCertificate` sets the fact that control was proven. A look at a
//! real DNS or web server would decide in `complete` whether that fact is set, and needs nothing else changed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::dispatch::Action;
use super::order::{Certificate, Method};
use super::parameters::{Kind, Parameters, required};
use super::refusal::Refusal;
use super::world::{Turn, World};

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
            Method::DnsAuto | Method::Dns if quirk.is_multiple_of(2) => {
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
        Method::File => "/.well-known/pki-validation/",
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
    let certificate = turn.world.register.of_mut(turn.account, id)?;
    let pending = certificate.pending(now);
    match certificate.order_mut() {
        Some(order) if pending => {
            order.proven.get_or_insert(now);
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
    let (missing, reason) = match order.proof.kind {
        "CNAME" => (-6, "CNAME record not found"),
        "FILE" => (-4, "validation file not found"),
        _ => (-1, "TXT record not found"),
    };
    let found = if proven {
        vec![order.proof.value.as_str()]
    } else {
        Vec::new()
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
