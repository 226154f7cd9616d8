//! A year in seconds: the real engine and the real store against the stand-in, with a clock that we move, faults from a
//! seed, and a crash possible at every await. Would anything ever have expired, or been ordered twice?
//!
//! - `drive`: runs a future until it needs time to pass, and then lets it pass; or drops it, as a crash does;
//! - `network`: what happens to a request on its way, there and back;
//! - `world`: the service behind it, and the eyes that see every order arrive;
//! - `fate`: what people, the CA and the machine do meanwhile;
//! - `hands`: what they do to the files that servers read;
//! - `indoors`: the operator's config, with everything that reaches outside turned inwards;
//! - `targets`: copies and cloud resources, and what is promised of them;
//! - `life`: one process after another, from start to crash;
//! - `judge`: what must hold, looked at from outside;
//! - `report`: what came of it.
//!
//! One thread and a fixed order: a seed always gives the same run. Nothing outside a temporary folder is touched.

mod drive;
mod fate;
mod hands;
mod indoors;
mod judge;
mod life;
mod network;
mod report;
mod targets;
mod world;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::Config;
use crate::engine::EngineError;
use crate::store::StoreError;

pub use life::simulate;
pub use report::Report;

/// Keeps this thread, and those that it starts from now on, on one of the processors that it may use: the one with this
/// number, counted round. A run hands over to the database's thread and back at every step, which takes twice as long
/// between two processors.
#[cfg(target_os = "linux")]
pub fn keep_to_one_processor(which: usize) {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    let me = nix::unistd::Pid::from_raw(0);
    let pinned = sched_getaffinity(me).and_then(|may| {
        let may: Vec<usize> = (0..CpuSet::count())
            .filter(|cpu| may.is_set(*cpu) == Ok(true))
            .collect();
        let mut one = CpuSet::new();
        one.set(may.get(which % may.len().max(1)).copied().unwrap_or(0))?;
        sched_setaffinity(me, &one)
    });
    if let Err(error) = pinned {
        tracing::debug!(%error, "the simulation goes on on any processor");
    }
}

/// Does nothing: this system knows no such thing.
#[cfg(not(target_os = "linux"))]
pub fn keep_to_one_processor(_which: usize) {}

/// How unkind the world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Everything works.
    None,
    /// As a bad provider on an ordinary year.
    Mild,
    /// Everything that can go wrong does, often.
    Hostile,
}

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which run of all.
    pub seed: u64,
    /// How many days.
    pub days: u32,
    /// How unkind the world is.
    pub faults: Faults,
    /// Its domains, accounts and targets count; the accounts become the stand-in's, and what reaches outside (commands,
    /// looks at what is served, other DNS services) is left out or turned inwards.
    pub config: Config,
    /// Where to work; kept, so that it can be looked at. Else a temporary folder, removed at the end.
    pub folder: Option<PathBuf>,
}

/// A promise that did not hold, or a run that could not be made.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// A promise broke.
    #[error("seed {seed}, day {day}: {what}")]
    Broken {
        /// The seed that replays it.
        seed: u64,
        /// On which day, from 0.
        day: u32,
        /// What broke.
        what: String,
    },
    /// The store failed where no fault was meant.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed where no fault was meant.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The live folder failed where no fault was meant.
    #[error(transparent)]
    Live(#[from] crate::delivery::LiveError),
    /// The stand-in does not start.
    #[error(transparent)]
    Sandbox(#[from] crate::sandbox::Error),
    /// The temporary folder can't be made or removed.
    #[error("the simulation's folder: {0}")]
    Folder(#[from] io::Error),
}
