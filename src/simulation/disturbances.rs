//! What people, the CA and the machine do meanwhile. Drawn every six hours.

use std::time::Duration;

use chrono::TimeDelta;
use rand::RngExt;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::options::Faults;
use super::world::{SECRET_ID, SECRET_KEY, World};
use crate::clock::Clock;
use crate::sandbox::{
    AliasMode, CloudChange, Failing, Fault, FaultKind, Limits, Oddities, OrderChange, Refusing,
    Reply, Request,
};
use crate::tencent::sign::{SecretPair, sign};

/// How often disturbances are drawn.
pub(super) const EVERY: Duration = Duration::from_secs(6 * 3600);

const HOST: &str = "127.0.0.1";
const TYPE: &str = "application/json";

/// The machine and the people around it.
#[derive(Default)]
pub(super) struct Disturbances {
    /// How far our clock is off the true time.
    skew: TimeDelta,
    /// Until when the account may hold no free certificates.
    no_slots_until: Option<Duration>,
}

impl Disturbances {
    /// Six hours of them, for these names and these cloud resources.
    pub(super) fn draw(&mut self, world: &mut World, domains: &[String], instances: &[String]) {
        world.catch_up();
        if world.calm() || world.faults == Faults::None {
            self.settle(world);
            return;
        }
        orders(world, domains);
        resources(world, instances);
        self.service(world);
        self.clock(world);
    }

    /// Back to an ordinary world.
    fn settle(&mut self, world: &mut World) {
        world.service.set_listing_delay(0);
        world.service.set_alias_mode(AliasMode::Keep);
        self.restore_slots(world);
        change_cloud(
            world,
            CloudChange {
                stuck: Some(false),
                look_up_errors: Some(Vec::new()),
                ..CloudChange::default()
            },
        );
        for kind in KINDS {
            refuse(world, kind, "");
        }
        self.correct_clock(world);
    }

    fn service(&mut self, world: &mut World) {
        let now = world.clock.monotonic();
        if world.happens(0.02) {
            world.outage_until = now + hours(world, 8, 72);
        }
        if world.happens(0.01) {
            world.refused_until = now + hours(world, 8, 48);
        }
        if world.happens(0.05) {
            let seconds = world.rng.random_range(0..60);
            world.service.set_listing_delay(seconds);
        }
        if world.happens(0.05) {
            let mode = match world.rng.random_range(0..3) {
                0 => AliasMode::Drop,
                1 => AliasMode::Cut,
                _ => AliasMode::Keep,
            };
            world.service.set_alias_mode(mode);
        }
        if self.no_slots_until.is_none() && world.happens(0.01) {
            self.no_slots_until = Some(now + hours(world, 12, 96));
            limit_slots(world, 0);
        }
        if self.no_slots_until.is_some_and(|until| until <= now) {
            self.restore_slots(world);
        }
    }

    fn restore_slots(&mut self, world: &mut World) {
        if self.no_slots_until.take().is_some() {
            limit_slots(world, world.limit);
        }
    }

    /// Our clock jumps, and is put right again.
    fn clock(&mut self, world: &mut World) {
        if !self.skew.is_zero() && world.chance(0.5) {
            self.correct_clock(world);
        }
        if self.skew.is_zero() && world.happens(0.02) {
            let most = world.faults.choose(1_200, 400 * 86_400);
            self.skew = TimeDelta::seconds(world.rng.random_range(-most..most));
            world.clock.jump(self.skew);
        }
    }

    fn correct_clock(&mut self, world: &World) {
        world.clock.jump(-self.skew);
        self.skew = TimeDelta::zero();
    }
}

/// Some hours: one at least, and these at most.
fn hours(world: &mut World, mild: u64, hostile: u64) -> Duration {
    let most = world.faults.choose(mild, hostile);
    Duration::from_secs(world.rng.random_range(1..=most) * 3600)
}

fn limit_slots(world: &mut World, most: u32) {
    world.service.set_limits(Limits {
        free_limit: Some(most),
        ..Limits::default()
    });
}

/// The CA rejects, people cancel, and others order the same names.
fn orders(world: &mut World, domains: &[String]) {
    if world.happens(0.2) {
        for id in world.pending_orders() {
            if world.chance(0.5) {
                continue;
            }
            let number = if world.chance(0.5) { 2 } else { 7 };
            world.force(&id, number);
        }
    }
    if world.happens(0.02)
        && let Some(domain) = world.pick(domains)
    {
        let alias = if world.chance(0.3) {
            "ec-tw1n00-abcdefgh"
        } else {
            "by hand"
        };
        let id = order_by_hand(world, domain, alias);
        if let Some(id) = id.filter(|_| world.chance(0.4)) {
            make_odd(world, &id);
        }
    }
    revoke(world, domains);
    keep_from_us(world, domains);
}

