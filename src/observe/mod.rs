//! What operators see: log lines, metrics, health, and the status page.
//!
//! [`event`] is the one table of stable event names and the only way to say one; [`log`] decides where lines go and how
//! they look. [`health`] (with [`workers`]), and [`calls`] keep what the daemon, the API client and the events tell; `overview` is
//! everything that is shown of the record at one moment; [`metrics`] and `page` make text of it, and `http` serves
//! that.
//!
//! Must not: decide anything, write to the record, or be handed a secret. An event is built from plain strings only.

pub mod calls;
pub mod event;
pub mod health;
pub(crate) mod http;
pub mod log;
pub mod metrics;
pub(crate) mod overview;
pub(crate) mod page;
pub mod workers;

pub use event::{EVENTS, Event, Fact, Kind, Level};
pub use log::LogError;
