//! How an order ends, how a certificate comes to wait for its operator, and what either leaves of the record.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::record::{Order, Parked, Record, Retry};
use super::retry;
use crate::lifecycle::failure::{Class, Failure};
use crate::words::words;

words! {
    /// How an order ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Ending {
        /// Its certificate is installed.
        Installed = "installed",
        /// The service refused the application: it was never made.
        Refused = "refused",
        /// Its outcome was unknown, and it never showed up.
        Vanished = "vanished",
        /// The service or the CA rejected it.
        Rejected = "rejected",
        /// It was cancelled.
        Cancelled = "cancelled",
        /// It is no longer at the service.
        Gone = "gone",
        /// Its certificate was issued, and ended before it could be installed.
        Expired = "expired",
        /// Its certificate was issued, and can't be used: no private key, or material that is not what it should be.
        Unusable = "unusable",
        /// It was not ours to follow any more: the config dropped the name, somebody else made it, or others see to it.
        Kept = "kept",
    }
}

/// An order that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The order as it last was.
    pub order: Order,
    /// How it ended.
    pub ending: Ending,
}

/// The new record, and the order that ended on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// To be stored in one transaction with `closed`.
    pub record: Record,
    /// The order that ended.
    pub closed: Option<Closed>,
}

/// What an outcome is settled by: the time, what the operator asked for, and chance in `[0, 1)`.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) policy: &'a Policy,
    pub(super) random: f64,
}

impl Moment<'_> {
    /// When an order is made anew after one that came to nothing; `lost` is the how many-th in a row that was.
    pub(super) fn after_lost(self, ending: Ending, lost: u32) -> DateTime<Utc> {
        let pause = match ending {
            Ending::Cancelled | Ending::Gone => {
                retry::after_cancellation(self.policy, lost, self.random)
            }
            _ => retry::after_rejection(self.policy, lost, self.random),
        };
        self.now + pause
    }

    pub(super) fn backoff(self, record: &Record, class: Class, failures: u32) -> TimeDelta {
        retry::backoff(self.now, self.policy, record, class, failures, self.random)
    }
}

/// Ends the open order.
pub(super) fn close(record: &mut Record, ending: Ending) -> Option<Closed> {
    record.order.take().map(|order| Closed { order, ending })
}

/// An order that cost a slot and brought nothing; `until` is when it is made anew, by how many were lost in a row. Orders
/// lost in a row are failures in a row, also where each was taken without trouble.
pub(super) fn lose(
    record: &mut Record,
    ending: Ending,
    message: String,
    until: impl FnOnce(u32) -> Option<DateTime<Utc>>,
) -> Option<Closed> {
    let retry = &mut record.retry;
    retry.lost_orders += 1;
    retry.failures = retry.failures.saturating_add(1).max(retry.lost_orders);
    retry.not_before = until(retry.lost_orders);
    retry.last = Some(Failure::ours(Class::Transient, message));
    close(record, ending)
}

/// What was adopted and is of no use makes room for an order of our own; one of our own costs a slot, as a rejected one.
pub(super) fn put_aside(
    record: &mut Record,
    message: String,
    until: impl FnOnce(u32) -> Option<DateTime<Utc>>,
) -> Option<Closed> {
    if !record.order.as_ref().is_some_and(|order| order.adopted) {
        return lose(record, Ending::Unusable, message, until);
    }
    record.retry = Retry {
        lost_orders: record.retry.lost_orders,
        unvalidated: record.retry.unvalidated,
        ..Retry::default()
    };
    close(record, Ending::Unusable)
}

/// The certificate waits for its operator from now on; what was asked for has been tried.
pub(super) fn park(record: &mut Record, moment: Moment<'_>, reason: String, remedy: String) {
    record.parked = Some(Parked {
        reason,
        remedy,
        inputs: moment.policy.inputs.clone(),
        since: moment.now,
    });
    record.forced = None;
}

/// Ends the wait for the operator, for what was wrong may be right now. It is tried as for the first time.
pub(super) fn unpark(record: &mut Record) {
    if record.parked.take().is_some() {
        record.retry.failures = 0;
        record.retry.unvalidated = 0;
        record.retry.not_before = None;
    }
}
