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

/// Something that turns rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The service takes signatures of any age.
    Signatures,
    /// What was ordered shows in lists long after the next turn has begun.
    Lists,
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
    /// How many machines order in turns, with one beside them that follows; 0 or 1 for a single one that is in no fleet.
    pub machines: u8,
    /// What a fleet relies on and the service does not keep here, so that a test can see that it matters.
    pub broken: Option<Broken>,
    /// Where to work; kept, so that it can be looked at. Else a temporary folder, removed at the end.
    pub folder: Option<PathBuf>,
}
