//! The config in force, and a client for each account.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use super::{Engine, EngineError};
use crate::config::{Certificate, Config, Effective};
use crate::lifecycle::delivery::Trigger;
use crate::lifecycle::{Algorithm, Class, Method, Order, Policy, Step, plan};
use crate::store::{Store, StoreError, Synced, Wanted};
use crate::tencent::Client;

/// A config, ready to work by.
pub struct Settings {
    /// What the operator wrote.
    pub config: Arc<Config>,
    /// The digest of the files it was read from.
    pub digest: String,
    clients: BTreeMap<String, Client>,
    places: HashMap<String, usize>,
}

impl Settings {
    /// Settings of this config; `clients` has one for each of its accounts.
    pub fn new(config: Config, digest: String, clients: BTreeMap<String, Client>) -> Self {
        let places = config
            .certificates
            .iter()
            .enumerate()
            .map(|(place, certificate)| (certificate.domain.clone(), place))
            .collect();
        Self {
            config: Arc::new(config),
            digest,
            clients,
            places,
        }
    }

    /// The client of this account.
    pub fn client(&self, account: &str) -> Option<&Client> {
        self.clients.get(account)
    }

    /// Every account with its client.
    pub fn clients(&self) -> impl Iterator<Item = (&str, &Client)> {
        self.clients
            .iter()
            .map(|(name, client)| (name.as_str(), client))
    }

    /// The entry of this name.
    pub fn certificate(&self, domain: &str) -> Option<&Certificate> {
        self.places
            .get(domain)
            .and_then(|place| self.config.certificates.get(*place))
    }

    /// The policy of this name; for a name that the config dropped, what its open order needs.
    pub fn policy(&self, domain: &str, order: Option<&Order>) -> Policy {
        match self.certificate(domain) {
            Some(certificate) => Self::policy_of(&self.config, certificate),
            None => Policy {
                renew_before: delta(self.config.schedule.renew_before),
                poll: delta(self.config.schedule.poll),
                algorithm: order.map_or(Algorithm::Rsa, |order| order.algorithm),
                inputs: String::new(),
            },
        }
    }

    /// How soon a pending order is looked at again.
    pub(super) fn poll(&self) -> TimeDelta {
        delta(self.config.schedule.poll)
    }

    /// How control of this name is proved, as the config has it now.
    pub fn method(&self, domain: &str) -> Method {
        self.certificate(domain)
            .and_then(|certificate| Method::from_name(certificate.validation.as_str()))
            .unwrap_or_default()
    }

    /// The policy of a certificate of this config.
    pub fn policy_of(config: &Config, certificate: &Certificate) -> Policy {
        Policy {
            renew_before: delta(certificate.renew_before),
            poll: delta(config.schedule.poll),
            algorithm: certificate.key,
            inputs: certificate.fingerprint(),
        }
    }

    /// What the store needs to know of each certificate.
    pub fn wanted(&self) -> Vec<Wanted> {
        self.config
            .certificates
            .iter()
            .map(|certificate| Wanted {
                domain: certificate.domain.clone(),
                account: certificate.account.clone(),
                inputs: certificate.fingerprint(),
                renew_before: delta(certificate.renew_before),
                targets: super::deliver::wanted_targets(certificate),
            })
            .collect()
    }
}

/// A setting's duration as the lifecycle counts. Settings are bounded far below its range.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// What taking in a config came to.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// What changed in the record.
    pub synced: Synced,
    /// Orders that the next pass makes because of it, unless there is something to adopt.
    pub orders: usize,
}

/// The fact that holds the config in force, as [`Effective`] in JSON.
const RUNNING: &str = "running config";

impl Engine {
    /// Puts these settings in force, and the certificates that they name into the record. Whoever was held back by
    /// refused credentials, or by a service that is out of reach, is tried again: the operator may have mended that.
    ///
    /// # Errors
    /// The database can't be written; then the old settings stay.
    pub async fn adopt_settings(&self, settings: Settings) -> Result<Taken, EngineError> {
        let now = self.environment.clock.now();
        let old = self.settings();
        let synced = self.sync(&settings).await?;
        let orders = self.orders_of_edit(&old, &settings, &synced).await?;
        for hold in self.store().holds().await? {
            let may_be_mended = hold.scope.keeps_list() || hold.failure.class == Class::Operator;
            if may_be_mended {
                self.let_go(&hold).await?;
                self.store().wake(&hold.account, now).await?;
            }
        }
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(Taken { synced, orders })
    }

    /// A file of secrets has come or changed: keys are looked for anew, and what waits for another try has it now. Whoever
    /// waits for something else waits on.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn try_waiting_again(&self) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let settings = self.settings();
        for (_, client) in settings.clients() {
            client.look_for_keys();
        }
        for hold in self.store().holds().await? {
            if hold.failure.class == Class::Operator {
                self.let_go(&hold).await?;
                self.store().wake(&hold.account, now).await?;
            }
        }
        let store = self.store();
        store
            .trigger_deliveries(now, Trigger::Retry, |_, _| true)
            .await?;
        Ok(store.try_channels_again(now).await?)
    }

    /// Takes the certificates that the settings in force name into the record. For a start.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn take_in_config(&self) -> Result<Synced, EngineError> {
        self.sync(&self.settings()).await
    }

    async fn sync(&self, settings: &Settings) -> Result<Synced, EngineError> {
        let now = self.environment.clock.now();
        let store = self.store();
        // Written before the digest that says that it was taken in: a crash between the two writes it again.
        if store.fact("config").await?.as_deref() != Some(&settings.digest) {
            let effective = Effective::of(&settings.config);
            if let Ok(text) = serde_json::to_string(&effective) {
                store.set_fact(RUNNING, &text).await?;
            }
        }
        Ok(store
            .sync(now, &settings.wanted(), &settings.digest)
            .await?)
    }

    /// Which of the names that an edit touched are ordered in the next pass, and would not have been without it.
    async fn orders_of_edit(
        &self,
        old: &Settings,
        new: &Settings,
        synced: &Synced,
    ) -> Result<usize, EngineError> {
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
