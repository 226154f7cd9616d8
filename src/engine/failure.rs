//! An API error as the lifecycle sees it, and what it holds back beyond one certificate.
//!
//! How far a refusal reaches follows from its code, the action that was called, and what the call named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use super::journal::Journal;
use super::turn::Holds;
use super::{Engine, EngineError, Settings};
use crate::config::main_domain;
use crate::lifecycle::plan::hold_covers;
use crate::lifecycle::{Class, Failure, Hold, HoldScope, Record, retry};
use crate::observe::event::{self, Event};
use crate::tencent::error::APPLY_ACTION;
use crate::tencent::{ApiError, Scope};

/// A failure, and whether a hold says when to try again.
pub(super) struct Judged {
    pub(super) failure: Failure,
    pub(super) held_back: bool,
}

/// What a call named: a refusal may be about that alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named<'a> {
    /// Nothing: the account's list.
    List,
    /// One certificate, by its id.
    Certificate(&'a str),
    /// An application for this certificate, in this project where the config names one.
    Application {
        record: &'a Record,
        project: Option<u64>,
    },
}

/// What each action was refused for since it last went well, by account and action. A refusal is about the account once
/// it came for a second resource; it is forgotten with the process, which costs one call more.
#[derive(Default)]
pub(super) struct Refusals(Mutex<BTreeMap<(String, &'static str), BTreeSet<String>>>);

impl Refusals {
    /// Notes one. True if another resource was refused too.
    fn note(&self, account: &str, action: &'static str, resource: String) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = all.entry((account.to_owned(), action)).or_default();
        refused.insert(resource);
        refused.len() > 1
    }

    /// Forgets them, for the account may do some of it.
    fn forget(&self, account: &str, is_one: impl Fn(&str) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, action), _| of != account || !is_one(action));
    }
}

impl Engine {
    /// The failure that this error is. Where it concerns more than what the call named, the hold is set and said.
    pub(super) async fn api_failure(
        &self,
        account: &str,
        error: &ApiError,
        holds: &Holds,
        named: Named<'_>,
    ) -> Result<Judged, EngineError> {
        let failure = failure_of(error);
        say_refusal(account, error);
        let Some(scope) = self.reach(account, error, named) else {
            return Ok(Judged {
                failure,
                held_back: false,
            });
        };
        let first_limit = error.may_be_throttle() && holds.times(account, &scope) == 0;
        if first_limit {
            // Too many requests, or no slot left: the next application tells, and the others wait for it.
            let failure = Failure {
                class: Class::Transient,
                ..failure
            };
            let pause = retry::after_limit(self.settings().poll(), self.environment.dice.roll());
            self.set_hold(account, scope, failure.clone(), 1, pause, holds)
                .await?;
            return Ok(Judged {
                failure,
                held_back: true,
            });
        }
        let most = match named {
            Named::Application { record, .. } => {
                retry::longest_hold(self.environment.clock.now(), record)
            }
            Named::List | Named::Certificate(_) => TimeDelta::MAX,
        };
        self.hold(account, scope, failure.clone(), most, holds)
            .await?;
        Ok(Judged {
            failure,
            held_back: true,
        })
    }

    /// What an error keeps back beyond what its call named, if anything. What only an application met (no permission to
    /// apply, no real-name check) keeps back applications: the list could be read a moment before.
    fn reach(&self, account: &str, error: &ApiError, named: Named<'_>) -> Option<HoldScope> {
        let is_permission = error.is_permission();
        match (error.class(), error.scope(), named) {
            (Class::Operator, Scope::Account, Named::Certificate(id)) if is_permission => self
                .refusals
                .note(account, error.action(), id.to_owned())
                .then_some(HoldScope::Fetch),
            (Class::Operator, Scope::Account, Named::List | Named::Certificate(_)) => {
                Some(HoldScope::Account)
            }
            (Class::Operator, Scope::Account, Named::Application { project, .. })
                if is_permission && self.is_one_of_projects(account, project) =>
            {
                let project = project.map_or_else(|| "default".to_owned(), |id| id.to_string());
                let is_wide = self.refusals.note(account, error.action(), project);
                (is_wide && !error.is_about_project()).then_some(HoldScope::Orders)
            }
            (Class::Operator, Scope::Account, Named::Application { .. }) => Some(HoldScope::Orders),
            (Class::Quota, Scope::Account, Named::Application { .. }) => Some(HoldScope::Orders),
            (Class::Quota, Scope::MainDomain, Named::Application { record, .. }) => {
                Some(HoldScope::MainDomain(main_domain(&record.domain)))
            }
            _ => None,
        }
    }

