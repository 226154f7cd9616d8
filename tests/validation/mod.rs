//! Proof of control, end to end: the real program, a stand-in whose CA really looks, real name and web servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that finds anything else than it expects ends at once, and its deadlines are the machine's"
)]

mod bench;
mod dns;
mod doctor;
mod file;
mod internet;
mod trouble;
