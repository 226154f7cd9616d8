//! The status page: what needs somebody now, then everything else, calm and dense.
//!
//! Plain HTML that works without JavaScript; with it, the parts marked `data-live` replace themselves. Every text goes
//! through maud, which escapes it. Nothing is loaded from anywhere else, and no element has a style of its own: the
//! content security policy forbids both.

mod certificate;
mod figures;
mod frame;
mod home;
mod needs;
mod parts;
mod query;
mod reader;
#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

pub(crate) use certificate::certificate;
pub(crate) use frame::{Notice, notice};
pub(crate) use home::home;
pub(crate) use query::Query;
pub(crate) use reader::Reader;

/// The one style sheet.
pub(crate) const STYLE: &str = include_str!("page/style.css");

/// The one script: it keeps the page up to date.
pub(crate) const SCRIPT: &str = include_str!("page/script.js");

/// The icon in the browser's tab.
pub(crate) const ICON: &str = include_str!("page/icon.svg");
