//! An API error as the lifecycle sees it, and what it holds back beyond one certificate.

use chrono::TimeDelta;

use super::journal::Journal;
use super::turn::Holds;
use super::{Engine, EngineError, Settings};
use crate::lifecycle::plan::hold_covers;
use crate::lifecycle::{Class, Failure, Hold, HoldScope, Record, retry};
use crate::observe::event::{self, Event};
use crate::tencent::{ApiError, Scope};

/// A failure, and whether a hold says when to try again.
pub(super) struct Judged {
    pub(super) failure: Failure,
    pub(super) held_back: bool,
}

impl Engine {
    /// The failure that this error is. Where its code concerns more than one certificate, the hold is set and said.
    /// `domain` is the name applied for, where it was an application.
    pub(super) async fn api_failure(
        &self,
        account: &str,
        error: &ApiError,
        holds: &Holds,
        domain: Option<&str>,
    ) -> Result<Judged, EngineError> {
        let failure = Failure {
            class: error.class(),
            code: error.code().map(str::to_owned),
            message: error.to_string(),
            request_id: error.request_id().map(str::to_owned),
        };
        say_refusal(account, error);
        let scope = scope(error, domain);
        let held_back = scope.is_some();
        if let Some(scope) = scope {
            self.hold(account, scope, failure.clone(), holds).await?;
        }
        Ok(Judged { failure, held_back })
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
        let mut judged = self.api_failure(account, error, holds, None).await?;
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
        let times = holds.times(account, &scope) + 1;
        let pause = retry::hold(failure.class, times, self.environment.dice.roll());
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
        self.store().set_hold(&hold).await?;
        let mut journal = Journal::default();
        journal.add(event_of(&hold));
        journal.write(self.store(), now).await?;
        holds.set(hold);
        Ok(())
    }

    /// An application was taken: whatever held it back when it was sent is over. What another one met since then, while
    /// this one's answer was on its way, is not.
    pub(super) async fn application_taken(
        &self,
        record: &Record,
        holds: &Holds,
        sent_despite: &[Hold],
    ) -> Result<(), EngineError> {
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

/// What operators look for in the log beside what it means for a certificate.
fn say_refusal(account: &str, error: &ApiError) {
    let Some(code) = error.code() else {
        return;
    };
    let kind = match error.class() {
        Class::Transient if code.starts_with("RequestLimitExceeded") => event::API_THROTTLED,
        Class::Permanent | Class::Operator => event::API_REFUSED,
        _ => return,
    };
    Event::new(kind, error.to_string())
        .account(account)
        .code(code)
        .request_id(error.request_id())
        .emit();
}

/// What an error keeps back. What only an application met (no permission to apply, no real-name check) keeps back
/// applications: the list could be read a moment before.
fn scope(error: &ApiError, domain: Option<&str>) -> Option<HoldScope> {
    match (error.class(), error.scope()) {
        (Class::Operator, Scope::Account) if domain.is_some() => Some(HoldScope::Orders),
        (Class::Operator, Scope::Account) => Some(HoldScope::Account),
        (Class::Quota, Scope::Account) => Some(HoldScope::Orders),
        (Class::Quota, Scope::MainDomain) => {
            domain.map(|domain| HoldScope::MainDomain(main_domain(domain)))
        }
        _ => None,
    }
}

/// The registered domain of a name, by the public suffix list; the name itself where the list has no answer.
pub fn main_domain(domain: &str) -> String {
    psl::domain_str(domain).unwrap_or(domain).to_owned()
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
