//! The secrets that stand in a config's files, or in files that these name, by the one list of what is secret
//! ([`Holds`]): so that a text can be freed of them. Valid or not: too much is found rather than too little.

use std::collections::BTreeSet;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::files::files_of;
use super::known;
use super::schema::Holds;
use crate::files;
use crate::redact;

/// What a word that is no key has in it where its value may be a secret all the same: a slip of the pen.
const SECRET_WORDS: [&str; 8] = [
    "secret",
    "token",
    "passw",
    "proxy",
    "url",
    "webhook",
    "credential",
    "authorization",
];

/// A part of an address as long as this may be a token.
const TOKEN: usize = 12;

/// A file of the config or of secrets is not read beyond this.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// Secrets found.
#[derive(Default)]
pub struct Secrets {
    found: BTreeSet<String>,
    /// Commands are passed over.
    passes_commands: bool,
}

impl Secrets {
    /// All that this config and the files it names hold.
    #[must_use]
    pub fn of(config: &Path) -> Self {
        let mut secrets = Self::default();
        for file in files_of(config) {
            let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
            let text = text_of(&file);
            let (document, _mistakes) = DeTable::parse_recoverable(&text);
            secrets.walk(document.get_ref(), Some(&folder));
            // Where the text is broken, the parser may have left something out.
            for (key, value) in strings(&text) {
                secrets.consider(holds(&key), &value, Some(&folder));
            }
        }
        secrets
    }

    /// Notes those that stand in this text itself, so that they are shown nowhere from now on.
    /// Arguments of commands are not among them: these have addresses and names in them too, which logs must show.
    pub(super) fn note(document: &DeTable<'_>) {
        let mut secrets = Self {
            passes_commands: true,
            ..Self::default()
        };
        secrets.walk(document, None);
        secrets.found.iter().for_each(|secret| redact::know(secret));
    }

    /// Without a folder, no file is read.
    fn walk(&mut self, table: &DeTable<'_>, folder: Option<&Path>) {
        for (key, value) in table {
            let holds = holds(key.get_ref());
            self.walk_value(holds, value.get_ref(), folder);
        }
    }

    fn walk_value(&mut self, holds: Holds, value: &DeValue<'_>, folder: Option<&Path>) {
        match value {
            DeValue::String(text) => self.consider(holds, text, folder),
            DeValue::Array(list) => list
                .iter()
                .for_each(|value| self.walk_value(holds, value.get_ref(), folder)),
            DeValue::Table(table) => self.walk(table, folder),
            _ => {}
        }
    }

    fn consider(&mut self, holds: Holds, value: &str, folder: Option<&Path>) {
        match holds {
            Holds::Open | Holds::Contact => {}
            Holds::Address => self.add_user_info(value),
            Holds::Command if self.passes_commands => {}
            Holds::Command => redact::secrets_of_argument(value).for_each(|word| self.add(word)),
            Holds::SecretFile => {
                if let Some(folder) = folder {
                    self.add_file(&folder.join(value));
                }
            }
            Holds::Secret => {
                self.add(value);
                self.add_user_info(value);
                self.add_parts(value);
            }
        }
    }

    /// Of an address, what stands before its host.
    fn add_user_info(&mut self, value: &str) {
        let rest = value.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((user, _)) = authority.rsplit_once('@') {
            self.add(user);
            self.add(user.split_once(':').map_or("", |(_, password)| password));
        }
    }

    /// Of an address, the parts of its path and of its query that may be tokens.
    fn add_parts(&mut self, value: &str) {
        let Some((_, rest)) = value.split_once("://") else {
            return;
        };
        let parts = rest.split(['/', '?', '&', '=', '#']).skip(1);
        parts
            .filter(|part| part.len() >= TOKEN)
            .for_each(|part| self.add(part));
    }

    /// Each line of a file, and of `NAME=value` lines the value.
    pub fn add_file(&mut self, path: &Path) {
        for line in text_of(path).lines() {
            self.add(line);
            if let Some((_, value)) = line.split_once('=') {
                self.add(value.trim().trim_matches(['"', '\'']));
            }
            self.add_user_info(line.trim());
            self.add_parts(line.trim());
        }
    }

    /// One secret, and its lines.
    pub fn add(&mut self, secret: &str) {
        for line in std::iter::once(secret).chain(secret.lines()) {
            let line = line.trim();
            if !line.is_empty() {
                self.found.insert(line.to_owned());
            }
        }
    }

    /// The text without them, and without anything that looks like a private key.
    #[must_use]
    pub fn removed_from(&self, text: &str) -> String {
        redact::without(text, self.found.iter().map(String::as_str))
    }
}

fn holds(key: &str) -> Holds {
    known::holds(key).unwrap_or_else(|| {
        let word = key.to_lowercase();
        match SECRET_WORDS.iter().any(|part| word.contains(part)) {
            true if word.ends_with("_file") => Holds::SecretFile,
            true => Holds::Secret,
            false => Holds::Open,
        }
    })
}

fn text_of(path: &Path) -> String {
    let bytes = files::read(path, LARGEST_FILE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every string of a TOML text with the key that it belongs to, also where the text is not valid.
fn strings(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut key = String::new();
    let mut word = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after = &rest[character.len_utf8()..];
        match character {
            '#' => rest = after.find('\n').map_or("", |end| &after[end..]),
            '"' | '\'' => {
                let (value, left) = string(rest, character);
                found.push((key.clone(), value));
                rest = left;
            }
            _ => {
                match character {
                    '=' => key = std::mem::take(&mut word),
                    _ if character.is_alphanumeric() || character == '_' || character == '-' => {
                        word.push(character.to_ascii_lowercase());
                    }
                    // A blank between a key and its `=` does not end the key.
                    ' ' | '\t' if after.trim_start_matches([' ', '\t']).starts_with('=') => {}
                    _ => word.clear(),
                }
                rest = after;
            }
        }
    }
    found
}

/// A string that begins here, on one line or on several, and what follows it.
fn string(text: &str, quote: char) -> (String, &str) {
    let long = quote.to_string().repeat(3);
    let (end, mut rest) = match text.strip_prefix(long.as_str()) {
        Some(rest) => (long.as_str(), rest),
        None => (&long[..1], &text[1..]),
    };
    let mut value = String::new();
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(end) {
            return (value, after);
        }
        if end.len() == 1 && next == '\n' {
            break;
        }
        rest = &rest[next.len_utf8()..];
        // An escaped quote does not end it.
        if next == '\\' && quote == '"' {
            if let Some(escaped) = rest.chars().next() {
                value.push(escaped);
                rest = &rest[escaped.len_utf8()..];
            }
        } else {
            value.push(next);
        }
    }
    (value, rest)
}

#[cfg(test)]
#[path = "secrets/tests.rs"]
mod tests;
