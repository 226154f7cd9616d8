//! An API error as the lifecycle sees it, and what it holds back beyond one certificate.
//!
//! How far a refusal reaches follows from its code, the action that was called, and what the call named.

use chrono::TimeDelta;

use super::holds::Holds;
use super::{Engine, Settings};
use crate::config::main_domain;
use crate::lifecycle::hold::{self, Cause, Met};
use crate::lifecycle::{Class, Failure, Hold, HoldScope, Record};
use crate::observe::event::{Event, Fact, Refused};
use crate::store::StoreError;
use crate::tencent::error::APPLY_ACTION;
use crate::tencent::{ApiError, Scope};

/// A failure, and whether a hold says when to try again.
#[derive(Clone)]
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

impl Judged {
    /// A failure that concerns this certificate alone.
    pub(super) fn own(failure: Failure) -> Self {
        Self {
            failure,
            held_back: false,
        }
    }

    fn held_back(failure: Failure) -> Self {
        Self {
            failure,
            held_back: true,
        }
    }
}

impl Engine {
    /// The failure that this error is. Where it concerns more than what the call named, the hold is set and said.
    pub(super) async fn api_failure(
        &self,
        error: &ApiError,
        holds: &Holds,
        named: Named<'_>,
    ) -> Result<Judged, StoreError> {
        let mut failure = failure_of(error);
        say_refusal(holds.account(), error);
        let Some(scope) = self.reach(holds.account(), error, named) else {
            return Ok(Judged::own(failure));
        };
        let before = holds.get(&scope);
        let now = self.environment.clock.now();
        let cause = if error.may_be_throttle() && before.is_none() {
            // Too many requests, or no slot left: the next application tells, and the others wait for it.
            failure.class = Class::Transient;
            Cause::Limit(self.settings().poll())
        } else if before.is_some_and(|hold| hold.in_force(now)) {
            return Ok(Judged::held_back(failure));
        } else {
            Cause::Refusal(match named {
                Named::Application { record, .. } => hold::longest(now, record),
                Named::List | Named::Certificate(_) => TimeDelta::MAX,
            })
        };
        self.set_hold(holds, scope, failure.clone(), cause).await?;
        Ok(Judged::held_back(failure))
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
    pub(super) async fn fetch_works(&self, holds: &Holds) -> Result<(), StoreError> {
        self.refusals
            .forget(holds.account(), |action| action != APPLY_ACTION);
        match holds.get(&HoldScope::Fetch) {
            Some(hold) => self.hold_is_over(&hold, holds).await,
            None => Ok(()),
        }
    }

    /// As [`Engine::api_failure`], for the account's list, which `records` needed. What passes by itself holds them
    /// back together.
    pub(super) async fn list_failure(
        &self,
        settings: &Settings,
        error: &ApiError,
        holds: &Holds,
        records: &[Record],
    ) -> Result<Judged, StoreError> {
        let mut judged = self.api_failure(error, holds, Named::List).await?;
        if judged.held_back || judged.failure.class != Class::Transient {
            return Ok(judged);
        }
        let cause = Cause::NoList(settings.poll(), records);
        let failure = judged.failure.clone();
        self.set_hold(holds, HoldScope::List, failure, cause)
            .await?;
        judged.held_back = true;
        Ok(judged)
    }

    async fn set_hold(
        &self,
        holds: &Holds,
        scope: HoldScope,
        failure: Failure,
        cause: Cause<'_>,
    ) -> Result<(), StoreError> {
        let before = holds.get(&scope);
        let met = Met {
            account: holds.account(),
            scope,
            failure,
            cause,
        };
        let now = self.environment.clock.now();
        let random = self.environment.rng.fraction();
        let hold = hold::settle(before.as_ref(), met, now, random);
        // Before anything is waited for, so that whoever else meets the same refusal finds it said.
        holds.set(hold.clone());
        self.store().set_hold(&hold).await?;
        self.say(vec![event_of(&hold)]).await
    }

    /// An application was taken: whatever held it back when it was sent is over. What another one met since then, while
    /// this one's answer was on its way, is not.
    pub(super) async fn application_taken(
        &self,
        record: &Record,
        holds: &Holds,
        sent_despite: &[Hold],
    ) -> Result<(), StoreError> {
        self.refusals
            .forget(&record.account, |action| action == APPLY_ACTION);
        for hold in sent_despite {
            if hold.covers(record) && holds.all().contains(hold) {
                self.hold_is_over(hold, holds).await?;
            }
        }
        Ok(())
    }

    /// What held back is over, as the service has shown; the end is said where the beginning was told.
    pub(super) async fn hold_is_over(&self, hold: &Hold, holds: &Holds) -> Result<(), StoreError> {
        holds.lift(&hold.scope);
        self.store().lift_hold(&hold.account, &hold.scope).await?;
        if !hold.is_told() {
            return Ok(());
        }
        let account = &hold.account;
        let event = Event::of(Fact::AccountResumed).account(account);
        self.say(vec![event]).await
    }

    /// Ends these waits, and has everybody looked at who waits in their accounts.
    pub(super) async fn release(&self, which: impl Fn(&Hold) -> bool) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        for hold in self
            .store()
            .holds()
            .await?
            .iter()
            .filter(|hold| which(hold))
        {
            self.let_go(hold).await?;
            self.store().wake(&hold.account, now).await?;
        }
        Ok(())
    }

