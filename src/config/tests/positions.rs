//! Every mistake is found in one go, at its line and column.

use proptest::prelude::*;

use super::super::parse;
use super::{MINIMAL, rejected_for, rejection};

#[test]
fn several_mistakes_are_listed_in_order_with_line_and_column() {
    let text = r#"stat_dir = "/srv/evercert"

[schedule]
check = "17 4 * * *"
  poll = 30
renew_before = "45d"

[api]
requests_per_second = 11

[accounts.prod]
endpoint = "http://ssl.tencentcloudapi.com"

[[certificates]]
domain = "*.wgc.red"
kye = "ECC"

[[certificates]]
account = "prd"

[[certificates]]
domain = "wgc.red"
dns_names = ["www.wgc.red"]
alias = 7

[[certificates]]
# Ünïcödé before the column counts as characters.
"domain" = "WGC.red" # twice
"#;
    let expected = r#"config.example.toml:1:1: unknown key `stat_dir` in the top of the file
  help: did you mean `state_dir`?
config.example.toml:4:9: `17 4 * * *` has five fields; a cron here has six, seconds first
  help: write "0 17 4 * * *" (the first field is the second)
config.example.toml:5:10: `poll` has no unit
  help: write poll = "30s"; units are s, m, h and d
config.example.toml:6:16: `renew_before` must be from 1d to 30d, not `45d`
config.example.toml:9:23: `requests_per_second` must be from 1 to 10, not `11`
config.example.toml:12:12: `http://ssl.tencentcloudapi.com` is plain http, which is for this machine's own addresses only
  help: write "https://ssl.tencentcloudapi.com"
config.example.toml:15:10: `*.wgc.red` is a wildcard; Tencent Cloud's free certificates cover one exact name
  help: list each name by itself, for example "wgc.red" and "www.wgc.red"
config.example.toml:16:1: unknown key `kye` in [[certificates]]
  help: did you mean `key`?
config.example.toml:18:1: this certificate has no `domain`
  help: add domain = "example.com"
config.example.toml:19:11: there is no account `prd`
  help: did you mean "prod"?
config.example.toml:23:1: `dns_names` cannot be set
  help: the service does not support DnsNames yet: a free certificate covers one name, so write one [[certificates]] for each
config.example.toml:24:9: `alias` must be text in quotes, not a whole number
config.example.toml:28:12: `WGC.red` is the same name as `wgc.red`, which is at config.example.toml:22:10 already
  help: keep one of the two; one certificate serves a name everywhere"#;
    assert_eq!(rejection(text), expected);
}

#[test]
fn columns_are_characters() {
    let text = "certificates = [{ alias = \"证书证书\", domain = \"a..b\" }]";
    let column = text.chars().take_while(|c| *c != 'd').count() + 1 + "domain = ".len();
    rejected_for(text, &[&format!(":1:{column}: `a..b` has an empty part")]);
}

#[test]
fn syntax_errors_are_mistakes_beside_the_others() {
    let text = "[schedule]\npoll = \npol = \"1s\"\n[[certificates]]\ndomain = wgc.red\n";
    let rejection = rejection(text);
    let lines: Vec<&str> = rejection
        .lines()
        .filter(|line| !line.starts_with("  "))
        .collect();
    assert_eq!(lines.len(), 3, "{rejection}");
    assert!(
        lines[0].contains(":2:8: a key without a value"),
        "{rejection}"
    );
    assert!(lines[1].contains(":3:1: unknown key `pol`"), "{rejection}");
    assert!(
        lines[2].contains(":5:10: a text value must be in quotes"),
        "{rejection}"
    );
}

#[test]
fn a_value_that_could_not_be_read_is_not_judged() {
    // The parser puts a value of its own there, which stands nowhere.
    rejected_for(
        "[schedule]\npoll == 1\n",
        &[":2:7: not valid TOML: extra `=`"],
    );
}

#[test]
fn a_key_or_table_written_twice_is_a_mistake() {
    rejected_for(
        "[[certificates]]\ndomain = \"a.com\"\ndomain = \"b.com\"\n",
        &[":3:1: this key or table is there already"],
    );
    rejected_for(
        &format!("[log]\n[log]\n{MINIMAL}"),
        &[":2:2: this key or table is there already"],
    );
}

