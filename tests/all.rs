//! What takes time, as one program: linked once, and the tests of the system wait for daemons while the simulation
//! computes. Tests begin in the order of their names, so the simulation comes first. Not with them: `attacks`, which fills
//! what this process knows as secrets with thousands of them.

#![cfg(feature = "sandbox")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails at that place"
)]

mod common;
mod simulation;

/// The real binary.
#[path = "."]
mod system {
    mod blackbox;
    mod delivery;
    mod page;
    mod validation;
}
