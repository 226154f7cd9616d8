//! Adopt before you apply; permit, then intent, then send; look up what was lost.

use chrono::{DateTime, TimeDelta, Utc};

use super::turn::{SKEW_THAT_MATTERS, Turn};
use crate::engine::failure::{self, Judged, Named, failure_of};
use crate::engine::fence::Fence;
use crate::engine::listing::{Listing, sighting};
use crate::lifecycle::{
    Algorithm, Choice, Class, Failure, Found, Method, Order, Orders, Outcome, Sighting,
    SightingState, Stage, Step, find, stage_of,
};
use crate::observe::Fact;
use crate::store::StoreError;
use crate::tencent::ssl::Application;
use crate::tencent::{ApiError, Client, codes};

/// `Alias` holds this many characters at most (Tencent Cloud console, free certificate page).
const ALIAS: usize = 200;

/// So many failures in a row, looks at a list that lacks some of what it counts among them, before an order is made all the
/// same.
const LOOKS_AT_A_CUT_LIST: u32 = 3;

/// The service's code for a signature that it no longer takes.
const TOO_LATE: &str = "AuthFailure.SignatureExpire";

/// So many orders of one name may be lost in a week. Renewal has thirty days: some twenty attempts.
const LOST_A_WEEK: usize = 7;

