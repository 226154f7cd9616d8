//! Versions found by their certificate.

use super::{Live, LiveError, check_domain, files, number, versions};
use crate::delivery::bundle::Material;

impl Live {
    /// The material of the version that holds this certificate. `None` where no sound version does.
    ///
    /// # Errors
    /// The archive can't be read, or a version in which it may be.
    pub fn material(&self, domain: &str, fingerprint: &str) -> Result<Option<Material>, LiveError> {
        Ok(self
            .version_with(domain, fingerprint)?
            .map(|(_, material)| material))
    }

    /// Makes the version live that holds this certificate. False where no sound version does.
    ///
    /// # Errors
    /// As [`Live::install`].
    pub fn make_live(&self, domain: &str, fingerprint: &str) -> Result<bool, LiveError> {
        let Some((version, _)) = self.version_with(domain, fingerprint)? else {
            return Ok(false);
        };
        if self.linked_to_be_replaced(domain)? != Some(version) {
            self.link(domain, version)?;
        }
        Ok(true)
    }

    pub(super) fn version_with(
        &self,
        domain: &str,
        fingerprint: &str,
    ) -> Result<Option<(u32, Material)>, LiveError> {
        check_domain(domain)?;
        let folder = self.archive.join(domain);
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut unreadable = None;
        for version in versions(&folder)?.into_iter().rev() {
            match files::inspect(&folder.join(number(version))) {
                Ok(material) if material.fingerprint_sha256() == fingerprint => {
                    return Ok(Some((version, material)));
                }
                Ok(_) | Err(LiveError::Damaged { .. }) => {}
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        unreadable.map_or(Ok(None), Err)
    }
}
