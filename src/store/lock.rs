//! One process a state folder.
//!
//! The kernel's lock on an open file: it ends with the process, however that dies, so there is never a stale one. The
//! number written into the file is for people only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::StoreError;
use crate::files;

/// The file's name inside the state folder.
const FILE: &str = "evercert.lock";

/// How often a lock of this very process is tried for again, a millisecond apart: a child that it forked has the file
/// open, too, until it becomes the program that it is to be.
const ATTEMPTS: u32 = 1_000;

/// Held for as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of this state folder.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with the other's process id, or the file can't be made.
    pub fn take(state_dir: &Path) -> Result<Self, StoreError> {
        let path = state_dir.join(FILE);
        let failed = |source| StoreError::File {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        let mut left = ATTEMPTS;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let pid = holder(&mut file);
                    if pid != std::process::id().to_string() || left == 0 {
                        let path = state_dir.to_path_buf();
                        return Err(StoreError::Locked { path, pid });
                    }
                    left -= 1;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        file.set_len(0).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }

    /// Whether some process holds the lock now. Nothing is created.
    ///
    /// # Errors
    /// The file is there and can't be opened.
    pub fn is_taken(state_dir: &Path) -> Result<bool, StoreError> {
        let path = state_dir.join(FILE);
        match files::open(&path) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(false),
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(source)) => Err(StoreError::File { path, source }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::File {
                path,
                source: error.into(),
            }),
        }
    }

    /// When it was taken last, by whoever holds it or did; `None` where that can't be told.
    pub fn taken_at(state_dir: &Path) -> Option<SystemTime> {
        // Who takes it writes into the file.
        std::fs::metadata(state_dir.join(FILE))
            .ok()?
            .modified()
            .ok()
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| Read::by_ref(file).take(20).read_to_string(&mut text));
    match read {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_this_process_is_waited_for_while_a_child_of_its_may_have_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let child = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(first);
        });
        let second = Lock::take(folder.path());
        assert!(second.is_ok(), "{second:?}");
        child.join().unwrap();
        // But not for ever.
        let third = Lock::take(folder.path());
        assert!(matches!(third, Err(StoreError::Locked { .. })), "{third:?}");
    }
}
