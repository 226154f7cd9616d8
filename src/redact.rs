//! Text without secrets: what commands print and what is said of them, before it is kept or shown anywhere.
//!
//! The process notes every secret that it reads ([`know`]): those of the config and of the files it names, and
//! credentials. [`text`] takes these out wherever they stand, and besides what has the shape of a secret, for a command
//! has its own that nobody told us: PEM blocks and their lines, `token=…`, `Authorization: …`, `//user:password@`.
//! Rather too much is taken out than too little.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

/// What stands in a secret's place.
pub const REMOVED: &str = "[removed]";

/// Shorter words are not looked for: they would be found everywhere.
const SHORTEST: usize = 6;

/// So many secrets are known at once, the latest; keys of roles change all the time.
const MOST: usize = 4096;

/// A line of base64 as long as this is one of a PEM block (64 characters, the last one shorter).
const PEM_LINE: usize = 60;

/// Words in the name of a value that is a secret, in lower case.
const NAMES: [&str; 14] = [
    "secret",
    "token",
    "passw",
    "passphrase",
    "pwd",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "private_key",
    "credential",
    "authorization",
];

static KNOWN: RwLock<VecDeque<Zeroizing<String>>> = RwLock::new(VecDeque::new());

/// The words of a command's argument that may be secrets: not paths, plain options and plain words. Word by word, since
/// messages are cut and may hold a part of it.
pub fn secrets_of_argument(argument: &str) -> impl Iterator<Item = &str> {
    argument.split_whitespace().filter_map(|word| {
        let value = word.split_once('=').map_or(word, |(_, value)| value);
        let value = value.trim_matches(['"', '\'', ';']);
        (!value.starts_with(['/', '-']) && !is_plain_word(value)).then_some(value)
    })
}

fn is_plain_word(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_lowercase() || b".@-_".contains(&byte))
}

/// Notes a secret, so that it is shown nowhere from now on. Its lines are secrets too.
pub fn know(secret: &str) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for line in std::iter::once(secret).chain(secret.lines()) {
        let line = line.trim();
        if line.len() < SHORTEST || known.iter().any(|one| one.as_str() == line) {
            continue;
        }
        if known.len() == MOST {
            known.pop_front();
        }
        known.push_back(Zeroizing::new(line.to_owned()));
    }
}

/// Whether the name of a value says that it is a secret.
#[must_use]
pub fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|one| name.contains(one))
}

/// The text without secrets: those that are known, and what looks like one. For what others wrote.
#[must_use]
pub fn text(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let secrets = known.iter().map(|secret| secret.as_str());
    without_shapes(&without(text, secrets))
}

/// The text without the secrets that are known, and without PEM blocks. For what we wrote ourselves, in which the name of
/// a key is no secret's, and a password that is a plain word is a word.
#[must_use]
pub fn known(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let secrets = known.iter().map(|secret| secret.as_str());
    without(text, secrets.filter(|secret| !is_plain_word(secret)))
}

/// The text without these secrets, as they are or as they stand inside a JSON text, and without PEM blocks.
pub fn without<'s>(text: &str, secrets: impl Iterator<Item = &'s str>) -> String {
    let mut text = without_pem(text);
    let mut all: Vec<&str> = secrets.filter(|secret| secret.len() >= SHORTEST).collect();
    // The longest first: one may be a part of another.
    all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in all {
        if text.contains(secret) {
            text = text.replace(secret, REMOVED);
        }
        let escaped = Zeroizing::new(serde_json::Value::from(secret).to_string());
        let escaped = escaped.trim_matches('"');
        if escaped != secret && text.contains(escaped) {
            text = text.replace(escaped, REMOVED);
        }
    }
    text
}

/// Without PEM blocks, also those that are cut short at either end.
fn without_pem(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN";
    const END: &str = "-----END";
    let mut left = String::new();
    let mut rest = text;
    // What was cut off in front: from the first line that can be of a block to its end.
    if let Some(end) = rest.find(END)
        && rest.find(BEGIN).is_none_or(|begin| begin > end)
    {
        let start = rest[..end]
            .rmatch_indices('\n')
            .skip(1)
            .map(|(place, _)| place + 1)
            .find(|place| {
                let line = rest[*place..].lines().next().unwrap_or_default();
                !is_base64(line.trim())
            })
            .map_or(0, |place| {
                rest[place..]
                    .find('\n')
                    .map_or(end, |next| place + next + 1)
            });
        left.push_str(&rest[..start.min(end)]);
        left.push_str(REMOVED);
        rest = after_end(&rest[end..], END);
    }
    while let Some(begin) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(begin);
        left.push_str(before);
        left.push_str(REMOVED);
        rest = match block.find(END) {
            Some(end) => after_end(&block[end..], END),
            // Cut short behind: nothing that follows can be told from it.
            None => "",
        };
    }
    left.push_str(rest);
    left
}

