//! What this user may do with files, folders and programs: the same as the service, whose user the verb is by now.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

use crate::secret_file::is_open_to_others;

/// Where commands are looked for that are named without a path; the same as when they are run.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is wrong, and what to do.
pub(super) type Wrong = (String, String);

pub(super) fn may_read(path: &Path) -> bool {
    access(path, AccessFlags::R_OK).is_ok()
}

/// A file that must be there, be read, and be its owner's alone.
pub(super) fn secret_file(path: &Path) -> Result<(), Wrong> {
    let shown = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return Err((
            format!("{shown} is missing"),
            "write it, for its owner alone (chmod 600)".to_owned(),
        ));
    };
    if !may_read(path) {
        return Err((
            format!("{shown} can't be read by the service's user"),
            format!("chown it to user {}", geteuid()),
        ));
    }
    if is_open_to_others(&metadata) {
        return Err((
            format!("{shown} is open to others than its owner"),
            format!("chmod 600 {shown}"),
        ));
    }
    Ok(())
}

/// A folder that files are put into.
pub(super) fn folder(path: &Path, may_be_made: bool) -> Result<(), Wrong> {
    let shown = path.display();
    let nearest = path.ancestors().find(|ancestor| ancestor.exists());
    let there = nearest == Some(path);
    if !there && !may_be_made {
        return Err((
            format!("the folder {shown} is missing"),
            format!("mkdir -p {shown}, or create_folders = true"),
        ));
    }
    let nearest = nearest.unwrap_or(Path::new("/"));
    if there && !nearest.is_dir() {
        return Err((
            format!("{shown} is not a folder"),
            "name another place".to_owned(),
        ));
    }
    access(nearest, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|error| {
        (
            format!(
                "the service's user (uid {}) can't write into {}: {}",
                geteuid(),
                nearest.display(),
                error.desc().to_lowercase()
            ),
            "give it the right; under systemd, targets outside the state folder need the drop-in targets.conf"
                .to_owned(),
        )
    })
}

/// A folder on the way to a target in which others than root and the service can turn names to other places: what lies
/// below is theirs too.
pub(super) fn foreign_parent(folder: &Path) -> Option<Wrong> {
    let ours = geteuid().as_raw();
    let found = folder.ancestors().find(|ancestor| {
        fs::metadata(ancestor).is_ok_and(|found| {
            let mode = found.mode();
            // In a folder such as /tmp, nobody can move what is somebody else's.
            let open = mode & 0o022 != 0 && mode & 0o1000 == 0;
            open || (found.uid() != 0 && found.uid() != ours)
        })
    })?;
    let shown = found.display();
    Some((
        format!(
            "{shown} can be changed by others than root and the service, and a target lies below it"
        ),
        format!("chown root {shown} && chmod go-w {shown}"),
    ))
}

/// The program of a command: is it there, may it be run, and by whom can it be changed?
pub(super) fn program(name: &str) -> Result<Option<Wrong>, Wrong> {
    let found = if name.contains('/') {
        Some(PathBuf::from(name)).filter(|path| path.is_file())
    } else {
        PATH.split(':')
            .map(|folder| Path::new(folder).join(name))
            .find(|path| path.is_file())
    };
    let Some(path) = found else {
        return Err((
            format!("there is no program {name}"),
            "install it, or correct the path; commands are looked for in the usual folders only"
                .to_owned(),
        ));
    };
    if access(&path, AccessFlags::X_OK).is_err() {
        return Err((
            format!("{} can't be run by the service's user", path.display()),
            format!("chmod +x {}", path.display()),
        ));
    }
    Ok(changeable(&path))
}

/// Who may change a program acts with the service's rights.
fn changeable(path: &Path) -> Option<Wrong> {
    let metadata = fs::metadata(path).ok()?;
    let owner = metadata.uid();
    let others = metadata.mode() & 0o002 != 0 || (owner != 0 && owner != geteuid().as_raw());
    others.then(|| {
        (
            format!(
                "{} can be changed by others than root and the service",
                path.display()
            ),
            format!("chown root {0} && chmod go-w {0}", path.display()),
        )
    })
}
