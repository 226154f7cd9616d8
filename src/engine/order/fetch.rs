//! Poll, fetch, check, install.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use thiserror::Error;

use super::turn::Turn;
use crate::delivery::{self, BundleError, Expectation, LiveError, Material};
use crate::engine::deliver;
use crate::engine::failure::{self, Judged, Named};
use crate::engine::listing::{Listing, sighting};
use crate::lifecycle::{
    Algorithm, Class, Failure, Installed, Method, Outcome, STALLED_AFTER, Sighting, SightingState,
    Stage, Stall, overdue,
};
use crate::observe::event::{Event, Fact, Renewed, Stalled};
use crate::store::StoreError;
use crate::tencent::ssl::Status;
use crate::tencent::{ApiError, Client};

/// So many looks at the material of a certificate that somebody else made, before another one is ordered.
pub(super) const LOOKS: u32 = 3;

/// So many at that of one that we ordered: it cost a slot, and the next one costs another.
const LOOKS_AT_OUR_OWN: u32 = 8;

impl Turn<'_> {
    /// Sees how far the pending order is.
    pub(super) async fn poll(
        &mut self,
        client: &Client,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let Some(id) = self.record.ordered_id().map(str::to_owned) else {
            return Ok(());
        };
        let service_now = listing.service_now();
        if let Some(sighting) = listing.find(&self.record.domain, &id) {
            return self.seen(client, sighting.clone(), service_now).await;
        }
        // Not listed: asked for by its id before it is forgotten.
        match client.describe(&id).await {
            Ok(answer) => {
                let sighting = sighting(&answer.value);
                self.seen(client, sighting, service_now).await
            }
            // The answer to the application may have given a false id, and the list shows the order under its own.
            Err(error) if failure::not_found(&error) => match self.marked(listing) {
                Some(sighting) => self.seen(client, sighting, service_now).await,
                None => self.settle(Outcome::Gone, Vec::new()).await,
            },
            Err(error) => {
                let judged = self.judge(&error, &id).await?;
                self.failed(judged).await
            }
        }
    }

    /// The entry that bears the open order's marker, whatever its id.
    fn marked(&self, listing: &Listing) -> Option<Sighting> {
        let marker = self.record.order.as_ref()?.marker.as_str();
        let ours = self.engine.ours();
        let mut entries = listing.of(&self.record.domain).iter();
        let found = entries.find(|entry| ours.marker(&entry.alias) == Some(marker));
        found.cloned()
    }

    /// Whether the open order was found and not made by us.
    fn is_adopted(&self) -> bool {
        self.record
            .order
            .as_ref()
            .is_some_and(|order| order.adopted)
    }

    async fn seen(
        &mut self,
        client: &Client,
        mut sighting: Sighting,
        service_now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // Why it was rejected is worth a call, where the list does not say.
        if sighting.state == SightingState::Rejected
            && sighting.reason.is_none()
            && let Ok(answer) = client.describe(&sighting.certificate_id).await
        {
            sighting.reason = answer.value.status_msg;
        }
        let mut events = self.events_of(&sighting);
        events.extend(self.zone_elsewhere(&sighting).await?);
        let overdue = overdue(service_now, &self.record, &sighting);
        let id = sighting.certificate_id.clone();
        let outcome = Outcome::Seen {
            sighting: Box::new(sighting),
            service_now,
        };
        self.settle(outcome, events).await?;
        if overdue && !self.engine.is_copy().await? {
            let fence = self.fence_of_order();
            match fence.signs() {
                Some(signs) => self.cancel(client, &id, signs).await?,
                None => self.wait_to_cancel(fence).await?,
            }
        }
        Ok(())
    }

    fn events_of(&self, sighting: &Sighting) -> Vec<Event> {
        let id = sighting.certificate_id.as_str();
        let Some(order) = &self.record.order else {
            return Vec::new();
        };
        let Stage::Pending {
            since,
            status,
            stalled,
            ..
        } = order.stage
        else {
            return Vec::new();
        };
        let mut events = Vec::new();
        if sighting.state == SightingState::Issued {
            events.push(
                self.event(Fact::OrderIssued)
                    .certificate_id(id)
                    .not_after(sighting.not_after),
            );
        }
        if sighting.state != SightingState::Pending {
            return events;
        }
        if sighting.status != status {
            let status = sighting.status;
            let is_known = Status::of(status).is_known();
            let pending = self.event(Fact::OrderPending { status, is_known });
            events.push(pending.certificate_id(id));
        }
        if stalled == Stall::Unsaid && self.now() - since >= STALLED_AFTER {
            let how = match order.method {
                Method::DnsAuto => Stalled::Zone,
                Method::Dns | Method::File => Stalled::Proof,
            };
            let stalled = self.event(Fact::OrderStalled { how });
            events.push(stalled.certificate_id(id));
        }
        events
    }

    /// An order that the service can't validate by itself, as it says of it: said at the first sight, once an order.
    async fn zone_elsewhere(&self, sighting: &Sighting) -> Result<Option<Event>, StoreError> {
        let mut order = self.record.order.iter();
        let is_automatic = order.any(|order| order.method == Method::DnsAuto);
        let is_pending = sighting.state == SightingState::Pending;
        if !is_automatic || !is_pending || sighting.resolved_here != Some(false) {
            return Ok(None);
        }
        let id = sighting.certificate_id.as_str();
        let event = self.event(Fact::ValidationZoneElsewhere).certificate_id(id);
        let name = event.fact.kind().name;
        let is_known = self.store().was_said(&self.record.domain, name, id).await?;
        Ok((!is_known).then_some(event))
    }

    /// Cancels an order of ours that can no longer be validated; the next poll sees what came of it. That is said once. A
    /// refusal is not even worth a word: where the order is past being cancelled, the next poll sees that too.
    async fn cancel(
        &mut self,
        client: &Client,
        id: &str,
        signs: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let stage = self.record.order.as_ref().map(|order| &order.stage);
        let is_said = match stage {
            Some(Stage::Pending { stalled, .. }) => *stalled == Stall::NotValidated,
            _ => return Ok(()),
        };
        let is_taken = match client.cancel_audit(id, signs).await {
            Ok(answer) => answer.value,
            Err(error) => {
                tracing::debug!(%error, id, "the order was not cancelled");
                false
            }
        };
        let how = Stalled::NotValidated;
        let event = (!is_said).then(|| self.event(Fact::OrderStalled { how }).certificate_id(id));
        let events = event.into_iter().collect();
        self.settle(Outcome::CancelRequested { is_taken }, events)
            .await
    }

    /// Fetches the issued material, checks it, and installs it.
    pub(super) async fn fetch(&mut self, client: &Client) -> Result<(), StoreError> {
        let Some(id) = self.record.ordered_id().map(str::to_owned) else {
            return Ok(());
        };
        if !self.record.wanted {
            return self.settle(Outcome::Kept, Vec::new()).await;
        }
        let order = self.record.order.as_ref();
        let algorithm = order.map_or(self.policy.algorithm, |order| order.algorithm);
        let any_kind = self.policy.orders.take_any_kind();
        let algorithm = (!any_kind).then_some(algorithm);
        let material = match self.material(client, &id, algorithm).await {
            Ok(material) if any_kind => match self.is_trusted(&material).await {
                Ok(()) => material,
                Err(reason) => {
                    let judged = local(format!("{id} can't be used: {reason}"));
                    return self.not_usable(judged, &id).await;
                }
            },
            Ok(material) => material,
            Err(FetchError::Api(error)) => return self.not_fetched(&error, &id).await,
            // It lay there for too long. Nothing that is tried again makes it good.
            Err(FetchError::Bundle(BundleError::Expired { .. })) => {
                return self.settle(Outcome::Expired, Vec::new()).await;
            }
            Err(FetchError::Bundle(error)) => {
                let judged = local(format!("the material of {id} can't be used: {error}"));
                // Its time comes, or our clock is put right.
                if matches!(error, BundleError::NotYetValid { .. }) {
                    return self.failed(judged).await;
                }
                return self.not_usable(judged, &id).await;
            }
        };
        self.engine.advance();
        self.engine.fetch_works(self.holds).await?;
        match self.install(material, &id).await {
            Ok(installed) => self.installed(installed).await,
            Err(message) => self.failed(local(message)).await,
        }
    }

    /// The service did not hand the material out. Where that is about this certificate, and it was not made by us, another
    /// one is ordered after a few looks.
    async fn not_fetched(&mut self, error: &ApiError, id: &str) -> Result<(), StoreError> {
        let judged = self.judge(error, id).await?;
        let passes = judged.failure.class == Class::Transient;
        // Where others order, a newer one may be there meanwhile.
        let is_elsewhere = self.policy.orders.are_elsewhere();
        if !self.is_adopted() || judged.held_back || passes && !is_elsewhere {
            return self.failed(judged).await;
        }
        // The next looks come soon: what they settle is whether another one is ordered.
        let failure = Failure {
            class: Class::Transient,
            ..judged.failure
        };
        if is_elsewhere {
            return self.out_of_reach(Judged::own(failure), id).await;
        }
        self.not_usable(Judged::own(failure), id).await
    }

    /// Another look may find better material; after a few it is put aside by its id, with the reason.
    async fn not_usable(&mut self, judged: Judged, id: &str) -> Result<(), StoreError> {
        let looks = if self.is_adopted() {
            LOOKS
        } else {
            LOOKS_AT_OUR_OWN
        };
        if self.record.retry.failures + 1 < looks {
            return self.failed(judged).await;
        }
        let failure = judged.failure;
        let reason = failure.message.as_str().into();
        let event = self
            .event(Fact::OrderUnusable { reason })
            .certificate_id(id)
            .code(failure.code.as_deref())
            .request_id(failure.request_id.as_deref());
        self.settle(Outcome::Unusable(failure), vec![event]).await
    }

    /// The detail call has key and chain; where it lacks the chain or the PEM, the zip has them.
    async fn material(
        &self,
        client: &Client,
        id: &str,
        algorithm: Option<Algorithm>,
    ) -> Result<Material, FetchError> {
        let detail = client.detail(id).await?.value;
        // After the call, which tells how far the clocks differ.
        let expectation = self.expectation(algorithm);
        let certificates = detail.public_key.as_deref().unwrap_or_default();
        let key = detail
            .private_key
            .as_ref()
            .map_or("", |key| key.expose_secret());
        if !certificates.is_empty() && !key.is_empty() {
            match Material::from_pem(certificates.as_bytes(), key.as_bytes(), &expectation) {
                Err(BundleError::ChainIncomplete { .. }) => {
                    let zip = client.download(id).await?.value;
                    return Ok(Material::from_leaf_and_zip(
                        certificates.as_bytes(),
                        key.as_bytes(),
                        zip.expose_secret(),
                        &expectation,
                    )?);
                }
                other => return Ok(other?),
            }
        }
        let zip = match client.download(id).await {
            Ok(answer) => answer.value,
            // Neither call has a key: it was made elsewhere, and no right brings it.
            Err(error)
                if self.is_adopted()
                    && error.class() != Class::Transient
                    && !self.policy.orders.are_elsewhere() =>
            {
                return Err(BundleError::NoPrivateKey.into());
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Material::from_zip(zip.expose_secret(), &expectation)?)
    }

    /// Fetches what is installed already once more, for its files were lost, and makes it live. The record stays as it is.
    /// The inner error says why it did not work out.
    pub(in crate::engine) async fn fetch_again(
        &self,
        client: &Client,
        installed: &Installed,
    ) -> Result<Result<(), String>, StoreError> {
        let id = &installed.certificate_id;
        // Of any algorithm, whatever the config asks of the next one.
        let material = match self.material(client, id, None).await {
            Ok(material) => material,
            Err(FetchError::Api(error)) if failure::not_found(&error) => {
                return Ok(Err(format!(
                    "{error}; if it was deleted there, `evercert renew --force {}` gets another",
                    self.record.domain
                )));
            }
            Err(FetchError::Api(error)) => {
                return Ok(Err(self.judge(&error, id).await?.failure.message));
            }
            Err(FetchError::Bundle(error)) => {
                return Ok(Err(format!("the material of {id} is not usable: {error}")));
            }
        };
        if material.fingerprint_sha256() != installed.fingerprint {
            return Ok(Err(format!(
                "the service has another certificate under {id} now"
            )));
        }
        Ok(self.install(material, id).await.map(drop))
    }

    /// Whether this system trusts what somebody else got, from wherever they like.
    async fn is_trusted(&self, material: &Material) -> Result<(), String> {
        let (material, domain) = (material.clone(), self.record.domain.clone());
        let now = self.true_now();
        let work = move || delivery::trust::check(&material, &domain, now);
        let concurrency = self.engine.environment.concurrency;
        concurrency.block(work).await.flatten()
    }

    fn expectation(&self, algorithm: Option<Algorithm>) -> Expectation<'_> {
        Expectation {
            domain: &self.record.domain,
            algorithm,
            wildcard: algorithm.is_none(),
            now: self.true_now(),
            // Whatever is alive is better than what the service calls dead.
            previous: self
                .record
                .installed
                .as_ref()
                .filter(|_| self.record.dead.is_none())
                .map(|installed| delivery::Previous {
                    not_after: installed.not_after,
                    fingerprint_sha256: &installed.fingerprint,
                }),
        }
    }

    async fn install(&self, material: Material, id: &str) -> Result<Installed, String> {
        let installed = Installed {
            certificate_id: id.to_owned(),
            account: self.record.acting_account().to_owned(),
            not_before: material.not_before(),
            not_after: material.not_after(),
            fingerprint: material.fingerprint_sha256().to_owned(),
            installed_at: self.now(),
        };
        let live = Arc::clone(&self.engine.environment.live);
        let domain = self.record.domain.clone();
        let work = move || {
            live.install(&domain, &material)?;
            // The new one is in force: what is wrong with old ones must not keep that from being recorded.
            if let Err(error) = live.tidy(&domain) {
                tracing::warn!(%domain, %error, "old versions could not be tidied up");
            }
            Ok::<(), LiveError>(())
        };
        let done = self.engine.environment.concurrency.block(work).await?;
        done.map(|()| installed).map_err(|error| error.to_string())
    }

    async fn installed(&mut self, installed: Installed) -> Result<(), StoreError> {
        let order = self.record.order.as_ref();
        let renewal = order.is_some_and(|order| order.renewal && !order.adopted);
        let (now, end) = (self.now(), Some(installed.not_after));
        let id = installed.certificate_id.as_str();
        let about = |fact| {
            self.event(fact)
                .certificate_id(id)
                .not_after(end)
                .days_left_until(end, now)
        };
        let mut events = vec![about(Fact::CertificateInstalled)];
        // With no target to deliver to and no check of what is served, installed is all that can be said to be true.
        // Else it is said once all of that is done.
        let goes_on = self
            .settings
            .certificate(&self.record.domain)
            .is_some_and(deliver::delivers);
        if renewal && !goes_on {
            let seen = Renewed::Installed;
            events.push(about(Fact::CertificateRenewed { seen }));
        }
        self.settle(Outcome::Installed(installed), events).await
    }

    /// What an error is that came for this certificate.
    async fn judge(&self, error: &ApiError, id: &str) -> Result<Judged, StoreError> {
        self.engine
            .api_failure(error, self.holds, Named::Certificate(id))
            .await
    }
}

#[derive(Debug, Error)]
enum FetchError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// A failure on this side of the wire; it is tried again, for the disk may have room and the service better material.
fn local(message: String) -> Judged {
    Judged::own(Failure::ours(Class::Transient, message))
}
