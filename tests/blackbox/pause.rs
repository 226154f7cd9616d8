//! A paused certificate is left alone, said aloud, and looked after again once it is resumed; and who holds the slots.

use serde_json::Value;

use crate::common::{Daemon, Home, StandIn};

fn status_of(home: &Home, domain: &str) -> Value {
    home.run(&["status", domain, "--json"]).json()[0].clone()
}

#[test]
fn nothing_is_done_for_a_paused_certificate_until_it_is_resumed() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["held.com", "free.com"]);
    // Without a daemon the verb does it itself.
    let out = home.run(&["pause", "held.com"]);
    assert_eq!(out.code, 0, "{}", out.all());
    assert!(out.stdout.contains("held.com is paused"), "{}", out.all());
    let mut daemon = Daemon::start(&home);
    // Said with the heartbeat, whose first is at the start.
    daemon.wait_of("certificate.paused", "held.com");
    daemon.wait_of("certificate.installed", "free.com");
    let status = status_of(&home, "held.com");
    assert_eq!(status["state"], "paused", "{status}");
    assert!(status["paused_at"].is_string(), "{status}");
    let shown = home.run(&["status"]).stdout;
    assert!(shown.contains("held.com\n  paused since"), "{shown}");
    assert_eq!(
        home.run(&["status", "--check"]).code,
        1,
        "it is due, and held back"
    );
    for verb in [
        &["renew", "held.com"][..],
        &["renew", "--force", "held.com"],
    ] {
        let out = home.run(verb);
        assert_eq!(out.code, 1, "{}", out.all());
        assert!(out.stderr.contains("is paused"), "{}", out.all());
    }
    let all = home.run(&["renew"]);
    assert_eq!(all.code, 0, "the others are renewed");
    assert!(
        all.stdout.contains("held.com  paused: nothing is done"),
        "{}",
        all.all()
    );
    let why = home.run(&["why", "held.com"]).stdout;
    assert!(why.contains("evercert resume"), "{why}");
    assert!(stand_in.orders("held.com").is_empty());

    let out = home.run(&["resume", "held.com"]);
    assert_eq!(out.code, 0, "{}", out.all());
    daemon.wait_of("certificate.resumed", "held.com");
    daemon.wait_of("certificate.installed", "held.com");
    assert_eq!(home.run(&["status", "--check"]).code, 0);
    let again = home.run(&["resume", "held.com"]);
    assert!(again.stdout.contains("was not paused"), "{}", again.all());
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_pause_survives_restarts_and_edits_and_stops_deliveries() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let out = home.run(&["pause", "wgc.red"]);
    assert_eq!(out.code, 0, "{}", out.all());
    // The one that is installed is fresh: nothing needs its operator yet.
    assert_eq!(home.run(&["status", "--check"]).code, 0);
    let log = home.path().join("delivered");
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(format!(
        "{text}hooks = {{ deploy = [[\"/bin/touch\", \"{}\"]] }}\n",
        log.display()
    ));
    daemon.wait("config.reloaded");
    let deploy = home.run(&["deploy", "wgc.red"]);
    assert_eq!(deploy.code, 1, "{}", deploy.all());
    assert!(deploy.stderr.contains("is paused"), "{}", deploy.all());
    assert_eq!(daemon.stop().code(), Some(0));
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.paused", "wgc.red");
    assert!(!log.exists());
    assert_eq!(home.run(&["resume", "wgc.red"]).code, 0);
    daemon.wait_of("certificate.deployed", "wgc.red");
    assert!(log.exists());
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn the_account_is_told_with_whose_each_certificate_is() {
    let stand_in = StandIn::with(|options| options.free_limit = 10);
    let home = Home::empty();
    let text = home.config_text(
        &stand_in.endpoint(),
        &["wgc.red", "www.wgc.red", "hand.com"],
    );
    home.write_config(text.replace("free_limit = 100000", "free_limit = 10"));
    let by_hand = stand_in.apply_by_hand("hand.com");
    let elsewhere = stand_in.apply_by_hand("shop.other.org");
    let mut daemon = Daemon::start(&home);
    for domain in ["wgc.red", "www.wgc.red", "hand.com"] {
        daemon.wait_of("certificate.installed", domain);
    }
    // Also before the next listing, each that is counted is there.
    let account = &home.run(&["account", "--json"]).json()[0];
    let all = account["certificates"].as_array().unwrap();
    let used = all.iter().filter(|one| one["slot"] == true).count();
    assert_eq!((&account["used"], used), (&4.into(), 4), "{account}");
    let since = all.iter().filter(|one| one["listed"] == false);
    let since: Vec<_> = since.map(|one| (&one["domain"], &one["state"])).collect();
    assert_eq!(since.len(), 2, "{account}");
    assert_eq!(since[0].1, "issued", "{account}");
    let shown = home.run(&["--lang", "zh", "account"]).stdout;
    assert_eq!(shown.matches("此后申请").count(), 2, "{shown}");
    let out = home.run(&["account", "--fresh", "--json"]);
    assert_eq!(out.code, 0, "{}", out.all());
    let account = &out.json()[0];
    assert_eq!(
        (&account["used"], &account["limit"]),
        (&4.into(), &10.into()),
        "{account}"
    );
    let owner = |id: &str| {
        let all = account["certificates"].as_array().unwrap();
        let one = all.iter().find(|one| one["certificate_id"] == id).unwrap();
        one["owner"].as_str().unwrap().to_owned()
    };
    assert_eq!(owner(&by_hand), "adopted");
    assert_eq!(owner(&elsewhere), "others");
    let ours = stand_in.orders("wgc.red")[0]["certificate_id"].clone();
    assert_eq!(owner(ours.as_str().unwrap()), "ours");
    let main = account["main_domains"].as_array().unwrap();
    let wgc = main
        .iter()
        .find(|one| one["main_domain"] == "wgc.red")
        .unwrap();
    assert_eq!(wgc["used"], 2);
    for verb in ["status --wide", "plan"] {
        let shown = home.run(&verb.split(' ').collect::<Vec<_>>()).stdout;
        assert!(
            shown.contains("4 of 10 free certificates used"),
            "{verb}: {shown}"
        );
        assert!(shown.contains("wgc.red 2 of"), "{verb}: {shown}");
    }
    let unknown = home.run(&["account", "nobody"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
    assert_eq!(daemon.stop().code(), Some(0));
    // The last listing is shown without a daemon too, and without a call.
    let before = stand_in.requests();
    let shown = home.run(&["account"]).stdout;
    assert!(shown.contains("shop.other.org"), "{shown}");
    assert_eq!(stand_in.requests(), before);
}
