//! Bringing an installed certificate to where it is served: one certificate's targets + now → the next step; step +
//! outcome → the targets as they are then.
//!
//! Each target has a state of its own: a copy for a server, cloud resources, a hook, the check of what is served. It tells
//! how far that target's work is, so that a crash between any two steps repeats the step it fell into; each step can be
//! done twice. Targets don't wait for each other, but for the check: what is served is judged once all is delivered.
//!
//! - `state`: what is known of a target;
//! - `step`: what is to be done now, and what may come of it;
//! - [`settle()`]: what comes of a step, for this target and others; by kind in `install`, `cloud`, `verify` and `hook`;
//! - `trigger`: what makes targets due beside their own steps: a new certificate, an edit of the config, a request.
//!
//! Nothing else assigns to a state.

mod cloud;
mod hook;
mod install;
mod settle;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod trigger;
mod verify;

pub use settle::{rest, settle};
pub use state::{
    Balancer, Cloud, CloudStage, Deliveries, Delivery, FailureHook, Install, InstallStage, Looking,
    Reached, ServerCommand, State, TargetKind, Verify, Wanted,
};
pub use step::{
    DeliveryMoment, DeliveryOutcome, DeliveryPace, DeliverySettled, DeliveryStep, Mark, due_steps,
    next,
};
pub use trigger::{Trigger, sync};
