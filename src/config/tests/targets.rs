//! Targets: what is taken, and what is refused with the reason.

use std::path::Path;
use std::time::Duration;

use super::super::{Format, StartTls, Verify, hook_key};
use super::{accepted, rejected_for, with};

const PEM: &str =
    "[[certificates.install]]\nformat = \"pem\"\ncert = \"/a/c.crt\"\nkey = \"/a/c.key\"\n";

#[test]
fn a_target_has_what_was_written_and_safe_defaults() {
    let text = with(&format!(
        "verify = \"[2001:db8::1]:8443\"\n{PEM}check = [\"nginx\", \"-t\"]"
    ));
    let targets = accepted(&text).config.certificates[0].targets.clone();
    let install = &targets.install[0];
    assert_eq!((install.mode, install.create_folders), (None, false));
    assert_eq!(
        install.check.as_deref(),
        Some(&["nginx".to_owned(), "-t".to_owned()][..])
    );
    assert_eq!(install.timeout, Duration::from_secs(60));
    assert_eq!(
        install.format.files(),
        [Path::new("/a/c.crt"), Path::new("/a/c.key")]
    );
    assert!(matches!(install.format, Format::Pem { chain: None, .. }));
    let verify = targets.verify.as_ref().unwrap();
    assert_eq!(
        (verify.address.host.as_str(), verify.address.port),
        ("2001:db8::1", 8443)
    );
    assert_eq!(verify.address.to_string(), "[2001:db8::1]:8443");

    let text = with(
        "verify = { address = \"MX.example.com:25\", starttls = \"smtp\", patience = \"2m\" }",
    );
    let verify = accepted(&text).config.certificates[0]
        .targets
        .verify
        .clone()
        .unwrap();
    assert_eq!(
        (verify.address.host.as_str(), verify.starttls),
        ("mx.example.com", Some(StartTls::Smtp))
    );
    assert_eq!(verify.patience, Some(Duration::from_secs(120)));
}

#[test]
fn an_edit_of_a_target_makes_it_another_one_and_no_edit_leaves_it() {
    let key = |text: &str| accepted(&with(text)).config.certificates[0].targets.install[0].key();
    assert_eq!(key(PEM), key(PEM));
    assert_ne!(key(PEM), key(&format!("{PEM}mode = \"0640\"")));
}

