//! What systemd is told. Without systemd, nothing is said and nothing fails.
//!
//! The watchdog is fed by progress: an idle loop that still turns, or a pass whose steps go on; and only while every thread
//! of the process turns. Where a pass or a thread hangs, it is not fed, and systemd restarts the daemon.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::clock::Clock;
use crate::observe::health::Health;
use crate::observe::{Event, Fact};

/// A manager that does not read for so long is passed over.
const PATIENCE: Duration = Duration::from_millis(200);

pub(super) struct Systemd {
    /// How often the watchdog wants to hear of us, if there is one.
    watchdog: Option<Duration>,
    fed: Cell<Option<Duration>>,
    progress: Cell<u64>,
    health: Arc<Health>,
    /// A thread hangs, and that was said.
    hangs: Cell<bool>,
    clock: Arc<dyn Clock>,
}

impl Systemd {
    pub(super) fn new(health: Arc<Health>, clock: Arc<dyn Clock>) -> Self {
        Self {
            watchdog: sd_notify::watchdog_enabled().filter(|every| *every > Duration::ZERO),
            fed: Cell::new(None),
            progress: Cell::new(0),
            health,
            hangs: Cell::new(false),
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
        if self.hangs() {
            return;
        }
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

    /// Whether a thread hangs; said when it begins.
    fn hangs(&self) -> bool {
        let hang = self.health.hang();
        if let Some(time) = hang
            && !self.hangs.get()
        {
            let seconds = time.as_secs();
            Event::of(Fact::DaemonHangs { seconds }).emit();
        }
        self.hangs.set(hang.is_some());
        hang.is_some()
    }

    /// A pass is under way; it counts as alive only if it got further.
    pub(super) fn alive_if_moved(&self, progress: u64) {
        // Said also where nothing moves because of it.
        let hangs = self.hangs();
        if !hangs && self.progress.replace(progress) != progress {
            self.alive();
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let lines: Vec<String> = states.iter().map(|state| format!("{state}\n")).collect();
    if let Err(error) = send(&socket, lines.concat().as_bytes()) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// Sends a datagram (sd_notify(3)). The library's own function waits for ever where nobody reads the socket.
fn send(socket: &OsStr, datagram: &[u8]) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(socket)?,
    };
    let from = UnixDatagram::unbound()?;
    from.set_write_timeout(Some(PATIENCE))?;
    from.send_to_addr(datagram, &address).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_nobody_reads_is_passed_over_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let mut failures = 0;
        // More than the kernel keeps for a reader.
        for _ in 0..2000 {
            if send(path.as_os_str(), b"WATCHDOG=1\n").is_err() {
                failures += 1;
                break;
            }
        }
        assert_eq!(failures, 1);
        let mut got = [0; 64];
        let length = manager.recv(&mut got).unwrap();
        assert_eq!(&got[..length], b"WATCHDOG=1\n");
    }
}
