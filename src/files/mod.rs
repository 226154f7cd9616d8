//! Files in places that others can touch: opened so that nothing there can hold us or lead us astray, and written so that
//! a reader sees the old content or the new one, whole.
//!
//! - reading ([`open`], [`read`]): what is opened is judged by its descriptor, never by its name before; a pipe, a device
//!   or a lease does not make the open wait; nothing is read beyond a limit;
//! - [`Folder`]: walked to part by part from the root, through no link but root's own or ours;
//! - [`Pending`]: the one writer of the crate: a new file under a random name beside, owner and mode before the content,
//!   then the disk, then one rename;
//! - [`off_the_runtime`]: such work on a thread that may hang, for no longer than a limit.
//!
//! Blocking, but for the last.

mod aside;
mod folder;
#[cfg(test)]
mod tests;
mod write;

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open as open_at_once};
use nix::sys::stat::Mode;
use thiserror::Error;
use zeroize::Zeroizing;

pub use aside::{Awaited, Stuck, Waiter, off_the_runtime};
pub use folder::Folder;
pub use write::{New, Owner, Pending};

/// Why a file or a folder is not used.
#[derive(Debug, Error)]
pub enum FileError {
    /// A pipe, a device, a socket or a folder lies where a file should be.
    #[error("it is not a regular file")]
    NotRegular,
    /// It holds more than it may.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The file itself is a link.
    #[error("it is a link; name the file itself")]
    Link,
    /// A folder on the way is a link that somebody else can turn.
    #[error("{} is a link of user {owner}, who could turn it elsewhere at any time; name the folder that it leads to", path.display())]
    ForeignLink {
        /// The link.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
    },
    /// The file system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl FileError {
    /// The kind of the error, for those who tell them apart.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io(error) => error.kind(),
            _ => io::ErrorKind::InvalidInput,
        }
    }

    /// Nothing is there.
    pub fn is_absent(&self) -> bool {
        matches!(
            self.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    }
}

impl From<nix::Error> for FileError {
    fn from(error: nix::Error) -> Self {
        Self::Io(error.into())
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => error,
            other => Self::new(io::ErrorKind::InvalidInput, other),
        }
    }
}

/// For reading, without ever waiting for another end, and never as our terminal.
const READING: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY)
    .union(OFlag::O_CLOEXEC);

/// Opens a regular file for reading. Links are followed: for files that the operator names, which configuration tools
/// like to link.
///
/// # Errors
/// It is not there, not readable, or not a regular file.
pub fn open(path: &Path) -> Result<File, FileError> {
    judged(open_at_once(path, READING, Mode::empty())?)
}

/// Reads a whole regular file of at most `limit` bytes. Links are followed.
///
/// # Errors
/// As [`open`]; it holds more.
pub fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_from(open(path)?, limit)
}

/// Reads the rest of an open file, at most `limit` bytes.
///
/// # Errors
/// It can't be read; it holds more.
pub fn read_from(file: File, limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let expected = file.metadata()?.len().min(limit);
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(expected).unwrap_or_default() + 1,
    ));
    // One byte more than allowed, since the file may have grown meanwhile.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { limit });
    }
    Ok(bytes)
}

/// What was opened, if it is a regular file.
fn judged(opened: OwnedFd) -> Result<File, FileError> {
    let file = File::from(opened);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(FileError::NotRegular)
    }
}
