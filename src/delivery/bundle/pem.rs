//! PEM in and out. Sizes are bounded before parsing; no error quotes what it read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject, SectionKind};
use zeroize::Zeroizing;

use super::error::BundleError;

/// The most certificates one text may hold. Real answers have two to four.
pub(super) const MAX_CERTIFICATES: usize = 8;
const MAX_CERTIFICATES_BYTES: usize = 256 * 1024;
const MAX_KEY_BYTES: usize = 32 * 1024;

/// A private key as DER, wiped on drop. It has no `Debug`.
pub(super) struct PrivateKey {
    kind: SectionKind,
    der: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// The key as rustls wants it, borrowed, so that no further copy is made.
    pub(super) fn der(&self) -> PrivateKeyDer<'_> {
        let der = self.der.as_slice();
        match self.kind {
            SectionKind::RsaPrivateKey => PrivateKeyDer::Pkcs1(der.into()),
            SectionKind::EcPrivateKey => PrivateKeyDer::Sec1(der.into()),
            _ => PrivateKeyDer::Pkcs8(der.into()),
        }
    }

    /// The key as PEM with plain line ends, in the encoding it came in.
    pub(super) fn to_pem(&self) -> Zeroizing<String> {
        let label = match self.kind {
            SectionKind::RsaPrivateKey => "RSA PRIVATE KEY",
            SectionKind::EcPrivateKey => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        encode(label, &self.der)
    }
}

/// All certificates of a PEM text as DER, doubles dropped, in the order given. Other sections are passed over.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    const WHAT: &str = "the certificate";
    bounded(text, WHAT, MAX_CERTIFICATES_BYTES)?;
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut count = 0;
    for section in sections(text) {
        let (kind, der) = section.map_err(|error| broken(WHAT, &error))?;
        if kind != SectionKind::Certificate {
            // Some texts carry the key too; it is not needed here, and not left behind.
            drop(Zeroizing::new(der));
            continue;
        }
        count += 1;
        if count > MAX_CERTIFICATES {
            return Err(BundleError::TooMany {
                what: "certificates in one text",
                count,
                limit: MAX_CERTIFICATES,
            });
        }
        if !found.contains(&der) {
            found.push(der);
        }
    }
    Ok(found)
}

/// The one private key of a PEM text. `EC PARAMETERS` before it are passed over.
pub(super) fn private_key(text: &[u8]) -> Result<PrivateKey, BundleError> {
    const WHAT: &str = "the private key";
    bounded(text, WHAT, MAX_KEY_BYTES)?;
    if contains(text, b"ENCRYPTED PRIVATE KEY") || contains(text, b"Proc-Type: 4,ENCRYPTED") {
        return Err(BundleError::EncryptedKey);
    }
    let mut key = None;
    for section in sections(text) {
        let (kind, der) = section.map_err(|error| broken(WHAT, &error))?;
        let der = Zeroizing::new(der);
        let is_key = matches!(
            kind,
            SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey | SectionKind::PrivateKey
        );
        if is_key && key.replace(PrivateKey { kind, der }).is_some() {
            return Err(BundleError::TooMany {
                what: "private keys in one text",
                count: 2,
                limit: 1,
            });
        }
    }
    key.ok_or(BundleError::NoPrivateKey)
}

/// DER as PEM: 64 columns, `\n` line ends, sized beforehand so that no half-grown copy of a key stays in memory.
pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    const BYTES_A_LINE: usize = 48;
    let lines = der.len().div_ceil(BYTES_A_LINE);
    let mut text = Zeroizing::new(String::with_capacity(lines * 65 + 2 * (label.len() + 17)));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for line in der.chunks(BYTES_A_LINE) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn sections(text: &[u8]) -> impl Iterator<Item = Result<(SectionKind, Vec<u8>), pem::Error>> {
    // Windows tools put a byte-order mark first, which would hide the first section.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    <(SectionKind, Vec<u8>)>::pem_slice_iter(text)
}

fn bounded(text: &[u8], what: &'static str, limit: usize) -> Result<(), BundleError> {
    if text.len() > limit {
        return Err(BundleError::TooLarge { what, limit });
    }
    Ok(())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The parser's error without what it quotes.
fn broken(what: &'static str, error: &pem::Error) -> BundleError {
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => "an END line is missing",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
        pem::Error::Base64Decode(_) => "it is not base64",
        pem::Error::SectionTooLarge => "a section is too large",
        _ => "it cannot be decoded",
    };
    BundleError::Pem { what, reason }
}
