//! What was in a target's files before ours, and which files were ever ours: so that going back never touches what somebody
//! else put there meanwhile.
//!
//! ```text
//! <saved>/manifest.json   what was there: path, mode, owner, and the number of its copy
//! <saved>/0, 1, …         the copies, readable by the owner alone
//! <saved>.written         SHA-256 of each file that was written for the target, one a line, the latest last
//! ```
//!
//! That folder is made beside and moved into place, so what is there is complete.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::TargetError;
use super::files::{MAX_FILE_BYTES, NewFile, folder_of, read, replace, still};
use super::rights::Rights;
use crate::files::{self, Awaited, Folder, New, Owner};

const MANIFEST: &str = "manifest.json";

/// So many written files are remembered: three of each of the last certificates.
const MOST_WRITTEN: usize = 24;

/// What was at a path.
#[derive(Serialize, Deserialize)]
struct Saved {
    path: PathBuf,
    /// `None`: nothing was there.
    copy: Option<Copy>,
}

#[derive(Serialize, Deserialize)]
struct Copy {
    number: usize,
    mode: u32,
    user: u32,
    group: u32,
    #[serde(default)]
    acl: Option<Vec<u8>>,
}

/// Saves what is at these paths.
pub(super) fn save(folder: &Path, paths: &[&Path], awaited: &Awaited) -> Result<(), TargetError> {
    let beside = folder.with_extension("new");
    clear(&beside)?;
    make_folder(&beside)?;
    let mut manifest = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let copy = match opened(path)? {
            None => None,
            Some(file) => {
                // Of the file that is read, whatever has its name by now.
                let metadata = file.metadata().map_err(TargetError::io("look at", path))?;
                let bytes = files::read_from(file, MAX_FILE_BYTES)
                    .map_err(TargetError::file("read", path))?;
                store(&beside, OsStr::new(&number.to_string()), &bytes)?;
                Some(Copy {
                    number,
                    mode: metadata.mode() & 0o7777,
                    user: metadata.uid(),
                    group: metadata.gid(),
                    acl: Rights::of(path).and_then(|there| there.acl().map(<[u8]>::to_vec)),
                })
            }
        };
        manifest.push(Saved {
            path: (*path).to_owned(),
            copy,
        });
    }
    let text = serde_json::to_vec(&manifest).map_err(|error| unreadable(folder, &error))?;
    store(&beside, OsStr::new(MANIFEST), &text)?;
    sync(&beside)?;
    still(awaited, folder)?;
    clear(folder)?;
    fs::rename(&beside, folder).map_err(TargetError::io("put in place", folder))?;
    folder.parent().map_or(Ok(()), sync)
}

/// A target's file, open for reading.
fn opened(path: &Path) -> Result<Option<fs::File>, TargetError> {
    let Some((folder, name)) = folder_of(path)? else {
        return Ok(None);
    };
    folder.file(name).map_err(TargetError::file("open", path))
}

fn make_folder(path: &Path) -> Result<(), TargetError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(TargetError::io("make the folder", path))
}

fn store(folder: &Path, name: &OsStr, bytes: &[u8]) -> Result<(), TargetError> {
    Folder::open_through_links(folder)
        .and_then(|folder| folder.write(name, New::of(bytes, 0o600)))
        .map_err(TargetError::file("write into", folder))
}

fn sync(folder: &Path) -> Result<(), TargetError> {
    Folder::open_through_links(folder)
        .and_then(|folder| folder.sync())
        .map_err(TargetError::file("write to the disk", folder))
}

