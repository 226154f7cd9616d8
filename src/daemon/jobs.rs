//! The daemon's four jobs: orders, proofs, deliveries, notifications. Each says what is due and how one piece of it is done;
//! [`super::worker`] does the rest.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::worker::{Due, Job, Task, Worker};
use crate::clock::Clock;
use crate::engine::{Engine, Kind, Settings};
use crate::notification::Sender;
use crate::observe::event::{Event, Fact, Untold};
use crate::store::StoreError;

/// How many proofs are at work at once.
const PROOFS_AT_ONCE: usize = 24;

/// How many certificates are being delivered at once. Most of them wait: for a round of check and reload, for their turn
/// at a command, or for a place among those who do something, of which the engine has fewer.
const DELIVERIES_AT_ONCE: usize = 256;

/// The dead man's switch is told at most this often.
const PINGS_APART: TimeDelta = TimeDelta::seconds(60);

/// The dead man's switch, as events name it.
const DEAD_MAN: &str = "the dead man's switch";

/// The only pass there is at a time.
const PASS: &str = "pass";

/// The jobs of a process.
pub struct Jobs {
    /// Passes.
    pub orders: Arc<Orders>,
    /// Deliveries.
    pub deliveries: Arc<Deliveries>,
    proofs: Arc<Proofs>,
}

impl Jobs {
    /// The name of the orders' job.
    pub const ORDERS: &str = "a pass";
    /// The name of the deliveries' job.
    pub const DELIVERIES: &str = "a delivery";
    /// The name of the notifications' job.
    pub const NOTIFICATIONS: &str = "a notification";

    /// The jobs of this engine.
    #[must_use]
    pub fn new(engine: &Arc<Engine>, clock: &Arc<dyn Clock>) -> Self {
        let deliveries = Arc::new(Deliveries {
            engine: Arc::clone(engine),
            check: AtomicBool::new(false),
        });
        Self {
            orders: Arc::new(Orders {
                engine: Arc::clone(engine),
                clock: Arc::clone(clock),
                deliveries: Arc::clone(&deliveries),
                check: AtomicBool::new(false),
                once_more: AtomicBool::new(false),
                is_held: AtomicBool::new(false),
                passed: Mutex::default(),
            }),
            proofs: Arc::new(Proofs {
                engine: Arc::clone(engine),
            }),
            deliveries,
        }
    }

    /// Has everything looked at that is due at a scheduled check.
    pub fn check(&self) {
        self.orders.check();
        self.deliveries.check();
    }

    /// A worker for orders, proofs and deliveries.
    #[must_use]
    pub fn worker(&self) -> Worker {
        Worker::new(self.list())
    }

    /// A worker for all of them.
    pub(super) fn worker_with(&self, notifications: &Arc<Notifications>) -> Worker {
        let mut list = self.list();
        list.push(Arc::clone(notifications) as Arc<dyn Job>);
        Worker::new(list)
    }

    fn list(&self) -> Vec<Arc<dyn Job>> {
        vec![
            Arc::clone(&self.orders) as Arc<dyn Job>,
            Arc::clone(&self.proofs) as Arc<dyn Job>,
            Arc::clone(&self.deliveries) as Arc<dyn Job>,
        ]
    }
}

/// Passes over the certificates that are due. There is one at a time, over all accounts.
pub struct Orders {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    deliveries: Arc<Deliveries>,
    /// The next pass looks at all that is due, not only at what goes on by its own pace.
    check: AtomicBool,
    /// A pass is wanted also where nothing is due.
    once_more: AtomicBool,
    /// No pass begins.
    is_held: AtomicBool,
    passed: Mutex<Option<Passed>>,
}

/// A pass that ended.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// What it looked at.
    pub kind: Kind,
    /// No turn broke on the database.
    pub is_whole: bool,
    /// How long it took.
    pub took: Duration,
}

impl Orders {
    /// The next pass is a check, and it is due now.
    pub fn check(&self) {
        self.check.store(true, Ordering::Relaxed);
    }

    /// There is one more pass now, whether anything is due or not.
    pub fn look_once_more(&self) {
        self.once_more.store(true, Ordering::Relaxed);
    }

    /// Lets no pass begin, or lets them begin again.
    pub fn hold(&self, wanted: bool) {
        self.is_held.store(wanted, Ordering::Relaxed);
    }

    /// The pass that ended since this was last asked.
    pub fn take_passed(&self) -> Option<Passed> {
        lock(&self.passed).take()
    }

    /// Takes what is asked for, makes the pass, and notes that what was asked for is done.
    async fn pass(&self) -> Result<(), StoreError> {
        let is_check = self.check.swap(false, Ordering::Relaxed);
        let mut unmade = Unmade {
            check: &self.check,
            is_check,
        };
        self.whole_pass(is_check).await?;
        unmade.is_check = false;
        Ok(())
    }

