//! One account's way to the service: takes a permit, signs, sends, reads, tells its observer.
//!
//! One call is one request. Nothing is retried here: who calls decides, and writes down, what happens next. Bodies are
//! serialised once, and the bytes that were signed are the bytes that are sent. Nothing of a body is ever logged.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use zeroize::Zeroizing;

use crate::clock::Clock;

use super::answer::parse;
use super::credential::{Credential, CredentialError, Provider};
use super::error::{ApiError, clean_word};
use super::limit::{Limiter, Permit};
use super::sign::sign;
use super::transport::{RawAnswer, SignedRequest, Transport};

mod action;
mod observer;
mod place;
mod response;

pub(crate) use action::{Action, Answered};
pub(crate) use observer::{Call, Observer};
use place::Place;
use response::{Refusal, Response, malformed};

const CONTENT_TYPE: &str = "application/json";
/// Changes the language of messages only (Tencent Cloud SDK for Python).
const LANGUAGE: &str = "en-US";
const CLOCK_CODE: &str = "AuthFailure.SignatureExpire";
const TOKEN_CODE: &str = "AuthFailure.TokenFailure";
/// A measured clock that differs by less from the one that was refused makes no difference.
const WORTH_A_TRY: TimeDelta = TimeDelta::seconds(30);
/// Codes after which the keys are looked for anew: they may have been rotated since.
const KEY_CODES: [&str; 4] = [
    TOKEN_CODE,
    "AuthFailure.SecretIdNotFound",
    "AuthFailure.InvalidSecretId",
    "AuthFailure.SignatureFailure",
];

/// What a client is made of, beside its seams.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// The ssl service's endpoint, `https://host` or, on loopback, `http://host:port`. Without a path.
    pub endpoint: String,
    /// For each whole call.
    pub timeout: Duration,
}

/// One account's way to the service.
pub struct Client {
    endpoint: String,
    timeout: Duration,
    transport: Arc<dyn Transport>,
    limiter: Arc<Limiter>,
    clock: Arc<dyn Clock>,
    credentials: Arc<Provider>,
    observer: Option<Arc<dyn Observer>>,
    state: Mutex<State>,
    /// Calls under way that change something at the service.
    changing: AtomicUsize,
}

/// The right to send one request, and the keys that sign it: one set, whatever becomes of the account's keys meanwhile.
pub(crate) struct Ready {
    pub(super) permit: Permit,
    pub(super) keys: Result<Arc<Credential>, Arc<CredentialError>>,
}

impl Ready {
    /// Gives the right back: nothing was sent.
    pub(crate) fn not_sent(self) {
        self.permit.not_sent();
    }
}

/// A call under way that changes something, until it is dropped.
struct Changing<'a>(&'a AtomicUsize);

impl<'a> Changing<'a> {
    fn count(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::Relaxed);
        Self(calls)
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct State {
    /// The service's clock minus ours, as last seen.
    skew: Option<TimeDelta>,
    /// Added to our clock when signing; zero until the service refuses our time.
    offset: TimeDelta,
    /// The keys that were refused last: others are looked for since.
    refused: Option<Arc<Credential>>,
    /// The temporary keys that were refused; nothing has gone well since.
    token_refused: Option<Arc<Credential>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account())
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for one account. Sends nothing yet.
    pub fn new(
        settings: ClientSettings,
        transport: Arc<dyn Transport>,
        limiter: Arc<Limiter>,
        clock: Arc<dyn Clock>,
        credentials: Arc<Provider>,
    ) -> Self {
        let ClientSettings { endpoint, timeout } = settings;
        Self {
            endpoint,
            timeout,
            transport,
            limiter,
            clock,
            credentials,
            observer: None,
            state: Mutex::new(State::default()),
            changing: AtomicUsize::new(0),
        }
    }

    /// Whether a call is under way that changes something at the service, an application say: its answer is worth waiting
    /// for.
    pub(crate) fn is_changing(&self) -> bool {
        self.changing.load(Ordering::Relaxed) > 0
    }

    /// The same client, with somebody who is told of its calls.
    #[must_use]
    pub(crate) fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// The account's name.
    pub(crate) fn account(&self) -> &str {
        self.credentials.account()
    }

    /// The keys to use now. With a role, that may take a call.
    ///
    /// # Errors
    /// There are none that hold.
    pub(crate) async fn keys(&self) -> Result<Arc<Credential>, Arc<CredentialError>> {
        let obtained = self.credentials.get(self).await?;
        if let Some(why) = obtained.stale {
            tracing::warn!(account = self.account(), error = %why, "the account's keys could not be renewed; the old ones still hold");
        }
        Ok(obtained.credential)
    }

