//! The service behind the network, and the eyes that see every order arrive.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::options::{Broken, Faults, Options};
use super::standstill::Standstill;
use crate::clock::{Clock, VirtualClock};
use crate::sandbox::{self, Credential, OrderChange, Reply, Request, Service};

/// The account that everybody uses, and its keys: they open nothing.
pub(super) const SECRET_ID: &str = "AKIDSIMULATION";
pub(super) const SECRET_KEY: &str = "simulation";

/// What happens to one request; by default nothing does.
#[derive(Clone, Debug, Default)]
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
    /// It is lost on the way for its sender, and arrives so much later.
    pub(super) lingers: Option<Duration>,
    /// Something on the way takes the time out of the answer.
    pub(super) dateless: bool,
}

/// A certificate with more left than this is in nobody's window.
const FRESH: TimeDelta = TimeDelta::days(31);

/// Answers that come late act so late at most, where several machines order: with lists that lag as much, less than the
/// six minutes that turns leave for both.
pub(super) const LATE: Duration = Duration::from_secs(170);

/// Where several machines order, what is on the way stays there for so long at most.
const LINGERS: Duration = Duration::from_secs(1_800);

/// An order of ours, as the service made it.
#[derive(Clone, Debug)]
struct Made {
    id: String,
    at: Duration,
}

/// A request that takes effect later.
struct Late {
    at: Duration,
    /// When the service took it in, if it did.
    taken: Option<DateTime<Utc>>,
    request: Request,
}

/// The service and all that is known of it from outside.
pub(super) struct World {
    pub(super) service: Service,
    pub(super) rng: StdRng,
    pub(super) faults: Faults,
    pub(super) clock: VirtualClock,
    start: DateTime<Utc>,
    /// `ec-<installation>-` once known.
    pub(super) prefix: String,
    /// The orders are those of several machines.
    pub(super) is_fleet: bool,
    /// No answer from anything until then.
    pub(super) outage_until: Duration,
    /// Keys are refused until then.
    pub(super) refused_until: Duration,
    /// Certificates that may not be fetched, by id, until then: a policy can name resources.
    pub(super) kept_from_us: BTreeMap<String, Duration>,
    /// Machines of a fleet that reach nothing until then.
    pub(super) cut_off: BTreeMap<u8, Duration>,
    /// Machines of a fleet that are not told the service's time until then.
    pub(super) dateless: BTreeMap<u8, Duration>,
    /// Machines of a fleet that stand still after the account's list was made for them.
    pub(super) standstills: BTreeMap<u8, Standstill>,
    late: Vec<Late>,
    made: BTreeMap<String, Vec<Made>>,
    /// The end of what each domain serves, by the live folder.
    pub(super) installed: BTreeMap<String, DateTime<Utc>>,
    /// The first promise that did not hold.
    pub(super) broken: Option<String>,
    /// How many free certificates the account may hold.
    pub(super) limit: u32,
    pub(super) calls: u64,
    pub(super) orders: u64,
    /// Applications that the service refused because they came too late.
    pub(super) too_late: u64,
    /// Quiet days at the end: what was broken is given time to mend.
    pub(super) calm_from: Duration,
}

