//! The events of deliveries.

use super::targets::install_of;
use super::work::Work;
use crate::lifecycle::Failure;
use crate::lifecycle::delivery::{Delivery, DeliverySettled, DeliveryStep, TargetKind};
use crate::observe::event::{Bound, Event, Fact, Pretended, Renewed};
use crate::redact;
use crate::store::StoreError;

impl Work<'_> {
    /// What is said of a step of a target that has come to this.
    pub(super) fn events(&self, row: &Delivery, settled: &DeliverySettled) -> Vec<Event> {
        let reason = || {
            row.last_error
                .as_deref()
                .unwrap_or("no reason is known")
                .into()
        };
        let failed = |goes_back| {
            let reason = reason();
            let failed = self.about(row, Fact::CertificateFailed { reason, goes_back });
            again(failed, row, None)
        };
        let check = || {
            let install = install_of(self.certificate, &row.target)?;
            typed(install.check.as_ref()?)
        };
        let drift = |is_replaced| {
            let reason = reason();
            vec![self.about(
                row,
                Fact::DriftFound {
                    reason,
                    is_replaced,
                },
            )]
        };
        match settled {
            DeliverySettled::Nothing => Vec::new(),
            DeliverySettled::Delivered => self.delivered(row),
            DeliverySettled::Failed(failure) => {
                let reason = reason();
                let fact = match row.kind() {
                    TargetKind::Deploy | TargetKind::Failure => Fact::HookFailed { reason },
                    _ => Fact::CertificateFailed {
                        reason,
                        goes_back: false,
                    },
                };
                let event = self.about(row, fact).command(check());
                vec![again(event, row, failure.as_ref())]
            }
            // That it went back follows, and tells all of it.
            DeliverySettled::RollsBack => vec![failed(true).beside()],
            DeliverySettled::RolledBack => {
                let back = Fact::CertificateRolledBack {
                    is_cloud: row.kind() == TargetKind::Cloud,
                    reason: reason(),
                };
                let back = again(self.about(row, back).command(check()), row, None);
                vec![failed(false).beside(), back]
            }
            DeliverySettled::Drift => drift(true),
            DeliverySettled::Hosted => {
                vec![self.about(row, Fact::CloudHosted { reason: reason() })]
            }
            DeliverySettled::Fewer | DeliverySettled::Left | DeliverySettled::Foreign => {
                drift(false)
            }
        }
    }

    fn delivered(&self, row: &Delivery) -> Vec<Event> {
        let fact = match row.kind() {
            TargetKind::Failure => return Vec::new(),
            TargetKind::Verify => Fact::CertificateServed,
            TargetKind::Cloud => Fact::CertificateDeployed {
                cloud: Some(Bound(row.bound())),
            },
            TargetKind::Install | TargetKind::Deploy => Fact::CertificateDeployed { cloud: None },
        };
        // What was left of cloud resources is said with it.
        let left = row.last_error.as_deref().map(|left| Fact::DriftFound {
            reason: left.into(),
            is_replaced: false,
        });
        let facts = [fact].into_iter().chain(left);
        facts.map(|fact| self.about(row, fact)).collect()
    }

    /// A hook ended well.
    pub(super) fn ran(&self, place: usize, output: &str) -> Event {
        let output = output.into();
        self.about(self.row(place), Fact::HookRan { output })
    }

    /// Everything is done: the promise of the word is kept here.
    pub(super) fn renewed(&self) -> Event {
        let seen = match &self.certificate.targets.verify {
            Some(verify) => Renewed::Served(verify.address.to_string().into()),
            None => Renewed::Delivered,
        };
        self.about_all(Fact::CertificateRenewed { seen })
    }

    /// In a run with the stand-in: what would be done, once for each target.
    pub(super) async fn pretend(&self, place: usize, step: DeliveryStep) -> Result<(), StoreError> {
        let row = self.row(place);
        let first = matches!(
            step,
            DeliveryStep::Write | DeliveryStep::Run | DeliveryStep::Look | DeliveryStep::Move
        );
        let wanted = self.known.wanted.as_ref();
        if !first || wanted.is_some_and(|wanted| row.has(wanted)) {
            return Ok(());
        }
        let what = match row.kind() {
            TargetKind::Install => Pretended::Install,
            TargetKind::Cloud => Pretended::Cloud,
            TargetKind::Deploy | TargetKind::Failure => Pretended::Hook,
            TargetKind::Verify => Pretended::Verify,
        };
        let event = Event::of(Fact::DeliveryPretended { what });
        let event = event.certificate(&self.known.domain).target(&row.title);
        self.engine.say(vec![event]).await
    }

    fn about(&self, row: &Delivery, fact: Fact) -> Event {
        self.about_all(fact).target(&row.title)
    }

    fn about_all(&self, fact: Fact) -> Event {
        let known = &self.known;
        let event = Event::of(fact)
            .certificate(&known.domain)
            .account(&self.certificate.account);
        let Some(wanted) = &known.wanted else {
            return event;
        };
        let id = known.certificate_id.as_deref();
        event
            .certificate_id(id.filter(|_| !known.rolled_back))
            .not_after(Some(wanted.not_after))
            .days_left_until(Some(wanted.not_after), self.now())
    }
}

/// A command as it is typed, where nothing of it may be a secret.
fn typed(command: &[String]) -> Option<String> {
    let shown = redact::command(command);
    (!shown.contains(redact::LEFT_OUT)).then_some(shown)
}

/// With what the service said, and when it is tried again.
fn again(event: Event, row: &Delivery, failure: Option<&Failure>) -> Event {
    let event = match failure {
        Some(failure) => event.failure(failure),
        None => event.class("transient"),
    };
    event.attempt(row.attempts.into()).next_attempt(row.next_at)
}
