//! One machine of a fleet: its process, and what happens to that.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use chrono::TimeDelta;
use rand::RngExt;
use tokio::task::coop::unconstrained;

use super::clock::MachineClock;
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::jobs::Jobs;
use crate::simulation::error::SimulationError;
use crate::simulation::executor::DatabaseGate;
use crate::simulation::process::{Parts, Process, begin};
use crate::simulation::world::SharedWorld;

/// How often every certificate is looked at.
const CHECK: Duration = Duration::from_secs(12 * 3600);

/// The driver looks at its clock at least this often: it may have been set.
const LOOK: Duration = Duration::from_secs(900);

/// Points of a piece of work at which something may happen to the machine.
const WITHIN: u64 = 60;

/// What happens to a machine.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mischief {
    /// The process dies.
    Killed,
    /// It stands still: stopped, or starved.
    Frozen(Duration),
    /// The machine sleeps.
    Suspended(Duration),
    /// Its host lets it stand still.
    Paused(Duration),
    /// Its wall clock is set.
    Set(TimeDelta),
}

/// Remembers that the process was woken.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

type Work = Pin<Box<dyn Future<Output = Result<(), SimulationError>>>>;

/// A process at work.
struct Running {
    work: Work,
    flag: Arc<Flag>,
    process: Arc<Process>,
}

/// One machine.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) clock: MachineClock,
    folder: PathBuf,
    seed: u64,
    world: SharedWorld,
    gate: DatabaseGate,
    running: Option<Running>,
    starts: u64,
    /// By the world's clock: it stands still until then, or is off.
    pub(super) back_at: Duration,
    /// Since when it has run without a stop, by the world's clock.
    pub(super) well_since: Duration,
    /// What happens at this many points from now.
    coming: Arc<std::sync::Mutex<Option<(u64, Mischief)>>>,
}

/// What a turn of the machine was.
pub(super) enum Turn {
    /// It went on.
    Moved,
    /// It waits for its database.
    Database,
    /// It waits for time to pass.
    Rests,
}

impl Machine {
    pub(super) fn new(
        name: String,
        config: Config,
        clock: MachineClock,
        seed: u64,
        world: SharedWorld,
    ) -> Self {
        Self {
            name,
            folder: config.state_dir.clone(),
            config,
            clock,
            seed,
            world,
            gate: DatabaseGate::default(),
            running: None,
            starts: 0,
            back_at: Duration::ZERO,
            well_since: Duration::ZERO,
            coming: Arc::default(),
        }
    }

    pub(super) fn process(&self) -> Option<&Arc<Process>> {
        self.running.as_ref().map(|running| &running.process)
    }

    /// Starts a process, where none runs.
    pub(super) async fn start(&mut self, now: Duration) -> Result<(), SimulationError> {
        if self.running.is_some() {
            return Ok(());
        }
        self.starts += 1;
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let process = begin(Parts {
            seed: self.seed,
            number: self.starts,
            config: &self.config,
            folder: &self.folder,
            clock: &clock,
            gate: &self.gate,
            world: &self.world,
        })
        .await?;
        let process = Arc::new(process);
        let driver = drive(
            Arc::clone(&process),
            clock,
            self.world.clone(),
            Arc::clone(&self.coming),
        );
        let flag = Arc::new(Flag::default());
        flag.0.store(true, Ordering::Release);
        self.well_since = now;
        self.running = Some(Running {
            // Tokio makes a task step aside after so many steps, counted by a whim of the system's.
            work: Box::pin(unconstrained(driver)),
            flag,
            process,
        });
        Ok(())
    }

    /// The process dies; its machine starts it again a while later.
    pub(super) async fn kill(&mut self, now: Duration, off_for: Duration) {
        let Some(running) = self.running.take() else {
            return;
        };
        let Running { work, process, .. } = running;
        drop(work);
        // A statement that the database was at is ended either way, or the run would not replay.
        process.store.close().await;
        self.back_at = now + off_for;
    }

    /// Goes on with the process as far as it goes without time passing.
    pub(super) fn go_on(
        &mut self,
        now: Duration,
    ) -> Result<(Turn, Option<Mischief>), SimulationError> {
        let Some(running) = self.running.as_mut().filter(|_| self.back_at <= now) else {
            return Ok((Turn::Rests, None));
        };
        let shut = self.gate.shut();
        if !running.flag.0.swap(false, Ordering::AcqRel) {
            if !running.process.store.is_working() {
                return Ok((Turn::Rests, None));
            }
            if shut.open_for_a_while(&running.flag.0) {
                return Ok((Turn::Database, None));
            }
            // Nobody was woken: a look shows whether it can go on, or waits for time to pass.
            let waker = Waker::from(Arc::clone(&running.flag));
            let mut context = Context::from_waker(&waker);
            if let Poll::Ready(done) = running.work.as_mut().poll(&mut context) {
                done?;
            }
            let turn = match running.flag.0.load(Ordering::Acquire) {
                true => Turn::Moved,
                false => Turn::Rests,
            };
            return Ok((turn, None));
        }
        let waker = Waker::from(Arc::clone(&running.flag));
        let mut context = Context::from_waker(&waker);
        if let Poll::Ready(done) = running.work.as_mut().poll(&mut context) {
            done?;
        }
        let mut coming = self
            .coming
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let happens = match &mut *coming {
            Some((0, _)) => coming.take().map(|(_, mischief)| mischief),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        Ok((Turn::Moved, happens))
    }

    /// Once it is back, it is as if it had been woken.
    pub(super) fn wake(&self) {
        if let Some(running) = &self.running {
            running.flag.0.store(true, Ordering::Release);
        }
    }
}

/// As the daemon does: a check at once and by the schedule, and everything else by its own times.
async fn drive(
    process: Arc<Process>,
    clock: Arc<dyn Clock>,
    world: SharedWorld,
    coming: Arc<std::sync::Mutex<Option<(u64, Mischief)>>>,
) -> Result<(), SimulationError> {
    let mut worker = process.jobs.worker();
    let mut next_check = clock.monotonic();
    loop {
        let now = clock.monotonic();
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
            *coming
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = draw(&world);
            worker.run_inline(wall).await?;
            passed(&process.jobs)?;
            // The daemon looks once a second.
            clock.sleep(Duration::from_secs(1)).await;
            continue;
        }
        let pauses = [next_check - now, LOOK].into_iter().chain(until_due);
        let pause = pauses.min().unwrap_or(LOOK);
        clock.sleep(pause.max(Duration::from_secs(1))).await;
    }
}

fn passed(jobs: &Jobs) -> Result<(), SimulationError> {
    match jobs.orders.take_passed() {
        Some(passed) if !passed.is_whole => Err(SimulationError::Broken {
            seed: 0,
            day: 0,
            what: "a turn broke on the database".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// What happens within the work that begins now, and at which point of it.
fn draw(world: &SharedWorld) -> Option<(u64, Mischief)> {
    world.with(|world| {
        if world.calm() || !world.chance(world.odds(0.02, 0.12)) {
            return None;
        }
        let at = world.rng.random_range(0..WITHIN);
        // From a second to three hours, as many short ones as long ones.
        let exponent: f64 = world.rng.random_range(0.0..13.4);
        let time = Duration::from_secs_f64(exponent.exp2());
        let mischief = match world.rng.random_range(0..10) {
            0..3 => Mischief::Killed,
            3..6 => Mischief::Frozen(time),
            6 => Mischief::Suspended(time),
            7 => Mischief::Paused(time),
            _ => Mischief::Set(TimeDelta::seconds(world.rng.random_range(-3_600..3_600))),
        };
        Some((at, mischief))
    })
}
