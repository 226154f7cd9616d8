//! The live folder: what servers read.
//!
//! ```text
//! <state_dir>/archive/<domain>/0001/{cert,chain,fullchain,privkey}.pem   a version, never changed once it has its number
//! <state_dir>/live/<domain> -> ../archive/<domain>/0001                  swapped as a whole, by rename
//! ```
//!
//! The names of the files are certbot's, so that existing server configurations fit.
//!
//! Invariants:
//! - A version gets its number by one rename, after its files are written, synced and read back. What has a number is
//!   complete. A crash leaves at most a `.tmp-…` folder, which [`Live::tidy`] removes.
//! - The link is replaced by one rename, after its version is on the disk for good. Whoever opens `live/<domain>` and
//!   reads through that handle has a key and a chain of one version.
//! - What a person put there is never deleted or replaced: it is an error that says so.
//!
//! One process writes at a time (the caller holds the state folder's lock). Everything here blocks.

mod error;
mod files;
mod shown;
#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests;
mod versions;

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};

use super::bundle::Material;
pub use error::LiveError;
pub use shown::{Glances, Shown};

const MAX_DOMAIN: usize = 200;
const MAX_VERSION: u32 = 99_999_999;

/// The `archive/` and `live/` folders of one state folder.
#[derive(Clone, Debug)]
pub struct Live {
    archive: PathBuf,
    live: PathBuf,
}

/// What an installation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledVersion {
    /// The version that is live now.
    pub version: u32,
    /// Its folder in the archive.
    pub path: PathBuf,
    /// The version that was live before, if there was another.
    pub replaced: Option<u32>,
    /// False when this very material was live already and nothing was done.
    pub changed: bool,
}

/// A version as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Its number.
    pub version: u32,
    /// Lower-hex SHA-256 of the certificate's DER.
    pub fingerprint_sha256: String,
    /// When the certificate ends.
    pub not_after: DateTime<Utc>,
    /// The serial number, for people.
    pub serial: String,
}

/// What tidying removed and what it left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Versions that were removed, ascending.
    pub removed: Vec<u32>,
    /// Half-made folders and links of interrupted runs that were removed.
    pub leftovers: usize,
    /// Old versions left in place because they hold something Evercert did not write.
    pub kept: Vec<PathBuf>,
}

impl Live {
    /// Opens the folders, making those that are missing (mode 0700). Modes of existing ones are left as they are, since
    /// a unit file may have opened them for a group.
    ///
    /// # Errors
    /// When a folder cannot be made, or something else lies in its place. `live/` must not be a symbolic link itself:
    /// the relative links in it would lead astray.
    pub fn open(state_dir: &Path) -> Result<Self, LiveError> {
        let live = Self {
            archive: state_dir.join("archive"),
            live: state_dir.join("live"),
        };
        files::make_folder(state_dir)?;
        files::make_folder(&live.archive)?;
        files::make_folder(&live.live)?;
        let kind =
            fs::symlink_metadata(&live.live).map_err(LiveError::io("look at", &live.live))?;
        if !kind.is_dir() {
            return Err(LiveError::NotAFolder { path: live.live });
        }
        Ok(live)
    }

    /// Where readers find a domain's files.
    ///
    /// # Errors
    /// [`LiveError::Domain`] for a name that cannot be a folder's.
    pub fn path(&self, domain: &str) -> Result<PathBuf, LiveError> {
        check_domain(domain)?;
        Ok(self.live.join(domain))
    }

    /// Puts material on the disk and makes it live. A repeat with the same certificate and chain, after a crash at any
    /// point, uses what is complete already.
    ///
    /// # Errors
    /// Whatever fails, what was live before is live still, and a repeat is safe. A dangling link or a damaged version
    /// is repaired; a link or file of someone else's is an error. Old versions that can't be read are passed over.
    pub fn install(
        &self,
        domain: &str,
        material: &Material,
    ) -> Result<InstalledVersion, LiveError> {
        check_domain(domain)?;
        let linked = self.linked_to_be_replaced(domain)?;
        let folder = self.archive.join(domain);
        files::make_folder(&folder)?;
        let versions = versions(&folder)?;
        let ready = self.find(&folder, &versions, linked, material);
        let version = match ready {
            Some(version) => version,
            None => self.write(&folder, &versions, material)?,
        };
        let changed = linked != Some(version);
        if changed {
            // A version found here may come from a run that was cut off before its number was on the disk for good.
            files::sync_folder(&folder)?;
            self.link(domain, version)?;
        }
        Ok(InstalledVersion {
            version,
            path: folder.join(number(version)),
            replaced: linked.filter(|_| changed),
            changed,
        })
    }

    /// What is live, read from the disk and checked to be a pair.
    ///
    /// # Errors
    /// A variant of its own for each way in which people and accidents change the folder.
    pub fn current(&self, domain: &str) -> Result<Option<Current>, LiveError> {
        check_domain(domain)?;
        match self.linked(domain)? {
            Some(version) => self.read(domain, version).map(Some),
            None => Ok(None),
        }
    }

    /// The version to go back to: the newest sound one before the live one.
    ///
    /// # Errors
    /// As [`Live::current`]. Damaged old versions are passed over.
    pub fn previous(&self, domain: &str) -> Result<Option<Current>, LiveError> {
        check_domain(domain)?;
        let Some(live) = self.linked(domain)? else {
            return Ok(None);
        };
        for version in versions(&self.archive.join(domain))?.into_iter().rev() {
            if version >= live {
                continue;
            }
            match self.read(domain, version) {
                Err(LiveError::Damaged { .. }) => {}
                other => return other.map(Some),
            }
        }
        Ok(None)
    }

