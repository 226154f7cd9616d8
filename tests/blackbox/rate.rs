//! Never faster than ten requests in any second, and few requests a certificate.

use std::time::Duration;

use crate::common::{Daemon, Home, StandIn, read_pair, wait_for};

const DOMAINS: u64 = 200;

#[test]
fn two_hundred_domains_take_few_calls_and_never_more_than_ten_in_a_second_across_a_crash() {
    let stand_in = StandIn::with(|options| {
        options.free_limit = 1000;
        options.domain_limit = 1000;
    });
    let domains: Vec<String> = (0..DOMAINS)
        .map(|n| format!("www{n}.example{}.com", n % 40))
        .collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let home = Home::of(&stand_in, &names);
    let mut daemon = Daemon::start(&home);
    let within = Duration::from_secs(120);
    wait_for("half of the orders", within, || {
        (stand_in.asked("ApplyCertificate") as u64 >= DOMAINS / 2).then_some(())
    });
    daemon.kill_9();
    let daemon = Daemon::start(&home);
    for domain in &domains {
        wait_for(&format!("{domain} on disk"), within, || {
            read_pair(&home.live(domain))
        });
    }
    daemon.wait_until("the last line", |log| {
        log.iter()
            .any(|line| line["event"] == "certificate.installed")
            .then_some(())
    });
    let (calls, peak) = (stand_in.requests(), stand_in.peak());
    println!("{calls} calls for {DOMAINS} certificates, {peak} in the busiest second");
    assert!(peak <= 10, "{peak} calls in one second");
    assert!(calls * 10 <= DOMAINS * 22, "{calls} calls");
    for domain in &domains {
        assert_eq!(stand_in.orders(domain).len(), 1, "{domain}");
    }
}

#[test]
fn a_slower_rate_of_the_config_is_kept_too() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let names = ["a.one.com", "b.two.com", "c.three.com", "d.four.com"];
    let text = home.config_text(&stand_in.endpoint(), &names);
    home.write_config(text.replace("[api]\n", "[api]\nrequests_per_second = 2\n"));
    let daemon = Daemon::start(&home);
    for name in names {
        daemon.wait_of("certificate.installed", name);
    }
    assert!(stand_in.peak() <= 2, "{} in a second", stand_in.peak());
}

#[test]
fn a_service_that_throttles_is_asked_again_and_nothing_is_ordered_twice() {
    let stand_in = StandIn::with(|options| options.requests_per_second = 3);
    let names = [
        "a.one.com",
        "b.two.com",
        "c.three.com",
        "d.four.com",
        "e.five.com",
        "f.six.com",
    ];
    let home = Home::of(&stand_in, &names);
    let daemon = Daemon::start(&home);
    for name in names {
        daemon.wait_of("certificate.installed", name);
        assert_eq!(stand_in.orders(name).len(), 1, "{name}");
    }
}
