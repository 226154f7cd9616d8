//! Reading the files of a config: bounded, regular, text; and the rights of files that hold secrets.
//!
//! Every failure is one line that a person can act on.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::mistake::Fault;
use crate::files::FileError;
use crate::secret_file::is_open_to_others;

/// Where the config is unless the operator says otherwise; the packaged service reads this one.
pub const USUAL_PATH: &str = "/etc/evercert/config.toml";

/// The most that all files of one config may hold together, in bytes. Ten thousand certificates take about two million.
pub(super) const LARGEST_CONFIG: u64 = 16 * 1024 * 1024;

/// The most that a file with one secret may hold, in bytes.
pub(super) const LARGEST_SECRET: u64 = 64 * 1024;

/// The right to change what a config says, which nobody but its owner may have: a config names commands.
const OTHERS_WRITE: u32 = 0o022;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("there is no such file; write one, or name another with --config")]
    Missing,
    #[error("is a directory; a config is a file")]
    Directory,
    #[error("is not a regular file; a config is a file that can be read again")]
    NotRegular,
    #[error("is too large: a config has at most {} MiB in all its files", LARGEST_CONFIG / 1024 / 1024)]
    TooLarge,
    #[error("is not text: what stands here is not UTF-8; a config is a TOML file in UTF-8")]
    NotText(Position),
    #[error("is not text: a zero byte (NUL) stands here; a config is a TOML file in UTF-8")]
    Binary(Position),
    #[error("may not be read by this user; check the rights of the file and of its folders")]
    Denied,
    #[error(
        "may be changed by others than its owner (mode {0:04o}), who could have any command run; chmod go-w it"
    )]
    Changeable(u32),
    #[error("cannot be read: {}; check the path and the disk", in_plain_words(.0))]
    Failed(#[source] io::Error),
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Counted from 1.
    pub(super) line: usize,
    /// In characters, counted from 1.
    pub(super) column: usize,
}

impl Position {
    /// The place that follows this text.
    fn after(text: &[u8]) -> Self {
        let text = String::from_utf8_lossy(text);
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self {
            line: 1 + text.matches('\n').count(),
            column: 1 + last.chars().count(),
        }
    }
}

impl Unreadable {
    /// Where in the file, if it is one place.
    pub(super) fn position(&self) -> Option<Position> {
        match self {
            Self::NotText(position) | Self::Binary(position) => Some(*position),
            _ => None,
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::IsADirectory => Self::Directory,
            _ => Self::Failed(error),
        }
    }
}

/// The system's words without the number behind them.
fn in_plain_words(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(
        || error.to_string(),
        |number| Errno::from_raw(number).desc().to_lowercase(),
    )
}

/// A file's text and its rights.
#[derive(Debug)]
pub(super) struct ConfigFile {
    /// The path as it was given.
    pub(super) path: PathBuf,
    /// The content.
    pub(super) text: String,
    /// Whether others than its owner have any right on it.
    pub(super) open_to_others: bool,
}

/// Reads one file of a config, and takes its size from what the config may still hold.
pub(super) fn read(path: &Path, budget: &mut u64) -> Result<ConfigFile, Unreadable> {
    let file = crate::files::open(path).map_err(|error| match error {
        FileError::NotRegular if path.is_dir() => Unreadable::Directory,
        FileError::NotRegular => Unreadable::NotRegular,
        other => io::Error::from(other).into(),
    })?;
    // Of the file that is read, whatever has its name by now.
    let metadata = file.metadata()?;
    if metadata.mode() & OTHERS_WRITE != 0 && !is_read_only(path) {
        return Err(Unreadable::Changeable(metadata.mode() & 0o7777));
    }
    let bytes = crate::files::read_from(file, *budget).map_err(|error| match error {
        FileError::TooLarge { .. } => Unreadable::TooLarge,
        other => io::Error::from(other).into(),
    })?;
    *budget = budget
        .checked_sub(bytes.len() as u64)
        .ok_or(Unreadable::TooLarge)?;
    let text = str::from_utf8(&bytes)
        .map_err(|error| {
            let valid = error.valid_up_to();
            Unreadable::NotText(Position::after(&bytes[..valid]))
        })?
        .to_owned();
    if let Some(offset) = text.find('\0') {
        return Err(Unreadable::Binary(Position::after(
            &text.as_bytes()[..offset],
        )));
    }
    Ok(ConfigFile {
        path: path.to_path_buf(),
        text,
        open_to_others: is_open_to_others(&metadata),
    })
}

