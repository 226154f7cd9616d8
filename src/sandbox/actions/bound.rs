//! What a certificate is bound to: look-ups that take their time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Page, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::text::beijing;
use crate::sandbox::world::cloud::LookUp;
use crate::sandbox::world::random::token;

pub(super) const ACTIONS: &[Action] = &[
    Action::new("CreateCertificateBindResourceSyncTask", create)
        .required("CertificateIds", Kind::Texts)
        .optional("IsCache", Kind::Number),
    Action::new("DescribeCertificateBindResourceTaskResult", results)
        .required("TaskIds", Kind::Texts),
    Action::new("DescribeCertificateBindResourceTaskDetail", detail)
        .required("TaskId", Kind::Text)
        .optional("Limit", Kind::Text)
        .optional("Offset", Kind::Text)
        .optional("ResourceTypes", Kind::Texts)
        .optional("Regions", Kind::Texts),
];

/// Entries of one page at most, and without `Limit`.
const PAGE_LIMIT: usize = 100;
const PAGE_DEFAULT: usize = 10;
/// How long a result is reused where the caller lets it.
const CACHED: TimeDelta = TimeDelta::minutes(30);

fn create(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let ids = parameters
        .ids("CertificateIds")
        .map_err(|_| Refusal::SYNC_TASK_ID_COUNT_INVALID)?;
    for id in &ids {
        call.certificate(id)?;
    }
    call.settle();
    let cached = parameters.number("IsCache") != Some(0);
    let mut tasks = Vec::new();
    for id in ids {
        let task = look_up(call, id, cached);
        tasks.push(json!({"CertId": id, "TaskId": task}));
    }
    answer(json!({ "CertTaskIds": tasks }))
}

/// Begins a look-up, or finds one that will do. Returns its id.
fn look_up(call: &mut Call<'_>, certificate: &str, cached: bool) -> String {
    let (now, account) = (call.now, call.account);
    let cloud = &mut call.world.cloud;
    let known = cloud.look_ups.iter().rev().find(|known| {
        let running = known.ready > now;
        let fresh = cached && !known.failed && now - known.ready < CACHED;
        known.account == account && known.certificate == certificate && (running || fresh)
    });
    if let Some(known) = known {
        return known.id.clone();
    }
    let id = token(&mut call.world.random, 16);
    let failed = cloud.look_ups_fail > 0;
    cloud.look_ups_fail = cloud.look_ups_fail.saturating_sub(1);
    let resources = cloud.resources.iter();
    let found = resources.filter(|resource| resource.has(account, certificate));
    let look_up = LookUp {
        id: id.clone(),
        account,
        certificate: certificate.to_owned(),
        ready: now + cloud.look_up_time,
        failed,
        found: found.cloned().collect(),
    };
    cloud.look_ups.push(look_up);
    id
}

fn find<'a>(call: &'a Call<'_>, id: &str) -> Result<&'a LookUp, Refusal> {
    let mut look_ups = call.world.cloud.look_ups.iter();
    look_ups
        .find(|known| known.account == call.account && known.id == id)
        .ok_or(Refusal::SYNC_TASK_ID_INVALID)
}

fn results(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let mut results = Vec::new();
    for id in parameters.ids("TaskIds")? {
        let look_up = find(call, id)?;
        let status = status(look_up, call);
        let errors = &call.world.cloud.look_up_errors;
        results.push(json!({
            "TaskId": id,
            "Status": status,
            "Error": (status == 2).then(|| json!({"Code": "InternalError", "Message": "The query failed."})),
            "BindResourceResult": if status == 1 { counted(look_up, errors) } else { Vec::new() },
            "CacheTime": (status != 0).then(|| beijing(look_up.ready)),
        }));
    }
    answer(json!({ "SyncTaskBindResourceResult": results }))
}

/// 0 running, 1 done, 2 failed.
fn status(look_up: &LookUp, call: &Call<'_>) -> i64 {
    match (look_up.ready > call.now, look_up.failed) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}

/// The instances of one type that were found, by region.
type ByRegion<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// What was found, by type.
fn by_type(look_up: &LookUp) -> BTreeMap<&str, ByRegion<'_>> {
    let mut types: BTreeMap<&str, ByRegion<'_>> = BTreeMap::new();
    for resource in &look_up.found {
        let regions = types.entry(&resource.kind).or_default();
        let instances = regions.entry(&resource.region).or_default();
        instances.push(&resource.instance);
    }
    types
}

