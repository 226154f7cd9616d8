//! The events of deliveries.

use super::Work;
use crate::engine::EngineError;
use crate::engine::journal::Journal;
use crate::lifecycle::Failure;
use crate::lifecycle::delivery::{Delivery, Kind, Said, Step, Wanted};
use crate::observe::event::{self, Event};

impl Work<'_> {
    /// What is said of a step of the row at `place`; `before` is the row as it was, `failure` what the service said.
    pub(super) fn events(
        &self,
        place: usize,
        said: Said,
        (before, failure): (&Delivery, Option<&Failure>),
        wanted: &Wanted,
    ) -> Vec<Event> {
        let row = self.row(place);
        let domain = &self.known.domain;
        let reason = row.last_error.as_deref().unwrap_or("no reason is known");
        let about = |kind, message: String| self.about(kind, message, wanted);
        let again = |event: Event| {
            event
                .class(failure.map_or("transient", |failure| failure.class.name()))
                .code(failure.and_then(|failure| failure.code.as_deref()))
                .request_id(failure.and_then(|failure| failure.request_id.as_deref()))
                .attempt(row.attempts.into())
                .next_attempt(row.next_at)
        };
        match said {
            Said::Nothing => Vec::new(),
            Said::Delivered => match row.kind {
                Kind::Verify => {
                    vec![about(
                        event::CERTIFICATE_SERVED,
                        format!("{domain}: served ({})", row.title),
                    )]
                }
                Kind::Failure => Vec::new(),
                Kind::Cloud => {
                    let text = format!("{domain}: {} ({})", in_cloud(row), row.title);
                    let deployed = about(event::CERTIFICATE_DEPLOYED, text);
                    // What was left is said with it.
                    let left = row.last_error.as_deref().map(|left| {
                        let text = format!("{domain}: {}: {left}", row.title);
                        about(event::DRIFT_FOUND, text)
                    });
                    [deployed].into_iter().chain(left).collect()
                }
                _ => vec![about(
                    event::CERTIFICATE_DEPLOYED,
                    format!("{domain}: delivered ({})", row.title),
                )],
            },
            Said::Failed => {
                let kind = match row.kind {
                    Kind::Deploy | Kind::Failure => event::HOOK_FAILED,
                    _ => event::CERTIFICATE_FAILED,
                };
                vec![again(about(
                    kind,
                    format!("{domain}: {}: {reason}", row.title),
                ))]
            }
            Said::RollsBack => vec![again(about(
                event::CERTIFICATE_FAILED,
                format!(
                    "{domain}: {}: {reason}; going back to the certificate before",
                    row.title
                ),
            ))],
            Said::RolledBack => {
                let what = match row.kind {
                    Kind::Cloud => "its resources have the certificate before",
                    _ => "the files are what they were before",
                };
                let message = format!("{domain}: {}: {what}: {reason}", row.title);
                vec![
                    again(about(
                        event::CERTIFICATE_FAILED,
                        format!("{domain}: {}: {reason}", row.title),
                    )),
                    again(about(event::CERTIFICATE_ROLLED_BACK, message)),
                ]
            }
            Said::Drift => vec![about(
                event::DRIFT_FOUND,
                format!("{domain}: {}: {reason}; ours is delivered again", row.title),
            )],
            // Said once; it is looked at every hour.
            Said::Foreign if before.seen == row.seen && before.attempts > 0 => Vec::new(),
            Said::Hosted if before.last_error == row.last_error && before.attempts > 0 => {
                Vec::new()
            }
            Said::Hosted => vec![about(
                event::CLOUD_HOSTED,
                format!("{domain}: {}: {reason}", row.title),
            )],
            Said::Left if before.last_error == row.last_error => Vec::new(),
            Said::Fewer | Said::Left => vec![about(
                event::DRIFT_FOUND,
                format!("{domain}: {}: {reason}", row.title),
            )],
            Said::Foreign => vec![about(
                event::DRIFT_FOUND,
                format!("{domain}: {}: {reason}", row.title),
            )],
        }
    }

    /// A hook ended well.
    pub(super) fn ran(&self, place: usize, output: &str, wanted: &Wanted) -> Event {
        let title = &self.row(place).title;
        let message = match output {
            "" => format!("{}: {title} ended well", self.known.domain),
            wrote => format!(
                "{}: {title} ended well and wrote: {wrote}",
                self.known.domain
            ),
        };
        self.about(event::HOOK_RAN, message, wanted)
    }

    /// Everything is done: the promise of the word is kept here.
    pub(super) fn renewed(&self, wanted: &Wanted) -> Event {
        let how = match &self.certificate.targets.verify {
            Some(verify) => format!("served at {}", verify.address()),
            None => "delivered".to_owned(),
        };
        let until = wanted.not_after.format("%Y-%m-%d %H:%M UTC");
        let message = format!(
            "{}: renewed and {how}, valid until {until}",
            self.known.domain
        );
        self.about(event::CERTIFICATE_RENEWED, message, wanted)
    }

    /// In a run with the stand-in: what would be done, once for each target.
    pub(super) async fn pretend(&self, place: usize, step: Step) -> Result<(), EngineError> {
        let row = self.row(place);
        let first = matches!(step, Step::Write | Step::Run | Step::Look | Step::Move);
        if !first || row.delivered.as_deref() == Some(self.wanted().fingerprint.as_str()) {
            return Ok(());
        }
        let verb = match row.kind {
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

    fn about(&self, kind: event::Kind, message: String, wanted: &Wanted) -> Event {
        let event = Event::new(kind, message)
            .certificate(&self.known.domain)
            .account(&self.certificate.account);
        if self.known.wanted.is_none() {
            return event;
        }
        event
            .certificate_id(
                self.known
                    .certificate_id
                    .as_deref()
                    .filter(|_| !self.known.rolled_back),
            )
            .not_after(Some(wanted.not_after))
            .days_left_until(Some(wanted.not_after), self.now())
    }
}

/// How many cloud resources have the certificate.
fn in_cloud(row: &Delivery) -> String {
    match row.cloud.count {
        Some(0) => "nothing is bound to an earlier certificate, so nothing was moved".to_owned(),
        Some(1) => "bound to one cloud resource".to_owned(),
        Some(count) => format!("bound to {count} cloud resources"),
        None => "delivered".to_owned(),
    }
}
