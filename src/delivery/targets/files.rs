//! Files of targets: read, and replaced as a whole. Their folders may be other users': they are walked to as
//! `crate::files` does.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use nix::sys::stat::SFlag;
use nix::unistd::{Group, User};
use zeroize::Zeroizing;

use super::error::TargetError;
use super::rights::set_acl;
use crate::files::{Awaited, Folder, New, Owner, Pending};

/// No certificate file is larger; more was not written for a server.
pub(super) const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The mode of folders that are made for targets.
const FOLDER_MODE: u32 = 0o755;

/// The part of a mode that tells what it is, and a regular file's.
const FORMAT: u32 = SFlag::S_IFMT.bits();
const REGULAR: u32 = SFlag::S_IFREG.bits();

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
pub(super) fn folder_of(path: &Path) -> Result<Option<(Folder, &OsStr)>, TargetError> {
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
/// anything is replaced; `ready` is the last of that. Each is replaced only while somebody waits for it.
pub(super) fn replace(
    files: &[NewFile],
    create_folders: bool,
    awaited: &Awaited,
    ready: impl FnOnce() -> Result<(), TargetError>,
) -> Result<(), TargetError> {
    let mut beside = Vec::new();
    for file in files {
        // Where one fails, those before are dropped, and gone.
        beside.push(write_beside(file, create_folders)?);
    }
    ready()?;
    let mut folders = Vec::new();
    for (file, pending) in files.iter().zip(beside) {
        still(awaited, &file.path)?;
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

/// To be asked before each change that others see.
pub(super) fn still(awaited: &Awaited, path: &Path) -> Result<(), TargetError> {
    match awaited.is_awaited() {
        true => Ok(()),
        false => Err(TargetError::GivenUp {
            path: path.to_owned(),
        }),
    }
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
