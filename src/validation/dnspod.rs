//! `provider = "dnspod"`: Tencent Cloud's own DNS, through its API.
//!
//! The zone is the longest suffix of the record's name among the account's zones that answer: a sub-domain that is a zone
//! here and not delegated is asked by nobody. The order's marker goes into the record's remark: only a record with that
//! remark and our value is ever deleted.

use serde::{Deserialize, Serialize};

use crate::lifecycle::Challenge;
use crate::tencent::dnspod::{Entry, NewEntry, Zone};
use crate::tencent::{ApiError, Client};

use super::{Job, ValidationError};

/// In seconds; the least that free plans take.
const TTL: u32 = 600;

/// What was put up.
#[derive(Serialize, Deserialize)]
struct Handle {
    /// The record's number; none where there was one like it that is not ours.
    record: Option<i64>,
    /// The number of the zone that it is in.
    #[serde(default)]
    zone: Option<i64>,
}

/// Creates the record, or finds what an earlier attempt created.
pub(super) async fn present(
    client: &Client,
    challenge: &Challenge,
    marker: &str,
) -> Result<String, ValidationError> {
    let places = places(client, challenge).await?;
    let (zone, host) = usable(places, client.account(), &challenge.name)?;
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
    let handle = Handle {
        record,
        zone: Some(zone.id),
    };
    serde_json::to_string(&handle).map_err(|error| ValidationError::Settings(error.to_string()))
}

/// Deletes what we created. Where its number was lost on the way, it is found by its remark. A number alone counts only
/// where it is our own word: a restored backup's could be any record's.
pub(super) async fn remove(
    client: &Client,
    challenge: &Challenge,
    job: Job<'_>,
    handle: Option<&str>,
) -> Result<(), ValidationError> {
    let marker = job.marker;
    let known: Option<Handle> = handle.and_then(|text| serde_json::from_str(text).ok());
    if matches!(known, Some(Handle { record: None, .. })) {
        return Ok(());
    }
    let mut places = places(client, challenge).await?;
    let home = known.as_ref().and_then(|handle| handle.zone);
    places.sort_by_key(|(zone, _)| home.is_some_and(|home| home != zone.id));
    // Where a zone has left the account, our record has left with it.
    for (zone, host) in places {
        if let Some(entry) = ours(client, &zone, &host, challenge, marker).await? {
            return gone(client.delete_record(&zone, entry.id).await);
        }
        // Lists lag behind: a number that we know is deleted all the same.
        let record = known.as_ref().and_then(|handle| handle.record);
        let is_known = !job.is_restored && home == Some(zone.id);
        if let Some(id) = record.filter(|_| is_known) {
            return gone(client.delete_record(&zone, id).await);
        }
    }
    Ok(())
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

/// Every zone that the record could be in, the longest first, with its host part there.
async fn places(
    client: &Client,
    challenge: &Challenge,
) -> Result<Vec<(Zone, String)>, ValidationError> {
    Ok(places_in(client.zones().await?, &challenge.name))
}

fn places_in(zones: Vec<Zone>, name: &str) -> Vec<(Zone, String)> {
    let mut places: Vec<(Zone, String)> = zones
        .into_iter()
        .filter_map(|zone| host_in(name, &zone.name).map(|host| (zone, host)))
        .collect();
    places.sort_by_key(|(zone, _)| std::cmp::Reverse(zone.name.len()));
    places
}

/// The longest of these that answers.
fn usable(
    places: Vec<(Zone, String)>,
    account: &str,
    name: &str,
) -> Result<(Zone, String), ValidationError> {
    let longest = places.first().map(|(zone, _)| zone.name.clone());
    let found = places.into_iter().find(|(zone, _)| zone.usable);
    match (found, longest) {
        (Some(place), _) => Ok(place),
        (None, Some(zone)) => Err(ValidationError::Settings(format!(
            "the zone {zone} is paused, or its name servers are not DNSPod's; correct that in the console",
        ))),
        (None, None) => Err(ValidationError::Refused(format!(
            "account \"{account}\" has no DNS zone for {name}; add the zone there, or use another provider",
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

    fn zone(id: i64, name: &str, usable: bool) -> Zone {
        Zone {
            id,
            name: name.to_owned(),
            usable,
            ttl: None,
        }
    }

    #[test]
    fn a_record_goes_into_the_longest_zone_that_answers() {
        let name = "_dnsauth.a.sub.example.com";
        let found = |sub: bool, parent: bool| {
            let zones = vec![
                zone(1, "example.com", parent),
                zone(2, "sub.example.com", sub),
                zone(3, "other.com", true),
            ];
            usable(places_in(zones, name), "default", name)
        };
        let (in_sub, host) = found(true, true).unwrap();
        assert_eq!((in_sub.id, host.as_str()), (2, "_dnsauth.a"));
        let (in_parent, host) = found(false, true).unwrap();
        assert_eq!((in_parent.id, host.as_str()), (1, "_dnsauth.a.sub"));
        let none = found(false, false).unwrap_err().to_string();
        assert!(none.contains("sub.example.com"), "{none}");
    }

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
