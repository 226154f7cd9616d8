//! One process, from its start on a machine to its crash.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use super::error::SimulationError;
use super::executor::DatabaseGate;
use super::network::Network;
use super::world::{SECRET_ID, SECRET_KEY, SharedWorld};
use crate::clock::{Clock, VirtualClock};
use crate::config::Config;
use crate::daemon::jobs::Jobs;
use crate::delivery::Live;
use crate::engine::{Concurrency, Engine, Environment, Rng, Settings};
use crate::store::{Lock, Store};
use crate::tencent::{Client, ClientSettings, Limiter, Provider, Transport};

/// What processes run on, and what outlives each.
pub(super) struct Machine {
    pub(super) seed: u64,
    /// The operator's, turned inwards.
    pub(super) config: Config,
    pub(super) folder: PathBuf,
    pub(super) clock: VirtualClock,
    pub(super) gate: DatabaseGate,
    pub(super) world: SharedWorld,
}

/// One process.
pub(super) struct Process {
    pub(super) engine: Arc<Engine>,
    pub(super) jobs: Jobs,
    pub(super) store: Store,
    pub(super) live: Arc<Live>,
    _lock: Lock,
}

impl Machine {
    /// A promise did not hold, now.
    pub(super) fn broken(&self, what: String) -> SimulationError {
        SimulationError::Broken {
            seed: self.seed,
            day: u32::try_from(self.clock.monotonic().as_secs() / 86_400).unwrap_or(u32::MAX),
            what,
        }
    }

    /// Starts a process; `number` counts those before it.
    pub(super) async fn start(&self, number: u64) -> Result<Process, SimulationError> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let process = begin(Parts {
            seed: self.seed,
            number,
            config: &self.config,
            folder: &self.folder,
            clock: &clock,
            gate: &self.gate,
            machine: 0,
            world: &self.world,
        })
        .await?;
        let installation = process.store.installation().await?;
        let prefix = format!("ec-{installation}-");
        self.world.with(|world| world.prefix = prefix);
        Ok(process)
    }
}

/// What a process is made of.
pub(super) struct Parts<'a> {
    pub(super) seed: u64,
    /// Counts the processes before it.
    pub(super) number: u64,
    pub(super) config: &'a Config,
    pub(super) folder: &'a Path,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) gate: &'a DatabaseGate,
    /// Of a fleet, which of its machines this is.
    pub(super) machine: u8,
    pub(super) world: &'a SharedWorld,
}

/// Starts a process.
pub(super) async fn begin(parts: Parts<'_>) -> Result<Process, SimulationError> {
    let (clock, folder) = (parts.clock, parts.folder);
    let lock = Lock::take(folder)?;
    let store = Store::open(folder, clock.now()).await?;
    parts.gate.guard(&store).await?;
    // Nobody else writes; who says that they look for it is not asked each time.
    store.others_wrote().await?;
    let live = Arc::new(Live::open(folder)?);
    let settings = Settings::new(
        parts.config.clone(),
        "simulation".to_owned(),
        clients(&parts),
    );
    let environment = Environment {
        store: store.clone(),
        live: Arc::clone(&live),
        clock: Arc::clone(clock),
        rng: Arc::new(Rng::seeded(parts.seed.wrapping_mul(31) ^ parts.number)),
        concurrency: Concurrency::Nothing,
    };
    let wanted = settings.wanted();
    let digest = settings.digest.clone();
    let engine = Arc::new(Engine::new(environment, settings).await?);
    let now = clock.now();
    engine.store().sync(now, &wanted, &digest).await?;
    Ok(Process {
        jobs: Jobs::new(&engine, clock),
        engine,
        store,
        live,
        _lock: lock,
    })
}

/// A client for each account: all of them call the same world with the same keys.
fn clients(parts: &Parts<'_>) -> BTreeMap<String, Client> {
    let clock = parts.clock;
    let pace = match &parts.config.fleet {
        Some(_) => parts.config.api.requests_per_second as usize,
        None => 10,
    };
    let limiter = Arc::new(Limiter::new(Arc::clone(clock), pace));
    let network: Arc<dyn Transport> = Arc::new(Network {
        clock: Arc::clone(clock),
        machine: parts.machine,
        world: parts.world.clone(),
    });
    let client = || {
        let keys = Provider::fixed(SECRET_ID, SecretString::from(SECRET_KEY), Arc::clone(clock));
        Client::new(
            ClientSettings {
                endpoint: "http://127.0.0.1".to_owned(),
                timeout: parts.config.api.timeout,
            },
            Arc::clone(&network),
            Arc::clone(&limiter),
            Arc::clone(clock),
            Arc::new(keys),
        )
    };
    let names = parts.config.accounts.keys().cloned();
    names.map(|name| (name, client())).collect()
}
