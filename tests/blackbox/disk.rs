//! A disk that is full or read-only: said in clear words, nothing ordered without a record, nothing lost, and on it goes.
//!
//! Each test mounts a small disk of its own for the state folder, or for a server's files; where that is not allowed, it says so and is skipped.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use chrono::TimeDelta;
use serde_json::Value;

use crate::common::{Daemon, Home, SOON, StandIn, read_pair, wait_for};

/// A disk in memory, gone with this.
struct Disk(PathBuf);

impl Disk {
    /// Mounts it; `None` where that is not allowed.
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=0700"),
                "evercert-test",
            ])
            .arg(&at)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            println!("skipped: mounting a disk is not allowed here");
            return None;
        }
        Some(Self(at))
    }

    fn make_read_only(&self) {
        self.remount("remount,ro");
    }

    fn make_writable(&self) {
        self.remount("remount,rw");
    }

    fn remount(&self, how: &str) {
        let status = Command::new("mount")
            .args(["-o", how])
            .arg(&self.0)
            .status();
        assert!(status.unwrap().success());
    }

    /// The file that takes the room.
    fn room(&self) -> PathBuf {
        self.0.join("somebody-elses-file")
    }

    /// Writes until nothing more fits. Returns what takes the room.
    fn fill(&self) -> PathBuf {
        let path = self.room();
        let mut file = fs::File::create(&path).unwrap();
        for size in [65_536, 4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "umount {}",
            self.0.display()
        );
    }
}

/// A daemon with one installed certificate, and a second name that came with an edit while the disk was not writable.
fn a_name_comes_while(
    home: &Home,
    stand_in: &StandIn,
    break_disk: impl FnOnce(),
    mend: impl FnOnce(),
) {
    let daemon = Daemon::start(home);
    daemon.wait_of("certificate.installed", "first.example.com");
    break_disk();
    home.configure(
        &stand_in.endpoint(),
        &["first.example.com", "second.example.org"],
    );
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    daemon.wait_until("a word about the disk", says_why);
    assert_eq!(
        stand_in.orders("second.example.org").len(),
        0,
        "no record, no order"
    );
    assert!(read_pair(&home.live("first.example.com")).is_some());
    mend();
    // The edit was refused or half taken: the operator sends it again, as the log told them.
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    daemon.wait_of("certificate.installed", "second.example.org");
    assert_eq!(stand_in.orders("second.example.org").len(), 1);
    assert_eq!(stand_in.orders("first.example.com").len(), 1);
}

#[test]
fn a_full_disk_is_said_and_nothing_is_ordered_without_a_record() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["first.example.com"]);
    let Some(disk) = Disk::mount(home.state_dir(), "2m") else {
        return;
    };
    a_name_comes_while(
        &home,
        &stand_in,
        || drop(disk.fill()),
        || fs::remove_file(disk.room()).unwrap(),
    );
}

#[test]
fn a_start_on_a_read_only_disk_ends_with_the_reason() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let Some(disk) = Disk::mount(home.state_dir(), "8m") else {
        return;
    };
    super::issue_and_renew::installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
    disk.make_read_only();
    let mut daemon = Daemon::start(&home);
    assert!(!daemon.ended(SOON).success());
    wait_for("the reason", SOON, || {
        daemon.text().contains("read-only").then_some(())
    });
    assert_eq!(stand_in.requests(), 0);
}

#[test]
fn a_disk_that_fills_up_before_an_order_loses_nothing() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let Some(disk) = Disk::mount(home.state_dir(), "2m") else {
        return;
    };
    super::issue_and_renew::installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
    let daemon = Daemon::start(&home);
    // The first call comes two seconds later.
    daemon.wait("daemon.ready");
    let room = disk.fill();
    daemon.wait_until("a word about the disk", says_why);
    assert_eq!(stand_in.asked("ApplyCertificate"), 0, "no record, no order");
    fs::remove_file(room).unwrap();
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1, "{}", daemon.text());
    assert!(read_pair(&home.live("wgc.red")).is_some());
}

#[test]
fn a_start_on_a_full_disk_ends_with_the_reason() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let Some(disk) = Disk::mount(home.state_dir(), "1m") else {
        return;
    };
    disk.fill();
    let mut daemon = Daemon::start(&home);
    let ended = daemon.ended(SOON);
    assert!(!ended.success());
    // Its last line may still be on the way to us.
    wait_for("the reason", SOON, || {
        daemon.text().contains("no space left").then_some(())
    });
    assert_eq!(stand_in.requests(), 0);
}

