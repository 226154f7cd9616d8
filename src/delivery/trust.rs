//! Whether this system trusts a certificate: asked of one that somebody else got from wherever they like.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::Material;
use crate::tencent::system_roots;

/// Why the chain leads to no root that the system trusts for this name at this time; in a sentence.
///
/// # Errors
/// It does not, or nothing is trusted here.
pub fn check(material: &Material, domain: &str, now: DateTime<Utc>) -> Result<(), String> {
    let roots = system_roots().map_err(|error| error.to_string())?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| error.to_string())?;
    let mut all = material
        .certificates_der()
        .map(|der| CertificateDer::from(der.to_vec()));
    let leaf = all.next().ok_or("there is no certificate")?;
    let issuers: Vec<CertificateDer<'_>> = all.collect();
    let name = ServerName::try_from(domain.to_owned()).map_err(|error| error.to_string())?;
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    verifier
        .verify_server_cert(&leaf, &issuers, &name, &[], now)
        .map(drop)
        .map_err(|error| format!("this system does not trust its chain ({error})"))
}
