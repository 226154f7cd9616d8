//! Files with secrets in them: read only where nobody but their owner can.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, User, getegid, geteuid};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::files::{self, FileError};
use crate::redact;

/// Why a file of secrets can't be used. Never shows what is in it.
#[derive(Debug, Error)]
#[error("{} {wrong}", path.display())]
pub struct SecretFileError {
    path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub wrong: Wrong,
}

/// What is wrong with a file of secrets, and what to do.
#[derive(Debug, Error)]
pub enum Wrong {
    /// A pipe, a device, a socket or a folder.
    #[error("is no file; name a file that holds the secret")]
    NotRegular,
    /// It is larger than any file of secrets.
    #[error("is larger than 64 KiB; name a file that holds the secret alone")]
    TooLarge,
    /// It is not UTF-8.
    #[error("is not text; name a file that holds the secret as text")]
    NotText,
    /// Others than its owner have a right on it.
    #[error(
        "holds a secret, and is open to others than its owner (mode {mode:04o}); chmod 600 it, or 0640 root:evercert with \
         nobody else in that group"
    )]
    Open {
        /// Its permission bits.
        mode: u32,
    },
    /// Every user has a right on it.
    #[error(
        "holds a secret, and every user of this machine can {can} it (mode {mode:04o}); chmod o-rwx it"
    )]
    OpenToAll {
        /// Its permission bits.
        mode: u32,
        /// `read` or `write`.
        can: &'static str,
    },
    /// It is not there, or the file system does not give it.
    #[error("can't be read: {0}; check that it exists and that Evercert's user may read it")]
    Unreadable(#[source] FileError),
    /// A line, counted from 1. It may be a secret itself.
    #[error("has a line that is not NAME=value: line {0}")]
    Line(usize),
}

/// Who besides its owner may have a right on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Besides {
    /// Nobody: see [`is_open_to_others`].
    Nobody,
    /// Its group, for whoever wrote the file decides about that.
    Group,
    /// Anyone: it holds nothing secret.
    Anyone,
}

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The rights that nobody but a secret's owner may have.
const NOT_THE_OWNER: u32 = 0o077;

/// The right of those who are neither a file's owner nor in its group to read it.
const OTHERS_READ: u32 = 0o004;
/// Their right to change it.
const OTHERS_WRITE: u32 = 0o002;

/// The one right that the daemon's own group may have on a file of root's.
const GROUP_READS: u32 = 0o040;

/// The user and the group that the package makes.
const PACKAGED: &str = "evercert";

/// Whether others than its owner have any right on a file that holds a secret.
///
/// Root's file that the daemon's own group can read and nobody else (0640 root:evercert, as the package keeps the config)
/// is not open: that is how root writes what the daemon reads.
pub(crate) fn is_open_to_others(metadata: &Metadata) -> bool {
    let rights = metadata.mode() & NOT_THE_OWNER;
    let is_root_s = metadata.uid() == 0;
    rights != 0 && !(rights == GROUP_READS && is_root_s && is_daemon_s_own(metadata.gid()))
}

/// Whether a group is the daemon's alone: its user's own, or the one it runs with, with nobody else in it. A verb that
/// root runs goes by the packaged user.
fn is_daemon_s_own(group: u32) -> bool {
    let daemon = if geteuid().is_root() {
        User::from_name(PACKAGED)
    } else {
        User::from_uid(geteuid())
    };
    let (Ok(Some(daemon)), Ok(Some(group))) = (daemon, Group::from_gid(Gid::from_raw(group)))
    else {
        return false;
    };
    let runs_with_it = !geteuid().is_root() && group.gid == getegid();
    !is_shared(&group, &daemon) && (group.gid == daemon.gid || runs_with_it)
}

/// Whether somebody else is in the group. Root's own group is not the daemon's.
fn is_shared(group: &Group, daemon: &User) -> bool {
    group.gid.as_raw() == 0 || group.mem.iter().any(|member| *member != daemon.name)
}

/// Reads a whole file, on which only its owner may have rights.
///
/// # Errors
/// It is missing, open to others than its owner, too large, or not text.
pub(crate) fn read(path: &Path) -> Result<SecretString, SecretFileError> {
    let text = read_open_to(path, Besides::Nobody)?;
    redact::know(text.expose_secret());
    Ok(text)
}

