//! An edit of the config's files takes effect by itself, whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::common::{Daemon, Home, SOON, StandIn, read_pair, wait_for};

fn message(event: &serde_json::Value) -> &str {
    event["message"].as_str().unwrap()
}

/// A mount that answers nobody, until it is dropped.
struct HungMount {
    place: PathBuf,
    _device: File,
}

impl HungMount {
    /// One at this folder; `None` where this user can't mount.
    fn at(place: &Path) -> Option<Self> {
        let device = File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .ok()?;
        let mounted = Command::new("mount")
            .args(["-i", "-t", "fuse", "hung"])
            .arg(place)
            .args(["-o", "fd=0,rootmode=40000,user_id=0,group_id=0"])
            .stdin(device.try_clone().ok()?)
            .stderr(Stdio::null())
            .status()
            .ok()?;
        mounted.success().then(|| Self {
            place: place.to_path_buf(),
            _device: device,
        })
    }
}

impl Drop for HungMount {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.place).status();
        drop(unmounted);
    }
}

#[test]
fn files_of_a_config_that_do_not_answer_hold_up_nothing_else() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let place = home.path().join("hung");
    fs::create_dir(&place).unwrap();
    let Some(hung) = HungMount::at(&place) else {
        println!("this user can't mount: nothing is tried");
        return;
    };
    let good = home.config_text(&stand_in.endpoint(), &["wgc.red", "second.com"]);
    let key = place.join("key");
    home.write_config(format!(
        "{good}\n[accounts.far]\nsecret_id = \"AKIDfar\"\nsecret_key_file = \"{}\"\n",
        key.display()
    ));
    daemon.signal(Signal::SIGHUP);
    let refused = daemon.wait("config.rejected");
    assert!(message(&refused).contains("can't be read now"), "{refused}");
    // It goes on meanwhile.
    fs::remove_file(home.live("wgc.red")).unwrap();
    wait_for("the live folder", SOON, || read_pair(&home.live("wgc.red")));
    // And takes in what can be read.
    home.write_config(good);
    daemon.wait_of("certificate.installed", "second.com");
    assert_eq!(daemon.events("config.rejected").len(), 1);
    drop(hung);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn an_edit_that_the_database_does_not_take_is_taken_in_later() {
    use sqlx::Connection;
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let url = format!("sqlite://{}", home.database().display());
    let mut other = runtime
        .block_on(sqlx::SqliteConnection::connect(&url))
        .unwrap();
    let mut say = |statement: &'static str| {
        runtime
            .block_on(sqlx::query(statement).execute(&mut other))
            .unwrap();
    };
    say("BEGIN IMMEDIATE");
    home.configure(&stand_in.endpoint(), &["wgc.red", "second.com"]);
    // A pass meets that first, and then the edit.
    daemon.wait("store.failed");
    daemon.wait_until("the failure after that", |log| {
        let failed = log.iter().filter(|line| line["event"] == "store.failed");
        (failed.count() > 1).then_some(())
    });
    say("ROLLBACK");
    daemon.wait_of("certificate.installed", "second.com");
    assert!(daemon.events("config.rejected").is_empty());
    assert_eq!(daemon.stop().code(), Some(0));
}

/// Waits for the next `config.reloaded` after `seen` of them.
fn next_reload(daemon: &Daemon, seen: usize) -> serde_json::Value {
    wait_for("the next config.reloaded", SOON, || {
        daemon.events("config.reloaded").get(seen).cloned()
    })
}

