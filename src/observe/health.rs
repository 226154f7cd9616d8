//! The daemon's health: what it tells of itself, and what follows from that for `/healthz` and `/readyz`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::workers::Workers;
use crate::clock::Clock;

/// A scheduled check may be this late before the daemon counts as not ready.
const LATE: TimeDelta = TimeDelta::minutes(15);

/// What the daemon tells of itself. One a process.
pub struct Health {
    clock: Arc<dyn Clock>,
    /// Without a sign of life for this long, the daemon counts as hanging: what systemd's watchdog goes by.
    patience: Duration,
    /// The threads that all this runs on, where they are watched.
    workers: Option<Workers>,
    state: Mutex<State>,
}

struct State {
    turned: Duration,
    progress: u64,
    status: HealthStatus,
}

/// The daemon's health at one moment.
#[derive(Clone, Debug)]
pub struct HealthStatus {
    /// When the process began.
    pub started: DateTime<Utc>,
    /// Passes over everything that is due, and over what goes on by its own pace.
    pub passes: (u64, u64),
    /// The pass that ended last.
    pub last_pass: Option<LastPass>,
    /// When the last one ended that looked at everything.
    pub last_check: Option<DateTime<Utc>>,
    /// When the next scheduled check is.
    pub next_check: Option<DateTime<Utc>>,
    /// By when another check must have ended, for the picture to count as fresh.
    pub check_by: Option<DateTime<Utc>>,
    /// Whether the config was taken when it was last read.
    pub config_good: bool,
    /// When a config was last taken.
    pub config_at: DateTime<Utc>,
    /// What is wrong with the database, as long as something is.
    pub database: Option<String>,
    /// How often it failed.
    pub database_errors: u64,
}

/// The pass that ended last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastPass {
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// How long it took.
    pub took: Duration,
}

impl Health {
    /// Of a process that begins now, with a config that was just taken.
    pub fn new(clock: Arc<dyn Clock>, patience: Duration) -> Self {
        let now = clock.now();
        let status = HealthStatus {
            started: now,
            passes: (0, 0),
            last_pass: None,
            last_check: None,
            next_check: None,
            check_by: None,
            config_good: true,
            config_at: now,
            database: None,
            database_errors: 0,
        };
        Self {
            patience,
            workers: None,
            state: Mutex::new(State {
                turned: clock.monotonic(),
                progress: 0,
                status,
            }),
            clock,
        }
    }

    /// Counts as hanging also where one of these threads does, whatever the others do.
    #[must_use]
    pub fn watching(mut self, workers: Workers) -> Self {
        self.workers = Some(workers);
        self
    }

    /// For how long a thread of the process has hung, if one does.
    pub fn hang(&self) -> Option<Duration> {
        self.workers.as_ref()?.hang(self.clock.monotonic())
    }

    /// The daemon's loop turned.
    pub fn turned(&self) {
        self.lock().turned = self.clock.monotonic();
    }

