//! The certificate service's actions for cloud resources, typed: what a certificate is bound to, moving resources from
//! one certificate to another, and deploying to named instances.
//!
//! Facts are those of tccli 3.1.189.1 and the official SDK (ssl 3.1.145). The service mixes strings and numbers for the
//! same thing (`DeployRecordId` is a number here and a string there); the requests below are exact about it. `Regions`
//! of UpdateCertificateInstance is deprecated and not sent.

use std::collections::BTreeSet;

use super::client::{Action, Answered, Client};
use super::decode::{self, Object};
use super::error::ApiError;
use answers::{gather, looked_up, objects, progress, record_id, record_ids};
use requests::{
    AskBoundRequest, BoundDetailRequest, BoundRequest, DeployRecordRequest, DeployRecordsRequest,
    DeployRequest, RetryRequest, TypeRegions, UpdateRecordRequest, UpdateRecordsRequest,
    UpdateRequest,
};

mod answers;
mod requests;

const fn action(name: &'static str) -> Action {
    Action {
        service: "ssl",
        version: "2019-12-05",
        name,
        reads: &[],
    }
}

const ASK_BOUND: Action = action("CreateCertificateBindResourceSyncTask");
const BOUND: Action = action("DescribeCertificateBindResourceTaskResult");
const BOUND_DETAIL: Action = action("DescribeCertificateBindResourceTaskDetail");
const UPDATE: Action = action("UpdateCertificateInstance");
const UPDATE_RECORDS: Action = action("DescribeHostUpdateRecord");
const UPDATE_RECORD: Action = action("DescribeHostUpdateRecordDetail");
const RETRY: Action = action("UpdateCertificateRecordRetry");
const DEPLOY: Action = action("DeployCertificateInstance");
const DEPLOY_RECORDS: Action = action("DescribeHostDeployRecord");
const DEPLOY_RECORD: Action = action("DescribeHostDeployRecordDetail");

/// The most certificates of one look-up.
pub const MOST_LOOKED_UP: usize = 100;
/// Entries of one page of a record; 200 is the service's most.
const RECORD_PAGE: u32 = 200;
/// Entries of one page of bound instances; 100 is the service's most.
const BOUND_PAGE: usize = 100;
/// Longer lists are taken as they are.
const PAGES: usize = 20;

/// A look-up of what one certificate is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// The certificate.
    pub certificate_id: String,
    /// The look-up's id.
    pub task_id: String,
}

/// How many resources of a type a certificate is bound to in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The type, lower case.
    pub kind: String,
    /// The region; empty for types without.
    pub region: String,
    /// How many.
    pub count: u64,
    /// Why they could not be counted.
    pub error: Option<String>,
}

/// How far a look-up is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookedUp {
    /// The service is at work.
    Running,
    /// It is done.
    Done(Vec<Bound>),
    /// It failed, for this reason.
    Failed(String),
}

/// What a move is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// The certificate whose resources are moved.
    pub from: &'a str,
    /// The certificate that they get.
    pub to: &'a str,
    /// The types.
    pub types: &'a [String],
    /// The regions of the types that have some.
    pub regions: &'a [(String, Vec<String>)],
}

/// What a deployment is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a> {
    /// The certificate that they get.
    pub certificate_id: &'a str,
    /// Their type.
    pub kind: &'a str,
    /// The instances.
    pub instances: &'a [String],
    /// Their region, where the type has regions.
    pub region: Option<&'a str>,
}

/// Which of the two kinds of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Of a move.
    Update,
    /// Of a deployment.
    Deploy,
}

/// How far a record is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Resources in all.
    pub total: u64,
    /// Those that have the certificate.
    pub success: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those under way.
    pub running: u64,
    /// Those that wait.
    pub pending: u64,
    /// Those that had nothing to do (`Status` 6).
    pub nothing: u64,
    /// Why some failed, each reason once, a few at most; for people only.
    pub reasons: Vec<String>,
}

