//! `init`: from nothing to a config that the daemon starts with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use evercert::sandbox::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, Oddities, OrderChange};
use serde_json::json;

use crate::common::{Daemon, Home, Output, SOON, StandIn, now, output, wait_for};

/// `init` in this folder, for this stand-in, with the key in the environment.
fn init(home: &Home, stand_in: &StandIn) -> Command {
    let mut command = home.command();
    command
        .env("TENCENTCLOUD_SECRET_ID", DEFAULT_SECRET_ID)
        .env("TENCENTCLOUD_SECRET_KEY", DEFAULT_SECRET_KEY)
        .arg("init")
        .args(["--endpoint", &stand_in.endpoint()])
        .arg("--state-dir")
        .arg(home.state_dir());
    command
}

/// `init` in this folder alone, with a key that is never used.
fn plain(home: &Home, arguments: &[&str]) -> Output {
    let mut command = home.command();
    command
        .env("TENCENTCLOUD_SECRET_ID", "AKIDNOBODY")
        .env("TENCENTCLOUD_SECRET_KEY", "HUSHHUSH")
        .arg("init");
    output(command.args(arguments), SOON)
}

fn config_text(home: &Home) -> String {
    fs::read_to_string(home.config()).unwrap()
}

/// Changes a certificate at the service.
fn change(stand_in: &StandIn, domain: &str, change: &OrderChange) {
    let id = stand_in.orders(domain)[0]["certificate_id"]
        .as_str()
        .unwrap()
        .to_owned();
    stand_in.on(|service| service.change_order(now(), &id, change).unwrap());
}

fn odd(odd: Oddities) -> OrderChange {
    OrderChange {
        odd: Some(odd),
        ..OrderChange::default()
    }
}

fn status(status: i64) -> OrderChange {
    OrderChange {
        status: Some(status),
        ..OrderChange::default()
    }
}

/// Waits until the service has issued the newest order for this name.
fn issued(stand_in: &StandIn, domain: &str) {
    wait_for("the certificate", SOON, || {
        let orders = stand_in.orders(domain);
        (orders[0]["status"] == 1).then_some(())
    });
}

#[test]
fn what_it_writes_is_checked_run_and_issued_as_it_stands() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let said = output(
        init(&home, &stand_in).args(["--yes", "wgc.red", "例子.中国"]),
        SOON,
    );
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(
        said.stdout,
        config_text(&home),
        "what is shown is what is written"
    );
    let mode = fs::metadata(home.config()).unwrap().permissions().mode() & 0o777;
    assert!(matches!(mode, 0o600 | 0o640), "{mode:o}");
    let config = home.config().display().to_string();
    for verb in ["check", "run", "status"] {
        let command = format!("    evercert --config {config} {verb}\n");
        assert!(
            said.stderr.contains(&command),
            "{command} is missing: {}",
            said.stderr
        );
    }
    assert!(!said.all().contains(DEFAULT_SECRET_KEY), "{}", said.all());
    assert_eq!(home.run(&["check"]).code, 0);
    let mut run = home.command();
    run.env("TENCENTCLOUD_SECRET_ID", DEFAULT_SECRET_ID)
        .env("TENCENTCLOUD_SECRET_KEY", DEFAULT_SECRET_KEY);
    let daemon = Daemon::spawn(run.arg("run"));
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait_of("certificate.installed", "xn--fsqu00a.xn--fiqs8s");
}

#[test]
fn names_that_no_free_certificate_can_be_had_for_are_refused_and_nothing_is_written() {
    let home = Home::empty();
    let said = plain(
        &home,
        &[
            "--yes",
            "*.wgc.red",
            "wgc.red.",
            "192.0.2.1",
            "good.wgc.red",
        ],
    );
    assert_eq!(said.code, 2, "{}", said.all());
    for says in [
        "\"wgc.red\" and \"www.wgc.red\"",
        "write \"wgc.red\"",
        "is an IP address",
    ] {
        assert!(
            said.stderr.contains(says),
            "{says} is missing: {}",
            said.stderr
        );
    }
    assert!(!home.config().exists());
    let said = plain(&home, &[]);
    assert_eq!(said.code, 2, "{}", said.all());
    assert!(said.stderr.contains("--from-nginx"), "{}", said.stderr);
}

