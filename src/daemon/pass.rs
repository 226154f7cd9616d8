//! A pass, and what the daemon listens to meanwhile.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Daemon, Order, watch};
use crate::engine::{Engine, EngineError, Kind};
use crate::observe::event::{self, Event};

impl Daemon {
    /// Makes a pass, and listens meanwhile. A reload or a stop ends it early: no new steps, answers that are under way
    /// are recorded. Returns what ended it.
    pub(super) async fn pass(&mut self, kind: Kind) -> Option<Order> {
        let engine = self.engine();
        let vitals = Arc::clone(&self.assembled.vitals);
        let began = self.clock.monotonic();
        let mut work = Box::pin(whole_pass(&engine, kind));
        let mut order = None;
        let mut give_up: BoxFuture<'_, ()> = Box::pin(std::future::pending());
        let outcome = loop {
            // All are polled together: there is one connection to the database, and a pass that holds it must go on while
            // the heartbeat waits for it.
            tokio::select! {
                outcome = &mut work => break Some(outcome),
                signal = self.signals.next() => {
                    if order == Some(Order::Stop) {
                        // Asked a second time: at once.
                        break None;
                    }
                    if signal == Order::Stop {
                        self.stopping();
                        give_up = self.grace();
                    }
                    order = Some(signal);
                    engine.yield_soon(true);
                }
                outcome = self.deliveries.progress() => {
                    if let Err(error) = outcome {
                        self.broken(&error);
                    }
                }
                beaten = self.heart.pulse(&engine, &*self.clock, &vitals) => {
                    vitals.moved(engine.progress());
                    if beaten {
                        self.exposure.refresh();
                    }
                    self.systemd.alive_if_moved(engine.progress());
                    if order.is_none() {
                        if self.paused_until.is_none() {
                            // What was installed just now is delivered while the pass goes on.
                            self.deliveries.start_due(false);
                        }
                        if watch::is_edited(&mut self.watch, &*self.clock) {
                            order = Some(Order::Edited);
                            engine.yield_soon(true);
                        }
                    }
                }
                () = &mut give_up => break None,
            }
        };
        // What was given up may hold the connection to the database, which nobody else gets before it is gone.
        drop(work);
        engine.yield_soon(order == Some(Order::Stop));
        match outcome {
            Some(Ok(passed)) => {
                if passed.is_whole {
                    self.teller.pass_was_good();
                }
                self.passed(passed.kind, self.clock.monotonic().saturating_sub(began));
            }
            None => {}
            Some(Err(error)) => self.broken(&error),
        }
        match order {
            Some(Order::Reload) => self.reload().await,
            Some(Order::Edited) => {
                self.take_edit().await;
            }
            Some(Order::Stop) | None => {}
        }
        if order != Some(Order::Stop) {
            self.note_due().await;
        }
        order
    }

    /// A pass ended: said to whoever looks.
    fn passed(&self, kind: Kind, took: Duration) {
        let vitals = &self.assembled.vitals;
        vitals.pass_ended(kind == Kind::Check, took);
        if kind == Kind::Check {
            let jitter = self.assembled.engine.settings().config.schedule.jitter;
            vitals.scheduled(self.checks.next(), jitter);
        }
        self.exposure.refresh();
    }
}

/// A pass that ended.
struct Passed {
    kind: Kind,
    /// No turn broke.
    is_whole: bool,
}

/// Requests are taken, the pass is made, and the requests are done.
async fn whole_pass(engine: &Engine, kind: Kind) -> Result<Passed, EngineError> {
    engine.take_operator_requests().await?;
    let requests = engine.take_requests().await?;
    let kind = if requests.is_empty() {
        kind
    } else {
        Kind::Check
    };
    Event::new(event::PASS_STARTED, "a pass begins").emit();
    let summary = engine.pass(kind).await?;
    engine.finish_requests(&requests).await?;
    // What is in flight is looked at often, and says itself what it comes to.
    let (said, words) = match (kind, summary.due) {
        (Kind::Check, due) if due > 0 => (
            event::PASS_FINISHED,
            format!("the check is over; certificates that were due: {due}"),
        ),
        _ => (event::PASS_IDLE, "the pass is over".to_owned()),
    };
    Event::new(said, words).emit();
    Ok(Passed {
        kind,
        is_whole: summary.broken == 0,
    })
}
