//! One certificate's delivery, step by step, until none of its targets has anything to do now.

use std::sync::Arc;

use super::group::Coming;
use super::work::Work;
use crate::engine::Engine;
use crate::engine::journal::Journal;
use crate::lifecycle::delivery::{Deliveries, DeliverySettled, Mark, next, rest, settle};
use crate::store::StoreError;

/// Steps in one delivery; what is left is due still.
const STEPS: usize = 100;

impl Engine {
    /// Works on the targets of a certificate that was announced, until none has anything to do now. One call a certificate
    /// at a time.
    ///
    /// # Errors
    /// The database can't be read or written. A target that fails is its own row's matter.
    pub async fn deliver(&self, coming: Coming) -> Result<(), StoreError> {
        let settings = self.settings();
        let Some(certificate) = settings.certificate(coming.domain()) else {
            return Ok(());
        };
        let Some(known) = self.store().deliveries(coming.domain()).await? else {
            return Ok(());
        };
        let mut work = Work {
            engine: self,
            settings: &settings,
            certificate,
            known,
            alone: None,
        };
        for _ in 0..STEPS {
            // Its rows may be those of another config by now: what is left is due still, and done by that one.
            if self.is_yielding() || !Arc::ptr_eq(&settings, &self.settings()) {
                return Ok(());
            }
            work.say_ahead(&coming);
            if !work.go_on().await? {
                return Ok(());
            }
            self.advance();
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Does the next step. False where there is none.
    async fn go_on(&mut self) -> Result<bool, StoreError> {
        let Some((place, step)) = next(&self.known, self.now()) else {
            self.rest().await?;
            return Ok(false);
        };
        let Some(marks) = self.perform(place, step).await? else {
            return Ok(false);
        };
        self.settle(marks).await
    }

    /// Records what came of steps. False where there is no such certificate any more.
    async fn settle(&mut self, marks: Vec<Mark>) -> Result<bool, StoreError> {
        let mut arrived = Vec::new();
        let written = self.write(|known, journal| {
            for mark in marks {
                let target = mark.target.clone();
                let settled = settle(known, self.known.wanted.as_ref(), mark, self.moment());
                let row = known.row(&target);
                for event in row.map_or_else(Vec::new, |row| self.events(row, &settled)) {
                    journal.add(event);
                }
                if settled == DeliverySettled::Delivered {
                    arrived.push(target);
                }
            }
        });
        let Some(known) = written.await? else {
            return Ok(false);
        };
        self.known = known;
        for target in arrived {
            self.wake_others(&target).await?;
        }
        Ok(true)
    }

    /// Nothing is to be done: the targets are told so where they don't know yet, and the certificate is done if it is.
    async fn rest(&self) -> Result<(), StoreError> {
        let now = self.now();
        let mut rested = self.known.clone();
        rest(&mut rested, now);
        if rested != self.known || rested.finishes() {
            self.write(|known, _| rest(known, now)).await?;
        }
        Ok(())
    }

    /// Writes what `change` makes of the targets as they are now, and what is said of it. Once everything is done, that is
    /// said too.
    async fn write(
        &self,
        change: impl FnOnce(&mut Deliveries, &mut Journal) + Send,
    ) -> Result<Option<Deliveries>, StoreError> {
        let mut journal = Journal::default();
        let settle = |known: &mut Deliveries| {
            change(known, &mut journal);
            if known.finishes() {
                if known.wanted.is_some() && known.renewal {
                    journal.add(self.renewed());
                }
                known.announced = true;
            }
            journal.entries()
        };
        let store = self.engine.store();
        let written = store.settle_deliveries(self.now(), &self.known.domain, settle);
        let known = written.await?;
        journal.emit();
        Ok(known)
    }
}
