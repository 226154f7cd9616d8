//! An account's list of certificates and orders, newest first.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::fence::{Fence, ServiceTime};
use crate::config::main_domain;
use crate::lifecycle::order::adopt::evercert_marker;
use crate::lifecycle::{Method, Orders, Sighting, SightingState};
use crate::store::Holding;
use crate::tencent::client::Answered;
use crate::tencent::ssl::{LARGEST_PAGE, Listed, Page, PageRequest};
use crate::tencent::{ApiError, Client};

/// A list longer than this many pages is taken as it is: a false `TotalCount` must not keep us asking for ever.
const PAGES: u32 = 200;

/// How many entries newer than those that are waited for the first page has room for.
const NEWER: u32 = 20;

/// Reads an account's list, newest first, the first page with room for `first` entries. Each page goes to `take`, until that
/// says that it needs no more of them, or there are none. Gives how many entries the list counts and did not show; none
/// where `take` needed no more.
///
/// # Errors
/// [`ApiError`]; what was taken until then is part of the list.
pub(crate) async fn each_page(
    client: &Client,
    first: u32,
    mut take: impl FnMut(Answered<Page>) -> bool,
) -> Result<u64, ApiError> {
    let (mut offset, mut total, mut missing) = (0_u32, None::<u64>, 0);
    for _ in 0..PAGES {
        let mut request = PageRequest::from(offset);
        if offset == 0 {
            request.limit = first;
        }
        let answer = client.certificates(&request).await?;
        // What is deleted between two pages lets the rest move up: as many may have slipped past.
        let counted = answer.value.total;
        missing += total.map_or(0, |before| before.saturating_sub(counted));
        total = Some(counted);
        // Entries that can't be read count for the offset, or the next page would begin among them.
        let entries = u32::try_from(answer.value.entries).unwrap_or(LARGEST_PAGE);
        offset = offset.saturating_add(entries);
        if !take(answer) {
            return Ok(missing);
        }
        if entries == 0 || u64::from(offset) >= counted {
            break;
        }
    }
    Ok(missing + total.unwrap_or_default().saturating_sub(offset.into()))
}

/// What an account's list showed.
pub(super) struct Listing {
    /// Our clock when it was begun: what was made before that and does not show is not there.
    pub(super) taken_at: DateTime<Utc>,
    /// The service's clock then, and when that was read, where it said.
    pub(super) time: Option<ServiceTime>,
    /// Whether it is all of it: of a part, what it does not show may be there all the same.
    pub(super) is_whole: bool,
    /// Entries that could not be read.
    skipped: usize,
    /// How many the list counts and did not have: it ended early, or moved up between two pages.
    pub(super) missing: u64,
    by_domain: BTreeMap<String, Vec<Sighting>>,
    domains: BTreeMap<String, String>,
}

impl Listing {
    /// The whole list.
    pub(super) async fn whole(client: &Client, taken_at: DateTime<Utc>) -> Result<Self, ApiError> {
        let listing = Self::take(client, taken_at, LARGEST_PAGE, |_| false).await?;
        Ok(Self {
            is_whole: true,
            ..listing
        })
    }

    /// The list from its newest entry on, until all of these have been seen.
    pub(super) async fn until(
        client: &Client,
        taken_at: DateTime<Utc>,
        ids: &[String],
    ) -> Result<Self, ApiError> {
        // What is waited for was applied for not long ago, and the list begins with the newest: an account with
        // thousands of certificates need not send a thousand of them at each look.
        let first = u32::try_from(ids.len()).unwrap_or(LARGEST_PAGE);
        let first = first.saturating_add(NEWER).min(LARGEST_PAGE);
        Self::take(client, taken_at, first, |listing| {
            ids.iter().all(|id| listing.domains.contains_key(id))
        })
        .await
    }

    async fn take(
        client: &Client,
        taken_at: DateTime<Utc>,
        first: u32,
        enough: impl Fn(&Self) -> bool,
    ) -> Result<Self, ApiError> {
        let mut listing = Self {
            taken_at,
            time: None,
            is_whole: false,
            skipped: 0,
            missing: 0,
            by_domain: BTreeMap::new(),
            domains: BTreeMap::new(),
        };
        let missing = each_page(client, first, |answer| {
            let read_at = answer.read_at;
            listing.time = listing
                .time
                .or(answer.date.map(|at| ServiceTime { at, read_at }));
            for listed in &answer.value.certificates {
                listing.add(listed);
            }
            listing.skipped += answer.value.skipped;
            !enough(&listing)
        })
        .await?;
        listing.missing += missing;
        Ok(listing)
    }

