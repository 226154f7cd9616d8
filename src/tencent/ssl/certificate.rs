//! Certificates as the service describes them.
//!
//! Only the id is indispensable: an entry with an id is always seen, however little else it has, because an order that
//! is overlooked could be made twice. Everything else is there or is not.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;

use crate::tencent::decode::{self, Object};

use super::status::Status;

/// All that [`Listed`] reads. An entry has some fifty fields, and a list a thousand entries.
pub(super) const LISTED: &[&str] = &[
    "Alias",
    "AllowDownload",
    "CertBeginTime",
    "CertEndTime",
    "CertSANs",
    "CertificateExtra",
    "CertificateId",
    "DVAuthDeadline",
    "Domain",
    "EncryptAlgorithm",
    "FilterSource",
    "From",
    "HasRenewOrder",
    "HostingStatus",
    "InsertTime",
    "IsDNSPODResolve",
    "OriginCertificateId",
    "PackageType",
    "RenewOrder",
    "Status",
    "StatusMsg",
    "SubjectAltName",
    "ValidationPassedTime",
    "VerifyType",
];

/// A certificate, as the list and the single descriptions have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The service's id, checked.
    pub certificate_id: String,
    /// The main name, in ASCII and lower case; empty where the service gave none.
    pub domain: String,
    /// Every name: the main one, `SubjectAltName` and `CertSANs` together, each once, in ASCII and lower case.
    pub sans: Vec<String>,
    /// The remark.
    pub alias: Option<String>,
    /// Where it stands. [`Status::Unknown`]`(-1)` where the service gave no status.
    pub status: Status,
    /// The service's words on that; for people only.
    pub status_msg: Option<String>,
    /// `83` (`2` in earlier years) for free ones; absent for uploads.
    pub package_type: Option<String>,
    /// True where it was uploaded, and so not applied for.
    pub uploaded: bool,
    /// `DNS_AUTO`, `DNS`, `FILE`, …
    pub verify_type: Option<String>,
    /// As the service writes it: `RSA`, `RSA 2048`, `ECC`, …
    pub encrypt_algorithm: Option<String>,
    /// Start of validity.
    pub begin: Option<DateTime<Utc>>,
    /// End of validity.
    pub end: Option<DateTime<Utc>>,
    /// When it was applied for.
    pub inserted: Option<DateTime<Utc>>,
    /// Until when it must be validated.
    pub deadline: Option<DateTime<Utc>>,
    /// When control of the domain was proved (`ValidationPassedTime`).
    pub validated: Option<DateTime<Utc>>,
    /// Whether its material may be downloaded.
    pub allow_download: Option<bool>,
    /// The id of a renewal that exists already.
    pub has_renew_order: Option<String>,
    /// The certificate that this one renews.
    pub origin_certificate_id: Option<String>,
    /// The certificate that renews this one.
    pub renew_order: Option<String>,
    /// Whether all its names are on Tencent Cloud's DNS.
    pub is_dnspod_resolve: Option<bool>,
    /// −1 not hosted; 0 and above: the cloud may switch resources by itself.
    pub hosting_status: Option<i64>,
}

impl Listed {
    /// Whether the key is of that algorithm, `rsa` or `ecc`, whatever the spelling; `None` where it is not said.
    pub fn algorithm_is(&self, algorithm: &str) -> Option<bool> {
        let said = self
            .encrypt_algorithm
            .as_deref()?
            .trim()
            .to_ascii_lowercase();
        let family = if said.contains("rsa") {
            "rsa"
        } else if ["ecc", "ecdsa", "ec ", "prime256", "p-256", "p256"]
            .iter()
            .any(|word| said.contains(word))
            || said == "ec"
        {
            "ecc"
        } else {
            said.as_str()
        };
        Some(family.eq_ignore_ascii_case(algorithm))
    }

    /// Everything but an id may be missing. `None` without a usable id.
    pub(super) fn read(object: &Object) -> Option<Self> {
        Some(Self::with_id(object, decode::id(object, "CertificateId")?))
    }

    /// A single description: about the certificate that was asked for, also where it does not repeat the id.
    fn asked_for(object: &Object, certificate_id: &str) -> Result<Self, String> {
        match decode::text(object, "CertificateId") {
            Some(other) if other != certificate_id => {
                Err("it is about another certificate".to_owned())
            }
            _ => Ok(Self::with_id(object, certificate_id.to_owned())),
        }
    }

    fn with_id(object: &Object, certificate_id: String) -> Self {
        let nothing = Object::new();
        let extra = decode::object(object, "CertificateExtra").unwrap_or(&nothing);
        let text = |name| decode::text(object, name);
        let is_upload = |name| text(name).is_some_and(|value| value.eq_ignore_ascii_case("upload"));
        let domain = text("Domain").map_or_else(String::new, |name| decode::ascii_name(&name));
        Self {
            certificate_id,
            sans: names(object, &domain),
            domain,
            alias: text("Alias"),
            status: Status::from_number(decode::int(object, "Status").unwrap_or(-1)),
            status_msg: text("StatusMsg"),
            package_type: text("PackageType"),
            uploaded: is_upload("From") || is_upload("FilterSource"),
            verify_type: text("VerifyType"),
            encrypt_algorithm: text("EncryptAlgorithm"),
            begin: decode::time(object, "CertBeginTime"),
            end: decode::time(object, "CertEndTime"),
            inserted: decode::time(object, "InsertTime"),
            deadline: decode::time(object, "DVAuthDeadline"),
            validated: decode::time(object, "ValidationPassedTime"),
            allow_download: decode::flag(object, "AllowDownload"),
            has_renew_order: decode::id(object, "HasRenewOrder"),
            origin_certificate_id: decode::id(extra, "OriginCertificateId"),
            renew_order: decode::id(extra, "RenewOrder"),
            is_dnspod_resolve: decode::flag(object, "IsDNSPODResolve"),
            hosting_status: decode::int(object, "HostingStatus"),
        }
    }
}

