//! The verbs, with a daemon and without one; what scripts rely on; and that no secret is ever printed.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chrono::TimeDelta;

use crate::common::{Daemon, Home, SOON, StandIn, output, read_pair, wait_for, write_ending};

const STATUS_KEYS: [&str; 8] = [
    "domain",
    "not_after",
    "certificate_id",
    "state",
    "days_left",
    "next_step",
    "next_at",
    "last_error",
];

/// `status --json` as it is right after the first certificate.
fn check_status(home: &Home, stand_in: &StandIn) {
    let out = home.run(&["status", "--json"]);
    assert_eq!(out.code, 0, "{}", out.all());
    let list = out.json();
    let entry = &list[0];
    for key in STATUS_KEYS {
        assert!(entry.get(key).is_some(), "{key} in {entry}");
    }
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(entry["domain"], "wgc.red");
    assert_eq!(entry["state"], "installed");
    assert_eq!(entry["next_step"], "renew");
    assert_eq!(
        entry["certificate_id"],
        stand_in.orders("wgc.red")[0]["certificate_id"]
    );
    let end = entry["not_after"].as_str().unwrap();
    assert!(end.ends_with('Z'), "UTC: {end}");
    let end = chrono::DateTime::parse_from_rfc3339(end).unwrap();
    assert_eq!(end, read_pair(&home.live("wgc.red")).unwrap().not_after);
    assert!((85..=90).contains(&entry["days_left"].as_i64().unwrap()));
    assert!(entry["last_error"].is_null());
    assert_eq!(home.run(&["status", "--check"]).code, 0);
    let table = home.run(&["status", "wgc.red"]);
    assert!(table.stdout.contains("installed"), "{}", table.stdout);
}

/// The other reading verbs.
fn check_reading(home: &Home) {
    let plan = home.run(&["plan", "--json"]).json();
    assert_eq!(plan[0]["domain"], "wgc.red");
    assert_eq!(plan[0]["now"], false);
    assert_eq!(plan[0]["slots"], 0);
    let why = home.run(&["why", "wgc.red"]);
    assert!(
        why.stdout.contains("won't be renewed now"),
        "{}",
        why.stdout
    );
    let history = home.run(&["history", "wgc.red", "--json"]).json();
    let events: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event"].as_str().unwrap())
        .collect();
    for event in ["order.applied", "order.issued", "certificate.installed"] {
        assert!(events.contains(&event), "{event} in {events:?}");
    }
    assert!(
        history
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["request_id"].is_string())
    );
    assert_eq!(home.run(&["check"]).code, 0);
}

#[test]
fn the_reading_verbs_tell_the_same_with_a_daemon_and_without() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let before = home.run(&["status", "--json"]);
    assert_eq!(before.code, 0, "{}", before.all());
    assert_eq!(before.json()[0]["state"], "missing");
    assert_eq!(home.run(&["plan", "--json"]).json()[0]["step"], "order");
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    check_status(&home, &stand_in);
    check_reading(&home);
    assert_eq!(daemon.stop().code(), Some(0));
    check_status(&home, &stand_in);
    check_reading(&home);
    let calls = stand_in.requests();
    check_reading(&home);
    assert_eq!(stand_in.requests(), calls, "reading verbs ask nobody");
}

#[test]
fn renew_without_a_daemon_does_the_whole_work_itself() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red", "shop.example.com"]);
    let dry = home.run(&["renew", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.all());
    assert_eq!(stand_in.requests(), 0);
    let one = home.run(&["renew", "wgc.red"]);
    assert_eq!(one.code, 0, "{}", one.all());
    assert!(one.stdout.contains("wgc.red"), "{}", one.all());
    assert!(read_pair(&home.live("wgc.red")).is_some());
    let rest = home.run(&["renew"]);
    assert_eq!(rest.code, 0, "{}", rest.all());
    assert!(read_pair(&home.live("shop.example.com")).is_some());
    assert_eq!(stand_in.asked("ApplyCertificate"), 2);
    let nothing = home.run(&["renew"]);
    assert_eq!((nothing.code, nothing.stdout.trim()), (0, "nothing is due"));
}

#[test]
fn renew_of_one_leaves_the_others_to_their_scheduled_check() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["other.example.com", "wgc.red"]);
    write_ending(&home, TimeDelta::days(20));
    let one = home.run(&["renew", "wgc.red"]);
    assert_eq!(one.code, 0, "{}", one.all());
    let orders = |domain| stand_in.orders(domain).len();
    assert_eq!((orders("wgc.red"), orders("other.example.com")), (1, 0));
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.renewed", "other.example.com");
    assert_eq!((orders("wgc.red"), orders("other.example.com")), (1, 1));
}

