//! One certificate's turn: plan, do, settle, record, until it rests.

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::failure::Judged;
use crate::engine::holds::Holds;
use crate::engine::journal::Journal;
use crate::engine::listing::Listing;
use crate::engine::{Engine, Settings};
use crate::lifecycle::delivery::Trigger;
use crate::lifecycle::{
    Closed, Failure, Note, Order, Outcome, Policy, Record, Schedule, Step, due, note, plan_by,
    schedule, settle,
};
use crate::observe::{Event, Fact};
use crate::store::StoreError;
use crate::store::{Changes, NewEntry, Store};
use crate::tencent::Client;

/// A difference of the clocks above this decides anew whether anything is due, by the service's clock.
pub(super) const SKEW_THAT_MATTERS: TimeDelta = TimeDelta::minutes(5);

/// Steps in one turn: look up, order, poll and fetch, and some to spare. A turn that wants more goes on in the next pass.
const STEPS: usize = 6;

/// One certificate's turn.
pub(in crate::engine) struct Turn<'a> {
    pub(in crate::engine) engine: &'a Engine,
    pub(super) settings: &'a Settings,
    pub(super) client: Option<&'a Client>,
    pub(super) policy: Policy,
    pub(super) record: Record,
    pub(super) listing: Option<&'a Listing>,
    pub(super) holds: &'a Holds,
    pub(super) journal: Journal,
    saved: Option<Schedule>,
}

impl<'a> Turn<'a> {
    pub(in crate::engine) fn new(
        engine: &'a Engine,
        settings: &'a Settings,
        record: Record,
        listing: Option<&'a Listing>,
        holds: &'a Holds,
    ) -> Self {
        let policy = settings.policy(&record.domain, record.order.as_ref());
        Self {
            engine,
            settings,
            client: settings.client(holds.account()),
            policy,
            record,
            listing,
            holds,
            journal: Journal::default(),
            saved: None,
        }
    }

