//! One certificate read, and the checks that concern it alone.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureAlgorithm};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::error::BundleError;
use super::pem::{self, PrivateKey};
use crate::lifecycle::Algorithm;

/// How far ahead a certificate may begin: CAs and machines disagree by hours at most.
const MAX_AHEAD: TimeDelta = TimeDelta::days(1);
/// Longer than any publicly trusted certificate may live (398 days: CA/Browser Forum, Baseline Requirements 6.3.2).
const MAX_LIFETIME: TimeDelta = TimeDelta::days(400);
/// Names and issuers are shown to people; a false certificate must not flood them.
const MAX_SHOWN: usize = 200;

/// What is installed already, which new material must outlive.
#[derive(Clone, Copy, Debug)]
pub struct Previous<'a> {
    /// The end of the installed certificate.
    pub not_after: DateTime<Utc>,
    /// Lower-hex SHA-256 of its DER. The same certificate again is welcome: a repeat after a crash.
    pub fingerprint_sha256: &'a str,
}

/// What the material has to be.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The name the certificate must carry as a `dNSName`, in ASCII form.
    pub domain: &'a str,
    /// The algorithm that was asked for; `None` where any will do.
    pub algorithm: Option<Algorithm>,
    /// The time by which dates are judged.
    pub now: DateTime<Utc>,
    /// Whether a wildcard may cover it.
    pub wildcard: bool,
    /// What is installed for this domain, if anything.
    pub previous: Option<Previous<'a>>,
}

/// A certificate's DER with what is read from it once.
#[derive(Clone)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) fingerprint: String,
    pub(super) not_before: DateTime<Utc>,
    pub(super) not_after: DateTime<Utc>,
    /// DNS names of the subject alternative name, lower case. The common name is never looked at.
    pub(super) names: Vec<String>,
    pub(super) serial: String,
    pub(super) issuer: String,
    /// It is signed by its own key.
    pub(super) is_self_signed: bool,
    is_ca: bool,
    for_servers: bool,
}

impl Certificate {
    /// All certificates of a PEM text, doubles dropped, in the order given.
    pub(super) fn all_of(text: &[u8]) -> Result<Vec<Self>, BundleError> {
        let found = pem::certificates(text)?;
        found.into_iter().map(Self::parse).collect()
    }

    pub(super) fn parse(der: Vec<u8>) -> Result<Self, BundleError> {
        let parsed = x509(&der)?;
        let mut names = Vec::new();
        let alternative = parsed
            .subject_alternative_name()
            .map_err(BundleError::Certificate)?;
        for name in alternative
            .iter()
            .flat_map(|extension| &extension.value.general_names)
        {
            if let GeneralName::DNSName(name) = name {
                names.push(name.to_ascii_lowercase());
            }
        }
        let is_ca = parsed
            .basic_constraints()
            .map_err(BundleError::Certificate)?
            .is_some_and(|extension| extension.value.ca);
        let for_servers = parsed
            .extended_key_usage()
            .map_err(BundleError::Certificate)?
            .is_none_or(|usage| usage.value.server_auth || usage.value.any);
        // The names alone don't tell: a CA may have the name of what it signs.
        let is_self_signed = parsed.issuer().as_raw() == parsed.subject().as_raw()
            && parsed.verify_signature(None).is_ok();
        let mut certificate = Self {
            is_self_signed,
            fingerprint: hex(&Sha256::digest(&der)),
            not_before: moment(parsed.validity().not_before.timestamp())?,
            not_after: moment(parsed.validity().not_after.timestamp())?,
            names,
            serial: shortened(&parsed.raw_serial_as_string()),
            issuer: shortened(&parsed.issuer().to_string()),
            is_ca,
            for_servers,
            der: Vec::new(),
        };
        certificate.der = der;
        Ok(certificate)
    }

    pub(super) fn pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }

    /// A few words by which a person finds it.
    pub(super) fn describe(&self) -> String {
        format!("{}, serial {}", self.shown_names(), self.serial)
    }

    /// Whether it may issue others.
    pub(super) fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// The certificate as X.509. Parsed again where signatures matter, since the parsed form borrows the DER.
    pub(super) fn x509(&self) -> Result<X509Certificate<'_>, BundleError> {
        x509(&self.der)
    }

    fn shown_names(&self) -> String {
        if self.names.is_empty() {
            return "no DNS name".to_owned();
        }
        shortened(&self.names.join(", "))
    }
}

