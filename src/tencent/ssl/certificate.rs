//! Certificates as the service describes them.
//!
//! Only the id is indispensable: an entry with an id is always seen, however little else it has, because an order that
//! is overlooked could be made twice. Everything else is there or is not.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use crate::lifecycle::Algorithm;
use crate::tencent::{answer, reason};

use super::status::Status;

/// A certificate, as the list and the single descriptions have it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Listed {
    /// The service's id, checked.
    #[serde(deserialize_with = "answer::string")]
    pub certificate_id: String,
    /// The main name, in ASCII and lower case; empty where the service gave none.
    #[serde(deserialize_with = "answer::name")]
    pub domain: String,
    #[serde(deserialize_with = "answer::names")]
    subject_alt_name: Vec<String>,
    #[serde(rename = "CertSANs", deserialize_with = "answer::names")]
    cert_sans: Vec<String>,
    /// The remark.
    #[serde(deserialize_with = "answer::text")]
    pub alias: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// The service's words on that; for people only.
    #[serde(deserialize_with = "reason::text")]
    pub status_msg: Option<String>,
    /// `83` (`2` in earlier years) for free ones; absent for uploads.
    #[serde(deserialize_with = "answer::text")]
    pub package_type: Option<String>,
    /// The project that it is filed under; 0 is the default one.
    #[serde(deserialize_with = "answer::count")]
    pub project_id: Option<u64>,
    #[serde(deserialize_with = "answer::text")]
    from: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    filter_source: Option<String>,
    /// `DNS_AUTO`, `DNS`, `FILE`, …
    #[serde(deserialize_with = "answer::text")]
    pub verify_type: Option<String>,
    /// As the service writes it: `RSA`, `RSA 2048`, `ECC`, …
    #[serde(deserialize_with = "answer::text")]
    pub encrypt_algorithm: Option<String>,
    /// End of validity.
    #[serde(rename = "CertEndTime", deserialize_with = "answer::time")]
    pub end: Option<DateTime<Utc>>,
    /// When it was applied for.
    #[serde(rename = "InsertTime", deserialize_with = "answer::time")]
    pub inserted: Option<DateTime<Utc>>,
    /// Until when it must be validated.
    #[serde(rename = "DVAuthDeadline", deserialize_with = "answer::time")]
    pub deadline: Option<DateTime<Utc>>,
    /// When control of the domain was proved.
    #[serde(rename = "ValidationPassedTime", deserialize_with = "answer::time")]
    pub validated: Option<DateTime<Utc>>,
    /// Whether the service's own DNS answers for all its names; only the list tells it.
    #[serde(rename = "IsDNSPODResolve", deserialize_with = "answer::flag")]
    pub is_resolved_here: Option<bool>,
    /// Whether its material may be downloaded.
    #[serde(deserialize_with = "answer::flag")]
    pub allow_download: Option<bool>,
    /// Its relatives.
    #[serde(rename = "CertificateExtra", deserialize_with = "answer::object")]
    pub extra: Extra,
    /// −1 not hosted; 0 and above: the cloud may switch resources by itself.
    #[serde(deserialize_with = "answer::int")]
    pub hosting_status: Option<i64>,
    /// What proves control, one entry for each proof. Only a single description tells it; none after issue, and for a
    /// moment after applying.
    #[serde(rename = "DvAuthDetail", deserialize_with = "proofs")]
    pub proofs: Vec<DvAuth>,
}

/// The certificates that one is renewed from and by (`CertificateExtra`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Extra {
    /// The certificate that this one renews.
    #[serde(deserialize_with = "answer::id")]
    pub origin_certificate_id: Option<String>,
    /// The certificate that renews this one.
    #[serde(deserialize_with = "answer::id")]
    pub renew_order: Option<String>,
}

impl Listed {
    /// Every name, in ASCII and lower case, once. Three calls describe the lists of names differently, so they are put
    /// together.
    pub fn names(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let listed = self.subject_alt_name.iter().chain(&self.cert_sans);
        let all = std::iter::once(&self.domain).chain(listed);
        all.map(String::as_str)
            .filter(|name| !name.is_empty() && seen.insert(*name))
            .collect()
    }

