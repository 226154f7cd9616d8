//! Copies of the installed certificate, in the form and place that another server wants.
//!
//! - `pkcs12`: the key store;
//! - `rights`: whose a file is and who may read it, kept where the config says nothing;
//! - `files`: replaced one by one, each as a whole;
//! - `saved`: what was there before, and how it is put back.
//!
//! Blocking; async callers wrap it in `files::off_the_runtime`. The key of a target names its folder of saved files.

mod error;
mod files;
mod pkcs12;
mod rights;
mod saved;

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::bundle::{Leaf, Material};
use crate::config::{Format, Install};
use crate::files::{Awaited, Owner};
use crate::sentence::Sentence;
pub use error::TargetError;
use files::NewFile;
use rights::{Rights, Wish};
pub use saved::Restored;

/// The mode of a file that was not there before.
const MODE: u32 = 0o600;

/// One copy: what is written, where, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the config has it.
    install: Install,
    /// The certificate's name: that of the entry in a key store that names none.
    domain: String,
    /// Where what was there before is saved: a folder of this target alone.
    saved: PathBuf,
}

/// The certificate that a target's files hold now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none, or nothing that can be read as one.
    Nothing,
    /// This one.
    Certificate(Leaf),
    /// A key store, of which only we know what is in it.
    Opaque,
}

impl Target {
    /// A target of this certificate; what its files held before is saved below the state folder.
    #[must_use]
    pub fn new(install: &Install, domain: &str, state_dir: &Path) -> Self {
        Self {
            install: install.clone(),
            domain: domain.to_owned(),
            saved: state_dir.join("undo").join(domain).join(install.key()),
        }
    }

    /// What its files hold now.
    ///
    /// # Errors
    /// They are there and can't be read.
    pub fn found(&self) -> Result<Found, TargetError> {
        let path = match &self.install.format {
            Format::Pem { cert, .. } => cert,
            Format::Combined { file } => file,
            Format::Pkcs12 { file, .. } => {
                return Ok(match files::read(file)? {
                    Some(_) => Found::Opaque,
                    None => Found::Nothing,
                });
            }
        };
        let Some(bytes) = files::read(path)? else {
            return Ok(Found::Nothing);
        };
        Ok(super::bundle::read_leaf(&bytes).map_or(Found::Nothing, Found::Certificate))
    }

