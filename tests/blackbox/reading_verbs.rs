//! Verbs that only look leave no trace: not a file, not a folder, not a changed byte or time of change.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{Daemon, Home, StandIn, output};

/// Every verb that only looks, with what may change how it looks; `DIR` stands for a folder of the test's own.
const READING: &[&str] = &[
    "status",
    "status --json --check",
    "status wgc.red",
    "plan",
    "plan --days 30",
    "plan --lifetime 47d --json",
    "why wgc.red",
    "history",
    "account",
    "fleet",
    "verify",
    "check",
    "check --json",
    "check --diff",
    "doctor",
    "doctor --offline",
    "explain FailedOperation.AuthError",
    "notify test",
    "renew --dry-run",
    "renew --dry-run wgc.red",
    "support DIR/support.txt",
    "simulate --days 30 --faults none",
    "init --dry-run new.example.com",
    "completions bash",
    "man",
    "help",
];

/// Every verb that is meant to change something.
const CHANGING: &[&str] = &[
    "run", "renew", "deploy", "rollback", "pause", "resume", "backup", "restore", "claim",
    "sandbox", "init",
];

/// What is known of one file or folder: what it is and may, when it was changed, what is in it.
type Found = (u32, u64, i64, i64, Vec<u8>);

fn tree(folder: &Path) -> BTreeMap<PathBuf, Found> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let content = match metadata.is_file() {
            true => fs::read(&path).unwrap(),
            false => Vec::new(),
        };
        let what = (
            metadata.mode(),
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            content,
        );
        found.insert(path, what);
    }
    found
}

/// Runs every verb, and holds that the home is as it was after each.
fn nothing_is_changed_in(home: &Home, state: &str) {
    let elsewhere = tempfile::tempdir().unwrap();
    let before = tree(home.path());
    for line in READING {
        let line = line.replace("DIR", &elsewhere.path().display().to_string());
        let words: Vec<&str> = line.split(' ').collect();
        let out = output(home.command().args(words), Duration::from_secs(120));
        assert!(out.code <= 1, "{line} where {state}: {}", out.all());
        if line.starts_with("support") {
            fs::remove_file(elsewhere.path().join("support.txt")).unwrap();
        }
        for (path, found) in tree(home.path()) {
            let was = before.get(&path);
            let path = path.display();
            assert!(was.is_some(), "`{line}` made {path} where {state}");
            assert!(was == Some(&found), "`{line}` changed {path} where {state}");
        }
        assert_eq!(
            tree(home.path()).len(),
            before.len(),
            "`{line}` removed something"
        );
        let left = fs::read_dir(elsewhere.path()).unwrap().count();
        assert_eq!(left, 0, "`{line}` left something elsewhere");
    }
}

fn home(stand_in: &StandIn) -> Home {
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(format!(
        "{text}verify = \"127.0.0.1:9\"\n\n[[notify]]\ntype = \"exec\"\nname = \"true\"\ncommand = [\"/bin/true\"]\n"
    ));
    home
}

/// `check --diff` has nothing to compare with before the first start; that is a failure of its own, and all right here.
#[test]
fn before_the_first_start_none_makes_the_state_folder() {
    let stand_in = StandIn::quick();
    let home = home(&stand_in);
    nothing_is_changed_in(&home, "nothing was started yet");
    assert!(!home.state_dir().exists());
}

#[test]
fn beside_a_database_at_rest_none_makes_the_files_of_its_log() {
    let stand_in = StandIn::quick();
    let home = home(&stand_in);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(!home.database().with_extension("db-wal").exists());
    nothing_is_changed_in(&home, "the daemon was stopped");
    let shown = home.run(&["status"]).stdout;
    assert!(shown.contains("delivered"), "{shown}");
}

#[test]
fn what_a_killed_daemon_left_is_read_with_its_log_and_not_touched() {
    let stand_in = StandIn::quick();
    let home = home(&stand_in);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.kill_9();
    let log = home.database().with_extension("db-wal");
    assert!(
        fs::metadata(log).unwrap().len() > 0,
        "there is a log to read"
    );
    nothing_is_changed_in(&home, "the daemon was killed");
    // What was written last is in the log alone.
    let shown = home.run(&["status"]).stdout;
    assert!(shown.contains("delivered"), "{shown}");
    // And the next start finds all of it.
    let mut daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    assert_eq!(daemon.stop().code(), Some(0));
    let history = home.run(&["history"]).stdout;
    assert!(history.contains("certificate.installed"), "{history}");
}

#[test]
fn every_verb_is_known_to_look_or_to_change() {
    let home = Home::empty();
    let help = output(home.bare().arg("help"), Duration::from_secs(20)).stdout;
    let list = help.split("Commands:").nth(1).unwrap();
    let list = list.split("Options:").next().unwrap();
    let mut seen = 0;
    for line in list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let verb = line.split_whitespace().next().unwrap();
        let looks = READING
            .iter()
            .any(|line| line.split(' ').next() == Some(verb));
        assert!(
            looks || CHANGING.contains(&verb),
            "is `{verb}` a verb that only looks?"
        );
        seen += 1;
    }
    assert!(seen > 20, "{help}");
}
