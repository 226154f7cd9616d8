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
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::answer::{self, Entries, is_id};
use super::client::{Action, Answered, Client, Ready};
use super::error::{APPLY_ACTION, ApiError};

pub(crate) mod certificate;
pub(crate) mod status;

pub(crate) use certificate::{Detail, DvAuth, Listed};
pub(crate) use status::Status;

/// The most entries of one page; the service clamps larger numbers (tccli 3.1.189.1, DescribeCertificates).
pub(crate) const LARGEST_PAGE: u32 = 1_000;
/// The largest zip that is taken; real ones are some 20 KiB.
const LARGEST_ZIP: usize = 4 * 1024 * 1024;

const APPLY: Action = Action::ssl(APPLY_ACTION);
const LIST: Action = Action::ssl("DescribeCertificates");
const DESCRIBE: Action = Action::ssl("DescribeCertificate");
const DETAIL: Action = Action::ssl("DescribeCertificateDetail");
const DOWNLOAD: Action = Action::ssl("DownloadCertificate");
const COMPLETE: Action = Action::ssl("CompleteCertificate");
const CHECK: Action = Action::ssl("CheckCertificateDomainVerification");
const CANCEL_AUDIT: Action = Action::ssl("CancelAuditCertificate");
const DELETE: Action = Action::ssl("DeleteCertificate");

