//! The throwaway CA: a root, an intermediate, and leaves on demand. Fresh at each start, trusted by nobody.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::Rng;
use rand::rngs::StdRng;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use secrecy::SecretString;

use super::keys::CertificateKey;
use crate::sandbox::error::Error;
use crate::sandbox::text::hex;

/// What a leaf is to say.
pub(crate) struct Wanted<'a> {
    pub(crate) domain: &'a str,
    /// All names, the main one included.
    pub(crate) names: &'a [String],
    pub(crate) not_before: DateTime<Utc>,
    pub(crate) not_after: DateTime<Utc>,
}

/// Everything an issued certificate consists of.
pub(crate) struct Material {
    /// PEM of the leaf.
    pub(crate) leaf: String,
    /// PEM of what stands between leaf and root.
    pub(crate) chain: String,
    pub(crate) key: SecretString,
    /// PEM of the request the service made on the caller's behalf.
    pub(crate) csr: String,
    /// Upper-case hexadecimal.
    pub(crate) serial: String,
}

/// Root and intermediate.
pub(crate) struct Authority {
    root_pem: String,
    intermediate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new CA. Its own certificates are valid from 2000 to 2120, so that every clock a test may set lies inside.
    pub(crate) fn new(random: &mut StdRng) -> Result<Self, Error> {
        let root_key = KeyPair::generate()?;
        let root_params = authority_params("Sandbox Root - trust nowhere", 1, random);
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);

        let key = KeyPair::generate()?;
        let mut params = authority_params("Sandbox DV CA - trust nowhere", 0, random);
        params.use_authority_key_identifier_extension = true;
        let intermediate = params.signed_by(&key, &root_issuer)?;
        Ok(Self {
            root_pem: root.pem(),
            intermediate_pem: intermediate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// PEM of the root.
    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// Signs a leaf for that key.
    pub(crate) fn issue(
        &self,
        wanted: &Wanted<'_>,
        key: CertificateKey,
        random: &mut StdRng,
    ) -> Result<Material, Error> {
        let mut params = CertificateParams::new(wanted.names.to_vec())?;
        params.distinguished_name = name(wanted.domain);
        let csr = params.serialize_request(&key.pair)?;
        let csr = csr.pem()?;

        let serial = serial(random);
        params.serial_number = Some(SerialNumber::from(serial.to_vec()));
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + since_epoch(wanted.not_before);
        params.not_after = epoch + since_epoch(wanted.not_after);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let leaf = params.signed_by(&key.pair, &self.issuer)?;
        Ok(Material {
            leaf: leaf.pem(),
            chain: self.intermediate_pem.clone(),
            key: key.pem,
            csr,
            serial: hex(&serial).to_uppercase(),
        })
    }
}

fn authority_params(common_name: &str, below: u8, random: &mut StdRng) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.serial_number = Some(SerialNumber::from(serial(random).to_vec()));
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(2120, 1, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// Sixteen bytes, positive and without a leading zero, as DER wants them.
fn serial(random: &mut StdRng) -> [u8; 16] {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    bytes
}

/// Seconds since 1970, which is how rcgen's own time type is reached without naming its crate.
/// Times before 1970 do not occur: clocks are bounded when they are set.
fn since_epoch(instant: DateTime<Utc>) -> Duration {
    let since = instant.signed_duration_since(DateTime::UNIX_EPOCH);
    since.to_std().unwrap_or_default()
}
