//! Private keys for the certificates of the stand-in.
//!
//! Finding a prime takes most of the time an RSA key costs. So primes are kept, and each key is a new *pair* of
//! them: k primes give k(k−1)/2 distinct keys. Keys that share a prime can be broken by anyone who sees two of them
//! (a greatest common divisor is enough): deliberately insecure, and fine for certificates that nobody trusts.

use rand::rngs::StdRng;
use rcgen::KeyPair;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::pkcs8::EncodePrivateKey;
use rsa::pkcs8::der::pem::encode_string;
use rsa::traits::PrivateKeyParts;
use rsa::{BoxedUint, PrivateKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use secrecy::SecretString;

use crate::sandbox::error::Error;

const RSA_BITS: usize = 2048;
const PUBLIC_EXPONENT: u64 = 65537;

/// `CsrEncryptAlgo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rsa,
    Ecc,
}

impl Algorithm {
    /// As `EncryptAlgorithm` spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA 2048",
            Self::Ecc => "ECC",
        }
    }
}

/// A key in the two shapes it is needed in.
pub(crate) struct CertificateKey {
    /// What signs requests and carries the public half.
    pub(crate) pair: KeyPair,
    /// What the caller is given.
    pub(crate) pem: SecretString,
}

/// Makes keys, each one distinct.
#[derive(Default)]
pub(crate) struct KeyPool {
    primes: Vec<BoxedUint>,
    /// The next pair to use: `left` below `right`.
    left: usize,
    right: usize,
    ecc_made: u64,
}

impl KeyPool {
    /// A new key of that kind.
    pub(crate) fn make(
        &mut self,
        algorithm: Algorithm,
        random: &mut StdRng,
    ) -> Result<CertificateKey, Error> {
        match algorithm {
            Algorithm::Rsa => self.rsa(random),
            Algorithm::Ecc => self.ecc(),
        }
    }

    fn rsa(&mut self, random: &mut StdRng) -> Result<CertificateKey, Error> {
        let (p, q) = self.pair(random)?;
        let key = PrivateKey::from_p_q(p, q, PUBLIC_EXPONENT.into()).map_err(unmade)?;
        // PKCS#1 with CRLF line ends is what the vendor's example of the detail call shows.
        let pem = key.to_pkcs1_pem(LineEnding::CRLF).map_err(unmade)?;
        let der = key.to_pkcs8_der().map_err(unmade)?;
        let der = PrivatePkcs8KeyDer::from(der.as_bytes());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256)?;
        Ok(CertificateKey {
            pair,
            pem: SecretString::from(pem.to_string()),
        })
    }

    /// The next pair of primes that no key has used, the larger first.
    fn pair(&mut self, random: &mut StdRng) -> Result<(BoxedUint, BoxedUint), Error> {
        if self.left >= self.right {
            self.left = 0;
            self.right += 1;
        }
        if self.right >= self.primes.len() {
            // One key's worth of searching gives two primes.
            let key = PrivateKey::new(random, RSA_BITS).map_err(unmade)?;
            let primes = key.primes().iter();
            self.primes
                .extend(primes.map(|prime| prime.as_ref().clone()));
        }
        let (Some(a), Some(b)) = (self.primes.get(self.left), self.primes.get(self.right)) else {
            return Err(Error::Key("too few primes were found".into()));
        };
        self.left += 1;
        Ok(if a > b {
            (a.clone(), b.clone())
        } else {
            (b.clone(), a.clone())
        })
    }

    /// SEC1 and PKCS#8 both occur in the wild, so they come in turn.
    fn ecc(&mut self) -> Result<CertificateKey, Error> {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        self.ecc_made += 1;
        let pem = if self.ecc_made % 2 == 1 {
            sec1_pem(&pair)?
        } else {
            pair.serialize_pem()
        };
        Ok(CertificateKey {
            pair,
            pem: SecretString::from(pem),
        })
    }
}

/// Rewrites a P-256 key as `EC PRIVATE KEY` (RFC 5915), with the curve named, as OpenSSL writes it.
fn sec1_pem(pair: &KeyPair) -> Result<String, Error> {
    // The SEC1 structure inside PKCS#8 begins with: SEQUENCE, INTEGER 1, OCTET STRING of 32 bytes.
    const MARK: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
    const CURVE: [u8; 12] = [
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    let der = pair.serialized_der();
    let secret = der
        .windows(MARK.len())
        .position(|window| window == MARK)
        .and_then(|at| der.get(at + MARK.len()..at + MARK.len() + 32))
        .ok_or_else(|| Error::Key("an ECC key of unexpected form".into()))?;
    let mut sec1 = vec![0x30, 0x77];
    sec1.extend_from_slice(&MARK);
    sec1.extend_from_slice(secret);
    sec1.extend_from_slice(&CURVE);
    sec1.extend_from_slice(&[0xa1, 0x44, 0x03, 0x42, 0x00]);
    sec1.extend_from_slice(pair.public_key_raw());
    encode_string("EC PRIVATE KEY", LineEnding::LF, &sec1).map_err(unmade)
}

fn unmade(error: impl std::fmt::Display) -> Error {
    Error::Key(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn many_rsa_keys_from_few_primes_are_all_distinct() {
        let mut pool = KeyPool::default();
        let mut random = StdRng::seed_from_u64(1);
        let mut seen = HashSet::new();
        for _ in 0..6 {
            let key = pool.make(Algorithm::Rsa, &mut random).unwrap();
            assert!(seen.insert(key.pair.public_key_raw().to_vec()));
            let pem = key.pem.expose_secret();
            assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\r\n"));
        }
        assert_eq!(pool.primes.len(), 4);
    }

    #[test]
    fn ecc_keys_come_as_sec1_and_pkcs8_in_turn() {
        let mut pool = KeyPool::default();
        let mut random = StdRng::seed_from_u64(1);
        let first = pool.make(Algorithm::Ecc, &mut random).unwrap();
        let second = pool.make(Algorithm::Ecc, &mut random).unwrap();
        let first = first.pem.expose_secret();
        assert!(
            first.starts_with("-----BEGIN EC PRIVATE KEY-----\n"),
            "{first}"
        );
        let second = second.pem.expose_secret();
        assert!(
            second.starts_with("-----BEGIN PRIVATE KEY-----"),
            "{second}"
        );
    }
}
