//! The DNS service (dnspod, 2021-03-23): zones and records, as far as proofs of control need them.
//!
//! Whether a proof in one of these zones holds is decided here too: the CA of the stand-in sees what is in them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::dispatch::Action;
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::{Turn, World};

/// The least TTL that a free plan takes, in seconds.
const LEAST_TTL: i64 = 600;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "DescribeDomainList",
        parameters: &[
            optional("Type", Kind::Text),
            optional("Offset", Kind::Number),
            optional("Limit", Kind::Number),
            optional("Keyword", Kind::Text),
            optional("GroupId", Kind::Number),
        ],
        run: zones,
    },
    Action {
        name: "DescribeRecordList",
        parameters: &[
            required("Domain", Kind::Text),
            optional("DomainId", Kind::Number),
            optional("SubDomain", Kind::Text),
            optional("RecordType", Kind::Text),
            optional("RecordLine", Kind::Text),
            optional("RecordLineId", Kind::Text),
            optional("Keyword", Kind::Text),
            optional("Offset", Kind::Number),
            optional("Limit", Kind::Number),
            optional("ErrorOnEmpty", Kind::Text),
        ],
        run: records,
    },
    Action {
        name: "CreateRecord",
        parameters: &[
            required("Domain", Kind::Text),
            required("RecordType", Kind::Text),
            required("RecordLine", Kind::Text),
            required("Value", Kind::Text),
            optional("DomainId", Kind::Number),
            optional("SubDomain", Kind::Text),
            optional("RecordLineId", Kind::Text),
            optional("MX", Kind::Number),
            optional("TTL", Kind::Number),
            optional("Weight", Kind::Number),
            optional("Status", Kind::Text),
            optional("Remark", Kind::Text),
        ],
        run: create,
    },
    Action {
        name: "DeleteRecord",
        parameters: &[
            required("Domain", Kind::Text),
            required("RecordId", Kind::Number),
            optional("DomainId", Kind::Number),
        ],
        run: delete,
    },
];

/// All zones of all accounts.
#[derive(Default)]
pub(super) struct Zones {
    zones: Vec<Zone>,
    last_id: i64,
}

struct Zone {
    id: i64,
    account: usize,
    name: String,
    records: Vec<Record>,
}

struct Record {
    id: i64,
    host: String,
    kind: String,
    value: String,
    ttl: i64,
    remark: String,
    listed_from: DateTime<Utc>,
}

impl Zones {
    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Hosts a zone in an account, unless it does already.
    pub(super) fn host(&mut self, account: usize, name: &str) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let known = |zone: &Zone| zone.account == account && zone.name == name;
        if !self.zones.iter().any(known) {
            let id = self.next_id();
            self.zones.push(Zone {
                id,
                account,
                name,
                records: Vec::new(),
            });
        }
    }

    /// The values of this name and type as the world sees them, if the name is in a zone that is hosted here.
    pub(super) fn seen(&self, name: &str, kind: &str) -> Option<Vec<String>> {
        let zone = self
            .zones
            .iter()
            .filter(|zone| host_in(name, &zone.name).is_some())
            .max_by_key(|zone| zone.name.len())?;
        let host = host_in(name, &zone.name)?;
        let values = zone
            .records
            .iter()
            .filter(|record| record.host.eq_ignore_ascii_case(&host) && record.kind == kind);
        Some(values.map(|record| record.value.clone()).collect())
    }

    /// Everything, for the management port.
    pub(super) fn shown(&self) -> Value {
        let zones = self.zones.iter().map(|zone| {
            let records = zone.records.iter().map(|record| {
                json!({"id": record.id, "host": record.host, "type": record.kind, "value": record.value,
                       "remark": record.remark})
            });
            json!({"name": zone.name, "account": zone.account, "records": records.collect::<Vec<_>>()})
        });
        Value::from(zones.collect::<Vec<_>>())
    }

    fn of(&mut self, account: usize, name: &str, id: Option<i64>) -> Result<&mut Zone, Refusal> {
        let fits = |zone: &Zone| match id {
            Some(id) => zone.id == id,
            None => zone.name.eq_ignore_ascii_case(name),
        };
        self.zones
            .iter_mut()
            .find(|zone| zone.account == account && fits(zone))
            .ok_or_else(|| {
                Refusal::new(
                    "InvalidParameterValue.DomainNotExists",
                    "The domain does not exist in this account.",
                )
            })
    }
}

fn host_in(name: &str, zone: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    if name == zone {
        return Some("@".into());
    }
    let host = name.strip_suffix(zone)?.strip_suffix('.')?;
    Some(host.to_string())
}

