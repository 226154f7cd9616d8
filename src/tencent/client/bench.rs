//! A client with everything around it under a test's hand: time, the service's answers, and what was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Action, Answered, Client, ClientSettings};
use crate::clock::{Clock, VirtualClock};
use crate::tencent::credential::Provider;
use crate::tencent::error::ApiError;
use crate::tencent::limit::Limiter;
use crate::tencent::transport::{RawAnswer, SignedRequest, Transport, TransportError};

pub(in crate::tencent) const NOON: i64 = 1_740_000_000;

/// What the fake service does with the next request.
pub(in crate::tencent) enum Next {
    Answer {
        status: u16,
        date: Option<i64>,
        body: String,
    },
    /// An answer that may be no text.
    Bytes(Vec<u8>),
    Fail(TransportError),
    /// The request hangs until its caller gives up.
    Hang,
}

/// A service that answers from a script and keeps what was sent.
#[derive(Default)]
pub(in crate::tencent) struct Script {
    next: Mutex<VecDeque<Next>>,
    pub(in crate::tencent) sent: Mutex<Vec<SignedRequest>>,
}

impl Script {
    pub(in crate::tencent) fn then(&self, next: Next) {
        self.next.lock().unwrap().push_back(next);
    }

    pub(in crate::tencent) fn answers(&self, body: &str) {
        self.then(Next::Answer {
            status: 200,
            date: Some(NOON),
            body: body.to_owned(),
        });
    }

    pub(in crate::tencent) fn refuses(&self, code: &str) {
        self.answers(&format!(
            r#"{{"Response":{{"Error":{{"Code":"{code}","Message":"m"}},"RequestId":"rid"}}}}"#
        ));
    }

    /// The body of the last request.
    pub(in crate::tencent) fn last_body(&self) -> Value {
        serde_json::from_slice(&self.sent.lock().unwrap().last().unwrap().body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let sent = self.sent.lock().unwrap();
        sent.last()
            .unwrap()
            .headers
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone())
    }
}

impl Transport for Script {
    fn send(&self, request: SignedRequest) -> BoxFuture<'_, Result<RawAnswer, TransportError>> {
        self.sent.lock().unwrap().push(request);
        let next = self.next.lock().unwrap().pop_front().unwrap_or(Next::Hang);
        async move {
            match next {
                Next::Answer { status, date, body } => Ok(RawAnswer {
                    status,
                    date: date.and_then(|at| DateTime::from_timestamp(at, 0)),
                    body: Zeroizing::new(body.into_bytes()),
                }),
                Next::Bytes(body) => Ok(RawAnswer {
                    status: 200,
                    date: DateTime::from_timestamp(NOON, 0),
                    body: Zeroizing::new(body),
                }),
                Next::Fail(error) => Err(error),
                Next::Hang => std::future::pending().await,
            }
        }
        .boxed()
    }
}

/// A client with everything around it under the test's hand.
pub(in crate::tencent) struct Bench {
    pub(in crate::tencent) clock: VirtualClock,
    pub(in crate::tencent) script: Arc<Script>,
    pub(in crate::tencent) limiter: Arc<Limiter>,
    pub(in crate::tencent) client: Client,
}

pub(in crate::tencent) fn bench() -> Bench {
    with_provider(
        |clock| Provider::fixed("AKIDEXAMPLE", "SECRETEXAMPLE".into(), clock),
        10,
    )
}

pub(in crate::tencent) fn with_provider(
    provider: impl FnOnce(Arc<dyn Clock>) -> Provider,
    permits: usize,
) -> Bench {
    let clock = VirtualClock::new(DateTime::from_timestamp(NOON, 0).unwrap());
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let script = Arc::new(Script::default());
    let limiter = Arc::new(Limiter::with_first_call_after(
        Arc::clone(&shared),
        permits,
        Duration::ZERO,
    ));
    let settings = ClientSettings {
        endpoint: "https://ssl.tencentcloudapi.com".into(),
        timeout: Duration::from_secs(30),
    };
    let provider = Arc::new(provider(Arc::clone(&shared)));
    let client = Client::new(
        settings,
        Arc::clone(&script) as Arc<dyn Transport>,
        Arc::clone(&limiter),
        shared,
        provider,
    );
    Bench {
        clock,
        script,
        limiter,
        client,
    }
}

pub(super) const PROBE: Action<'static> = Action::ssl("Probe");

/// Runs a call that must be ready at once.
pub(in crate::tencent) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the call waits for something")
}

pub(super) fn probe(bench: &Bench) -> Result<Answered<()>, ApiError> {
    now(perform(bench))
}

/// For keys that are looked for on the disk, which takes a thread of the runtime.
pub(super) async fn perform(bench: &Bench) -> Result<Answered<()>, ApiError> {
    bench.client.perform(&PROBE, &json!({})).await
}
