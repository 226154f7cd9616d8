//! The ways of validation: what each takes, and what it refuses.

use std::path::Path;
use std::time::Duration;

use super::super::{Dns, FilePlace, FileProof, Provider, Validation};
use super::{accepted, rejected_for};

fn entry(validation: &str) -> String {
    format!("[[certificates]]\ndomain = \"shop.example.com\"\nvalidation = {validation}\n")
}

fn read(validation: &str) -> Validation {
    accepted(&entry(validation)).config.certificates[0]
        .validation
        .clone()
}

#[test]
fn every_way_of_the_design_is_read() {
    let webroot = FileProof {
        place: FilePlace::Webroot("/var/www/html".into()),
        probe: None,
    };
    assert_eq!(
        read(r#"{ method = "FILE", webroot = "/var/www/html" }"#),
        Validation::File(webroot)
    );
    let listen = FileProof {
        place: FilePlace::Listen(([127, 0, 0, 1], 8402).into()),
        probe: Some(([127, 0, 0, 1], 80).into()),
    };
    assert_eq!(
        read(r#"{ method = "FILE", listen = "127.0.0.1:8402", probe = "127.0.0.1" }"#),
        Validation::File(listen)
    );
    let dns = |provider| {
        Validation::Dns(Dns {
            provider,
            name_servers: Vec::new(),
        })
    };
    assert_eq!(
        read(r#"{ method = "DNS", provider = "dnspod" }"#),
        dns(Provider::Dnspod { account: None })
    );
    assert_eq!(
        read(r#"{ method = "DNS", provider = "manual" }"#),
        dns(Provider::Manual)
    );
    assert_eq!(
        read(
            r#"{ method = "DNS", provider = "exec", command = ["/etc/evercert/dns-hook", "a b"] }"#
        ),
        dns(Provider::Exec {
            command: vec!["/etc/evercert/dns-hook".into(), "a b".into()],
            cleanup: None,
            env_file: None,
            timeout: Duration::from_secs(60),
        })
    );
    assert_eq!(
        read(
            r#"{ method = "DNS", provider = "acme.sh", acme_sh = "/opt/acme.sh", script = "dns_cf.sh", timeout = "5m" }"#
        ),
        dns(Provider::AcmeSh {
            acme_sh: "/opt/acme.sh".into(),
            script: "dns_cf".into(),
            env_file: None,
            timeout: Duration::from_secs(300),
        })
    );
    let Validation::Dns(update) = read(
        r#"{ method = "DNS", provider = "rfc2136", server = "[2001:db8::1]:5353", key_name = "Key.",
             key_file = "/nowhere", name_servers = ["192.0.2.1", "192.0.2.2:5353"] }"#,
    ) else {
        panic!("not by DNS");
    };
    assert_eq!(update.name_servers[0], ([192, 0, 2, 1], 53).into());
    let Provider::Rfc2136 {
        server,
        key_name,
        key_file,
        algorithm,
        zone,
    } = update.provider
    else {
        panic!("not by update");
    };
    assert_eq!((server.port(), key_name.as_str()), (5353, "key"));
    assert_eq!(
        (algorithm.as_str(), zone, key_file.as_path()),
        ("hmac-sha256", None, Path::new("/nowhere"))
    );
}

#[test]
fn a_way_comes_from_the_defaults_too_and_its_settings_are_part_of_the_inputs() {
    let text = |hook: &str| {
        format!(
            "[defaults]\nvalidation = {{ method = \"DNS\", provider = \"exec\", command = [\"{hook}\"] }}\n\
             [[certificates]]\ndomain = \"a.example.com\"\n"
        )
    };
    let one = &accepted(&text("/a")).config.certificates[0];
    let other = &accepted(&text("/b")).config.certificates[0];
    assert_eq!(one.validation.as_str(), "DNS");
    assert_ne!(
        one.fingerprint(),
        other.fingerprint(),
        "a mended hook ends a wait for the operator"
    );
}

#[test]
fn a_way_comes_back_from_the_record_as_it_was_written() {
    let way = read(
        r#"{ method = "DNS", provider = "exec", command = ["/a"], cleanup = ["/b"], name_servers = ["192.0.2.1"] }"#,
    );
    let text = serde_json::to_string(&way).unwrap();
    assert_eq!(serde_json::from_str::<Validation>(&text).unwrap(), way);
}

#[test]
fn what_a_way_needs_and_what_it_does_not_take_is_said() {
    for (validation, says) in [
        (r#""DNS""#, "needs to know who sets the record"),
        (r#""FILE""#, "needs to know where the file goes"),
        (r#"{ method = "FILE" }"#, "neither `webroot` nor `listen`"),
        (
            r#"{ method = "FILE", webroot = "/a", listen = "127.0.0.1:1" }"#,
            "are both set",
        ),
        (
            r#"{ method = "FILE", webroot = "www" }"#,
            "write a whole path",
        ),
        (
            r#"{ method = "FILE", webroot = "/var/../etc" }"#,
            "without `..`",
        ),
        (
            r#"{ method = "FILE", listen = "localhost:1" }"#,
            "is not an IP address",
        ),
        (
            r#"{ method = "DNS_AUTO", webroot = "/x" }"#,
            "`webroot` does not belong to validation by DNS_AUTO",
        ),
        (
            r#"{ method = "FILE", webroot = "/x", provider = "exec" }"#,
            "`provider` does not belong",
        ),
        (r#"{ method = "DNS" }"#, "this validation has no `provider`"),
        (
            r#"{ method = "DNS", provider = "cloudflare" }"#,
            "it is one of dnspod, exec, acme.sh, rfc2136, manual",
        ),
        (
            r#"{ method = "DNS", provider = "exec" }"#,
            "this validation has no `command`",
        ),
        (
            r#"{ method = "DNS", provider = "exec", command = "/a b" }"#,
            "`command` must be a list of texts",
        ),
        (
            r#"{ method = "DNS", provider = "exec", command = [] }"#,
            "the whole path of a program",
        ),
        (
            r#"{ method = "DNS", provider = "exec", command = ["hook"] }"#,
            "the whole path of a program",
        ),
        (
            r#"{ method = "DNS", provider = "exec", command = ["/a", 1] }"#,
            "not of a whole number",
        ),
        (
            r#"{ method = "DNS", provider = "dnspod", command = ["/a"] }"#,
            "`command` does not belong",
        ),
        (
            r#"{ method = "DNS", provider = "dnspod", account = "prod" }"#,
            "there is no account `prod`",
        ),
        (
            r#"{ method = "DNS", provider = "acme.sh", acme_sh = "/a", script = "../x" }"#,
            "is not the name of a dnsapi script",
        ),
        (
            r#"{ method = "DNS", provider = "acme.sh", script = "dns_cf" }"#,
            "this validation has no `acme_sh`",
        ),
        (
            r#"{ method = "DNS", provider = "rfc2136", server = "ns1", key_name = "k", key_file = "/nowhere" }"#,
            "is not an IP address",
        ),
        (
            r#"{ method = "DNS", provider = "exec", command = ["/a"], timeout = "1h" }"#,
            "`timeout`",
        ),
        (
            r#"{ method = "DNS", provider = "manual", name_servers = ["ns1"] }"#,
            "is not an IP address",
        ),
        (
            r#"{ method = "DNS-01" }"#,
            "it is one of DNS_AUTO, DNS, FILE",
        ),
    ] {
        rejected_for(&entry(validation), &[says]);
    }
}

#[test]
fn a_secret_file_that_is_missing_is_a_warning_for_the_others_can_do_without_it() {
    let text = entry(
        r#"{ method = "DNS", provider = "exec", command = ["/a"], env_file = "/nowhere/env" }"#,
    );
    let loaded = accepted(&text);
    assert_eq!(loaded.warnings.len(), 1);
    assert!(
        loaded.warnings[0]
            .message
            .contains("/nowhere/env does not exist")
    );
}
