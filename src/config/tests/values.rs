//! What a valid config comes to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::{LogFormat, Validation, parse};
use super::{MINIMAL, accepted};
use crate::lifecycle::Algorithm;

#[test]
fn a_minimal_file_is_valid_and_has_the_defaults() {
    let config = accepted(MINIMAL).config;
    assert_eq!(config.state_dir, PathBuf::from("/var/lib/evercert"));
    assert_eq!(config.schedule.check.as_str(), "0 17 4,16 * * *");
    assert_eq!(
        config.schedule.renew_before,
        Duration::from_secs(30 * 86_400)
    );
    assert_eq!(config.schedule.poll, Duration::from_secs(30));
    assert_eq!(config.schedule.jitter, Duration::from_secs(600));
    assert_eq!(config.schedule.heartbeat, Duration::from_secs(3_600));
    assert_eq!(config.api.requests_per_second, 10);
    assert_eq!(config.api.timeout, Duration::from_secs(30));
    assert_eq!(config.api.proxy, None);
    assert_eq!(
        (config.log.format, config.log.level.as_str()),
        (LogFormat::Auto, "info")
    );

    let account = &config.accounts["default"];
    assert_eq!(account.endpoint.as_str(), "https://ssl.tencentcloudapi.com");
    assert_eq!(
        (account.free_limit, account.domain_limit, account.tidy),
        (50, 20, false)
    );
    assert!(account.secret_id.is_none() && account.secret_key.is_none());

    let [certificate] = config.certificates.as_slice() else {
        panic!("one certificate");
    };
    assert_eq!(
        (certificate.domain.as_str(), certificate.display.as_str()),
        ("wgc.red", "wgc.red")
    );
    assert_eq!(certificate.account, "default");
    assert_eq!(
        (certificate.validation.clone(), certificate.key),
        (Validation::DnsAuto, Algorithm::Rsa)
    );
    assert_eq!(certificate.renew_before, config.schedule.renew_before);
    assert!(certificate.delete_dns_record);
    assert_eq!(certificate.alias, None);
    assert_eq!(certificate.line.to_string(), "config.example.toml:2:10");
}

const FULL: &str = r#"
state_dir = "state"
[schedule]
renew_before = "20d"
[accounts.prod]
endpoint = "http://127.0.0.1:8401"
secret_id = "AKIDEXAMPLE"
secret_key = "SECRETEXAMPLE"
token = "TOKEN"
free_limit = 100
domain_limit = 30
tidy = true
[defaults]
account = "prod"
key = "ECC"
alias = "default alias"
project_id = 7
contact_email = "Ops+tls@Example.com"
contact_phone = "+86 (755) 1234-5678"
delete_dns_record = false
[[certificates]]
domain = "a.example.com"
[[certificates]]
domain = "b.example.com"
account = "default"
key = "RSA"
alias = "own alias"
project_id = 0
delete_dns_record = true
renew_before = "10d"
validation = { method = "DNS_AUTO" }
package_type = "83"
validity_period = "3"
"#;

#[test]
fn an_entry_s_own_keys_win_over_the_defaults_and_these_over_ours() {
    let loaded = accepted(FULL);
    assert_eq!(loaded.warnings, []);
    let [a, b] = loaded.config.certificates.as_slice() else {
        panic!("two certificates");
    };
    assert_eq!(
        (a.account.as_str(), a.key, a.project_id),
        ("prod", Algorithm::Ecc, Some(7))
    );
    assert_eq!(a.alias.as_deref(), Some("default alias"));
    assert_eq!(a.contact_email.as_deref(), Some("Ops+tls@Example.com"));
    assert_eq!(a.contact_phone.as_deref(), Some("+86 (755) 1234-5678"));
    assert!(!a.delete_dns_record);
    assert_eq!(a.renew_before, Duration::from_secs(20 * 86_400));
    assert_eq!(
        (b.account.as_str(), b.key, b.project_id),
        ("default", Algorithm::Rsa, Some(0))
    );
    assert_eq!(b.alias.as_deref(), Some("own alias"));
    assert!(b.delete_dns_record);
    assert_eq!(b.renew_before, Duration::from_secs(10 * 86_400));
    assert_eq!(
        (b.package_type.as_deref(), b.validity_period.as_deref()),
        (Some("83"), Some("3"))
    );

    let prod = &loaded.config.accounts["prod"];
    assert!(prod.endpoint.is_loopback());
    assert_eq!(prod.secret_id.as_deref(), Some("AKIDEXAMPLE"));
    assert_eq!(
        prod.secret_key.as_ref().map(ExposeSecret::expose_secret),
        Some("SECRETEXAMPLE")
    );
    assert_eq!(
        (prod.free_limit, prod.domain_limit, prod.tidy),
        (100, 30, true)
    );
    assert!(
        loaded.config.accounts.contains_key("default"),
        "a certificate uses it"
    );
}

