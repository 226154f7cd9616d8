//! When the next scheduled check is.
//!
//! tokio-cron-scheduler only wakes. It freezes the offset from UTC when a job is made and counts on the wall clock, so
//! the job is made anew when the offset or the clock jumps, and a comparison of our own catches a tick that it missed.
//! A check that is due twice is made once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Local, Offset, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Cron, Schedule};

/// The wall clock may run this much apart from the monotonic one before the job is made anew.
const JUMP: TimeDelta = TimeDelta::seconds(30);

/// A tick that is this late is one that the scheduler missed.
const MISSED: TimeDelta = TimeDelta::seconds(90);

/// How often clock and offset are compared.
const LOOK: Duration = Duration::from_secs(60);

/// The scheduled checks.
pub(super) struct Checks {
    scheduler: JobScheduler,
    job: Uuid,
    cron: Cron,
    jitter: Duration,
    fired: Arc<Notify>,
    clock: Arc<dyn Clock>,
    /// The tick that is waited for.
    next: Option<DateTime<Utc>>,
    /// A tick came; the check is made then.
    check_at: Option<DateTime<Utc>>,
    offset: i32,
    wall: DateTime<Utc>,
    looked: Duration,
}

impl Checks {
    pub(super) async fn new(
        schedule: &Schedule,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JobSchedulerError> {
        let fired = Arc::new(Notify::new());
        let scheduler = JobScheduler::new().await?;
        let job = scheduler.add(job(&schedule.check, &fired)?).await?;
        scheduler.start().await?;
        let now = clock.now();
        Ok(Self {
            scheduler,
            job,
            next: schedule.check.next_after(now),
            cron: schedule.check.clone(),
            jitter: schedule.jitter,
            fired,
            check_at: None,
            offset: offset(now),
            wall: now,
            looked: clock.monotonic(),
            clock,
        })
    }

    /// Waits for the next tick of the schedule.
    pub(super) async fn fired(&mut self) {
        self.fired.notified().await;
        let now = self.clock.now();
        self.arm(now);
    }

    /// Whether the check is to be made now; if so, it counts as made.
    pub(super) async fn due(&mut self, now: DateTime<Utc>) -> bool {
        self.catch_up(now).await;
        if self.check_at.is_some_and(|at| at <= now) {
            self.check_at = None;
            return true;
        }
        false
    }

    /// The tick that is waited for.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        self.next
    }

    /// Goes by this schedule. Where the scheduler takes no other job, [`Checks::due`] still sees what is due.
    pub(super) async fn follow(&mut self, schedule: &Schedule) {
        self.jitter = schedule.jitter;
        if schedule.check != self.cron {
            self.cron = schedule.check.clone();
            self.set_job(self.clock.now()).await;
        }
    }

    pub(super) async fn stop(&mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler did not end by itself");
        }
    }

    /// A tick: the check is made within the jitter. One that waits already is not put off.
    fn arm(&mut self, now: DateTime<Utc>) {
        self.next = self.cron.next_after(now);
        if self.check_at.is_none() {
            let spread = self.jitter.mul_f64(rand::random::<f64>());
            self.check_at = Some(now + TimeDelta::from_std(spread).unwrap_or_default());
        }
    }

    /// Catches what the scheduler misses: a late tick, a jump of the clock, another offset.
    async fn catch_up(&mut self, now: DateTime<Utc>) {
        let monotonic = self.clock.monotonic();
        let elapsed = monotonic.saturating_sub(self.looked);
        if elapsed < LOOK {
            return;
        }
        let drift = (now - self.wall) - TimeDelta::from_std(elapsed).unwrap_or_default();
        self.looked = monotonic;
        self.wall = now;
        let jumped = drift.abs() > JUMP;
        if jumped || offset(now) != self.offset {
            self.offset = offset(now);
            // A jitter that was counted on the old clock would last as long as the jump.
            self.check_at = self.check_at.map(|_| now);
            // The new job waits for the tick after this one, which the old one may not have told of yet.
            let has_come = self.next.is_some_and(|next| next <= now);
            self.set_job(now).await;
            // What the jump passed over may be due.
            if drift > JUMP || has_come {
                self.arm(now);
            }
        }
        if self.next.is_some_and(|next| now - next > MISSED) {
            self.arm(now);
        }
    }

    async fn set_job(&mut self, now: DateTime<Utc>) {
        self.next = self.cron.next_after(now);
        if let Err(error) = self.renew_job().await {
            tracing::warn!(%error, "the schedule could not be set anew");
        }
    }

    async fn renew_job(&mut self) -> Result<(), JobSchedulerError> {
        let job = job(&self.cron, &self.fired)?;
        self.scheduler.remove(&self.job).await?;
        self.job = self.scheduler.add(job).await?;
        Ok(())
    }
}

fn job(cron: &Cron, fired: &Arc<Notify>) -> Result<Job, JobSchedulerError> {
    let fired = Arc::clone(fired);
    Job::new_async_tz(cron.as_str(), Local, move |_, _| {
        let fired = Arc::clone(&fired);
        Box::pin(async move { fired.notify_one() })
    })
}

/// Seconds east of UTC, here and now.
fn offset(now: DateTime<Utc>) -> i32 {
    now.with_timezone(&Local).offset().fix().local_minus_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    #[tokio::test]
    async fn a_tick_that_comes_as_the_clock_is_put_back_is_made() {
        let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = VirtualClock::new(noon - TimeDelta::seconds(50));
        let text = "[schedule]\ncheck = \"0 0 * * * *\"\njitter = \"0s\"\n[[certificates]]\ndomain = \"a.example\"\n";
        let schedule = crate::config::parse(text, None).unwrap().config.schedule;
        let mut checks = Checks::new(&schedule, Arc::new(clock.clone()))
            .await
            .unwrap();
        // A minute and a half later, forty seconds of which were taken back.
        clock.advance(Duration::from_secs(100));
        clock.jump(TimeDelta::seconds(-40));
        assert!(checks.due(clock.now()).await);
        assert!(!checks.due(clock.now()).await, "and once");
        checks.stop().await;
    }
}
