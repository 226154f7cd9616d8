//! The pace of looks that leave something, with a real store and folder, and no network.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use chrono::TimeDelta;

use super::memory::Memory;
use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::delivery::Material;
use crate::delivery::bundle::samples::{Ca, expecting, now};
use crate::engine::{Concurrency, Environment, Rng};
use crate::lifecycle::delivery::Wanted;
use crate::lifecycle::{
    Algorithm, Closed, Ending, Installed, Method, Note, Order, Record, Schedule, Stage,
};
use crate::store::{Changes, Store};

const DOMAIN: &str = "shop.example.com";

fn changes<'a>(record: &'a Record, closed: Option<&'a Closed>) -> Changes<'a> {
    Changes {
        record,
        closed,
        schedule: Schedule {
            at: None,
            in_flight: false,
            urgent_at: None,
        },
        history: &[],
    }
}

struct Bench {
    engine: Engine,
    settings: Arc<Settings>,
    clock: VirtualClock,
    old: Material,
    new: Material,
    folder: tempfile::TempDir,
}

impl Bench {
    /// With the newer of two certificates installed, from an account that nobody can ask.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new(now());
        let store = Store::open(folder.path(), now()).await.unwrap();
        let live = Arc::new(Live::open(folder.path()).unwrap());
        let text = format!("[[certificates]]\ndomain = \"{DOMAIN}\"\n");
        let config = crate::config::parse(&text, None).unwrap().config;
        let settings = Settings::new(config, String::new(), std::collections::BTreeMap::new());
        store
            .sync(now(), &settings.wanted(), "first")
            .await
            .unwrap();
        let ca = Ca::new();
        let [old, new] = [60, 90].map(|days| {
            let issued = ca.issue_until(DOMAIN, days);
            let (full, key) = (issued.full(), issued.key);
            Material::from_pem(full.as_bytes(), key.as_bytes(), &expecting(DOMAIN)).unwrap()
        });
        for material in [&old, &new] {
            live.install(DOMAIN, material).unwrap();
        }
        let mut record = store.record(DOMAIN).await.unwrap().unwrap().record;
        record.installed = Some(Installed {
            certificate_id: "new1".to_owned(),
            account: "default".to_owned(),
            not_before: new.not_before(),
            not_after: new.not_after(),
            fingerprint: new.fingerprint_sha256().to_owned(),
            installed_at: now(),
        });
        store.save(now(), changes(&record, None)).await.unwrap();
        let environment = Environment {
            store,
            live,
            clock: Arc::new(clock.clone()),
            rng: Arc::new(Rng::seeded(1)),
            concurrency: Concurrency::Nothing,
        };
        let engine = Engine::new(environment, settings).await.unwrap();
        Self {
            settings: engine.settings(),
            engine,
            clock,
            old,
            new,
            folder,
        }
    }

    /// As the order of a renewal ends.
    async fn record_installed(&self, material: &Material) {
        let store = self.engine.store();
        let mut record = store.record(DOMAIN).await.unwrap().unwrap().record;
        let order = Order {
            id: "aaaaaaaa".to_owned(),
            marker: "ec-abcdef-aaaaaaaa".to_owned(),
            account: "default".to_owned(),
            algorithm: Algorithm::Rsa,
            method: Method::DnsAuto,
            link: None,
            renewal: true,
            adopted: false,
            stage: Stage::Issued {
                certificate_id: "next1".to_owned(),
            },
        };
        record.order = Some(order.clone());
        store.save(now(), changes(&record, None)).await.unwrap();
        record.order = None;
        if let Some(installed) = &mut record.installed {
            installed.fingerprint = material.fingerprint_sha256().to_owned();
        }
        let closed = Closed {
            order,
            ending: Ending::Installed,
        };
        store
            .save(now(), changes(&record, Some(&closed)))
            .await
            .unwrap();
    }

    async fn look(&self, kind: Kind) {
        self.engine.repair(&self.settings, kind).await.unwrap();
    }

    /// Minutes until the next look that is not a check.
    fn pause(&self) -> Option<i64> {
        let at = self.engine.repairs.again_at()?;
        Some((at - self.clock.now()).num_minutes())
    }

    async fn said(&self, event: &str) -> usize {
        let history = self.engine.store().history(None, u32::MAX).await.unwrap();
        let of_kind = history.iter().filter(|entry| entry.what.event == event);
        of_kind.count()
    }

    /// Makes the older of the two live.
    fn go_back(&self) {
        let live = &self.engine.environment.live;
        assert!(
            live.make_live(DOMAIN, self.old.fingerprint_sha256())
                .unwrap()
        );
    }

    fn shows(&self) -> String {
        let current = self.engine.environment.live.current(DOMAIN);
        current.unwrap().unwrap().fingerprint_sha256
    }
}

