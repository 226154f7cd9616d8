//! Work on files that may hang: a network file system or one in user space answers when it likes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;

use crate::clock::Clock;

/// Who is at work at which place, so that one that hangs takes no threads from the others.
static PLACES: Mutex<BTreeMap<PathBuf, Arc<Place>>> = Mutex::new(BTreeMap::new());

/// How long the next one waits at a place where work that was given up still hangs.
const WHERE_ONE_HANGS: Duration = Duration::from_secs(5);

/// A place where somebody is at work.
#[derive(Debug)]
struct Place {
    turns: Arc<Semaphore>,
    /// How many were given up, and have not ended.
    stuck: AtomicUsize,
}

/// The work did not come to its end.
#[derive(Debug, Error)]
pub enum Stuck {
    /// Its time was over; the thread is left to itself.
    #[error("the file system gave no answer within {} seconds", .0.as_secs())]
    Hangs(Duration),
    /// It broke off.
    #[error("it broke off: {0}")]
    Broke(#[from] tokio::task::JoinError),
}

/// Held by whoever waits for work on files. Once it is dropped, the work is given up.
#[derive(Debug, Default)]
pub struct Waiter(Arc<()>);

impl Waiter {
    /// What the work asks.
    #[must_use]
    pub fn awaited(&self) -> Awaited {
        Awaited(Arc::downgrade(&self.0))
    }
}

/// Tells work that may have hung whether anybody still waits for it. It asks before each change that others see: a disk
/// that answers an hour later must find nothing more done by whoever was given up then.
#[derive(Clone, Debug)]
pub struct Awaited(Weak<()>);

impl Awaited {
    /// Whether somebody does.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Does blocking work on a thread of its own, and waits for it no longer than `limit`; at a place where an earlier one
/// still hangs, no longer than a few seconds, so that many who share a queue don't each wait that long for a dead disk. At
/// one place no more than `at_once` threads are at work, those that hang among them: whoever comes then waits, and has
/// touched nothing where its time ends.
///
/// # Errors
/// See [`Stuck`]. What hangs may still be done later.
pub async fn off_the_runtime<T: Send + 'static>(
    place: &Path,
    at_once: usize,
    clock: &dyn Clock,
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stuck> {
    let place = known(place, at_once);
    let limit = match place.stuck.load(Ordering::Relaxed) {
        0 => limit,
        _ => limit.min(WHERE_ONE_HANGS),
    };
    let over = clock.limit(limit);
    tokio::pin!(over);
    // Never closed.
    let permit = tokio::select! {
        permit = Arc::clone(&place.turns).acquire_owned() => permit.ok(),
        () = &mut over => return Err(Stuck::Hangs(limit)),
    };
    let here = Arc::clone(&place);
    let mut worked = tokio::task::spawn_blocking(move || {
        let done = work();
        drop((permit, here));
        done
    });
    tokio::select! {
        done = &mut worked => Ok(done?),
        () = &mut over => {
            place.stuck.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                drop(worked.await);
                place.stuck.fetch_sub(1, Ordering::Relaxed);
            });
            Err(Stuck::Hangs(limit))
        }
    }
}

fn known(place: &Path, at_once: usize) -> Arc<Place> {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    // Places where nobody is at work are forgotten.
    places.retain(|_, place| Arc::strong_count(place) > 1);
    let known = places.entry(place.to_path_buf()).or_insert_with(|| {
        Arc::new(Place {
            turns: Arc::new(Semaphore::new(at_once)),
            stuck: AtomicUsize::new(0),
        })
    });
    Arc::clone(known)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn what_was_given_up_is_told_so_when_the_disk_answers_at_last() {
        let (disk, answers) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let waiter = Waiter::default();
        let awaited = waiter.awaited();
        assert!(awaited.is_awaited());
        let work = move || {
            answers.recv().unwrap();
            tell.send(awaited.is_awaited()).unwrap();
        };
        let clock = SystemClock::new();
        let limit = Duration::from_millis(50);
        let place = Path::new("aside-test");
        let given_up = off_the_runtime(place, 2, &clock, limit, work).await;
        assert!(matches!(given_up, Err(Stuck::Hangs(_))), "{given_up:?}");
        drop(waiter);
        assert_eq!(known(place, 2).stuck.load(Ordering::Relaxed), 1);
        // Others there still have their work done.
        let day = Duration::from_secs(86_400);
        let other = off_the_runtime(place, 2, &clock, day, || 7).await;
        assert_eq!(other.unwrap(), 7);
        disk.send(()).unwrap();
        let seen = tokio::task::spawn_blocking(move || told.recv().unwrap());
        assert!(!seen.await.unwrap());
    }
}
