//! What was tried to get in, to stop the daemon, or to have it show a secret: the real binary, attacked from where a
//! stranger may stand. One file for each place that the attacks come from.
//!
//! - `folders`: a webroot, a target's folder, the collector's folder of somebody else's; a config that others can change;
//! - `answers`: what the service's place in the network may answer;
//! - `connections`: ports that are held open;
//! - `commands`: secrets in the arguments and in the output of commands;
//! - `backups`: files that `restore` is given;
//! - `fuzz`: configs, backups and records, changed in every way (`tests/fuzz/driver.rs`).
//!
//! What needs no binary is tried beside the code: `src/files/tests.rs`, `src/validation/webroot/tests.rs`,
//! `src/validation/challenge.rs`, `src/redact.rs`, `src/text.rs`, `src/config/secrets/tests.rs`,
//! `src/tencent/client/parse.rs`, `src/server.rs`.

#![cfg(feature = "sandbox")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails at that place"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../fuzz/driver.rs"]
mod driver;

mod answers;
mod backups;
mod commands;
mod connections;
mod folders;
mod fuzz;
