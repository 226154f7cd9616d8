//! What happens to a request on its way, there and back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::world::SharedWorld;
use crate::clock::Clock;
use crate::sandbox::{Reply, Request};
use crate::tencent::{RawAnswer, SignedRequest, Transport, TransportError};

/// The way to the world. A future that is dropped on it is a process that died: what was sent may still arrive.
pub(super) struct Network {
    pub(super) clock: Arc<dyn Clock>,
    /// Of a fleet, which of its machines this is.
    pub(super) machine: u8,
    pub(super) world: SharedWorld,
}

impl Network {
    async fn exchange(&self, request: SignedRequest) -> Result<RawAnswer, TransportError> {
        let timeout = request.timeout;
        let host = request.host.clone();
        let request = as_seen(&request);
        let route = self.world.with(|world| world.route(&request, self.machine));
        let began = self.clock.monotonic();
        let timed_out = || TransportError::Timeout {
            host: host.clone(),
            timeout,
            source: None,
        };

        let mut on_the_way = OnTheWay {
            network: self,
            request: Some(request),
        };
        self.clock.sleep(route.there).await;
        let Some(request) = on_the_way.request.take() else {
            return Err(timed_out());
        };
        if route.lost_there {
            if let Some(delay) = route.lingers {
                self.world.with(|world| world.linger(request, delay));
            }
            self.clock.sleep(timeout.saturating_sub(route.there)).await;
            return Err(timed_out());
        }
        let reply = self
            .world
            .with(|world| world.arrive(&request, &route, self.machine));
        if route.lost_back {
            let spent = self.clock.monotonic().saturating_sub(began);
            self.clock.sleep(timeout.saturating_sub(spent)).await;
            return Err(timed_out());
        }
        self.clock.sleep(route.back).await;
        let mut answer = answer(reply, host)?;
        if route.dateless {
            answer.date = None;
        }
        Ok(answer)
    }
}

impl Transport for Network {
    fn send(&self, request: SignedRequest) -> BoxFuture<'_, Result<RawAnswer, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

/// A request between us and the service. If the process dies now, the kernel may still deliver it.
struct OnTheWay<'a> {
    network: &'a Network,
    request: Option<Request>,
}

impl Drop for OnTheWay<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.network.world.with(|world| world.outlive(request));
        }
    }
}

fn as_seen(request: &SignedRequest) -> Request {
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        headers.push(("Host".to_owned(), request.host.clone()));
    }
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers,
        body: request.body.to_vec(),
    }
}

fn answer(reply: Reply, host: String) -> Result<RawAnswer, TransportError> {
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => Ok(RawAnswer {
            status,
            date: date(&headers),
            body: Zeroizing::new(body),
        }),
        Reply::Stalled { answer: inner, .. } => answer(*inner, host),
        Reply::Dropped => Err(TransportError::Broken { host, source: None }),
    }
}

fn date(headers: &[(String, String)]) -> Option<DateTime<Utc>> {
    let (_, text) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
}
