//! Copies of the installed certificate, in the form and place that another server wants.
//!
//! - `pem`: what each format holds;
//! - `pkcs12`: the key store;
//! - `rights`: whose a file is and who may read it, kept where the config says nothing;
//! - `files`: replaced one by one, each as a whole, and put back.
//!
//! Blocking; async callers wrap it in `files::off_the_runtime`. The key of a target names its folder of saved files.

mod error;
mod files;
mod pem;
mod pkcs12;
mod rights;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::bundle::Material;
pub use error::TargetError;
use files::NewFile;
use rights::{Rights, Wish};

/// The mode of a file that was not there before.
const MODE: u32 = 0o600;

/// How a copy is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// PEM files: certificate with chain, or without where the chain has a file of its own; and key.
    Pem {
        /// Certificate and chain; the certificate alone where `chain` is set.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
        /// The chain alone.
        chain: Option<PathBuf>,
    },
    /// Certificate, chain and key in one PEM file.
    Combined {
        /// The file.
        file: PathBuf,
    },
    /// A PKCS#12 key store.
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// The file that holds its password.
        password_file: PathBuf,
        /// The entry's name in the store.
        alias: String,
    },
}

/// One copy: what is written, where, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What and where.
    pub format: Format,
    /// The owner; unless set, that of the file that is replaced, else the process's own user.
    pub owner: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The mode; unless set, that of the file that is replaced, else 0600.
    pub mode: Option<u32>,
    /// Whether missing folders are made.
    pub create_folders: bool,
    /// Where what was there before is saved: a folder of this target alone.
    pub saved: PathBuf,
}

/// The certificate that a target's files hold now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is none, or nothing that can be read as one.
    Nothing,
    /// This one.
    Certificate {
        /// SHA-256 of the leaf, lower-case hex.
        fingerprint: String,
        /// When it ends.
        not_after: DateTime<Utc>,
        /// The names it is for.
        names: Vec<String>,
    },
    /// A key store, of which only we know what is in it.
    Opaque,
}

impl Target {
    /// What its files hold now.
    ///
    /// # Errors
    /// They are there and can't be read.
    pub fn found(&self) -> Result<Found, TargetError> {
        let path = match &self.format {
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
        Ok(match super::bundle::read_leaf(&bytes) {
            None => Found::Nothing,
            Some(leaf) => Found::Certificate {
                fingerprint: leaf.fingerprint,
                not_after: leaf.not_after,
                names: leaf.names,
            },
        })
    }

    /// Whether its files hold exactly this material already.
    ///
    /// # Errors
    /// They can't be read, or the password can't.
    pub fn holds(&self, material: &Material) -> Result<bool, TargetError> {
        if matches!(self.format, Format::Pkcs12 { .. }) {
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

    /// Saves what is there, so that it can be put back after any crash. What was saved before is replaced.
    ///
    /// # Errors
    /// Something can't be read or written; then what was saved before stays.
    pub fn save(&self) -> Result<(), TargetError> {
        files::save(&self.saved, &self.paths())
    }

    /// Writes the copy, file by file, each replaced as a whole: all are written beside their places before the first one
    /// is moved. The certificate comes before its key: a server that reads in that order and comes in between finds a
    /// pair, once both are in place.
    ///
    /// # Errors
    /// What is in place then may be new and old together; a repeat, or [`Target::restore`], mends it.
    pub fn write(&self, material: &Material) -> Result<(), TargetError> {
        let contents = self.contents(material)?;
        files::replace(&contents, self.create_folders)
    }

    /// Puts back what was saved; files that were not there are removed. Nothing saved, nothing done.
    ///
    /// # Errors
    /// Something can't be read or written; a repeat is safe.
    pub fn restore(&self) -> Result<(), TargetError> {
        files::restore(&self.saved)
    }

    /// Whether anything was there before: else there is nothing to go back to.
    #[must_use]
    pub fn has_saved(&self) -> bool {
        files::has_copies(&self.saved)
    }

    fn paths(&self) -> Vec<&Path> {
        match &self.format {
            Format::Pem { cert, key, chain } => [Some(cert), chain.as_ref(), Some(key)]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path)
                .collect(),
            Format::Combined { file } | Format::Pkcs12 { file, .. } => vec![file],
        }
    }

    fn contents(&self, material: &Material) -> Result<Vec<NewFile>, TargetError> {
        let owner = files::owner(self.owner.as_deref(), self.group.as_deref())?;
        let made = match &self.format {
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
            Format::Combined { file } => vec![(file, pem::combined(material))],
            Format::Pkcs12 {
                file,
                password_file,
                alias,
            } => vec![(file, pkcs12::store(material, password_file, alias)?)],
        };
        let file = |(path, bytes): (&PathBuf, _)| {
            let wish = self.wish(path, owner);
            let there = Rights::of(path);
            NewFile {
                path: path.clone(),
                bytes,
                mode: match &there {
                    Some(there) => there.mode(wish),
                    None => self.mode.unwrap_or(MODE),
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

    /// What will be lost of the rights on files that are there, though the config does not say so: a sentence each.
    #[must_use]
    pub fn losses(&self) -> Vec<String> {
        let owner = files::owner(self.owner.as_deref(), self.group.as_deref()).unwrap_or_default();
        let of = |path: &Path| {
            let losses = Rights::of(path)
                .map(|there| there.losses(self.wish(path, owner)))
                .unwrap_or_default();
            let words = |loss: String| format!("{} will lose {loss}", path.display());
            losses.into_iter().map(words).collect::<Vec<_>>()
        };
        self.paths().into_iter().flat_map(of).collect()
    }

    fn wish(&self, path: &Path, owner: crate::files::Owner) -> Wish {
        let has_key = match &self.format {
            Format::Pem { key, .. } => path == key,
            Format::Combined { .. } | Format::Pkcs12 { .. } => true,
        };
        Wish {
            owner,
            mode: self.mode,
            has_key,
        }
    }
}
