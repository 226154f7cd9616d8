//! Proof of control, end to end: the real program, a stand-in whose CA really looks, real name and web servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that finds anything else than it expects ends at once, and its deadlines are the machine's"
)]

#[path = "validation/bench.rs"]
mod bench;
#[path = "validation/dns.rs"]
mod dns;
#[path = "validation/doctor.rs"]
mod doctor;
#[path = "validation/file.rs"]
mod file;
#[path = "validation/internet.rs"]
mod internet;
#[path = "validation/trouble.rs"]
mod trouble;
