//! The answers, read tolerantly.

use std::collections::HashMap;

use serde::Deserialize;

use crate::lifecycle::cloud::Progress;
use crate::tencent::answer::{self, Entries, Words, is_id};
use crate::tencent::reason::readable;
use crate::text::plain_up_to;

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 200;
/// The most reasons that are kept of one task.
const MOST_REASONS: usize = 3;
/// The most domains by which one item is named.
const MOST_NAMED: usize = 3;
/// The longest id of a look-up.
const LONGEST_TASK_ID: usize = 128;

/// A look-up of what one certificate is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct LookUp {
    /// The certificate.
    #[serde(rename = "CertId", deserialize_with = "answer::string")]
    pub certificate_id: String,
    /// The look-up's id.
    #[serde(deserialize_with = "answer::string")]
    pub task_id: String,
}

/// Look-ups that were begun.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Tasks {
    #[serde(deserialize_with = "answer::list")]
    cert_task_ids: Vec<LookUp>,
}

impl Tasks {
    pub(super) fn look_ups(self) -> Vec<LookUp> {
        let mut look_ups = self.cert_task_ids;
        look_ups.retain(|task| {
            is_id(&task.certificate_id) && (1..=LONGEST_TASK_ID).contains(&task.task_id.len())
        });
        look_ups
    }
}

/// How many resources of a type a certificate is bound to in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The type, lower case.
    pub kind: String,
    /// The region; empty for types without.
    pub region: String,
    /// How many resources.
    pub count: u64,
    /// Why they could not be counted.
    pub error: Option<String>,
}

/// How far a look-up is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookedUp {
    /// The service is at work.
    Running,
    /// It is done.
    Done(Vec<Bound>),
    /// It failed, for this reason.
    Failed(String),
}

