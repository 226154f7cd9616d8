//! The one place where the lifecycle meets the world.
//!
//! - `environment`, `handle`: what the engine works with, and the engine itself;
//! - `settings`: the config in force, and a client for each account; `edit` puts another one in force;
//! - `listing`: an account's list of certificates and orders;
//! - `order`: orders: passes, turns, and their steps;
//! - `proof`: proof of control: put up, seen, asked for, taken down;
//! - `repair`: what servers read, put right where it was lost;
//! - `deliver`: from installed to served, one certificate's targets at a time;
//! - `failure`: an API error as the lifecycle sees it, and what it holds back;
//! - `holds`: what keeps an account's certificates back during a pass;
//! - `fence`: when what machines of a fleet share may be changed; `fleet`: what is remembered of them;
//! - `skew`: how far the clocks differ, as it was said last;
//! - `copied`: whether the state folder may be a copy of one that is at work elsewhere;
//! - `reconcile`: what a full listing says beyond single orders: duplicates, twins, slots;
//! - `alerts`: what the history says becomes what channels are told;
//! - `requests`: what operators ask for by changing verbs; `operations`: `pause`, `resume`, `account`; `probe`, `checks`:
//!   what `doctor` asks of an account and of a certificate's targets;
//! - `view`, `overview`: config beside record, for those who only look; `next`: what comes next to a certificate, and when;
//! - `journal`: events, written with the change they belong to and logged after it.
//!
//! Invariants: nothing is decided here that the lifecycle can decide; every outcome is recorded before the next step;
//! no transaction is open across a call; a turn that fails takes no other turn with it. Dropping a pass at any await is
//! what a crash does, and as harmless.

mod alerts;
mod checks;
mod copied;
mod deliver;
mod edit;
mod environment;
mod failure;
mod fence;
mod fleet;
#[cfg(test)]
mod fuzz;
mod handle;
mod holds;
mod journal;
mod listing;
mod next;
mod operations;
mod order;
mod overview;
mod probe;
mod proof;
mod reconcile;
mod repair;
mod requests;
mod settings;
mod skew;
mod tidy;
mod undeleted;
mod view;

pub use alerts::host_name;
pub use copied::machine;
pub use deliver::{Coming, judge};
pub use edit::{Taken, running_config};
pub use environment::{Concurrency, Environment, Rng};
pub use handle::Engine;
pub(crate) use listing::{each_page, sighting};
pub(crate) use next::step_name;
pub use order::pass::{Kind, Summary};
pub(crate) use overview::{detail, overview};
pub use probe::probe;
pub use proof::ProofWork;
pub use settings::Settings;
pub(crate) use view::{Line, View, awaited_of_a_person};
