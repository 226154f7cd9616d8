//! What the service gave, checked before anything touches the disk.
//!
//! The service makes the key pair itself and hands out PEM text (`DescribeCertificateDetail`) or a zip
//! (`DownloadCertificate`) in one of several layouts. [`Material`] can only be made by passing every check, so whoever
//! holds one may install it: the key belongs to the certificate, the certificate is for this name and this algorithm,
//! its dates are sane, and the chain links up by signature.
//!
//! Must not: write files, read a clock, or keep a copy of the key that is not wiped.
//!
//! Whether a client trusts the chain's root is not judged here. That depends on the client's root store, not on this
//! machine's, and is seen by connecting to what is served.

mod archive;
mod certificate;
mod chain;
mod error;
mod pem;
#[cfg(test)]
#[cfg(feature = "sandbox")]
pub(crate) mod samples;
#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use certificate::Certificate;
pub use certificate::{Expectation, Previous};
pub use error::BundleError;
use pem::PrivateKey;

/// A key, its certificate and the chain, all checked. The key is wiped on drop and never printed.
#[derive(Clone)]
pub struct Material {
    leaf: Certificate,
    chain: Vec<Certificate>,
    key_pem: Zeroizing<String>,
}

impl Material {
    /// From the PEM texts of the detail call, or of files: certificates in any order, and one private key
    /// (PKCS#1, SEC1 or PKCS#8), with any line ends.
    ///
    /// # Errors
    /// [`BundleError::ChainIncomplete`] when no intermediate came along: ask for the zip, then
    /// [`Material::from_leaf_and_zip`]. Any other variant: the material is refused for good.
    pub fn from_pem(
        certificates: &[u8],
        private_key: &[u8],
        expectation: &Expectation<'_>,
    ) -> Result<Self, BundleError> {
        let certificates = Certificate::all_of(certificates)?;
        let key = pem::private_key(private_key)?;
        assemble(certificates, Vec::new(), &key, expectation)
    }

    /// From a zip of `DownloadCertificate`, in any layout seen: `Nginx/` beside `Apache/`, or `<domain>_nginx/`, with or
    /// without numbered names. The nginx folder is preferred; another is taken where that one is unusable.
    ///
    /// # Errors
    /// The reason why the preferred folder was refused, or what is wrong with the zip itself.
    pub fn from_zip(zip: &[u8], expectation: &Expectation<'_>) -> Result<Self, BundleError> {
        let archive = archive::open(zip)?;
        let mut refusal = None;
        for group in archive.groups() {
            for key in &group.keys {
                match from_group(&archive, group, key, expectation) {
                    Ok(material) => return Ok(material),
                    Err(error) => refusal = refusal.or(Some(error)),
                }
            }
        }
        Err(refusal.unwrap_or(BundleError::NoPrivateKey))
    }

    /// From the detail call's certificate and key, with the chain taken from the zip. The zip's own key and leaf play no
    /// part.
    ///
    /// # Errors
    /// As [`Material::from_pem`]; [`BundleError::ChainIncomplete`] when the zip has no issuer of the leaf either.
    pub fn from_leaf_and_zip(
        certificates: &[u8],
        private_key: &[u8],
        zip: &[u8],
        expectation: &Expectation<'_>,
    ) -> Result<Self, BundleError> {
        let certificates = Certificate::all_of(certificates)?;
        let key = pem::private_key(private_key)?;
        let issuers = archive::open(zip)?.all_certificates()?;
        assemble(certificates, issuers, &key, expectation)
    }

    /// The certificate alone, PEM (`cert.pem`).
    pub fn leaf_pem(&self) -> String {
        self.leaf.pem()
    }

