//! The certificate service's actions for cloud resources, typed: what a certificate is bound to, moving resources from
//! one certificate to another, and deploying to named instances.
//!
//! Facts are those of tccli 3.1.189.1 and the official SDK (ssl 3.1.145). The service mixes strings and numbers for the
//! same thing (`DeployRecordId` is a number here and a string there); the requests below are exact about it. `Regions`
//! of UpdateCertificateInstance is deprecated and not sent.

use std::collections::BTreeSet;

use super::client::{Action, Answered, Client};
use super::error::ApiError;
use crate::lifecycle::cloud::Progress;
pub(crate) use answers::{Bound, LookUp, LookedUp};
use answers::{BoundDetail, BoundTasks, Record, RecordDetail, Records, Tasks};
use requests::{
    AskBoundRequest, BoundDetailRequest, BoundRequest, DeployRecordRequest, DeployRecordsRequest,
    DeployRequest, RetryRequest, TypeRegions, UpdateRecordRequest, UpdateRecordsRequest,
    UpdateRequest,
};

mod answers;
mod requests;

const fn action(name: &'static str) -> Action<'static> {
    Action {
        service: "ssl",
        version: "2019-12-05",
        name,
        region: None,
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
pub(crate) const MOST_LOOKED_UP: usize = 100;
/// Entries of one page of a record; 200 is the service's most.
const RECORD_PAGE: u32 = 200;
/// Entries of one page of bound instances; 100 is the service's most.
const BOUND_PAGE: usize = 100;
/// Longer lists are taken as they are.
const PAGES: usize = 20;

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
        self.call(&ASK_BOUND, &request, |answer: Tasks| {
            let tasks = answer.look_ups();
            let missing = ids
                .iter()
                .find(|id| tasks.iter().all(|task| task.certificate_id != **id));
            match missing {
                None => Ok(tasks),
                Some(id) => Err(format!("it has no look-up for {id}")),
            }
        })
        .await
    }

    /// How far look-ups are, in the order asked for. One that the answer does not mention is still running.
    ///
    /// # Errors
    /// [`ApiError`]; `CertificateSyncTaskIdInvalid` says that look-ups are gone.
    pub async fn bound(&self, tasks: &[LookUp]) -> Result<Answered<Vec<LookedUp>>, ApiError> {
        let ids: Vec<String> = tasks.iter().map(|task| task.task_id.clone()).collect();
        let request = BoundRequest { task_ids: &ids };
        self.call(&BOUND, &request, |answer: BoundTasks| {
            Ok(ids.iter().map(|id| answer.look_up(id)).collect())
        })
        .await
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
            let answer = self.call(&BOUND_DETAIL, &request, |answer: BoundDetail| Ok(answer));
            let mut full = false;
            for instances in answer.await?.value.of(kind) {
                full |= instances.count >= BOUND_PAGE;
                found.extend(instances.readable.into_iter().map(|words| words.0));
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
        self.call(&UPDATE, &request, Record::id).await
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
        let action = Action {
            region: wish.region,
            ..DEPLOY
        };
        self.call(&action, &request, Record::id).await
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
        self.call(&UPDATE_RECORDS, &request, |answer: Records| {
            Ok(answer.of_move(from, to, types).ids())
        })
        .await
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
        self.call(
            &DEPLOY_RECORDS,
            &request,
            |answer: Records| Ok(answer.ids()),
        )
        .await
    }

    /// How far a record is: its counts, and why what failed did, for people only, each reason once, a few at most.
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
                self.call(&UPDATE_RECORD, &request, RecordDetail::progress)
                    .await
            }
            RecordKind::Deploy => {
                let request = DeployRecordRequest {
                    deploy_record_id: id,
                    offset: 0,
                    limit: RECORD_PAGE,
                };
                self.call(&DEPLOY_RECORD, &request, RecordDetail::progress)
                    .await
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
        self.perform(&RETRY, &request).await
    }
}

#[cfg(test)]
mod tests;
