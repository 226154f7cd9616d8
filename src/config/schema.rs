//! What is known of a key and of a table, as far as it can be said without a text: the rest is code.
//!
//! The keys of most tables are made from their declarations; see `declare`.

use std::fmt;

/// A key of this version.
#[derive(Debug)]
pub(super) struct Key {
    /// As it is written.
    pub(super) name: &'static str,
    /// What its value must be.
    pub(super) wants: Wants,
    /// Whether its value may be shown.
    pub(super) holds: Holds,
    /// The tables that its value consists of, if it is no single value.
    pub(super) below: Option<Below>,
}

/// A key with a single value.
pub(super) const fn key(name: &'static str, wants: &'static str, holds: Holds) -> Key {
    Key {
        name,
        wants: Wants::Text(wants),
        holds,
        below: None,
    }
}

/// A key whose value is a table or tables.
pub(super) const fn above(name: &'static str, wants: &'static str, below: Below) -> Key {
    Key {
        below: Some(below),
        ..key(name, wants, Holds::Open)
    }
}

/// What a value must be, as a message says it: "must be …".
#[derive(Clone, Copy, Debug)]
pub(super) enum Wants {
    /// In these words.
    Text(&'static str),
    /// One of these words in quotes.
    OneOf(&'static [&'static str]),
}

impl fmt::Display for Wants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::OneOf(words) => {
                for (place, word) in words.iter().enumerate() {
                    let between = match place {
                        0 => "",
                        _ if place + 1 == words.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{between}\"{word}\"")?;
                }
                Ok(())
            }
        }
    }
}

/// What a value holds, and so how it is shown: the one list of what is secret. No key is without it. From the harmless to
/// the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holds {
    /// Nothing that nobody may see; or tables, whose keys tell for themselves.
    Open,
    /// Whom the service may turn to: shown on this machine, in no text for others.
    Contact,
    /// An address that may have a user and a password in it.
    Address,
    /// Programs with their arguments, which may be secrets.
    Command,
    /// The name of a file with a secret in it. The name may be shown.
    SecretFile,
    /// A secret.
    Secret,
}

/// Where the tables are that a value consists of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Below {
    /// The value is one, or something else that is no table.
    Table(&'static TableSchema),
    /// It is a list of them.
    Tables(&'static TableSchema),
    /// It is a table of them, each under a name that the operator chose.
    Named(&'static TableSchema),
}

impl Below {
    /// What each of these tables may hold.
    pub(super) fn schema(self) -> &'static TableSchema {
        match self {
            Self::Table(schema) | Self::Tables(schema) | Self::Named(schema) => schema,
        }
    }
}

/// Why a key that people may well write is not taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Other {
    /// Not taken, with the reason.
    Refused(&'static str),
    /// Another spelling of this key of ours, mostly the API's own.
    Is(&'static str),
}

/// Keys in the order of their declaration: one of them, or the two ways to write one.
pub(super) type Keys = &'static [&'static [Key]];

/// One kind of table.
#[derive(Debug)]
pub(super) struct TableSchema {
    /// As messages name it.
    pub(super) title: &'static str,
    /// The keys of this version. Variants of a table may have the same key.
    pub(super) groups: &'static [Keys],
    /// Known words that are no keys of this version.
    pub(super) others: &'static [(&'static str, Other)],
}

impl TableSchema {
    /// All keys; one that several variants have comes several times.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        let groups = self.groups.iter();
        groups.flat_map(|keys| keys.iter().flat_map(|spellings| spellings.iter()))
    }

    /// The names of all keys, each once.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for key in self.keys() {
            if !names.contains(&key.name) {
                names.push(key.name);
            }
        }
        names
    }

    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }

    /// What is known about a word that is no key.
    pub(super) fn other(&self, name: &str) -> Option<Other> {
        let found = self.others.iter().find(|(word, _)| *word == name);
        found.map(|(_, other)| *other)
    }
}

pub(super) const DURATION: &str =
    "a duration in quotes, such as \"30s\", \"10m\", \"6h\" or \"30d\"";
pub(super) const TEXT: &str = "text in quotes";
pub(super) const FILE: &str = "the path of a file, in quotes";
pub(super) const FOLDER: &str = "the path of a folder, in quotes";
pub(super) const SWITCH: &str = "true or false";
pub(super) const COUNT: &str = "a whole number";
pub(super) const COMMAND: &str = "a list of texts in quotes: the program, then its arguments";
pub(super) const COMMANDS: &str = "a list of commands, each a list of texts in quotes";
pub(super) const ACCOUNT_NAME: &str = "the name of an account, in quotes";
