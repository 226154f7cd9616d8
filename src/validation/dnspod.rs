//! `provider = "dnspod"`: Tencent Cloud's own DNS, through its API.
//!
//! The zone is the longest suffix of the record's name among the account's zones. The order's marker goes into the
//! record's remark: only a record with that remark and our value is ever deleted.

use serde::{Deserialize, Serialize};

use crate::lifecycle::Challenge;
use crate::tencent::dnspod::{Entry, NewEntry, Zone};
use crate::tencent::{ApiError, Client};

use super::ValidationError;

/// In seconds; the least that free plans take.
const TTL: u32 = 600;

/// What was put up.
#[derive(Serialize, Deserialize)]
struct Handle {
    /// The record's number; none where there was one like it that is not ours.
    record: Option<i64>,
}

/// Creates the record, or finds what an earlier attempt created.
pub(super) async fn present(
    client: &Client,
    challenge: &Challenge,
    marker: &str,
) -> Result<String, ValidationError> {
    let (zone, host) = place(client, challenge).await?;
    let record = match create(client, &zone, &host, challenge, marker, TTL).await {
        Ok(record) => Some(record),
        Err(error) if has_code(&error, "LimitExceeded.RecordTtlLimit") && zone.ttl.is_some() => {
            let ttl = zone.ttl.unwrap_or(TTL);
            Some(create(client, &zone, &host, challenge, marker, ttl).await?)
        }
        Err(error) if exists(&error) => ours(client, &zone, &host, challenge, marker)
            .await?
            .map(|entry| entry.id),
        Err(error) => return Err(error.into()),
    };
    serde_json::to_string(&Handle { record })
        .map_err(|error| ValidationError::Settings(error.to_string()))
}

/// Deletes what we created. Where its number was lost on the way, it is found by its remark.
pub(super) async fn remove(
    client: &Client,
    challenge: &Challenge,
    marker: &str,
    handle: Option<&str>,
) -> Result<(), ValidationError> {
    let known: Option<Handle> = handle.and_then(|text| serde_json::from_str(text).ok());
    if matches!(known, Some(Handle { record: None })) {
        return Ok(());
    }
    let (zone, host) = match place(client, challenge).await {
        // The zone has left the account, and our record with it.
        Err(ValidationError::Refused(_)) => return Ok(()),
        other => other?,
    };
    let Some(entry) = ours(client, &zone, &host, challenge, marker).await? else {
        // Lists lag behind: a number that we know is deleted all the same.
        let Some(Handle { record: Some(id) }) = known else {
            return Ok(());
        };
        return gone(client.delete_record(&zone, id).await);
    };
    gone(client.delete_record(&zone, entry.id).await)
}

fn gone(result: Result<(), ApiError>) -> Result<(), ValidationError> {
    match result {
        Err(error)
            if has_code(&error, "InvalidParameter.RecordIdInvalid")
                || has_code(&error, "ResourceNotFound.NoDataOfRecord")
                || has_code(&error, "InvalidParameter.ActionSuccess") =>
        {
            Ok(())
        }
        other => Ok(other?),
    }
}

async fn create(
    client: &Client,
    zone: &Zone,
    host: &str,
    challenge: &Challenge,
    marker: &str,
    ttl: u32,
) -> Result<i64, ApiError> {
    let new = NewEntry {
        zone,
        host,
        kind: challenge.kind.name(),
        value: &challenge.value,
        ttl,
        remark: marker,
    };
    Ok(client.create_record(new).await?.value)
}

/// The record with our value and our marker.
async fn ours(
    client: &Client,
    zone: &Zone,
    host: &str,
    challenge: &Challenge,
    marker: &str,
) -> Result<Option<Entry>, ApiError> {
    let entries = client.records(zone, host, challenge.kind.name()).await?;
    Ok(entries
        .into_iter()
        .find(|entry| same_value(&entry.value, &challenge.value) && entry.remark == marker))
}

/// The zone that the record belongs to, and its host part there.
async fn place(client: &Client, challenge: &Challenge) -> Result<(Zone, String), ValidationError> {
    let zones = client.zones().await?;
    let name = challenge.name.as_str();
    let found = zones
        .into_iter()
        .filter_map(|zone| Some((host_in(name, &zone.name)?, zone)))
        .max_by_key(|(_, zone)| zone.name.len());
    match found {
        Some((host, zone)) if zone.usable => Ok((zone, host)),
        Some((_, zone)) => Err(ValidationError::Settings(format!(
            "the zone {} is paused, or its name servers are not DNSPod's; mend that in the console",
            zone.name
        ))),
        None => Err(ValidationError::Refused(format!(
            "account \"{}\" has no DNS zone for {name}; add the zone there, or use another provider",
            client.account()
        ))),
    }
}

fn host_in(name: &str, zone: &str) -> Option<String> {
    if name == zone {
        return Some("@".to_owned());
    }
    let host = name.strip_suffix(zone)?.strip_suffix('.')?;
    Some(host.to_owned())
}

/// Answers give a CNAME's value with a final dot.
fn same_value(theirs: &str, ours: &str) -> bool {
    theirs
        .trim_end_matches('.')
        .eq_ignore_ascii_case(ours.trim_end_matches('.'))
}

fn exists(error: &ApiError) -> bool {
    has_code(error, "InvalidParameter.DomainRecordExist")
        || has_code(error, "InvalidParameter.ActionSuccess")
}

fn has_code(error: &ApiError, code: &str) -> bool {
    error.code() == Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_part_is_what_stands_before_the_zone() {
        assert_eq!(
            host_in("_x.a.example.com", "example.com").as_deref(),
            Some("_x.a")
        );
        assert_eq!(host_in("example.com", "example.com").as_deref(), Some("@"));
        assert_eq!(host_in("_x.notexample.com", "example.com"), None);
        assert_eq!(host_in("com", "example.com"), None);
    }
}
