//! Who may order, and when: in a fleet, several machines do, each in its own turns by the service's clock.
//!
//! A turn is a quarter of an hour; eight make a round. What a machine signs in the first four minutes of its turn is accepted
//! for five minutes more at most, and the six minutes that are left are for what the service does late: so it is in the list
//! before the next turn begins, or will never be. The signed time is the service's own as the machine knows it from the list
//! that it decides on; where that is older than the machine believes, the service refuses the signature.

use chrono::{DateTime, TimeDelta, Utc};

/// Turns of a round, one for each machine that may order.
pub const MACHINES: u8 = 8;

/// How long a turn is.
pub const TURN: TimeDelta = TimeDelta::minutes(15);

/// The first so many fifteenths of a turn are for signing.
const OPEN: i32 = 4;

/// A list is decided on for one fifteenth of a turn: a minute.
const AGE: i32 = 1;

/// An application counts as not made after so many fifteenths of a turn: a minute longer than its signature is accepted.
const PATIENCE: i32 = 6;

/// Who orders what a certificate is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// This machine, at any time.
    Here,
    /// This machine, in its turns.
    InTurn {
        /// Its turns.
        turns: Turns,
        /// How often it looks meanwhile whether another machine has ordered.
        look: TimeDelta,
    },
    /// Somebody else: what they order is looked for, and taken.
    Elsewhere {
        /// How often it is looked for.
        look: TimeDelta,
        /// Whether certificates that cover the name are taken whatever they are: paid, uploaded, for other names too.
        any_kind: bool,
        /// Whether the proof for a pending order with `FILE` is published here too.
        proves: bool,
    },
}

impl Orders {
    /// How often what somebody else orders is looked for.
    pub fn look(self) -> Option<TimeDelta> {
        match self {
            Self::Here => None,
            Self::InTurn { look, .. } | Self::Elsewhere { look, .. } => Some(look),
        }
    }

    /// Whether this machine never orders it.
    pub fn are_elsewhere(self) -> bool {
        matches!(self, Self::Elsewhere { .. })
    }

    /// Whether a certificate that covers the name is taken whatever it is.
    pub fn take_any_kind(self) -> bool {
        matches!(self, Self::Elsewhere { any_kind: true, .. })
    }

    /// How long an application without an answer is looked for at least: in turns, for longer than any turn is open, so that no
    /// second one is signed while the first can still take effect.
    pub(super) fn least_patience(self) -> TimeDelta {
        match self {
            Self::InTurn { turns, .. } => turns.part(PATIENCE),
            Self::Here | Self::Elsewhere { .. } => TimeDelta::zero(),
        }
    }
}

/// The turns of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Its number: 1 to 8.
    pub machine: u8,
    /// How long a turn is.
    pub length: TimeDelta,
}

/// Whether something may be signed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// Once a newer list was taken.
    ListAgain,
    /// In the next turn of this machine, which begins so much later.
    Wait(TimeDelta),
}

impl Turns {
    fn part(self, fifteenths: i32) -> TimeDelta {
        self.length * fifteenths / 15
    }

    /// Turns are counted from 1970.
    fn number(self, at: DateTime<Utc>) -> i64 {
        at.timestamp_millis()
            .div_euclid(self.length.num_milliseconds().max(1))
    }

    fn begin(self, number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(number.saturating_mul(self.length.num_milliseconds()))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    fn is_own(self, number: i64) -> bool {
        number.rem_euclid(MACHINES.into()) == i64::from(self.machine) - 1
    }

    /// Whether something may be signed at `now` that was decided on a list of `listed_at`; both by the service's clock.
    pub fn gate(self, listed_at: DateTime<Utc>, now: DateTime<Utc>) -> Gate {
        let number = self.number(now);
        if !self.is_own(number) || now - self.begin(number) >= self.part(OPEN) {
            return Gate::Wait(self.next(now) - now);
        }
        let age = now - listed_at;
        let is_of_this_turn = self.number(listed_at) == number;
        if !is_of_this_turn || age > self.part(AGE) || age < TimeDelta::zero() {
            return Gate::ListAgain;
        }
        Gate::Open
    }

    /// When the next turn of this machine begins; where one is open now, the one after that.
    pub fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut number = self.number(now) + 1;
        while !self.is_own(number) {
            number += 1;
        }
        self.begin(number)
    }

    /// Until when a turn of this machine is open, if one is.
    pub fn open_until(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let number = self.number(now);
        let end = self.begin(number) + self.part(OPEN);
        (self.is_own(number) && now < end).then_some(end)
    }

    /// How long nothing may be ordered before that is said, where the service does not tell its time.
    pub fn silence(self) -> TimeDelta {
        self.length * 4
    }
}

#[cfg(test)]
#[path = "tests/turns.rs"]
mod tests;