    /// Whether certificates of this account are ordered in other projects too, or in one of their own: then a missing
    /// right may be one project's.
    fn is_one_of_projects(&self, account: &str, project: Option<u64>) -> bool {
        let settings = self.settings();
        project.is_some()
            || settings.config.certificates.iter().any(|certificate| {
                certificate.account == account && certificate.project_id != project
            })
    }

    /// A certificate was fetched: whoever waits because fetching was refused may try.
    pub(super) async fn fetch_works(
        &self,
        account: &str,
        holds: &Holds,
    ) -> Result<(), EngineError> {
        self.refusals
            .forget(account, |action| action != APPLY_ACTION);
        let held = holds
            .all()
            .into_iter()
            .find(|hold| hold.scope == HoldScope::Fetch && hold.account == account);
        match held {
            Some(hold) => self.hold_is_over(&hold, holds).await,
            None => Ok(()),
        }
    }

    /// As [`Engine::api_failure`], for the account's list, which `records` needed. What passes by itself holds them
    /// back together.
    pub(super) async fn list_failure(
        &self,
        settings: &Settings,
        account: &str,
        error: &ApiError,
        holds: &Holds,
        records: &[Record],
    ) -> Result<Judged, EngineError> {
        let mut judged = self.api_failure(account, error, holds, Named::List).await?;
        if judged.held_back || judged.failure.class != Class::Transient {
            return Ok(judged);
        }
        let now = self.environment.clock.now();
        let times = holds.times(account, &HoldScope::List) + 1;
        let dice = self.environment.dice.roll();
        let pause = retry::without_list(now, settings.poll(), records.iter(), times, dice);
        let failure = judged.failure.clone();
        self.set_hold(account, HoldScope::List, failure, times, pause, holds)
            .await?;
        judged.held_back = true;
        Ok(judged)
    }

    async fn hold(
        &self,
        account: &str,
        scope: HoldScope,
        failure: Failure,
        most: TimeDelta,
        holds: &Holds,
    ) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let in_force = holds
            .all()
            .iter()
            .any(|hold| hold.account == account && hold.scope == scope && hold.in_force(now));
        if in_force {
            return Ok(());
        }
        // A limit that may have been a throttle was no sign of a quota yet.
        let known = holds.all().into_iter().any(|hold| {
            hold.account == account && hold.scope == scope && hold.failure.class == failure.class
        });
        let times = 1 + if known {
            holds.times(account, &scope)
        } else {
            0
        };
        let pause = retry::hold(failure.class, times, most, self.environment.dice.roll());
        self.set_hold(account, scope, failure, times, pause, holds)
            .await
    }

    async fn set_hold(
        &self,
        account: &str,
        scope: HoldScope,
        failure: Failure,
        times: u32,
        pause: TimeDelta,
        holds: &Holds,
    ) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let hold = Hold {
            account: account.to_owned(),
            scope,
            until: now + pause,
            times,
            failure,
        };
        // Before anything is waited for, so that whoever else meets the same refusal finds it said.
        holds.set(hold.clone());
        self.store().set_hold(&hold).await?;
        let mut journal = Journal::default();
        journal.add(event_of(&hold));
        Ok(journal.write(self.store(), now).await?)
    }

    /// An application was taken: whatever held it back when it was sent is over. What another one met since then, while
    /// this one's answer was on its way, is not.
    pub(super) async fn application_taken(
        &self,
        record: &Record,
        holds: &Holds,
        sent_despite: &[Hold],
    ) -> Result<(), EngineError> {
        self.refusals
            .forget(&record.account, |action| action == APPLY_ACTION);
        for hold in sent_despite {
            if hold_covers(hold, record) && holds.all().contains(hold) {
                self.hold_is_over(hold, holds).await?;
            }
        }
        Ok(())
    }

    /// What held back is over, as the service has shown; the end of a pause is said as its beginning was.
    pub(super) async fn hold_is_over(&self, hold: &Hold, holds: &Holds) -> Result<(), EngineError> {
        holds.lift(&hold.account, &hold.scope);
        self.store().lift_hold(&hold.account, &hold.scope).await?;
        if !is_pause(hold) {
            return Ok(());
        }
        let account = &hold.account;
        let mut journal = Journal::default();
        journal.add(
            Event::new(
                event::ACCOUNT_RESUMED,
                format!("account \"{account}\" works again"),
            )
            .account(account),
        );
        let now = self.environment.clock.now();
        Ok(journal.write(self.store(), now).await?)
    }

    /// Ends the wait, for the operator may have mended what caused it. A pause stays known until the account has
    /// answered, so that its end can be said.
    pub(super) async fn let_go(&self, hold: &Hold) -> Result<(), EngineError> {
        if is_pause(hold) {
            let ended = Hold {
                until: self.environment.clock.now(),
                ..hold.clone()
            };
            self.store().set_hold(&ended).await?;
        } else {
            self.store().lift_hold(&hold.account, &hold.scope).await?;
        }
        Ok(())
    }
}

