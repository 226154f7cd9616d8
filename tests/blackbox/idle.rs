//! Nothing due costs nothing.

use std::time::Duration;

use crate::common::{Daemon, Home, SOON, StandIn, output, write_rested};

const MANY: usize = 10_000;

#[test]
fn ten_thousand_certificates_of_which_none_is_due_cost_one_sweep_a_day() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let domains: Vec<String> = (0..MANY).map(|n| format!("www{n}.example.com")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    home.configure(&stand_in.endpoint(), &names);
    write_rested(&home);

    let mut daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    // A pass that is asked for and waited for; it comes after the one at start.
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(stand_in.asked("DescribeCertificates"), 1, "one sweep");
    assert_eq!(stand_in.requests(), 1, "and nothing else");
    assert_eq!(daemon.stop().code(), Some(0));

    let mut daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(stand_in.requests(), 1, "the picture of today is enough");
    assert_eq!(daemon.events("config.reloaded").len(), 0);
    assert_eq!(daemon.stop().code(), Some(0));

    let status = output(home.command().args(["status", "--json"]), SOON);
    let list = status.json();
    assert_eq!(list.as_array().unwrap().len(), MANY);
    assert_eq!(list[0]["state"], "installed");
}

#[test]
fn a_daemon_with_nothing_to_do_hardly_uses_the_processor() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let before = ticks(&daemon);
    std::thread::sleep(Duration::from_secs(5));
    let used = ticks(&daemon) - before;
    // 100 ticks a second; a check every second included, a tenth of one processor is far above what it needs.
    assert!(used < 50, "{used} ticks in five seconds of nothing to do");
}

/// Processor time so far, in hundredths of a second (proc(5), `stat`, fields 14 and 15).
fn ticks(daemon: &Daemon) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
