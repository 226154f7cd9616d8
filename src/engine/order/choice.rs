//! What there is already that makes an order needless.

use chrono::{DateTime, TimeDelta};

use crate::engine::Engine;
use crate::engine::listing::Listing;
use crate::lifecycle::{Choice, Orders, Policy, Record, Sighting, choose};
use crate::store::StoreError;

/// What was found to be of no use is looked at again after so long, where others order too: they may have mended it.
const PUT_ASIDE: TimeDelta = TimeDelta::days(7);

/// Where only others order: there is nothing to order in its place.
const PUT_ASIDE_ELSEWHERE: TimeDelta = TimeDelta::days(1);

impl Engine {
    /// The ids that are not adopted now, for what came of them before. Whoever waits for its operator is not woken by any
    /// of them.
    async fn put_aside(&self, policy: &Policy, record: &Record) -> Result<Vec<String>, StoreError> {
        let lasts = match policy.orders {
            Orders::Here => None,
            Orders::InTurn { .. } => Some(PUT_ASIDE),
            Orders::Elsewhere { .. } => Some(PUT_ASIDE_ELSEWHERE),
        };
        let lasts = lasts.filter(|_| record.parked.is_none());
        let now = self.environment.clock.now();
        let since = lasts.map_or(DateTime::UNIX_EPOCH, |lasts| now - lasts);
        let mut ids = self.store().useless_ids(&record.domain, since).await?;
        let monotonic = self.environment.clock.monotonic();
        ids.extend(self.fleet.out_of_reach(&record.domain, monotonic));
        Ok(ids)
    }

    /// What the listing has for this certificate, if anything.
    pub(in crate::engine) async fn choice(
        &self,
        policy: &Policy,
        record: &Record,
        listing: &Listing,
    ) -> Result<Choice, StoreError> {
        let useless = self.put_aside(policy, record).await?;
        let wider: Vec<Sighting>;
        let sightings = match policy.orders.take_any_kind() {
            true => {
                wider = listing.covering(&record.domain, true).cloned().collect();
                &wider
            }
            false => listing.of(&record.domain),
        };
        Ok(choose(
            self.environment.clock.now(),
            listing.service_now(),
            policy,
            record,
            &self.ours(),
            &useless,
            sightings,
        ))
    }
}
