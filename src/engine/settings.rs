//! The config in force, and a client for each account.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::config::{Certificate, Config};
use crate::config::{FleetOrders, Validation};
use crate::lifecycle::{Algorithm, Method, Order, Orders, Ours, Policy, Turns};
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
                orders: Self::orders_of(&self.config, None),
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
            orders: Self::orders_of(config, Some(certificate)),
        }
    }

    /// Who orders this certificate; of none, what the fleet has agreed on.
    pub fn orders_of(config: &Config, certificate: Option<&Certificate>) -> Orders {
        let fleet = config.fleet.as_ref();
        let look = delta(fleet.map_or(LOOK, |fleet| fleet.look));
        if certificate.is_some_and(|certificate| !certificate.order) {
            return Orders::Elsewhere {
                look,
                any_kind: true,
                proves: false,
            };
        }
        let Some(fleet) = fleet else {
            return Orders::Here;
        };
        match (fleet.orders, fleet.machine) {
            (FleetOrders::Alone, _) => Orders::Here,
            (FleetOrders::InTurn, Some(machine)) => Orders::InTurn {
                turns: Turns {
                    machine,
                    length: delta(fleet.turn),
                },
                look,
            },
            (FleetOrders::Never | FleetOrders::InTurn, _) => Orders::Elsewhere {
                look,
                any_kind: false,
                proves: certificate.is_some_and(proves_by_file),
            },
        }
    }

    /// How orders of this installation, or of its fleet, are told from others'.
    pub fn ours(config: &Config, installation: &str) -> Ours {
        match &config.fleet {
            Some(fleet) => Ours::of_fleet(&fleet.id(), fleet.number(), installation),
            None => Ours::alone(installation),
        }
    }

    /// Whether nothing is ordered in this account: what others ordered is fetched.
    pub(super) fn only_fetches(&self, account: &str) -> bool {
        let mut own = self
            .config
            .certificates
            .iter()
            .filter(|certificate| certificate.account == account)
            .peekable();
        own.peek().is_some()
            && own.all(|one| Self::orders_of(&self.config, Some(one)).are_elsewhere())
    }

    /// How often the account's list is looked at where something there may be what another machine ordered.
    pub(super) fn look(&self, account: &str) -> Option<Duration> {
        let fleet = self.config.fleet.as_ref()?;
        let mut all = self.config.certificates.iter();
        all.any(|one| one.account == account && one.order)
            .then_some(fleet.look)
    }

    /// Whether one of the account's certificates has a proof that every machine of the fleet publishes.
    pub(super) fn looks_for_proofs(&self, account: &str) -> bool {
        let mut all = self.config.certificates.iter();
        all.any(|one| one.account == account && one.order && proves_by_file(one))
    }

    /// How long other machines are given to publish a proof of this kind: a look, and what it takes to act on it.
    pub(super) fn for_others(&self, method: Method) -> TimeDelta {
        let fleet = self.config.fleet.as_ref();
        let look = fleet.filter(|_| method == Method::File);
        look.map_or(TimeDelta::zero(), |fleet| {
            delta(fleet.look) + delta(fleet.look).min(ACTING)
        })
    }

    /// Whether for this one what somebody else ordered is taken outside of its window too.
    pub(super) fn is_shared(&self, certificate: &Certificate) -> bool {
        self.config.fleet.is_some() || !certificate.order
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

/// How often a certificate that somebody else orders is looked for, outside of a fleet.
const LOOK: Duration = Duration::from_secs(5 * 60);

/// Within so long a machine that has seen an order publishes its proof.
const ACTING: TimeDelta = TimeDelta::minutes(1);

/// Whether control of its name is proved by a file, which the CA may ask any machine behind it for.
fn proves_by_file(certificate: &Certificate) -> bool {
    matches!(certificate.validation, Validation::File(_))
}

/// A setting's duration as the lifecycle counts. Settings are bounded far below its range.
fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