    async fn whole_pass(&self, is_check: bool) -> Result<(), StoreError> {
        let (engine, began) = (&self.engine, self.clock.monotonic());
        let wanted = match is_check {
            true => Kind::Check,
            false => Kind::InFlight,
        };
        let (requests, kind) = engine.take_requests(wanted).await?;
        Event::of(Fact::PassStarted).emit();
        let summary = engine.pass(kind).await?;
        engine.finish_requests(&requests).await?;
        // What is in flight is looked at often, and says itself what it comes to.
        Event::of(match (kind, summary.due) {
            (Kind::Check, due) if due > 0 => Fact::PassFinished { due },
            _ => Fact::PassIdle,
        })
        .emit();
        *lock(&self.passed) = Some(Passed {
            kind,
            is_whole: summary.broken == 0,
            took: self.clock.monotonic().saturating_sub(began),
        });
        Ok(())
    }

    async fn look(self: &Arc<Self>) -> Result<Due, StoreError> {
        if self.is_held.load(Ordering::Relaxed) {
            return Ok(Due::default());
        }
        let next = self.engine.next_due().await?;
        let asked = self.engine.requests_wait().await?;
        if asked == Some(Kind::Check) {
            self.deliveries.check();
        }
        let wanted = asked.is_some()
            || self.check.load(Ordering::Relaxed)
            || self.once_more.swap(false, Ordering::Relaxed)
            || next.is_some_and(|next| next <= self.clock.now());
        let mut due = Due {
            next,
            ..Due::default()
        };
        if wanted {
            let orders = Arc::clone(self);
            due.tasks.push(Task {
                key: PASS.to_owned(),
                work: Box::pin(async move { orders.pass().await }),
            });
        }
        Ok(due)
    }
}

impl Job for Orders {
    fn name(&self) -> &'static str {
        Jobs::ORDERS
    }

    fn at_once(&self) -> usize {
        1
    }

    fn due(self: Arc<Self>, _: BTreeSet<String>) -> BoxFuture<'static, Result<Due, StoreError>> {
        Box::pin(async move { self.look().await })
    }
}

/// A pass that is not over: what was due at a check that fails, or breaks off, still is.
struct Unmade<'a> {
    check: &'a AtomicBool,
    is_check: bool,
}

impl Drop for Unmade<'_> {
    fn drop(&mut self) {
        self.check.fetch_or(self.is_check, Ordering::Relaxed);
    }
}

/// Proofs of control, one task each.
struct Proofs {
    engine: Arc<Engine>,
}

impl Proofs {
    async fn look(&self, busy: &BTreeSet<String>) -> Result<Due, StoreError> {
        let work = self.engine.proofs_due().await?;
        let idle = work.into_iter().filter(|work| !busy.contains(work.key()));
        let tasks = idle.map(|work| Task {
            key: work.key().to_owned(),
            work: Box::pin(work.run()),
        });
        Ok(Due {
            tasks: tasks.collect(),
            next: self.engine.next_proof().await?,
        })
    }
}

impl Job for Proofs {
    fn name(&self) -> &'static str {
        "a proof"
    }

    fn at_once(&self) -> usize {
        PROOFS_AT_ONCE
    }

    fn due(self: Arc<Self>, busy: BTreeSet<String>) -> BoxFuture<'static, Result<Due, StoreError>> {
        Box::pin(async move { self.look(&busy).await })
    }
}

/// Deliveries: one task a certificate, many certificates at once.
pub struct Deliveries {
    engine: Arc<Engine>,
    /// The next look is also for what is served where nothing is new.
    check: AtomicBool,
}

impl Deliveries {
    /// What is served is looked at also where nothing is new.
    pub fn check(&self) {
        self.check.store(true, Ordering::Relaxed);
    }

    async fn look(&self, busy: &BTreeSet<String>) -> Result<Due, StoreError> {
        let engine = &self.engine;
        if engine.is_yielding() {
            // Nothing would be done.
            return Ok(Due::default());
        }
        engine
            .take_delivery_requests(|domain| busy.contains(domain))
            .await?;
        let check = self.check.load(Ordering::Relaxed);
        let due = engine.deliveries_due(check).await?;
        if check {
            self.check.store(false, Ordering::Relaxed);
        }
        let domains = due.domains.into_iter();
        let idle = domains.filter(|domain| !busy.contains(domain));
        // All are announced before the first begins: what is due together is checked and reloaded together.
        let tasks = idle
            .take(DELIVERIES_AT_ONCE.saturating_sub(busy.len()))
            .map(|domain| {
                let (engine, coming) = (Arc::clone(engine), engine.coming(&domain));
                let work = async move { engine.deliver(coming).await };
                Task {
                    key: domain,
                    work: Box::pin(work),
                }
            });
        Ok(Due {
            tasks: tasks.collect(),
            next: due.next,
        })
    }
}

