//! Runs a future until it needs time to pass, and then lets it pass; or drops it, as a crash does.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::clock::VirtualClock;
use crate::store::Store;

/// How a future ended.
#[derive(Debug)]
pub(super) enum Driven<T> {
    /// By itself.
    Done(T),
    /// Dropped at the poll that was asked for.
    Crashed,
    /// It waits, and nothing will ever wake it.
    Stuck,
}

/// Wakes the outer task, and remembers that it did.
struct Flag {
    woken: AtomicBool,
    outer: Waker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.outer.wake_by_ref();
    }
}

/// Drives `future`. While the store works (on a thread of its own), time stands still and its answer is waited for; once
/// the future only waits for time, the clock moves to the next moment that somebody sleeps until.
///
/// With `crash_at`, the future is dropped at that point, counted over calls to the store and moves of the clock: those
/// are all that anything here ever awaits. Polls are not counted: how many a call takes is the operating system's whim,
/// and a seed must replay.
pub(super) async fn drive<F: Future>(
    clock: &VirtualClock,
    store: &Store,
    crash_at: Option<u64>,
    future: F,
) -> Driven<F::Output> {
    let mut future = pin!(future);
    let began = store.calls_begun();
    let mut moves: u64 = 0;
    poll_fn(move |outer| {
        loop {
            let flag = Arc::new(Flag {
                woken: AtomicBool::new(false),
                outer: outer.waker().clone(),
            });
            let waker = Waker::from(Arc::clone(&flag));
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(Driven::Done(value));
            }
            let points = store.calls_begun() - began + moves;
            if crash_at.is_some_and(|at| points >= at) {
                return Poll::Ready(Driven::Crashed);
            }
            if flag.woken.load(Ordering::Acquire) {
                continue;
            }
            if store.is_working() {
                return Poll::Pending;
            }
            if !clock.advance_to_next() {
                return Poll::Ready(Driven::Stuck);
            }
            moves += 1;
        }
    })
    .await
}
