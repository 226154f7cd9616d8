//! One order per renewal, and nothing lost, however the process or an answer dies.

use std::collections::BTreeMap;
use std::time::Duration;

use evercert::sandbox::{AliasMode, Fault, FaultKind, Service};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::common::{Daemon, Home, StandIn, Watcher, now, read_pair, wait_for};

/// How many daemons are killed at once, each on a folder and a service of its own, and how often: 240 kills in all.
const STORMS: u64 = 10;
const KILLS: usize = 24;

/// Longer than the search for a lost application lasts.
const SETTLED: Duration = Duration::from_secs(120);

#[test]
fn killed_at_any_moment_it_ends_with_one_order_per_renewal_and_every_certificate_installed() {
    let seed = rand::random::<u64>();
    println!("the moments of this run come from seed {seed}");
    let storms: Vec<_> = (0..STORMS)
        .map(|storm| std::thread::spawn(move || kill_storm(seed.wrapping_add(storm))))
        .collect();
    for storm in storms {
        storm.join().unwrap();
    }
}

fn kill_storm(seed: u64) {
    // First certificates are old, so that renewals are killed as well as first orders.
    let stand_in = StandIn::aged(65);
    let domains: Vec<String> = (0..8).map(|n| format!("shop{n}.example{n}.com")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let home = Home::empty();
    // Keys that are quickly made: a stand-in that is busy with them counts what came meanwhile as one second's.
    let text = home.config_text(&stand_in.endpoint(), &names);
    home.write_config(text.replace("[log]", "[defaults]\nkey = \"ECC\"\n\n[log]"));
    let watcher = Watcher::begin(home.state_dir().join("live"));
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..KILLS {
        let mut daemon = Daemon::start(&home);
        // The first call comes after two seconds; a moment is so many calls later, and a bit. Some die before it.
        let enough = stand_in.requests() + random.random_range(0..8);
        let bit = Duration::from_millis(random.random_range(0..150));
        let clock = evercert::clock::SystemClock::new();
        while stand_in.requests() < enough
            && evercert::clock::Clock::monotonic(&clock) < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(3));
        }
        std::thread::sleep(bit);
        daemon.kill_9();
    }
    let daemon = Daemon::start(&home);
    for domain in &domains {
        wait_for(&format!("the renewal of {domain}"), SETTLED, || {
            let pair = read_pair(&home.live(domain))?;
            (pair.not_after - now() > chrono::TimeDelta::days(60)).then_some(())
        });
    }
    let renewed = home.run(&["renew"]);
    assert_eq!(renewed.code, 0, "{}", renewed.all());
    for domain in &domains {
        let orders = stand_in.orders(domain);
        assert_eq!(orders.len(), 2, "{domain}, seed {seed}: {orders:#?}");
        assert_eq!(orders[0]["renews"], orders[1]["certificate_id"]);
    }
    assert_eq!(daemon.events("order.duplicate").len(), 0);
    let peak = stand_in.peak();
    assert!(peak <= 10, "{peak} calls in one second, seed {seed}");
    assert!(watcher.end() > 0, "no pair was ever seen");
}

/// With this fault at the first application there is one order in the end, and it is installed.
fn one_order_despite(fault: Fault, alias: AliasMode) {
    let stand_in = StandIn::quick();
    stand_in.on(|service| {
        service.set_alias_mode(alias);
        service.add_fault(fault);
    });
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(home.run(&["renew"]).code, 0);
    let orders = stand_in.orders("wgc.red");
    assert_eq!(orders.len(), 1, "{orders:#?}\n{}", daemon.text());
}

fn apply(kind: FaultKind) -> Fault {
    Fault::once("ApplyCertificate", kind)
}

#[test]
fn an_application_whose_answer_is_lost_is_found_again() {
    one_order_despite(apply(FaultKind::DropAfter), AliasMode::Keep);
}

#[test]
fn an_application_is_found_again_where_the_service_drops_its_remark() {
    one_order_despite(apply(FaultKind::DropAfter), AliasMode::Drop);
}

#[test]
fn an_application_is_found_again_where_the_service_cuts_its_remark() {
    one_order_despite(apply(FaultKind::DropAfter), AliasMode::Cut);
}

#[test]
fn an_application_that_never_arrived_is_made_again() {
    one_order_despite(apply(FaultKind::DropBefore), AliasMode::Keep);
}

#[test]
fn an_application_that_takes_effect_after_its_error_is_found_again() {
    let late = Fault {
        seconds: Some(6),
        ..apply(FaultKind::Late)
    };
    one_order_despite(late, AliasMode::Keep);
}

#[test]
fn an_application_that_is_answered_too_late_is_found_again() {
    let stalled = Fault {
        seconds: Some(8),
        ..apply(FaultKind::Stall)
    };
    one_order_despite(stalled, AliasMode::Keep);
}

