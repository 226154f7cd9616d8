//! Telling people, beside everything else: a task of its own that reads the history on and starts what is due, and a
//! task for each channel that is at work. A channel that hangs keeps nobody waiting, least of all a renewal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::engine::{Engine, EngineError, Settings};
use crate::notification::Sender;
use crate::observe::event::{self, Event};

/// How often the history is read on.
const TICK: Duration = Duration::from_secs(1);

/// The dead man's switch is told at most this often.
const PINGS_APART: TimeDelta = TimeDelta::seconds(60);

/// What the daemon tells the teller.
#[derive(Clone, Copy, Debug, Default)]
struct Orders {
    /// Good passes so far.
    passes: u64,
    stop: bool,
}

/// The teller's handle. Dropping it ends the teller; what was not told is told after the next start.
pub(super) struct Teller {
    orders: watch::Sender<Orders>,
    task: JoinHandle<()>,
}

impl Teller {
    /// Starts it.
    pub(super) fn start(engine: Arc<Engine>, clock: Arc<dyn Clock>) -> Self {
        let (orders, given) = watch::channel(Orders::default());
        let work = Work {
            settings: engine.settings(),
            sender: None,
            busy: BTreeSet::new(),
            tasks: JoinSet::new(),
            passes: 0,
            pinged: None,
            pinging: false,
            engine,
            clock,
        };
        Self {
            orders,
            task: tokio::spawn(work.run(given)),
        }
    }

    /// A pass went well.
    pub(super) fn pass_was_good(&self) {
        self.orders.send_modify(|orders| orders.passes += 1);
    }

    /// Asks it to begin nothing new, and to end with what is under way.
    pub(super) fn end_soon(&self) {
        self.orders.send_modify(|orders| orders.stop = true);
    }

    /// Ends it: what is under way is waited for, but no longer than this.
    pub(super) async fn stop(&mut self, patience: impl Future<Output = ()>) {
        self.end_soon();
        tokio::select! {
            ended = &mut self.task => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "the teller broke off");
                }
            }
            () = patience => self.task.abort(),
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a task came to.
enum Ended {
    Told(String, Result<(), EngineError>),
    Pinged,
}

struct Work {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    settings: Arc<Settings>,
    /// `None` until the channels of the settings are in the database.
    sender: Option<Arc<Sender>>,
    busy: BTreeSet<String>,
    tasks: JoinSet<Ended>,
    passes: u64,
    pinged: Option<DateTime<Utc>>,
    pinging: bool,
}

impl Work {
    async fn run(mut self, given: watch::Receiver<Orders>) {
        loop {
            let orders = *given.borrow();
            if let Err(error) = self.turn(orders).await {
                // The daemon says so where it works with the database itself.
                tracing::debug!(%error, "nothing can be told while the database fails");
            }
            if orders.stop && self.tasks.is_empty() {
                return;
            }
            let tick = self.clock.sleep(TICK);
            tokio::pin!(tick);
            loop {
                tokio::select! {
                    Some(ended) = self.tasks.join_next() => {
                        self.ended(ended);
                        if orders.stop && self.tasks.is_empty() {
                            return;
                        }
                    }
                    () = &mut tick => break,
                }
            }
        }
    }

    /// Takes in what happened, and starts what is due.
    async fn turn(&mut self, orders: Orders) -> Result<(), EngineError> {
        let settings = self.engine.settings();
        if !Arc::ptr_eq(&settings, &self.settings) {
            self.settings = settings;
            self.sender = None;
        }
        let sender = match &self.sender {
            Some(sender) => Arc::clone(sender),
            None => {
                self.engine.sync_channels(&self.settings).await?;
                let proxy = self.settings.config.api.proxy.as_ref();
                let made = Arc::new(Sender::new(proxy, Arc::clone(&self.clock)));
                self.sender = Some(Arc::clone(&made));
                made
            }
        };
        self.ping(&sender, orders.passes);
        if self.settings.config.notifications.channels.is_empty() {
            return Ok(());
        }
        self.engine.take_in_history(&self.settings).await?;
        if orders.stop {
            return Ok(());
        }
        let settings = Arc::clone(&self.settings);
        for (notify, attempts) in self.engine.channels_due(&settings).await? {
            if !self.busy.insert(notify.name.clone()) {
                continue;
            }
            let (engine, settings) = (Arc::clone(&self.engine), Arc::clone(&settings));
            let sender = Arc::clone(&sender);
            self.tasks.spawn(async move {
                let outcome = engine
                    .tell_channel(&settings, &sender, &notify, attempts)
                    .await;
                Ended::Told(notify.name, outcome)
            });
        }
        Ok(())
    }

    /// Tells the dead man's switch of a good pass. Old ones are of no use: it is not tried again.
    fn ping(&mut self, sender: &Arc<Sender>, passes: u64) {
        let now = self.clock.now();
        let Some(dead_man) = self.settings.config.notifications.dead_man.clone() else {
            return;
        };
        let too_soon = self
            .pinged
            .is_some_and(|at| at <= now && now - at < PINGS_APART);
        if passes == self.passes || too_soon || self.pinging {
            return;
        }
        self.passes = passes;
        self.pinged = Some(now);
        if self.settings.config.pretend {
            let words = "would tell the dead man's switch of a good pass".to_owned();
            Event::new(event::NOTIFICATION_PRETENDED, words).emit();
            return;
        }
        self.pinging = true;
        let sender = Arc::clone(sender);
        self.tasks.spawn(async move {
            if let Err(error) = sender.ping(&dead_man).await {
                let words = format!("the dead man's switch was not told of a good pass: {error}");
                Event::new(event::NOTIFICATION_FAILED, words).emit();
            }
            Ended::Pinged
        });
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Pinged) => self.pinging = false,
            Ok(Ended::Told(name, outcome)) => {
                self.busy.remove(&name);
                if let Err(error) = outcome {
                    tracing::debug!(%error, name, "what a channel was told could not be recorded");
                }
            }
            Err(error) => {
                // A task that panicked does not say whose it was: all are let go, and begin again when they are due.
                Event::new(
                    event::TURN_BROKEN,
                    format!("telling a channel broke off: {error}"),
                )
                .emit();
                self.tasks = JoinSet::new();
                self.busy.clear();
                self.pinging = false;
            }
        }
    }
}
