//! An account's keys, wherever they come from: one snapshot, checked.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::error::CredentialError;
use crate::redact;
use crate::tencent::sign::SecretPair;

/// Longer than any id or key of the service.
const LONGEST_KEY: usize = 512;
/// Tokens are documented with up to 4,096 bytes (Tencent Cloud, AssumeRole).
const LONGEST_TOKEN: usize = 8 * 1024;

/// Which source a credential came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// The account's entry in the config.
    Account,
    /// `$CREDENTIALS_DIRECTORY`, filled by systemd.
    Systemd,
    /// `TENCENTCLOUD_SECRET_ID` and its siblings.
    Environment,
    /// `~/.tencentcloud/credentials` or `/etc/tencentcloud/credentials`.
    Profile,
    /// `~/.tccli/<profile>.credential`.
    Tccli,
    /// The role bound to the instance, from its metadata service.
    InstanceRole,
    /// A role that was assumed with keys of one of the others.
    AssumedRole,
}

impl Source {
    /// The stable name used in logs and by `doctor`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "account-entry",
            Self::Systemd => "systemd-credentials",
            Self::Environment => "environment",
            Self::Profile => "profile-file",
            Self::Tccli => "tccli-profile",
            Self::InstanceRole => "instance-role",
            Self::AssumedRole => "assumed-role",
        }
    }
}

/// One snapshot of an account's keys.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    /// The public half.
    pub secret_id: String,
    /// The secret half.
    pub secret_key: SecretString,
    /// The token that goes with temporary keys.
    pub token: Option<SecretString>,
    /// When temporary keys end.
    pub expires: Option<DateTime<Utc>>,
    /// Where it came from.
    pub source: Source,
}

impl Credential {
    /// The pair that signs.
    pub(crate) fn pair(&self) -> SecretPair {
        SecretPair {
            secret_id: self.secret_id.clone(),
            secret_key: self.secret_key.clone(),
        }
    }

    /// Refuses what no key of the service looks like, most often a blank or line end that was copied along.
    pub(in crate::tencent) fn checked(self, place: &str) -> Result<Self, CredentialError> {
        check(place, "secret id", &self.secret_id, LONGEST_KEY)?;
        check(
            place,
            "secret key",
            self.secret_key.expose_secret(),
            LONGEST_KEY,
        )?;
        if let Some(token) = &self.token {
            check(place, "token", token.expose_secret(), LONGEST_TOKEN)?;
        }
        redact::know(self.secret_key.expose_secret());
        if let Some(token) = &self.token {
            redact::know(token.expose_secret());
        }
        Ok(self)
    }
}

/// What the config says about an account's keys.
#[derive(Clone, Debug, Default)]
pub struct CredentialSettings {
    /// The account's name.
    pub account: String,
    /// `secret_id`.
    pub secret_id: Option<String>,
    /// `secret_id_file`.
    pub secret_id_file: Option<PathBuf>,
    /// `secret_key`.
    pub secret_key: Option<SecretString>,
    /// `secret_key_file`.
    pub secret_key_file: Option<PathBuf>,
    /// `token`, for temporary keys.
    pub token: Option<SecretString>,
    /// The role that is assumed with these keys, or with those of another source.
    pub role: Option<Role>,
}

impl CredentialSettings {
    /// Both halves stand in the config itself, so that no file is read.
    pub(super) fn has_keys(&self) -> bool {
        self.secret_id.is_some() && self.secret_key.is_some()
    }
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `role_arn`.
    pub arn: String,
    /// `external_id`: what the role wants to hear beside.
    pub external_id: Option<String>,
}

/// Both halves, checked; or none of them; or an error for one alone. An empty half counts as absent.
pub(super) fn pair(
    place: String,
    id: Option<String>,
    key: Option<SecretString>,
    token: Option<SecretString>,
    source: Source,
) -> Result<Option<Credential>, CredentialError> {
    let id = id.filter(|id| !id.is_empty());
    let key = key.filter(|key| !key.expose_secret().is_empty());
    let token = token.filter(|token| !token.expose_secret().is_empty());
    match (id, key) {
        (Some(secret_id), Some(secret_key)) => {
            let found = Credential {
                secret_id,
                secret_key,
                token,
                expires: None,
                source,
            };
            found.checked(&place).map(Some)
        }
        (Some(_), None) => Err(CredentialError::Incomplete {
            place,
            has: "a secret id",
            lacks: "secret key",
        }),
        (None, Some(_)) => Err(CredentialError::Incomplete {
            place,
            has: "a secret key",
            lacks: "secret id",
        }),
        (None, None) => Ok(None),
    }
}

/// Why a source gave no keys.
#[derive(Debug)]
pub(super) enum Missed {
    /// It has none, which is no error: which it is, and what was there.
    Nothing(String),
    /// It is wrong.
    Wrong(CredentialError),
}

impl<E: Into<CredentialError>> From<E> for Missed {
    fn from(error: E) -> Self {
        Self::Wrong(error.into())
    }
}

pub(super) fn nothing(what: impl Into<String>) -> Missed {
    Missed::Nothing(what.into())
}

fn check(
    place: &str,
    what: &'static str,
    value: &str,
    longest: usize,
) -> Result<(), CredentialError> {
    let problem = if value.is_empty() {
        "is empty; put the real one there"
    } else if value.trim() != value {
        "has blanks or line ends around it; remove them"
    } else if value.len() > longest {
        "is longer than any the service gives; check that the right text was copied"
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has characters that no key has; check that the right text was copied"
    } else {
        return Ok(());
    };
    Err(CredentialError::BadValue {
        place: place.to_owned(),
        what,
        problem,
    })
}
