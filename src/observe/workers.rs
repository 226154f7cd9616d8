//! Whether every thread of the runtime still turns.
//!
//! A thread that waits in a call of the operating system (a pipe, a disk) takes its tasks with it, while the others and
//! the daemon's own loop go on as if nothing was. The runtime counts, for each thread, when it falls asleep and how long
//! it has worked; where neither moves and it is not asleep, it hangs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};

/// A thread that has been in one and the same piece of work for this long hangs: pieces take milliseconds.
const HANGS: Duration = Duration::from_secs(30);

/// The threads of one runtime.
#[derive(Debug)]
pub struct Workers {
    metrics: RuntimeMetrics,
    seen: Mutex<Vec<Seen>>,
}

/// A thread's counts when they last moved, and when that was.
#[derive(Clone, Copy, Debug)]
struct Seen {
    counts: (u64, Duration),
    since: Duration,
}

impl Workers {
    /// Those of this runtime.
    pub fn of(runtime: &Handle) -> Self {
        Self {
            metrics: runtime.metrics(),
            seen: Mutex::default(),
        }
    }

    /// For how long one of them has hung by now, if one does.
    pub(super) fn hang(&self, now: Duration) -> Option<Duration> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let workers = self.metrics.num_workers();
        for worker in seen.len()..workers {
            seen.push(Seen {
                counts: self.counts(worker),
                since: now,
            });
        }
        let mut longest = Duration::ZERO;
        for (worker, seen) in seen.iter_mut().enumerate().take(workers) {
            let counts = self.counts(worker);
            // An odd number of times: it sleeps.
            if counts != seen.counts || counts.0 % 2 == 1 {
                *seen = Seen { counts, since: now };
            }
            longest = longest.max(now.saturating_sub(seen.since));
        }
        (longest >= HANGS).then_some(longest)
    }

    fn counts(&self, worker: usize) -> (u64, Duration) {
        (
            self.metrics.worker_park_unpark_count(worker),
            self.metrics.worker_total_busy_duration(worker),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, SystemClock};
    use std::sync::mpsc;

    #[test]
    fn a_thread_that_is_held_hangs_while_the_others_go_on() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let workers = Workers::of(runtime.handle());
        let turn = || {
            for _ in 0..20 {
                runtime.block_on(async { tokio::spawn(async {}).await.unwrap() });
            }
        };
        turn();
        assert_eq!(workers.hang(Duration::ZERO), None);
        let (release, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let installed = runtime.spawn(async move {
            tell.send(()).unwrap();
            wait.recv().ok();
        });
        told.recv().unwrap();
        assert_eq!(workers.hang(Duration::from_secs(1)), None);
        turn();
        let hang = workers.hang(Duration::from_secs(1) + HANGS);
        assert!(hang.is_some_and(|time| time >= HANGS), "{hang:?}");
        drop(release);
        runtime.block_on(installed).unwrap();
        // A thread counts what it did when it next falls asleep, which can be after whoever waited for it was woken.
        let clock = SystemClock::new();
        while workers.hang(Duration::from_secs(2) + HANGS).is_some()
            && clock.monotonic() < Duration::from_secs(60)
        {
            turn();
        }
        assert_eq!(workers.hang(Duration::from_secs(2) + HANGS), None);
    }
}
