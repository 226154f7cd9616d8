//! The service: who may call, how fast, which action, which fault. One request in, one answer out.
//!
//! Pure of I/O and of real time, so that a simulation can put it behind a clock of its own.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::action::{Action, Answer, Call};
use super::actions::find_action;
use super::actions::validation;
use super::error::Error;
use super::fault::{Fault, FaultKind, Faults};
use super::journal::{Entry, Journal};
use super::options::Options;
use super::parameters::Parameters;
use super::refusal::Refusal;
use super::request::{Question, Reply, Request};
use super::signature::{Authorization, check_timestamp};
use super::world::World;
use super::world::random::uuid;
use super::world::roles::Session;

/// A v3-signed POST may be this long (API documentation, 1278/46710), in bytes.
pub(super) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// A request that was let in.
struct Admitted {
    account: usize,
    secret_id: String,
    action: &'static Action,
    region: Option<String>,
    body: Vec<u8>,
}

/// An application that takes effect after its caller was told that it failed.
struct Late {
    due: DateTime<Utc>,
    call: Admitted,
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
        let ids = options.credentials.iter().map(|known| &known.secret_id);
        let distinct: BTreeSet<&String> = ids.collect();
        if distinct.is_empty() || distinct.len() < options.credentials.len() {
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

    /// What the CA has to look at before this request can be answered, and for which certificate.
    pub(super) fn question(&self, request: &Request) -> Option<(String, Question)> {
        validation::question(&self.world, request)
    }

    /// What the CA saw when it looked for this certificate.
    pub(super) fn observe(&mut self, id: &str, seen: Vec<String>) {
        let certificate = self.world.register.get_mut(id);
        if let Some(order) = certificate.and_then(|certificate| certificate.order_mut()) {
            order.seen = Some(seen);
        }
    }

    /// Everything that comes before an action: form, signature, rate.
    fn admit(
        &mut self,
        now: DateTime<Utc>,
        request: &Request,
        entry: &mut Entry,
    ) -> Result<Admitted, Refusal> {
        check_form(request)?;
        let authorization = Authorization::parse(needed_header(request, "Authorization")?)?;
        let timestamp = needed_header(request, "X-TC-Timestamp")?;
        let session = self.world.roles.session(authorization.secret_id).cloned();
        let account = match &session {
            Some(session) => Some(session.account),
            None => self.world.options.account(authorization.secret_id),
        };
        if let Some(account) = account {
            entry.account = Some(authorization.secret_id.to_owned());
            self.journal.arrived_for(account, now);
        }
        let leeway = self.world.options.leeway;
        check_timestamp(timestamp, authorization.date, now + self.offset, leeway)?;
        let account = account.ok_or(Refusal::SECRET_ID_NOT_FOUND)?;
        let secret_key = match &session {
            Some(session) => &session.secret_key,
            None => &self.world.options.credentials[account].secret_key,
        };
        authorization.verify(request, timestamp, secret_key)?;
        check_token(request, session.as_ref(), now + self.offset)?;
        let action = find_action(
            authorization.service,
            needed_header(request, "X-TC-Action")?,
            needed_header(request, "X-TC-Version")?,
        )?;
        let limit = self.world.options.requests_per_second;
        if !self.journal.let_through(account, now, limit) {
            return Err(throttled(limit));
        }
        Ok(Admitted {
            account,
            secret_id: authorization.secret_id.to_owned(),
            action,
            region: request.header("X-TC-Region").map(str::to_owned),
            body: request.body.clone(),
        })
    }

    /// Reads the parameters and runs the action, at `now` of the caller's clock.
    fn act(&mut self, now: DateTime<Utc>, call: &Admitted) -> Result<Answer, Refusal> {
        let parameters = Parameters::read(&call.body, call.action.parameters())?;
        let mut context = Call {
            now: now + self.offset,
            account: call.account,
            secret_id: &call.secret_id,
            region: call.region.as_deref(),
            world: &mut self.world,
        };
        (call.action.run)(&mut context, &parameters)
    }

    /// Acts and answers. Returns the code for the journal beside the reply.
    fn perform(&mut self, now: DateTime<Utc>, call: &Admitted) -> (String, Reply) {
        match self.act(now, call) {
            Err(refusal) => self.refuse(now, &refusal),
            Ok(Answer(result)) => ("OK".into(), self.answer(now, result, false)),
        }
    }

    /// Acts, or not, and answers as the fault has it.
    fn perform_with(
        &mut self,
        now: DateTime<Utc>,
        call: Admitted,
        fault: Fault,
    ) -> (String, Reply) {
        let code = fault.code.clone().unwrap_or_else(|| "InternalError".into());
        let message = fault.message.clone();
        let message = message.unwrap_or_else(|| "This error was injected on purpose.".into());
        let injected = Refusal::new(code, message);
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
                (format!("{} after {code}", fault.kind), reply)
            }
        }
    }

    fn refuse(&mut self, now: DateTime<Utc>, refusal: &Refusal) -> (String, Reply) {
        let error = json!({"Error": {"Code": refusal.code, "Message": refusal.message}});
        let code = refusal.code.clone().into_owned();
        (code, self.answer(now, error.to_string(), true))
    }

    /// Wraps a result as the service does, with its small oddities: a warning key now and then, and a label that
    /// is not always the body's.
    fn answer(&mut self, now: DateTime<Utc>, mut result: String, is_refusal: bool) -> Reply {
        self.answers += 1;
        let mut more = json!({"RequestId": uuid(&mut self.world.random)});
        if self.answers.is_multiple_of(7) && !is_refusal {
            let warning = "This is a stand-in. The key may appear beside any result.";
            more["DeprecatedWarning"] = warning.into();
        }
        // Both are objects: the closing brace of the one and the opening brace of the other make way for a comma.
        result.pop();
        if result.len() > 1 {
            result.push(',');
        }
        let body = format!("{{\"Response\":{result}{}}}", &more.to_string()[1..]).into_bytes();
        let label = if self.answers.is_multiple_of(11) {
            "text/plain"
        } else {
            "application/json"
        };
        self.raw(now, 200, label, body)
    }

    /// Any answer, dated by the service's own clock.
    fn raw(&self, now: DateTime<Utc>, status: u16, label: &str, body: Vec<u8>) -> Reply {
        let date = (now + self.offset).format("%a, %d %b %Y %H:%M:%S GMT");
        Reply::Answer {
            status,
            headers: vec![
                ("Content-Type".to_string(), label.to_string()),
                ("Date".to_string(), date.to_string()),
            ],
            body,
        }
    }
}

fn check_form(request: &Request) -> Result<(), Refusal> {
    if request.method != "POST" {
        return Err(Refusal::ONLY_POST);
    }
    if request.path != "/" {
        return Err(Refusal::PATH_INVALID);
    }
    let label = needed_header(request, "Content-Type")?;
    let kind = label.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::CONTENT_TYPE_INVALID);
    }
    if request.body.len() > BODY_LIMIT {
        return Err(Refusal::REQUEST_SIZE_LIMIT_EXCEEDED);
    }
    Ok(())
}

/// A token belongs to temporary keys, and holds as long as they do.
fn check_token(
    request: &Request,
    session: Option<&Session>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let token = request.header("X-TC-Token");
    let holds = match session {
        None => token.is_none_or(str::is_empty),
        Some(session) => now < session.ends && token == Some(session.token.as_str()),
    };
    holds.then_some(()).ok_or(Refusal::TOKEN_FAILURE)
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
