//! Where a certificate stands, by the service's numbers.

use std::fmt;

/// A certificate's `Status` (tccli 3.1.189.1). Each is exactly one of [`pending`](Status::pending),
/// [`issued`](Status::issued) and [`dead`](Status::dead).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0: under review, by validation or by the CA.
    Reviewing,
    /// 1: issued.
    Issued,
    /// 2: the review failed.
    Rejected,
    /// 3: expired.
    Expired,
    /// 4: the DNS record is being, or was, added automatically.
    AddingRecord,
    /// 5: an enterprise certificate that waits for data.
    AwaitingData,
    /// 6: the order is being cancelled.
    Cancelling,
    /// 7: cancelled.
    Cancelled,
    /// 8: data given, a confirmation letter is awaited.
    AwaitingLetter,
    /// 9: being revoked.
    Revoking,
    /// 10: revoked.
    Revoked,
    /// 11: being reissued.
    Reissuing,
    /// 12: a letter about a revocation is awaited.
    AwaitingRevocationLetter,
    /// 13: a free certificate that waits for data.
    FreeAwaitingData,
    /// 14: refunded.
    Refunded,
    /// 15: being moved.
    Migrating,
    /// A number we do not know, or none: waited for, and worth a warning.
    Unknown(i64),
}

impl Status {
    /// The status of that number.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Reviewing,
            1 => Self::Issued,
            2 => Self::Rejected,
            3 => Self::Expired,
            4 => Self::AddingRecord,
            5 => Self::AwaitingData,
            6 => Self::Cancelling,
            7 => Self::Cancelled,
            8 => Self::AwaitingLetter,
            9 => Self::Revoking,
            10 => Self::Revoked,
            11 => Self::Reissuing,
            12 => Self::AwaitingRevocationLetter,
            13 => Self::FreeAwaitingData,
            14 => Self::Refunded,
            15 => Self::Migrating,
            other => Self::Unknown(other),
        }
    }

    /// The service's number.
    pub fn number(self) -> i64 {
        match self {
            Self::Reviewing => 0,
            Self::Issued => 1,
            Self::Rejected => 2,
            Self::Expired => 3,
            Self::AddingRecord => 4,
            Self::AwaitingData => 5,
            Self::Cancelling => 6,
            Self::Cancelled => 7,
            Self::AwaitingLetter => 8,
            Self::Revoking => 9,
            Self::Revoked => 10,
            Self::Reissuing => 11,
            Self::AwaitingRevocationLetter => 12,
            Self::FreeAwaitingData => 13,
            Self::Refunded => 14,
            Self::Migrating => 15,
            Self::Unknown(number) => number,
        }
    }

    /// Not decided yet: something will still come of it, so it is waited for.
    pub fn pending(self) -> bool {
        !self.issued() && !self.dead()
    }

    /// The CA signed; the material can be fetched.
    pub fn issued(self) -> bool {
        self == Self::Issued
    }

    /// Nothing usable will come of it any more.
    pub fn dead(self) -> bool {
        matches!(
            self,
            Self::Rejected
                | Self::Expired
                | Self::Cancelled
                | Self::Revoking
                | Self::Revoked
                | Self::AwaitingRevocationLetter
                | Self::Refunded
        )
    }

    /// It waits for something that only a person can give, in the console.
    pub fn needs_operator(self) -> bool {
        matches!(
            self,
            Self::AwaitingData
                | Self::AwaitingLetter
                | Self::AwaitingRevocationLetter
                | Self::FreeAwaitingData
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reviewing => "under review",
            Self::Issued => "issued",
            Self::Rejected => "review failed",
            Self::Expired => "expired",
            Self::AddingRecord => "adding the DNS record",
            Self::AwaitingData => "waiting for data",
            Self::Cancelling => "being cancelled",
            Self::Cancelled => "cancelled",
            Self::AwaitingLetter => "waiting for a confirmation letter",
            Self::Revoking => "being revoked",
            Self::Revoked => "revoked",
            Self::Reissuing => "being reissued",
            Self::AwaitingRevocationLetter => "waiting for a revocation letter",
            Self::FreeAwaitingData => "free, waiting for data",
            Self::Refunded => "refunded",
            Self::Migrating => "being moved",
            Self::Unknown(number) => return write!(f, "unknown ({number})"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_exactly_one_of_pending_issued_and_dead() {
        for number in -1..=20 {
            let status = Status::from_number(number);
            let kinds = [status.pending(), status.issued(), status.dead()];
            assert_eq!(kinds.iter().filter(|is| **is).count(), 1, "{number}");
            assert_eq!(status.number(), number);
        }
    }

    #[test]
    fn the_numbers_mean_what_the_service_says() {
        let numbers = |is: fn(Status) -> bool| {
            (0..=15)
                .filter(|n| is(Status::from_number(*n)))
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(Status::issued), [1]);
        assert_eq!(numbers(Status::dead), [2, 3, 7, 9, 10, 12, 14]);
        assert_eq!(numbers(Status::needs_operator), [5, 8, 12, 13]);
    }

    #[test]
    fn a_number_we_do_not_know_is_waited_for() {
        assert!(Status::from_number(99).pending());
        assert_eq!(Status::from_number(99).to_string(), "unknown (99)");
    }
}