impl Job for Deliveries {
    fn name(&self) -> &'static str {
        Jobs::DELIVERIES
    }

    fn at_once(&self) -> usize {
        DELIVERIES_AT_ONCE
    }

    fn due(self: Arc<Self>, busy: BTreeSet<String>) -> BoxFuture<'static, Result<Due, StoreError>> {
        Box::pin(async move { self.look(&busy).await })
    }
}

/// Messages to people: one task a channel, and one for the dead man's switch. A channel that hangs keeps nobody waiting.
pub(super) struct Notifications {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    /// Good passes so far.
    passes: AtomicU64,
    state: Mutex<Sending>,
}

#[derive(Default)]
struct Sending {
    /// With the settings that it was made for, once their channels are in the database.
    sender: Option<(Arc<Settings>, Arc<Sender>)>,
    /// Good passes that the dead man's switch was told of, and when.
    told_of: u64,
    pinged: Option<DateTime<Utc>>,
}

impl Notifications {
    pub(super) fn new(engine: &Arc<Engine>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            engine: Arc::clone(engine),
            clock: Arc::clone(clock),
            passes: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// A pass went well.
    pub(super) fn pass_was_good(&self) {
        self.passes.fetch_add(1, Ordering::Relaxed);
    }

    async fn look(&self) -> Result<Due, StoreError> {
        let settings = self.engine.settings();
        let sender = self.sender(&settings).await?;
        let mut due = Due::default();
        due.tasks.extend(self.ping(&settings, &sender));
        if settings.config.notifications.channels.is_empty() {
            return Ok(due);
        }
        self.engine.take_in_history(&settings).await?;
        let (channels, next) = self.engine.channels_due(&settings).await?;
        due.next = next;
        for (notify, attempts) in channels {
            let (engine, settings) = (Arc::clone(&self.engine), Arc::clone(&settings));
            let sender = Arc::clone(&sender);
            due.tasks.push(Task {
                key: format!("channel {}", notify.name),
                work: Box::pin(async move {
                    engine
                        .tell_channel(&settings, &sender, &notify, attempts)
                        .await
                }),
            });
        }
        Ok(due)
    }

    /// The sender of these settings, made when they are new.
    async fn sender(&self, settings: &Arc<Settings>) -> Result<Arc<Sender>, StoreError> {
        if let Some((of, sender)) = &lock(&self.state).sender
            && Arc::ptr_eq(of, settings)
        {
            return Ok(Arc::clone(sender));
        }
        self.engine.sync_channels(settings).await?;
        let proxy = settings.config.api.proxy.as_ref();
        let made = Arc::new(Sender::new(proxy, Arc::clone(&self.clock)));
        lock(&self.state).sender = Some((Arc::clone(settings), Arc::clone(&made)));
        Ok(made)
    }

    /// Tells the dead man's switch of a good pass. Old ones are of no use: it is not tried again.
    fn ping(&self, settings: &Settings, sender: &Arc<Sender>) -> Option<Task> {
        let dead_man = settings.config.notifications.dead_man.clone()?;
        let (now, passes) = (self.clock.now(), self.passes.load(Ordering::Relaxed));
        let mut state = lock(&self.state);
        let too_soon = |at: DateTime<Utc>| at <= now && now - at < PINGS_APART;
        if passes == state.told_of || state.pinged.is_some_and(too_soon) {
            return None;
        }
        state.told_of = passes;
        state.pinged = Some(now);
        drop(state);
        if settings.config.pretend {
            Event::of(Fact::NotificationPretended {
                channel: DEAD_MAN.into(),
                text: None,
            })
            .emit();
            return None;
        }
        let sender = Arc::clone(sender);
        let work = async move {
            if let Err(error) = sender.ping(&dead_man).await {
                Event::of(Fact::NotificationFailed {
                    channel: DEAD_MAN.into(),
                    what: Untold::GoodPass,
                    reason: error.to_string().into(),
                })
                .emit();
            }
            Ok(())
        };
        Some(Task {
            key: DEAD_MAN.to_owned(),
            work: Box::pin(work),
        })
    }
}

impl Job for Notifications {
    fn name(&self) -> &'static str {
        Jobs::NOTIFICATIONS
    }

    fn at_once(&self) -> usize {
        // The config bounds the channels.
        usize::MAX
    }

    fn due(self: Arc<Self>, _: BTreeSet<String>) -> BoxFuture<'static, Result<Due, StoreError>> {
        Box::pin(async move { self.look().await })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