    fn add(&mut self, listed: &Listed) {
        // Pages shift while they are read: an entry can come twice.
        if self.domains.contains_key(&listed.certificate_id) {
            return;
        }
        let seen = sighting(listed);
        // Alive, and nobody's: it may be of any name.
        let is_alive = matches!(seen.state, SightingState::Pending | SightingState::Issued);
        if listed.domain.is_empty() && is_alive && (seen.free || seen.obscure) {
            self.skipped += 1;
        }
        self.domains
            .insert(listed.certificate_id.clone(), listed.domain.clone());
        self.by_domain
            .entry(listed.domain.clone())
            .or_default()
            .push(seen);
    }

    /// Whether it may lack what is there: then absence is not certain.
    pub(super) fn has_gaps(&self) -> bool {
        self.skipped > 0 || self.missing > 0
    }

    /// Whether what machines share may be changed now, decided on this list.
    pub(super) fn fence(&self, orders: Orders, since_boot: Duration) -> Fence {
        match Fence::at(orders, self.time, since_boot) {
            Fence::At(_) if !self.is_whole => Fence::Closed(TimeDelta::zero()),
            Fence::At(_) if self.has_gaps() => Fence::Gaps,
            fence => fence,
        }
    }

    /// The service's clock when the list was begun, where it said.
    pub(super) fn service_time(&self) -> Option<DateTime<Utc>> {
        self.time.map(|time| time.at)
    }

    /// The service's clock when the list was begun; ours, where it did not say.
    pub(super) fn service_now(&self) -> DateTime<Utc> {
        self.service_time().unwrap_or(self.taken_at)
    }

    /// The service's clock less ours, where it said.
    pub(super) fn skew(&self) -> Option<TimeDelta> {
        self.service_time().map(|service| service - self.taken_at)
    }

    /// Every entry with exactly this name.
    pub(super) fn of(&self, domain: &str) -> &[Sighting] {
        self.by_domain.get(domain).map_or(&[], Vec::as_slice)
    }

    /// Every entry with exactly this name; where `wider`, also those that cover it by a wildcard or among other names.
    pub(super) fn covering<'l>(
        &'l self,
        domain: &'l str,
        wider: bool,
    ) -> impl Iterator<Item = &'l Sighting> {
        let wildcard = domain
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        let others = self.entries().filter(move |_| wider);
        let others = others.filter(move |(name, entry)| {
            let mut names = std::iter::once(*name).chain(entry.also.iter().map(String::as_str));
            *name != domain && names.any(|name| name == domain || Some(name) == wildcard.as_deref())
        });
        self.of(domain).iter().chain(others.map(|(_, entry)| entry))
    }

    /// The entry with this id, under this name.
    pub(super) fn find(&self, domain: &str, certificate_id: &str) -> Option<&Sighting> {
        self.of(domain)
            .iter()
            .find(|sighting| sighting.certificate_id == certificate_id)
    }

    /// The entry with this id, under whatever name it is listed.
    pub(super) fn by_id(&self, certificate_id: &str) -> Option<&Sighting> {
        let domain = self.domains.get(certificate_id)?;
        self.find(domain, certificate_id)
    }

    /// How many free certificates count against the account's limit.
    pub(super) fn slots(&self, now: DateTime<Utc>) -> u32 {
        let installed = self.entries().filter(|(_, entry)| entry.holds_a_slot(now));
        let count = installed.count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Every free certificate and order in it, for the record.
    pub(super) fn holdings(&self, now: DateTime<Utc>) -> Vec<Holding> {
        let free = self.entries().filter(|(_, sighting)| sighting.free);
        free.map(|(domain, sighting)| Holding {
            certificate_id: sighting.certificate_id.clone(),
            domain: domain.to_owned(),
            main_domain: main_domain(domain),
            alias: sighting.alias.clone(),
            status: sighting.status,
            state: sighting.state.name().to_owned(),
            slot: sighting.holds_a_slot(now),
            not_after: sighting.not_after.map(|at| at.timestamp_millis()),
            inserted: sighting.inserted.map(|at| at.timestamp_millis()),
        })
        .collect()
    }

    /// Whether it shows the certificate of this id as one that must be replaced before its end.
    pub(super) fn is_revoked(&self, certificate_id: &str) -> bool {
        let seen = self.by_id(certificate_id);
        seen.is_some_and(|seen| seen.revoked().is_some())
    }

    /// Every entry with its name, by name.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Sighting)> {
        self.all()
            .flat_map(|(domain, entries)| entries.iter().map(move |entry| (domain, entry)))
    }

    /// Every name with its entries.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &[Sighting])> {
        self.by_domain
            .iter()
            .map(|(domain, sightings)| (domain.as_str(), sightings.as_slice()))
    }
}

