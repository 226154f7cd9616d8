//! One process after another, from start to crash, until the days are over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use secrecy::SecretString;

use super::drive::{Driven, Hush, drive};
use super::fate::{self, Fate, Names};
use super::hands::meddle;
use super::indoors::indoors;
use super::network::Network;
use super::targets::Targets;
use super::world::{SECRET_ID, SECRET_KEY, World, day};
use super::{Faults, Options, Report, SimulationError};
use crate::clock::{Clock, VirtualClock};
use crate::config::{Config, Validation};
use crate::daemon::jobs::Jobs;
use crate::daemon::worker::Worker;
use crate::delivery::Live;
use crate::engine::{Beside, Dice, Engine, EngineError, Environment, Settings, main_domain};
use crate::store::{Lock, Store};
use crate::tencent::{Client, ClientSettings, Limiter, Provider, Transport};

/// How often every certificate is looked at.
const CHECK: Duration = Duration::from_secs(12 * 3600);

/// Points of a pass at which a crash may come; a pass that gets further lives.
const CRASH_WITHIN: u64 = 120;

/// A run that makes this many passes in one day is a storm.
const STORM: u32 = 3_000;

/// Runs the simulation in a folder of its own below the system's temporary one.
///
/// # Errors
/// A promise that did not hold, with the seed that replays it; or the run could not be made.
pub async fn simulate(options: &Options) -> Result<Report, SimulationError> {
    if let Some(folder) = &options.folder {
        std::fs::create_dir_all(folder)?;
        return run(options, folder).await;
    }
    let folder = scratch(options.seed)?;
    let outcome = run(options, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// Memory where there is some: a year's worth of syncing a real disk is what would take long.
fn scratch(seed: u64) -> Result<PathBuf, std::io::Error> {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() {
        memory.to_path_buf()
    } else {
        std::env::temp_dir()
    };
    let name = format!(
        "evercert-simulation-{}-{seed}-{}",
        std::process::id(),
        crate::store::random_id(6)
    );
    let folder = base.join(name);
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

/// Everything that outlives a process.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    /// The operator's, turned inwards.
    pub(super) config: Config,
    pub(super) targets: Targets,
    folder: &'a Path,
    pub(super) clock: VirtualClock,
    hush: Hush,
    world: Arc<Mutex<World>>,
    fate: Fate,
    pub(super) domains: Vec<String>,
    pub(super) report: Report,
    next_fate: Duration,
    next_day: Duration,
    passes_today: u32,
    /// What each name's link pointed to when it was last read whole, and when that ends.
    pub(super) seen: BTreeMap<String, (PathBuf, DateTime<Utc>)>,
    /// The names whose files were meddled with, until they are seen to be whole again.
    pub(super) hurt: BTreeSet<String>,
}

/// One process.
pub(super) struct Process {
    pub(super) engine: Arc<Engine>,
    jobs: Jobs,
    pub(super) store: Store,
    pub(super) live: Arc<Live>,
    _lock: Lock,
}

/// How a process ended.
enum Ended {
    Crashed,
    DaysOver,
}

async fn run(options: &Options, folder: &Path) -> Result<Report, SimulationError> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_500);
    let clock = VirtualClock::new(start);
    let config = indoors(&options.config, folder)?;
    let count = config.certificates.len();
    let mut world = World::new(options, clock.clone(), start, count)?;
    for certificate in &config.certificates {
        if certificate.validation != Validation::DnsAuto {
            world.host(&main_domain(&certificate.domain));
        }
    }
    let domains = config
        .certificates
        .iter()
        .map(|certificate| certificate.domain.clone())
        .collect();
    let mut run = Run {
        options,
        targets: Targets::new(&config),
        config,
        folder,
        clock,
        hush: Hush::default(),
        world: Arc::new(Mutex::new(world)),
        fate: Fate::new(),
        domains,
        report: Report {
            seed: options.seed,
            days: options.days,
            certificates: count,
            ..Report::default()
        },
        next_fate: fate::EVERY,
        next_day: day(1),
        passes_today: 0,
        seen: BTreeMap::new(),
        hurt: BTreeSet::new(),
    };
    let mut life = 0;
    loop {
        let process = run.start(life).await?;
        let ended = run.live(&process).await?;
        if let Ended::DaysOver = ended {
            run.judge(&process).await?;
            return Ok(run.report);
        }
        // What was in the air is dropped with the process. A statement that the database was at is ended either way
        // before the next process opens it, or the run would not replay.
        process.store.close().await;
        drop(process);
        run.report.crashes += 1;
        life += 1;
        let pause = run.world(|world| Duration::from_secs(world.dice.random_range(0..1_800)));
        run.clock.advance(pause);
    }
}

