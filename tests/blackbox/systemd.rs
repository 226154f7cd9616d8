//! What systemd is told, and an end that loses nothing.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use evercert::sandbox::{Fault, FaultKind};
use nix::sys::signal::Signal;

use crate::common::{Daemon, Home, SOON, StandIn, wait_for};

/// The socket that a service manager listens on.
struct Manager {
    socket: UnixDatagram,
    path: std::path::PathBuf,
}

impl Manager {
    fn listen(home: &Home) -> Self {
        let path = home.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        Self { socket, path }
    }

    fn start(&self, home: &Home, watchdog: bool) -> Daemon {
        let mut command = home.command();
        command.arg("run").env("NOTIFY_SOCKET", &self.path);
        if watchdog {
            command.env("WATCHDOG_USEC", "10000000");
        }
        Daemon::spawn(&mut command)
    }

    /// Waits for a message with this line, and returns the message.
    fn wait(&self, line: &str) -> String {
        let mut heard = Vec::new();
        let mut buffer = [0_u8; 4096];
        wait_for(line, SOON, || {
            let length = self.socket.recv(&mut buffer).ok()?;
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            heard.push(message.clone());
            message.lines().any(|told| told == line).then_some(message)
        })
    }
}

#[test]
fn it_says_when_it_is_ready_reloading_alive_and_stopping() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let manager = Manager::listen(&home);
    let mut daemon = manager.start(&home, true);
    manager.wait("READY=1");
    manager.wait("WATCHDOG=1");
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.signal(Signal::SIGHUP);
    let reloading = manager.wait("RELOADING=1");
    let stamp = reloading
        .lines()
        .find_map(|line| line.strip_prefix("MONOTONIC_USEC="))
        .unwrap_or_else(|| panic!("no stamp in {reloading:?}"));
    assert!(stamp.parse::<u64>().unwrap() > 0);
    manager.wait("READY=1");
    // A bad file ends the reload too, or systemd would wait for it.
    home.write_config("nonsense");
    daemon.signal(Signal::SIGHUP);
    manager.wait("RELOADING=1");
    manager.wait("READY=1");
    manager.wait("WATCHDOG=1");
    daemon.signal(Signal::SIGTERM);
    manager.wait("STOPPING=1");
    assert_eq!(daemon.ended(Duration::from_secs(10)).code(), Some(0));
    daemon.wait("daemon.stopped");
}

#[test]
fn readiness_does_not_wait_for_the_service() {
    let stand_in = StandIn::quick();
    stand_in.always("DescribeCertificates", FaultKind::Stall);
    let home = Home::of(&stand_in, &["wgc.red"]);
    let manager = Manager::listen(&home);
    let _daemon = manager.start(&home, false);
    manager.wait("READY=1");
    assert_eq!(stand_in.requests(), 0, "ready before the first call");
}

/// Stops while an application waits for its answer, which comes after this many seconds or never.
fn stopped_in_mid_application(seconds: Option<u32>) -> (StandIn, Home, Daemon) {
    let stand_in = StandIn::quick();
    stand_in.on(|service| {
        service.add_fault(Fault {
            seconds,
            ..Fault::once("ApplyCertificate", FaultKind::Stall)
        });
    });
    let home = Home::of(&stand_in, &["wgc.red"]);
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(text.replace("timeout = \"3s\"", "timeout = \"60s\""));
    let mut daemon = Daemon::start(&home);
    wait_for("the application", SOON, || {
        (stand_in.asked("ApplyCertificate") == 1).then_some(())
    });
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.ended(Duration::from_secs(15)).code(), Some(0));
    (stand_in, home, daemon)
}

#[test]
fn an_answer_under_way_is_recorded_before_the_end() {
    let (stand_in, home, daemon) = stopped_in_mid_application(Some(2));
    assert_eq!(daemon.events_of("order.applied", "wgc.red").len(), 1);
    let again = Daemon::start(&home);
    again.wait_of("certificate.installed", "wgc.red");
    assert_eq!(again.events_of("order.found", "wgc.red").len(), 0);
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn an_answer_that_does_not_come_holds_up_the_end_for_seconds_only_and_is_found_again() {
    let (stand_in, home, daemon) = stopped_in_mid_application(None);
    assert_eq!(daemon.events_of("order.applied", "wgc.red").len(), 0);
    let again = Daemon::start(&home);
    again.wait_of("order.found", "wgc.red");
    again.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn a_stop_among_many_orders_makes_no_new_ones_and_loses_none() {
    let stand_in = StandIn::quick();
    let domains: Vec<String> = (0..15).map(|n| format!("shop{n}.example{n}.com")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let home = Home::of(&stand_in, &names);
    let mut daemon = Daemon::start(&home);
    wait_for("the first applications", SOON, || {
        (stand_in.asked("ApplyCertificate") >= 3).then_some(())
    });
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(stand_in.asked("ApplyCertificate") < domains.len());
    let again = Daemon::start(&home);
    for domain in &domains {
        again.wait_of("certificate.installed", domain);
        assert_eq!(stand_in.orders(domain).len(), 1, "{domain}");
    }
}
