//! The status page: what needs somebody now, then everything else, calm and dense.
//!
//! Plain HTML that works without JavaScript; with it, the parts marked `data-live` replace themselves. Every text goes
//! through maud, which escapes it. Nothing is loaded from anywhere else, and no element has a style of its own: the
//! content security policy forbids both.

mod certificate;
mod frame;
mod home;
mod parts;
mod query;
#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

pub use certificate::certificate;
pub use frame::notice;
pub use home::home;
pub use query::Query;

/// The one style sheet.
pub const STYLE: &str = include_str!("page/style.css");

/// The one script: it keeps the page up to date.
pub const SCRIPT: &str = include_str!("page/script.js");

/// The icon in the browser's tab.
pub const ICON: &str = include_str!("page/icon.svg");
