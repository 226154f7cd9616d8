//! A year in seconds: the real engine and the real store against the stand-in, with a clock that we move, faults from a
//! seed, and a crash possible at every await. Would anything ever have expired, or been ordered twice?
//!
//! Each file uses only what stands before it:
//!
//! - `options`, `error`, `report`: what is asked for, what can go wrong, and what came of it;
//! - `executor`: runs a future until it needs time to pass, and then lets it pass; or drops it, as a crash does;
//! - `isolation`: the operator's config, with everything that reaches outside turned inwards;
//! - `standstill`: how a machine of a fleet stands still;
//! - `world`: the service, and the eyes that see every order arrive; `network`: what happens to a request on its way;
//! - `disturbances`: what people, the CA and the machine do meanwhile; `tampering`: what they do to the files that servers
//!   read;
//! - `process`: one process, from its start on a machine to its crash;
//! - `targets`: copies and cloud resources, and what is promised of them;
//! - `judge`: what must hold, looked at from outside;
//! - `fleet`: several machines on one service;
//! - `run`: one process after another, until the days are over; `processor`: on which processor.
//!
//! One thread and a fixed order: a seed always gives the same run. Nothing outside a temporary folder is touched.

mod disturbances;
mod error;
mod executor;
mod fleet;
mod isolation;
mod judge;
mod network;
mod options;
mod process;
mod processor;
mod report;
mod run;
mod standstill;
mod tampering;
mod targets;
mod world;

#[cfg(test)]
mod tests;

pub use error::SimulationError;
pub use options::{Broken, Faults, Options};
pub use processor::keep_to_one_processor;
pub use report::Report;
pub use run::simulate;
