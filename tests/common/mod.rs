//! What the black-box tests share: a stand-in for the service in the test's own process, the real binary beside it, and
//! what can be seen from outside (log lines, files, what the stand-in was asked).
//!
//! Every wait has a deadline and ends as soon as what it waits for is there.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test binary uses its own part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails at that place"
)]

mod daemon;
mod files;
mod home;
mod liar;
mod port;
mod post;
mod rested;
mod stand_in;
mod terminal;
mod web;

pub use daemon::{Daemon, Output, bare, output, wait_out};
pub use files::{Pair, Watcher, read_pair};
pub use home::Home;
pub use liar::{Liar, Lie};
pub use port::free_port;
pub use post::{Inbox, url};
pub use rested::{write_ending, write_rested};
pub use stand_in::{StandIn, signed};
pub use terminal::OnTerminal;
pub use web::{Answer, ask, ask_raw, get, site};

use std::time::Duration;

use chrono::{DateTime, Utc};
use evercert::clock::{Clock, SystemClock};

/// Long enough for anything that happens by itself on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// Waits until the probe has a value.
///
/// # Panics
/// With `what` when it has none in time.
pub fn wait_for<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(
            clock.monotonic() < within,
            "waited {within:?} in vain: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The machine's time.
pub fn now() -> DateTime<Utc> {
    SystemClock::new().now()
}
