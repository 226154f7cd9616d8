//! What is cancelled or deleted beside the certificates' own turns, and after them: a second order of our own, and orders of no
//! use.

use chrono::{DateTime, TimeDelta, Utc};

use super::listing::Listing;
use super::{Engine, Settings};
use crate::lifecycle::{Ours, Sighting, SightingState};
use crate::observe::event::{Event, Fact};
use crate::store::StoreError;
use crate::tencent::Client;

/// The service refuses deleting in the first hour (Tencent Cloud, DeleteCertificate).
const NOT_DELETED_BEFORE: TimeDelta = TimeDelta::minutes(65);

/// So many are deleted after one sweep at most; the rest waits for the next.
const TIDIED_AT_ONCE: usize = 20;

/// Orders that came to nothing within so long are counted: where many are, the next one waits.
pub(super) const LOST_FOR: TimeDelta = TimeDelta::days(7);

impl Engine {
    /// Ends what should not be and deletes what is of no use, as far as this list shows it. After the turns of an account: in a
    /// fleet, the list is decided on for a minute, and what is due goes first.
    pub(super) async fn tidy_up(
        &self,
        settings: &Settings,
        client: &Client,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        // What it would cancel or delete may be the other copy's.
        if self.is_copy().await? {
            return Ok(());
        }
        let mut events = self.end_duplicates(settings, client, listing).await;
        let of_account = settings.config.accounts.get(client.account());
        if of_account.is_some_and(|account| account.tidy) {
            events.extend(self.tidy(settings, client, listing).await?);
        }
        self.say(events).await
    }

    /// Deletes our own orders that failed, were cancelled or have expired: each holds a slot until then.
    async fn tidy(
        &self,
        settings: &Settings,
        client: &Client,
        listing: &Listing,
    ) -> Result<Vec<Event>, StoreError> {
        let in_use = self.store().ids_in_use().await?;
        let refused = self.undeleted.lately(self.environment.clock.monotonic());
        let (ours, now) = (self.ours(), listing.service_now());
        let useless = listing.entries().filter(|(_, sighting)| {
            let id = &sighting.certificate_id;
            is_deletable(&ours, now, sighting) && !in_use.contains(id) && !refused.contains(id)
        });
        let useless: Vec<_> = useless.take(TIDIED_AT_ONCE).collect();
        let mut events = Vec::new();
        for (domain, sighting) in useless {
            let id = sighting.certificate_id.as_str();
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
                Err(error) => {
                    if error.code().is_some() {
                        let monotonic = self.environment.clock.monotonic();
                        self.undeleted.note(id, monotonic);
                    }
                    tracing::debug!(%error, id, "the order was not deleted");
                }
            }
        }
        Ok(events)
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

    /// The time to sign with, where what is shared may be changed now.
    fn signs(&self, settings: &Settings, listing: &Listing) -> Option<Option<DateTime<Utc>>> {
        let orders = Settings::orders_of(&settings.config, None);
        listing
            .fence(orders, self.environment.clock.since_boot())
            .signs()
    }
}

/// Whether it is an order of ours that is of no use any more, and old enough. In a fleet, one that came to nothing stays for as
/// long as it is counted: the other machines see it nowhere else.
fn is_deletable(ours: &Ours, now: DateTime<Utc>, sighting: &Sighting) -> bool {
    let is_counted = ours.member(&sighting.alias).is_some()
        && matches!(
            sighting.state,
            SightingState::Rejected | SightingState::Cancelled
        );
    let least = match is_counted {
        true => LOST_FOR,
        false => NOT_DELETED_BEFORE,
    };
    ours.marker(&sighting.alias).is_some()
        && sighting.is_useless()
        && sighting.inserted.is_some_and(|at| now - at > least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cancelled(alias: &str, age: TimeDelta) -> Sighting {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        Sighting {
            certificate_id: "one".to_owned(),
            alias: alias.to_owned(),
            state: SightingState::Cancelled,
            status: 7,
            reason: None,
            free: true,
            obscure: false,
            uploaded: false,
            algorithm: None,
            downloadable: true,
            not_after: None,
            inserted: Some(now - age),
            origin: None,
            validated: false,
            resolved_here: None,
            method: None,
            deadline: None,
            also: Vec::new(),
        }
    }

    #[test]
    fn what_other_machines_count_is_not_deleted_from_the_list() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let member = Ours::of_fleet("f1eet0", Some(1), "abc123");
        let alone = Ours::alone("abc123");
        let (fleet, own) = ("ec-f1eet0-2zzabcde", "ec-abc123-abcdefgh");
        let (hours, days) = (TimeDelta::hours(2), TimeDelta::days(8));
        for (ours, alias, age, expected) in [
            (&alone, own, hours, true),
            (&alone, own, TimeDelta::minutes(60), false),
            (&alone, fleet, days, false),
            (&alone, "a person's", days, false),
            (&member, own, hours, true),
            (&member, fleet, hours, false),
            (&member, fleet, days, true),
        ] {
            let is = is_deletable(ours, now, &cancelled(alias, age));
            assert_eq!(is, expected, "{alias} {age}");
        }
        let pending = Sighting {
            state: SightingState::Pending,
            status: 0,
            ..cancelled(own, hours)
        };
        assert!(!is_deletable(&alone, now, &pending));
        // What has ended costs nobody an order.
        let expired = Sighting {
            state: SightingState::Dead,
            status: 3,
            ..cancelled(fleet, hours)
        };
        assert!(is_deletable(&member, now, &expired));
    }
}
