//! What is due after a request was taken, with a real store and no network.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::delivery::Live;
use crate::engine::{Concurrency, Environment, Rng, Settings};
use crate::lifecycle::schedule;
use crate::lifecycle::{Installed, Record};
use crate::store::Changes;
use crate::store::{RequestState, Store};

const NAME: &str = "shop.example.com";
const OTHER: &str = "other.example.com";

struct Bench {
    engine: Engine,
    clock: VirtualClock,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// Two certificates that are in their window, and wait for a scheduled check.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let store = Store::open(folder.path(), clock.now()).await.unwrap();
        let live = Arc::new(Live::open(folder.path()).unwrap());
        let text = [NAME, OTHER].map(|domain| format!("[[certificates]]\ndomain = \"{domain}\"\n"));
        let config = crate::config::parse(&text.concat(), None).unwrap().config;
        let settings = Settings::new(config, String::new(), std::collections::BTreeMap::new());
        store
            .sync(clock.now(), &settings.wanted(), "first")
            .await
            .unwrap();
        let environment = Environment {
            store,
            live,
            clock: Arc::new(clock.clone()),
            rng: Arc::new(Rng::seeded(1)),
            concurrency: Concurrency::Nothing,
        };
        let engine = Engine::new(environment, settings).await.unwrap();
        let bench = Self {
            engine,
            clock,
            _folder: folder,
        };
        let end = bench.clock.now() + TimeDelta::days(20);
        for domain in [NAME, OTHER] {
            bench.install(domain, end, end - TimeDelta::days(90)).await;
        }
        bench
    }

    async fn install(&self, domain: &str, not_after: DateTime<Utc>, installed_at: DateTime<Utc>) {
        let now = self.clock.now();
        let mut record = self.record(domain).await;
        record.installed = Some(Installed {
            certificate_id: "held1".to_owned(),
            account: "default".to_owned(),
            not_before: installed_at,
            not_after,
            fingerprint: "00".repeat(32),
            installed_at,
        });
        record.forced = None;
        let policy = self.engine.settings().policy(domain, None);
        let changes = Changes {
            record: &record,
            closed: None,
            schedule: schedule(now, &policy, &record, &[]),
            history: &[],
        };
        self.engine.store().save(now, changes).await.unwrap();
    }

    async fn record(&self, domain: &str) -> Record {
        let listing = self.engine.store().record(domain).await.unwrap();
        listing.unwrap().record
    }

    async fn ask(&self, domains: &[&str], force: bool) -> i64 {
        let renew = Verb::Renew {
            domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
            force,
        };
        let store = self.engine.store();
        store.ask(self.clock.now(), &renew).await.unwrap()
    }

    /// The names that a pass of this kind looks at.
    async fn due(&self, kind: Kind) -> Vec<String> {
        let now = self.clock.now();
        let due = self.engine.store().due(now, kind == Kind::Check).await;
        let due = due.unwrap().into_iter();
        due.map(|listing| listing.record.domain).collect()
    }
}

#[tokio::test]
async fn a_renewal_of_one_name_leaves_the_others_to_their_scheduled_check() {
    let bench = Bench::new().await;
    assert_eq!(bench.due(Kind::InFlight).await, [""; 0]);
    assert_eq!(bench.due(Kind::Check).await, [OTHER, NAME]);
    let request = bench.ask(&[NAME], false).await;
    let waits = bench.engine.requests_wait().await.unwrap();
    assert_eq!(waits, Some(Kind::InFlight));
    let (taken, kind) = bench.engine.take_requests(Kind::InFlight).await.unwrap();
    assert_eq!((taken.len(), kind), (1, Kind::InFlight));
    assert_eq!(bench.due(kind).await, [NAME]);
    // The account is asked all the same whether what is installed still stands there.
    assert!(bench.engine.lock_asked().contains("default"));
    let state = async || bench.engine.store().request_state(request).await.unwrap();
    assert_eq!(state().await, RequestState::Taken);
    bench.engine.finish_requests(&taken).await.unwrap();
    assert_eq!(state().await, RequestState::Done(Ok(String::new())));
    assert_eq!(bench.engine.requests_wait().await.unwrap(), None);
}

#[tokio::test]
async fn a_renewal_of_all_is_a_check() {
    let bench = Bench::new().await;
    bench.ask(&[], false).await;
    let waits = bench.engine.requests_wait().await.unwrap();
    assert_eq!(waits, Some(Kind::Check));
    let (_, kind) = bench.engine.take_requests(Kind::InFlight).await.unwrap();
    assert_eq!(kind, Kind::Check);
    assert_eq!(bench.due(kind).await, [OTHER, NAME]);
}

#[tokio::test]
async fn a_request_that_comes_again_after_a_crash_orders_nothing_twice() {
    let bench = Bench::new().await;
    let asked_at = bench.clock.now();
    bench.ask(&[NAME], true).await;
    for _ in 0..2 {
        bench.engine.take_requests(Kind::InFlight).await.unwrap();
        assert_eq!(bench.record(NAME).await.forced, Some(asked_at));
        bench.clock.advance(std::time::Duration::from_secs(60));
    }
    // Ordered and installed, and then a crash before the pass was over.
    let now = bench.clock.now();
    bench.install(NAME, now + TimeDelta::days(90), now).await;
    bench.engine.take_requests(Kind::InFlight).await.unwrap();
    assert_eq!(bench.record(NAME).await.forced, None);
}

#[tokio::test]
async fn who_yields_takes_nothing_that_needs_a_pass_and_whose_delivery_runs_waits() {
    let bench = Bench::new().await;
    let request = bench.ask(&[NAME], false).await;
    let state = async |id| bench.engine.store().request_state(id).await.unwrap();
    bench.engine.yield_soon(true);
    let (taken, _) = bench.engine.take_requests(Kind::InFlight).await.unwrap();
    assert!(taken.is_empty());
    assert_eq!(state(request).await, RequestState::Waiting);
    bench.engine.yield_soon(false);
    let verb = Verb::Deploy(NAME.to_owned());
    let store = bench.engine.store();
    let deploy = store.ask(bench.clock.now(), &verb).await.unwrap();
    let engine = &bench.engine;
    engine
        .take_delivery_requests(|busy| busy == NAME)
        .await
        .unwrap();
    assert_eq!(state(deploy).await, RequestState::Waiting);
    engine.take_delivery_requests(|_| false).await.unwrap();
    assert!(matches!(state(deploy).await, RequestState::Done(_)));
}

#[tokio::test]
async fn who_asks_for_a_name_lets_go_what_keeps_it_back_and_nothing_else() {
    let bench = Bench::new().await;
    let until = bench.clock.now() + TimeDelta::hours(4);
    let hold = |scope| crate::lifecycle::Hold {
        account: "default".to_owned(),
        scope,
        until,
        times: 1,
        failure: crate::lifecycle::Failure::ours(crate::lifecycle::Class::Quota, "full".to_owned()),
    };
    let store = bench.engine.store();
    let other = HoldScope::MainDomain("example.org".to_owned());
    for scope in [HoldScope::Orders, other.clone()] {
        store.set_hold(&hold(scope)).await.unwrap();
    }
    bench.ask(&[NAME], false).await;
    bench.engine.take_requests(Kind::InFlight).await.unwrap();
    let left = store.holds().await.unwrap();
    let now = bench.clock.now();
    let in_force: Vec<_> = left.iter().filter(|hold| hold.in_force(now)).collect();
    assert_eq!(in_force.len(), 1, "{left:?}");
    assert_eq!(in_force[0].scope, other);
}
