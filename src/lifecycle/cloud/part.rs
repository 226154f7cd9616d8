//! What is to be moved, and an attempt at it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::{milliseconds, milliseconds_option};

/// Load balancers are changed one at a time: tasks for this type run alone in their account.
pub const LOAD_BALANCER: &str = "clb";

/// The smallest piece of the work that can fail by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is.
    pub place: Place,
    /// How many resources it was at the last look.
    pub count: u64,
    /// When it may be tried, or is to be looked at.
    #[serde(with = "milliseconds")]
    pub next_at: DateTime<Utc>,
    /// Failures in a row.
    pub failures: u32,
    /// Why it failed last.
    pub error: Option<String>,
    /// How often the service said that it was carried out, although looks did not show that.
    pub carried: u32,
    /// When the service said so last; the next look has to show it.
    #[serde(with = "milliseconds_option")]
    pub carried_at: Option<DateTime<Utc>>,
    /// The service said that there was nothing to do.
    pub refused: bool,
    /// It is done: looks can't show it, so that the service's word has to do.
    pub believed: bool,
    /// It is tried in a task of its own: one with others was refused as a whole.
    pub alone: bool,
    /// The service will never take it as the config has it: it is asked for no more until somebody asks anew.
    #[serde(default)]
    pub stopped: bool,
}

impl Part {
    pub(super) fn new(place: Place, count: u64, now: DateTime<Utc>) -> Self {
        Self {
            place,
            count,
            next_at: now,
            failures: 0,
            error: None,
            carried: 0,
            carried_at: None,
            refused: false,
            believed: false,
            alone: false,
            stopped: false,
        }
    }
}

/// Where resources are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// What a certificate has of a type in a region.
    Bound {
        /// The certificate.
        from: String,
        /// The type.
        kind: String,
        /// The region; `None` for types whose regions the service does not want to know.
        region: Option<String>,
    },
    /// A named instance that none of ours is bound to.
    Named {
        /// Its type.
        kind: String,
        /// The instance, as the config names it.
        instance: String,
        /// Where it is.
        region: Option<String>,
    },
}

impl Place {
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Bound { kind, .. } | Self::Named { kind, .. } => kind,
        }
    }

    /// Whether one task can do both.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        self.task() == other.task()
    }

    /// What one task has in common: a type, and an earlier certificate or a region.
    fn task(&self) -> (&str, Option<&str>, Option<&str>) {
        match self {
            Self::Bound { from, kind, .. } => (kind, Some(from), None),
            Self::Named { kind, region, .. } => (kind, None, region.as_deref()),
        }
    }
}

/// One task's work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Batch {
    /// Whatever of a type is bound to a certificate.
    Move {
        /// That certificate.
        from: String,
        /// The type.
        kind: String,
        /// The regions; none for types whose regions the service does not want to know.
        regions: Vec<String>,
    },
    /// Named instances.
    Deploy {
        /// Their type.
        kind: String,
        /// The instances, as the config names them.
        instances: Vec<String>,
        /// Where they are.
        region: Option<String>,
    },
}

impl Batch {
    /// One task for all these places, which go together.
    pub(super) fn of(places: &[&Place]) -> Option<Self> {
        match places.first()? {
            Place::Bound { from, kind, .. } => {
                let regions = places.iter().filter_map(|place| match place {
                    Place::Bound { region, .. } => region.clone(),
                    Place::Named { .. } => None,
                });
                let mut regions: Vec<String> = regions.collect();
                regions.sort_unstable();
                Some(Self::Move {
                    from: from.clone(),
                    kind: kind.clone(),
                    regions,
                })
            }
            Place::Named { kind, region, .. } => {
                let instances = places.iter().filter_map(|place| match place {
                    Place::Named { instance, .. } => Some(instance.clone()),
                    Place::Bound { .. } => None,
                });
                Some(Self::Deploy {
                    kind: kind.clone(),
                    instances: instances.collect(),
                    region: region.clone(),
                })
            }
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Move { kind, .. } | Self::Deploy { kind, .. } => kind,
        }
    }

    /// Whether it changes load balancers.
    pub fn is_balancer(&self) -> bool {
        self.kind() == LOAD_BALANCER
    }

    /// Whether this place is one of those that it is about.
    pub(super) fn covers(&self, place: &Place) -> bool {
        let fits = match (self, place) {
            (
                Self::Move { from, regions, .. },
                Place::Bound {
                    from: at, region, ..
                },
            ) => {
                let region = region.as_ref();
                from == at && region.is_none_or(|region| regions.contains(region))
            }
            (Self::Deploy { instances, .. }, Place::Named { instance, .. }) => {
                instances.contains(instance)
            }
            _ => false,
        };
        fits && self.kind() == place.kind()
    }
}

/// An attempt at some parts: from the search for a task that is there already to the end of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What it is about.
    pub batch: Batch,
    /// How far it is.
    pub phase: Phase,
    /// When this phase of it began.
    #[serde(with = "milliseconds")]
    pub since: DateTime<Utc>,
    /// When the next thing is to be asked.
    #[serde(with = "milliseconds")]
    pub next_at: DateTime<Utc>,
    /// How often in a row asking for a task brought no answer that can be relied on.
    pub unanswered: u32,
    /// Failures in a row.
    pub failures: u32,
    /// Why it failed last.
    pub error: Option<String>,
    /// Its task takes far too long, or nothing can be learnt of it: others no longer wait for it.
    pub stuck: bool,
    /// Somebody else's task is in its way: others no longer wait for it.
    pub waiting: bool,
    /// The service said that it gathers, and `since` is when it first did.
    #[serde(default)]
    pub gathers: bool,
}

impl Attempt {
    pub(crate) fn new(batch: Batch, now: DateTime<Utc>) -> Self {
        Self {
            batch,
            phase: Phase::Find,
            since: now,
            next_at: now,
            unanswered: 0,
            failures: 0,
            error: None,
            stuck: false,
            waiting: false,
            gathers: false,
        }
    }

    /// Whether a task of it may be under way.
    pub(super) fn may_run(&self) -> bool {
        !matches!(self.phase, Phase::Find | Phase::Send)
    }

    /// Whether its next call changes nothing.
    pub(super) fn follows(&self) -> bool {
        matches!(self.phase, Phase::Sent | Phase::Follow(_)) && !self.waiting
    }

    /// The task that it follows.
    pub(super) fn record(&self) -> Option<i64> {
        match &self.phase {
            Phase::Follow(follow) | Phase::Retry(follow) => Some(follow.record),
            Phase::Find | Phase::Send | Phase::Sent => None,
        }
    }

    /// Whether no other may begin meanwhile.
    pub(super) fn blocks(&self) -> bool {
        !self.stuck && !self.waiting
    }
}

/// How far an attempt is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A task for this may be there already.
    Find,
    /// The task is to be asked for.
    Send,
    /// It was asked for, or was about to be; the answer is not known.
    Sent,
    /// The task is under way.
    Follow(Follow),
    /// Its failed parts are to be tried again.
    Retry(Follow),
}

/// A task that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// The service's number of it.
    pub record: i64,
    /// How often its failed parts were tried again.
    pub retries: u32,
    /// Whether it is the one that was asked for, and so about exactly this.
    pub ours: bool,
    /// Whether it was seen at work: a task that was over when it was found says nothing about now.
    pub seen_at_work: bool,
}
