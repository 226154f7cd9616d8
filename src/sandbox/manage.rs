//! The knobs: what a test, or a person at the management port, can see and change while the service runs.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Error;
use super::cloud::{CloudChange, NewResource};
use super::fault::Fault;
use super::identity;
use super::order::{Certificate, Kind as Entry};
use super::service::Service;

/// The clock may be set this far off, in seconds (fifty years): far enough for every test, near enough that no
/// date leaves what certificates can express.
const OFFSET_LIMIT: i64 = 50 * 366 * 86_400;
/// What is left of a cut alias, in characters: less than any marker.
const CUT: usize = 8;

/// What the service does to the remarks it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasMode {
    /// Keeps them.
    #[default]
    Keep,
    /// Forgets them.
    Drop,
    /// Keeps the first eight characters.
    Cut,
}

impl AliasMode {
    /// The remark as it is kept.
    pub(super) fn keep(self, alias: &str) -> String {
        match self {
            Self::Keep => alias.to_string(),
            Self::Drop => String::new(),
            Self::Cut => alias.chars().take(CUT).collect(),
        }
    }
}

/// New numbers for the quotas; what is absent stays.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// See [`super::Options::free_limit`].
    pub free_limit: Option<u32>,
    /// See [`super::Options::domain_limit`].
    pub domain_limit: Option<u32>,
    /// See [`super::Options::requests_per_second`].
    pub requests_per_second: Option<u32>,
}

/// Facts to inject into one order; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderChange {
    /// The API's status number. 1 signs it now, 0 or 4 hold it in review until its deadline, others stay as set.
    pub status: Option<i64>,
    /// `StatusMsg` that goes with `status`.
    pub message: Option<String>,
    /// `IsDNSPODResolve`: whether the zone is in the account. Without it DNS_AUTO never validates.
    pub is_dnspod_resolve: Option<bool>,
    /// `AllowDownload`.
    pub allow_download: Option<bool>,
    /// `HostingStatus`: −1 none, 0 hosted, 5 replacing, 10 done.
    pub hosting_status: Option<i64>,
    /// Somebody deletes it at the console, whatever it is bound to.
    #[serde(default)]
    pub removed: bool,
    /// The remark.
    pub alias: Option<String>,
    /// What else is odd about it.
    pub odd: Option<Oddities>,
}

/// What real entries have that no documentation tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oddities {
    /// `PackageType`, where it is not 83.
    pub package_type: Option<String>,
    /// It was made from somebody's own CSR: the service has no private key to it.
    pub without_key: bool,
    /// Its PEM has ended, whatever its dates in the list say. To be set before its material was asked for.
    pub ended_material: bool,
    /// The list has no `InsertTime` of it.
    pub without_insert_time: bool,
    /// It stays under review past its deadline.
    pub outlives_deadline: bool,
    /// Its names are listed in Unicode.
    pub unicode_names: bool,
}

/// A cloud resource, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundResource {
    /// As `InstanceIdList` names it.
    pub instance: String,
    /// The certificate that it has.
    pub certificate_id: Option<String>,
    /// When that ends.
    pub not_after: Option<DateTime<Utc>>,
}

impl Service {
    /// Everything there is to see: certificates, accounts with counters and slots, faults that wait, the clock.
    pub fn state(&mut self, now: DateTime<Utc>) -> Value {
        self.perform_late(now);
        let service_now = now + self.offset;
        self.world.cloud.settle(service_now);
        let options = &self.world.options;
        let register = &self.world.register;
        let accounts: Vec<Value> = options
            .credentials
            .iter()
            .enumerate()
            .map(|(index, credential)| {
                json!({
                    "secret_id": credential.secret_id,
                    "account_id": identity::number(index),
                    "slots": register.account_slots(index, service_now),
                    "peak_per_second": self.journal.account_peak(index),
                    "requests": self.journal.counts(Some(index)),
                })
            })
            .collect();
        let certificates: Vec<Value> = register
            .newest_first()
            .map(|certificate| self.shown(certificate, service_now))
            .collect();
        json!({
            "now": rfc3339(service_now),
            "offset_seconds": self.offset.num_seconds(),
            "free_limit": options.free_limit,
            "domain_limit": options.domain_limit,
            "requests_per_second": options.requests_per_second,
            "alias_mode": self.world.alias_mode,
            "listing_delay_seconds": self.world.listing_delay.num_seconds(),
            "faults": self.faults.waiting(),
            "requests_total": self.journal.total(),
            "peak_per_second": self.journal.peak(),
            "unknown_callers": self.journal.counts(None),
            "acted_late": self.journal.late_counts(),
            "accounts": accounts,
            "certificates": certificates,
            "zones": self.world.zones.shown(),
            "cloud": self.world.cloud.shown(service_now),
        })
    }

