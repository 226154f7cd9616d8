//! What can come of a simulation instead of a report.

use std::io;

use thiserror::Error;

use crate::store::StoreError;

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
