//! The service behind the network, and the eyes that see every order arrive.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::{Faults, Options};
use crate::clock::{Clock, VirtualClock};
use crate::sandbox::{self, Credential, OrderChange, Reply, Request, Service};

/// The account that everybody uses, and its keys: they open nothing.
pub(super) const SECRET_ID: &str = "AKIDSIMULATION";
pub(super) const SECRET_KEY: &str = "simulation";

/// What happens to one request.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) there: Duration,
    pub(super) back: Duration,
    /// It never arrives.
    pub(super) lost_there: bool,
    /// The service acts, and its answer is lost.
    pub(super) lost_back: bool,
    /// The service answers this and does nothing.
    pub(super) instead: Option<Reply>,
    /// The service answers an error now and acts so much later.
    pub(super) late: Option<Duration>,
}

/// An order of ours, as the service made it.
#[derive(Clone, Debug)]
struct Made {
    id: String,
    at: Duration,
}

/// The service and all that is known of it from outside.
pub(super) struct World {
    pub(super) service: Service,
    pub(super) dice: StdRng,
    pub(super) faults: Faults,
    clock: VirtualClock,
    start: DateTime<Utc>,
    /// `ec-<installation>-` once known.
    pub(super) prefix: String,
    /// No answer from anything until then.
    pub(super) outage_until: Duration,
    /// Keys are refused until then.
    pub(super) refused_until: Duration,
    /// Certificates that may not be fetched, by id, until then: a policy can name resources.
    pub(super) kept_from_us: BTreeMap<String, Duration>,
    late: Vec<(Duration, Request)>,
    made: BTreeMap<String, Vec<Made>>,
    /// The end of what each domain serves, by the live folder.
    pub(super) installed: BTreeMap<String, DateTime<Utc>>,
    /// The first promise that did not hold.
    pub(super) broken: Option<String>,
    limit: u32,
    pub(super) calls: u64,
    pub(super) orders: u64,
    /// Quiet days at the end: what was broken is given time to mend.
    pub(super) calm_from: Duration,
}

impl World {
    pub(super) fn new(
        options: &Options,
        clock: VirtualClock,
        start: DateTime<Utc>,
        certificates: usize,
    ) -> Result<Self, sandbox::Error> {
        let limit = u32::try_from(certificates * 40 + 200).unwrap_or(u32::MAX);
        let service = Service::new(sandbox::Options {
            credentials: vec![Credential::new(SECRET_ID, SECRET_KEY)],
            issue_after: Duration::from_secs(300),
            free_limit: limit,
            domain_limit: limit,
            seed: Some(options.seed),
            ..sandbox::Options::default()
        })?;
        let days = u64::from(options.days);
        Ok(Self {
            service,
            dice: StdRng::seed_from_u64(options.seed ^ 0x5eed),
            faults: options.faults,
            clock,
            start,
            prefix: String::new(),
            outage_until: Duration::ZERO,
            refused_until: Duration::ZERO,
            kept_from_us: BTreeMap::new(),
            late: Vec::new(),
            made: BTreeMap::new(),
            installed: BTreeMap::new(),
            broken: None,
            limit,
            calls: 0,
            orders: 0,
            calm_from: day(days.saturating_sub(10)),
        })
    }

    /// The account has this zone.
    pub(super) fn host(&mut self, zone: &str) {
        if let Err(error) = self.service.host_zone(SECRET_ID, zone) {
            tracing::debug!(%error, "the zone is not hosted");
        }
    }

