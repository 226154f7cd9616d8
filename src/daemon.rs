//! The daemon: scheduler, signals, reload, systemd. Wiring only: nothing about certificates is decided here.
//!
//! One loop. It sleeps until something wakes it (the schedule, a due time, a request, a signal) and makes a pass. Passes
//! do not overlap: what comes during one waits for its end, and a reload or a stop asks it to end early.

pub mod assemble;
pub mod deliveries;
mod exposure;
mod facts;
mod heart;
mod pass;
mod reload;
#[cfg(feature = "sandbox")]
pub mod sandboxed;
mod schedule;
mod systemd;
mod teller;
mod watch;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::clock::Clock;
use crate::engine::{Engine, EngineError, Kind};
use crate::observe::event::{self, Event};
use assemble::{AssembleError, Assembled};
use deliveries::Deliveries;
use exposure::Exposure;
use facts::Facts;
use heart::Heart;
use schedule::Checks;
use systemd::Systemd;
use teller::Teller;
use watch::Watch;

/// How long a stop waits for calls that change something and for commands of the operator's. What is ended then is found
/// again, or run again, after the next start.
const GRACE: Duration = Duration::from_secs(5);

/// How long a stop waits for everything else: for what is on its way to the disk. A reading call is dropped.
const MOMENT: Duration = Duration::from_millis(300);

/// How often a stop looks whether what it waits for is over.
const LOOK: Duration = Duration::from_millis(50);

/// How much longer than for those a stop waits for messages; they are sent again after the next start.
const TELLER_GRACE: Duration = Duration::from_secs(1);

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
    Engine(#[from] EngineError),
    /// The cron library refused to work.
    #[error("the scheduler failed: {0}; check [schedule] in the config")]
    Schedule(#[from] tokio_cron_scheduler::JobSchedulerError),
    /// Signals can't be caught.
    #[error("signals can't be caught: {0}")]
    Signals(#[from] std::io::Error),
}

/// Where a reload reads the config from; `None` where it can't change.
pub type ConfigSource = Option<PathBuf>;

/// Runs until a signal ends it.
///
/// # Errors
/// It can't start. Once it runs, failures are events, not ends.
pub async fn run(assembled: Assembled, source: ConfigSource) -> Result<(), DaemonError> {
    let mut daemon = Daemon::new(assembled, source).await?;
    daemon.ready().await;
    daemon.serve().await;
    Event::new(event::DAEMON_STOPPED, "stopped".to_owned()).emit();
    Ok(())
}

struct Daemon {
    assembled: Assembled,
    source: ConfigSource,
    /// What tells that the config's files changed, where they can.
    watch: Option<Watch>,
    /// The last edit was refused.
    is_rejected: bool,
    clock: Arc<dyn Clock>,
    checks: Checks,
    deliveries: Deliveries,
    teller: Teller,
    exposure: Exposure,
    systemd: Systemd,
    signals: Signals,
    next_due: Option<DateTime<Utc>>,
    heart: Heart,
    paused_until: Option<DateTime<Utc>>,
    /// Somebody may have asked for something since nothing was found to be asked.
    is_asked: bool,
    /// When a stop was asked for, by the monotonic clock.
    stop_began: Cell<Option<Duration>>,
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

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.hangup.recv() => Order::Reload,
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
        }
    }
}

/// What a signal asks for, or an edit of the config's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Reload,
    Edited,
    Stop,
}

/// What woke the loop.
enum Wake {
    Signal(Order),
    /// A delivery came to its end.
    Delivered(Result<(), EngineError>),
    Tick,
}