/// What look-ups found.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct BoundTasks {
    #[serde(deserialize_with = "answer::list")]
    sync_task_bind_resource_result: Vec<BoundTask>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BoundTask {
    #[serde(deserialize_with = "answer::string")]
    task_id: String,
    #[serde(deserialize_with = "answer::int")]
    status: Option<i64>,
    #[serde(deserialize_with = "answer::object")]
    error: TaskError,
    #[serde(deserialize_with = "answer::list")]
    bind_resource_result: Vec<BoundKind>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TaskError {
    #[serde(deserialize_with = "answer::string")]
    code: String,
    #[serde(deserialize_with = "answer::string")]
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BoundKind {
    #[serde(deserialize_with = "answer::string")]
    resource_type: String,
    #[serde(deserialize_with = "answer::list")]
    bind_resource_region_result: Vec<BoundRegion>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BoundRegion {
    #[serde(deserialize_with = "answer::string")]
    region: String,
    #[serde(deserialize_with = "answer::count")]
    total_count: Option<u64>,
    #[serde(deserialize_with = "answer::text")]
    error: Option<String>,
}

impl BoundTasks {
    /// One that the answer does not mention is still running.
    pub(super) fn look_up(&self, task_id: &str) -> LookedUp {
        let mut tasks = self.sync_task_bind_resource_result.iter();
        match tasks.find(|task| task.task_id == task_id) {
            Some(task) if task.status == Some(1) => LookedUp::Done(task.bound()),
            Some(task) if task.status == Some(2) => LookedUp::Failed(task.error.words()),
            _ => LookedUp::Running,
        }
    }
}

impl BoundTask {
    fn bound(&self) -> Vec<Bound> {
        let kinds = self.bind_resource_result.iter();
        let bound = kinds.flat_map(|kind| {
            let regions = kind.bind_resource_region_result.iter();
            regions.map(|region| Bound {
                kind: kind.resource_type.to_ascii_lowercase(),
                region: region.region.clone(),
                count: region.total_count.unwrap_or(0),
                error: region
                    .error
                    .as_deref()
                    .map(|error| shortened(&readable(error))),
            })
        });
        bound.collect()
    }
}

impl TaskError {
    fn words(&self) -> String {
        if self.code.is_empty() && self.message.is_empty() {
            return "the service does not say why".to_owned();
        }
        shortened(&format!("{} ({})", self.code, readable(&self.message)))
    }
}

/// The instances that a look-up found, by their type in upper case.
#[derive(Deserialize)]
pub(super) struct BoundDetail(HashMap<String, BoundPlaces>);

#[derive(Deserialize)]
struct BoundPlaces(#[serde(deserialize_with = "answer::list")] Vec<BoundPlace>);

/// All types but one call their list so.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BoundPlace {
    instance_list: Option<Entries<Words>>,
    environments: Option<Entries<Words>>,
}

impl BoundDetail {
    /// The lists of instances of a type.
    pub(super) fn of(mut self, kind: &str) -> impl Iterator<Item = Entries<Words>> {
        let places = self.0.remove(&kind.to_ascii_uppercase());
        let places = places.into_iter().flat_map(|places| places.0);
        places.flat_map(|place| place.instance_list.into_iter().chain(place.environments))
    }
}

/// The record of a task.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Record {
    #[serde(deserialize_with = "answer::count")]
    deploy_record_id: Option<u64>,
}

impl Record {
    pub(super) fn id(self) -> Result<i64, String> {
        self.deploy_record_id
            .and_then(|id| i64::try_from(id).ok())
            .ok_or_else(|| "it has no DeployRecordId".to_owned())
    }
}

/// The records of tasks.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Records {
    #[serde(deserialize_with = "answer::list")]
    deploy_record_list: Vec<ListedRecord>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedRecord {
    #[serde(deserialize_with = "answer::int")]
    id: Option<i64>,
    #[serde(deserialize_with = "answer::text")]
    cert_id: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    old_cert_id: Option<String>,
    #[serde(deserialize_with = "answer::texts")]
    resource_types: Vec<String>,
}

impl Records {
    /// All of them, the newest first.
    pub(super) fn ids(&self) -> Vec<i64> {
        let ids = self
            .deploy_record_list
            .iter()
            .filter_map(|record| record.id);
        let mut ids: Vec<i64> = ids.filter(|id| *id > 0).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids
    }

    /// Those of moves of these types from one certificate to another; what a record does not say speaks for it.
    pub(super) fn of_move(mut self, from: &str, to: &str, types: &[String]) -> Self {
        self.deploy_record_list.retain(|record| {
            let said = &record.resource_types;
            let is_wanted = |kind: &String| types.iter().any(|own| own.eq_ignore_ascii_case(kind));
            let same = said.len() == types.len() && said.iter().all(is_wanted);
            (same || said.is_empty())
                && record.cert_id.as_deref().is_none_or(|id| id == to)
                && record.old_cert_id.as_deref().is_none_or(|id| id == from)
        });
        self
    }
}

/// How far a task is, of either kind. The counts are what tells the end; the items, of which there may be more than one
/// page, only say why.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct RecordDetail {
    #[serde(deserialize_with = "answer::count")]
    total_count: Option<u64>,
    #[serde(deserialize_with = "answer::count")]
    success_total_count: Option<u64>,
    #[serde(deserialize_with = "answer::count")]
    failed_total_count: Option<u64>,
    #[serde(deserialize_with = "answer::count")]
    running_total_count: Option<u64>,
    #[serde(deserialize_with = "answer::count")]
    pending_total_count: Option<u64>,
    #[serde(deserialize_with = "answer::list")]
    record_detail_list: Vec<ItemsOfKind>,
    #[serde(deserialize_with = "answer::list")]
    deploy_record_detail_list: Vec<Item>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ItemsOfKind {
    #[serde(deserialize_with = "answer::list")]
    list: Vec<Item>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Item {
    #[serde(deserialize_with = "answer::int")]
    status: Option<i64>,
    #[serde(deserialize_with = "answer::text")]
    error_msg: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    instance_id: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    listener_id: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    bucket: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    secret_name: Option<String>,
    #[serde(deserialize_with = "answer::texts")]
    domains: Vec<String>,
    #[serde(deserialize_with = "answer::text")]
    domain: Option<String>,
}

impl RecordDetail {
    pub(super) fn progress(self) -> Result<Progress, String> {
        let needed = |count: Option<u64>, name| count.ok_or_else(|| format!("it has no {name}"));
        let mut progress = Progress {
            total: needed(self.total_count, "TotalCount")?,
            done: needed(self.success_total_count, "SuccessTotalCount")?,
            failed: needed(self.failed_total_count, "FailedTotalCount")?,
            // Older answers lack the second one.
            open: needed(self.running_total_count, "RunningTotalCount")?
                .saturating_add(self.pending_total_count.unwrap_or(0)),
            reasons: Vec::new(),
        };
        let of_kinds = self
            .record_detail_list
            .into_iter()
            .flat_map(|kind| kind.list);
        for item in of_kinds.chain(self.deploy_record_detail_list) {
            match item.status {
                // It had nothing to do.
                Some(6) => progress.done = progress.done.saturating_add(1),
                Some(2 | 5) if progress.reasons.len() < MOST_REASONS => {
                    let reason = item.reason();
                    if !progress.reasons.contains(&reason) {
                        progress.reasons.push(reason);
                    }
                }
                _ => {}
            }
        }
        Ok(progress)
    }
}

impl Item {
    fn reason(self) -> String {
        let why = self.error_msg.as_deref().map(readable);
        let why = why.unwrap_or_else(|| "no reason given".to_owned());
        shortened(&format!("{}: {why}", self.name()))
    }

    /// What it is called: by its ids; CDN, TEO, LIVE, WAF and VOD items have none but their domains.
    fn name(self) -> String {
        let ids = [
            self.instance_id,
            self.listener_id,
            self.bucket,
            self.secret_name,
        ];
        let mut parts: Vec<String> = ids.into_iter().flatten().collect();
        if parts.is_empty() {
            parts = self.domains;
            parts.extend(self.domain);
            parts.dedup();
        }
        let more = parts.len().saturating_sub(MOST_NAMED);
        parts.truncate(MOST_NAMED);
        match (parts.join("|"), more) {
            (named, _) if named.is_empty() => "a resource without a name".to_owned(),
            (named, 0) => named,
            (named, more) => format!("{named} and {more} more"),
        }
    }
}

fn shortened(reason: &str) -> String {
    plain_up_to(reason.trim(), LONGEST_REASON)
}
