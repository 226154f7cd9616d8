//! The fence before everything that changes what the machines of a fleet share: only in the own turn, signed with the
//! service's time.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::lifecycle::{Gate, Orders};

/// A wait for a turn ends so long after it began: the service tells its time to the second.
const MARGIN: TimeDelta = TimeDelta::seconds(1);

/// The service's time as an answer had it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceTime {
    /// What it said.
    pub(super) at: DateTime<Utc>,
    /// When that was read, by `Clock::since_boot`.
    pub(super) read_at: Duration,
}

impl ServiceTime {
    /// The service's time now, or one that lies before it: whatever keeps the machine from working is counted, but for a pause
    /// of a virtual machine, which nothing in it notices.
    fn now(self, since_boot: Duration) -> DateTime<Utc> {
        let passed = since_boot.saturating_sub(self.read_at);
        self.at + TimeDelta::from_std(passed).unwrap_or(TimeDelta::days(1))
    }
}

/// Whether something that machines share may be changed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fence {
    /// Yes: no other machine does.
    Free,
    /// Yes, signed with this time of the service.
    At(DateTime<Utc>),
    /// Not before so long.
    Closed(TimeDelta),
    /// Never, on this machine.
    Never,
    /// The list lacks what may matter.
    Gaps,
    /// The service did not tell its time.
    Timeless,
}

impl Fence {
    /// The time to sign with, where it is open; none where that is the client's own.
    pub(super) fn signs(self) -> Option<Option<DateTime<Utc>>> {
        match self {
            Self::Free => Some(None),
            Self::At(at) => Some(Some(at)),
            Self::Closed(_) | Self::Never | Self::Gaps | Self::Timeless => None,
        }
    }

    /// Whether something may be changed now that was decided when the service told this time.
    pub(super) fn at(orders: Orders, listed: Option<ServiceTime>, since_boot: Duration) -> Self {
        let turns = match orders {
            Orders::Here => return Self::Free,
            Orders::Elsewhere { .. } => return Self::Never,
            Orders::InTurn { turns, .. } => turns,
        };
        let Some(listed) = listed else {
            return Self::Timeless;
        };
        let now = listed.now(since_boot);
        match turns.gate(listed.at, now) {
            // In whole seconds: what is signed is never later than what was measured.
            Gate::Open => Self::At(now.trunc_subsecs(0)),
            Gate::ListAgain => Self::Closed(TimeDelta::zero()),
            Gate::Wait(pause) => Self::Closed(pause + MARGIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Turns;

    #[test]
    fn who_never_orders_signs_nothing_nor_does_who_does_not_know_the_time() {
        let turns = Turns {
            machine: 1,
            length: TimeDelta::minutes(15),
        };
        let look = TimeDelta::minutes(5);
        let in_turn = Orders::InTurn { turns, look };
        let elsewhere = Orders::Elsewhere {
            look,
            any_kind: false,
            proves: false,
        };
        let at = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(10_700);
        let read_at = Duration::from_secs(50);
        let listed = Some(ServiceTime { at, read_at });
        let fence = |orders, listed| Fence::at(orders, listed, Duration::from_secs(60));
        assert_eq!(fence(elsewhere, listed).signs(), None);
        assert_eq!(fence(in_turn, None).signs(), None);
        assert_eq!(fence(Orders::Here, None).signs(), Some(None));
        // Ten seconds later, and never later than that.
        let signed = DateTime::UNIX_EPOCH + TimeDelta::seconds(20);
        assert_eq!(fence(in_turn, listed).signs(), Some(Some(signed)));
    }
}
