//! The PKCS#12 key store, in the form that OpenSSL 3 and Java 8u301 and later read without being asked to allow old
//! ciphers: PBES2 with AES-256, HMAC with SHA-256.

use std::path::Path;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use pkcs8::der::Encode as _;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::error::TargetError;
use crate::delivery::bundle::Material;
use crate::files;

/// The largest password file, in bytes.
const LARGEST_PASSWORD: u64 = 64 * 1024;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The one curve that the service makes keys on.
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// A key store with one entry: the key, its certificate and the chain.
pub(super) fn store(
    material: &Material,
    password_file: &Path,
    alias: &str,
) -> Result<Zeroizing<Vec<u8>>, TargetError> {
    let password = password(password_file)?;
    let failed = |error: p12_keystore::error::Error| TargetError::Store(error.to_string());
    let key = pkcs8(material)?;
    let key = PrivateKey::from_der(&key).map_err(failed)?;
    let certificates = material
        .certificates_der()
        .map(Certificate::from_der)
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let id = material.fingerprint_sha256().as_bytes();
    let chain = PrivateKeyChain::new(&id[..20.min(id.len())], key, certificates);
    let mut store = KeyStore::new();
    store.add_entry(alias, KeyStoreEntry::PrivateKeyChain(chain));
    let bytes = store.writer(&password).write().map_err(failed)?;
    Ok(Zeroizing::new(bytes))
}

/// The first line of the file, as OpenSSL's `-passin file:` and Java's `-storepass:file` take it.
fn password(path: &Path) -> Result<Zeroizing<String>, TargetError> {
    let wrong = |problem: &str| TargetError::Password {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let bytes = files::read(path, LARGEST_PASSWORD).map_err(|error| match error {
        error if error.is_absent() => wrong("does not exist"),
        error => wrong(&format!("can't be read: {error}")),
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("is not text"))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(wrong("is empty"));
    }
    crate::redact::know(line);
    Ok(Zeroizing::new(line.to_owned()))
}

/// The key as PKCS#8, which key stores hold; the service gives PKCS#1.
fn pkcs8(material: &Material) -> Result<Zeroizing<Vec<u8>>, TargetError> {
    let unusable = || TargetError::Store("the key's form is not known".to_owned());
    let key =
        PrivateKeyDer::from_pem_slice(material.key_pem().as_bytes()).map_err(|_| unusable())?;
    let (oid, parameters, inner) = match &key {
        PrivateKeyDer::Pkcs8(der) => return Ok(Zeroizing::new(der.secret_pkcs8_der().to_vec())),
        PrivateKeyDer::Pkcs1(der) => (RSA, pkcs8::der::AnyRef::NULL, der.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(der) => {
            let der = der.secret_sec1_der();
            // SEQUENCE, version 1, then 32 bytes of key: no other curve that servers use has keys of that length.
            if der.get(2..7) != Some(&[0x02, 0x01, 0x01, 0x04, 0x20]) {
                return Err(unusable());
            }
            (EC, (&P256).into(), der)
        }
        _ => return Err(unusable()),
    };
    let algorithm = AlgorithmIdentifierRef {
        oid,
        parameters: Some(parameters),
    };
    let octets = pkcs8::der::asn1::OctetStringRef::new(inner).map_err(|_| unusable())?;
    PrivateKeyInfoRef::new(algorithm, octets)
        .to_der()
        .map(Zeroizing::new)
        .map_err(|_| unusable())
}