/// The first line that names the disk as what is wrong.
fn says_why(log: &[Value]) -> Option<Value> {
    log.iter()
        .find(|line| {
            let message = line["message"].as_str().unwrap_or_default();
            line["level"] == "ERROR"
                && ["no space left", "read-only"]
                    .iter()
                    .any(|why| message.contains(why))
        })
        .cloned()
}

/// A disk for a server's files, and a config with copies there that this script checks.
fn target_on_a_disk(
    home: &Home,
    stand_in: &StandIn,
    check: &str,
) -> Option<(Disk, PathBuf, PathBuf)> {
    let disk = Disk::mount(home.path().join("ssl"), "2m")?;
    let (cert, key) = (disk.0.join("c.crt"), disk.0.join("c.key"));
    let text = home.config_text(&stand_in.endpoint(), &["shop.example.com"]);
    home.write_config(format!(
        "{text}[[certificates.install]]\nformat = \"pem\"\ncert = \"{}\"\nkey = \"{}\"\n\
         check = [\"/bin/sh\", \"-c\", \"{check}\"]\n",
        cert.display(),
        key.display(),
    ));
    Some((disk, cert, key))
}

#[test]
fn what_was_put_by_hand_where_nothing_could_be_written_is_never_removed() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &[]);
    let check = format!("test -e {}", home.path().join("good").display());
    let Some((disk, cert, key)) = target_on_a_disk(&home, &stand_in, &check) else {
        return;
    };
    disk.make_read_only();
    let daemon = Daemon::start(&home);
    // Again and again, and always with the reason that helps.
    for _ in 0..2 {
        let seen = daemon.events("certificate.failed").len();
        let failed = daemon.wait_until("another failure", |log| {
            let failed = |line: &&Value| line["event"] == "certificate.failed";
            log.iter().filter(failed).nth(seen).cloned()
        });
        let said = failed["message"].as_str().unwrap_or_default();
        assert!(said.contains("can't write"), "{failed}");
        assert!(said.to_lowercase().contains("read-only"), "{failed}");
        assert!(!said.contains("put back"), "{failed}");
    }
    drop(daemon);
    // The operator puts a pair there by hand, then gives the rights, and the check fails for a reason of its own.
    disk.make_writable();
    fs::write(&cert, "by hand").unwrap();
    fs::write(&key, "by hand too").unwrap();
    let daemon = Daemon::start(&home);
    daemon.wait("certificate.rolled_back");
    assert_eq!(fs::read_to_string(&cert).unwrap(), "by hand");
    assert_eq!(fs::read_to_string(&key).unwrap(), "by hand too");
    fs::write(home.path().join("good"), "").unwrap();
    daemon.wait("certificate.deployed");
    assert!(
        fs::read_to_string(&cert)
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
}

#[test]
fn what_somebody_put_in_place_of_our_files_is_left_when_they_go_back() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &[]);
    // The disk fails right after the files were written.
    let ssl = home.path().join("ssl");
    let check = format!("mount -o remount,ro {}; exit 1", ssl.display());
    let Some((disk, cert, key)) = target_on_a_disk(&home, &stand_in, &check) else {
        return;
    };
    fs::write(&cert, "before").unwrap();
    fs::write(&key, "before too").unwrap();
    let daemon = Daemon::start(&home);
    daemon.wait_until("the files can't go back", |log| {
        let says = |line: &&Value| {
            line["message"]
                .as_str()
                .unwrap_or_default()
                .contains("put back")
        };
        log.iter().find(says).cloned()
    });
    drop(daemon);
    disk.make_writable();
    fs::write(&cert, "by hand").unwrap();
    fs::write(&key, "by hand too").unwrap();
    let daemon = Daemon::start(&home);
    let drift = daemon.wait("drift.found");
    assert!(
        drift["message"]
            .as_str()
            .unwrap()
            .contains("somebody else put files there"),
        "{drift}"
    );
    assert_eq!(fs::read_to_string(&cert).unwrap(), "by hand");
    assert_eq!(fs::read_to_string(&key).unwrap(), "by hand too");
}
