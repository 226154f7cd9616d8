//! What happens to a certificate beside its turns.

use crate::engine::Engine;
use crate::engine::journal::Journal;
use crate::lifecycle::{Note, Record};
use crate::observe::event::Event;
use crate::store::StoreError;

impl Engine {
    /// Notes something of a certificate, and writes and logs these events with it. It is looked at in the next pass. To be
    /// called where no turn of it is under way. The record as it is then; `None` where there is no such certificate.
    pub(in crate::engine) async fn note(
        &self,
        domain: &str,
        note: Note,
        events: Vec<Event>,
    ) -> Result<Option<Record>, StoreError> {
        let now = self.environment.clock.now();
        let journal = Journal::from(events);
        let record = self
            .store()
            .note(now, domain, note, &journal.entries())
            .await?;
        if record.is_some() {
            journal.emit();
        }
        Ok(record)
    }
}
