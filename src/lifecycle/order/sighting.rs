//! What the service's list shows of an order or a certificate.

use chrono::{DateTime, TimeDelta, Utc};

use crate::lifecycle::algorithm::Algorithm;
use crate::lifecycle::proof::Method;
use crate::words::words;

/// An order that is still pending and not validated this long after its validation deadline is of no use any more, whoever
/// made it.
pub(super) const DEADLINE_GRACE: TimeDelta = TimeDelta::hours(1);

/// What the service's list shows of one order or certificate with our exact name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The service's id.
    pub certificate_id: String,
    /// The remark, in which a marker may stand.
    pub alias: String,
    /// What the `Status` number means.
    pub state: SightingState,
    /// The `Status` number.
    pub status: i64,
    /// The service's words on that, where it has any; for people only.
    pub reason: Option<String>,
    /// A free certificate that ApplyCertificate could have made: a package that is known to be free or a marker of
    /// Evercert's, and not uploaded.
    pub free: bool,
    /// The service tells neither its remark nor its package: whose it is, and what, can't be said.
    pub obscure: bool,
    /// It was uploaded: nobody applied for it here.
    pub uploaded: bool,
    /// Its key algorithm, where the list says so.
    pub algorithm: Option<Algorithm>,
    /// False if downloading is switched off.
    pub downloadable: bool,
    /// End of validity, once issued.
    pub not_after: Option<DateTime<Utc>>,
    /// When it was applied for.
    pub inserted: Option<DateTime<Utc>>,
    /// The certificate that it renews.
    pub origin: Option<String>,
    /// True once control of the domain was proved.
    pub validated: bool,
    /// Whether the service's own DNS answers for the name, where it says so: else `DNS_AUTO` can't be validated.
    pub resolved_here: Option<bool>,
    /// How control is proved, where the service tells it.
    pub method: Option<Method>,
    /// Until when the service waits for validation.
    pub deadline: Option<DateTime<Utc>>,
    /// Its other names, wildcards too.
    pub also: Vec<String>,
}

words! {
    /// What a `Status` number means for us (Tencent Cloud, certificate status).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SightingState {
        /// Review, validation or signing goes on; unknown numbers count as this.
        Pending = "pending",
        /// The material can be fetched.
        Issued = "issued",
        /// Review failed.
        Rejected = "rejected",
        /// Cancelled.
        Cancelled = "cancelled",
        /// Expired, revoked, refunded, or about to be: of no use.
        Dead = "dead",
    }
}

/// `Status` of an expired certificate (Tencent Cloud, certificate status).
const EXPIRED: i64 = 3;

impl Sighting {
    /// The `Status` by which the service calls a certificate dead before its end: revoked, being revoked, refunded. To have
    /// expired, by the service's own clock, is none.
    pub fn revoked(&self) -> Option<i64> {
        let is_dead = matches!(self.state, SightingState::Dead | SightingState::Cancelled);
        (is_dead && self.status != EXPIRED).then_some(self.status)
    }

    /// Whether it has come to nothing, or to its end, and holds a slot until it is deleted.
    pub fn is_useless(&self) -> bool {
        match self.state {
            SightingState::Rejected | SightingState::Cancelled => true,
            SightingState::Dead => self.status == EXPIRED,
            SightingState::Pending | SightingState::Issued => false,
        }
    }

    /// Whether it counts against the account's limit of free certificates, by the facts' safe assumption: pending,
    /// unexpired, and failed or cancelled ones until they are deleted.
    pub fn holds_a_slot(&self, now: DateTime<Utc>) -> bool {
        self.free
            && match self.state {
                SightingState::Pending | SightingState::Rejected | SightingState::Cancelled => true,
                SightingState::Issued => self.not_after.is_none_or(|end| end > now),
                SightingState::Dead => false,
            }
    }
}
