//! Where a certificate stands, by the service's numbers.

use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::lifecycle::SightingState::{self, Cancelled, Dead, Issued, Pending, Rejected};
use crate::tencent::answer;

/// A certificate's `Status`. A number we do not know counts as pending, and is worth a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(i64);

/// What the numbers mean, from 0 on (tccli 3.1.189.1).
const TABLE: [(SightingState, &str); 16] = [
    (Pending, "under review"),
    (Issued, "issued"),
    (Rejected, "review failed"),
    (Dead, "expired"),
    (Pending, "adding the DNS record"),
    (Pending, "waiting for data"),
    (Pending, "being cancelled"),
    (Cancelled, "cancelled"),
    (Pending, "waiting for a confirmation letter"),
    (Dead, "being revoked"),
    (Dead, "revoked"),
    // The old material is still in use, but what will be fetched is not settled.
    (Pending, "being reissued"),
    (Pending, "waiting for a revocation letter"),
    (Pending, "free, waiting for data"),
    (Dead, "refunded"),
    (Pending, "being moved"),
];

impl Status {
    /// The CA signed; the material can be fetched.
    pub const ISSUED: Self = Self(1);
    /// Its end has passed, by the service's clock.
    pub const EXPIRED: Self = Self(3);

    /// The status of that number.
    pub fn of(number: i64) -> Self {
        Self(number)
    }

    /// The service's number; −1 where it gave none.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Whether this version knows what it means.
    pub fn is_known(self) -> bool {
        self.entry().is_some()
    }

    /// What it is for the lifecycle.
    pub fn state(self) -> SightingState {
        self.entry().map_or(Pending, |(state, _)| *state)
    }

    fn entry(self) -> Option<&'static (SightingState, &'static str)> {
        TABLE.get(usize::try_from(self.0).ok()?)
    }
}

impl Default for Status {
    fn default() -> Self {
        Self(-1)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
        Ok(answer::int(number)?.map_or_else(Self::default, Self))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry() {
            Some((_, words)) => f.write_str(words),
            None => write!(f, "unknown ({})", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_mean_what_the_service_says() {
        let numbers = |state| {
            (-1..=20)
                .filter(|number| Status::of(*number).state() == state)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(Issued), [Status::ISSUED.number()]);
        assert_eq!(numbers(Rejected), [2]);
        assert_eq!(numbers(Cancelled), [7]);
        assert_eq!(numbers(Dead), [3, 9, 10, 14]);
        assert_eq!(Status::EXPIRED.to_string(), "expired");
        assert_eq!(Status::of(15).to_string(), "being moved");
        for number in -1..=20 {
            let status = Status::of(number);
            assert_eq!(status.number(), number);
            assert_eq!(status.is_known(), (0..=15).contains(&number));
        }
    }

    #[test]
    fn a_number_we_do_not_know_is_waited_for() {
        assert_eq!(Status::of(99).state(), Pending);
        assert_eq!(Status::of(99).to_string(), "unknown (99)");
        assert_eq!(Status::default().state(), Pending);
    }
}
