//! The DNS service (dnspod, version 2021-03-23): the actions that are used, typed.
//!
//! No region. An empty list is an error by default (`ResourceNotFound.NoDataOf…`), and is read as empty. New records
//! may lag in lists (tccli 3.1.189.1, CreateRecord), so absence right after creating proves nothing.

use serde::{Deserialize, Serialize};

use super::answer::{self, Entries};
use super::client::{Action, Answered, Client};
use super::error::ApiError;

const DOMAINS: Action = Action::dnspod("DescribeDomainList");
const RECORDS: Action = Action::dnspod("DescribeRecordList");
const CREATE: Action = Action::dnspod("CreateRecord");
const DELETE: Action = Action::dnspod("DeleteRecord");

/// The most entries of one page (tccli 3.1.189.1).
const PAGE: u32 = 3_000;
/// Lists longer than this many pages are taken as they are.
const PAGES: u32 = 20;

/// One zone of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Its number.
    pub id: i64,
    /// Its name in ASCII, lower case.
    pub name: String,
    /// Whether it answers: enabled, and delegated to the service's name servers.
    pub usable: bool,
    /// Its plan's TTL, in seconds.
    pub ttl: Option<u32>,
}

/// One record of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Entry {
    /// Its number.
    #[serde(rename = "RecordId", deserialize_with = "answer::number")]
    pub id: i64,
    /// Host part, `@` for the zone itself.
    #[serde(rename = "Name", deserialize_with = "answer::string")]
    pub host: String,
    /// `TXT`, `CNAME`, …
    #[serde(rename = "Type", deserialize_with = "answer::string")]
    pub kind: String,
    /// Its value; a CNAME's ends with a dot.
    #[serde(default, deserialize_with = "answer::string")]
    pub value: String,
    /// The remark.
    #[serde(default, deserialize_with = "answer::string")]
    pub remark: String,
}

/// A record to be made, in the default line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewEntry<'a> {
    /// The zone it goes to.
    pub zone: &'a Zone,
    /// Host part relative to the zone, `@` for the zone itself.
    pub host: &'a str,
    /// `TXT` or `CNAME`.
    pub kind: &'a str,
    /// Its value.
    pub value: &'a str,
    /// In seconds.
    pub ttl: u32,
    /// 200 characters at most.
    pub remark: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DomainsRequest {
    offset: u32,
    limit: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordsRequest<'a> {
    domain: &'a str,
    domain_id: i64,
    sub_domain: &'a str,
    record_type: &'a str,
    error_on_empty: &'a str,
    limit: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRequest<'a> {
    domain: &'a str,
    domain_id: i64,
    sub_domain: &'a str,
    record_type: &'a str,
    // The name is needed, the number rules: it means the default line in every language.
    record_line: &'a str,
    record_line_id: &'a str,
    value: &'a str,
    #[serde(rename = "TTL")]
    ttl: u32,
    remark: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteRequest<'a> {
    domain: &'a str,
    domain_id: i64,
    record_id: i64,
}

impl Client {
    /// Every zone of the account.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn zones(&self) -> Result<Vec<Zone>, ApiError> {
        let mut zones = Vec::new();
        for page in 0..PAGES {
            let request = DomainsRequest {
                offset: page * PAGE,
                limit: PAGE,
            };
            let list = |answer: Domains| Ok(answer.domain_list);
            let list = match self.call(&DOMAINS, &request, list).await {
                Err(error) if is_empty(&error) => break,
                other => other?.value,
            };
            let Some(list) = list else { break };
            zones.extend(list.readable.into_iter().filter_map(Domain::zone));
            if list.count < PAGE as usize {
                break;
            }
        }
        Ok(zones)
    }

    /// The records of one host and type.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn records(
        &self,
        zone: &Zone,
        host: &str,
        kind: &str,
    ) -> Result<Vec<Entry>, ApiError> {
        let request = RecordsRequest {
            domain: &zone.name,
            domain_id: zone.id,
            sub_domain: host,
            record_type: kind,
            error_on_empty: "no",
            limit: PAGE,
        };
        let list = |answer: Records| Ok(answer.record_list);
        let list = match self.call(&RECORDS, &request, list).await {
            Err(error) if is_empty(&error) => return Ok(Vec::new()),
            other => other?.value,
        };
        let mut entries = list.map_or_else(Vec::new, |list| list.readable);
        // The service finds more than what was asked for where a host is a pattern.
        entries.retain(|entry| entry.host.eq_ignore_ascii_case(host) && entry.kind == kind);
        Ok(entries)
    }

    /// Makes a record and gives its number.
    ///
    /// # Errors
    /// [`ApiError`]; `InvalidParameter.DomainRecordExist` where there is one like it already.
    pub(crate) async fn create_record(&self, new: NewEntry<'_>) -> Result<Answered<i64>, ApiError> {
        let request = CreateRequest {
            domain: &new.zone.name,
            domain_id: new.zone.id,
            sub_domain: new.host,
            record_type: new.kind,
            record_line: "默认",
            record_line_id: "0",
            value: new.value,
            ttl: new.ttl,
            remark: new.remark,
        };
        self.call(&CREATE, &request, |answer: Created| {
            let id = answer.record_id;
            id.ok_or_else(|| "no usable RecordId".to_owned())
        })
        .await
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// [`ApiError`].
    pub(crate) async fn delete_record(&self, zone: &Zone, id: i64) -> Result<(), ApiError> {
        let request = DeleteRequest {
            domain: &zone.name,
            domain_id: zone.id,
            record_id: id,
        };
        self.perform(&DELETE, &request).await.map(drop)
    }
}

fn is_empty(error: &ApiError) -> bool {
    error
        .code()
        .is_some_and(|code| code.starts_with("ResourceNotFound.NoDataOf"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Domains {
    domain_list: Option<Entries<Domain>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Domain {
    #[serde(deserialize_with = "answer::int")]
    domain_id: Option<i64>,
    #[serde(deserialize_with = "answer::name")]
    punycode: String,
    #[serde(deserialize_with = "answer::name")]
    name: String,
    #[serde(deserialize_with = "answer::text")]
    status: Option<String>,
    #[serde(rename = "DNSStatus", deserialize_with = "answer::string")]
    dns_status: String,
    #[serde(rename = "TTL", deserialize_with = "answer::count")]
    ttl: Option<u64>,
}

impl Domain {
    fn zone(self) -> Option<Zone> {
        let names = [self.punycode, self.name];
        let enabled = self
            .status
            .is_none_or(|status| status.eq_ignore_ascii_case("enable"));
        Some(Zone {
            id: self.domain_id?,
            name: names.into_iter().find(|name| !name.is_empty())?,
            usable: enabled && !self.dns_status.eq_ignore_ascii_case("dnserror"),
            ttl: self.ttl.and_then(|ttl| u32::try_from(ttl).ok()),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Records {
    record_list: Option<Entries<Entry>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Created {
    #[serde(deserialize_with = "answer::int")]
    record_id: Option<i64>,
}