#[test]
fn the_default_account_is_there_only_when_something_uses_it() {
    let config = accepted(
        "[accounts.prod]\n[defaults]\naccount = \"prod\"\n[[certificates]]\ndomain = \"wgc.red\"\n",
    )
    .config;
    assert_eq!(config.accounts.keys().collect::<Vec<_>>(), ["prod"]);
}

#[test]
fn relative_paths_start_from_the_config_s_folder() {
    let loaded = parse(FULL, Some(Path::new("/etc/evercert/config.toml"))).unwrap();
    assert_eq!(
        loaded.config.state_dir,
        PathBuf::from("/etc/evercert/state")
    );
    assert_eq!(
        loaded.config.path,
        Some(PathBuf::from("/etc/evercert/config.toml"))
    );
    let absolute = "state_dir = \"/srv/evercert\"\n[[certificates]]\ndomain = \"wgc.red\"\n";
    let loaded = parse(absolute, Some(Path::new("/etc/evercert/config.toml"))).unwrap();
    assert_eq!(loaded.config.state_dir, PathBuf::from("/srv/evercert"));
}

#[test]
fn an_idn_is_converted_and_both_forms_are_shown() {
    let loaded = accepted("[[certificates]]\ndomain = \"bücher.example\"\n");
    let certificate = &loaded.config.certificates[0];
    assert_eq!(certificate.domain, "xn--bcher-kva.example");
    assert_eq!(certificate.display, "bücher.example");
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with(
        "config.example.toml:2:10: `bücher.example` is applied for as `xn--bcher-kva.example`"
    ));
    assert_eq!(
        accepted("[[certificates]]\ndomain = \"xn--bcher-kva.example\"\n").warnings,
        []
    );
}

#[test]
fn what_is_valid_but_odd_is_warned_about() {
    for (line, says) in [
        ("csr_key_password = \"x\"", "JKS and PFX"),
        ("package_type = \"2\"", "former number"),
    ] {
        let loaded = accepted(&format!("{MINIMAL}{line}\n"));
        let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert!(
            matches!(warnings.as_slice(), [one] if one.contains(says)),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_fingerprint_changes_with_every_input_of_an_application_and_nothing_else() {
    let fingerprint = |head: &str, line: &str| {
        let text = format!("{head}\n{MINIMAL}{line}\n");
        accepted(&text).config.certificates[0].fingerprint()
    };
    let account = "[accounts.default]\n";
    let plain = fingerprint("", "");
    assert_eq!(plain.len(), 64);
    for (head, line) in [
        ("", "renew_before = \"10d\""),
        ("[schedule]\npoll = \"1s\"", ""),
        ("# moved down", ""),
        ("", "key = \"RSA\""),
        ("[accounts.default]\nfree_limit = 3", ""),
    ] {
        assert_eq!(fingerprint(head, line), plain, "{head} {line}");
    }
    let mut seen = vec![plain];
    for (head, line) in [
        ("", "key = \"ECC\""),
        ("", "alias = \"x\""),
        ("", "contact_phone = \"12345\""),
        ("", "project_id = 0"),
        ("", "project_id = 1"),
        ("", "contact_email = \"a@b.cc\""),
        ("", "delete_dns_record = false"),
        ("", "csr_key_password = \"one\""),
        ("", "csr_key_password = \"two\""),
        ("", "package_type = \"83\""),
        ("", "validity_period = \"3\""),
        ("[accounts.b]", "account = \"b\""),
        (
            &format!("{account}endpoint = \"https://ssl.intl.tencentcloudapi.com\""),
            "",
        ),
        (
            &format!("{account}secret_id = \"one\"\nsecret_key = \"x\""),
            "",
        ),
        (
            &format!("{account}secret_id = \"two\"\nsecret_key = \"x\""),
            "",
        ),
    ] {
        let this = fingerprint(head, line);
        assert!(!seen.contains(&this), "{head} {line}");
        seen.push(this);
    }
    let key = |key: &str| {
        fingerprint(
            &format!("{account}secret_id = \"one\"\nsecret_key = \"{key}\""),
            "",
        )
    };
    assert_eq!(key("x"), key("y"), "a secret is no part of it");
}

#[test]
fn ten_thousand_certificates_load_without_quadratic_work() {
    let entry = |n: usize| {
        format!("[[certificates]]\ndomain = \"host-{n}.example.com\"\nalias = \"shop {n}\"\n")
    };
    let text: String = (0..10_000).map(entry).collect();
    assert_eq!(accepted(&text).config.certificates.len(), 10_000);
    // All on one line, where a column is far from the start, with a wrong one at the end.
    let inline = |n: usize| format!("{{ domain = \"host-{n}.例.com\" }}, ");
    let entries: String = (0..10_000).map(inline).collect();
    super::rejected_for(
        &format!("certificates = [{entries}{{ domain = \"x\" }}]"),
        &["has no dot"],
    );
}
