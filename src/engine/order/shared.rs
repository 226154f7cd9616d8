//! What a turn does where others order too: it takes what they ordered, waits for them or for its own time, and orders only
//! inside of the fence.

use chrono::{DateTime, TimeDelta, Utc};

use super::fetch::LOOKS;
use super::turn::Turn;
use crate::engine::failure::Judged;
use crate::engine::fence::Fence;
use crate::engine::listing::Listing;
use crate::engine::tidy::LOST_FOR;
use crate::engine::{Engine, Settings};
use crate::lifecycle::{
    Choice, Class, Due, Failure, Method, Note, Order, Orders, Outcome, Record, Sighting,
    SightingState, due,
};
use crate::observe::event::{CLAIM_NUMBER, Event, Fact};
use crate::store::StoreError;

/// A newer list is taken no sooner than this: where it does not come, it is not asked for in every pass.
const LIST_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// A certificate that nobody orders for so long is said.
const WAITED_LONG: TimeDelta = TimeDelta::days(1);

impl Turn<'_> {
    /// Whether something that machines share may be changed now, decided on this list.
    pub(super) fn fence(&self, listing: &Listing) -> Fence {
        let since_boot = self.engine.environment.clock.since_boot();
        listing.fence(self.policy.orders, since_boot)
    }

    /// As [`Turn::fence`], for an order that is there already: whoever orders this certificate, the fleet has agreed on who
    /// touches it.
    pub(super) fn fence_of_order(&self) -> Fence {
        let since_boot = self.engine.environment.clock.since_boot();
        let orders = Settings::orders_of(&self.settings.config, None);
        match self.listing {
            Some(listing) => listing.fence(orders, since_boot),
            None => Fence::at(orders, None, since_boot),
        }
    }

    /// Looks whether there is one that somebody else ordered; else it is looked again after a while.
    pub(super) async fn seek(&mut self, listing: &Listing) -> Result<(), StoreError> {
        let choice = self
            .engine
            .choice(&self.policy, &self.record, listing)
            .await?;
        if let Choice::Adopt(found) = choice {
            return self.adopt(*found).await;
        }
        self.note_waiting();
        let look = self.policy.orders.look().unwrap_or(self.policy.poll);
        self.come_again_after(look).await
    }

    /// What was only followed while others ordered is this machine's matter once it orders itself: it is chosen anew, and seen
    /// to its end.
    pub(super) async fn stop_following(&mut self) -> Result<(), StoreError> {
        let is_followed = self.record.order.as_ref().is_some_and(Order::is_followed);
        if !is_followed || self.policy.orders.are_elsewhere() {
            return Ok(());
        }
        self.settle(Outcome::LetGo, Vec::new()).await
    }

    /// Takes what somebody else ordered and is better than what is installed, also where nothing is due here; and their
    /// pending order, where its proof is published here too.
    pub(super) async fn take_newer(&mut self) -> Result<(), StoreError> {
        let entry = self.settings.certificate(&self.record.domain);
        let is_shared = entry.is_some_and(|entry| self.settings.is_shared(entry));
        let Some(listing) = self.listing.filter(|_| is_shared) else {
            return Ok(());
        };
        let record = &self.record;
        let is_free = record.wanted
            && record.order.is_none()
            && record.paused.is_none()
            && record.account == self.holds.account()
            && !self.policy.is_parked(record);
        if !is_free {
            return Ok(());
        }
        let choice = self.engine.choice(&self.policy, record, listing).await?;
        let Choice::Adopt(found) = choice else {
            return Ok(());
        };
        if found.state == SightingState::Issued || self.is_proved_by_all(&found) {
            self.adopt(*found).await?;
        }
        Ok(())
    }

    /// Whether every machine publishes the proof of this order.
    fn is_proved_by_all(&self, found: &Sighting) -> bool {
        found.method == Some(Method::File)
            && self.settings.method(&self.record.domain) == Method::File
    }

    /// Whether this is another machine's pending order, which that one sees to until this machine's turn comes.
    pub(super) fn is_for_its_turn(&self, found: &Sighting) -> bool {
        let ours = self.engine.ours();
        let is_another_s = ours.member(&found.alias).is_some() && !ours.made_here(&found.alias);
        let is_closed = |listing| self.fence(listing).signs().is_none();
        found.state == SightingState::Pending
            && is_another_s
            && !self.is_proved_by_all(found)
            && self.listing.is_some_and(is_closed)
    }

    /// Nothing is ordered in the place of what somebody else ordered, and what the service says of it may be about these
    /// credentials: after a few looks others are looked for, and then this one again.
    pub(super) async fn out_of_reach(
        &mut self,
        judged: Judged,
        id: &str,
    ) -> Result<(), StoreError> {
        let is_last = self.record.retry.failures + 1 >= LOOKS;
        self.failed(judged).await?;
        if !is_last {
            return Ok(());
        }
        let monotonic = self.engine.environment.clock.monotonic();
        self.engine
            .fleet
            .not_had(&self.record.domain, id, monotonic);
        self.settle(Outcome::LetGo, Vec::new()).await
    }

    /// An order that is due waits for this machine's turn. Meanwhile it is looked now and then whether another machine was
    /// faster.
    pub(super) async fn wait_for_turn(&mut self, fence: Fence) -> Result<(), StoreError> {
        match fence {
            Fence::Free | Fence::At(_) => Ok(()),
            Fence::Gaps => {
                let message = "the account's list has entries that can't be read, and what another machine of the fleet \
                     ordered may be among them: nothing is ordered on it";
                let failure = Failure::ours(Class::Transient, message.to_owned());
                self.failed(Judged::own(failure)).await
            }
            Fence::Timeless => self.wait_for_time().await,
            Fence::Never => {
                let look = self.policy.orders.look().unwrap_or(self.policy.poll);
                self.come_again_after(look).await
            }
            Fence::Closed(pause) => {
                self.note_waiting();
                let look = self.policy.orders.look().unwrap_or(pause);
                self.come_again_after(pause.min(look).max(LIST_AGAIN)).await
            }
        }
    }

    /// Nothing is ordered while the service does not tell its time. That is said once it lasts.
    async fn wait_for_time(&mut self) -> Result<(), StoreError> {
        let Orders::InTurn { turns, look } = self.policy.orders else {
            return Ok(());
        };
        let now = self.engine.environment.clock.monotonic();
        let lasts = self.engine.fleet.timeless(self.holds.account(), now);
        if TimeDelta::from_std(lasts).is_ok_and(|lasts| lasts >= turns.silence()) {
            let message = "the service's answers have no Date, by which this machine knows its turn: nothing is ordered; \
                 a proxy on the way may take the header out";
            let failure = Failure::ours(Class::Operator, message.to_owned());
            return self.failed(Judged::own(failure)).await;
        }
        self.come_again_after(look).await
    }

    async fn come_again_after(&mut self, pause: TimeDelta) -> Result<(), StoreError> {
        self.note(Note::NotBefore(self.now() + pause));
        self.save(None).await
    }

    /// Notes that it waits for an order, and says once a day that nobody has made one for a day.
    fn note_waiting(&mut self) {
        // A clock of ours that was set ahead would make a wait of a minute one of months.
        let now = self.listing.map_or(self.now(), Listing::service_now);
        let Some(why) = due(now, &self.policy, &self.record) else {
            return;
        };
        self.note(Note::Waits(now));
        let installed = self.record.installed.as_ref();
        let since = match why {
            // A machine that was off while the window opened has not waited yet.
            Due::Window | Due::Expired => installed
                .map(|held| self.policy.renew_at(held))
                .max(self.record.waits_since),
            Due::First | Due::Revoked | Due::Forced => self.record.waits_since,
        };
        let waited = since.map(|since| now - since).unwrap_or_default();
        let what = format!("waiting {}", self.record.domain);
        let monotonic = self.engine.environment.clock.monotonic();
        if waited >= WAITED_LONG && self.engine.fleet.is_news(what, monotonic) {
            let in_turn = matches!(self.policy.orders, Orders::InTurn { .. });
            let hours = waited.num_hours().unsigned_abs();
            let event = self
                .event(Fact::FleetWaiting { hours, in_turn })
                .days_left_until(self.record.ends(), now);
            self.journal.add(event);
        }
    }

    /// Orders of the fleet for this name that the list shows to have come to nothing within a week: the id of each, and when
    /// it was applied for.
    pub(super) fn lost_of_all(&self, listing: &Listing) -> Vec<(String, DateTime<Utc>)> {
        if self.settings.config.fleet.is_none() {
            return Vec::new();
        }
        let ours = self.engine.ours();
        let since = listing.service_now() - LOST_FOR;
        let lost = listing.of(&self.record.domain).iter().filter(|one| {
            let is_lost = matches!(
                one.state,
                SightingState::Rejected | SightingState::Cancelled
            );
            is_lost && ours.marker(&one.alias).is_some()
        });
        let lost = lost.filter_map(|one| {
            let at = one.inserted.filter(|at| *at > since)?;
            Some((one.certificate_id.clone(), at))
        });
        lost.collect()
    }

    /// An order of another machine that is adopted in mid-way, in this machine's own turn, is said: its owner may be gone.
    pub(super) fn took_over(&self, found: &Sighting) -> Vec<Event> {
        let ours = self.engine.ours();
        let Some((machine, _)) = ours.member(&found.alias) else {
            return Vec::new();
        };
        let is_open = |listing| self.fence(listing).signs().is_some();
        let is_mine = ours.made_here(&found.alias) || self.policy.orders.are_elsewhere();
        let is_pending = found.state == SightingState::Pending;
        if is_mine || !is_pending || !self.listing.is_some_and(is_open) {
            return Vec::new();
        }
        let event = self.event(Fact::FleetTookOver { machine });
        vec![event.certificate_id(found.certificate_id.as_str())]
    }

    /// An overdue order is cancelled in this machine's turn: it is looked at again then.
    pub(super) async fn wait_to_cancel(&mut self, fence: Fence) -> Result<(), StoreError> {
        match fence {
            Fence::Closed(pause) => {
                // Where a newer list is needed, or all of it, the next pass takes that.
                if pause.is_zero() {
                    let account = self.holds.account().to_owned();
                    self.engine.lock_asked().insert(account);
                }
                self.come_again_after(pause.max(LIST_AGAIN)).await
            }
            _ => Ok(()),
        }
    }

    /// Two machines with one number would order in the same turns: the younger one orders nothing.
    pub(super) async fn must_be_the_only_one(
        &mut self,
        listing: &Listing,
    ) -> Result<bool, StoreError> {
        let ours = self.engine.ours();
        let account = self.holds.account();
        let rival = self.engine.rival(account, &ours, listing).await?;
        let Some(rival) = rival.filter(|rival| rival.is_older) else {
            return Ok(false);
        };
        let message = format!(
            "another installation (\"{}\") orders under this machine's number: see order {}; {CLAIM_NUMBER}",
            rival.installation, rival.certificate_id
        );
        let failure = Failure::ours(Class::Operator, message);
        self.failed(Judged::own(failure)).await?;
        Ok(true)
    }
}

