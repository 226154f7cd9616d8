//! `run --sandbox`: a newcomer's first minute.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::common::{Daemon, Home, now, output, read_pair, wait_for};

const DOMAINS: [&str; 3] = ["wgc.red", "www.wgc.red", "shop.example.com"];

#[test]
fn in_an_empty_folder_without_anything_set_it_installs_and_renews_the_examples() {
    let home = Home::empty();
    let mut command = home.bare();
    command.env_clear().args(["run", "--sandbox"]);
    let mut daemon = Daemon::spawn(&mut command);
    let live = home.path().join("evercert-sandbox/live");
    for domain in DOMAINS {
        wait_for(
            &format!("the renewal of {domain}"),
            Duration::from_secs(30),
            || {
                let pair = read_pair(&live.join(domain))?;
                (pair.not_after - now() > chrono::TimeDelta::days(60)).then_some(())
            },
        );
        daemon.wait_of("certificate.renewed", domain);
    }
    assert!(
        daemon.text().contains("evercert-sandbox"),
        "it says where the files are"
    );
    assert_eq!(daemon.stop().code(), Some(0));
    let there: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(there, ["evercert-sandbox"], "nothing else was made");
    // A second run begins anew in the same folder.
    let mut command = home.bare();
    command.args(["run", "--sandbox"]);
    Daemon::spawn(&mut command).wait_of("certificate.installed", "wgc.red");
}

#[test]
fn with_a_real_config_it_reads_no_secret_and_reaches_nothing_real() {
    let home = Home::empty();
    let state = home.path().join("real-state");
    let key = home.path().join("key-that-nobody-may-read");
    fs::write(&key, "REALSECRET").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    home.write_config(format!(
        "state_dir = \"{}\"\n[accounts.default]\nendpoint = \"https://ssl.tencentcloudapi.com\"\n\
         secret_id_file = \"/nonexistent/id\"\nsecret_key_file = \"{}\"\n\n[api]\nproxy = \"http://192.0.2.1:3128\"\n\n\
         [log]\nlevel = \"trace\"\n\n[[certificates]]\ndomain = \"real.example.com\"\n",
        state.display(),
        key.display()
    ));
    let mut command = home.command();
    command
        .args(["run", "--sandbox"])
        .env("TENCENTCLOUD_SECRET_ID", "AKIDREAL")
        .env("TENCENTCLOUD_SECRET_KEY", "REALKEYOFENV")
        .env("HTTPS_PROXY", "http://192.0.2.1:3128");
    let mut daemon = Daemon::spawn(&mut command);
    daemon.wait_of("certificate.renewed", "real.example.com");
    for secret in [
        "REALSECRET",
        "AKIDREAL",
        "REALKEYOFENV",
        "tencentcloudapi.com",
    ] {
        assert!(
            !daemon.text().contains(secret),
            "{secret} was read or reached"
        );
    }
    let open = fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap();
    assert!(open.count() < 64);
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(!state.exists(), "the real state folder is not touched");
}

#[test]
fn a_folder_of_that_name_that_it_did_not_make_is_left_alone() {
    let home = Home::empty();
    let folder = home.path().join("evercert-sandbox");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("thesis.txt"), "years of work").unwrap();
    let out = output(
        home.bare().args(["run", "--sandbox"]),
        Duration::from_secs(20),
    );
    assert_eq!(out.code, 1, "{}", out.all());
    assert!(out.stderr.contains("evercert-sandbox"), "{}", out.stderr);
    assert_eq!(
        fs::read_to_string(folder.join("thesis.txt")).unwrap(),
        "years of work"
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_second_one_in_the_same_folder_does_not_disturb_the_first() {
    let home = Home::empty();
    let start = || {
        let mut command = home.bare();
        command.args(["run", "--sandbox"]);
        command
    };
    let daemon = Daemon::spawn(&mut start());
    daemon.wait_of("certificate.installed", "wgc.red");
    let out = output(&mut start(), Duration::from_secs(20));
    assert!(out.code > 0, "{}", out.all());
    assert!(home.path().join("evercert-sandbox/live/wgc.red").exists());
    daemon.wait_of("certificate.renewed", "wgc.red");
}
