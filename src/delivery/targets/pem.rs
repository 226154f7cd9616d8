//! What the PEM formats hold.

use zeroize::Zeroizing;

use crate::delivery::bundle::Material;

/// Certificate, chain and key in one file, in the order that haproxy's manual shows.
pub(super) fn combined(material: &Material) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(material.fullchain_pem().into_bytes());
    text.extend_from_slice(material.key_pem().as_bytes());
    text
}