#[test]
fn what_is_behind_a_key_without_a_value_is_read_all_the_same() {
    let text = "[schedule]\npöll\npol = \"1s\"\nheartbeat: \"1h\"\n[log]\nlevel = \"inf\"\n[log]\n";
    let rejection = rejection(text);
    let lines: Vec<&str> = rejection
        .lines()
        .filter(|line| !line.starts_with("  "))
        .collect();
    let expected = [
        ":2:",
        ":3:1: unknown key `pol`",
        ":4:",
        ":6:9: `level` cannot be `inf`",
        ":7:2: this key or table",
    ];
    assert_eq!(lines.len(), expected.len(), "{rejection}");
    for (line, says) in lines.iter().zip(expected) {
        assert!(line.contains(says), "{line}");
    }
}

#[test]
fn the_keys_of_a_table_written_twice_are_read_all_the_same() {
    let rejection = rejection("[log]\n[log]\nlevle = 1\n[api]\ntimeout\n");
    for says in [
        ":2:2: this key or table is there",
        ":3:1: unknown key `levle`",
        ":5:8: an `=` is missing",
    ] {
        assert!(rejection.contains(says), "{rejection}");
    }
}

#[test]
fn a_syntax_error_does_not_make_up_what_is_missing() {
    rejected_for("[[certificates]]\ndomain \"wgc.red\"\n", &[":2:"]);
    // The keys below a broken header belong to nobody knows what, up to the next header.
    rejected_for(
        "[[certificates]\ndomain = \"wgc.red\"\n",
        &[":1:16: not valid TOML: unclosed array table, expected `]`"],
    );
    let text = "[schedule\npoll = \"1s\"\n[api]\npol = 1\n";
    let rejection = rejection(text);
    assert!(
        !rejection.contains("`poll`") && rejection.contains(":4:1: unknown key `pol` in [api]"),
        "{rejection}"
    );
}

#[test]
fn frequent_syntax_errors_are_told_in_plain_words() {
    for (line, says) in [
        ("poll", ":2:5: an `=` is missing here"),
        ("poll = 30s", ":2:8: a text value must be in quotes"),
        ("poll = \"30s", ":2:12: a text has no closing quote"),
        ("poll = '30s", ":2:12: a text has no closing quote"),
        (
            "poll = \"\\q\"",
            ":2:10: a `\\` in front of something that it cannot escape",
        ),
        (
            "poll = True",
            ":2:8: true and false are written in small letters",
        ),
        (
            "poll = \"30s\" \"x\"",
            ":2:14: one line has one key and one value",
        ),
        (
            "poll = 01",
            ":2:8: not valid TOML: unexpected leading zero\n",
        ),
    ] {
        let rejection = rejection(&format!("[schedule]\n{line}\n")) + "\n";
        assert!(rejection.contains(says), "{line}\n{rejection}");
    }
}

#[test]
fn a_private_key_given_as_config_is_not_shown() {
    let text = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ=\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nMIIEv=MIIEv\nabc=\"MIIEv\n";
    let rejection = rejection(text);
    assert!(!rejection.contains("MIIEv"), "{rejection}");
}

