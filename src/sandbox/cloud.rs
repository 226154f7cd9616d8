//! Cloud resources and the service's tasks on them: what is bound to which certificate, and records of moving it.
//!
//! Tasks take their time by the clock that is handed in; what they did by then is worked out whenever anybody looks.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::manage::rfc3339;
use super::refusal::Refusal;

/// The types that can be moved from one certificate to another (`UpdateCertificateInstance`).
pub(super) const MOVABLE: [&str; 16] = [
    "clb",
    "cdn",
    "waf",
    "live",
    "ddos",
    "teo",
    "apigateway",
    "vod",
    "tke",
    "tcb",
    "tse",
    "cos",
    "mqtt",
    "scf",
    "tdmq",
    "gaap",
];
/// Those of them whose regions must be named.
pub(super) const REGIONAL: [&str; 10] = [
    "clb",
    "tke",
    "apigateway",
    "waf",
    "tcb",
    "tse",
    "cos",
    "mqtt",
    "scf",
    "tdmq",
];
/// The types that can be deployed to (`DeployCertificateInstance`), in the SDK's list and in its examples.
pub(super) const DEPLOYABLE: [&str; 15] = [
    "clb",
    "cdn",
    "ddos",
    "live",
    "vod",
    "waf",
    "apigateway",
    "teo",
    "tke",
    "cos",
    "lighthouse",
    "tse",
    "tcb",
    "mqtt",
    "gaap",
];
/// Those of them that need the region header.
pub(super) const DEPLOY_REGIONAL: [&str; 9] = [
    "clb",
    "waf",
    "apigateway",
    "cos",
    "lighthouse",
    "tke",
    "tse",
    "tcb",
    "mqtt",
];

/// One resource of an account.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) account: usize,
    pub(super) kind: String,
    /// Empty for types without.
    pub(super) region: String,
    /// As `InstanceIdList` names it.
    pub(super) instance: String,
    pub(super) certificate: Option<String>,
    /// The one that it had before, which its edges show for a while.
    pub(super) before: Option<String>,
    /// Since when it has the one that it has.
    pub(super) since: DateTime<Utc>,
}

impl Resource {
    fn get(&mut self, at: DateTime<Utc>, certificate: Option<String>) {
        self.before = std::mem::replace(&mut self.certificate, certificate);
        self.since = at;
    }
}

/// A look-up of what a certificate is bound to.
pub(super) struct LookUp {
    pub(super) id: String,
    pub(super) account: usize,
    pub(super) certificate: String,
    pub(super) ready: DateTime<Utc>,
    pub(super) failed: bool,
    /// What was found: type, region, instance.
    pub(super) found: Vec<(String, String, String)>,
}

/// Whether a record moves or deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    Update,
    Deploy,
}

/// `Status` of a record's item.
pub(super) mod item {
    pub(crate) const WAITING: i64 = 0;
    pub(crate) const DONE: i64 = 1;
    pub(crate) const FAILED: i64 = 2;
    pub(crate) const RUNNING: i64 = 3;
}

/// One resource of a record.
pub(super) struct Item {
    pub(super) id: i64,
    /// Index into the resources.
    pub(super) resource: usize,
    pub(super) old: Option<String>,
    pub(super) status: i64,
    pub(super) begins: DateTime<Utc>,
    pub(super) ends: DateTime<Utc>,
}

/// One task.
pub(super) struct Record {
    pub(super) id: i64,
    pub(super) kind: RecordKind,
    pub(super) account: usize,
    pub(super) old: Option<String>,
    pub(super) new: String,
    pub(super) types: Vec<String>,
    pub(super) regions: Vec<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) items: Vec<Item>,
    pub(super) retries: u32,
}

impl Record {
    pub(super) fn is_running(&self) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item.status, item::WAITING | item::RUNNING))
    }

    pub(super) fn count(&self, status: i64) -> usize {
        self.items
            .iter()
            .filter(|item| item.status == status)
            .count()
    }

    /// Its own status: 0 at work, 1 done, 2 failed.
    pub(super) fn status(&self) -> i64 {
        match (self.is_running(), self.count(item::FAILED)) {
            (true, _) => 0,
            (false, 0) => 1,
            _ => 2,
        }
    }
}

