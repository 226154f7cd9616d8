//! The records of tasks on cloud resources: lists, details, and trying failed parts again.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::cloud::{Item, Record, RecordKind, item};
use super::dispatch::Action;
use super::listing::beijing;
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "DescribeHostUpdateRecordDetail",
        parameters: &[
            required("DeployRecordId", Kind::Text),
            optional("Limit", Kind::Text),
            optional("Offset", Kind::Text),
        ],
        run: update_detail,
    },
    Action {
        name: "DescribeHostUpdateRecord",
        parameters: &[
            optional("Offset", Kind::Number),
            optional("Limit", Kind::Number),
            optional("CertificateId", Kind::Text),
            optional("OldCertificateId", Kind::Text),
        ],
        run: update_records,
    },
    Action {
        name: "UpdateCertificateRecordRetry",
        parameters: &[
            optional("DeployRecordId", Kind::Number),
            optional("DeployRecordDetailId", Kind::Number),
        ],
        run: retry,
    },
    Action {
        name: "DescribeHostDeployRecordDetail",
        parameters: &[
            required("DeployRecordId", Kind::Text),
            optional("Offset", Kind::Number),
            optional("Limit", Kind::Number),
        ],
        run: deploy_detail,
    },
    Action {
        name: "DescribeHostDeployRecord",
        parameters: &[
            required("CertificateId", Kind::Text),
            optional("Offset", Kind::Number),
            optional("Limit", Kind::Number),
            optional("ResourceType", Kind::Text),
        ],
        run: deploy_records,
    },
];

/// Entries of one page at most, and without `Limit`.
const PAGE_LIMIT: usize = 200;
const PAGE_DEFAULT: usize = 10;

fn find<'a>(turn: &'a mut Turn<'_>, kind: RecordKind, id: &str) -> Result<&'a Record, Refusal> {
    turn.world.cloud.settle(turn.now);
    let id: i64 = id
        .parse()
        .map_err(|_| Refusal::value("DeployRecordId", "a number in a string"))?;
    let mut records = turn.world.cloud.records.iter();
    records
        .find(|record| record.id == id && record.kind == kind && record.account == turn.account)
        .ok_or_else(not_there)
}

fn not_there() -> Refusal {
    Refusal::new(
        "FailedOperation.CertificateDeployNotExist",
        "The deployment record does not exist.",
    )
}

fn counts(record: &Record) -> Value {
    json!({
        "TotalCount": record.items.len(),
        "SuccessTotalCount": record.count(item::DONE),
        "FailedTotalCount": record.count(item::FAILED),
        "RunningTotalCount": record.count(item::RUNNING),
        "PendingTotalCount": record.count(item::WAITING),
    })
}

/// Details carry ISO times in UTC with microseconds; lists the plain form.
fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn entry(turn: &Turn<'_>, record: &Record, item: &Item, deploys: bool) -> Value {
    let resource = &turn.world.cloud.resources[item.resource];
    let parts: Vec<&str> = resource.instance.split('|').collect();
    let part = |place: usize| parts.get(place).copied();
    let listener = (resource.kind == "clb").then(|| part(1)).flatten();
    // These are told by their domains alone.
    let by_domain = matches!(
        resource.kind.as_str(),
        "cdn" | "teo" | "live" | "waf" | "vod"
    );
    let domains = by_domain.then(|| part(0).into_iter().collect::<Vec<_>>());
    let mut entry = json!({
        "Id": item.id,
        "CertId": record.new,
        "OldCertId": item.old.clone().unwrap_or_default(),
        "Domains": domains,
        "Region": resource.region,
        "Status": item.status,
        "ErrorMsg": if item.status == item::FAILED { "The instance is busy." } else { "" },
        "CreateTime": iso(record.created),
        "UpdateTime": iso(record.updated),
        "InstanceId": if by_domain { None } else { part(0) },
        "InstanceName": null,
        "ListenerId": listener,
        "Protocol": null,
    });
    if !deploys {
        entry["ResourceType"] = resource.kind.clone().into();
    }
    entry
}

fn text_page(parameters: &Parameters) -> Result<(usize, usize), Refusal> {
    let number = |name: &str, default: usize| match parameters.text(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::value(name, "a number in a string")),
    };
    Ok((
        number("Offset", 0)?,
        number("Limit", PAGE_DEFAULT)?.min(PAGE_LIMIT),
    ))
}

fn page(parameters: &Parameters) -> (usize, usize) {
    let number = |name: &str, default: usize| {
        let given = parameters
            .number(name)
            .and_then(|number| usize::try_from(number).ok());
        given.unwrap_or(default)
    };
    (
        number("Offset", 0),
        number("Limit", PAGE_DEFAULT).min(PAGE_LIMIT),
    )
}

