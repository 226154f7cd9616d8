//! What must hold, looked at from outside while the years pass and when they are over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::error::SimulationError;
use super::process::{Machine, Process};
use super::report::Report;
use super::targets::{self, Targets};
use super::world::World;
use crate::clock::Clock;
use crate::engine::Kind;
use crate::store::Verb;

/// What is looked at, and what was seen so far.
pub(super) struct Judge<'a> {
    machine: &'a Machine,
    pub(super) domains: Vec<String>,
    pub(super) targets: Targets,
    pub(super) report: Report,
    /// What each name's link pointed to when it was last read whole, and when that ends.
    seen: BTreeMap<String, (PathBuf, DateTime<Utc>)>,
    /// The names whose files were tampered with, until they are seen to be whole again.
    tampered: BTreeSet<String>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(machine: &'a Machine, days: u32) -> Self {
        let certificates = &machine.config.certificates;
        let domains = certificates.iter().map(|certificate| &certificate.domain);
        Self {
            machine,
            domains: domains.cloned().collect(),
            targets: Targets::new(&machine.config),
            report: Report {
                seed: machine.seed,
                days,
                certificates: certificates.len(),
                ..Report::default()
            },
            seen: BTreeMap::new(),
            tampered: BTreeSet::new(),
        }
    }

    /// What this name's files hold can't be told from now on, until they are whole again.
    pub(super) fn allow_damage(&mut self, domain: String) {
        self.seen.remove(&domain);
        self.tampered.insert(domain);
    }

    fn broken(&self, what: String) -> SimulationError {
        self.machine.broken(what)
    }

    /// Promise 3 and the ends: each pair that the folder shows is whole, and valid.
    pub(super) fn read_live(&mut self, process: &Process) -> Result<(), SimulationError> {
        let now = self.machine.world.with(|world| world.now());
        for domain in self.domains.clone() {
            let link = process.live.path(&domain)?;
            let Ok(target) = std::fs::read_link(&link) else {
                continue;
            };
            // A version never changes once it is complete: reading it again would show the same.
            if self
                .seen
                .get(&domain)
                .is_none_or(|(seen, _)| *seen != target)
            {
                let current = match process.live.current(&domain) {
                    Ok(Some(current)) => current,
                    Ok(None) => continue,
                    Err(_) if self.tampered.contains(&domain) => continue,
                    Err(error) => {
                        return Err(self.broken(format!("{domain}: the live folder: {error}")));
                    }
                };
                self.tampered.remove(&domain);
                self.seen
                    .insert(domain.clone(), (target, current.not_after));
                self.machine
                    .world
                    .with(|world| world.installed.insert(domain.clone(), current.not_after));
            }
            let Some(end) = self.seen.get(&domain).map(|(_, end)| *end) else {
                continue;
            };
            if end <= now {
                return Err(self.broken(format!("{domain}: the installed certificate has expired")));
            }
            let left = (end - now).num_hours();
            let fewest = self.report.fewest_hours;
            self.report.fewest_hours = Some(fewest.map_or(left, |fewest| fewest.min(left)));
        }
        Ok(())
    }

    /// Where it all goes: nothing that has ended is served, and what is said to be delivered is.
    async fn look_at_targets(
        &mut self,
        process: &Process,
        is_end: bool,
    ) -> Result<(), SimulationError> {
        let (served, now) = self.machine.world.with(|world| {
            let now = world.now();
            (world.service.resources(now), now)
        });
        let untrue = self
            .targets
            .untrue(&served, process, &self.tampered, is_end)
            .await?;
        let expired = targets::expired(&served, now);
        match expired.or(untrue) {
            Some(what) => Err(self.broken(what)),
            None => Ok(()),
        }
    }

    /// Once a day the operator looks: what waits for them is tried again.
    pub(super) async fn operate(&mut self, process: &Process) -> Result<(), SimulationError> {
        self.look_at_targets(process, false).await?;
        let now = self.machine.clock.now();
        let mut waiting = Vec::new();
        for account in self.machine.config.accounts.keys() {
            let parked = process.store.parked(account).await?;
            waiting.extend(parked.into_iter().map(|listing| listing.record.domain));
        }
        for sweep in process.store.sweeps().await? {
            self.report.slots = self.report.slots.max(sweep.slots);
        }
        self.report.parked += waiting.len() as u64;
        if !waiting.is_empty() {
            let renew = Verb::Renew {
                domains: waiting,
                force: false,
            };
            process.store.ask(now, &renew).await?;
            let (requests, _) = process.engine.take_requests(Kind::InFlight).await?;
            process.engine.finish_requests(&requests).await?;
        }
        Ok(())
    }

    /// The days are over, the last ten of them calm: everything must be well.
    pub(super) async fn judge(&mut self, process: &Process) -> Result<(), SimulationError> {
        let now = self.machine.world.with(|world| world.now());
        self.machine.world.with(World::catch_up);
        for listing in process.store.records().await? {
            let record = listing.record;
            let Some(installed) = &record.installed else {
                return Err(self.broken(format!(
                    "{}: never installed: {:?}",
                    record.domain, record.retry
                )));
            };
            if let Some(status) = record.dead {
                return Err(self.broken(format!(
                    "{}: what is installed is revoked (status {status}) after ten calm days: {:?}",
                    record.domain, record.retry
                )));
            }
            let left = (installed.not_after - now).num_days();
            if left < 20 {
                return Err(self.broken(format!(
                    "{}: only {left} days left after ten calm days: {:?}",
                    record.domain, record.retry
                )));
            }
            let live = process.live.current(&record.domain)?;
            if live.is_none_or(|live| live.fingerprint_sha256 != installed.fingerprint) {
                return Err(self.broken(format!(
                    "{}: the record says {}, the folder holds another certificate",
                    record.domain, installed.certificate_id
                )));
            }
        }
        self.look_at_targets(process, true).await?;
        let (calls, orders, peak) = self
            .machine
            .world
            .with(|world| (world.calls, world.orders, world.service.peak()));
        self.report.calls = calls;
        self.report.orders = orders;
        self.report.peak = peak;
        if peak > 10 {
            return Err(self.broken(format!("{peak} requests in one second")));
        }
        for entry in process.store.history(None, u32::MAX).await? {
            match entry.what.event.as_str() {
                "certificate.renewed" => self.report.renewals += 1,
                "certificate.expiring" | "certificate.expired" => self.report.alarms += 1,
                "order.duplicate" => self.report.duplicates += 1,
                _ => {}
            }
        }
        process.store.close().await;
        Ok(())
    }
}
