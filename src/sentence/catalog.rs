//! The Chinese of texts that are kept in English: reasons in the record, mistakes of the config, the help of commands.
//!
//! Such a text is made where the thing happens, stored or passed on, and shown later, to people of either language. The
//! catalog has the pattern that each was made by, beside its Chinese; what a pattern has in braces may be any text, which is
//! looked up in turn. What is not in it stays English, and is quoted where it is prose: then it is what another program said.
//! A test holds that the sources still say what the patterns do.

use super::COMMA;

mod calls;
mod errors;
mod help;
mod mistakes;
mod others;
mod verbs;

/// A text in English, with values in braces, and the same in Chinese.
type Entry = (&'static str, &'static str);

/// Which texts. Each has patterns of its own: help for a config has some that the words of other programs fit too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Catalog {
    /// Why something does not go on, or is refused, and what to do.
    Reasons,
    /// What is wrong in a config.
    Mistakes,
    /// A description of the command line.
    Help,
}

impl Catalog {
    fn parts(self) -> &'static [&'static [Entry]] {
        match self {
            Self::Reasons => &[
                calls::ENTRIES,
                errors::ENTRIES,
                verbs::ENTRIES,
                others::ENTRIES,
            ],
            Self::Mistakes => &[mistakes::ENTRIES, others::TOML, others::ENTRIES],
            Self::Help => &[help::ENTRIES],
        }
    }
}

/// So deep are values looked up in values.
const DEEPEST: usize = 4;

/// What a text is in Chinese, where the catalog does not have it.
type Known<'k> = &'k dyn Fn(&str) -> Option<String>;

/// The Chinese of this text, as far as there is one. `known` may know more texts than the catalog.
pub(crate) fn translate(catalog: Catalog, text: &str, known: Known<'_>) -> String {
    chinese(catalog, text, known, DEEPEST).unwrap_or_else(|| text.to_owned())
}

fn chinese(catalog: Catalog, text: &str, known: Known<'_>, depth: usize) -> Option<String> {
    if text.is_empty() || depth == 0 {
        return None;
    }
    if let Some(found) = known(text).or_else(|| others::of_system(text)) {
        return Some(found);
    }
    let all = catalog.parts().iter().flat_map(|part| part.iter());
    let fitting = all.filter_map(|(english, chinese)| {
        let values = values(english, text)?;
        Some((english.len(), *chinese, values))
    });
    // The pattern with the most words of its own.
    let best = fitting.max_by_key(|(length, _, values)| {
        let names: usize = values.iter().map(|(name, _)| name.len() + 2).sum();
        length - names
    });
    if let Some((_, pattern, values)) = best {
        return Some(filled(catalog, pattern, &values, known, depth));
    }
    // Two sentences in one, each of which is known; or a name, and what is said of it.
    let two = |mark: &str, chinese_mark: &str| {
        text.match_indices(mark).find_map(|(at, mark)| {
            let (first, second) = (text.get(..at)?, text.get(at + mark.len()..)?);
            let second = chinese(catalog, second, known, depth - 1)?;
            let first = match chinese(catalog, first, known, depth - 1) {
                None if mark == ": " && !first.contains(' ') => first.to_owned(),
                first => first?,
            };
            Some(format!("{first}{chinese_mark}{second}"))
        })
    };
    two("; ", "；").or_else(|| two(": ", "："))
}

/// What the values of these names hold is said by somebody: by another program, where it has no translation.
const SAID: [&str; 11] = [
    "error", "reason", "reasons", "cause", "what", "said", "output", "detail", "message", "more",
    "why",
];

/// What the values of these names hold is a list of names.
const LISTS: [&str; 7] = [
    "choices", "domains", "has", "ids", "lacks", "names", "values",
];

/// A value of a Chinese sentence that has no translation: in quotation marks where it is prose that somebody said.
pub(crate) fn untranslated(name: &str, value: &str) -> String {
    match SAID.contains(&name) {
        true => quoted(value),
        false if LISTS.contains(&name) => value.replace(COMMA.english, COMMA.chinese),
        false => value.to_owned(),
    }
}

