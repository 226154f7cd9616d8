//! The DNS service (dnspod, 2021-03-23), as far as proofs of control need it.

use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::zones::{Zone, ZoneRecord};

/// The least TTL that a free plan takes, in seconds.
const LEAST_TTL: i64 = 600;
/// Entries of one page at most, and without `Limit`.
const PAGE_LIMIT: usize = 3000;

pub(super) const ACTIONS: &[Action] = &[
    Action::new("DescribeDomainList", zones)
        .optional("Type", Kind::Text)
        .optional("Offset", Kind::Number)
        .optional("Limit", Kind::Number)
        .optional("Keyword", Kind::Text)
        .optional("GroupId", Kind::Number),
    Action::new("DescribeRecordList", records)
        .required("Domain", Kind::Text)
        .optional("DomainId", Kind::Number)
        .optional("SubDomain", Kind::Text)
        .optional("RecordType", Kind::Text)
        .optional("RecordLine", Kind::Text)
        .optional("RecordLineId", Kind::Text)
        .optional("Keyword", Kind::Text)
        .optional("Offset", Kind::Number)
        .optional("Limit", Kind::Number)
        .optional("ErrorOnEmpty", Kind::Text),
    Action::new("CreateRecord", create)
        .required("Domain", Kind::Text)
        .required("RecordType", Kind::Text)
        .required("RecordLine", Kind::Text)
        .required("Value", Kind::Text)
        .optional("DomainId", Kind::Number)
        .optional("SubDomain", Kind::Text)
        .optional("RecordLineId", Kind::Text)
        .optional("MX", Kind::Number)
        .optional("TTL", Kind::Number)
        .optional("Weight", Kind::Number)
        .optional("Status", Kind::Text)
        .optional("Remark", Kind::Text),
    Action::new("DeleteRecord", delete)
        .required("Domain", Kind::Text)
        .required("RecordId", Kind::Number)
        .optional("DomainId", Kind::Number),
];

/// The zone that a call names.
fn named<'a>(call: &'a mut Call<'_>, parameters: &Parameters) -> Result<&'a mut Zone, Refusal> {
    let (name, id) = (parameters.needed("Domain"), parameters.number("DomainId"));
    call.world.zones.of(call.account, name, id)
}

fn zones(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let all: Vec<&Zone> = call.world.zones.hosted_by(call.account).collect();
    if all.is_empty() {
        return Err(Refusal::NO_DATA_OF_DOMAIN);
    }
    let page = parameters.page(PAGE_LIMIT, PAGE_LIMIT).of(&all);
    let page: Vec<Value> = page
        .map(|zone| {
            json!({"DomainId": zone.id, "Name": zone.name, "Punycode": zone.name, "Status": "ENABLE",
                   "DNSStatus": "", "Grade": "DP_FREE", "TTL": LEAST_TTL, "RecordCount": zone.records.len()})
        })
        .collect();
    let count = json!({"AllTotal": all.len(), "DomainTotal": page.len()});
    answer(json!({"DomainCountInfo": count, "DomainList": page}))
}

fn records(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let now = call.now;
    let host = parameters.text("SubDomain");
    let kind = parameters.text("RecordType");
    let fits = |record: &&ZoneRecord| {
        host.is_none_or(|host| record.host.eq_ignore_ascii_case(host))
            && kind.is_none_or(|kind| record.kind == kind)
            && record.listed_from <= now
    };
    let zone = named(call, parameters)?;
    let all: Vec<&ZoneRecord> = zone.records.iter().filter(fits).collect();
    if all.is_empty() && parameters.text("ErrorOnEmpty") != Some("no") {
        return Err(Refusal::NO_DATA_OF_RECORD);
    }
    let page = parameters.page(PAGE_LIMIT, PAGE_LIMIT).of(&all);
    let page: Vec<Value> = page
        .map(|record| {
            // Targets come back with a dot at their end.
            let dot = if record.kind == "CNAME" { "." } else { "" };
            json!({"RecordId": record.id, "Name": record.host, "Type": record.kind,
                   "Value": format!("{}{dot}", record.value), "TTL": record.ttl, "Line": "默认", "LineId": "0",
                   "Status": "ENABLE", "Remark": record.remark, "DefaultNS": false})
        })
        .collect();
    let total = all.len();
    let count = json!({"SubdomainCount": total, "ListCount": page.len(), "TotalCount": total});
    answer(json!({"RecordCountInfo": count, "RecordList": page}))
}

fn create(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let listed_from = call.now + call.world.listing_delay;
    let line = parameters.text("RecordLineId").map_or_else(
        || ["默认", "Default"].contains(&parameters.needed("RecordLine")),
        |id| id == "0",
    );
    if !line {
        return Err(Refusal::RECORD_LINE_INVALID);
    }
    let ttl = parameters.number("TTL").unwrap_or(LEAST_TTL);
    if ttl < LEAST_TTL {
        return Err(Refusal::RECORD_TTL_LIMIT);
    }
    let kind = parameters.needed("RecordType");
    if !["TXT", "CNAME", "A", "AAAA"].contains(&kind) {
        return Err(Refusal::RECORD_TYPE_INVALID);
    }
    let new_id = call.world.zones.next_id();
    let zone = named(call, parameters)?;
    let record = ZoneRecord {
        id: new_id,
        host: parameters.text("SubDomain").unwrap_or("@").to_string(),
        kind: kind.to_string(),
        value: parameters.needed("Value").trim_end_matches('.').to_string(),
        ttl,
        remark: parameters.text("Remark").unwrap_or_default().to_string(),
        listed_from,
    };
    let same = |old: &ZoneRecord| {
        old.host.eq_ignore_ascii_case(&record.host)
            && old.kind == record.kind
            && old.value == record.value
    };
    if zone.records.iter().any(same) {
        return Err(Refusal::DOMAIN_RECORD_EXIST);
    }
    zone.records.push(record);
    answer(json!({ "RecordId": new_id }))
}

fn delete(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let zone = named(call, parameters)?;
    let wanted = parameters.number("RecordId").unwrap_or_default();
    let before = zone.records.len();
    zone.records.retain(|record| record.id != wanted);
    if zone.records.len() == before {
        return Err(Refusal::RECORD_ID_INVALID);
    }
    answer(json!({}))
}