/// The world, for all who act on it. There is one thread, but futures of the engine may move between threads.
#[derive(Clone)]
pub(super) struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    pub(super) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
            // So that every second renewal goes by the proof of the one before.
            reuse_validation: Duration::from_secs(70 * 86_400),
            seed: Some(options.seed),
            leeway: match options.broken {
                Some(Broken::Signatures) => day(1),
                _ => sandbox::Options::default().leeway,
            },
            ..sandbox::Options::default()
        })?;
        let days = u64::from(options.days);
        Ok(Self {
            service,
            rng: StdRng::seed_from_u64(options.seed ^ 0x5eed),
            faults: options.faults,
            clock,
            start,
            prefix: String::new(),
            is_fleet: false,
            outage_until: Duration::ZERO,
            refused_until: Duration::ZERO,
            kept_from_us: BTreeMap::new(),
            cut_off: BTreeMap::new(),
            dateless: BTreeMap::new(),
            standstills: BTreeMap::new(),
            too_late: 0,
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
    pub(super) fn host(&mut self, zone: &str) -> Result<(), sandbox::Error> {
        self.service.host_zone(SECRET_ID, zone)
    }

    /// The true time: ours may jump, the service's does not.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::from_std(self.clock.monotonic()).unwrap_or_default()
    }

    pub(super) fn calm(&self) -> bool {
        self.clock.monotonic() >= self.calm_from
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.rng.random::<f64>() < probability
    }

    /// True that often, or a fifth as often where the world is less than hostile.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        let scale = self.faults.choose(0.2, 1.0);
        self.chance(probability * scale)
    }

    /// The odds of something that never happens where everything works, or once it is calm.
    pub(super) fn odds(&self, mild: f64, hostile: f64) -> f64 {
        if self.calm() || self.faults == Faults::None {
            return 0.0;
        }
        self.faults.choose(mild, hostile)
    }

    /// One of these, if there are any.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.rng.random_range(0..from.len().max(1)))
    }

    pub(super) fn route(&mut self, request: &Request, machine: u8) -> Route {
        self.calls += 1;
        let there = Duration::from_millis(self.rng.random_range(5..400));
        let back = Duration::from_millis(self.rng.random_range(5..400));
        let mut route = Route {
            there,
            back,
            ..Route::default()
        };
        let now = self.clock.monotonic();
        let is_until = |until: Option<&Duration>| until.is_some_and(|until| now < *until);
        let is_cut_off = is_until(self.cut_off.get(&machine)) || now < self.outage_until;
        if is_cut_off && !self.calm() {
            route.lost_there = true;
            return route;
        }
        route.dateless = is_until(self.dateless.get(&machine)) && !self.calm();
        if now < self.refused_until && !self.calm() {
            route.instead = Some(refusal("AuthFailure.SecretIdNotFound"));
            return route;
        }
        if self.is_kept_from_us(request, now) && !self.calm() {
            route.instead = Some(refusal("UnauthorizedOperation"));
            return route;
        }
        let applies = action(request) == "ApplyCertificate";
        if self.is_fleet && applies && self.chance(self.odds(0.02, 0.2)) {
            // Its machine stood still before it could send it, or a network held it.
            route.lost_there = true;
            route.lingers = self.lingers();
            return route;
        }
        if !self.chance(self.odds(0.04, 0.2)) {
            return route;
        }
        match self.rng.random_range(0..11) {
            0 => {
                route.lost_there = true;
                route.lingers = self.lingers();
            }
            1 => route.lost_back = true,
            2 => route.instead = Some(status(502, b"<html>bad gateway</html>".to_vec())),
            3 => route.instead = Some(refusal("InternalError")),
            4 => route.instead = Some(refusal("RequestLimitExceeded")),
            5 => route.instead = Some(status(200, br#"{"Response":null}"#.to_vec())),
            6 => route.instead = Some(status(200, b"\x00\xff not json".to_vec())),
            7 => route.instead = Some(refusal("FailedOperation.NetworkError")),
            8 => route.instead = Some(refusal("LimitExceeded")),
            9 if applies => {
                let latest = if self.is_fleet { LATE.as_secs() } else { 240 };
                route.late = Some(Duration::from_secs(self.rng.random_range(1..latest)));
            }
            _ => {
                // Slow, there and back, and still within the limits of the proof.
                route.there = Duration::from_secs(self.rng.random_range(1..9));
                route.back = Duration::from_secs(self.rng.random_range(1..9));
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

    /// For how long what is lost for its sender is still on the way, if it is.
    fn lingers(&mut self) -> Option<Duration> {
        if !self.is_fleet || self.chance(0.5) {
            return None;
        }
        let most = LINGERS.as_secs();
        Some(Duration::from_secs(self.rng.random_range(1..most)))
    }

    /// A request of this machine arrives.
    pub(super) fn arrive(&mut self, request: &Request, route: &Route, machine: u8) -> Reply {
        self.catch_up();
        let lists = action(request) == "DescribeCertificates";
        if self.is_fleet && lists && self.chance(self.odds(0.02, 0.2)) {
            let now = self.now();
            let standstill = Standstill::draw(&mut self.rng, now, machine);
            self.standstills.insert(machine, standstill);
        }
        if let Some(delay) = route.late {
            let taken = self.is_fleet.then(|| self.now());
            self.act_later(delay, taken, request.clone());
            return refusal("InternalError");
        }
        match &route.instead {
            Some(reply) => reply.clone(),
            None => self.act(self.now(), request),
        }
    }

    /// It arrives so much later, when nobody waits for an answer.
    pub(super) fn linger(&mut self, request: Request, delay: Duration) {
        self.act_later(delay, None, request);
    }

    fn act_later(&mut self, delay: Duration, taken: Option<DateTime<Utc>>, request: Request) {
        let at = self.clock.monotonic() + delay;
        self.late.push(Late { at, taken, request });
    }

    /// The process died while this was on the way. It may arrive within the second, or never; where several machines order,
    /// also later.
    pub(super) fn outlive(&mut self, request: Request) {
        if self.chance(0.5) {
            let within = Duration::from_millis(self.rng.random_range(1..900));
            let delay = self.lingers().unwrap_or(within);
            self.act_later(delay, None, request);
        }
    }

    /// When the next of what is late happens.
    pub(super) fn next_late(&self) -> Option<Duration> {
        self.late.iter().map(|late| late.at).min()
    }

    /// What was late and is due by now happens, in its order.
    pub(super) fn catch_up(&mut self) {
        let now = self.clock.monotonic();
        self.late.sort_by_key(|late| late.at);
        while self.late.first().is_some_and(|late| late.at <= now) {
            let late = self.late.remove(0);
            // What was taken in while its signature was good is done, however late.
            let signature_is_of = late.taken.unwrap_or_else(|| self.now());
            self.act(signature_is_of, &late.request);
        }
    }

    fn act(&mut self, now: DateTime<Utc>, request: &Request) -> Reply {
        let reply = self.service.handle(now, request);
        if action(request) == "ApplyCertificate" {
            self.watch(request, &reply);
        }
        reply
    }

    /// Promise 1, as the service sees it: an order of ours arrives while another of ours for the name can still take
    /// effect, or has taken effect and is not installed yet.
    fn watch(&mut self, request: &Request, reply: &Reply) {
        let Reply::Answer { body, .. } = reply else {
            return;
        };
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let code = answer["Response"]["Error"]["Code"].as_str();
        if code == Some("AuthFailure.SignatureExpire") {
            self.too_late += 1;
        }
        if self.is_fleet && code == Some("FailedOperation.OrderAlreadyReplaced") {
            // The service made no second order, and another service might have.
            let text = answer["Response"]["Error"]["Message"].to_string();
            let what = format!("an order was asked for while another machine's was there: {text}");
            self.broken.get_or_insert(what);
        }
        let Some((domain, id)) = self.order_of_ours(request, &answer) else {
            return;
        };
        self.orders += 1;
        let (now, at) = (self.now(), self.clock.monotonic());
        let installed = self.installed.get(&domain).copied();
        let is_fleet = self.is_fleet;
        let is_newer = |end: DateTime<Utc>| match is_fleet {
            // Of several machines, each of which has what it has: one that is far from its window is another's renewal.
            true => end - now > FRESH,
            false => installed.is_none_or(|installed| end > installed),
        };
        let made = self.made.entry(domain.clone()).or_default();
        for order in made.iter() {
            let what = match self.service.standing(now, &order.id) {
                Some((0 | 4, _)) => "is pending",
                Some((1, Some(end))) if is_newer(end) => "is issued and not installed",
                _ => continue,
            };
            let earlier = at.saturating_sub(order.at).as_secs();
            let what = format!(
                "{domain}: order {id} was made while {} of {earlier} s before {what}",
                order.id
            );
            self.broken.get_or_insert(what);
        }
        made.push(Made { id, at });
    }

    fn order_of_ours(&self, request: &Request, answer: &Value) -> Option<(String, String)> {
        let id = answer["Response"]["CertificateId"].as_str()?;
        let asked: Value = serde_json::from_slice(&request.body).ok()?;
        let alias = asked["Alias"].as_str().unwrap_or_default();
        let domain = asked["DomainName"].as_str()?;
        (!self.prefix.is_empty() && alias.starts_with(&self.prefix))
            .then(|| (domain.to_owned(), id.to_owned()))
    }

    /// When the newest certificate of this name ends that was ordered so long ago, and is issued.
    pub(super) fn newest(&mut self, domain: &str, before: Duration) -> Option<DateTime<Utc>> {
        let (now, at) = (self.now(), self.clock.monotonic());
        let made = self.made.get(domain)?.clone();
        let old = made.iter().filter(|order| order.at + before <= at);
        let ends = old.filter_map(|order| match self.service.standing(now, &order.id) {
            Some((1, end)) => end,
            _ => None,
        });
        ends.max()
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
}

pub(super) fn day(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn action(request: &Request) -> &str {
    request.header("X-TC-Action").unwrap_or_default()
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