impl Engine {
    /// The certificates for which the list shows something that somebody else ordered and this machine lacks have a turn also
    /// where nothing else is due.
    pub(super) async fn add_newer(
        &self,
        settings: &Settings,
        account: &str,
        listing: &Listing,
        records: &mut Vec<Record>,
    ) -> Result<(), StoreError> {
        let shared = settings.config.certificates.iter();
        let shared: Vec<_> = shared.filter(|entry| settings.is_shared(entry)).collect();
        if shared.is_empty() {
            return Ok(());
        }
        let installed = self.store().installed_of(account).await?;
        let mut held = std::collections::HashMap::new();
        for (domain, id) in &installed {
            held.insert(domain.as_str(), id.as_str());
        }
        for entry in shared {
            let domain = entry.domain.as_str();
            if entry.account != account || records.iter().any(|record| record.domain == domain) {
                continue;
            }
            let id = held.get(domain).copied();
            let own = id.and_then(|id| listing.by_id(id));
            let least = own.map(|own| (own.not_after, own.inserted));
            let orders = Settings::orders_of(&settings.config, Some(entry));
            let is_newer =
                listing
                    .covering(domain, orders.take_any_kind())
                    .any(|one| match one.state {
                        SightingState::Issued => {
                            let is_own = Some(one.certificate_id.as_str()) == id;
                            !is_own
                                && least.is_none_or(|least| (one.not_after, one.inserted) > least)
                        }
                        SightingState::Pending => one.method == Some(Method::File),
                        _ => false,
                    });
            if is_newer {
                let known = self.store().record(domain).await?;
                records.extend(known.map(|known| known.record));
            }
        }
        Ok(())
    }
}
