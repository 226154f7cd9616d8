//! Years of a fleet: several machines that order in turns and one that follows, each with its own clocks, against one service.
//!
//! Machines are killed, frozen, suspended and paused at any await and cut off from the network, their clocks are set, requests
//! and answers come late, without a date or never, and lists lag. Never are two orders live for one renewal, over all machines;
//! what is due is renewed while a machine that orders is well; each machine that is well has the newest certificate within a
//! day; and nothing expires.
//!
//! The machines go on one after the other, each until it waits for time to pass: so that a seed replays.

mod clock;
mod machine;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;

use self::clock::MachineClock;
use self::machine::{CHECK, Machine, Mischief};
use super::error::SimulationError;
use super::isolation::isolate;
use super::options::{Broken, Options};
use super::process::Process;
use super::report::Report;
use super::world::{LATE, SharedWorld, World, day};
use crate::clock::{Clock, VirtualClock};
use crate::config::{Fleet, FleetOrders};
use crate::lifecycle::order::turns::TURN;

/// The fleet's name.
const NAME: &str = "simulation";

/// How often something may happen to the world.
const EVERY: Duration = Duration::from_secs(6 * 3600);

/// What is due for so long is renewed, where one machine that orders is well for as long.
const RENEWED: Duration = Duration::from_secs(2 * 86_400);

/// A free certificate can be renewed when it has so much left.
const WINDOW: TimeDelta = TimeDelta::days(30);

struct Run {
    seed: u64,
    broken: Option<Broken>,
    clock: VirtualClock,
    world: SharedWorld,
    machines: Vec<Machine>,
    /// What each link pointed to when it was last read, and when that ends.
    seen: RefCell<BTreeMap<PathBuf, (PathBuf, DateTime<Utc>)>>,
    report: Report,
}

/// Runs it in this folder.
pub(super) async fn run(options: &Options, folder: &Path) -> Result<Report, SimulationError> {
    let mut run = prepare(options, folder)?;
    let outcome = run.until(day(u64::from(options.days))).await;
    let counted = run.count().await;
    outcome?;
    counted?;
    Ok(run.report)
}

