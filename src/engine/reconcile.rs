//! What a full listing says beyond single orders: duplicates of our own, a twin daemon, slots, and what can be tidied.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::listing::Listing;
use super::{Engine, Settings};
use crate::lifecycle::order::adopt::evercert_marker;
use crate::lifecycle::{Choice, Note, Sighting, SightingState};
use crate::observe::event::{Event, Fact, Resumed, Twin};
use crate::store::StoreError;
use crate::store::Sweep;
use crate::tencent::Client;

/// The service refuses deleting in the first hour (Tencent Cloud, DeleteCertificate).
const NOT_DELETED_BEFORE: TimeDelta = TimeDelta::minutes(65);

/// So many are deleted in one sweep at most; the rest waits for the next.
const TIDIED_AT_ONCE: usize = 20;

impl Engine {
    /// Notes the sweep of the client's account, and tells of what should not be.
    pub(super) async fn reconcile(
        &self,
        settings: &Settings,
        client: &Client,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let account = client.account();
        let sweep = Sweep {
            account: account.to_owned(),
            at: now,
            slots: listing.slots(now),
        };
        // A list that ended early would show slots as free that are not: the last figures stay.
        if listing.missing == 0 {
            let holdings = listing.holdings(now);
            self.store().set_sweep(&sweep, &holdings).await?;
        }
        let mut events = self.find_twins(settings, account, listing);
        events.extend(self.say_rival(account, listing).await?);
        events.extend(self.say_behind(settings, account, listing).await?);
        self.find_copy(listing).await?;
        // What it would cancel or delete may be the other copy's.
        let is_copy = self.is_copy().await?;
        if !is_copy {
            events.extend(self.end_duplicates(settings, client, listing).await);
        }
        let of_account = settings.config.accounts.get(account);
        if !is_copy && of_account.is_some_and(|account| account.tidy) {
            events.extend(self.tidy(settings, client, listing).await?);
        }
        self.say(events).await?;
        self.free_parked(settings, account, listing).await
    }

    /// Deletes our own orders that failed, were cancelled or have expired: each holds a slot until then.
    async fn tidy(
        &self,
        settings: &Settings,
        client: &Client,
        listing: &Listing,
    ) -> Result<Vec<Event>, StoreError> {
        let now = listing.service_now();
        let ours = self.ours();
        let useless: Vec<_> = listing
            .entries()
            .filter(|(_, sighting)| ours.marker(&sighting.alias).is_some())
            .filter(|(_, sighting)| sighting.is_useless())
            .filter(|(_, sighting)| {
                sighting
                    .inserted
                    .is_some_and(|at| now - at > NOT_DELETED_BEFORE)
            })
            .take(TIDIED_AT_ONCE)
            .collect();
        let mut events = Vec::new();
        for (domain, sighting) in useless {
            let id = sighting.certificate_id.as_str();
            let known = self.store().record(domain).await?;
            let is_in_use = known.is_some_and(|known| {
                let installed = known.record.installed.as_ref();
                installed.is_some_and(|installed| installed.certificate_id == id)
                    || known.record.ordered_id() == Some(id)
            });
            if is_in_use {
                continue;
            }
            let Some(signs) = self.signs(settings, listing) else {
                break;
            };
            match client.delete(id, signs).await {
                Ok(_) => events.push(
                    Event::of(Fact::OrderDeleted)
                        .certificate(domain)
                        .account(client.account())
                        .certificate_id(id),
                ),
                // Bound somewhere, or too young still: the next sweep sees it again.
                Err(error) => tracing::debug!(%error, id, "the order was not deleted"),
            }
        }
        Ok(events)
    }

    /// The world may have changed for a certificate that waits for its operator: one that was made by hand, say, ends
    /// the wait.
    async fn free_parked(
        &self,
        settings: &Settings,
        account: &str,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        for known in self.store().parked(account).await? {
            let record = known.record;
            let domain = &record.domain;
            let policy = settings.policy(domain, record.order.as_ref());
            let choice = self.choice(&policy, &record, listing).await?;
            if record.order.is_some() || !matches!(choice, Choice::Adopt(_)) {
                continue;
            }
            let why = Resumed::Adoptable;
            let event = Event::of(Fact::CertificateResumed { why }).certificate(domain);
            self.note(domain, Note::Adoptable, vec![event]).await?;
        }
        Ok(())
    }

    /// Markers of another installation on names of ours: two daemons order the same certificates.
    fn find_twins(&self, settings: &Settings, account: &str, listing: &Listing) -> Vec<Event> {
        let mut events = Vec::new();
        let ours = self.ours();
        for (domain, sightings) in listing.all() {
            if settings.certificate(domain).is_none() {
                continue;
            }
            let twins: BTreeSet<&str> = sightings
                .iter()
                .filter(|sighting| sighting.state == SightingState::Pending)
                .filter(|sighting| ours.marker(&sighting.alias).is_none())
                .filter_map(|sighting| installation_of(&sighting.alias))
                .collect();
            for twin in twins {
                let what = Twin::Orders(twin.into());
                events.push(
                    Event::of(Fact::TwinSeen { what })
                        .certificate(domain)
                        .account(account),
                );
            }
        }
        events
    }

    /// The time to sign with, where what is shared may be changed now.
    fn signs(&self, settings: &Settings, listing: &Listing) -> Option<Option<DateTime<Utc>>> {
        let orders = Settings::orders_of(&settings.config, None);
        listing
            .fence(orders, self.environment.clock.since_boot())
            .signs()
    }

    /// Two pending orders of our own for one name: the older is kept, the younger cancelled while that is possible.
    async fn end_duplicates(
        &self,
        settings: &Settings,
        client: &Client,
        listing: &Listing,
    ) -> Vec<Event> {
        let ours = self.ours();
        let mut events = Vec::new();
        for (domain, sightings) in listing.all() {
            let mut own: Vec<&Sighting> = sightings
                .iter()
                .filter(|sighting| sighting.state == SightingState::Pending)
                .filter(|sighting| ours.marker(&sighting.alias).is_some())
                .collect();
            own.sort_by_key(|sighting| (sighting.inserted, sighting.certificate_id.clone()));
            for younger in own.iter().skip(1) {
                let id = &younger.certificate_id;
                let Some(signs) = self.signs(settings, listing) else {
                    return events;
                };
                let not_cancelled = match client.cancel_audit(id, signs).await {
                    Ok(answer) if answer.value => None,
                    Ok(_) => Some("the service answers that it did not".into()),
                    Err(error) => Some(error.to_string().into()),
                };
                let fact = Fact::OrderDuplicate {
                    first: own[0].certificate_id.as_str().into(),
                    not_cancelled,
                };
                events.push(
                    Event::of(fact)
                        .certificate(domain)
                        .account(client.account())
                        .certificate_id(younger.certificate_id.as_str()),
                );
            }
        }
        events
    }
}

/// `ec-<installation>-` of an alias that begins with any Evercert's marker.
fn installation_of(alias: &str) -> Option<&str> {
    evercert_marker(alias).and_then(|marker| marker.get(..10))
}
