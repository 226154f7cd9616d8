//! The daemon: scheduler, signals, edits of the config, systemd. Wiring only: nothing about certificates is decided here.
//!
//! One loop. It sleeps until something wakes it (the schedule, a tick, a signal, work that ended) and lets the worker look for
//! what is due. An edit of the config waits for the end of the pass under way, which is asked to end early.
//!
//! - `assemble`: the parts of a process, put together; `sandboxed`: with the stand-in inside;
//! - `worker`: runs what is due; `jobs`: orders, proofs, deliveries and messages, as it sees them;
//! - `schedule`: when the next scheduled check is; `heartbeat`: the sign of life;
//! - `watch`: whether the config's files changed; `reload`: takes an edit in, whole or not at all;
//! - `exposure`: the HTTP port and the file of metrics; `facts`: what they show;
//! - `systemd`: readiness, the watchdog, reloading.

pub mod assemble;
mod exposure;
mod facts;
mod heartbeat;
pub mod jobs;
mod reload;
#[cfg(feature = "sandbox")]
pub mod sandboxed;
mod schedule;
mod systemd;
mod watch;
pub mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch::Receiver;

use crate::clock::Clock;
use crate::engine::{Engine, Kind, Settings};
use crate::observe::{Event, Fact};
use crate::store::StoreError;
use assemble::{AssembleError, Assembled};
use exposure::Exposure;
use facts::Facts;
use heartbeat::Heartbeat;
use jobs::{Jobs, Notifications};
use reload::Edit;
use schedule::Checks;
use systemd::Systemd;
use watch::Watch;
pub use watch::{Reading, load};
use worker::Worker;

/// How long a stop waits for calls that change something and for commands of the operator's. What is ended then is found
/// again, or run again, after the next start.
const GRACE: Duration = Duration::from_secs(5);

/// How long a stop waits for everything else: for what is on its way to the disk. A reading call is dropped.
const MOMENT: Duration = Duration::from_millis(300);

/// How often a stop looks whether what it waits for is over.
const LOOK: Duration = Duration::from_millis(50);

/// How much longer than for those a stop waits for messages; they are sent again after the next start.
const MESSAGES_GRACE: Duration = Duration::from_secs(1);

/// How long a stop waits for the rest to be closed.
const LAST_GRACE: Duration = Duration::from_secs(3);

/// After a failure of the database, passes pause this long.
const BROKEN_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// What ends the daemon other than a signal.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// It could not be put together.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The record failed at start.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cron library refused to work.
    #[error("the scheduler failed: {0}; check [schedule] in the config")]
    Schedule(#[from] tokio_cron_scheduler::JobSchedulerError),
    /// Signals can't be caught.
    #[error("signals can't be caught: {0}")]
    Signals(#[from] std::io::Error),
}

/// Where a reload reads the config from, and how its files were when they were read; `None` where it can't change.
pub type ConfigSource = Option<(PathBuf, Reading)>;

/// Runs until a signal ends it.
///
/// # Errors
/// It can't start. Once it runs, failures are events, not ends.
pub async fn run(assembled: Assembled, source: ConfigSource) -> Result<(), DaemonError> {
    let mut daemon = Daemon::new(assembled, source).await?;
    daemon.ready().await;
    daemon.serve().await;
    Event::of(Fact::DaemonStopped).emit();
    Ok(())
}

struct Daemon {
    assembled: Assembled,
    /// Where a reload reads the config from.
    source: Option<PathBuf>,
    settings: Receiver<Arc<Settings>>,
    /// What tells that the config's files changed, where they can.
    watch: Option<Watch>,
    /// The last edit was refused.
    is_rejected: bool,
    clock: Arc<dyn Clock>,
    checks: Checks,
    jobs: Jobs,
    notifications: Arc<Notifications>,
    worker: Worker,
    exposure: Exposure,
    systemd: Systemd,
    signals: Signals,
    heartbeat: Heartbeat,
    /// When the next tick is, by the monotonic clock.
    next_tick: Duration,
    paused_until: Option<DateTime<Utc>>,
    /// A config that is put in force once the pass under way has ended.
    edit: Option<Edit>,
    /// Not before this, by the monotonic clock.
    edit_at: Duration,
    /// The config's files did not answer when they were read last.
    is_unanswered: bool,
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn catch() -> Result<Self, std::io::Error> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::Reload,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
        }
    }

    async fn stop(&mut self) {
        while self.next().await != Asked::Stop {}
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Reload,
    Stop,
}

