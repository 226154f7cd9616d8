//! Watches the config's files, so that an edit needs no signal.
//!
//! Once a tick the files are asked for their identity (device, inode, size, times), through symlinks. That is a handful
//! of system calls a second, and sees all that a notification of the kernel's misses or tells in another way: a rename
//! over the file, a link that is turned to another folder, network file systems, files that come and go in `conf.d`.
//!
//! The files of secrets that the config names are watched with them: they come later than the daemon on some machines, and
//! are replaced on all. A change of theirs is no edit, but a reason to try again what waits.
//!
//! What was just written may not be written whole: a change counts once nothing moved for [`SETTLE`], and what is wrong
//! then is read a second time after as long again before it is said.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, Loaded, Rejected};

/// How long nothing may move before a change is read.
const SETTLE: Duration = Duration::from_millis(1500);

/// A file system that takes longer is not waited for: the look goes on by itself, on a thread of its own.
const LONGEST_LOOK: Duration = Duration::from_millis(500);

/// So many files of secrets are watched; a look at each is a system call a second. What waits for others is tried again
/// in its own time.
const MOST_SECRETS: usize = 100;

/// Device, inode, size, and the times of the last change of the content and of the inode, in nanoseconds. `None` where
/// the file can't be looked at.
type Identity = Option<(u64, u64, u64, i128, i128)>;

/// All files of a config at one moment.
type Stamp = Vec<(PathBuf, Identity)>;

/// What tells that files changed.
pub(super) struct Watch {
    path: PathBuf,
    /// Files of secrets that the config in force names.
    secrets: Vec<PathBuf>,
    /// As they were when they were last read for good: what changed while the daemon started is seen.
    read: Stamp,
    /// A change that has not settled yet, and since when it is as it is.
    moving: Option<(Stamp, Duration)>,
    /// The change was read once, and was wrong.
    doubted: bool,
    /// A look that a file system does not answer; no other one begins before its end.
    slow: Option<Receiver<Stamp>>,
}

/// Whether there is a change that has settled.
pub(super) fn is_edited(watch: &mut Option<Watch>, clock: &dyn Clock) -> bool {
    watch
        .as_mut()
        .is_some_and(|watch| watch.has_settled(clock.monotonic()))
}

impl Watch {
    pub(super) fn new(path: &Path, reading: Reading) -> Self {
        Self {
            path: path.to_path_buf(),
            secrets: Vec::new(),
            read: reading.0,
            moving: None,
            doubted: false,
            slow: None,
        }
    }

    /// The config in force names these files of secrets.
    pub(super) fn follow(&mut self, secrets: impl IntoIterator<Item = PathBuf>) {
        self.secrets = most_of(secrets);
    }

    /// The files as they are now; `None` while a file system does not answer.
    fn look(&mut self) -> Option<Stamp> {
        if let Some(slow) = &self.slow {
            match slow.try_recv() {
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => {}
                Ok(stamp) => {
                    self.slow = None;
                    return Some(stamp);
                }
            }
            self.slow = None;
        }
        let (sender, receiver) = sync_channel(1);
        let (path, secrets) = (self.path.clone(), self.secrets.clone());
        let looking = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || {
                // Nobody waits for it any more where the daemon has ended.
                sender.send(stamp_of(&path, secrets)).ok();
            });
        if let Err(error) = looking {
            tracing::debug!(%error, "no thread for a look at the config's files");
            return None;
        }
        match receiver.recv_timeout(LONGEST_LOOK) {
            Ok(stamp) => Some(stamp),
            Err(_) => {
                self.slow = Some(receiver);
                None
            }
        }
    }

    /// Whether files of secrets changed since they were read last.
    pub(super) fn has_other_secrets(&self, reading: &Reading) -> bool {
        let is_secret = |entry: &&(PathBuf, Identity)| self.secrets.contains(&entry.0);
        let mut now = reading.0.iter().filter(is_secret);
        now.any(|entry| !self.read.contains(entry))
    }

    fn has_settled(&mut self, now: Duration) -> bool {
        let Some(seen) = self.look() else {
            return false;
        };
        if seen == self.read {
            self.moving = None;
            self.doubted = false;
            return false;
        }
        match &self.moving {
            Some((stamp, since)) if *stamp == seen => now.saturating_sub(*since) >= SETTLE,
            _ => {
                self.moving = Some((seen, now));
                self.doubted = false;
                false
            }
        }
    }

    /// What is called right before the files are read: what changes from then on is another edit. A file system may not
    /// answer, so that it is not called here.
    pub(super) fn reading(&self) -> impl FnOnce() -> Reading + Send + use<> {
        let (path, secrets) = (self.path.clone(), self.secrets.clone());
        move || Reading(stamp_of(&path, secrets))
    }

    /// They were read, and that is settled: told or in force.
    pub(super) fn settled(&mut self, reading: Reading) {
        self.read = reading.0;
        self.moving = None;
        self.doubted = false;
    }

    /// They were read and are wrong. True if they were so already, a while ago; else they are to be read once more.
    pub(super) fn doubts(&mut self, now: Duration) -> bool {
        if self.doubted {
            return true;
        }
        self.doubted = true;
        if let Some((_, since)) = &mut self.moving {
            *since = now;
        }
        false
    }
}

