//! The sign of life: one line an interval, so that log monitoring can alarm on its absence.

use std::time::Duration;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::observe::health::Health;
use crate::observe::{Event, Fact};

/// How often requests, due times and the sign of life are looked at.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// How often the database is tried, also while there is nothing to write.
const TRY_EVERY: Duration = Duration::from_secs(60);

/// The fact that is written for that.
const FACT: &str = "alive";

/// When the next line and the next look at the database are due.
pub(super) struct Heartbeat {
    next: Duration,
    next_try: Duration,
}

impl Heartbeat {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self {
            next: clock.monotonic(),
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
        if clock.monotonic() < self.next {
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
            Ok::<_, crate::store::StoreError>((soonest, due))
        };
        // A database that fails is said where it is worked with; the daemon lives all the same.
        let (soonest, due) = read.await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the heartbeat goes without dates");
            (None, None)
        });
        Event::of(Fact::DaemonHeartbeat)
            .not_after(soonest)
            .days_left_until(soonest, now)
            .next_attempt(due)
            .emit();
        self.next = clock.monotonic() + engine.settings().config.schedule.heartbeat;
        true
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