/// Whether this was said as `account.paused`.
fn is_pause(hold: &Hold) -> bool {
    hold.scope == HoldScope::Account || hold.failure.class == Class::Operator
}

/// The service knows no certificate or order of that id.
pub(super) fn not_found(error: &ApiError) -> bool {
    error
        .code()
        .is_some_and(|code| code.ends_with("CertificateNotFound"))
}

/// What the service said, as the lifecycle takes it.
pub(super) fn failure_of(error: &ApiError) -> Failure {
    Failure {
        class: error.class(),
        code: error.code().map(str::to_owned),
        message: error.to_string(),
        request_id: error.request_id().map(str::to_owned),
    }
}

/// What operators look for in the log beside what it means for a certificate.
fn say_refusal(account: &str, error: &ApiError) {
    let Some(code) = error.code() else {
        return;
    };
    let kind = match error.class() {
        _ if error.is_throttle() => event::API_THROTTLED,
        Class::Permanent | Class::Operator => event::API_REFUSED,
        _ => return,
    };
    Event::new(kind, error.to_string())
        .account(account)
        .code(code)
        .request_id(error.request_id())
        .emit();
}

fn event_of(hold: &Hold) -> Event {
    let code = hold.failure.code.as_deref();
    let (name, message) = match &hold.scope {
        HoldScope::Account => (
            event::ACCOUNT_PAUSED,
            format!(
                "account \"{}\" is paused: {}; mend that and reload",
                hold.account, hold.failure.message
            ),
        ),
        HoldScope::List => (
            event::ACCOUNT_UNREACHABLE,
            format!(
                "account \"{}\": its list can't be had: {}; its certificates wait for it together",
                hold.account, hold.failure.message
            ),
        ),
        HoldScope::Fetch => (
            event::ACCOUNT_PAUSED,
            format!(
                "account \"{}\" may not fetch certificates: {}; mend that and reload",
                hold.account, hold.failure.message
            ),
        ),
        HoldScope::Orders if hold.failure.class == Class::Transient => (
            event::API_THROTTLED,
            format!(
                "account \"{}\": an application met a limit that is not named: {}; one more try tells whether it is the \
                 quota",
                hold.account, hold.failure.message
            ),
        ),
        HoldScope::Orders if hold.failure.class == Class::Operator => (
            event::ACCOUNT_PAUSED,
            format!(
                "account \"{}\" may not apply: {}; mend that and reload",
                hold.account, hold.failure.message
            ),
        ),
        HoldScope::Orders => (
            event::QUOTA_EXHAUSTED,
            format!(
                "account \"{}\" has no free certificate left: {}; delete what is not needed in the console",
                hold.account, hold.failure.message
            ),
        ),
        HoldScope::MainDomain(main) => (
            event::QUOTA_EXHAUSTED,
            format!(
                "{main} has no free certificate left: {}; its other names wait too",
                hold.failure.message
            ),
        ),
    };
    Event::new(name, message)
        .account(&hold.account)
        .class(hold.failure.class.name())
        .code(code)
        .request_id(hold.failure.request_id.as_deref())
        .attempt(hold.times.into())
        .next_attempt(Some(hold.until))
}
