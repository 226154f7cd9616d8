//! A service that does what it is asked and answers something else: HTTP in front of the stand-in's logic, with a
//! free hand for each answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use evercert::sandbox::{Reply, Request, Service};
use futures_util::stream;
use serde_json::Value;

use super::{StandIn, now};

/// What is answered.
pub enum Lie {
    /// What the stand-in says.
    Truth,
    /// This JSON instead.
    Json(Value),
    /// This HTTP status, and a page for people.
    Status(u16),
    /// The beginning of an answer, and then no end of it.
    Endless,
    /// The beginning of an answer, and then a byte now and then.
    Trickle,
}

/// Given the action, the request's body and the true answer, the answer.
type Hand = dyn Fn(&str, &Value, &Value) -> Lie + Send + Sync;

/// The running liar. It ends with the test.
pub struct Liar {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Liar {
    /// Stands in front of this stand-in.
    pub fn before(
        stand_in: &StandIn,
        hand: impl Fn(&str, &Value, &Value) -> Lie + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let service = stand_in.service();
        let hand: Arc<Hand> = Arc::new(hand);
        let router = Router::new().fallback(
            move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
                let (service, hand) = (Arc::clone(&service), Arc::clone(&hand));
                async move { answer(&service, &*hand, &method, &uri, &headers, &body) }
            },
        );
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            _runtime: runtime,
        }
    }

    /// Where it listens, as a config's `endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn answer(
    service: &Mutex<Service>,
    hand: &Hand,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    let request = Request {
        method: method.to_string(),
        path: uri.to_string(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: body.to_vec(),
    };
    let reply = service
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .handle(now(), &request);
    let Reply::Answer {
        status,
        body: truth,
        ..
    } = reply
    else {
        panic!("queue no faults behind a liar");
    };
    let action = headers
        .get("X-TC-Action")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let said: Value = serde_json::from_slice(&truth).unwrap_or_default();
    match hand(action, &asked, &said) {
        Lie::Truth => (StatusCode::from_u16(status).unwrap(), truth).into_response(),
        Lie::Json(value) => value.to_string().into_response(),
        Lie::Status(status) => {
            (StatusCode::from_u16(status).unwrap(), "<html>no</html>").into_response()
        }
        Lie::Trickle => {
            let pieces = stream::unfold((), |()| async {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                Some((
                    Ok::<_, std::convert::Infallible>(Bytes::from_static(b" ")),
                    (),
                ))
            });
            Body::from_stream(pieces).into_response()
        }
        Lie::Endless => {
            let head = Bytes::from_static(b"{\"Response\":{\"Padding\":\"");
            let more = Bytes::from(vec![b'x'; 1 << 20]);
            let pieces = (0..4096).map(move |n| {
                Ok::<_, std::convert::Infallible>(if n == 0 { head.clone() } else { more.clone() })
            });
            Body::from_stream(stream::iter(pieces)).into_response()
        }
    }
}