    /// Whether it was uploaded, and so not applied for.
    pub fn is_upload(&self) -> bool {
        [&self.from, &self.filter_source]
            .into_iter()
            .flatten()
            .any(|source| source.eq_ignore_ascii_case("upload"))
    }

    /// The algorithm of its key, whatever the spelling; `None` where it is not said, or is one that no application asks
    /// for.
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::described(self.encrypt_algorithm.as_deref()?)
    }

    /// As a single description: about the certificate that was asked for, also where it does not repeat the id.
    pub(super) fn asked_for(self, certificate_id: &str) -> Result<Self, String> {
        is_about(&self.certificate_id, certificate_id)?;
        Ok(Self {
            certificate_id: certificate_id.to_owned(),
            ..self
        })
    }
}

fn is_about(said: &str, asked: &str) -> Result<(), String> {
    if said.is_empty() || said == asked {
        Ok(())
    } else {
        Err("it is about another certificate".to_owned())
    }
}

/// One proof of control.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DvAuth {
    /// Full record name, or file name.
    #[serde(rename = "DvAuthKey", deserialize_with = "answer::string")]
    pub key: String,
    /// Record value, or file content.
    #[serde(rename = "DvAuthValue", deserialize_with = "answer::string")]
    pub value: String,
    /// The domain it is for.
    #[serde(rename = "DvAuthDomain", deserialize_with = "answer::text")]
    pub domain: Option<String>,
    /// The file's folder.
    #[serde(rename = "DvAuthPath", deserialize_with = "answer::text")]
    pub path: Option<String>,
    /// The record's host part.
    #[serde(rename = "DvAuthSubDomain", alias = "DvAuthKeySubDomain")]
    #[serde(deserialize_with = "answer::text")]
    pub sub_domain: Option<String>,
    /// `TXT`, `CNAME` or `FILE`; where absent, it must be inferred.
    #[serde(rename = "DvAuthVerifyType", deserialize_with = "answer::text")]
    pub verify_type: Option<String>,
}

impl DvAuth {
    fn is_whole(&self) -> bool {
        !self.key.is_empty() && !self.value.is_empty()
    }
}

/// A list of proofs, or one that stands alone. Only the list tells the kind of each record.
fn proofs<'de, D: Deserializer<'de>>(detail: D) -> Result<Vec<DvAuth>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Several {
        #[serde(deserialize_with = "answer::list")]
        dv_auths: Vec<DvAuth>,
    }
    let json = answer::raw(detail)?;
    let Several { mut dv_auths } = answer::parse(json).unwrap_or_default();
    dv_auths.retain(DvAuth::is_whole);
    if dv_auths.is_empty() {
        dv_auths.extend(answer::parse(json).filter(DvAuth::is_whole));
    }
    Ok(dv_auths)
}

/// A certificate's material.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Detail {
    #[serde(deserialize_with = "answer::string")]
    certificate_id: String,
    /// PEM, as it came: leaf and perhaps intermediates, line ends of any kind.
    #[serde(rename = "CertificatePublicKey", deserialize_with = "answer::text")]
    pub public_key: Option<String>,
    /// PEM, as it came: PKCS#1, SEC1 or PKCS#8.
    #[serde(rename = "CertificatePrivateKey", deserialize_with = "answer::secret")]
    pub private_key: Option<SecretString>,
}

impl Detail {
    /// About the certificate that was asked for; what has only blanks is not there.
    pub(super) fn asked_for(self, certificate_id: &str) -> Result<Self, String> {
        is_about(&self.certificate_id, certificate_id)?;
        Ok(Self {
            public_key: self.public_key.filter(|pem| !pem.trim().is_empty()),
            private_key: self
                .private_key
                .filter(|pem| !pem.expose_secret().trim().is_empty()),
            ..self
        })
    }
}
