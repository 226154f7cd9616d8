//! Lines on their way out, beside the work: a log that nobody reads must not hold what it tells of.
//!
//! A pipe or a journal that is full makes a write wait for its reader, for ever if that is gone for lunch. So lines wait in
//! memory and one thread writes them. Where too many wait, new ones are dropped and counted; the first line that can be
//! written after that is followed by one that says how many are missing (`log.dropped`).

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::observe::{Event, Fact};

/// How many bytes may wait. A line has some hundred; the start of a thousand certificates fits.
const MOST_BYTES: usize = 1024 * 1024;

/// What a line costs beside its text.
const OVERHEAD: usize = 128;

/// Lines that were dropped since the process began.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The queue of the process's log, once it is set up.
static OF_THE_PROCESS: OnceLock<Queue> = OnceLock::new();

/// How many lines of the log were dropped since the process began.
#[must_use]
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Writes one line.
type Write = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// A line that waits.
struct Line {
    bytes: usize,
    write: Write,
}

/// Where lines wait. Clones share it.
#[derive(Clone)]
pub(super) struct Queue {
    lines: Sender<Line>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    bytes: Mutex<usize>,
    less: Condvar,
}

impl Queue {
    /// A queue with its thread.
    ///
    /// # Errors
    /// The thread can't be started.
    pub(super) fn start() -> io::Result<Self> {
        let (lines, coming) = mpsc::channel();
        let waiting = Arc::new(Waiting::default());
        let written = Arc::clone(&waiting);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&coming, &written))?;
        Ok(Self { lines, waiting })
    }

    /// Makes it the one that [`flush`] and [`last_words`] go by.
    pub(super) fn for_the_process(&self) {
        if OF_THE_PROCESS.set(self.clone()).is_err() {
            tracing::debug!("the log was set up before");
        }
    }

    /// Takes a line of so many bytes; drops it where too many wait. Never waits.
    pub(super) fn add(
        &self,
        bytes: usize,
        write: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) {
        let bytes = bytes + OVERHEAD;
        {
            let mut waiting = self.waiting.lock();
            if *waiting + bytes > MOST_BYTES {
                DROPPED.fetch_add(1, Ordering::Relaxed);
                return;
            }
            *waiting += bytes;
        }
        let line = Line {
            bytes,
            write: Box::new(write),
        };
        if self.lines.send(line).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all is written, for so long at most.
    fn flush(&self, patience: Duration) {
        let clock = SystemClock::new();
        let mut waiting = self.waiting.lock();
        while *waiting > 0 {
            let left = patience.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return;
            }
            let woken = self.waiting.less.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, usize> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_all(coming: &Receiver<Line>, waiting: &Waiting) {
    let mut told = 0;
    while let Ok(line) = coming.recv() {
        let written = (line.write)();
        *waiting.lock() -= line.bytes;
        waiting.less.notify_all();
        if written.is_err() {
            // Nobody is left to tell, but the count.
            DROPPED.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let lost = dropped();
        if lost > told {
            let lines = lost - told;
            told = lost;
            Event::of(Fact::LogDropped { lines }).emit();
        }
    }
}

/// Waits until the log is written, for so long at most. To be called once, at the end.
pub fn flush(patience: Duration) {
    if let Some(queue) = OF_THE_PROCESS.get() {
        queue.flush(patience);
    }
}

/// Writes a line to standard error behind what waits there, as it is. False where the log does not go through a queue.
pub fn last_words(text: &str) -> bool {
    let Some(queue) = OF_THE_PROCESS.get() else {
        return false;
    };
    let line = format!("{text}\n");
    queue.add(line.len(), move || write_to_stderr(line.as_bytes()));
    true
}

/// Writes to standard error at once.
pub(super) fn write_to_stderr(bytes: &[u8]) -> io::Result<()> {
    use io::Write as _;
    io::stderr().lock().write_all(bytes)
}

/// A writer for `tracing_subscriber`: each line as a whole to standard error, through the queue.
#[derive(Clone)]
pub(super) struct Stderr(pub(super) Queue);

impl io::Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let bytes = line.to_vec();
        self.0.add(bytes.len(), move || write_to_stderr(&bytes));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_writes_a_line_never_waits_and_what_is_too_much_is_counted() {
        let (hold, installed) = mpsc::channel::<()>();
        let queue = Queue::start().unwrap();
        // The reader is away: the first line does not come to its end.
        queue.add(10, move || {
            installed.recv().unwrap_or_default();
            Ok(())
        });
        let written = Arc::new(AtomicU64::new(0));
        let before = dropped();
        for _ in 0..10 {
            let written = Arc::clone(&written);
            queue.add(MOST_BYTES / 5, move || {
                written.fetch_add(1, Ordering::Relaxed);
                Ok(())
            });
        }
        assert!(dropped() - before >= 6);
        queue.flush(Duration::from_millis(1));
        drop(hold);
        queue.flush(Duration::from_secs(20));
        assert_eq!(written.load(Ordering::Relaxed), 4);
    }
}
