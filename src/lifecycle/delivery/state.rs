//! What is known of one certificate's targets.

use crate::words::words;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::calendar::milliseconds;

use crate::lifecycle::cloud::Work;

words! {
    /// What kind of target it is; in the order in which they are worked on.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum TargetKind {
        /// Copies for a server.
        Install = "install",
        /// Resources at Tencent Cloud.
        Cloud = "cloud",
        /// A hook for each new certificate.
        Deploy = "deploy",
        /// The check of what is served.
        Verify = "verify",
        /// A hook for failures.
        Failure = "failure",
    }
}

words! {
    /// How far all targets of a certificate are.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Reached {
        /// Each has what it should have; also where there is none.
        Done = "done",
        /// They are being worked on.
        UnderWay = "under-way",
        /// One fails, and is tried again.
        Failing = "failing",
    }
}

/// All targets of one certificate, and what they should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliveries {
    /// The certificate's name.
    pub domain: String,
    /// What every target should have; `None` before the first certificate.
    pub wanted: Option<Wanted>,
    /// The id of the installed certificate at the service.
    pub certificate_id: Option<String>,
    /// Whether the operator went back to what is wanted.
    pub rolled_back: bool,
    /// Whether the installed certificate renewed an earlier one by an order of ours.
    pub renewal: bool,
    /// Whether it was said already that it is delivered.
    pub announced: bool,
    /// One for each target.
    pub rows: Vec<Delivery>,
}

impl Deliveries {
    /// The target of this name.
    pub fn row(&self, target: &str) -> Option<&Delivery> {
        self.rows.iter().find(|row| row.target == target)
    }

    /// Whether everything is delivered and, where that is checked, served.
    pub fn all_done(&self) -> bool {
        let wanted = self.wanted.as_ref();
        wanted.is_some_and(|wanted| self.rows.iter().all(|row| row.is_done(wanted)))
    }

    /// How far they are.
    pub fn reached(&self) -> Reached {
        let rows = self.rows.iter();
        let mut delivering = rows.filter(|row| row.kind() != TargetKind::Failure);
        if delivering.any(|row| row.attempts > 0) {
            Reached::Failing
        } else if self.wanted.is_none() || self.all_done() {
            Reached::Done
        } else {
            Reached::UnderWay
        }
    }

    /// Whether what is wanted was taken by this copy's server before, and where what is served is looked at, was served.
    pub fn is_proven(&self, copy: &Delivery) -> bool {
        let Some(wanted) = &self.wanted else {
            return false;
        };
        let mut checks = self
            .rows
            .iter()
            .filter(|row| row.kind() == TargetKind::Verify);
        copy.seen.as_ref() == Some(&wanted.fingerprint) && checks.all(|row| row.has(wanted))
    }

    /// Whether everything is done now, and that was not said yet.
    pub fn finishes(&self) -> bool {
        let delivers = |row: &Delivery| row.kind() != TargetKind::Failure;
        !self.announced && !self.rolled_back && self.rows.iter().any(delivers) && self.all_done()
    }
}

/// A certificate that targets should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// SHA-256 of the leaf, lower-case hex.
    pub fingerprint: String,
    /// When it ends.
    pub not_after: DateTime<Utc>,
}

/// What is known of one target of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names it: a digest of its settings.
    pub target: String,
    /// A few words for people.
    pub title: String,
    /// How far the work on it is, and what only its kind has.
    pub state: State,
    /// The certificate that it has, as far as we brought or saw it.
    pub delivered: Option<Wanted>,
    /// Failures in a row.
    pub attempts: u32,
    /// When there is something to do; `None` while there is nothing, or it waits for other targets.
    pub next_at: Option<DateTime<Utc>>,
    /// The last failure, in a sentence.
    pub last_error: Option<String>,
    /// What is really there: the fingerprint served, or bound in the cloud, or found in the files.
    pub seen: Option<String>,
    /// When that was looked at; `None` where it was not since the certificate came that should be there.
    pub seen_at: Option<DateTime<Utc>>,
}

/// How far the work on a target is. Each kind carries the data that only it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Copies for a server.
    Install(Install),
    /// Resources at Tencent Cloud.
    Cloud(Box<Cloud>),
    /// A hook for each new certificate: it ran, or it did not.
    Deploy,
    /// The check of what is served.
    Verify(Verify),
    /// A hook for failures.
    Failure(FailureHook),
}