#[tokio::test]
async fn what_can_not_be_put_right_is_looked_at_less_and_less_often_and_said_once() {
    let bench = Bench::new().await;
    bench.look(Kind::Check).await;
    assert_eq!(bench.pause(), None);
    let archive = bench.folder.path().join("archive").join(DOMAIN);
    let aside = bench.folder.path().join("aside");
    std::fs::rename(&archive, &aside).unwrap();
    bench.look(Kind::InFlight).await;
    assert_eq!(bench.pause(), None, "between checks nobody looks");
    bench.look(Kind::Check).await;
    for minutes in [5, 10, 20, 40, 60, 60] {
        assert_eq!(bench.pause(), Some(minutes));
        assert!(bench.engine.next_due().await.unwrap() <= bench.engine.repairs.again_at());
        let pause = TimeDelta::minutes(minutes).to_std().unwrap();
        bench.clock.advance(pause);
        bench.look(Kind::InFlight).await;
    }
    assert_eq!(bench.said("live.wrong").await, 1);
    bench.look(Kind::Check).await;
    assert_eq!(bench.said("live.wrong").await, 2, "each check says it");
    std::fs::rename(&aside, &archive).unwrap();
    bench.look(Kind::Check).await;
    assert_eq!(bench.pause(), None);
    assert_eq!(
        bench.said("live.mended").await,
        1,
        "also where it was done by hand"
    );
}

#[tokio::test]
async fn the_older_is_replaced_and_what_the_operator_went_back_to_is_not() {
    let bench = Bench::new().await;
    bench.go_back();
    bench.look(Kind::Check).await;
    assert_eq!(bench.shows(), bench.new.fingerprint_sha256());
    assert_eq!(bench.said("live.mended").await, 1);
    let wanted = crate::lifecycle::delivery::Wanted {
        fingerprint: bench.old.fingerprint_sha256().to_owned(),
        not_after: bench.old.not_after(),
    };
    let store = bench.engine.store();
    store
        .set_rollback(now(), DOMAIN, Some(&wanted))
        .await
        .unwrap();
    bench.go_back();
    bench.look(Kind::Check).await;
    assert_eq!(bench.shows(), bench.old.fingerprint_sha256());
    assert_eq!(bench.said("live.mended").await, 1);
}

#[tokio::test]
async fn a_newer_one_is_left_and_said() {
    let bench = Bench::new().await;
    let ca = Ca::new();
    let issued = ca.issue_until(DOMAIN, 91);
    let (full, key) = (issued.full(), issued.key);
    let newest = Material::from_pem(full.as_bytes(), key.as_bytes(), &expecting(DOMAIN)).unwrap();
    let live = &bench.engine.environment.live;
    live.install(DOMAIN, &newest).unwrap();
    bench.look(Kind::Check).await;
    assert_eq!(bench.shows(), newest.fingerprint_sha256());
    assert_eq!(bench.said("drift.found").await, 1);
    assert_eq!(bench.pause(), None);
}

