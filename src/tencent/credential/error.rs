//! Why an account has no usable keys, in words that show places and never values.

use std::path::PathBuf;

use crate::files::Stuck;
use crate::lifecycle::Class;
use crate::secret_file::SecretFileError;

/// Why there is no usable credential. Shows places and names, never a value.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// No source had a key.
    #[error(
        "no credentials for account {account}; looked at: {}. Put secret_id and secret_key_file into [accounts.{account}], \
         or give the instance a role",
        looked.join("; ")
    )]
    NotFound {
        /// The account.
        account: String,
        /// Each place that was looked at, and what was there.
        looked: Vec<String>,
    },
    /// A source has one half of a pair.
    #[error("{place} has {has} but no {lacks}; give both")]
    Incomplete {
        /// The source of keys.
        place: String,
        /// What is there.
        has: &'static str,
        /// What is missing.
        lacks: &'static str,
    },
    /// A file with a secret can't be read, or must not be.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// A file that the config names is not there, or has nothing in it.
    #[error("{path} can't be read: it {what} (yet); it is used as soon as the key is in it", path = .path.display())]
    Absent {
        /// The file.
        path: PathBuf,
        /// What is so.
        what: &'static str,
    },
    /// A file is not what it should be.
    #[error("{path} {what}", path = .path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: &'static str,
    },
    /// A value has a form that no key has.
    #[error("the {what} from {place} {problem}")]
    BadValue {
        /// The source of keys.
        place: String,
        /// Which value.
        what: &'static str,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
    /// Whoever serves the files with the keys does not answer.
    #[error(
        "the keys of account {account} can't be read now: {stuck}; look at the disk or mount that their files lie on"
    )]
    Stuck {
        /// The account.
        account: String,
        /// What happened.
        stuck: Stuck,
    },
    /// The metadata service is there, but gave no keys.
    #[error(
        "the instance's metadata service gave no keys for its role: {what}; Evercert tries again, check the role in the console if it lasts"
    )]
    Role {
        /// What happened.
        what: String,
    },
    /// A role could not be assumed.
    #[error("the role {arn} could not be assumed: {what}{}", remedy(.class, *.is_permission))]
    Assume {
        /// The role.
        arn: String,
        /// What happened, and the service's own words.
        what: String,
        /// What kind of failure it is.
        class: Class,
        /// The keys are good, and may not do this.
        is_permission: bool,
    },
}

/// What to do where a role can't be assumed.
fn remedy(class: &Class, is_permission: bool) -> &'static str {
    match class {
        Class::Transient => "",
        _ if is_permission => {
            ". The role must name this key's user as one that may assume it, with the same external_id if it asks for one, and a \
             policy of that user must allow sts:AssumeRole (docs/security.md)"
        }
        _ => ". Check role_arn and external_id of the account, and the key that it is assumed with",
    }
}

impl CredentialError {
    /// The metadata service and a disk may recover by themselves; everything else waits for its operator.
    pub fn class(&self) -> Class {
        match self {
            Self::Role { .. } | Self::Stuck { .. } => Class::Transient,
            Self::Assume { class, .. } => *class,
            _ => Class::Operator,
        }
    }
}
