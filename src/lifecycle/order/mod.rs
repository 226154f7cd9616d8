//! One certificate and its order: when it is ordered, what is done next, and what came of it. In reading order:
//!
//! - [`record`]: what is known of one certificate and of its open order;
//! - [`policy`]: what the operator asked for, and the times that follow from it;
//! - [`turns`]: who orders, and in a fleet when;
//! - [`mod@plan`]: record + policy + now → the one next step;
//! - [`state`]: where a certificate stands, in one word;
//! - [`sighting`]: what the service's list shows of an order or a certificate;
//! - [`adopt`]: is there an order or a certificate already that makes ordering needless?
//! - [`mod@settle`]: step + outcome → the new record; [`seen`] has what the list says of our order;
//! - [`mod@note`]: what happens to a certificate beside its steps;
//! - [`ending`]: how an order ends, and what that leaves;
//! - [`retry`]: how long to wait after which failure of an order;
//! - [`urgency`]: alarms as the end comes near;
//! - [`mod@forecast`]: what is to come, if all goes well.

pub mod adopt;
pub mod ending;
pub mod forecast;
pub mod note;
pub mod plan;
pub mod policy;
pub mod record;
pub mod retry;
pub mod seen;
pub mod settle;
pub mod sighting;
pub mod state;
pub mod turns;
pub mod urgency;

pub use note::note;
pub use plan::plan;
pub use settle::settle;

#[cfg(test)]
mod tests;