/// How tasks behave; what is absent from a change stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudChange {
    /// How long a look-up of bound resources takes.
    pub look_up_milliseconds: Option<u32>,
    /// How many of the next look-ups end in an error.
    pub look_ups_fail: Option<u32>,
    /// How often `UpdateCertificateInstance` answers with record 0 before there is one.
    pub gather: Option<u32>,
    /// How long a task takes for each resource.
    pub task_milliseconds: Option<u32>,
    /// How many of the next attempts at this instance fail.
    pub fail: Option<Failing>,
    /// Tasks begin, and get no further until this is taken back.
    pub stuck: Option<bool>,
    /// Tasks on resources of a type are refused as a whole.
    pub refuse: Option<Refusing>,
    /// Types that look-ups have an error for, in place of a count.
    pub look_up_errors: Option<Vec<String>>,
    /// How long the edges that serve a resource show the certificate that it had before.
    pub edge_milliseconds: Option<u32>,
}

/// A type that is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusing {
    /// `clb`, `cdn`, …
    pub resource_type: String,
    /// The code; empty ends it.
    pub code: String,
}

/// An instance that refuses certificates for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    /// As `InstanceIdList` names it.
    pub instance: String,
    /// How often.
    pub times: u32,
}

/// A resource to be made or bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// The account's SecretId; the first account unless given.
    #[serde(default)]
    pub secret_id: Option<String>,
    /// `clb`, `cdn`, …
    pub resource_type: String,
    /// Its region; none for types without.
    #[serde(default)]
    pub region: String,
    /// As `InstanceIdList` names it.
    pub instance: String,
    /// The certificate that it has from now on; none to take it away.
    #[serde(default)]
    pub certificate_id: Option<String>,
}

/// The resources, the tasks, and how those behave.
pub(super) struct Cloud {
    pub(super) resources: Vec<Resource>,
    pub(super) look_ups: Vec<LookUp>,
    pub(super) records: Vec<Record>,
    pub(super) look_up_time: TimeDelta,
    pub(super) look_ups_fail: u32,
    pub(super) gather: u32,
    /// How often a move was asked for that has no record yet.
    pub(super) gathering: Vec<(String, u32)>,
    task_time: TimeDelta,
    failing: Vec<Failing>,
    refusing: Vec<Refusing>,
    /// Types that can't be counted.
    pub(super) look_up_errors: Vec<String>,
    edge_time: TimeDelta,
    stuck: bool,
    last: i64,
}

impl Default for Cloud {
    fn default() -> Self {
        Self {
            resources: Vec::new(),
            look_ups: Vec::new(),
            records: Vec::new(),
            look_up_time: TimeDelta::milliseconds(500),
            look_ups_fail: 0,
            gather: 2,
            gathering: Vec::new(),
            task_time: TimeDelta::milliseconds(400),
            failing: Vec::new(),
            refusing: Vec::new(),
            look_up_errors: Vec::new(),
            edge_time: TimeDelta::zero(),
            stuck: false,
            last: 1_000_000,
        }
    }
}

impl Cloud {
    /// Changes how tasks behave.
    pub(super) fn change(&mut self, now: DateTime<Utc>, change: CloudChange) {
        self.settle(now);
        let time = |milliseconds: u32| TimeDelta::milliseconds(milliseconds.into());
        self.look_up_time = change.look_up_milliseconds.map_or(self.look_up_time, time);
        self.task_time = change.task_milliseconds.map_or(self.task_time, time);
        self.look_ups_fail = change.look_ups_fail.unwrap_or(self.look_ups_fail);
        self.gather = change.gather.unwrap_or(self.gather);
        if let Some(fail) = change.fail {
            self.failing.retain(|known| known.instance != fail.instance);
            self.failing.push(fail);
        }
        if let Some(refuse) = change.refuse {
            self.refusing
                .retain(|known| known.resource_type != refuse.resource_type);
            self.refusing
                .extend((!refuse.code.is_empty()).then_some(refuse));
        }
        self.look_up_errors = change
            .look_up_errors
            .unwrap_or_else(|| std::mem::take(&mut self.look_up_errors));
        self.edge_time = change.edge_milliseconds.map_or(self.edge_time, time);
        if let Some(stuck) = change.stuck {
            self.stuck = stuck;
        }
    }

    /// Makes a resource, or binds it to another certificate.
    pub(super) fn bind(&mut self, now: DateTime<Utc>, account: usize, new: NewResource) {
        self.settle(now);
        let known = self.resources.iter_mut().find(|known| {
            known.account == account
                && known.kind == new.resource_type
                && known.region == new.region
                && known.instance == new.instance
        });
        match known {
            Some(known) => known.get(now, new.certificate_id),
            None => self.resources.push(Resource {
                account,
                kind: new.resource_type,
                region: new.region,
                instance: new.instance,
                certificate: new.certificate_id,
                before: None,
                since: now,
            }),
        }
    }

