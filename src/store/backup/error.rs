//! Why a backup can't be made or restored.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::store::StoreError;

/// Why a backup can't be made or restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The database at work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is no sound backup.
    #[error(
        "this is no sound backup of Evercert's database ({0}); nothing was changed, try another one"
    )]
    Unsound(String),
    /// A newer version made it.
    #[error(
        "the backup was made by a newer Evercert (step {0}); nothing was changed, install that version or take an \
         older backup"
    )]
    Newer(i64),
    /// It belongs to another installation.
    #[error(
        "the backup is of another installation (ec-{there}-, this one is ec-{here}-), whose orders this one does not \
         know as its own; nothing was changed. If that machine is gone for good and this one takes its place, add \
         --other-installation"
    )]
    OtherInstallation {
        /// The id in the backup.
        there: String,
        /// The id of the database at work.
        here: String,
    },
}

/// What SQLite said, without the advice that is meant for the database at work.
pub(super) fn unsound(error: StoreError) -> BackupError {
    BackupError::Unsound(match error {
        StoreError::Damaged { detail, .. } => detail,
        StoreError::Sql { source, .. } => source.to_string(),
        other => other.to_string(),
    })
}
