//! What a test, or a person at the management port, can change while the service runs. The field names are the management
//! port's JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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

/// New numbers for quotas and pace; what is absent stays.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// See [`super::Options::free_limit`].
    pub free_limit: Option<u32>,
    /// See [`super::Options::domain_limit`].
    pub domain_limit: Option<u32>,
    /// See [`super::Options::requests_per_second`].
    pub requests_per_second: Option<u32>,
    /// See [`super::Options::issue_after`]; for orders from now on.
    pub issue_after_seconds: Option<u32>,
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
    /// The list has these names of it besides its own, as of a certificate for several.
    pub further_names: Vec<String>,
    /// `EncryptAlgorithm`, as some entries spell it: `prime256v1`, `ECC prime256v1`, `RSA 2048`.
    pub encrypt_algorithm: Option<String>,
}

/// A role that temporary keys are given for, as it is from now on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// `qcs::cam::uin/UIN:roleName/NAME`, where `UIN` is the number of one of the accounts.
    pub arn: String,
    /// What whoever assumes it has to say.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The SecretIds that may assume it; anybody's unless given.
    #[serde(default)]
    pub trusted: Option<Vec<String>>,
    /// How long its keys live at most, in seconds.
    #[serde(default)]
    pub seconds: Option<u32>,
    /// It is gone.
    #[serde(default)]
    pub removed: bool,
    /// The keys that it gave so far are no longer known.
    #[serde(default)]
    pub end_sessions: bool,
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
    /// How many times.
    pub times: u32,
    /// `ErrorMsg` of what fails.
    #[serde(default)]
    pub message: Option<String>,
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
