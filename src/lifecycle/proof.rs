//! Proving control of a domain for one order: proof + now → the one next step; outcome → the new proof.
//!
//! For `DNS` and `FILE` orders of our own; with `DNS_AUTO` the service does it all. Up: learn what to publish, publish
//! it, see it, ask the service to validate. Down: once the order is over, for whatever reason, what was put up is taken
//! down. The way down belongs to the proof and not to the order, so that it outlives the order, a failure and a crash.
//!
//! A look before asking only advises: where it sees nothing for too long, the service is asked all the same.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::pause::{self, lasts};
use crate::words::words;

/// `CompleteCertificate` is called no more often than this for one order.
pub const ASK_EVERY: TimeDelta = TimeDelta::seconds(60);
/// The longest pause between two of these calls.
const ASK_CEILING: TimeDelta = TimeDelta::minutes(30);
/// A record that does not show is asked for regardless after this long at the default pace.
const LOOK_LIMIT: TimeDelta = TimeDelta::minutes(10);
/// The longest pause after a failure on the way up.
const UP_CEILING: TimeDelta = TimeDelta::minutes(30);
/// The longest pause after a failure on the way down.
const DOWN_CEILING: TimeDelta = TimeDelta::hours(6);
/// What can't be taken down for this long is left, and said.
const DOWN_LIMIT: TimeDelta = TimeDelta::days(7);
/// Nothing is left to do for the proof of another machine's order until that is over; it is looked at so often.
const FOLLOWED: TimeDelta = TimeDelta::hours(1);
/// A person is given this long between two questions to the service.
const MANUAL_EVERY: TimeDelta = TimeDelta::minutes(30);

/// How control of a domain is proved (`DvAuthMethod`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// The service sets the record itself.
    #[default]
    DnsAuto,
    /// A record that is put up from here.
    Dns,
    /// A file that the domain's web server shows.
    File,
}

impl Method {
    /// The API's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::DnsAuto => "DNS_AUTO",
            Self::Dns => "DNS",
            Self::File => "FILE",
        }
    }

    /// The method of that word; the proxied ones are like their plain ones.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "DNS_AUTO" => Some(Self::DnsAuto),
            "DNS" | "DNS_PROXY" => Some(Self::Dns),
            "FILE" | "FILE_PROXY" => Some(Self::File),
            _ => None,
        }
    }
}

words! {
    /// What a challenge is published as.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    pub enum ChallengeKind {
        /// A TXT record.
        Txt = "TXT",
        /// A CNAME record.
        Cname = "CNAME",
        /// A file.
        File = "FILE",
    }
}

/// One thing to publish, as the service gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// What it is published as.
    pub kind: ChallengeKind,
    /// The full record name without a final dot; for a file, the path of its URL.
    pub name: String,
    /// The record's value, or the file's content.
    pub value: String,
}

words! {
    /// How far a proof is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ProofStage {
        /// What to publish is not known yet.
        Wanted = "wanted",
        /// It is known; nothing is up.
        Described = "described",
        /// Putting up has begun: it may be up.
        Presenting = "presenting",
        /// It is up; whether the world sees it is not known.
        Up = "up",
        /// The service can be asked.
        Visible = "visible",
        /// The service was asked.
        Asked = "asked",
        /// The order is over; what was put up is taken down.
        Clearing = "clearing",
    }
}

impl ProofStage {
    /// Whether something may be up.
    fn may_be_up(self) -> bool {
        !matches!(self, Self::Wanted | Self::Described)
    }
}