/// The packages that are known to be free (Tencent Cloud, DescribeCertificates, `PackageType`; 2 in earlier years). What bears a marker of
/// Evercert's was applied for as a free one, whatever its package is called by then.
const FREE_PACKAGES: [&str; 2] = ["83", "2"];

/// What the list says, as the lifecycle reads it.
pub(crate) fn sighting(listed: &Listed) -> Sighting {
    let alias = listed.alias.clone().unwrap_or_default();
    let package = listed.package_type.as_deref().unwrap_or_default();
    let free = FREE_PACKAGES.contains(&package) || evercert_marker(&alias).is_some();
    let obscure = package.is_empty() && alias.is_empty() && !listed.is_upload();
    Sighting {
        certificate_id: listed.certificate_id.clone(),
        state: listed.status.state(),
        status: listed.status.number(),
        reason: listed.status_msg.clone(),
        free: free && !listed.is_upload(),
        obscure,
        uploaded: listed.is_upload(),
        algorithm: listed.algorithm(),
        downloadable: listed.allow_download != Some(false),
        not_after: listed.end,
        inserted: listed.inserted,
        origin: listed.extra.origin_certificate_id.clone(),
        validated: listed.validated.is_some(),
        resolved_here: listed.is_resolved_here,
        method: listed.verify_type.as_deref().and_then(Method::from_name),
        deadline: listed.deadline,
        also: also(listed),
        alias,
    }
}

/// Its names but the first.
fn also(listed: &Listed) -> Vec<String> {
    let names = listed.names().into_iter();
    let others = names.filter(|name| *name != listed.domain);
    others.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Turns;

    fn listing(is_whole: bool) -> Listing {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(10);
        let read_at = Duration::from_secs(100);
        Listing {
            taken_at: at,
            time: Some(ServiceTime { at, read_at }),
            is_whole,
            skipped: 0,
            missing: 0,
            by_domain: BTreeMap::new(),
            domains: BTreeMap::new(),
        }
    }

    fn in_turn() -> Orders {
        let turns = Turns {
            machine: 1,
            length: TimeDelta::minutes(15),
        };
        let look = TimeDelta::minutes(5);
        Orders::InTurn { turns, look }
    }

    #[test]
    fn only_the_whole_list_opens_the_fence_and_for_a_minute() {
        let at = |listing: Listing, seconds: u64| {
            listing.fence(in_turn(), Duration::from_secs(100 + seconds))
        };
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(70);
        assert_eq!(at(listing(true), 60), Fence::At(now));
        let again = Fence::Closed(TimeDelta::zero());
        assert_eq!(at(listing(true), 61), again);
        assert_eq!(at(listing(false), 0), again);
    }

    #[test]
    fn what_has_no_name_may_be_of_any() {
        let entry = |text: &str| -> Listed { serde_json::from_str(text).unwrap() };
        for (value, has_gaps) in [
            (
                serde_json::json!({"CertificateId": "a", "Status": 1, "Domain": "a.com"}),
                false,
            ),
            (serde_json::json!({"CertificateId": "a", "Status": 1}), true),
            (
                serde_json::json!({"CertificateId": "a", "Status": 0, "PackageType": "83"}),
                true,
            ),
            (
                serde_json::json!({"CertificateId": "a", "Status": 3, "PackageType": "83"}),
                false,
            ),
            (
                serde_json::json!({"CertificateId": "a", "Status": 1, "From": "upload"}),
                false,
            ),
        ] {
            let mut listing = listing(true);
            listing.add(&entry(&value.to_string()));
            assert_eq!(listing.has_gaps(), has_gaps, "{value}");
        }
    }
}
