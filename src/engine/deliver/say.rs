//! The events of deliveries.

use super::work::Work;
use crate::engine::EngineError;
use crate::engine::journal::Journal;
use crate::lifecycle::Failure;
use crate::lifecycle::delivery::{Delivery, Kind, Settled, Step, Wanted};
use crate::observe::event::{self, Event};

impl Work<'_> {
    /// What is said of a step of a target that has come to this.
    pub(super) fn events(&self, row: &Delivery, settled: &Settled) -> Vec<Event> {
        let domain = &self.known.domain;
        let title = format!("{domain}: {}", row.title);
        let reason = row.last_error.as_deref().unwrap_or("no reason is known");
        let failed = |more: &str| {
            let failed = self.about(
                event::CERTIFICATE_FAILED,
                format!("{title}: {reason}{more}"),
            );
            again(failed, row, None)
        };
        let found = |kind, more: &str| vec![self.about(kind, format!("{title}: {reason}{more}"))];
        match settled {
            Settled::Nothing => Vec::new(),
            Settled::Delivered => self.delivered(row),
            Settled::Failed(failure) => {
                let kind = match row.kind() {
                    Kind::Deploy | Kind::Failure => event::HOOK_FAILED,
                    _ => event::CERTIFICATE_FAILED,
                };
                let failed = self.about(kind, format!("{title}: {reason}"));
                vec![again(failed, row, failure.as_ref())]
            }
            Settled::RollsBack => vec![failed("; going back to the certificate before")],
            Settled::RolledBack => {
                let what = match row.kind() {
                    Kind::Cloud => "its resources have the certificate before",
                    _ => "the files are what they were before",
                };
                let text = format!("{title}: {what}: {reason}");
                let back = self.about(event::CERTIFICATE_ROLLED_BACK, text);
                vec![failed(""), again(back, row, None)]
            }
            Settled::Drift => found(event::DRIFT_FOUND, "; ours is delivered again"),
            Settled::Hosted => found(event::CLOUD_HOSTED, ""),
            Settled::Fewer | Settled::Left | Settled::Foreign => found(event::DRIFT_FOUND, ""),
        }
    }

    fn delivered(&self, row: &Delivery) -> Vec<Event> {
        let (domain, title) = (&self.known.domain, &row.title);
        let (kind, text) = match row.kind() {
            Kind::Failure => return Vec::new(),
            Kind::Verify => (event::CERTIFICATE_SERVED, "served".to_owned()),
            Kind::Cloud => (event::CERTIFICATE_DEPLOYED, in_cloud(row)),
            Kind::Install | Kind::Deploy => (event::CERTIFICATE_DEPLOYED, "delivered".to_owned()),
        };
        let delivered = self.about(kind, format!("{domain}: {text} ({title})"));
        // What was left of cloud resources is said with it.
        let left = row.last_error.as_deref();
        let left =
            left.map(|left| self.about(event::DRIFT_FOUND, format!("{domain}: {title}: {left}")));
        [delivered].into_iter().chain(left).collect()
    }

    /// A hook ended well.
    pub(super) fn ran(&self, place: usize, output: &str) -> Event {
        let title = &self.row(place).title;
        let message = match output {
            "" => format!("{}: {title} ended well", self.known.domain),
            wrote => format!(
                "{}: {title} ended well and wrote: {wrote}",
                self.known.domain
            ),
        };
        self.about(event::HOOK_RAN, message)
    }

    /// Everything is done: the promise of the word is kept here.
    pub(super) fn renewed(&self, wanted: &Wanted) -> Event {
        let how = match &self.certificate.targets.verify {
            Some(verify) => format!("served at {}", verify.address),
            None => "delivered".to_owned(),
        };
        let until = wanted.not_after.format("%Y-%m-%d %H:%M UTC");
        let message = format!(
            "{}: renewed and {how}, valid until {until}",
            self.known.domain
        );
        self.about(event::CERTIFICATE_RENEWED, message)
    }

    /// In a run with the stand-in: what would be done, once for each target.
    pub(super) async fn pretend(&self, place: usize, step: Step) -> Result<(), EngineError> {
        let row = self.row(place);
        let first = matches!(step, Step::Write | Step::Run | Step::Look | Step::Move);
        let wanted = self.known.wanted.as_ref();
        if !first || wanted.is_some_and(|wanted| row.has(wanted)) {
            return Ok(());
        }
        let verb = match row.kind() {
            Kind::Install => "would write, check and reload",
            Kind::Cloud => "would switch",
            Kind::Deploy | Kind::Failure => "would run",
            Kind::Verify => "would connect and compare",
        };
        let mut journal = Journal::default();
        let message = format!("{}: {verb}: {}", self.known.domain, row.title);
        journal.add(Event::new(event::DELIVERY_PRETENDED, message).certificate(&self.known.domain));
        journal.write(self.engine.store(), self.now()).await?;
        Ok(())
    }

    fn about(&self, kind: event::Kind, message: String) -> Event {
        let known = &self.known;
        let event = Event::new(kind, message)
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

/// With what the service said, and when it is tried again.
fn again(event: Event, row: &Delivery, failure: Option<&Failure>) -> Event {
    event
        .class(failure.map_or("transient", |failure| failure.class.name()))
        .code(failure.and_then(|failure| failure.code.as_deref()))
        .request_id(failure.and_then(|failure| failure.request_id.as_deref()))
        .attempt(row.attempts.into())
        .next_attempt(row.next_at)
}

/// How many cloud resources have the certificate.
fn in_cloud(row: &Delivery) -> String {
    match row.bound() {
        Some(0) => "nothing is bound to an earlier certificate, so nothing was moved".to_owned(),
        Some(1) => "bound to one cloud resource".to_owned(),
        Some(count) => format!("bound to {count} cloud resources"),
        None => "delivered".to_owned(),
    }
}
