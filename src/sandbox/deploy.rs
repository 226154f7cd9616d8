//! Moving resources from one certificate to another, and deploying to named ones. What comes of it is in `records`.

use serde_json::{Value, json};

use super::cloud::{DEPLOY_REGIONAL, DEPLOYABLE, MOVABLE, REGIONAL, Record, RecordKind};
use super::dispatch::Action;
use super::order::status;
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "UpdateCertificateInstance",
        parameters: &[
            required("OldCertificateId", Kind::Text),
            required("ResourceTypes", Kind::Texts),
            optional("CertificateId", Kind::Text),
            optional("Regions", Kind::Texts),
            optional("ResourceTypesRegions", Kind::Objects),
            optional("CertificatePublicKey", Kind::Text),
            optional("CertificatePrivateKey", Kind::Text),
            optional("ExpiringNotificationSwitch", Kind::Number),
            optional("Repeatable", Kind::Flag),
            optional("AllowDownload", Kind::Flag),
            optional("Tags", Kind::Objects),
            optional("ProjectId", Kind::Number),
        ],
        run: update,
    },
    Action {
        name: "DeployCertificateInstance",
        parameters: &[
            required("CertificateId", Kind::Text),
            required("InstanceIdList", Kind::Texts),
            optional("ResourceType", Kind::Text),
            optional("Status", Kind::Number),
            optional("IsCache", Kind::Number),
        ],
        run: deploy,
    },
];

fn update(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let old = parameters.needed("OldCertificateId").to_owned();
    let new = usable(turn, parameters.text("CertificateId"))?;
    turn.world.register.of(turn.account, &old)?;
    if old == new {
        return Err(Refusal::new(
            "FailedOperation.InvalidParam",
            "The certificates are the same.",
        ));
    }
    let types = checked_types(parameters)?;
    let regions = regions(parameters, &types)?;
    turn.world.cloud.settle(turn.now);
    if let Some(refusal) = turn.world.cloud.refusal(&types) {
        return Err(refusal);
    }
    if let Some(running) = running(turn, &old, &new, &types)? {
        return Ok(created(running, &types));
    }
    if gathers(
        turn,
        &format!("{}/{old}/{new}/{}", turn.account, types.join(",")),
    ) {
        return Ok(created(0, &types));
    }
    let fits = |kind: &str, region: &str| {
        types.iter().any(|wanted| wanted == kind)
            && (!REGIONAL.contains(&kind) || regions.iter().any(|(k, r)| k == kind && r == region))
    };
    let found: Vec<usize> = turn
        .world
        .cloud
        .resources
        .iter()
        .enumerate()
        .filter(|(_, resource)| resource.account == turn.account)
        .filter(|(_, resource)| resource.certificate.as_deref() == Some(old.as_str()))
        .filter(|(_, resource)| fits(&resource.kind, &resource.region))
        .map(|(place, _)| place)
        .collect();
    if found.is_empty() {
        return Err(empty());
    }
    let regions = regions.into_iter().map(|(_, region)| region).collect();
    let record = record(
        turn,
        RecordKind::Update,
        Some(old),
        new,
        (types.clone(), regions),
    );
    let id = turn.world.cloud.begin(turn.now, record, &found);
    Ok(created(id, &types))
}

