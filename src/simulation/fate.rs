//! What people, the CA and the machine do meanwhile. Drawn every six hours.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use rand::RngExt;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Faults;
use super::world::{SECRET_ID, SECRET_KEY, World};
use crate::clock::{Clock, VirtualClock};
use crate::sandbox::{
    AliasMode, CloudChange, Failing, Fault, FaultKind, Limits, Oddities, OrderChange, Refusing,
    Reply, Request,
};
use crate::tencent::sign::{SecretPair, sign};

/// How often fate is drawn.
pub(super) const EVERY: Duration = Duration::from_secs(6 * 3600);

const HOST: &str = "127.0.0.1";
const TYPE: &str = "application/json";

/// What fate may hit.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) domains: &'a [String],
    /// Cloud resources.
    pub(super) instances: &'a [String],
}

/// The machine and the people around it.
pub(super) struct Fate {
    /// How far our clock is off the true time.
    skew: TimeDelta,
    limits: Option<(u32, Duration)>,
}

impl Fate {
    pub(super) fn new() -> Self {
        Self {
            skew: TimeDelta::zero(),
            limits: None,
        }
    }

    /// Six hours of fate.
    pub(super) fn draw(&mut self, world: &Mutex<World>, clock: &VirtualClock, names: Names<'_>) {
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        world.catch_up();
        if world.calm() || world.faults == Faults::None {
            self.settle(&mut world, clock);
            return;
        }
        let hostile = world.faults == Faults::Hostile;
        let scale = if hostile { 1.0 } else { 0.2 };
        self.orders(&mut world, scale, names.domains, clock);
        resources(&mut world, scale, names.instances);
        self.service(&mut world, scale, clock, hostile);
        self.clock(&mut world, scale, clock, hostile);
    }

    /// Back to an ordinary world.
    fn settle(&mut self, world: &mut World, clock: &VirtualClock) {
        world.service.set_listing_delay(0);
        world.service.set_alias_mode(AliasMode::Keep);
        self.restore_limits(world);
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
        clock.jump(-self.skew);
        self.skew = TimeDelta::zero();
    }

    /// The CA rejects, people cancel, and others order the same names.
    fn orders(&mut self, world: &mut World, scale: f64, domains: &[String], clock: &VirtualClock) {
        if world.chance(0.2 * scale) {
            for id in world.pending_orders() {
                if world.chance(0.5) {
                    continue;
                }
                let number = if world.chance(0.5) { 2 } else { 7 };
                world.force(&id, number);
            }
        }
        if world.chance(0.02 * scale) {
            let which = world.dice.random_range(0..domains.len().max(1));
            if let Some(domain) = domains.get(which) {
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
        }
        revoke(world, scale, domains);
        keep_from_us(world, scale, domains, clock.monotonic());
    }

    fn service(&mut self, world: &mut World, scale: f64, clock: &VirtualClock, hostile: bool) {
        let now = clock.monotonic();
        let hours = |world: &mut World, most: u64| {
            Duration::from_secs(world.dice.random_range(1..=most) * 3600)
        };
        if world.chance(0.02 * scale) {
            world.outage_until = now + hours(world, if hostile { 72 } else { 8 });
        }
        if world.chance(0.01 * scale) {
            world.refused_until = now + hours(world, if hostile { 48 } else { 8 });
        }
        if world.chance(0.05 * scale) {
            let seconds = world.dice.random_range(0..60);
            world.service.set_listing_delay(seconds);
        }
        if world.chance(0.05 * scale) {
            let mode = match world.dice.random_range(0..3) {
                0 => AliasMode::Drop,
                1 => AliasMode::Cut,
                _ => AliasMode::Keep,
            };
            world.service.set_alias_mode(mode);
        }
        if self.limits.is_none() && world.chance(0.01 * scale) {
            let until = now + hours(world, if hostile { 96 } else { 12 });
            self.limits = Some((world.limit(), until));
            world.service.set_limits(Limits {
                free_limit: Some(0),
                ..Limits::default()
            });
        }
        if self.limits.is_some_and(|(_, until)| until <= now) {
            self.restore_limits(world);
        }
    }

    fn restore_limits(&mut self, world: &mut World) {
        if let Some((limit, _)) = self.limits.take() {
            world.service.set_limits(Limits {
                free_limit: Some(limit),
                ..Limits::default()
            });
        }
    }

    /// Our clock jumps, and is put right again.
    fn clock(&mut self, world: &mut World, scale: f64, clock: &VirtualClock, hostile: bool) {
        if !self.skew.is_zero() && world.chance(0.5) {
            clock.jump(-self.skew);
            self.skew = TimeDelta::zero();
        }
        if self.skew.is_zero() && world.chance(0.02 * scale) {
            let most = if hostile { 400 * 86_400 } else { 1_200 };
            self.skew = TimeDelta::seconds(world.dice.random_range(-most..most));
            clock.jump(self.skew);
        }
    }
}

/// Somebody revokes a certificate that may be in use.
fn revoke(world: &mut World, scale: f64, domains: &[String]) {
    if !world.chance(0.01 * scale) {
        return;
    }
    let which = world.dice.random_range(0..domains.len().max(1));
    let id = domains
        .get(which)
        .and_then(|domain| world.last_order(domain));
    let now = world.now();
    let is_issued = |world: &mut World, id: &str| {
        world
            .service
            .standing(now, id)
            .is_some_and(|(status, _)| status == 1)
    };
    if let Some(id) = id.filter(|id| is_issued(world, id)) {
        let number = [9, 10, 14][world.dice.random_range(0..3)];
        world.force(&id, number);
    }
}

/// A policy keeps us from fetching one certificate for a day or two.
fn keep_from_us(world: &mut World, scale: f64, domains: &[String], now: Duration) {
    world.kept_from_us.retain(|_, until| *until > now);
    if !world.chance(0.05 * scale) {
        return;
    }
    let which = world.dice.random_range(0..domains.len().max(1));
    let hours = world.dice.random_range(1..48);
    let id = domains
        .get(which)
        .and_then(|domain| world.last_order(domain));
    if let Some(id) = id {
        let until = now + Duration::from_secs(hours * 3600);
        world.kept_from_us.insert(id, until);
    }
}

/// What others bring along is not always of use.
fn make_odd(world: &mut World, id: &str) {
    let odd = match world.dice.random_range(0..3) {
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

/// The types of resources that fate looks at.
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
fn resources(world: &mut World, scale: f64, instances: &[String]) {
    if instances.is_empty() {
        return;
    }
    let mut change = CloudChange::default();
    if world.chance(0.1 * scale) {
        let which = world.dice.random_range(0..instances.len());
        let times = world.dice.random_range(1..4);
        change.fail = Some(Failing {
            instance: instances[which].clone(),
            times,
        });
        change.look_ups_fail = Some(times);
    }
    change.stuck = Some(world.chance(0.05 * scale));
    let kind = KINDS[world.dice.random_range(0..KINDS.len())];
    let lacks = world.chance(0.05 * scale);
    change.look_up_errors = Some(lacks.then(|| kind.to_owned()).into_iter().collect());
    change_cloud(world, change);
    let code = match world.chance(0.05 * scale) {
        true => "FailedOperation.CertificateHostDeployCanNotAllow",
        false => "",
    };
    refuse(world, kind, code);
    if world.chance(0.05 * scale) {
        let times = world.dice.random_range(2..60);
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
