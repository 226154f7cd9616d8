//! Years of a fleet: several machines that order in turns and one that follows, each with its own clocks, against one service.
//!
//! Machines are killed, frozen, suspended and paused at any await, their clocks are set, answers come late, and lists lag.
//! Never are two orders live for one renewal, over all machines; each machine that is well has the newest certificate
//! within a day; and nothing expires.

mod clock;
mod machine;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use rand::RngExt;

use self::clock::MachineClock;
use self::machine::{Machine, Mischief, Turn};
use super::error::SimulationError;
use super::isolation::isolate;
use super::options::{Broken, Options};
use super::report::Report;
use super::world::{LATE, SharedWorld, World, day};
use crate::clock::{Clock, VirtualClock};
use crate::config::{Fleet, FleetOrders};
use crate::lifecycle::order::turns::TURN;

/// The fleet's name.
const NAME: &str = "simulation";

/// How often something may happen to the world.
const EVERY: Duration = Duration::from_secs(6 * 3600);

struct Run {
    seed: u64,
    broken: Option<Broken>,
    clock: VirtualClock,
    world: SharedWorld,
    machines: Vec<Machine>,
    report: Report,
}

/// Runs it in this folder.
pub(super) async fn run(options: &Options, folder: &Path) -> Result<Report, SimulationError> {
    let mut run = prepare(options, folder)?;
    let end = day(u64::from(options.days));
    let (mut next_disturbance, mut next_day) = (EVERY, day(1));
    loop {
        let now = run.clock.monotonic();
        if now >= end {
            run.judge(true).await?;
            for machine in &mut run.machines {
                machine.kill(now, Duration::ZERO).await;
            }
            return Ok(run.report);
        }
        run.start_those_that_are_back(now).await?;
        if now >= next_disturbance {
            next_disturbance = now + EVERY;
            run.disturb();
        }
        if now >= next_day {
            next_day = now + day(1);
            run.judge(false).await?;
        }
        let until = end.min(next_disturbance).min(next_day);
        run.go_on(until).await?;
        let broken = run.world.with(|world| {
            world.catch_up();
            world.broken.take()
        });
        if let Some(what) = broken {
            return Err(run.broken(what));
        }
    }
}

fn prepare(options: &Options, folder: &Path) -> Result<Run, SimulationError> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_500);
    let clock = VirtualClock::new(start);
    let certificates = &options.config.certificates;
    let mut world = World::new(options, clock.clone(), start, certificates.len())?;
    world.is_fleet = true;
    let world = SharedWorld::new(world);
    let mut machines = Vec::new();
    for number in 1..=options.machines + 1 {
        let own = folder.join(format!("machine-{number}"));
        std::fs::create_dir(&own)?;
        let mut config = isolate(&options.config, &own)?;
        for certificate in &mut config.certificates {
            certificate.targets.cloud.clear();
            certificate.targets.install.clear();
            certificate.validation = crate::config::Validation::DnsAuto;
        }
        let orders = match number <= options.machines {
            true => FleetOrders::InTurn,
            false => FleetOrders::Never,
        };
        let fleet = Fleet {
            name: NAME.to_owned(),
            orders,
            machine: (orders == FleetOrders::InTurn).then_some(number),
            look: Duration::from_secs(300),
            turn: TURN.to_std().unwrap_or_default(),
        };
        world.with(|world| world.prefix = format!("ec-{}-", fleet.id()));
        config.fleet = Some(fleet);
        config.api.requests_per_second = 1;
        machines.push(Machine::new(
            format!("machine {number}"),
            config,
            MachineClock::new(clock.clone()),
            options.seed.wrapping_mul(97) ^ u64::from(number),
            world.clone(),
        ));
    }
    Ok(Run {
        seed: options.seed,
        broken: options.broken,
        report: Report {
            seed: options.seed,
            days: options.days,
            certificates: certificates.len(),
            ..Report::default()
        },
        clock,
        world,
        machines,
    })
}

impl Run {
    fn broken(&self, what: String) -> SimulationError {
        SimulationError::Broken {
            seed: self.seed,
            day: u32::try_from(self.clock.monotonic().as_secs() / 86_400).unwrap_or(u32::MAX),
            what,
        }
    }

    async fn start_those_that_are_back(&mut self, now: Duration) -> Result<(), SimulationError> {
        for machine in &mut self.machines {
            if machine.back_at <= now && machine.process().is_none() {
                machine.start(now).await?;
            }
        }
        Ok(())
    }

    /// Lets all machines work until then, or until one is back or dies.
    async fn go_on(&mut self, until: Duration) -> Result<(), SimulationError> {
        loop {
            let now = self.clock.monotonic();
            if now >= until {
                return Ok(());
            }
            let mut is_moving = false;
            for place in 0..self.machines.len() {
                let machine = &mut self.machines[place];
                let (turn, mischief) = match machine.go_on(now) {
                    Ok(done) => done,
                    Err(SimulationError::Broken { what, .. }) => {
                        let what = format!("{}: {what}", machine.name);
                        return Err(self.broken(what));
                    }
                    Err(error) => return Err(error),
                };
                is_moving |= !matches!(turn, Turn::Rests);
                if let Some(mischief) = mischief {
                    self.happens(place, mischief, now).await;
                }
            }
            if is_moving {
                continue;
            }
            let back = self.machines.iter().map(|machine| machine.back_at);
            let back = back.filter(|at| *at > now).min();
            let next = self.clock.next_to_come().map(|pause| now + pause);
            let next = next
                .into_iter()
                .chain(back)
                .min()
                .unwrap_or(until)
                .min(until);
            self.clock.advance(next.saturating_sub(now));
            if back.is_some_and(|at| at <= next) {
                let due = self.machines.iter().filter(|one| one.back_at == next);
                due.for_each(Machine::wake);
                return Ok(());
            }
        }
    }

