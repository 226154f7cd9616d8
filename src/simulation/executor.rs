//! Runs a future until it needs time to pass, and then lets it pass; or drops it, as a crash does.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::task::coop::unconstrained;

use crate::clock::VirtualClock;
use crate::store::{Store, StoreError};

/// While this is shut, the database answers nothing. A call that is answered at once would otherwise get ahead of what
/// runs beside it, and one that is answered a moment later would not: which of the two is the operating system's whim,
/// and a seed must replay.
#[derive(Debug, Default)]
pub(super) struct DatabaseGate(Arc<AtomicBool>);

impl DatabaseGate {
    /// Puts it before this database.
    pub(super) async fn guard(&self, store: &Store) -> Result<(), StoreError> {
        store.stand_still_while(Arc::clone(&self.0)).await
    }

    /// Shuts it for as long as this lives.
    pub(super) fn shut(&self) -> Shut {
        self.0.store(true, Ordering::Release);
        Shut(Arc::clone(&self.0))
    }
}

/// The database answers nothing while this lives.
pub(super) struct Shut(Arc<AtomicBool>);

impl Shut {
    /// Lets the database work until something is woken by it.
    pub(super) fn open_until(&self, woken: &AtomicBool) {
        self.0.store(false, Ordering::Release);
        wait_until(woken);
        self.0.store(true, Ordering::Release);
    }
}

/// Without sleeping: to be woken costs more than all that a statement does.
fn wait_until(woken: &AtomicBool) {
    while !woken.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// How a future ended.
#[derive(Debug)]
pub(super) enum Outcome<T> {
    /// By itself.
    Done(T),
    /// Dropped at the poll that was asked for.
    Crashed,
    /// It waits, and nothing will ever wake it.
    Stuck,
}

/// Remembers that somebody was woken.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs `future` on this thread. While the store works (on a thread of its own), or a file system or a command does, time
/// stands still and their answer is waited for; once the future only waits for time, the clock moves to the next moment that somebody sleeps until.
///
/// With `crash_at`, the future is dropped at that point, counted over calls to the store and moves of the clock: those
/// are all that anything here ever awaits. Polls are not counted: how many a call takes is the operating system's whim.
pub(super) fn execute<F: Future>(
    clock: &VirtualClock,
    store: &Store,
    gate: &DatabaseGate,
    crash_at: Option<u64>,
    future: F,
) -> Outcome<F::Output> {
    // Tokio makes a task step aside after so many steps, counted from when its thread was last woken: that is a whim, too.
    let mut future = pin!(unconstrained(future));
    let shut = gate.shut();
    let began = store.calls_begun();
    let mut moves: u64 = 0;
    loop {
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Outcome::Done(value);
        }
        let points = store.calls_begun() - began + moves;
        if crash_at.is_some_and(|at| points >= at) {
            return Outcome::Crashed;
        }
        if flag.0.load(Ordering::Acquire) {
            continue;
        }
        if store.is_working() {
            shut.open_until(&flag.0);
        } else if clock.is_held() {
            wait_until(&flag.0);
        } else if clock.advance_to_next() {
            moves += 1;
        } else {
            return Outcome::Stuck;
        }
    }
}
