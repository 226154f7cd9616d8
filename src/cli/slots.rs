//! Who holds an account's slots, as its last full listing showed: for `account`, `status` and `plan`.

use crate::words::words;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{local, rfc3339, table};
use crate::config::{Account, Config, main_domain};
use crate::lifecycle::Ours;
use crate::store::{Holding, Store, Sweep};

/// An account's slots at one moment.
pub(super) struct Slots {
    pub(super) account: String,
    /// When the account was listed last.
    pub(super) seen: DateTime<Utc>,
    /// How many were used then.
    pub(super) used: u32,
    /// How many there are.
    pub(super) limit: u32,
    /// How many there are for each main domain.
    pub(super) domain_limit: u32,
    /// Used ones by main domain, the most used first.
    pub(super) domains: Vec<(String, u32)>,
    /// All free certificates and orders, the one that ends first before the others.
    pub(super) holdings: Vec<Holding>,
    prefix: String,
    known: BTreeSet<String>,
}

words! {
    /// Whose a certificate at the service is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Owner {
        /// Made by this installation.
        Ours = "ours",
        /// Made by somebody else, and used by this installation.
        Adopted = "adopted",
        /// Made by another installation of Evercert.
        Twin = "another evercert",
        /// Somebody else's.
        Other = "others",
    }
}

impl Slots {
    /// Reads what the record has of this account; `None` before its first listing.
    pub(super) async fn read(
        store: &Store,
        account: &Account,
        sweeps: &[Sweep],
    ) -> Result<Option<Self>, Failure> {
        let Some(sweep) = sweeps.iter().find(|sweep| sweep.account == account.name) else {
            return Ok(None);
        };
        let mut holdings = store.holdings(&account.name).await?;
        holdings.sort_by(|a, b| {
            let key = |one: &Holding| (one.not_after.unwrap_or(i64::MAX), one.domain.clone());
            key(a).cmp(&key(b))
        });
        let mut domains: BTreeMap<&str, u32> = BTreeMap::new();
        for holding in holdings.iter().filter(|holding| holding.slot) {
            *domains.entry(&holding.main_domain).or_default() += 1;
        }
        let mut domains: Vec<(String, u32)> = domains
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
        domains.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(Some(Self {
            account: account.name.clone(),
            seen: sweep.at,
            used: sweep.slots,
            limit: account.free_limit,
            domain_limit: account.domain_limit,
            domains,
            holdings,
            prefix: format!("ec-{}-", store.installation().await?),
            known: store.all_known_ids().await?.into_iter().collect(),
        }))
    }

    /// Of every account of the config that was listed.
    pub(super) async fn all(
        store: &Store,
        config: &Config,
        sweeps: &[Sweep],
    ) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for account in config.accounts.values() {
            all.extend(Self::read(store, account, sweeps).await?);
        }
        Ok(all)
    }

    /// Whose this one is.
    pub(super) fn owner(&self, holding: &Holding) -> Owner {
        let ours = Ours {
            prefix: &self.prefix,
        };
        if ours.marker(&holding.alias).is_some() {
            Owner::Ours
        } else if self.known.contains(&holding.certificate_id) {
            Owner::Adopted
        } else if holding.alias.starts_with("ec-") {
            Owner::Twin
        } else {
            Owner::Other
        }
    }

    /// What could be done to free its slot, if anything.
    pub(super) fn advice(&self, holding: &Holding) -> Option<&'static str> {
        let dead = matches!(holding.state.as_str(), "rejected" | "cancelled" | "dead");
        match (dead, self.owner(holding)) {
            (false, _) => None,
            (true, Owner::Ours) => Some("can be deleted: `tidy = true` in the account does it"),
            (true, _) => Some("can be deleted in the console"),
        }
    }

    /// One line: used, of how many, seen when; and the main domains that use some.
    pub(super) fn words(&self, config: &Config) -> String {
        let named: BTreeSet<String> = config
            .certificates
            .iter()
            .map(|certificate| main_domain(&certificate.domain))
            .collect();
        // Those of the config first of all; and whoever is near the limit.
        let shown: Vec<String> = self
            .domains
            .iter()
            .filter(|(name, used)| named.contains(name) || *used + 2 >= self.domain_limit)
            .take(8)
            .map(|(name, used)| format!("{name} {used} of {}", self.domain_limit))
            .collect();
        let domains = if shown.is_empty() {
            String::new()
        } else {
            format!(" ({})", shown.join(", "))
        };
        format!(
            "account \"{}\": {} of {} free certificates used{domains}, seen {}",
            self.account,
            self.used,
            self.limit,
            local(self.seen)
        )
    }

    pub(super) fn json(&self) -> Value {
        let domain = |(name, used): &(String, u32)| json!({ "main_domain": name, "used": used, "limit": self.domain_limit });
        let holding = |holding: &Holding| {
            json!({
                "certificate_id": holding.certificate_id,
                "domain": holding.domain,
                "owner": self.owner(holding).name(),
                "state": holding.state,
                "slot": holding.slot,
                "not_after": rfc3339(at(holding.not_after)),
                "applied_at": rfc3339(at(holding.inserted)),
                "alias": holding.alias,
                "advice": self.advice(holding),
            })
        };
        json!({
            "account": self.account,
            "seen_at": rfc3339(Some(self.seen)),
            "used": self.used,
            "limit": self.limit,
            "main_domains": self.domains.iter().map(domain).collect::<Value>(),
            "certificates": self.holdings.iter().map(holding).collect::<Value>(),
        })
    }

    /// All of it, for people.
    pub(super) fn text(&self, config: &Config) -> String {
        let row = |holding: &Holding| {
            vec![
                holding.domain.clone(),
                holding.certificate_id.clone(),
                self.owner(holding).name().to_owned(),
                holding.state.clone(),
                if holding.slot { "yes" } else { "no" }.to_owned(),
                at(holding.not_after).map_or_else(|| "-".to_owned(), local),
                self.advice(holding).unwrap_or_default().to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = self.holdings.iter().map(row).collect();
        let titles = [
            "DOMAIN",
            "CERTIFICATE",
            "WHOSE",
            "STATE",
            "SLOT",
            "UNTIL",
            "NOTE",
        ];
        format!("{}\n\n{}", self.words(config), table(&titles, &rows))
    }
}

fn at(milliseconds: Option<i64>) -> Option<DateTime<Utc>> {
    milliseconds.and_then(DateTime::from_timestamp_millis)
}
