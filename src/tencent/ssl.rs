//! The certificate service (ssl, version 2019-12-05): the actions that are used, typed.
//!
//! Only documented parameters are sent, since the service refuses unknown ones. Answers are read tolerantly: see
//! [`certificate`]. An id that comes back is checked before anyone sees it. What an answer means for a renewal is not
//! decided here.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::client::{Action, Answered, Client};
use super::decode::{self, Object};
use super::error::{APPLY_ACTION, ApiError};
use super::limit::Permit;

pub mod certificate;
pub mod status;

pub use certificate::{Described, Detail, DvAuth, DvAuthDetail, Listed};
pub use status::Status;

/// The most entries of one page; the service clamps larger numbers (tccli 3.1.189.1, DescribeCertificates).
pub const LARGEST_PAGE: u32 = 1_000;
/// The most ids to ask for in one page. Not documented; the service has an error "ids over 50".
pub const MOST_IDS: usize = 50;
/// The largest zip that is taken; real ones are some 20 KiB.
const LARGEST_ZIP: usize = 4 * 1024 * 1024;

const fn action(name: &'static str) -> Action {
    Action {
        service: "ssl",
        version: "2019-12-05",
        name,
        reads: &[],
    }
}

const APPLY: Action = action(APPLY_ACTION);
const LIST: Action = Action {
    reads: certificate::LISTED,
    ..action("DescribeCertificates")
};
const DESCRIBE: Action = action("DescribeCertificate");
const DETAIL: Action = action("DescribeCertificateDetail");
const DOWNLOAD: Action = action("DownloadCertificate");
const COMPLETE: Action = action("CompleteCertificate");
const CHECK: Action = action("CheckCertificateDomainVerification");
const CANCEL_AUDIT: Action = action("CancelAuditCertificate");
const CANCEL_ORDER: Action = action("CancelCertificateOrder");
const DELETE: Action = action("DeleteCertificate");

/// An application for one free certificate (Tencent Cloud, ApplyCertificate, 2025-02-17). What is `None` is not sent.
/// `PackageId` (withdrawn) and `DnsNames` (not supported yet) are left out on purpose.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Application {
    /// How control is proved: `DNS_AUTO`, `DNS` or `FILE`.
    pub dv_auth_method: String,
    /// The one name, 64 characters at most.
    pub domain_name: String,
    /// The project; 0 where not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<i64>,
    /// The product; the service takes only `"83"`, which is also its default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_type: Option<String>,
    /// The account's own where not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    /// A fixed one where not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_phone: Option<String>,
    /// In months, as text; only `"3"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity_period: Option<String>,
    /// `RSA` or `ECC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csr_encrypt_algo: Option<String>,
    /// `2048` with RSA, `prime256v1` with ECC (which demands it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csr_key_parameter: Option<String>,
    /// Protects the zip's JKS and PFX only; the PEM key is never encrypted.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub csr_key_password: Option<SecretString>,
    /// The remark, 200 characters at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The certificate that is renewed: in its last 30 days and not expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_certificate_id: Option<String>,
    /// Remove the automatic record after issue; only with `DNS_AUTO`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_dns_auto_record: Option<bool>,
}

/// For the wire only.
fn exposed<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serializer.serialize_str(secret.expose_secret()),
        None => serializer.serialize_none(),
    }
}

/// Which page of the list, newest application first.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PageRequest {
    /// How many entries to pass over.
    pub offset: u32,
    /// How many entries to give, [`LARGEST_PAGE`] at most.
    pub limit: u32,
    /// Only these, [`MOST_IDS`] at most; all where empty. Ids the account can't see are silently absent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cert_ids: Vec<String>,
    /// Only those whose id, remark or domain resembles this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_key: Option<String>,
}

impl PageRequest {
    /// A full page from `offset`, unfiltered.
    pub fn from(offset: u32) -> Self {
        Self {
            offset,
            limit: LARGEST_PAGE,
            cert_ids: Vec::new(),
            search_key: None,
        }
    }
}