fn update_detail(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let (offset, limit) = text_page(parameters)?;
    let id = find(
        turn,
        RecordKind::Update,
        parameters.needed("DeployRecordId"),
    )?
    .id;
    let records = &turn.world.cloud.records;
    let record = records
        .iter()
        .find(|record| record.id == id)
        .ok_or_else(not_there)?;
    let lists: Vec<Value> = record
        .types
        .iter()
        .map(|kind| {
            let own = record
                .items
                .iter()
                .filter(|item| turn.world.cloud.resources[item.resource].kind == *kind);
            let all: Vec<Value> = own.map(|item| entry(turn, record, item, false)).collect();
            let total = all.len();
            let page: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
            json!({"ResourceType": kind, "TotalCount": total, "List": page})
        })
        .collect();
    let mut answer = counts(record);
    answer["RecordDetailList"] = lists.into();
    Ok(answer)
}

fn deploy_detail(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let (offset, limit) = page(parameters);
    let id = find(
        turn,
        RecordKind::Deploy,
        parameters.needed("DeployRecordId"),
    )?
    .id;
    let records = &turn.world.cloud.records;
    let record = records
        .iter()
        .find(|record| record.id == id)
        .ok_or_else(not_there)?;
    let items = record.items.iter().skip(offset).take(limit);
    let list: Vec<Value> = items.map(|item| entry(turn, record, item, true)).collect();
    let mut answer = counts(record);
    answer["DeployRecordDetailList"] = list.into();
    Ok(answer)
}

fn update_records(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    turn.world.cloud.settle(turn.now);
    let (new, old) = (
        parameters.text("CertificateId"),
        parameters.text("OldCertificateId"),
    );
    let fits = |record: &&Record| {
        record.kind == RecordKind::Update
            && record.account == turn.account
            && new.is_none_or(|id| record.new == id)
            && old.is_none_or(|id| record.old.as_deref() == Some(id))
    };
    let found: Vec<&Record> = turn.world.cloud.records.iter().rev().filter(fits).collect();
    let (offset, limit) = page(parameters);
    let shown: Vec<Value> = found
        .iter()
        .skip(offset)
        .take(limit)
        .map(|record| {
            json!({
                "Id": record.id, "CertId": record.new, "OldCertId": record.old, "ResourceTypes": record.types,
                "Regions": record.regions, "Status": record.status(), "CreateTime": beijing(record.created),
                "UpdateTime": beijing(record.updated),
            })
        })
        .collect();
    Ok(json!({"TotalCount": found.len(), "DeployRecordList": shown}))
}

fn deploy_records(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    turn.world.cloud.settle(turn.now);
    let (new, kind) = (
        parameters.needed("CertificateId"),
        parameters.text("ResourceType"),
    );
    let fits = |record: &&Record| {
        record.kind == RecordKind::Deploy
            && record.account == turn.account
            && record.new == new
            && kind.is_none_or(|kind| record.types == [kind])
    };
    let found: Vec<&Record> = turn.world.cloud.records.iter().rev().filter(fits).collect();
    let (offset, limit) = page(parameters);
    let shown: Vec<Value> = found
        .iter()
        .skip(offset)
        .take(limit)
        .map(|record| {
            json!({
                "Id": record.id, "CertId": record.new, "ResourceType": record.types.first(),
                "Region": record.regions.first(), "Status": record.status(), "CreateTime": beijing(record.created),
                "UpdateTime": beijing(record.updated),
            })
        })
        .collect();
    Ok(json!({"TotalCount": found.len(), "DeployRecordList": shown}))
}

fn retry(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    turn.world.cloud.settle(turn.now);
    let (record, detail) = (
        parameters.number("DeployRecordId"),
        parameters.number("DeployRecordDetailId"),
    );
    if record.is_none() && detail.is_none() {
        return Err(Refusal::new(
            "MissingParameter",
            "DeployRecordId or DeployRecordDetailId is needed.",
        ));
    }
    let records = turn.world.cloud.records.iter();
    let mut own =
        records.filter(|known| known.account == turn.account && known.kind == RecordKind::Update);
    let found = own.find(|known| {
        Some(known.id) == record || known.items.iter().any(|item| Some(item.id) == detail)
    });
    let id = found.map(|found| found.id).ok_or_else(not_there)?;
    if turn.world.cloud.retry(turn.now, id) {
        return Ok(json!({}));
    }
    Err(Refusal::new(
        "FailedOperation.CertificateDeployRetryStatusInvalid",
        "The record has nothing to be tried again.",
    ))
}
