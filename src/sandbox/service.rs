//! The service: who may call, how fast, which action, which fault. One request in, one answer out.
//!
//! Pure of I/O and of real time, so that a simulation can put it behind a clock of its own.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::dispatch::{Action, find_action};
use super::fault::{Fault, FaultKind, Faults};
use super::fields::Written;
use super::journal::{Entry, Journal};
use super::parameters::Parameters;
use super::refusal::Refusal;
use super::request::{Reply, Request};
use super::signature::{Authorization, check_timestamp};
use super::world::{Turn, World};
use super::{Error, Options};

/// A v3-signed POST may be this long (API documentation, 1278/46710), in bytes.
pub(super) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// A request that was let in.
struct Call {
    account: usize,
    action: &'static Action,
    region: Option<String>,
    body: Vec<u8>,
}

/// An application that takes effect after its caller was told that it failed.
struct Late {
    due: DateTime<Utc>,
    call: Call,
}

/// The stand-in's logic. See the module's head for what it promises.
pub struct Service {
    pub(super) world: World,
    pub(super) journal: Journal,
    pub(super) faults: Faults,
    /// How far the service's clock is ahead of the caller's `now`.
    pub(super) offset: TimeDelta,
    late: Vec<Late>,
    answers: u64,
}

impl Service {
    /// A service with a fresh CA and no certificates.
    pub fn new(options: Options) -> Result<Self, Error> {
        let mut ids: Vec<&str> = options
            .credentials
            .iter()
            .map(|credential| credential.secret_id.as_str())
            .collect();
        ids.sort_unstable();
        if ids.is_empty() || ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::Credentials);
        }
        Ok(Self {
            journal: Journal::new(options.credentials.len()),
            world: World::new(options)?,
            faults: Faults::default(),
            offset: TimeDelta::zero(),
            late: Vec::new(),
            answers: 0,
        })
    }

    /// One request in, one answer out, at `now`. The service adds its own settable offset to that.
    pub fn handle(&mut self, now: DateTime<Utc>, request: &Request) -> Reply {
        self.perform_late(now);
        self.journal.arrived(now);
        let mut entry = Entry::new(now + self.offset, request);
        let (code, reply) = match self.admit(now, request, &mut entry) {
            Err(refusal) => self.refuse(now, &refusal),
            Ok(call) => match self.faults.take(call.action.name, &request.body) {
                None => self.perform(now, &call),
                Some(fault) => self.perform_with(now, call, fault),
            },
        };
        self.journal.add(entry, &code);
        reply
    }

    /// Carries out what is due of the calls that were answered with an error before they took effect. `handle`
    /// does it too; a look at the state from outside needs it before.
    pub(super) fn perform_late(&mut self, now: DateTime<Utc>) {
        let (due, waiting): (Vec<Late>, Vec<Late>) =
            self.late.drain(..).partition(|late| late.due <= now);
        self.late = waiting;
        for late in due {
            let outcome = self.act(late.due, &late.call);
            self.journal
                .acted_late(late.call.action.name, outcome.is_ok());
        }
    }

    /// Everything that comes before an action: form, signature, rate.
    fn admit(
        &mut self,
        now: DateTime<Utc>,
        request: &Request,
        entry: &mut Entry,
    ) -> Result<Call, Refusal> {
        check_form(request)?;
        let authorization = Authorization::parse(needed_header(request, "Authorization")?)?;
        let timestamp = needed_header(request, "X-TC-Timestamp")?;
        let credentials = &self.world.options.credentials;
        let account = credentials
            .iter()
            .position(|credential| credential.secret_id == authorization.secret_id);
        if let Some(account) = account {
            entry.account = Some(credentials[account].secret_id.clone());
            self.journal.arrived_for(account, now);
        }
        check_timestamp(timestamp, authorization.date, now + self.offset)?;
        let account = account.ok_or_else(|| {
            Refusal::new(
                "AuthFailure.SecretIdNotFound",
                "The SecretId is not found. Please check that it is correct.",
            )
        })?;
        let secret_key = &self.world.options.credentials[account].secret_key;
        authorization.verify(request, timestamp, secret_key)?;
        let action = find_action(
            authorization.service,
            needed_header(request, "X-TC-Action")?,
            needed_header(request, "X-TC-Version")?,
        )?;
        let limit = self.world.options.requests_per_second;
        if !self.journal.let_through(account, now, limit) {
            return Err(throttled(limit));
        }
        Ok(Call {
            account,
            action,
            region: request.header("X-TC-Region").map(str::to_owned),
            body: request.body.clone(),
        })
    }

    /// Reads the parameters and runs the action, at `now` of the caller's clock.
    fn act(
        &mut self,
        now: DateTime<Utc>,
        call: &Call,
    ) -> Result<(Value, Option<Written>), Refusal> {
        let parameters = Parameters::read(&call.body, call.action.parameters)?;
        let mut turn = Turn {
            now: now + self.offset,
            account: call.account,
            region: call.region.clone(),
            world: &mut self.world,
            written: None,
        };
        let result = (call.action.run)(&mut turn, &parameters)?;
        Ok((result, turn.written))
    }

    /// Acts and answers. Returns the code for the journal beside the reply.
    fn perform(&mut self, now: DateTime<Utc>, call: &Call) -> (String, Reply) {
        match self.act(now, call) {
            Err(refusal) => self.refuse(now, &refusal),
            Ok((Value::Object(result), written)) => {
                ("OK".into(), self.answer(now, result, written))
            }
            Ok(_) => ("OK".into(), self.answer(now, Map::new(), None)),
        }
    }

    /// Acts, or not, and answers as the fault has it.
    fn perform_with(&mut self, now: DateTime<Utc>, call: Call, fault: Fault) -> (String, Reply) {
        let code = fault.code.clone().unwrap_or_else(|| "InternalError".into());
        let injected = Refusal::new(code, "This error was injected on purpose.");
        match fault.kind {
            FaultKind::Error => self.refuse(now, &injected),
            FaultKind::Throttle | FaultKind::ThrottleHalf => {
                let limit = self.world.options.requests_per_second;
                self.refuse(now, &throttled(limit))
            }
            FaultKind::Late => {
                let due = now + fault.hold().unwrap_or_default();
                self.late.push(Late { due, call });
                self.refuse(now, &injected)
            }
            FaultKind::Http => {
                let status = fault.http_status();
                let body = b"<html><body>Injected on purpose.</body></html>".to_vec();
                (
                    format!("http {status}"),
                    self.raw(now, status, "text/html", body),
                )
            }
            FaultKind::DropBefore => ("dropped before acting".into(), Reply::Dropped),
            FaultKind::DropAfter => {
                let (code, _) = self.perform(now, &call);
                (format!("dropped after {code}"), Reply::Dropped)
            }
            FaultKind::Stall => {
                let (code, answer) = self.perform(now, &call);
                let hold = fault.hold().and_then(|hold| hold.to_std().ok());
                let answer = Box::new(answer);
                (format!("stalled {code}"), Reply::Stalled { hold, answer })
            }
            FaultKind::Rubbish | FaultKind::Huge | FaultKind::Null => {
                let (code, _) = self.perform(now, &call);
                let body = fault.body();
                let reply = self.raw(now, 200, "application/json", body);
                (format!("{} after {code}", fault.kind.name()), reply)
            }
        }
    }

    fn refuse(&mut self, now: DateTime<Utc>, refusal: &Refusal) -> (String, Reply) {
        let error = json!({"Code": refusal.code, "Message": refusal.message});
        let mut result = Map::new();
        result.insert("Error".into(), error);
        let code = refusal.code.clone().into_owned();
        (code, self.answer(now, result, None))
    }

    /// Wraps a result as the service does, with its small oddities: a warning key now and then, and a label that
    /// is not always the body's.
    fn answer(
        &mut self,
        now: DateTime<Utc>,
        mut result: Map<String, Value>,
        written: Option<Written>,
    ) -> Reply {
        self.answers += 1;
        if self.answers.is_multiple_of(7) && !result.contains_key("Error") {
            let warning = "This is a stand-in. The key may appear beside any result.";
            result.insert("DeprecatedWarning".into(), warning.into());
        }
        result.insert("RequestId".into(), self.world.request_id().into());
        let mut response = Value::Object(result).to_string();
        if let Some(written) = written {
            written.append_to(&mut response);
        }
        let body = format!("{{\"Response\":{response}}}").into_bytes();
        let label = if self.answers.is_multiple_of(11) {
            "text/plain"
        } else {
            "application/json"
        };
        self.raw(now, 200, label, body)
    }

    fn raw(&self, now: DateTime<Utc>, status: u16, label: &str, body: Vec<u8>) -> Reply {
        let mut headers = vec![("Content-Type".to_string(), label.to_string())];
        if self.world.options.date_header {
            let date = (now + self.offset).format("%a, %d %b %Y %H:%M:%S GMT");
            headers.push(("Date".into(), date.to_string()));
        }
        Reply::Answer {
            status,
            headers,
            body,
        }
    }
}

fn check_form(request: &Request) -> Result<(), Refusal> {
    if request.method != "POST" {
        return Err(Refusal::new(
            "UnsupportedProtocol",
            "Only POST is answered here.",
        ));
    }
    if request.path != "/" {
        return Err(Refusal::new(
            "InvalidRequest",
            "The path must be `/`, without a query.",
        ));
    }
    let label = needed_header(request, "Content-Type")?;
    let kind = label.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            "UnsupportedProtocol",
            "The Content-Type must be application/json.",
        ));
    }
    if request.body.len() > BODY_LIMIT {
        return Err(Refusal::new(
            "RequestSizeLimitExceeded",
            "The request is longer than 10 MB.",
        ));
    }
    Ok(())
}

fn needed_header<'a>(request: &'a Request, name: &str) -> Result<&'a str, Refusal> {
    request
        .header(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| {
            Refusal::new(
                "MissingParameter",
                format!("The header `{name}` is missing."),
            )
        })
}

fn throttled(limit: u32) -> Refusal {
    Refusal::new(
        "RequestLimitExceeded",
        format!("Your current request times exceeds the limit, {limit} per second."),
    )
}
