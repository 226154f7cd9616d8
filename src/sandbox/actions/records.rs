//! The records of tasks on cloud resources: lists, details, and trying failed parts again.

use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::text::{beijing, iso};
use crate::sandbox::world::cloud::{Item, Record, RecordKind, item};

pub(super) const ACTIONS: &[Action] = &[
    Action::new("DescribeHostUpdateRecordDetail", update_detail)
        .required("DeployRecordId", Kind::Text)
        .optional("Limit", Kind::Text)
        .optional("Offset", Kind::Text),
    Action::new("DescribeHostUpdateRecord", update_records)
        .optional("Offset", Kind::Number)
        .optional("Limit", Kind::Number)
        .optional("CertificateId", Kind::Text)
        .optional("OldCertificateId", Kind::Text),
    Action::new("UpdateCertificateRecordRetry", retry)
        .optional("DeployRecordId", Kind::Number)
        .optional("DeployRecordDetailId", Kind::Number),
    Action::new("DescribeHostDeployRecordDetail", deploy_detail)
        .required("DeployRecordId", Kind::Text)
        .optional("Offset", Kind::Number)
        .optional("Limit", Kind::Number),
    Action::new("DescribeHostDeployRecord", deploy_records)
        .by_id()
        .optional("Offset", Kind::Number)
        .optional("Limit", Kind::Number)
        .optional("ResourceType", Kind::Text),
];

/// Entries of one page at most, and without `Limit`.
const PAGE_LIMIT: usize = 200;
const PAGE_DEFAULT: usize = 10;

/// The caller's record that `DeployRecordId` names.
fn find<'a>(
    call: &'a Call<'_>,
    parameters: &Parameters,
    kind: RecordKind,
) -> Result<&'a Record, Refusal> {
    let id: i64 = parameters
        .needed("DeployRecordId")
        .parse()
        .map_err(|_| Refusal::value("DeployRecordId", "a number in a string"))?;
    let mut records = call.world.cloud.records.iter();
    records
        .find(|record| record.id == id && record.is_of(call.account, kind))
        .ok_or(Refusal::DEPLOY_NOT_EXIST)
}

/// The answer about one record, with its list under this name.
fn detail(record: &Record, name: &str, list: Vec<Value>) -> Result<Answer, Refusal> {
    let mut fields = json!({
        "TotalCount": record.items.len(),
        "SuccessTotalCount": record.count(item::DONE),
        "FailedTotalCount": record.count(item::FAILED),
        "RunningTotalCount": record.count(item::RUNNING),
        "PendingTotalCount": record.count(item::WAITING),
    });
    fields[name] = list.into();
    answer(fields)
}

fn entry(call: &Call<'_>, record: &Record, item: &Item) -> Value {
    let resource = &call.world.cloud.resources[item.resource];
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
        "ErrorMsg": if item.status == item::FAILED { &item.message } else { "" },
        "CreateTime": iso(record.created),
        "UpdateTime": iso(record.updated),
        "InstanceId": if by_domain { None } else { part(0) },
        "InstanceName": null,
        "ListenerId": listener,
        "Protocol": null,
    });
    if record.kind == RecordKind::Update {
        entry["ResourceType"] = resource.kind.clone().into();
    }
    entry
}

fn update_detail(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let page = parameters.text_page(PAGE_DEFAULT, PAGE_LIMIT)?;
    call.settle();
    let record = find(call, parameters, RecordKind::Update)?;
    let resources = &call.world.cloud.resources;
    let list_of = |kind: &String| {
        let items = record.items.iter();
        let own: Vec<&Item> = items
            .filter(|item| resources[item.resource].kind == *kind)
            .collect();
        let shown = page.of(&own).map(|item| entry(call, record, item));
        json!({"ResourceType": kind, "TotalCount": own.len(), "List": shown.collect::<Vec<_>>()})
    };
    let lists = record.types.iter().map(list_of).collect();
    detail(record, "RecordDetailList", lists)
}

fn deploy_detail(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let page = parameters.page(PAGE_DEFAULT, PAGE_LIMIT);
    call.settle();
    let record = find(call, parameters, RecordKind::Deploy)?;
    let items = page.of(&record.items);
    let list = items.map(|item| entry(call, record, item)).collect();
    detail(record, "DeployRecordDetailList", list)
}

fn update_records(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let new = parameters.text("CertificateId");
    let old = parameters.text("OldCertificateId");
    let fits = |record: &Record| {
        new.is_none_or(|id| record.new == id)
            && old.is_none_or(|id| record.old.as_deref() == Some(id))
    };
    list(call, parameters, RecordKind::Update, fits)
}

fn deploy_records(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let new = parameters.needed("CertificateId");
    let kind = parameters.text("ResourceType");
    let fits =
        |record: &Record| record.new == new && kind.is_none_or(|kind| record.types == [kind]);
    list(call, parameters, RecordKind::Deploy, fits)
}

/// The caller's records of this kind that fit, the newest first.
fn list(
    call: &mut Call<'_>,
    parameters: &Parameters,
    kind: RecordKind,
    fits: impl Fn(&Record) -> bool,
) -> Result<Answer, Refusal> {
    let account = call.account;
    let newest_first = call.settle().records.iter().rev();
    let found: Vec<&Record> = newest_first
        .filter(|record| record.is_of(account, kind) && fits(record))
        .collect();
    let page = parameters.page(PAGE_DEFAULT, PAGE_LIMIT).of(&found);
    let shown = page.map(|record| {
        let mut shown = json!({
            "Id": record.id, "CertId": record.new, "Status": record.status(),
            "CreateTime": beijing(record.created), "UpdateTime": beijing(record.updated),
        });
        match kind {
            RecordKind::Update => {
                shown["OldCertId"] = json!(record.old);
                shown["ResourceTypes"] = json!(record.types);
                shown["Regions"] = json!(record.regions);
            }
            RecordKind::Deploy => {
                shown["ResourceType"] = json!(record.types.first());
                shown["Region"] = json!(record.regions.first());
            }
        }
        shown
    });
    let shown: Vec<Value> = shown.collect();
    answer(json!({"TotalCount": found.len(), "DeployRecordList": shown}))
}

fn retry(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    call.settle();
    let record = parameters.number("DeployRecordId");
    let detail = parameters.number("DeployRecordDetailId");
    if record.is_none() && detail.is_none() {
        return Err(Refusal::NO_RECORD_ID);
    }
    let is_meant = |known: &Record| {
        let mut items = known.items.iter();
        known.is_of(call.account, RecordKind::Update)
            && (Some(known.id) == record || items.any(|item| Some(item.id) == detail))
    };
    let cloud = &mut call.world.cloud;
    let place = cloud.records.iter().position(is_meant);
    if cloud.retry(call.now, place.ok_or(Refusal::DEPLOY_NOT_EXIST)?) {
        return answer(json!({}));
    }
    Err(Refusal::DEPLOY_RETRY_STATUS_INVALID)
}
