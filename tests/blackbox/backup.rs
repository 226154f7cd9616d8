//! A backup is one moment of the record; a restore checks before it replaces, and orders nothing that is there already.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::common::{Daemon, Home, StandIn, read_pair};

fn backup(home: &Home) -> PathBuf {
    let file = home.path().join("evercert.backup");
    let out = home.run(&["backup", file.to_str().unwrap()]);
    assert_eq!(out.code, 0, "{}", out.all());
    file
}

fn kept(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.state_dir()).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("replaced"))
        .collect()
}

#[test]
fn after_a_restore_what_was_ordered_since_the_backup_is_found_and_not_ordered_again() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["old.com"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "old.com");
    let file = backup(&home);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // After the backup: a new name, and a forced renewal.
    home.configure(&stand_in.endpoint(), &["old.com", "new.com"]);
    daemon.wait_of("certificate.installed", "new.com");
    assert_eq!(home.run(&["renew", "--force", "old.com"]).code, 0);
    let serial = read_pair(&home.live("old.com")).unwrap().serial;

    let name = file.to_str().unwrap();
    let refused = home.run(&["restore", name]);
    assert_eq!(refused.code, 75, "{}", refused.all());
    assert!(
        refused.stderr.contains("stop it first"),
        "{}",
        refused.all()
    );
    assert_eq!(daemon.stop().code(), Some(0));
    let looked = home.run(&["restore", name, "--dry-run"]);
    assert_eq!(looked.code, 0, "{}", looked.all());
    assert!(kept(&home).is_empty());
    let restored = home.run(&["restore", name]);
    assert_eq!(restored.code, 0, "{}", restored.all());
    assert!(restored.stdout.contains("is kept as"), "{}", restored.all());
    assert_eq!(kept(&home).len(), 1);
    assert!(home.run(&["history"]).stdout.contains("old.com"));
    assert!(!home.run(&["history"]).stdout.contains("new.com"));

    let mut daemon = Daemon::start(&home);
    daemon.wait("store.restored");
    daemon.wait_of("order.adopted", "new.com");
    daemon.wait_of("certificate.installed", "new.com");
    assert_eq!(stand_in.orders("new.com").len(), 1, "not bought twice");
    assert_eq!(stand_in.orders("old.com").len(), 2);
    assert_eq!(read_pair(&home.live("old.com")).unwrap().serial, serial);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn after_a_restore_nothing_is_ordered_before_the_list_can_show_what_was_just_ordered() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["old.com"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "old.com");
    let file = backup(&home);
    assert_eq!(daemon.stop().code(), Some(0));
    assert_eq!(home.run(&["restore", file.to_str().unwrap()]).code, 0);
    // An order that the backup does not know might show up in the list this late.
    home.configure(&stand_in.endpoint(), &["old.com", "new.com"]);
    let mut daemon = Daemon::start(&home);
    let said = daemon.wait("store.restored");
    let until = said["next_attempt"].as_str().unwrap().to_owned();
    let applied = daemon.wait_of("order.applied", "new.com");
    let at = applied["timestamp"].as_str().unwrap();
    let time = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(time(at) >= time(&until), "ordered at {at}, before {until}");
    assert_eq!(stand_in.orders("new.com").len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_wish_of_the_past_is_not_granted_again() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["old.com"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "old.com");
    // Stopped in its tracks, so that the request is in the backup, and nobody has taken it up.
    daemon.signal(nix::sys::signal::Signal::SIGSTOP);
    let asked = home.run(&["renew", "--force", "--no-wait", "old.com"]);
    assert_eq!(asked.code, 0, "{}", asked.all());
    let file = backup(&home);
    daemon.kill_9();
    assert_eq!(home.run(&["restore", file.to_str().unwrap()]).code, 0);
    let mut daemon = Daemon::start(&home);
    daemon.wait("store.restored");
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(stand_in.orders("old.com").len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
}

/// Takes an index out of a database's list of contents, and leaves its pages.
fn lose_an_index(file: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let url = format!("sqlite://{}", file.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for statement in [
            "PRAGMA writable_schema = ON",
            "DELETE FROM sqlite_schema WHERE name = 'order_of_domain'",
        ] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    });
}

#[test]
fn what_is_no_sound_backup_of_this_installation_changes_nothing() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    assert_eq!(home.run(&["renew"]).code, 0);
    let file = backup(&home);
    let name = file.to_str().unwrap().to_owned();
    let again = home.run(&["backup", &name]);
    assert_eq!(
        again.code,
        1,
        "a backup never replaces one: {}",
        again.all()
    );
    let before = fs::read(home.database()).unwrap();
    let refuse = |words: &str| {
        let out = home.run(&["restore", &name]);
        assert_eq!(out.code, 1, "{}", out.all());
        assert!(out.stderr.contains(words), "{words} in {}", out.all());
        assert_eq!(fs::read(home.database()).unwrap(), before);
        assert!(kept(&home).is_empty());
        assert!(!home.state_dir().join("evercert.db.restoring").exists());
    };
    let good = fs::read(&file).unwrap();
    fs::write(&file, b"no database").unwrap();
    refuse("no sound backup");
    fs::write(&file, &good[..good.len() / 2]).unwrap();
    refuse("no sound backup");
    let mut torn = good.clone();
    for page in torn.chunks_mut(4096).skip(1) {
        page[..16].fill(0xee);
    }
    fs::write(&file, torn).unwrap();
    refuse("no sound backup");
    fs::write(&file, b"").unwrap();
    refuse("no sound backup");
    // Every page reads well, and one belongs to nothing: only a full check finds that.
    fs::write(&file, &good).unwrap();
    lose_an_index(&file);
    refuse("never used");
    // Of another installation, only on the operator's word.
    let other = Home::of(&stand_in, &["wgc.red"]);
    assert_eq!(other.run(&["renew"]).code, 0);
    let foreign = backup(&other);
    fs::copy(foreign, &file).unwrap();
    refuse("another installation");
    let out = home.run(&["restore", &name, "--other-installation"]);
    assert_eq!(out.code, 0, "{}", out.all());
    // Without any database there is nothing to compare it with.
    fs::remove_dir_all(home.state_dir()).unwrap();
    fs::write(&file, &good).unwrap();
    let out = home.run(&["restore", &name]);
    assert_eq!(out.code, 0, "{}", out.all());
    assert_eq!(home.run(&["status"]).code, 0);
}
