//! After a restore: nothing is ordered before a list certainly shows what was ordered since the backup.

use chrono::TimeDelta;

use super::turn::Turn;
use crate::engine::Engine;
use crate::engine::listing::Listing;
use crate::lifecycle::Note;
use crate::lifecycle::order::policy::patience;
use crate::observe::{Event, Fact};
use crate::store::{Decided, StoreError};

impl Turn<'_> {
    /// After a restore the record lacks what was ordered since the backup, perhaps a moment before: a list counts once
    /// it was taken long enough after the restore to show that, as for an application without an answer. By the service's
    /// clock, from the first list after the restore on: ours may have been set since.
    pub(super) async fn must_see_again(&mut self, listing: &Listing) -> Result<bool, StoreError> {
        let (store, listed) = (self.engine.store(), listing.service_now());
        let account = self.holds.account();
        let first = store.first_list_since(Decided::Restored, account, listed);
        let Some(first) = first.await? else {
            return Ok(false);
        };
        let left = self.policy.certain_at(first, listing.has_gaps()) - listed;
        if left <= TimeDelta::zero() {
            return Ok(false);
        }
        self.note(Note::NotBefore(self.now() + left));
        self.save(None).await?;
        Ok(true)
    }
}

impl Engine {
    /// Says at a start that the database was restored, while that still keeps orders back.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn say_restored(&self) -> Result<(), StoreError> {
        let Some(restored) = self.store().restored_at().await? else {
            return Ok(());
        };
        let now = self.environment.clock.now();
        let certain = restored + patience(self.settings().poll());
        if now < certain {
            let orders_after = crate::text::rfc3339(certain).into();
            Event::of(Fact::StoreRestored { orders_after })
                .next_attempt(certain)
                .emit();
        }
        Ok(())
    }
}
