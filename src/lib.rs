//! Evercert keeps Tencent Cloud's free certificates alive.

pub mod lifecycle;
pub mod store;
