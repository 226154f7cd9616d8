//! All certificates of all accounts, with the indexes that keep look-ups cheap among ten thousand.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::order::{Certificate, status};
use crate::sandbox::refusal::Refusal;

/// The certificates, in the order of application.
#[derive(Default)]
pub(crate) struct Register {
    by_sequence: BTreeMap<u64, Certificate>,
    by_id: HashMap<String, u64>,
    /// Which certificates named that one as their predecessor.
    renewals: HashMap<String, Vec<String>>,
    last: u64,
}

impl Register {
    /// The sequence number the next certificate takes.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.last + 1
    }

    /// Whether an id is taken.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Takes a certificate in.
    pub(crate) fn add(&mut self, certificate: Certificate) {
        self.last = self.last.max(certificate.sequence);
        if let Some(old) = certificate.order().and_then(|order| order.old.as_ref()) {
            let renewals = self.renewals.entry(old.clone()).or_default();
            renewals.push(certificate.id.clone());
        }
        self.by_id
            .insert(certificate.id.clone(), certificate.sequence);
        self.by_sequence.insert(certificate.sequence, certificate);
    }

    /// Forgets a certificate for good; a deleted one is no longer shown anywhere.
    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(sequence) = self.by_id.remove(id) {
            self.by_sequence.remove(&sequence);
        }
    }

    /// Any account's certificate.
    pub(crate) fn get(&self, id: &str) -> Option<&Certificate> {
        self.by_sequence.get(self.by_id.get(id)?)
    }

    /// As [`Self::get`], to inject facts.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Certificate> {
        self.by_sequence.get_mut(self.by_id.get(id)?)
    }

    /// One account's certificate, or the refusal that the service gives.
    pub(crate) fn of(&self, account: usize, id: &str) -> Result<&Certificate, Refusal> {
        self.get(id)
            .filter(|certificate| certificate.account == account)
            .ok_or_else(|| Refusal::not_found(id))
    }

    /// As [`Self::of`], to inject facts.
    pub(crate) fn of_mut(&mut self, account: usize, id: &str) -> Result<&mut Certificate, Refusal> {
        self.get_mut(id)
            .filter(|certificate| certificate.account == account)
            .ok_or_else(|| Refusal::not_found(id))
    }

    /// All, newest application first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Certificate> {
        self.by_sequence.values().rev()
    }

    /// The certificate that renews that one. A renewal that failed, was cancelled or deleted does not count, so
    /// that its predecessor can be renewed again.
    pub(crate) fn renewal_of(&self, id: &str, now: DateTime<Utc>) -> Option<&Certificate> {
        let renewals = self.renewals.get(id)?;
        renewals
            .iter()
            .rev()
            .filter_map(|id| self.get(id))
            .find(|renewal| !matches!(renewal.status(now), status::FAILED | status::CANCELLED))
    }

    /// When the account last proved control of exactly this name, if it did.
    pub(crate) fn proven(&self, account: usize, domain: &str) -> Option<DateTime<Utc>> {
        let mut own = self
            .newest_first()
            .filter(|certificate| certificate.account == account && certificate.domain == domain);
        own.find_map(Certificate::proven)
    }

    /// Free certificates an account holds now.
    pub(crate) fn account_slots(&self, account: usize, now: DateTime<Utc>) -> usize {
        self.by_sequence
            .values()
            .filter(|certificate| certificate.account == account && certificate.holds_slot(now))
            .count()
    }

    /// Free certificates of a registered domain, over all accounts.
    pub(crate) fn domain_slots(&self, main_domain: &str, now: DateTime<Utc>) -> usize {
        self.by_sequence
            .values()
            .filter(|certificate| {
                certificate.main_domain == main_domain && certificate.holds_slot(now)
            })
            .count()
    }
}
