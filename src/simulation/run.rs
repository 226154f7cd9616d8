//! One process after another, until the days are over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use rand::RngExt;

use super::disturbances::{self, Disturbances};
use super::error::SimulationError;
use super::executor::{DatabaseGate, Outcome, execute};
use super::fleet;
use super::isolation::isolate;
use super::judge::Judge;
use super::options::Options;
use super::process::{Machine, Process};
use super::report::Report;
use super::tampering::tamper;
use super::world::{SharedWorld, World, day};
use crate::clock::{Clock, VirtualClock};
use crate::config::Validation;
use crate::config::main_domain;
use crate::daemon::worker::Worker;

/// How often every certificate is looked at.
const CHECK: Duration = Duration::from_secs(12 * 3600);

/// Points of a pass at which a crash may come; a pass that gets further lives.
const CRASH_WITHIN: u64 = 90;

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

/// A run.
struct Run<'a> {
    machine: &'a Machine,
    judge: Judge<'a>,
    end: Duration,
    disturbances: Disturbances,
    next_disturbance: Duration,
    next_day: Duration,
    passes_today: u32,
}

/// How a process ended.
enum Ended {
    Crashed,
    DaysOver,
}

async fn run(options: &Options, folder: &Path) -> Result<Report, SimulationError> {
    if options.machines > 1 {
        return fleet::run(options, folder).await;
    }
    let machine = prepare(options, folder)?;
    let mut run = Run {
        machine: &machine,
        judge: Judge::new(&machine, options.days),
        end: day(u64::from(options.days)),
        disturbances: Disturbances::default(),
        next_disturbance: disturbances::EVERY,
        next_day: day(1),
        passes_today: 0,
    };
    let mut number = 0;
    loop {
        let process = machine.start(number).await?;
        let ended = run.until_crash(&process).await?;
        if let Ended::DaysOver = ended {
            run.judge.judge(&process).await?;
            return Ok(run.judge.report);
        }
        // What was in the air is dropped with the process. A statement that the database was at is ended either way
        // before the next process opens it, or the run would not replay.
        process.store.close().await;
        drop(process);
        run.judge.report.crashes += 1;
        number += 1;
        let pause = machine.world.with(|world| world.rng.random_range(0..1_800));
        machine.clock.advance(Duration::from_secs(pause));
    }
}

/// The machine and the world around it, before the first process.
fn prepare(options: &Options, folder: &Path) -> Result<Machine, SimulationError> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_500);
    let clock = VirtualClock::new(start);
    let config = isolate(&options.config, folder)?;
    let certificates = &config.certificates;
    let mut world = World::new(options, clock.clone(), start, certificates.len())?;
    for certificate in certificates {
        if certificate.validation != Validation::DnsAuto {
            world.host(&main_domain(&certificate.domain))?;
        }
    }
    Ok(Machine {
        seed: options.seed,
        config,
        folder: folder.to_path_buf(),
        clock,
        gate: DatabaseGate::default(),
        world: SharedWorld::new(world),
    })
}

impl Run<'_> {
    /// As the daemon does: a check at once and by the schedule, and everything else by its own times.
    async fn until_crash(&mut self, process: &Process) -> Result<Ended, SimulationError> {
        let clock = &self.machine.clock;
        let mut worker = process.jobs.worker();
        let mut next_check = clock.monotonic();
        loop {
            if self.look(process).await? {
                worker.wake();
            }
            let now = clock.monotonic();
            if now >= self.end {
                return Ok(Ended::DaysOver);
            }
            if now >= next_check {
                next_check = now + CHECK;
                process.jobs.check();
                worker.wake();
            }
            let wall = clock.now();
            let until_due = worker
                .next(wall)
                .map(|due| (due - wall).to_std().unwrap_or_default());
            if until_due.is_some_and(|pause| pause.is_zero()) {
                if self.work(process, &mut worker).await? {
                    return Ok(Ended::Crashed);
                }
                // The daemon looks once a second.
                clock.advance(Duration::from_secs(1));
                continue;
            }
            let pause = [
                next_check - now,
                self.next_disturbance - now,
                self.next_day - now,
                self.end - now,
            ]
            .into_iter()
            .chain(until_due)
            .min()
            .unwrap_or(CHECK);
            clock.advance(pause.max(Duration::from_secs(1)));
        }
    }

    /// Does what is due. True if the process died in it.
    async fn work(
        &mut self,
        process: &Process,
        worker: &mut Worker,
    ) -> Result<bool, SimulationError> {
        let Machine { clock, gate, .. } = self.machine;
        let crash_at = self.machine.world.with(|world| {
            let crash = !world.calm() && world.chance(world.odds(0.01, 0.08));
            crash.then(|| world.rng.random_range(1..CRASH_WITHIN))
        });
        let work = worker.run_inline(clock.now());
        let broken = |what: &str| Err(self.machine.broken(what.to_owned()));
        match execute(clock, &process.store, gate, crash_at, work) {
            Outcome::Done(Ok(())) => {}
            Outcome::Done(Err(error)) => return Err(error.into()),
            Outcome::Crashed => return Ok(true),
            Outcome::Stuck => return broken("the work waits for nothing"),
        }
        let Some(passed) = process.jobs.orders.take_passed() else {
            return Ok(false);
        };
        self.passes_today += 1;
        self.judge.report.passes += 1;
        if self.passes_today > STORM {
            return broken(&format!("{STORM} passes in a day: a storm"));
        }
        if !passed.is_whole {
            return broken("a turn broke on the database");
        }
        self.judge.read_live(process)?;
        Ok(false)
    }

    /// What has come of it so far: by the live folder, which is what a web server reads. True where people or the
    /// machine may have changed something.
    async fn look(&mut self, process: &Process) -> Result<bool, SimulationError> {
        let world = &self.machine.world;
        let now = self.machine.clock.monotonic();
        let mut is_changed = false;
        if now >= self.next_disturbance {
            is_changed = true;
            self.judge.read_live(process)?;
            self.next_disturbance = now + disturbances::EVERY;
            self.judge.targets.bind(world, &process.store).await?;
            let instances = self.judge.targets.instances();
            let (folder, domains) = (&self.machine.folder, &self.judge.domains);
            let tampered_with = world.with(|world| {
                self.disturbances.draw(world, domains, &instances);
                tamper(world, folder, domains)
            })?;
            if let Some(domain) = tampered_with {
                self.judge.allow_damage(domain);
            }
        }
        if now >= self.next_day {
            is_changed = true;
            self.next_day = now + day(1);
            self.passes_today = 0;
            self.judge.operate(process).await?;
        }
        let broken = world.with(|world| {
            world.catch_up();
            world.broken.take()
        });
        match broken {
            Some(what) => Err(self.machine.broken(what)),
            None => Ok(is_changed),
        }
    }
}
