//! `doctor` finds what would make a renewal fail, says how to mend it, and never makes a call that acts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::common::{Daemon, Home, StandIn};

/// The findings of a run; its exit code is that of what they say.
fn findings(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["doctor", "--json"];
    all.extend(arguments);
    let out = home.run(&all);
    let found = out.json().as_array().unwrap().clone();
    let fails = found.iter().any(|one| one["level"] == "fails");
    assert_eq!(out.code, i32::from(fails), "{}", out.all());
    for one in &found {
        assert!(
            one["remedy"].as_str().is_some_and(|text| !text.is_empty()),
            "{one}"
        );
    }
    found
}

fn has(found: &[Value], level: &str, words: &str) -> bool {
    found
        .iter()
        .any(|one| one["level"] == level && one["finding"].as_str().unwrap().contains(words))
}

#[test]
fn where_all_is_well_nothing_fails_and_what_acts_is_not_tried() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let out = home.run(&["doctor", "--offline"]);
    assert_eq!(out.code, 0, "{}", out.all());
    assert!(
        out.stdout.contains("0 would make a renewal fail"),
        "{}",
        out.all()
    );
    let acts = |action: &&str| !action.starts_with("Describe") && *action != "GetCallerIdentity";
    let asked = || {
        let all = stand_in.on(|service| service.requests(0));
        let list = all["requests"].as_array().unwrap().clone();
        let actions = list
            .iter()
            .map(|one| one["action"].as_str().unwrap().to_owned());
        actions.collect::<Vec<String>>()
    };
    let before = asked();
    let found = findings(&home, &[]);
    assert!(has(&found, "unproven", "ssl:ApplyCertificate"), "{found:?}");
    assert!(!has(&found, "fails", "refused"), "{found:?}");
    let after = asked();
    assert!(
        after.len() >= before.len() + 3,
        "it asked through the daemon"
    );
    let new: Vec<&str> = after[before.len()..].iter().map(String::as_str).collect();
    assert!(!new.iter().any(acts), "{new:?}");
    assert_eq!(daemon.stop().code(), Some(0));
    // Without a daemon it asks by itself, and says that none runs.
    let found = findings(&home, &[]);
    assert!(has(&found, "advice", "no daemon runs"), "{found:?}");
    assert!(has(&found, "unproven", "ssl:ApplyCertificate"), "{found:?}");
}

#[test]
fn refused_credentials_and_an_unreachable_service_are_told_apart() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(text.replace("SANDBOXKEY", "anotherkeyaltogether"));
    let found = findings(&home, &[]);
    assert!(
        has(
            &found,
            "fails",
            "its keys are refused: the signature is wrong"
        ),
        "{found:?}"
    );
    let refused = found
        .iter()
        .find(|one| one["level"] == "fails" && one["account"] == "default");
    let remedy = refused.unwrap()["remedy"].as_str().unwrap();
    assert!(remedy.contains("evercert explain AuthFailure"), "{remedy}");
    let home = Home::empty();
    home.configure("http://127.0.0.1:9", &["wgc.red"]);
    let found = findings(&home, &[]);
    let network = found
        .iter()
        .find(|one| one["remedy"].as_str().unwrap().contains("network"));
    assert!(network.is_some(), "{found:?}");
}

