//! What the engine works with: the record, the live folder, the clock, chance, and threads or none.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::clock::{Clock, SystemClock};
use crate::delivery::Live;
use crate::files::off_the_runtime;
use crate::store::Store;

/// Everything outside that the engine works with.
#[derive(Clone)]
pub struct Environment {
    /// The database, in which everything durable is recorded.
    pub store: Store,
    /// The live folder.
    pub live: Arc<Live>,
    /// Now, and waiting.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses and ids.
    pub rng: Arc<Rng>,
    /// What may run beside the caller.
    pub concurrency: Concurrency,
}

/// How long the disk may take over one certificate's files. What takes longer may still be done later; a repeat is safe.
const DISK_TIME: Duration = Duration::from_secs(60);

/// So many certificates' files are worked on at once, those that hang among them.
const DISK_AT_ONCE: usize = 64;

/// What may run beside the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// Threads and tasks: a slow disk, a command or a name server keeps nobody else waiting.
    Tasks,
    /// Nothing, for runs that must replay: the caller waits for the disk and for proofs, and nobody is looked up in the
    /// network.
    Nothing,
}

impl Concurrency {
    /// Does work on files of the state folder. The error says that it broke off, or that a file system does not answer.
    pub(super) async fn block<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        self.block_at(Path::new("certificates"), work).await
    }

    /// As [`Concurrency::block`], for work at this place: what hangs there keeps nobody else waiting.
    pub(super) async fn block_at<T: Send + 'static>(
        self,
        place: &Path,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        match self {
            Self::Tasks => {
                let clock = SystemClock::new();
                off_the_runtime(place, DISK_AT_ONCE, &clock, DISK_TIME, work)
                    .await
                    .map_err(|error| error.to_string())
            }
            Self::Nothing => Ok(work()),
        }
    }
}

/// Chance, from a seed where a run must replay.
#[derive(Debug)]
pub struct Rng(Mutex<StdRng>);

impl Rng {
    /// Rng that nobody can foresee.
    pub fn fair() -> Self {
        Self(Mutex::new(StdRng::from_rng(&mut rand::rng())))
    }

    /// Rng that fall the same way each time.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A number in `[0, 1)`.
    pub fn fraction(&self) -> f64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random::<f64>()
    }

    /// An id of eight characters of `[a-z0-9]`.
    pub fn id(&self) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (0..8)
            .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
            .collect()
    }
}