impl Daemon {
    async fn new(assembled: Assembled, source: ConfigSource) -> Result<Self, DaemonError> {
        let signals = Signals::catch()?;
        let clock = Arc::clone(&assembled.clock);
        let settings = assembled.engine.settings();
        assembled.engine.sync_channels(&settings).await?;
        assembled.engine.end_left_problems(&settings).await?;
        let (source, watch) = source.map_or((None, None), |(path, reading)| {
            let watch = Watch::new(&path, reading);
            (Some(path), Some(watch))
        });
        let checks = Checks::new(&settings.config.schedule, Arc::clone(&clock)).await?;
        let jobs = Jobs::new(&assembled.engine, &clock);
        let notifications = Arc::new(Notifications::new(&assembled.engine, &clock));
        Ok(Self {
            checks,
            worker: jobs.worker_with(&notifications),
            jobs,
            notifications,
            exposure: Exposure::new(facts(&assembled), Arc::clone(&clock)),
            settings: assembled.engine.follow_settings(),
            systemd: Systemd::new(Arc::clone(&assembled.health), Arc::clone(&clock)),
            signals,
            heartbeat: Heartbeat::new(&*clock),
            next_tick: clock.monotonic(),
            paused_until: None,
            edit: None,
            edit_at: Duration::ZERO,
            is_unanswered: false,
            watch,
            is_rejected: false,
            clock,
            source,
            assembled,
        })
    }

    fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.assembled.engine)
    }

    async fn ready(&mut self) {
        let settings = self.assembled.engine.settings();
        self.follow_settings().await;
        Event::of(Fact::DaemonReady {
            certificates: settings.config.certificates.len(),
            state_dir: settings.config.state_dir.display().to_string().into(),
        })
        .emit();
        self.systemd.ready();
    }

    async fn serve(&mut self) {
        // A pass at once: what came due while nobody ran is late already.
        self.jobs.orders.check();
        loop {
            let pause = self.next_tick.saturating_sub(self.clock.monotonic());
            let tick = self.clock.sleep(pause);
            tokio::select! {
                asked = self.signals.next() => match asked {
                    Asked::Stop => break,
                    // With nothing to read again, it means that the terminal was closed.
                    Asked::Reload if self.source.is_none() => break,
                    Asked::Reload => self.reload().await,
                },
                ended = self.worker.progress() => self.ended(ended),
                () = self.checks.fired() => {}
                () = tick => self.tick().await,
            }
            self.adopt_once_idle().await;
            if self.settings.has_changed().unwrap_or(false) {
                self.follow_settings().await;
            }
        }
        self.stop().await;
    }

    async fn tick(&mut self) {
        self.next_tick = self.clock.monotonic() + heartbeat::TICK;
        let (engine, health) = (self.engine(), Arc::clone(&self.assembled.health));
        if self.worker.is_idle(Jobs::ORDERS) {
            health.turned();
            self.systemd.alive();
        } else {
            health.moved(engine.progress());
            self.systemd.alive_if_moved(engine.progress());
        }
        if self.heartbeat.beat(&engine, &*self.clock, &health).await {
            self.exposure.refresh();
        }
        if self.edit.is_none() && watch::is_edited(&mut self.watch, &*self.clock) {
            self.look_at_edit().await;
        }
        let now = self.clock.now();
        if self.is_paused(now) {
            return;
        }
        self.paused_until = None;
        if self.checks.due(now).await {
            self.jobs.check();
            self.worker.wake();
        }
        // Verbs ask by writing to the database.
        match engine.store().others_wrote().await {
            Ok(true) => self.worker.wake(),
            Ok(false) => {}
            Err(error) => return self.broken(&error),
        }
        self.worker.tick(now);
    }

    fn ended(&mut self, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            self.broken(&error);
        }
        let Some(passed) = self.jobs.orders.take_passed() else {
            return;
        };
        let (health, is_check) = (&self.assembled.health, passed.kind == Kind::Check);
        health.pass_ended(is_check, passed.took);
        if is_check {
            let jitter = self.assembled.engine.settings().config.schedule.jitter;
            health.scheduled(self.checks.next(), jitter);
        }
        if passed.is_whole {
            self.notifications.pass_was_good();
        }
        self.exposure.refresh();
    }

    /// What is under way is waited for, but not for long; a second signal ends that. What is ended begins again after the
    /// next start.
    async fn stop(&mut self) {
        self.systemd.stopping();
        Event::of(Fact::DaemonStopping).emit();
        let (engine, clock) = (self.engine(), Arc::clone(&self.clock));
        engine.yield_soon(true);
        self.worker.stop();
        let work = self
            .worker
            .finish(|job| job != Jobs::NOTIFICATIONS, grace(&engine, &*clock));
        let finished = tokio::select! {
            finished = work => finished,
            // Asked a second time: at once.
            () = self.signals.stop() => Ok(()),
        };
        if let Err(error) = finished {
            self.broken(&error);
        }
        let messages = self.worker.finish(|_| true, clock.sleep(MESSAGES_GRACE));
        if let Err(error) = messages.await {
            self.broken(&error);
        }
        let time = clock.sleep(LAST_GRACE);
        let rest = async {
            // What is given up may hold the connection to the database, which nobody else gets before it is gone.
            self.worker.end().await;
            self.checks.stop().await;
            self.exposure.end().await;
            engine.store().close().await;
        };
        tokio::select! {
            () = rest => {}
            // All that counts is on the disk; somebody outside holds the database, say.
            () = time => tracing::warn!("the database or the port could not be closed in time"),
        }
    }

    /// Whether passes pause after a failure of the database. A clock that was put back ends it.
    fn is_paused(&self, now: DateTime<Utc>) -> bool {
        let pauses = |until: DateTime<Utc>| until > now && until <= now + BROKEN_PAUSE;
        self.paused_until.is_some_and(pauses)
    }

    /// The record failed: said, and tried again after a pause. What has been ordered is found again.
    fn broken(&mut self, error: &StoreError) {
        let now = self.clock.now();
        self.assembled.health.database_failed(error.to_string());
        // Many may fail together: said once.
        if self.is_paused(now) {
            return;
        }
        self.paused_until = Some(now + BROKEN_PAUSE);
        let reason = error.to_string().into();
        Event::of(Fact::StoreFailed { reason }).emit();
    }

    /// Says what belongs to no certificate's change, and keeps it in the history, from which people are told.
    async fn note(&mut self, events: Vec<Event>) {
        self.worker.wake();
        if let Err(error) = self.engine().say(events).await {
            self.broken(&error);
        }
    }
}

/// Ends once a stop has waited long enough for what is under way.
async fn grace(engine: &Engine, clock: &dyn Clock) {
    let began = clock.monotonic();
    while engine.must_finish() && clock.monotonic().saturating_sub(began) < GRACE {
        clock.sleep(LOOK).await;
    }
    // An answer that came just now is written down.
    clock.sleep(MOMENT).await;
}

fn facts(assembled: &Assembled) -> Arc<Facts> {
    Arc::new(Facts::new(
        Arc::clone(&assembled.engine),
        Arc::clone(&assembled.clock),
        Arc::clone(&assembled.health),
        Arc::clone(&assembled.calls),
        Arc::clone(&assembled.limiter),
    ))
}
