//! One thing that is told.

use chrono::{DateTime, Utc};

use crate::config::Topic;
use crate::observe::Event;
use crate::words::words;

words! {
    /// What a notice tells.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum State {
        /// Something is wrong.
        Problem = "problem",
        /// What was wrong is well again.
        Solved = "solved",
        /// Something happened.
        News = "news",
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its number in the history: the same whenever it is sent again.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What channels choose by.
    pub topic: Topic,
    /// Whether it is good.
    pub state: State,
    /// The event.
    pub event: Event,
}
