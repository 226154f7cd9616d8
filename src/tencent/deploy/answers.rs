//! The answers, read tolerantly.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Bound, LookedUp, Progress};
use crate::tencent::decode::{self, Object};
use crate::tencent::error::clean;

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 200;
/// The most domains by which one item is named.
const MOST_NAMED: usize = 3;

pub(super) fn objects<'a>(parent: &'a Object, name: &str) -> impl Iterator<Item = &'a Object> {
    decode::list(parent, name)
        .iter()
        .filter_map(Value::as_object)
}

pub(super) fn record_id(object: &Object) -> Result<i64, String> {
    decode::int(object, "DeployRecordId")
        .filter(|id| *id >= 0)
        .ok_or_else(|| "it has no DeployRecordId".to_owned())
}

pub(super) fn record_ids<'a>(entries: impl Iterator<Item = &'a Object>) -> Vec<i64> {
    let mut ids: Vec<i64> = entries
        .filter_map(|entry| decode::int(entry, "Id"))
        .filter(|id| *id > 0)
        .collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    ids
}

pub(super) fn looked_up(entry: &Object) -> LookedUp {
    match decode::int(entry, "Status") {
        Some(1) => {}
        Some(2) => return LookedUp::Failed(reason_of(entry)),
        _ => return LookedUp::Running,
    }
    let mut found = Vec::new();
    for kind in objects(entry, "BindResourceResult") {
        let name = decode::text(kind, "ResourceType").unwrap_or_default();
        for region in objects(kind, "BindResourceRegionResult") {
            found.push(Bound {
                kind: name.to_ascii_lowercase(),
                region: decode::text(region, "Region").unwrap_or_default(),
                count: count(region, "TotalCount").unwrap_or(0),
                error: decode::text(region, "Error").map(|text| clean(&text, LONGEST_REASON)),
            });
        }
    }
    LookedUp::Done(found)
}

fn reason_of(entry: &Object) -> String {
    let Some(error) = decode::object(entry, "Error") else {
        return "the service does not say why".to_owned();
    };
    let part = |name| decode::text(error, name).unwrap_or_default();
    clean(
        &format!("{} ({})", part("Code"), part("Message")),
        LONGEST_REASON,
    )
}

/// The counts are what tells the end; the entries, of which there may be more than one page, only say why.
pub(super) fn progress<'a>(
    object: &Object,
    entries: impl Iterator<Item = &'a Object>,
) -> Result<Progress, String> {
    let needed = |name| count(object, name).ok_or_else(|| format!("it has no {name}"));
    let mut progress = Progress {
        total: needed("TotalCount")?,
        success: needed("SuccessTotalCount")?,
        failed: needed("FailedTotalCount")?,
        running: needed("RunningTotalCount")?,
        // Older answers lack this one.
        pending: count(object, "PendingTotalCount").unwrap_or(0),
        ..Progress::default()
    };
    for entry in entries {
        match decode::int(entry, "Status") {
            Some(6) => progress.nothing += 1,
            Some(2 | 5) if progress.reasons.len() < 3 => {
                let why =
                    decode::text(entry, "ErrorMsg").unwrap_or_else(|| "no reason given".to_owned());
                let text = clean(&format!("{}: {why}", item(entry)), LONGEST_REASON);
                if !progress.reasons.contains(&text) {
                    progress.reasons.push(text);
                }
            }
            _ => {}
        }
    }
    Ok(progress)
}

/// What an item is called: by its ids; CDN, TEO, LIVE, WAF and VOD items have none but their domains.
fn item(entry: &Object) -> String {
    let mut parts: Vec<String> = ["InstanceId", "ListenerId", "Bucket", "SecretName"]
        .into_iter()
        .filter_map(|name| decode::text(entry, name))
        .filter(|text| !text.is_empty())
        .collect();
    if parts.is_empty() {
        parts = decode::texts(entry, "Domains");
        parts.extend(decode::text(entry, "Domain"));
        parts.retain(|text| !text.is_empty());
        parts.dedup();
    }
    let more = parts.len().saturating_sub(MOST_NAMED);
    parts.truncate(MOST_NAMED);
    match (parts.join("|"), more) {
        (named, _) if named.is_empty() => "a resource without a name".to_owned(),
        (named, 0) => named,
        (named, more) => format!("{named} and {more} more"),
    }
}

fn count(object: &Object, name: &str) -> Option<u64> {
    decode::int(object, name).and_then(|count| u64::try_from(count).ok())
}

/// Every text and number below a value.
pub(super) fn gather(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Number(number) => {
            into.insert(number.to_string());
        }
        Value::Array(list) => list.iter().for_each(|value| gather(value, into)),
        Value::Object(object) => object.values().for_each(|value| gather(value, into)),
        Value::Bool(_) | Value::Null => {}
    }
}