    fn shown(&self, certificate: &Certificate, now: DateTime<Utc>) -> Value {
        let validity = certificate.validity(now);
        let renewal = self.world.register.renewal_of(&certificate.id, now);
        let account = self.world.options.credentials.get(certificate.account);
        let mut shown = json!({
            "certificate_id": certificate.id,
            "account": account.map(|credential| &credential.secret_id),
            "domain": certificate.domain,
            "main_domain": certificate.main_domain,
            "names": certificate.names,
            "alias": certificate.alias,
            "project_id": certificate.project_id,
            "algorithm": certificate.algorithm.name(),
            "status": certificate.status(now),
            "message": certificate.status_message(now),
            "inserted": rfc3339(certificate.inserted),
            "listed_from": rfc3339(certificate.listed_from),
            "issued": certificate.issued(now).map(rfc3339),
            "not_before": validity.map(|(begin, _)| rfc3339(begin)),
            "not_after": validity.map(|(_, end)| rfc3339(end)),
            "holds_slot": certificate.holds_slot(now),
            "allow_download": certificate.allow_download,
            "renewed_by": renewal.map(|renewal| &renewal.id),
            "uploaded": certificate.order().is_none(),
        });
        if let Entry::Order(order) = &certificate.kind {
            shown["method"] = order.method.name().into();
            shown["renews"] = order.old.clone().into();
            shown["proven"] = order.proven.map(rfc3339).into();
            shown["cancelled"] = order.cancelled.map(rfc3339).into();
            shown["is_dnspod_resolve"] = order.zone_here.into();
            shown["delete_dns_record"] = order.delete_record.into();
            shown["contact_email"] = order.contact_email.clone().into();
            shown["serial"] = json!(order.material.as_ref().map(|material| &material.serial));
        }
        shown
    }

    /// What was asked, in order, from the first request numbered above `since`; numbers begin at 1.
    pub fn requests(&self, since: u64) -> Value {
        json!({"total": self.journal.total(), "requests": self.journal.since(since)})
    }

    /// Injects facts into an order now.
    pub fn change_order(
        &mut self,
        now: DateTime<Utc>,
        id: &str,
        change: &OrderChange,
    ) -> Result<(), Error> {
        self.perform_late(now);
        let service_now = now + self.offset;
        let certificate = self
            .world
            .register
            .get_mut(id)
            .ok_or_else(|| Error::NoSuchCertificate(id.chars().take(64).collect()))?;
        if let Some(allow) = change.allow_download {
            certificate.allow_download = allow;
        }
        certificate.hosting = change.hosting_status.unwrap_or(certificate.hosting);
        if change.removed {
            self.world.register.remove(id);
            return Ok(());
        }
        if let Some(alias) = &change.alias {
            certificate.alias.clone_from(alias);
        }
        if let Some(odd) = &change.odd {
            certificate.odd.clone_from(odd);
        }
        let inserted = certificate.inserted;
        if let Some(order) = certificate.order_mut() {
            if let Some(here) = change.is_dnspod_resolve {
                order.zone_here = here;
            }
            if let Some(status) = change.status {
                order.force(inserted, service_now, status, change.message.clone());
            }
        }
        Ok(())
    }

    /// Sets how far the service's clock is ahead of the time its callers hand in; fifty years at most.
    pub fn set_clock_offset(&mut self, seconds: i64) {
        self.offset = TimeDelta::seconds(seconds.clamp(-OFFSET_LIMIT, OFFSET_LIMIT));
    }

