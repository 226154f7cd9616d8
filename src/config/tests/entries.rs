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
fn a_role_is_one_of_the_service_s_and_an_external_id_goes_with_one() {
    for arn in [
        "qcs::cam::uin/100000000001:roleName/evercert",
        "qcs::cam::uin/12345678:role/4611686018427397919",
        "qcs::cam::uin/12345678:role/tencentcloudServiceRole/4611686018427397920",
        "qcs::cam::uin/12345678:role/tencentcloudServiceRoleName/test_Role",
    ] {
        let loaded = accepted(&headed(&format!(
            "[accounts.default]\nrole_arn = \"{arn}\"\nexternal_id = \"a/b:c\""
        )));
        let account = &loaded.config.accounts["default"];
        assert_eq!(account.role_arn.as_deref(), Some(arn));
    }
    for arn in [
        "",
        "evercert",
        "acs:ram::123:role/evercert",
        "arn:aws:iam::123:role/evercert",
        "qcs::cam::uin/:roleName/evercert",
        "qcs::cam::uin/1a:roleName/evercert",
        "qcs::cam::uin/1:rolename/evercert",
        "qcs::cam::uin/1:roleName/",
        "qcs::cam::uin/1:roleName/a b",
        "qcs::cam::uin/1:roleName/a/b",
        " qcs::cam::uin/1:roleName/a",
    ] {
        rejected_for(
            &headed(&format!("[accounts.default]\nrole_arn = \"{arn}\"")),
            &["config.example.toml:2:12: ", "is not a role"],
        );
    }
    let role = "role_arn = \"qcs::cam::uin/1:roleName/a\"";
    for id in ["", "a", "a b", "a\u{e4}"] {
        rejected_for(
            &headed(&format!(
                "[accounts.default]\n{role}\nexternal_id = \"{id}\""
            )),
            &["config.example.toml:3:15: ", "`external_id`"],
        );
    }
    rejected_for(
        &headed("[accounts.default]\nexternal_id = \"abc\""),
        &[":2:", "`external_id` is set without `role_arn`"],
    );
    rejected_for(
        &headed(&format!(
            "[accounts.default]\n{role}\nrole_session_name = \"x\""
        )),
        &["always assumed as `evercert`"],
    );
}

#[test]
fn a_role_is_part_of_whose_account_it_is_and_what_it_wants_to_hear_is_not() {
    let identity = |lines: &str| {
        let loaded = accepted(&headed(&format!("[accounts.default]\n{lines}")));
        loaded.config.accounts["default"].identity()
    };
    let role = |name: &str| format!("role_arn = \"qcs::cam::uin/1:roleName/{name}\"");
    assert_ne!(identity(""), identity(&role("a")));
    assert_ne!(identity(&role("a")), identity(&role("b")));
    let with_id = format!("{}\nexternal_id = \"abc\"", role("a"));
    assert_eq!(identity(&role("a")), identity(&with_id));
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
