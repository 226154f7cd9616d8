//! A fleet, as the engine goes by it: when it looks, and who else orders under this machine's number.

mod differs;
mod memory;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use memory::FleetMemory;

use super::listing::Listing;
use super::{Engine, Settings};
use crate::lifecycle::{Note, Ours, SightingState};
use crate::observe::event::{Event, Fact};
use crate::store::StoreError;

/// An order of shortly after the operator's decision may have been under way before.
const DECIDED: TimeDelta = TimeDelta::minutes(10);

/// A machine that has not the newest certificate after so long is behind.
const BEHIND: TimeDelta = TimeDelta::days(1);

/// Another installation that orders under this machine's number.
pub(super) struct Rival {
    /// Two characters of it, as its markers have them.
    pub(super) installation: String,
    /// An order of it.
    pub(super) certificate_id: String,
    /// Whether it ordered before this one did.
    pub(super) is_older: bool,
}

impl Engine {
    /// The accounts whose list is to be looked at for what other machines ordered, each with the time until then: where its
    /// proof is published here too, and where a certificate is due, whatever keeps this machine from ordering it.
    async fn looks(&self, settings: &Settings) -> Result<Vec<(String, Duration)>, StoreError> {
        let clock = &self.environment.clock;
        let mut looks = Vec::new();
        for (account, _) in settings.clients() {
            let Some(look) = settings.look(account) else {
                continue;
            };
            let is_wanted = settings.looks_for_proofs(account)
                || self.store().is_any_due(account, clock.now()).await?;
            if is_wanted {
                let since = self.fleet.since_look(account, clock.monotonic());
                let pause = since.map_or(Duration::ZERO, |since| look.saturating_sub(since));
                looks.push((account.to_owned(), pause));
            }
        }
        Ok(looks)
    }

    /// The accounts whose list is to be looked at now for what other machines ordered.
    pub(super) async fn looks_now(
        &self,
        settings: &Settings,
    ) -> Result<HashSet<String>, StoreError> {
        let looks = self.looks(settings).await?.into_iter();
        let now = looks.filter(|(_, pause)| pause.is_zero());
        Ok(now.map(|(account, _)| account).collect())
    }

    /// When the next of these looks is due.
    pub(super) async fn next_look(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let looks = self.looks(&self.settings()).await?;
        let first = looks.into_iter().map(|(_, pause)| pause).min();
        let first = first.and_then(|first| TimeDelta::from_std(first).ok());
        let now = self.environment.clock.now();
        Ok(first.and_then(|first| now.checked_add_signed(first)))
    }

    /// Another installation that orders under this machine's number, as the list shows it; none of before the operator
    /// decided that this one is it.
    pub(super) async fn rival(
        &self,
        account: &str,
        ours: &Ours,
        listing: &Listing,
    ) -> Result<Option<Rival>, StoreError> {
        let Some((number, installation)) = ours.this() else {
            return Ok(None);
        };
        let listed = listing.service_now();
        let since = self.store().first_list_since_decided(account, listed);
        let since = since.await?;
        let alive = listing
            .entries()
            .filter(|(_, one)| matches!(one.state, SightingState::Pending | SightingState::Issued));
        let (mut theirs, mut first_of_ours) = (Vec::new(), None);
        let numbers = numbers(ours, listing);
        for (_, one) in alive {
            match ours.member(&one.alias) {
                Some((its, own)) if its == number && own == installation => {
                    first_of_ours = [first_of_ours, one.inserted].into_iter().flatten().min();
                }
                Some((its, other)) if its == number => theirs.push((one.inserted, other, one)),
                _ => {}
            }
        }
        // Whose newest order bears another number has changed it since.
        theirs.retain(|(inserted, other, _)| {
            inserted.is_none() || numbers.get(other).is_none_or(|its| *its == number)
        });
        theirs.retain(|(inserted, _, _)| match (since, inserted) {
            (Some(since), Some(inserted)) => *inserted > since + DECIDED,
            (Some(_), None) => false,
            (None, _) => true,
        });
        let first = theirs
            .iter()
            .min_by_key(|(inserted, other, _)| (*inserted, *other));
        Ok(first.map(|(inserted, other, one)| Rival {
            installation: (*other).to_owned(),
            certificate_id: one.certificate_id.clone(),
            is_older: match (first_of_ours, inserted) {
                (Some(ours), Some(theirs)) => (*theirs, *other) < (ours, installation),
                _ => true,
            },
        }))
    }

