//! What the operator asked for, and the times that follow from it.

use chrono::{DateTime, TimeDelta, Utc};

use super::record::{Installed, Record};
use super::turns::Orders;
use crate::lifecycle::algorithm::Algorithm;

/// The service refuses a linked renewal earlier than this before the end
/// (Tencent Cloud, ApplyCertificate, `OldCertificateId`, 2025-02-17).
pub const WINDOW: TimeDelta = TimeDelta::days(30);

/// What the operator asked for, for one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long before the end a certificate is renewed; one to thirty days.
    pub renew_before: TimeDelta,
    /// How soon a pending order is looked at again; the pace of everything that waits for the service.
    pub poll: TimeDelta,
    /// The key algorithm to ask for.
    pub algorithm: Algorithm,
    /// A digest of all that goes into an application.
    pub inputs: String,
    /// Who orders it.
    pub orders: Orders,
}

/// How long an application without an answer is looked for at this pace; see [`Policy::patience`].
pub fn patience(poll: TimeDelta) -> TimeDelta {
    (poll * 12).max(TimeDelta::seconds(20))
}

impl Policy {
    /// Whether the certificate waits for its operator: with other inputs than those that failed, it no longer does.
    pub fn is_parked(&self, record: &Record) -> bool {
        let parked = record.parked.as_ref();
        parked.is_some_and(|parked| parked.inputs == self.inputs)
    }

    /// When the window opens for this certificate.
    ///
    /// `renew_before` before the end, thirty days at most, and half the lifetime where that is shorter: a certificate
    /// that lives for ten days must not be due from its first day on.
    pub fn renew_at(&self, installed: &Installed) -> DateTime<Utc> {
        let lifetime = installed.not_after - installed.not_before;
        installed.not_after - self.renew_before.min(WINDOW).min(lifetime / 2)
    }

    /// From here on a due certificate no longer waits for the next scheduled check: half of its window is gone.
    pub fn urgent_at(&self, installed: &Installed) -> DateTime<Utc> {
        let opens = self.renew_at(installed);
        opens + (installed.not_after - opens) / 2
    }

    /// How long an application without an answer is looked for before it counts as not made.
    ///
    /// Longer than a signature is accepted (five minutes) at the default pace, so that a request that lingered on the
    /// way is refused by then; never under twenty seconds.
    pub fn patience(&self) -> TimeDelta {
        patience(self.poll).max(self.orders.least_patience())
    }

    /// Whether an application signed at `signed_at` counts as not made, when a list seen at `seen_at` does not show it.
    /// Entries that could not be read may hide it: then the patience is longer.
    pub fn gives_up(&self, signed_at: DateTime<Utc>, seen_at: DateTime<Utc>, gaps: bool) -> bool {
        seen_at >= self.certain_at(signed_at, gaps)
    }

    /// From when on a list certainly shows what was applied for until then. Entries that could not be read may hide it:
    /// then it takes longer.
    pub fn certain_at(&self, applied_at: DateTime<Utc>, gaps: bool) -> DateTime<Utc> {
        applied_at + self.patience() * if gaps { 4 } else { 1 }
    }

    /// The pause before the next look at a pending order of this age: quick at first, then slower.
    pub fn poll_after(&self, age: TimeDelta) -> TimeDelta {
        let factor = if age < self.poll * 20 {
            1
        } else if age < self.poll * 240 {
            4
        } else {
            20
        };
        self.poll * factor
    }

    /// When a pending order is looked at that should be after this pause: up to a quarter of the pace later, so that orders
    /// that were made one shortly after the other are looked at together. One list answers for all.
    pub fn look_at(&self, now: DateTime<Utc>, pause: TimeDelta) -> DateTime<Utc> {
        let at = now + pause;
        let apart = (self.poll / 4).num_milliseconds().max(1);
        let past = at.timestamp_millis().rem_euclid(apart);
        at + TimeDelta::milliseconds((apart - past) % apart)
    }

    /// The pause before the next search for an application without an answer.
    pub fn look_after(&self, looks: u32) -> TimeDelta {
        let base = self
            .poll
            .clamp(TimeDelta::seconds(2), TimeDelta::seconds(10));
        (base * (1_i32 << looks.min(3))).min(self.patience() / 2)
    }
}