/// Three calls describe the lists of names differently, so they are put together.
fn names(object: &Object, domain: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let all = [domain.to_owned()]
        .into_iter()
        .chain(decode::texts(object, "SubjectAltName"))
        .chain(decode::texts(object, "CertSANs"));
    for name in all
        .map(|name| decode::ascii_name(&name))
        .filter(|name| !name.is_empty())
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A certificate with what proves control of its domain.
#[derive(Clone, Debug)]
pub struct Described {
    /// As the list has it.
    pub certificate: Listed,
    /// The CA's order, where the service tells it.
    pub order_id: Option<String>,
    /// What proves control; absent after issue, and for a moment after applying.
    pub dv_auth: Option<DvAuthDetail>,
}

impl Described {
    pub(super) fn read(object: &Object, certificate_id: &str) -> Result<Self, String> {
        Ok(Self {
            certificate: Listed::asked_for(object, certificate_id)?,
            order_id: decode::text(object, "OrderId"),
            dv_auth: DvAuthDetail::read(object),
        })
    }
}

/// What proves control of a domain. Only `auths` tells the kind of each record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvAuthDetail {
    /// Record name or file name.
    pub key: Option<String>,
    /// Record value or file content.
    pub value: Option<String>,
    /// The domain it is for.
    pub domain: Option<String>,
    /// The file's folder.
    pub path: Option<String>,
    /// The record's host part.
    pub sub_domain: Option<String>,
    /// One entry for each proof.
    pub auths: Vec<DvAuth>,
}

impl DvAuthDetail {
    /// `None` where there is nothing in it, as after issue.
    fn read(parent: &Object) -> Option<Self> {
        let object = decode::object(parent, "DvAuthDetail")?;
        let text = |name| decode::text(object, name);
        let auths = decode::list(object, "DvAuths")
            .iter()
            .filter_map(Value::as_object)
            .filter_map(DvAuth::read);
        let detail = Self {
            key: text("DvAuthKey"),
            value: text("DvAuthValue"),
            domain: text("DvAuthDomain"),
            path: text("DvAuthPath"),
            sub_domain: text("DvAuthKeySubDomain"),
            auths: auths.collect(),
        };
        (detail.value.is_some() || !detail.auths.is_empty()).then_some(detail)
    }
}

/// One proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvAuth {
    /// Full record name, or file name.
    pub key: String,
    /// Record value, or file content.
    pub value: String,
    /// The domain it is for.
    pub domain: Option<String>,
    /// The file's folder.
    pub path: Option<String>,
    /// The record's host part.
    pub sub_domain: Option<String>,
    /// `TXT`, `CNAME` or `FILE`; where absent, it must be inferred.
    pub verify_type: Option<String>,
}

impl DvAuth {
    fn read(object: &Object) -> Option<Self> {
        Some(Self {
            key: decode::text(object, "DvAuthKey")?,
            value: decode::text(object, "DvAuthValue")?,
            domain: decode::text(object, "DvAuthDomain"),
            path: decode::text(object, "DvAuthPath"),
            sub_domain: decode::text(object, "DvAuthSubDomain"),
            verify_type: decode::text(object, "DvAuthVerifyType"),
        })
    }
}

/// A certificate with its material.
#[derive(Clone, Debug)]
pub struct Detail {
    /// As the list has it.
    pub certificate: Listed,
    /// PEM, as it came: leaf and perhaps intermediates, line ends of any kind.
    pub public_key: Option<String>,
    /// PEM, as it came: PKCS#1, SEC1 or PKCS#8.
    pub private_key: Option<SecretString>,
    /// SHA-1 over the leaf, as the service writes it.
    pub fingerprint: Option<String>,
    /// What proves control, where still told.
    pub dv_auth: Option<DvAuthDetail>,
}

impl Detail {
    pub(super) fn read(mut object: Object, certificate_id: &str) -> Result<Self, String> {
        // Taken out first, so that the key lies in one place only.
        let private_key = match object.remove("CertificatePrivateKey") {
            Some(Value::String(key)) if !key.trim().is_empty() => Some(SecretString::from(key)),
            _ => None,
        };
        Ok(Self {
            certificate: Listed::asked_for(&object, certificate_id)?,
            public_key: decode::text(&object, "CertificatePublicKey")
                .filter(|pem| !pem.trim().is_empty()),
            private_key,
            fingerprint: decode::text(&object, "CertFingerprint"),
            dv_auth: DvAuthDetail::read(&object),
        })
    }
}
