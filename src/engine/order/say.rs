//! What a turn says: that a failure comes next, that an order ended, that the end comes near, that what is installed is
//! revoked.

use super::turn::Turn;
use crate::lifecycle::{Closed, Ending, Failure, Note, Outcome, SightingState, urgency};
use crate::observe::event::{Event, Fact, Level, OrderEnd, Waits};
use crate::store::StoreError;

impl Turn<'_> {
    /// What the service says of the installed certificate, where the listing shows it. One that it calls dead before its
    /// end is replaced at once: no visitor should be shown it.
    pub(super) async fn note_revoked(&mut self) -> Result<(), StoreError> {
        let (Some(installed), Some(listing)) = (&self.record.installed, self.listing) else {
            return Ok(());
        };
        if installed.account != self.holds.account() {
            return Ok(());
        }
        let Some(seen) = listing.by_id(&installed.certificate_id) else {
            return Ok(());
        };
        let Some(status) = seen.revoked() else {
            if self.record.dead.is_some() && seen.state == SightingState::Issued {
                return self.settle(Outcome::Alive, Vec::new()).await;
            }
            return Ok(());
        };
        if self.record.dead == Some(status) {
            return Ok(());
        }
        let id = installed.certificate_id.as_str();
        let event = self
            .event(Fact::CertificateRevoked { status })
            .certificate_id(id)
            .not_after(installed.not_after);
        self.settle(Outcome::Dead { status }, vec![event]).await
    }

    /// `certificate.failed`, for the record as it is after the failure.
    pub(super) fn failure_event(&self, failure: &Failure) -> Event {
        let now = self.now();
        let fact = Fact::CertificateFailed {
            reason: failure.message.as_str().into(),
            goes_back: false,
        };
        self.event(fact)
            .failure(failure)
            .attempt(self.record.retry.failures.into())
            .days_left_until(self.record.ends(), now)
            .next_attempt(self.schedule(now).at)
    }

    /// Says that the end comes near, each level once.
    pub(super) fn alarm(&mut self) {
        let now = self.true_now();
        let Some(level) = urgency::alarm(now, &self.policy, &self.record) else {
            return;
        };
        let (Some(installed), Some(end)) = (self.record.installed.clone(), self.record.ends())
        else {
            return;
        };
        self.note(Note::Alarmed(level));
        let waits = match (&self.record.parked, &self.record.retry.last) {
            (Some(parked), _) => Waits::Operator(parked.remedy.as_str().into()),
            (None, Some(last)) => Waits::Retry(last.message.as_str().into()),
            (None, None) => Waits::Nothing,
        };
        let last = self.record.retry.last.as_ref();
        let code = last.and_then(|last| last.code.clone());
        let is_shown = self.record.shown_until.is_some();
        let fact = match level {
            0 => Fact::CertificateExpired { is_shown, waits },
            _ => Fact::CertificateExpiring { is_shown, waits },
        };
        let event = self
            .event(fact)
            .certificate_id(installed.certificate_id.as_str())
            .not_after(end)
            .days_left_until(Some(end), now)
            .code(code.as_deref());
        self.journal.add(event);
    }

    /// An order that ended without a certificate is said, so that its slot is not lost in silence.
    pub(super) fn say_closed(&mut self, closed: &Closed, parks: bool) {
        let id = closed.order.stage.certificate_id();
        let order = id.unwrap_or(&closed.order.marker).into();
        let failed = |order, how| Fact::OrderFailed { order, how };
        let fact = match closed.ending {
            // What is unusable is said where its reason is known.
            Ending::Installed | Ending::Kept | Ending::Refused | Ending::Unusable => return,
            Ending::Vanished => Fact::OrderVanished { order },
            Ending::Cancelled => Fact::OrderCancelled { order },
            Ending::Rejected => failed(order, OrderEnd::Rejected),
            Ending::Expired => failed(order, OrderEnd::Expired),
            Ending::Gone => failed(order, OrderEnd::Gone),
        };
        let event = self
            .event(fact)
            .certificate_id(id)
            .next_attempt(self.record.retry.not_before);
        let failed = self.record.retry.failures > 0;
        let Some(failure) = self.record.retry.last.as_ref().filter(|_| failed) else {
            self.journal.add(event);
            return;
        };
        // One line a failure: the last of these has the reason.
        let is_warning = event.level() == Level::Warn;
        let failure = self.failure_event(failure);
        self.journal
            .add(if is_warning { event.beside() } else { event });
        self.journal
            .add(if parks { failure.beside() } else { failure });
    }

    /// `certificate.parked`, with what its operator can do.
    pub(super) fn say_parked(&mut self) {
        let Some(parked) = &self.record.parked else {
            return;
        };
        let event = self.event(Fact::CertificateParked {
            reason: parked.reason.as_str().into(),
            remedy: parked.remedy.as_str().into(),
        });
        let last = self.record.retry.last.as_ref();
        let event = match last.filter(|last| last.message == parked.reason) {
            Some(failure) => event.failure(failure),
            None => event,
        };
        self.journal.add(event);
    }
}