    /// The true time: ours may jump, the service's does not.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::from_std(self.clock.monotonic()).unwrap_or_default()
    }

    /// How many free certificates the account may hold.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn calm(&self) -> bool {
        self.clock.monotonic() >= self.calm_from
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.dice.random::<f64>() < probability
    }

    /// The odds of each fault of one request.
    fn odds(&self) -> f64 {
        match self.faults {
            _ if self.calm() => 0.0,
            Faults::None => 0.0,
            Faults::Mild => 0.01,
            Faults::Hostile => 0.05,
        }
    }

    pub(super) fn route(&mut self, request: &Request) -> Route {
        self.calls += 1;
        let there = Duration::from_millis(self.dice.random_range(5..400));
        let back = Duration::from_millis(self.dice.random_range(5..400));
        let mut route = Route::plain(there, back);
        let now = self.clock.monotonic();
        if now < self.outage_until && !self.calm() {
            route.lost_there = true;
            return route;
        }
        if now < self.refused_until && !self.calm() {
            route.instead = Some(refusal("AuthFailure.SecretIdNotFound"));
            return route;
        }
        if self.is_kept_from_us(request, now) && !self.calm() {
            route.instead = Some(refusal("UnauthorizedOperation"));
            return route;
        }
        let odds = self.odds();
        if !self.chance(odds * 4.0) {
            return route;
        }
        let applies = action(request) == "ApplyCertificate";
        match self.dice.random_range(0..11) {
            0 => route.lost_there = true,
            1 => route.lost_back = true,
            2 => route.instead = Some(status(502, b"<html>bad gateway</html>".to_vec())),
            3 => route.instead = Some(refusal("InternalError")),
            4 => route.instead = Some(refusal("RequestLimitExceeded")),
            5 => route.instead = Some(status(200, br#"{"Response":null}"#.to_vec())),
            6 => route.instead = Some(status(200, b"\x00\xff not json".to_vec())),
            7 => route.instead = Some(refusal("FailedOperation.NetworkError")),
            8 => route.instead = Some(refusal("LimitExceeded")),
            9 if applies => {
                route.late = Some(Duration::from_secs(self.dice.random_range(1..240)));
            }
            _ => {
                // Slow, there and back, and still within the limits of the proof.
                route.there = Duration::from_secs(self.dice.random_range(1..9));
                route.back = Duration::from_secs(self.dice.random_range(1..9));
            }
        }
        route
    }

    fn is_kept_from_us(&self, request: &Request, now: Duration) -> bool {
        let fetches = ["DescribeCertificateDetail", "DownloadCertificate"];
        fetches.contains(&action(request)) && {
            let body = String::from_utf8_lossy(&request.body);
            let mut kept = self.kept_from_us.iter();
            kept.any(|(id, until)| now < *until && body.contains(id.as_str()))
        }
    }

    /// A request arrives.
    pub(super) fn arrive(&mut self, request: &Request, route: &Route) -> Reply {
        self.catch_up();
        if let Some(delay) = route.late {
            self.late
                .push((self.clock.monotonic() + delay, request.clone()));
            return refusal("InternalError");
        }
        match &route.instead {
            Some(reply) => reply.clone(),
            None => self.act(request),
        }
    }

    /// The process died while this was on the way. It may arrive within the second, or never.
    pub(super) fn outlive(&mut self, request: Request) {
        if self.chance(0.5) {
            let delay = Duration::from_millis(self.dice.random_range(1..900));
            self.late.push((self.clock.monotonic() + delay, request));
        }
    }

    /// What was late and is due by now happens, in its order.
    pub(super) fn catch_up(&mut self) {
        let now = self.clock.monotonic();
        self.late.sort_by_key(|(at, _)| *at);
        while self.late.first().is_some_and(|(at, _)| *at <= now) {
            let (_, request) = self.late.remove(0);
            self.act(&request);
        }
    }

    fn act(&mut self, request: &Request) -> Reply {
        let now = self.now();
        let reply = self.service.handle(now, request);
        if action(request) == "ApplyCertificate" {
            self.watch(request, &reply);
        }
        reply
    }

    /// Promise 1, as the service sees it: an order of ours arrives while another of ours for the name can still take
    /// effect, or has taken effect and is not installed yet.
    fn watch(&mut self, request: &Request, reply: &Reply) {
        let Some((domain, id)) = self.order_of_ours(request, reply) else {
            return;
        };
        self.orders += 1;
        let made = Made {
            id: id.clone(),
            at: self.clock.monotonic(),
        };
        let earlier = self.made.entry(domain.clone()).or_default();
        earlier.push(made);
        let earlier: Vec<Made> = earlier[..earlier.len() - 1].to_vec();
        if earlier.is_empty() {
            return;
        }
        let installed = self.installed.get(&domain).copied();
        for order in earlier {
            let now = self.now();
            let Some((status, end)) = self.service.standing(now, &order.id) else {
                continue;
            };
            let pending = matches!(status, 0 | 4);
            let unused =
                status == 1 && end.is_some_and(|end| installed.is_none_or(|held| end > held));
            if pending || unused {
                let what = if pending {
                    "is pending"
                } else {
                    "is issued and not installed"
                };
                self.break_promise(format!(
                    "{domain}: order {id} was made while {} of {} s before {what}",
                    order.id,
                    (self.clock.monotonic().saturating_sub(order.at)).as_secs()
                ));
            }
        }
    }

    fn order_of_ours(&self, request: &Request, reply: &Reply) -> Option<(String, String)> {
        let Reply::Answer { body, .. } = reply else {
            return None;
        };
        let answer: Value = serde_json::from_slice(body).ok()?;
        let id = answer["Response"]["CertificateId"].as_str()?;
        let asked: Value = serde_json::from_slice(&request.body).ok()?;
        let alias = asked["Alias"].as_str().unwrap_or_default();
        let domain = asked["DomainName"].as_str()?;
        (!self.prefix.is_empty() && alias.starts_with(&self.prefix))
            .then(|| (domain.to_owned(), id.to_owned()))
    }

    pub(super) fn break_promise(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    /// The last order of ours for this name.
    pub(super) fn last_order(&self, domain: &str) -> Option<String> {
        let made = self.made.get(domain)?;
        made.last().map(|order| order.id.clone())
    }

    /// Ids of orders that are under review.
    pub(super) fn pending_orders(&mut self) -> Vec<String> {
        let now = self.now();
        self.service.under_review(now)
    }

    /// Forces the status of an order, as the CA or a person would.
    pub(super) fn force(&mut self, id: &str, number: i64) {
        self.change(
            id,
            &OrderChange {
                status: Some(number),
                ..OrderChange::default()
            },
        );
    }

    /// Injects facts into an order.
    pub(super) fn change(&mut self, id: &str, change: &OrderChange) {
        let now = self.now();
        if let Err(error) = self.service.change_order(now, id, change) {
            tracing::debug!(%error, "the order is past being changed");
        }
    }

    /// The most requests in any second, as the service counted them.
    pub(super) fn peak(&self) -> u64 {
        self.service.peak()
    }
}

pub(super) fn day(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn action(request: &Request) -> &str {
    request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("x-tc-action"))
        .map_or("", |(_, value)| value.as_str())
}

fn status(status: u16, body: Vec<u8>) -> Reply {
    Reply::Answer {
        status,
        headers: Vec::new(),
        body,
    }
}

/// An error of the service, in its own form.
fn refusal(code: &str) -> Reply {
    let body = serde_json::json!({
        "Response": {
            "Error": { "Code": code, "Message": "simulated" },
            "RequestId": "00000000-0000-0000-0000-000000000000",
        }
    });
    status(200, body.to_string().into_bytes())
}
