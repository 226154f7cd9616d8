//! Deliveries under way, beside the passes: one at a time for each certificate, many certificates at once.
//!
//! Each is a task of its own. The store has one connection: a future that holds it must be polled on while others wait
//! for it, so nothing here may hang on the daemon's loop, nor the loop on anything here.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use crate::engine::{Coming, Engine, EngineError};
use crate::observe::event::{self, Event};

/// How many certificates are being delivered at once. Most of them wait: for a round of check and reload, for their turn
/// at a command, or for a place among those who do something, of which the engine has fewer.
const AT_ONCE: usize = 256;

/// After so many ticks without a look there is one: a clock that was put back makes every due time a far one.
const TICKS: u32 = 60;

/// What a task came to.
enum Ended {
    /// It looked for what is due, and when the next is.
    Looked(Result<(Vec<String>, Option<DateTime<Utc>>), EngineError>),
    /// It delivered this certificate.
    Delivered(String, Result<(), EngineError>),
}

/// Deliveries under way. Dropping it ends them; what they were at is done again.
pub struct Deliveries {
    engine: Arc<Engine>,
    tasks: JoinSet<Ended>,
    busy: BTreeSet<String>,
    looking: bool,
    /// Something may be due that the last look did not see.
    is_stale: bool,
    /// When the first is due, as far as the last look saw.
    next: Option<DateTime<Utc>>,
    /// Ticks since the last look.
    ticks: u32,
}

impl Deliveries {
    /// None under way.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            tasks: JoinSet::new(),
            busy: BTreeSet::new(),
            looking: false,
            is_stale: true,
            next: None,
            ticks: 0,
        }
    }

    /// Something may have become due: asked for, or installed.
    pub fn look_soon(&mut self) {
        self.is_stale = true;
    }

    /// As [`Deliveries::start_due`], where anything may be due. Costs nothing else.
    pub fn tick(&mut self, now: DateTime<Utc>) {
        self.ticks += 1;
        let is_due = self.next.is_some_and(|next| next <= now);
        if self.is_stale || is_due || self.ticks >= TICKS {
            self.start_due(false);
        }
    }

    /// Takes up what was asked for, and starts what is due; [`Deliveries::progress`] carries it on. With `check`, what
    /// is served is looked at also where nothing is new.
    pub fn start_due(&mut self, check: bool) {
        if self.looking {
            return;
        }
        self.looking = true;
        self.is_stale = false;
        self.ticks = 0;
        let engine = Arc::clone(&self.engine);
        let busy = self.busy.clone();
        self.tasks.spawn(async move {
            let look = async {
                engine
                    .take_delivery_requests(|domain| busy.contains(domain))
                    .await?;
                let due = engine.deliveries_due(check).await?;
                Ok((due, engine.next_delivery().await?))
            };
            Ended::Looked(look.await)
        });
    }

    /// Goes on with what is under way until a task ends; waits for ever where none is.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn progress(&mut self) -> Result<(), EngineError> {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(Ok(Ended::Looked(due))) => {
                self.looking = false;
                // What can't be read now is looked for again.
                self.is_stale |= due.is_err();
                let (due, next) = due?;
                self.next = next;
                // All are announced before the first begins: what is due together is checked and reloaded together.
                let free = AT_ONCE.saturating_sub(self.busy.len());
                let idle = due.into_iter().filter(|domain| !self.busy.contains(domain));
                let coming: Vec<(String, Coming)> = idle
                    .take(free)
                    .map(|domain| (domain.clone(), self.engine.coming(&domain)))
                    .collect();
                for (domain, coming) in coming {
                    self.start(domain, coming);
                }
            }
            Some(Ok(Ended::Delivered(domain, outcome))) => {
                self.busy.remove(&domain);
                self.is_stale = true;
                outcome?;
            }
            Some(Err(error)) => {
                // A task that panicked does not say whose it was: all are let go, and begin again when they are due.
                Event::new(event::TURN_BROKEN, format!("a delivery broke off: {error}")).emit();
                *self = Self::new(Arc::clone(&self.engine));
            }
        }
        Ok(())
    }

    /// Starts what is due, and goes on with it until the pause is over.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn work_for(&mut self, pause: impl Future<Output = ()>) -> Result<(), EngineError> {
        self.start_due(false);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                outcome = self.progress() => outcome?,
                () = &mut pause => return Ok(()),
            }
        }
    }

    fn start(&mut self, domain: String, coming: Coming) {
        self.busy.insert(domain.clone());
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move {
            let outcome = engine.deliver_coming(coming).await;
            Ended::Delivered(domain, outcome)
        });
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.busy.is_empty() && !self.looking
    }
}