impl Turn<'_> {
    /// Orders a certificate, unless something at the service makes that needless.
    pub(super) async fn order(
        &mut self,
        client: &Client,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let choice = self
            .engine
            .choice(&self.policy, &self.record, listing)
            .await?;
        match choice {
            Choice::Adopt(found) if self.is_for_its_turn(&found) => {
                self.wait_for_turn(self.fence(listing)).await
            }
            Choice::Adopt(found) => self.adopt(*found).await,
            Choice::Wait(found) => self.wait_for(*found).await,
            Choice::Apply | Choice::Unclear(_) => {
                let fence = self.fence(listing);
                if fence.signs().is_none() {
                    return self.wait_for_turn(fence).await;
                }
                if let Choice::Unclear(_) = choice {
                    return self.wait_for_turn(Fence::Gaps).await;
                }
                if self.must_be_the_only_one(listing).await?
                    || self.must_look_again(listing).await?
                    || self.must_be_claimed().await?
                    || self.must_see_again(listing).await?
                    || self.has_lost_too_many(listing).await?
                    || self.must_leave_room(listing).await?
                {
                    return Ok(());
                }
                self.apply(client, listing).await
            }
        }
    }

    /// What is there already may be among the entries that the list counts and does not have. That passes, or it never
    /// will: after some looks it stops no order. (Entries that are there and can't be read stay so: they stop none at all.)
    async fn must_look_again(&mut self, listing: &Listing) -> Result<bool, StoreError> {
        if listing.missing == 0 || self.record.retry.failures >= LOOKS_AT_A_CUT_LIST {
            return Ok(false);
        }
        let message = format!(
            "the account's list lacks {} of the certificates that it counts, and what is ordered already may be among them",
            listing.missing
        );
        let failure = Failure::ours(Class::Transient, message);
        self.failed(Judged::own(failure)).await?;
        Ok(true)
    }

    /// Orders that were lost cost slots all the same: after too many in a week, the next one waits.
    async fn has_lost_too_many(&mut self, listing: &Listing) -> Result<bool, StoreError> {
        let now = self.now();
        let own = self
            .store()
            .lost_orders_since(&self.record.domain, now - TimeDelta::days(7))
            .await?;
        // Of a fleet, the list shows what other machines lost; what was deleted there is in the record alone.
        let of_all = self.lost_of_all(listing);
        let is_other = |id: &str| !own.iter().any(|(known, _)| known.as_deref() == Some(id));
        let others = of_all.into_iter().filter(|(id, _)| is_other(id));
        let mut lost: Vec<_> = others.map(|(_, at)| at).collect();
        lost.extend(own.iter().map(|(_, at)| *at));
        lost.sort();
        let Some(oldest) = lost.first().filter(|_| lost.len() >= LOST_A_WEEK) else {
            return Ok(false);
        };
        let last = self.record.retry.last.as_ref();
        let message = format!(
            "{} orders were lost within a week; the next one waits, for each costs a slot. The last error: {}",
            lost.len(),
            last.map_or("none", |last| last.message.as_str())
        );
        let failure = Failure::ours(Class::Quota, message);
        let until = *oldest + TimeDelta::days(7);
        self.settle_failure(Outcome::Capped { until, failure })
            .await?;
        Ok(true)
    }

    /// A first order leaves the slots that renewals are waiting for: a site that is up stays up.
    async fn must_leave_room(&mut self, listing: &Listing) -> Result<bool, StoreError> {
        let account = self.record.account.clone();
        let limits = self.settings.config.accounts.get(&account);
        let (None, Some(limits)) = (&self.record.installed, limits) else {
            return Ok(false);
        };
        let now = self.now();
        let waiting = self.store().renewals_waiting(&account, now).await?;
        let since = self
            .store()
            .ordered_since(&account, listing.taken_at)
            .await?;
        let used = listing.slots(now) + since;
        if waiting == 0 || used + waiting < limits.free_limit {
            return Ok(false);
        }
        let message = format!(
            "{used} of {} free certificates are used, and {waiting} renewals go first",
            limits.free_limit
        );
        let failure = Failure::ours(Class::Quota, message);
        self.failed(Judged::own(failure)).await?;
        Ok(true)
    }

    pub(super) async fn adopt(&mut self, found: Sighting) -> Result<(), StoreError> {
        let ours = self.engine.ours();
        let own = ours.marker(&found.alias).map(str::to_owned);
        let follows = self.policy.orders.are_elsewhere();
        let order = Order {
            id: self.engine.environment.rng.id(),
            marker: own.clone().unwrap_or_default(),
            account: self.record.account.clone(),
            algorithm: self.policy.algorithm,
            method: found.method.unwrap_or_default(),
            link: found.origin.clone(),
            renewal: self.record.installed.is_some(),
            // An order of ours that was lost and found is ours to cancel; others' are not.
            adopted: own.is_none() || follows,
            stage: stage_of(self.now(), &found),
        };
        let id = found.certificate_id.as_str();
        let is_own = ours.made_here(&found.alias);
        let mut events = self.took_over(&found);
        let event = self
            .event(Fact::OrderAdopted { is_own })
            .certificate_id(id)
            .not_after(found.not_after);
        events.push(event);
        let order = Box::new(order);
        self.settle(Outcome::Adopted { order }, events).await
    }

    async fn wait_for(&mut self, found: Sighting) -> Result<(), StoreError> {
        let mut events = Vec::new();
        let known = self.record.foreign.as_ref();
        if known.is_none_or(|foreign| foreign.certificate_id != found.certificate_id) {
            let id = found.certificate_id.as_str();
            events.push(self.event(Fact::OrderForeign).certificate_id(id));
        }
        self.settle(Outcome::Foreign(Box::new(found)), events).await
    }

    /// Keys and permit, then intent, then send: the row with its marker is on disk before the request can be on the wire, and
    /// holds exactly the timestamp that is signed.
    async fn apply(&mut self, client: &Client, listing: &Listing) -> Result<(), StoreError> {
        let _alone = self.holds.alone(&*self.engine.environment.clock).await;
        let ready = client.permit().await;
        // Waiting takes time, in which another turn may have found the account full.
        let (false, Step::Order { why, link }) = (self.engine.is_yielding(), self.step()) else {
            ready.not_sent();
            return Ok(());
        };
        let sent_despite = self.holds.all();
        // In a fleet, what is signed is the time that this was decided by: where that is over, the service refuses it.
        let fence = self.fence(listing);
        let Some(signs) = fence.signs() else {
            ready.not_sent();
            return self.wait_for_turn(fence).await;
        };
        let signed_at = signs.unwrap_or_else(|| client.timestamp());
        let order = self.new_order(signed_at, link.clone());
        let application = self.application(&order);
        let marker = order.marker.clone();
        self.settle(Outcome::Intending(Box::new(order)), Vec::new())
            .await?;
        let answer = client.apply(ready, signed_at, &application).await;
        self.engine.advance();
        match answer {
            Ok(answer) => {
                let id = answer.value;
                let event = self
                    .event(Fact::OrderApplied { why })
                    .certificate_id(id.as_str())
                    .request_id(answer.request_id.as_deref());
                self.engine
                    .application_taken(&self.record, self.holds, &sent_despite)
                    .await?;
                self.settle(Outcome::Applied { certificate_id: id }, vec![event])
                    .await
            }
            Err(error) if signs.is_some() && error.code() == Some(TOO_LATE) => {
                self.came_too_late(&error).await
            }
            Err(error) if error.settled_as_not_made() => self.refused(client, error, link).await,
            Err(error) => self.unanswered(&marker, &error).await,
        }
    }

    /// The application came when its turn was long over, and the service did not take it: that is what it is signed for so.
    async fn came_too_late(&mut self, error: &ApiError) -> Result<(), StoreError> {
        let failure = Failure {
            class: Class::Transient,
            message: "the application came after this machine's turn, and the service did not take it: the machine stood \
                 still, or the network did"
                .to_owned(),
            ..failure_of(error)
        };
        let held_back = false;
        let outcome = Outcome::NotApplied { failure, held_back };
        self.settle_failure(outcome).await
    }

    fn new_order(&self, signed_at: DateTime<Utc>, link: Option<String>) -> Order {
        let id = self.engine.environment.rng.id();
        Order {
            marker: self.engine.ours().new_marker(&id),
            id,
            account: self.record.account.clone(),
            algorithm: self.policy.algorithm,
            method: self.settings.method(&self.record.domain),
            link,
            renewal: self.record.installed.is_some(),
            adopted: false,
            stage: Stage::Intended {
                signed_at,
                looks: 0,
            },
        }
    }

    fn application(&self, order: &Order) -> Application {
        let entry = self.settings.certificate(&self.record.domain);
        let alias = match entry.and_then(|entry| entry.alias.as_deref()) {
            Some(text) => format!("{} {text}", order.marker)
                .chars()
                .take(ALIAS)
                .collect(),
            None => order.marker.clone(),
        };
        let ecc = order.algorithm == Algorithm::Ecc;
        Application {
            dv_auth_method: order.method.name().to_owned(),
            domain_name: self.record.domain.clone(),
            csr_encrypt_algo: Some(order.algorithm.name().to_owned()),
            csr_key_parameter: Some(if ecc { "prime256v1" } else { "2048" }.to_owned()),
            alias: Some(alias),
            old_certificate_id: order.link.clone(),
            // Only DNS_AUTO has a record that the service could delete.
            delete_dns_auto_record: (order.method == Method::DnsAuto)
                .then(|| entry.is_none_or(|entry| entry.delete_dns_record)),
            project_id: entry
                .and_then(|entry| entry.project_id)
                .and_then(|id| i64::try_from(id).ok()),
            contact_email: entry.and_then(|entry| entry.contact_email.clone()),
            contact_phone: entry.and_then(|entry| entry.contact_phone.clone()),
            csr_key_password: entry.and_then(|entry| entry.csr_key_password.clone()),
            package_type: entry.and_then(|entry| entry.package_type.clone()),
            validity_period: entry.and_then(|entry| entry.validity_period.clone()),
        }
    }

    async fn unanswered(&mut self, marker: &str, error: &ApiError) -> Result<(), StoreError> {
        let failure = Failure {
            class: Class::Transient,
            message: format!("no clear answer to the application: {error}"),
            ..failure_of(error)
        };
        self.settle_with(Outcome::Unanswered(failure.clone()), |turn| {
            let fact = Fact::OrderUnknown {
                marker: marker.into(),
                reason: failure.message.as_str().into(),
            };
            vec![
                turn.event(fact)
                    .code(failure.code.as_deref())
                    .request_id(failure.request_id.as_deref())
                    .next_attempt(turn.record.retry.not_before),
            ]
        })
        .await
    }

    /// The service refused for certain. With a link in it, the link may be what it refused.
    async fn refused(
        &mut self,
        client: &Client,
        error: ApiError,
        link: Option<String>,
    ) -> Result<(), StoreError> {
        let entry = self.settings.certificate(&self.record.domain);
        let named = Named::Application {
            record: &self.record,
            project: entry.and_then(|entry| entry.project_id),
        };
        let Judged { failure, held_back } =
            self.engine.api_failure(&error, self.holds, named).await?;
        let (Some(link), Class::Permanent | Class::AlreadySo) = (link, failure.class) else {
            return self
                .settle_failure(Outcome::NotApplied { failure, held_back })
                .await;
        };
        self.refuse_link(client, &link, failure).await
    }

    /// Settles that the application was not made, and that its link is why.
    async fn refuse_link(
        &mut self,
        client: &Client,
        link: &str,
        failure: Failure,
    ) -> Result<(), StoreError> {
        let for_good = self.link_is_gone(client, link).await;
        self.settle_failure(Outcome::LinkRefused { failure, for_good })
            .await
    }

    /// The error that came instead of an application's answer, where that calls the application itself, or its link,
    /// refused. It settled nothing when it came; that the order never showed up does.
    fn refused_for_good(&self) -> Option<Failure> {
        // Only an application without an answer notes such a code as one that passes: any other failure is an earlier one's.
        let last = self.record.retry.last.as_ref();
        let last = last.filter(|last| last.class == Class::Transient)?;
        let class = codes::lookup(last.code.as_deref()?)?.class;
        let is_final = matches!(class, Class::Permanent | Class::AlreadySo);
        is_final.then(|| Failure {
            class,
            ..last.clone()
        })
    }

    /// Reads the old certificate again: is it usable as a link at all?
    async fn link_is_gone(&self, client: &Client, link: &str) -> bool {
        let now = self.now();
        match client.describe(link).await {
            Ok(answer) => {
                let old = sighting(&answer.value);
                let usable = old.state == SightingState::Issued
                    && old.not_after.is_some_and(|end| end > now)
                    && answer.value.extra.renew_order.is_none();
                // It is fine as it stands: the window's edge may lie a day further than we read it.
                let at_the_edge = old
                    .not_after
                    .is_some_and(|end| end - now > TimeDelta::days(29));
                !(usable && at_the_edge)
            }
            Err(error) => failure::not_found(&error),
        }
    }

    /// Searches the listing for the application whose answer never came.
    pub(super) async fn look_up(
        &mut self,
        client: &Client,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let Some(order) = self.record.order.clone() else {
            return Ok(());
        };
        let Stage::Intended { signed_at, .. } = order.stage else {
            return Ok(());
        };
        let known = self.store().known_ids(&self.record.domain).await?;
        let ours = self.engine.ours();
        let found = find(
            &order.marker,
            signed_at,
            order.link.as_deref(),
            &ours,
            &known,
            listing.of(&self.record.domain),
        );
        // By the service's own clock where it told it: that clock decides how long a signature is accepted, and ours may
        // have jumped since. Where ours is near enough to have signed, by ours as well: a few minutes behind, it would
        // cut the search short.
        let seen_at = match listing.service_time() {
            // In turns the service's time alone decides: a clock of ours that was put forward would end the search early.
            None if matches!(self.policy.orders, Orders::InTurn { .. }) => signed_at,
            Some(service) if (service - listing.taken_at).abs() > SKEW_THAT_MATTERS => service,
            Some(service) => service.min(listing.taken_at),
            None => listing.taken_at,
        };
        let gave_up = self.policy.gives_up(signed_at, seen_at, listing.has_gaps());
        if found == Found::Nothing
            && gave_up
            && let Some(failure) = self.refused_for_good()
        {
            if let Some(link) = order.link.as_deref() {
                return self.refuse_link(client, link, failure).await;
            }
            if failure.class == Class::Permanent {
                let held_back = false;
                let outcome = Outcome::NotApplied { failure, held_back };
                return self.settle_failure(outcome).await;
            }
        }
        let events = match &found {
            Found::This(sighting) => {
                let id = sighting.certificate_id.as_str();
                vec![self.event(Fact::OrderFound).certificate_id(id)]
            }
            Found::Nothing | Found::Several(_) => Vec::new(),
        };
        self.settle(Outcome::Searched { found, gave_up }, events)
            .await
    }
}