impl Daemon {
    async fn new(assembled: Assembled, source: ConfigSource) -> Result<Self, DaemonError> {
        let signals = Signals::catch()?;
        let clock = Arc::clone(&assembled.clock);
        let settings = assembled.engine.settings();
        assembled.engine.sync_channels(&settings).await?;
        let secrets = settings.config.secret_files();
        let watch = source.as_deref().map(|path| {
            let mut watch = Watch::new(path);
            watch.follow(secrets);
            watch
        });
        let checks = Checks::new(&settings.config.schedule, Arc::clone(&clock)).await?;
        Ok(Self {
            checks,
            deliveries: Deliveries::new(Arc::clone(&assembled.engine)),
            teller: Teller::start(Arc::clone(&assembled.engine), Arc::clone(&clock)),
            exposure: Exposure::new(facts(&assembled), Arc::clone(&clock)),
            systemd: Systemd::new(Arc::clone(&assembled.vitals), Arc::clone(&clock)),
            signals,
            next_due: None,
            heart: Heart::new(&*clock),
            paused_until: None,
            is_asked: true,
            stop_began: Cell::new(None),
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
        self.exposure.apply(&settings.config.http).await;
        let count = settings.config.certificates.len();
        let words = if count == 1 {
            "certificate"
        } else {
            "certificates"
        };
        Event::new(
            event::DAEMON_READY,
            format!(
                "ready: {count} {words}, state in {}",
                settings.config.state_dir.display()
            ),
        )
        .emit();
        self.systemd.ready();
    }

    async fn serve(&mut self) {
        // A pass at once: what came due while nobody ran is late already.
        let mut pass = Some(Kind::Check);
        loop {
            if let Some(kind) = pass.take() {
                match self.pass(kind).await {
                    Some(Order::Stop) => break,
                    // It ended early, and what was due at a check still is.
                    Some(Order::Reload | Order::Edited) => {
                        pass = Some(Kind::Check);
                        continue;
                    }
                    None => {}
                }
            }
            match self.wake().await {
                Wake::Signal(Order::Stop) => {
                    self.stopping();
                    break;
                }
                Wake::Signal(Order::Reload | Order::Edited) => {
                    self.reload().await;
                    pass = Some(Kind::Check);
                }
                Wake::Delivered(outcome) => {
                    if let Err(error) = outcome {
                        self.broken(&error);
                    }
                }
                Wake::Tick => {
                    let engine = self.engine();
                    let vitals = Arc::clone(&self.assembled.vitals);
                    vitals.turned();
                    if self.heart.beat(&engine, &*self.clock, &vitals).await {
                        self.exposure.refresh();
                    }
                    self.systemd.alive();
                    if watch::is_edited(&mut self.watch, &*self.clock) && self.take_edit().await {
                        pass = Some(Kind::Check);
                        continue;
                    }
                    pass = self.wanted().await;
                    self.deliver(pass == Some(Kind::Check));
                }
            }
        }
        let engine = self.engine();
        self.teller.end_soon();
        let grace = self.grace();
        tokio::join!(self.end_deliveries(), engine.finish_proofs(grace));
        self.teller.stop(self.clock.sleep(TELLER_GRACE)).await;
        let time = self.clock.sleep(LAST_GRACE);
        let rest = async {
            self.checks.stop().await;
            self.exposure.end().await;
            self.assembled.engine.store().close().await;
        };
        tokio::select! {
            () = rest => {}
            // All that counts is on the disk; somebody outside holds the database, say.
            () = time => tracing::warn!("the database or the port could not be closed in time"),
        }
    }

    async fn wake(&mut self) -> Wake {
        let tick = self.clock.sleep(heart::TICK);
        tokio::select! {
            order = self.signals.next() => Wake::Signal(order),
            outcome = self.deliveries.progress() => Wake::Delivered(outcome),
            () = self.checks.fired() => Wake::Tick,
            () = tick => Wake::Tick,
        }
    }

    /// Which pass is wanted now.
    async fn wanted(&mut self) -> Option<Kind> {
        let now = self.clock.now();
        if self
            .paused_until
            .is_some_and(|until| until > now && until <= now + BROKEN_PAUSE)
        {
            return None;
        }
        self.paused_until = None;
        if self.checks.due(now).await {
            return Some(Kind::Check);
        }
        match self.asked().await {
            Ok(None) => {}
            Ok(kind) => return kind,
            Err(error) => self.broken(&error),
        }
        self.next_due
            .is_some_and(|due| due <= now)
            .then_some(Kind::InFlight)
    }

    /// Which pass is asked for. Verbs ask by writing to the database: where nobody else wrote, nobody asked.
    async fn asked(&mut self) -> Result<Option<Kind>, EngineError> {
        let engine = self.engine();
        if engine.store().others_wrote().await? {
            self.is_asked = true;
            self.deliveries.look_soon();
        }
        if !self.is_asked {
            return Ok(None);
        }
        if engine.request_waits().await? {
            return Ok(Some(Kind::Check));
        }
        // These concern no renewal, and must not begin one before its scheduled check.
        if engine.operator_request_waits().await? {
            return Ok(Some(Kind::InFlight));
        }
        self.is_asked = false;
        Ok(None)
    }

    /// Starts the deliveries that are due.
    fn deliver(&mut self, check: bool) {
        if self.paused_until.is_some() {
            return;
        }
        if check {
            self.deliveries.start_due(true);
        } else {
            self.deliveries.tick(self.clock.now());
        }
    }

    /// Commands under way are waited for, but not for long. What is ended begins again after the next start.
    async fn end_deliveries(&mut self) {
        self.assembled.engine.yield_soon(true);
        let mut time = self.grace();
        while !self.deliveries.is_idle() {
            tokio::select! {
                outcome = self.deliveries.progress() => {
                    if let Err(error) = outcome {
                        self.broken(&error);
                    }
                }
                () = &mut time => break,
            }
        }
        self.deliveries = Deliveries::new(self.engine());
    }

    /// Ends once a stop has waited long enough for what is under way.
    fn grace(&self) -> BoxFuture<'static, ()> {
        let (engine, clock) = (self.engine(), Arc::clone(&self.clock));
        // Counted once for all that is waited for.
        let began = self.stop_began.get().unwrap_or_else(|| clock.monotonic());
        Box::pin(async move {
            while engine.must_finish() && clock.monotonic().saturating_sub(began) < GRACE {
                clock.sleep(LOOK).await;
            }
            // An answer that came just now is written down.
            clock.sleep(MOMENT).await;
        })
    }

    async fn note_due(&mut self) {
        self.deliveries.look_soon();
        match self.assembled.engine.next_due().await {
            Ok(due) => self.next_due = due,
            Err(error) => self.broken(&error),
        }
    }

    /// The record failed: said, and tried again after a pause. What has been ordered is found again.
    fn broken(&mut self, error: &EngineError) {
        let now = self.clock.now();
        self.assembled.vitals.database_failed(error.to_string());
        self.paused_until = Some(now + BROKEN_PAUSE);
        self.next_due = Some(now + BROKEN_PAUSE);
        Event::new(
            event::STORE_FAILED,
            format!("{error}; trying again in 30 seconds"),
        )
        .emit();
    }

    fn stopping(&self) {
        self.stop_began.set(Some(self.clock.monotonic()));
        self.systemd.stopping();
        Event::new(
            event::DAEMON_STOPPING,
            "stopping: what is under way and can't be dropped is waited for".to_owned(),
        )
        .emit();
    }

    /// Says what belongs to no certificate's change, and keeps it in the history, from which people are told.
    async fn note(&mut self, events: Vec<Event>) {
        if let Err(error) = self.engine().say(events).await {
            self.broken(&error);
        }
    }
}

fn facts(assembled: &Assembled) -> Arc<Facts> {
    Arc::new(Facts::new(
        Arc::clone(&assembled.engine),
        Arc::clone(&assembled.clock),
        Arc::clone(&assembled.vitals),
        Arc::clone(&assembled.calls),
        Arc::clone(&assembled.limiter),
    ))
}
