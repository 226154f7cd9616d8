//! When a certificate is renewed, and how: the whole decision, and nothing else.
//!
//! Pure: no I/O, no clock, no database, no randomness of its own. `now` and the random are arguments. In reading order:
//!
//! - [`order`]: one certificate and its order: record, policy, plan, adopt, settle;
//! - [`hold`]: what keeps back more than one certificate;
//! - [`proof`]: how control of the domain is proved for an order, and what was put up is taken down;
//! - [`delivery`]: from installed to served: the targets of a certificate;
//! - [`cloud`]: moving cloud resources from one certificate to another;
//! - [`pause`]: the one rule for pauses that grow, and for times that a clock put back since has left far ahead;
//! - [`failure`]: a failure, and which of five kinds it is;
//! - [`algorithm`]: RSA or ECC;
//!
//! The engine supplies the facts and carries out the answers. Nothing here knows how.

pub mod algorithm;
pub mod cloud;
pub mod delivery;
pub mod failure;
pub mod hold;
pub mod order;
pub mod pause;
pub mod proof;

pub use algorithm::Algorithm;
pub use failure::{Class, Failure};
pub use hold::{Hold, HoldScope};
pub use order::adopt::{Choice, Found, Ours, choose, find};
pub use order::ending::{Closed, Ending, Settled};
pub use order::note::{Note, note};
pub use order::plan::{Due, Rest, Schedule, Step, due, overdue, plan, plan_by, schedule};
pub use order::policy::Policy;
pub use order::record::{Foreign, Installed, Order, Parked, Record, Retry, Stage, Stall};
pub use order::seen::{STALLED_AFTER, stage_of};
pub use order::settle::{Outcome, settle};
pub use order::sighting::{Sighting, SightingState};
pub use order::state::{Standing, State, WaitsFor};
pub use order::turns::{Gate, Orders, Turns};
pub use order::{forecast, retry, urgency};
pub use proof::{Challenge, Method, Proof, ProofOutcome, ProofStage, ProofStep};
