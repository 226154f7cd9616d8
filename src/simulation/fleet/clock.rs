//! The clocks of one machine: they go by the world's, and are set, stopped and put to sleep by themselves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use crate::clock::{Clock, VirtualClock};

/// How a machine's clocks differ from the world's.
#[derive(Debug, Default)]
struct Lags {
    /// The wall clock, as an administrator or NTP set it.
    wall: TimeDelta,
    /// Time that the machine slept through, or was paused by its host.
    monotonic: Duration,
    /// Time that it was paused by its host: nothing in it notices that.
    boot: Duration,
}

/// One machine's clocks.
#[derive(Clone, Debug)]
pub(super) struct MachineClock {
    world: VirtualClock,
    lags: Arc<Mutex<Lags>>,
    sleeps: Arc<AtomicU64>,
}

impl MachineClock {
    pub(super) fn new(world: VirtualClock) -> Self {
        Self {
            world,
            lags: Arc::default(),
            sleeps: Arc::default(),
        }
    }

    /// How many waits for time have begun.
    pub(super) fn sleeps(&self) -> u64 {
        self.sleeps.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Lags> {
        self.lags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wall clock is set to differ this much from the true time.
    pub(super) fn set_wall(&self, by: TimeDelta) {
        self.lock().wall = by;
    }

    /// The machine slept so long.
    pub(super) fn slept(&self, time: Duration) {
        self.lock().monotonic += time;
    }

    /// The host let the machine stand still for so long.
    pub(super) fn paused(&self, time: Duration) {
        let mut lags = self.lock();
        lags.monotonic += time;
        lags.boot += time;
        lags.wall -= TimeDelta::from_std(time).unwrap_or_default();
    }
}

impl Clock for MachineClock {
    fn now(&self) -> DateTime<Utc> {
        self.world.now() + self.lock().wall
    }

    fn monotonic(&self) -> Duration {
        self.world.monotonic().saturating_sub(self.lock().monotonic)
    }

    fn since_boot(&self) -> Duration {
        self.world.monotonic().saturating_sub(self.lock().boot)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.sleeps.fetch_add(1, Ordering::Relaxed);
        self.world.sleep(pause)
    }
}
