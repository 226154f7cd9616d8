//! The record of every certificate, in SQLite through sqlx. All SQL of the crate is here.
//!
//! - `handle`: the open database, and the ways to ask it;
//! - `connection`: its one connection, and whose turn it is; `query`: statements that answer with rows; `file`: the file,
//!   before SQLite sees it; `error`: what can go wrong, in words an operator can act on;
//! - `lock`: one process a state folder;
//! - `backup`: a copy of the database, and what is looked at before one takes its place;
//! - `rows`: columns ↔ values;
//! - `facts`: whose database it is, and which machine it belongs to;
//! - `sync`: the config taken in: which certificates are wanted;
//! - `certificates`, `records`: how each certificate stands, and which are due;
//! - `orders`: what was ordered, and what it came to;
//! - `proofs`: what is put up to prove control, until it is taken down;
//! - `holds`: conditions that concern more than one certificate;
//! - `sweeps`: who holds an account's slots;
//! - `live`: what the live folder should show;
//! - `deliveries`, `deliveries_due`, `cloud`: where installed certificates go, a row for each target, and which are due;
//! - `requests`: what changing verbs ask of the daemon;
//! - `history`: what happened, append-only;
//! - `alerts`, `channels`: what is told to whom, derived from the history.
//!
//! Invariants: WAL with `synchronous = FULL`, so that a committed row survives a power cut; foreign keys on; no
//! transaction is open across a network call; a database that can't be trusted is an error and left as it is, never a
//! fresh start (that would order everything again). There is one connection: a function that has it calls no other that
//! takes it.

mod alerts;
mod backup;
mod certificates;
mod channels;
mod cloud;
mod connection;
mod deliveries;
mod deliveries_due;
mod error;
mod facts;
mod file;
mod handle;
mod history;
mod holds;
mod live;
mod lock;
mod may_wait;
mod orders;
mod proofs;
mod query;
mod records;
mod requests;
mod rows;
mod sweeps;
mod sync;
#[cfg(test)]
mod tests;

pub use alerts::{Delivered, NewNotice, StoredProblem, Told, Waiting};
pub use backup::{BackupError, Candidate, Replaced};
pub use certificates::{Changes, Paused};
pub use channels::ChannelState;
pub use cloud::{CloudNote, Issued};
pub use deliveries_due::DeliveriesDue;
pub use error::StoreError;
pub use facts::{Decided, random_id};
pub use file::{FILE, prepare_folder};
pub use handle::Store;
pub use history::{Entry, NewEntry};
pub use live::{LiveRead, ToShow};
pub use lock::Lock;
pub use orders::PastOrder;
pub use records::Listing;
pub use requests::{Answer, Request, RequestState, Verb};
pub use sweeps::{Holding, Sweep, Unlisted};
pub use sync::{Synced, Wanted};
