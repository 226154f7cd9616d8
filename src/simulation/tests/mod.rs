//! Scenes: the real engine and store against the stand-in, in virtual time, with nothing left to chance but what the test
//! does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::executor::{DatabaseGate, Outcome, execute};
use super::options::{Faults, Options};
use super::process::{Machine, Process};
use super::world::{SharedWorld, World};
use crate::clock::{Clock, VirtualClock};
use crate::daemon::worker::Worker;
use crate::lifecycle::{Note, Record};
use crate::observe::Event;
use crate::sandbox::{Fault, FaultKind, OrderChange, Service};
use crate::tencent::ssl::Application;

mod accounts;
mod clocks;
mod fleets;
mod guards;
mod orders;

/// The one name, unless a test has more.
const NAME: &str = "shop.example.com";

/// One machine with a daemon on it.
struct Scene {
    machine: Machine,
    process: Process,
    worker: Worker,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// A daemon that was just started, on a config with one certificate and a check that the test asks for.
    async fn new() -> Self {
        Self::of(&format!("[[certificates]]\ndomain = \"{NAME}\"\n")).await
    }

    /// As [`Scene::new`], with this config.
    async fn of(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = crate::config::parse(config, None).unwrap().config;
        config.state_dir = folder.path().to_path_buf();
        let options = Options {
            seed: 1,
            days: 10_000,
            faults: Faults::None,
            config: config.clone(),
            machines: 1,
            broken: None,
            folder: None,
        };
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_500);
        let clock = VirtualClock::new(start);
        let world = World::new(&options, clock.clone(), start, 20).unwrap();
        let machine = Machine {
            seed: 1,
            config,
            folder: folder.path().to_path_buf(),
            clock,
            gate: DatabaseGate::default(),
            world: SharedWorld::new(world),
        };
        let process = machine.start(0).await.unwrap();
        let settings = process.engine.settings();
        process.engine.sync_channels(&settings).await.unwrap();
        process.jobs.check();
        let mut worker = process.jobs.worker();
        worker.wake();
        Self {
            machine,
            process,
            worker,
            _folder: folder,
        }
    }

    /// The same machine after the daemon was started anew on another config.
    async fn restarted(self, config: &str) -> Self {
        let Self {
            mut machine,
            process,
            worker,
            _folder,
        } = self;
        process.store.close().await;
        drop((worker, process));
        let state_dir = machine.config.state_dir.clone();
        machine.config = crate::config::parse(config, None).unwrap().config;
        machine.config.state_dir = state_dir;
        let process = machine.start(1).await.unwrap();
        process.jobs.check();
        let mut worker = process.jobs.worker();
        worker.wake();
        Self {
            machine,
            process,
            worker,
            _folder,
        }
    }

    /// The same daemon, started anew without its record.
    async fn forgetful(self) -> Self {
        let config = format!("[[certificates]]\ndomain = \"{NAME}\"\n");
        let state_dir = self.machine.config.state_dir.clone();
        self.process.store.close().await;
        for file in ["evercert.db", "evercert.db-wal", "evercert.db-shm"] {
            std::fs::remove_file(state_dir.join(file)).ok();
        }
        self.restarted(&config).await
    }

    /// Somebody applies for another name in the account.
    fn order_elsewhere(&self, domain: &str) {
        self.order_under(None, domain, "DNS_AUTO");
    }

    /// Somebody applies under this remark, to be proved by this method.
    fn order_under(&self, alias: Option<String>, domain: &str, method: &str) -> String {
        let client = self.process.engine.settings();
        let client = client.client("default").unwrap();
        let application = Application {
            dv_auth_method: method.to_owned(),
            domain_name: domain.to_owned(),
            alias,
            ..Application::default()
        };
        let (clock, store, gate) = (&self.machine.clock, &self.process.store, &self.machine.gate);
        let applying = async {
            let permit = client.permit().await;
            client.apply(permit, client.timestamp(), &application).await
        };
        match execute(clock, store, gate, None, applying) {
            Outcome::Done(Ok(answer)) => answer.value,
            _ => panic!("{domain} was not applied for"),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.machine.clock.now()
    }

    /// The daemon has read its history for a channel that is told of everything. How much waits for it.
    async fn told(&self) -> u64 {
        let engine = &self.process.engine;
        let settings = engine.settings();
        engine.take_in_history(&settings).await.unwrap();
        self.process.store.waiting("all", 1).await.unwrap().1
    }

    /// Asks for a new certificate of this name, as `renew --force` does.
    async fn force(&mut self, domain: &str) {
        let (at, store) = (self.now(), &self.process.store);
        let asked = Note::Asked { at, force: true };
        store.note(at, domain, asked, &[]).await.unwrap();
        self.worker.wake();
    }

    /// Lets this much time pass, in which the daemon does what is due.
    fn pass(&mut self, time: Duration) {
        let clock = &self.machine.clock;
        let end = clock.monotonic() + time;
        while clock.monotonic() < end {
            let work = self.worker.run_inline(clock.now());
            let done = execute(clock, &self.process.store, &self.machine.gate, None, work);
            assert!(matches!(done, Outcome::Done(Ok(()))), "{done:?}");
            self.machine.world.with(World::catch_up);
            let wall = clock.now();
            let due = self.worker.next(wall);
            let pause = due.map_or(time, |due| (due - wall).to_std().unwrap_or_default());
            let left = end.saturating_sub(clock.monotonic());
            clock.advance(pause.max(Duration::from_secs(1)).min(left));
        }
    }

    /// Has everything looked at, as the schedule does.
    fn check(&mut self) {
        self.process.jobs.check();
        self.worker.wake();
        self.pass(Duration::from_secs(5));
    }

    /// Until the first certificate is installed, and nothing is under way.
    fn settle(&mut self) {
        self.pass(Duration::from_secs(3_600));
    }

    /// Turns the service's knobs.
    fn at_service<T>(&self, work: impl FnOnce(&mut Service) -> T) -> T {
        self.machine.world.with(|world| work(&mut world.service))
    }

    /// The next `times` calls of this action are answered with this code, and nothing is done.
    fn refuse(&self, action: &str, code: &str, times: u32) {
        let fault = Fault {
            code: Some(code.to_owned()),
            times,
            ..Fault::once(action, FaultKind::Error)
        };
        self.at_service(|service| service.add_fault(fault));
    }

    /// The next `times` calls of this action end at a proxy that has no way to the service.
    fn gateway_fails(&self, action: &str, times: u32) {
        let fault = Fault {
            times,
            ..Fault::once(action, FaultKind::Http)
        };
        self.at_service(|service| service.add_fault(fault));
    }

    /// How often this action was called.
    fn calls(&self, action: &str) -> usize {
        let requests = self.at_service(|service| service.requests(0));
        let all = requests["requests"].as_array().unwrap();
        let of_action = all.iter().filter(|request| request["action"] == action);
        of_action.count()
    }

    /// All that the service has, newest first.
    fn certificates(&self) -> Vec<Value> {
        let now = self.machine.world.with(|world| world.now());
        let state = self.at_service(|service| service.state(now));
        state["certificates"].as_array().unwrap().clone()
    }

    /// The daemon's record of the one name.
    async fn record(&self) -> Record {
        self.record_of(NAME).await
    }

    async fn record_of(&self, domain: &str) -> Record {
        let known = self.process.store.record(domain).await.unwrap();
        known.unwrap().record
    }

    /// All that was said in this kind of event, oldest first.
    async fn said(&self, event: &str) -> Vec<Event> {
        let history = self.process.store.history(None, u32::MAX).await.unwrap();
        let of_kind = history.iter().filter(|entry| entry.what.event == event);
        of_kind
            .map(|entry| Event::from_entry(&entry.what).unwrap())
            .collect()
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}