/// The files of `conf.d` beside the main file, by name. None when there is no such folder.
pub(super) fn conf_d(main: &Path) -> Result<Vec<PathBuf>, (PathBuf, Unreadable)> {
    let folder = main.with_file_name("conf.d");
    let list = || -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            // Names with a dot in front are what editors and package managers leave behind.
            if name.is_some_and(|name| name.ends_with(".toml") && !name.starts_with('.')) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    };
    match list() {
        Ok(files) => match changeable_by_others(&folder) {
            Some(mode) => Err((folder, Unreadable::Changeable(mode))),
            None => Ok(files),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            let reason = match error.kind() {
                io::ErrorKind::PermissionDenied => Unreadable::Denied,
                _ => Unreadable::Failed(error),
            };
            Err((folder, reason))
        }
    }
}

/// Every file that [`load`](super::load) of this path would read now: the main file, then those of `conf.d` by name. For whoever
/// watches them.
#[must_use]
pub fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_path_buf()];
    // A folder that can't be read is a mistake that reading tells.
    all.extend(conf_d(path).unwrap_or_default());
    all
}

/// The mode of a folder in which others than its owner can put files; where its file system is mounted for reading only,
/// nobody can.
fn changeable_by_others(folder: &Path) -> Option<u32> {
    let mode = std::fs::metadata(folder).ok()?.mode() & 0o7777;
    (mode & OTHERS_WRITE != 0 && !is_read_only(folder)).then_some(mode)
}

/// Whether its file system is mounted for reading only, as those of containers often are.
fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
}

/// What is wrong with a file that holds a secret: whether it is there, is its owner's alone, and can be read. Its content
/// is not looked at. No edit of the config mends that, so it is never a mistake of the config's: whoever needs the file
/// refuses it, waits for it, and says so; everybody else goes on.
pub(super) fn check_secret_file(key: &str, path: &Path) -> Result<(), Fault> {
    let shown = super::mistake::printable(path);
    let fault = |what: &str, help: &str| Err(Fault::new(format!("`{key}`: {shown} {what}"), help));
    let metadata = match crate::files::open(path) {
        Ok(file) => file.metadata(),
        Err(FileError::NotRegular) => {
            return fault(
                "is not a file",
                "name a file that holds the secret and nothing else",
            );
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return fault(
                "does not exist (yet); what needs it waits for it",
                "write the secret there, and chmod 600 the file",
            );
        }
        Err(error) => Err(error.into()),
    };
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) => {
            let what = format!("cannot be read by this user: {}", in_plain_words(&error));
            return fault(
                &what,
                "give the file to the user that Evercert runs as, and check the rights of its folders",
            );
        }
    };
    if metadata.len() > LARGEST_SECRET {
        return fault(
            "is larger than 64 KiB",
            "name a file that holds the secret and nothing else",
        );
    }
    if metadata.len() == 0 {
        return fault(
            "is empty (yet); what needs it waits for it",
            "write the secret into it",
        );
    }
    if is_open_to_others(&metadata) {
        let what = format!(
            "is open to others than its owner (mode {:04o})",
            metadata.mode() & 0o7777
        );
        let help =
            format!("chmod 600 {shown}, or 0640 root:evercert with nobody else in that group");
        return fault(&what, &help);
    }
    Ok(())
}
