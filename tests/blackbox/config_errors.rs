//! A bad config stops nothing, and is told whole.

use std::fs;

use nix::sys::signal::Signal;

use crate::common::{Daemon, Home, Output, SOON, StandIn, output, read_pair, wait_for};

/// Every verb that reads the config says the same; `run` and `check` are tried.
fn refused(home: &Home) -> [Output; 2] {
    let outputs = [home.run(&["run"]), home.run(&["check"])];
    for out in &outputs {
        assert_eq!(out.code, 78, "{}", out.all());
        assert!(!home.state_dir().exists(), "nothing is made");
    }
    outputs
}

#[test]
fn several_mistakes_are_told_at_once_each_with_its_place() {
    let home = Home::empty();
    home.write_config(
        "[schedule]\ncheck = \"17 4 * * *\"\nrenew_befor = \"30d\"\n\n[api]\nrequests_per_second = 11\n\n\
         [[certificates]]\ndomain = \"*.wgc.red\"\n\n[[certificates]]\ndomain = \"wgc.red\"\n\n\
         [[certificates]]\ndomain = \"WGC.red\"\n\n[[certificates]]\ndomain = 7\n",
    );
    for out in refused(&home) {
        let all = out.all();
        let path = home.config().display().to_string();
        for place in ["2:9", "3:1", "6:23", "9:10", "15:10", "18:10"] {
            assert!(
                all.contains(&format!("{path}:{place}:")),
                "{place} in:\n{all}"
            );
        }
        assert!(
            all.contains("renew_before"),
            "the nearest key is named:\n{all}"
        );
        assert!(
            all.contains("0 17 4 * * *"),
            "the six-field form is shown:\n{all}"
        );
    }
}

#[test]
fn what_is_no_config_at_all_is_one_line() {
    let home = Home::empty();
    let one_line = |what: &str| {
        for out in refused(&home) {
            let lines: Vec<&str> = out.stderr.lines().collect();
            assert!(out.stderr.contains("config.toml"), "{what}: {}", out.stderr);
            let told = lines
                .iter()
                .filter(|line| line.contains("config.toml"))
                .count();
            assert_eq!(told, 1, "{what}: {}", out.stderr);
            assert!(!out.all().contains("panicked"), "{what}: {}", out.all());
        }
    };
    one_line("a missing file");
    home.write_config([0xff, 0xfe, 0x00, 0x80, 0x0a]);
    one_line("binary rubbish");
    home.write_config("");
    one_line("an empty file");
    home.write_config("certificates = []\n");
    one_line("an empty list");
    fs::remove_file(home.config()).unwrap();
    fs::create_dir(home.config()).unwrap();
    one_line("a directory");
}

#[test]
fn a_bad_file_at_reload_leaves_the_old_config_in_force() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let good = home.config_text(&stand_in.endpoint(), &["wgc.red", "late.example.com"]);
    home.write_config(format!("{good}domian = \"x\"\n"));
    daemon.signal(Signal::SIGHUP);
    let rejected = daemon.wait("config.rejected");
    assert_eq!(rejected["file"], home.config().display().to_string());
    let line = u64::try_from(good.lines().count()).unwrap() + 1;
    assert_eq!(rejected["line"], line);
    // The old one works on: what it names can be asked for.
    assert!(daemon.events("config.reloaded").is_empty());
    home.configure(&stand_in.endpoint(), &["wgc.red"]);
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(stand_in.orders("late.example.com").is_empty());
}

