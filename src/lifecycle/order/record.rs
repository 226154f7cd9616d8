//! What is known of one certificate: the vocabulary of the lifecycle.

use chrono::{DateTime, Utc};

use crate::lifecycle::algorithm::Algorithm;
use crate::lifecycle::failure::Failure;
use crate::lifecycle::proof::Method;

/// Everything known of one certificate of the config.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The name that the certificate covers; ASCII, lower case.
    pub domain: String,
    /// The account that the config names for it.
    pub account: String,
    /// False once the config no longer names it: nothing new is ordered, an open order is followed to its end.
    pub wanted: bool,
    /// What is installed.
    pub installed: Option<Installed>,
    /// The one open order, if there is one.
    pub order: Option<Order>,
    /// Failures in a row, and when to try again.
    pub retry: Retry,
    /// When the operator asked for a new certificate regardless of the window.
    pub forced: Option<DateTime<Utc>>,
    /// Set while the certificate waits for its operator.
    pub parked: Option<Parked>,
    /// Since when its operator holds back all that is done by itself.
    pub paused: Option<DateTime<Utc>>,
    /// Somebody else's pending order for this name that is waited for.
    pub foreign: Option<Foreign>,
    /// Since when it is due and waits for somebody else to order it, or for this machine's turn; by the service's clock, where
    /// that is known.
    pub waits_since: Option<DateTime<Utc>>,
    /// The gravest alarm raised for what is installed, in days left.
    pub alarmed: Option<i64>,
    /// The `Status` by which the service calls the installed certificate dead before its end: revoked, being revoked,
    /// refunded (Tencent Cloud, certificate status).
    pub dead: Option<i64>,
    /// When that ends which visitors get instead of what is installed, where that is known: after a rollback, or where a
    /// copy or a server still has an earlier certificate. Read from the deliveries; never written with the record.
    pub shown_until: Option<DateTime<Utc>>,
}

impl Record {
    /// A certificate of which nothing is known yet.
    pub fn new(domain: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            account: account.into(),
            wanted: true,
            installed: None,
            order: None,
            retry: Retry::default(),
            forced: None,
            parked: None,
            paused: None,
            foreign: None,
            waits_since: None,
            alarmed: None,
            dead: None,
            shown_until: None,
        }
    }

    /// Whether somebody else's order is waited for.
    pub fn waits_for_other(&self) -> bool {
        self.foreign
            .as_ref()
            .is_some_and(|foreign| !foreign.outwaited)
    }

    /// The account that the next call goes to: an open order stays where it was made, whatever the config says now.
    pub fn acting_account(&self) -> &str {
        self.order
            .as_ref()
            .map_or(self.account.as_str(), |order| order.account.as_str())
    }

    /// The open order's id at the service, once known.
    pub fn ordered_id(&self) -> Option<&str> {
        self.order.as_ref()?.stage.certificate_id()
    }

    /// When that ends which visitors get: all that is told of time goes by this. What is ordered goes by what is
    /// installed.
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        let installed = self.installed.as_ref()?.not_after;
        Some(
            self.shown_until
                .map_or(installed, |shown| shown.min(installed)),
        )
    }
}

/// Somebody else's order that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its id at the service.
    pub certificate_id: String,
    /// When we saw it first: what the service says of its age may be missing, or wrong.
    pub since: DateTime<Utc>,
    /// We ordered our own since: it is not waited for again, and still taken if it is issued.
    pub outwaited: bool,
}

/// The installed certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its id at the service.
    pub certificate_id: String,
    /// The account in which it lives.
    pub account: String,
    /// Start of validity.
    pub not_before: DateTime<Utc>,
    /// End of validity.
    pub not_after: DateTime<Utc>,
    /// SHA-256 of the leaf, lower-case hex.
    pub fingerprint: String,
    /// When it was installed.
    pub installed_at: DateTime<Utc>,
}

