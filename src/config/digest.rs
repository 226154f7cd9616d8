//! Digests over several parts.

use sha2::{Digest as _, Sha256};

use crate::text::hex;

/// SHA-256 over parts. The length of each goes first, so that no two lists of parts read the same.
pub(super) struct Digest(Sha256);

impl Digest {
    /// Of no part yet.
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds a part.
    pub(super) fn add(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// Adds a part that may be missing, which is not the same as an empty one.
    pub(super) fn add_optional(&mut self, part: Option<impl AsRef<[u8]>>) {
        match part {
            Some(part) => self.add(part),
            None => self.0.update(u64::MAX.to_be_bytes()),
        }
    }

    /// The digest.
    pub(super) fn bytes(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// The digest as 64 hexadecimal digits.
    pub(super) fn text(self) -> String {
        hex(&self.bytes())
    }
}

/// Sixteen bits of a digest of a secret and what it is for: enough to notice an edit, too few to guess it from.
pub(super) fn mark(purpose: &str, secret: &str) -> [u8; 2] {
    let digest: [u8; 32] = Sha256::new_with_prefix(purpose)
        .chain_update([0])
        .chain_update(secret)
        .finalize()
        .into();
    [digest[0], digest[1]]
}