    /// Runs until the certificate rests, or waits for something that this pass can't see.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let mut ordered = false;
        self.note_revoked().await?;
        self.alarm();
        self.stop_following().await?;
        self.take_newer().await?;
        for _ in 0..STEPS {
            if self.engine.is_yielding() {
                return Ok(());
            }
            let step = self.step();
            let Some(client) = self.client else { break };
            // An order that ended frees the record to move to another account, which has its own turn in the next pass.
            let acts_elsewhere = self.record.acting_account() != self.holds.account();
            // What is not in a part of the list may be there all the same.
            let whole = self.listing.filter(|listing| listing.is_whole);
            match (step, whole) {
                _ if acts_elsewhere => break,
                // The record is ahead of the settings that this pass began with: by them it would be another certificate.
                (Step::Order { .. } | Step::Seek { .. }, _) if !self.is_known() => break,
                (Step::Order { .. }, Some(listing)) if !ordered => {
                    ordered = true;
                    if !self.due_by_the_service(listing).await? {
                        break;
                    }
                    self.order(client, listing).await?;
                }
                (Step::Seek { .. }, Some(listing)) if !ordered => {
                    ordered = true;
                    self.seek(listing).await?;
                }
                (Step::LookUp, Some(listing)) => self.look_up(client, listing).await?,
                (Step::Poll, _) => {
                    let Some(listing) = self.listing else { break };
                    self.poll(client, listing).await?;
                }
                (Step::Fetch, _) => self.fetch(client).await?,
                // What needs a listing that this pass has not taken waits for the next one.
                (Step::Rest { .. } | Step::Order { .. } | Step::Seek { .. } | Step::LookUp, _) => {
                    break;
                }
            }
            self.engine.advance();
        }
        self.save_schedule().await
    }

    /// The next step. Where the listing shows our clock to be behind, the service's decides what is due.
    pub(super) fn step(&self) -> Step {
        let now = self.now();
        let behind = self.listing.and_then(Listing::skew);
        let due_at = match behind.filter(|behind| *behind > SKEW_THAT_MATTERS) {
            Some(behind) => now + behind,
            None => now,
        };
        plan_by(now, due_at, &self.policy, &self.record, &self.holds.all())
    }

    /// Whether the settings have an entry of this name.
    fn is_known(&self) -> bool {
        self.settings.certificate(&self.record.domain).is_some()
    }

    /// Records a failure, and says so.
    pub(in crate::engine) async fn failed(&mut self, judged: Judged) -> Result<(), StoreError> {
        let Judged { failure, held_back } = judged;
        self.settle_failure(Outcome::Failed { failure, held_back })
            .await
    }

    /// Settles an outcome that is a failure, and says so with the time of the next attempt.
    pub(super) async fn settle_failure(&mut self, outcome: Outcome) -> Result<(), StoreError> {
        let Some(failure) = outcome.failure().cloned() else {
            return self.settle(outcome, Vec::new()).await;
        };
        self.trigger_failure_hooks(&failure).await?;
        // What holds back several is said of what they share.
        let is_told = matches!(
            outcome,
            Outcome::Failed {
                held_back: true,
                ..
            }
        );
        self.settle_with(outcome, |turn| {
            let event = turn.failure_event(&failure);
            vec![if is_told { event.beside() } else { event }]
        })
        .await
    }

    async fn trigger_failure_hooks(&self, failure: &Failure) -> Result<(), StoreError> {
        let certificate = self.settings.certificate(&self.record.domain);
        // Most have none, and a failure is no time for a write that changes nothing.
        if certificate.is_some_and(|certificate| !certificate.targets.hooks.failure.is_empty()) {
            let failed = Trigger::Failed(&failure.message);
            self.store()
                .trigger_delivery(self.now(), &self.record.domain, failed)
                .await?;
        }
        Ok(())
    }

    /// Records for all of these that what they share, the account or its list, could not be had: in one transaction, and
    /// where it is said of what they share, each says it once beside that. An outage of days would fill the log and the
    /// history with every attempt of every name.
    pub(super) async fn all_failed(
        engine: &Engine,
        mut turns: Vec<Self>,
        judged: &Judged,
    ) -> Result<(), StoreError> {
        let Judged { failure, held_back } = judged;
        for turn in &mut turns {
            turn.trigger_failure_hooks(failure).await?;
            let outcome = Outcome::Failed {
                failure: failure.clone(),
                held_back: *held_back,
            };
            let is_repeated = turn.record.retry.is_repeated_by(failure);
            turn.decide(outcome, |turn| match (held_back, is_repeated) {
                (true, true) => Vec::new(),
                (true, false) => vec![turn.failure_event(failure).beside()],
                (false, _) => vec![turn.failure_event(failure)],
            });
        }
        let now = engine.environment.clock.now();
        let histories: Vec<_> = turns.iter().map(|turn| turn.journal.entries()).collect();
        let changes = turns.iter().zip(&histories);
        let changes = changes.map(|(turn, history)| turn.changes(now, None, history));
        engine.store().save_all(now, changes.collect()).await?;
        for turn in turns {
            turn.journal.emit();
        }
        Ok(())
    }

    /// Settles an outcome and records it together with these events.
    pub(super) async fn settle(
        &mut self,
        outcome: Outcome,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        self.settle_with(outcome, |_| events).await
    }

    /// As [`Turn::settle`], for events that tell of the record after the outcome.
    pub(super) async fn settle_with(
        &mut self,
        outcome: Outcome,
        events: impl FnOnce(&Self) -> Vec<Event>,
    ) -> Result<(), StoreError> {
        let closed = self.decide(outcome, events);
        self.save(closed.as_ref()).await
    }

    /// What becomes of the record and what is said of it, for the next save; and the order that ended.
    fn decide(
        &mut self,
        outcome: Outcome,
        events: impl FnOnce(&Self) -> Vec<Event>,
    ) -> Option<Closed> {
        let now = self.now();
        let random = self.engine.environment.rng.fraction();
        let was_parked = self.record.parked.is_some();
        let settled = settle(now, &self.policy, self.record.clone(), outcome, random);
        self.record = settled.record;
        let parks = !was_parked && self.record.parked.is_some();
        if let Some(closed) = &settled.closed {
            self.say_closed(closed, parks);
        }
        for event in events(self) {
            // That it waits for its operator is said of the same failure.
            let is_told = parks && matches!(event.fact, Fact::CertificateFailed { .. });
            self.journal
                .add(if is_told { event.beside() } else { event });
        }
        if !was_parked {
            self.say_parked();
        }
        settled.closed
    }

    /// Notes something of the record, which the next save writes.
    pub(super) fn note(&mut self, what: Note) {
        self.record = note(self.now(), self.record.clone(), what).record;
    }

    pub(super) async fn save(&mut self, closed: Option<&Closed>) -> Result<(), StoreError> {
        let now = self.now();
        let journal = std::mem::take(&mut self.journal);
        if self.record.order.as_ref().is_some_and(Order::needs_proof) {
            self.engine.proofs.expect();
        }
        let history = journal.entries();
        let changes = self.changes(now, closed, &history);
        let schedule = changes.schedule;
        self.store().save(now, changes).await?;
        self.saved = Some(schedule);
        journal.emit();
        Ok(())
    }

    fn changes<'b>(
        &'b self,
        now: DateTime<Utc>,
        closed: Option<&'b Closed>,
        history: &'b [NewEntry],
    ) -> Changes<'b> {
        Changes {
            record: &self.record,
            closed,
            schedule: self.schedule(now),
            history,
        }
    }

    /// Writes when to look again, unless the last save said the same.
    async fn save_schedule(&mut self) -> Result<(), StoreError> {
        if self.saved.is_some() && self.saved == Some(self.schedule(self.now())) {
            return Ok(());
        }
        self.save(None).await
    }

    pub(super) fn schedule(&self, now: DateTime<Utc>) -> Schedule {
        schedule(now, &self.policy, &self.record, &self.holds.all())
    }

    pub(super) fn store(&self) -> &'a Store {
        self.engine.store()
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.engine.environment.clock.now()
    }

    /// Now, by the service's clock where ours is known to be wrong: a clock that is a year ahead would find everything
    /// expired, what was issued a minute ago too.
    pub(in crate::engine) fn true_now(&self) -> DateTime<Utc> {
        let skew = self.client.and_then(Client::skew).unwrap_or_default();
        if skew.abs() > SKEW_THAT_MATTERS {
            self.now() + skew
        } else {
            self.now()
        }
    }

    /// An event about this certificate.
    pub(super) fn event(&self, fact: Fact) -> Event {
        Event::of(fact)
            .certificate(&self.record.domain)
            .account(self.record.acting_account())
    }

    /// Where the clocks differ by more than five minutes, the service's decides whether an order is due: it would
    /// refuse a renewal that is early by its own.
    async fn due_by_the_service(&mut self, listing: &Listing) -> Result<bool, StoreError> {
        let Some(skew) = listing.skew().filter(|skew| skew.abs() > SKEW_THAT_MATTERS) else {
            return Ok(true);
        };
        // Only whether it is due: pauses and holds were counted on our own clock.
        let due = due(self.now() + skew, &self.policy, &self.record).is_some();
        if !due {
            self.note(Note::NotDue);
            self.save(None).await?;
        }
        Ok(due)
    }
}
