//! Connections: few at once, one request each, and none for long.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Site;
use crate::clock::Clock;

/// Connections at once. A scraper, a browser or two, and a health check need less.
const AT_ONCE: usize = 32;

/// How long the request may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a connection may last, its answer sent and read included.
const WHOLE_TIME: Duration = Duration::from_secs(20);

/// The longest request line with its headers, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// More headers than any browser sends.
const HEADERS: usize = 64;

/// How long to wait after a connection could not be taken (no file descriptors, say).
const BREATH: Duration = Duration::from_millis(200);

/// Serves until it is told to stop; what is under way then is dropped.
pub async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(AT_ONCE));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&free).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            Some(_) = connections.join_next() => continue,
            () = stop.cancelled() => return,
        };
        match (permit, accepted) {
            (Ok(permit), Ok((stream, _))) => {
                let site = Arc::clone(&site);
                let end = clock.sleep(WHOLE_TIME);
                connections.spawn(async move {
                    tokio::select! {
                        () = one_request(stream, site) => {}
                        () = end => {}
                    }
                    drop(permit);
                });
            }
            (_, Err(error)) => {
                tracing::debug!(%error, "a connection to the status page could not be taken");
                clock.sleep(BREATH).await;
            }
            (Err(_), Ok(_)) => return,
        }
    }
}

async fn one_request(stream: TcpStream, site: Arc<Site>) {
    let service = service_fn(|request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move {
            let (head, _body) = request.into_parts();
            Ok::<axum::http::Response<Body>, Infallible>(site.answer(&head).await)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a request to the status page was not well-formed, or broke off");
    }
}
