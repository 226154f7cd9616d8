//! One machine of a fleet: its process, and what happens to that.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use crate::simulation::executor::{DatabaseGate, Shut};
use crate::simulation::process::{Parts, Process, begin};
use crate::simulation::standstill::{Standstill, while_standing_still};
use crate::simulation::world::SharedWorld;

/// How often every certificate is looked at, in seconds: by the wall clock, as a schedule does, and so by all machines at once.
pub(super) const CHECK: i64 = 12 * 3600;

/// The driver looks at its clock at least this often: it may have been set.
const LOOK: Duration = Duration::from_secs(900);

/// Points of a piece of work at which something may happen to the machine: calls to its database, and waits for time.
const WITHIN: u64 = 90;

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
    Paused {
        time: Duration,
        /// Whether its wall clock is right again once it goes on, as a host or NTP sets it.
        sets_clock: bool,
    },
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
    /// Its database answers only while it goes on, and nobody else does.
    shut: Shut,
}

/// What happens to the machine, and at which point.
type Coming = Arc<Mutex<Option<(u64, Mischief)>>>;

fn lock(coming: &Coming) -> MutexGuard<'_, Option<(u64, Mischief)>> {
    coming.lock().unwrap_or_else(PoisonError::into_inner)
}

/// It comes, unless something else does before.
fn let_come(coming: &Coming, what: Option<(u64, Mischief)>) {
    let mut coming = lock(coming);
    *coming = coming.take().or(what);
}

/// One machine.
pub(super) struct Machine {
    pub(super) number: u8,
    pub(super) config: Config,
    pub(super) clock: MachineClock,
    folder: PathBuf,
    seed: u64,
    /// When the schedule's checks are, in seconds.
    phase: i64,
    world: SharedWorld,
    gate: DatabaseGate,
    running: Option<Running>,
    starts: u64,
    /// By the world's clock: it stands still until then, or is off.
    pub(super) back_at: Duration,
    /// Since when it has run without a stop, by the world's clock.
    pub(super) well_since: Duration,
    coming: Coming,
}

impl Machine {
    pub(super) fn new(
        number: u8,
        config: Config,
        clock: MachineClock,
        seed: u64,
        phase: i64,
        world: SharedWorld,
    ) -> Self {
        Self {
            number,
            folder: config.state_dir.clone(),
            config,
            clock,
            seed,
            phase,
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

    /// This happens at this point.
    #[cfg(test)]
    pub(super) fn let_happen(&self, at: u64, mischief: Mischief) {
        let_come(&self.coming, Some((at, mischief)));
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
            machine: self.number,
            world: &self.world,
        })
        .await?;
        let process = Arc::new(process);
        let driver = drive(
            Arc::clone(&process),
            self.clock.clone(),
            self.world.clone(),
            Arc::clone(&self.coming),
            self.phase,
        );
        let flag = Arc::new(Flag::default());
        flag.0.store(true, Ordering::Release);
        self.well_since = now;
        self.running = Some(Running {
            // Tokio makes a task step aside after so many steps, counted by a whim of the system's.
            work: Box::pin(unconstrained(driver)),
            flag,
            process,
            shut: self.gate.shut(),
        });
        Ok(())
    }

    /// The process dies; its machine starts it again a while later.
    pub(super) async fn kill(&mut self, now: Duration, off_for: Duration) {
        if let Some(process) = self.end() {
            // A statement that the database was at is ended either way, or the run would not replay.
            process.store.close().await;
            self.back_at = now + off_for;
        }
    }

    /// Ends all that the process does, and gives what is left of it: whatever it was at, its database is free.
    pub(super) fn end(&mut self) -> Option<Arc<Process>> {
        let Running {
            work,
            process,
            shut,
            flag: _,
        } = self.running.take()?;
        lock(&self.coming).take();
        drop((work, shut));
        Some(process)
    }

    /// Goes on with the process until it waits for time to pass, or something happens to the machine. Nobody else goes on
    /// meanwhile, so that nothing depends on how fast the database's thread is.
    pub(super) fn go_on(&mut self, now: Duration) -> Result<Option<Mischief>, SimulationError> {
        let Some(running) = self.running.as_mut().filter(|_| self.back_at <= now) else {
            return Ok(None);
        };
        let Running {
            work,
            flag,
            process,
            shut,
        } = running;
        loop {
            if !flag.0.swap(false, Ordering::AcqRel) {
                if !process.store.is_working() {
                    return Ok(None);
                }
                shut.open_until(&flag.0);
                continue;
            }
            let waker = Waker::from(Arc::clone(flag));
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                done?;
            }
            let points = points(process, &self.clock);
            let standstill = self
                .world
                .with(|world| world.standstills.remove(&self.number));
            let_come(
                &self.coming,
                standstill.map(|one| stands_still(points, one)),
            );
            let happens = lock(&self.coming).take_if(|(at, _)| *at <= points);
            if let Some((_, mischief)) = happens {
                return Ok(Some(mischief));
            }
        }
    }

    /// Once it is back, it is as if it had been woken.
    pub(super) fn wake(&self) {
        if let Some(running) = &self.running {
            running.flag.0.store(true, Ordering::Release);
        }
    }
}

fn stands_still(points: u64, standstill: Standstill) -> (u64, Mischief) {
    let mischief = match standstill.is_paused {
        true => Mischief::Paused {
            time: standstill.time,
            sets_clock: true,
        },
        false => Mischief::Frozen(standstill.time),
    };
    (points + standstill.after, mischief)
}

/// How far the process is, in what does not depend on the system's whims.
fn points(process: &Process, clock: &MachineClock) -> u64 {
    process.store.calls_begun() + clock.sleeps()
}

/// As the daemon does: a check at once and by the schedule, and everything else by its own times.
async fn drive(
    process: Arc<Process>,
    clock: MachineClock,
    world: SharedWorld,
    coming: Coming,
    phase: i64,
) -> Result<(), SimulationError> {
    let mut worker = process.jobs.worker();
    let mut checked = None;
    loop {
        let wall = clock.now();
        let scheduled = wall.timestamp() + phase;
        let check = scheduled.div_euclid(CHECK);
        if checked != Some(check) {
            checked = Some(check);
            process.jobs.check();
            worker.wake();
        }
        let until_due = worker
            .next(wall)
            .map(|due| (due - wall).to_std().unwrap_or_default());
        if until_due.is_some_and(|pause| pause.is_zero()) {
            let here = points(&process, &clock);
            let drawn = draw(&world).map(|(at, mischief)| (here + at, mischief));
            let_come(&coming, drawn);
            worker.run_inline(wall).await?;
            passed(&process.jobs)?;
            // The daemon looks once a second.
            clock.sleep(Duration::from_secs(1)).await;
            continue;
        }
        let until_check = CHECK - scheduled.rem_euclid(CHECK);
        let until_check = Duration::from_secs(until_check.unsigned_abs());
        let pauses = [until_check, LOOK].into_iter().chain(until_due);
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
        let time = while_standing_still(&mut world.rng);
        let mischief = match world.rng.random_range(0..10) {
            0..3 => Mischief::Killed,
            3..6 => Mischief::Frozen(time),
            6 => Mischief::Suspended(time),
            7 => Mischief::Paused {
                time,
                sets_clock: world.chance(0.5),
            },
            8 => Mischief::Set(TimeDelta::zero()),
            _ => Mischief::Set(TimeDelta::seconds(world.rng.random_range(-3_600..3_600))),
        };
        Some((at, mischief))
    })
}