#[test]
fn nothing_that_is_said_holds_a_secret() {
    // Each wrong in its own way: its type, its shape, its company, its place.
    for text in [
        "[accounts.a]\nsecret_key = \" hunter2\"",
        "[accounts.a]\nsecret_key = \"hunter2\\u0007\"",
        "[accounts.a]\nsecret_key = \"hünter2hunter2\"",
        "[accounts.a]\nsecret_key = [\"hunter2\"]",
        "[accounts.a]\nsecret_key = hunter2",
        "[accounts.a]\nsecret_key = \"hunter2\"",
        "[accounts.a]\nsecret_id = \"hunter2 hunter2\"",
        "[accounts.a]\ntoken = \"hunter2\"",
        "[accounts.a]\nsecretkey = \"hunter2\"",
        "[accounts.a]\nsecret_key_file = \"/nonexistent\"\nsecret_key = \"hunter2\"",
        "[accounts]\na = \"hunter2\"",
        "[accounts.a]\nendpoint = \"https://x:hunter2@y\"",
        "[api]\nproxy = \"http://x:hunter2@y/path\"",
        "secret_key = \"hunter2\"",
        "[defaults]\ncsr_key_password = \" hunter2\"",
    ] {
        let rejection = rejection(text);
        assert!(!rejection.contains("hunter2"), "{text}\n{rejection}");
    }
    let good = "[accounts.a]\nsecret_id = \"i\"\nsecret_key = \"hunter2\"\ntoken = \"hunter2\"\n[api]\nproxy = \"http://x:hunter2@y\"\n\
                [defaults]\ncsr_key_password = \"hunter2\"\n[[certificates]]\ndomain = \"wgc.red\"\n";
    let loaded = super::accepted(good);
    assert!(!format!("{loaded:?}").contains("hunter2"));
}

/// Pieces that make texts which come close to a config.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[[certificates]]\n".to_owned()),
        Just("domain = ".to_owned()),
        Just("\"wgc.red\"\n".to_owned()),
        Just("[schedule]\ncheck = ".to_owned()),
        Just("[accounts.".to_owned()),
        Just("]\n".to_owned()),
        Just("poll = ".to_owned()),
        Just("renew_before = ".to_owned()),
        Just("endpoint = \"https://".to_owned()),
        Just("validation = { method = ".to_owned()),
        Just("\"".to_owned()),
        Just("\"\"\"".to_owned()),
        Just(".".to_owned()),
        Just("\n".to_owned()),
        "[0-9*/,#LW? -]{1,12}",
        "[0-9dhms]{1,8}",
        "\\PC{0,6}",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Headers and brackets, mostly where they should not be.
fn jumble() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "[",
        "[[",
        "]",
        "]]",
        "\n",
        "a",
        "b",
        ".",
        "=",
        "1",
        "\"",
        "{",
        "}",
        ",",
        "#",
        "é",
        "\r\n",
        "certificates",
        "\n[a]\n",
        "\n[a.b]\n",
        "\n[[a]]\n",
        "\n[[a.b]]\n",
        "a.b=1\n",
        "a=1\n",
        "b={a=1}\n",
    ]);
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let loaded = parse(&text, None);
        prop_assert!(loaded.is_err() || text.contains("certificates"));
    }

    #[test]
    fn nothing_that_looks_like_a_config_makes_it_panic(text in pieces()) {
        if let Err(rejected) = parse(&text, None) {
            prop_assert!(!rejected.mistakes.is_empty());
            let lines = text.lines().count().max(1) + 1;
            for mistake in &rejected.mistakes {
                prop_assert!(mistake.line <= lines && mistake.column >= 1, "{mistake}");
                prop_assert!(!mistake.message.contains('\n'), "{mistake}");
            }
        }
    }

    #[test]
    fn no_domain_makes_it_panic_and_what_passes_can_be_sent(name in "[a-zA-Z0-9.*:\\-]{0,70}|\\PC{0,20}") {
        if let Ok(domain) = super::super::domain::check(&name) {
            prop_assert!(domain.ascii.len() <= 64 && domain.ascii.contains('.'));
            prop_assert!(domain.ascii.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)));
            let again = super::super::domain::check(&domain.ascii);
            prop_assert_eq!(again.map(|d| d.ascii), Ok(domain.ascii));
        }
    }

    #[test]
    fn no_cron_makes_it_panic_and_what_passes_reads_back(text in "[0-9*/,#LW?+ A-Z-]{0,40}|([0-9*/,-]{1,5} ){5}[0-9*L#,-]{1,5}") {
        if let Ok(cron) = super::super::Cron::parse(&text) {
            prop_assert_eq!(super::super::Cron::parse(cron.as_str()), Ok(cron));
        }
    }

    #[test]
    fn no_jumble_of_headers_makes_it_panic(text in jumble()) {
        if let Ok(loaded) = parse(&text, None) {
            prop_assert!(!loaded.config.certificates.is_empty());
        }
    }
}
