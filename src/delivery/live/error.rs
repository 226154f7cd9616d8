//! What can go wrong in the live folder, each with what to do about it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::delivery::bundle::BundleError;
use crate::files::FileError;

/// Why the live folder could not be read or changed. What was live before is still live.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// A name that must not become part of a path.
    #[error(
        "{domain:?} cannot be a folder's name; domains are ASCII, lower case, at most 200 characters"
    )]
    Domain {
        /// The name, shortened.
        domain: String,
    },
    /// Something else lies where a folder of ours must be.
    #[error("{} is not a folder of its own (a file, or a symbolic link); move it away, then try again", path.display())]
    NotAFolder {
        /// Where the folder must be.
        path: PathBuf,
    },
    /// A person's file or folder lies where the link must be. It is never deleted.
    #[error("{} was put there by hand: it must be a symbolic link of Evercert's; move it away, then run `evercert renew`", path.display())]
    NotALink {
        /// Where the link must be.
        path: PathBuf,
    },
    /// The link points elsewhere, so someone changed it on purpose. It is left alone.
    #[error("{} points to {}, which is no version of this domain; remove the link, then run `evercert renew`", path.display(), target.display())]
    ForeignLink {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// The link points to a version that is gone.
    #[error("{} points to {}, which does not exist; the next check puts it right, `evercert renew` makes one now", path.display(), target.display())]
    Dangling {
        /// The link.
        path: PathBuf,
        /// The version's folder that is gone.
        target: PathBuf,
    },
    /// A version's files are missing, unreadable or do not fit each other.
    #[error("the files in {} were changed or are damaged ({reason}); the next check puts it right, `evercert renew` makes one now", path.display())]
    Damaged {
        /// The version's folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// The failed check, where there is one.
        #[source]
        source: Option<Box<BundleError>>,
    },
    /// What was read back is not what was written.
    #[error("what was read back from {} is not what was written; check the disk, nothing was switched", path.display())]
    ReadBack {
        /// The folder.
        path: PathBuf,
    },
    /// All numbers are used up.
    #[error("{} has no free version number; remove the folder with the highest number if it is not in use", path.display())]
    Numbers {
        /// The domain's archive folder.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("could not {action} {}: {}", path.display(), remedy(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder that it was tried on.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl LiveError {
    /// For `map_err`: wraps an I/O error with what was tried, and where.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// As [`LiveError::io`], of a file that was opened with care.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(FileError) -> Self {
        let failed = Self::io(action, path);
        move |error| failed(error.into())
    }
}

/// What happened and what to do, by the kind of failure.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full (or its quota); free some space, it is tried again by itself"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only; mount it writable (under systemd: StateDirectory or ReadWritePaths)"
        }
        ErrorKind::PermissionDenied => {
            "permission denied; the state folder must belong to the user Evercert runs as"
        }
        ErrorKind::NotFound => {
            "it does not exist (any more); something else may be changing the folder"
        }
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => {
            "it exists already; something else may be writing to the folder"
        }
        _ => "the file system refused; the cause follows",
    }
}
