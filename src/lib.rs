//! Evercert keeps Tencent Cloud's free certificates alive.

pub mod config;
pub mod lifecycle;
pub mod store;
