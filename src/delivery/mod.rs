//! From what the service handed out to files that a server can read.
//!
//! [`bundle`] turns PEM text or a zip into [`Material`]: a key, its certificate and the chain, all checked against each
//! other and against what was asked for. [`live`] puts material on the disk so that a reader always finds a whole pair.
//!
//! Nothing here asks the network, reads a clock or knows the database: the caller passes the time in, and records what
//! came out. Everything is blocking; async callers wrap it in `spawn_blocking`.

pub mod bundle;
pub mod live;

pub use bundle::{Algorithm, BundleError, Expectation, Held, Material};
pub use live::{Current, Installed, Live, LiveError, Modes, Tidied};
