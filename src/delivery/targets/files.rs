//! Files replaced as a whole, and put back.
//!
//! ```text
//! <saved>/manifest.json   what was there: path, mode, owner, and the number of its copy
//! <saved>/0, 1, …         the copies, readable by the owner alone
//! ```
//!
//! That folder is made beside and moved into place, so what is there is complete. The folders of targets may be other
//! users': they are walked to as `crate::files` does.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use nix::sys::stat::SFlag;
use nix::unistd::{Group, User};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::TargetError;
use super::rights::{Rights, set_acl};
use crate::files::{self, Folder, New, Owner, Pending};

/// No certificate file is larger; more was not written for a server.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The mode of folders that are made for targets.
const FOLDER_MODE: u32 = 0o755;

/// The part of a mode that tells what it is, and a regular file's.
const FORMAT: u32 = SFlag::S_IFMT.bits();
const REGULAR: u32 = SFlag::S_IFREG.bits();

const MANIFEST: &str = "manifest.json";

/// A file about to be put in place.
pub(super) struct NewFile {
    pub(super) path: PathBuf,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) mode: u32,
    pub(super) owner: Owner,
    /// Of the file that it replaces: set where that can be done.
    pub(super) kept: Owner,
    pub(super) acl: Option<Vec<u8>>,
}

/// The numbers of these names. A name of digits alone that nobody has is the number itself, as chown(1) takes it.
pub(super) fn owner(user: Option<&str>, group: Option<&str>) -> Result<Owner, TargetError> {
    let found = |what, name: Option<&str>, known: Option<u32>| match (name, known) {
        (None, _) => Ok(None),
        (_, Some(number)) => Ok(Some(number)),
        (Some(name), None) => number(name)
            .map(Some)
            .ok_or_else(|| TargetError::NoSuchName {
                what,
                name: name.to_owned(),
            }),
    };
    let known = user.and_then(|name| User::from_name(name).ok().flatten());
    let user = found("user", user, known.map(|user| user.uid.as_raw()))?;
    let known = group.and_then(|name| Group::from_name(name).ok().flatten());
    let group = found("group", group, known.map(|group| group.gid.as_raw()))?;
    Ok((user, group))
}

/// The greatest number means "unchanged" to the kernel.
fn number(name: &str) -> Option<u32> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let number = name.parse().ok().filter(|_| digits)?;
    (number != u32::MAX).then_some(number)
}

/// The folder of a file; `None` where there is no such folder.
fn folder_of(path: &Path) -> Result<Option<(Folder, &OsStr)>, TargetError> {
    match Folder::of(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(TargetError::file("get to", path)(error)),
    }
}

/// A regular file's content, bounded. `None`: there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, TargetError> {
    let Some((folder, name)) = folder_of(path)? else {
        return Ok(None);
    };
    folder
        .read(name, MAX_FILE_BYTES)
        .map_err(TargetError::file("read", path))
}

/// Puts files in place, in this order. All are written beside their places first, so that what can fail fails before
/// anything is replaced.
pub(super) fn replace(files: &[NewFile], create_folders: bool) -> Result<(), TargetError> {
    let mut ready = Vec::new();
    for file in files {
        // Where one fails, those before are dropped, and gone.
        ready.push(write_beside(file, create_folders)?);
    }
    let mut folders = Vec::new();
    for (file, pending) in files.iter().zip(ready) {
        let placed = pending.replace();
        folders.push(placed.map_err(TargetError::file("replace", &file.path))?);
    }
    for (file, folder) in files.iter().zip(folders) {
        folder
            .sync()
            .map_err(TargetError::file("write to the disk", &file.path))?;
    }
    Ok(())
}

