//! What is wanted, what is asked of the service, and what it answers.

use chrono::TimeDelta;

use super::look::{LookUp, Role};
use super::part::{Batch, Follow};
use crate::lifecycle::Failure;

/// What a target asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedResources {
    /// The types, in the config's order.
    pub types: Vec<Type>,
    /// Instances that get the certificate also where none of ours is bound to them; of the one type.
    pub instances: Vec<String>,
    /// Their region, where the type has regions.
    pub region: Option<String>,
    /// The operator asked for it: what somebody else bound may be replaced.
    pub forced: bool,
}

/// A type of resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// The service's word.
    pub name: String,
    /// Whether the service wants to know its regions.
    pub regional: bool,
    /// Whether it can be moved from one certificate to another.
    pub moves: bool,
}

/// What is to be asked of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Begin to look up what is bound.
    LookUp,
    /// How far these look-ups are.
    Found(Vec<LookUp>),
    /// The tasks that there are for this.
    Tasks(Batch),
    /// A task for this. What is written down before: `Work::noted`.
    Task(Batch),
    /// How far this task is, which does this.
    Progress(Batch, Follow),
    /// Try the failed parts of this task again. What is written down before: `Work::noted`.
    Retry(Follow),
}

/// What the service said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It looks up what is bound.
    LookingUp(Vec<LookUp>),
    /// It is still at it.
    Running,
    /// The look-ups are gone or failed, for this reason.
    Lost(String),
    /// The certificate that resources should get is not there, for this reason.
    Gone(String),
    /// What is bound.
    Bound(Bound),
    /// The tasks that there are, the newest first.
    Tasks(Vec<i64>),
    /// The task; 0 while the service still gathers what there is.
    Task(i64),
    /// Another task is in the way.
    Busy,
    /// There is nothing to do.
    Nothing,
    /// How far the task is.
    Progress(Progress),
    /// The failed parts are tried again.
    Retried,
    /// The task is no longer there, or not open to that.
    Over,
    /// No answer that can be relied on came.
    Unknown(String),
    /// The call was throttled: it did nothing.
    Throttled(Failure),
    /// The call was refused and did nothing, or a call that changes nothing brought no answer.
    Refused(Failure),
    /// It was not asked: another target's task changes load balancers.
    Held,
    /// It was not asked: of the machines of a fleet, this one may begin nothing now. What there is then is looked at first.
    NotNow(TimeDelta),
}

/// What is bound to which certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Counts, one for each certificate, type and region.
    pub counts: Vec<Count>,
    /// Named instances that were found, each with whose certificate it has, and that certificate.
    pub placed: Vec<(String, Role, String)>,
    /// What could not be looked up.
    pub unknown: Vec<Unknown>,
    /// Certificates that resources of types that are not wanted have.
    pub elsewhere: Vec<String>,
}

/// Something of which it could not be looked up how much is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The certificate.
    pub certificate: String,
    /// The type; none where nothing is known of any.
    pub kind: Option<String>,
    /// The region; empty where nothing is known of any.
    pub region: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// How many resources of a type a certificate is bound to in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The certificate.
    pub certificate: String,
    /// Whose it is.
    pub role: Role,
    /// The service itself may switch its resources.
    pub hosted: bool,
    /// The type.
    pub kind: String,
    /// The region; empty for types without.
    pub region: String,
    /// How many.
    pub count: u64,
}

/// How far a task is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Resources in all.
    pub total: u64,
    /// Those that have the certificate, or had nothing to do.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those under way or waiting.
    pub open: u64,
    /// Why some failed.
    pub reasons: Vec<String>,
}

impl Progress {
    /// Whether nothing of it is open, by its own counts.
    pub fn is_settled(&self) -> bool {
        self.total > 0 && self.open == 0 && self.done + self.failed >= self.total
    }
}
