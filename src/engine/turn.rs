//! One certificate's turn: plan, do, settle, record, until it rests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{Either, select};

use super::failure::Judged;
use super::journal::Journal;
use super::picture::Picture;
use super::{Engine, EngineError, Settings};
use crate::clock::Clock;
use crate::lifecycle::delivery::Trigger;
use crate::lifecycle::{
    Closed, Ending, Failure, Hold, HoldScope, Method, Outcome, Policy, Record, Schedule, Sighting,
    SightingState, Step, due, plan, schedule, settle, urgency,
};
use crate::observe::event::{self, Event, Kind};
use crate::tencent::Client;
use crate::tencent::ssl::Status;

/// A difference of the clocks above this decides anew whether anything is due, by the service's clock.
pub(super) const SKEW_THAT_MATTERS: TimeDelta = TimeDelta::minutes(5);

/// Steps in one turn: look up, order, poll and fetch, and some to spare. A turn that wants more goes on in the next pass.
const STEPS: usize = 6;

/// An application that has no answer after this long no longer keeps those of the same account waiting.
const LONGEST_ALONE: Duration = Duration::from_secs(10);

/// The holds of one account during a pass: what one turn finds, the others heed.
pub(super) struct Holds {
    holds: Mutex<Vec<Hold>>,
    applying: tokio::sync::Mutex<()>,
}

impl Holds {
    pub(super) fn new(holds: Vec<Hold>) -> Self {
        Self {
            holds: Mutex::new(holds),
            applying: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits until no other application of the account is under way, in the order of asking: whether there is a slot
    /// left, or a right, only an answer tells, and one refusal is enough.
    pub(super) async fn alone(&self, clock: &dyn Clock) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let turn = std::pin::pin!(self.applying.lock());
        match select(turn, clock.sleep(LONGEST_ALONE)).await {
            Either::Left((guard, _)) => Some(guard),
            Either::Right(_) => None,
        }
    }

    pub(super) fn all(&self) -> Vec<Hold> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, hold: Hold) {
        let mut holds = self.lock();
        holds.retain(|old| old.scope != hold.scope || old.account != hold.account);
        holds.push(hold);
    }

    /// True if there was one.
    pub(super) fn lift(&self, account: &str, scope: &HoldScope) -> bool {
        let mut holds = self.lock();
        let before = holds.len();
        holds.retain(|hold| hold.scope != *scope || hold.account != account);
        holds.len() < before
    }

    /// How often this has been so in a row.
    pub(super) fn times(&self, account: &str, scope: &HoldScope) -> u32 {
        self.all()
            .iter()
            .find(|hold| hold.scope == *scope && hold.account == account)
            .map_or(0, |hold| hold.times)
    }
}

