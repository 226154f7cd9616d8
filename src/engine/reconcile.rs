//! What a full picture says beyond single orders: duplicates of our own, a twin daemon, slots.

use std::collections::BTreeSet;

use super::journal::Journal;
use super::picture::Picture;
use super::{Engine, EngineError, Settings};
use crate::lifecycle::{Ours, Sighting, SightingState};
use crate::observe::event::{self, Event};
use crate::store::Sweep;
use crate::tencent::Client;

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
        let slots = picture.all().flat_map(|(_, sightings)| sightings);
        let slots = slots.filter(|sighting| holds_a_slot(sighting, now)).count();
        self.store()
            .set_sweep(&Sweep {
                account: account.to_owned(),
                at: now,
                slots: u32::try_from(slots).unwrap_or(u32::MAX),
            })
            .await?;
        let mut journal = Journal::default();
        self.find_twins(settings, account, picture, &mut journal);
        self.end_duplicates(account, client, picture, &mut journal)
            .await;
        journal.write(self.store(), now).await?;
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
    let word = alias.split_whitespace().next()?;
    let id = word.strip_prefix("ec-")?;
    let well_formed = id.len() == 15
        && id.as_bytes()[6] == b'-'
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    well_formed.then(|| word.get(..10)).flatten()
}

/// What counts against the account's limit, by the facts' safe assumption: pending, unexpired, and failed or cancelled
/// ones until they are deleted.
fn holds_a_slot(sighting: &Sighting, now: chrono::DateTime<chrono::Utc>) -> bool {
    sighting.free
        && match sighting.state {
            SightingState::Pending | SightingState::Rejected | SightingState::Cancelled => true,
            SightingState::Issued => sighting.not_after.is_none_or(|end| end > now),
            SightingState::Dead => false,
        }
}
