//! How far the look at what is bound is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::{milliseconds, milliseconds_option};

/// How far the look at what is bound is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// What is to be asked.
    pub state: Sight,
    /// When that is to be asked.
    #[serde(with = "milliseconds")]
    pub next_at: DateTime<Utc>,
    /// When the look-ups under way were begun.
    #[serde(with = "milliseconds")]
    pub began: DateTime<Utc>,
    /// Since when no look was complete; none while nothing is amiss.
    #[serde(with = "milliseconds_option")]
    pub since: Option<DateTime<Utc>>,
    /// When to look again, where the last look was not complete.
    #[serde(with = "milliseconds_option")]
    pub retry_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Why it failed last.
    pub error: Option<String>,
}

impl Look {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            state: Sight::Due,
            next_at: now,
            began: now,
            since: None,
            retry_at: None,
            failures: 0,
            error: None,
        }
    }

    /// It showed all there is.
    pub(super) fn complete(&mut self) {
        self.since = None;
        self.retry_at = None;
        self.failures = 0;
        self.error = None;
    }
}

/// What a look asks next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sight {
    /// What is bound is to be asked.
    Due,
    /// It was asked; the service is looking it up.
    Asked(Vec<LookUp>),
    /// Nothing, until an attempt is over.
    Rests,
}

/// A look-up of what one certificate is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// The certificate.
    pub certificate: String,
    /// Its look-up.
    pub task: String,
    /// Whose it is.
    pub role: Role,
    /// The service itself may switch its resources.
    #[serde(default)]
    pub hosted: bool,
}

/// Whose a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// The one that resources should have, or a later one of the fleet's that another machine has already.
    Wanted,
    /// Another one of ours, or an earlier free one for exactly this name that we never held.
    Ours,
    /// Somebody else's for the same name alone, that ends later than ours.
    Foreign,
    /// Somebody else's that covers other names too. What it is bound to may be theirs.
    Wider,
    /// An earlier free one for exactly this name that we never held, with another kind of key: it may be meant to be served
    /// beside ours.
    Beside,
}