/// One certificate's turn.
pub(super) struct Turn<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: &'a Settings,
    pub(super) client: Option<&'a Client>,
    pub(super) policy: Policy,
    pub(super) record: Record,
    pub(super) picture: Option<&'a Picture>,
    pub(super) holds: &'a Holds,
    pub(super) journal: Journal,
    saved: Option<Schedule>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        settings: &'a Settings,
        client: Option<&'a Client>,
        record: Record,
        picture: Option<&'a Picture>,
        holds: &'a Holds,
    ) -> Self {
        let policy = settings.policy(&record.domain, record.order.as_ref());
        Self {
            engine,
            settings,
            client,
            policy,
            record,
            picture,
            holds,
            journal: Journal::default(),
            saved: None,
        }
    }

    /// Runs until the certificate rests, or waits for something that this pass can't see.
    pub(super) async fn run(mut self) -> Result<(), EngineError> {
        let mut ordered = false;
        self.doubt().await?;
        self.alarm();
        for _ in 0..STEPS {
            if self.engine.is_yielding() {
                return Ok(());
            }
            let step = plan(self.now(), &self.policy, &self.record, &self.holds.all());
            let Some(client) = self.client else { break };
            let acts_elsewhere = self.record.acting_account() != self.account_of_turn();
            match (step, self.picture) {
                _ if acts_elsewhere => break,
                (Step::Order { .. }, Some(picture)) if !ordered => {
                    ordered = true;
                    if !self.due_by_the_service(picture).await? {
                        break;
                    }
                    self.order(client, picture).await?;
                }
                (Step::LookUp, Some(picture)) => self.look_up(client, picture).await?,
                (Step::Poll, Some(picture)) => self.poll(client, picture).await?,
                (Step::Fetch, _) => self.fetch(client).await?,
                // What needs a picture that this pass has not taken waits for the next one.
                (Step::Rest { .. } | Step::Order { .. } | Step::LookUp | Step::Poll, _) => break,
            }
            self.engine.advance();
        }
        self.save_schedule().await
    }

    /// What the service says of the installed certificate, where the picture shows it. One that it calls dead before its
    /// end is replaced at once: no visitor should be shown it.
    async fn doubt(&mut self) -> Result<(), EngineError> {
        let (Some(held), Some(picture)) = (&self.record.held, self.picture) else {
            return Ok(());
        };
        let seen = (held.account == self.account_of_turn())
            .then(|| picture.by_id(&held.certificate_id))
            .flatten();
        let Some(status) = seen.and_then(death) else {
            let is_alive = seen.is_some_and(|seen| seen.state == SightingState::Issued);
            if self.record.dead.is_some() && is_alive {
                return self.settle(Outcome::Alive, Vec::new()).await;
            }
            return Ok(());
        };
        if self.record.dead == Some(status) {
            return Ok(());
        }
        let message = format!(
            "{}: the installed certificate {} is {} at the service (status {status}); a new one is ordered at once",
            self.record.domain,
            held.certificate_id,
            Status::of(status),
        );
        let event = self
            .event(event::CERTIFICATE_REVOKED, message)
            .certificate_id(held.certificate_id.as_str())
            .not_after(held.not_after);
        self.settle(Outcome::Dead { status }, vec![event]).await
    }

    /// Records a failure, and says so.
    pub(super) async fn failed(&mut self, judged: Judged) -> Result<(), EngineError> {
        let Judged { failure, held_back } = judged;
        let outcome = Outcome::Failed {
            failure: failure.clone(),
            held_back,
        };
        self.settle_failure(outcome, failure).await
    }

    /// Settles an outcome that is a failure, and says so with the time of the next attempt.
    pub(super) async fn settle_failure(
        &mut self,
        outcome: Outcome,
        failure: Failure,
    ) -> Result<(), EngineError> {
        let certificate = self.settings.certificate(&self.record.domain);
        // Most have none, and a failure is no time for a write that changes nothing.
        if certificate.is_some_and(|certificate| !certificate.targets.hooks.failure.is_empty()) {
            let failed = Trigger::Failed(&failure.message);
            let store = self.engine.store();
            store
                .trigger_delivery(self.now(), &self.record.domain, failed)
                .await?;
        }
        self.settle_with(outcome, |turn| vec![turn.failure_event(&failure)])
            .await
    }

    /// `certificate.failed`, for the record as it is after the failure.
    fn failure_event(&self, failure: &Failure) -> Event {
        let now = self.now();
        let message = format!("{}: {}", self.record.domain, failure.message);
        self.event(event::CERTIFICATE_FAILED, message)
            .class(failure.class.name())
            .code(failure.code.as_deref())
            .request_id(failure.request_id.as_deref())
            .attempt(self.record.retry.failures.into())
            .days_left_until(self.record.ends(), now)
            .next_attempt(self.schedule(now).at)
    }

    /// Settles an outcome and records it together with these events.
    pub(super) async fn settle(
        &mut self,
        outcome: Outcome,
        events: Vec<Event>,
    ) -> Result<(), EngineError> {
        self.settle_with(outcome, |_| events).await
    }

    /// As [`Turn::settle`], for events that tell of the record after the outcome.
    pub(super) async fn settle_with(
        &mut self,
        outcome: Outcome,
        events: impl FnOnce(&Self) -> Vec<Event>,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let dice = self.engine.environment.dice.roll();
        let was_parked = self.record.parked.is_some();
        let settled = settle(now, &self.policy, self.record.clone(), outcome, dice);
        self.record = settled.record;
        if let Some(closed) = &settled.closed {
            self.say_closed(closed);
        }
        for event in events(self) {
            self.journal.add(event);
        }
        if let Some(parked) = self.record.parked.as_ref().filter(|_| !was_parked) {
            let words = format!(
                "{} waits for you: {}; {}",
                self.record.domain, parked.reason, parked.remedy
            );
            let event = self.event(event::CERTIFICATE_PARKED, words);
            self.journal.add(event);
        }
        self.save(settled.closed.as_ref()).await
    }

    /// Says that the end comes near, each level once.
    pub(super) fn alarm(&mut self) {
        let now = self.true_now();
        let Some(level) = urgency::alarm(now, &self.policy, &self.record) else {
            return;
        };
        let (Some(held), Some(end)) = (self.record.held.clone(), self.record.ends()) else {
            return;
        };
        self.record.alarmed = Some(level);
        let domain = &self.record.domain;
        let why = match (&self.record.parked, &self.record.retry.last) {
            (Some(parked), _) => format!("; it waits for you: {}", parked.remedy),
            (None, Some(last)) => format!("; last error: {}", last.message),
            (None, None) => String::new(),
        };
        let (kind, message) = if level == 0 {
            let what = match self.record.shown_until {
                Some(_) => {
                    "the certificate that visitors get has expired, and the installed one is not served"
                }
                None => "the certificate has expired and is not renewed",
            };
            let message = format!("{domain}: {what}{why}");
            (event::CERTIFICATE_EXPIRED, message)
        } else {
            let days = (end - now).num_days();
            let message = match self.record.shown_until {
                Some(_) => format!(
                    "{domain}: {days} days left of the certificate that visitors get, which is not the installed one; \
                     `evercert why {domain}` says more{why}"
                ),
                None => format!("{domain}: {days} days left and not renewed yet{why}"),
            };
            (event::CERTIFICATE_EXPIRING, message)
        };
        let event = self
            .event(kind, message)
            .certificate_id(held.certificate_id.as_str())
            .not_after(end)
            .days_left_until(Some(end), now);
        self.journal.add(event);
    }

    /// An order that ended without a certificate is said, so that its slot is not lost in silence.
    fn say_closed(&mut self, closed: &Closed) {
        let (name, words) = match closed.ending {
            // What is unusable is said where its reason is known.
            Ending::Installed | Ending::Kept | Ending::Refused | Ending::Unusable => return,
            Ending::Vanished => (
                event::ORDER_VANISHED,
                "never showed up at the service; it counts as not made",
            ),
            Ending::Rejected => (event::ORDER_FAILED, "was rejected"),
            Ending::Cancelled => (event::ORDER_CANCELLED, "is cancelled or of no use any more"),
            Ending::Expired => (
                event::ORDER_FAILED,
                "was issued, and ended before it could be installed",
            ),
            Ending::Gone => (event::ORDER_FAILED, "is no longer at the service"),
        };
        let id = closed
            .order
            .stage
            .certificate_id()
            .unwrap_or(&closed.order.marker);
        let message = format!("{}: order {id} {words}", self.record.domain);
        let event = self
            .event(name, message)
            .certificate_id(closed.order.stage.certificate_id())
            .next_attempt(self.record.retry.not_before);
        self.journal.add(event);
        let failed = self.record.retry.failures > 0;
        if let Some(failure) = self.record.retry.last.as_ref().filter(|_| failed) {
            let event = self.failure_event(failure);
            self.journal.add(event);
        }
    }

    pub(super) async fn save(&mut self, closed: Option<&Closed>) -> Result<(), EngineError> {
        let now = self.now();
        let schedule = self.schedule(now);
        let journal = std::mem::take(&mut self.journal);
        let method = self.record.order.as_ref().map(|order| order.method);
        if method.is_some_and(|method| method != Method::DnsAuto) {
            self.engine.proofs.expect();
        }
        self.engine
            .store()
            .save(
                now,
                crate::store::Changes {
                    record: &self.record,
                    closed,
                    schedule,
                    history: &journal.entries(),
                },
            )
            .await?;
        self.saved = Some(schedule);
        journal.emit();
        Ok(())
    }

    /// Writes when to look again, unless the last save said the same.
    async fn save_schedule(&mut self) -> Result<(), EngineError> {
        if self.saved.is_some() && self.saved == Some(self.schedule(self.now())) {
            return Ok(());
        }
        self.save(None).await
    }

    pub(super) fn schedule(&self, now: DateTime<Utc>) -> Schedule {
        schedule(now, &self.policy, &self.record, &self.holds.all())
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.engine.environment.clock.now()
    }

    /// Now, by the service's clock where ours is known to be wrong: a clock that is a year ahead would find everything
    /// expired, what was issued a minute ago too.
    pub(super) fn true_now(&self) -> DateTime<Utc> {
        let skew = self.client.and_then(Client::skew).unwrap_or_default();
        if skew.abs() > SKEW_THAT_MATTERS {
            self.now() + skew
        } else {
            self.now()
        }
    }

    /// An event about this certificate.
    pub(super) fn event(&self, kind: Kind, message: String) -> Event {
        Event::new(kind, message)
            .certificate(&self.record.domain)
            .account(self.record.acting_account())
    }

    /// The account whose client this turn has; an order that ended frees the record to move to another one, which has
    /// its own turn in the next pass.
    fn account_of_turn(&self) -> &str {
        self.client.map_or("", Client::account)
    }

    /// Where the clocks differ by more than five minutes, the service's decides whether an order is due: it would
    /// refuse a renewal that is early by its own.
    async fn due_by_the_service(&mut self, picture: &Picture) -> Result<bool, EngineError> {
        let Some(service) = picture.service_time else {
            return Ok(true);
        };
        let skew = service - picture.taken_at;
        if skew.abs() <= SKEW_THAT_MATTERS {
            return Ok(true);
        }
        // Only whether it is due: pauses and holds were counted on our own clock.
        let due = due(self.now() + skew, &self.policy, &self.record).is_some();
        let message = format!(
            "this machine's clock is {} seconds {} the service's; correct it (chrony or systemd-timesyncd)",
            skew.num_seconds().abs(),
            if skew > TimeDelta::zero() {
                "behind"
            } else {
                "ahead of"
            },
        );
        let event = self.event(event::CLOCK_SKEWED, message);
        self.journal.add(event);
        if !due {
            // The service answered, so what failed before is over.
            self.record.retry.failures = 0;
            self.record.retry.last = None;
            self.record.retry.not_before = Some(self.now() + TimeDelta::hours(1));
            self.save(None).await?;
        }
        Ok(due)
    }
}

/// The `Status` by which the service calls a certificate dead before its end. To have expired, by the service's own clock,
/// is none.
fn death(seen: &Sighting) -> Option<i64> {
    let is_dead = matches!(seen.state, SightingState::Dead | SightingState::Cancelled);
    (is_dead && seen.status != Status::EXPIRED.number()).then_some(seen.status)
}

/// Whether the picture shows the certificate of this id as one that must be replaced before its end.
pub(super) fn is_dead(picture: &Picture, certificate_id: &str) -> bool {
    picture
        .by_id(certificate_id)
        .is_some_and(|seen| death(seen).is_some())
}