/// One page of the list.
#[derive(Clone, Debug)]
pub struct Page {
    /// How many there are in all, as the service counts.
    pub total: u64,
    /// Those of this page that could be read.
    pub certificates: Vec<Listed>,
    /// How many entries could not be read: no certificate may be called absent while this is not zero.
    pub skipped: usize,
    /// How many entries the page had, read or not: the next page begins this much further on.
    pub entries: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ById<'a> {
    certificate_id: &'a str,
}

impl Client {
    /// Applies for a certificate and gives its `CertificateId`.
    ///
    /// Take the [`Permit`] first ([`Client::permit`]), then the time ([`Client::timestamp`]), write both down with the
    /// intent, and only then apply: `at` is signed exactly as it is given.
    ///
    /// # Errors
    /// [`ApiError`]; ask [`ApiError::settled_as_not_made`] before applying again. An answer without a usable id is
    /// [`ApiError::Malformed`], which leaves it open.
    pub async fn apply(
        &self,
        permit: Permit,
        at: DateTime<Utc>,
        application: &Application,
    ) -> Result<Answered<String>, ApiError> {
        let answer = self.send(permit, at, &APPLY, None, application).await?;
        answer.read(&APPLY, |object| {
            decode::id(&object, "CertificateId").ok_or_else(|| "no usable CertificateId".to_owned())
        })
    }

    /// One page of the account's certificates.
    ///
    /// # Errors
    /// [`ApiError`]. Entries that can't be read are no error: they are counted in [`Page::skipped`].
    pub async fn certificates(&self, request: &PageRequest) -> Result<Answered<Page>, ApiError> {
        self.call(&LIST, request)
            .await?
            .read(&LIST, |object| page(&object))
    }

    /// A certificate's state and validation data, without its key.
    ///
    /// # Errors
    /// [`ApiError`]; also where the answer is about another certificate.
    pub async fn describe(&self, certificate_id: &str) -> Result<Answered<Described>, ApiError> {
        let answer = self.call(&DESCRIBE, &ById { certificate_id }).await?;
        answer.read(&DESCRIBE, |object| Described::read(&object, certificate_id))
    }

    /// A certificate's state, PEM texts and private key.
    ///
    /// # Errors
    /// [`ApiError`]; also where the answer is about another certificate.
    pub async fn detail(&self, certificate_id: &str) -> Result<Answered<Detail>, ApiError> {
        let answer = self.call(&DETAIL, &ById { certificate_id }).await?;
        answer.read(&DETAIL, |object| Detail::read(object, certificate_id))
    }

    /// The certificate's zip, which holds its private key: 4 MiB at most, not looked into.
    ///
    /// # Errors
    /// [`ApiError`]; also where the content is no base64.
    pub async fn download(
        &self,
        certificate_id: &str,
    ) -> Result<Answered<SecretSlice<u8>>, ApiError> {
        let answer = self.call(&DOWNLOAD, &ById { certificate_id }).await?;
        answer.read(&DOWNLOAD, |mut object| zip(object.remove("Content")))
    }

