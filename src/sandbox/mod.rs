//! A faithful stand-in for Tencent Cloud's certificate service, with a real CA inside.
//!
//! It is to this project what Pebble is to ACME: the same requests, the same refusals, the same awkward
//! answers, but certificates from a throwaway CA that nobody trusts, and knobs to make things go wrong on purpose.
//!
//! Invariants:
//! - It imports nothing of the rest of the crate: its own signature check and its own wire types, so that one
//!   misreading of the service cannot hide on both sides.
//! - It listens on loopback only and keeps everything in memory; each start has a fresh CA.
//! - [`Service`] is pure of I/O and of real time: one request in, one answer out, at the time given.
//!   Only `http` knows sockets and the machine's clock.
//! - What an order *is* follows from times and injected facts; no state is stored twice.
//!
//! It must not be used to secure anything: its keys are deliberately weak (see `world::keys`).
//!
//! In reading order, each using only what stands before it:
//! - `options`, `error`, `request` (what comes in and goes out), `refusal` (what the service says when it will not),
//!   `changes` and `fault` (what tests can change and inject), `text` (how times and bytes are written), `signature`,
//!   `parameters`, `fields`: leaves;
//! - `world`: what actions work on: certificates (`order`, `register`, `proof`), the CA (`keys`, `ca`, `archive`), DNS
//!   (`zones`), cloud resources and tasks (`cloud`, `resource_type`), roles and their keys (`roles`);
//! - `action`: what an action is; `actions`: one file an area of the API, and the table of them all;
//! - `journal`: what was seen; `service`: who may call, how fast, which action, which fault; `manage`: its knobs;
//! - `http`: the API's and the management port's listeners, and the CA's look at the outside (`look`).

mod action;
mod actions;
mod changes;
mod error;
mod fault;
mod fields;
mod http;
mod journal;
mod manage;
mod options;
mod parameters;
mod refusal;
mod request;
mod service;
mod signature;
mod text;
mod world;

#[cfg(test)]
mod tests;

pub use changes::{
    AliasMode, BoundResource, CloudChange, Failing, Limits, NewResource, Oddities, OrderChange,
    Refusing, RoleChange,
};
pub use error::Error;
pub use fault::{Fault, FaultKind};
pub use http::server::Server;
pub use options::{
    Credential, DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, Options, RecordType, ZipLayout,
};
pub use request::{Reply, Request};
pub use service::Service;
