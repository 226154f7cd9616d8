//! The one writer: a new file beside, complete, and then one rename.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, fchown};

use nix::dir::Dir;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::Mode;
use rustix::fs::{RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{FileError, Folder};

/// The end of the name of a file that is not in its place yet.
const UNFINISHED: &str = ".evercert-new";

/// Digits of the random part of such a name.
const TOKEN: usize = 16;

/// A longer name is told by its digest in such a name, so that this fits a file system's 255 bytes.
const LONGEST_NAME: usize = 128;

/// So many names of a folder are looked through for what a crash left. In a folder with more, it stays.
const MOST_NAMES: usize = 4096;

/// User and group, each where it is to be set.
pub type Owner = (Option<u32>, Option<u32>);

/// A file to be written.
#[derive(Clone, Copy)]
pub struct New<'a> {
    /// What it holds.
    pub bytes: &'a [u8],
    /// Its mode, whatever the umask says.
    pub mode: u32,
    /// Whose it is; the process's own unless set.
    pub owner: Owner,
    /// Whether it must survive a power cut.
    pub synced: bool,
}

impl<'a> New<'a> {
    /// One of the process's own that survives a power cut.
    pub fn of(bytes: &'a [u8], mode: u32) -> Self {
        Self {
            bytes,
            mode,
            owner: (None, None),
            synced: true,
        }
    }
}

/// A complete file beside the place that it is for. Dropped before it is put there, it is removed.
#[derive(Debug)]
pub struct Pending {
    folder: Folder,
    temporary: OsString,
    name: OsString,
    is_placed: bool,
}

impl Pending {
    /// Writes a file beside its place. What an interrupted run left for the same name is removed.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(folder: Folder, name: &OsStr, new: New<'_>) -> Result<Self, FileError> {
        Self::write_as(folder, name, new, |_| Ok(()))
    }

    /// As [`Pending::write`]; `prepare` gives the file what else it shall have while it is empty.
    ///
    /// # Errors
    /// It can't be written or prepared.
    pub fn write_as(
        folder: Folder,
        name: &OsStr,
        new: New<'_>,
        prepare: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<Self, FileError> {
        clear(&folder, name);
        let temporary = beside(name, &format!("{:016x}", rand::random::<u64>()));
        let mut file = folder.create(&temporary, new.mode, new.owner)?;
        // From here on it is removed where anything fails.
        let pending = Self {
            folder,
            temporary,
            name: name.to_owned(),
            is_placed: false,
        };
        prepare(&file)?;
        file.write_all(new.bytes)?;
        if new.synced {
            file.sync_all()?;
        }
        Ok(pending)
    }

    /// Puts it in its place, over whatever file or link has the name. [`Folder::sync`] is the caller's.
    ///
    /// # Errors
    /// It can't be moved; then the place is as it was.
    pub fn replace(mut self) -> Result<Folder, FileError> {
        let folder = &self.folder;
        renameat(
            folder,
            self.temporary.as_os_str(),
            folder,
            self.name.as_os_str(),
        )?;
        self.is_placed = true;
        self.give_folder()
    }

    /// Puts it in its place if nothing is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]: something is; or it can't be moved.
    pub fn place(mut self) -> Result<Folder, FileError> {
        let folder = &self.folder;
        let (from, to) = (self.temporary.as_os_str(), self.name.as_os_str());
        // The system call itself: glibc has a function for it only from 2.28 on.
        match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
            // File systems and kernels (before 3.15) that know no such rename know links, which never replace either.
            Err(Errno::INVAL | Errno::NOSYS) => {
                let flags = nix::fcntl::AtFlags::empty();
                nix::unistd::linkat(folder, from, folder, to, flags)?;
                folder.remove(from)?;
            }
            other => other.map_err(io::Error::from)?,
        }
        self.is_placed = true;
        self.give_folder()
    }

    fn give_folder(&self) -> Result<Folder, FileError> {
        self.folder.again()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.is_placed {
            return;
        }
        if let Err(error) = self.folder.remove(&self.temporary) {
            tracing::debug!(folder = %self.folder.path().display(), %error, "a half-made file stays");
        }
    }
}

impl Folder {
    /// Writes a file in one step for every reader, over whatever file or link has the name.
    ///
    /// # Errors
    /// It can't be written; then what was there is as it was.
    pub fn write(self, name: &OsStr, new: New<'_>) -> Result<(), FileError> {
        let folder = Pending::write(self, name, new)?.replace()?;
        if new.synced { folder.sync() } else { Ok(()) }
    }

    /// Makes a file that is not there yet, and opens it for writing: no link is followed, nothing is replaced, and owner
    /// and mode are what they shall be before anything is written into it.
    ///
    /// # Errors
    /// Something has the name; it can't be made.
    pub fn create(&self, name: &OsStr, mode: u32, owner: Owner) -> Result<File, FileError> {
        let flags = OFlag::O_WRONLY
            | OFlag::O_CREAT
            | OFlag::O_EXCL
            | OFlag::O_NOFOLLOW
            | OFlag::O_NONBLOCK
            | OFlag::O_CLOEXEC;
        // Its owner's alone until it has its owner and its mode.
        let file = File::from(openat(self, name, flags, Mode::from_bits_truncate(0o600))?);
        let settled = settle(&file, mode, owner);
        if let Err(error) = settled {
            self.remove(name)?;
            return Err(error.into());
        }
        Ok(file)
    }

    /// The same folder by another descriptor.
    fn again(&self) -> Result<Self, FileError> {
        self.child(OsStr::new("."))
    }
}

fn settle(file: &File, mode: u32, owner: Owner) -> io::Result<()> {
    if owner != (None, None) {
        fchown(file, owner.0, owner.1)?;
    }
    // After the owner, which takes some bits away.
    file.set_permissions(Permissions::from_mode(mode))
}

/// The name beside.
fn beside(name: &OsStr, token: &str) -> OsString {
    let mut beside = prefix(name);
    beside.push(token);
    beside.push(UNFINISHED);
    beside
}

fn prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    if name.len() <= LONGEST_NAME {
        prefix.push(name);
    } else {
        let digest = Sha256::digest(name.as_bytes());
        prefix.push(
            digest
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        );
    }
    prefix.push(".");
    prefix
}

/// Removes what interrupted runs left. It is in nobody's way, so failures are not told.
fn clear(folder: &Folder, name: &OsStr) {
    let listed = folder.at_work().and_then(Dir::from_fd);
    let Ok(mut listed) = listed else { return };
    let prefix = prefix(name);
    for entry in listed.iter().take(MOST_NAMES).flatten() {
        let found = OsStr::from_bytes(entry.file_name().to_bytes());
        if is_unfinished(found, &prefix)
            && let Err(error) = folder.remove(found)
        {
            tracing::debug!(%error, "what an interrupted run left stays");
        }
    }
}

fn is_unfinished(name: &OsStr, prefix: &OsStr) -> bool {
    let token = name
        .as_bytes()
        .strip_prefix(prefix.as_bytes())
        .and_then(|rest| rest.strip_suffix(UNFINISHED.as_bytes()));
    token.is_some_and(|token| token.len() == TOKEN && token.iter().all(u8::is_ascii_hexdigit))
}
