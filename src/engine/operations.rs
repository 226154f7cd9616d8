//! What operators ask for beside orders and deliveries: `pause`, `resume`, `account`.

use chrono::{DateTime, Utc};

use super::Engine;
use super::listing::Listing;
use super::requests::RequestError;
use crate::lifecycle::Note;
use crate::observe::event::{Event, Fact, Resumed};
use crate::store::StoreError;

impl Engine {
    pub(super) async fn pause(&self, domain: &str) -> Result<String, RequestError> {
        let now = self.environment.clock.now();
        let known = self.store().record(domain).await?;
        let known = known.ok_or_else(|| RequestError::not_in_config(domain))?;
        if known.record.paused.is_some() {
            return Ok(format!("{domain} was paused already"));
        }
        let event = paused(domain, now, known.record.ends(), now);
        let mut words = event.message();
        if self.settings().config.fleet.is_some() {
            words.push_str("; this concerns this machine alone: the others of the fleet go on");
        }
        self.note(domain, Note::Paused, vec![event]).await?;
        Ok(words)
    }

    pub(super) async fn resume(&self, domain: &str) -> Result<String, RequestError> {
        let known = self.store().record(domain).await?;
        if known.is_none_or(|known| known.record.paused.is_none()) {
            return Ok(format!("{domain} was not paused"));
        }
        let why = Resumed::Asked;
        let event = Event::of(Fact::CertificateResumed { why }).certificate(domain);
        let words = event.message();
        self.note(domain, Note::Resumed, vec![event]).await?;
        Ok(words)
    }

    /// Says of each paused certificate that it still is.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn say_paused(&self) -> Result<usize, StoreError> {
        let now = self.environment.clock.now();
        let all = self.store().paused().await?;
        for one in &all {
            paused(&one.domain, one.since, one.not_after, now).emit();
        }
        Ok(all.len())
    }

    /// Lists the account anew; the listing is kept in the record.
    pub(super) async fn list_account(&self, account: &str) -> Result<String, RequestError> {
        let settings = self.settings();
        let client = settings
            .client(account)
            .ok_or_else(|| RequestError::no_account(account))?;
        let listing = Listing::whole(client, self.environment.clock.now())
            .await
            .map_err(|error| RequestError::refused(error.to_string()))?;
        self.reconcile(&settings, client, &listing).await?;
        self.renew_revoked(&settings, account, &listing).await?;
        self.tidy_up(&settings, client, &listing).await?;
        Ok(String::new())
    }
}

/// The line that says of a certificate that it is paused.
fn paused(
    domain: &str,
    since: DateTime<Utc>,
    not_after: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Event {
    let since = crate::text::rfc3339(since).into();
    Event::of(Fact::CertificatePaused { since })
        .certificate(domain)
        .not_after(not_after)
        .days_left_until(not_after, now)
}
