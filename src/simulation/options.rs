//! What to simulate.

use std::path::PathBuf;

use crate::config::Config;

/// How many calls fail, and how often the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Everything works.
    None,
    /// Some calls fail, as in an ordinary year.
    Mild,
    /// Many calls fail, in every way that is known.
    Hostile,
}

impl Faults {
    /// One of the two, by how many calls fail; the milder one also where everything works.
    pub(super) fn choose<T>(self, mild: T, hostile: T) -> T {
        match self {
            Self::None | Self::Mild => mild,
            Self::Hostile => hostile,
        }
    }
}

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which run of all.
    pub seed: u64,
    /// How many days.
    pub days: u32,
    /// How many calls fail.
    pub faults: Faults,
    /// Its domains, accounts and targets count; the accounts become the stand-in's, and what reaches outside (commands,
    /// looks at what is served, other DNS services) is left out or turned inwards.
    pub config: Config,
    /// Where to work; kept, so that it can be looked at. Else a temporary folder, removed at the end.
    pub folder: Option<PathBuf>,
}
