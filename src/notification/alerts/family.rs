//! The kinds of problems there are.

use crate::config::Topic;
use crate::words::words;

words! {
    /// What kind of problem a subject has; it has one of each at most.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Family {
        /// Getting the certificate.
        Order = "order",
        /// An order hangs at the service.
        Stalled = "stalled",
        /// It waits for its operator.
        Parked = "parked",
        /// Proof of control.
        Proof = "proof",
        /// The zone is not where it has to be.
        Zone = "zone",
        /// A record to be put up by hand.
        Wanted = "wanted",
        /// A proof that has to be taken down by hand.
        Left = "left",
        /// Bringing it to its targets.
        Delivery = "delivery",
        /// A hook.
        Hook = "hook",
        /// A target went back.
        RolledBack = "rolled_back",
        /// Something else is served.
        Drift = "drift",
        /// The live folder shows something else.
        Live = "live",
        /// The end comes near.
        Life = "life",
        /// An account is refused.
        Account = "account",
        /// An account's list can't be had.
        List = "list",
        /// No free certificate is left.
        Quota = "quota",
        /// Clocks differ.
        Clock = "clock",
        /// Somebody else orders too.
        Conflict = "conflict",
        /// The config.
        Config = "config",
    }
}

impl Family {
    /// What channels choose it by.
    pub(super) fn topic(self) -> Topic {
        match self {
            Self::Order
            | Self::Stalled
            | Self::Parked
            | Self::Proof
            | Self::Delivery
            | Self::Hook
            | Self::RolledBack
            | Self::Live => Topic::Failed,
            Self::Wanted | Self::Left | Self::Zone => Topic::Validation,
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
