//! The engine itself: what it knows between passes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::deliver::Together;
use super::environment::Environment;
use super::fleet::FleetMemory;
use super::holds::Refusals;
use super::proof::Proofs;
use super::repair::Repairs;
use super::settings::Settings;
use super::skew::Skews;
use super::undeleted::Undeleted;
use crate::lifecycle::Ours;
use crate::store::{Store, StoreError};

/// The engine. One a process; its passes do not overlap (the daemon sees to that).
pub struct Engine {
    pub(super) environment: Environment,
    /// What every marker of this installation begins with outside of a fleet: `ec-<installation>-`.
    pub(super) prefix: String,
    installation: String,
    pub(super) settings: watch::Sender<Arc<Settings>>,
    progress: AtomicU64,
    yielding: AtomicBool,
    pub(super) proofs: Proofs,
    pub(super) repairs: Repairs,
    pub(super) refusals: Refusals,
    pub(super) skews: Skews,
    pub(super) fleet: FleetMemory,
    pub(super) undeleted: Undeleted,
    /// Accounts of names that a person asked about: the next pass lists them.
    pub(super) asked: Mutex<BTreeSet<String>>,
    pub(super) together: Arc<Together>,
    /// Held while the record says already, or still, what a live folder does not show: by who goes back to a certificate,
    /// and by who puts a folder right.
    pub(super) live_folders: tokio::sync::Mutex<()>,
}

impl Engine {
    /// An engine over an open store.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn new(environment: Environment, settings: Settings) -> Result<Self, StoreError> {
        let installation = environment.store.installation().await?;
        Ok(Self {
            environment,
            prefix: format!("ec-{installation}-"),
            installation,
            settings: watch::Sender::new(Arc::new(settings)),
            progress: AtomicU64::new(0),
            yielding: AtomicBool::new(false),
            proofs: Proofs::default(),
            repairs: Repairs::default(),
            refusals: Refusals::default(),
            skews: Skews::default(),
            fleet: FleetMemory::default(),
            undeleted: Undeleted::default(),
            asked: Mutex::default(),
            together: Arc::default(),
            live_folders: tokio::sync::Mutex::default(),
        })
    }

    /// The settings in force. A pass keeps those that it began with.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Tells of each change of the settings in force.
    pub fn follow_settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.subscribe()
    }

    /// How orders of this installation, or of its fleet, are told from others'.
    pub(super) fn ours(&self) -> Ours {
        Settings::ours(&self.settings().config, &self.installation)
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

    pub(super) fn lock_asked(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is under way is asked to end early.
    pub fn is_yielding(&self) -> bool {
        self.yielding.load(Ordering::Relaxed)
    }

    pub(super) fn advance(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}
