//! What can go wrong with a copy, in words an operator can act on.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::files::FileError;

/// Why a copy could not be made, looked at or put back.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The file system said no.
    #[error("can't {action} {}: {source}{}", path.display(), hint(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder that it was tried on.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The folder is not there.
    #[error("the folder {} does not exist; make it, or set create_folders = true", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A link or a folder lies where the file should be.
    #[error("{} is not a regular file; name the file itself", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// More lies there than was ever written for a server.
    #[error("{} is larger than {limit} bytes, so it is no certificate's file; name another one", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// There is no such user or group.
    #[error("there is no {what} \"{name}\" on this machine")]
    NoSuchName {
        /// `user` or `group`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The password file can't be used.
    #[error("the password file {} {problem}", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The key store can't be made.
    #[error("the key store can't be made: {0}")]
    Store(String),
    /// The file system answered after the work was given up; nothing more was changed.
    #[error("{} was not changed: the file system took too long, and the work was given up", path.display())]
    GivenUp {
        /// What would have been changed.
        path: PathBuf,
    },
    /// What was saved can't be understood.
    #[error("what was saved in {} is not readable: {reason}", path.display())]
    Saved {
        /// The folder.
        path: PathBuf,
        /// What is wrong with the list of what was saved.
        reason: String,
    },
}

impl TargetError {
    /// An error of the file system while something was tried on a path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

impl TargetError {
    /// As [`TargetError::io`], of a file that was opened with care.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(FileError) -> Self {
        let path = path.to_owned();
        move |error| match error {
            FileError::NotRegular | FileError::Link => Self::NotAFile { path },
            FileError::TooLarge { limit } => Self::TooLarge { path, limit },
            other => Self::io(action, &path)(other.into()),
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; the service needs the rights: see the drop-in targets.conf, or deliver by a group-readable live/"
        }
        io::ErrorKind::ResourceBusy => {
            "; it is mounted by itself, as single files in containers are, and can't be replaced: mount the folder instead"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_mounted_by_itself_is_told_from_one_that_is_busy() {
        // As rename(2) answers over a mount.
        let busy = io::Error::from_raw_os_error(nix::errno::Errno::EBUSY as i32);
        let said = TargetError::io("replace", Path::new("/ssl/c.crt"))(busy).to_string();
        assert!(said.contains("mount the folder instead"), "{said}");
    }
}
