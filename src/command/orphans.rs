//! Processes that commands left behind, where nobody else looks after them.
//!
//! In a container this process is often the first one (PID 1). The kernel gives it every process whose parent is gone, and
//! keeps each as a zombie until it is waited for; a process table that is full of them starts no command any more.
//! Children of our own are waited for by whoever runs them, and are left alone here.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::process::Child;

/// Children of our own.
static OWN: Mutex<Own> = Mutex::new(Own {
    known: BTreeSet::new(),
    starting: 0,
});

struct Own {
    known: BTreeSet<i32>,
    /// So many are being started: a process that is not known may be one of them.
    starting: usize,
}

fn own() -> std::sync::MutexGuard<'static, Own> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that is being started. Until this is dropped, no process is taken for an orphan.
pub(super) struct Start(());

impl Start {
    pub(super) fn begin() -> Self {
        own().starting += 1;
        Self(())
    }

    /// It is started, and known as our own from here on.
    pub(super) fn end(self, child: &Child) -> Known {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        own().known.extend(id);
        Known(id)
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let mut own = own();
        own.starting = own.starting.saturating_sub(1);
    }
}

/// A child that is known as our own until this is dropped.
pub(super) struct Known(Option<i32>);

impl Drop for Known {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            own().known.remove(&id);
        }
    }
}

/// Waits for zombies that nobody else will wait for; does nothing unless this is the first process. Takes no time.
pub fn reap() {
    if std::process::id() != 1 {
        return;
    }
    let own = own();
    if own.starting > 0 {
        return;
    }
    for id in zombies_of(1)
        .into_iter()
        .filter(|id| !own.known.contains(id))
    {
        if let Err(error) = waitpid(Pid::from_raw(id), Some(WaitPidFlag::WNOHANG)) {
            tracing::debug!(%error, id, "a process that is gone could not be waited for");
        }
    }
}

/// The children of this process that have ended and were not waited for (proc_pid_stat(5)).
fn zombies_of(parent: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let ids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id: &i32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name stands in parentheses and may hold anything; behind it come state and parent.
        let mut rest = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        rest.next() == Some("Z") && rest.next() == Some(parent.to_string().as_str())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Clock, SystemClock};

    #[test]
    fn a_child_that_has_ended_is_seen_until_it_is_waited_for() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        let clock = SystemClock::new();
        while !zombies_of(own).contains(&id) {
            assert!(clock.monotonic() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!zombies_of(own).contains(&id));
    }
}