#[tokio::test]
async fn what_was_wrong_is_over_with_a_new_certificate_or_a_deploy_and_not_with_the_next_look() {
    let bench = Bench::new().await;
    let store = bench.engine.store();
    let troubles = async || store.live_troubles().await.unwrap().len();
    let newest = |days| {
        let issued = Ca::new().issue_until(DOMAIN, days);
        let (full, key) = (issued.full(), issued.key);
        Material::from_pem(full.as_bytes(), key.as_bytes(), &expecting(DOMAIN)).unwrap()
    };
    let live = &bench.engine.environment.live;
    live.install(DOMAIN, &newest(91)).unwrap();
    bench.look(Kind::Check).await;
    assert_eq!(troubles().await, 1);
    // Its operator puts the installed one back.
    bench.engine.deploy(DOMAIN).await.unwrap();
    assert_eq!((troubles().await, bench.said("live.mended").await), (0, 1));

    live.install(DOMAIN, &newest(91)).unwrap();
    bench.look(Kind::Check).await;
    assert_eq!(troubles().await, 1);
    let next = newest(180);
    live.install(DOMAIN, &next).unwrap();
    bench.record_installed(&next).await;
    assert_eq!(
        troubles().await,
        0,
        "what it replaced is no trouble any more"
    );
}

#[tokio::test]
async fn a_paused_certificate_is_left_as_it_is() {
    let bench = Bench::new().await;
    let link = bench.folder.path().join("live").join(DOMAIN);
    std::fs::remove_file(&link).unwrap();
    let store = bench.engine.store();
    let note = async |note| store.note(now(), DOMAIN, note, &[]).await.unwrap();
    note(Note::Paused).await;
    bench.look(Kind::Check).await;
    assert!(!link.exists());
    note(Note::Resumed).await;
    bench.look(Kind::Check).await;
    assert_eq!(bench.shows(), bench.new.fingerprint_sha256());
}

#[test]
fn the_rest_follows_at_once_but_not_where_one_fails() {
    let mut memory = Memory::default();
    let mut after = |failed, skipped| {
        memory.look_again(now(), failed, skipped);
        memory.again_at.map(|at| (at - now()).num_minutes())
    };
    assert_eq!(after(0, 7), Some(0));
    assert_eq!(after(50, 7), Some(5), "fifty failed, and that is no hurry");
    assert_eq!(after(1, 0), Some(10));
    assert_eq!(after(0, 7), Some(0));
    assert_eq!(after(0, 0), None);
    assert_eq!(after(1, 0), Some(5));
}

#[tokio::test]
async fn what_looks_as_it_did_is_read_again_only_after_a_week() {
    let bench = Bench::new().await;
    let read_at = async |days: u64| {
        bench.clock.advance(Duration::from_secs(days * 86_400));
        bench.look(Kind::Check).await;
        let to_show = bench.engine.store().to_show(DOMAIN).await.unwrap();
        let days = to_show.unwrap().read_at.unwrap() - now();
        days.num_days()
    };
    for (days, read) in [(0, 0), (6, 0), (1, 7), (6, 7)] {
        assert_eq!(read_at(days).await, read);
    }
    // A change of the mode is one of the inode: the content may have changed as well.
    let key = bench
        .folder
        .path()
        .join("live")
        .join(DOMAIN)
        .join("privkey.pem");
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(read_at(0).await, 13);
}

#[tokio::test]
async fn going_back_is_not_taken_for_damage_while_it_is_under_way() {
    let bench = Bench::new().await;
    bench.look(Kind::Check).await;
    let engine = &bench.engine;
    let under_way = engine.live_folders.lock().await;
    // The record says so already, the folder does not yet.
    let back_to = Wanted {
        fingerprint: bench.old.fingerprint_sha256().to_owned(),
        not_after: bench.old.not_after(),
    };
    let now = bench.clock.now();
    let store = engine.store();
    store
        .set_rollback(now, DOMAIN, Some(&back_to))
        .await
        .unwrap();
    let looks = || engine.progress();
    let before = looks();
    let goes_on = async {
        // Until the look has seen the difference.
        while looks() == before {
            tokio::task::yield_now().await;
        }
        // Time enough to put it right, if that waited for nobody.
        for _ in 0..20 {
            if bench.said("drift.found").await > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        bench.go_back();
        drop(under_way);
    };
    tokio::join!(bench.look(Kind::Check), goes_on);
    for event in ["drift.found", "live.mended"] {
        assert_eq!(bench.said(event).await, 0, "{event}");
    }
    assert_eq!(bench.shows(), back_to.fingerprint);
}
