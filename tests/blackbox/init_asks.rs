//! `init` on a terminal: it asks for the key, shows nothing of it, and leaves the terminal as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use evercert::sandbox::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use nix::sys::signal::{Signal, kill};

use crate::common::{Daemon, Home, OnTerminal, StandIn};

/// `init` in this folder, without any key around.
fn init(home: &Home, stand_in: &StandIn, arguments: &[&str]) -> OnTerminal {
    let mut command = home.command();
    command
        .arg("init")
        .args(["--endpoint", &stand_in.endpoint()])
        .arg("--state-dir")
        .arg(home.state_dir())
        .args(arguments);
    OnTerminal::start(&command)
}

#[test]
fn the_key_is_asked_for_unseen_and_kept_where_the_daemon_finds_it() {
    let stand_in = StandIn::aged(10);
    stand_in.apply_by_hand("had.wgc.red");
    let home = Home::empty();
    let mut terminal = init(&home, &stand_in, &["wgc.red", "--from-account"]);
    terminal.wait("SecretId");
    assert!(terminal.echoes());
    terminal.types(&format!("{DEFAULT_SECRET_ID}\n"));
    terminal.wait("SecretKey");
    assert!(!terminal.echoes());
    terminal.types(&format!("{DEFAULT_SECRET_KEY}\n"));
    terminal.wait("[y/N]");
    assert!(terminal.echoes());
    assert!(!home.config().exists() && !home.path().join("secret_key").exists());
    terminal.types("y\n");
    assert!(terminal.ended().success(), "{}", terminal.said());
    assert!(terminal.echoes());
    assert!(
        !terminal.said().contains(DEFAULT_SECRET_KEY),
        "{}",
        terminal.said()
    );
    for (file, holds) in [
        ("secret_id", DEFAULT_SECRET_ID),
        ("secret_key", DEFAULT_SECRET_KEY),
    ] {
        let path = home.path().join(file);
        assert_eq!(fs::read_to_string(&path).unwrap().trim(), holds);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let text = fs::read_to_string(home.config()).unwrap();
    assert!(
        text.contains("secret_key_file") && !text.contains(DEFAULT_SECRET_KEY),
        "{text}"
    );
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait_of("certificate.installed", "had.wgc.red");
    assert_eq!(stand_in.orders("had.wgc.red").len(), 1, "it is adopted");
    // Begun anew, it finds the key where it put it, and asks for nothing.
    fs::remove_file(home.config()).unwrap();
    let mut terminal = init(&home, &stand_in, &["wgc.red", "--from-account"]);
    terminal.wait("[y/N]");
    terminal.types("y\n");
    assert!(terminal.ended().success(), "{}", terminal.said());
    let again = fs::read_to_string(home.config()).unwrap();
    assert!(
        again.contains("secret_key_file") && again.contains("had.wgc.red"),
        "{again}"
    );
}

#[test]
fn half_a_key_that_is_there_is_said_before_anything_is_asked() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    fs::write(home.path().join("secret_id"), "AKIDHALF").unwrap();
    let mut terminal = init(&home, &stand_in, &["wgc.red"]);
    assert_eq!(terminal.ended().code(), Some(1), "{}", terminal.said());
    assert!(
        terminal.said().contains("secret_id is there already"),
        "{}",
        terminal.said()
    );
    assert!(!home.config().exists());
}

#[test]
fn a_no_writes_nothing() {
    let stand_in = StandIn::quick();
    for answer in ["n\n", "\n", "yes please\n", "\u{4}"] {
        let home = Home::empty();
        let mut terminal = init(&home, &stand_in, &["wgc.red"]);
        terminal.wait("SecretId");
        // Later.
        terminal.types("\n");
        terminal.wait("[y/N]");
        terminal.types(answer);
        assert_eq!(terminal.ended().code(), Some(1), "{}", terminal.said());
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            0,
            "{}",
            terminal.said()
        );
    }
}

#[test]
fn whatever_ends_the_question_for_the_key_the_terminal_shows_again_what_is_typed() {
    let stand_in = StandIn::quick();
    for end in ["\u{3}", "\u{4}", "SIGTERM", "SIGHUP", "bad key\n"] {
        let home = Home::empty();
        let mut terminal = init(&home, &stand_in, &["wgc.red"]);
        terminal.wait("SecretId");
        terminal.types("AKIDSOMEBODY\n");
        terminal.wait("SecretKey");
        assert!(!terminal.echoes());
        let signal = match end {
            "SIGTERM" => Some(Signal::SIGTERM),
            "SIGHUP" => Some(Signal::SIGHUP),
            _ => None,
        };
        match signal {
            Some(signal) => kill(terminal.pid(), signal).unwrap(),
            None => terminal.types(end),
        }
        assert_eq!(
            terminal.ended().code(),
            Some(1),
            "{end:?}: {}",
            terminal.said()
        );
        assert!(terminal.echoes(), "{end:?}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        assert!(!terminal.said().contains("bad key"), "{}", terminal.said());
    }
}

#[test]
fn what_is_typed_before_the_question_stands_there_is_kept() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let mut terminal = init(&home, &stand_in, &["wgc.red"]);
    terminal.types(&format!("{DEFAULT_SECRET_ID}\n{DEFAULT_SECRET_KEY}\ny\n"));
    assert!(terminal.ended().success(), "{}", terminal.said());
    let key = fs::read_to_string(home.path().join("secret_key")).unwrap();
    assert_eq!(key.trim(), DEFAULT_SECRET_KEY);
}
