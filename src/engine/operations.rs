//! What operators ask for beside orders and deliveries: `pause`, `resume`, `account`, `doctor`.

use chrono::{DateTime, Utc};

use super::journal::Journal;
use super::picture::Picture;
use super::{Engine, EngineError};
use crate::observe::event::{self, Event};
use crate::store::{OperatorRequest, OperatorVerb, certificate_of};

impl Engine {
    /// Whether anything is asked.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn operator_request_waits(&self) -> Result<bool, EngineError> {
        Ok(!self.store().operator_requests().await?.is_empty())
    }

    /// Does what is asked, and answers. To be called where no pass is under way.
    ///
    /// # Errors
    /// The database can't be read or written. What can't be done is the request's own answer.
    pub async fn take_operator_requests(&self) -> Result<(), EngineError> {
        for request in self.store().operator_requests().await? {
            // What is left stays a row: it is taken before the next pass.
            if self.is_yielding() {
                break;
            }
            let outcome = match request.verb {
                OperatorVerb::Pause => self.pause(&request.subject).await?,
                OperatorVerb::Resume => self.resume(&request.subject).await?,
                OperatorVerb::Account => self.list_account(&request.subject).await?,
                OperatorVerb::Doctor => match certificate_of(&request.subject) {
                    Some(domain) => self.try_checks(domain).await?,
                    None => self.probe(&request.subject).await?,
                },
            };
            self.note(&request, outcome.as_ref().err()).await?;
            let now = self.environment.clock.now();
            let outcome = match &outcome {
                Ok(answer) => Ok(answer.as_str()),
                Err(reason) => Err(reason.as_str()),
            };
            self.store()
                .answer_operation(request.id, now, outcome)
                .await?;
            self.advance();
        }
        Ok(())
    }

    /// Says what was asked, and why it can't be done.
    async fn note(
        &self,
        request: &OperatorRequest,
        refusal: Option<&String>,
    ) -> Result<(), EngineError> {
        let domain = certificate_of(&request.subject);
        let (verb, subject) = (request.verb.name(), domain.unwrap_or(&request.subject));
        let words = match refusal {
            None => format!("asked to {verb} {subject}"),
            Some(refusal) => format!("asked to {verb} {subject}, which can't be done: {refusal}"),
        };
        let event = Event::new(event::REQUEST_TAKEN, words);
        let event = match request.verb {
            OperatorVerb::Pause | OperatorVerb::Resume => event.certificate(subject),
            OperatorVerb::Doctor if domain.is_some() => event.certificate(subject),
            OperatorVerb::Account | OperatorVerb::Doctor => event.account(subject),
        };
        self.write(event).await
    }

    async fn write(&self, event: Event) -> Result<(), EngineError> {
        let mut journal = Journal::default();
        journal.add(event);
        Ok(journal
            .write(self.store(), self.environment.clock.now())
            .await?)
    }

    async fn pause(&self, domain: &str) -> Result<Result<String, String>, EngineError> {
        let now = self.environment.clock.now();
        let Some(listing) = self.store().record(domain).await? else {
            return Ok(Err(format!("{domain} is not in the config")));
        };
        if !self.store().set_paused(now, domain, Some(now)).await? {
            return Ok(Ok(format!("{domain} was paused already")));
        }
        let not_after = listing.record.ends();
        let event = paused(domain, now, not_after, now);
        let words = event.message().to_owned();
        self.write(event).await?;
        Ok(Ok(words))
    }

    async fn resume(&self, domain: &str) -> Result<Result<String, String>, EngineError> {
        let now = self.environment.clock.now();
        if !self.store().set_paused(now, domain, None).await? {
            return Ok(Ok(format!("{domain} was not paused")));
        }
        let words = format!("{domain}: the pause is over; it is looked after again");
        let event = Event::new(event::CERTIFICATE_RESUMED, words.as_str()).certificate(domain);
        self.write(event).await?;
        Ok(Ok(words))
    }

    /// Says of each paused certificate that it still is.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn say_paused(&self) -> Result<usize, EngineError> {
        let now = self.environment.clock.now();
        let all = self.store().paused().await?;
        for one in &all {
            paused(&one.domain, one.since, one.not_after, now).emit();
        }
        Ok(all.len())
    }

    /// Lists the account anew; the listing is kept in the record.
    async fn list_account(&self, account: &str) -> Result<Result<String, String>, EngineError> {
        let settings = self.settings();
        let Some(client) = settings.client(account) else {
            return Ok(Err(format!("the config has no account \"{account}\"")));
        };
        match Picture::whole(client, self.environment.clock.now()).await {
            Ok(picture) => {
                self.reconcile(&settings, account, client, &picture).await?;
                self.replace_the_dead(&settings, account, client, &picture)
                    .await?;
                Ok(Ok(String::new()))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

/// The line that says of a certificate that it is paused.
fn paused(
    domain: &str,
    since: DateTime<Utc>,
    not_after: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Event {
    let end = match not_after {
        Some(end) => format!("; its certificate ends in {} days", (end - now).num_days()),
        None => "; it has no certificate".to_owned(),
    };
    let message = format!(
        "{domain} is paused since {}: nothing is ordered or delivered for it{end}; `evercert resume {domain}` ends this",
        since.format("%Y-%m-%d %H:%M UTC")
    );
    Event::new(event::CERTIFICATE_PAUSED, message)
        .certificate(domain)
        .not_after(not_after)
        .days_left_until(not_after, now)
}
