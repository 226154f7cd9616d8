//! What systemd is told. Without systemd, nothing is said and nothing fails.
//!
//! The watchdog is fed by progress: an idle loop that still turns, or a pass whose steps go on. A pass that hangs is not
//! fed, and systemd restarts the daemon.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::clock::Clock;

pub(super) struct Systemd {
    /// How often the watchdog wants to hear of us, if there is one.
    watchdog: Option<Duration>,
    fed: Cell<Option<Duration>>,
    progress: Cell<u64>,
    clock: Arc<dyn Clock>,
}

impl Systemd {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            watchdog: sd_notify::watchdog_enabled().filter(|every| *every > Duration::ZERO),
            fed: Cell::new(None),
            progress: Cell::new(0),
            clock,
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
        let Some(every) = self.watchdog else {
            return;
        };
        let now = self.clock.monotonic();
        // Four times an interval is plenty; an idle daemon should do next to nothing.
        if self
            .fed
            .get()
            .is_none_or(|fed| now.saturating_sub(fed) >= every / 4)
        {
            self.fed.set(Some(now));
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