/// Copies for a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// How far they are.
    pub stage: InstallStage,
    /// The operator asked for it: what somebody else put there may be replaced.
    pub forced: bool,
    /// The command that said no last, where one did.
    #[serde(default)]
    pub refused: Option<ServerCommand>,
    /// Why the files went back last, or do now.
    #[serde(default)]
    pub went_back_for: Option<String>,
}

/// A command of a server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerCommand {
    /// Whether it would take the files.
    Check,
    /// That it is to take them.
    Reload,
}

/// How far copies for a server are, with the fingerprint of what was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstallStage {
    /// Nothing is under way.
    #[default]
    Idle,
    /// What was there is saved; the new files are being written.
    Writing,
    /// The files are there; the server is asked whether it would take them.
    Checking(String),
    /// It would; it is being told to.
    Reloading(String),
    /// The files go back to what they were.
    Undoing,
    /// The files go back after the server may have seen the new ones: first they go back, then it is told again.
    UndoingAll,
    /// The files are back; the server is being told.
    ReloadingOld,
}

impl InstallStage {
    /// Whether the way back has begun.
    pub fn goes_back(&self) -> bool {
        matches!(self, Self::Undoing | Self::UndoingAll | Self::ReloadingOld)
    }
}

/// Resources at Tencent Cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cloud {
    /// How far they are.
    pub stage: CloudStage,
    /// The operator asked for it: what somebody else bound may be replaced.
    pub forced: bool,
    /// The service's work, as it was written down last. What can't be read is work of which nothing is known: it begins
    /// with a look.
    #[serde(default, deserialize_with = "if_readable")]
    pub work: Option<Work>,
    /// How many had the certificate when that was last looked at.
    pub bound: Option<u64>,
    /// The service's id of the certificate that they had before; a roll-back goes there.
    pub before: Option<String>,
    /// Set while a task that changes load balancers may be under way: no other may begin in the account.
    pub balancer: Option<Balancer>,
}

/// How far cloud resources are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloudStage {
    /// Nothing is under way.
    #[default]
    Idle,
    /// The cloud is at work on it.
    Moving,
    /// They go back to the certificate before.
    Undoing,
}

/// A task that changes load balancers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balancer {
    /// In which account.
    pub account: String,
    /// When it was asked for.
    #[serde(with = "milliseconds")]
    pub since: DateTime<Utc>,
}

impl Balancer {
    /// Whether it keeps another such task from beginning in this account. One that began longer than `patience` ago no
    /// longer does, nor one that begins in the future, by a clock that was put back since.
    pub fn blocks(&self, account: &str, now: DateTime<Utc>, patience: TimeDelta) -> bool {
        self.account == account && self.since > now - patience && self.since < now + patience
    }
}

/// The check of what is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// Set while another certificate is served, which may still change.
    pub looking: Option<Looking>,
    /// The fingerprint that cloud resources went back from, because it was not served. That happens once.
    pub went_back: Option<String>,
}

/// Another certificate is served than should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looking {
    /// The fingerprint that should be served.
    pub aim: String,
    /// When the other one was first seen.
    #[serde(with = "milliseconds")]
    pub since: DateTime<Utc>,
}

/// A hook for failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureHook {
    /// What failed, in a sentence.
    pub reason: Option<String>,
}

fn if_readable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Work>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl State {
    /// Nothing is under way, and nothing is known.
    pub fn new(kind: TargetKind) -> Self {
        match kind {
            TargetKind::Install => Self::Install(Install::default()),
            TargetKind::Cloud => Self::Cloud(Box::default()),
            TargetKind::Deploy => Self::Deploy,
            TargetKind::Verify => Self::Verify(Verify::default()),
            TargetKind::Failure => Self::Failure(FailureHook::default()),
        }
    }

    /// The word for what is under way; none where nothing is.
    pub fn stage(&self) -> Option<&'static str> {
        match self {
            Self::Install(install) => match install.stage {
                InstallStage::Idle => None,
                InstallStage::Writing => Some("writing"),
                InstallStage::Checking(_) => Some("checking"),
                InstallStage::Reloading(_) => Some("reloading"),
                InstallStage::Undoing => Some("undoing"),
                InstallStage::UndoingAll => Some("undoing-all"),
                InstallStage::ReloadingOld => Some("reloading-old"),
            },
            Self::Cloud(cloud) => match cloud.stage {
                CloudStage::Idle => None,
                CloudStage::Moving => Some("moving"),
                CloudStage::Undoing => Some("undoing"),
            },
            Self::Verify(verify) => verify.looking.as_ref().map(|_| "looking"),
            Self::Deploy | Self::Failure(_) => None,
        }
    }
}

