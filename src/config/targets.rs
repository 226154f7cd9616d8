//! Where a certificate goes once it is installed: copies for other servers, hooks, and the check of what is served.
//!
//! Every command is a list of arguments; a shell is never started. Paths must be absolute: a daemon has no working
//! folder that means anything.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::certificate::hex;
use super::cloud::Cloud;

/// How a copy is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// PEM files: the certificate with its chain, or without where the chain has a file of its own; and the key.
    Pem {
        /// Certificate and chain; the certificate alone where `chain` is set.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
        /// The chain alone.
        chain: Option<PathBuf>,
    },
    /// Certificate, chain and key in one PEM file, as haproxy reads it.
    Combined {
        /// The file.
        file: PathBuf,
    },
    /// A PKCS#12 key store, which Java reads too.
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// The file that holds its password.
        password_file: PathBuf,
        /// The entry's name in the store; the domain unless set.
        alias: Option<String>,
    },
}

impl Format {
    /// The config's word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pem { .. } => "pem",
            Self::Combined { .. } => "combined",
            Self::Pkcs12 { .. } => "pkcs12",
        }
    }

    /// The files that it writes, in the order in which they are put in place.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Pem { cert, key, chain } => [Some(cert), chain.as_ref(), Some(key)]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path)
                .collect(),
            Self::Combined { file } | Self::Pkcs12 { file, .. } => vec![file],
        }
    }
}

/// One `[[certificates.install]]`: copies beside the live folder, and what makes a server take them up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// What is written, and where.
    pub format: Format,
    /// Whose the files are; unless set, whose they were, else the daemon's user.
    pub owner: Option<String>,
    /// Their group.
    pub group: Option<String>,
    /// Their mode; unless set, what it was, else 0600.
    pub mode: Option<u32>,
    /// Whether folders that are missing are made.
    pub create_folders: bool,
    /// The command that says whether the server would take the new files.
    pub check: Option<Vec<String>>,
    /// The command that makes the server take them up.
    pub reload: Option<Vec<String>>,
    /// How long each of these may take.
    pub timeout: Duration,
}

/// `[certificates.hooks]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Commands for each new certificate.
    pub deploy: Vec<Vec<String>>,
    /// Commands for when something fails.
    pub failure: Vec<Vec<String>>,
    /// How long each may take.
    pub timeout: Duration,
}

/// How a connection is turned to TLS before the certificate is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 9051, 6.2.1.
    Imap,
}

impl StartTls {
    /// The config's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
        }
    }
}

/// `verify`: what is connected to, so that what is served can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify {
    /// The host's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The way to TLS where it is not spoken from the start.
    pub starttls: Option<StartTls>,
    /// How long a server may take to show a new certificate; it follows `poll` unless set.
    pub patience: Option<Duration>,
}

impl Verify {
    /// As people write it.
    #[must_use]
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// All that is to be done with a certificate once it is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Copies for other servers.
    pub install: Vec<Install>,
    /// Resources at Tencent Cloud.
    pub cloud: Vec<Cloud>,
    /// Commands.
    pub hooks: Hooks,
    /// The check of what is served.
    pub verify: Option<Verify>,
}

impl Targets {
    /// Whether anything is to be done at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.install.is_empty()
            && self.cloud.is_empty()
            && self.hooks.deploy.is_empty()
            && self.hooks.failure.is_empty()
            && self.verify.is_none()
    }
}

impl Install {
    /// A stable digest of its settings: another digest is another target.
    #[must_use]
    pub fn key(&self) -> String {
        let Self {
            format,
            owner,
            group,
            mode,
            create_folders,
            check,
            reload,
            timeout,
        } = self;
        // Where no mode was set, 0600 stood here once: what was delivered then is still the same target.
        let mode = match mode {
            None => "384".to_owned(),
            Some(0o600) => "set to 384".to_owned(),
            Some(mode) => mode.to_string(),
        };
        let settings = format!(
            "Install {{ format: {format:?}, owner: {owner:?}, group: {group:?}, mode: {mode}, create_folders: \
             {create_folders:?}, check: {check:?}, reload: {reload:?}, timeout: {timeout:?} }}"
        );
        digest("install", &settings)
    }

    /// A few words for people.
    #[must_use]
    pub fn title(&self) -> String {
        let files = self.format.files();
        let first = files
            .first()
            .map_or_else(String::new, |path| path.display().to_string());
        format!("{} {first}", self.format.name())
    }

    /// Whether it needs more than the shipped unit may do: files outside the state folder, or commands.
    #[must_use]
    pub fn needs_rights(&self, state_dir: &Path) -> bool {
        let outside = self
            .format
            .files()
            .iter()
            .any(|path| !path.starts_with(state_dir));
        outside || self.check.is_some() || self.reload.is_some()
    }
}

impl Verify {
    /// A stable digest of its settings.
    #[must_use]
    pub fn key(&self) -> String {
        digest("verify", &format!("{self:?}"))
    }
}

/// A stable digest of a hook's command; `kind` is `deploy` or `failure`.
#[must_use]
pub fn hook_key(kind: &str, command: &[String]) -> String {
    digest(kind, &format!("{command:?}"))
}

/// Sixteen hexadecimal digits: names a target in the database and its folder of saved files.
pub(super) fn digest(kind: &str, settings: &str) -> String {
    let mut digest = Sha256::new_with_prefix(kind);
    digest.update([0]);
    digest.update(settings);
    let mut text = hex(&digest.finalize());
    text.truncate(16);
    text
}
