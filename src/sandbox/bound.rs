//! What a certificate is bound to: look-ups that take their time.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::cloud::LookUp;
use super::dispatch::Action;
use super::listing::beijing;
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "CreateCertificateBindResourceSyncTask",
        parameters: &[
            required("CertificateIds", Kind::Texts),
            optional("IsCache", Kind::Number),
        ],
        run: create,
    },
    Action {
        name: "DescribeCertificateBindResourceTaskResult",
        parameters: &[required("TaskIds", Kind::Texts)],
        run: results,
    },
    Action {
        name: "DescribeCertificateBindResourceTaskDetail",
        parameters: &[
            required("TaskId", Kind::Text),
            optional("Limit", Kind::Text),
            optional("Offset", Kind::Text),
            optional("ResourceTypes", Kind::Texts),
            optional("Regions", Kind::Texts),
        ],
        run: detail,
    },
];

/// Ids in one call.
const MOST: usize = 100;
/// How long a result is reused where the caller lets it.
const CACHED: TimeDelta = TimeDelta::minutes(30);

fn create(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let ids = parameters.texts("CertificateIds");
    if ids.is_empty() || ids.len() > MOST {
        return Err(Refusal::new(
            "FailedOperation.CertificateSyncTaskCertificateIdCountInvalid",
            "CertificateIds must hold 1 to 100 ids.",
        ));
    }
    for id in &ids {
        turn.world.register.of(turn.account, id)?;
    }
    turn.world.cloud.settle(turn.now);
    let cached = parameters.number("IsCache") != Some(0);
    let mut tasks = Vec::new();
    for id in ids {
        let task = look_up(turn, id, cached);
        tasks.push(json!({"CertId": id, "TaskId": task}));
    }
    Ok(json!({ "CertTaskIds": tasks }))
}

fn look_up(turn: &mut Turn<'_>, certificate: &str, cached: bool) -> String {
    let now = turn.now;
    let known = turn.world.cloud.look_ups.iter().rev().find(|known| {
        let running = known.ready > now;
        let fresh = cached && !known.failed && now - known.ready < CACHED;
        known.account == turn.account && known.certificate == certificate && (running || fresh)
    });
    if let Some(known) = known {
        return known.id.clone();
    }
    let id = turn.world.token(16);
    let cloud = &mut turn.world.cloud;
    let failed = cloud.look_ups_fail > 0;
    cloud.look_ups_fail = cloud.look_ups_fail.saturating_sub(1);
    let found = cloud
        .resources
        .iter()
        .filter(|resource| resource.account == turn.account)
        .filter(|resource| resource.certificate.as_deref() == Some(certificate))
        .map(|resource| {
            (
                resource.kind.clone(),
                resource.region.clone(),
                resource.instance.clone(),
            )
        });
    let look_up = LookUp {
        id: id.clone(),
        account: turn.account,
        certificate: certificate.to_owned(),
        ready: now + cloud.look_up_time,
        failed,
        found: found.collect(),
    };
    cloud.look_ups.push(look_up);
    id
}

fn find<'a>(turn: &'a Turn<'_>, id: &str) -> Result<&'a LookUp, Refusal> {
    let mut look_ups = turn.world.cloud.look_ups.iter();
    look_ups
        .find(|known| known.account == turn.account && known.id == id)
        .ok_or_else(|| {
            Refusal::new(
                "FailedOperation.CertificateSyncTaskIdInvalid",
                "The task does not exist or has expired.",
            )
        })
}

fn results(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let ids = parameters.texts("TaskIds");
    if ids.is_empty() || ids.len() > MOST {
        return Err(Refusal::value("TaskIds", "1 to 100 ids"));
    }
    let mut results = Vec::new();
    for id in ids {
        let look_up = find(turn, id)?;
        let status = status(look_up, turn);
        results.push(json!({
            "TaskId": id,
            "Status": status,
            "Error": (status == 2).then(|| json!({"Code": "InternalError", "Message": "The query failed."})),
            "BindResourceResult": if status == 1 { counted(look_up, &turn.world.cloud.look_up_errors) } else { Vec::new() },
            "CacheTime": (status != 0).then(|| beijing(look_up.ready)),
        }));
    }
    Ok(json!({ "SyncTaskBindResourceResult": results }))
}

/// 0 running, 1 done, 2 failed.
fn status(look_up: &LookUp, turn: &Turn<'_>) -> i64 {
    match (look_up.ready > turn.now, look_up.failed) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}

/// Counts, and an error for each type that can't be counted.
fn counted(look_up: &LookUp, errors: &[String]) -> Vec<Value> {
    let mut counts = counts(look_up);
    counts.retain(|entry| {
        let kind = entry["ResourceType"].as_str().unwrap_or_default();
        errors.iter().all(|error| error != kind)
    });
    counts.extend(errors.iter().map(|kind| {
        let region =
            json!({"Region": "", "TotalCount": 0, "Error": "you are not authorized to perform the operation"});
        json!({"ResourceType": kind, "BindResourceRegionResult": [region]})
    }));
    counts
}

