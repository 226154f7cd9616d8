//! What the verbs `deploy` and `rollback` ask for.

use std::sync::Arc;

use crate::delivery::LiveError;
use crate::engine::Engine;
use crate::engine::requests::RequestError;
use crate::lifecycle::delivery::{Trigger, Wanted};

impl Engine {
    /// Delivers the installed certificate again, whatever its targets have.
    pub(in crate::engine) async fn deploy(&self, domain: &str) -> Result<String, RequestError> {
        let _nobody_else = self.live_folders.lock().await;
        let installed = self.to_deliver(domain).await?;
        self.deliver_as(domain, &installed, None).await
    }

    /// Goes back to the certificate before the installed one.
    pub(in crate::engine) async fn roll_back(&self, domain: &str) -> Result<String, RequestError> {
        let _nobody_else = self.live_folders.lock().await;
        let installed = self.to_deliver(domain).await?;
        let back_to = self.go_back(domain, installed).await?;
        if back_to.not_after <= self.environment.clock.now() {
            return Err(RequestError::refused("the previous certificate has ended"));
        }
        self.deliver_as(domain, &back_to.fingerprint, Some(&back_to))
            .await
    }

    /// The fingerprint of the installed certificate, where it may be delivered.
    async fn to_deliver(&self, domain: &str) -> Result<String, RequestError> {
        let listing = self.store().record(domain).await?;
        let record = listing.map(|listing| listing.record);
        if record
            .as_ref()
            .is_some_and(|record| record.paused.is_some())
        {
            return Err(RequestError::refused(format!(
                "it is paused; `evercert resume {domain}` ends that"
            )));
        }
        let installed = record.and_then(|record| record.installed);
        let installed =
            installed.ok_or_else(|| RequestError::refused("there is no certificate yet"))?;
        Ok(installed.fingerprint)
    }

    async fn deliver_as(
        &self,
        domain: &str,
        fingerprint: &str,
        back_to: Option<&Wanted>,
    ) -> Result<String, RequestError> {
        let now = self.environment.clock.now();
        // The row first: a crash after it leaves a wish that the repeated request carries out.
        self.store().set_rollback(now, domain, back_to).await?;
        let live = Arc::clone(&self.environment.live);
        let (name, wanted) = (domain.to_owned(), fingerprint.to_owned());
        let is_made = self
            .blocking(move || live.make_live(&name, &wanted))
            .await?;
        if !is_made {
            return Err(RequestError::refused(
                "the archive no longer has this certificate",
            ));
        }
        self.live_is_right(domain).await?;
        self.store()
            .trigger_delivery(now, domain, Trigger::Asked)
            .await?;
        Ok(String::new())
    }

    /// The certificate to go back to: the one before the installed one; where that was done already, the live one.
    async fn go_back(&self, domain: &str, installed: String) -> Result<Wanted, RequestError> {
        let live = Arc::clone(&self.environment.live);
        let name = domain.to_owned();
        let found = self
            .blocking(move || {
                let current = live.current(&name)?;
                match current {
                    Some(current) if current.fingerprint_sha256 != installed => Ok(Some(current)),
                    _ => live.previous(&name),
                }
            })
            .await?;
        let found =
            found.ok_or_else(|| RequestError::refused("there is no previous certificate"))?;
        Ok(Wanted {
            fingerprint: found.fingerprint_sha256,
            not_after: found.not_after,
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, LiveError> + Send + 'static,
    ) -> Result<T, RequestError> {
        let done = self.environment.concurrency.block(work).await;
        done.and_then(|done| done.map_err(|error| error.to_string()))
            .map_err(RequestError::Refused)
    }
}
