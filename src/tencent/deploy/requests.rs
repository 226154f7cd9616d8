//! The requests, exactly as they go over the wire.

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AskBoundRequest<'a> {
    pub(super) certificate_ids: &'a [String],
    pub(super) is_cache: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BoundRequest<'a> {
    pub(super) task_ids: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BoundDetailRequest<'a> {
    pub(super) task_id: &'a str,
    pub(super) limit: String,
    pub(super) offset: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRequest<'a> {
    pub(super) old_certificate_id: &'a str,
    pub(super) certificate_id: &'a str,
    pub(super) resource_types: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resource_types_regions: Vec<TypeRegions<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TypeRegions<'a> {
    pub(super) resource_type: &'a str,
    pub(super) regions: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRecordsRequest<'a> {
    pub(super) offset: u32,
    pub(super) limit: u32,
    pub(super) certificate_id: &'a str,
    pub(super) old_certificate_id: &'a str,
}

/// Here numbers are strings.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRecordRequest {
    pub(super) deploy_record_id: String,
    pub(super) limit: String,
    pub(super) offset: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RetryRequest {
    pub(super) deploy_record_id: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeployRequest<'a> {
    pub(super) certificate_id: &'a str,
    pub(super) instance_id_list: &'a [String],
    pub(super) resource_type: &'a str,
    pub(super) is_cache: u8,
    // Live only: 1 switches https on. Without it the certificate would be there and not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeployRecordsRequest<'a> {
    pub(super) certificate_id: &'a str,
    pub(super) offset: u32,
    pub(super) limit: u32,
    pub(super) resource_type: &'a str,
}

/// Here the id is a string, and the page is numbers.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeployRecordRequest {
    pub(super) deploy_record_id: String,
    pub(super) offset: u32,
    pub(super) limit: u32,
}
