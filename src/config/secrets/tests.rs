//! Every kind of secret, in every way of writing it.

use super::super::known::all;
use super::super::schema::TableSchema;
use super::*;
use crate::config::{Effective, parse};

/// A config with every secret that there can be; each has `9Sec` in it.
const WITH_ALL: &str = r#"
[api]
proxy = "http://user9:Proxy9SecPw@proxy.internal:3128"

[accounts.default]
secret_id = "AKID9SecId"
secret_key = "Key9SecKey"
token = "Token9SecToken"
role_arn = "qcs::cam::uin/1:roleName/a"
external_id = "Ext9SecId"

[defaults]
csr_key_password = "Csr9SecDefault"

[[certificates]]
domain = "a.example.com"
csr_key_password = "Csr9SecPw"
validation = { method = "DNS", provider = "exec", command = ["/bin/dns", "--token", "Dns9SecArg"], cleanup = ["/bin/dns", "Clean9SecArg"] }

[[certificates.install]]
format = "pem"
cert = "/etc/a.crt"
key = "/etc/a.key"
check = ["check", "Check9SecArg"]
reload = ["reload", "Reload9SecArg"]

[certificates.hooks]
deploy = [["/bin/push", "--password=Hook9SecArg"]]
failure = [["/bin/page", "Fail9SecArg"]]

[[notify]]
type = "webhook"
name = "hook"
url = "https://example.com/Url9SecPath/x"
secret = """
Long9SecLine"""
on = ["failed"]

[[notify]]
type = "telegram"
name = "tele"
token = "12345:Tele9SecToken"
chat_id = "1"
on = ["failed"]

[[notify]]
type = "email"
name = "mail"
server = "smtp.example.com:587"
user = "me"
password = 'Mail9SecPw'
from = "a@example.com"
to = ["b@example.com"]
on = ["failed"]

[[notify]]
type = "exec"
name = "exec"
command = ["/bin/say", "Exec9SecArg"]
on = ["failed"]

[notifications]
dead_man = "https://example.com/Dead9SecPath"
"#;

fn in_file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// All words of the config with a secret in them.
fn secret_words() -> impl Iterator<Item = &'static str> {
    WITH_ALL
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.contains("9Sec"))
}

#[test]
fn the_config_of_these_tests_has_every_key_that_can_hold_a_secret() {
    for key in all().into_iter().flat_map(TableSchema::keys) {
        if matches!(key.holds, Holds::Secret | Holds::Command | Holds::Address) {
            let written = format!("{} = ", key.name);
            assert!(WITH_ALL.contains(&written), "{} is missing", key.name);
        }
    }
}

#[test]
fn no_secret_of_the_config_is_left_in_any_text() {
    let (_folder, path) = in_file(WITH_ALL);
    let shown = Secrets::of(&path).removed_from(WITH_ALL);
    for word in secret_words() {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
    assert!(shown.contains("proxy.internal") && shown.contains("a.example.com"));
    // The same once the text is broken, and once the process has read it.
    let broken = format!("{WITH_ALL}\n[broken\nx = \"");
    let (_folder, path) = in_file(&broken);
    let shown = Secrets::of(&path).removed_from(&broken);
    let loaded = parse(WITH_ALL, None).unwrap();
    let known = redact::known(WITH_ALL);
    let effective = serde_json::to_string(&Effective::of(&loaded.config)).unwrap();
    for word in secret_words() {
        for text in [&shown, &effective] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(
            word.ends_with("Arg") || !known.contains(word),
            "{word} in {known}"
        );
    }
}

#[test]
fn what_lies_in_a_file_that_a_key_names_is_a_secret_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for key in all().into_iter().flat_map(TableSchema::keys) {
        if key.holds == Holds::SecretFile {
            let name = format!("of_{}", key.name);
            let inside = format!("# c\nexport X='File9Sec{}'\n", key.name);
            std::fs::write(folder.path().join(&name), inside).unwrap();
            text.push_str(&format!("{} = \"{name}\"\n", key.name));
        }
    }
    let path = folder.path().join("config.toml");
    std::fs::write(&path, &text).unwrap();
    let secrets = Secrets::of(&path);
    assert!(text.contains("url_file") && text.contains("dead_man_file"));
    for key in all().into_iter().flat_map(TableSchema::keys) {
        if key.holds == Holds::SecretFile {
            let secret = format!("File9Sec{}", key.name);
            assert_eq!(secrets.removed_from(&secret), redact::REMOVED, "{secret}");
        }
    }
}

#[test]
fn strings_are_found_with_their_keys_in_any_writing() {
    let found = strings(
        "a = \"1\" # b = \"2\"\n[x]\nlong_key   = 'three'\nt = { inner=\"4\", \"quoted\" = \"5\\\"6\" }\n\
         list = [\"7\", \"8\"]\nmany = \"\"\"\nnine\nten\"\"\"\nraw = '''e'leven'''\nbroken = \"9\n",
    );
    let has = |key: &str, value: &str| found.contains(&(key.to_owned(), value.to_owned()));
    assert!(
        has("a", "1") && has("long_key", "three") && has("inner", "4"),
        "{found:?}"
    );
    assert!(
        has("list", "7") && has("list", "8") && has("broken", "9"),
        "{found:?}"
    );
    assert!(
        has("many", "\nnine\nten") && has("raw", "e'leven"),
        "{found:?}"
    );
    assert!(
        !found.iter().any(|(_, value)| value == "2"),
        "a comment: {found:?}"
    );
}

#[test]
fn plain_words_of_commands_stay() {
    let mut secrets = Secrets::default();
    secrets.consider(Holds::Command, "reload", None);
    secrets.consider(Holds::Command, "--token=Tok9enValue", None);
    let shown = secrets.removed_from("Tok9enValue reload");
    assert_eq!(shown, "[removed] reload");
}
