//! A machine that is not as it should be: clocks that differ, proxies that are set, a log that nobody reads, folders
//! that are in the way, another installation.

use std::fs;
use std::process::Stdio;

use chrono::TimeDelta;
use evercert::sandbox::FaultKind;

use crate::common::{Daemon, Home, SOON, StandIn, now, read_pair, wait_for};

#[test]
fn a_clock_that_is_ten_minutes_off_is_said_and_stops_nothing() {
    for offset in [600, -600] {
        let stand_in = StandIn::quick();
        stand_in.on(|service| service.set_clock_offset(offset));
        let home = Home::of(&stand_in, &["wgc.red"]);
        let daemon = Daemon::start(&home);
        daemon.wait_of("certificate.installed", "wgc.red");
        daemon.wait("clock.skewed");
        assert_eq!(stand_in.orders("wgc.red").len(), 1, "{offset}");
    }
}

#[test]
fn an_application_without_an_answer_is_waited_for_as_long_where_the_clocks_differ() {
    // Within five minutes a signature is accepted as it is; beyond, it is made anew by the service's clock.
    let cases = [-3600, -600, -200, 200].map(|offset| {
        std::thread::spawn(move || {
            let stand_in = StandIn::quick();
            stand_in.on(|service| {
                service.set_clock_offset(offset);
                service.set_listing_delay(9);
            });
            stand_in.once("ApplyCertificate", FaultKind::DropAfter);
            let home = Home::of(&stand_in, &["wgc.red"]);
            let daemon = Daemon::start(&home);
            daemon.wait_of("certificate.installed", "wgc.red");
            assert_eq!(daemon.events_of("order.found", "wgc.red").len(), 1);
            assert_eq!(stand_in.orders("wgc.red").len(), 1, "{offset}");
        })
    });
    for case in cases {
        case.join().unwrap();
    }
}

#[test]
fn a_certificate_that_is_due_only_by_a_wrong_clock_is_not_renewed() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(daemon.stop().code(), Some(0));
    // By this machine's clock the window is open; by the service's, it opens in twenty days.
    super::issue_and_renew::installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
    stand_in.on(|service| service.set_clock_offset(-30 * 86_400));
    let daemon = Daemon::start(&home);
    daemon.wait("clock.skewed");
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(stand_in.asked("ApplyCertificate"), 1, "the first one");
}

#[test]
fn a_proxy_in_the_environment_is_not_used_on_this_machine() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut command = home.command();
    command.arg("run");
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, "http://127.0.0.1:1");
    }
    Daemon::spawn(&mut command).wait_of("certificate.installed", "wgc.red");
}

#[test]
fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut child = home
        .command()
        .arg("run")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    wait_for("the certificate", SOON, || read_pair(&home.live("wgc.red")));
    assert!(child.try_wait().unwrap().is_none(), "it lives");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_a_person_put_into_the_live_folder_is_left_alone_and_stops_nobody_else() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["mine.example.com", "wgc.red"]);
    fs::create_dir_all(home.live("mine.example.com")).unwrap();
    let file = home.live("mine.example.com").join("privkey.pem");
    fs::write(&file, "a person's").unwrap();
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait_of("certificate.failed", "mine.example.com");
    assert_eq!(fs::read_to_string(&file).unwrap(), "a person's");
    // Once it is out of the way, the order that was paid for is used.
    fs::remove_dir_all(home.live("mine.example.com")).unwrap();
    daemon.wait_of("certificate.installed", "mine.example.com");
    assert_eq!(stand_in.orders("mine.example.com").len(), 1);
}

#[test]
fn a_second_installation_takes_what_the_first_one_bought() {
    let stand_in = StandIn::quick();
    let first = Home::of(&stand_in, &["wgc.red"]);
    Daemon::start(&first).wait_of("certificate.installed", "wgc.red");
    let second = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&second);
    daemon.wait_of("order.adopted", "wgc.red");
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
    let pairs = [&first, &second].map(|home| read_pair(&home.live("wgc.red")).unwrap());
    assert_eq!(pairs[0].serial, pairs[1].serial);
}

#[test]
fn a_state_folder_that_was_lost_costs_no_second_order() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.kill_9();
    fs::remove_dir_all(home.state_dir()).unwrap();
    let daemon = Daemon::start(&home);
    daemon.wait_of("order.adopted", "wgc.red");
    let installed = daemon.wait_of("certificate.installed", "wgc.red");
    assert!(installed["days_left"].as_i64().unwrap() > 80);
    assert!(read_pair(&home.live("wgc.red")).unwrap().not_after > now());
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn an_outage_does_not_silence_the_alarm_of_a_certificate_near_its_end() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    super::issue_and_renew::installed(&home, "wgc.red", "oldid123", TimeDelta::days(2));
    stand_in.always("DescribeCertificates", FaultKind::Error);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.failed", "wgc.red");
    let alarm = daemon.wait_of("certificate.expiring", "wgc.red");
    assert_eq!(alarm["days_left"], 1, "{alarm}");
    daemon.wait_for("account.unreachable", 3);
    assert_eq!(
        daemon.events("certificate.expiring").len(),
        1,
        "each level once"
    );
}

#[test]
fn an_outage_costs_one_call_a_try_and_not_one_a_certificate() {
    let stand_in = StandIn::quick();
    let names: Vec<String> = (0..15)
        .map(|number| format!("n{number}.example.com"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let home = Home::of(&stand_in, &names);
    stand_in.always("DescribeCertificates", FaultKind::Error);
    let daemon = Daemon::start(&home);
    daemon.wait_for("account.unreachable", 3);
    let calls = stand_in.asked("DescribeCertificates");
    assert!(
        calls <= 6,
        "{calls} calls for three tries of {} certificates",
        names.len()
    );
    for name in &names {
        let said = daemon.events_of("certificate.failed", name).len();
        assert_eq!(said, 1, "{name}: what follows is said of the account");
    }

    // `renew` does not wait for the pause, and what was held back goes on.
    stand_in.on(|service| service.clear_faults());
    let renewed = home.run(&["renew"]);
    assert_eq!(renewed.code, 0, "{}", renewed.all());
    for name in names {
        daemon.wait_of("certificate.installed", name);
    }
}

#[test]
fn a_clock_that_is_a_year_ahead_installs_what_is_valid_by_the_services_clock() {
    let stand_in = StandIn::quick();
    stand_in.on(|service| service.set_clock_offset(-365 * 86_400));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait("clock.skewed");
    // By this machine's clock it has expired already; that is no reason to order again.
    for _ in 0..2 {
        home.run(&["renew"]);
    }
    assert_eq!(stand_in.asked("ApplyCertificate"), 1, "{}", daemon.text());
}
