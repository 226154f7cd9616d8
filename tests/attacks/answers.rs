//! Answers from somebody in the service's place.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::common::{Daemon, Home, Liar, Lie, SOON, StandIn, wait_for};

const DOMAIN: &str = "shop.example.com";

/// A stand-in before which every proof that is asked for has these fields instead.
fn asking_for(stand_in: &StandIn, kind: &'static str, fields: Value) -> Liar {
    Liar::before(stand_in, move |action, _, said| {
        if action != "DescribeCertificate" {
            return Lie::Truth;
        }
        let mut said = said.clone();
        let detail = &mut said["Response"]["DvAuthDetail"];
        if detail["DvAuths"][0].is_null() {
            return Lie::Truth;
        }
        let mut auth = detail["DvAuths"][0].clone();
        for (name, value) in fields.as_object().unwrap() {
            auth[name] = value.clone();
        }
        auth["DvAuthVerifyType"] = json!(kind);
        detail["DvAuths"] = json!([auth]);
        Lie::Json(said)
    })
}

/// Waits until the daemon has said that it refuses what is asked for.
fn refused(daemon: &Daemon) -> String {
    daemon.wait_until("a refusal", |log| {
        log.iter()
            .filter_map(|line| line["message"].as_str())
            .find(|message| message.contains("the service asks for"))
            .map(str::to_owned)
    })
}

#[test]
fn no_file_of_the_web_server_is_replaced_run_or_removed() {
    for (path, key, value) in [
        ("/", "index.html", "2024"),
        ("/", ".htaccess", "2024"),
        ("/.well-known/pki-validation/", "shell.php", "2024"),
        ("/.well-known/pki-validation/", "a.txt", "<?php"),
    ] {
        let stand_in = StandIn::quick();
        let liar = asking_for(
            &stand_in,
            "FILE",
            json!({"DvAuthPath": path, "DvAuthKey": key, "DvAuthValue": value}),
        );
        let home = Home::empty();
        let root = home.path().join("www");
        fs::create_dir(&root).unwrap();
        for name in ["index.html", ".htaccess"] {
            fs::write(root.join(name), "ours").unwrap();
        }
        let way = format!(
            "domain = \"{DOMAIN}\"\nvalidation = {{ method = \"FILE\", webroot = \"{}\" }}",
            root.display()
        );
        let text = home.config_text(&liar.endpoint(), &[DOMAIN]);
        home.write_config(text.replace(&format!("domain = \"{DOMAIN}\""), &way));
        let mut daemon = Daemon::start(&home);
        let said = refused(&daemon);
        assert!(said.contains("a file"), "{path}{key}: {said}");
        assert_eq!(daemon.stop().code(), Some(0));
        assert_eq!(fs::read_to_string(root.join("index.html")).unwrap(), "ours");
        assert_eq!(fs::read_to_string(root.join(".htaccess")).unwrap(), "ours");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 2);
    }
}

#[test]
fn no_record_is_put_up_that_no_ca_asks_for() {
    for (key, value) in [
        ("_acme-challenge.shop.example.com", "2024abc"),
        ("_dmarc.example.com", "2024abc"),
        ("www.example.com", "2024abc"),
        ("_dnsauth.shop.example.com", "`id`"),
        (
            "_dnsauth.shop.example.com",
            "a&record_type=A&value=192.0.2.1",
        ),
    ] {
        let stand_in = StandIn::quick();
        let liar = asking_for(
            &stand_in,
            "TXT",
            json!({"DvAuthKey": key, "DvAuthValue": value, "DvAuthSubDomain": ""}),
        );
        let home = Home::empty();
        let hook = home.path().join("dns.sh");
        let ran = home.path().join("ran");
        fs::write(&hook, format!("#!/bin/sh\necho ran >> {}\n", ran.display())).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let way = format!(
            "domain = \"{DOMAIN}\"\nvalidation = {{ method = \"DNS\", provider = \"exec\", command = [\"{}\"] }}",
            hook.display()
        );
        let text = home.config_text(&liar.endpoint(), &[DOMAIN]);
        home.write_config(text.replace(&format!("domain = \"{DOMAIN}\""), &way));
        let mut daemon = Daemon::start(&home);
        let said = refused(&daemon);
        assert!(said.contains("a record") || said.contains("TXT"), "{said}");
        assert_eq!(daemon.stop().code(), Some(0));
        assert!(!ran.exists(), "{key}: the command ran");
    }
}

/// Eight million bytes of the smallest entries there are.
#[test]
fn a_list_of_millions_of_tiny_entries_costs_a_few_times_its_size() {
    const SIZE: usize = 7_900_000;
    let stand_in = StandIn::quick();
    let usual = {
        let home = Home::of(&stand_in, &["usual.example.com"]);
        let daemon = Daemon::start(&home);
        daemon.wait("certificate.installed");
        daemon.peak_memory()
    };
    let lists = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&lists);
    let liar = Liar::before(&stand_in, move |action, _, _| {
        if action != "DescribeCertificates" {
            return Lie::Truth;
        }
        seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let entry = json!({"Domain": 0});
        let count = SIZE / (entry.to_string().len() + 1);
        Lie::Json(json!({"Response": {"TotalCount": 1, "Certificates": vec![entry; count]}}))
    });
    let home = Home::of(&StandIn::quick(), &[]);
    home.configure(&liar.endpoint(), &[DOMAIN]);
    let daemon = Daemon::start(&home);
    wait_for("two lists", SOON, || {
        (lists.load(std::sync::atomic::Ordering::Relaxed) >= 2).then_some(())
    });
    let cost = daemon.peak_memory().saturating_sub(usual);
    assert!(
        cost < 8 * SIZE as u64,
        "{} MB for an answer of 8",
        cost / 1_000_000
    );
}

#[test]
fn what_acts_on_a_terminal_or_turns_text_around_is_shown_nowhere() {
    let stand_in = StandIn::quick();
    let evil = "\u{1b}]0;x\u{7}\u{1b}[2J\u{202e}\u{2066}\u{9b}31mwords";
    let liar = Liar::before(&stand_in, move |action, _, _| {
        if action != "ApplyCertificate" {
            return Lie::Truth;
        }
        Lie::Json(json!({"Response": {"RequestId": "r-1", "Error": {
            "Code": "FailedOperation.NoSuch", "Message": evil,
        }}}))
    });
    let home = Home::of(&StandIn::quick(), &[]);
    home.configure(&liar.endpoint(), &[DOMAIN]);
    let daemon = Daemon::start(&home);
    daemon.wait_until("the words", |log| {
        log.iter()
            .any(|line| {
                line["message"]
                    .as_str()
                    .is_some_and(|text| text.contains("words"))
            })
            .then_some(())
    });
    let mut shown = daemon.text();
    for verb in [
        &["status"] as &[&str],
        &["status", "--json"],
        &["history"],
        &["why", DOMAIN],
    ] {
        shown.push_str(&home.run(verb).all());
    }
    assert!(shown.contains("words"), "{shown}");
    for mark in ['\u{1b}', '\u{7}', '\u{202e}', '\u{2066}', '\u{9b}'] {
        assert!(!shown.contains(mark), "{mark:?} in {shown:?}");
        let escaped = format!("\\u{:04x}", u32::from(mark));
        assert!(!shown.contains(&escaped), "{escaped} in {shown:?}");
    }
}
