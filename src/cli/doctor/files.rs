//! What this user may do with files, folders and programs: the same as the service, whose user the verb is by now.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

use super::sentences as say;
use crate::secret_file::is_open_to_others;
use crate::sentence::Sentence;

/// Where commands are looked for that are named without a path; the same as when they are run.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is wrong, and what to do.
pub(super) type Wrong = (Sentence, Sentence);

pub(super) fn may_read(path: &Path) -> bool {
    access(path, AccessFlags::R_OK).is_ok()
}

/// A file that must be there, be read, and be its owner's alone.
pub(super) fn secret_file(path: &Path) -> Result<(), Wrong> {
    let shown = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return Err((say::file_missing(shown), say::write_for_its_owner()));
    };
    if !may_read(path) {
        return Err((say::not_readable(shown), say::chown_to(geteuid())));
    }
    if is_open_to_others(&metadata) {
        let remedy = Sentence::verbatim(format!("chmod 600 {shown}"));
        return Err((say::open_to_others(shown), remedy));
    }
    Ok(())
}

/// A folder that files are put into.
pub(super) fn folder(path: &Path, may_be_made: bool) -> Result<(), Wrong> {
    let shown = path.display();
    let nearest = path.ancestors().find(|ancestor| ancestor.exists());
    let there = nearest == Some(path);
    if !there && !may_be_made {
        return Err((say::folder_missing(&shown), say::make_folder(&shown)));
    }
    let nearest = nearest.unwrap_or(Path::new("/"));
    if there && !nearest.is_dir() {
        return Err((say::no_folder(shown), say::name_another_place()));
    }
    access(nearest, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|error| {
        let reason = error.desc().to_lowercase();
        let what = say::not_writable(geteuid(), nearest.display(), reason);
        (what, say::let_it_write())
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
    Some((
        say::folder_changeable(found.display()),
        keep_others_out(found),
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
        return Err((say::program_missing(name), say::install_program()));
    };
    if access(&path, AccessFlags::X_OK).is_err() {
        let remedy = Sentence::verbatim(format!("chmod +x {}", path.display()));
        return Err((say::not_executable(path.display()), remedy));
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
            say::program_changeable(path.display()),
            keep_others_out(path),
        )
    })
}

fn keep_others_out(path: &Path) -> Sentence {
    Sentence::verbatim(format!("chown root {0} && chmod go-w {0}", path.display()))
}