    /// Asks for validation now.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn complete(&self, certificate_id: &str) -> Result<Answered<()>, ApiError> {
        let answer = self.call(&COMPLETE, &ById { certificate_id }).await?;
        answer.read(&COMPLETE, |_| Ok(()))
    }

    /// What the service and the CA see of the proof, one verdict a name.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn check_validation(
        &self,
        certificate_id: &str,
    ) -> Result<Answered<Vec<Verdict>>, ApiError> {
        let answer = self.call(&CHECK, &ById { certificate_id }).await?;
        answer.read(&CHECK, |object| {
            let list = decode::list(&object, "VerificationResults");
            let objects = list.iter().filter_map(serde_json::Value::as_object);
            Ok(objects.map(Verdict::read).collect())
        })
    }

    /// Stops a pending review; true where the service says that it did.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn cancel_audit(&self, certificate_id: &str) -> Result<Answered<bool>, ApiError> {
        let answer = self.call(&CANCEL_AUDIT, &ById { certificate_id }).await?;
        answer.read(&CANCEL_AUDIT, |object| {
            Ok(decode::flag(&object, "Result").unwrap_or(false))
        })
    }

    /// Cancels an order.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn cancel_order(&self, certificate_id: &str) -> Result<Answered<()>, ApiError> {
        let answer = self.call(&CANCEL_ORDER, &ById { certificate_id }).await?;
        answer.read(&CANCEL_ORDER, |_| Ok(()))
    }

    /// Deletes an order or certificate. The service refuses that in the first hour and while it is issued and valid.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete(&self, certificate_id: &str) -> Result<Answered<()>, ApiError> {
        let answer = self.call(&DELETE, &ById { certificate_id }).await?;
        answer.read(&DELETE, |_| Ok(()))
    }
}

/// What the service sees of one name's proof (`VerificationResults`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The name.
    pub domain: String,
    /// The service's own look: 1 good; below zero, what is wrong.
    pub local: Option<i64>,
    /// The CA's look: 2 good, −1 not yet.
    pub ca: Option<i64>,
    /// The service's words on its own look; for people only.
    pub reason: Option<String>,
    /// What was found.
    pub found: Vec<String>,
    /// Asked too often: the rest means nothing.
    pub throttled: bool,
    /// Issued already.
    pub issued: bool,
}

impl Verdict {
    fn read(object: &Object) -> Self {
        Self {
            domain: decode::text(object, "Domain").unwrap_or_default(),
            local: decode::int(object, "LocalCheck"),
            ca: decode::int(object, "CaCheck"),
            reason: decode::text(object, "LocalCheckFailReason"),
            found: decode::texts(object, "CheckValue"),
            throttled: decode::flag(object, "Frequently").unwrap_or(false),
            issued: decode::flag(object, "Issued").unwrap_or(false),
        }
    }
}

fn page(object: &Object) -> Result<Page, String> {
    // A page without a list must not look like an account without certificates.
    let entries = match object.get("Certificates") {
        Some(serde_json::Value::Array(entries)) => entries.as_slice(),
        Some(serde_json::Value::Null) | None if decode::int(object, "TotalCount") == Some(0) => &[],
        _ => return Err("it has no list of Certificates".to_owned()),
    };
    let mut seen = HashSet::new();
    let mut skipped = 0;
    let mut certificates = Vec::with_capacity(entries.len().min(LARGEST_PAGE as usize));
    for entry in entries {
        match entry.as_object().and_then(Listed::read) {
            // One certificate named twice is one.
            Some(listed) if !seen.insert(listed.certificate_id.clone()) => {}
            Some(listed) => certificates.push(listed),
            None => skipped += 1,
        }
    }
    let total = decode::int(object, "TotalCount").and_then(|total| u64::try_from(total).ok());
    Ok(Page {
        total: total.unwrap_or(entries.len() as u64),
        certificates,
        skipped,
        entries: entries.len(),
    })
}

fn zip(content: Option<serde_json::Value>) -> Result<SecretSlice<u8>, String> {
    let Some(serde_json::Value::String(content)) = content else {
        return Err("it has no Content".to_owned());
    };
    let content = Zeroizing::new(content);
    // Some encoders break lines.
    let packed = Zeroizing::new(
        content
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect::<Vec<u8>>(),
    );
    if packed.is_empty() {
        return Err("its Content is empty".to_owned());
    }
    if packed.len() / 4 * 3 > LARGEST_ZIP {
        return Err("its Content is larger than 4 MiB".to_owned());
    }
    let bytes = STANDARD
        .decode(&*packed)
        .map_err(|_| "its Content is no base64".to_owned())?;
    Ok(SecretSlice::from(bytes))
}

#[cfg(test)]
mod tests;
