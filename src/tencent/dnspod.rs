//! The DNS service (dnspod, version 2021-03-23): the actions that are used, typed.
//!
//! No region. An empty list is an error by default (`ResourceNotFound.NoDataOf…`), and is read as empty. New records
//! may lag in lists (tccli 3.1.189.1, CreateRecord), so absence right after creating proves nothing.

use serde::Serialize;
use serde_json::Value;

use super::client::{Action, Answered, Client};
use super::decode::{self, Object};
use super::error::ApiError;

const fn action(name: &'static str) -> Action {
    Action {
        service: "dnspod",
        version: "2021-03-23",
        name,
        reads: &[],
    }
}

const DOMAINS: Action = action("DescribeDomainList");
const RECORDS: Action = action("DescribeRecordList");
const CREATE: Action = action("CreateRecord");
const DELETE: Action = action("DeleteRecord");

/// The most entries of one page (tccli 3.1.189.1).
const PAGE: u32 = 3_000;
/// Lists longer than this many pages are taken as they are.
const PAGES: u32 = 20;

/// One zone of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// Host part, `@` for the zone itself.
    pub host: String,
    /// `TXT`, `CNAME`, …
    pub kind: String,
    /// Its value; a CNAME's ends with a dot.
    pub value: String,
    /// The remark.
    pub remark: String,
}

/// A record to be made, in the default line.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
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
    pub async fn zones(&self) -> Result<Vec<Zone>, ApiError> {
        let mut zones = Vec::new();
        for page in 0..PAGES {
            let request = DomainsRequest {
                offset: page * PAGE,
                limit: PAGE,
            };
            let answer = match self.call(&DOMAINS, &request).await {
                Err(error) if is_empty(&error) => break,
                other => other?,
            };
            let answer = answer.read(&DOMAINS, |object| list(&object, "DomainList"))?;
            let entries = answer.value.len();
            zones.extend(
                answer
                    .value
                    .iter()
                    .filter_map(Value::as_object)
                    .filter_map(zone),
            );
            if entries < PAGE as usize {
                break;
            }
        }
        Ok(zones)
    }

    /// The records of one host and type.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn records(
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
        let answer = match self.call(&RECORDS, &request).await {
            Err(error) if is_empty(&error) => return Ok(Vec::new()),
            other => other?,
        };
        let answer = answer.read(&RECORDS, |object| list(&object, "RecordList"))?;
        let entries = answer.value.iter().filter_map(Value::as_object);
        // The service finds more than what was asked for where a host is a pattern.
        Ok(entries
            .filter_map(entry)
            .filter(|entry| entry.host.eq_ignore_ascii_case(host) && entry.kind == kind)
            .collect())
    }

    /// Makes a record and gives its number.
    ///
    /// # Errors
    /// [`ApiError`]; `InvalidParameter.DomainRecordExist` where there is one like it already.
    pub async fn create_record(&self, new: NewEntry<'_>) -> Result<Answered<i64>, ApiError> {
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
        self.call(&CREATE, &request).await?.read(&CREATE, |object| {
            decode::int(&object, "RecordId").ok_or_else(|| "no usable RecordId".to_owned())
        })
    }

    /// Deletes a record.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_record(&self, zone: &Zone, id: i64) -> Result<(), ApiError> {
        let request = DeleteRequest {
            domain: &zone.name,
            domain_id: zone.id,
            record_id: id,
        };
        self.call(&DELETE, &request).await.map(drop)
    }
}

fn is_empty(error: &ApiError) -> bool {
    error
        .code()
        .is_some_and(|code| code.starts_with("ResourceNotFound.NoDataOf"))
}

fn list(object: &Object, name: &str) -> Result<Vec<Value>, String> {
    match object.get(name) {
        Some(Value::Array(list)) => Ok(list.clone()),
        Some(Value::Null) | None => Ok(Vec::new()),
        Some(_) => Err(format!("its {name} is no list")),
    }
}

fn zone(object: &Object) -> Option<Zone> {
    let name = decode::text(object, "Punycode").or_else(|| decode::text(object, "Name"))?;
    let enabled =
        decode::text(object, "Status").is_none_or(|status| status.eq_ignore_ascii_case("enable"));
    let astray = decode::text(object, "DNSStatus")
        .is_some_and(|status| status.eq_ignore_ascii_case("dnserror"));
    Some(Zone {
        id: decode::int(object, "DomainId")?,
        name: decode::ascii_name(&name),
        usable: enabled && !astray,
        ttl: decode::int(object, "TTL").and_then(|ttl| u32::try_from(ttl).ok()),
    })
}

fn entry(object: &Object) -> Option<Entry> {
    Some(Entry {
        id: decode::int(object, "RecordId")?,
        host: decode::text(object, "Name")?,
        kind: decode::text(object, "Type")?,
        value: decode::text(object, "Value").unwrap_or_default(),
        remark: decode::text(object, "Remark").unwrap_or_default(),
    })
}
