//! Certificates and accounts as lists: what there must be, and what must fit together.

use super::{MINIMAL, accepted, headed, rejected_for, rejection, with};

#[test]
fn accounts_must_exist_and_have_plain_names() {
    let accounts = "[accounts.prod]\n[accounts.staging]\n";
    rejected_for(
        &format!("{accounts}{}", with("account = \"prodd\"")),
        &["there is no account `prodd`", "did you mean \"prod\"?"],
    );
    rejected_for(
        &format!("{accounts}{}", with("account = \"other\"")),
        &["add [accounts.other]"],
    );
    rejected_for(
        &headed("[defaults]\naccount = \"other\""),
        &["there is no account `other`"],
    );
    for name in ["Prod", "\"\"", "\"a.b\"", "\"../x\"", &"a".repeat(33)] {
        rejected_for(
            &headed(&format!("[accounts.{name}]")),
            &["is not an account name"],
        );
    }
    // Wrong, but there: the certificate is not told that it is missing.
    rejected_for(
        &format!("[accounts.prod]\ntidy = 1\n{}", with("account = \"prod\"")),
        &["`tidy`"],
    );
    accepted(&with("account = \"default\""));
}

#[test]
fn credentials_come_in_pairs_and_once() {
    for (lines, says) in [
        (
            "secret_id = \"AKID\"",
            "`secret_id` is set without `secret_key`",
        ),
        (
            "secret_key = \"x\"",
            "`secret_key` is set without `secret_id`",
        ),
        ("token = \"x\"", "`token` is set without `secret_id`"),
        (
            "secret_id = \"AKID \"\nsecret_key = \"x\"",
            "`secret_id` has blanks around it",
        ),
        (
            "secret_id = \"\"\nsecret_key = \"x\"",
            "`secret_id` is empty",
        ),
        (
            "secret_id = \"a b\"\nsecret_key = \"x\"",
            "has characters that none has",
        ),
        (
            "secret_id = \"a\"\nsecret_key = \" x\"",
            "`secret_key` has blanks around it",
        ),
        (
            "secret_id = \"a\"\nsecret_key = \"x y\"",
            "`secret_key` has characters that no key has",
        ),
        (
            "secret_id = \"a\"\nsecret_key = \"\"",
            "`secret_key` is empty",
        ),
        (
            "secret_id = \"a\"\nsecret_key = \"x\"\ntoken = \"t\\n\"",
            "`token` has blanks around it",
        ),
        (
            "secret_id = \"a\"\nsecret_key = \"x\"\nendpoint = \"http://a.b\"",
            "is plain http",
        ),
    ] {
        rejected_for(&headed(&format!("[accounts.default]\n{lines}")), &[says]);
    }
    let long = format!(
        "[accounts.default]\nsecret_id = \"a\"\nsecret_key = \"x\"\ntoken = \"{}\"",
        "t".repeat(5_000)
    );
    rejected_for(&headed(&long), &["`token` is longer than 4096 bytes"]);
}

#[test]
fn proxies_are_web_addresses() {
    for proxy in [
        "proxy.internal",
        "socks5://proxy:1080",
        "http://proxy/path",
        "",
    ] {
        rejected_for(
            &headed(&format!("[api]\nproxy = \"{proxy}\"")),
            &[":2:9: `proxy`"],
        );
    }
}

#[test]
fn certificates_are_a_list_of_tables() {
    rejected_for(
        "[certificates]\ndomain = \"wgc.red\"\n",
        &["not a table", "[[certificates]], with two brackets"],
    );
    rejected_for(
        "certificates = \"wgc.red\"\n",
        &["not text", "[[certificates]]"],
    );
    rejected_for(
        "certificates = [\"wgc.red\"]\n",
        &[":1:17: a certificate must be a table, not text"],
    );
    rejected_for(
        "[[certificates]]\nkey = \"ECC\"\n",
        &[":1:1: this certificate has no `domain`"],
    );
    rejected_for(
        "[[certificates]]\ndomain = 7\n",
        &["`domain` must be one domain name in quotes, not a whole number"],
    );
}

#[test]
fn a_domain_is_listed_once_however_it_is_written() {
    for (other, says) in [
        (
            "wgc.red",
            "`wgc.red` is listed twice; it is at config.example.toml:2:10 already",
        ),
        ("WGC.Red", "`WGC.Red` is the same name as `wgc.red`"),
    ] {
        rejected_for(
            &format!("{MINIMAL}[[certificates]]\ndomain = \"{other}\"\n"),
            &[":4:10:", says],
        );
    }
    let text = "[[certificates]]\ndomain = \"bücher.example\"\n[[certificates]]\ndomain = \"xn--bcher-kva.example\"\n";
    rejected_for(
        text,
        &["`xn--bcher-kva.example` is the same name as `bücher.example`"],
    );
}

#[test]
fn a_config_without_certificates_is_refused() {
    for text in ["", "# nothing\n", "[log]\n", "certificates = []\n"] {
        rejected_for(
            text,
            &[
                "there is no certificate to look after",
                "add [[certificates]]",
            ],
        );
    }
}

#[test]
fn a_mistake_in_the_defaults_is_said_once_and_there() {
    let text =
        format!("[defaults]\nkey = \"x\"\n{MINIMAL}[[certificates]]\ndomain = \"www.wgc.red\"\n");
    rejected_for(&text, &[":2:7: `key` cannot be `x`"]);
}

#[test]
fn a_thousand_mistakes_are_a_thousand_blocks() {
    let text: String = (0..1_000)
        .map(|n| format!("[[certificates]]\ndomain = \"-{n}.example\"\n"))
        .collect();
    assert_eq!(rejection(&text).lines().count(), 2_000);
}
