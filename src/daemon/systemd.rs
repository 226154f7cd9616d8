//! What systemd is told. Without systemd, nothing is said and nothing fails.
//!
//! The watchdog is fed by progress: an idle loop that still turns, or a pass whose steps go on. A pass that hangs is not
//! fed, and systemd restarts the daemon.

use std::cell::Cell;
use std::time::Duration;

use sd_notify::NotifyState;

pub(super) struct Systemd {
    watchdog: bool,
    progress: Cell<u64>,
}

impl Systemd {
    pub(super) fn new() -> Self {
        Self {
            watchdog: sd_notify::watchdog_enabled().is_some_and(|every| every > Duration::ZERO),
            progress: Cell::new(0),
        }
    }

    pub(super) fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::debug!(%error, "the monotonic clock can't be read for systemd"),
        }
    }

    pub(super) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// The idle loop turned.
    pub(super) fn alive(&self) {
        if self.watchdog {
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// A pass is under way; it counts as alive only if it got further.
    pub(super) fn alive_if_moved(&self, progress: u64) {
        if self.progress.replace(progress) != progress {
            self.alive();
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
