//! The knobs: what a test, or a person at the management port, can see and change while the service runs.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::changes::{
    AliasMode, BoundResource, CloudChange, Limits, NewResource, OrderChange, RoleChange,
};
use super::error::Error;
use super::fault::Fault;
use super::service::Service;
use super::text::rfc3339;
use super::world::account_number;
use super::world::cloud::Resource;
use super::world::order::{Certificate, Origin};

/// The clock may be set this far off, in seconds (fifty years): far enough for every test, near enough that no
/// date leaves what certificates can express.
const OFFSET_LIMIT: i64 = 50 * 366 * 86_400;
impl Service {
    /// Brings certificates up to this time of the caller's. Returns the service's own.
    fn up_to(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.perform_late(now);
        now + self.offset
    }

    /// The index of the account with this SecretId.
    fn account(&self, secret_id: &str) -> Result<usize, Error> {
        let account = self.world.options.account(secret_id);
        account.ok_or_else(|| Error::Management("there is no account with that secret_id".into()))
    }

    /// Everything there is to see: certificates, accounts with counters and slots, faults that wait, the clock.
    pub fn state(&mut self, now: DateTime<Utc>) -> Value {
        let service_now = self.up_to(now);
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
                    "account_id": account_number(index),
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
            "ids_lag": self.world.ids_lag,
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
            "expiry_notices_ignored": certificate.muted,
            "renewed_by": renewal.map(|renewal| &renewal.id),
            "uploaded": certificate.order().is_none(),
        });
        if let Origin::Order(order) = &certificate.origin {
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
        let service_now = self.up_to(now);
        let certificate = self
            .world
            .register
            .get_mut(id)
            .ok_or_else(|| Error::no_certificate(id))?;
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

    /// Hosts a DNS zone in the account of this SecretId.
    pub fn host_zone(&mut self, secret_id: &str, name: &str) -> Result<(), Error> {
        let account = self.account(secret_id)?;
        self.world.zones.host(account, name);
        Ok(())
    }

    /// Makes, changes or removes a role that temporary keys are given for.
    pub fn change_role(&mut self, change: RoleChange) -> Result<(), Error> {
        let owner = change.arn.strip_prefix("qcs::cam::uin/");
        let uin = owner.and_then(|rest| rest.split_once(':'));
        let mut accounts = 0..self.world.options.credentials.len();
        let account = uin.and_then(|(uin, _)| accounts.find(|n| account_number(*n) == uin));
        let Some(account) = account else {
            let why = "the ARN must begin with qcs::cam::uin/ and the number of an account";
            return Err(Error::Management(why.into()));
        };
        self.world.roles.change(account, change);
        Ok(())
    }

    /// How old the first certificate of a name in an account is when it is issued, from now on.
    pub fn set_first_age(&mut self, age: Duration) {
        self.world.options.first_age = age;
    }

    /// Changes how the tasks on cloud resources behave.
    pub fn change_cloud(&mut self, now: DateTime<Utc>, change: CloudChange) {
        self.world.cloud.change(now + self.offset, change);
    }

    /// Makes a cloud resource, or binds it to another certificate, as somebody at the console would.
    pub fn bind_resource(&mut self, now: DateTime<Utc>, new: NewResource) -> Result<(), Error> {
        let account = match &new.secret_id {
            None => 0,
            Some(id) => self.account(id)?,
        };
        if let Some(id) = &new.certificate_id
            && self.world.register.of(account, id).is_err()
        {
            return Err(Error::no_certificate(id));
        }
        self.world.cloud.bind(now + self.offset, account, new);
        Ok(())
    }

    /// The cloud resources as they are: each one's name, and the end of the certificate that it has.
    pub fn resources(&mut self, now: DateTime<Utc>) -> Vec<BoundResource> {
        let now = now + self.offset;
        self.world.cloud.settle(now);
        let as_it_is = |resource: &Resource| {
            let id = resource.certificate.as_deref();
            let certificate = id.and_then(|id| self.world.register.get(id));
            let validity = certificate.and_then(|certificate| certificate.validity(now));
            BoundResource {
                instance: resource.instance.clone(),
                certificate_id: resource.certificate.clone(),
                not_after: validity.map(|(_, end)| end),
            }
        };
        self.world.cloud.resources.iter().map(as_it_is).collect()
    }

    /// The ids of orders that are under review.
    pub fn under_review(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let now = self.up_to(now);
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
        let now = self.up_to(now);
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

    /// Changes quotas, rate and the time that the CA takes.
    pub fn set_limits(&mut self, limits: Limits) {
        let options = &mut self.world.options;
        options.free_limit = limits.free_limit.unwrap_or(options.free_limit);
        options.domain_limit = limits.domain_limit.unwrap_or(options.domain_limit);
        options.requests_per_second = limits
            .requests_per_second
            .unwrap_or(options.requests_per_second);
        if let Some(seconds) = limits.issue_after_seconds {
            options.issue_after = Duration::from_secs(seconds.into());
        }
    }

    /// Changes what happens to remarks from now on.
    pub fn set_alias_mode(&mut self, mode: AliasMode) {
        self.world.alias_mode = mode;
    }

    /// New orders show in the list only after this many seconds.
    pub fn set_listing_delay(&mut self, seconds: u32) {
        self.world.listing_delay = TimeDelta::seconds(seconds.into());
    }

    /// What the list does not show yet is not found by its id either: both are read from a replica that lags.
    pub fn set_ids_lag(&mut self, lag: bool) {
        self.world.ids_lag = lag;
    }

    /// Lists give no entries from this one on, whatever `TotalCount` says; `None` gives all of them again.
    pub fn set_list_end(&mut self, at: Option<usize>) {
        self.world.list_ends_at = at;
    }

    /// PEM of the root of this start's CA.
    pub fn root_pem(&self) -> &str {
        self.world.authority.root_pem()
    }
}