    /// Waits for the right to send one request. Keys come first: where a role has to be assumed for them, that call needs a
    /// right of its own.
    pub(crate) async fn permit(&self) -> Ready {
        let keys = self.keys().await;
        self.ready(keys).await
    }

    /// Waits for the right to send one request that these keys sign.
    pub(super) async fn ready(&self, keys: Result<Arc<Credential>, Arc<CredentialError>>) -> Ready {
        let permit = self.limiter.acquire().await;
        Ready { permit, keys }
    }

    /// The time to sign with, in whole seconds: our clock, or the service's where it refused ours.
    pub(crate) fn timestamp(&self) -> DateTime<Utc> {
        let now = self.clock.now();
        now.checked_add_signed(self.lock().offset)
            .unwrap_or(now)
            .trunc_subsecs(0)
    }

    /// The service's clock minus ours, as the last answer's `Date` header had it; to the second, delays included.
    pub(crate) fn skew(&self) -> Option<TimeDelta> {
        self.lock().skew
    }

    /// One call: waits for a permit, signs with the time that it is then, sends, and reads the answer. `read` says what
    /// is wrong with one that can't be used.
    ///
    /// # Errors
    /// [`ApiError`]; nothing was retried.
    pub(super) async fn call<T: DeserializeOwned, U>(
        &self,
        action: &Action<'_>,
        body: &impl Serialize,
        read: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<Answered<U>, ApiError> {
        self.call_at(None, action, body, read).await
    }

    /// As [`Client::call`], signed with the time that is given.
    pub(super) async fn call_at<T: DeserializeOwned, U>(
        &self,
        at: Option<DateTime<Utc>>,
        action: &Action<'_>,
        body: &impl Serialize,
        read: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<Answered<U>, ApiError> {
        let ready = self.permit().await;
        let at = at.unwrap_or_else(|| self.timestamp());
        self.send(ready, at, action, body, read).await
    }

    /// As [`Client::call`], where it is all the same what the answer has in it.
    pub(super) async fn perform(
        &self,
        action: &Action<'_>,
        body: &impl Serialize,
    ) -> Result<Answered<()>, ApiError> {
        self.call(action, body, |_: IgnoredAny| Ok(())).await
    }

    /// One call with the right to it in hand and the time `at` that was written down for it.
    pub(super) async fn send<T: DeserializeOwned, U>(
        &self,
        ready: Ready,
        at: DateTime<Utc>,
        action: &Action<'_>,
        body: &impl Serialize,
        read: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<Answered<U>, ApiError> {
        let _changing = (!action.is_reading()).then(|| Changing::count(&self.changing));
        let started = self.clock.monotonic();
        let keys = ready.keys.as_ref().ok().cloned();
        let body = serde_json::to_vec(body);
        let result = self
            .exchange(ready, at, action, body)
            .await
            .and_then(|answer| self.read(action, keys, &answer, read));
        self.record(
            action,
            started,
            result.as_ref().err(),
            result.as_ref().ok().and_then(|ok| ok.request_id.as_deref()),
        );
        result
    }

    async fn exchange(
        &self,
        Ready { permit, keys }: Ready,
        at: DateTime<Utc>,
        action: &Action<'_>,
        body: serde_json::Result<Vec<u8>>,
    ) -> Result<RawAnswer, ApiError> {
        let request = match self.request(keys, at, action, body) {
            Ok(request) => request,
            Err(error) => {
                permit.not_sent();
                return Err(error);
            }
        };
        // Dropped in mid-flight, the sending ends before the permit, which then counts as one without an answer.
        match self.transport.send(request).await {
            Ok(answer) => {
                permit.answered();
                Ok(answer)
            }
            Err(source) => {
                if source.maybe_sent() {
                    drop(permit);
                } else {
                    permit.not_sent();
                }
                Err(ApiError::Transport {
                    action: action.name,
                    source,
                })
            }
        }
    }

    /// Serialised once, signed, ready to go.
    fn request(
        &self,
        keys: Result<Arc<Credential>, Arc<CredentialError>>,
        at: DateTime<Utc>,
        action: &Action<'_>,
        body: serde_json::Result<Vec<u8>>,
    ) -> Result<SignedRequest, ApiError> {
        let body = body.map_err(|source| ApiError::Encoding {
            action: action.name,
            source,
        })?;
        let body = Zeroizing::new(body);
        let credential = keys.map_err(|source| ApiError::Credential {
            action: action.name,
            source,
        })?;
        let place = Place::of(&self.endpoint, action.service);
        let timestamp = at.timestamp();
        let authorization = sign(
            &credential.pair(),
            action.service,
            &place.host,
            CONTENT_TYPE,
            timestamp,
            &body,
        );
        let mut headers = vec![
            ("content-type", CONTENT_TYPE.to_owned()),
            ("x-tc-action", action.name.to_owned()),
            ("x-tc-version", action.version.to_owned()),
            ("x-tc-timestamp", timestamp.to_string()),
            ("x-tc-language", LANGUAGE.to_owned()),
            ("authorization", authorization.header_value().to_owned()),
        ];
        headers.extend(
            action
                .region
                .map(|region| ("x-tc-region", region.to_owned())),
        );
        headers.extend(
            credential
                .token
                .as_ref()
                .map(|token| ("x-tc-token", token.expose_secret().to_owned())),
        );
        Ok(SignedRequest {
            url: place.url,
            host: place.host,
            headers,
            body,
            timeout: self.timeout,
        })
    }

    /// Looks for the account's keys anew before the next call: a file that holds them has changed.
    pub(crate) fn look_for_keys(&self) {
        self.credentials.refresh_next();
    }

    /// Reads an answer: the service's errors come with status 200, anything else is a fault on the way.
    fn read<T: DeserializeOwned, U>(
        &self,
        action: &Action<'_>,
        keys: Option<Arc<Credential>>,
        answer: &RawAnswer,
        read: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<Answered<U>, ApiError> {
        let (response, request_id) = self.open(action, keys, answer)?;
        let value = parse(response)
            .ok_or_else(|| "it has not the form that is documented".to_owned())
            .and_then(read);
        match value {
            Ok(value) => Ok(Answered {
                value,
                request_id,
                date: answer.date,
                read_at: self.clock.since_boot(),
            }),
            Err(what) => Err(malformed(action, &what, request_id)),
        }
    }

    /// What stands in an answer, if it is no refusal, and its request id.
    fn open<'a>(
        &self,
        action: &Action<'_>,
        keys: Option<Arc<Credential>>,
        answer: &'a RawAnswer,
    ) -> Result<(&'a str, Option<String>), ApiError> {
        if answer.status != 200 {
            return Err(ApiError::Status {
                action: action.name,
                status: answer.status,
            });
        }
        let response = Response::of(&answer.body).map_err(|what| malformed(action, what, None))?;
        // Only now: what stands before the service, a proxy say, has a clock of its own.
        if let Some(date) = answer.date {
            self.lock().skew = Some(date - self.clock.now());
        }
        let request_id = response.request_id.map(|id| clean_word(&id));
        let Some(Refusal { code, message }) = response.refusal else {
            // A role may be assumed with other keys than those whose token was refused.
            if action.service != "sts" {
                self.lock().token_refused = None;
            }
            return Ok((response.json, request_id));
        };
        if code.is_empty() {
            return Err(malformed(action, "its Error has no Code", request_id));
        }
        let remedied = self.remedy(&code, keys);
        Err(ApiError::refused(
            action.name,
            &code,
            &message,
            request_id,
            remedied,
        ))
    }

    /// What a refused clock or key calls for. True where the same call, signed anew, may well be taken: also where these
    /// keys were refused to another call meanwhile, so that others are looked for already.
    fn remedy(&self, code: &str, keys: Option<Arc<Credential>>) -> bool {
        let mut state = self.lock();
        if let (CLOCK_CODE, Some(skew)) = (code, state.skew) {
            let differs = (skew - state.offset).abs() >= WORTH_A_TRY;
            state.offset = skew;
            return differs;
        }
        if !KEY_CODES.contains(&code) {
            return false;
        }
        if !are_same(&state.refused, &keys) {
            state.refused.clone_from(&keys);
            self.credentials.refresh_next();
        }
        // Temporary keys may end, or be taken back, at any time.
        let are_temporary = keys.as_ref().is_some_and(|keys| keys.token.is_some());
        if code != TOKEN_CODE && !are_temporary {
            return false;
        }
        match &state.token_refused {
            Some(_) => are_same(&state.token_refused, &keys),
            None => {
                state.token_refused = keys;
                true
            }
        }
    }

    fn record(
        &self,
        action: &Action<'_>,
        started: Duration,
        error: Option<&ApiError>,
        request_id: Option<&str>,
    ) {
        let code = error.map_or_else(|| "ok".to_owned(), ApiError::outcome);
        let request_id = error
            .map_or(request_id, ApiError::request_id)
            .unwrap_or_default();
        let took = self.clock.monotonic().saturating_sub(started);
        tracing::debug!(account = self.account(), action = action.name, code, request_id, ms = %took.as_millis(), "api call");
        if let Some(observer) = &self.observer {
            observer.called(Call {
                account: self.account(),
                action: action.name,
                code: &code,
                took,
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Only numbers, whole at any moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether these are one and the same set: looking again gives another, also where nothing has changed.
fn are_same(one: &Option<Arc<Credential>>, other: &Option<Arc<Credential>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}

#[cfg(test)]
pub(super) mod bench;
#[cfg(test)]
mod tests;