/// Counts by type and region; a load balancer counts once, however many listeners it has.
fn counts(look_up: &LookUp) -> Vec<Value> {
    let mut types: Vec<&str> = look_up
        .found
        .iter()
        .map(|(kind, _, _)| kind.as_str())
        .collect();
    types.sort_unstable();
    types.dedup();
    let count = |kind: &str, region: &str| {
        let here = look_up
            .found
            .iter()
            .filter(|(k, r, _)| k == kind && r == region);
        let mut names: Vec<&str> = here
            .map(|(_, _, instance)| match kind {
                "clb" => instance.split('|').next().unwrap_or_default(),
                _ => instance.as_str(),
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    let by_type = types.into_iter().map(|kind| {
        let mut regions: Vec<&str> = look_up
            .found
            .iter()
            .filter(|(k, _, _)| k == kind)
            .map(|(_, region, _)| region.as_str())
            .collect();
        regions.sort_unstable();
        regions.dedup();
        let regions: Vec<Value> = regions
            .into_iter()
            .map(|region| json!({"Region": region, "TotalCount": count(kind, region), "Error": ""}))
            .collect();
        json!({"ResourceType": kind, "BindResourceRegionResult": regions})
    });
    by_type.collect()
}

fn detail(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let page = |name: &str, default: usize| match parameters.text(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::value(name, "a number in a string")),
    };
    let (limit, offset) = (page("Limit", 10)?.min(MOST), page("Offset", 0)?);
    let types = parameters.texts("ResourceTypes");
    let regions = parameters.texts("Regions");
    let look_up = find(turn, parameters.needed("TaskId"))?;
    let status = status(look_up, turn);
    let mut answer = Map::new();
    answer.insert("Status".into(), status.into());
    answer.insert(
        "CacheTime".into(),
        json!((status != 0).then(|| beijing(look_up.ready))),
    );
    if status == 1 {
        for (key, kind) in SHOWN {
            let wanted = types.is_empty() || types.contains(&kind);
            let places = if wanted {
                places(look_up, kind, &regions, (limit, offset))
            } else {
                Vec::new()
            };
            answer.insert(key.into(), places.into());
        }
    }
    Ok(Value::Object(answer))
}

/// The types whose instances are shown, by the name of their list.
const SHOWN: [(&str, &str); 8] = [
    ("CLB", "clb"),
    ("CDN", "cdn"),
    ("WAF", "waf"),
    ("LIVE", "live"),
    ("VOD", "vod"),
    ("TEO", "teo"),
    ("DDOS", "ddos"),
    ("COS", "cos"),
];

fn places(
    look_up: &LookUp,
    kind: &str,
    wanted: &[&str],
    (limit, offset): (usize, usize),
) -> Vec<Value> {
    let here = look_up.found.iter().filter(|(k, _, _)| k == kind);
    let mut regions: Vec<&str> = here.map(|(_, region, _)| region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    regions.retain(|region| wanted.is_empty() || wanted.contains(region));
    let place = |region: &str| {
        let here = look_up
            .found
            .iter()
            .filter(|(k, r, _)| k == kind && r == region);
        let names: Vec<&str> = here.map(|(_, _, instance)| instance.as_str()).collect();
        let all = match kind {
            "clb" => balancers(&names, &look_up.certificate),
            _ => names
                .iter()
                .map(|name| shown(kind, region, name, &look_up.certificate))
                .collect(),
        };
        let total = all.len();
        let page: Vec<Value> = all.into_iter().skip(offset).take(limit).collect();
        let mut place = json!({"TotalCount": total, "InstanceList": page, "Error": ""});
        if matches!(kind, "clb" | "waf" | "cos") {
            place["Region"] = region.into();
        }
        place
    };
    regions.into_iter().map(place).collect()
}

/// Load balancers with their listeners.
fn balancers(names: &[&str], certificate: &str) -> Vec<Value> {
    let part = |name: &str, place: usize| name.split('|').nth(place).unwrap_or_default().to_owned();
    let mut balancers: Vec<String> = names.iter().map(|name| part(name, 0)).collect();
    balancers.sort_unstable();
    balancers.dedup();
    let bound =
        json!({"CertId": certificate, "DnsNames": [], "CertCaId": "", "SSLMode": "UNIDIRECTIONAL"});
    let listeners = |balancer: &String| -> Vec<Value> {
        let own = names.iter().filter(|name| part(name, 0) == *balancer);
        own.map(|name| {
            let domain = part(name, 2);
            let sni = !domain.is_empty();
            let rule = json!({
                "LocationId": "loc-00000000", "Domain": domain, "IsMatch": true, "Certificate": bound,
                "NoMatchDomains": [], "Url": "/",
            });
            json!({
                "ListenerId": part(name, 1), "ListenerName": "https", "SniSwitch": i64::from(sni), "Protocol": "HTTPS",
                "Certificate": if sni { Value::Null } else { bound.clone() },
                "Rules": if sni { vec![rule] } else { Vec::new() }, "NoMatchDomains": [],
            })
        })
        .collect()
    };
    let shown = balancers.iter().map(|balancer| {
        json!({
            "LoadBalancerId": balancer, "LoadBalancerName": "balancer", "Forward": 1, "Listeners": listeners(balancer),
        })
    });
    shown.collect()
}

fn shown(kind: &str, region: &str, name: &str, certificate: &str) -> Value {
    let parts: Vec<&str> = name.split('|').collect();
    let part = |place: usize| parts.get(place).copied().unwrap_or_default();
    match kind {
        "cdn" => json!({
            "Domain": part(0), "CertId": certificate, "Status": "online", "HttpsBillingSwitch": "on",
        }),
        "waf" => json!({"Domain": part(0), "CertId": certificate, "Keepalive": 1}),
        "live" => json!({"Domain": part(0), "CertId": certificate, "Status": 1}),
        "teo" => json!({
            "Host": part(0), "CertId": certificate, "ZoneId": "zone-000", "Status": "deployed", "Algorithm": "RSA 2048",
        }),
        "ddos" => json!({
            "InstanceId": part(0), "Domain": part(1), "VirtualPort": part(2), "Protocol": "https", "CertId": certificate,
        }),
        "cos" => json!({
            "Bucket": part(1), "Domain": part(2), "Region": region, "CertId": certificate, "Status": "ENABLED",
        }),
        _ => json!({"Domain": part(0), "CertId": certificate}),
    }
}