fn clear(folder: &Path) -> Result<(), TargetError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(TargetError::io("empty", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Whether something was there when the files were saved; what can't be read counts as something.
pub(super) fn has_copies(folder: &Path) -> bool {
    match manifest(&saved_in(folder)) {
        Ok(saved) => saved.is_some_and(|saved| saved.iter().any(|saved| saved.copy.is_some())),
        Err(_) => true,
    }
}

/// Where the copies are. A crash between clearing the old ones and moving the new ones leaves these beside; they are
/// complete.
fn saved_in(folder: &Path) -> PathBuf {
    let beside = folder.with_extension("new");
    if !folder.exists() && beside.join(MANIFEST).is_file() {
        beside
    } else {
        folder.to_owned()
    }
}

/// What came of going back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// What was saved is there again; nothing saved, nothing done.
    Done,
    /// Somebody else put files there meanwhile. All are as they were.
    Left,
}

/// What lies at a path now, held against what was saved and what was written there.
enum There {
    /// Just what was saved.
    AsSaved,
    /// What was written for this target, or nothing where something was.
    ToBeReplaced,
    /// Something else.
    Foreign,
}

/// Whether everything is still as it was when it was saved. False where nothing was.
pub(super) fn is_as_saved(folder: &Path) -> Result<bool, TargetError> {
    let folder = &saved_in(folder);
    let Some(manifest) = manifest(folder)? else {
        return Ok(false);
    };
    for saved in &manifest {
        let copy = saved.copy.as_ref().map(|copy| copied(folder, copy));
        if read(&saved.path)? != copy.transpose()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What was saved of this path. `None` where nothing was there, or nothing was saved.
pub(super) fn before(
    folder: &Path,
    path: &Path,
) -> Result<Option<Zeroizing<Vec<u8>>>, TargetError> {
    let folder = &saved_in(folder);
    let manifest = manifest(folder)?.unwrap_or_default();
    let saved = manifest.iter().find(|saved| saved.path == path);
    let copy = saved.and_then(|saved| saved.copy.as_ref());
    copy.map(|copy| copied(folder, copy)).transpose()
}

/// Puts back what was saved, where nothing but our own files lies in its place: what was written, or what it `is_ours` by
/// its content.
pub(super) fn restore(
    folder: &Path,
    is_ours: impl Fn(&[u8]) -> bool,
    awaited: &Awaited,
) -> Result<Restored, TargetError> {
    let written = written(folder)?;
    let was_written = !written.is_empty();
    let folder = &saved_in(folder);
    let Some(manifest) = manifest(folder)? else {
        return Ok(Restored::Done);
    };
    let mut files = Vec::new();
    let mut absent = Vec::new();
    for saved in manifest {
        let copy = match &saved.copy {
            Some(copy) => Some((copied(folder, copy)?, copy)),
            None => None,
        };
        let before = copy.as_ref().map(|(bytes, _)| bytes);
        let is_ours =
            |bytes: &[u8]| written.contains(&digest(bytes)) || (was_written && is_ours(bytes));
        match there(&saved.path, before, is_ours)? {
            There::AsSaved => continue,
            There::ToBeReplaced => {}
            There::Foreign => return Ok(Restored::Left),
        }
        let Some((bytes, copy)) = copy else {
            absent.push(saved.path);
            continue;
        };
        files.push(NewFile {
            owner: (None, None),
            // As far as this user may give files away: what was written in its place was not its owner's either.
            kept: changed_owner(copy),
            acl: copy.acl.clone(),
            mode: copy.mode,
            path: saved.path,
            bytes,
        });
    }
    replace(&files, false, awaited, || Ok(()))?;
    for path in absent {
        if let Some((folder, name)) = folder_of(&path)? {
            still(awaited, &path)?;
            folder
                .remove(name)
                .map_err(TargetError::file("remove", &path))?;
        }
    }
    Ok(Restored::Done)
}

fn there(
    path: &Path,
    before: Option<&Zeroizing<Vec<u8>>>,
    is_ours: impl Fn(&[u8]) -> bool,
) -> Result<There, TargetError> {
    let now = match read(path) {
        Ok(now) => now,
        // A folder, a link, or more than was ever written.
        Err(TargetError::NotAFile { .. } | TargetError::TooLarge { .. }) => {
            return Ok(There::Foreign);
        }
        Err(error) => return Err(error),
    };
    Ok(match now {
        now if now.as_ref() == before => There::AsSaved,
        None => There::ToBeReplaced,
        Some(bytes) if is_ours(&bytes) => There::ToBeReplaced,
        Some(_) => There::Foreign,
    })
}

/// What was there. `None` where nothing was ever saved.
fn manifest(folder: &Path) -> Result<Option<Vec<Saved>>, TargetError> {
    match files::read(&folder.join(MANIFEST), MAX_FILE_BYTES) {
        Ok(text) => {
            let manifest = serde_json::from_slice(&text);
            manifest
                .map(Some)
                .map_err(|error| unreadable(folder, &error))
        }
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(TargetError::file("read", folder)(error)),
    }
}

fn copied(folder: &Path, copy: &Copy) -> Result<Zeroizing<Vec<u8>>, TargetError> {
    let path = folder.join(copy.number.to_string());
    files::read(&path, MAX_FILE_BYTES).map_err(|error| TargetError::Saved {
        path: folder.to_owned(),
        reason: format!("copy {}: {error}", copy.number),
    })
}

/// Remembers files that are about to be put in place: whatever happens then, they are known to be ours.
pub(super) fn note_written(folder: &Path, files: &[NewFile]) -> Result<(), TargetError> {
    let mut known = written(folder)?;
    let new: Vec<String> = files.iter().map(|file| digest(&file.bytes)).collect();
    known.retain(|digest| !new.contains(digest));
    known.extend(new);
    let surplus = known.len().saturating_sub(MOST_WRITTEN);
    let text = known.split_off(surplus).join("\n");
    let path = written_in(folder);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(TargetError::NotAFile { path });
    };
    make_folder(parent)?;
    store(parent, name, text.as_bytes())
}

/// Whether this was the last that was written for the target, a file of one piece. Where that is not known, it counts as
/// that.
pub(super) fn is_written(folder: &Path, bytes: &[u8]) -> Result<bool, TargetError> {
    let written = written(folder)?;
    Ok(written.last().is_none_or(|last| *last == digest(bytes)))
}

/// The digests of the files that were written for the target, the latest last.
fn written(folder: &Path) -> Result<Vec<String>, TargetError> {
    let path = written_in(folder);
    match files::read(&path, MAX_FILE_BYTES) {
        Ok(text) => {
            let text = String::from_utf8_lossy(&text);
            Ok(text.lines().map(str::to_owned).collect())
        }
        Err(error) if error.is_absent() => Ok(Vec::new()),
        Err(error) => Err(TargetError::file("read", &path)(error)),
    }
}

fn written_in(folder: &Path) -> PathBuf {
    folder.with_extension("written")
}

fn digest(bytes: &[u8]) -> String {
    crate::text::hex(&Sha256::digest(bytes))
}

/// Only root may give files away; whose they are anyway need not be set.
fn changed_owner(copy: &Copy) -> Owner {
    let user = (copy.user != nix::unistd::geteuid().as_raw()).then_some(copy.user);
    let group = (copy.group != nix::unistd::getegid().as_raw()).then_some(copy.group);
    (user, group)
}

fn unreadable(folder: &Path, error: &serde_json::Error) -> TargetError {
    TargetError::Saved {
        path: folder.to_owned(),
        reason: error.to_string(),
    }
}
