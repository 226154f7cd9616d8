//! Whether what servers read is what it should be.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use rustix::fs::{AtFlags, Mode, OFlags};

use super::files::FILES;
use super::{Current, Live, LiveError, number};

/// What the live folder shows, held against what it should show.
#[derive(Debug)]
pub enum Shown {
    /// Just that.
    Right,
    /// Another sound version, which ends earlier, or on the same day and was installed before it.
    Older(Current),
    /// Another sound version, which ends later, or on the same day and was installed after it.
    Newer(Current),
    /// Nothing whole: the link or files that it leads to are gone or damaged. Says which.
    Lost(String),
    /// What can't be looked at, or something of a person's, which is left alone.
    Blocked(LiveError),
}

impl Live {
    /// Reads what is live and holds it against the certificate that should be.
    pub fn shown(&self, domain: &str, fingerprint: &str, not_after: DateTime<Utc>) -> Shown {
        match self.current(domain) {
            Ok(Some(current)) if current.fingerprint_sha256 == fingerprint => Shown::Right,
            Ok(Some(current)) => {
                let is_newer = match current.not_after.cmp(&not_after) {
                    Ordering::Greater => true,
                    Ordering::Less => false,
                    // Two of one day: a database that was restored knows the first, and the folder has the second.
                    Ordering::Equal => self
                        .version_with(domain, fingerprint)
                        .is_ok_and(|found| found.is_none_or(|(it, _)| it < current.version)),
                };
                if is_newer {
                    Shown::Newer(current)
                } else {
                    Shown::Older(current)
                }
            }
            Ok(None) => Shown::Lost(format!("{} is gone", self.live.join(domain).display())),
            Err(LiveError::Dangling { path, target }) => Shown::Lost(format!(
                "{} points to {}, which is gone",
                path.display(),
                target.display()
            )),
            Err(LiveError::Damaged { path, reason, .. }) => Shown::Lost(format!(
                "the files in {} were changed or are damaged ({reason})",
                path.display()
            )),
            Err(error) => Shown::Blocked(error),
        }
    }

    /// What looks at many versions without reading them.
    ///
    /// # Errors
    /// A folder can't be opened.
    pub fn glances(&self) -> Result<Glances<'_>, LiveError> {
        let open = |path| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let opened = rustix::fs::open(path, flags, Mode::empty());
            opened.map_err(|error| LiveError::io("open", path)(error.into()))
        };
        Ok(Glances {
            live: self,
            links: open(&self.live)?,
            versions: open(&self.archive)?,
        })
    }
}

/// Looks at versions from open folders: the way to `live/` and `archive/` is looked up once, not with each file.
#[derive(Debug)]
pub struct Glances<'a> {
    live: &'a Live,
    links: OwnedFd,
    versions: OwnedFd,
}

impl Glances<'_> {
    /// A number that is another one after every change to the link, to a file that it leads to, or to what should be
    /// shown; also after a new version of Rust, which costs one reading. `None` where they can't all be looked at. Costs a
    /// hundredth of reading them.
    pub fn of(&self, domain: &str, fingerprint: &str) -> Option<i64> {
        let target = rustix::fs::readlinkat(&self.links, domain, Vec::new()).ok()?;
        let target = Path::new(OsStr::from_bytes(target.as_bytes()));
        let version = self.live.version_of(domain, target)?;
        let mut hasher = DefaultHasher::new();
        (version, fingerprint).hash(&mut hasher);
        for name in FILES {
            let path = format!("{domain}/{}/{name}", number(version));
            let file = rustix::fs::statat(&self.versions, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            // The time of the last change can't be set by hand, as that of the last writing can.
            let changed = (file.st_ctime, file.st_ctime_nsec);
            (file.st_ino, file.st_size, changed).hash(&mut hasher);
        }
        Some(hasher.finish().cast_signed())
    }
}
