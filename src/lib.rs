//! Evercert keeps Tencent Cloud's free certificates alive.

pub(crate) mod calendar;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod daemon;
pub mod delivery;
pub mod engine;
pub mod files;
#[cfg(test)]
#[path = "../tests/fuzz/driver.rs"]
mod fuzz;
pub mod lifecycle;
#[cfg(test)]
mod manual;
pub mod notification;
pub mod observe;
pub mod redact;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub(crate) mod secret_file;
pub mod sentence;
pub mod server;
#[cfg(feature = "sandbox")]
pub mod simulation;
pub mod store;
pub mod tencent;
pub mod text;
pub(crate) mod validation;
mod words;
