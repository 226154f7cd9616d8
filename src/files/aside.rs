//! Work on files that may hang: a network file system or one in user space answers when it likes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;

use crate::clock::Clock;

/// Who is at work at which place, so that one that hangs takes no threads from the others.
static PLACES: Mutex<BTreeMap<PathBuf, Arc<Semaphore>>> = Mutex::new(BTreeMap::new());

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

/// Does blocking work on a thread of its own, and waits for it no longer than `limit`. At one place no more than
/// `at_once` threads are at work, those that hang among them: whoever comes then waits, and has touched nothing where
/// its time ends.
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
    let done = async {
        // Never closed.
        let permit = turns_at(place, at_once).acquire_owned().await.ok();
        let worked = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        Ok(worked.await?)
    };
    tokio::select! {
        done = done => done,
        () = clock.sleep(limit) => Err(Stuck::Hangs(limit)),
    }
}

fn turns_at(place: &Path, at_once: usize) -> Arc<Semaphore> {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    // Places where nobody is at work are forgotten; a permit keeps its own.
    places.retain(|_, turns| Arc::strong_count(turns) > 1);
    let turns = places
        .entry(place.to_path_buf())
        .or_insert_with(|| Arc::new(Semaphore::new(at_once)));
    Arc::clone(turns)
}
