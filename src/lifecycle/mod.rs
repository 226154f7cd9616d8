//! When a certificate is renewed, and how: the whole decision, and nothing else.
//!
//! Pure: no I/O, no clock, no database, no randomness of its own. `now` and the dice are arguments. In reading order:
//!
//! - [`record`]: what is known of one certificate and of its open order;
//! - [`policy`]: what the operator asked for, and the times that follow from it;
//! - [`mod@plan`]: record + policy + now → the one next step;
//! - [`algorithm`]: RSA or ECC;
//! - [`adopt`]: is there an order or a certificate already that makes ordering needless?
//! - [`mod@settle`]: step + outcome → the new record;
//! - [`proof`]: how control of the domain is proved for an order, and what was put up is taken down;
//! - [`mod@forecast`]: what is to come, if all goes well;
//! - [`urgency`]: alarms as the end comes near;
//! - [`retry`]: how long to wait after which failure of an order;
//! - [`pause`]: the one rule for pauses that grow, and for times that a clock put back since has left far ahead;
//! - [`class`]: the five kinds of failure;
//! - [`delivery`]: from installed to served: the targets of a certificate;
//! - [`cloud`]: moving cloud resources from one certificate to another.
//!
//! The engine supplies the facts and carries out the answers. Nothing here knows how.

pub mod adopt;
pub mod algorithm;
pub mod class;
pub mod cloud;
pub mod delivery;
pub mod forecast;
pub mod pause;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod record;
pub mod retry;
pub mod settle;
pub mod urgency;

pub use adopt::{Choice, Found, Ours, Sighting, SightingState, choose, find};
pub use algorithm::Algorithm;
pub use class::Class;
pub use plan::{Due, Rest, Schedule, Step, due, plan, schedule};
pub use policy::Policy;
pub use proof::{Challenge, Method, Proof, ProofOutcome, ProofStage, ProofStep};
pub use record::{
    Ending, Failure, Foreign, Held, Hold, HoldScope, Order, Parked, Record, Retry, Stage,
};
pub use settle::{Closed, Outcome, Settled, settle};

#[cfg(test)]
mod tests;
