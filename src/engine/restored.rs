//! After a restore: nothing is ordered before a list certainly shows what was ordered since the backup.

use chrono::TimeDelta;

use super::picture::Picture;
use super::turn::Turn;
use super::{Engine, EngineError};
use crate::lifecycle::pause::LONGEST_PAUSE;
use crate::lifecycle::policy::patience;
use crate::observe::event::{self, Event};

impl Turn<'_> {
    /// After a restore the record lacks what was ordered since the backup, perhaps a moment before: a list counts once
    /// it was taken long enough after the restore to show that, as for an application without an answer.
    pub(super) async fn must_see_again(&mut self, picture: &Picture) -> Result<bool, EngineError> {
        let Some(restored) = self.engine.store().restored_at().await? else {
            return Ok(false);
        };
        let gaps = picture.skipped > 0;
        let certain = self.policy.certain_at(restored, gaps);
        // A restore that lies far ahead was made by a clock that was put back since.
        if picture.taken_at >= certain || certain - self.now() > LONGEST_PAUSE {
            return Ok(false);
        }
        self.record.retry.not_before = Some(certain);
        self.save(None).await?;
        Ok(true)
    }
}

impl Engine {
    /// Says at a start that the database was restored, while that still keeps orders back.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn say_restored(&self) -> Result<(), EngineError> {
        let Some(restored) = self.store().restored_at().await? else {
            return Ok(());
        };
        let now = self.environment.clock.now();
        let poll = self.settings().config.schedule.poll;
        let poll = TimeDelta::from_std(poll).unwrap_or(TimeDelta::MAX);
        let certain = restored + patience(poll);
        if now < certain {
            let message = format!(
                "the database was restored from a backup; what was ordered since then is searched for at the service, \
                 and nothing is ordered before {}",
                certain.format("%Y-%m-%d %H:%M:%S UTC")
            );
            Event::new(event::STORE_RESTORED, message)
                .next_attempt(certain)
                .emit();
        }
        Ok(())
    }
}
