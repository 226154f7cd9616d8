//! What people see of many certificates: the same truth in every verb, as wide as the terminal, whole where they copy it.

use serde_json::Value;

use crate::common::{Daemon, Home, OnTerminal, SOON, StandIn, output, wait_for};

fn status_of(home: &Home, domain: &str) -> Value {
    home.run(&["status", domain, "--json"]).json()[0].clone()
}

#[test]
fn what_waits_for_quota_says_so_in_every_verb_and_on_the_page() {
    let stand_in = StandIn::with(|options| options.free_limit = 1);
    let home = Home::of(&stand_in, &["a.one.com", "b.two.com", "c.three.com"]);
    let renewed = home.run(&["renew"]);
    assert_eq!(renewed.code, 1, "{}", renewed.all());
    let names = ["a.one.com", "b.two.com", "c.three.com"];
    let waiting = names.map(|name| status_of(&home, name));
    let waiting: Vec<&Value> = waiting
        .iter()
        .filter(|status| status["state"] == "waiting")
        .collect();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    for status in waiting {
        assert_eq!(status["waits_for"], "quota", "{status}");
        let domain = status["domain"].as_str().unwrap();
        let why = home.run(&["why", domain]).stdout;
        assert!(why.contains("waiting for quota"), "{why}");
        let card = home.run(&["status", domain]).stdout;
        assert!(card.contains("waiting for quota"), "{card}");
        assert!(
            renewed
                .stdout
                .contains(&format!("{domain}  waiting for quota")),
            "{}",
            renewed.all()
        );
    }
    let shown = home.run(&["status"]).stdout;
    assert_eq!(shown.matches("waiting for quota").count(), 2, "{shown}");
    // Once, with its account.
    assert_eq!(shown.matches("account \"default\"").count(), 1, "{shown}");
    let chinese = home.run(&["--lang", "zh", "status"]).stdout;
    assert_eq!(chinese.matches("等待额度").count(), 2, "{chinese}");
}

#[test]
fn a_record_that_a_person_is_to_add_is_whole_in_renew_why_and_status() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["by-hand.example.com"]);
    let text = home.config_text(&stand_in.endpoint(), &["by-hand.example.com"]);
    home.write_config(format!(
        "{text}validation = {{ method = \"DNS\", provider = \"manual\" }}\n"
    ));
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("validation.wanted", "by-hand.example.com");
    let status = status_of(&home, "by-hand.example.com");
    let record = &status["awaited_records"][0];
    assert_eq!(status["waits_for"], "operator", "{status}");
    let renew = OnTerminal::start(home.command().args(["renew", "by-hand.example.com"]));
    renew.wait("add this DNS record");
    let mut shown = vec![renew.said()];
    for verb in [
        &["status"][..],
        &["status", "by-hand.example.com"],
        &["why", "by-hand.example.com"],
    ] {
        shown.push(home.run(verb).stdout);
    }
    for part in ["name", "type", "value"] {
        let part = record[part].as_str().unwrap();
        for text in &shown {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn on_a_terminal_it_is_coloured_and_fits() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["ok.example.com", "例子.中国"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "ok.example.com");
    wait_for("both", SOON, || {
        let all = home.run(&["status", "--json"]).json();
        let mut all = all.as_array().unwrap().iter();
        all.all(|one| one["state"] == "installed").then_some(())
    });
    let on_terminal = |set: &[(&str, &str)]| {
        let mut command = home.command();
        command.args(["status"]).envs(set.iter().copied());
        let mut terminal = OnTerminal::start(&command);
        assert!(terminal.ended().success());
        terminal.said()
    };
    assert!(on_terminal(&[("TERM", "xterm")]).contains("\u{1b}[32m●"));
    assert!(!on_terminal(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    let mut narrow = home.command();
    narrow.args(["status"]).env("COLUMNS", "44");
    let narrow = output(&mut narrow, SOON).stdout;
    for line in narrow.lines() {
        assert!(line.chars().count() <= 44, "{line}");
    }
    assert_eq!(daemon.stop().code(), Some(0));
}