#[test]
fn renew_of_many_shows_progress_beside_the_work_and_ends_with_it() {
    let stand_in = StandIn::quick();
    let domains: Vec<String> = (0..20).map(|n| format!("shop{n}.example{n}.com")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let home = Home::of(&stand_in, &names);
    let out = output(
        home.command().arg("renew"),
        std::time::Duration::from_secs(45),
    );
    assert_eq!(out.code, 0, "{}", out.all());
    for domain in &domains {
        assert!(
            out.stdout.contains(&format!("{domain}  installed")),
            "{}",
            out.stdout
        );
    }
}

#[test]
fn renew_force_orders_anew_with_a_daemon_and_without() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let first = read_pair(&home.live("wgc.red")).unwrap();
    let forced = home.run(&["renew", "--force", "wgc.red"]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let second = read_pair(&home.live("wgc.red")).unwrap();
    assert_ne!(first.serial, second.serial);
    assert_eq!(stand_in.orders("wgc.red").len(), 2);
    assert_eq!(daemon.stop().code(), Some(0));
    let forced = home.run(&["renew", "--force", "wgc.red"]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    let third = read_pair(&home.live("wgc.red")).unwrap();
    assert_ne!(second.serial, third.serial);
    assert_eq!(stand_in.orders("wgc.red").len(), 3);
    // Without force, there is nothing to do again.
    assert_eq!(home.run(&["renew", "wgc.red"]).code, 0);
    assert_eq!(stand_in.orders("wgc.red").len(), 3);
}

#[test]
fn renew_waits_for_no_daemon_that_has_ended() {
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(86_400));
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("order.applied", "wgc.red");
    let mut renew = home.command();
    renew.args(["renew", "wgc.red"]).stdin(Stdio::null());
    let mut renew = renew
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stdout = BufReader::new(renew.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    assert!(said.contains("pending"), "{said}");
    daemon.kill_9();
    let ended = wait_for("the end of renew", SOON * 2, || renew.try_wait().unwrap());
    assert_eq!(ended.code(), Some(75));
    renew
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(said.contains("the daemon has ended"), "{said}");
}

#[test]
fn renew_fails_with_one_where_a_domain_is_refused() {
    let stand_in = StandIn::with(|options| options.free_limit = 1);
    let home = Home::of(&stand_in, &["a.one.com", "b.two.com"]);
    let out = home.run(&["renew"]);
    assert_eq!(out.code, 1, "{}", out.all());
    assert!(out.stdout.contains("ExceedsFreeLimit"), "{}", out.all());
    assert_eq!(home.run(&["status", "--check"]).code, 1);
    let plan = home.run(&["plan"]);
    assert!(plan.stdout.contains("ExceedsFreeLimit"), "{}", plan.stdout);
}

#[test]
fn exit_codes_are_those_of_the_manual() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let cases: [(&[&str], i32); 10] = [
        (&["--help"], 0),
        (&["--version"], 0),
        (&["check"], 0),
        (&["explain", "FailedOperation.ExceedsFreeLimit"], 0),
        (&["nonsense"], 2),
        (&["status", "--nonsense"], 2),
        (&["why", "unknown.example.com"], 2),
        (&["renew", "wgc.rad"], 2),
        (&["renew", "--force"], 2),
        (&["--config", "/nonexistent", "status"], 78),
    ];
    for (arguments, code) in cases {
        let out = output(
            home.bare()
                .env("EVERCERT_CONFIG", home.config())
                .args(arguments),
            SOON,
        );
        assert_eq!(out.code, code, "{arguments:?}: {}", out.all());
    }
    let near = home.run(&["why", "wgc.rad"]);
    assert!(
        near.stderr.contains("did you mean wgc.red"),
        "{}",
        near.stderr
    );
    let explained = home.run(&["explain", "FailedOperation.ExceedsFreeLimit"]);
    assert!(explained.stdout.contains("quota"), "{}", explained.stdout);
}

const SECRET_KEY: &str = "Zk7SecretKeyOfTheAccount9";
const PASSWORD: &str = "Qx3PasswordOfTheKeystore";

/// Every file below this folder but the private keys and the config itself.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("privkey.pem") && !path.ends_with("config.toml") {
            found.push(path);
        }
    }
}

#[test]
fn no_secret_is_in_any_output_or_file_at_the_lowest_log_level() {
    let stand_in = StandIn::with(|options| {
        options.credentials = vec![evercert::sandbox::Credential::new("AKIDFIRST", SECRET_KEY)];
    });
    // Failures are where secrets slip out.
    for kind in [
        evercert::sandbox::FaultKind::Rubbish,
        evercert::sandbox::FaultKind::Http,
        evercert::sandbox::FaultKind::DropAfter,
    ] {
        stand_in.once("DescribeCertificateDetail", kind);
    }
    let home = Home::empty();
    let text = home
        .config_text(&stand_in.endpoint(), &["wgc.red"])
        .replace("AKIDSANDBOX", "AKIDFIRST")
        .replace("SANDBOXKEY", SECRET_KEY)
        .replace("format = \"json\"", "format = \"json\"\nlevel = \"trace\"");
    home.write_config(format!("{text}csr_key_password = \"{PASSWORD}\"\n"));
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let mut said = vec![("daemon".to_owned(), daemon.text())];
    let verbs: [&[&str]; 8] = [
        &["status"],
        &["status", "--json"],
        &["plan"],
        &["why", "wgc.red"],
        &["history"],
        &["check"],
        &["renew"],
        &["renew", "--force", "wgc.red"],
    ];
    for verb in verbs {
        said.push((verb.join(" "), home.run(verb).all()));
    }
    // A config with a mistake beside the secrets.
    home.write_config(format!(
        "{text}csr_key_password = \"{PASSWORD}\"\nkey = {SECRET_KEY}\n"
    ));
    said.push(("check".to_owned(), home.run(&["check"]).all()));
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    daemon.wait("config.rejected");
    assert_eq!(daemon.stop().code(), Some(0));
    said.push(("daemon to its end".to_owned(), daemon.text()));

    let key = fs::read_to_string(home.live("wgc.red").join("privkey.pem")).unwrap();
    let in_key = key.lines().nth(1).unwrap().to_owned();
    let secrets = [SECRET_KEY, PASSWORD, "PRIVATE KEY", &in_key];
    for (who, text) in &said {
        for secret in secrets {
            assert!(!text.contains(secret), "{who} told {secret}:\n{text}");
        }
    }
    let mut paths = Vec::new();
    files(home.path(), &mut paths);
    assert!(paths.iter().any(|path| path.ends_with("evercert.db")));
    for path in paths {
        let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for secret in secrets {
            assert!(
                !content.contains(secret),
                "{} holds {secret}",
                path.display()
            );
        }
    }
}