    /// Says of each certificate of this account that the fleet has had a newer one for a day than is installed here.
    pub(super) async fn say_behind(
        &self,
        settings: &Settings,
        account: &str,
        listing: &Listing,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        if settings.config.fleet.is_none() {
            return Ok(events);
        }
        let (ours, now) = (self.ours(), self.environment.clock.monotonic());
        let installed: HashMap<String, String> = self
            .store()
            .installed_of(account)
            .await?
            .into_iter()
            .collect();
        for entry in &settings.config.certificates {
            let id = installed.get(&entry.domain);
            let held = id.and_then(|id| listing.by_id(id));
            let newer = listing.of(&entry.domain).iter().filter(|one| {
                let is_old = one
                    .inserted
                    .is_some_and(|at| listing.service_now() - at > BEHIND);
                let is_newer = match (id, held) {
                    (None, _) => true,
                    (Some(_), Some(held)) => one.not_after > held.not_after,
                    (Some(_), None) => false,
                };
                let is_ours = ours.member(&one.alias).is_some();
                one.state == SightingState::Issued && is_ours && is_old && is_newer
            });
            let Some(newest) = newer.max_by_key(|one| one.not_after) else {
                continue;
            };
            let newest = newest.certificate_id.as_str();
            if self
                .fleet
                .is_news(format!("behind {} {newest}", entry.domain), now)
            {
                let fact = Fact::FleetBehind {
                    newest: newest.into(),
                };
                let event = Event::of(fact).certificate(&entry.domain).account(account);
                events.push(event.certificate_id(id.map(String::as_str)));
            }
        }
        Ok(events)
    }

    /// What waits since another installation orders under this machine's number goes on, for it does so no more: one that got
    /// another number is known by its next order.
    async fn go_on(&self, settings: &Settings, account: &str) -> Result<(), StoreError> {
        let Some(look) = settings.look(account) else {
            return Ok(());
        };
        if self.store().may_be_copy().await?.is_some() {
            return Ok(());
        }
        let now = self.environment.clock.now();
        let soon = now + TimeDelta::from_std(look).unwrap_or_default();
        for domain in self.store().waiting_for_operator().await? {
            let known = self.store().record(&domain).await?;
            let waits = known.is_some_and(|known| {
                known.record.account == account && known.record.retry.not_before > Some(soon)
            });
            if waits {
                self.note(&domain, Note::NotBefore(now), Vec::new()).await?;
            }
        }
        Ok(())
    }

    /// Says that another installation orders under this machine's number.
    pub(super) async fn say_rival(
        &self,
        settings: &Settings,
        account: &str,
        listing: &Listing,
    ) -> Result<Vec<Event>, StoreError> {
        let ours = self.ours();
        let Some(rival) = self.rival(account, &ours, listing).await? else {
            // Without the service's time it would wait all the same.
            if ours.this().is_some() && listing.time.is_some() {
                self.go_on(settings, account).await?;
            }
            return Ok(Vec::new());
        };
        let now = self.environment.clock.monotonic();
        if !self
            .fleet
            .is_news(format!("rival {}", rival.installation), now)
        {
            return Ok(Vec::new());
        }
        let number = ours.this().map_or(0, |(number, _)| number);
        let fact = Fact::FleetSameMachine {
            machine: number,
            other: rival.installation.as_str().into(),
            stops: rival.is_older,
        };
        let event = Event::of(fact)
            .account(account)
            .certificate_id(rival.certificate_id.as_str());
        Ok(vec![event])
    }
}

/// The number that each installation of the fleet ordered under last, as the list shows it.
fn numbers<'l>(ours: &Ours, listing: &'l Listing) -> HashMap<&'l str, u8> {
    let mut newest: HashMap<&str, (DateTime<Utc>, u8)> = HashMap::new();
    for (_, one) in listing.entries() {
        let (Some((number, installation)), Some(at)) = (ours.member(&one.alias), one.inserted)
        else {
            continue;
        };
        let known = newest.entry(installation).or_insert((at, number));
        *known = (*known).max((at, number));
    }
    let numbers = newest.into_iter();
    numbers.map(|(own, (_, number))| (own, number)).collect()
}
