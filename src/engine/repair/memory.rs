//! When the live folders are looked at again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::delivery::Shown;
use crate::lifecycle::pause;
use crate::store::ToShow;

/// What can't be put right is looked at again after this long, doubled each time.
pub(super) const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// The longest of these pauses.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// What the last look left.
#[derive(Default)]
pub(in crate::engine) struct Repairs(Mutex<Memory>);

#[derive(Default)]
pub(super) struct Memory {
    /// Looks in a row that left something to put right.
    times: u32,
    /// When to look again because of that.
    pub(super) again_at: Option<DateTime<Utc>>,
}

impl Memory {
    /// Sets when to look again, where some could not be put right and others were not tried yet.
    pub(super) fn look_again(&mut self, now: DateTime<Utc>, failed: usize, skipped: usize) {
        if failed > 0 {
            self.times += 1;
            self.again_at = Some(now + pause::doubled(FIRST_PAUSE, self.times, LONGEST));
        } else {
            self.times = 0;
            self.again_at = (skipped > 0).then_some(now);
        }
    }
}

impl Repairs {
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks in the next pass, whatever its kind.
    pub(in crate::engine) fn look_soon(&self, now: DateTime<Utc>) {
        self.memory().again_at = Some(now);
    }

    /// When to look again before the next check.
    pub(in crate::engine) fn again_at(&self) -> Option<DateTime<Utc>> {
        self.memory().again_at
    }
}

/// What a name's live folder shows.
pub(super) struct Looked {
    pub(super) to_show: ToShow,
    /// How its files looked before they were read; `None` where they were not.
    pub(super) glance: Option<i64>,
    pub(super) shown: Shown,
}