impl Client {
    /// Begins to look up what these certificates are bound to ([`MOST_LOOKED_UP`] at most), as it is now.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn ask_bound(&self, ids: &[String]) -> Result<Answered<Vec<LookUp>>, ApiError> {
        let request = AskBoundRequest {
            certificate_ids: ids,
            is_cache: 0,
        };
        let answer = self.call(&ASK_BOUND, &request).await?;
        answer.read(&ASK_BOUND, |object| {
            let tasks: Vec<LookUp> = objects(&object, "CertTaskIds")
                .filter_map(|entry| {
                    Some(LookUp {
                        certificate_id: decode::id(entry, "CertId")?,
                        task_id: decode::text(entry, "TaskId").filter(|id| id.len() <= 128)?,
                    })
                })
                .collect();
            let missing = ids
                .iter()
                .find(|id| tasks.iter().all(|task| task.certificate_id != **id));
            match missing {
                None => Ok(tasks),
                Some(id) => Err(format!("it has no look-up for {id}")),
            }
        })
    }

    /// How far look-ups are, in the order asked for. One that the answer does not mention is still running.
    ///
    /// # Errors
    /// [`ApiError`]; `CertificateSyncTaskIdInvalid` says that look-ups are gone.
    pub async fn bound(&self, tasks: &[LookUp]) -> Result<Answered<Vec<LookedUp>>, ApiError> {
        let ids: Vec<String> = tasks.iter().map(|task| task.task_id.clone()).collect();
        let request = BoundRequest { task_ids: &ids };
        let answer = self.call(&BOUND, &request).await?;
        answer.read(&BOUND, |object| {
            let found = |id: &String| {
                objects(&object, "SyncTaskBindResourceResult")
                    .find(|entry| decode::text(entry, "TaskId").as_ref() == Some(id))
                    .map_or(LookedUp::Running, looked_up)
            };
            Ok(ids.iter().map(found).collect())
        })
    }

    /// Each instance that a finished look-up found, as all the texts that its description has.
    ///
    /// What an instance is called differs by type; whoever looks for one knows its ids.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn bound_instances(
        &self,
        task_id: &str,
        kind: &str,
    ) -> Result<Vec<BTreeSet<String>>, ApiError> {
        let mut found = Vec::new();
        for page in 0..PAGES {
            let request = BoundDetailRequest {
                task_id,
                limit: BOUND_PAGE.to_string(),
                offset: (page * BOUND_PAGE).to_string(),
            };
            let answer = self.call(&BOUND_DETAIL, &request).await?.value;
            let mut full = false;
            for place in objects(&answer, &kind.to_ascii_uppercase()) {
                // All types but one call their list so.
                let lists = ["InstanceList", "Environments"].map(|name| decode::list(place, name));
                full |= lists.iter().any(|list| list.len() >= BOUND_PAGE);
                found.extend(lists.into_iter().flatten().map(|instance| {
                    let mut all = BTreeSet::new();
                    gather(instance, &mut all);
                    all
                }));
            }
            if !full {
                break;
            }
        }
        Ok(found)
    }

    /// Asks for a move and gives its record. 0: the service still gathers what there is; ask the same again.
    ///
    /// `DeployStatus` is not looked at: it may stay 0 although a record was made.
    ///
    /// # Errors
    /// [`ApiError`]; anything but a refusal may have begun the move.
    pub async fn update_instances(&self, wish: Move<'_>) -> Result<Answered<i64>, ApiError> {
        let regions = wish.regions.iter();
        let request = UpdateRequest {
            old_certificate_id: wish.from,
            certificate_id: wish.to,
            resource_types: wish.types,
            resource_types_regions: regions
                .map(|(kind, regions)| TypeRegions {
                    resource_type: kind,
                    regions,
                })
                .collect(),
        };
        let answer = self.call(&UPDATE, &request).await?;
        answer.read(&UPDATE, |object| record_id(&object))
    }

    /// Asks for a deployment and gives its record.
    ///
    /// # Errors
    /// [`ApiError`]; anything but a refusal may have begun it.
    pub async fn deploy_instances(&self, wish: Deployment<'_>) -> Result<Answered<i64>, ApiError> {
        let request = DeployRequest {
            certificate_id: wish.certificate_id,
            instance_id_list: wish.instances,
            resource_type: wish.kind,
            is_cache: 0,
            status: (wish.kind == "live").then_some(1),
        };
        let answer = self.call_in(&DEPLOY, wish.region, &request).await?;
        answer.read(&DEPLOY, |object| record_id(&object))
    }

    /// The records of moves of these types from one certificate to another, the newest first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn update_records(
        &self,
        from: &str,
        to: &str,
        types: &[String],
    ) -> Result<Answered<Vec<i64>>, ApiError> {
        let request = UpdateRecordsRequest {
            offset: 0,
            limit: 100,
            certificate_id: to,
            old_certificate_id: from,
        };
        let answer = self.call(&UPDATE_RECORDS, &request).await?;
        answer.read(&UPDATE_RECORDS, |object| {
            let ours = |entry: &&Object| {
                let said = decode::texts(entry, "ResourceTypes");
                let same = said.len() == types.len()
                    && said
                        .iter()
                        .all(|kind| types.iter().any(|own| own.eq_ignore_ascii_case(kind)));
                (same || said.is_empty())
                    && decode::text(entry, "CertId").is_none_or(|id| id == to)
                    && decode::text(entry, "OldCertId").is_none_or(|id| id == from)
            };
            Ok(record_ids(
                objects(&object, "DeployRecordList").filter(ours),
            ))
        })
    }

    /// The records of deployments of a certificate to resources of a type, the newest first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn deploy_records(
        &self,
        certificate_id: &str,
        kind: &str,
    ) -> Result<Answered<Vec<i64>>, ApiError> {
        let request = DeployRecordsRequest {
            certificate_id,
            offset: 0,
            limit: 100,
            resource_type: kind,
        };
        let answer = self.call(&DEPLOY_RECORDS, &request).await?;
        answer.read(&DEPLOY_RECORDS, |object| {
            Ok(record_ids(objects(&object, "DeployRecordList")))
        })
    }

    /// How far a record is: its counts, and why what failed did.
    ///
    /// # Errors
    /// [`ApiError`]; also where the counts are missing.
    pub async fn deploy_progress(
        &self,
        kind: RecordKind,
        record: i64,
    ) -> Result<Answered<Progress>, ApiError> {
        let id = record.to_string();
        match kind {
            RecordKind::Update => {
                let request = UpdateRecordRequest {
                    deploy_record_id: id,
                    limit: RECORD_PAGE.to_string(),
                    offset: "0".to_owned(),
                };
                let answer = self.call(&UPDATE_RECORD, &request).await?;
                answer.read(&UPDATE_RECORD, |object| {
                    let lists = objects(&object, "RecordDetailList");
                    let entries = lists.flat_map(|list| objects(list, "List"));
                    progress(&object, entries)
                })
            }
            RecordKind::Deploy => {
                let request = DeployRecordRequest {
                    deploy_record_id: id,
                    offset: 0,
                    limit: RECORD_PAGE,
                };
                let answer = self.call(&DEPLOY_RECORD, &request).await?;
                answer.read(&DEPLOY_RECORD, |object| {
                    progress(&object, objects(&object, "DeployRecordDetailList"))
                })
            }
        }
    }

    /// Has the failed parts of a move's record tried again.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn retry_record(&self, record: i64) -> Result<Answered<()>, ApiError> {
        let request = RetryRequest {
            deploy_record_id: record,
        };
        let answer = self.call(&RETRY, &request).await?;
        answer.read(&RETRY, |_| Ok(()))
    }
}

#[cfg(test)]
mod tests;
