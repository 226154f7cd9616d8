//! Orders, as far as they meet the world.
//!
//! - `pass`: one look at every certificate that is due for something;
//! - `turn`: one certificate's turn: plan, do, settle, record, until it rests;
//! - `apply`: adopt before you apply; permit, then intent, then send; look up what was lost;
//! - `choice`: what there is already that makes an order needless;
//! - `shared`: what is different where others order too;
//! - `fetch`: poll, fetch, check, install;
//! - `say`: what a turn says;
//! - `note`: what happens to a certificate beside its turns;
//! - `restored`: what a restored database must see before anything is ordered.

mod apply;
mod choice;
mod fetch;
mod note;
pub(super) mod pass;
mod restored;
mod say;
mod shared;
pub(super) mod turn;
