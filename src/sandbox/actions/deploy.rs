//! Moving resources from one certificate to another, and deploying to named ones. What comes of it is in `records`.

use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::cloud::{Record, RecordKind};
use crate::sandbox::world::order::status;
use crate::sandbox::world::resource_type::{
    deploys_by_region, is_deployable, is_instance, is_movable, moves_by_region,
};

pub(super) const ACTIONS: &[Action] = &[
    Action::new("UpdateCertificateInstance", update)
        .required("OldCertificateId", Kind::Text)
        .required("ResourceTypes", Kind::Texts)
        .optional("CertificateId", Kind::Text)
        .optional("Regions", Kind::Texts)
        .optional("ResourceTypesRegions", Kind::Objects)
        .optional("CertificatePublicKey", Kind::Text)
        .optional("CertificatePrivateKey", Kind::Text)
        .optional("ExpiringNotificationSwitch", Kind::Number)
        .optional("Repeatable", Kind::Flag)
        .optional("AllowDownload", Kind::Flag)
        .optional("Tags", Kind::Objects)
        .optional("ProjectId", Kind::Number),
    Action::new("DeployCertificateInstance", deploy)
        .by_id()
        .required("InstanceIdList", Kind::Texts)
        .optional("ResourceType", Kind::Text)
        .optional("Status", Kind::Number)
        .optional("IsCache", Kind::Number),
];

fn update(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let old = parameters.needed("OldCertificateId").to_owned();
    let new = usable(call, parameters.text("CertificateId"))?;
    call.certificate(&old)?;
    if old == new {
        return Err(Refusal::SAME_CERTIFICATES);
    }
    if !matches!(
        parameters.number("ExpiringNotificationSwitch"),
        None | Some(0 | 1)
    ) {
        return Err(Refusal::value("ExpiringNotificationSwitch", "0 or 1"));
    }
    let types = checked_types(parameters)?;
    let regions = regions(parameters, &types)?;
    call.settle().check_types(&types)?;
    if let Some(running) = running(call, &old, &new, &types)? {
        return created(running, &types);
    }
    let key = format!("{}/{old}/{new}/{}", call.account, types.join(","));
    if call.world.cloud.gathers(key) {
        return created(0, &types);
    }
    let fits = |kind: &str, region: &str| {
        types.iter().any(|wanted| wanted == kind)
            && (!moves_by_region(kind) || regions.iter().any(|(k, r)| k == kind && r == region))
    };
    let resources = call.world.cloud.resources.iter().enumerate();
    let found: Vec<usize> = resources
        .filter(|(_, resource)| resource.has(call.account, &old))
        .filter(|(_, resource)| fits(&resource.kind, &resource.region))
        .map(|(place, _)| place)
        .collect();
    if found.is_empty() {
        return Err(Refusal::DEPLOY_INSTANCE_EMPTY);
    }
    let record = Record {
        old: Some(old),
        types: types.clone(),
        regions: regions.into_iter().map(|(_, region)| region).collect(),
        ..record(call, RecordKind::Update, new)
    };
    let id = call.world.cloud.begin(call.now, record, &found);
    if let Some(switch) = parameters.number("ExpiringNotificationSwitch") {
        let old = parameters.needed("OldCertificateId");
        call.certificate_mut(old)?.muted = switch == 1;
    }
    created(id, &types)
}

fn checked_types(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let types = parameters.texts("ResourceTypes");
    if types.is_empty() || types.iter().any(|kind| !is_movable(kind)) {
        return Err(Refusal::RESOURCE_TYPES_INVALID);
    }
    Ok(types.into_iter().map(str::to_owned).collect())
}

/// Type and region, flat; every regional type must be there.
fn regions(parameters: &Parameters, types: &[String]) -> Result<Vec<(String, String)>, Refusal> {
    let mut found = Vec::new();
    for entry in parameters.objects("ResourceTypesRegions") {
        let kind = entry.get("ResourceType").and_then(Value::as_str);
        let list = entry.get("Regions").and_then(Value::as_array);
        let (Some(kind), Some(list)) = (kind, list) else {
            return Err(Refusal::value(
                "ResourceTypesRegions",
                "ResourceType and Regions in each",
            ));
        };
        let names = list.iter().filter_map(Value::as_str);
        found.extend(names.map(|region| (kind.to_owned(), region.to_owned())));
    }
    let lacking = types
        .iter()
        .find(|kind| moves_by_region(kind) && found.iter().all(|(known, _)| known != *kind));
    match lacking {
        None => Ok(found),
        Some(kind) => Err(Refusal::new(
            "InvalidParameter",
            format!("ResourceTypesRegions must name the regions of `{kind}`."),
        )),
    }
}

