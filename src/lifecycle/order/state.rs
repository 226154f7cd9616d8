//! Where a certificate stands, in one word: the same for `status`, `why`, `renew`, the page and the metrics.

use chrono::{DateTime, Utc};

use super::plan::{Rest, Step, plan};
use super::policy::Policy;
use super::record::{Record, Stage};
use crate::lifecycle::delivery::Reached;
use crate::lifecycle::failure::Class;
use crate::lifecycle::hold::{Hold, HoldScope};
use crate::sentence::{Phrase, say};
use crate::words::words;

words! {
    /// Where a certificate stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum State {
        /// Key and chain lie on this machine's disk, and nothing is due.
        Installed = "installed",
        /// There is no certificate yet.
        Missing = "missing",
        /// An application is written down; its outcome is not known.
        Intended = "intended",
        /// The service is at work on the order.
        Pending = "pending",
        /// The CA signed; the material is to be fetched.
        Issued = "issued",
        /// It failed, and is tried again.
        Failing = "failing",
        /// It waits for its operator.
        Parked = "parked",
        /// Something beside it keeps it back: a [`WaitsFor`] says what.
        Waiting = "waiting",
        /// What is installed has ended.
        Expired = "expired",
        /// The service calls what is installed revoked or refunded.
        Revoked = "revoked",
        /// Its operator keeps it paused.
        Paused = "paused",
        /// The config no longer names it.
        Removed = "removed",
    }
}

words! {
    /// What is waited for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum WaitsFor {
        /// Free certificates of the account or of the main domain: all are used.
        Quota = "quota",
        /// Its account: the service refuses its credentials or its permissions.
        Account = "account",
        /// The service: its list can't be had just now, or it limits applications.
        Service = "service",
        /// Somebody else's order for the same name, there already or still to come.
        Order = "order",
        /// This machine's turn to order.
        Turn = "turn",
        /// A person.
        Operator = "operator",
    }
}

impl WaitsFor {
    /// What a certificate waits for that this keeps back.
    pub fn of(hold: &Hold) -> Self {
        match (&hold.scope, hold.failure.class) {
            (HoldScope::Account | HoldScope::Fetch, _) | (_, Class::Operator) => Self::Account,
            (HoldScope::List, _) | (_, Class::Transient) => Self::Service,
            (HoldScope::Orders | HoldScope::MainDomain(_), _) => Self::Quota,
        }
    }
}

/// Where a certificate stands, with what it waits for, and whether it is where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The word for it.
    pub state: State,
    /// What it waits for, where that is not its own time.
    pub waits_for: Option<WaitsFor>,
    /// How far its targets are.
    pub delivery: Reached,
}

impl From<State> for Standing {
    fn from(state: State) -> Self {
        Self {
            state,
            waits_for: None,
            delivery: Reached::Done,
        }
    }
}

impl Standing {
    /// Of this record, by `holds` of the account that it acts in, and how far its targets are.
    pub fn of(
        now: DateTime<Utc>,
        policy: &Policy,
        record: &Record,
        holds: &[Hold],
        delivery: Reached,
    ) -> Self {
        let of = |state, waits_for| Self {
            state,
            waits_for,
            delivery,
        };
        if record.paused.is_some() {
            return of(State::Paused, Some(WaitsFor::Operator));
        }
        let step = plan(now, policy, record, holds);
        if let Step::Rest {
            why: Rest::Hold(hold),
            ..
        } = &step
        {
            return of(State::Waiting, Some(WaitsFor::of(hold)));
        }
        if let Some(order) = &record.order {
            let state = match order.stage {
                Stage::Intended { .. } => State::Intended,
                Stage::Pending { .. } => State::Pending,
                Stage::Issued { .. } => State::Issued,
            };
            return of(state, None);
        }
        if !record.wanted {
            return of(State::Removed, None);
        }
        if record.parked.is_some() {
            return of(State::Parked, Some(WaitsFor::Operator));
        }
        if record.waits_for_other() {
            return of(State::Waiting, Some(WaitsFor::Order));
        }
        let state = match record.ends() {
            _ if record.retry.failures > 0 => State::Failing,
            None => State::Missing,
            Some(end) if end <= now => State::Expired,
            Some(_) if record.dead.is_some() => State::Revoked,
            Some(_) => State::Installed,
        };
        let ordered_later = match step {
            Step::Rest {
                why: Rest::Turn, ..
            } => Some(WaitsFor::Turn),
            Step::Rest {
                why: Rest::Elsewhere,
                ..
            }
            | Step::Seek { .. } => Some(WaitsFor::Order),
            _ => None,
        };
        match (state, ordered_later) {
            (State::Missing | State::Installed, Some(_)) => of(State::Waiting, ordered_later),
            _ => of(state, None),
        }
    }

    /// The same, where a person may be waited for: to add a record that validates the pending order.
    #[must_use]
    pub fn awaiting_a_person(self, is_awaited: bool) -> Self {
        match self.state {
            State::Pending if is_awaited => Self {
                waits_for: Some(WaitsFor::Operator),
                ..self
            },
            _ => self,
        }
    }

    /// A few words for people.
    pub(crate) fn phrase(self) -> Phrase {
        match (self.state, self.waits_for) {
            (State::Installed, _) => match self.delivery {
                Reached::Done => say("installed", "已安装"),
                Reached::UnderWay => say("being delivered", "部署中"),
                Reached::Failing => say("not delivered", "部署未完成"),
            },
            (State::Missing, _) => say("missing", "尚无证书"),
            (State::Intended, _) => say("applying", "申请中"),
            (State::Pending, Some(WaitsFor::Operator)) => say("needs a record", "待添加记录"),
            (State::Pending, _) => say("pending", "待签发"),
            (State::Issued, _) => say("issued", "已签发"),
            (State::Failing, _) => say("failing", "重试中"),
            (State::Parked, _) => say("parked", "待人工处理"),
            (State::Waiting, Some(WaitsFor::Quota)) => say("waiting for quota", "等待额度"),
            (State::Waiting, Some(WaitsFor::Account)) => say("waiting for account", "等待账号恢复"),
            (State::Waiting, Some(WaitsFor::Service)) => say("waiting for service", "等待服务恢复"),
            (State::Waiting, Some(WaitsFor::Turn)) => say("waiting for turn", "等待轮次"),
            (State::Waiting, _) => say("waiting for order", "等待他人订单"),
            (State::Expired, _) => say("expired", "已过期"),
            (State::Revoked, _) => say("revoked", "已吊销"),
            (State::Paused, _) => say("paused", "已暂停"),
            (State::Removed, _) => say("removed", "已移出配置"),
        }
    }
}