    /// Removes what interrupted runs left, and all versions before the previous one. Newer ones than the live one stay:
    /// they are a rollback's, or about to go live.
    ///
    /// # Errors
    /// When something cannot be read or removed; nothing live is touched.
    pub fn tidy(&self, domain: &str) -> Result<Tidied, LiveError> {
        check_domain(domain)?;
        let mut tidied = Tidied::default();
        let folder = self.archive.join(domain);
        tidied.leftovers = files::remove_leftover_links(&self.live, domain)?;
        if !folder.is_dir() {
            return Ok(tidied);
        }
        tidied.leftovers += files::remove_leftover_folders(&folder)?;
        // Without a live version there is no telling which one is still needed.
        let Some(live) = self.linked(domain)? else {
            return Ok(tidied);
        };
        let keep_from = self.previous(domain)?.map_or(live, |kept| kept.version);
        for version in versions(&folder)? {
            if version >= keep_from {
                break;
            }
            let path = folder.join(number(version));
            if files::holds_only_ours(&path)? {
                files::remove_version(&folder, &path)?;
                tidied.removed.push(version);
            } else {
                tidied.kept.push(path);
            }
        }
        Ok(tidied)
    }

    /// The version the link names. `None`: there is no link.
    fn linked(&self, domain: &str) -> Result<Option<u32>, LiveError> {
        let path = self.live.join(domain);
        let target = match fs::read_link(&path) {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                return Err(LiveError::NotALink { path });
            }
            Err(error) => return Err(LiveError::io("read the link", &path)(error)),
        };
        let Some(version) = self.version_of(domain, &target) else {
            return Err(LiveError::ForeignLink { path, target });
        };
        let folder = self.archive.join(domain).join(number(version));
        match fs::symlink_metadata(&folder) {
            Ok(kind) if kind.is_dir() => Ok(Some(version)),
            Ok(_) => Err(LiveError::NotAFolder { path: folder }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(LiveError::Dangling {
                path,
                target: folder,
            }),
            Err(error) => Err(LiveError::io("look at", &folder)(error)),
        }
    }

    /// As [`Live::linked`], for whoever makes another version live: a dangling link is no hindrance.
    fn linked_to_be_replaced(&self, domain: &str) -> Result<Option<u32>, LiveError> {
        match self.linked(domain) {
            Err(LiveError::Dangling { .. }) => Ok(None),
            other => other,
        }
    }

    /// The version that a link's target names, if it is one of this domain, written relatively or in full.
    fn version_of(&self, domain: &str, target: &Path) -> Option<u32> {
        let relative = Path::new("..").join("archive").join(domain);
        let rest = target
            .strip_prefix(&relative)
            .or_else(|_| target.strip_prefix(self.archive.join(domain)))
            .ok()?;
        let mut parts = rest.components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(name)), None) => parse_number(name),
            _ => None,
        }
    }

    /// A complete version that holds this material already; the live one first. What is damaged, or can't be read, is no
    /// use, and no hindrance to a new one.
    fn find(
        &self,
        folder: &Path,
        versions: &[u32],
        linked: Option<u32>,
        material: &Material,
    ) -> Option<u32> {
        let newest_first = versions.iter().rev().copied();
        let mut all = linked.into_iter().chain(newest_first);
        all.find(|version| {
            let found = files::inspect(&folder.join(number(*version)));
            found.is_ok_and(|found| found.same_certificates(material))
        })
    }

    /// Writes a new version and gives it the next number.
    fn write(
        &self,
        folder: &Path,
        versions: &[u32],
        material: &Material,
    ) -> Result<u32, LiveError> {
        let version = versions.last().map_or(1, |last| last + 1);
        if version > MAX_VERSION {
            return Err(LiveError::Numbers {
                path: folder.to_owned(),
            });
        }
        let path = folder.join(number(version));
        files::write_version(folder, &path, material)?;
        Ok(version)
    }

    /// Swaps the link. From here on, readers see the version.
    fn link(&self, domain: &str, version: u32) -> Result<(), LiveError> {
        let target = Path::new("..")
            .join("archive")
            .join(domain)
            .join(number(version));
        files::swap_link(&self.live, domain, &target)
    }

    fn read(&self, domain: &str, version: u32) -> Result<Current, LiveError> {
        let path = self.archive.join(domain).join(number(version));
        let material = files::inspect(&path)?;
        Ok(Current {
            version,
            fingerprint_sha256: material.fingerprint_sha256().to_owned(),
            not_after: material.not_after(),
            serial: material.serial().to_owned(),
        })
    }
}

/// A domain becomes a single path component, and nothing else. (A leading dot is for our temporary names.)
fn check_domain(domain: &str) -> Result<(), LiveError> {
    let is_safe = domain.len() <= MAX_DOMAIN
        && domain.starts_with(|c: char| c.is_ascii_alphanumeric())
        && domain.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
        })
        && !domain.contains("..");
    if is_safe {
        return Ok(());
    }
    Err(LiveError::Domain {
        domain: domain.chars().take(MAX_DOMAIN).collect(),
    })
}

/// The numbers of all versions, ascending. Other names are passed over.
fn versions(folder: &Path) -> Result<Vec<u32>, LiveError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(LiveError::io("list", folder))? {
        let entry = entry.map_err(LiveError::io("list", folder))?;
        found.extend(parse_number(&entry.file_name()));
    }
    found.sort_unstable();
    Ok(found)
}

fn number(version: u32) -> String {
    format!("{version:04}")
}

/// The inverse of [`number`], and nothing more lenient: `1` and `0001` must not be two versions.
fn parse_number(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?;
    let version = name.parse().ok()?;
    (version >= 1 && number(version) == name && version <= MAX_VERSION).then_some(version)
}
