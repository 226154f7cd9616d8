//! Poll, fetch, check, install.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::EngineError;
use super::failure::{self, Judged, Named};
use super::picture::{Picture, sighting};
use super::turn::Turn;
use crate::delivery::{self, BundleError, Expectation, Material};
use crate::lifecycle::plan::overdue;
use crate::lifecycle::{
    Algorithm, Class, Failure, Held, Method, Outcome, Sighting, SightingState, Stage,
};
use crate::observe::event::{self, Event};
use crate::tencent::ssl::Status;
use crate::tencent::{ApiError, Client};

/// So many looks at the material of a certificate that somebody else made, before another one is ordered.
const LOOKS: u32 = 3;

/// So many at that of one that we ordered: it cost a slot, and the next one costs another.
const LOOKS_AT_OUR_OWN: u32 = 8;

impl Turn<'_> {
    /// Sees how far the pending order is.
    pub(super) async fn poll(
        &mut self,
        client: &Client,
        picture: &Picture,
    ) -> Result<(), EngineError> {
        let Some(id) = self.pending_id() else {
            return Ok(());
        };
        let service_now = picture.service_now();
        if let Some(sighting) = picture.find(&self.record.domain, &id) {
            return self.seen(client, sighting.clone(), service_now).await;
        }
        // Not listed: asked for by its id before it is forgotten.
        match client.describe(&id).await {
            Ok(answer) => {
                let sighting = sighting(&answer.value);
                self.seen(client, sighting, service_now).await
            }
            Err(error) if failure::not_found(&error) => {
                self.settle(Outcome::Gone, Vec::new()).await
            }
            Err(error) => self.call_failed(&error, &id).await,
        }
    }

    /// Whether the open order was found and not made by us.
    fn is_adopted(&self) -> bool {
        self.record
            .order
            .as_ref()
            .is_some_and(|order| order.adopted)
    }

    fn pending_id(&self) -> Option<String> {
        super::pass::certificate_id(&self.record).map(str::to_owned)
    }

    async fn seen(
        &mut self,
        client: &Client,
        mut sighting: Sighting,
        service_now: DateTime<Utc>,
    ) -> Result<(), EngineError> {
        // Why it was rejected is worth a call, where the list does not say.
        if sighting.state == SightingState::Rejected
            && sighting.reason.is_none()
            && let Ok(answer) = client.describe(&sighting.certificate_id).await
        {
            sighting.reason = answer.value.status_msg;
        }
        let events = self.events_of(&sighting);
        let overdue = overdue(service_now, &self.record, &sighting);
        let id = sighting.certificate_id.clone();
        let outcome = Outcome::Seen {
            sighting: Box::new(sighting),
            service_now,
        };
        self.settle(outcome, events).await?;
        if overdue && !self.engine.is_copy().await? {
            self.cancel(client, &id).await?;
        }
        Ok(())
    }

    fn events_of(&self, sighting: &Sighting) -> Vec<Event> {
        let domain = &self.record.domain;
        let id = Some(sighting.certificate_id.as_str());
        let Some(Stage::Pending {
            since,
            status,
            stalled,
            ..
        }) = self.record.order.as_ref().map(|order| &order.stage)
        else {
            return Vec::new();
        };
        let mut events = Vec::new();
        match sighting.state {
            SightingState::Issued => {
                let message = format!("{domain}: the CA issued {}", sighting.certificate_id);
                events.push(
                    self.event(event::ORDER_ISSUED, message)
                        .certificate_id(id)
                        .not_after(sighting.not_after),
                );
            }
            SightingState::Pending if sighting.status != *status => {
                let known = if Status::of(sighting.status).is_known() {
                    ""
                } else {
                    ", a status that this version does not know"
                };
                let message = format!(
                    "{domain}: order {} is pending (status {}{known})",
                    sighting.certificate_id, sighting.status
                );
                events.push(self.event(event::ORDER_PENDING, message).certificate_id(id));
            }
            _ => {}
        }
        let age = self.now() - *since;
        let pending = sighting.state == SightingState::Pending;
        if pending && !stalled && age >= chrono::TimeDelta::hours(24) {
            let method = self.record.order.as_ref().map(|order| order.method);
            let hint = match method {
                Some(Method::DnsAuto) | None => "is its zone hosted in this account's DNS?",
                Some(_) => "`evercert status` says what its validation waits for",
            };
            let message = format!(
                "{domain}: order {} has been pending for a day; {hint}",
                sighting.certificate_id
            );
            events.push(self.event(event::ORDER_STALLED, message).certificate_id(id));
        }
        events
    }

    /// Cancels an order of ours that can no longer be validated; the next poll sees what came of it. A refusal is not
    /// even worth a word: the order is past being cancelled, and the next poll sees that too.
    async fn cancel(&mut self, client: &Client, id: &str) -> Result<(), EngineError> {
        let message = format!(
            "{}: order {id} was not validated in time; cancelling it",
            self.record.domain
        );
        let event = self.event(event::ORDER_STALLED, message).certificate_id(id);
        if let Err(error) = client.cancel_audit(id).await {
            tracing::debug!(%error, id, "the order was not cancelled");
        }
        self.settle(Outcome::CancelRequested, vec![event]).await
    }

    /// Fetches the issued material, checks it, and installs it.
    pub(super) async fn fetch(&mut self, client: &Client) -> Result<(), EngineError> {
        let Some(id) = self.pending_id() else {
            return Ok(());
        };
        if !self.record.wanted {
            return self.settle(Outcome::Kept, Vec::new()).await;
        }
        let order = self.record.order.as_ref();
        let algorithm = order.map_or(self.policy.algorithm, |order| order.algorithm);
        let material = match self.material(client, &id, Some(algorithm)).await {
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
        let account = self.record.acting_account().to_owned();
        self.engine.fetch_works(&account, self.holds).await?;
        match self.install(material, &id).await {
            Ok(held) => self.installed(held).await,
            Err(message) => self.failed(local(message)).await,
        }
    }

    /// The service did not hand the material out. Where that is about this certificate, and it was not made by us, another
    /// one is ordered after a few looks.
    async fn not_fetched(&mut self, error: &ApiError, id: &str) -> Result<(), EngineError> {
        let account = self.record.acting_account().to_owned();
        let judged = self
            .engine
            .api_failure(&account, error, self.holds, Named::Certificate(id))
            .await?;
        let passes = judged.failure.class == Class::Transient;
        if !self.is_adopted() || passes || judged.held_back {
            return self.failed(judged).await;
        }
        // The next looks come soon: what they settle is whether another one is ordered.
        let judged = Judged {
            failure: Failure {
                class: Class::Transient,
                ..judged.failure
            },
            held_back: false,
        };
        self.not_usable(judged, id).await
    }

    /// Another look may find better material; after a few it is put aside by its id, with the reason.
    async fn not_usable(&mut self, judged: Judged, id: &str) -> Result<(), EngineError> {
        let looks = if self.is_adopted() {
            LOOKS
        } else {
            LOOKS_AT_OUR_OWN
        };
        if self.record.retry.failures + 1 < looks {
            return self.failed(judged).await;
        }
        let failure = judged.failure;
        let message = format!(
            "{}: {}; it is left, and another certificate is ordered",
            self.record.domain, failure.message
        );
        let event = self
            .event(event::ORDER_UNUSABLE, message)
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
            Err(error) if self.is_adopted() && error.class() != Class::Transient => {
                return Err(BundleError::NoPrivateKey.into());
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Material::from_zip(zip.expose_secret(), &expectation)?)
    }

    /// Fetches what is installed already once more, for its files were lost, and makes it live. The record stays as it is.
    /// The inner error says why it did not work out.
    pub(super) async fn fetch_again(
        &self,
        client: &Client,
        held: &Held,
    ) -> Result<Result<(), String>, EngineError> {
        let id = &held.certificate_id;
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
                let judged = self
                    .engine
                    .api_failure(&held.account, &error, self.holds, Named::Certificate(id))
                    .await?;
                return Ok(Err(judged.failure.message));
            }
            Err(FetchError::Bundle(error)) => {
                return Ok(Err(format!("the material of {id} is not usable: {error}")));
            }
        };
        if material.fingerprint_sha256() != held.fingerprint {
            return Ok(Err(format!(
                "the service has another certificate under {id} now"
            )));
        }
        Ok(self.install(material, id).await.map(drop))
    }

    fn expectation(&self, algorithm: Option<Algorithm>) -> Expectation<'_> {
        Expectation {
            domain: &self.record.domain,
            algorithm,
            now: self.true_now(),
            // Whatever is alive is better than what the service calls dead.
            held: self
                .record
                .held
                .as_ref()
                .filter(|_| self.record.dead.is_none())
                .map(|held| delivery::Held {
                    not_after: held.not_after,
                    fingerprint_sha256: &held.fingerprint,
                }),
        }
    }

    async fn install(&self, material: Material, id: &str) -> Result<Held, String> {
        let held = Held {
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
            live.tidy(&domain).map(drop)
        };
        let done = self.engine.environment.beside.block(work).await?;
        done.map(|()| held).map_err(|error| error.to_string())
    }

    async fn installed(&mut self, held: Held) -> Result<(), EngineError> {
        let order = self.record.order.clone();
        let renewal = order
            .as_ref()
            .is_some_and(|order| order.renewal && !order.adopted);
        let domain = self.record.domain.clone();
        let now = self.now();
        let about = |turn: &Self, kind, message| -> Event {
            turn.event(kind, message)
                .certificate_id(held.certificate_id.as_str())
                .not_after(Some(held.not_after))
                .days_left_until(Some(held.not_after), now)
        };
        let until = day(held.not_after);
        let mut events = vec![about(
            self,
            event::CERTIFICATE_INSTALLED,
            format!(
                "{domain}: certificate {} is installed, valid until {until}",
                held.certificate_id
            ),
        )];
        // With no target to deliver to and no check of what is served, installed is all that can be said to be true.
        // Else it is said once all of that is done.
        let goes_on = self
            .settings
            .certificate(&domain)
            .is_some_and(super::deliver::delivers);
        if renewal && !goes_on {
            events.push(about(
                self,
                event::CERTIFICATE_RENEWED,
                format!("{domain}: renewed, valid until {until}"),
            ));
        }
        self.settle(Outcome::Installed(held), events).await
    }

    async fn call_failed(&mut self, error: &ApiError, id: &str) -> Result<(), EngineError> {
        let account = self.record.acting_account().to_owned();
        let judged = self
            .engine
            .api_failure(&account, error, self.holds, Named::Certificate(id))
            .await?;
        self.failed(judged).await
    }
}

enum FetchError {
    Api(ApiError),
    Bundle(BundleError),
}

impl From<ApiError> for FetchError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<BundleError> for FetchError {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

/// A failure on this side of the wire; it is tried again, for the disk may have room and the service better material.
fn local(message: String) -> Judged {
    Judged {
        failure: Failure::ours(Class::Transient, message),
        held_back: false,
    }
}

fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
