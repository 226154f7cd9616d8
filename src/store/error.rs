//! What can go wrong with the database, in words an operator can act on.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::rows::Unreadable;
use crate::text::plain_up_to;

/// The most characters of a value that are shown: another version, or another program, wrote it.
const SHOWN: usize = 100;

/// A failure of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file or its folder can't be opened or made.
    #[error("{}: {}", path.display(), file_words(source))]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is no database, or a damaged one.
    #[error(
        "the database {} is damaged ({detail}); it is left as it is. Restore it from a backup; or move it away, and \
         Evercert will adopt what the account still has before it orders anything",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// Written by a newer version.
    #[error(
        "the database {} was written by a newer Evercert (step {version}); install that version again, or restore a \
         backup made before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its migration step.
        version: i64,
    },
    /// Written by an older version, and opened for reading only.
    #[error("the database {} is from an older Evercert; start the daemon once, it brings it up to date", path.display())]
    Older {
        /// The file.
        path: PathBuf,
    },
    /// The tables can't be brought up to date.
    #[error("the database {} can't be brought up to date: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What sqlx says.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// Another process holds the state folder.
    #[error("another evercert works on {} (process {pid}); only one may", path.display())]
    Locked {
        /// The state folder.
        path: PathBuf,
        /// The other's process id, or `?`.
        pid: String,
    },
    /// Another program holds the database itself.
    #[error("the database {} is locked by another program; end that, then try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no space left for the database {}; free some, Evercert goes on by itself", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk or the file is read-only.
    #[error(
        "the database {} can't be written: the disk or the file is read-only, or belongs to another user",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A row holds something this version doesn't understand.
    #[error("the database {} holds a {what} that this version can't read: {}", path.display(), shown(value))]
    Row {
        /// The file.
        path: PathBuf,
        /// What kind of value.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// Any other failure of SQLite.
    #[error("the database {} failed: {source}", path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// What sqlx says.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// True where trying again later can help without anybody acting.
    pub fn try_later(&self) -> bool {
        matches!(self, Self::Locked { .. } | Self::Busy { .. })
    }

    /// Gives SQLite's primary result codes (sqlite.org/rescode.html) their words.
    pub(super) fn from_sqlx(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_path_buf();
        let source = match source {
            sqlx::Error::Decode(error) => match error.downcast::<Unreadable>() {
                Ok(unreadable) => {
                    return Self::Row {
                        path,
                        what: unreadable.what,
                        value: unreadable.value,
                    };
                }
                Err(error) => sqlx::Error::Decode(error),
            },
            source => source,
        };
        let code = source
            .as_database_error()
            .and_then(|error| error.code())
            .and_then(|code| code.parse::<u32>().ok())
            .map(|code| code & 0xff);
        match code {
            Some(5 | 6) => Self::Busy { path },
            Some(8) => Self::ReadOnly { path },
            Some(11 | 26) => Self::Damaged {
                path,
                detail: source.to_string(),
            },
            Some(13) => Self::Full { path },
            Some(14) => Self::ReadOnly { path },
            _ => Self::Sql { path, source },
        }
    }
}

fn shown(value: &str) -> String {
    plain_up_to(value, SHOWN)
}

fn file_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "permission denied; run as the owner of the state folder".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::StorageFull => "no space left on the disk".to_owned(),
        io::ErrorKind::NotADirectory => "is not a folder".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder, not a database".to_owned(),
        _ => error.to_string(),
    }
}
