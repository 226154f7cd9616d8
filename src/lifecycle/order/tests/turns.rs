//! Turns: whose it is, how long it is open, and how old a list may be.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Gate, MACHINES, TURN, Turns};

fn turns(machine: u8) -> Turns {
    Turns {
        machine,
        length: TURN,
    }
}

/// This many minutes and seconds into a turn of machine 1.
fn at(minutes: i64, seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(900 * 8 * 240_000 + minutes * 60 + seconds, 0).unwrap()
}

#[test]
fn a_turn_is_open_for_its_first_four_minutes() {
    let own = turns(1);
    assert_eq!(own.gate(at(0, 0), at(0, 0)), Gate::Open);
    assert_eq!(own.gate(at(3, 50), at(3, 59)), Gate::Open);
    assert_eq!(
        own.gate(at(3, 50), at(4, 0)),
        Gate::Wait(TimeDelta::minutes(116))
    );
    assert_eq!(
        own.gate(at(14, 59), at(14, 59)),
        Gate::Wait(TimeDelta::seconds(105 * 60 + 1))
    );
    // Machine 2 has the turn that follows.
    assert_eq!(
        turns(2).gate(at(0, 0), at(0, 0)),
        Gate::Wait(TimeDelta::minutes(15))
    );
    assert_eq!(turns(2).gate(at(15, 0), at(15, 0)), Gate::Open);
    assert_eq!(turns(8).gate(at(105, 0), at(105, 30)), Gate::Open);
}

#[test]
fn a_list_counts_for_a_minute_and_for_the_turn_that_it_was_taken_in() {
    let own = turns(1);
    assert_eq!(own.gate(at(0, 0), at(1, 0)), Gate::Open);
    assert_eq!(own.gate(at(0, 0), at(1, 1)), Gate::ListAgain);
    assert_eq!(own.gate(at(0, -1), at(0, 1)), Gate::ListAgain);
    // A list of later than now: the clocks of two answers.
    assert_eq!(own.gate(at(0, 9), at(0, 8)), Gate::ListAgain);
    assert_eq!(own.open_until(at(1, 0)), Some(at(4, 0)));
    assert_eq!(own.open_until(at(4, 0)), None);
    // Nor is it in the first minutes of another one's.
    assert_eq!(own.open_until(at(16, 0)), None);
}

proptest! {
    /// Whatever two machines sign, it is never in one turn; and what the first signed is refused before the other's begins.
    #[test]
    fn no_two_machines_have_one_turn(
        one in 1..=MACHINES,
        other in 1..=MACHINES,
        first in 0_i64..2_000_000,
        second in 0_i64..2_000_000,
    ) {
        prop_assume!(one != other);
        let at = |seconds| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let is_open = |turns: Turns, now| turns.gate(now, now) == Gate::Open;
        if is_open(turns(one), at(first)) && is_open(turns(other), at(second)) {
            let apart = (at(first) - at(second)).abs();
            // Signed at the end of the one, at the begin of the other: five minutes of signature, six for lists that lag.
            prop_assert!(apart > TimeDelta::minutes(11), "{apart}");
        }
    }

    /// A wait ends in a turn of its own, within a round.
    #[test]
    fn a_wait_ends_where_the_turn_begins(machine in 1..=MACHINES, seconds in 0_i64..2_000_000) {
        let now = DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let turns = turns(machine);
        if let Gate::Wait(pause) = turns.gate(now, now) {
            let then = now + pause;
            prop_assert!(pause > TimeDelta::zero() && pause <= TURN * i32::from(MACHINES));
            prop_assert_eq!(turns.gate(then, then), Gate::Open);
        }
    }
}