/// The keys name targets in databases and folders: what is delivered under one stays delivered only while it stays the
/// same. A new setting must not change them.
#[test]
fn the_keys_of_targets_are_what_they_were() {
    let install = |lines: &str| {
        let text = with(&format!("[[certificates.install]]\n{lines}"));
        accepted(&text).config.certificates[0].targets.install[0].key()
    };
    let pem = "format = \"pem\"\ncert = \"/a/c.crt\"\nkey = \"/a/c.key\"\n";
    let verify = |value: &str| {
        let targets = &accepted(&with(&format!("verify = {value}")))
            .config
            .certificates[0]
            .targets;
        targets.verify.as_ref().map(Verify::key).unwrap_or_default()
    };
    let cloud = |lines: &str| {
        let text = with(&format!("[[certificates.cloud]]\n{lines}"));
        accepted(&text).config.certificates[0].targets.cloud[0].key()
    };
    let command = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    for (key, expected) in [
        (install(pem), "46ab22e6084c05e1"),
        (
            install(&format!("{pem}create_folders = false\ntimeout = \"60s\"")),
            "46ab22e6084c05e1",
        ),
        (
            install(&format!(
                "{pem}chain = \"/a/chain\"\nowner = \"root\"\ngroup = \"www-data\"\nmode = \"0640\"\n\
                 create_folders = true\ncheck = [\"nginx\", \"-t\"]\nreload = [\"/r\", \"a b\"]\ntimeout = \"5m\""
            )),
            "a43a04715f8494d5",
        ),
        (
            install(&format!("{pem}mode = \"0600\"")),
            "c3e2994860de592f",
        ),
        (
            install("format = \"combined\"\nfile = \"/a/f\""),
            "873d36fb6faf5eca",
        ),
        (
            install(
                "format = \"pkcs12\"\nfile = \"/a/f\"\npassword_file = \"/a/p\"\nalias = \"shop\"",
            ),
            "f4fe8bf9ad1c8274",
        ),
        (verify("\"wgc.red:443\""), "86bed594a6937e92"),
        (verify("{ address = \"WGC.red:443\" }"), "86bed594a6937e92"),
        (
            verify("{ address = \"[2001:db8::1]:25\", starttls = \"smtp\", patience = \"2m\" }"),
            "55b96f279d116024",
        ),
        (cloud("resources = [\"clb\", \"cdn\"]"), "f9064b9a37354de3"),
        (cloud("resources = [\"cdn\", \"clb\"]"), "f9064b9a37354de3"),
        (
            cloud(
                "resources = [\"clb\"]\ninstances = [\"lb-1|lbl-1\", \"lb-1|lbl-2\"]\nregion = \"ap-guangzhou\"",
            ),
            "0ed48f7927999b3b",
        ),
        (
            hook_key("deploy", &command(&["/push", "a b"])),
            "54c89d3381e0d84d",
        ),
        (
            hook_key("deploy", &command(&["/push", "a", "b"])),
            "a497969643a368b1",
        ),
        (
            hook_key("failure", &command(&["/push", "a b"])),
            "44f145ac85a45316",
        ),
    ] {
        assert_eq!(key, expected);
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    for (lines, says) in [
        (
            "verify = \"wgc.red\"".to_owned(),
            "not an address with a port",
        ),
        (
            "verify = \"wgc.red:0\"".to_owned(),
            "not an address with a port",
        ),
        (
            "verify = \"https://wgc.red:443\"".to_owned(),
            "not an address with a port",
        ),
        (
            "verify = { starttls = \"smtp\" }".to_owned(),
            "has no `address`",
        ),
        (
            "verify = { address = \"a:1\", starttls = \"pop3\" }".to_owned(),
            "smtp",
        ),
        (format!("{PEM}check = \"nginx -t\""), "a list of arguments"),
        (
            format!("{PEM}reload = [\"systemctl reload nginx\"]"),
            "arguments in one text",
        ),
        (format!("{PEM}reload = []"), "names no program"),
        (
            format!("{PEM}mode = \"0644\""),
            "opens a private key to everybody",
        ),
        (format!("{PEM}mode = \"640x\""), "`mode` cannot be"),
        (
            format!("{PEM}file = \"/x\""),
            "no meaning for format \"pem\"",
        ),
        (
            PEM.replace("/a/c.key", "c.key"),
            "not the full path of a file",
        ),
        (
            PEM.replace("/a/c.key", "/a/../c.key"),
            "not the full path of a file",
        ),
        (PEM.replace("/a/c.key", "/a/c.crt"), "the same path"),
        (
            "[[certificates.install]]\nformat = \"pem\"\nkey = \"/k\"".to_owned(),
            "needs `cert`",
        ),
        (PEM.replace("format = \"pem\"\n", ""), "has no `format`"),
        (
            "[[certificates.install]]\nformat = \"jks\"".to_owned(),
            "`format` cannot be",
        ),
        (
            "[certificates.hooks]\ndeploy = [\"a\"]".to_owned(),
            "a list of commands",
        ),
        (
            "[certificates.hooks]\nrenew = [[\"a\"]]".to_owned(),
            "it is called `deploy` here",
        ),
    ] {
        rejected_for(&with(&lines), &[says]);
    }
}

#[test]
fn two_targets_never_write_one_file() {
    let second = format!(
        "{PEM}[[certificates]]\ndomain = \"b.example.com\"\n[[certificates.install]]\nformat = \"combined\"\nfile = \"/a/c.key\""
    );
    rejected_for(
        &with(&second),
        &["written by a target of the certificate at", "/a/c.key"],
    );
}