/// Counts by type and region, and an error for each type that can't be counted.
fn counted(look_up: &LookUp, errors: &[String]) -> Vec<Value> {
    let mut counts = Vec::new();
    for (kind, regions) in by_type(look_up) {
        if errors.iter().any(|error| error == kind) {
            continue;
        }
        let regions: Vec<Value> = regions
            .into_iter()
            .map(|(region, names)| json!({"Region": region, "TotalCount": count(kind, &names), "Error": ""}))
            .collect();
        counts.push(json!({"ResourceType": kind, "BindResourceRegionResult": regions}));
    }
    counts.extend(errors.iter().map(|kind| {
        let region =
            json!({"Region": "", "TotalCount": 0, "Error": "you are not authorized to perform the operation"});
        json!({"ResourceType": kind, "BindResourceRegionResult": [region]})
    }));
    counts
}

/// How many there are; a load balancer counts once, however many listeners it has.
fn count(kind: &str, names: &[&str]) -> usize {
    let distinct: BTreeSet<&str> = match kind {
        "clb" => names.iter().map(|name| parts(name)[0]).collect(),
        _ => names.iter().copied().collect(),
    };
    distinct.len()
}

/// The three parts that a name has at most; empty where it has fewer.
fn parts(name: &str) -> [&str; 3] {
    let mut parts = name.split('|');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn detail(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let page = parameters.text_page(PAGE_DEFAULT, PAGE_LIMIT)?;
    let types = parameters.texts("ResourceTypes");
    let wanted = parameters.texts("Regions");
    let look_up = find(call, parameters.needed("TaskId"))?;
    let status = status(look_up, call);
    let cache_time = (status != 0).then(|| beijing(look_up.ready));
    let mut fields = json!({"Status": status, "CacheTime": cache_time});
    if status == 1 {
        let mut found = by_type(look_up);
        for (key, kind) in SHOWN {
            let mut regions = found.remove(kind).unwrap_or_default();
            regions.retain(|region, _| {
                (types.is_empty() || types.contains(&kind))
                    && (wanted.is_empty() || wanted.contains(region))
            });
            fields[key] = places(kind, regions, &look_up.certificate, page).into();
        }
    }
    answer(fields)
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

fn places(kind: &str, regions: ByRegion<'_>, certificate: &str, page: Page) -> Vec<Value> {
    let place = |(region, names): (&str, Vec<&str>)| {
        let all: Vec<Value> = match kind {
            "clb" => balancers(&names, certificate),
            _ => names
                .iter()
                .map(|name| shown(kind, region, name, certificate))
                .collect(),
        };
        let total = all.len();
        let page: Vec<Value> = page.of(all).collect();
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
    let bound =
        json!({"CertId": certificate, "DnsNames": [], "CertCaId": "", "SSLMode": "UNIDIRECTIONAL"});
    let mut balancers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for name in names {
        let [balancer, listener, domain] = parts(name);
        let sni = !domain.is_empty();
        let rule = json!({
            "LocationId": "loc-00000000", "Domain": domain, "IsMatch": true, "Certificate": bound,
            "NoMatchDomains": [], "Url": "/",
        });
        let listener = json!({
            "ListenerId": listener, "ListenerName": "https", "SniSwitch": i64::from(sni), "Protocol": "HTTPS",
            "Certificate": if sni { Value::Null } else { bound.clone() },
            "Rules": if sni { vec![rule] } else { Vec::new() }, "NoMatchDomains": [],
        });
        balancers.entry(balancer).or_default().push(listener);
    }
    let shown = balancers.into_iter().map(|(balancer, listeners)| {
        json!({
            "LoadBalancerId": balancer, "LoadBalancerName": "balancer", "Forward": 1, "Listeners": listeners,
        })
    });
    shown.collect()
}

fn shown(kind: &str, region: &str, name: &str, certificate: &str) -> Value {
    let [first, second, third] = parts(name);
    match kind {
        "cdn" => json!({
            "Domain": first, "CertId": certificate, "Status": "online", "HttpsBillingSwitch": "on",
        }),
        "waf" => json!({"Domain": first, "CertId": certificate, "Keepalive": 1}),
        "live" => json!({"Domain": first, "CertId": certificate, "Status": 1}),
        "teo" => json!({
            "Host": first, "CertId": certificate, "ZoneId": "zone-000", "Status": "deployed", "Algorithm": "RSA 2048",
        }),
        "ddos" => json!({
            "InstanceId": first, "Domain": second, "VirtualPort": third, "Protocol": "https", "CertId": certificate,
        }),
        "cos" => json!({
            "Bucket": second, "Domain": third, "Region": region, "CertId": certificate, "Status": "ENABLED",
        }),
        _ => json!({"Domain": first, "CertId": certificate}),
    }
}