#[test]
fn a_reload_adds_and_removes_and_leaves_the_files_of_what_is_removed() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["first.com", "second.com"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "first.com");
    daemon.wait_of("certificate.installed", "second.com");
    home.configure(&stand_in.endpoint(), &["second.com", "third.com"]);
    daemon.signal(Signal::SIGHUP);
    let reloaded = daemon.wait("config.reloaded");
    let message = reloaded["message"].as_str().unwrap();
    assert!(message.contains("added: third.com"), "{message}");
    assert!(message.contains("removed: first.com"), "{message}");
    daemon.wait_of("certificate.installed", "third.com");
    assert!(read_pair(&home.live("first.com")).is_some());
    assert_eq!(stand_in.orders("first.com").len(), 1);
    assert_eq!(stand_in.orders("second.com").len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_name_removed_in_mid_order_is_followed_to_its_end_and_not_delivered() {
    let stand_in = StandIn::with(|options| {
        options.issue_after = std::time::Duration::from_secs(6);
    });
    let home = Home::of(&stand_in, &["going.com", "staying.com"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("order.applied", "going.com");
    daemon.wait_of("order.applied", "staying.com");
    home.configure(&stand_in.endpoint(), &["staying.com"]);
    daemon.signal(Signal::SIGHUP);
    daemon.wait("config.reloaded");
    daemon.wait_of("certificate.installed", "staying.com");
    daemon.wait_of("order.issued", "going.com");
    assert!(!home.live("going.com").exists());
    assert_eq!(daemon.events_of("certificate.failed", "going.com").len(), 0);
}

#[test]
fn a_second_daemon_on_the_folder_tries_later_and_calls_nothing() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let elsewhere = StandIn::quick();
    let second = home.path().join("second.toml");
    let text = home.config_text(&elsewhere.endpoint(), &["other.example.com"]);
    fs::write(&second, text).unwrap();
    fs::set_permissions(&second, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let out = output(home.bare().arg("--config").arg(&second).arg("run"), SOON);
    assert_eq!(out.code, 75, "{}", out.all());
    assert!(
        out.stderr.contains(&daemon.pid().to_string()),
        "{}",
        out.stderr
    );
    assert_eq!(elsewhere.requests(), 0);
    // Nothing of the second config reached the record, and the lock ends with its process.
    assert!(!home.run(&["history"]).stdout.contains("other.example.com"));
    daemon.kill_9();
    Daemon::start(&home).wait("daemon.ready");
}

#[test]
fn a_corrupt_database_is_named_and_left_as_it_is() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    fs::create_dir(home.state_dir()).unwrap();
    let rubbish = b"this is no database, and it is longer than a page's head".repeat(100);
    for content in [rubbish.as_slice(), b"SQLite".as_slice()] {
        fs::write(home.database(), content).unwrap();
        for verb in ["run", "status"] {
            let out = home.run(&[verb]);
            assert!(out.code > 0, "{verb}: {}", out.all());
            let path = home.database().display().to_string();
            assert!(out.stderr.contains(&path), "{verb}: {}", out.stderr);
            assert!(out.stderr.contains("damaged"), "{verb}: {}", out.stderr);
            assert_eq!(fs::read(home.database()).unwrap(), content, "{verb}");
        }
    }
    assert_eq!(stand_in.requests(), 0);
}

#[test]
fn a_database_damaged_in_its_middle_is_found_out_at_start() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(daemon.stop().code(), Some(0));
    let mut bytes = fs::read(home.database()).unwrap();
    // All pages but the first lose the head that says what they are.
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..16].fill(0xee);
    }
    fs::write(home.database(), &bytes).unwrap();
    let before = stand_in.requests();
    let out = home.run(&["run"]);
    assert!(out.code > 0, "{}", out.all());
    assert!(out.stderr.contains("damaged"), "{}", out.stderr);
    assert_eq!(fs::read(home.database()).unwrap(), bytes);
    assert_eq!(stand_in.requests(), before);
}

#[test]
fn another_state_folder_at_reload_is_refused_aloud() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    let elsewhere = home.path().join("elsewhere");
    home.write_config(text.replace(
        &home.state_dir().display().to_string(),
        &elsewhere.display().to_string(),
    ));
    daemon.signal(Signal::SIGHUP);
    daemon.wait("config.rejected");
    wait_for("no other folder", SOON, || {
        (!elsewhere.exists()).then_some(())
    });
}
