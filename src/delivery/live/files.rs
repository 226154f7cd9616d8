//! The steps on the disk, each of which leaves a state that the next run understands.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::LiveError;
use crate::delivery::bundle::Material;
use crate::files::{self, FileError, Folder};

/// certbot's names.
pub(super) const FILES: [&str; 4] = ["cert.pem", "chain.pem", "fullchain.pem", "privkey.pem"];
const TEMPORARY: &str = ".tmp-";
const TOKEN: usize = 16;
/// Our largest file is a chain of eight; more was not written by us.
const MAX_FILE_BYTES: u64 = 512 * 1024;

/// What is made lets only its owner in.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Makes a folder (and those above it) where none is, and makes sure that it survives a power cut.
pub(super) fn make_folder(path: &Path) -> Result<(), LiveError> {
    match fs::metadata(path) {
        Ok(kind) if kind.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(LiveError::NotAFolder {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(LiveError::io("look at", path)(error)),
    }
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path)
        .map_err(LiveError::io("make the folder", path))?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => Ok(()),
    }
}

/// Writes material beside the versions, reads it back, and gives it its number by one rename. The caller syncs `folder`.
pub(super) fn write_version(
    folder: &Path,
    path: &Path,
    material: &Material,
) -> Result<(), LiveError> {
    let temporary = folder.join(format!("{TEMPORARY}{}", token()));
    let written = fill(&temporary, material).and_then(|()| {
        fs::rename(&temporary, path).map_err(LiveError::io("give its number to", path))
    });
    if written.is_err() && temporary.is_dir() {
        // Only so that a full disk does not fill further; `tidy` would remove it as well.
        if let Err(error) = fs::remove_dir_all(&temporary) {
            tracing::debug!(path = %temporary.display(), %error, "a half-made folder stays until it is tidied");
        }
    }
    written
}

fn fill(temporary: &Path, material: &Material) -> Result<(), LiveError> {
    DirBuilder::new()
        .mode(FOLDER_MODE)
        .create(temporary)
        .map_err(LiveError::io("make the folder", temporary))?;
    let folder =
        Folder::open_through_links(temporary).map_err(LiveError::file("open", temporary))?;
    let contents = contents(material);
    for (name, text) in FILES.iter().zip(&contents) {
        write_file(&folder, name, text.as_bytes())?;
    }
    sync_folder(temporary)?;
    for (name, text) in FILES.iter().zip(&contents) {
        let path = temporary.join(name);
        let back = files::read(&path, MAX_FILE_BYTES).map_err(LiveError::file("read", &path))?;
        if back.as_slice() != text.as_bytes() {
            return Err(LiveError::ReadBack {
                path: temporary.to_owned(),
            });
        }
    }
    Ok(())
}

/// The texts of [`FILES`], in that order.
fn contents(material: &Material) -> [Zeroizing<String>; 4] {
    [
        Zeroizing::new(material.leaf_pem()),
        Zeroizing::new(material.chain_pem()),
        Zeroizing::new(material.fullchain_pem()),
        Zeroizing::new(material.key_pem().to_owned()),
    ]
}

/// Into a folder that is not in its place yet, so a name that is taken is an error.
fn write_file(folder: &Folder, name: &str, bytes: &[u8]) -> Result<(), LiveError> {
    let path = folder.path().join(name);
    let mut file = folder
        .create(OsStr::new(name), FILE_MODE, (None, None))
        .map_err(LiveError::file("make the file", &path))?;
    file.write_all(bytes)
        .map_err(LiveError::io("write", &path))?;
    file.sync_all()
        .map_err(LiveError::io("write to the disk", &path))
}

