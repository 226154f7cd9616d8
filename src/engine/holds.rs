//! What keeps an account's certificates back during a pass, and what each of its actions was refused for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::clock::Clock;
use crate::lifecycle::{Hold, HoldScope};

/// An application that has no answer after this long no longer keeps those of the same account waiting.
const LONGEST_ALONE: Duration = Duration::from_secs(10);

/// The holds of one account during a pass: what one turn finds, the others heed.
pub(super) struct Holds {
    account: String,
    holds: Mutex<Vec<Hold>>,
    applying: tokio::sync::Mutex<()>,
}

impl Holds {
    /// Those of this account.
    pub(super) fn of(account: &str, all: &[Hold]) -> Self {
        let own = all.iter().filter(|hold| hold.account == account);
        Self {
            account: account.to_owned(),
            holds: Mutex::new(own.cloned().collect()),
            applying: tokio::sync::Mutex::new(()),
        }
    }

    /// Whose they are.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// Waits until no other application of the account is under way, in the order of asking: whether there is a slot
    /// left, or a right, only an answer tells, and one refusal is enough.
    pub(super) async fn alone(&self, clock: &dyn Clock) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let turn = std::pin::pin!(self.applying.lock());
        match select(turn, clock.sleep(LONGEST_ALONE)).await {
            Either::Left((guard, _)) => Some(guard),
            Either::Right(_) => None,
        }
    }

    pub(super) fn all(&self) -> Vec<Hold> {
        self.lock().clone()
    }

    /// The one of this scope, in force or over.
    pub(super) fn get(&self, scope: &HoldScope) -> Option<Hold> {
        let holds = self.lock();
        holds.iter().find(|hold| hold.scope == *scope).cloned()
    }

    pub(super) fn set(&self, hold: Hold) {
        self.lift(&hold.scope);
        self.lock().push(hold);
    }

    pub(super) fn lift(&self, scope: &HoldScope) {
        self.lock().retain(|hold| hold.scope != *scope);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What each action was refused for since it last went well, by account and action. A refusal is about the account once
/// it came for a second resource; it is forgotten with the process, which costs one call more.
#[derive(Default)]
pub(super) struct Refusals(Mutex<BTreeMap<(String, &'static str), BTreeSet<String>>>);

impl Refusals {
    /// Notes one. True if another resource was refused too.
    pub(super) fn note(&self, account: &str, action: &'static str, resource: String) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = all.entry((account.to_owned(), action)).or_default();
        refused.insert(resource);
        refused.len() > 1
    }

    /// Forgets them, for the account may do some of it.
    pub(super) fn forget(&self, account: &str, is_one: impl Fn(&str) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, action), _| of != account || !is_one(action));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{Class, Failure};

    #[test]
    fn one_account_s_holds_are_not_another_one_s() {
        let hold = |account: &str| Hold {
            account: account.to_owned(),
            scope: HoldScope::Orders,
            until: chrono::DateTime::UNIX_EPOCH,
            times: 1,
            failure: Failure::ours(Class::Quota, "full".to_owned()),
        };
        let all = [hold("one"), hold("other")];
        assert_eq!(Holds::of("one", &all).all(), [hold("one")]);
        assert!(Holds::of("third", &all).all().is_empty());
    }
}