/// The running record of the same move; refused where another move to the same certificate is running.
fn running(
    call: &Call<'_>,
    old: &str,
    new: &str,
    types: &[String],
) -> Result<Option<i64>, Refusal> {
    let mut records = call.world.cloud.records.iter();
    let running = records.find(|record| {
        record.is_of(call.account, RecordKind::Update)
            && record.is_running()
            && (record.new == new || record.old.as_deref() == Some(old))
    });
    let Some(record) = running else {
        return Ok(None);
    };
    if record.new == new && record.old.as_deref() == Some(old) && record.types == types {
        return Ok(Some(record.id));
    }
    Err(Refusal::DEPLOY_HAS_PENDING_RECORD)
}

/// `DeployStatus` says 1 only now and then, as people have seen.
fn created(id: i64, types: &[String]) -> Result<Answer, Refusal> {
    let status = if id > 0 { 1 } else { 3 };
    let progress = types.iter().map(|kind| {
        let regions = json!([{"Region": "", "TotalCount": 1, "OffsetCount": i64::from(id > 0), "Status": status}]);
        json!({"ResourceType": kind, "UpdateSyncProgressRegions": regions, "Status": status})
    });
    let progress: Vec<Value> = progress.collect();
    answer(json!({"DeployRecordId": id, "DeployStatus": id % 2, "UpdateSyncProgress": progress}))
}

/// What all records begin with.
fn record(call: &Call<'_>, kind: RecordKind, new: String) -> Record {
    Record {
        id: 0,
        kind,
        account: call.account,
        old: None,
        new,
        types: Vec::new(),
        regions: Vec::new(),
        created: call.now,
        updated: call.now,
        items: Vec::new(),
        retries: 0,
    }
}

/// The certificate that resources are to get: the caller's, and valid.
fn usable(call: &Call<'_>, id: Option<&str>) -> Result<String, Refusal> {
    let Some(id) = id else {
        return Err(Refusal::NO_CERTIFICATE_ID);
    };
    if call.certificate(id)?.status(call.now) == status::ISSUED {
        return Ok(id.to_owned());
    }
    Err(Refusal::CERTIFICATE_NOT_AVAILABLE)
}

fn deploy(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let new = usable(call, parameters.text("CertificateId"))?;
    let kind = parameters.text("ResourceType").unwrap_or("clb");
    if !is_deployable(kind) {
        return Err(Refusal::RESOURCE_TYPE_INVALID);
    }
    let region = call.region.unwrap_or_default();
    if deploys_by_region(kind) && region.is_empty() {
        return Err(Refusal::NO_REGION);
    }
    let instances = parameters.texts("InstanceIdList");
    if instances.iter().any(|text| !is_instance(kind, text)) {
        return Err(Refusal::DEPLOY_INSTANCE_FORMAT);
    }
    let types = vec![kind.to_owned()];
    call.settle().check_types(&types)?;
    let cloud = &call.world.cloud;
    let running = cloud.records.iter().find(|record| {
        record.is_of(call.account, RecordKind::Deploy)
            && record.new == new
            && record.types == types
            && record.is_running()
    });
    if let Some(running) = running {
        return answer(json!({"DeployRecordId": running.id, "DeployStatus": 0}));
    }
    let mut found = Vec::new();
    for instance in instances {
        let place = named(call, kind, region, instance).ok_or(Refusal::DEPLOY_INSTANCE_EMPTY)?;
        if cloud.resources[place].certificate.as_ref() == Some(&new) {
            return Err(Refusal::NOT_DEPLOY_INSTANCE);
        }
        found.push(place);
    }
    if found.is_empty() {
        return Err(Refusal::DEPLOY_INSTANCE_EMPTY);
    }
    let record = Record {
        types,
        regions: vec![region.to_owned()],
        ..record(call, RecordKind::Deploy, new)
    };
    let id = call.world.cloud.begin(call.now, record, &found);
    answer(json!({"DeployRecordId": id, "DeployStatus": 1}))
}

/// The place of the caller's resource of that type and name, in that region where the type has regions.
fn named(call: &Call<'_>, kind: &str, region: &str, instance: &str) -> Option<usize> {
    let is_same = |name: &str| match kind {
        // The second part is a switch, or what is there already.
        "cdn" | "tse" | "mqtt" => name.split('|').next() == instance.split('|').next(),
        _ => name == instance,
    };
    call.world.cloud.resources.iter().position(|resource| {
        resource.account == call.account
            && resource.kind == kind
            && (!deploys_by_region(kind) || resource.region == region)
            && is_same(&resource.instance)
    })
}
