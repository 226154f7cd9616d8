//! What the operator asks for by a changing verb: a row of the store is taken, granted, and answered.

use thiserror::Error;

use super::probe::probe;
use super::{Engine, Kind};
use crate::lifecycle::{HoldScope, Note};
use crate::observe::event::{Event, Fact, Plain};
use crate::store::{Answer, Request, StoreError, Verb};

/// Why a request has no good answer.
#[derive(Debug, Error)]
pub(super) enum RequestError {
    /// It can't be done: told to whoever asked.
    #[error("{0}")]
    Refused(String),
    /// The database failed. The request is taken again.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    pub async fn requests_wait(&self) -> Result<Option<Kind>, StoreError> {
        let open = self.open(|verb| !verb.is_delivery()).await?;
        Ok((!open.is_empty()).then(|| kind_of(&open, Kind::InFlight)))
    }

    /// Takes what was asked for but deliveries. What needs a pass is made due and returned: the pass that follows, of the
    /// kind that it now is, does the work; then [`Engine::finish_requests`]. The rest is answered. To be called where no
    /// pass is under way.
    ///
    /// # Errors
    /// The database can't be read or written. What can't be done is the request's own answer.
    pub async fn take_requests(&self, kind: Kind) -> Result<(Vec<Request>, Kind), StoreError> {
        let open = self.open(|verb| !verb.is_delivery()).await?;
        let taken = self.take(open).await?;
        let kind = kind_of(&taken, kind);
        Ok((taken, kind))
    }

    /// Answers what was asked for and needs no pass, where none will follow.
    ///
    /// # Errors
    /// As for [`Engine::take_requests`].
    pub async fn answer_requests(&self) -> Result<(), StoreError> {
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
    ) -> Result<(), StoreError> {
        let open = self
            .open(|verb| verb.is_delivery() && !verb.certificate().is_some_and(&busy))
            .await?;
        self.take(open).await.map(drop)
    }

    /// Notes that the pass of these requests is over.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn finish_requests(&self, requests: &[Request]) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        for request in requests {
            let answer = Ok(String::new());
            self.store()
                .answer_request(request.id, now, &answer)
                .await?;
        }
        Ok(())
    }

    async fn open(&self, which: impl Fn(&Verb) -> bool) -> Result<Vec<Request>, StoreError> {
        let mut open = self.store().open_requests().await?;
        open.retain(|request| which(&request.verb));
        Ok(open)
    }

    /// Grants and answers these, and returns those that a pass has to follow.
    async fn take(&self, open: Vec<Request>) -> Result<Vec<Request>, StoreError> {
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
                Err(RequestError::Store(error)) => return Err(error),
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
                    let (at, force) = (request.created_at, *force);
                    self.renew(domain, Note::Asked { at, force }).await?;
                }
                Ok(String::new())
            }
            Verb::Deploy(domain) => self.deploy(domain).await,
            Verb::Rollback(domain) => self.roll_back(domain).await,
            Verb::Pause(domain) => self.pause(domain).await,
            Verb::Resume(domain) => self.resume(domain).await,
            Verb::Account(account) => self.list_account(account).await,
            Verb::Probe(account) => probe(&self.settings(), account)
                .await
                .map_err(RequestError::Refused),
            Verb::Checks(domain) => self.try_checks(domain).await,
        }
    }

    /// Whatever waits for its account or the account's list is tried in the check that follows.
    async fn renew_all(&self) -> Result<(), StoreError> {
        self.release(|hold| hold.scope.keeps_list()).await?;
        let now = self.environment.clock.now();
        for (account, _) in self.settings().clients() {
            self.store().wake(account, now).await?;
        }
        Ok(())
    }

    /// Makes one certificate due, and ends what holds it back.
    async fn renew(&self, domain: &str, asked: Note) -> Result<(), StoreError> {
        let Some(listing) = self.store().record(domain).await? else {
            return Ok(());
        };
        let record = listing.record;
        // What a person asks about is looked at where it lives: the service may see it otherwise since.
        let home = record
            .installed
            .as_ref()
            .map_or(&record.account, |installed| &installed.account);
        self.lock_asked().insert(home.clone());
        self.repairs.look_soon(self.environment.clock.now());
        for hold in self.store().holds().await? {
            let is_fetch =
                hold.scope == HoldScope::Fetch && hold.account == record.acting_account();
            if hold.covers(&record) || is_fetch {
                self.let_go(&hold).await?;
            }
        }
        self.note(domain, asked, Vec::new()).await.map(drop)
    }

    /// Makes certificates due that wait for a scheduled check, where nobody makes one.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn look_soon(&self, domains: &[String]) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        self.store().look_soon(now, domains).await
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
