//! What the last look at the live folders saw.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::delivery::Shown;
use crate::lifecycle::pause;
use crate::store::ToShow;

/// What can't be put right is looked at again after this long, doubled each time.
pub(super) const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// The longest of these pauses.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// What the last look saw.
#[derive(Default)]
pub(in crate::engine) struct Repairs(Mutex<Memory>);

#[derive(Default)]
pub(super) struct Memory {
    /// The names that were right, each at this glance.
    pub(super) right: HashMap<String, u64>,
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

    /// At which glance each of these was right.
    pub(super) fn glances(&self, some: &[ToShow]) -> Vec<Option<u64>> {
        let memory = self.memory();
        let glance = |one: &ToShow| memory.right.get(&one.domain).copied();
        some.iter().map(glance).collect()
    }

    pub(super) fn remember(&self, looked: &[Looked]) {
        let mut memory = self.memory();
        for Looked {
            to_show,
            glance,
            shown,
        } in looked
        {
            match (shown, glance) {
                (Shown::Right, Some(glance)) => {
                    memory.right.insert(to_show.domain.clone(), *glance);
                }
                _ => {
                    memory.right.remove(&to_show.domain);
                }
            }
        }
    }
}

/// What a name's live folder shows.
pub(super) struct Looked {
    pub(super) to_show: ToShow,
    pub(super) glance: Option<u64>,
    pub(super) shown: Shown,
}