    /// Why tasks on one of these types are refused.
    pub(super) fn refusal(&self, types: &[String]) -> Option<Refusal> {
        let mut refusing = self.refusing.iter();
        let found = refusing.find(|refusing| types.contains(&refusing.resource_type))?;
        Some(Refusal::new(
            found.code.clone(),
            "This type of resource is refused on purpose.",
        ))
    }

    /// Whether anything is bound to this certificate.
    pub(super) fn is_bound(&self, certificate: &str) -> bool {
        let bound = |resource: &Resource| resource.certificate.as_deref() == Some(certificate);
        self.resources.iter().any(bound)
    }

    /// Begins a task on these resources, one after the other.
    pub(super) fn begin(
        &mut self,
        now: DateTime<Utc>,
        mut record: Record,
        resources: &[usize],
    ) -> i64 {
        self.last += 1;
        record.id = self.last;
        for (place, resource) in resources.iter().enumerate() {
            self.last += 1;
            let begins = now + self.task_time * i32::try_from(place).unwrap_or(i32::MAX);
            record.items.push(Item {
                id: self.last,
                resource: *resource,
                old: self.resources[*resource].certificate.clone(),
                status: item::WAITING,
                begins,
                ends: begins + self.task_time,
            });
        }
        let id = record.id;
        self.records.push(record);
        id
    }

    /// Puts the failed items of a record at work again. False where there are none.
    pub(super) fn retry(&mut self, now: DateTime<Utc>, record: i64) -> bool {
        let time = self.task_time;
        let Some(record) = self.records.iter_mut().find(|known| known.id == record) else {
            return false;
        };
        if record.is_running() || record.count(item::FAILED) == 0 {
            return false;
        }
        record.retries += 1;
        record.updated = now;
        for item in record
            .items
            .iter_mut()
            .filter(|item| item.status == item::FAILED)
        {
            item.status = item::WAITING;
            item.begins = now;
            item.ends = now + time;
        }
        true
    }

    /// Works out what tasks did until now.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        for record in self.records.iter_mut().filter(|record| record.is_running()) {
            let new = record.new.clone();
            for item in &mut record.items {
                if item.status == item::WAITING && item.begins <= now {
                    item.status = item::RUNNING;
                }
                if item.status != item::RUNNING || self.stuck || item.ends > now {
                    continue;
                }
                record.updated = now;
                let resource = &mut self.resources[item.resource];
                let failing = self
                    .failing
                    .iter_mut()
                    .find(|failing| failing.times > 0 && failing.instance == resource.instance);
                match failing {
                    Some(failing) => {
                        failing.times -= 1;
                        item.status = item::FAILED;
                    }
                    None => {
                        resource.get(item.ends, Some(new.clone()));
                        item.status = item::DONE;
                    }
                }
            }
        }
    }

    /// Everything, for the management port.
    pub(super) fn shown(&self, now: DateTime<Utc>) -> Value {
        let served = |resource: &Resource| {
            let edges = now < resource.since + self.edge_time;
            match &resource.before {
                Some(before) if edges => Some(before.clone()),
                _ => resource.certificate.clone(),
            }
        };
        let resources: Vec<Value> = self
            .resources
            .iter()
            .map(|resource| {
                json!({
                    "resource_type": resource.kind,
                    "region": resource.region,
                    "instance": resource.instance,
                    "certificate_id": resource.certificate,
                    "served": served(resource),
                })
            })
            .collect();
        let records: Vec<Value> = self
            .records
            .iter()
            .map(|record| {
                json!({
                    "id": record.id,
                    "kind": match record.kind {
                        RecordKind::Update => "update",
                        RecordKind::Deploy => "deploy",
                    },
                    "old_certificate_id": record.old,
                    "certificate_id": record.new,
                    "resource_types": record.types,
                    "created": rfc3339(record.created),
                    "ended": (!record.is_running()).then(|| rfc3339(record.updated)),
                    "total": record.items.len(),
                    "failed": record.count(item::FAILED),
                    "retries": record.retries,
                })
            })
            .collect();
        json!({ "resources": resources, "records": records })
    }
}
