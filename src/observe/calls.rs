//! The calls to the API, counted: outcomes, durations, and the rate of the last minutes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::tencent::{Call, Observer};

/// The table of outcomes grows no further: codes come from outside.
const MOST_OUTCOMES: usize = 512;

/// Upper bounds of the durations that are told apart, in seconds.
pub const BOUNDS: [f64; 6] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// One bar of the chart is this long.
pub const SLICE: Duration = Duration::from_secs(15);

/// As many bars as the chart has: ten minutes.
pub const SLICES: usize = 40;

/// Counts calls since the process began. One a process; every client tells it.
pub struct Calls {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outcomes: BTreeMap<(&'static str, String), u64>,
    durations: BTreeMap<&'static str, Durations>,
    throttled: u64,
    /// Which slice since the clock's beginning, and how many calls ended in it; the oldest first.
    slices: VecDeque<(u64, u32)>,
}

/// How long the calls of one action took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Durations {
    /// How many took no longer than each of [`BOUNDS`] and longer than the one before.
    pub buckets: [u64; BOUNDS.len()],
    /// All of them, those above the last bound too.
    pub count: u64,
    /// Together, in seconds.
    pub sum: f64,
}

/// What was counted so far.
#[derive(Clone, Debug, Default)]
pub struct CallCounts {
    /// How often each action had each outcome.
    pub outcomes: Vec<(&'static str, String, u64)>,
    /// How long the calls of each action took.
    pub durations: Vec<(&'static str, Durations)>,
    /// Calls that the service refused since there were too many.
    pub throttled: u64,
    /// Calls in each of the last [`SLICES`] slices, the oldest first.
    pub slices: Vec<u32>,
}

impl Calls {
    /// Nothing counted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> CallCounts {
        let now = self.slice();
        let state = self.lock();
        let slices = (0..SLICES as u64)
            .rev()
            .map(|back| {
                let wanted = now.checked_sub(back);
                let found = state
                    .slices
                    .iter()
                    .find(|(slice, _)| Some(*slice) == wanted);
                found.map_or(0, |(_, count)| *count)
            })
            .collect();
        CallCounts {
            outcomes: state
                .outcomes
                .iter()
                .map(|((action, code), count)| (*action, code.clone(), *count))
                .collect(),
            durations: state
                .durations
                .iter()
                .map(|(action, durations)| (*action, *durations))
                .collect(),
            throttled: state.throttled,
            slices,
        }
    }

    fn slice(&self) -> u64 {
        self.clock.monotonic().as_secs() / SLICE.as_secs()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Only numbers, whole at any moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Calls {
    fn called(&self, call: Call<'_>) {
        let slice = self.slice();
        let mut state = self.lock();
        let mut key = (call.action, call.code.to_owned());
        if state.outcomes.len() >= MOST_OUTCOMES && !state.outcomes.contains_key(&key) {
            key.1 = "other".to_owned();
        }
        *state.outcomes.entry(key).or_insert(0) += 1;
        if call.code.starts_with("RequestLimitExceeded") {
            state.throttled += 1;
        }
        let durations = state.durations.entry(call.action).or_default();
        let seconds = call.took.as_secs_f64();
        durations.count += 1;
        durations.sum += seconds;
        if let Some(place) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            durations.buckets[place] += 1;
        }
        match state.slices.back_mut() {
            Some((newest, count)) if *newest == slice => *count += 1,
            _ => state.slices.push_back((slice, 1)),
        }
        while state.slices.len() > SLICES {
            state.slices.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use chrono::DateTime;

    fn call<'c>(code: &'c str, millis: u64) -> Call<'c> {
        Call {
            account: "default",
            action: "Probe",
            code,
            took: Duration::from_millis(millis),
        }
    }

    fn calls() -> (VirtualClock, Calls) {
        let clock = VirtualClock::new(DateTime::UNIX_EPOCH);
        (clock.clone(), Calls::new(Arc::new(clock)))
    }

    #[test]
    fn a_service_that_invents_codes_does_not_fill_the_memory() {
        let (_, calls) = calls();
        for n in 0..5_000 {
            calls.called(call(&format!("Code{n}"), 1));
        }
        calls.called(call("Code0", 1));
        let outcomes = calls.counts().outcomes;
        let of = |code: &str| {
            let found = outcomes.iter().find(|(_, known, _)| known == code);
            found.map(|(_, _, count)| *count)
        };
        assert!(outcomes.len() <= MOST_OUTCOMES + 1);
        assert_eq!(
            (of("Code0"), of("other")),
            (Some(2), Some(5_000 - MOST_OUTCOMES as u64))
        );
    }

    #[test]
    fn durations_fall_into_their_buckets_and_the_slowest_count_too() {
        let (_, calls) = calls();
        for millis in [50, 100, 101, 2_000, 31_000] {
            calls.called(call("ok", millis));
        }
        let durations = calls.counts().durations[0].1;
        assert_eq!(durations.buckets, [2, 1, 0, 1, 0, 0]);
        assert_eq!(durations.count, 5);
        assert!((durations.sum - 33.251).abs() < 1e-9);
    }

    #[test]
    fn the_chart_ends_now_and_shows_pauses_as_nothing() {
        let (clock, calls) = calls();
        calls.called(call("ok", 1));
        calls.called(call("RequestLimitExceeded", 1));
        clock.advance(SLICE * 3);
        calls.called(call("ok", 1));
        let counts = calls.counts();
        assert_eq!(counts.slices.len(), SLICES);
        assert_eq!(counts.slices[SLICES - 4..], [2, 0, 0, 1]);
        assert_eq!(counts.throttled, 1);
        clock.advance(SLICE * 100);
        assert_eq!(calls.counts().slices.iter().sum::<u32>(), 0);
    }
}
