//! Real HTTP in front of the service, on loopback: the API, the management port, and the CA's look at the outside.

mod console;
mod look;
pub(crate) mod server;
pub(crate) mod shared;
mod wire;
