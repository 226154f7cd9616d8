//! From the history to the outbox and out of it, with a real database and no network.

use std::sync::Arc;

use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::engine::{Concurrency, Environment, Rng};
use crate::notification::Sender;
use crate::observe::event::{Renewed, Resumed};
use crate::store::Store;

fn renewed() -> Fact {
    let seen = Renewed::Installed;
    Fact::CertificateRenewed { seen }
}

fn parked() -> Fact {
    Fact::CertificateParked {
        reason: "so it is".into(),
        remedy: "renew it".into(),
    }
}

fn resumed() -> Fact {
    let why = Resumed::Asked;
    Fact::CertificateResumed { why }
}

struct Bench {
    engine: Engine,
    clock: VirtualClock,
    settings: Arc<Settings>,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// With these channels.
    async fn new(notify: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = VirtualClock::new(chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap());
        let environment = Environment {
            store: Store::open(folder.path(), clock.now()).await.unwrap(),
            live: Arc::new(crate::delivery::Live::open(folder.path()).unwrap()),
            clock: Arc::new(clock.clone()),
            rng: Arc::new(Rng::seeded(1)),
            concurrency: Concurrency::Nothing,
        };
        let engine = Engine::new(environment, settings(notify)).await.unwrap();
        let settings = engine.settings();
        engine.sync_channels(&settings).await.unwrap();
        Self {
            engine,
            clock,
            settings,
            _folder: folder,
        }
    }

    async fn happens(&self, fact: Fact, domain: &str) {
        let event = Event::of(fact).certificate(domain);
        self.engine.say(vec![event]).await.unwrap();
    }

    async fn waiting(&self, channel: &str) -> u64 {
        self.engine.take_in_history(&self.settings).await.unwrap();
        self.engine.store().waiting(channel, 10).await.unwrap().1
    }

    /// One attempt through this channel.
    async fn tell(&self, attempts: u32) {
        let sender = Sender::new(None, Arc::new(crate::clock::SystemClock::new()));
        let notify = &self.settings.config.notifications.channels[0];
        self.engine
            .tell_channel(&self.settings, &sender, notify, attempts)
            .await
            .unwrap();
    }
}

fn settings(notify: &str) -> Settings {
    let text = format!("[[certificates]]\ndomain = \"a.example\"\n{notify}");
    let config = crate::config::parse(&text, None).unwrap().config;
    Settings::new(config, String::new(), std::collections::BTreeMap::new())
}

fn exec(name: &str, command: &str, on: &str) -> String {
    format!(
        "[[notify]]\ntype = \"exec\"\nname = \"{name}\"\ncommand = [\"{command}\"]\non = [{on}]\n"
    )
}

#[tokio::test]
async fn each_channel_waits_for_what_it_wants_and_everything_once() {
    let both = exec("all", "/bin/true", "\"renewed\", \"failed\"")
        + &exec("bad", "/bin/true", "\"failed\"");
    let bench = Bench::new(&both).await;
    bench.happens(renewed(), "a.example").await;
    bench.happens(parked(), "a.example").await;
    bench.happens(Fact::OrderIssued, "a.example").await;
    assert_eq!(
        (bench.waiting("all").await, bench.waiting("bad").await),
        (2, 1)
    );
    // What was taken in is not taken in again.
    assert_eq!(
        (bench.waiting("all").await, bench.waiting("bad").await),
        (2, 1)
    );
    bench.tell(0).await;
    assert_eq!(
        (bench.waiting("all").await, bench.waiting("bad").await),
        (0, 1)
    );
    // Those who were told of the trouble are told of its end.
    bench.happens(resumed(), "a.example").await;
    assert_eq!(
        (bench.waiting("all").await, bench.waiting("bad").await),
        (1, 2)
    );
}

#[tokio::test]
async fn a_long_history_is_taken_in_to_its_end() {
    let bench = Bench::new(&exec("all", "/bin/true", "\"renewed\"")).await;
    let entry = Event::of(renewed()).to_entry();
    let entries = vec![entry; READ as usize * 2 + 7];
    bench
        .engine
        .store()
        .append_history(bench.clock.now(), &entries)
        .await
        .unwrap();
    assert_eq!(bench.waiting("all").await, u64::from(READ) * 2 + 7);
    bench.tell(0).await;
    assert_eq!(
        bench.waiting("all").await,
        u64::from(READ) * 2 + 7 - u64::from(AT_ONCE)
    );
}

