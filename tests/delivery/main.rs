//! From installed to served, with the real binary: targets, hooks, what is served, and the verbs for them.

#![cfg(feature = "sandbox")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests wait by the machine's clock"
)]
#![allow(unreachable_pub, reason = "modules of one test")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod harness;
mod hooks;
mod init;
#[path = "../common/port.rs"]
mod port;
mod served;
mod targets;
mod together;
mod units;
