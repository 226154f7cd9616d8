//! `[http]`.

use super::super::Http;
use super::{accepted, rejection};

fn http(lines: &str) -> Http {
    accepted(&format!(
        "[[certificates]]\ndomain = \"a.example.com\"\n[http]\n{lines}\n"
    ))
    .config
    .http
}

#[test]
fn without_a_word_it_is_this_machine_alone() {
    assert_eq!(http(""), Http::default());
    assert!(Http::default().listen.unwrap().ip().is_loopback());
    assert_eq!(http("listen = \"\"").listen, None);
}

#[test]
fn an_address_for_others_is_valid_and_warned_of() {
    let text = "[[certificates]]\ndomain = \"a.example.com\"\n[http]\nlisten = \"0.0.0.0:9219\"\n";
    let loaded = accepted(text);
    assert!(loaded.warnings[0].message.contains("0.0.0.0:9219"));
    assert_eq!(loaded.warnings[0].line, 4);
    assert_eq!(accepted(&text.replace("0.0.0.0", "[::1]")).warnings, []);
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_write() {
    for (line, says) in [
        ("listen = \"localhost:9219\"", "write \"127.0.0.1:9219\""),
        ("listen = \"9219\"", "write it as \"127.0.0.1:9219\""),
        ("listen = \"127.0.0.1:0\"", "no port"),
        ("listen = 9219", "must be an address"),
        ("hosts = \"a\"", "must be a list"),
        ("hosts = [\"http://a\"]", "without http://"),
        ("hosts = [1]", "must hold names"),
        ("textfile = \"/tmp/evercert.txt\"", "end in .prom"),
        ("port = 1", "unknown key"),
        ("bind = \"127.0.0.1:1\"", "called `listen`"),
    ] {
        let text = format!("[[certificates]]\ndomain = \"a.example.com\"\n[http]\n{line}\n");
        let said = rejection(&text);
        assert!(said.contains(says), "{line}: {said}");
    }
    assert_eq!(http("hosts = [\"Ops.Internal.\"]").hosts, ["ops.internal"]);
}