fn write_beside(file: &NewFile, create_folders: bool) -> Result<Pending, TargetError> {
    let path = &file.path;
    let not_a_file = || TargetError::NotAFile { path: path.clone() };
    let name = path.file_name().ok_or_else(not_a_file)?;
    let parent = path.parent().unwrap_or(Path::new("/"));
    let folder = if create_folders {
        Folder::open_or_make(parent, FOLDER_MODE)
            .map_err(TargetError::file("make the folder", parent))?
    } else {
        folder_of(path)?
            .ok_or_else(|| TargetError::NoFolder {
                path: parent.to_owned(),
            })?
            .0
    };
    let there = folder
        .look(name)
        .map_err(TargetError::file("look at", path))?;
    if there.is_some_and(|there| there.st_mode & FORMAT != REGULAR) {
        return Err(not_a_file());
    }
    let new = New {
        bytes: &file.bytes,
        mode: file.mode,
        owner: file.owner,
        synced: true,
    };
    Pending::write_as(folder, name, new, |empty| keep(file, empty))
        .map_err(TargetError::file("write", path))
}

/// Gives the file, which is empty yet, what the one before had, as far as this user may: `check` and `doctor` say
/// beforehand what can't be kept.
fn keep(file: &NewFile, new: &fs::File) -> std::io::Result<()> {
    let path = file.path.display();
    for (user, group) in [(file.kept.0, None), (None, file.kept.1)] {
        if (user, group) != (None, None)
            && let Err(error) = fchown(new, user, group)
        {
            tracing::warn!(%path, %error, "the owner or group of the file before can't be kept");
        }
    }
    if let Some(acl) = &file.acl
        && let Err(error) = set_acl(new, acl)
    {
        tracing::warn!(%path, %error, "the access control list of the file before can't be kept");
    }
    // After owner and list, which both change some of its bits.
    new.set_permissions(fs::Permissions::from_mode(file.mode))
}

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
pub(super) fn save(folder: &Path, paths: &[&Path]) -> Result<(), TargetError> {
    let beside = folder.with_extension("new");
    clear(&beside)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&beside)
        .map_err(TargetError::io("make the folder", &beside))?;
    let mut manifest = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let copy = match opened(path)? {
            None => None,
            Some(file) => {
                // Of the file that is read, whatever has its name by now.
                let metadata = file.metadata().map_err(TargetError::io("look at", path))?;
                let bytes = files::read_from(file, MAX_FILE_BYTES)
                    .map_err(TargetError::file("read", path))?;
                store(&beside, &number.to_string(), &bytes)?;
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
    store(&beside, MANIFEST, &text)?;
    sync(&beside)?;
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

fn store(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), TargetError> {
    Folder::open_through_links(folder)
        .and_then(|folder| folder.write(OsStr::new(name), New::of(bytes, 0o600)))
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
    let text = match files::read(&saved_in(folder).join(MANIFEST), MAX_FILE_BYTES) {
        Ok(text) => text,
        Err(error) => return !error.is_absent(),
    };
    let manifest: Result<Vec<Saved>, _> = serde_json::from_slice(&text);
    manifest.map_or(true, |saved| saved.iter().any(|saved| saved.copy.is_some()))
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

/// Puts back what was saved.
pub(super) fn restore(folder: &Path) -> Result<(), TargetError> {
    let folder = &saved_in(folder);
    let text = match files::read(&folder.join(MANIFEST), MAX_FILE_BYTES) {
        Ok(text) => text,
        Err(error) if error.is_absent() => return Ok(()),
        Err(error) => return Err(TargetError::file("read", folder)(error)),
    };
    let manifest: Vec<Saved> =
        serde_json::from_slice(&text).map_err(|error| unreadable(folder, &error))?;
    let mut files = Vec::new();
    let mut absent = Vec::new();
    for saved in manifest {
        let Some(copy) = saved.copy else {
            absent.push(saved.path);
            continue;
        };
        let path = folder.join(copy.number.to_string());
        let bytes = files::read(&path, MAX_FILE_BYTES).map_err(|error| TargetError::Saved {
            path: folder.to_owned(),
            reason: format!("copy {}: {error}", copy.number),
        })?;
        files.push(NewFile {
            owner: (None, None),
            // As far as this user may give files away: what was written in its place was not its owner's either.
            kept: changed_owner(&copy),
            acl: copy.acl.clone(),
            mode: copy.mode,
            path: saved.path,
            bytes,
        });
    }
    replace(&files, false)?;
    for path in absent {
        if let Some((folder, name)) = folder_of(&path)? {
            folder
                .remove(name)
                .map_err(TargetError::file("remove", &path))?;
        }
    }
    Ok(())
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