/// A private key as the TLS library will use it: what it cannot load, no server of its kind could.
pub(super) struct SigningKey {
    key: Arc<dyn rustls::sign::SigningKey>,
    algorithm: Algorithm,
}

impl SigningKey {
    pub(super) fn load(key: &PrivateKey) -> Result<Self, BundleError> {
        let key =
            rustls::crypto::ring::sign::any_supported_type(&key.der()).map_err(BundleError::Key)?;
        let algorithm = match key.algorithm() {
            SignatureAlgorithm::RSA => Algorithm::Rsa,
            SignatureAlgorithm::ECDSA => Algorithm::Ecc,
            other => {
                return Err(BundleError::Key(rustls::Error::General(format!(
                    "keys of kind {other:?} are not used"
                ))));
            }
        };
        Ok(Self { key, algorithm })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the certificate's public key is this key's.
    pub(super) fn belongs_to(&self, certificate: &Certificate) -> Result<bool, BundleError> {
        let der = CertificateDer::from(certificate.der.clone());
        match CertifiedKey::new(vec![der], Arc::clone(&self.key)).keys_match() {
            Ok(()) => Ok(true),
            // `Unknown` would mean that it could not be compared: that is not a match.
            Err(rustls::Error::InconsistentKeys(
                InconsistentKeys::KeyMismatch | InconsistentKeys::Unknown,
            )) => Ok(false),
            Err(error) => Err(BundleError::Unusable(error)),
        }
    }
}

/// Everything that the leaf must be, apart from its chain.
pub(super) fn check_leaf(
    leaf: &Certificate,
    algorithm: Algorithm,
    expectation: &Expectation<'_>,
) -> Result<(), BundleError> {
    if leaf.is_ca {
        return Err(BundleError::IsCa {
            certificate: leaf.describe(),
        });
    }
    if !leaf.for_servers {
        return Err(BundleError::NotForServers {
            certificate: leaf.describe(),
        });
    }
    if let Some(expected) = expectation.algorithm
        && algorithm != expected
    {
        return Err(BundleError::WrongAlgorithm {
            expected,
            found: algorithm,
        });
    }
    let parent = expectation.domain.split_once('.');
    let wildcard = parent.filter(|_| expectation.wildcard);
    let wildcard = wildcard.map(|(_, parent)| format!("*.{parent}"));
    let covered = leaf.names.iter().any(|name| {
        name.eq_ignore_ascii_case(expectation.domain) || Some(name) == wildcard.as_ref()
    });
    if !covered {
        return Err(BundleError::WrongName {
            expected: expectation.domain.to_owned(),
            found: leaf.shown_names(),
        });
    }
    check_dates(leaf, expectation)
}

fn check_dates(leaf: &Certificate, expectation: &Expectation<'_>) -> Result<(), BundleError> {
    let (not_before, not_after, now) = (leaf.not_before, leaf.not_after, expectation.now);
    if not_before >= not_after || not_after - not_before > MAX_LIFETIME {
        return Err(BundleError::Dates {
            not_before,
            not_after,
        });
    }
    if not_before - now > MAX_AHEAD {
        return Err(BundleError::NotYetValid { not_before, now });
    }
    if not_after <= now {
        return Err(BundleError::Expired { not_after, now });
    }
    match expectation.previous {
        Some(previous)
            if not_after < previous.not_after
                && previous.fingerprint_sha256 != leaf.fingerprint =>
        {
            Err(BundleError::NotNewer {
                previous: previous.not_after,
                found: not_after,
            })
        }
        _ => Ok(()),
    }
}

fn x509(der: &[u8]) -> Result<X509Certificate<'_>, BundleError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(BundleError::Certificate(X509Error::InvalidCertificate)),
        Err(x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error)) => {
            Err(BundleError::Certificate(error))
        }
        Err(x509_parser::nom::Err::Incomplete(_)) => {
            Err(BundleError::Certificate(X509Error::InvalidCertificate))
        }
    }
}

fn moment(seconds: i64) -> Result<DateTime<Utc>, BundleError> {
    DateTime::from_timestamp(seconds, 0).ok_or(BundleError::Calendar)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// For people: control characters out, length bounded.
pub(super) fn shortened(text: &str) -> String {
    crate::text::plain_up_to(text, MAX_SHOWN)
}
