//! What comes next to a certificate, and when.

use chrono::{DateTime, Utc};

use super::view::{Line, View};
use crate::lifecycle::delivery::Reached;
use crate::lifecycle::{Orders, Rest, State, Step};

impl View {
    /// When what comes next happens to it; none where that is its operator's to begin, or nothing does.
    pub(crate) fn comes_at(&self, line: &Line<'_>) -> Option<DateTime<Utc>> {
        let now = self.now;
        if line.is_delivered_next() {
            let targets = self.targets(&line.record.domain).iter();
            let at = targets.filter_map(|target| target.next_at).min();
            return Some(at.map_or(now, |at| at.max(now)));
        }
        if !line.by_hand.is_empty() {
            return None;
        }
        match &line.step {
            // A renewal waits for the next scheduled check.
            Step::Order { .. } if !line.is_at_once(now) => {
                self.config.schedule.check.next_after(now)
            }
            Step::Order { .. } | Step::Seek { .. } | Step::LookUp | Step::Poll | Step::Fetch => {
                Some(now)
            }
            Step::Rest { why, until } => match (why, line.policy.orders) {
                (Rest::Parked | Rest::Paused | Rest::Removed, _) => None,
                (Rest::Turn, Orders::InTurn { turns, .. }) => Some(turns.next(now)),
                _ => until.map(|until| until.max(now)),
            },
        }
    }
}

impl Line<'_> {
    /// Whether its targets come next, and no step of an order.
    pub(crate) fn is_delivered_next(&self) -> bool {
        self.by_hand.is_empty()
            && self.standing.state == State::Installed
            && self.standing.delivery != Reached::Done
    }

    /// Whether what is due of it waits for no scheduled check.
    pub(crate) fn is_at_once(&self, now: DateTime<Utc>) -> bool {
        let urgent_at = self.schedule.urgent_at;
        self.schedule.in_flight || urgent_at.is_some_and(|at| at <= now)
    }

    /// What comes next, in a word for JSON and tables.
    pub(crate) fn next_step(&self) -> &'static str {
        match self.is_delivered_next() {
            true => "deliver",
            false => step_name(&self.step),
        }
    }
}

/// The next step in a word, for JSON and tables.
pub(crate) fn step_name(step: &Step) -> &'static str {
    match step {
        Step::Rest { why, .. } => match why {
            Rest::Fresh => "renew",
            Rest::Pending => "poll",
            Rest::Backoff => "retry",
            Rest::Turn => "wait for its turn",
            Rest::Elsewhere => "wait for another machine",
            Rest::Parked => "wait for operator",
            Rest::Paused => "none (paused)",
            Rest::Hold(_) => "wait for account",
            Rest::Removed => "none",
        },
        Step::Order { link: None, .. } => "order",
        Step::Order { link: Some(_), .. } => "renew",
        Step::Seek { .. } => "seek",
        Step::LookUp => "look up",
        Step::Poll => "poll",
        Step::Fetch => "fetch",
    }
}
