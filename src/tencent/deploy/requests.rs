//! The requests, exactly as they go over the wire.

use serde::{Serialize, Serializer};

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

/// What a move is asked for.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Move<'a> {
    /// The certificate whose resources are moved.
    #[serde(rename = "OldCertificateId")]
    pub(crate) from: &'a str,
    /// The certificate that they get.
    #[serde(rename = "CertificateId")]
    pub(crate) to: &'a str,
    /// The types.
    #[serde(rename = "ResourceTypes")]
    pub(crate) types: &'a [String],
    /// The regions of the types that have some.
    #[serde(rename = "ResourceTypesRegions", serialize_with = "type_regions")]
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) regions: &'a [(String, Vec<String>)],
    /// Whether the service is to mail nobody any more about the end of `from` (1: it is ignored; 0, which is also the
    /// default, leaves it as it is: official SDK, ssl 3.1.145).
    #[serde(rename = "ExpiringNotificationSwitch", serialize_with = "one")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) mutes: bool,
}

fn one<S: Serializer>(is_set: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*is_set))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TypeRegions<'a> {
    resource_type: &'a str,
    regions: &'a [String],
}

fn type_regions<S: Serializer>(
    regions: &[(String, Vec<String>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(regions.iter().map(|(kind, regions)| TypeRegions {
        resource_type: kind,
        regions,
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRecordsRequest<'a> {
    pub(super) offset: u32,
    pub(super) limit: u32,
    pub(super) certificate_id: &'a str,
    pub(super) old_certificate_id: &'a str,
}

/// The id is a string; the numbers are strings for a move, and numbers for a deployment.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RecordRequest<N> {
    pub(super) deploy_record_id: String,
    pub(super) limit: N,
    pub(super) offset: N,
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
