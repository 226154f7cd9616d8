//! Real HTTP in front of the service, on loopback: one listener for the API, one for the management port.
//!
//! Nothing outside this folder knows sockets and the machine's clock.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::console;
use super::look;
use super::shared::{Shared, machine_now};
use super::wire::{Cut, CuttableListener};
use crate::sandbox::error::Error;
use crate::sandbox::options::Options;
use crate::sandbox::request::{Reply, Request};
use crate::sandbox::service::{BODY_LIMIT, Service};

/// A running stand-in. Dropping it stops it too.
pub struct Server {
    shared: Shared,
    address: SocketAddr,
    manage_address: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts on the given loopback addresses; port 0 takes a free one. Without `manage` there is no management
    /// port.
    pub async fn start(
        options: Options,
        listen: SocketAddr,
        manage: Option<SocketAddr>,
    ) -> Result<Self, Error> {
        let shared = Shared {
            service: Arc::new(Mutex::new(Service::new(options)?)),
            stop: CancellationToken::new(),
        };
        let (api, address) = bind(listen).await?;
        let console = match manage {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let manage_address = console.as_ref().map(|(_, address)| *address);
        let mut tasks = vec![tokio::spawn(serve_api(api, shared.clone()))];
        if let Some((listener, _)) = console {
            tasks.push(tokio::spawn(serve_console(listener, shared.clone())));
        }
        Ok(Self {
            shared,
            address,
            manage_address,
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
        Arc::clone(&self.shared.service)
    }

    /// Stops: open connections are closed, held answers are never sent.
    pub async fn shutdown(mut self) {
        self.shared.stop.cancel();
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
        self.shared.stop.cancel();
    }
}

/// A listener, and where it listens.
async fn bind(asked: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    if !asked.ip().is_loopback() {
        return Err(Error::NotLoopback(asked));
    }
    let failed = |source| Error::Listen {
        address: asked,
        source,
    };
    let listener = TcpListener::bind(asked).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
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
        let why = "the body is longer than 10 MB, or broke off";
        return plain(StatusCode::PAYLOAD_TOO_LARGE, why);
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
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap_or_else(|error| {
        tracing::error!(%error, "the sandbox made an answer that HTTP does not know");
        plain(StatusCode::BAD_GATEWAY, "")
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}
