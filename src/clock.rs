//! Now, and sleeping until later.
//!
//! Everything that needs the time gets it from a [`Clock`], so that a simulation can run a year in seconds and replay
//! it exactly. [`SystemClock`] is the only place of the crate that reads the machine's clocks.
//!
//! Two times are kept apart: the wall clock (may jump, backward too) for what is written down and compared with
//! certificates, and a monotonic one (never jumps) for measuring pauses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{BoxFuture, poll_fn};

/// The time, as the program sees it. Used as `Arc<dyn Clock>`.
pub trait Clock: Send + Sync {
    /// The wall clock, UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed moment. Never runs backward, never jumps with the wall clock.
    fn monotonic(&self) -> Duration;

    /// As [`Clock::monotonic`], and it counts on while the machine sleeps.
    fn since_boot(&self) -> Duration {
        self.monotonic()
    }

    /// Completes once `monotonic` has advanced by `pause`, never sooner.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;

    /// As [`Clock::sleep`], for the longest that is waited for work outside of this program's tasks: on a thread that may
    /// hang, or of a command. A clock that moves only when it is told to stands still while such work is waited for.
    fn limit(&self, pause: Duration) -> BoxFuture<'static, ()> {
        self.sleep(pause)
    }
}

/// The machine's own clocks, with Tokio's timer for sleeping.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts at zero now.
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clocks"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clocks"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn since_boot(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(now).unwrap_or_default()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(pause))
    }
}

/// A clock that moves only when it is told to: the simulation's, and the tests'.
///
/// Clones share one time. Sleepers are woken in the order of their deadlines, then of their arrival, so that one seed
/// always gives one run.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    state: Arc<Mutex<VirtualState>>,
}

#[derive(Debug)]
struct VirtualState {
    /// Wall clock minus monotonic time.
    epoch: DateTime<Utc>,
    elapsed: Duration,
    next_sleeper: u64,
    sleepers: BTreeMap<(Duration, u64), Option<Waker>>,
    /// How many wait for work outside.
    held: usize,
}