fn after_end<'t>(from_end: &'t str, end: &str) -> &'t str {
    let tail = &from_end[end.len()..];
    tail.find("-----").map_or("", |dashes| &tail[dashes + 5..])
}

fn is_base64(line: &str) -> bool {
    !line.is_empty()
        && line
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

/// Without what has the shape of a secret, line by line.
fn without_shapes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches('\n');
        shown.push_str(&line_without_shapes(body));
        shown.push_str(&line[body.len()..]);
    }
    shown
}

fn line_without_shapes(line: &str) -> Cow<'_, str> {
    let mut changed = false;
    let words: Vec<Cow<'_, str>> = {
        let mut after = After::Nothing;
        line.split(' ')
            .map(|word| {
                let (shown, next) = word_without_shape(word, after);
                changed |= matches!(shown, Cow::Owned(_));
                after = next;
                shown
            })
            .collect()
    };
    if changed {
        Cow::Owned(words.join(" "))
    } else {
        Cow::Borrowed(line)
    }
}

/// What the word before says of this one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    /// It may be the sign between a secret's name and its value.
    Bare,
    /// It is the value of a secret's name.
    Name,
    /// It is a value, or the word for its kind (`Bearer`).
    Header,
}

fn word_without_shape(word: &str, after: After) -> (Cow<'_, str>, After) {
    let removed = || Cow::Owned(REMOVED.to_owned());
    if word.is_empty() {
        return (Cow::Borrowed(word), after);
    }
    let lower = word.to_ascii_lowercase();
    let after = match after {
        After::Bare if matches!(word, "=" | ":") => return (Cow::Borrowed(word), After::Name),
        After::Bare => After::Nothing,
        other => other,
    };
    if after == After::Header && ["bearer", "basic", "token", "digest"].contains(&lower.as_str()) {
        return (Cow::Borrowed(word), After::Name);
    }
    if after != After::Nothing && !matches!(word, "=" | ":") {
        return (removed(), After::Nothing);
    }
    if after != After::Nothing {
        return (Cow::Borrowed(word), after);
    }
    if lower == "bearer" {
        return (Cow::Borrowed(word), After::Name);
    }
    if let Some(shown) = named_value(word, &lower) {
        return shown;
    }
    if let Some(shown) = without_user_info(word) {
        return (Cow::Owned(shown), After::Nothing);
    }
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if word.len() >= PEM_LINE && is_base64(word) && !is_hex {
        return (removed(), After::Nothing);
    }
    (Cow::Borrowed(word), After::Nothing)
}

/// `token=…`, `"password":"…"`, `secret:`, `--api-key`.
fn named_value<'w>(word: &'w str, lower: &str) -> Option<(Cow<'w, str>, After)> {
    let name_end = lower.find(['=', ':']).unwrap_or(lower.len());
    let name = &lower[..name_end];
    let is_flag = name.starts_with('-');
    let of_secret = |name: &str| NAMES.iter().any(|one| name.contains(one));
    if name_end < lower.len() && of_secret(name) {
        let header = lower.contains("authorization");
        let value = word[name_end + 1..].trim_matches(['"', '\'', ',']);
        if value.is_empty() {
            let next = if header { After::Header } else { After::Name };
            return Some((Cow::Borrowed(word), next));
        }
        return Some((
            Cow::Owned(format!("{}{REMOVED}", &word[..=name_end])),
            After::Nothing,
        ));
    }
    // A query or a list has more of them: `a=b&token=…`, `{"a":"b","token":"…"}`.
    // Each part before a sign is looked at once: text from outside may have tens of thousands of either mark.
    let mut begin = 0;
    let inner = lower.match_indices(['=', ':']).find_map(|(end, _)| {
        let part = &lower[begin..end];
        begin = end + 1;
        let (_, name) = part.split_once(['&', '?', ',', ';', '{'])?;
        of_secret(name).then_some(begin)
    });
    if let Some(start) = inner {
        return Some((
            Cow::Owned(format!("{}{REMOVED}", &word[..start])),
            After::Nothing,
        ));
    }
    let next = if is_flag { After::Name } else { After::Bare };
    (name_end == lower.len() && of_secret(name)).then_some((Cow::Borrowed(word), next))
}

/// `https://user:password@host` without what stands before the `@`.
fn without_user_info(word: &str) -> Option<String> {
    let start = word.find("://")? + 3;
    let authority = &word[start..];
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let at = authority[..end].rfind('@')?;
    Some(format!("{}{REMOVED}{}", &word[..start], &authority[at..]))
}

