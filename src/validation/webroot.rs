//! `webroot`: a file below the folder that a web server serves, and nowhere else.
//!
//! The folder itself may be a link, as deployments like it; nothing below it may lead out of it. Each part is opened
//! from the one before without following links, so that nobody can swap a folder for a link in between.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use serde::{Deserialize, Serialize};

use crate::lifecycle::Challenge;

use super::ValidationError;

/// What was made, to be taken away again.
#[derive(Serialize, Deserialize)]
struct Handle {
    /// How many of the path's folders were made for it, counted from the innermost.
    folders: usize,
}

const FOLDER: OFlag = OFlag::O_DIRECTORY
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// Writes the file, readable by everyone, and gives what it takes to remove it.
pub(super) fn write(root: &Path, challenge: &Challenge) -> Result<Option<String>, ValidationError> {
    let (folders, name) = parts(challenge)?;
    let mut made = 0;
    let mut folder = open_root(root)?;
    for part in &folders {
        let created = match mkdirat(&folder, *part, Mode::from_bits_truncate(0o755)) {
            Ok(()) => true,
            Err(Errno::EEXIST) => false,
            Err(error) => return Err(failed(root, challenge, "its folder can't be made", error)),
        };
        // Folders made further out than one that was there don't happen, so a count is enough.
        made = if created { made + 1 } else { 0 };
        folder = step(&folder, part, root, challenge)?;
        if created {
            // The web server's user must get in, whatever our umask says.
            nix::sys::stat::fchmod(&folder, Mode::from_bits_truncate(0o755))
                .map_err(|error| failed(root, challenge, "its folder can't be opened up", error))?;
        }
    }
    put(&folder, name, root, challenge)?;
    let handle = serde_json::to_string(&Handle { folders: made });
    Ok(handle.ok())
}

/// Removes the file if it is ours, and the folders that were made for it if they are empty.
pub(super) fn remove(
    root: &Path,
    challenge: &Challenge,
    handle: Option<&str>,
) -> Result<(), ValidationError> {
    let (folders, name) = parts(challenge)?;
    let mut opened = vec![open_root(root)?];
    for part in &folders {
        let Some(last) = opened.last() else {
            return Ok(());
        };
        match openat(last, *part, FOLDER, Mode::empty()) {
            Ok(folder) => opened.push(folder),
            // Not there, or not what we wrote below: nothing of ours is there.
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(()),
            Err(error) => return Err(failed(root, challenge, "its folder can't be opened", error)),
        }
    }
    if let Some(folder) = opened.last()
        && is_ours(folder, name, challenge)
    {
        match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => return Err(failed(root, challenge, "it can't be removed", error)),
        }
    }
    let made = handle
        .and_then(|text| serde_json::from_str::<Handle>(text).ok())
        .map_or(0, |handle| handle.folders);
    for place in (folders.len().saturating_sub(made)..folders.len()).rev() {
        // One that others use by now stays: it is not empty.
        if unlinkat(&opened[place], folders[place], UnlinkatFlags::RemoveDir).is_err() {
            break;
        }
    }
    Ok(())
}

fn parts(challenge: &Challenge) -> Result<(Vec<&str>, &str), ValidationError> {
    let mut parts: Vec<&str> = challenge
        .name
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let plain = |part: &&str| ![".", ".."].contains(part) && !part.contains('\0');
    match parts.pop() {
        Some(name) if parts.iter().all(&plain) && plain(&name) => Ok((parts, name)),
        _ => Err(ValidationError::Refused(format!(
            "{} is not a plain path; nothing is written there",
            challenge.name
        ))),
    }
}

fn open_root(root: &Path) -> Result<OwnedFd, ValidationError> {
    open(root, OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()).map_err(|error| {
        let what = match error {
            Errno::ENOENT => {
                "is not there; `webroot` names the folder that the web server serves".to_owned()
            }
            Errno::ENOTDIR => "is not a folder".to_owned(),
            other => other.desc().to_owned(),
        };
        ValidationError::File {
            path: root.to_path_buf(),
            what,
        }
    })
}

fn step(
    folder: &OwnedFd,
    part: &str,
    root: &Path,
    challenge: &Challenge,
) -> Result<OwnedFd, ValidationError> {
    openat(folder, part, FOLDER, Mode::empty()).map_err(|error| match error {
        Errno::ELOOP | Errno::ENOTDIR => ValidationError::Refused(format!(
            "{}: {part} is a link or a file on the way to {}; nothing is written through it",
            root.display(),
            challenge.name
        )),
        other => failed(root, challenge, "its folder can't be opened", other),
    })
}

fn put(
    folder: &OwnedFd,
    name: &str,
    root: &Path,
    challenge: &Challenge,
) -> Result<(), ValidationError> {
    if is_ours(folder, name, challenge) {
        return Ok(());
    }
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let open_new = || openat(folder, name, flags, Mode::from_bits_truncate(0o644));
    let opened = match open_new() {
        // The name is the order's own and random: what is there is half of an earlier attempt. A link is not followed,
        // it is replaced.
        Err(Errno::EEXIST) => {
            unlinkat(folder, name, UnlinkatFlags::NoRemoveDir).map_err(|error| {
                failed(root, challenge, "what is there can't be replaced", error)
            })?;
            open_new()
        }
        other => other,
    };
    let file = opened.map_err(|error| failed(root, challenge, "it can't be written", error))?;
    let mut file = File::from(file);
    let written = file
        .write_all(challenge.value.as_bytes())
        .and_then(|()| file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644)))
        .and_then(|()| file.sync_all());
    written.map_err(|error| ValidationError::File {
        path: root.join(challenge.name.trim_start_matches('/')),
        what: format!("it can't be written: {error}"),
    })
}

/// A plain file with exactly our content.
fn is_ours(folder: &OwnedFd, name: &str, challenge: &Challenge) -> bool {
    let is_file =
        |stat: &FileStat| SFlag::from_bits_truncate(stat.st_mode).contains(SFlag::S_IFREG);
    let Ok(stat) = fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW) else {
        return false;
    };
    if !is_file(&stat) || usize::try_from(stat.st_size) != Ok(challenge.value.len()) {
        return false;
    }
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let Ok(file) = openat(folder, name, flags, Mode::empty()) else {
        return false;
    };
    std::io::read_to_string(File::from(file)).is_ok_and(|text| text == challenge.value)
}

fn failed(root: &Path, challenge: &Challenge, what: &str, error: Errno) -> ValidationError {
    ValidationError::File {
        path: root.join(challenge.name.trim_start_matches('/')),
        what: format!("{what}: {}", error.desc()),
    }
}

#[cfg(test)]
#[path = "webroot/tests.rs"]
mod tests;
