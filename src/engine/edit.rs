//! Puts another config in force.

use std::sync::Arc;

use super::Engine;
use super::settings::Settings;
use crate::config::Effective;
use crate::lifecycle::delivery::Trigger;
use crate::lifecycle::{Class, Step, plan};
use crate::store::{Store, StoreError, Synced};

/// What taking in a config came to.
#[derive(Debug)]
pub struct Taken {
    /// What changed in the record.
    pub synced: Synced,
    /// Orders that the next pass makes because of it, unless there is something to adopt.
    pub orders: usize,
    /// Whether those who were held back could be let go. Where not, these settings are to be adopted once more.
    pub released: Result<(), StoreError>,
}

/// The fact that holds the config in force, as [`Effective`] in JSON.
const RUNNING: &str = "running config";

impl Engine {
    /// Puts these settings in force, and the certificates that they name into the record. Whoever was held back by
    /// refused credentials, or by a service that is out of reach, is tried again: the operator may have put that right.
    ///
    /// # Errors
    /// The database can't be read or written, and the old settings stay.
    pub async fn adopt_settings(&self, settings: Settings) -> Result<Taken, StoreError> {
        let old = self.settings();
        let settings = Arc::new(settings);
        let synced = self.sync(&settings).await?;
        // At once: nobody works by settings that do not know what the record names.
        self.settings.send_replace(Arc::clone(&settings));
        let counted = self.orders_of_edit(&old, &settings, &synced).await;
        let orders = counted.unwrap_or_else(|error| {
            tracing::warn!(%error, "how many orders the edit leads to is not known");
            0
        });
        let released = self
            .release(|hold| hold.scope.keeps_list() || hold.failure.class == Class::Operator)
            .await;
        Ok(Taken {
            synced,
            orders,
            released,
        })
    }

    /// A file of secrets has come or changed: keys are looked for anew, and what waits for another try has it now. Whoever
    /// waits for something else waits on.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn try_waiting_again(&self) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let settings = self.settings();
        for (_, client) in settings.clients() {
            client.look_for_keys();
        }
        self.release(|hold| hold.failure.class == Class::Operator)
            .await?;
        let store = self.store();
        store
            .trigger_deliveries(now, Trigger::Retry, |_, _| true)
            .await?;
        store.try_channels_again(now).await
    }

    /// Takes the certificates that the settings in force name into the record. For a start.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn take_in_config(&self) -> Result<Synced, StoreError> {
        self.sync(&self.settings()).await
    }

    async fn sync(&self, settings: &Settings) -> Result<Synced, StoreError> {
        let now = self.environment.clock.now();
        let store = self.store();
        // Written before the digest that says that it was taken in: a crash between the two writes it again.
        if store.fact("config").await?.as_deref() != Some(&settings.digest) {
            let effective = Effective::of(&settings.config);
            if let Ok(text) = serde_json::to_string(&effective) {
                store.set_fact(RUNNING, &text).await?;
            }
        }
        store.sync(now, &settings.wanted(), &settings.digest).await
    }

    /// Which of the names that an edit touched are ordered in the next pass, and would not have been without it.
    async fn orders_of_edit(
        &self,
        old: &Settings,
        new: &Settings,
        synced: &Synced,
    ) -> Result<usize, StoreError> {
        let now = self.environment.clock.now();
        let mut orders = 0;
        for (domain, was_there) in synced
            .added
            .iter()
            .map(|domain| (domain, false))
            .chain(synced.changed.iter().map(|domain| (domain, true)))
        {
            let Some(listing) = self.store().record(domain).await? else {
                continue;
            };
            let is_ordered = |settings: &Settings| {
                let policy = settings.policy(domain, listing.record.order.as_ref());
                matches!(plan(now, &policy, &listing.record, &[]), Step::Order { .. })
            };
            if is_ordered(new) && !(was_there && is_ordered(old)) {
                orders += 1;
            }
        }
        Ok(orders)
    }
}

/// The config that the record was last brought in step with: the running daemon's, where one runs.
///
/// # Errors
/// The database can't be read.
pub async fn running_config(store: &Store) -> Result<Option<Effective>, StoreError> {
    let text = store.fact(RUNNING).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}
