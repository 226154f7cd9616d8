//! What is said of a fleet, in English.

use crate::observe::event::{Difference, Fact};

/// What the operator of two machines with one number can do.
pub const CLAIM_NUMBER: &str = "nothing is ordered here until that is decided: give one of the two another `machine` in its \
                                config; where the other one is gone for good, run `evercert claim` here";

/// The sentence; empty for a fact that is about no fleet. `id` is the certificate or order that it is about.
pub(super) fn text(fact: &Fact, id: &str) -> String {
    match fact {
        Fact::FleetWaiting { hours, in_turn } => {
            let why = match in_turn {
                true => "this machine has not come to order it in its turns",
                false => "this machine never orders it",
            };
            format!(
                "due for {hours} hours, and nobody has ordered it: {why}; see whether those that order run, and what \
                 `evercert why` says there"
            )
        }
        Fact::FleetSameMachine {
            machine,
            other,
            stops,
        } => {
            let whose = match machine {
                0 => "as the only one that orders, as this one does".to_owned(),
                number => format!("under number {number}, which is this machine's"),
            };
            let what = match stops {
                true => CLAIM_NUMBER,
                false => "it is the younger one, and is to stop; give it another `machine`",
            };
            format!("another installation (\"{other}\") orders {whose} (order {id}): {what}")
        }
        Fact::FleetDiffers {
            machine,
            other,
            difference,
        } => {
            let who = match machine {
                0 => format!("another machine of the fleet (\"{other}\")"),
                number => format!("machine {number} of the fleet (\"{other}\")"),
            };
            let (theirs, own) = match difference {
                Difference::Key { theirs, own } => {
                    return format!(
                        "{who} ordered {id} with key = \"{theirs}\", and the config of this one has key = \"{own}\": \
                         each orders its own; make `key` the same on every machine"
                    );
                }
                Difference::Alone => ("at any time", "in its turns"),
                Difference::InTurns => ("in turns", "at any time"),
            };
            format!(
                "{who} orders {theirs}, and this one {own} (order {id}): both may order for one renewal; \
                 write `orders = \"in-turn\"` on every machine that orders"
            )
        }
        Fact::FleetTookOver { machine } => format!(
            "order {id} of machine {machine} is pending still, and is seen to its end from here"
        ),
        Fact::FleetBehind { newest } => format!(
            "the account has had {newest} for a day, and {} is installed here",
            match id {
                "" => "nothing",
                id => id,
            }
        ),
        _ => String::new(),
    }
}