/// One application at the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our own id, eight characters of `[a-z0-9]`.
    pub id: String,
    /// The text by which it is found again; first in the order's alias.
    pub marker: String,
    /// The account it was made in.
    pub account: String,
    /// The key algorithm it was made for; an edit in mid-order acts at the next renewal.
    pub algorithm: Algorithm,
    /// How control is proved; an edit in mid-order acts at the next renewal.
    pub method: Method,
    /// The `OldCertificateId` that was sent.
    pub link: Option<String>,
    /// True for a renewal of an installed certificate, false for a first one.
    pub renewal: bool,
    /// True if it was found and not made by us.
    pub adopted: bool,
    /// How far it is.
    pub stage: Stage,
}

impl Order {
    /// Whether control of the domain is to be proved from here: for a pending order of ours, unless the service does it. Of
    /// another machine's, which is only followed, the proof is published.
    pub fn needs_proof(&self) -> bool {
        matches!(self.stage, Stage::Pending { .. }) && self.method != Method::DnsAuto
    }

    /// Whether it is another machine's pending order, of which only the proof is published: a certificate is adopted once it
    /// is issued, unless this machine orders itself.
    pub fn is_followed(&self) -> bool {
        self.adopted && matches!(self.stage, Stage::Pending { .. })
    }
}

/// How far an order is. Each stage carries the data that only it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The marker is written; the application was sent, or was about to be. Its outcome is not known.
    Intended {
        /// The timestamp that was signed.
        signed_at: DateTime<Utc>,
        /// How often it was looked for since.
        looks: u32,
    },
    /// The service has it; validation and signing go on.
    Pending {
        /// The service's id.
        certificate_id: String,
        /// When we first knew of it.
        since: DateTime<Utc>,
        /// Until when the service waits for validation, where it said so.
        deadline: Option<DateTime<Utc>>,
        /// The `Status` number last seen.
        status: i64,
        /// What was said already of how long it takes.
        stalled: Stall,
    },
    /// The CA signed; the material can be fetched.
    Issued {
        /// The service's id.
        certificate_id: String,
    },
}

/// What was said of an order that takes unusually long: each once, and the later says more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stall {
    /// Nothing.
    #[default]
    Unsaid,
    /// That it is pending for so long.
    Slow,
    /// That nobody validated it in time, and that it is to be cancelled.
    NotValidated,
}

impl Stall {
    /// The number in the database.
    pub fn number(self) -> i64 {
        match self {
            Self::Unsaid => 0,
            Self::Slow => 1,
            Self::NotValidated => 2,
        }
    }

    /// What the database says by this number.
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Unsaid,
            1 => Self::Slow,
            _ => Self::NotValidated,
        }
    }
}

impl Stage {
    /// The stable name used in the database, JSON and on screens.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Intended { .. } => "intended",
            Self::Pending { .. } => "pending",
            Self::Issued { .. } => "issued",
        }
    }

    /// The service's id, once known.
    pub fn certificate_id(&self) -> Option<&str> {
        match self {
            Self::Intended { .. } => None,
            Self::Pending { certificate_id, .. } | Self::Issued { certificate_id } => {
                Some(certificate_id)
            }
        }
    }
}

/// Failures in a row, and the time before which nothing is tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retry {
    /// Failures since the last success.
    pub failures: u32,
    /// Orders in a row that were rejected or cancelled.
    pub lost_orders: u32,
    /// Of these, the ones that nobody validated in all the time there was.
    pub unvalidated: u32,
    /// Nothing is tried before this.
    pub not_before: Option<DateTime<Utc>>,
    /// The last failure.
    pub last: Option<Failure>,
    /// The service refused the renewal link for good: the next application goes without.
    pub without_link: bool,
}

impl Retry {
    /// The service answered as it should: what failed before is over. Nothing is tried before `not_before`.
    pub(super) fn went_well(&mut self, not_before: Option<DateTime<Utc>>) {
        self.failures = 0;
        self.last = None;
        self.not_before = not_before;
    }

    /// Whether this failure is the one before it again: of the same class, with the same code.
    pub fn is_repeated_by(&self, failure: &Failure) -> bool {
        self.last
            .as_ref()
            .is_some_and(|last| (last.class, &last.code) == (failure.class, &failure.code))
    }
}

/// Why a certificate waits for its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// The digest of the inputs that failed; other inputs end the wait.
    pub inputs: String,
    /// When it was parked.
    pub since: DateTime<Utc>,
}
