//! What a full picture says beyond single orders: duplicates of our own, a twin daemon, slots, and what can be tidied.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::journal::Journal;
use super::pass::certificate_id;
use super::picture::Picture;
use super::{Engine, EngineError, Settings};
use crate::lifecycle::{Choice, Ours, Schedule, Sighting, SightingState, choose};
use crate::observe::event::{self, Event};
use crate::store::{Changes, Sweep};
use crate::tencent::Client;
use crate::tencent::ssl::Status;

/// The service refuses deleting in the first hour (Tencent Cloud, DeleteCertificate).
const NOT_DELETED_BEFORE: TimeDelta = TimeDelta::minutes(65);

/// So many are deleted in one sweep at most; the rest waits for the next.
const TIDIED_AT_ONCE: usize = 20;

impl Engine {
    /// Notes the sweep, and tells of what should not be.
    pub(super) async fn reconcile(
        &self,
        settings: &Settings,
        account: &str,
        client: &Client,
        picture: &Picture,
    ) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let sweep = Sweep {
            account: account.to_owned(),
            at: now,
            slots: picture.slots(now, None),
        };
        self.store()
            .set_sweep(&sweep, &picture.holdings(now))
            .await?;
        let mut journal = Journal::default();
        self.find_twins(settings, account, picture, &mut journal);
        self.find_copy(picture).await?;
        // What it would cancel or delete may be the other copy's.
        let is_copy = self.is_copy().await?;
        if !is_copy {
            self.end_duplicates(account, client, picture, &mut journal)
                .await;
        }
        let tidy = settings
            .config
            .accounts
            .get(account)
            .is_some_and(|account| account.tidy);
        if tidy && !is_copy {
            self.tidy(account, client, picture, &mut journal).await?;
        }
        journal.write(self.store(), now).await?;
        self.free_parked(settings, account, picture).await
    }

    /// Deletes our own orders that failed, were cancelled or have expired: each holds a slot until then.
    async fn tidy(
        &self,
        account: &str,
        client: &Client,
        picture: &Picture,
        journal: &mut Journal,
    ) -> Result<(), EngineError> {
        let now = picture.service_now();
        let ours = Ours {
            prefix: &self.prefix,
        };
        // In a list: an iterator that is kept across a call makes the whole pass one that no task can be made of.
        let useless: Vec<(&str, &Sighting)> = picture
            .all()
            .flat_map(|(domain, sightings)| {
                sightings.iter().map(move |sighting| (domain, sighting))
            })
            .filter(|(_, sighting)| ours.marker(&sighting.alias).is_some())
            .filter(|(_, sighting)| match sighting.state {
                SightingState::Rejected | SightingState::Cancelled => true,
                SightingState::Dead => sighting.status == Status::EXPIRED.number(),
                SightingState::Pending | SightingState::Issued => false,
            })
            .filter(|(_, sighting)| {
                sighting
                    .inserted
                    .is_some_and(|at| now - at > NOT_DELETED_BEFORE)
            })
            .take(TIDIED_AT_ONCE)
            .collect();
        for (domain, sighting) in useless {
            let id = sighting.certificate_id.as_str();
            let listing = self.store().record(domain).await?;
            let record = listing.as_ref().map(|listing| &listing.record);
            let held = record.and_then(|record| record.held.as_ref());
            let open = record.and_then(certificate_id);
            if held.is_some_and(|held| held.certificate_id == id) || open == Some(id) {
                continue;
            }
            match client.delete(id).await {
                Ok(_) => journal.add(
                    Event::new(
                        event::ORDER_DELETED,
                        format!("{domain}: deleted the order {id}, which is of no use any more"),
                    )
                    .certificate(domain)
                    .account(account)
                    .certificate_id(id),
                ),
                // Bound somewhere, or too young still: the next sweep sees it again.
                Err(error) => tracing::debug!(%error, id, "the order was not deleted"),
            }
        }
        Ok(())
    }

    /// The world may have changed for a certificate that waits for its operator: one that was made by hand, say, ends
    /// the wait.
    async fn free_parked(
        &self,
        settings: &Settings,
        account: &str,
        picture: &Picture,
    ) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let ours = Ours {
            prefix: &self.prefix,
        };
        for listing in self.store().parked(account).await? {
            let mut record = listing.record;
            let policy = settings.policy(&record.domain, record.order.as_ref());
            let sightings = picture.of(&record.domain);
            let useless = self.store().useless_ids(&record.domain).await?;
            let choice = choose(
                now,
                picture.service_now(),
                &policy,
                &record,
                &ours,
                &useless,
                sightings,
            );
            if record.order.is_some() || !matches!(choice, Choice::Adopt(_)) {
                continue;
            }
            record.parked = None;
            record.retry.not_before = None;
            record.retry.unvalidated = 0;
            let mut journal = Journal::default();
            let message = format!(
                "{}: there is a certificate to adopt; it goes on",
                record.domain
            );
            journal
                .add(Event::new(event::CERTIFICATE_RESUMED, message).certificate(&record.domain));
            let changes = Changes {
                record: &record,
                closed: None,
                schedule: Schedule {
                    at: Some(now),
                    in_flight: true,
                    urgent_at: None,
                },
                history: &journal.entries(),
            };
            self.store().save(now, changes).await?;
            journal.emit();
        }
        Ok(())
    }

    /// Markers of another installation on names of ours: two daemons order the same certificates.
    fn find_twins(
        &self,
        settings: &Settings,
        account: &str,
        picture: &Picture,
        journal: &mut Journal,
    ) {
        for (domain, sightings) in picture.all() {
            if settings.certificate(domain).is_none() {
                continue;
            }
            let twins: BTreeSet<&str> = sightings
                .iter()
                .filter(|sighting| sighting.state == SightingState::Pending)
                .filter_map(|sighting| installation_of(&sighting.alias))
                .filter(|prefix| *prefix != self.prefix)
                .collect();
            for twin in twins {
                let message = format!(
                    "{domain}: another Evercert ({twin}…) orders the same name; one domain belongs to one daemon"
                );
                journal.add(
                    Event::new(event::TWIN_SEEN, message)
                        .certificate(domain)
                        .account(account),
                );
            }
        }
    }

    /// Two pending orders of our own for one name: the older is kept, the younger cancelled while that is possible.
    async fn end_duplicates(
        &self,
        account: &str,
        client: &Client,
        picture: &Picture,
        journal: &mut Journal,
    ) {
        let ours = Ours {
            prefix: &self.prefix,
        };
        for (domain, sightings) in picture.all() {
            let mut own: Vec<&Sighting> = sightings
                .iter()
                .filter(|sighting| sighting.state == SightingState::Pending)
                .filter(|sighting| ours.marker(&sighting.alias).is_some())
                .collect();
            own.sort_by_key(|sighting| (sighting.inserted, sighting.certificate_id.clone()));
            for younger in own.iter().skip(1) {
                let cancelled = client.cancel_audit(&younger.certificate_id).await;
                let ending = match cancelled {
                    Ok(_) => "it is cancelled".to_owned(),
                    Err(error) => format!("cancelling it failed: {error}"),
                };
                let message = format!(
                    "{domain}: {} is a second order of ours beside {}; {ending}",
                    younger.certificate_id, own[0].certificate_id
                );
                journal.add(
                    Event::new(event::ORDER_DUPLICATE, message)
                        .certificate(domain)
                        .account(account)
                        .certificate_id(younger.certificate_id.as_str()),
                );
            }
        }
    }
}

/// `ec-<installation>-` of an alias that begins with any Evercert's marker.
fn installation_of(alias: &str) -> Option<&str> {
    evercert_marker(alias).and_then(|marker| marker.get(..10))
}

/// The marker that an alias begins with, whichever installation's it is.
pub(super) fn evercert_marker(alias: &str) -> Option<&str> {
    let word = alias.split_whitespace().next()?;
    let id = word.strip_prefix("ec-")?;
    let well_formed = id.len() == 15
        && id.as_bytes()[6] == b'-'
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    well_formed.then_some(word)
}
