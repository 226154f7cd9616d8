//! The real binary, seen from outside: one file a capability.
//!
//! They are one program so that they are linked once and run side by side: most of their time is waiting.

#![cfg(feature = "sandbox")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails at that place"
)]

#[path = "../common/mod.rs"]
mod common;

mod backup;
mod cloud;
mod config_errors;
mod crash;
mod disk;
mod doctor;
mod edits;
mod false_answers;
mod fleet;
mod forecast;
mod http;
mod idle;
mod init;
mod init_asks;
mod issue_and_renew;
mod language;
mod log_events;
mod lost_files;
mod machines;
mod mail;
mod notify;
mod pause;
mod rate;
mod reading_verbs;
mod real_accounts;
mod roles;
mod sandbox_mode;
mod status;
mod support;
mod surroundings;
mod systemd;
mod verbs;
