//! What the lifecycle makes of lists that a stranger wrote: an account's list, as far as it can be read, is decided by.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;

use super::listing::sighting;
use crate::fuzz::{Target, assert_shown, variant};
use crate::lifecycle::{
    Algorithm, Choice, Installed, Method, Order, Orders, Ours, Outcome, Policy, Record, Sighting,
    Stage, choose, find, overdue, plan, schedule, settle, stage_of,
};
use crate::tencent::ssl::Listed;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// Every entry of a list, and what is described by itself.
fn seen(body: &[u8]) -> Vec<Sighting> {
    let Ok(whole) = serde_json::from_slice::<Fields>(body) else {
        return Vec::new();
    };
    let Some(response) = whole.get("Response") else {
        return Vec::new();
    };
    let fields: Fields = serde_json::from_str(response.get()).unwrap_or_default();
    let list = fields.get("Certificates").map(|list| list.get());
    let list: Vec<Box<RawValue>> = list.map_or_else(Vec::new, |list| {
        serde_json::from_str(list).unwrap_or_default()
    });
    let entries = list.iter().map(|entry| entry.get());
    let all = entries.chain([response.get()]);
    all.filter_map(|entry| serde_json::from_str::<Listed>(entry).ok())
        .map(|listed| sighting(&listed))
        .collect()
}

/// A certificate of which nothing is known, one that is installed, and one with an order under way.
fn records(domain: &str) -> [Record; 3] {
    let mut held = Record::new(domain, "default");
    held.installed = Some(Installed {
        certificate_id: "aB3dE5gH".to_owned(),
        account: "default".to_owned(),
        not_before: now() - TimeDelta::days(80),
        not_after: now() + TimeDelta::days(10),
        fingerprint: "f1".to_owned(),
        installed_at: now() - TimeDelta::days(80),
    });
    let mut ordered = held.clone();
    ordered.order = Some(Order {
        id: "12345678".to_owned(),
        marker: "ec-abcdef-12345678".to_owned(),
        account: "default".to_owned(),
        algorithm: Algorithm::Ecc,
        method: Method::DnsAuto,
        link: None,
        renewal: true,
        adopted: false,
        stage: Stage::Intended {
            signed_at: now(),
            looks: 0,
        },
    });
    [Record::new(domain, "default"), held, ordered]
}

#[test]
fn no_list_makes_the_lifecycle_panic_or_adopt_what_may_not_be_had() {
    let policy = Policy {
        renew_before: TimeDelta::days(20),
        poll: TimeDelta::seconds(30),
        algorithm: Algorithm::Ecc,
        inputs: "inputs".to_owned(),
        orders: Orders::Here,
    };
    let ours = Ours::alone("abcdef");
    Target::of("answers")
        .words(&["\"CertificateId\":\"", "\"Status\":1", "ec-abcdef-12345678"])
        .run(|body| {
            let sightings = seen(body);
            let mut said = sightings.len().to_string();
            let domain = "wgc.red";
            for record in records(domain) {
                let choice = choose(now(), now(), &policy, &record, &ours, &[], &sightings);
                if let Choice::Adopt(found) = &choice {
                    assert!(found.downloadable || found.not_after.is_none());
                }
                said.push_str(&format!(" {}", variant(&choice)));
                let found = find("ec-abcdef-12345678", now(), None, &ours, &[], &sightings);
                said.push_str(&format!(" {}", variant(&found)));
                for one in &sightings {
                    assert!(
                        one.reason
                            .as_deref()
                            .is_none_or(|reason| reason.len() <= 300_000)
                    );
                    said.push_str(if overdue(now(), &record, one) {
                        "!"
                    } else {
                        "."
                    });
                    let mut record = record.clone();
                    if let Some(order) = &mut record.order {
                        order.stage = stage_of(now(), one);
                    }
                    let outcome = Outcome::Seen {
                        sighting: Box::new(one.clone()),
                        service_now: now(),
                    };
                    let settled = settle(now(), &policy, record, outcome, 0.5).record;
                    let at = schedule(now(), &policy, &settled, &[]).at;
                    said.push_str(&format!(" {:?}", at.map(|at| at > now())));
                    said.push_str(&variant(&plan(now(), &policy, &settled, &[])));
                    let parked = settled.parked.map(|parked| parked.remedy);
                    assert_shown(&parked.unwrap_or_default(), 1_000);
                }
            }
            said
        });
}
