//! What servers read is lost or changed by hand: it comes back by itself, and never by an order that is not needed.

use std::fs;
use std::os::unix::fs::symlink;

use evercert::sandbox::{Fault, FaultKind, Service};

use crate::common::{Daemon, Home, StandIn, read_pair};

const DOMAIN: &str = "wgc.red";

/// A home whose one certificate is installed, and what lies below it. The daemon is stopped.
fn installed(stand_in: &StandIn) -> Home {
    let home = Home::of(stand_in, &[DOMAIN]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", DOMAIN);
    assert!(daemon.stop().success());
    home
}

#[test]
fn a_lost_link_is_made_again_without_a_call() {
    let stand_in = StandIn::quick();
    let home = installed(&stand_in);
    let before = read_pair(&home.live(DOMAIN)).unwrap();
    let fetched = stand_in.asked("DescribeCertificateDetail");
    fs::remove_file(home.live(DOMAIN)).unwrap();
    let daemon = Daemon::start(&home);
    let mended = daemon.wait_of("live.mended", DOMAIN);
    assert!(
        mended["message"]
            .as_str()
            .unwrap()
            .contains("from the archive")
    );
    assert_eq!(read_pair(&home.live(DOMAIN)).unwrap().serial, before.serial);
    assert_eq!(stand_in.asked("DescribeCertificateDetail"), fetched);
}

#[test]
fn lost_files_are_fetched_again_and_not_ordered() {
    let stand_in = StandIn::quick();
    let home = installed(&stand_in);
    let before = read_pair(&home.live(DOMAIN)).unwrap();
    fs::remove_dir_all(home.state_dir().join("archive")).unwrap();
    // What the config asks of the next one does not matter.
    let text = home.config_text(&stand_in.endpoint(), &[DOMAIN]);
    home.write_config(text + "key = \"ECC\"\n");
    let daemon = Daemon::start(&home);
    let mended = daemon.wait_of("live.mended", DOMAIN);
    assert!(
        mended["message"]
            .as_str()
            .unwrap()
            .contains("fetched again")
    );
    assert_eq!(read_pair(&home.live(DOMAIN)).unwrap().serial, before.serial);
    assert_eq!(stand_in.orders(DOMAIN).len(), 1);
}

#[test]
fn an_edited_file_is_found_by_the_next_check_of_a_running_daemon() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &[DOMAIN]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", DOMAIN);
    let check = || assert_eq!(home.run(&["renew"]).code, 0);
    check();
    assert_eq!(daemon.events("live.mended").len(), 0);
    let file = home.live(DOMAIN).join("fullchain.pem");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.to_lowercase()).unwrap();
    check();
    daemon.wait_of("live.mended", DOMAIN);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    check();
    assert_eq!(daemon.events("live.mended").len(), 1);
    assert_eq!(stand_in.orders(DOMAIN).len(), 1);
}

#[test]
fn a_link_that_leads_elsewhere_is_left_and_said_until_it_is_gone() {
    let stand_in = StandIn::quick();
    let home = installed(&stand_in);
    let link = home.live(DOMAIN);
    fs::remove_file(&link).unwrap();
    symlink("/etc/ssl/private", &link).unwrap();
    let daemon = Daemon::start(&home);
    let wrong = daemon.wait_of("live.wrong", DOMAIN);
    assert!(
        wrong["message"]
            .as_str()
            .unwrap()
            .contains("/etc/ssl/private")
    );
    assert_eq!(
        fs::read_link(&link).unwrap().to_str(),
        Some("/etc/ssl/private")
    );
    fs::remove_file(&link).unwrap();
    assert_eq!(home.run(&["renew"]).code, 0);
    daemon.wait_of("live.mended", DOMAIN);
    assert!(read_pair(&link).is_some());
}

#[test]
fn what_the_operator_went_back_to_stays_live() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &[DOMAIN]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", DOMAIN);
    let first = read_pair(&home.live(DOMAIN)).unwrap();
    assert_eq!(home.run(&["renew", "--force", DOMAIN]).code, 0);
    let second = read_pair(&home.live(DOMAIN)).unwrap();
    assert_ne!(first.serial, second.serial);
    assert_eq!(home.run(&["rollback", DOMAIN]).code, 0);
    assert_eq!(read_pair(&home.live(DOMAIN)).unwrap().serial, first.serial);
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(read_pair(&home.live(DOMAIN)).unwrap().serial, first.serial);
    assert_eq!(daemon.events("live.mended").len(), 0);
    // A newer one that somebody links by hand is left, and said.
    let link = home.live(DOMAIN);
    fs::remove_file(&link).unwrap();
    symlink(format!("../archive/{DOMAIN}/0002"), &link).unwrap();
    assert_eq!(home.run(&["renew"]).code, 0);
    daemon.wait_of("drift.found", DOMAIN);
    assert_eq!(read_pair(&link).unwrap().serial, second.serial);
}

#[test]
fn what_can_t_be_fetched_is_said_with_what_to_do_and_tried_again() {
    let stand_in = StandIn::quick();
    let home = installed(&stand_in);
    fs::remove_dir_all(home.state_dir().join("archive")).unwrap();
    stand_in.on(|service| {
        service.add_fault(Fault {
            code: Some("FailedOperation.CertificateNotFound".to_owned()),
            times: 1_000_000,
            ..Fault::once("DescribeCertificateDetail", FaultKind::Error)
        });
    });
    let daemon = Daemon::start(&home);
    let wrong = daemon.wait_of("live.wrong", DOMAIN);
    let message = wrong["message"].as_str().unwrap();
    assert!(message.contains("renew --force wgc.red"), "{message}");
    let status = home.run(&["status", "--json", "--check"]);
    assert_eq!(status.code, 1);
    let said = status.json()[0]["live_error"].as_str().unwrap().to_owned();
    assert!(message.ends_with(&said), "{said}");
    assert!(
        home.run(&["status", "-w"])
            .stdout
            .contains("failing / - / -")
    );
    assert!(home.run(&["why", DOMAIN]).stdout.contains(&said));
    assert!(read_pair(&home.live(DOMAIN)).is_none());
    stand_in.on(Service::clear_faults);
    daemon.wait_of("live.mended", DOMAIN);
    assert_eq!(home.run(&["status", "--check"]).code, 0);
    assert!(read_pair(&home.live(DOMAIN)).is_some());
    assert_eq!(
        stand_in.orders(DOMAIN).len(),
        1,
        "nothing is ordered for it"
    );
}
