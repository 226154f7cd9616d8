//! The kinds of problems there are.

use crate::config::Topic;

/// What kind of problem a subject has; it has one of each at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Getting the certificate.
    Order,
    /// It waits for its operator.
    Parked,
    /// Proof of control.
    Proof,
    /// A record to be put up by hand.
    Wanted,
    /// A proof that has to be taken down by hand.
    Left,
    /// Bringing it to its targets.
    Delivery,
    /// A hook.
    Hook,
    /// A target went back.
    RolledBack,
    /// Something else is served.
    Drift,
    /// The live folder shows something else.
    Live,
    /// The end comes near.
    Life,
    /// An account is refused.
    Account,
    /// An account's list can't be had.
    List,
    /// No free certificate is left.
    Quota,
    /// Clocks differ.
    Clock,
    /// Somebody else orders too.
    Conflict,
    /// The config.
    Config,
}

impl Family {
    pub(super) const ALL: [Self; 17] = [
        Self::Order,
        Self::Parked,
        Self::Proof,
        Self::Wanted,
        Self::Left,
        Self::Delivery,
        Self::Hook,
        Self::RolledBack,
        Self::Drift,
        Self::Live,
        Self::Life,
        Self::Account,
        Self::List,
        Self::Quota,
        Self::Clock,
        Self::Conflict,
        Self::Config,
    ];

    /// Its word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Parked => "parked",
            Self::Proof => "proof",
            Self::Wanted => "wanted",
            Self::Left => "left",
            Self::Delivery => "delivery",
            Self::Hook => "hook",
            Self::RolledBack => "rolled_back",
            Self::Drift => "drift",
            Self::Live => "live",
            Self::Life => "life",
            Self::Account => "account",
            Self::List => "list",
            Self::Quota => "quota",
            Self::Clock => "clock",
            Self::Conflict => "conflict",
            Self::Config => "config",
        }
    }

    /// The family of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// What channels choose it by.
    pub(super) fn topic(self) -> Topic {
        match self {
            Self::Order
            | Self::Parked
            | Self::Proof
            | Self::Delivery
            | Self::Hook
            | Self::RolledBack
            | Self::Live => Topic::Failed,
            Self::Wanted | Self::Left => Topic::Validation,
            Self::Drift => Topic::Drift,
            Self::Life => Topic::Expiring,
            Self::Account | Self::List | Self::Clock => Topic::Account,
            Self::Quota => Topic::Quota,
            Self::Conflict => Topic::Conflict,
            Self::Config => Topic::Config,
        }
    }

    /// Whether no event ends it.
    pub(super) fn fades(self) -> bool {
        matches!(
            self,
            Self::Clock | Self::Conflict | Self::List | Self::Left | Self::Drift
        )
    }
}