fn prepare(options: &Options, folder: &Path) -> Result<Run, SimulationError> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_500);
    let clock = VirtualClock::new(start);
    let certificates = &options.config.certificates;
    let mut world = World::new(options, clock.clone(), start, certificates.len())?;
    world.is_fleet = true;
    let world = SharedWorld::new(world);
    let mut machines = Vec::new();
    let (look, phase) = world.with(|world| {
        let look = world.rng.random_range(300..3_600);
        (look, world.rng.random_range(0..CHECK))
    });
    for number in 1..=options.machines + 1 {
        let own = folder.join(format!("machine-{number}"));
        std::fs::create_dir(&own)?;
        let mut config = isolate(&options.config, &own)?;
        for certificate in &mut config.certificates {
            let targets = Arc::make_mut(&mut certificate.targets);
            targets.cloud.clear();
            targets.install.clear();
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
            look: Duration::from_secs(look),
            turn: TURN.to_std().unwrap_or_default(),
        };
        world.with(|world| world.prefix = format!("ec-{}-", fleet.id()));
        config.fleet = Some(fleet);
        config.api.requests_per_second = 1;
        machines.push(Machine::new(
            number,
            config,
            MachineClock::new(clock.clone()),
            options.seed.wrapping_mul(97) ^ u64::from(number),
            phase,
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
        seen: RefCell::default(),
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

    /// Lets the days pass.
    async fn until(&mut self, end: Duration) -> Result<(), SimulationError> {
        let (mut next_disturbance, mut next_day) = (Duration::ZERO, day(1));
        loop {
            let now = self.clock.monotonic();
            if now >= end {
                return self.judge();
            }
            self.start_those_that_are_back(now).await?;
            if now >= next_disturbance {
                next_disturbance = now + EVERY;
                self.disturb();
            }
            if now >= next_day {
                next_day = now + day(1);
                self.judge()?;
            }
            self.go_on(end.min(next_disturbance).min(next_day)).await?;
            if let Some(what) = self.world.with(|world| world.broken.take()) {
                return Err(self.broken(what));
            }
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
            for place in 0..self.machines.len() {
                while let Some(mischief) = self.machine_goes_on(place, now)? {
                    self.happens(place, mischief, now).await;
                }
            }
            let back = self.machines.iter().map(|machine| machine.back_at);
            let back = back.filter(|at| *at > now).min();
            let next = self.clock.next_to_come().map(|pause| now + pause);
            let late = self.world.with(|world| world.next_late());
            let next = next
                .into_iter()
                .chain(back)
                .chain(late)
                .min()
                .unwrap_or(until)
                .min(until);
            self.clock.advance(next.saturating_sub(now));
            self.world.with(World::catch_up);
            if back.is_some_and(|at| at <= next) {
                let due = self.machines.iter().filter(|one| one.back_at == next);
                due.for_each(Machine::wake);
                return Ok(());
            }
        }
    }

    fn machine_goes_on(
        &mut self,
        place: usize,
        now: Duration,
    ) -> Result<Option<Mischief>, SimulationError> {
        let machine = &mut self.machines[place];
        machine.go_on(now).map_err(|error| match error {
            SimulationError::Broken { what, .. } => {
                let what = format!("machine {}: {what}", self.machines[place].number);
                self.broken(what)
            }
            error => error,
        })
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
            Mischief::Paused { time, sets_clock } => {
                machine.back_at = now + time;
                machine.clock.paused(time);
                if sets_clock {
                    machine.clock.set_wall(TimeDelta::zero());
                }
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
            let place = world.rng.random_range(1..=machines);
            let machine = u8::try_from(place).unwrap_or_default();
            let hours = Duration::from_secs(world.rng.random_range(1..24) * 3600);
            if world.chance(world.odds(0.01, 0.05)) {
                world.cut_off.insert(machine, now + hours);
            } else if world.chance(world.odds(0.01, 0.05)) {
                world.dateless.insert(machine, now + hours);
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

    /// What every machine that is well has, and what was renewed, once a day.
    fn judge(&mut self) -> Result<(), SimulationError> {
        let now = self.clock.monotonic();
        let true_now = self.world.with(|world| world.now());
        for machine in &self.machines {
            let Some(process) = machine.process() else {
                continue;
            };
            // A day of its own, in which the service could be asked too.
            let is_well = self.well_for(machine, false) >= day(1);
            for entry in &machine.config.certificates {
                let domain = &entry.domain;
                let end = self.end_of(process, domain)?;
                let newest = self.world.with(|world| world.newest(domain, day(1)));
                if is_well && newest.is_some_and(|newest| end.is_none_or(|end| end < newest)) {
                    let what = format!(
                        "machine {}: {domain} ends {end:?}, and the account has had one that ends {newest:?} for a day",
                        machine.number
                    );
                    return Err(self.broken(what));
                }
                let is_dead = end.is_none_or(|end| end <= true_now) && now > day(2);
                if is_dead && is_well {
                    let what = format!("machine {}: {domain} has expired: {end:?}", machine.number);
                    return Err(self.broken(what));
                }
                let left = end.map(|end| (end - true_now).num_hours());
                let fewest = self.report.fewest_hours;
                self.report.fewest_hours = fewest.into_iter().chain(left.filter(|_| is_well)).min();
            }
        }
        self.judge_renewals(now, true_now)
    }

    /// When that ends which a machine shows of this name. A version never changes once it is complete: it is read once.
    fn end_of(
        &self,
        process: &Process,
        domain: &str,
    ) -> Result<Option<DateTime<Utc>>, SimulationError> {
        let link = process.live.path(domain)?;
        let Ok(target) = std::fs::read_link(&link) else {
            return Ok(None);
        };
        if let Some((seen, end)) = self.seen.borrow().get(&link)
            && *seen == target
        {
            return Ok(Some(*end));
        }
        let current = process.live.current(domain)?;
        let end = current.map(|current| current.not_after);
        if let Some(end) = end {
            self.seen.borrow_mut().insert(link, (target, end));
        }
        Ok(end)
    }

    /// What is due is renewed as long as one of those that order is well.
    fn judge_renewals(
        &self,
        now: Duration,
        true_now: DateTime<Utc>,
    ) -> Result<(), SimulationError> {
        let orders = |machine: &&Machine| {
            let fleet = machine.config.fleet.as_ref();
            fleet.is_some_and(|fleet| fleet.orders == FleetOrders::InTurn)
        };
        let ordering = self.machines.iter().filter(orders);
        let longest = ordering.map(|machine| self.well_for(machine, true)).max();
        if longest.is_none_or(|longest| longest < RENEWED) {
            return Ok(());
        }
        for entry in &self.machines[0].config.certificates {
            let end = self
                .world
                .with(|world| world.newest(&entry.domain, Duration::ZERO));
            let due = match end {
                Some(end) => (true_now - (end - WINDOW)).to_std().unwrap_or_default(),
                None => now,
            };
            if due > RENEWED {
                let hours = due.as_secs() / 3600;
                let what = format!(
                    "{} has been due for {hours} hours, a machine was well, and nobody renewed it",
                    entry.domain
                );
                return Err(self.broken(what));
            }
        }
        Ok(())
    }

    /// For how long this machine has run without a stop, and reached the service; where it is to order, told the time too.
    fn well_for(&self, machine: &Machine, with_time: bool) -> Duration {
        let now = self.clock.monotonic();
        let since = self.world.with(|world| {
            let cut_off = world.cut_off.get(&machine.number).copied();
            let dateless = world.dateless.get(&machine.number).copied();
            let reached = [Some(world.outage_until), cut_off];
            let dateless = dateless.filter(|_| with_time);
            reached.into_iter().chain([dateless]).flatten().max()
        });
        let since = since
            .max(Some(machine.well_since))
            .max(Some(machine.back_at));
        now.saturating_sub(since.unwrap_or_default())
    }

    /// What it came to. Whatever a machine is at is dropped: its database may wait for what will not come any more.
    async fn count(&mut self) -> Result<(), SimulationError> {
        self.world.with(|world| {
            self.report.calls = world.calls;
            self.report.orders = world.orders;
            self.report.too_late = world.too_late;
            self.report.peak = world.service.peak();
        });
        for machine in &mut self.machines {
            let Some(process) = machine.end() else {
                continue;
            };
            let history = process.store.history(None, u32::MAX).await?;
            process.store.close().await;
            let said = |name: &str| {
                let all = history.iter().filter(|entry| entry.what.event == name);
                all.count() as u64
            };
            self.report.renewals += said("certificate.installed");
            self.report.duplicates += said("order.duplicate");
            self.report.alarms += said("certificate.expiring");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::options::Faults;

    #[tokio::test]
    async fn a_machine_that_stands_still_within_a_statement_keeps_nobody_waiting_for_its_database()
    {
        let folder = tempfile::tempdir().unwrap();
        let entry = "[[certificates]]\ndomain = \"shop.example.com\"\n";
        let options = Options {
            seed: 1,
            days: 1,
            faults: Faults::None,
            config: crate::config::parse(entry, None).unwrap().config,
            machines: 1,
            broken: None,
            folder: None,
        };
        let mut run = prepare(&options, folder.path()).unwrap();
        run.start_those_that_are_back(Duration::ZERO).await.unwrap();
        let machine = &mut run.machines[0];
        machine.let_happen(0, Mischief::Frozen(day(1)));
        assert!(machine.go_on(Duration::ZERO).unwrap().is_some());
        assert!(machine.process().unwrap().store.is_working());
        let counted = tokio::time::timeout(Duration::from_secs(20), run.count());
        counted.await.expect("the database is free").unwrap();
    }
}