/// A text without translation as a Chinese sentence has it: prose is quoted, names and commands stay as they are.
pub(crate) fn quoted(text: &str) -> String {
    let is_word = |word: &&str| {
        let word = word.trim_end_matches([',', '.', ';', ':', '!', ')']);
        word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic() || c == '\'')
    };
    let is_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let is_quoted = text.starts_with(['`', '"', '“', '\'']);
    let is_prose = text.split_whitespace().filter(is_word).count() > 1;
    match is_prose && !is_chinese && !is_quoted {
        true => format!("“{text}”"),
        false => text.to_owned(),
    }
}

fn filled(
    catalog: Catalog,
    pattern: &str,
    values: &[(&str, &str)],
    known: Known<'_>,
    depth: usize,
) -> String {
    let mut filled = String::new();
    for (words, name) in pieces(pattern) {
        filled.push_str(words);
        let value = values.iter().find(|(of, _)| Some(*of) == name);
        if let Some((_, value)) = value {
            filled.push_str(
                &chinese(catalog, value, known, depth - 1)
                    .unwrap_or_else(|| untranslated(name.unwrap_or_default(), value)),
            );
        }
    }
    filled
}

/// The values that this pattern has in this text, by their names; `None` where it is no text of that pattern.
fn values<'p, 't>(pattern: &'p str, text: &'t str) -> Option<Vec<(&'p str, &'t str)>> {
    let mut pieces = pieces(pattern).peekable();
    let (first, mut name) = pieces.next()?;
    let mut rest = text.strip_prefix(first)?;
    let mut found = Vec::new();
    while let Some(value_name) = name {
        let (words, next) = pieces.next()?;
        let (value, after) = match pieces.peek() {
            None if words.is_empty() => (rest, ""),
            None => (rest.strip_suffix(words)?, ""),
            Some(_) => rest.split_once(words)?,
        };
        if value.is_empty() {
            return None;
        }
        found.push((value_name, value));
        (rest, name) = (after, next);
    }
    rest.is_empty().then_some(found)
}

