//! `webroot`: a file below the folder that a web server serves, and nowhere else.
//!
//! The folder itself may be a link, as deployments like it; nothing below it may lead out of it. It may be somebody
//! else's, who changes what is there while we look: each part is opened from the one before without following links, and
//! what is no file of ours is neither waited for, replaced nor removed.
//!
//! Blocking.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{FileError, Folder, New, Pending};
use crate::lifecycle::Challenge;

use super::ValidationError;
use super::challenge::LONGEST_CONTENT;

/// Everyone may read a proof; that is what it is for.
const FILE_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// What was made, to be taken away again.
#[derive(Serialize, Deserialize)]
struct Handle {
    /// How many of the path's folders were made for it, counted from the innermost.
    folders: usize,
}

/// What lies under a proof's name.
#[derive(PartialEq, Eq)]
enum There {
    Nothing,
    Ours,
    /// Another content, or no file at all.
    Foreign,
}

/// Writes the file, readable by everyone, and gives what it takes to remove it.
pub(super) fn write(root: &Path, challenge: &Challenge) -> Result<Option<String>, ValidationError> {
    let (folders, name) = parts(challenge)?;
    let mut made = 0;
    let mut folder = open_root(root)?;
    for part in &folders {
        let created = folder
            .make(OsStr::new(part), FOLDER_MODE)
            .map_err(|error| failed(root, challenge, "its folder can't be made", &error))?;
        // Folders made further out than one that was there don't happen, so a count is enough.
        made = if created { made + 1 } else { 0 };
        folder = step(&folder, part, root, challenge)?;
    }
    put(folder, OsStr::new(name), root, challenge)?;
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
        match last.child(OsStr::new(part)) {
            Ok(folder) => opened.push(folder),
            // Not there, or not what we wrote below: nothing of ours is there.
            Err(error) if error.is_absent() => return Ok(()),
            Err(error) => {
                return Err(failed(
                    root,
                    challenge,
                    "its folder can't be opened",
                    &error,
                ));
            }
        }
    }
    let name = OsStr::new(name);
    if let Some(folder) = opened.last()
        && there(folder, name, challenge).is_ok_and(|there| there == There::Ours)
    {
        folder
            .remove(name)
            .map_err(|error| failed(root, challenge, "it can't be removed", &error))?;
    }
    let made = handle
        .and_then(|text| serde_json::from_str::<Handle>(text).ok())
        .map_or(0, |handle| handle.folders);
    for place in (folders.len().saturating_sub(made)..folders.len()).rev() {
        // One that others use by now stays: it is not empty.
        if opened[place]
            .remove_folder(OsStr::new(folders[place]))
            .is_err()
        {
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

fn open_root(root: &Path) -> Result<Folder, ValidationError> {
    Folder::open_through_links(root).map_err(|error| {
        let what = match error.kind() {
            ErrorKind::NotFound => {
                "is not there; `webroot` names the folder that the web server serves".to_owned()
            }
            ErrorKind::NotADirectory => "is not a folder".to_owned(),
            _ => error.to_string(),
        };
        ValidationError::File {
            path: root.to_path_buf(),
            what,
        }
    })
}

fn step(
    folder: &Folder,
    part: &str,
    root: &Path,
    challenge: &Challenge,
) -> Result<Folder, ValidationError> {
    folder.child(OsStr::new(part)).map_err(|error| {
        // A link counts as none for whoever opens folders alone.
        if error.kind() == ErrorKind::NotADirectory {
            return ValidationError::Refused(format!(
                "{}: {part} is a link or a file on the way to {}; nothing is written through it",
                root.display(),
                challenge.name
            ));
        }
        failed(root, challenge, "its folder can't be opened", &error)
    })
}

fn put(
    folder: Folder,
    name: &OsStr,
    root: &Path,
    challenge: &Challenge,
) -> Result<(), ValidationError> {
    let foreign = || ValidationError::File {
        path: root.join(challenge.name.trim_start_matches('/')),
        what: "something else lies there, and what is not ours is not replaced; move it away"
            .to_owned(),
    };
    match there(&folder, name, challenge) {
        Ok(There::Ours) => return Ok(()),
        Ok(There::Foreign) => return Err(foreign()),
        Ok(There::Nothing) => {}
        Err(error) => return Err(failed(root, challenge, "it can't be looked at", &error)),
    }
    let new = New::of(challenge.value.as_bytes(), FILE_MODE);
    Pending::write(folder, name, new)
        .and_then(Pending::place)
        .and_then(|folder| folder.sync())
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => foreign(),
            _ => failed(root, challenge, "it can't be written", &error),
        })
}

/// A plain file with exactly our content is ours.
fn there(folder: &Folder, name: &OsStr, challenge: &Challenge) -> Result<There, FileError> {
    match folder.read(name, LONGEST_CONTENT as u64) {
        Ok(None) => Ok(There::Nothing),
        Ok(Some(bytes)) if *bytes == challenge.value.as_bytes() => Ok(There::Ours),
        Ok(Some(_)) | Err(FileError::NotRegular | FileError::Link | FileError::TooLarge { .. }) => {
            Ok(There::Foreign)
        }
        Err(error) => Err(error),
    }
}

fn failed(root: &Path, challenge: &Challenge, what: &str, error: &FileError) -> ValidationError {
    ValidationError::File {
        path: root.join(challenge.name.trim_start_matches('/')),
        what: format!("{what}: {error}"),
    }
}

#[cfg(test)]
#[path = "webroot/tests.rs"]
mod tests;
