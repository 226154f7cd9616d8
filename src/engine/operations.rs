//! What operators ask for beside orders and deliveries: `pause`, `resume`, `account`.

use chrono::{DateTime, Utc};

use super::picture::Picture;
use super::requests::RequestError;
use super::{Engine, EngineError};
use crate::observe::event::{self, Event};

impl Engine {
    pub(super) async fn pause(&self, domain: &str) -> Result<String, RequestError> {
        let now = self.environment.clock.now();
        let listing = self.store().record(domain).await?;
        let listing = listing.ok_or_else(|| RequestError::not_in_config(domain))?;
        if !self.store().set_paused(now, domain, Some(now)).await? {
            return Ok(format!("{domain} was paused already"));
        }
        let not_after = listing.record.ends();
        let event = paused(domain, now, not_after, now);
        let words = event.message().to_owned();
        self.say(vec![event]).await?;
        Ok(words)
    }

    pub(super) async fn resume(&self, domain: &str) -> Result<String, RequestError> {
        let now = self.environment.clock.now();
        if !self.store().set_paused(now, domain, None).await? {
            return Ok(format!("{domain} was not paused"));
        }
        let words = format!("{domain}: the pause is over; it is looked after again");
        let event = Event::new(event::CERTIFICATE_RESUMED, words.as_str()).certificate(domain);
        self.say(vec![event]).await?;
        Ok(words)
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
    pub(super) async fn list_account(&self, account: &str) -> Result<String, RequestError> {
        let settings = self.settings();
        let client = settings
            .client(account)
            .ok_or_else(|| RequestError::no_account(account))?;
        let picture = Picture::whole(client, self.environment.clock.now())
            .await
            .map_err(|error| RequestError::refused(error.to_string()))?;
        self.reconcile(&settings, account, client, &picture).await?;
        self.replace_the_dead(&settings, account, client, &picture)
            .await?;
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