fn checked_types(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let types = parameters.texts("ResourceTypes");
    if types.is_empty() || types.iter().any(|kind| !MOVABLE.contains(kind)) {
        return Err(Refusal::new(
            "FailedOperation.CertificateHostResourceTypeInvalid",
            "ResourceTypes holds a type that is not supported.",
        ));
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
    let lacking = types.iter().find(|kind| {
        REGIONAL.contains(&kind.as_str()) && found.iter().all(|(known, _)| known != *kind)
    });
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
    turn: &Turn<'_>,
    old: &str,
    new: &str,
    types: &[String],
) -> Result<Option<i64>, Refusal> {
    let records = turn.world.cloud.records.iter();
    let mut running = records.filter(|record| {
        record.kind == RecordKind::Update
            && record.account == turn.account
            && record.is_running()
            && (record.new == new || record.old.as_deref() == Some(old))
    });
    let Some(record) = running.next() else {
        return Ok(None);
    };
    if record.new == new && record.old.as_deref() == Some(old) && record.types == types {
        return Ok(Some(record.id));
    }
    Err(Refusal::new(
        "FailedOperation.CertificateDeployHasPendingRecord",
        "A deployment of the certificate is running.",
    ))
}

/// Whether the service is still gathering what the move is about.
fn gathers(turn: &mut Turn<'_>, key: &str) -> bool {
    let cloud = &mut turn.world.cloud;
    let place = match cloud.gathering.iter().position(|(known, _)| known == key) {
        Some(place) => place,
        None => {
            cloud.gathering.push((key.to_owned(), 0));
            cloud.gathering.len() - 1
        }
    };
    if cloud.gathering[place].1 < cloud.gather {
        cloud.gathering[place].1 += 1;
        return true;
    }
    cloud.gathering.remove(place);
    false
}

/// `DeployStatus` says 1 only now and then, as people have seen.
fn created(id: i64, types: &[String]) -> Value {
    let progress: Vec<Value> = types
        .iter()
        .map(|kind| {
            let status = if id > 0 { 1 } else { 3 };
            let regions = json!([{"Region": "", "TotalCount": 1, "OffsetCount": i64::from(id > 0), "Status": status}]);
            json!({"ResourceType": kind, "UpdateSyncProgressRegions": regions, "Status": status})
        })
        .collect();
    json!({"DeployRecordId": id, "DeployStatus": id % 2, "UpdateSyncProgress": progress})
}

fn record(
    turn: &Turn<'_>,
    kind: RecordKind,
    old: Option<String>,
    new: String,
    (types, regions): (Vec<String>, Vec<String>),
) -> Record {
    Record {
        id: 0,
        kind,
        account: turn.account,
        old,
        new,
        types,
        regions,
        created: turn.now,
        updated: turn.now,
        items: Vec::new(),
        retries: 0,
    }
}

/// The certificate that resources are to get: the caller's, and valid.
fn usable(turn: &Turn<'_>, id: Option<&str>) -> Result<String, Refusal> {
    let Some(id) = id else {
        return Err(Refusal::new(
            "MissingParameter",
            "CertificateId is missing; this stand-in takes no uploads here.",
        ));
    };
    if turn.world.register.of(turn.account, id)?.status(turn.now) == status::ISSUED {
        return Ok(id.to_owned());
    }
    Err(Refusal::new(
        "FailedOperation.CertificateNotAvailable",
        "The certificate is not available.",
    ))
}

fn empty() -> Refusal {
    Refusal::new(
        "FailedOperation.CertificateDeployInstanceEmpty",
        "There is no instance to deploy to.",
    )
}

fn deploy(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let new = usable(turn, parameters.text("CertificateId"))?;
    let kind = parameters.text("ResourceType").unwrap_or("clb").to_owned();
    if !DEPLOYABLE.contains(&kind.as_str()) {
        return Err(Refusal::new(
            "FailedOperation.CertificateHostResourceTypeInvalid",
            "The resource type is not supported.",
        ));
    }
    let regional = DEPLOY_REGIONAL.contains(&kind.as_str());
    let region = turn.region.clone().unwrap_or_default();
    if regional && region.is_empty() {
        return Err(Refusal::new(
            "MissingParameter",
            "The header `X-TC-Region` is missing.",
        ));
    }
    turn.world.cloud.settle(turn.now);
    if let Some(refusal) = turn.world.cloud.refusal(std::slice::from_ref(&kind)) {
        return Err(refusal);
    }
    let cloud = &turn.world.cloud;
    let running = cloud.records.iter().find(|record| {
        record.kind == RecordKind::Deploy
            && record.account == turn.account
            && record.new == new
            && record.types == [kind.clone()]
            && record.is_running()
    });
    if let Some(running) = running {
        return Ok(json!({"DeployRecordId": running.id, "DeployStatus": 0}));
    }
    let mut found = Vec::new();
    for instance in parameters.texts("InstanceIdList") {
        let named = |name: &str| match kind.as_str() {
            // The second part is a switch, or what is there already.
            "cdn" | "tse" | "mqtt" => name.split('|').next() == instance.split('|').next(),
            _ => name == instance,
        };
        let place = cloud.resources.iter().position(|resource| {
            resource.account == turn.account
                && resource.kind == kind
                && (!regional || resource.region == region)
                && named(&resource.instance)
        });
        match place {
            None => return Err(empty()),
            Some(place) if cloud.resources[place].certificate.as_ref() == Some(&new) => {
                return Err(Refusal::new(
                    "FailedOperation.CertificateNotDeployInstance",
                    "An instance has this certificate already.",
                ));
            }
            Some(place) => found.push(place),
        }
    }
    if found.is_empty() {
        return Err(empty());
    }
    let record = record(
        turn,
        RecordKind::Deploy,
        None,
        new,
        (vec![kind], vec![region]),
    );
    let id = turn.world.cloud.begin(turn.now, record, &found);
    Ok(json!({"DeployRecordId": id, "DeployStatus": 1}))
}
