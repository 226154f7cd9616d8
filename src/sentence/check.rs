//! That each text has its other language, and that neither is mixed with the other.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Catalog, Language, Sentence};

/// What is written in small letters in Chinese too: settings, programs, words of protocols.
const NAMES: &str = "accounts answer certificates channel check chrony cname conf critical cron curl default dead dnsapi doctor domain drop endpoint \
    external false file fleet format gid group hook http https in include instances issue journald key live lark log machine method mode name \
    nginx notify openssl orders owner path pem provider region resources roff root sandbox script server shell systemd table tag taken timedatectl timesyncd true txt type \
    uid unit url validation value webhook webroot zip";

/// What begins a command that is to be typed: all that follows in small letters belongs to it.
const COMMANDS: [&str; 7] = [
    "chmod",
    "evercert",
    "chown",
    "mkdir",
    "systemctl",
    "apt",
    "dig",
];

/// That the Chinese is Chinese, keeps what has to be typed or looked for (values, commands, names of settings), and has no
/// words of English.
pub(crate) fn check(english: &str, chinese: &str) {
    let words = without(english, '{', '}');
    let has_words = words.chars().any(char::is_alphabetic);
    assert!(
        is_chinese(chinese) || !has_words,
        "without Chinese: {english}"
    );
    let commands = english.split('`').skip(1).step_by(2);
    let plain = english.split(|c: char| c.is_whitespace() || ",;()`".contains(c));
    let names = plain.filter(|word| word.contains('_') || word.contains("api."));
    let values = english.split('{').skip(1).filter_map(|rest| {
        let (value, _) = rest.split_once('}')?;
        Some(value)
    });
    for kept in commands.chain(names).chain(values) {
        // Placeholders are words of the language, but where names are put in their place.
        let kept = kept.trim_end_matches(['.', ':']);
        let translated = kept.replace("DOMAIN", "域名").replace("CODE", "错误码");
        let is_there = chinese.contains(kept) || chinese.contains(&translated);
        assert!(is_there, "{kept} is missing in: {chinese}");
    }
    let mixed = words_of_english(chinese);
    assert!(mixed.is_empty(), "{mixed:?} in: {chinese}");
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// The words of English in a Chinese text, names left out.
pub(super) fn words_of_english(chinese: &str) -> Vec<String> {
    let mut text = without(chinese, '{', '}');
    for mark in ['`', '"'] {
        text = without(&text, mark, mark);
    }
    let mut found = Vec::new();
    for run in text.split(|c: char| !c.is_ascii()) {
        let words = run.split(|c: char| c.is_whitespace() || ",;()[]".contains(c));
        for word in words {
            if COMMANDS.contains(&word) {
                break;
            }
            let is_prose = word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
            if is_prose && !NAMES.split_whitespace().any(|name| name == word) {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// The text without what stands between these marks.
fn without(text: &str, open: char, close: char) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(open) {
        kept.push_str(before);
        // Something that is no word stands in its place.
        kept.push('。');
        rest = behind.split_once(close).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The sources, without tests: each with its path.
pub(super) fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs")
                && name != "tests.rs"
                && !path.ends_with("sentence/check.rs")
            {
                let text = fs::read_to_string(&path).unwrap();
                let shipped = text
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap_or_default();
                found.push((path, shipped.to_owned()));
            }
        }
    }
    found
}

/// The literals of a source, each with what stands between it and the one before.
pub(super) fn literals(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let (mut between, mut rest) = (String::new(), source);
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("r#\"") {
            rest.get(3..)
                .and_then(|raw| raw.find("\"#"))
                .map_or(rest.len(), |end| end + 5)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            3
        } else if c == '"' {
            let end = end_of(rest);
            let text = unescaped(&rest[1..end - 1]);
            found.push((std::mem::take(&mut between), text));
            end
        } else {
            between.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

fn end_of(literal: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in literal.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    literal.len()
}

fn unescaped(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('\n')) => {
                while rest.peek().is_some_and(|c| c.is_whitespace()) {
                    rest.next();
                }
                continue;
            }
            ('\\', Some(c)) => text.push(*c),
            _ => {
                text.push(c);
                continue;
            }
        }
        rest.next();
    }
    text
}

#[test]
fn every_text_of_the_sources_has_its_other_language_and_neither_is_mixed() {
    let mut pairs = 0;
    for (path, source) in sources() {
        let all = literals(&source);
        for two in all.windows(2) {
            let [(before, english), (between, chinese)] = two else {
                continue;
            };
            let is_pair = between
                .trim_matches(|c: char| c.is_whitespace() || c == ',')
                .is_empty();
            if !is_pair || is_chinese(english) {
                continue;
            }
            if before.trim_end().ends_with(" say(") {
                assert!(
                    is_chinese(chinese),
                    "{}: {english} has no Chinese",
                    path.display()
                );
            }
            if is_chinese(chinese) {
                pairs += 1;
                check(english, chinese);
            }
        }
    }
    assert!(pairs > 1_000, "only {pairs} were found");
}

/// Words that are not the console's, and what it calls hosting, which is always that of cloud resources.
const SLIPS: [&str; 9] = [
    "应答",
    "颁发",
    "访客",
    "撤下",
    "搁置",
    "乱码",
    "没有委派",
    "未经证实",
    "托管",
];

#[test]
fn the_words_are_those_of_the_service_s_console() {
    let sources = sources().into_iter();
    for (path, source) in sources.filter(|(path, _)| !path.ends_with("src/manual.rs")) {
        for (_, text) in literals(&source) {
            let text = text.replace("云资源托管", "").replace("重颁发", "");
            let slip = SLIPS.iter().find(|slip| text.contains(**slip));
            assert_eq!(slip, None, "{}: {text}", path.display());
        }
    }
}

#[test]
fn a_chinese_text_with_words_of_english_is_found() {
    for (text, mixed) in [
        ("账号密钥来自：environment", &["environment"][..]),
        (
            "无法读取：the file ends within a block",
            &["the", "ends", "within", "block"],
        ),
        ("执行 `evercert renew {domain}`，见 docs/zh-CN/x.md", &[]),
        ("请 chmod go-w {path}", &[]),
        ("SecretId 和 key", &[]),
    ] {
        let found = words_of_english(text);
        let found: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|word| *word != "file")
            .collect();
        assert_eq!(found, mixed, "{text}");
    }
}

#[test]
fn lists_are_joined_as_each_language_joins_them() {
    assert_eq!(
        Sentence::names(["a.example", "b.example"]),
        Sentence {
            english: "a.example, b.example".to_owned(),
            chinese: "a.example、b.example".to_owned(),
        }
    );
    for (english, chinese) in [
        ("it is one of pem, pkcs12", "可选值：pem、pkcs12"),
        ("renew a.example, b.example", "续期 a.example、b.example"),
    ] {
        let catalogs = [Catalog::Reasons, Catalog::Mistakes];
        let told = catalogs.map(|catalog| Language::Chinese.tell_of(catalog, english));
        assert!(told.iter().any(|told| told == chinese), "{told:?}");
    }
    let rooms = ["cli", "engine", "notification", "observe", "daemon"];
    for (path, source) in sources() {
        let is_theirs = |room: &&str| path.components().any(|part| *part.as_os_str() == **room);
        let by_hand = ["join(\", \")", "join(\"、\")"];
        let is_by_hand = by_hand.iter().any(|how| source.contains(how));
        // The text for whoever helps is English alone.
        let is_told = rooms.iter().any(is_theirs) && !path.ends_with("cli/support.rs");
        assert!(!(is_told && is_by_hand), "{}", path.display());
    }
}
