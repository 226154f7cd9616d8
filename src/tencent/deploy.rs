//! The certificate service's actions for cloud resources, typed: what a certificate is bound to, moving resources from
//! one certificate to another, and deploying to named instances.
//!
//! Facts are those of tccli 3.1.189.1 and the official SDK (ssl 3.1.145). The service mixes strings and numbers for the
//! same thing (`DeployRecordId` is a number here and a string there); the requests below are exact about it. `Regions`
//! of UpdateCertificateInstance is deprecated and not sent.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;

use super::client::{Action, Answered, Client};
use super::error::ApiError;
use crate::lifecycle::cloud::Progress;
pub(crate) use answers::{Bound, LookUp, LookedUp};
use answers::{BoundDetail, BoundTasks, Record, RecordDetail, Records, Tasks};
pub(crate) use requests::Move;
use requests::{
    AskBoundRequest, BoundDetailRequest, BoundRequest, DeployRecordsRequest, DeployRequest,
    RecordRequest, RetryRequest, UpdateRecordsRequest,
};

mod answers;
mod requests;

const ASK_BOUND: Action = Action::ssl("CreateCertificateBindResourceSyncTask");
const BOUND: Action = Action::ssl("DescribeCertificateBindResourceTaskResult");
const BOUND_DETAIL: Action = Action::ssl("DescribeCertificateBindResourceTaskDetail");
const UPDATE: Action = Action::ssl("UpdateCertificateInstance");
const UPDATE_RECORDS: Action = Action::ssl("DescribeHostUpdateRecord");
const UPDATE_RECORD: Action = Action::ssl("DescribeHostUpdateRecordDetail");
const RETRY: Action = Action::ssl("UpdateCertificateRecordRetry");
const DEPLOY: Action = Action::ssl("DeployCertificateInstance");
const DEPLOY_RECORDS: Action = Action::ssl("DescribeHostDeployRecord");
const DEPLOY_RECORD: Action = Action::ssl("DescribeHostDeployRecordDetail");

/// The most certificates of one look-up.
pub(crate) const MOST_LOOKED_UP: usize = 100;
/// Entries of one page of a record; 200 is the service's most.
const RECORD_PAGE: u32 = 200;
/// Entries of one page of bound instances; 100 is the service's most.
const BOUND_PAGE: usize = 100;
/// Longer lists are taken as they are.
const PAGES: usize = 20;

/// What a deployment is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deployment<'a> {
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
pub(crate) enum RecordKind {
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
    pub(crate) async fn ask_bound(
        &self,
        ids: &[String],
    ) -> Result<Answered<Vec<LookUp>>, ApiError> {
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
    pub(crate) async fn bound(
        &self,
        tasks: &[LookUp],
    ) -> Result<Answered<Vec<LookedUp>>, ApiError> {
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
    pub(crate) async fn bound_instances(
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

    /// Asks for a move, signed with `at` where that is given, and gives its record. 0: the service still gathers what there is; ask the same again.
    ///
    /// `DeployStatus` is not looked at: it may stay 0 although a record was made.
    ///
    /// # Errors
    /// [`ApiError`]; anything but a refusal may have begun the move.
    pub(crate) async fn update_instances(
        &self,
        wish: Move<'_>,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answered<i64>, ApiError> {
        self.call_at(at, &UPDATE, &wish, Record::id).await
    }

    /// Asks for a deployment, signed with `at` where that is given, and gives its record.
    ///
    /// # Errors
    /// [`ApiError`]; anything but a refusal may have begun it.
    pub(crate) async fn deploy_instances(
        &self,
        wish: Deployment<'_>,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answered<i64>, ApiError> {
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
        self.call_at(at, &action, &request, Record::id).await
    }

    /// The records of moves of these types from one certificate to another, the newest first.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn update_records(
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
    pub(crate) async fn deploy_records(
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
    pub(crate) async fn deploy_progress(
        &self,
        kind: RecordKind,
        record: i64,
    ) -> Result<Answered<Progress>, ApiError> {
        let deploy_record_id = record.to_string();
        match kind {
            RecordKind::Update => {
                let request = RecordRequest {
                    deploy_record_id,
                    limit: RECORD_PAGE.to_string(),
                    offset: "0".to_owned(),
                };
                self.call(&UPDATE_RECORD, &request, RecordDetail::progress)
                    .await
            }
            RecordKind::Deploy => {
                let request = RecordRequest {
                    deploy_record_id,
                    limit: RECORD_PAGE,
                    offset: 0,
                };
                self.call(&DEPLOY_RECORD, &request, RecordDetail::progress)
                    .await
            }
        }
    }

    /// Has the failed parts of a move's record tried again. Signed with `at`, where that is given.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn retry_record(
        &self,
        record: i64,
        at: Option<DateTime<Utc>>,
    ) -> Result<Answered<()>, ApiError> {
        let request = RetryRequest {
            deploy_record_id: record,
        };
        self.call_at(at, &RETRY, &request, |_: IgnoredAny| Ok(()))
            .await
    }
}

#[cfg(test)]
mod tests;