    /// What is wrong with its files, of which the certificate is this material's; `None` where nothing is. Of a key store
    /// it is known what was written.
    ///
    /// # Errors
    /// They can't be read.
    pub fn flaw(&self, material: &Material) -> Result<Option<&'static str>, TargetError> {
        let content = |path: &Path| Ok(files::read(path)?.unwrap_or_default());
        let (certificates, key) = match &self.install.format {
            Format::Pem { cert, key, chain } => {
                (content(chain.as_ref().unwrap_or(cert))?, content(key)?)
            }
            Format::Combined { file } => (content(file)?, content(file)?),
            Format::Pkcs12 { file, .. } => {
                let is_known = saved::is_written(&self.saved, &content(file)?)?;
                return Ok((!is_known).then_some("the key store is not the one that was written"));
            }
        };
        Ok(material.flaw(&certificates, &key))
    }

    /// The certificate that was there before, as far as it can be read.
    ///
    /// # Errors
    /// What was saved can't be read.
    pub fn before(&self) -> Result<Option<Leaf>, TargetError> {
        let (Format::Pem { cert: path, .. } | Format::Combined { file: path }) =
            &self.install.format
        else {
            return Ok(None);
        };
        let saved = saved::before(&self.saved, path)?;
        Ok(saved.and_then(|bytes| super::bundle::read_leaf(&bytes)))
    }

    /// Whether its files hold exactly this material already.
    ///
    /// # Errors
    /// They can't be read, or the password can't.
    pub fn holds(&self, material: &Material) -> Result<bool, TargetError> {
        if matches!(self.install.format, Format::Pkcs12 { .. }) {
            // Salts make each store another one.
            return Ok(false);
        }
        for file in self.contents(material)? {
            if files::read(&file.path)?.as_deref() != Some(&*file.bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Saves what is there, so that it can be put back after any crash. What was saved before is replaced. As all that
    /// changes anything here, it changes nothing once nobody waits for it.
    ///
    /// # Errors
    /// Something can't be read or written; then what was saved before stays.
    pub fn save(&self, awaited: &Awaited) -> Result<(), TargetError> {
        saved::save(&self.saved, &self.install.format.files(), awaited)
    }

    /// Writes the copy, file by file, each replaced as a whole: all are written beside their places before the first one
    /// is moved. The certificate comes before its key: a server that reads in that order and comes in between finds a
    /// pair, once both are in place.
    ///
    /// # Errors
    /// What is in place then may be new and old together; a repeat, or [`Target::restore`], mends it.
    pub fn write(&self, material: &Material, awaited: &Awaited) -> Result<(), TargetError> {
        let contents = self.contents(material)?;
        let note = || saved::note_written(&self.saved, &contents);
        files::replace(&contents, self.install.create_folders, awaited, note)
    }

    /// Whether nothing was changed since [`Target::save`], or this material is there as it should be: then a write that
    /// failed has left nothing to be put back.
    ///
    /// # Errors
    /// Something can't be read.
    pub fn is_untouched(&self, material: &Material) -> Result<bool, TargetError> {
        Ok(saved::is_as_saved(&self.saved)? || self.holds(material)?)
    }

    /// Puts back what was saved; files that were not there are removed. Only files of ours give way: what was written, and
    /// what holds the certificate of this fingerprint, whatever people added to it.
    ///
    /// # Errors
    /// Something can't be read or written; a repeat is safe.
    pub fn restore(&self, fingerprint: &str, awaited: &Awaited) -> Result<Restored, TargetError> {
        let is_ours = |bytes: &[u8]| {
            super::bundle::read_leaf(bytes).is_some_and(|leaf| leaf.fingerprint == fingerprint)
        };
        saved::restore(&self.saved, is_ours, awaited)
    }

    /// Whether anything was there before: else there is nothing to go back to.
    #[must_use]
    pub fn has_saved(&self) -> bool {
        saved::has_copies(&self.saved)
    }

    fn contents(&self, material: &Material) -> Result<Vec<NewFile>, TargetError> {
        let owner = self.owner()?;
        let made = match &self.install.format {
            Format::Pem { cert, key, chain } => {
                let first = match chain {
                    Some(_) => material.leaf_pem(),
                    None => material.fullchain_pem(),
                };
                let chain = chain.as_ref().map(|path| (path, material.chain_pem()));
                [
                    Some((cert, first)),
                    chain,
                    Some((key, material.key_pem().to_owned())),
                ]
                .into_iter()
                .flatten()
                .map(|(path, text)| (path, Zeroizing::new(text.into_bytes())))
                .collect()
            }
            Format::Combined { file } => vec![(file, combined(material))],
            Format::Pkcs12 {
                file,
                password_file,
                alias,
            } => {
                let alias = alias.as_ref().unwrap_or(&self.domain);
                vec![(file, pkcs12::store(material, password_file, alias)?)]
            }
        };
        let file = |(path, bytes): (&PathBuf, _)| {
            let wish = self.wish(path, owner);
            let there = Rights::of(path);
            NewFile {
                path: path.clone(),
                bytes,
                mode: match &there {
                    Some(there) => there.mode(wish),
                    None => self.install.mode.unwrap_or(MODE),
                },
                owner,
                kept: there
                    .as_ref()
                    .map_or((None, None), |there| there.owner(wish)),
                acl: there.and_then(|there| there.acl().map(<[u8]>::to_vec)),
            }
        };
        Ok(made.into_iter().map(file).collect())
    }

    /// What will be lost of the rights on files that are there, though the config does not say so.
    pub(crate) fn losses(&self) -> Vec<Sentence> {
        let owner = self.owner().unwrap_or_default();
        let of = |path: &Path| {
            Rights::of(path)
                .map(|there| there.losses(path, self.wish(path, owner)))
                .unwrap_or_default()
        };
        let files = self.install.format.files();
        files.into_iter().flat_map(of).collect()
    }

    /// Whose the files are to be, by the config.
    fn owner(&self) -> Result<Owner, TargetError> {
        files::owner(self.install.owner.as_deref(), self.install.group.as_deref())
    }

    fn wish(&self, path: &Path, owner: Owner) -> Wish {
        let has_key = match &self.install.format {
            Format::Pem { key, .. } => path == key,
            Format::Combined { .. } | Format::Pkcs12 { .. } => true,
        };
        Wish {
            owner,
            mode: self.install.mode,
            has_key,
        }
    }
}

/// Certificate, chain and key in one file, in the order that haproxy's manual shows.
fn combined(material: &Material) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(material.fullchain_pem().into_bytes());
    text.extend_from_slice(material.key_pem().as_bytes());
    text
}
