//! From what the service handed out to files that a server can read, and to the look at what it serves.
//!
//! - [`bundle`] turns PEM text or a zip into [`Material`]: a key, its certificate and the chain, all checked against each
//!   other and against what was asked for;
//! - [`live`] puts material on the disk so that a reader always finds a whole pair;
//! - [`targets`] are copies of it in other places and forms;
//! - [`trust`] says whether this system trusts a certificate;
//! - [`verify`] connects, and says what is served.
//!
//! Nothing here reads a clock or knows the database: the caller passes the time in, and records what came out. The first
//! three are blocking; async callers wrap them in `files::off_the_runtime`.

pub mod addresses;
pub mod bundle;
pub mod live;
pub mod targets;
pub mod trust;
pub mod verify;

pub use bundle::{BundleError, Expectation, Leaf, Material, Previous};
pub use live::{Current, Glances, InstalledVersion, Live, LiveError, Shown, Tidied};