    /// A pass is under way: a sign of life only if it got further.
    pub fn moved(&self, progress: u64) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        if std::mem::replace(&mut state.progress, progress) != progress {
            state.turned = now;
        }
    }

    /// A pass ended. `check` where it looked at everything that is due.
    pub fn pass_ended(&self, check: bool, took: Duration) {
        let ended = self.clock.now();
        let mut state = self.lock();
        state.turned = self.clock.monotonic();
        let status = &mut state.status;
        status.last_pass = Some(LastPass { ended, took });
        if check {
            status.passes.0 += 1;
            status.last_check = Some(ended);
        } else {
            status.passes.1 += 1;
        }
    }

    /// The next scheduled check, and how long it may be put off by the jitter.
    pub fn scheduled(&self, next: Option<DateTime<Utc>>, jitter: Duration) {
        let status = &mut self.lock().status;
        status.next_check = next;
        let jitter = TimeDelta::from_std(jitter).unwrap_or_default();
        // Of the check that was waited for when the last one ended; a tick that is armed meanwhile moves nothing.
        status.check_by = next.map(|next| next + jitter + LATE);
    }

    /// A config was read: taken, or rejected.
    pub fn config_read(&self, taken: bool) {
        let now = self.clock.now();
        let status = &mut self.lock().status;
        status.config_good = taken;
        if taken {
            status.config_at = now;
        }
    }

    /// The database failed.
    pub fn database_failed(&self, reason: String) {
        let status = &mut self.lock().status;
        status.database_errors += 1;
        status.database = Some(reason);
    }

    /// The database was written.
    pub fn database_works(&self) {
        self.lock().status.database = None;
    }

    /// Whether the loop has turned within its watchdog time, and every thread turns.
    pub fn is_alive(&self) -> bool {
        let now = self.clock.monotonic();
        let turns = now.saturating_sub(self.lock().turned) < self.patience;
        turns && self.hang().is_none()
    }

    /// All of it, as it is now.
    pub fn status(&self) -> HealthStatus {
        self.lock().status.clone()
    }

    /// What stands in the way of counting as ready; nothing where all is well.
    pub fn unready(&self) -> Vec<String> {
        let now = self.clock.now();
        let status = self.status();
        let mut reasons = Vec::new();
        if !self.is_alive() {
            reasons.push("the daemon hangs: nothing has moved for minutes; systemd restarts it, or do it yourself".to_owned());
        }
        if !status.config_good {
            reasons.push(
                "the config on the disk has mistakes; the one before is in force: run `evercert check`".to_owned(),
            );
        }
        match (status.last_check, status.check_by) {
            (None, _) => reasons.push("the first pass is not over yet".to_owned()),
            (Some(last), Some(by)) if now > by => reasons.push(format!(
                "no pass has looked at everything since {}, and one is overdue: look into the log",
                last.format("%Y-%m-%d %H:%M UTC")
            )),
            _ => {}
        }
        if let Some(reason) = &status.database {
            reasons.push(format!("the database can't be written: {reason}"));
        }
        reasons
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change above is whole; nothing in between can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    fn health() -> (VirtualClock, Health) {
        let clock = VirtualClock::new(DateTime::from_timestamp(1_770_000_000, 0).unwrap());
        let health = Health::new(Arc::new(clock.clone()), Duration::from_secs(300));
        (clock, health)
    }

    #[test]
    fn a_loop_that_turns_is_alive_and_one_that_hangs_is_not() {
        let (clock, health) = health();
        clock.advance(Duration::from_secs(299));
        assert!(health.is_alive());
        health.turned();
        clock.advance(Duration::from_secs(299));
        health.moved(1);
        clock.advance(Duration::from_secs(299));
        assert!(health.is_alive());
        health.moved(1);
        clock.advance(Duration::from_secs(1));
        assert!(!health.is_alive(), "a pass that gets no further hangs");
    }

    #[test]
    fn each_thing_that_is_wrong_is_said_and_goes_away_when_it_is_mended() {
        let (clock, health) = health();
        assert_eq!(health.unready(), ["the first pass is not over yet"]);
        health.pass_ended(false, Duration::ZERO);
        assert_eq!(health.unready().len(), 1, "it looked at a part only");
        health.pass_ended(true, Duration::from_secs(2));
        let next = clock.now() + TimeDelta::hours(1);
        health.scheduled(Some(next), Duration::from_secs(600));
        assert_eq!(health.unready(), Vec::<String>::new());

        health.config_read(false);
        health.database_failed("the disk is full".to_owned());
        let said = health.unready().join("\n");
        assert!(
            said.contains("evercert check") && said.contains("the disk is full"),
            "{said}"
        );
        health.config_read(true);
        health.database_works();
        assert_eq!(health.unready(), Vec::<String>::new());
        assert_eq!(health.status().database_errors, 1);

        clock.advance(Duration::from_secs(3_600 + 600 + 14 * 60));
        health.turned();
        assert_eq!(health.unready(), Vec::<String>::new());
        clock.advance(Duration::from_secs(2 * 60));
        assert!(health.unready()[0].contains("overdue"));
        health.pass_ended(true, Duration::ZERO);
        health.scheduled(Some(clock.now() + TimeDelta::hours(12)), Duration::ZERO);
        assert_eq!(health.unready(), Vec::<String>::new());
    }
}
