//! Cloud resources and the service's tasks on them: what is bound to which certificate, and records of moving it.
//!
//! Tasks take their time by the clock that is handed in; what they did by then is worked out whenever anybody looks.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::sandbox::changes::{CloudChange, Failing, NewResource, Refusing};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::text::rfc3339;

/// One resource of an account.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) account: usize,
    pub(crate) kind: String,
    /// Empty for types without.
    pub(crate) region: String,
    /// As `InstanceIdList` names it.
    pub(crate) instance: String,
    pub(crate) certificate: Option<String>,
    /// The one that it had before, which its edges show for a while.
    pub(crate) before: Option<String>,
    /// Since when it has the one that it has.
    pub(crate) since: DateTime<Utc>,
}

impl Resource {
    /// Whether it is this account's, and has this certificate.
    pub(crate) fn has(&self, account: usize, certificate: &str) -> bool {
        self.account == account && self.certificate.as_deref() == Some(certificate)
    }

    fn get(&mut self, at: DateTime<Utc>, certificate: Option<String>) {
        self.before = std::mem::replace(&mut self.certificate, certificate);
        self.since = at;
    }
}

/// A look-up of what a certificate is bound to.
pub(crate) struct LookUp {
    pub(crate) id: String,
    pub(crate) account: usize,
    pub(crate) certificate: String,
    pub(crate) ready: DateTime<Utc>,
    pub(crate) failed: bool,
    /// What was found, as it was.
    pub(crate) found: Vec<Resource>,
}

/// Whether a record moves or deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Update,
    Deploy,
}

/// `Status` of a record's item.
pub(crate) mod item {
    pub(crate) const WAITING: i64 = 0;
    pub(crate) const DONE: i64 = 1;
    pub(crate) const FAILED: i64 = 2;
    pub(crate) const RUNNING: i64 = 3;
}

/// One resource of a record.
pub(crate) struct Item {
    pub(crate) id: i64,
    /// Index into the resources.
    pub(crate) resource: usize,
    pub(crate) old: Option<String>,
    pub(crate) status: i64,
    /// `ErrorMsg`, where it failed.
    pub(crate) message: String,
    pub(crate) begins: DateTime<Utc>,
    pub(crate) ends: DateTime<Utc>,
}

/// One task.
pub(crate) struct Record {
    /// Given when it begins.
    pub(crate) id: i64,
    pub(crate) kind: RecordKind,
    pub(crate) account: usize,
    pub(crate) old: Option<String>,
    pub(crate) new: String,
    pub(crate) types: Vec<String>,
    pub(crate) regions: Vec<String>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) items: Vec<Item>,
    pub(crate) retries: u32,
}

impl Record {
    /// Whether it is this account's, and of this kind.
    pub(crate) fn is_of(&self, account: usize, kind: RecordKind) -> bool {
        self.account == account && self.kind == kind
    }

    pub(crate) fn is_running(&self) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item.status, item::WAITING | item::RUNNING))
    }

    pub(crate) fn count(&self, status: i64) -> usize {
        let items = self.items.iter();
        items.filter(|item| item.status == status).count()
    }

    /// Its own status: 0 at work, 1 done, 2 failed.
    pub(crate) fn status(&self) -> i64 {
        match (self.is_running(), self.count(item::FAILED)) {
            (true, _) => 0,
            (false, 0) => 1,
            _ => 2,
        }
    }
}

/// The resources, the tasks, and how those behave.
pub(crate) struct Cloud {
    pub(crate) resources: Vec<Resource>,
    pub(crate) look_ups: Vec<LookUp>,
    pub(crate) records: Vec<Record>,
    pub(crate) look_up_time: TimeDelta,
    pub(crate) look_ups_fail: u32,
    gather: u32,
    /// How often a move was asked for that has no record yet.
    gathering: HashMap<String, u32>,
    task_time: TimeDelta,
    failing: Vec<Failing>,
    refusing: Vec<Refusing>,
    /// Types that can't be counted.
    pub(crate) look_up_errors: Vec<String>,
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
            gathering: HashMap::new(),
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
    pub(crate) fn change(&mut self, now: DateTime<Utc>, change: CloudChange) {
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
        if let Some(errors) = change.look_up_errors {
            self.look_up_errors = errors;
        }
        self.edge_time = change.edge_milliseconds.map_or(self.edge_time, time);
        self.stuck = change.stuck.unwrap_or(self.stuck);
    }

    /// Makes a resource, or binds it to another certificate.
    pub(crate) fn bind(&mut self, now: DateTime<Utc>, account: usize, new: NewResource) {
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

    /// Whether tasks on these types are taken.
    pub(crate) fn check_types(&self, types: &[String]) -> Result<(), Refusal> {
        let mut refusing = self.refusing.iter();
        match refusing.find(|refusing| types.contains(&refusing.resource_type)) {
            None => Ok(()),
            Some(refusing) => Err(Refusal::new(
                refusing.code.clone(),
                "This type of resource is refused on purpose.",
            )),
        }
    }

    /// Whether anything is bound to this certificate.
    pub(crate) fn is_bound(&self, certificate: &str) -> bool {
        let bound = |resource: &Resource| resource.certificate.as_deref() == Some(certificate);
        self.resources.iter().any(bound)
    }

    /// Whether the service is still gathering what a move is about; `key` tells moves apart.
    pub(crate) fn gathers(&mut self, key: String) -> bool {
        let asked = self.gathering.entry(key.clone()).or_default();
        if *asked < self.gather {
            *asked += 1;
            return true;
        }
        self.gathering.remove(&key);
        false
    }

    /// Begins a task on these resources, one after the other.
    pub(crate) fn begin(
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
                message: String::new(),
                begins,
                ends: begins + self.task_time,
            });
        }
        let id = record.id;
        self.records.push(record);
        id
    }

    /// Puts the failed items of a record, by its place, at work again. False where there are none.
    pub(crate) fn retry(&mut self, now: DateTime<Utc>, place: usize) -> bool {
        let time = self.task_time;
        let record = &mut self.records[place];
        if record.is_running() || record.count(item::FAILED) == 0 {
            return false;
        }
        record.retries += 1;
        record.updated = now;
        let items = record.items.iter_mut();
        for item in items.filter(|item| item.status == item::FAILED) {
            item.status = item::WAITING;
            item.begins = now;
            item.ends = now + time;
        }
        true
    }

    /// Works out what tasks did until now.
    pub(crate) fn settle(&mut self, now: DateTime<Utc>) {
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
                let mut failing = self.failing.iter_mut();
                match failing.find(|it| it.times > 0 && it.instance == resource.instance) {
                    Some(failing) => {
                        failing.times -= 1;
                        item.status = item::FAILED;
                        let message = failing.message.clone();
                        item.message = message.unwrap_or_else(|| "The instance is busy.".into());
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
    pub(crate) fn shown(&self, now: DateTime<Utc>) -> Value {
        let served = |resource: &Resource| {
            let edges = now < resource.since + self.edge_time;
            match &resource.before {
                Some(before) if edges => Some(before.clone()),
                _ => resource.certificate.clone(),
            }
        };
        let resource = |resource: &Resource| {
            json!({
                "resource_type": resource.kind,
                "region": resource.region,
                "instance": resource.instance,
                "certificate_id": resource.certificate,
                "served": served(resource),
            })
        };
        let record = |record: &Record| {
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
        };
        json!({
            "resources": self.resources.iter().map(resource).collect::<Vec<_>>(),
            "records": self.records.iter().map(record).collect::<Vec<_>>(),
        })
    }
}
