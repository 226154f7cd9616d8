//! `run --sandbox`: a newcomer's first minute.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{Daemon, Home, Output, bare, now, output, read_pair, wait_for};

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

/// Runs a verb from elsewhere with the config that the sandbox below this folder left.
fn beside(folder: &Path, words: &[&str]) -> Output {
    let mut command = bare(Path::new("/"));
    command.arg("--config").arg(left(folder)).args(words);
    output(&mut command, Duration::from_secs(60))
}

fn left(folder: &Path) -> PathBuf {
    folder.join("evercert-sandbox/config.toml")
}

#[test]
fn every_verb_works_beside_it_with_the_config_that_it_leaves() {
    let home = Home::empty();
    let mut command = home.bare();
    command.args(["run", "--sandbox"]);
    let mut daemon = Daemon::spawn(&mut command);
    for domain in DOMAINS {
        daemon.wait_of("certificate.renewed", domain);
    }
    let mode = fs::metadata(left(home.path()))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "it has keys, if only for the stand-in");
    let run = |words: &[&str]| {
        let out = beside(home.path(), words);
        assert_eq!(out.code, 0, "{words:?}: {}", out.all());
        assert_eq!(out.stderr, "", "{words:?}");
        out.stdout
    };
    run(&["status", "--check"]);
    let status: serde_json::Value = serde_json::from_str(&run(&["status", "--json"])).unwrap();
    assert!(status[0]["served"].is_string(), "{status}");
    assert_eq!(status[0]["served"], status[0]["installed"], "{status}");
    assert!(run(&["verify"]).contains("wgc.red: served at 127.0.0.1:"));
    assert!(run(&["why", "wgc.red"]).contains("due: no"));
    assert!(run(&["history", "wgc.red"]).contains("certificate.renewed"));
    assert!(run(&["plan"]).contains("takes 0 free certificates"));
    assert!(run(&["plan", "--days", "365"]).contains("orders in 365 days"));
    assert!(run(&["account", "--fresh"]).contains("wgc.red"));
    assert!(run(&["check", "--diff"]).contains("nothing would change"));
    assert!(run(&["doctor", "--offline"]).contains("0 would make a renewal fail"));
    assert!(run(&["pause", "wgc.red"]).contains("paused"));
    assert!(run(&["status"]).contains("paused since"));
    run(&["resume", "wgc.red"]);
    assert!(run(&["renew", "--force", "www.wgc.red"]).contains("installed"));
    run(&["deploy", "wgc.red"]);
    assert_eq!(daemon.stop().code(), Some(0));

    // It has ended, and its service with it: what only looks says so, and what would act does not.
    let shown = beside(home.path(), &["status"]);
    assert_eq!(shown.code, 0);
    assert!(shown.stdout.contains("wgc.red"), "{}", shown.all());
    assert!(
        shown.stderr.contains("has ended; this is how it was left"),
        "{}",
        shown.stderr
    );
    let chinese = beside(home.path(), &["--lang", "zh", "history"]).stderr;
    assert!(chinese.contains("的 sandbox 已结束"), "{chinese}");
    for words in [
        &["renew"][..],
        &["account", "--fresh"],
        &["run"],
        &["pause", "wgc.red"],
    ] {
        let out = beside(home.path(), words);
        assert_eq!(out.code, 1, "{words:?}: {}", out.all());
        assert!(
            out.stderr
                .contains("`evercert run --sandbox` starts another"),
            "{}",
            out.all()
        );
    }
}