impl VirtualClock {
    /// A clock that stands at `start`, its monotonic time at zero.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self {
            state: Arc::new(Mutex::new(VirtualState {
                epoch: start,
                elapsed: Duration::ZERO,
                next_sleeper: 0,
                sleepers: BTreeMap::new(),
                held: 0,
            })),
        }
    }

    /// Whether somebody waits for work outside, for which this clock is to stand still.
    pub fn is_held(&self) -> bool {
        self.lock().held > 0
    }

    /// Moves both times forward and wakes whoever slept until then.
    pub fn advance(&self, by: Duration) {
        let woken: Vec<Waker> = {
            let mut state = self.lock();
            state.elapsed = state.elapsed.saturating_add(by);
            let now = state.elapsed;
            state
                .sleepers
                .range_mut(..=(now, u64::MAX))
                .filter_map(|(_, waker)| waker.take())
                .collect()
        };
        // Outside the lock: a waker may run code that asks for the time.
        woken.into_iter().for_each(Waker::wake);
    }

    /// Moves to the moment at which the next sleeper wakes. False where nobody sleeps.
    pub fn advance_to_next(&self) -> bool {
        let Some(pause) = self.next_wake() else {
            return false;
        };
        self.advance(pause);
        true
    }

    /// How long until the next sleeper wakes; zero where one is due already.
    pub fn next_wake(&self) -> Option<Duration> {
        let state = self.lock();
        let ((deadline, _), _) = state.sleepers.first_key_value()?;
        Some(deadline.saturating_sub(state.elapsed))
    }

    /// How long until the next sleeper wakes of those that are not due yet: whoever is due may not be able to go on.
    pub fn next_to_come(&self) -> Option<Duration> {
        let state = self.lock();
        let mut later = state.sleepers.range((state.elapsed, u64::MAX)..);
        let ((deadline, _), _) = later.next()?;
        Some(deadline.saturating_sub(state.elapsed))
    }

    /// Sets the wall clock forward or back, as an administrator or NTP would; the monotonic time does not move.
    pub fn jump(&self, by: TimeDelta) {
        let mut state = self.lock();
        // A jump beyond what a date can hold is left out rather than panicking.
        if let Some(epoch) = state.epoch.checked_add_signed(by) {
            state.epoch = epoch;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VirtualState> {
        // The state is whole between any two statements, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        let state = self.lock();
        TimeDelta::from_std(state.elapsed)
            .ok()
            .and_then(|elapsed| state.epoch.checked_add_signed(elapsed))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    fn monotonic(&self) -> Duration {
        self.lock().elapsed
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        // Registered at once, not at the first poll, so that the pause counts from the call as Tokio's does.
        let sleeper = Sleeper::register(self.clone(), pause);
        Box::pin(async move { poll_fn(|context| sleeper.poll(context.waker())).await })
    }

    fn limit(&self, pause: Duration) -> BoxFuture<'static, ()> {
        let (held, over) = (Held::of(self.clone()), self.sleep(pause));
        Box::pin(async move {
            over.await;
            drop(held);
        })
    }
}

/// Keeps a virtual clock from being moved by whoever asks first whether it is held.
struct Held(VirtualClock);

impl Held {
    fn of(clock: VirtualClock) -> Self {
        clock.lock().held += 1;
        Self(clock)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().held -= 1;
    }
}

/// One registered sleep; dropping it takes the registration back.
struct Sleeper {
    clock: VirtualClock,
    key: (Duration, u64),
}

impl Sleeper {
    fn register(clock: VirtualClock, pause: Duration) -> Self {
        let key = {
            let mut state = clock.lock();
            let key = (state.elapsed.saturating_add(pause), state.next_sleeper);
            state.next_sleeper += 1;
            state.sleepers.insert(key, None);
            key
        };
        Self { clock, key }
    }

    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.clock.lock();
        if state.elapsed >= self.key.0 {
            state.sleepers.remove(&self.key);
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, Some(waker.clone()));
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.lock().sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_740_000_000, 0).unwrap()
    }

    #[test]
    fn a_sleeper_wakes_at_its_deadline_and_not_before() {
        let clock = VirtualClock::new(noon());
        let mut sleep = clock.sleep(Duration::from_secs(5));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_millis(4_999));
        assert!((&mut sleep).now_or_never().is_none());
        clock.advance(Duration::from_millis(1));
        assert!((&mut sleep).now_or_never().is_some());
        assert_eq!(clock.now(), noon() + TimeDelta::seconds(5));
    }

    #[test]
    fn a_dropped_sleep_is_forgotten() {
        let clock = VirtualClock::new(noon());
        let long = clock.sleep(Duration::from_secs(9));
        let short = clock.sleep(Duration::from_secs(3));
        assert_eq!(clock.next_wake(), Some(Duration::from_secs(3)));
        drop(short);
        assert_eq!(clock.next_wake(), Some(Duration::from_secs(9)));
        drop(long);
        assert!(!clock.advance_to_next());
    }

    #[test]
    fn a_jump_moves_the_wall_clock_only() {
        let clock = VirtualClock::new(noon());
        clock.advance(Duration::from_secs(10));
        clock.jump(TimeDelta::hours(-1));
        assert_eq!(clock.monotonic(), Duration::from_secs(10));
        assert_eq!(
            clock.now(),
            noon() + TimeDelta::seconds(10) - TimeDelta::hours(1)
        );
    }

    #[test]
    fn the_system_clock_never_wakes_a_sleeper_early() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let clock = SystemClock::new();
        let before = clock.monotonic();
        runtime.block_on(async { clock.sleep(Duration::from_millis(20)).await });
        assert!(clock.monotonic() - before >= Duration::from_millis(20));
    }
}