fn stamp_of(path: &Path, secrets: Vec<PathBuf>) -> Stamp {
    stamps(config::files_of(path).into_iter().chain(secrets)).collect()
}

fn stamps(files: impl IntoIterator<Item = PathBuf>) -> impl Iterator<Item = (PathBuf, Identity)> {
    files.into_iter().map(|file| {
        let identity = std::fs::metadata(&file).ok().as_ref().map(identity);
        (file, identity)
    })
}

/// The files as they were right before they were read.
pub struct Reading(Stamp);

/// Reads a config, as [`config::load`] does, and how its files are right before.
///
/// # Errors
/// As [`config::load`].
pub fn load(path: &Path) -> Result<(Loaded, Reading), Rejected> {
    let mut stamp = stamp_of(path, Vec::new());
    let loaded = config::load(path)?;
    stamp.extend(stamps(most_of(loaded.config.secret_files())));
    Ok((loaded, Reading(stamp)))
}

fn most_of(secrets: impl IntoIterator<Item = PathBuf>) -> Vec<PathBuf> {
    secrets.into_iter().take(MOST_SECRETS).collect()
}

fn identity(metadata: &Metadata) -> (u64, u64, u64, i128, i128) {
    let nanoseconds =
        |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    (
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder with a config, its watch, and a clock in seconds.
    fn watched() -> (tempfile::TempDir, Watch) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "one").unwrap();
        let reading = Reading(stamp_of(&path, Vec::new()));
        let watch = Watch::new(&path, reading);
        (folder, watch)
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_change_counts_once_nothing_has_moved_for_a_while() {
        let (folder, mut watch) = watched();
        assert!(!watch.has_settled(at(0)));
        fs::write(folder.path().join("config.toml"), "half").unwrap();
        assert!(!watch.has_settled(at(1)));
        fs::write(folder.path().join("config.toml"), "half and more").unwrap();
        assert!(!watch.has_settled(at(3)), "it moved again");
        assert!(!watch.has_settled(at(4)));
        assert!(watch.has_settled(at(5)));
        let reading = watch.reading()();
        watch.settled(reading);
        assert!(!watch.has_settled(at(9)));
    }

    #[test]
    fn a_file_of_secrets_that_comes_or_changes_is_seen_and_is_told_from_an_edit() {
        let (folder, mut watch) = watched();
        let secret = folder.path().join("key");
        watch.follow([secret.clone()]);
        let mut settles = |from: u64| {
            let seen = !watch.has_settled(at(from)) && watch.has_settled(at(from + 2));
            let reading = watch.reading()();
            let secrets = watch.has_other_secrets(&reading);
            watch.settled(reading);
            (seen, secrets)
        };
        settles(0);
        assert_eq!(settles(10), (false, false), "it is not there still");
        fs::write(&secret, "one").unwrap();
        assert_eq!(settles(20), (true, true));
        fs::write(folder.path().join("config.toml"), "two and more").unwrap();
        assert_eq!(settles(30), (true, false));
    }

    #[test]
    fn what_is_wrong_is_read_twice_before_it_is_said_and_then_no_more() {
        let (folder, mut watch) = watched();
        fs::write(folder.path().join("config.toml"), "wrong").unwrap();
        assert!(!watch.has_settled(at(1)));
        assert!(watch.has_settled(at(3)));
        assert!(!watch.doubts(at(3)), "the first time");
        assert!(!watch.has_settled(at(4)));
        assert!(watch.has_settled(at(5)));
        assert!(watch.doubts(at(5)), "the second time");
        let reading = watch.reading()();
        watch.settled(reading);
        assert!(!watch.has_settled(at(60)));
    }

    #[test]
    fn renames_links_and_files_of_conf_d_are_seen() {
        let (folder, mut watch) = watched();
        let path = folder.path().join("config.toml");
        let settle = |watch: &mut Watch, from: u64| {
            assert!(!watch.has_settled(at(from)));
            let seen = watch.has_settled(at(from + 2));
            let reading = watch.reading()();
            watch.settled(reading);
            seen
        };
        fs::write(folder.path().join("next"), "one").unwrap();
        fs::rename(folder.path().join("next"), &path).unwrap();
        assert!(settle(&mut watch, 10), "renamed over");
        let conf_d = folder.path().join("conf.d");
        fs::create_dir(&conf_d).unwrap();
        fs::write(conf_d.join(".a.toml.swp"), "").unwrap();
        assert!(!settle(&mut watch, 20), "an editor's own file");
        fs::write(conf_d.join("a.toml"), "").unwrap();
        assert!(settle(&mut watch, 30), "a file more");
        fs::remove_file(conf_d.join("a.toml")).unwrap();
        assert!(settle(&mut watch, 40), "a file less");
        // As a config map of Kubernetes does: the file is a link through a link that is turned.
        for version in ["v1", "v2"] {
            fs::create_dir(folder.path().join(version)).unwrap();
            fs::write(folder.path().join(version).join("config.toml"), "one").unwrap();
        }
        let link = folder.path().join("..data");
        std::os::unix::fs::symlink("v1", &link).unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("..data/config.toml", &path).unwrap();
        assert!(settle(&mut watch, 50));
        std::os::unix::fs::symlink("v2", folder.path().join("..next")).unwrap();
        fs::rename(folder.path().join("..next"), &link).unwrap();
        assert!(settle(&mut watch, 60), "the link was turned");
    }
}
