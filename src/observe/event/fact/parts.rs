//! What facts are made of. All of it is kept in the history: no value or field is renamed.

use serde::{Deserialize, Serialize};

use super::Plain;
use crate::lifecycle::Challenge;
use crate::lifecycle::proof::ChallengeKind;

/// Why an order has been waiting for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stalled {
    /// Its zone should be hosted in the account's own DNS.
    Zone,
    /// Its proof is Evercert's own matter.
    Proof,
    /// It was not validated in time, and is being cancelled.
    NotValidated,
}

/// How an order ended without a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEnd {
    /// The service rejected it.
    Rejected,
    /// Its certificate ended before it could be installed.
    Expired,
    /// The service no longer knows it.
    Gone,
}

/// How a live folder was put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// What was wrong.
    pub wrong: Plain,
    /// It was fetched again; else it came from the archive.
    pub is_fetched: bool,
}

/// How far a renewal was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Renewed {
    /// In the live folder; there is no target.
    Installed,
    /// At its targets; what is served is not looked at.
    Delivered,
    /// Served at this address.
    Served(Plain),
}

/// How many cloud resources have a certificate; `None` where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound(pub Option<u64>);

/// What would be done for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pretended {
    /// Files written, checked, and a server reloaded.
    Install,
    /// Cloud resources switched.
    Cloud,
    /// A hook run.
    Hook,
    /// A connection made, and what is served compared.
    Verify,
}

/// Why a certificate is looked after again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resumed {
    /// Its operator ended the pause.
    Asked,
    /// Its settings changed.
    Edited,
    /// There is a certificate to adopt.
    Adoptable,
}

/// What a certificate that comes near its end waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waits {
    /// Nothing that is known.
    Nothing,
    /// Its operator, who can do this.
    Operator(Plain),
    /// Another try after this failure.
    Retry(Plain),
}

/// What an account may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// Do anything: its credentials are refused.
    All,
    /// Apply for certificates.
    Apply,
    /// Fetch certificates.
    Fetch,
}

/// The records or files that prove control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Published {
    /// Each of them.
    Parts(Vec<Part>),
    /// In words, as earlier versions kept them.
    Words(Plain),
}

/// A record, or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// A record of this type.
    Record {
        /// TXT or CNAME.
        kind: Plain,
        /// Its full name.
        name: Plain,
        /// What it says.
        value: Plain,
    },
    /// A file, by the path of its URL.
    File(Plain),
}

impl Published {
    /// What these challenges ask for.
    pub fn of(challenges: &[Challenge]) -> Self {
        let part = |challenge: &Challenge| match challenge.kind {
            ChallengeKind::File => Part::File(challenge.name.as_str().into()),
            kind => Part::Record {
                kind: kind.name().into(),
                name: challenge.name.as_str().into(),
                value: challenge.value.as_str().into(),
            },
        };
        Self::Parts(challenges.iter().map(part).collect())
    }
}

impl std::fmt::Display for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = match self {
            Self::Words(words) => return words.fmt(f),
            Self::Parts(parts) => parts.iter().map(|part| match part {
                Part::Record { kind, name, value } => format!("the {kind} record {name} = {value}"),
                Part::File(path) => format!("the file {path}"),
            }),
        };
        f.write_str(&parts.collect::<Vec<_>>().join(" and "))
    }
}

/// A mistake of the config in its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MistakeParts {
    /// File, line and column.
    pub place: Plain,
    /// What is wrong.
    pub message: Plain,
    /// What to do about it.
    pub help: Option<Plain>,
}

/// What looks like another installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Twin {
    /// It orders the same name; its markers begin so.
    Orders(Plain),
    /// This state folder may be a copy, or have one: why that is so.
    Copy(Plain),
}

/// In what another machine of the fleet is not as this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Difference {
    /// It orders at any time, and this one in its turns.
    Alone,
    /// It orders in turns, and this one at any time.
    InTurns,
    /// It orders the name with another key algorithm.
    Key {
        /// The other's.
        theirs: Plain,
        /// As the config of this one has it.
        own: Plain,
    },
}

/// What was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untold {
    /// All of a message.
    All,
    /// Some of its recipients.
    Some,
    /// The dead man's switch: a good pass.
    GoodPass,
}

/// What an edit changed. Of many names the first are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// Names that are new.
    pub added: Names,
    /// Names that are gone.
    pub removed: Names,
    /// Names whose entries changed, each with its keys.
    pub changed: Names<ChangedName>,
    /// Keys that belong to no name.
    pub settings: Names,
    /// Orders that follow at once, unless there is something to adopt.
    pub orders: usize,
}

/// A name whose entry changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ChangedName {
    /// With the keys that changed.
    Keys(Plain, Names),
    /// As earlier versions wrote it: the name, and the keys in brackets.
    Text(Plain),
}

/// Names, of which the first are listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names<T = Plain> {
    /// The first.
    pub first: Vec<T>,
    /// How many more there are.
    pub more: usize,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self::of([])
    }
}

impl<T> Names<T> {
    /// So many are listed.
    const LISTED: usize = 5;

    /// These names.
    pub fn of(names: impl IntoIterator<Item = T>) -> Self {
        let mut names = names.into_iter();
        Self {
            first: names.by_ref().take(Self::LISTED).collect(),
            more: names.count(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

/// How much there is when the sign of life is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Certificates that are wanted.
    pub certificates: u64,
    /// Problems that were told and are not over.
    pub problems: u64,
    /// Certificates that are due for something now.
    pub due: u64,
    /// Orders that are open.
    pub orders: u64,
}
