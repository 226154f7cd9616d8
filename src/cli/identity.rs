//! Who the process is: SQLite's write-ahead log needs the state folder's owner, also for reading.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setgroups, setuid};

use super::failure::Failure;

/// Becomes the owner of this state folder where the process is root; says so where it is somebody else.
///
/// # Errors
/// The process is neither root nor the owner, or the change is refused.
pub(super) fn become_owner(state_dir: &Path) -> Result<(), Failure> {
    let Ok(metadata) = std::fs::metadata(state_dir) else {
        // Not made yet: whoever makes it owns it.
        return Ok(());
    };
    let (me, owner) = (geteuid(), Uid::from_raw(metadata.uid()));
    if me == owner {
        return Ok(());
    }
    let name = User::from_uid(owner)
        .ok()
        .flatten()
        .map_or_else(|| owner.to_string(), |user| user.name);
    if !me.is_root() {
        return Err(Failure::other(format!(
            "{} belongs to {name}; run this as root or as {name}",
            state_dir.display()
        )));
    }
    step_down(owner, Gid::from_raw(metadata.gid())).map_err(|error| {
        Failure::other(format!(
            "{} belongs to {name}, and the process can't become that user: {error}",
            state_dir.display()
        ))
    })
}

/// Groups first: once the user is changed, they can't be.
fn step_down(owner: Uid, fallback: Gid) -> nix::Result<()> {
    match User::from_uid(owner)? {
        Some(user) => {
            let name = std::ffi::CString::new(user.name).map_err(|_| nix::Error::EINVAL)?;
            initgroups(&name, user.gid)?;
            setgid(user.gid)?;
        }
        None => {
            setgroups(&[fallback])?;
            setgid(fallback)?;
        }
    }
    setuid(owner)
}