#[tokio::test]
async fn what_is_not_taken_stays_waits_longer_each_time_and_is_given_up_aloud() {
    let bench = Bench::new(&exec("bad", "/bin/false", "\"failed\", \"expiring\"")).await;
    bench.happens(parked(), "a.example").await;
    assert_eq!(bench.waiting("bad").await, 1);
    bench.tell(0).await;
    bench.tell(7).await;
    let state = bench.engine.store().channels().await.unwrap()["bad"].clone();
    assert_eq!(
        (state.attempts, state.waits_since),
        (8, Some(bench.clock.now()))
    );
    assert!(state.next_at > bench.clock.now() + TimeDelta::minutes(25));
    assert!(
        bench
            .engine
            .channels_due(&bench.settings)
            .await
            .unwrap()
            .0
            .is_empty()
    );
    assert_eq!(bench.waiting("bad").await, 1);
    bench
        .clock
        .advance(std::time::Duration::from_secs(3 * 86_400 + 1));
    bench.tell(8).await;
    // It is gone, and that it is gone is told.
    assert_eq!(bench.waiting("bad").await, 1);
    let history = bench.engine.store().history(None, 10).await.unwrap();
    assert_eq!(history.last().unwrap().what.event, "notification.dropped");
}

#[tokio::test]
async fn a_first_channel_is_not_told_the_past_and_a_dropped_one_is_forgotten() {
    let bench = Bench::new("").await;
    bench.happens(renewed(), "a.example").await;
    let with = settings(&exec("all", "/bin/true", "\"renewed\""));
    bench.engine.sync_channels(&with).await.unwrap();
    bench.engine.take_in_history(&with).await.unwrap();
    assert_eq!(bench.engine.store().waiting("all", 10).await.unwrap().1, 0);
    bench.happens(renewed(), "a.example").await;
    bench.engine.take_in_history(&with).await.unwrap();
    // A reload keeps what waits, and lets it be tried at once.
    bench.engine.sync_channels(&with).await.unwrap();
    assert_eq!(bench.engine.store().waiting("all", 10).await.unwrap().1, 1);
    bench.engine.sync_channels(&settings("")).await.unwrap();
    assert!(bench.engine.store().channels().await.unwrap().is_empty());
    assert_eq!(bench.engine.store().waiting("all", 10).await.unwrap().1, 0);
}

#[tokio::test]
async fn a_summary_is_a_message_of_its_own() {
    let digest = exec("all", "/bin/true", "\"renewed\"") + "digest = \"daily\"\n";
    let bench = Bench::new(&digest).await;
    assert!(
        bench
            .engine
            .channels_due(&bench.settings)
            .await
            .unwrap()
            .0
            .is_empty()
    );
    bench.clock.advance(std::time::Duration::from_secs(86_400));
    assert_eq!(
        bench
            .engine
            .channels_due(&bench.settings)
            .await
            .unwrap()
            .0
            .len(),
        1
    );
    bench.happens(renewed(), "a.example").await;
    assert_eq!(bench.waiting("all").await, 2);
    bench.tell(0).await;
    assert_eq!(bench.waiting("all").await, 1);
    let lines = bench.engine.digest_lines(bench.clock.now()).await.unwrap();
    assert_eq!(lines.last().unwrap().english, "No problem is known.");
}

#[tokio::test]
async fn a_problem_that_nothing_ends_leaves_the_summary_after_some_days() {
    let bench = Bench::new(&exec("all", "/bin/true", "\"account\", \"failed\"")).await;
    let skewed = Event::of(Fact::ClockSkewed { seconds: 600 });
    bench.engine.say(vec![skewed]).await.unwrap();
    assert_eq!(bench.waiting("all").await, 1);
    let summary = async || {
        let lines = bench.engine.digest_lines(bench.clock.now()).await.unwrap();
        lines.iter().any(|line| line.english.starts_with("PROBLEM"))
    };
    assert!(summary().await);
    bench
        .clock
        .advance(std::time::Duration::from_secs(4 * 86_400));
    assert!(!summary().await);
    // What else happens takes its row away.
    bench.happens(renewed(), "a.example").await;
    bench.waiting("all").await;
    assert!(bench.engine.store().problems().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_edit_ends_the_problems_of_what_it_takes_away() {
    let bench = Bench::new(&exec("all", "/bin/true", "\"failed\"")).await;
    bench.happens(parked(), "a.example").await;
    bench.happens(parked(), "gone.example").await;
    let failed = Fact::HookFailed {
        reason: "exit code 1".into(),
    };
    let failed = Event::of(failed).certificate("a.example").target("gone.sh");
    let failed = failed.class("transient").attempt(3);
    bench.engine.say(vec![failed]).await.unwrap();
    assert_eq!(bench.waiting("all").await, 3);
    assert_eq!(bench.engine.store().problems().await.unwrap().len(), 3);
    let reloaded = Event::of(Fact::ConfigReloaded {
        change: Box::default(),
    });
    bench.engine.say(vec![reloaded]).await.unwrap();
    // Their end is told, in one notice.
    assert_eq!(bench.waiting("all").await, 4);
    let left = bench.engine.store().problems().await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].subject.contains("a.example"));
}