#[test]
fn a_file_that_is_renamed_over_is_taken_in_and_told_in_words() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["first.com", "second.com"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "first.com");
    daemon.wait_of("certificate.installed", "second.com");
    let text = home.config_text(&stand_in.endpoint(), &["third.com", "second.com"]);
    home.write_config(format!("{text}key = \"ECC\"\nrenew_before = \"20d\"\n"));
    let reloaded = daemon.wait("config.reloaded");
    let said = message(&reloaded);
    for words in [
        "added: third.com",
        "removed: first.com",
        "changed: second.com (key, renew_before)",
        "costs 1 order now",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    daemon.wait_of("certificate.installed", "third.com");
    assert!(
        read_pair(&home.live("first.com")).is_some(),
        "its files stay"
    );
    // Another key acts at the next renewal.
    assert_eq!(stand_in.orders("second.com").len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_bad_edit_is_refused_with_every_mistake_and_told_once() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let good = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(format!("{good}domian = \"x\"\nkye = \"ECC\"\n"));
    daemon.wait_until("both mistakes", |log| {
        let told = log.iter().filter(|line| line["event"] == "config.rejected");
        (told.count() == 2).then_some(())
    });
    let lines: Vec<u64> = daemon
        .events("config.rejected")
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    let last = u64::try_from(good.lines().count()).unwrap();
    assert_eq!(lines, [last + 1, last + 2]);
    // Several looks later it is not said again, and the old config works.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(daemon.events("config.rejected").len(), 2);
    assert!(daemon.events("config.reloaded").is_empty());
    // Put back to what is in force: that all is well again is said too.
    home.write_config(&good);
    let reloaded = daemon.wait("config.reloaded");
    assert!(message(&reloaded).contains("added: none"), "{reloaded}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_file_that_is_written_slowly_is_not_taken_for_a_mistake() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red", "slow.com"]);
    // In place, in pieces, none of which is a config. The break is longer than a change takes to settle, and shorter than
    // what is wrong takes to be said.
    let mut file = File::create(home.config()).unwrap();
    let middle = text.find("slow.com").unwrap() + 2;
    file.write_all(&text.as_bytes()[..middle]).unwrap();
    file.flush().unwrap();
    std::thread::sleep(Duration::from_millis(3200));
    file.write_all(&text.as_bytes()[middle..]).unwrap();
    drop(file);
    let reloaded = daemon.wait("config.reloaded");
    assert!(message(&reloaded).contains("added: slow.com"), "{reloaded}");
    assert!(daemon.events("config.rejected").is_empty());
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn files_of_conf_d_come_and_go_and_a_touch_says_nothing() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let conf_d = home.path().join("conf.d");
    fs::create_dir(&conf_d).unwrap();
    fs::write(
        conf_d.join("shop.toml"),
        "[[certificates]]\ndomain = \"shop.com\"\n",
    )
    .unwrap();
    let reloaded = next_reload(&daemon, 0);
    assert!(message(&reloaded).contains("added: shop.com"), "{reloaded}");
    daemon.wait_of("certificate.installed", "shop.com");
    // The same content again: a look sees it, and there is nothing to say.
    home.configure(&stand_in.endpoint(), &["wgc.red"]);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(daemon.events("config.reloaded").len(), 1);
    fs::remove_file(conf_d.join("shop.toml")).unwrap();
    let reloaded = next_reload(&daemon, 1);
    assert!(
        message(&reloaded).contains("removed: shop.com"),
        "{reloaded}"
    );
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_link_that_is_turned_to_another_folder_is_an_edit() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    // As config maps come: config.toml -> ..data/config.toml, ..data -> a folder of its own for each version.
    for (version, domains) in [
        ("..v1", &["one.com"][..]),
        ("..v2", &["one.com", "two.com"]),
    ] {
        let folder = home.path().join(version);
        fs::create_dir(&folder).unwrap();
        let file = folder.join("config.toml");
        fs::write(&file, home.config_text(&stand_in.endpoint(), domains)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    symlink("..v1", home.path().join("..data")).unwrap();
    symlink("..data/config.toml", home.config()).unwrap();
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "one.com");
    symlink("..v2", home.path().join("..next")).unwrap();
    fs::rename(home.path().join("..next"), home.path().join("..data")).unwrap();
    let reloaded = daemon.wait("config.reloaded");
    assert!(message(&reloaded).contains("added: two.com"), "{reloaded}");
    daemon.wait_of("certificate.installed", "two.com");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn check_diff_shows_an_edit_before_it_is_made() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["a.com", "b.com"]);
    let nothing = home.run(&["check", "--diff"]);
    assert_eq!(nothing.code, 1, "{}", nothing.all());
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "a.com");
    daemon.wait_of("certificate.installed", "b.com");
    let same = home.run(&["check", "--diff"]);
    assert!(
        same.stdout.contains("nothing would change"),
        "{}",
        same.all()
    );
    // A draft beside the config, compared with what the daemon runs.
    let draft = home.path().join("draft.toml");
    let text = home.config_text(&stand_in.endpoint(), &["c.com", "b.com"]);
    let text = text.replace("poll = \"1s\"", "poll = \"2s\"");
    fs::write(&draft, format!("{text}key = \"ECC\"\n")).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)).unwrap();
    let command = |more: &[&str]| {
        let mut command = home.bare();
        command
            .arg("--config")
            .arg(&draft)
            .args(["check", "--diff"]);
        crate::common::output(command.args(more), SOON)
    };
    let shown = command(&[]);
    assert_eq!(shown.code, 0, "{}", shown.all());
    for line in [
        "+ c.com",
        "- a.com",
        "~ b.com",
        "key: RSA → ECC",
        "schedule.poll: 1s → 2s",
        "cost 1 order now",
    ] {
        assert!(shown.stdout.contains(line), "{line} in {}", shown.stdout);
    }
    let json = command(&["--json"]).json();
    assert_eq!(json["orders"][0], "c.com", "{json}");
    assert_eq!(json["changed"][0]["keys"][0]["key"], "key", "{json}");
    assert!(daemon.events("config.reloaded").is_empty());
    assert_eq!(daemon.stop().code(), Some(0));
}
