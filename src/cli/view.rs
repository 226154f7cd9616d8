//! The config beside the record: what the reading verbs show.

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::failure::Failure;
use super::identity::become_owner;
use super::slots::Slots;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Certificate, Config};
use crate::engine::Settings;
use crate::lifecycle::{Hold, Policy, Proof, Record, Rest, Schedule, Step, plan, schedule};
use crate::store::{Deliveries, Listing, Store};

/// Config and record at one moment.
pub(super) struct View {
    pub(super) config: Config,
    pub(super) store: Option<Store>,
    pub(super) now: DateTime<Utc>,
    pub(super) holds: Vec<Hold>,
    pub(super) slots: Vec<Slots>,
    listings: HashMap<String, Listing>,
    deliveries: HashMap<String, Deliveries>,
    proofs: Vec<Proof>,
}

/// One certificate as the verbs show it.
pub(super) struct Line<'a> {
    pub(super) record: Record,
    pub(super) policy: Policy,
    pub(super) display: &'a str,
    pub(super) schedule: Schedule,
    pub(super) step: Step,
    pub(super) holds: Vec<Hold>,
}

impl View {
    /// Reads both. Of the record, only these names where some are given.
    pub(super) async fn open(path: &Path, domains: &[String]) -> Result<Self, Failure> {
        let config = config::load(path)?.config;
        become_owner(&config.state_dir)?;
        let store = Store::open_read_only(&config.state_dir).await?;
        let mut listings = Vec::new();
        let mut deliveries = HashMap::new();
        let (mut holds, mut slots) = (Vec::new(), Vec::new());
        let mut proofs = Vec::new();
        if let Some(store) = &store {
            if domains.is_empty() {
                listings = store.records().await?;
            }
            for domain in domains {
                listings.extend(store.record(domain).await?);
            }
            holds = store.holds().await?;
            let sweeps = store.sweeps().await?;
            slots = Slots::all(store, &config, &sweeps).await?;
            for listing in &listings {
                let domain = &listing.record.domain;
                if let Some(known) = store.deliveries(domain).await? {
                    deliveries.insert(domain.clone(), known);
                }
            }
            proofs = store.proofs().await?;
        }
        Ok(Self {
            config,
            store,
            now: SystemClock::new().now(),
            holds,
            slots,
            deliveries,
            proofs,
            listings: listings
                .into_iter()
                .map(|listing| (listing.record.domain.clone(), listing))
                .collect(),
        })
    }

    /// Every certificate of the config in its order, then those that it no longer names and that still have an order.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let named = self
            .config
            .certificates
            .iter()
            .map(|certificate| self.line(certificate));
        let mut lines: Vec<Line<'_>> = named.collect();
        let mut dropped: Vec<&Listing> = self
            .listings
            .values()
            .filter(|listing| !listing.record.wanted && listing.record.order.is_some())
            .collect();
        dropped.sort_by(|a, b| a.record.domain.cmp(&b.record.domain));
        for listing in dropped {
            let policy = self.policy_in_force(listing);
            lines.push(self.made(listing.record.clone(), policy, &listing.record.domain));
        }
        lines
    }

    /// The line of one certificate of the config.
    pub(super) fn line<'a>(&'a self, certificate: &'a Certificate) -> Line<'a> {
        let policy = Settings::policy_of(&self.config, certificate);
        let mut record = self.listings.get(&certificate.domain).map_or_else(
            || Record::new(&certificate.domain, &certificate.account),
            |listing| listing.record.clone(),
        );
        // As the config is now, also where the daemon has not read it yet.
        record.wanted = true;
        record.account.clone_from(&certificate.account);
        self.made(record, policy, &certificate.display)
    }

    fn made<'a>(&'a self, record: Record, policy: Policy, display: &'a str) -> Line<'a> {
        let holds: Vec<Hold> = self
            .holds
            .iter()
            .filter(|hold| hold.account == record.acting_account())
            .cloned()
            .collect();
        Line {
            schedule: schedule(self.now, &policy, &record, &holds),
            step: plan(self.now, &policy, &record, &holds),
            record,
            policy,
            display,
            holds,
        }
    }

    /// Every certificate that the config in force names, as the daemon last read it.
    pub(super) fn lines_in_force(&self) -> Vec<Line<'_>> {
        let wanted = self
            .listings
            .values()
            .filter(|listing| listing.record.wanted);
        let mut wanted: Vec<&Listing> = wanted.collect();
        wanted.sort_by(|a, b| a.record.domain.cmp(&b.record.domain));
        wanted
            .into_iter()
            .map(|listing| {
                let policy = self.policy_in_force(listing);
                self.made(listing.record.clone(), policy, &listing.record.domain)
            })
            .collect()
    }

    /// Whether the next pass orders this name also without an edit of the config: as the daemon last read it.
    pub(super) fn is_ordered_anyway(&self, domain: &str) -> bool {
        let Some(listing) = self.listings.get(domain) else {
            return false;
        };
        let policy = self.policy_in_force(listing);
        let step = plan(self.now, &policy, &listing.record, &[]);
        matches!(step, Step::Order { .. })
    }

    /// The policy of a record as the daemon last read it.
    fn policy_in_force(&self, listing: &Listing) -> Policy {
        Policy {
            inputs: listing.inputs.clone(),
            renew_before: listing.renew_before,
            poll: chrono::TimeDelta::from_std(self.config.schedule.poll).unwrap_or_default(),
            algorithm: crate::lifecycle::Algorithm::Rsa,
        }
    }

    /// The targets of this certificate, where the record knows it.
    pub(super) fn deliveries(&self, domain: &str) -> Option<&Deliveries> {
        self.deliveries.get(domain)
    }

    /// What keeps the proof of control of this name's open order from going on, if anything does.
    pub(super) fn proof_trouble(&self, domain: &str) -> Option<&str> {
        let open = self
            .proofs
            .iter()
            .find(|proof| proof.domain == domain && !proof.over);
        open.and_then(|proof| proof.last_error.as_deref())
    }

    /// The certificate of this name, as people write it.
    pub(super) fn certificate(&self, written: &str) -> Result<&Certificate, Failure> {
        certificate(&self.config, written)
    }
}

/// The certificate of this name in a config, as people write it.
pub(super) fn certificate<'a>(
    config: &'a Config,
    written: &str,
) -> Result<&'a Certificate, Failure> {
    let wanted = written.trim().trim_end_matches('.').to_lowercase();
    let found = config
        .certificates
        .iter()
        .find(|entry| entry.domain == wanted || entry.display == wanted);
    if let Some(found) = found {
        return Ok(found);
    }
    let nearest = config
        .certificates
        .iter()
        .map(|entry| (strsim::jaro_winkler(&entry.display, &wanted), entry))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = nearest.map_or_else(String::new, |(_, entry)| {
        format!("; did you mean {}?", entry.display)
    });
    Err(Failure::usage(format!(
        "{written} is not in the config{hint}"
    )))
}

/// The next step in a word, for JSON and tables.
pub(super) fn step_name(step: &Step) -> &'static str {
    match step {
        Step::Rest { why, .. } => match why {
            Rest::Fresh => "renew",
            Rest::Pending => "poll",
            Rest::Backoff => "retry",
            Rest::Parked => "wait for operator",
            Rest::Paused => "none (paused)",
            Rest::Hold(_) => "wait for account",
            Rest::Removed => "none",
        },
        Step::Order { link: None, .. } => "order",
        Step::Order { link: Some(_), .. } => "renew",
        Step::LookUp => "look up",
        Step::Poll => "poll",
        Step::Fetch => "fetch",
    }
}
