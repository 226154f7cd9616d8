//! From installed to served, with the real binary: targets, hooks, what is served, and the verbs for them.

#![allow(
    clippy::disallowed_methods,
    reason = "tests wait by the machine's clock"
)]
#![allow(unreachable_pub, reason = "modules of one test")]

mod harness;
mod hooks;
mod init;
mod served;
mod targets;
mod together;
mod units;
