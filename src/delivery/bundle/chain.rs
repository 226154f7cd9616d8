//! The way from the leaf up to (not including) the root, by signature.
//!
//! The order in which certificates were given means nothing: each step looks for the issuer whose name fits and whose
//! key verifies the signature. What is not on that way is left out: doubles, strangers, expired cross-signatures.

use chrono::{DateTime, Utc};

use super::certificate::Certificate;
use super::error::BundleError;

/// Longer ways do not exist in public PKI; it bounds the work.
const MAX_CHAIN: usize = 6;
/// The most certificates that are looked through, over everything given.
const MAX_POOL: usize = 32;

/// The issuers of `leaf`, nearest first. The root is left out, since clients have their own copy, unless it signed the
/// leaf itself and so is all the chain there is.
pub(super) fn link(
    leaf: &Certificate,
    mut pool: Vec<Certificate>,
    now: DateTime<Utc>,
) -> Result<Vec<Certificate>, BundleError> {
    if pool.len() > MAX_POOL {
        return Err(BundleError::TooMany {
            what: "certificates",
            count: pool.len(),
            limit: MAX_POOL,
        });
    }
    pool.retain(|candidate| candidate.is_ca() && candidate.not_after > now);
    let mut chain: Vec<Certificate> = Vec::new();
    while chain.len() < MAX_CHAIN {
        let last = chain.last().unwrap_or(leaf);
        let Some((index, is_root)) = issuer_of(last, &pool)? else {
            break;
        };
        let issuer = pool.remove(index);
        if !is_root {
            chain.push(issuer);
            continue;
        }
        if chain.is_empty() {
            chain.push(issuer);
        }
        break;
    }
    if chain.is_empty() {
        return Err(BundleError::ChainIncomplete {
            issuer: leaf.issuer.clone(),
        });
    }
    Ok(chain)
}

/// Where in the pool the issuer is, and whether it is a root. A cross-signed copy is preferred to the root of the same
/// name, since older clients know only the one that signed the copy.
fn issuer_of(
    certificate: &Certificate,
    pool: &[Certificate],
) -> Result<Option<(usize, bool)>, BundleError> {
    let subject = certificate.x509()?;
    let mut root = None;
    for (index, candidate) in pool.iter().enumerate() {
        let issuer = candidate.x509()?;
        if issuer.subject().as_raw() != subject.issuer().as_raw()
            || subject.verify_signature(Some(issuer.public_key())).is_err()
        {
            continue;
        }
        if issuer.issuer().as_raw() != issuer.subject().as_raw() {
            return Ok(Some((index, false)));
        }
        root = root.or(Some((index, true)));
    }
    Ok(root)
}
