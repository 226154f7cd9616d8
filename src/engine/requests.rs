//! What the operator asks for by a changing verb: a row of the store is taken, granted, and answered.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{Engine, EngineError, Kind};
use crate::lifecycle::plan::hold_covers;
use crate::lifecycle::{
    Class, Failure, Held, Hold, HoldScope, Outcome, Policy, Record, Schedule, Stage, settle,
};
use crate::observe::event::{Event, Fact, Plain};
use crate::store::{Answer, Changes, Request, StoreError, Verb};

/// Why a request has no good answer.
#[derive(Debug, Error)]
pub(super) enum RequestError {
    /// It can't be done: told to whoever asked.
    #[error("{0}")]
    Refused(String),
    /// The database failed. The request is taken again.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for RequestError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl RequestError {
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    pub(super) fn not_in_config(domain: &str) -> Self {
        Self::Refused(format!("{domain} is not in the config"))
    }

    pub(super) fn no_account(account: &str) -> Self {
        Self::Refused(format!("the config has no account \"{account}\""))
    }
}

impl Engine {
    /// Which pass is asked for. A `renew` of all is a check; whatever else waits for a pass must not begin anybody's
    /// renewal before its scheduled check.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn requests_wait(&self) -> Result<Option<Kind>, EngineError> {
        let open = self.open(|verb| !verb.is_delivery()).await?;
        Ok((!open.is_empty()).then(|| kind_of(&open, Kind::InFlight)))
    }

    /// Takes what was asked for but deliveries. What needs a pass is made due and returned: the pass that follows, of the
    /// kind that it now is, does the work; then [`Engine::finish_requests`]. The rest is answered. To be called where no
    /// pass is under way.
    ///
    /// # Errors
    /// The database can't be read or written. What can't be done is the request's own answer.
    pub async fn take_requests(&self, kind: Kind) -> Result<(Vec<Request>, Kind), EngineError> {
        let open = self.open(|verb| !verb.is_delivery()).await?;
        let taken = self.take(open).await?;
        let kind = kind_of(&taken, kind);
        Ok((taken, kind))
    }

    /// Answers what was asked for and needs no pass, where none will follow.
    ///
    /// # Errors
    /// As for [`Engine::take_requests`].
    pub async fn answer_requests(&self) -> Result<(), EngineError> {
        let open = self
            .open(|verb| !verb.is_delivery() && !verb.needs_pass())
            .await?;
        self.take(open).await.map(drop)
    }

    /// Takes what was asked for about deliveries, but for certificates that are being delivered right now: these wait for
    /// the end of that. What is asked becomes due.
    ///
    /// # Errors
    /// As for [`Engine::take_requests`].
    pub async fn take_delivery_requests(
        &self,
        busy: impl Fn(&str) -> bool,
    ) -> Result<(), EngineError> {
        let open = self
            .open(|verb| verb.is_delivery() && !verb.certificate().is_some_and(&busy))
            .await?;
        self.take(open).await.map(drop)
    }

    /// Notes that the pass of these requests is over.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn finish_requests(&self, requests: &[Request]) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        for request in requests {
            let answer = Ok(String::new());
            self.store()
                .answer_request(request.id, now, &answer)
                .await?;
        }
        Ok(())
    }

    async fn open(&self, which: impl Fn(&Verb) -> bool) -> Result<Vec<Request>, EngineError> {
        let mut open = self.store().open_requests().await?;
        open.retain(|request| which(&request.verb));
        Ok(open)
    }

    /// Grants and answers these, and returns those that a pass has to follow.
    async fn take(&self, open: Vec<Request>) -> Result<Vec<Request>, EngineError> {
        let mut for_pass = Vec::new();
        for request in open {
            // What is left stays a row: it is taken before the next pass.
            if self.is_yielding() && !request.verb.is_delivery() {
                break;
            }
            let began = self.environment.clock.now();
            self.store().take_request(request.id, began).await?;
            let answer: Answer = match self.grant(&request).await {
                Ok(answer) => Ok(answer),
                Err(RequestError::Refused(reason)) => Err(reason),
                Err(RequestError::Engine(error)) => return Err(error),
            };
            self.say(vec![taken(&request.verb, &answer)]).await?;
            if request.verb.needs_pass() {
                for_pass.push(request);
            } else {
                let now = self.environment.clock.now();
                self.store()
                    .answer_request(request.id, now, &answer)
                    .await?;
            }
            self.advance();
        }
        Ok(for_pass)
    }

    async fn grant(&self, request: &Request) -> Result<String, RequestError> {
        match &request.verb {
            Verb::Renew { domains, force } => {
                if domains.is_empty() {
                    self.renew_all().await?;
                }
                for domain in domains {
                    let forced = force.then_some(request.created_at);
                    self.renew(domain, forced).await?;
                }
                Ok(String::new())
            }
            Verb::Deploy(domain) => self.deploy(domain).await,
            Verb::Rollback(domain) => self.roll_back(domain).await,
            Verb::Pause(domain) => self.pause(domain).await,
            Verb::Resume(domain) => self.resume(domain).await,
            Verb::Account(account) => self.list_account(account).await,
            Verb::Probe(account) => self.probe(account).await,
            Verb::Checks(domain) => self.try_checks(domain).await,
        }
    }

    /// Whatever waits for its account or the account's list is tried in the check that follows.
    async fn renew_all(&self) -> Result<(), EngineError> {
        self.lift(|hold| hold.scope.keeps_list()).await?;
        let now = self.environment.clock.now();
        for (account, _) in self.settings().clients() {
            self.store().wake(account, now).await?;
        }
        Ok(())
    }

    /// Makes one certificate due, and lifts what holds it back. `forced`: since when it is to be ordered anew, also outside
    /// its window.
    async fn renew(&self, domain: &str, forced: Option<DateTime<Utc>>) -> Result<(), EngineError> {
        let Some(listing) = self.store().record(domain).await? else {
            return Ok(());
        };
        let record = listing.record;
        // What a person asks about is looked at where it lives: the service may see it otherwise since.
        let home = record
            .held
            .as_ref()
            .map_or(&record.account, |held| &held.account);
        self.lock_asked().insert(home.clone());
        self.mender.look_soon(self.environment.clock.now());
        self.lift(|hold| {
            hold_covers(hold, &record)
                || (hold.scope == HoldScope::Fetch && hold.account == record.acting_account())
        })
        .await?;
        let policy = self.settings().policy(domain, record.order.as_ref());
        self.make_due(record, &policy, forced).await
    }

    /// Makes certificates due that wait for a scheduled check, where nobody makes one.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn look_soon(&self, domains: &[String]) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        Ok(self.store().look_soon(now, domains).await?)
    }

    /// Asked for by a person, it is tried now: what it waited for may have been mended.
    async fn make_due(
        &self,
        mut record: Record,
        policy: &Policy,
        forced: Option<DateTime<Utc>>,
    ) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let mut closed = None;
        let is_stuck = matches!(
            record.order.as_ref().map(|order| &order.stage),
            Some(Stage::Issued { .. })
        ) && record.retry.failures > 0;
        if forced.is_some() && is_stuck {
            // What can't be fetched must not be in the way of what is asked for.
            let failure = record.retry.last.clone().unwrap_or_else(|| Failure {
                class: Class::Transient,
                code: None,
                message: "it could not be fetched".to_owned(),
                request_id: None,
            });
            let dice = self.environment.dice.roll();
            let settled = settle(now, policy, record, Outcome::Unusable(failure), dice);
            record = settled.record;
            closed = settled.closed;
        }
        record.parked = None;
        record.retry.not_before = None;
        record.retry.unvalidated = 0;
        if let Some(since) = forced.filter(|_| record.order.is_none()) {
            // A request that comes again after a crash must not order again what it has got already.
            let granted = |held: &Held| held.installed_at >= since;
            if !record.held.as_ref().is_some_and(granted) {
                record.forced = Some(since);
            }
        }
        self.store()
            .save(
                now,
                Changes {
                    record: &record,
                    closed: closed.as_ref(),
                    // By its own pace, so that the next pass looks at it, whatever its kind.
                    schedule: Schedule {
                        at: Some(now),
                        in_flight: true,
                        urgent_at: None,
                    },
                    history: &[],
                },
            )
            .await?;
        Ok(())
    }

    /// Ends each of these holds.
    async fn lift(&self, which: impl Fn(&Hold) -> bool) -> Result<(), EngineError> {
        for hold in self.store().holds().await? {
            if which(&hold) {
                self.let_go(&hold).await?;
            }
        }
        Ok(())
    }
}

/// The kind that a pass becomes by what it is made for.
fn kind_of(requests: &[Request], kind: Kind) -> Kind {
    if requests.iter().any(|request| request.verb.is_about_all()) {
        Kind::Check
    } else {
        kind
    }
}

/// The line that says what was asked, and why it can't be done.
fn taken(verb: &Verb, answer: &Answer) -> Event {
    let mut event = Event::of(Fact::RequestTaken {
        what: verb.to_string().into(),
        refusal: answer.as_ref().err().map(Plain::from),
    });
    if let Some(domain) = verb.certificate() {
        event = event.certificate(domain);
    }
    if let Some(account) = verb.account() {
        event = event.account(account);
    }
    event
}

#[cfg(test)]
mod tests;