#[test]
fn nothing_is_written_where_nobody_can_be_asked() {
    let home = Home::empty();
    let said = plain(&home, &["wgc.red"]);
    assert_eq!(said.code, 2, "{}", said.all());
    assert!(said.stderr.contains("--yes"), "{}", said.stderr);
    let said = plain(&home, &["--dry-run", "wgc.red"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("domain = \"wgc.red\""),
        "{}",
        said.stdout
    );
    assert!(!home.config().exists());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn what_is_there_stays_as_it_is_and_what_it_lacks_is_shown() {
    let home = Home::empty();
    let mine = "# mine\n[[certificates]]\ndomain = \"wgc.red\"\n";
    home.write_config(mine);
    let said = plain(&home, &["--yes", "wgc.red", "www.wgc.red"]);
    assert_eq!(
        said.code,
        1,
        "it was asked to write, and did not: {}",
        said.all()
    );
    assert_eq!(said.stdout, "[[certificates]]\ndomain = \"www.wgc.red\"\n");
    assert!(said.stderr.contains("is there already"), "{}", said.stderr);
    assert_eq!(config_text(&home), mine);
    // The command that it names adds the rest, and then there is none.
    let line = said
        .stderr
        .lines()
        .find(|line| line.contains("--output"))
        .unwrap();
    let words: Vec<&str> = line
        .split_whitespace()
        .skip_while(|word| *word != "init")
        .skip(1)
        .collect();
    let said = plain(&home, &[&words[..], &["--yes"]].concat());
    assert_eq!(said.code, 0, "{}", said.all());
    let part = home.path().join("conf.d/init.toml");
    let added = fs::read_to_string(&part).unwrap();
    assert!(
        added.contains("www.wgc.red") && !added.contains("\"wgc.red\""),
        "{added}"
    );
    assert_eq!(config_text(&home), mine);
    let checked = home.run(&["check"]);
    assert!(
        checked.stdout.contains("OK, 2 certificates"),
        "{}",
        checked.all()
    );
    let said = plain(&home, &["wgc.red", "www.wgc.red"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, ""),
        "{}",
        said.stderr
    );
    // Neither is a part, nor any other file.
    let said = plain(
        &home,
        &[
            "--yes",
            "new.wgc.red",
            "--output",
            &part.display().to_string(),
        ],
    );
    assert_eq!(said.code, 1, "{}", said.all());
    assert_eq!(fs::read_to_string(&part).unwrap(), added);
}

#[test]
fn a_config_with_mistakes_is_not_added_to() {
    let home = Home::empty();
    home.write_config("[[certificates]]\ndomian = \"wgc.red\"\n");
    let said = plain(&home, &["--yes", "www.wgc.red"]);
    assert_eq!(said.code, 78, "{}", said.all());
}

#[test]
fn a_folder_that_nothing_can_be_written_into_is_said_before_anything_else() {
    let home = Home::empty();
    let nowhere = home.path().join("nowhere/config.toml");
    let said = plain(
        &home,
        &[
            "--yes",
            "wgc.red",
            "--output",
            &nowhere.display().to_string(),
        ],
    );
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.stderr.contains("nothing can be written into"),
        "{}",
        said.stderr
    );
    assert!(said.stdout.is_empty());
}

#[test]
fn what_the_account_has_is_adopted_by_the_first_run_and_nothing_is_bought() {
    let stand_in = StandIn::aged(10);
    for name in [
        "a.one.com",
        "b.two.com",
        "paid.com",
        "ended.com",
        "pending.com",
        "failed.com",
        "many.com",
    ] {
        stand_in.apply_by_hand(name);
        issued(&stand_in, name);
    }
    // Two of one name.
    stand_in.apply_by_hand("a.one.com");
    issued(&stand_in, "a.one.com");
    change(
        &stand_in,
        "paid.com",
        &odd(Oddities {
            package_type: Some("3".to_owned()),
            ..Oddities::default()
        }),
    );
    change(
        &stand_in,
        "many.com",
        &odd(Oddities {
            further_names: vec!["other.com".to_owned()],
            ..Oddities::default()
        }),
    );
    change(&stand_in, "ended.com", &status(3));
    change(&stand_in, "pending.com", &status(0));
    change(&stand_in, "failed.com", &status(2));
    let ordered = stand_in.asked("ApplyCertificate");
    let home = Home::empty();
    let said = output(
        init(&home, &stand_in).args(["--from-account", "--yes"]),
        SOON,
    );
    assert_eq!(said.code, 0, "{}", said.all());
    let domains: Vec<&str> = said
        .stdout
        .lines()
        .filter(|line| line.starts_with("domain"))
        .collect();
    assert_eq!(
        domains,
        ["domain = \"a.one.com\"", "domain = \"b.two.com\""],
        "{}",
        said.stdout
    );
    for says in [
        "paid.com: no free",
        "many.com: covers several",
        "ended.com: ended",
        "pending.com: an order",
    ] {
        assert!(
            said.stdout.contains(says),
            "{says} is missing:\n{}",
            said.stdout
        );
    }
    assert_eq!(stand_in.asked("ApplyCertificate"), ordered);
    let mut run = home.command();
    run.env("TENCENTCLOUD_SECRET_ID", DEFAULT_SECRET_ID)
        .env("TENCENTCLOUD_SECRET_KEY", DEFAULT_SECRET_KEY);
    let daemon = Daemon::spawn(run.arg("run"));
    daemon.wait_of("certificate.installed", "a.one.com");
    daemon.wait_of("certificate.installed", "b.two.com");
    assert_eq!(
        stand_in.asked("ApplyCertificate"),
        ordered,
        "they are adopted"
    );
}

#[test]
fn an_account_with_thousands_is_listed_at_the_limiter_s_pace() {
    let stand_in = StandIn::with(|options| {
        options.free_limit = 100_000;
        options.domain_limit = 100_000;
        options.requests_per_second = 0;
        options.issue_after = Duration::ZERO;
    });
    for n in 0..2_300 {
        stand_in.apply_by_hand(&format!("n{n}.site{n}.com"));
    }
    let home = Home::empty();
    let asked = stand_in.asked("DescribeCertificates");
    let said = output(
        init(&home, &stand_in).args(["--from-account", "--yes"]),
        SOON,
    );
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(said.stdout.matches("[[certificates]]").count(), 2_300);
    assert_eq!(stand_in.asked("DescribeCertificates") - asked, 3);
    assert!(
        said.stderr.contains("2300 names, and an account has 50"),
        "{}",
        said.stderr
    );
    assert_eq!(home.run(&["check"]).code, 0);
}

#[test]
fn an_account_that_refuses_the_key_is_said_and_nothing_is_written() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let mut command = init(&home, &stand_in);
    command.env("TENCENTCLOUD_SECRET_KEY", "another");
    let said = output(command.args(["--from-account", "--yes"]), SOON);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.stderr.contains("AuthFailure.SignatureFailure"),
        "{}",
        said.stderr
    );
    assert!(!home.config().exists() && !said.all().contains("another\n"));
}

