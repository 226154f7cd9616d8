//! What this machine holds in secret, so that a text can be freed of it.
//!
//! Found by reading the config's files as text, valid or not: a value whose key sounds like a secret, what lies in a file
//! that such a key names, the arguments of commands, and the environment. Too much is taken out rather than too little.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config;

/// What a key of the config contains whose value is a secret.
const SECRET_KEYS: [&str; 8] = [
    "secret",
    "token",
    "passw",
    "proxy",
    "url",
    "webhook",
    "credential",
    "authorization",
];

/// What a key contains that names a file with secrets in it.
const SECRET_FILES: [&str; 5] = ["secret", "key_file", "password_file", "env_file", "token"];

/// Keys whose lists are commands.
const COMMANDS: [&str; 6] = ["command", "cleanup", "check", "reload", "deploy", "failure"];

/// Shorter words are not looked for: they would be found everywhere.
const SHORTEST: usize = 6;

/// A file of secrets is not read beyond this.
const LARGEST_FILE: u64 = 64 * 1024;

/// What stands in a secret's place.
const REMOVED: &str = "[removed]";

/// What must not be shown.
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// All that can be found from this config and the environment.
    pub(super) fn known(config: &Path) -> Self {
        let mut secrets = Self(BTreeSet::new());
        for (name, value) in std::env::vars() {
            if name.starts_with("TENCENTCLOUD_") || is_like(&name.to_lowercase(), &SECRET_KEYS) {
                secrets.add(&value);
            }
        }
        if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                secrets.add_file(&entry.path());
            }
        }
        for file in config::files_of(config) {
            let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
            for (key, value) in values(&text_of(&file)) {
                secrets.consider(&key, &value, &folder);
            }
        }
        secrets
    }

    fn consider(&mut self, key: &str, value: &str, folder: &Path) {
        let is_file = key.ends_with("_file");
        if is_file && is_like(key, &SECRET_FILES) {
            self.add_file(&folder.join(value));
        } else if !is_file && is_like(key, &SECRET_KEYS) {
            self.add(value);
            // Of an address, also what is in it without its head.
            if let Some((user, _)) = value
                .split_once("://")
                .and_then(|(_, rest)| rest.split_once('@'))
            {
                self.add(user);
                self.add(user.split_once(':').map_or("", |(_, password)| password));
            }
        } else if COMMANDS.contains(&key) {
            self.add_argument(value);
        }
    }

    /// The words of a command's argument, but for paths, plain options and plain words. Word by word, since messages
    /// are cut and may hold a part of it.
    fn add_argument(&mut self, argument: &str) {
        for word in argument.split_whitespace() {
            let value = word.split_once('=').map_or(word, |(_, value)| value);
            let value = value.trim_matches(['"', '\'', ';']);
            let plain = value.starts_with(['/', '-'])
                || value
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || b".@-_".contains(&byte));
            if !plain {
                self.add(value);
            }
        }
    }

    /// Each line of a file, and of `NAME=value` lines the value.
    fn add_file(&mut self, path: &Path) {
        for line in text_of(path).lines() {
            self.add(line);
            if let Some((_, value)) = line.split_once('=') {
                self.add(value.trim().trim_matches(['"', '\'']));
            }
        }
    }

    fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST {
            self.0.insert(secret.to_owned());
        }
    }

    /// The text without them, and without anything that looks like a private key.
    pub(super) fn removed_from(&self, text: &str) -> String {
        let mut all: Vec<&String> = self.0.iter().collect();
        // The longest first: one may be a part of another.
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = without_keys(text);
        for secret in all {
            text = text.replace(secret.as_str(), REMOVED);
            // As it stands inside a JSON text.
            let escaped = serde_json::Value::from(secret.as_str()).to_string();
            let escaped = escaped.trim_matches('"');
            if escaped != secret {
                text = text.replace(escaped, REMOVED);
            }
        }
        text
    }
}

fn is_like(key: &str, words: &[&str]) -> bool {
    words.iter().any(|word| key.contains(word))
}

fn text_of(path: &Path) -> String {
    let readable = std::fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LARGEST_FILE * 256);
    if !readable {
        return String::new();
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every string of a TOML text with the key that it belongs to, also where the text is not valid.
fn values(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut key = String::new();
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '#' => while rest.next_if(|next| *next != '\n').is_some() {},
            '"' | '\'' => {
                let mut value = String::new();
                while let Some(next) = rest.next_if(|next| *next != character && *next != '\n') {
                    // An escaped quote does not end it.
                    if next == '\\' && character == '"' {
                        value.extend(rest.next());
                    } else {
                        value.push(next);
                    }
                }
                rest.next();
                found.push((key.clone(), value));
            }
            '=' => key = std::mem::take(&mut word),
            _ if character.is_alphanumeric() || character == '_' || character == '-' => {
                word.push(character.to_ascii_lowercase());
            }
            // A blank between a key and its `=` does not end the key.
            ' ' | '\t' if rest.peek() == Some(&'=') || rest.peek() == Some(&' ') => {}
            _ => word.clear(),
        }
    }
    found
}

fn without_keys(text: &str) -> String {
    const END: &str = "-----END";
    let mut left = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN") {
        let (before, block) = rest.split_at(begin);
        left.push_str(before);
        left.push_str(REMOVED);
        // Cut short, it goes to the end of its line.
        rest = match block.find(END) {
            Some(end) => {
                let tail = &block[end + END.len()..];
                tail.find("-----").map_or("", |dashes| &tail[dashes + 5..])
            }
            None => block.find('\n').map_or("", |end| &block[end..]),
        };
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_with_their_keys_in_any_writing() {
        let found = values(
            "a = \"1\" # b = \"2\"\n[x]\nlong_key   = 'three'\nt = { inner=\"4\", \"quoted\" = \"5\\\"6\" }\n\
             list = [\"7\", \"8\"]\nbroken = \"9\n",
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
            !found.iter().any(|(_, value)| value == "2"),
            "a comment: {found:?}"
        );
    }

    #[test]
    fn secrets_and_keys_are_taken_out_wherever_they_stand() {
        let mut secrets = Secrets(BTreeSet::new());
        let folder = Path::new("/nonexistent");
        secrets.consider("secret_key", "Top9Secret", folder);
        secrets.consider("proxy", "http://user:Pass9word@proxy:3128", folder);
        secrets.consider("deploy", "--token=Tok9enValue", folder);
        secrets.consider("reload", "reload", folder);
        let text = secrets.removed_from(
            "x Top9Secret y user:Pass9word z Tok9enValue reload\n-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nend",
        );
        for secret in ["Top9Secret", "Pass9word", "Tok9enValue", "PRIVATE", "abc"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("reload") && text.ends_with("end"), "{text}");
    }
}