/// Stands where an argument of a command was left out.
pub(crate) const LEFT_OUT: char = '…';

/// A command as it may be shown: what may be a secret is left out. Paths, options without a value, and plain words such as
/// `reload` and `nginx.service` are none.
pub(crate) fn command(argv: &[String]) -> String {
    let is_plain = |word: &str, most: usize| {
        word.len() <= most
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.'))
    };
    let is_open = |word: &str| match word.strip_prefix('-') {
        Some(option) => option.len() == 1 || option.starts_with('-') && is_plain(option, 20),
        None => word.starts_with('/') || is_plain(word, 20),
    };
    let shown = argv.iter().enumerate().map(|(place, word)| {
        if place == 0 || is_open(word) {
            word.clone()
        } else {
            LEFT_OUT.to_string()
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By its shape alone, whatever other tests have made known.
    fn shown_as(text: &str) -> String {
        without_shapes(&without_pem(text))
    }

    #[test]
    fn what_is_known_is_found_wherever_it_stands() {
        know("Known9Secret\nSecond9Line");
        know("short");
        know("with \"quotes\" 9");
        let shown = text("aKnown9Secretb {\"x\":\"with \\\"quotes\\\" 9\"} Second9Line short");
        assert_eq!(shown, "a[removed]b {\"x\":\"[removed]\"} [removed] short");
    }

    #[test]
    fn keys_are_found_whole_and_cut() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let whole =
            format!("x\n-----BEGIN PRIVATE KEY-----\n{body}\nab==\n-----END PRIVATE KEY-----\ny");
        assert_eq!(shown_as(&whole), "x\n[removed]\ny");
        for cut in [
            format!("x\n{body}\nab==\n-----END PRIVATE KEY-----\ny"),
            format!("x\n-----BEGIN PRIVATE KEY-----\n{body}"),
            format!("x\n{body}\n{body}\ny"),
            format!("{body}\nab==\n-----END PRIVATE KEY-----"),
            format!("line: {body}"),
        ] {
            let shown = shown_as(&cut);
            assert!(
                !shown.contains("MIIE") && !shown.contains("ab=="),
                "{shown}"
            );
            assert!(shown.contains(REMOVED), "{shown}");
        }
    }

    #[test]
    fn what_is_named_as_a_secret_is_taken_out_by_its_name() {
        for (wrote, shown) in [
            ("token=Abc9 x", "token=[removed] x"),
            ("API_TOKEN = Abc9 x", "API_TOKEN = [removed] x"),
            ("the password was wrong", "the password was wrong"),
            ("password: Abc9 x", "password: [removed] x"),
            ("--api-key Abc9 x", "--api-key [removed] x"),
            ("--token=Abc9", "--token=[removed]"),
            (
                "Authorization: Bearer Abc9 x",
                "Authorization: Bearer [removed] x",
            ),
            ("authorization: Abc9 x", "authorization: [removed] x"),
            ("{\"secret\":\"Abc9\"}", "{\"secret\":[removed]"),
            ("{\"secret\": \"Abc9\"}", "{\"secret\": [removed]"),
            ("/x?a=b&access_token=Abc9", "/x?a=b&access_token=[removed]"),
            ("/x?token&a=Abc9&b=c", "/x?token&a=[removed]"),
            ("/x?a=b&c={token:d", "/x?a=b&c={token:[removed]"),
            ("https://me:Abc9@host/x", "https://[removed]@host/x"),
            ("exit code 3: no such file", "exit code 3: no such file"),
            ("took 5 s, status=ok", "took 5 s, status=ok"),
        ] {
            assert_eq!(shown_as(wrote), shown, "{wrote}");
        }
        let fingerprint = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert_eq!(shown_as(fingerprint), fingerprint);
    }

    #[test]
    fn a_command_is_shown_without_what_may_be_a_secret() {
        let shown = |text: &str| {
            let argv: Vec<String> = text.split(' ').map(str::to_owned).collect();
            command(&argv)
        };
        for plain in [
            "nginx -t",
            "nginx -t -c /etc/nginx/nginx.conf",
            "systemctl reload nginx.service",
            "haproxy -c -f /etc/haproxy/haproxy.cfg --quiet",
        ] {
            assert_eq!(shown(plain), plain);
        }
        assert_eq!(shown("mysql -phunter -u root"), "mysql … -u root");
        assert_eq!(
            shown("curl --token=a1 Bearer9x https://a:b@c/"),
            "curl … … …"
        );
    }
}