#[test]
fn what_a_delivery_or_a_proof_lacks_is_found_before_it_is_tried() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let changeable = home.path().join("changeable.sh");
    let plain = home.path().join("plain.sh");
    for (file, mode) in [(&changeable, 0o777), (&plain, 0o644)] {
        fs::write(file, "#!/bin/sh\n").unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
    let text = home.head(&stand_in.endpoint());
    let base = home.path().display();
    home.write_config(format!(
        "{text}\n[[certificates]]\ndomain = \"wgc.red\"\nvalidation = {{ method = \"FILE\", webroot = \"{base}/www\" }}\n\
         [[certificates.install]]\nformat = \"pem\"\ncert = \"{base}/nowhere/c.pem\"\nkey = \"{base}/nowhere/k.pem\"\n\
         check = [\"no-such-program\", \"-t\"]\n\
         [certificates.hooks]\ndeploy = [[\"{}\"], [\"{}\"], [\"/bin/true\"]]\n",
        changeable.display(),
        plain.display(),
    ));
    let found = findings(&home, &["--offline"]);
    assert!(has(&found, "fails", "www is missing"), "{found:?}");
    assert!(has(&found, "fails", "nowhere is missing"), "{found:?}");
    assert!(
        has(&found, "fails", "no program no-such-program"),
        "{found:?}"
    );
    assert!(has(&found, "fails", "plain.sh can't be run"), "{found:?}");
    assert!(
        has(&found, "advice", "changeable.sh can be changed by others"),
        "{found:?}"
    );
    let about: Vec<&Value> = found
        .iter()
        .filter(|one| one["domain"] == "wgc.red")
        .collect();
    assert!(about.len() >= 5, "{found:?}");
    assert!(!has(&found, "fails", "/bin/true") && !has(&found, "advice", "/bin/true"));
    fs::create_dir(home.path().join("www")).unwrap();
    fs::create_dir(home.path().join("nowhere")).unwrap();
    let found = findings(&home, &["--offline"]);
    assert!(!has(&found, "fails", "is missing"), "{found:?}");
    let unknown = home.run(&["doctor", "other.com"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
}

#[test]
fn slots_that_are_used_up_and_what_waits_for_its_operator_are_found() {
    let stand_in = StandIn::with(|options| options.free_limit = 1);
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["a.one.com", "b.two.com"]);
    home.write_config(text.replace("free_limit = 100000", "free_limit = 1"));
    assert_eq!(home.run(&["renew"]).code, 1);
    assert_eq!(home.run(&["pause", "b.two.com"]).code, 0);
    let found = findings(&home, &["--offline"]);
    assert!(has(&found, "fails", "orders wait until"), "{found:?}");
    assert!(has(&found, "fails", "of 1 free certificates"), "{found:?}");
    assert!(found.iter().any(|one| {
        one["finding"].as_str().unwrap().contains("is paused")
            && one["remedy"].as_str().unwrap().contains("resume")
    }));
}

#[test]
fn a_port_that_another_program_has_is_advice_and_no_failure() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    let listening = format!("[http]\nlisten = \"{address}\"");
    home.write_config(text.replace("[http]\nlisten = \"\"", &listening));
    let found = findings(&home, &["--offline"]);
    assert!(
        has(
            &found,
            "advice",
            &format!("{address} of [http] can't be listened on")
        ),
        "{found:?}"
    );
    drop(other);
    let found = findings(&home, &["--offline"]);
    assert!(!has(&found, "advice", "[http]"), "{found:?}");
}

#[test]
fn a_target_whose_delivery_failed_is_found_with_its_error_and_next_try() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let folder = home.path().join("site");
    fs::create_dir(&folder).unwrap();
    let reload = home.path().join("reload.sh");
    fs::write(&reload, "#!/bin/sh\necho the server is gone >&2\nexit 3\n").unwrap();
    fs::set_permissions(&reload, fs::Permissions::from_mode(0o755)).unwrap();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(format!(
        "{text}[[certificates.install]]\nformat = \"pem\"\ncert = \"{0}/a.crt\"\nkey = \"{0}/a.key\"\nreload = [\"{1}\"]\n",
        folder.display(),
        reload.display()
    ));
    assert_eq!(home.run(&["renew"]).code, 1);
    let found = findings(&home, &["--offline"]);
    let target = found
        .iter()
        .find(|one| one["finding"].as_str().unwrap().starts_with("target "));
    let target = target.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(
        (&target["level"], &target["domain"]),
        (&"fails".into(), &"wgc.red".into())
    );
    for words in ["the server is gone", "; next try "] {
        assert!(
            target["finding"].as_str().unwrap().contains(words),
            "{target}"
        );
    }
    assert!(
        target["remedy"]
            .as_str()
            .unwrap()
            .contains("`evercert deploy wgc.red`"),
        "{target}"
    );
}

#[test]
fn refused_keys_are_one_finding_that_names_all_that_wait_for_them() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let text = home.config_text(
        &stand_in.endpoint(),
        &["a.one.com", "b.two.com", "c.three.com"],
    );
    home.write_config(text.replace("AKIDSANDBOX", "AKIDNOBODY"));
    assert_eq!(home.run(&["renew"]).code, 1);
    let said = home.run(&["doctor", "--offline"]).stdout;
    let told = said.matches("AuthFailure.SecretIdNotFound)").count();
    assert_eq!(told, 1, "{said}");
    assert!(
        said.contains("(3): a.one.com, b.two.com, c.three.com"),
        "{said}"
    );
    let said = home.run(&["doctor", "--lang", "zh"]).stdout;
    let told = said.matches("AuthFailure.SecretIdNotFound）").count();
    assert_eq!(told, 1, "{said}");
}
