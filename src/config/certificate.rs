//! Certificates: what the operator wants, one entry of the config each.
//!
//! The types, and the fingerprint that tells whether anything changed which goes into an application. How the entries
//! are read and checked is `wishes`'s work; the ways of validation are in `validation`.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::mistake::Place;
use super::targets::Targets;
use super::validation::Validation;
use crate::lifecycle::Algorithm;

/// One certificate that the operator wants.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The name, in ASCII (punycode) and lower case. No two certificates have the same.
    pub domain: String,
    /// The name as people write it: Unicode for an IDN, else the same as `domain`.
    pub display: String,
    /// The name of its account; always one of the config's.
    pub account: String,
    /// How control of the domain is proved.
    pub validation: Validation,
    /// The algorithm of its key.
    pub key: Algorithm,
    /// The operator's own remark, 180 characters at most; goes behind our marker.
    pub alias: Option<String>,
    /// The project it is filed under.
    pub project_id: Option<u64>,
    /// Where the service sends mail about it.
    pub contact_email: Option<String>,
    /// Whom the service calls about it.
    pub contact_phone: Option<String>,
    /// Whether the service removes its automatic DNS record afterwards.
    pub delete_dns_record: bool,
    /// The password of the service's own JKS and PFX files. It does not touch what is installed.
    pub csr_key_password: Option<SecretString>,
    /// `PackageType`, sent only where set.
    pub package_type: Option<String>,
    /// `ValidityPeriod` in months, sent only where set.
    pub validity_period: Option<String>,
    /// How long before its end it is renewed: its own, or the schedule's.
    pub renew_before: Duration,
    /// Where it goes once it is installed. No part of an application.
    pub targets: Targets,
    /// Where its domain stands in the config.
    pub line: Place,
    /// [`Account::identity`](super::Account) of its account.
    pub(super) account_identity: [u8; 32],
}

impl Certificate {
    /// A stable digest (64 hexadecimal digits) of all that goes into an application, and of the account it goes to. A
    /// certificate that was parked for its input is tried again when this changes.
    ///
    /// Of the password only sixteen bits go in: enough to notice an edit, too few to guess it from the digest.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        let mut add = |part: Option<&[u8]>| {
            // The length goes first, so that no two lists of parts read the same.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            digest.update(length.to_be_bytes());
            digest.update(part.unwrap_or_default());
        };
        add(Some(b"evercert application 1"));
        add(Some(&self.account_identity));
        add(Some(self.domain.as_bytes()));
        add(Some(self.validation.as_str().as_bytes()));
        add(Some(self.key.name().as_bytes()));
        add(Some(&[u8::from(self.delete_dns_record)]));
        add(self
            .project_id
            .map(u64::to_be_bytes)
            .as_ref()
            .map(|id| &id[..]));
        for text in [
            &self.alias,
            &self.contact_email,
            &self.contact_phone,
            &self.package_type,
            &self.validity_period,
        ] {
            add(text.as_deref().map(str::as_bytes));
        }
        let password = self.csr_key_password.as_ref().map(|password| {
            let whole = Sha256::new_with_prefix(&self.domain)
                .chain_update([0])
                .chain_update(password.expose_secret())
                .finalize();
            [whole[0], whole[1]]
        });
        add(password.as_ref().map(|password| &password[..]));
        // Ways that have settings of their own: another hook or folder is another attempt.
        if self.validation != Validation::DnsAuto {
            let way = format!("{:?}", self.validation);
            add(Some(way.as_bytes()));
        }
        hex(&digest.finalize())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