/// A folder with an nginx of its own, that prints this configuration.
fn fake_nginx(home: &Home, script: &str) -> PathBuf {
    let folder = home.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let program = folder.join("nginx");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn an_nginx_that_gives_no_configuration_is_told_of_in_its_own_words() {
    for (script, says) in [
        (
            "echo 'nginx: [emerg] open() \"/run/nginx.pid\" failed (13: Permission denied)' >&2; exit 1",
            "/run/nginx.pid",
        ),
        (
            "yes 'server_name a.example;' | head -c 80000000",
            "wrote more than",
        ),
        ("echo hello", "no configuration of nginx's"),
    ] {
        let home = Home::empty();
        let folder = fake_nginx(&home, script);
        let mut command = home.command();
        command.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        let said = output(command.args(["init", "--from-nginx", "--yes"]), SOON);
        assert_eq!(said.code, 1, "{}", said.all());
        assert!(
            said.stderr.contains(says) && said.stderr.contains("--from-nginx=")
                || says.starts_with("no"),
            "{says}: {}",
            said.stderr
        );
        assert!(said.stderr.contains(says), "{says}: {}", said.stderr);
        assert!(!home.config().exists());
    }
}

#[test]
fn a_site_that_can_t_be_understood_is_said_and_the_others_are_proposed() {
    let home = Home::empty();
    let sites = home.path().join("sites");
    fs::create_dir(&sites).unwrap();
    fs::write(
        sites.join("a"),
        "server { listen 443 ssl; server_name a.example; }",
    )
    .unwrap();
    fs::write(
        sites.join("b"),
        "server { listen 443 ssl; server_name b.example }",
    )
    .unwrap();
    fs::write(
        sites.join("c"),
        "server { listen 443 ssl; server_name c.example; access_by_lua_block { -- it's {\n} }",
    )
    .unwrap();
    let option = format!("--from-nginx={}", sites.display());
    let said = plain(&home, &["--dry-run", &option, "typed.example"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stderr.contains("sites/b:1: a } where a ; should be"),
        "{}",
        said.stderr
    );
    for domain in ["a.example", "c.example", "typed.example"] {
        assert!(
            said.stdout.contains(&format!("domain = \"{domain}\"")),
            "{}",
            said.stdout
        );
    }
    assert!(!said.stdout.contains("b.example"));
    let chinese = plain(&home, &["--lang", "zh", "--dry-run", &option]);
    assert!(
        chinese.stdout.contains("生成") && chinese.stderr.contains("没有列入"),
        "{}",
        chinese.all()
    );
    assert_eq!(json!(chinese.stdout.matches("[[certificates]]").count()), 2);
}