/// Reads a version and checks that its four files fit each other.
pub(super) fn inspect(path: &Path) -> Result<Material, LiveError> {
    let damaged = |reason: String, source| LiveError::Damaged {
        path: path.to_owned(),
        reason,
        source,
    };
    let read = |name: &str| {
        let file = path.join(name);
        files::read(&file, MAX_FILE_BYTES).map_err(|error| match error {
            FileError::Io(source) if !is_gone(&source) => LiveError::io("read", &file)(source),
            FileError::Io(_) => damaged(format!("{name} is missing"), None),
            other => damaged(format!("{name}: {other}"), None),
        })
    };
    let (leaf, chain) = (read(FILES[0])?, read(FILES[1])?);
    let (full, key) = (read(FILES[2])?, read(FILES[3])?);
    let material = Material::stored(&leaf, &chain, &key).map_err(|error| {
        damaged(
            "they do not fit each other".to_owned(),
            Some(Box::new(error)),
        )
    })?;
    if full.as_slice() != material.fullchain_pem().as_bytes() {
        return Err(damaged(
            "fullchain.pem is not cert.pem and chain.pem".to_owned(),
            None,
        ));
    }
    Ok(material)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

/// Replaces `live/<domain>` by a link to `target`, in one step for every reader.
pub(super) fn swap_link(live: &Path, domain: &str, target: &Path) -> Result<(), LiveError> {
    let temporary = live.join(format!(".{domain}.{}", token()));
    let path = live.join(domain);
    symlink(target, &temporary).map_err(LiveError::io("make the link", &temporary))?;
    if let Err(error) = fs::rename(&temporary, &path) {
        if let Err(error) = fs::remove_file(&temporary) {
            tracing::debug!(path = %temporary.display(), %error, "a half-made link stays until it is tidied");
        }
        return Err(LiveError::io("switch", &path)(error));
    }
    sync_folder(live)
}

/// Removes links of interrupted swaps of this domain.
pub(super) fn remove_leftover_links(live: &Path, domain: &str) -> Result<usize, LiveError> {
    let prefix = format!(".{domain}.");
    let mut removed = 0;
    for entry in fs::read_dir(live).map_err(LiveError::io("list", live))? {
        let entry = entry.map_err(LiveError::io("list", live))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(LiveError::io("look at", &path))?;
        if kind.is_symlink() && is_temporary(&entry.file_name(), &prefix) {
            fs::remove_file(&path).map_err(LiveError::io("remove", &path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Removes folders of interrupted installations and removals.
pub(super) fn remove_leftover_folders(folder: &Path) -> Result<usize, LiveError> {
    let mut removed = 0;
    for entry in fs::read_dir(folder).map_err(LiveError::io("list", folder))? {
        let entry = entry.map_err(LiveError::io("list", folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(LiveError::io("look at", &path))?;
        if kind.is_dir() && is_temporary(&entry.file_name(), TEMPORARY) && holds_only_ours(&path)? {
            fs::remove_dir_all(&path).map_err(LiveError::io("remove", &path))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Whether a folder holds nothing but files that Evercert writes.
pub(super) fn holds_only_ours(path: &Path) -> Result<bool, LiveError> {
    for entry in fs::read_dir(path).map_err(LiveError::io("list", path))? {
        let entry = entry.map_err(LiveError::io("list", path))?;
        let kind = entry.file_type().map_err(LiveError::io("look at", path))?;
        if !kind.is_file() || !FILES.iter().any(|name| entry.file_name() == *name) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a version: first its number, in one step, so that no half-removed version is ever seen.
pub(super) fn remove_version(folder: &Path, path: &Path) -> Result<(), LiveError> {
    let temporary = folder.join(format!("{TEMPORARY}{}", token()));
    fs::rename(path, &temporary).map_err(LiveError::io("remove", path))?;
    fs::remove_dir_all(&temporary).map_err(LiveError::io("remove", &temporary))?;
    sync_folder(folder)
}

fn is_temporary(name: &OsStr, prefix: &str) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(prefix))
        .is_some_and(|token| token.len() == TOKEN && token.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn token() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Makes renames and new names in a folder survive a power cut. File systems that have no such thing say so; then there
/// is nothing more to be done.
pub(super) fn sync_folder(path: &Path) -> Result<(), LiveError> {
    Folder::open_through_links(path)
        .and_then(|folder| folder.sync())
        .map_err(LiveError::file("write to the disk", path))
}