/// The proof of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Our id of the order.
    pub order_id: String,
    /// The certificate's name.
    pub domain: String,
    /// The account that the order was made in.
    pub account: String,
    /// The order's id at the service.
    pub certificate_id: String,
    /// The order's marker, put beside what we put up where there is room for it.
    pub marker: String,
    /// How control is proved.
    pub method: Method,
    /// True once the order is no longer pending.
    pub over: bool,
    /// The order is another machine's: it is published here, and that machine asks for validation.
    pub followed: bool,
    /// The means it is put up with, as the engine writes them down; none until something is put up.
    pub means: Option<String>,
    /// What has to be published.
    pub challenges: Vec<Challenge>,
    /// What each of them was put up as, by the means' own account.
    pub handles: Vec<Option<String>>,
    /// How far it is.
    pub stage: ProofStage,
    /// When it came that far; patience is counted from here, and it may lie ahead of a clock that was put back.
    pub since: DateTime<Utc>,
    /// When the service was last asked to validate.
    pub asked_at: Option<DateTime<Utc>>,
    /// How often it was.
    pub asked: u32,
    /// Failures in a row.
    pub failures: u32,
    /// What was last wrong.
    pub last_error: Option<String>,
    /// Nothing is done before this.
    pub next_at: DateTime<Utc>,
}

/// The next step of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofStep {
    /// Nothing to do before that time.
    Rest(DateTime<Utc>),
    /// Ask the service what to publish.
    Describe,
    /// Put it up. That it begins is written down first.
    Present,
    /// See whether the world sees it.
    Look,
    /// Ask the service to validate.
    Ask,
    /// Find out why the service has not validated yet; then look and ask again.
    Check,
    /// Take down what was put up.
    CleanUp,
    /// Nothing is up and nothing is wanted: forget it.
    Forget,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofOutcome {
    /// The service tells what to publish.
    Described(Vec<Challenge>),
    /// The service does not tell it yet.
    NotYet,
    /// Putting up is about to begin, by these means.
    Presenting(String),
    /// It is up.
    Presented(Vec<Option<String>>),
    /// Everybody asked sees it.
    Seen,
    /// Somebody asked does not; `certain` is false where nobody could be asked.
    Unseen {
        /// Who was asked and what they answered, for the operator.
        words: String,
        /// Whether the answers can be relied on.
        certain: bool,
    },
    /// The service was asked.
    Asked,
    /// The service says why it has not validated, if it does.
    Checked(Option<String>),
    /// Nothing is to be done before then.
    Waiting(DateTime<Utc>),
    /// Taking down is about to begin.
    Clearing,
    /// A step failed.
    Failed(String),
}

/// What an outcome leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofSettled {
    /// To be stored, unless it is given up.
    pub proof: Proof,
    /// Taking down has been tried long enough: what is left is said to the operator, and the proof forgotten.
    pub gave_up: bool,
}

/// The pace of a proof, and who puts things up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofPace {
    /// The config's `poll`.
    pub poll: TimeDelta,
    /// A person puts it up, and can't be hurried.
    pub manual: bool,
    /// The service is asked no sooner than this after it is up: other machines of a fleet publish it too.
    pub others: TimeDelta,
}

impl ProofPace {
    fn look_after(self) -> TimeDelta {
        self.poll
            .clamp(TimeDelta::seconds(1), TimeDelta::seconds(15))
    }

    /// The pause before the service is asked for the first time.
    fn for_others(self, proof: &Proof) -> TimeDelta {
        match proof.asked {
            0 => self.others,
            _ => TimeDelta::zero(),
        }
    }

    fn look_limit(self) -> TimeDelta {
        (self.poll * 20).clamp(TimeDelta::seconds(10), LOOK_LIMIT)
    }
}

/// The next step. Total: every proof has one, and only `Rest` does nothing.
pub fn next(now: DateTime<Utc>, proof: &Proof) -> ProofStep {
    if proof.over && proof.stage != ProofStage::Clearing {
        // At once, whatever it was waiting for.
        return if proof.stage.may_be_up() {
            ProofStep::CleanUp
        } else {
            ProofStep::Forget
        };
    }
    if lasts(proof.next_at, now) {
        return ProofStep::Rest(proof.next_at);
    }
    match proof.stage {
        ProofStage::Up | ProofStage::Visible | ProofStage::Asked if proof.followed => {
            ProofStep::Rest(now + FOLLOWED)
        }
        ProofStage::Wanted => ProofStep::Describe,
        ProofStage::Described | ProofStage::Presenting => ProofStep::Present,
        ProofStage::Up => ProofStep::Look,
        ProofStage::Visible => match proof.asked_at.map(|at| at + ASK_EVERY) {
            Some(at) if lasts(at, now) => ProofStep::Rest(at),
            _ => ProofStep::Ask,
        },
        ProofStage::Asked => ProofStep::Check,
        ProofStage::Clearing => ProofStep::CleanUp,
    }
}

