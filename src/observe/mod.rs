//! What operators see: log lines, and the events that they and their scripts rely on.
//!
//! [`event`] is the one table of stable event names and the only way to say one; [`log`] decides where lines go and how
//! they look.
//!
//! Must not: decide anything, keep state, or be handed a secret. An event is built from plain strings only.

pub mod event;
pub mod log;

pub use event::{EVENTS, Event, Kind, Level};
pub use log::{Format, LogError};
