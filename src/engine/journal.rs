//! Events: written in the transaction of the change that they belong to, and logged once that is committed.
//!
//! So the log never tells of something that a crash undid; at worst a crash right after the commit leaves the line out
//! of the log, and the history still has it.

use chrono::{DateTime, Utc};

use super::Engine;
use crate::observe::Event;
use crate::store::{NewEntry, Store, StoreError};

impl Engine {
    /// Writes and logs events that belong to no certificate's change. Where they can't be written they are logged all the
    /// same.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn say(&self, events: Vec<Event>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let now = self.environment.clock.now();
        let journal = Journal { events };
        let written = self.store().append_history(now, &journal.entries()).await;
        journal.emit();
        written
    }
}

/// Events that wait for their change to be committed.
#[derive(Debug, Default)]
pub(super) struct Journal {
    events: Vec<Event>,
}

impl From<Vec<Event>> for Journal {
    fn from(events: Vec<Event>) -> Self {
        Self { events }
    }
}

impl Journal {
    pub(super) fn add(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The rows for the history.
    pub(super) fn entries(&self) -> Vec<NewEntry> {
        self.events.iter().map(Event::to_entry).collect()
    }

    /// Logs what waited. To be called once the change is committed.
    pub(super) fn emit(self) {
        for event in self.events {
            event.emit();
        }
    }

    /// Writes and logs events that belong to no certificate's change.
    pub(super) async fn write(self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        if self.events.is_empty() {
            return Ok(());
        }
        store.append_history(now, &self.entries()).await?;
        self.emit();
        Ok(())
    }
}
