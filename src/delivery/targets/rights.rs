//! Whose a file is, and who may do what with it: kept when it is replaced, where the config says nothing else.
//!
//! Somebody made the file for a server that reads it in its own way, by a group or an access control list (acl(5)). A copy
//! that only its owner may read would take the server's right away with the next reload.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{getegid, geteuid, getgroups};

use crate::files::Owner;
use crate::sentence::{Sentence, sentences};

/// The extended attribute that holds an access control list.
const ACL: &str = "system.posix_acl_access";

/// An access control list of more bytes is none that anybody made by hand.
const LONGEST_ACL: usize = 64 * 1024;

/// Every right on a file with a private key, but those of everybody.
const KEY: u32 = 0o770;

/// On a file that holds certificates alone.
const PUBLIC: u32 = 0o777;

/// What its owner may always do, or it could not be written again.
const OWNERS: u32 = 0o600;

/// What a file has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    user: u32,
    group: u32,
    mode: u32,
    acl: Option<Vec<u8>>,
    /// A user who may have put the file there to get at what replaces it: nothing of it is kept.
    planted_by: Option<u32>,
}

/// What the config says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) owner: Owner,
    pub(super) mode: Option<u32>,
    pub(super) has_key: bool,
}

impl Rights {
    /// Of the regular file at this path; `None` where there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        if !metadata.is_file() {
            return None;
        }
        if !is_trusted(path) {
            return Some(Self {
                user: geteuid().as_raw(),
                group: getegid().as_raw(),
                mode: OWNERS,
                acl: None,
                planted_by: Some(metadata.uid()),
            });
        }
        Some(Self {
            user: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode() & 0o7777,
            acl: acl(path),
            planted_by: None,
        })
    }

    /// Its owner and group, where the config names no others and they are not what a new file gets anyway.
    pub(super) fn owner(&self, wish: Wish) -> Owner {
        let user = (self.user != geteuid().as_raw()).then_some(self.user);
        let group = (self.group != getegid().as_raw()).then_some(self.group);
        let kept = |wished: Option<u32>, kept| if wished.is_some() { None } else { kept };
        (kept(wish.owner.0, user), kept(wish.owner.1, group))
    }

    /// The mode of the file that replaces it.
    pub(super) fn mode(&self, wish: Wish) -> u32 {
        wish.mode.unwrap_or_else(|| {
            let most = if wish.has_key { KEY } else { PUBLIC };
            (self.mode & most) | OWNERS
        })
    }

    /// Its access control list. Whom the config names another mode for, it keeps as far as that mode lets it.
    pub(super) fn acl(&self) -> Option<&[u8]> {
        self.acl.as_deref()
    }

    /// What this file has and what will not be kept, though the config does not say so.
    pub(super) fn losses(&self, path: &Path, wish: Wish) -> Vec<Sentence> {
        let path = path.display();
        let mut losses = Vec::new();
        if let Some(user) = self.planted_by {
            losses.push(loses_planted_rights(&path, user));
        }
        let is_root = geteuid().is_root();
        let (user, group) = self.owner(wish);
        if let Some(user) = user.filter(|_| !is_root) {
            losses.push(loses_owner(&path, user));
        }
        let groups = getgroups().unwrap_or_default();
        let in_group = |group: u32| groups.iter().any(|own| own.as_raw() == group);
        if let Some(group) = group.filter(|group| !is_root && !in_group(*group)) {
            losses.push(loses_group(&path, group));
        }
        if wish.mode.is_none() && wish.has_key && self.mode & 0o007 != 0 {
            losses.push(loses_public_rights(&path, format!("{:04o}", self.mode)));
        }
        losses
    }
}

sentences! {
    loses_planted_rights(path, user) "{path} will lose whose it is (uid {user}) and who may read it, since others can put files into its folder" "{path} 将失去原来的属主（uid {user}）和读取权限，因为其他用户可以在它所在的目录中放置文件";
    loses_owner(path, user) "{path} will lose its owner (uid {user}), since only root gives files away" "{path} 将失去原来的属主（uid {user}），因为只有 root 能把文件交给别人";
    loses_group(path, group) "{path} will lose its group (gid {group}), which the service is not in" "{path} 将失去原来的组（gid {group}），服务所用的用户不在该组中";
    loses_public_rights(path, mode) "{path} will lose the rights that everybody has on it (mode {mode}), since it holds a private key" "{path} 将失去所有人对它的权限（模式 {mode}），因为其中有私钥";
}

/// Whether only root and this process's user can have put the file there: in a folder of somebody else's, a file of root's
/// may have been moved there too.
fn is_trusted(path: &Path) -> bool {
    let ours = |uid: u32| uid == 0 || uid == geteuid().as_raw();
    let folder = path.parent().and_then(|folder| fs::metadata(folder).ok());
    folder.is_some_and(|folder| ours(folder.uid()) && folder.mode() & 0o022 == 0)
}

fn acl(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = vec![0; LONGEST_ACL];
    let length = rustix::fs::getxattr(path, ACL, &mut bytes[..]).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Gives an open file this access control list.
pub(super) fn set_acl(file: &fs::File, acl: &[u8]) -> std::io::Result<()> {
    let flags = rustix::fs::XattrFlags::empty();
    Ok(rustix::fs::fsetxattr(file, ACL, acl, flags)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOTHING: Wish = Wish {
        owner: (None, None),
        mode: None,
        has_key: true,
    };

    fn rights(mode: u32) -> Rights {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Rights::of(&path).unwrap()
    }

    #[test]
    fn what_the_config_does_not_say_is_kept_but_nobody_else_s_right_on_a_key() {
        assert_eq!(rights(0o640).mode(NOTHING), 0o640);
        assert_eq!(rights(0o664).mode(NOTHING), 0o660);
        assert_eq!(rights(0o440).mode(NOTHING), 0o640);
        let public = Wish {
            has_key: false,
            ..NOTHING
        };
        assert_eq!(rights(0o644).mode(public), 0o644);
        let said = Wish {
            mode: Some(0o600),
            ..NOTHING
        };
        assert_eq!(rights(0o664).mode(said), 0o600);
        let losses = |mode: u32, wish| rights(mode).losses(Path::new("/file"), wish);
        assert!(losses(0o640, NOTHING).is_empty());
        assert_eq!(losses(0o644, NOTHING).len(), 1);
        assert!(losses(0o644, said).is_empty());
    }
}