/// Somebody revokes a certificate that may be in use.
fn revoke(world: &mut World, domains: &[String]) {
    if !world.happens(0.01) {
        return;
    }
    let domain = world.pick(domains);
    let Some(id) = domain.and_then(|domain| world.last_order(domain)) else {
        return;
    };
    let standing = world.service.standing(world.now(), &id);
    if standing.is_some_and(|(status, _)| status == 1) {
        let number = [9, 10, 14][world.rng.random_range(0..3)];
        world.force(&id, number);
    }
}

/// A policy keeps us from fetching one certificate for a day or two.
fn keep_from_us(world: &mut World, domains: &[String]) {
    let now = world.clock.monotonic();
    world.kept_from_us.retain(|_, until| *until > now);
    if !world.happens(0.05) {
        return;
    }
    let domain = world.pick(domains);
    let hours = world.rng.random_range(1..48);
    if let Some(id) = domain.and_then(|domain| world.last_order(domain)) {
        let until = now + Duration::from_secs(hours * 3600);
        world.kept_from_us.insert(id, until);
    }
}

/// What others bring along is not always of use.
fn make_odd(world: &mut World, id: &str) {
    let odd = match world.rng.random_range(0..3) {
        0 => Oddities {
            without_key: true,
            ..Oddities::default()
        },
        1 => Oddities {
            ended_material: true,
            ..Oddities::default()
        },
        _ => Oddities {
            without_insert_time: true,
            outlives_deadline: true,
            ..Oddities::default()
        },
    };
    let stays = odd.outlives_deadline;
    let change = OrderChange {
        status: stays.then_some(0),
        odd: Some(odd),
        ..OrderChange::default()
    };
    world.change(id, &change);
}

/// The types of resources that are disturbed.
const KINDS: [&str; 3] = ["clb", "cdn", "waf"];

/// Has tasks for this type refused, with this code; none ends that.
fn refuse(world: &mut World, kind: &str, code: &str) {
    let refuse = Refusing {
        resource_type: kind.to_owned(),
        code: code.to_owned(),
    };
    change_cloud(
        world,
        CloudChange {
            refuse: Some(refuse),
            ..CloudChange::default()
        },
    );
}

/// Tasks on cloud resources fail, hang or are refused, and types can't be looked up.
fn resources(world: &mut World, instances: &[String]) {
    if instances.is_empty() {
        return;
    }
    let mut change = CloudChange::default();
    if world.happens(0.1)
        && let Some(instance) = world.pick(instances)
    {
        let times = world.rng.random_range(1..4);
        change.fail = Some(Failing {
            instance: instance.clone(),
            times,
            message: None,
        });
        change.look_ups_fail = Some(times);
    }
    change.stuck = Some(world.happens(0.05));
    let kind = KINDS[world.rng.random_range(0..KINDS.len())];
    let lacks = world.happens(0.05);
    change.look_up_errors = Some(lacks.then(|| kind.to_owned()).into_iter().collect());
    change_cloud(world, change);
    let code = match world.happens(0.05) {
        true => "FailedOperation.CertificateHostDeployCanNotAllow",
        false => "",
    };
    refuse(world, kind, code);
    if world.happens(0.05) {
        let times = world.rng.random_range(2..60);
        world.service.add_fault(Fault {
            times,
            ..Fault::once("*", FaultKind::ThrottleHalf)
        });
    }
}

fn change_cloud(world: &mut World, change: CloudChange) {
    let now = world.now();
    world.service.change_cloud(now, change);
}

/// Somebody applies for the same name: a person at the console, or another installation.
fn order_by_hand(world: &mut World, domain: &str, alias: &str) -> Option<String> {
    let now = world.now();
    let body = json!({
        "DvAuthMethod": "DNS_AUTO",
        "DomainName": domain,
        "CsrEncryptAlgo": "ECC",
        "CsrKeyParameter": "prime256v1",
        "Alias": alias,
    })
    .to_string()
    .into_bytes();
    let pair = SecretPair {
        secret_id: SECRET_ID.to_owned(),
        secret_key: SecretString::from(SECRET_KEY),
    };
    let signature = sign(&pair, "ssl", HOST, TYPE, now.timestamp(), &body);
    let header = |name: &str, value: String| (name.to_owned(), value);
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![
            header("Host", HOST.to_owned()),
            header("Content-Type", TYPE.to_owned()),
            header("X-TC-Action", "ApplyCertificate".to_owned()),
            header("X-TC-Version", "2019-12-05".to_owned()),
            header("X-TC-Timestamp", now.timestamp().to_string()),
            header("Authorization", signature.header_value().to_owned()),
        ],
        body,
    };
    let Reply::Answer { body, .. } = world.service.handle(now, &request) else {
        return None;
    };
    let answer: Value = serde_json::from_slice(&body).ok()?;
    let id = answer["Response"]["CertificateId"].as_str()?;
    Some(id.to_owned())
}
