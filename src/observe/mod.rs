//! What operators see: log lines, metrics, health, and the status page.
//!
//! [`event`] is the one table of stable event names and the only way to say one; [`log`] decides where lines go and how
//! they look. [`health`] (with [`workers`]), [`calls`] and [`tally`] keep what the daemon, the API client and the events tell; [`overview`] is
//! everything that is shown of the record at one moment; [`metrics`] and [`page`] make text of it, and [`http`] serves
//! that.
//!
//! Must not: decide anything, write to the record, or be handed a secret. An event is built from plain strings only.

pub mod calls;
pub mod event;
pub mod health;
pub mod http;
pub mod log;
pub mod metrics;
pub mod overview;
pub mod page;
pub mod tally;
pub mod workers;

pub use event::{EVENTS, Event, Kind, Level};
pub use log::LogError;
