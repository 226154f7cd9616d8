//! From installed to served: one certificate's targets, each by its own state.
//!
//! Deliveries run beside passes, one certificate at a time each, so that a command that hangs keeps nobody else waiting.
//! Every outcome is recorded before the next step; dropping a delivery at any await ends its command, and the step it
//! fell into is done again.
//!
//! - `targets`: what the config has as targets, and which of them share commands;
//! - `due`: which certificates have something to deliver;
//! - `run`: one certificate's delivery, step by step;
//! - `work`: what its steps share;
//! - `steps`: what a step does;
//! - `disk`: the steps on the disk;
//! - `together`: what is due together is written first, then checked and reloaded once;
//! - `group`: who waits for whom, who is delivered alone, and who is tried again when another one has arrived;
//! - `cloud`: the calls that moving cloud resources takes;
//! - `look`: what is served, judged;
//! - `say`: the events;
//! - `ask`: what the verbs `deploy` and `rollback` ask for.

mod ask;
mod cloud;
mod disk;
mod due;
mod group;
mod look;
mod run;
mod say;
mod steps;
mod targets;
mod together;
mod work;

pub use group::Coming;
pub use look::judge;
pub(super) use targets::{delivers, wanted_targets};
pub(super) use together::Together;
