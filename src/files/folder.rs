//! A folder that was walked to with care, and what lies in it.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};
use zeroize::Zeroizing;

use super::{FileError, READING, judged, read_from};

/// Links that a path may lead through, as many as the kernel allows.
const MOST_LINKS: usize = 40;

/// To go through a folder; no right to list it is needed.
const THROUGH: OFlag = OFlag::O_PATH
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// To sync, list or change it.
const AT_WORK: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// A folder by its descriptor: whatever happens to its name afterwards, this is the one that is worked in.
#[derive(Debug)]
pub struct Folder {
    descriptor: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Walks to a folder. Links on the way are followed where they are root's or ours, and nowhere else.
    ///
    /// # Errors
    /// A part is missing, no folder, or a link of somebody else's.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        walk(path, None)
    }

    /// Opens a folder through whatever links its path has: for folders of which the operator says so.
    ///
    /// # Errors
    /// It is not there, or no folder.
    pub fn open_through_links(path: &Path) -> Result<Self, FileError> {
        Ok(Self {
            descriptor: open(path, THROUGH.difference(OFlag::O_NOFOLLOW), Mode::empty())?,
            path: path.to_path_buf(),
        })
    }

    /// As [`Folder::open`], and makes what is missing with this mode.
    ///
    /// # Errors
    /// As [`Folder::open`]; a folder can't be made.
    pub fn open_or_make(path: &Path, mode: u32) -> Result<Self, FileError> {
        walk(path, Some(mode))
    }

    /// The folder that a file lies in, and the file's name.
    ///
    /// # Errors
    /// As [`Folder::open`]; the path names no file.
    pub fn of(path: &Path) -> Result<(Self, &OsStr), FileError> {
        let name = path.file_name().ok_or(FileError::NotRegular)?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        Ok((Self::open(parent)?, name))
    }

    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it, never through a link.
    ///
    /// # Errors
    /// It is not there, or a link or a file.
    pub fn child(&self, name: &OsStr) -> Result<Self, FileError> {
        let descriptor = openat(self, name, THROUGH, Mode::empty())?;
        Ok(Self {
            descriptor,
            path: self.path.join(name),
        })
    }

    /// Makes a folder in it; false where one was there. Everyone's umask is passed over.
    ///
    /// # Errors
    /// It can't be made.
    pub fn make(&self, name: &OsStr, mode: u32) -> Result<bool, FileError> {
        let mode = Mode::from_bits_truncate(mode);
        match mkdirat(self, name, mode) {
            Ok(()) => {
                let made = openat(self, name, AT_WORK, Mode::empty())?;
                fchmod(made, mode)?;
                Ok(true)
            }
            Err(Errno::EEXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What lies under this name: never what a link there leads to.
    ///
    /// # Errors
    /// It can't be looked at.
    pub fn look(&self, name: &OsStr) -> Result<Option<FileStat>, FileError> {
        match fstatat(self, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file in it for reading; `None` where there is none. A link is refused.
    ///
    /// # Errors
    /// It is something else, or not readable.
    pub fn file(&self, name: &OsStr) -> Result<Option<File>, FileError> {
        match openat(self, name, READING | OFlag::O_NOFOLLOW, Mode::empty()) {
            Ok(opened) => judged(opened).map(Some),
            Err(Errno::ENOENT) => Ok(None),
            Err(Errno::ELOOP) => Err(FileError::Link),
            // A socket can't be opened at all.
            Err(Errno::ENXIO) => Err(FileError::NotRegular),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a whole regular file in it.
    ///
    /// # Errors
    /// As [`Folder::file`]; it holds more than `limit` bytes.
    pub fn read(&self, name: &OsStr, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
        self.file(name)?
            .map(|file| read_from(file, limit))
            .transpose()
    }

    /// Removes a file or a link; false where none was.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn remove(&self, name: &OsStr) -> Result<bool, FileError> {
        self.unlink(name, UnlinkatFlags::NoRemoveDir)
    }

    /// Removes an empty folder; false where none was.
    ///
    /// # Errors
    /// It is not empty, or can't be removed.
    pub fn remove_folder(&self, name: &OsStr) -> Result<bool, FileError> {
        self.unlink(name, UnlinkatFlags::RemoveDir)
    }

    fn unlink(&self, name: &OsStr, kind: UnlinkatFlags) -> Result<bool, FileError> {
        match unlinkat(self, name, kind) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes renames and new names in it survive a power cut, where the file system has such a thing and the folder may
    /// be opened.
    ///
    /// # Errors
    /// The disk failed.
    pub fn sync(&self) -> Result<(), FileError> {
        use std::io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
        let synced = self
            .at_work()
            .map_err(std::io::Error::from)
            .and_then(|folder| File::from(folder).sync_all());
        match synced {
            Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => {
                Ok(())
            }
            other => Ok(other?),
        }
    }

    pub(super) fn at_work(&self) -> Result<OwnedFd, Errno> {
        openat(self, ".", AT_WORK, Mode::empty())
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// One part of a path that is still to be gone.
enum Part {
    Root,
    Up,
    Named(OsString),
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = Part> {
    path.components().filter_map(|part| match part {
        Component::RootDir | Component::Prefix(_) => Some(Part::Root),
        Component::CurDir => None,
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Named(name.to_owned())),
    })
}

fn walk(path: &Path, make: Option<u32>) -> Result<Folder, FileError> {
    let mut to_go: VecDeque<Part> = parts(path).collect();
    let start = if path.is_absolute() { "/" } else { "." };
    let mut at = Folder {
        descriptor: open(start, THROUGH, Mode::empty())?,
        path: PathBuf::from(start),
    };
    let mut links = 0;
    while let Some(part) = to_go.pop_front() {
        let name = match part {
            Part::Root => {
                at = Folder {
                    descriptor: open("/", THROUGH, Mode::empty())?,
                    path: PathBuf::from("/"),
                };
                continue;
            }
            Part::Up => OsString::from(".."),
            Part::Named(name) => name,
        };
        match at.child(&name) {
            Ok(next) => at = next,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let Some(mode) = make else { return Err(error) };
                at.make(&name, mode)?;
                at = at.child(&name)?;
            }
            // What is no folder for this open may be a link to one.
            Err(error) => {
                let Some(target) = trusted_link(&at, &name)? else {
                    return Err(error);
                };
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::ELOOP.into());
                }
                for part in parts(&target).rev() {
                    to_go.push_front(part);
                }
            }
        }
    }
    Ok(at)
}

/// Where a link leads that only root or we can have made; `None` where it is no link.
fn trusted_link(at: &Folder, name: &OsStr) -> Result<Option<PathBuf>, FileError> {
    // Held by a descriptor, so that the link that is judged is the one that is read.
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let link = openat(at, name, flags, Mode::empty())?;
    let found = fstat(&link)?;
    if SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits()) != SFlag::S_IFLNK {
        return Ok(None);
    }
    if found.st_uid != 0 && found.st_uid != geteuid().as_raw() {
        return Err(FileError::ForeignLink {
            path: at.path.join(name),
            owner: found.st_uid,
        });
    }
    Ok(Some(PathBuf::from(readlinkat(&link, "")?)))
}
