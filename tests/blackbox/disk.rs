//! A disk that is full or read-only: said in clear words, nothing ordered without a record, nothing lost, and on it goes.
//!
//! Each test mounts a small disk of its own for the state folder; where that is not allowed, it says so and is skipped.

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
        let status = Command::new("mount")
            .args(["-o", "remount,ro"])
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
    crate::issue_and_renew::installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
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
    crate::issue_and_renew::installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
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
