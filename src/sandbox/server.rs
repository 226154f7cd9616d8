//! Real HTTP in front of the service, on loopback: one listener for the API, one for the management port.
//!
//! The only file that knows sockets and the machine's clock.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::console;
use super::look;
use super::request::{Reply, Request};
use super::service::{BODY_LIMIT, Service};
use super::wire::{Cut, CuttableListener};
use super::{Error, Options};

/// A running stand-in. Dropping it stops it too.
pub struct Server {
    service: Arc<Mutex<Service>>,
    address: SocketAddr,
    manage_address: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// What every handler has.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) service: Arc<Mutex<Service>>,
    stop: CancellationToken,
}

impl Server {
    /// Starts on the given loopback addresses; port 0 takes a free one. Without `manage` there is no management
    /// port.
    pub async fn start(
        options: Options,
        listen: SocketAddr,
        manage: Option<SocketAddr>,
    ) -> Result<Self, Error> {
        let service = Arc::new(Mutex::new(Service::new(options)?));
        let api = bind(listen).await?;
        let console = match manage {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let local = |listener: &TcpListener, asked: SocketAddr| {
            listener.local_addr().map_err(|source| Error::Listen {
                address: asked,
                source,
            })
        };
        let address = local(&api, listen)?;
        let manage_address = match (&console, manage) {
            (Some(listener), Some(asked)) => Some(local(listener, asked)?),
            _ => None,
        };
        let stop = CancellationToken::new();
        let shared = Shared {
            service: Arc::clone(&service),
            stop: stop.clone(),
        };
        let mut tasks = vec![tokio::spawn(serve_api(api, shared.clone()))];
        if let Some(listener) = console {
            tasks.push(tokio::spawn(serve_console(listener, shared)));
        }
        Ok(Self {
            service,
            address,
            manage_address,
            stop,
            tasks,
        })
    }

    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the management port listens, if there is one.
    pub fn manage_address(&self) -> Option<SocketAddr> {
        self.manage_address
    }

    /// The service behind it, for tests in the same process.
    pub fn service(&self) -> Arc<Mutex<Service>> {
        Arc::clone(&self.service)
    }

    /// Stops: open connections are closed, held answers are never sent.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            if let Err(error) = task.await
                && !error.is_cancelled()
            {
                tracing::warn!(%error, "a sandbox listener ended badly");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    /// The service. A panic elsewhere while it was held leaves it usable: every change is a small fact.
    pub(super) fn lock(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The machine's time. The rest of the crate has a clock of its own to ask; the sandbox imports nothing of it.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the sandbox reads the real clock"
)]
pub(super) fn machine_now() -> DateTime<Utc> {
    Utc::now()
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })
}

async fn serve_api(listener: TcpListener, shared: Shared) {
    let stop = shared.stop.clone();
    let router = Router::new().fallback(answer_api).with_state(shared);
    let service = router.into_make_service_with_connect_info::<Cut>();
    let serving = axum::serve(CuttableListener(listener), service);
    let ended = serving.with_graceful_shutdown(stop.cancelled_owned()).await;
    report(ended);
}

async fn serve_console(listener: TcpListener, shared: Shared) {
    let stop = shared.stop.clone();
    let serving = axum::serve(listener, console::router(shared));
    let ended = serving.with_graceful_shutdown(stop.cancelled_owned()).await;
    report(ended);
}

fn report(ended: std::io::Result<()>) {
    if let Err(error) = ended {
        tracing::warn!(%error, "a sandbox listener ended");
    }
}

async fn answer_api(
    State(shared): State<Shared>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: axum::extract::Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is longer than 10 MB, or broke off",
        );
    };
    // The time of arrival is that of the request's last byte, not that of its turn at the lock.
    let now = machine_now();
    let request = Request {
        method: parts.method.as_str().to_string(),
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_string(), ToString::to_string),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_string(), value)
            })
            .collect(),
        body: body.to_vec(),
    };
    let stop = shared.stop.clone();
    match act(shared, now, request).await {
        Ok(reply) => deliver(reply, &cut, &stop).await,
        Err(error) => {
            tracing::error!(%error, "the sandbox failed at a request");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox failed")
        }
    }
}

/// Has the service act. Making a key takes a good part of a second, and whoever waits for the service meanwhile must not
/// hold a worker that others share: their requests would be read late, and counted later than they came.
async fn act(
    shared: Shared,
    now: DateTime<Utc>,
    request: Request,
) -> Result<Reply, tokio::task::JoinError> {
    let asking = shared.clone();
    let (request, question) = tokio::task::spawn_blocking(move || {
        let question = asking.lock().question(&request);
        (request, question)
    })
    .await?;
    let seen = match question {
        Some((id, question)) => Some((id, look::look(&question).await)),
        None => None,
    };
    tokio::task::spawn_blocking(move || {
        let mut service = shared.lock();
        if let Some((id, seen)) = seen {
            service.observe(&id, seen);
        }
        service.handle(now, &request)
    })
    .await
}

/// Turns a reply into what goes on the wire, after waiting where it is to wait.
async fn deliver(mut reply: Reply, cut: &Cut, stop: &CancellationToken) -> Response {
    loop {
        match reply {
            Reply::Answer {
                status,
                headers,
                body,
            } => return answer(status, headers, body),
            Reply::Dropped => {
                cut.cut();
                return plain(StatusCode::OK, "");
            }
            Reply::Stalled { hold, answer } => {
                reply = tokio::select! {
                    () = wait(hold) => *answer,
                    () = stop.cancelled() => Reply::Dropped,
                };
            }
        }
    }
}

async fn wait(hold: Option<std::time::Duration>) {
    match hold {
        Some(hold) => tokio::time::sleep(hold).await,
        None => std::future::pending().await,
    }
}

fn answer(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
