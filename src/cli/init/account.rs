//! What is proposed for the free certificates that an account has: those that the first run would adopt.
//!
//! An entry is proposed only where nothing is bought by it. What the service is still working on is named, and left to
//! whoever reads the file: it may come to nothing, and then the entry would order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::proposal::Proposal;
use super::sentences as say;
use crate::engine::{each_page, sighting};
use crate::lifecycle::order::adopt::evercert_marker;
use crate::lifecycle::{Method, Sighting, SightingState};
use crate::sentence::Sentence;
use crate::tencent::ssl::{LARGEST_PAGE, Listed};
use crate::tencent::{ApiError, Client};
use crate::text::local;

/// An account's list.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The service's clock, where it said.
    service_time: Option<DateTime<Utc>>,
    /// Entries that could not be read.
    skipped: usize,
    /// Every entry, by name.
    by_name: BTreeMap<String, Vec<Found>>,
}

/// One entry.
#[derive(Clone, Debug)]
struct Found {
    sighting: Sighting,
    package: Option<String>,
    /// The project that it is filed under, where that is not the default one.
    project: Option<u64>,
    /// Its names beside its own, and beside the `www` that the service adds to a name, or takes from it.
    others: Vec<String>,
}

impl List {
    /// Reads the whole list, at the limiter's pace. `now` is this machine's clock.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(super) async fn read(client: &Client, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let mut list = Self::default();
        let mut seen = std::collections::HashSet::new();
        let missing = each_page(client, LARGEST_PAGE, |answer| {
            list.service_time = list.service_time.or(answer.date);
            list.skipped += answer.value.skipped;
            for listed in &answer.value.certificates {
                // Pages shift while they are read: an entry can come twice.
                if seen.insert(listed.certificate_id.clone()) {
                    list.add(listed);
                }
            }
            true
        })
        .await?;
        list.skipped += usize::try_from(missing).unwrap_or(usize::MAX);
        list.service_time = list.service_time.or(Some(now));
        Ok(list)
    }

    /// As of a list with these entries, at this moment.
    #[cfg(test)]
    pub(super) fn of(entries: &[Listed], now: DateTime<Utc>) -> Self {
        let mut list = Self {
            service_time: Some(now),
            ..Self::default()
        };
        entries.iter().for_each(|entry| list.add(entry));
        list
    }

    fn add(&mut self, listed: &Listed) {
        let with_www = format!("www.{}", listed.domain);
        let is_its_own = |name: &str| {
            name == listed.domain
                || name == with_www
                || listed.domain.strip_prefix("www.") == Some(name)
        };
        let others = listed.names().into_iter().filter(|name| !is_its_own(name));
        let found = Found {
            sighting: sighting(listed),
            package: listed.package_type.clone(),
            project: listed.project_id.filter(|project| *project > 0),
            others: others.map(str::to_owned).collect(),
        };
        let all = self.by_name.entry(listed.domain.clone()).or_default();
        all.push(found);
    }

    /// Proposes an entry for each name with a certificate that would be adopted, and leaves out the others. Returns what
    /// else is to be said.
    pub(super) fn propose(self, proposal: &mut Proposal) -> Vec<Sentence> {
        let now = self.service_time.unwrap_or(DateTime::<Utc>::MIN_UTC);
        for (name, all) in &self.by_name {
            let alive: Vec<&Found> = all
                .iter()
                .filter(|found| found.why_not(now).is_none())
                .collect();
            let ends = |found: &&&Found| {
                (
                    found.sighting.not_after,
                    found.sighting.certificate_id.clone(),
                )
            };
            let Some(longest) = alive.iter().max_by_key(ends) else {
                let reasons = all.iter().filter_map(|found| found.why_not(now).flatten());
                reasons.for_each(|why| proposal.leave_out(name, why));
                continue;
            };
            longest.enter(name, alive.len(), proposal);
        }
        match self.skipped {
            0 => Vec::new(),
            some => vec![say::unreadable_entries(some)],
        }
    }
}

impl Found {
    /// Why it would not be adopted; the reason is not worth a word where it is an order that came to nothing.
    fn why_not(&self, now: DateTime<Utc>) -> Option<Option<Sentence>> {
        let Sighting {
            state,
            free,
            uploaded,
            downloadable,
            not_after,
            ..
        } = &self.sighting;
        let why = match state {
            SightingState::Rejected | SightingState::Cancelled => return Some(None),
            _ if *uploaded => say::uploaded(),
            _ if !free => match &self.package {
                Some(package) => say::paid(package),
                None => say::no_package(),
            },
            SightingState::Dead => say::ended(),
            SightingState::Pending => say::under_way(),
            SightingState::Issued if not_after.is_none_or(|end| end <= now) => say::ended(),
            SightingState::Issued if !downloadable => say::no_download(),
            SightingState::Issued if !self.others.is_empty() => {
                say::several_names(Sentence::names(&self.others))
            }
            SightingState::Issued => return None,
        };
        Some(Some(why))
    }

    fn enter(&self, name: &str, alive: usize, proposal: &mut Proposal) {
        let Sighting {
            certificate_id,
            not_after,
            algorithm,
            method,
            alias,
            ..
        } = &self.sighting;
        if name.contains('*') {
            proposal.leave_out(name, say::wildcard());
            return;
        }
        let Some(entry) = proposal.entry_for(name) else {
            return;
        };
        entry.algorithm = algorithm.unwrap_or(entry.algorithm);
        entry.project = self.project;
        let until = not_after.map_or_else(|| "-".to_owned(), local);
        entry.remarks.push(say::adopted(certificate_id, until));
        if alive > 1 {
            entry.remarks.push(say::one_of_several(alive));
        }
        if evercert_marker(alias).is_some() {
            entry.remarks.push(say::ordered_by_evercert());
        }
        if let Some(method) = method.filter(|method| *method != Method::DnsAuto) {
            entry.remarks.push(say::proved_by(method.name()));
        }
    }
}
