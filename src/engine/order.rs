//! Adopt before you apply; permit, then intent, then send; look up what was lost.

use chrono::{DateTime, TimeDelta, Utc};

use super::EngineError;
use super::failure::{self, Judged, Named};
use super::picture::{Picture, sighting};
use super::turn::{SKEW_THAT_MATTERS, Turn};
use crate::lifecycle::{
    Algorithm, Choice, Class, Failure, Found, Method, Order, Ours, Outcome, Sighting, Stage, Step,
    choose, find, plan, settle,
};
use crate::observe::event;
use crate::tencent::ssl::Application;
use crate::tencent::{ApiError, Client, codes};

/// `Alias` holds this many characters at most (Tencent Cloud console, free certificate page).
const ALIAS: usize = 200;

/// So many orders of one name may be lost in a week. Renewal has thirty days: some twenty attempts.
const LOST_A_WEEK: usize = 7;

impl Turn<'_> {
    /// Orders a certificate, unless something at the service makes that needless.
    pub(super) async fn order(
        &mut self,
        client: &Client,
        picture: &Picture,
    ) -> Result<(), EngineError> {
        let ours = Ours {
            prefix: &self.engine.prefix,
        };
        let sightings = picture.of(&self.record.domain);
        let useless = self.engine.store().useless_ids(&self.record.domain).await?;
        let choice = choose(
            self.now(),
            picture.service_now(),
            &self.policy,
            &self.record,
            &ours,
            &useless,
            sightings,
        );
        match choice {
            Choice::Adopt(found) => self.adopt(*found).await,
            Choice::Wait(found) => self.wait_for(*found).await,
            Choice::Apply => {
                if self.must_be_claimed().await?
                    || self.must_see_again(picture).await?
                    || self.has_lost_too_many().await?
                    || self.must_leave_room(picture).await?
                {
                    return Ok(());
                }
                self.apply(client).await
            }
        }
    }

    /// Orders that were lost cost slots all the same: after too many in a week, the next one waits.
    async fn has_lost_too_many(&mut self) -> Result<bool, EngineError> {
        let now = self.now();
        let lost = self
            .engine
            .store()
            .lost_orders_since(&self.record.domain, now - TimeDelta::days(7))
            .await?;
        let Some(oldest) = lost.first().filter(|_| lost.len() >= LOST_A_WEEK) else {
            return Ok(false);
        };
        let failure = Failure::ours(
            Class::Quota,
            format!(
                "{} orders were lost within a week; the next one waits, for each costs a slot. The last error: {}",
                lost.len(),
                self.record
                    .retry
                    .last
                    .as_ref()
                    .map_or("none", |last| last.message.as_str())
            ),
        );
        let outcome = Outcome::Capped {
            until: *oldest + TimeDelta::days(7),
            failure: failure.clone(),
        };
        self.settle_failure(outcome, failure).await?;
        Ok(true)
    }

    /// A first order leaves the slots that renewals are waiting for: a site that is up stays up.
    async fn must_leave_room(&mut self, picture: &Picture) -> Result<bool, EngineError> {
        let account = self.record.account.clone();
        let limits = self.settings.config.accounts.get(&account);
        let (None, Some(limits)) = (&self.record.held, limits) else {
            return Ok(false);
        };
        let now = self.now();
        let waiting = self.engine.store().renewals_waiting(&account, now).await?;
        let since = self
            .engine
            .store()
            .ordered_since(&account, picture.taken_at)
            .await?;
        let used = picture.slots(now, None) + since;
        if waiting == 0 || used + waiting < limits.free_limit {
            return Ok(false);
        }
        let failure = Failure::ours(
            Class::Quota,
            format!(
                "{used} of {} free certificates are used, and {waiting} renewals go first",
                limits.free_limit
            ),
        );
        self.failed(Judged {
            failure,
            held_back: false,
        })
        .await?;
        Ok(true)
    }

    async fn adopt(&mut self, found: Sighting) -> Result<(), EngineError> {
        let own = Ours {
            prefix: &self.engine.prefix,
        }
        .marker(&found.alias)
        .map(str::to_owned);
        let order = Order {
            id: self.engine.environment.dice.id(),
            marker: own.clone().unwrap_or_default(),
            account: self.record.account.clone(),
            algorithm: self.policy.algorithm,
            method: found.method.unwrap_or_default(),
            link: found.origin.clone(),
            renewal: self.record.held.is_some(),
            // An order of ours that was lost and found is ours to cancel; others' are not.
            adopted: own.is_none(),
            stage: settle::stage_of(self.now(), &found),
        };
        let message = format!(
            "{}: {} {} is at the service already; it is taken instead of a new order",
            self.record.domain,
            if own.is_some() {
                "our order"
            } else {
                "certificate"
            },
            found.certificate_id,
        );
        let event = self
            .event(event::ORDER_ADOPTED, message)
            .certificate_id(found.certificate_id.as_str())
            .not_after(found.not_after);
        self.settle(
            Outcome::Adopted {
                order: Box::new(order),
            },
            vec![event],
        )
        .await
    }

    async fn wait_for(&mut self, found: Sighting) -> Result<(), EngineError> {
        let mut events = Vec::new();
        let known = self.record.foreign.as_ref();
        if known.is_none_or(|foreign| foreign.certificate_id != found.certificate_id) {
            let message = format!(
                "{}: somebody else's order {} is under way; it is waited for and taken once issued",
                self.record.domain, found.certificate_id
            );
            events.push(
                self.event(event::ORDER_FOREIGN, message)
                    .certificate_id(found.certificate_id.as_str()),
            );
        }
        self.settle(Outcome::Foreign(Box::new(found)), events).await
    }

    /// Permit, then intent, then send: the row with its marker is on disk before the request can be on the wire, and
    /// holds exactly the timestamp that is signed.
    async fn apply(&mut self, client: &Client) -> Result<(), EngineError> {
        let _alone = self.holds.alone(&*self.engine.environment.clock).await;
        let permit = client.permit().await;
        // Waiting takes time, in which another turn may have found the account full.
        let step = plan(self.now(), &self.policy, &self.record, &self.holds.all());
        let (false, Step::Order { why, link }) = (self.engine.is_yielding(), step) else {
            permit.not_sent();
            return Ok(());
        };
        let sent_despite = self.holds.all();
        let signed_at = client.timestamp();
        let order = self.new_order(signed_at, link.clone());
        let application = self.application(&order);
        let marker = order.marker.clone();
        self.settle(Outcome::Intending(Box::new(order)), Vec::new())
            .await?;
        let answer = client.apply(permit, signed_at, &application).await;
        self.engine.advance();
        match answer {
            Ok(answer) => {
                let id = answer.value;
                let message = format!(
                    "{}: applied for a certificate, because {}",
                    self.record.domain,
                    why.words()
                );
                let event = self
                    .event(event::ORDER_APPLIED, message)
                    .certificate_id(id.as_str())
                    .request_id(answer.request_id.as_deref());
                self.engine
                    .application_taken(&self.record, self.holds, &sent_despite)
                    .await?;
                self.settle(Outcome::Applied { certificate_id: id }, vec![event])
                    .await
            }
            Err(error) if error.settled_as_not_made() => self.refused(client, error, link).await,
            Err(error) => self.unanswered(&marker, &error).await,
        }
    }

    fn new_order(&self, signed_at: DateTime<Utc>, link: Option<String>) -> Order {
        let id = self.engine.environment.dice.id();
        Order {
            marker: format!("{}{id}", self.engine.prefix),
            id,
            account: self.record.account.clone(),
            algorithm: self.policy.algorithm,
            method: self.settings.method(&self.record.domain),
            link,
            renewal: self.record.held.is_some(),
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

    async fn unanswered(&mut self, marker: &str, error: &ApiError) -> Result<(), EngineError> {
        let failure = Failure {
            class: Class::Transient,
            code: error.code().map(str::to_owned),
            message: format!("the application has no certain answer: {error}"),
            request_id: error.request_id().map(str::to_owned),
        };
        self.settle_with(Outcome::Unanswered(failure.clone()), |turn| {
            let message = format!(
                "{}: {}; it is searched for as {marker} before anything is ordered again",
                turn.record.domain, failure.message
            );
            vec![
                turn.event(event::ORDER_UNKNOWN, message)
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
    ) -> Result<(), EngineError> {
        let account = self.record.account.clone();
        let entry = self.settings.certificate(&self.record.domain);
        let named = Named::Application {
            record: &self.record,
            project: entry.and_then(|entry| entry.project_id),
        };
        let Judged { failure, held_back } = self
            .engine
            .api_failure(&account, &error, self.holds, named)
            .await?;
        let (Some(link), Class::Permanent | Class::AlreadySo) = (link, failure.class) else {
            let outcome = Outcome::NotApplied {
                failure: failure.clone(),
                held_back,
            };
            return self.settle_failure(outcome, failure).await;
        };
        let for_good = self.link_is_gone(client, &link).await;
        let outcome = Outcome::LinkRefused {
            failure: failure.clone(),
            for_good,
        };
        self.settle_failure(outcome, failure).await
    }

    /// Whether the answer that settled nothing was about the old certificate that the application named.
    fn link_was_refused(&self, order: &Order) -> bool {
        let code = self
            .record
            .retry
            .last
            .as_ref()
            .and_then(|last| last.code.as_deref());
        let class = code.and_then(codes::lookup).map(|entry| entry.class);
        order.link.is_some() && matches!(class, Some(Class::Permanent | Class::AlreadySo))
    }

    /// The application was not made, and its link is why.
    async fn without_an_order(
        &mut self,
        client: &Client,
        order: &Order,
    ) -> Result<(), EngineError> {
        let (Some(link), Some(failure)) = (&order.link, self.record.retry.last.clone()) else {
            return Ok(());
        };
        let for_good = self.link_is_gone(client, link).await;
        let outcome = Outcome::LinkRefused {
            failure: failure.clone(),
            for_good,
        };
        self.settle_failure(outcome, failure).await
    }

    /// Reads the old certificate again: is it usable as a link at all?
    async fn link_is_gone(&self, client: &Client, link: &str) -> bool {
        let now = self.now();
        match client.describe(link).await {
            Ok(answer) => {
                let old = sighting(&answer.value);
                let usable = old.state == crate::lifecycle::SightingState::Issued
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

    /// Searches the picture for the application whose answer never came.
    pub(super) async fn look_up(
        &mut self,
        client: &Client,
        picture: &Picture,
    ) -> Result<(), EngineError> {
        let Some(order) = self.record.order.clone() else {
            return Ok(());
        };
        let Stage::Intended { signed_at, .. } = order.stage else {
            return Ok(());
        };
        let known = self.engine.store().known_ids(&self.record.domain).await?;
        let ours = Ours {
            prefix: &self.engine.prefix,
        };
        let found = find(
            &order.marker,
            signed_at,
            order.link.as_deref(),
            &ours,
            &known,
            picture.of(&self.record.domain),
        );
        // By the service's own clock where it told it: that clock decides how long a signature is accepted, and ours may
        // have jumped since. Where ours is near enough to have signed, by ours as well: a few minutes behind, it would
        // cut the search short.
        let seen_at = match picture.service_time {
            Some(service) if (service - picture.taken_at).abs() > SKEW_THAT_MATTERS => service,
            Some(service) => service.min(picture.taken_at),
            None => picture.taken_at,
        };
        let gave_up = self
            .policy
            .gives_up(signed_at, seen_at, picture.skipped > 0);
        if found == Found::Nothing && gave_up && self.link_was_refused(&order) {
            return self.without_an_order(client, &order).await;
        }
        let events = match &found {
            Found::This(sighting) => {
                let message = format!(
                    "{}: the application without an answer was made: it is {}",
                    self.record.domain, sighting.certificate_id
                );
                vec![
                    self.event(event::ORDER_FOUND, message)
                        .certificate_id(sighting.certificate_id.as_str()),
                ]
            }
            Found::Nothing | Found::Several(_) => Vec::new(),
        };
        self.settle(Outcome::Searched { found, gave_up }, events)
            .await
    }
}
