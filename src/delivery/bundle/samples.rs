//! Test material: a throwaway CA, what it issues, and the service's zips.

use std::io::{Cursor, Write as _};
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::EncodePrivateKey as _;
use zip::write::SimpleFileOptions;

use super::Expectation;
use crate::lifecycle::Algorithm;

/// The moment all tests happen at.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

/// What the tests expect of `domain`, an ECC certificate.
pub(crate) fn expecting(domain: &str) -> Expectation<'_> {
    Expectation {
        domain,
        wildcard: false,
        algorithm: Some(Algorithm::Ecc),
        now: now(),
        previous: None,
    }
}

/// Root, intermediate, and issuing by the intermediate.
pub(crate) struct Ca {
    pub(crate) root: CertifiedIssuer<'static, KeyPair>,
    pub(crate) intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(ca_params("Root"), key()).unwrap();
        let intermediate =
            CertifiedIssuer::signed_by(ca_params("Intermediate"), key(), &root).unwrap();
        Self { root, intermediate }
    }

    /// A 90-day certificate from today.
    pub(crate) fn issue(&self, domain: &str) -> Issued {
        self.issue_until(domain, 90)
    }

    pub(crate) fn issue_until(&self, domain: &str, days: i64) -> Issued {
        self.issue_with(params(domain, 0, days), &key())
    }

    pub(crate) fn issue_with(&self, params: CertificateParams, key: &KeyPair) -> Issued {
        let leaf = params.signed_by(key, &self.intermediate).unwrap();
        Issued {
            leaf: leaf.pem(),
            chain: self.intermediate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// What the service hands out, as PEM.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) leaf: String,
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Issued {
    pub(crate) fn full(&self) -> String {
        format!("{}{}", self.leaf, self.chain)
    }

    /// The zip of the API call, with the numbered names.
    pub(crate) fn api_zip(&self, domain: &str) -> Vec<u8> {
        zip_of(&[
            (
                &format!("{domain}.csr"),
                "-----BEGIN CERTIFICATE REQUEST-----",
            ),
            ("Apache/1_root_bundle.crt", &self.chain),
            (&format!("Apache/2_{domain}.crt"), &self.leaf),
            (&format!("Apache/3_{domain}.key"), &self.key),
            (&format!("IIS/{domain}.pfx"), "\u{1}binary"),
            ("IIS/keystorePass.txt", "secret"),
            (&format!("Nginx/1_{domain}_bundle.crt"), &self.full()),
            (&format!("Nginx/2_{domain}.key"), &self.key),
        ])
    }

    /// The zip of the console, for nginx.
    pub(crate) fn console_zip(&self, domain: &str) -> Vec<u8> {
        zip_of(&[
            (&format!("{domain}_nginx/{domain}_bundle.crt"), &self.full()),
            (&format!("{domain}_nginx/{domain}_bundle.pem"), &self.full()),
            (&format!("{domain}_nginx/{domain}.key"), &self.key),
            (&format!("{domain}_nginx/{domain}.csr"), "request"),
        ])
    }
}

pub(crate) fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

/// Parameters of a server's certificate that is valid from so many days after now until so many days after now.
pub(crate) fn params(domain: &str, from: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::new(vec![domain.to_owned()]).unwrap();
    // rcgen's time type is not ours to name: a date of its own making is moved.
    let moved = |days: i64| {
        let seconds = (now() + TimeDelta::days(days)).timestamp();
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds.unsigned_abs())
    };
    params.not_before = moved(from);
    params.not_after = moved(until);
    params
}

pub(crate) fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, name.to_owned());
    params
}

pub(crate) fn zip_of(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// One RSA key a test run, since making it is slow: as a signer, and in PKCS#1.
pub(crate) static RSA: LazyLock<(KeyPair, String)> = LazyLock::new(|| {
    let key = rsa::PrivateKey::new(&mut rand::rng(), 2048).unwrap();
    let pkcs8 = key.to_pkcs8_pem(rsa::pkcs8::LineEnding::LF).unwrap();
    let pkcs1 = key.to_pkcs1_pem(rsa::pkcs1::LineEnding::CRLF).unwrap();
    (
        KeyPair::from_pkcs8_pem_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256).unwrap(),
        pkcs1.to_string(),
    )
});