impl Run<'_> {
    pub(super) fn world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn start(&self, life: u64) -> Result<Process, SimulationError> {
        let lock = Lock::take(self.folder)?;
        let store = Store::open(self.folder, self.clock.now()).await?;
        self.hush.over(&store).await?;
        let live = Arc::new(Live::open(self.folder)?);
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let limiter = Arc::new(Limiter::new(Arc::clone(&clock), 10));
        let network: Arc<dyn Transport> = Arc::new(Network {
            clock: self.clock.clone(),
            world: Arc::clone(&self.world),
        });
        let mut clients = BTreeMap::new();
        for name in self.config.accounts.keys() {
            let keys = Provider::fixed(
                SECRET_ID,
                SecretString::from(SECRET_KEY),
                Arc::clone(&clock),
            );
            let client = Client::new(
                ClientSettings {
                    endpoint: "http://127.0.0.1".to_owned(),
                    timeout: self.config.api.timeout,
                },
                Arc::clone(&network),
                Arc::clone(&limiter),
                Arc::clone(&clock),
                Arc::new(keys),
            );
            clients.insert(name.clone(), client);
        }
        let settings = Settings::new(self.config.clone(), "simulation".to_owned(), clients);
        let environment = Environment {
            store: store.clone(),
            live: Arc::clone(&live),
            clock,
            dice: Arc::new(Dice::seeded(self.options.seed.wrapping_mul(31) ^ life)),
            beside: Beside::Nothing,
        };
        let installation = store.installation().await?;
        self.world(|world| world.prefix = format!("ec-{installation}-"));
        let wanted = settings.wanted();
        let digest = settings.digest.clone();
        let engine = Engine::new(environment, settings).await?;
        engine
            .store()
            .sync(self.clock.now(), &wanted, &digest)
            .await?;
        let engine = Arc::new(engine);
        Ok(Process {
            jobs: Jobs::new(&engine, &(Arc::new(self.clock.clone()) as Arc<dyn Clock>)),
            engine,
            store,
            live,
            _lock: lock,
        })
    }

    /// As the daemon does: a check at once and by the schedule, and everything else by its own times.
    async fn live(&mut self, process: &Process) -> Result<Ended, SimulationError> {
        let mut worker = process.jobs.worker();
        let mut next_check = self.clock.monotonic();
        let end = day(u64::from(self.options.days));
        loop {
            if self.look(process).await? {
                worker.wake();
            }
            let now = self.clock.monotonic();
            if now >= end {
                return Ok(Ended::DaysOver);
            }
            if now >= next_check {
                next_check = now + CHECK;
                process.jobs.orders.check();
                process.jobs.deliveries.check();
                worker.wake();
            }
            let wall = self.clock.now();
            let until_due = worker
                .next(wall)
                .map(|due| (due - wall).to_std().unwrap_or_default());
            if until_due.is_some_and(|pause| pause.is_zero()) {
                if self.work(process, &mut worker).await? {
                    return Ok(Ended::Crashed);
                }
                // The daemon looks once a second.
                self.clock.advance(Duration::from_secs(1));
                continue;
            }
            let pause = [
                next_check - now,
                self.next_fate - now,
                self.next_day - now,
                end - now,
            ]
            .into_iter()
            .chain(until_due)
            .min()
            .unwrap_or(CHECK);
            self.clock.advance(pause.max(Duration::from_secs(1)));
        }
    }

    /// Does what is due. True if the process died in it.
    async fn work(
        &mut self,
        process: &Process,
        worker: &mut Worker,
    ) -> Result<bool, SimulationError> {
        let odds = match self.options.faults {
            Faults::None => 0.0,
            Faults::Mild => 0.01,
            Faults::Hostile => 0.08,
        };
        let crash_at = self.world(|world| {
            let crash = !world.calm() && world.chance(odds);
            crash.then(|| world.dice.random_range(1..CRASH_WITHIN))
        });
        let work = worker.run_inline(self.clock.now());
        match drive(&self.clock, &process.store, &self.hush, crash_at, work) {
            Driven::Done(Ok(())) => {}
            Driven::Done(Err(EngineError::Store(error))) => return Err(error.into()),
            Driven::Crashed => return Ok(true),
            Driven::Stuck => return Err(self.broken("the work waits for nothing".to_owned())),
        }
        let Some(passed) = process.jobs.orders.take_passed() else {
            return Ok(false);
        };
        self.passes_today += 1;
        self.report.passes += 1;
        if self.passes_today > STORM {
            return Err(self.broken(format!("{STORM} passes in a day: a storm")));
        }
        if !passed.is_whole {
            return Err(self.broken("a turn broke on the database".to_owned()));
        }
        self.read_live(process)?;
        Ok(false)
    }

    /// What has come of it so far: by the live folder, which is what a web server reads. True where people or the
    /// machine may have changed something.
    async fn look(&mut self, process: &Process) -> Result<bool, SimulationError> {
        let now = self.clock.monotonic();
        let mut is_changed = false;
        if now >= self.next_fate {
            is_changed = true;
            self.read_live(process)?;
            self.next_fate = now + fate::EVERY;
            self.targets.bind(&self.world, &process.store).await?;
            let instances = self.targets.instances();
            let names = Names {
                domains: &self.domains,
                instances: &instances,
            };
            self.fate.draw(&self.world, &self.clock, names);
            if let Some(domain) = self.world(|world| meddle(world, self.folder, &self.domains))? {
                self.seen.remove(&domain);
                self.hurt.insert(domain);
            }
        }
        if now >= self.next_day {
            is_changed = true;
            self.next_day = now + day(1);
            self.passes_today = 0;
            self.operate(process).await?;
        }
        let broken = self.world(|world| {
            world.catch_up();
            world.broken.take()
        });
        match broken {
            Some(what) => Err(self.broken(what)),
            None => Ok(is_changed),
        }
    }

    pub(super) fn broken(&self, what: String) -> SimulationError {
        SimulationError::Broken {
            seed: self.options.seed,
            day: u32::try_from(self.clock.monotonic().as_secs() / 86_400).unwrap_or(u32::MAX),
            what,
        }
    }
}