/// The words of a pattern up to each value, with its name; the last ones have none behind them.
fn pieces(pattern: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(pattern);
    std::iter::from_fn(move || {
        let now = rest.take()?;
        let Some((words, behind)) = now.split_once('{') else {
            return Some((now, None));
        };
        let (name, after) = behind.split_once('}')?;
        rest = Some(after);
        Some((words, Some(name)))
    })
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::super::check::{check, literals, sources, words_of_english};
    use super::*;

    #[test]
    fn every_entry_is_there_in_chinese_and_its_english_stands_in_the_sources() {
        let catalog = [
            "catalog.rs",
            "calls.rs",
            "errors.rs",
            "help.rs",
            "mistakes.rs",
            "others.rs",
            "verbs.rs",
        ];
        // What the program is, its help has of the package.
        let mut said = include_str!("../../Cargo.toml").to_owned();
        for (path, source) in sources() {
            let is_catalog = catalog.iter().any(|name| path.ends_with(name))
                && path.to_string_lossy().contains("sentence");
            if !is_catalog {
                for (_, literal) in literals(&source) {
                    said.push_str(&literal);
                    said.push('\0');
                }
                // The help of commands stands in comments.
                said.push_str(&source);
            }
        }
        let catalogs = [Catalog::Reasons, Catalog::Mistakes, Catalog::Help];
        let parts = catalogs.iter().flat_map(|catalog| catalog.parts());
        for (english, chinese) in parts.flat_map(|part| part.iter()) {
            check_entry(english, chinese);
            let others = others::ENTRIES.iter().chain(others::TOML);
            if others
                .into_iter()
                .any(|(of_others, _)| of_others == english)
            {
                continue;
            }
            for (words, _) in pieces(english) {
                // What is joined of two texts stands in two places.
                let is_said = said.contains(words)
                    || words.split("; ").all(|part| {
                        said.contains(part.trim_matches([':', ';', ' ', '(', ')', '`', '"']))
                    });
                assert!(is_said, "nobody says {words:?}, of {english:?}");
            }
        }
    }

    fn check_entry(english: &str, chinese: &str) {
        for (_, name) in pieces(english) {
            let Some(name) = name else { continue };
            let is_again = name == "again" || name == "name";
            assert!(
                chinese.contains(&format!("{{{name}}}")) || is_again,
                "{name}: {chinese}"
            );
        }
        check(english, chinese);
    }

    #[test]
    fn what_a_pattern_has_in_braces_is_looked_up_too() {
        let of = |catalog, text: &str| translate(catalog, text, &|_| None);
        let chinese = |text| of(Catalog::Reasons, text);
        assert_eq!(
            chinese(
                "no clear answer to the application: no answer from ssl.tencentcloudapi.com within 30 s"
            ),
            "申请没有得到明确的响应：ssl.tencentcloudapi.com 在 30 秒内没有响应"
        );
        assert_eq!(
            of(
                Catalog::Mistakes,
                "`renew_before` must be a duration in quotes, such as \"30s\", \"10m\", \"6h\" or \"30d\", not a whole number"
            ),
            "`renew_before` 应为：带引号的时长，例如 \"30s\"、\"10m\"、\"6h\" 或 \"30d\"；实际为：整数"
        );
        assert_eq!(
            chinese("there is no certificate yet; there is no previous certificate"),
            "还没有证书；没有上一张证书"
        );
        for unknown in [
            "",
            "something that nobody says",
            "there is no certificate yet!",
        ] {
            assert_eq!(chinese(unknown), unknown);
        }
    }

    #[test]
    fn errors_of_the_system_are_told_in_chinese_with_their_number() {
        let told = |text: &str| translate(Catalog::Reasons, text, &|_| None);
        for error in [
            Errno::EPERM,
            Errno::ENOENT,
            Errno::EIO,
            Errno::EACCES,
            Errno::EEXIST,
            Errno::ENOTDIR,
            Errno::EISDIR,
            Errno::EMFILE,
            Errno::ENOSPC,
            Errno::EDQUOT,
            Errno::EROFS,
            Errno::EPIPE,
            Errno::ESTALE,
            Errno::EADDRINUSE,
            Errno::ENETUNREACH,
            Errno::EHOSTUNREACH,
            Errno::ECONNREFUSED,
            Errno::ECONNRESET,
            Errno::ETIMEDOUT,
        ] {
            let said = std::io::Error::from(error).to_string();
            let number = format!("（os error {}）", error as i32);
            let chinese = told(&said);
            assert!(chinese.ends_with(&number) && said != chinese, "{chinese}");
            assert!(
                !chinese.contains(said.split(" (").next().unwrap()),
                "{chinese}"
            );
        }
        // One that has no Chinese is quoted within a sentence.
        let rare = std::io::Error::from(Errno::ENOTBLK).to_string();
        assert_eq!(
            told(&format!(
                "cannot listen on [::]:80: {rare}; free the address, or name another"
            )),
            format!("无法监听 [::]:80：“{rare}”；请释放该地址，或换一个")
        );
    }

    #[test]
    fn what_libraries_say_most_often_is_told_in_chinese() {
        use rustls::{AlertDescription, CertificateError, Error as Tls};
        let name = rustls::pki_types::ServerName::try_from("a.example").unwrap();
        let time = |seconds| {
            rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
        };
        let json = |text: &str| {
            serde_json::from_str::<std::collections::BTreeMap<String, String>>(text)
                .unwrap_err()
                .to_string()
        };
        let tls = [
            Tls::InvalidCertificate(CertificateError::UnknownIssuer),
            Tls::InvalidCertificate(CertificateError::ExpiredContext {
                time: time(9),
                not_after: time(5),
            }),
            Tls::InvalidCertificate(CertificateError::NotValidYetContext {
                time: time(5),
                not_before: time(9),
            }),
            Tls::InvalidCertificate(CertificateError::NotValidForNameContext {
                expected: name,
                presented: vec!["DnsName(\"b.example\")".to_owned()],
            }),
            Tls::InvalidCertificate(CertificateError::Revoked),
            Tls::AlertReceived(AlertDescription::HandshakeFailure),
            Tls::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            Tls::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13),
            Tls::NoCertificatesPresented,
        ];
        let said = tls.map(|error| error.to_string()).into_iter();
        let said = said.chain(["{", "", "{} x", "{\"a\": 1}"].map(json));
        let of_rust = [
            std::io::Error::from(std::io::ErrorKind::UnexpectedEof).to_string(),
            "x".parse::<std::net::SocketAddr>().unwrap_err().to_string(),
            "x".parse::<std::net::IpAddr>().unwrap_err().to_string(),
        ];
        for said in said.chain(of_rust) {
            let chinese = translate(Catalog::Reasons, &said, &|_| None);
            assert_eq!(
                words_of_english(&chinese),
                Vec::<String>::new(),
                "{said}: {chinese}"
            );
            assert_ne!(chinese, said);
        }
    }

    #[test]
    fn syntax_errors_of_toml_are_told_in_chinese() {
        let broken = [
            "a = 1__0",
            "a = 1_",
            "a == 1",
            "a = [1,,2]",
            "a = {b = 1,, c = 2}",
            "a = -0x1",
            "a = # \u{1}",
            "a = 1 # \u{1}",
            "a = {b}",
            "ä = 1",
            "a b = 1",
            "a = 0X10",
            "a = 01",
            "a = +-1",
            "a = +0b1",
            "a = [1 2]",
            "a = {b = 1 c = 2}",
            "a = \"\\u12\"",
            "[a",
            "[[a]",
            "[[a",
            "a = [1",
            "a = {b = 1",
            "a = [b = 1]",
            "= 1",
            "a.= 1",
            "[]",
            "[a.]",
            "a =",
            "\"\"\"a\"\"\" = 1",
            "\u{27}\u{27}\u{27}a\u{27}\u{27}\u{27} = 1",
            "a = 1.",
            "a = 1e",
            "a = 2020-13-01",
            "a = 99999999999999999999",
            "a = 0xg",
            "a = \"\u{1}\"",
            "a\rb = 1",
            "a = }",
            "a = ]",
            "a = 1 2",
            "a = 12:99:00",
            "a = tru",
            "a = \"\\x\"",
            "a = [,]",
            "a = {,}",
            "a = {= 1}",
            "a = 1\n[a]\n[a]",
            "a = 1\na = 2",
            "a.b = 1\na = 2",
        ];
        let (mut found, mut refused) = (std::collections::BTreeSet::new(), 0);
        for text in broken {
            let (_, errors) = toml::de::DeTable::parse_recoverable(text);
            refused += usize::from(!errors.is_empty());
            for error in errors {
                let said = format!("not valid TOML: {}", error.message());
                let chinese = translate(Catalog::Mistakes, &said, &|_| None);
                if !words_of_english(&chinese).is_empty() || chinese.contains('“') {
                    found.insert(format!("{said} -> {chinese}"));
                }
            }
        }
        assert!(found.is_empty() && refused > 40, "{refused}: {found:#?}");
    }

    #[test]
    fn prose_without_translation_is_quoted_and_names_are_not() {
        for prose in [
            "the server is broken",
            "weird words!",
            "Something odd happened: 5",
        ] {
            assert_eq!(untranslated("reason", prose), format!("“{prose}”"));
            assert_eq!(untranslated("path", prose), prose);
        }
        for name in [
            "nginx",
            "a.example",
            "/etc/x y",
            "127.0.0.1:80",
            "“已引用 by them”",
            "磁盘 is full",
            "nginx -t",
            "\"a b\"",
        ] {
            assert_eq!(untranslated("reason", name), name);
        }
    }

    #[test]
    fn a_pattern_fits_whole_texts_alone() {
        assert_eq!(
            values("a {x} b {y} c", "a 1 b 2 c"),
            Some(vec![("x", "1"), ("y", "2")])
        );
        assert_eq!(
            values("{x}: {y}", "1: 2: 3"),
            Some(vec![("x", "1"), ("y", "2: 3")])
        );
        assert_eq!(values("plain", "plain"), Some(Vec::new()));
        for (pattern, text) in [
            ("a {x} c", "a  c"),
            ("a {x}", "b 1"),
            ("plain", "plains"),
            ("{x} c", "1 d"),
        ] {
            assert_eq!(values(pattern, text), None, "{pattern} {text}");
        }
    }
}
