//! The one place where the lifecycle meets the world.
//!
//! - `settings`: the config in force, and a client for each account;
//! - `pass`: one look at every certificate that is due for something;
//! - `picture`: what an account's list shows;
//! - `turn`: one certificate's turn: plan, do, settle, record, until it rests;
//! - `order`: adopt before you apply; permit, then intent, then send; look up what was lost;
//! - `fetch`: poll, fetch, check, install;
//! - `prove`: proof of control: put up, seen, asked for, taken down;
//! - `deliver`: from installed to served, one certificate's targets at a time;
//! - `failure`: an API error as the lifecycle sees it, and what it holds back;
//! - `restored`: what a restored database must see before anything is ordered;
//! - `copied`: whether the state folder may be a copy of one that is at work elsewhere;
//! - `reconcile`: what a full picture says beyond single orders: duplicates, twins, slots;
//! - `alerts`: what the history says becomes what channels are told;
//! - `requests`: what operators ask for by changing verbs; `operations`: `pause`, `resume`, `account`; `probe`, `checks`:
//!   what `doctor` asks of an account and of a certificate's targets;
//! - `view`, `overview`: config beside record, for those who only look;
//! - `journal`: events, written with the change they belong to and logged after it.
//!
//! Invariants: nothing is decided here that the lifecycle can decide; every outcome is recorded before the next step;
//! no transaction is open across a call; a turn that fails takes no other turn with it. Dropping a pass at any await is
//! what a crash does, and as harmless.

mod alerts;
mod checks;
mod copied;
mod deliver;
mod failure;
mod fetch;
mod journal;
mod mend;
mod operations;
mod order;
mod overview;
mod pass;
mod picture;
mod probe;
mod prove;
mod reconcile;
mod requests;
mod restored;
mod settings;
mod turn;
mod view;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use thiserror::Error;

use crate::clock::{Clock, SystemClock};
use crate::delivery::Live;
use crate::files::off_the_runtime;
use crate::store::{Store, StoreError};

pub use alerts::host_name;
pub use copied::machine;
pub use deliver::{Coming, judge};
pub(crate) use overview::{detail, overview};
pub use pass::{Kind, Summary};
pub use prove::ProofWork;
pub use settings::{Settings, Taken, running_config};
pub(crate) use view::{Line, View, step_name};

/// Everything outside that the engine works with.
#[derive(Clone)]
pub struct Environment {
    /// The record.
    pub store: Store,
    /// The live folder.
    pub live: Arc<Live>,
    /// Now, and waiting.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub dice: Arc<Dice>,
    /// What may run beside the caller.
    pub beside: Beside,
}

/// How long the disk may take over one certificate's files. What takes longer may still be done later; a repeat is safe.
const DISK_TIME: Duration = Duration::from_secs(60);

/// So many certificates' files are worked on at once, those that hang among them.
const DISK_AT_ONCE: usize = 64;

/// What may run beside the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Threads and tasks: a slow disk, a command or a name server keeps nobody else waiting.
    Tasks,
    /// Nothing, for runs that must replay: the caller waits for the disk and for proofs, and nobody is looked up in the
    /// network.
    Nothing,
}

impl Beside {
    /// Does work on files of the state folder. The error says that it broke off, or that a file system does not answer.
    async fn block<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        self.block_at(Path::new("certificates"), work).await
    }

    /// As [`Beside::block`], for work at this place: what hangs there keeps nobody else waiting.
    async fn block_at<T: Send + 'static>(
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
pub struct Dice(Mutex<StdRng>);

impl Dice {
    /// Dice that nobody can foresee.
    pub fn fair() -> Self {
        Self(Mutex::new(StdRng::from_rng(&mut rand::rng())))
    }

    /// Dice that fall the same way each time.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A number in `[0, 1)`.
    pub fn roll(&self) -> f64 {
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

/// The engine. One a process; its passes do not overlap (the daemon sees to that).
pub struct Engine {
    environment: Environment,
    /// What every marker of this installation begins with: `ec-<installation>-`.
    prefix: String,
    settings: RwLock<Arc<Settings>>,
    progress: AtomicU64,
    yielding: AtomicBool,
    proofs: prove::Proofs,
    mender: mend::Mender,
    refusals: failure::Refusals,
    /// Accounts of names that a person asked about: the next pass lists them.
    asked: Mutex<BTreeSet<String>>,
    together: Arc<deliver::Together>,
}

/// What stops a pass as a whole: the record itself can't be kept.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The database failed. Nothing is ordered without a record of it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// An engine over an open store.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn new(environment: Environment, settings: Settings) -> Result<Self, EngineError> {
        let installation = environment.store.installation().await?;
        Ok(Self {
            environment,
            prefix: format!("ec-{installation}-"),
            settings: RwLock::new(Arc::new(settings)),
            progress: AtomicU64::new(0),
            yielding: AtomicBool::new(false),
            proofs: prove::Proofs::default(),
            mender: mend::Mender::default(),
            refusals: failure::Refusals::default(),
            asked: Mutex::default(),
            together: Arc::default(),
        })
    }

    /// The settings in force. A pass keeps those that it began with.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The store that the engine records in.
    pub fn store(&self) -> &Store {
        &self.environment.store
    }

    /// Grows with every step that is done: what a watchdog can go by.
    pub fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// Asks the pass under way to end early: no new steps; calls under way are waited for and their answers recorded.
    /// What was not looked at stays due.
    pub fn yield_soon(&self, wanted: bool) {
        self.yielding.store(wanted, Ordering::Relaxed);
    }

    /// Whether something is under way that a stop waits for: a call that changes something at the service, or a command of
    /// the operator's. Whatever else there is loses nothing where it is dropped.
    pub fn must_finish(&self) -> bool {
        let settings = self.settings();
        let mut clients = settings.clients();
        clients.any(|(_, client)| client.is_changing()) || crate::command::are_running()
    }

    fn lock_asked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_yielding(&self) -> bool {
        self.yielding.load(Ordering::Relaxed)
    }

    fn advance(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}
