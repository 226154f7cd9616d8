//! What a full listing says beyond single orders: a twin daemon, slots, and who need not wait any more.

use std::collections::BTreeSet;

use super::listing::Listing;
use super::{Engine, Settings};
use crate::lifecycle::order::adopt::evercert_marker;
use crate::lifecycle::{Choice, Note, SightingState};
use crate::observe::event::{Event, Fact, Resumed, Twin};
use crate::store::StoreError;
use crate::store::Sweep;
use crate::tencent::Client;

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
        events.extend(self.say_rival(settings, account, listing).await?);
        events.extend(self.say_differences(settings, account, listing));
        events.extend(self.say_behind(settings, account, listing).await?);
        self.find_copy(account, listing).await?;
        self.say(events).await?;
        self.free_parked(settings, account, listing).await
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
}

/// `ec-<installation>-` of an alias that begins with any Evercert's marker.
fn installation_of(alias: &str) -> Option<&str> {
    evercert_marker(alias).and_then(|marker| marker.get(..10))
}