fn zones(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let account = turn.account;
    let own = turn
        .world
        .zones
        .zones
        .iter()
        .filter(|zone| zone.account == account);
    let all: Vec<Value> = own
        .map(|zone| {
            json!({"DomainId": zone.id, "Name": zone.name, "Punycode": zone.name, "Status": "ENABLE",
                   "DNSStatus": "", "Grade": "DP_FREE", "TTL": LEAST_TTL, "RecordCount": zone.records.len()})
        })
        .collect();
    if all.is_empty() {
        return Err(Refusal::new(
            "ResourceNotFound.NoDataOfDomain",
            "There is no domain.",
        ));
    }
    let total = all.len();
    let page = page(all, parameters);
    Ok(
        json!({"DomainCountInfo": {"AllTotal": total, "DomainTotal": page.len()}, "DomainList": page}),
    )
}

fn page(all: Vec<Value>, parameters: &Parameters) -> Vec<Value> {
    let number = |name, default| {
        let number = parameters.number(name).unwrap_or(default);
        usize::try_from(number).unwrap_or(0)
    };
    let limit = number("Limit", 3000).min(3000);
    all.into_iter()
        .skip(number("Offset", 0))
        .take(limit)
        .collect()
}

fn records(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let (account, now) = (turn.account, turn.now);
    let id = parameters.number("DomainId");
    let zone = turn
        .world
        .zones
        .of(account, parameters.needed("Domain"), id)?;
    let fits = |record: &&Record| {
        parameters
            .text("SubDomain")
            .is_none_or(|host| record.host.eq_ignore_ascii_case(host))
            && parameters
                .text("RecordType")
                .is_none_or(|kind| record.kind == kind)
            && record.listed_from <= now
    };
    let all: Vec<Value> = zone
        .records
        .iter()
        .filter(fits)
        .map(|record| {
            // Targets come back with a dot at their end.
            let dot = if record.kind == "CNAME" { "." } else { "" };
            json!({"RecordId": record.id, "Name": record.host, "Type": record.kind,
                   "Value": format!("{}{dot}", record.value), "TTL": record.ttl, "Line": "默认", "LineId": "0",
                   "Status": "ENABLE", "Remark": record.remark, "DefaultNS": false})
        })
        .collect();
    if all.is_empty() && parameters.text("ErrorOnEmpty") != Some("no") {
        return Err(Refusal::new(
            "ResourceNotFound.NoDataOfRecord",
            "The list of records is empty.",
        ));
    }
    let total = all.len();
    let page = page(all, parameters);
    let count = json!({"SubdomainCount": total, "ListCount": page.len(), "TotalCount": total});
    Ok(json!({"RecordCountInfo": count, "RecordList": page}))
}

fn create(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let listed_from = turn.now + turn.world.listing_delay;
    let account = turn.account;
    let line = parameters.text("RecordLineId").map_or_else(
        || ["默认", "Default"].contains(&parameters.needed("RecordLine")),
        |id| id == "0",
    );
    if !line {
        return Err(Refusal::new(
            "InvalidParameter.RecordLineInvalid",
            "The line is not valid.",
        ));
    }
    let ttl = parameters.number("TTL").unwrap_or(LEAST_TTL);
    if ttl < LEAST_TTL {
        return Err(Refusal::new(
            "LimitExceeded.RecordTtlLimit",
            "The TTL is below the plan's.",
        ));
    }
    let kind = parameters.needed("RecordType");
    if !["TXT", "CNAME", "A", "AAAA"].contains(&kind) {
        return Err(Refusal::new(
            "InvalidParameter.RecordTypeInvalid",
            "The type is not valid.",
        ));
    }
    let new_id = turn.world.zones.next_id();
    let id = parameters.number("DomainId");
    let zone = turn
        .world
        .zones
        .of(account, parameters.needed("Domain"), id)?;
    let record = Record {
        id: new_id,
        host: parameters.text("SubDomain").unwrap_or("@").to_string(),
        kind: kind.to_string(),
        value: parameters.needed("Value").trim_end_matches('.').to_string(),
        ttl,
        remark: parameters.text("Remark").unwrap_or_default().to_string(),
        listed_from,
    };
    let same = |old: &Record| {
        old.host.eq_ignore_ascii_case(&record.host)
            && old.kind == record.kind
            && old.value == record.value
    };
    if zone.records.iter().any(same) {
        return Err(Refusal::new(
            "InvalidParameter.DomainRecordExist",
            "The record exists already.",
        ));
    }
    zone.records.push(record);
    Ok(json!({ "RecordId": new_id }))
}

fn delete(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let account = turn.account;
    let id = parameters.number("DomainId");
    let zone = turn
        .world
        .zones
        .of(account, parameters.needed("Domain"), id)?;
    let wanted = parameters.number("RecordId").unwrap_or_default();
    let before = zone.records.len();
    zone.records.retain(|record| record.id != wanted);
    if zone.records.len() == before {
        return Err(Refusal::new(
            "InvalidParameter.RecordIdInvalid",
            "There is no such record.",
        ));
    }
    Ok(json!({}))
}

impl World {
    /// The values that the CA sees for a record, where the stand-in itself hosts its zone.
    pub(super) fn hosted(&self, name: &str, kind: &str) -> Option<Vec<String>> {
        self.zones.seen(name, kind)
    }
}