    async fn happens(&mut self, place: usize, mischief: Mischief, now: Duration) {
        let machine = &mut self.machines[place];
        match mischief {
            Mischief::Killed => {
                self.report.crashes += 1;
                let off_for = self.world.with(|world| world.rng.random_range(1..1_800));
                machine.kill(now, Duration::from_secs(off_for)).await;
            }
            Mischief::Frozen(time) => machine.back_at = now + time,
            Mischief::Suspended(time) => {
                machine.back_at = now + time;
                machine.clock.slept(time);
            }
            Mischief::Paused(time) => {
                machine.back_at = now + time;
                machine.clock.paused(time);
            }
            Mischief::Set(by) => machine.clock.set_wall(by),
        }
        if machine.back_at > now {
            machine.well_since = machine.back_at;
        }
    }

    /// What the service and the CA do; and machines that are off for days.
    fn disturb(&mut self) {
        let machines = self.machines.len();
        let (now, broken) = (self.clock.monotonic(), self.broken);
        let off = self.world.with(|world| {
            let lag = match broken {
                Some(Broken::Lists) => 7_200,
                _ => u32::try_from(LATE.as_secs()).unwrap_or(60),
            };
            let seconds = match world.calm() {
                true => 0,
                false => world.rng.random_range(0..lag),
            };
            world.service.set_listing_delay(seconds);
            if world.chance(world.odds(0.002, 0.02)) {
                let hours = world.rng.random_range(1..5);
                world.outage_until = now + Duration::from_secs(hours * 3600);
            }
            if world.chance(world.odds(0.01, 0.05)) {
                let pending = world.pending_orders();
                if let Some(id) = world.pick(&pending).cloned() {
                    world.force(&id, 2);
                }
            }
            if !world.chance(world.odds(0.005, 0.03)) {
                return None;
            }
            // One lives at any time.
            let place = world.rng.random_range(0..machines);
            Some((
                place,
                Duration::from_secs(world.rng.random_range(1..20) * 86_400),
            ))
        });
        let are_others_well = |place: usize| {
            let mut others = self.machines.iter().enumerate();
            others.any(|(other, machine)| {
                other != place && other + 1 < machines && machine.back_at <= now
            })
        };
        if let Some((place, time)) = off.filter(|(place, _)| are_others_well(*place)) {
            let machine = &mut self.machines[place];
            machine.back_at = machine.back_at.max(now + time);
            machine.well_since = machine.back_at;
        }
    }

    /// What every machine that is well has, once a day.
    async fn judge(&mut self, is_end: bool) -> Result<(), SimulationError> {
        let now = self.clock.monotonic();
        let (true_now, outage) = self.world.with(|world| (world.now(), world.outage_until));
        let has_been = |since: Duration, time: Duration| now.saturating_sub(since) >= time;
        for machine in &self.machines {
            let Some(process) = machine.process() else {
                continue;
            };
            // A day of its own, in which the service could be asked too.
            let is_well = machine.back_at <= now
                && has_been(machine.well_since, day(1))
                && has_been(outage, day(1));
            for entry in &machine.config.certificates {
                let domain = &entry.domain;
                let current = process.live.current(domain)?;
                let end = current.map(|current| current.not_after);
                let newest = self.world.with(|world| world.newest(domain, day(1)));
                if is_well && newest.is_some_and(|newest| end.is_none_or(|end| end < newest)) {
                    let what = format!(
                        "{}: {domain} ends {end:?}, and the account has had one that ends {newest:?} for a day",
                        machine.name
                    );
                    return Err(self.broken(what));
                }
                let is_dead = end.is_none_or(|end| end <= true_now) && now > day(2);
                if is_dead && is_well {
                    let what = format!("{}: {domain} has expired: {end:?}", machine.name);
                    return Err(self.broken(what));
                }
                let left = end.map(|end| (end - true_now).num_hours());
                let fewest = self.report.fewest_hours;
                self.report.fewest_hours = fewest.into_iter().chain(left.filter(|_| is_well)).min();
            }
        }
        if is_end {
            self.world.with(|world| {
                self.report.calls = world.calls;
                self.report.orders = world.orders;
                self.report.peak = world.service.peak();
            });
            let mut restarted = Vec::new();
            for machine in &self.machines {
                restarted.extend(machine.process().cloned());
            }
            for process in restarted {
                let history = process.store.history(None, u32::MAX).await?;
                let said = |name: &str| {
                    let all = history.iter().filter(|entry| entry.what.event == name);
                    all.count() as u64
                };
                self.report.renewals += said("certificate.installed");
                self.report.duplicates += said("order.duplicate");
                self.report.alarms += said("certificate.expiring");
            }
        }
        Ok(())
    }
}