#[test]
fn an_application_answered_with_http_500_is_settled() {
    let http = Fault {
        code: Some("500".to_owned()),
        ..apply(FaultKind::Http)
    };
    one_order_despite(http, AliasMode::Keep);
}

#[test]
fn an_application_answered_with_rubbish_or_null_is_found_again() {
    one_order_despite(apply(FaultKind::Rubbish), AliasMode::Keep);
    one_order_despite(apply(FaultKind::Null), AliasMode::Keep);
}

#[test]
fn an_internal_error_is_settled() {
    one_order_despite(apply(FaultKind::Error), AliasMode::Keep);
}

#[test]
fn an_order_that_is_listed_late_is_found_again() {
    let stand_in = StandIn::quick();
    stand_in.on(|service| service.set_listing_delay(7));
    stand_in.once("ApplyCertificate", FaultKind::DropAfter);
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("order.found", "wgc.red");
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn an_answer_lost_together_with_the_process_is_found_again() {
    let stand_in = StandIn::quick();
    // The answer is held back; the process dies while it waits.
    stand_in.once("ApplyCertificate", FaultKind::Stall);
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    wait_for("the application", SETTLED, || {
        (stand_in.asked("ApplyCertificate") == 1).then_some(())
    });
    daemon.kill_9();
    let daemon = Daemon::start(&home);
    daemon.wait_of("order.found", "wgc.red");
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn a_renew_that_is_broken_off_costs_no_second_order() {
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(4));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let broken_off = Daemon::spawn(home.command().args(["renew", "wgc.red"]));
    wait_for("the application", SETTLED, || {
        (stand_in.asked("ApplyCertificate") == 1).then_some(())
    });
    drop(broken_off);
    assert_eq!(home.run(&["renew", "wgc.red"]).code, 0);
    assert!(read_pair(&home.live("wgc.red")).is_some());
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn lost_answers_while_issued_material_is_fetched_lose_nothing() {
    let stand_in = StandIn::quick();
    for kind in [FaultKind::DropAfter, FaultKind::Rubbish, FaultKind::Null] {
        stand_in.once("DescribeCertificateDetail", kind);
    }
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let failed = daemon.events_of("certificate.failed", "wgc.red");
    assert_eq!(failed.len(), 3);
    for event in failed {
        assert_eq!(event["class"], "transient");
        assert!(event["next_attempt"].is_string(), "{event}");
    }
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn a_cancelled_order_is_replaced_and_a_rejected_one_later() {
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(2));
    let home = Home::of(&stand_in, &["cancelled.red", "rejected.blue"]);
    let daemon = Daemon::start(&home);
    let mut ended = BTreeMap::new();
    for (domain, status) in [("cancelled.red", 7), ("rejected.blue", 2)] {
        let applied = daemon.wait_of("order.applied", domain);
        let id = applied["certificate_id"].as_str().unwrap();
        let change = evercert::sandbox::OrderChange {
            status: Some(status),
            ..Default::default()
        };
        stand_in.on(|service| service.change_order(now(), id, &change).unwrap());
        ended.insert(domain, now());
    }
    for (domain, at_least) in [("cancelled.red", 2), ("rejected.blue", 15)] {
        wait_for(&format!("another order of {domain}"), SETTLED, || {
            (stand_in.orders(domain).len() == 2).then_some(())
        });
        assert!(
            (now() - ended[domain]).num_seconds() >= at_least,
            "{domain}"
        );
        daemon.wait_of("certificate.installed", domain);
    }
    assert_eq!(
        daemon.events_of("order.cancelled", "cancelled.red").len(),
        1
    );
    assert_eq!(daemon.events_of("order.failed", "rejected.blue").len(), 1);
}

/// A daemon that died between the issue of its order and the fetching of it, and what it was about.
fn issued_and_not_fetched(stand_in: &StandIn) -> Home {
    stand_in.always("DescribeCertificateDetail", FaultKind::Error);
    let home = Home::of(stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("order.issued", "wgc.red");
    daemon.wait_of("certificate.failed", "wgc.red");
    daemon.kill_9();
    stand_in.on(Service::clear_faults);
    home
}

#[test]
fn an_order_whose_certificate_ended_before_it_was_fetched_is_replaced() {
    let stand_in = StandIn::quick();
    let home = issued_and_not_fetched(&stand_in);
    // The machine was off for a long time.
    stand_in.on(|service| service.set_clock_offset(100 * 86_400));
    let daemon = Daemon::start(&home);
    daemon.wait_of("order.failed", "wgc.red");
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 2);
}

#[test]
fn a_clock_that_is_a_year_ahead_gives_no_issued_order_up() {
    let stand_in = StandIn::quick();
    stand_in.on(|service| service.set_clock_offset(-365 * 86_400));
    let home = issued_and_not_fetched(&stand_in);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}