    /// The issuers, nearest first, without the root, PEM (`chain.pem`).
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(Certificate::pem).collect()
    }

    /// The certificate, then its issuers, PEM (`fullchain.pem`).
    pub fn fullchain_pem(&self) -> String {
        self.leaf_pem() + &self.chain_pem()
    }

    /// The private key, PEM, in the encoding it came in (`privkey.pem`). Secret: for writing to its file only.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Lower-hex SHA-256 of the certificate's DER.
    pub fn fingerprint_sha256(&self) -> &str {
        &self.leaf.fingerprint
    }

    /// When the certificate begins to be valid.
    pub fn not_before(&self) -> DateTime<Utc> {
        self.leaf.not_before
    }

    /// When the certificate ends.
    pub fn not_after(&self) -> DateTime<Utc> {
        self.leaf.not_after
    }

    /// The names it is for, lower case.
    pub fn names(&self) -> &[String] {
        &self.leaf.names
    }

    /// The serial number, lower hex with colons, for people.
    pub fn serial(&self) -> &str {
        &self.leaf.serial
    }

    /// The certificate and its issuers, nearest first, each as DER.
    pub fn certificates_der(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.leaf)
            .chain(&self.chain)
            .map(|certificate| certificate.der.as_slice())
    }

    /// What is wrong with a copy of this material of which the certificate itself is right; `None` where nothing is. More
    /// may be there than was written, since people add parameters and roots.
    pub fn flaw(&self, certificates: &[u8], key: &[u8]) -> Option<&'static str> {
        let key = pem::private_key(key).and_then(|key| certificate::SigningKey::load(&key));
        match key.and_then(|key| key.belongs_to(&self.leaf)) {
            Ok(true) => {}
            Ok(false) => return Some("its key is another one's"),
            Err(_) => return Some("its key is gone or damaged"),
        }
        let there = Certificate::all_of(certificates).unwrap_or_default();
        let is_there = |issuer: &Certificate| there.iter().any(|one| one.der == issuer.der);
        (!self.chain.iter().all(is_there)).then_some("its chain is not whole any more")
    }

    /// Material as it was stored earlier: the key must fit and the stored order stands, but neither name, dates nor
    /// chain are judged anew, since an expired certificate on the disk is still what is there.
    pub(super) fn stored(
        certificate: &[u8],
        chain: &[u8],
        private_key: &[u8],
    ) -> Result<Self, BundleError> {
        let key = pem::private_key(private_key)?;
        let signing = certificate::SigningKey::load(&key)?;
        let leaf = Certificate::all_of(certificate)?
            .into_iter()
            .next()
            .ok_or(BundleError::NoCertificate)?;
        if !signing.belongs_to(&leaf)? {
            return Err(BundleError::KeyMismatch {
                certificate: leaf.describe(),
            });
        }
        Ok(Self {
            leaf,
            chain: Certificate::all_of(chain)?,
            key_pem: key.to_pem(),
        })
    }

    /// Whether both hold the same certificate and the same chain. Keys are not compared: one that fits the same
    /// certificate is the same key, however it is encoded.
    pub(super) fn same_certificates(&self, other: &Self) -> bool {
        self.leaf.der == other.leaf.der
            && self.chain.len() == other.chain.len()
            && self
                .chain
                .iter()
                .zip(&other.chain)
                .all(|(a, b)| a.der == b.der)
    }
}

/// What is read from a certificate that somebody else wrote or serves. Nothing of it is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// SHA-256 of its DER, lower-case hex.
    pub fingerprint: String,
    /// When it ends.
    pub not_after: DateTime<Utc>,
    /// The DNS names it is for, lower case.
    pub names: Vec<String>,
    /// A few words by which a person finds it.
    pub shown: String,
    /// It is signed by its own key, as what a server is installed with.
    pub is_self_signed: bool,
}

impl Leaf {
    /// Whether somebody may mean it to be used for this name instead of ours: it covers the name, itself or by a
    /// wildcard, and is no placeholder that was signed by itself.
    pub fn rivals(&self, domain: &str) -> bool {
        let wildcard = domain
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let covers = |name: &String| name == domain || Some(name) == wildcard.as_ref();
        !self.is_self_signed && self.names.iter().any(covers)
    }
}

impl From<Certificate> for Leaf {
    fn from(certificate: Certificate) -> Self {
        Self {
            shown: certificate.describe(),
            fingerprint: certificate.fingerprint,
            not_after: certificate.not_after,
            names: certificate.names,
            is_self_signed: certificate.is_self_signed,
        }
    }
}

/// The first certificate of a PEM text that may hold a chain and a key too. `None` where it has none that can be read.
pub fn read_leaf(text: &[u8]) -> Option<Leaf> {
    let certificates = Certificate::all_of(text).ok()?;
    certificates.into_iter().next().map(Leaf::from)
}

/// A certificate of which the DER is there. `None` where it can't be read.
pub fn read_der(der: &[u8]) -> Option<Leaf> {
    Certificate::parse(der.to_vec()).ok().map(Leaf::from)
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material")
            .field("names", &self.leaf.names)
            .field("fingerprint_sha256", &self.leaf.fingerprint)
            .field("not_after", &self.leaf.not_after)
            .field("chain", &self.chain.len())
            .finish_non_exhaustive()
    }
}

/// One folder's pair. Some folders have the leaf alone, with the chain in a neighbour.
fn from_group(
    archive: &archive::Archive,
    group: &archive::Group,
    key: &[u8],
    expectation: &Expectation<'_>,
) -> Result<Material, BundleError> {
    let key = pem::private_key(key)?;
    match assemble(group.certificates()?, Vec::new(), &key, expectation) {
        Err(BundleError::ChainIncomplete { .. }) => assemble(
            group.certificates()?,
            archive.all_certificates()?,
            &key,
            expectation,
        ),
        other => other,
    }
}

/// Finds the leaf by its key, judges it, and links the chain. `extra` may only give issuers.
fn assemble(
    mut given: Vec<Certificate>,
    extra: Vec<Certificate>,
    key: &PrivateKey,
    expectation: &Expectation<'_>,
) -> Result<Material, BundleError> {
    let signing = certificate::SigningKey::load(key)?;
    let mut position = None;
    for (index, candidate) in given.iter().enumerate() {
        if signing.belongs_to(candidate)? {
            position = Some(index);
            break;
        }
    }
    let Some(position) = position else {
        return Err(given.first().map_or(BundleError::NoCertificate, |first| {
            BundleError::KeyMismatch {
                certificate: first.describe(),
            }
        }));
    };
    let leaf = given.remove(position);
    certificate::check_leaf(&leaf, signing.algorithm(), expectation)?;
    given.extend(extra);
    let chain = chain::link(&leaf, given, expectation.now)?;
    Ok(Material {
        leaf,
        chain,
        key_pem: key.to_pem(),
    })
}
