//! How a machine of a fleet stands still.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::lifecycle::Turns;
use crate::lifecycle::order::turns::TURN;

/// A machine stands still at the worst moment: between a list and what is decided on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standstill {
    /// So many points of its work after the list.
    pub(super) after: u64,
    pub(super) time: Duration,
    /// Whether its host paused it, so that nothing in it notices; its wall clock is right again once it goes on.
    pub(super) is_paused: bool,
}

impl Standstill {
    /// Half of them last until a turn of the machine: it may order then, and what it knows is of another turn.
    pub(super) fn draw(rng: &mut StdRng, now: DateTime<Utc>, machine: u8) -> Self {
        let time = match rng.random::<f64>() < 0.5 {
            true => while_standing_still(rng),
            false => {
                let turns = Turns {
                    machine,
                    length: TURN,
                };
                let pause = turns.next(now) - now;
                let within = Duration::from_secs(rng.random_range(0..240));
                pause.to_std().unwrap_or_default() + within
            }
        };
        Self {
            after: rng.random_range(0..40),
            time,
            is_paused: rng.random::<f64>() < 0.3,
        }
    }
}

/// From a second to three hours, as many short ones as long ones.
pub(super) fn while_standing_still(rng: &mut StdRng) -> Duration {
    let exponent: f64 = rng.random_range(0.0..13.4);
    Duration::from_secs_f64(exponent.exp2())
}
