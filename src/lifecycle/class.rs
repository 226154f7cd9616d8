//! What kind of failure something is, and so what happens next.

use std::fmt;

/// The class of a failure. It is decided from the service's code alone, never from its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Goes away by itself: exponential backoff with full jitter.
    Transient,
    /// Slots are used up: hours of waiting, for every name that shares them.
    Quota,
    /// A person has to act (credentials, permissions, real-name check): the account pauses and retries slowly.
    Operator,
    /// This input will never be accepted: the certificate is parked until its config changes.
    Permanent,
    /// The wanted state is there already: a success, after checking.
    AlreadySo,
}

impl Class {
    /// The stable name used in logs, JSON and the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Quota => "quota",
            Self::Operator => "operator",
            Self::Permanent => "permanent",
            Self::AlreadySo => "already-so",
        }
    }

    /// The class of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Transient,
            Self::Quota,
            Self::Operator,
            Self::Permanent,
            Self::AlreadySo,
        ]
        .into_iter()
        .find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
