//! Which certificates have something to deliver, and when.

use chrono::TimeDelta;

use super::work::poll;
use crate::engine::Engine;
use crate::lifecycle::delivery::Trigger;
use crate::store::{DeliveriesDue, StoreError};

/// What is served is looked at with each scheduled check, but not more often than this many polls apart.
const POLLS_BETWEEN_LOOKS: i32 = 2;

/// A look at cloud resources is several calls: a day apart with the default `poll`.
const POLLS_BETWEEN_BOUND_LOOKS: i32 = 2_880;

impl Engine {
    /// The certificates that have something to deliver or to look at now, and when the next one has. With `check`, what is
    /// served is looked at also where nothing is new.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn deliveries_due(&self, check: bool) -> Result<DeliveriesDue, StoreError> {
        let (now, settings) = (self.environment.clock.now(), self.settings());
        let mut certificates = settings.config.certificates.iter();
        if certificates.all(|certificate| certificate.targets.is_empty()) {
            return Ok(DeliveriesDue::default());
        }
        if check {
            let poll = poll(&settings);
            let apart =
                (poll * POLLS_BETWEEN_LOOKS).clamp(TimeDelta::seconds(2), TimeDelta::minutes(5));
            let bound_apart =
                (poll * POLLS_BETWEEN_BOUND_LOOKS).clamp(TimeDelta::minutes(1), TimeDelta::days(1));
            let check = Trigger::Check {
                since: now - apart,
                cloud_since: now - bound_apart,
            };
            self.store()
                .trigger_deliveries(now, check, |_, _| true)
                .await?;
        }
        self.store().deliveries_due(now).await
    }
}
