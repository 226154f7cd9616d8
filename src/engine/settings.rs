//! The config in force, and a client for each account.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::config::{Certificate, Config};
use crate::lifecycle::{Algorithm, Method, Order, Policy};
use crate::store::Wanted;
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
