//! The rate limit: never more than ten requests in any second, as the service counts them.
//!
//! Ten permits. A call takes one and gives it back one second after its answer arrived; a call without an answer gives
//! it back ten seconds after its connection was closed. The proof: take any eleven calls in the order in which they
//! took their permits. With ten permits, the eleventh had to wait for one of the ten before it, say `k`, to give its
//! permit back, so it was sent a second or more after `k` was answered, and the service had received `k` before it
//! answered. Two of the eleven are therefore a second or more apart, whatever happened on the way. (A request that
//! lingers on the way for longer than ten seconds after we gave it up is outside the proof.)
//!
//! The first call comes no sooner than two seconds after the limiter was made: one for the window, and one for what a
//! killed predecessor still had on the way. Everything runs on the [`Clock`]; no timer runs when nobody waits.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use crate::clock::Clock;

/// The most the service allows a second (Tencent Cloud, ApplyCertificate, 2025-02-17).
pub(crate) const MOST_PER_SECOND: usize = 10;
/// How long a permit rests after the answer arrived.
const REST_ANSWERED: Duration = Duration::from_secs(1);
/// How long a permit rests when no answer arrived: the request may still be on its way.
const REST_UNANSWERED: Duration = Duration::from_secs(10);
/// How long after its making the limiter lets the first call through.
const FIRST_CALL_AFTER: Duration = Duration::from_secs(2);
/// What "lately" means in [`Limiter::calls_last_minute`].
const MINUTE: Duration = Duration::from_secs(60);

/// Hands out permits; one a process, shared by every caller of every account.
pub struct Limiter {
    /// The queue: whoever holds it is first in line. Tokio's mutex is fair, first come, first served.
    line: tokio::sync::Mutex<()>,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Rung when a permit begins its rest or the rate changes: the first in line then computes its wait anew.
    changed: Notify,
}

struct State {
    permits: usize,
    in_flight: usize,
    /// When resting permits come back, as monotonic time, and how many at each moment.
    resting: BTreeMap<Duration, usize>,
    opens_at: Duration,
    /// When permits were taken during the last minute.
    taken: VecDeque<Duration>,
}

impl Limiter {
    /// A limiter of `per_second` calls, brought into 1 to `MOST_PER_SECOND`. Make it once, after the state folder's
    /// lock was taken.
    pub fn new(clock: Arc<dyn Clock>, per_second: usize) -> Self {
        Self::with_first_call_after(clock, per_second, FIRST_CALL_AFTER)
    }

    /// As [`Limiter::new`], with another pause before the first call. For tests: the pause is part of the proof.
    pub(crate) fn with_first_call_after(
        clock: Arc<dyn Clock>,
        per_second: usize,
        pause: Duration,
    ) -> Self {
        let state = State {
            permits: per_second.clamp(1, MOST_PER_SECOND),
            in_flight: 0,
            resting: BTreeMap::new(),
            opens_at: clock.monotonic().saturating_add(pause),
            taken: VecDeque::new(),
        };
        Self {
            line: tokio::sync::Mutex::new(()),
            shared: Arc::new(Shared {
                clock,
                state: Mutex::new(state),
                changed: Notify::new(),
            }),
        }
    }

    /// Waits for a permit, in the order of asking. Dropping the wait loses nothing but the place in line.
    pub async fn acquire(&self) -> Permit {
        let _first_in_line = self.line.lock().await;
        loop {
            // Made before the look, so that a permit given back in between is not missed.
            let changed = self.shared.changed.notified();
            match self.shared.take() {
                Turn::Taken => {
                    return Permit {
                        shared: Arc::clone(&self.shared),
                        rest: REST_UNANSWERED,
                    };
                }
                Turn::After(pause) => {
                    let sleep = self.shared.clock.sleep(pause);
                    match select(std::pin::pin!(changed), sleep).await {
                        Either::Left(_) | Either::Right(_) => {}
                    }
                }
                Turn::Unknown => changed.await,
            }
        }
    }

    /// Changes the rate at a reload. Permits that are out or resting count against the new rate.
    pub fn set_rate(&self, per_second: usize) {
        self.shared.lock().permits = per_second.clamp(1, MOST_PER_SECOND);
        self.shared.changed.notify_one();
    }

    /// The permits there are, which is the most calls a second.
    pub fn rate(&self) -> usize {
        self.shared.lock().permits
    }

    /// How many calls took a permit during the last 60 seconds.
    pub fn calls_last_minute(&self) -> usize {
        let now = self.shared.clock.monotonic();
        let mut state = self.shared.lock();
        state.forget_old_calls(now);
        state.taken.len()
    }

    /// The most calls that any one second of the last minute saw begin.
    pub fn peak_last_minute(&self) -> usize {
        let now = self.shared.clock.monotonic();
        let mut state = self.shared.lock();
        state.forget_old_calls(now);
        let mut first = 0;
        let mut peak = 0;
        for (place, at) in state.taken.iter().enumerate() {
            while at.saturating_sub(state.taken[first]) >= REST_ANSWERED {
                first += 1;
            }
            peak = peak.max(place + 1 - first);
        }
        peak
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("per_second", &self.rate())
            .finish_non_exhaustive()
    }
}

/// What the first in line finds.
enum Turn {
    Taken,
    /// A permit comes back after this long.
    After(Duration),
    /// All permits are in flight; only their answers tell when one comes back.
    Unknown,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change below is whole within one statement block that cannot panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Turn {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        if now < state.opens_at {
            return Turn::After(state.opens_at - now);
        }
        // What came back by now is free; the rest stays.
        let later = state
            .resting
            .split_off(&now.saturating_add(Duration::from_nanos(1)));
        state.resting = later;
        let resting: usize = state.resting.values().sum();
        if state.in_flight + resting < state.permits {
            state.in_flight += 1;
            state.forget_old_calls(now);
            state.taken.push_back(now);
            return Turn::Taken;
        }
        match state.resting.first_key_value() {
            Some((back, _)) => Turn::After(back.saturating_sub(now)),
            None => Turn::Unknown,
        }
    }

    fn give_back(&self, rest: Duration) {
        let back = self.clock.monotonic().saturating_add(rest);
        {
            let mut state = self.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            *state.resting.entry(back).or_insert(0) += 1;
        }
        self.changed.notify_one();
    }
}

impl State {
    fn forget_old_calls(&mut self, now: Duration) {
        while self
            .taken
            .front()
            .is_some_and(|at| now.saturating_sub(*at) >= MINUTE)
        {
            self.taken.pop_front();
        }
    }
}

/// The right to send one request. Dropped without a word, it counts as a call whose answer never came, so it must be
/// dropped only after the request's connection was closed.
#[must_use = "a dropped permit counts as a call without an answer"]
pub struct Permit {
    shared: Arc<Shared>,
    rest: Duration,
}

impl Permit {
    /// The answer arrived, whole: the permit comes back in one second.
    pub fn answered(mut self) {
        self.rest = REST_ANSWERED;
    }

    /// Not a byte of the request was sent: the permit comes back in one second, so that failures keep a pace too.
    pub fn not_sent(mut self) {
        self.rest = REST_ANSWERED;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.give_back(self.rest);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

#[cfg(test)]
mod tests;