    /// Hosts a DNS zone in the account of this SecretId. False where there is no such account.
    pub fn host_zone(&mut self, secret_id: &str, name: &str) -> bool {
        let credentials = &self.world.options.credentials;
        let account = credentials
            .iter()
            .position(|known| known.secret_id == secret_id);
        if let Some(account) = account {
            self.world.zones.host(account, name);
        }
        account.is_some()
    }

    /// How old a certificate that renews no other is when it is issued, from now on.
    pub fn set_first_age(&mut self, age: std::time::Duration) {
        self.world.options.first_age = age;
    }

    /// Changes how the tasks on cloud resources behave.
    pub fn change_cloud(&mut self, now: DateTime<Utc>, change: CloudChange) {
        self.world.cloud.change(now + self.offset, change);
    }

    /// Makes a cloud resource, or binds it to another certificate, as somebody at the console would.
    pub fn bind_resource(&mut self, now: DateTime<Utc>, new: NewResource) -> Result<(), Error> {
        let credentials = &self.world.options.credentials;
        let account = match &new.secret_id {
            None => Some(0),
            Some(id) => credentials.iter().position(|known| known.secret_id == *id),
        };
        let Some(account) = account else {
            return Err(Error::Management(
                "there is no account with that secret_id".into(),
            ));
        };
        if let Some(id) = &new.certificate_id
            && self.world.register.of(account, id).is_err()
        {
            return Err(Error::NoSuchCertificate(id.chars().take(64).collect()));
        }
        self.world.cloud.bind(now + self.offset, account, new);
        Ok(())
    }

    /// The cloud resources as they are: each one's name, and the end of the certificate that it has.
    pub fn resources(&mut self, now: DateTime<Utc>) -> Vec<BoundResource> {
        let now = now + self.offset;
        self.world.cloud.settle(now);
        let resources = self.world.cloud.resources.iter();
        resources
            .map(|resource| {
                let id = resource.certificate.clone();
                let certificate = id.as_deref().and_then(|id| self.world.register.get(id));
                BoundResource {
                    instance: resource.instance.clone(),
                    not_after: certificate
                        .and_then(|certificate| certificate.validity(now))
                        .map(|(_, end)| end),
                    certificate_id: id,
                }
            })
            .collect()
    }

    /// The ids of orders that are under review.
    pub fn under_review(&mut self, now: DateTime<Utc>) -> Vec<String> {
        self.perform_late(now);
        let now = now + self.offset;
        let certificates = self.world.register.newest_first();
        certificates
            .filter(|certificate| certificate.pending(now))
            .map(|certificate| certificate.id.clone())
            .collect()
    }

    /// Where a certificate stands: the API's status number, and its end once there is one.
    pub fn standing(
        &mut self,
        now: DateTime<Utc>,
        id: &str,
    ) -> Option<(i64, Option<DateTime<Utc>>)> {
        self.perform_late(now);
        let now = now + self.offset;
        let certificate = self.world.register.get(id)?;
        let end = certificate.validity(now).map(|(_, end)| end);
        Some((certificate.status(now), end))
    }

    /// The most requests in any one second so far.
    pub fn peak(&self) -> u64 {
        self.journal.peak() as u64
    }

    /// Queues a fault.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Forgets the faults that wait. Calls already put off still take effect.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Changes quotas and rate.
    pub fn set_limits(&mut self, limits: Limits) {
        let options = &mut self.world.options;
        options.free_limit = limits.free_limit.unwrap_or(options.free_limit);
        options.domain_limit = limits.domain_limit.unwrap_or(options.domain_limit);
        options.requests_per_second = limits
            .requests_per_second
            .unwrap_or(options.requests_per_second);
    }

    /// Changes what happens to remarks from now on.
    pub fn set_alias_mode(&mut self, mode: AliasMode) {
        self.world.alias_mode = mode;
    }

    /// New orders show in the list only after this many seconds.
    pub fn set_listing_delay(&mut self, seconds: u32) {
        self.world.listing_delay = TimeDelta::seconds(seconds.into());
    }

    /// PEM of the root of this start's CA.
    pub fn root_pem(&self) -> &str {
        self.world.authority.root_pem()
    }
}

/// A time as the management port shows it: RFC 3339, UTC, milliseconds.
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