    /// Ends the wait, for the operator may have put right what caused it.
    pub(super) async fn let_go(&self, hold: &Hold) -> Result<(), StoreError> {
        match hold.clone().let_go(self.environment.clock.now()) {
            Some(left) => self.store().set_hold(&left).await?,
            None => drop(self.store().lift_hold(&hold.account, &hold.scope).await?),
        }
        Ok(())
    }
}

/// An error of the API as it is told.
pub(super) fn failure_of(error: &ApiError) -> Failure {
    Failure {
        class: error.class(),
        code: error.code().map(str::to_owned),
        message: error.to_string(),
        request_id: error.request_id().map(str::to_owned),
    }
}

/// The service knows no certificate or order of that id.
pub(super) fn not_found(error: &ApiError) -> bool {
    error
        .code()
        .is_some_and(|code| code.ends_with("CertificateNotFound"))
}

/// The call itself, for who looks closely: what it means for a certificate or an account is said of that.
fn say_refusal(account: &str, error: &ApiError) {
    let Some(code) = error.code() else {
        return;
    };
    let reason = error.to_string().into();
    let fact = match error.class() {
        _ if error.is_throttle() => Fact::ApiThrottled {
            is_application: false,
            reason,
        },
        Class::Permanent | Class::Operator => Fact::ApiRefused { reason },
        _ => return,
    };
    Event::of(fact)
        .account(account)
        .code(code)
        .request_id(error.request_id())
        .beside()
        .emit();
}

fn event_of(hold: &Hold) -> Event {
    let reason = hold.failure.message.as_str().into();
    let paused = |what, reason| Fact::AccountPaused { what, reason };
    let fact = match (&hold.scope, hold.failure.class) {
        (HoldScope::Account, _) => paused(Refused::All, reason),
        (HoldScope::List, _) => Fact::AccountUnreachable { reason },
        (HoldScope::Fetch, _) => paused(Refused::Fetch, reason),
        (HoldScope::Orders, Class::Transient) => Fact::ApiThrottled {
            is_application: true,
            reason,
        },
        (HoldScope::Orders, Class::Operator) => paused(Refused::Apply, reason),
        (HoldScope::Orders | HoldScope::MainDomain(_), _) => Fact::QuotaExhausted { reason },
    };
    let event = Event::of(fact);
    let event = match &hold.scope {
        HoldScope::MainDomain(main) => event.main_domain(main),
        _ => event,
    };
    event
        .account(&hold.account)
        .failure(&hold.failure)
        .attempt(hold.times.into())
        .next_attempt(Some(hold.until))
}