/// Applies an outcome. `random` in `[0, 1)` spreads the pauses after failures.
pub fn settle(
    now: DateTime<Utc>,
    pace: ProofPace,
    mut proof: Proof,
    outcome: ProofOutcome,
    random: f64,
) -> ProofSettled {
    match outcome {
        ProofOutcome::Described(challenges) => {
            proof.challenges = challenges;
            enter(&mut proof, ProofStage::Described, now);
        }
        ProofOutcome::NotYet => {
            proof.failures = 0;
            // There may be nothing to publish: the CA goes by an earlier proof, and issues when it likes.
            let waited = (now - proof.since) / 4;
            proof.next_at = now + waited.clamp(pace.look_after(), UP_CEILING);
        }
        ProofOutcome::Presenting(means) => {
            proof.means = Some(means);
            // Not `enter`: a second attempt must keep the count of failures.
            proof.stage = ProofStage::Presenting;
        }
        ProofOutcome::Presented(handles) => {
            proof.handles = handles;
            proof.last_error = None;
            enter(&mut proof, ProofStage::Up, now);
        }
        ProofOutcome::Seen => {
            proof.last_error = None;
            enter(&mut proof, ProofStage::Visible, now);
            proof.next_at = now + pace.for_others(&proof);
        }
        ProofOutcome::Unseen { words, certain } => unseen(now, pace, &mut proof, words, certain),
        ProofOutcome::Asked => {
            proof.asked_at = Some(now);
            proof.asked = proof.asked.saturating_add(1);
            enter(&mut proof, ProofStage::Asked, now);
            // One minute, two, four: a validation that goes well is seen long before.
            proof.next_at = now + pause::doubled(ASK_EVERY, proof.asked, ASK_CEILING);
        }
        ProofOutcome::Checked(words) => {
            proof.last_error = words;
            enter(&mut proof, ProofStage::Up, now);
        }
        ProofOutcome::Waiting(until) => proof.next_at = until,
        ProofOutcome::Clearing => {
            // A second attempt must keep the count of failures, and how long it has been.
            if proof.stage != ProofStage::Clearing {
                enter(&mut proof, ProofStage::Clearing, now);
            }
        }
        ProofOutcome::Failed(words) => {
            proof.failures = proof.failures.saturating_add(1);
            proof.last_error = Some(words);
            let longest = match proof.stage {
                ProofStage::Clearing => DOWN_CEILING,
                _ => UP_CEILING,
            };
            let first = pause::first_retry(pace.poll);
            proof.next_at = now + pause::backoff(first, proof.failures, longest, random);
        }
    }
    let gave_up = proof.stage == ProofStage::Clearing
        && proof.failures >= 10
        && now - proof.since >= DOWN_LIMIT;
    ProofSettled { proof, gave_up }
}

fn enter(proof: &mut Proof, stage: ProofStage, now: DateTime<Utc>) {
    proof.stage = stage;
    proof.since = now;
    proof.next_at = now;
    proof.failures = 0;
}

/// Not seen: looked for again, until the limit; then the service is asked all the same, for our look is not the CA's.
fn unseen(now: DateTime<Utc>, pace: ProofPace, proof: &mut Proof, words: String, certain: bool) {
    proof.last_error = Some(words);
    proof.failures = 0;
    let limit = match (pace.manual, certain) {
        (true, _) => MANUAL_EVERY,
        (false, true) => pace.look_limit(),
        (false, false) => pace.look_after() * 3,
    };
    let spent = now - proof.since;
    // Less than nothing: the clock was put back, and how long it has been is not known.
    if spent >= limit || spent < TimeDelta::zero() {
        enter(proof, ProofStage::Visible, now);
        proof.next_at = now + pace.for_others(proof);
    } else {
        proof.next_at = now + pace.look_after();
    }
}

#[cfg(test)]
#[path = "proof/tests.rs"]
mod tests;
