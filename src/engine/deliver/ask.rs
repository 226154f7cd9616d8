//! What the verbs `deploy` and `rollback` ask for.

use std::sync::Arc;

use crate::delivery::LiveError;
use crate::engine::journal::Journal;
use crate::engine::{Engine, EngineError};
use crate::lifecycle::delivery::Wanted;
use crate::observe::event::{self, Event};
use crate::store::DeliveryRequest;

impl Engine {
    /// Takes up what was asked about deliveries, but for certificates that are being delivered right now: these wait
    /// for the end of that. What is asked becomes due.
    ///
    /// # Errors
    /// The database can't be read or written. What can't be granted is the request's own answer.
    pub async fn take_delivery_requests(
        &self,
        busy: impl Fn(&str) -> bool,
    ) -> Result<(), EngineError> {
        for request in self.store().delivery_requests().await? {
            if busy(&request.domain) {
                continue;
            }
            let refusal = self.grant_delivery(&request).await?.err();
            let now = self.environment.clock.now();
            let words = match (&refusal, request.back) {
                (None, false) => format!("{}: asked to deliver it again", request.domain),
                (None, true) => format!(
                    "{}: asked to go back to the previous certificate",
                    request.domain
                ),
                (Some(refusal), _) => format!(
                    "{}: asked for what can't be done: {refusal}",
                    request.domain
                ),
            };
            let mut journal = Journal::default();
            journal.add(Event::new(event::REQUEST_TAKEN, words).certificate(&request.domain));
            journal.write(self.store(), now).await?;
            self.store()
                .finish_delivery_request(request.id, now, refusal.as_deref())
                .await?;
        }
        Ok(())
    }

    async fn grant_delivery(
        &self,
        request: &DeliveryRequest,
    ) -> Result<Result<(), String>, EngineError> {
        let domain = &request.domain;
        let now = self.environment.clock.now();
        let record = self
            .store()
            .record(domain)
            .await?
            .map(|listing| listing.record);
        if record
            .as_ref()
            .is_some_and(|record| record.paused.is_some())
        {
            return Ok(Err(format!(
                "it is paused; `evercert resume {domain}` ends that"
            )));
        }
        let held = record.and_then(|record| record.held);
        let Some(held) = held else {
            return Ok(Err("there is no certificate yet".to_owned()));
        };
        let back = if request.back {
            match self.go_back(domain, held.fingerprint).await {
                Ok(wanted) if wanted.not_after <= now => {
                    return Ok(Err("the previous certificate has ended".to_owned()));
                }
                Ok(wanted) => Some(wanted),
                Err(reason) => return Ok(Err(reason)),
            }
        } else {
            None
        };
        let fingerprint = match &back {
            Some(wanted) => wanted.fingerprint.clone(),
            None => self.held_fingerprint(domain).await?.unwrap_or_default(),
        };
        // The row first: a crash after it leaves a wish that the repeated request carries out.
        self.store()
            .set_rollback(now, domain, back.as_ref())
            .await?;
        let live = Arc::clone(&self.environment.live);
        let name = domain.clone();
        let made = self
            .blocking(move || live.make_live(&name, &fingerprint))
            .await;
        match made {
            Ok(true) => {}
            Ok(false) => return Ok(Err("the archive no longer has this certificate".to_owned())),
            Err(reason) => return Ok(Err(reason)),
        }
        self.store().deliver_again(now, domain).await?;
        Ok(Ok(()))
    }

    async fn held_fingerprint(&self, domain: &str) -> Result<Option<String>, EngineError> {
        let listing = self.store().record(domain).await?;
        Ok(listing
            .and_then(|listing| listing.record.held)
            .map(|held| held.fingerprint))
    }

    /// The certificate to go back to: the one before the installed one; where that was done already, the live one.
    async fn go_back(&self, domain: &str, held: String) -> Result<Wanted, String> {
        let live = Arc::clone(&self.environment.live);
        let name = domain.to_owned();
        let found = self
            .blocking(move || {
                let current = live.current(&name)?;
                match current {
                    Some(current) if current.fingerprint_sha256 != held => Ok(Some(current)),
                    _ => live.previous(&name),
                }
            })
            .await?;
        let found = found.ok_or("there is no previous certificate")?;
        Ok(Wanted {
            fingerprint: found.fingerprint_sha256,
            not_after: found.not_after,
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, LiveError> + Send + 'static,
    ) -> Result<T, String> {
        let done = self.environment.beside.block(work).await?;
        done.map_err(|error| error.to_string())
    }
}