/// An application for one free certificate (Tencent Cloud, ApplyCertificate, 2025-02-17). What is `None` is not sent.
/// `PackageId` (withdrawn) and `DnsNames` (not supported yet) are left out on purpose.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Application {
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
    /// How many entries to give, `LARGEST_PAGE` at most.
    pub limit: u32,
    /// Only these, 50 at most (not documented; the service has an error "ids over 50"); all where empty. Ids the account
    /// can't see are silently absent.
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
    /// Take the right to it first ([`Client::permit`]), then the time ([`Client::timestamp`]), write both down with the
    /// intent, and only then apply: `at` is signed exactly as it is given.
    ///
    /// # Errors
    /// [`ApiError`]; ask [`ApiError::settled_as_not_made`] before applying again. An answer without a usable id is
    /// [`ApiError::Malformed`], which leaves it open.
    pub(crate) async fn apply(
        &self,
        ready: Ready,
        at: DateTime<Utc>,
        application: &Application,
    ) -> Result<Answered<String>, ApiError> {
        self.send(ready, at, &APPLY, application, |answer: Applied| {
            let id = answer.certificate_id;
            id.ok_or_else(|| "no usable CertificateId".to_owned())
        })
        .await
    }

    /// One page of the account's certificates.
    ///
    /// # Errors
    /// `ApiError`; also where a first page has no entry of those that it counts. Entries that can't be read are no error:
    /// they are counted in `Page::skipped`.
    pub async fn certificates(&self, request: &PageRequest) -> Result<Answered<Page>, ApiError> {
        self.call(&LIST, request, |answer| page(answer, request.offset))
            .await
    }

    /// A certificate's state and validation data, without its key.
    ///
    /// # Errors
    /// [`ApiError`]; also where the answer is about another certificate.
    pub(crate) async fn describe(
        &self,
        certificate_id: &str,
    ) -> Result<Answered<Listed>, ApiError> {
        self.call(&DESCRIBE, &ById { certificate_id }, |answer: Listed| {
            answer.asked_for(certificate_id)
        })
        .await
    }

    /// A certificate's PEM texts and private key.
    ///
    /// # Errors
    /// [`ApiError`]; also where the answer is about another certificate.
    pub(crate) async fn detail(&self, certificate_id: &str) -> Result<Answered<Detail>, ApiError> {
        self.call(&DETAIL, &ById { certificate_id }, |answer: Detail| {
            answer.asked_for(certificate_id)
        })
        .await
    }

    /// The certificate's zip, which holds its private key: 4 MiB at most, not looked into.
    ///
    /// # Errors
    /// [`ApiError`]; also where the content is no base64.
    pub(crate) async fn download(
        &self,
        certificate_id: &str,
    ) -> Result<Answered<SecretSlice<u8>>, ApiError> {
        self.call(&DOWNLOAD, &ById { certificate_id }, zip).await
    }

    /// Asks for validation now.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn complete(&self, certificate_id: &str) -> Result<Answered<()>, ApiError> {
        self.perform(&COMPLETE, &ById { certificate_id }).await
    }

    /// What the service and the CA see of the proof, one verdict a name.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn check_validation(
        &self,
        certificate_id: &str,
    ) -> Result<Answered<Vec<Verdict>>, ApiError> {
        self.call(&CHECK, &ById { certificate_id }, |answer: Verdicts| {
            Ok(answer.verification_results)
        })
        .await
    }

    /// Stops a pending review; true where the service says that it did. Signed with `at`, where that is given.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn cancel_audit(
        &self,
        certificate_id: &str,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answered<bool>, ApiError> {
        let id = ById { certificate_id };
        self.call_at(at, &CANCEL_AUDIT, &id, |answer: Done| Ok(answer.result))
            .await
    }

    /// Deletes an order or certificate. The service refuses that in the first hour and while it is issued and valid.
    ///
    /// # Errors
    /// [`ApiError`].
    /// Signed with `at`, where that is given.
    pub(crate) async fn delete(
        &self,
        certificate_id: &str,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answered<()>, ApiError> {
        let id = ById { certificate_id };
        self.call_at(at, &DELETE, &id, |_: IgnoredAny| Ok(())).await
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Applied {
    #[serde(deserialize_with = "answer::id")]
    certificate_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Done {
    #[serde(deserialize_with = "answer::is_true")]
    result: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Verdicts {
    #[serde(deserialize_with = "answer::list")]
    verification_results: Vec<Verdict>,
}

/// What the service sees of one name's proof (`VerificationResults`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Verdict {
    /// The name.
    #[serde(deserialize_with = "answer::string")]
    pub domain: String,
    /// The service's own look: 1 good; below zero, what is wrong.
    #[serde(rename = "LocalCheck", deserialize_with = "answer::int")]
    pub local: Option<i64>,
    /// The CA's look: 2 good, −1 not yet.
    #[serde(rename = "CaCheck", deserialize_with = "answer::int")]
    pub ca: Option<i64>,
    /// What was found.
    #[serde(rename = "CheckValue", deserialize_with = "answer::texts")]
    pub found: Vec<String>,
    /// Asked too often: the rest means nothing.
    #[serde(rename = "Frequently", deserialize_with = "answer::is_true")]
    pub throttled: bool,
    /// Issued already.
    #[serde(deserialize_with = "answer::is_true")]
    pub issued: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct PageAnswer {
    #[serde(deserialize_with = "answer::count")]
    total_count: Option<u64>,
    certificates: Option<Entries<Listed>>,
}

fn page(answer: PageAnswer, offset: u32) -> Result<Page, String> {
    // A page without a list must not look like an account without certificates.
    let (readable, entries) = match answer.certificates {
        Some(list) => (list.readable, list.count),
        None if answer.total_count == Some(0) => (Vec::new(), 0),
        None => return Err("it has no list of Certificates".to_owned()),
    };
    // Nor may one that has nothing of what it counts. A later page may: certificates were deleted meanwhile.
    if let (0, 0, Some(total @ 1..)) = (offset, entries, answer.total_count) {
        return Err(format!("it counts {total} certificates and lists none"));
    }
    let mut certificates = readable;
    certificates.retain(|listed| is_id(&listed.certificate_id));
    let skipped = entries - certificates.len();
    // One certificate named twice is one.
    let mut seen = HashSet::new();
    certificates.retain(|listed| seen.insert(listed.certificate_id.clone()));
    Ok(Page {
        total: answer.total_count.unwrap_or(entries as u64),
        certificates,
        skipped,
        entries,
    })
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Zip {
    #[serde(deserialize_with = "answer::secret")]
    content: Option<SecretString>,
}

fn zip(answer: Zip) -> Result<SecretSlice<u8>, String> {
    let content = answer.content.ok_or("it has no Content")?;
    // Some encoders break lines.
    let bytes = content.expose_secret().bytes();
    let packed: Zeroizing<Vec<u8>> =
        Zeroizing::new(bytes.filter(|byte| !byte.is_ascii_whitespace()).collect());
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