impl Delivery {
    /// A target of which nothing is known yet, and for which nothing is to be done.
    pub fn new(target: impl Into<String>, kind: TargetKind, title: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            title: title.into(),
            state: State::new(kind),
            delivered: None,
            attempts: 0,
            next_at: None,
            last_error: None,
            seen: None,
            seen_at: None,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> TargetKind {
        match self.state {
            State::Install(_) => TargetKind::Install,
            State::Cloud(_) => TargetKind::Cloud,
            State::Deploy => TargetKind::Deploy,
            State::Verify(_) => TargetKind::Verify,
            State::Failure(_) => TargetKind::Failure,
        }
    }

    /// Of cloud resources, how many had the certificate when that was last looked at.
    pub fn bound(&self) -> Option<u64> {
        match &self.state {
            State::Cloud(cloud) => cloud.bound.filter(|_| self.seen_at.is_some()),
            _ => None,
        }
    }

    /// What was really there, and when that was seen: only of a look since the certificate came that should be there.
    pub fn look(&self) -> Option<(&str, DateTime<Utc>)> {
        self.seen.as_deref().zip(self.seen_at)
    }

    /// Whether another certificate is there than should be. What a server may still show for a while is not judged yet.
    pub fn has_other(&self, wanted: &Wanted) -> bool {
        let is_judged = match &self.state {
            State::Install(_) | State::Cloud(_) => true,
            State::Verify(verify) => verify.looking.is_none(),
            State::Deploy | State::Failure(_) => false,
        };
        let look = self.look().filter(|_| is_judged);
        look.is_some_and(|(seen, _)| seen != wanted.fingerprint)
    }

    /// Whether this certificate was brought there.
    pub fn has(&self, wanted: &Wanted) -> bool {
        let delivered = self.delivered.as_ref();
        delivered.is_some_and(|delivered| delivered.fingerprint == wanted.fingerprint)
    }

    /// Whether it has what it should have, and rests.
    pub fn is_done(&self, wanted: &Wanted) -> bool {
        self.kind() == TargetKind::Failure || (self.state.stage().is_none() && self.has(wanted))
    }

    /// The word for where it stands, as `status` shows it.
    pub fn status(&self, wanted: Option<&Wanted>) -> &'static str {
        match wanted {
            None => "waiting",
            Some(wanted) if self.is_done(wanted) && self.attempts == 0 => "done",
            Some(_) if self.attempts > 0 => "failing",
            Some(_) => self.state.stage().unwrap_or("waiting"),
        }
    }

    /// Whether the check of what is served waits for it.
    pub(super) fn delivers(&self) -> bool {
        matches!(
            self.kind(),
            TargetKind::Install | TargetKind::Cloud | TargetKind::Deploy
        )
    }

    /// It has this certificate, and rests.
    pub(super) fn received(&mut self, wanted: Option<&Wanted>) {
        self.delivered = wanted.cloned();
        self.attempts = 0;
        self.next_at = None;
        self.last_error = None;
    }

    /// It was looked at.
    pub(super) fn saw(&mut self, seen: Option<String>, now: DateTime<Utc>) {
        self.seen = seen;
        self.seen_at = Some(now);
    }

    /// Another certificate should be there now, or it is brought anew: what was seen before says nothing of that.
    pub(super) fn is_unseen(&mut self) {
        if self.kind() != TargetKind::Failure {
            self.seen_at = None;
        }
    }

    /// Something else is there than what was brought: it is brought again.
    pub(super) fn drifted(&mut self, seen: String, reason: String, now: DateTime<Utc>) {
        self.delivered = None;
        self.saw(Some(seen), now);
        self.last_error = Some(reason);
        self.next_at = Some(now);
    }
}
