//! The sign of life: one line an interval, so that log monitoring can alarm on its absence.

use std::time::Duration;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::observe::event::Counts;
use crate::observe::health::Health;
use crate::observe::{Event, Fact};

/// How often requests, due times and the sign of life are looked at.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// How often the database is tried, also while there is nothing to write.
const TRY_EVERY: Duration = Duration::from_secs(60);

/// The fact that is written for that.
const FACT: &str = "alive";

/// When the last line was said, and when the next look at the database is due.
pub(super) struct Heartbeat {
    said: Option<Duration>,
    next_try: Duration,
}

impl Heartbeat {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self {
            said: None,
            next_try: clock.monotonic(),
        }
    }

    /// Says the line if it is due, with the worst days left and the next due time; true if it was. Tries the database
    /// now and then.
    pub(super) async fn beat(
        &mut self,
        engine: &Engine,
        clock: &dyn Clock,
        health: &Health,
    ) -> bool {
        crate::command::reap();
        self.try_database(engine, clock, health).await;
        let interval = engine.settings().config.schedule.heartbeat;
        if !self.is_due(clock.monotonic(), interval) {
            return false;
        }
        let now = clock.now();
        // A pause is said until it is over.
        if let Err(error) = engine.say_paused().await {
            tracing::debug!(%error, "the heartbeat goes without what is paused");
        }
        let read = async {
            let soonest = engine.store().soonest_end().await?;
            let due = engine.store().next_due(true).await?;
            let counts = engine.counts(now).await?;
            Ok::<_, crate::store::StoreError>((soonest, due, counts))
        };
        // A database that fails is said where it is worked with; the daemon lives all the same.
        let (soonest, due, counts) = read.await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the heartbeat goes without dates");
            (None, None, Counts::default())
        });
        Event::of(Fact::DaemonHeartbeat { counts })
            .not_after(soonest)
            .days_left_until(soonest, now)
            .next_attempt(due)
            .emit();
        self.said = Some(clock.monotonic());
        true
    }

    /// Whether the line is to be said, by the interval that is in force now: a shorter one acts at once.
    fn is_due(&self, now: Duration, interval: Duration) -> bool {
        self.said
            .is_none_or(|said| now.saturating_sub(said) >= interval)
    }

    /// A daemon with nothing to do would notice a full disk only when an order depends on it.
    async fn try_database(&mut self, engine: &Engine, clock: &dyn Clock, health: &Health) {
        if clock.monotonic() < self.next_try {
            return;
        }
        let now = clock.now().to_rfc3339();
        match engine.store().set_fact(FACT, &now).await {
            Ok(()) => health.database_works(),
            Err(error) => health.database_failed(error.to_string()),
        }
        self.next_try = clock.monotonic() + TRY_EVERY;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_interval_acts_at_once_and_a_longer_one_too() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let mut heartbeat = Heartbeat {
            said: None,
            next_try: Duration::ZERO,
        };
        assert!(
            heartbeat.is_due(minutes(0), minutes(60)),
            "the first is at the start"
        );
        heartbeat.said = Some(minutes(0));
        assert!(!heartbeat.is_due(minutes(5), minutes(60)));
        assert!(heartbeat.is_due(minutes(5), minutes(1)));
        assert!(!heartbeat.is_due(minutes(5), minutes(60)));
    }
}