/// Reads a whole file, on which these may have rights besides its owner.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_open_to(path: &Path, besides: Besides) -> Result<SecretString, SecretFileError> {
    text(path, besides).map_err(|wrong| SecretFileError {
        path: path.to_path_buf(),
        wrong,
    })
}

fn text(path: &Path, besides: Besides) -> Result<SecretString, Wrong> {
    let failed = |error| match error {
        FileError::NotRegular => Wrong::NotRegular,
        FileError::TooLarge { .. } => Wrong::TooLarge,
        other => Wrong::Unreadable(other),
    };
    // Asked of the open file, so that it is the one that is read.
    let file = files::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(|error| failed(error.into()))?;
    let mode = metadata.mode() & 0o7777;
    let to_all = |can| Err(Wrong::OpenToAll { mode, can });
    match besides {
        Besides::Nobody if is_open_to_others(&metadata) => return Err(Wrong::Open { mode }),
        Besides::Group if mode & OTHERS_READ != 0 => return to_all("read"),
        Besides::Group if mode & OTHERS_WRITE != 0 => return to_all("write"),
        Besides::Nobody | Besides::Group | Besides::Anyone => {}
    }
    let bytes = files::read_from(file, LARGEST).map_err(failed)?;
    let text = str::from_utf8(&bytes).map_err(|_| Wrong::NotText)?;
    Ok(SecretString::from(text))
}

/// The `NAME=value` lines of a file, as systemd's `EnvironmentFile` and acme.sh's own files have them: `export` in
/// front is passed over, quotes around the value are taken off, nothing is expanded.
///
/// # Errors
/// As [`read`]; also a line that is none of that.
pub(crate) fn variables(path: &Path) -> Result<Vec<(String, SecretString)>, SecretFileError> {
    let text = read(path)?;
    let mut variables = Vec::new();
    for (number, line) in text.expose_secret().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let name_ok = |name: &str| {
            !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match line.split_once('=') {
            Some((name, value)) if name_ok(name) => {
                let value = unquoted(value);
                redact::know(value);
                variables.push((name.to_owned(), SecretString::from(value)));
            }
            // The line itself may be a secret: its number is said, its text is not.
            _ => {
                return Err(SecretFileError {
                    path: path.to_path_buf(),
                    wrong: Wrong::Line(number + 1),
                });
            }
        }
    }
    Ok(variables)
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn lines_are_read_as_they_are_and_nothing_is_expanded() {
        let text = "# a comment\n\nexport CF_Token='a=b c'\nKEY=\"$(touch /tmp/x)\"\nPLAIN=x\n";
        let (_folder, path) = file(text, 0o600);
        let read: Vec<(String, String)> = variables(&path)
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name, value.expose_secret().to_owned()))
            .collect();
        let expected = [
            ("CF_Token", "a=b c"),
            ("KEY", "$(touch /tmp/x)"),
            ("PLAIN", "x"),
        ];
        assert_eq!(read, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    fn group(gid: u32, members: &[&str]) -> Group {
        Group {
            name: "evercert".to_owned(),
            passwd: std::ffi::CString::default(),
            gid: Gid::from_raw(gid),
            mem: members.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_group_that_somebody_else_is_in_is_not_the_daemon_s_own() {
        let Ok(Some(mut daemon)) = User::from_uid(geteuid()) else {
            return;
        };
        daemon.name = "evercert".to_owned();
        assert!(!is_shared(&group(990, &[]), &daemon));
        assert!(!is_shared(&group(990, &["evercert"]), &daemon));
        assert!(is_shared(&group(990, &["evercert", "www-data"]), &daemon));
        assert!(is_shared(&group(0, &[]), &daemon));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_a_bad_line_is_not_shown() {
        let (_folder, path) = file("A=HUSH", 0o640);
        let error = variables(&path).unwrap_err().to_string();
        assert!(
            error.contains("mode 0640") && !error.contains("HUSH"),
            "{error}"
        );
        let (_folder, path) = file("A=1\nHUSH words", 0o600);
        let error = variables(&path).unwrap_err().to_string();
        assert!(
            error.contains("line 2") && !error.contains("HUSH"),
            "{error}"
        );
    }
}
