//! Files replaced as a whole, and put back.
//!
//! ```text
//! <saved>/manifest.json   what was there: path, mode, owner, and the number of its copy
//! <saved>/0, 1, …         the copies, readable by the owner alone
//! ```
//!
//! The folder is made beside and moved into place, so what is there is complete.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};

use nix::unistd::{Group, User};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::TargetError;
use super::rights::{Rights, set_acl};

/// No certificate file is larger; more was not written for a server.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

const MANIFEST: &str = "manifest.json";

/// User and group, each where it is to be set.
pub(super) type Owner = (Option<u32>, Option<u32>);

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
    let missing = |what, name: &str| TargetError::NoSuchName {
        what,
        name: name.to_owned(),
    };
    let user = match user {
        None => None,
        Some(name) => match User::from_name(name) {
            Ok(Some(user)) => Some(user.uid.as_raw()),
            _ => Some(number(name).ok_or_else(|| missing("user", name))?),
        },
    };
    let group = match group {
        None => None,
        Some(name) => match Group::from_name(name) {
            Ok(Some(group)) => Some(group.gid.as_raw()),
            _ => Some(number(name).ok_or_else(|| missing("group", name))?),
        },
    };
    Ok((user, group))
}

/// The greatest number means "unchanged" to the kernel.
fn number(name: &str) -> Option<u32> {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let number = name.parse().ok().filter(|_| digits)?;
    (number != u32::MAX).then_some(number)
}

/// A regular file's content, bounded. `None`: there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, TargetError> {
    match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_file() => {}
        Ok(_) => {
            return Err(TargetError::NotAFile {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TargetError::io("look at", path)(error)),
    }
    let file = File::open(path).map_err(TargetError::io("open", path))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    file.take(MAX_FILE_BYTES)
        .read_to_end(&mut bytes)
        .map_err(TargetError::io("read", path))?;
    Ok(Some(bytes))
}

/// Puts files in place, in this order. All are written beside their places first, so that what can fail fails before
/// anything is replaced.
pub(super) fn replace(files: &[NewFile], create_folders: bool) -> Result<(), TargetError> {
    let mut ready = Vec::new();
    for file in files {
        match write_beside(file, create_folders) {
            Ok(temporary) => ready.push(temporary),
            Err(error) => {
                ready.iter().for_each(|path| remove(path));
                return Err(error);
            }
        }
    }
    for (file, temporary) in files.iter().zip(&ready) {
        if let Err(error) = fs::rename(temporary, &file.path) {
            ready.iter().for_each(|path| remove(path));
            return Err(TargetError::io("replace", &file.path)(error));
        }
    }
    for file in files {
        sync_folder_of(&file.path)?;
    }
    Ok(())
}

fn write_beside(file: &NewFile, create_folders: bool) -> Result<PathBuf, TargetError> {
    let path = &file.path;
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        if !create_folders {
            return Err(TargetError::NoFolder {
                path: folder.to_owned(),
            });
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)
            .map_err(TargetError::io("make the folder", folder))?;
    }
    if let Ok(kind) = fs::symlink_metadata(path)
        && !kind.is_file()
    {
        return Err(TargetError::NotAFile { path: path.clone() });
    }
    // One name, always the same: what a crash left is used again, and never piles up.
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".evercert-new");
    let temporary = folder.join(name);
    remove(&temporary);
    let written = fill(&temporary, file);
    if written.is_err() {
        remove(&temporary);
    }
    written.map(|()| temporary)
}

fn fill(temporary: &Path, file: &NewFile) -> Result<(), TargetError> {
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)
        .map_err(TargetError::io("make the file", temporary))?;
    if file.owner != (None, None) {
        fchown(&new, file.owner.0, file.owner.1)
            .map_err(TargetError::io("change the owner of", &file.path))?;
    }
    keep(file, &new);
    // After the owner, which takes some bits away.
    new.set_permissions(Permissions::from_mode(file.mode))
        .map_err(TargetError::io("set the mode of", temporary))?;
    new.write_all(&file.bytes)
        .map_err(TargetError::io("write", temporary))?;
    new.sync_all()
        .map_err(TargetError::io("write to the disk", temporary))
}

/// What the file before had, as far as this user may give it: `check` and `doctor` say beforehand what can't be kept.
fn keep(file: &NewFile, new: &File) {
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
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => tracing::debug!(path = %path.display(), %error, "a half-made file stays"),
    }
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
        let copy = match read(path)? {
            None => None,
            Some(bytes) => {
                let metadata = fs::metadata(path).map_err(TargetError::io("look at", path))?;
                store(&beside.join(number.to_string()), &bytes)?;
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
    store(&beside.join(MANIFEST), &text)?;
    sync_folder(&beside)?;
    clear(folder)?;
    fs::rename(&beside, folder).map_err(TargetError::io("put in place", folder))?;
    sync_folder_of(folder)
}

fn store(path: &Path, bytes: &[u8]) -> Result<(), TargetError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(TargetError::io("make the file", path))?;
    file.write_all(bytes)
        .map_err(TargetError::io("write", path))?;
    file.sync_all()
        .map_err(TargetError::io("write to the disk", path))
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
    let beside = folder.with_extension("new");
    let text = fs::read(folder.join(MANIFEST)).or_else(|_| fs::read(beside.join(MANIFEST)));
    let Ok(text) = text else { return false };
    let manifest: Result<Vec<Saved>, _> = serde_json::from_slice(&text);
    manifest.map_or(true, |saved| saved.iter().any(|saved| saved.copy.is_some()))
}

/// Puts back what was saved.
pub(super) fn restore(folder: &Path) -> Result<(), TargetError> {
    // A crash between clearing the old copies and moving the new ones leaves these beside; they are complete.
    let beside = folder.with_extension("new");
    let folder = if !folder.exists() && beside.join(MANIFEST).is_file() {
        beside.as_path()
    } else {
        folder
    };
    let text = match fs::read(folder.join(MANIFEST)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(TargetError::io("read", folder)(error)),
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
        let bytes = read(&path)?.ok_or_else(|| TargetError::Saved {
            path: folder.to_owned(),
            reason: format!("copy {} is missing", copy.number),
        })?;
        files.push(NewFile {
            owner: changed_owner(&copy),
            kept: (None, None),
            acl: copy.acl.clone(),
            mode: copy.mode,
            path: saved.path,
            bytes,
        });
    }
    replace(&files, false)?;
    for path in absent {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(TargetError::io("remove", &path)(error));
            }
            _ => {}
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

fn sync_folder_of(path: &Path) -> Result<(), TargetError> {
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes renames survive a power cut, where the file system has such a thing and the folder may be opened.
fn sync_folder(path: &Path) -> Result<(), TargetError> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        other => other.map_err(TargetError::io("write to the disk", path)),
    }
}