#[test]
fn the_config_that_it_leaves_has_nothing_of_the_operators_that_leads_outside_or_is_secret() {
    let home = Home::empty();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let at = outside.display();
    home.write_config(format!(
        "state_dir = \"{at}/state\"\n[accounts.default]\nsecret_id = \"AKIDREAL\"\nsecret_key = \"REALKEY\"\nfree_limit = 7\n\
         [accounts.second]\nsecret_id = \"AKIDOTHER\"\nsecret_key = \"OTHERKEY\"\ntoken = \"REALTOKEN\"\n\
         [api]\nproxy = \"http://user:PROXYPASSWORD@192.0.2.1:3128\"\n\
         [[notify]]\ntype = \"webhook\"\nurl = \"https://192.0.2.1/TOKENOFHOOK\"\nsecret = \"NOTIFYSECRET\"\n\
         [[certificates]]\ndomain = \"bücher.example\"\nalias = 'the \"shop\"'\nproject_id = 5\nkey = \"ECC\"\n\
         csr_key_password = \"JKSPASSWORD\"\ncontact_email = \"boss@example.com\"\ncontact_phone = \"+86 755 1234 5678\"\n\
         renew_before = \"29d12h\"\nverify = \"192.0.2.1:443\"\n\
         validation = {{ method = \"DNS\", provider = \"exec\", command = [\"/usr/bin/touch\", \"{at}/proof\"] }}\n\
         [[certificates.install]]\nformat = \"pem\"\ncert = \"{at}/c.pem\"\nkey = \"{at}/k.pem\"\n\
         reload = [\"/usr/bin/touch\", \"{at}/reloaded\"]\n\
         [certificates.hooks]\ndeploy = [[\"/usr/bin/touch\", \"{at}/hook\", \"HOOKTOKEN\"]]\n\
         [[certificates]]\ndomain = \"b.example\"\naccount = \"second\"\n"
    ));
    let mut command = home.bare();
    // The variable names the operator's config, as the shell of a service may have it.
    command
        .args(["run", "--sandbox"])
        .env("EVERCERT_CONFIG", home.config());
    let mut daemon = Daemon::spawn(&mut command);
    daemon.wait_of("certificate.renewed", "xn--bcher-kva.example");
    daemon.wait_of("certificate.renewed", "b.example");
    daemon.wait("delivery.pretended");
    let text = fs::read_to_string(left(home.path())).unwrap();
    for secret in [
        "REAL",
        "OTHERKEY",
        "AKIDOTHER",
        "PASSWORD",
        "TOKEN",
        "SECRET",
        "192.0.2.1",
        "boss@",
        "1234 5678",
        "touch",
        "outside",
        "tencentcloudapi",
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let mut command = bare(Path::new("/"));
    command
        .env("EVERCERT_CONFIG", home.config())
        .arg("--config")
        .arg(left(home.path()))
        .args(["status", "--json"]);
    let status = output(&mut command, Duration::from_secs(60)).json();
    assert_eq!(status[0]["domain"], "xn--bcher-kva.example");
    assert_eq!(status[0]["state"], "installed", "{status}");
    assert_eq!(status[0]["served"], status[0]["installed"], "{status}");
    assert_eq!(status[1]["account"], "second");
    let targets = status[0]["targets"].as_array().unwrap();
    assert_eq!(
        targets.len(),
        3,
        "what it only pretends to deliver to is shown: {status}"
    );
    let account = beside(home.path(), &["account", "default"]).stdout;
    assert!(account.contains("of 7"), "{account}");
    let why = beside(home.path(), &["why", "bücher.example"]).stdout;
    assert!(why.contains("window: 29 days before the end"), "{why}");
    // Whatever is asked for there is only pretended too.
    assert_eq!(beside(home.path(), &["deploy", "bücher.example"]).code, 0);
    assert_eq!(daemon.stop().code(), Some(0));
    assert_eq!(
        fs::read_dir(&outside).unwrap().count(),
        0,
        "nothing outside is touched"
    );
}

#[test]
fn two_sandboxes_at_once_and_one_that_was_killed_have_each_their_own() {
    let (one, other) = (Home::empty(), Home::empty());
    let start = |home: &Home| {
        let mut command = home.bare();
        command.args(["run", "--sandbox"]);
        let daemon = Daemon::spawn(&mut command);
        daemon.wait_of("certificate.renewed", "wgc.red");
        daemon
    };
    let mut first = start(&one);
    let _second = start(&other);
    let texts = [&one, &other].map(|home| fs::read_to_string(left(home.path())).unwrap());
    assert_ne!(texts[0], texts[1]);
    for home in [&one, &other] {
        assert_eq!(beside(home.path(), &["verify", "wgc.red"]).code, 0);
    }
    first.kill_9();
    let shown = beside(one.path(), &["status"]);
    assert!(shown.stderr.contains("has ended"), "{}", shown.all());
    assert!(shown.stdout.contains("wgc.red"), "{}", shown.all());
    // The next one in that folder begins anew, with a config of its own; also where the old one is what it is given.
    let mut command = one.bare();
    command
        .args(["run", "--sandbox"])
        .env("EVERCERT_CONFIG", left(one.path()));
    let third = Daemon::spawn(&mut command);
    third.wait_of("certificate.renewed", "wgc.red");
    assert_eq!(beside(one.path(), &["verify", "wgc.red"]).code, 0);
    assert_ne!(fs::read_to_string(left(one.path())).unwrap(), texts[0]);
}

#[test]
fn on_a_terminal_it_ends_its_first_screen_with_the_page_and_commands_that_work_as_typed() {
    if !Path::new("/usr/bin/script").exists() {
        println!("skipped: there is no /usr/bin/script (Debian package bsdutils)");
        return;
    }
    let home = Home::empty();
    let folder = home.path().join("my 'own' sites");
    fs::create_dir(&folder).unwrap();
    let screen = home.path().join("screen");
    let mut command = std::process::Command::new("/usr/bin/script");
    command
        .args(["--quiet", "--flush", "--command"])
        .arg(format!("{} run --sandbox", env!("CARGO_BIN_EXE_evercert")))
        .arg(&screen)
        .current_dir(&folder);
    let mut terminal = Daemon::spawn(&mut command);
    let shown = || fs::read_to_string(&screen).unwrap_or_default();
    wait_for(
        "the last line of the screen",
        Duration::from_secs(60),
        || shown().contains("Ctrl-C ends it").then_some(()),
    );
    let shown = shown();
    let (log, told) = shown.split_once("The status page").unwrap();
    for domain in DOMAINS {
        assert!(
            log.contains(domain),
            "it stands below what happened: {shown}"
        );
    }
    assert!(
        !shown.contains("{\"timestamp"),
        "the log is for people: {shown}"
    );
    let page = told
        .split("http://")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let answer = crate::common::get(page.parse().unwrap(), "/");
    assert_eq!(answer.status, 200, "{}", answer.head);
    let typed: Vec<&str> = told
        .lines()
        .map(str::trim)
        .filter(|line| line.contains(" --config "))
        .collect();
    assert_eq!(typed.len(), 3, "{told}");
    for line in typed {
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", line]).current_dir("/").env_clear();
        let out = output(&mut shell, Duration::from_secs(60));
        assert_eq!(out.code, 0, "{line}: {}", out.all());
        assert!(out.stdout.contains("wgc.red"), "{line}: {}", out.all());
    }
    // The window is closed: it ends too, and what it left says so.
    terminal.kill_9();
    wait_for("the end of the sandbox", Duration::from_secs(30), || {
        let shown = beside(&folder, &["status"]);
        shown.stderr.contains("has ended").then_some(())
    });
}
