//! Connections from outside: few at once, one request each, and none for long.
//!
//! Who only holds a connection open keeps nobody else out: where all places are taken and somebody comes, the one that
//! has been silent the longest goes. So the process never has more descriptors for these than the limit, and what it
//! needs for renewing is always left.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::Request;
use axum::http::request::Parts;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::sys::resource::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// Connections at once. A scraper, a browser or two and a health check need less, as do the few addresses that a CA looks
/// from.
const AT_ONCE: usize = 32;

/// Of all descriptors that the process may have, one server takes at most one in this many.
const SHARE: u64 = 16;

/// Connections at once however few descriptors there are.
const LEAST: usize = 4;

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

/// Answers until it is told to stop; what is under way then is dropped. `name` tells whose server it is, for the log.
pub async fn serve<F, A>(
    listener: TcpListener,
    name: &'static str,
    answer: F,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) where
    F: Fn(Parts) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send + 'static,
{
    let mut open = Open::new(places());
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(ended) = open.tasks.join_next_with_id() => {
                open.forget(match ended {
                    Ok((id, ())) => id,
                    Err(error) => error.id(),
                });
                continue;
            }
            accepted = listener.accept(), if open.has_room() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                open.make_room();
                let (answer, end) = (answer.clone(), clock.sleep(WHOLE_TIME));
                open.take(|heard| async move {
                    tokio::select! {
                        () = one_request(stream, name, answer, heard) => {}
                        () = end => {}
                    }
                });
                // What it has sent already is read before anybody else can take its place.
                tokio::task::yield_now().await;
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to {name} could not be taken");
                clock.sleep(BREATH).await;
            }
        }
    }
}

/// How many connections one server has at once.
fn places() -> usize {
    let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let share = usize::try_from(descriptors / SHARE).unwrap_or(AT_ONCE);
    share.clamp(LEAST, AT_ONCE)
}

/// The connections, in the order in which they came.
struct Open {
    places: usize,
    tasks: JoinSet<()>,
    all: VecDeque<Connection>,
}

struct Connection {
    task: AbortHandle,
    /// Its request has arrived.
    heard: Arc<AtomicBool>,
}

impl Connection {
    fn is_silent(&self) -> bool {
        !self.heard.load(Ordering::Relaxed)
    }
}

impl Open {
    fn new(places: usize) -> Self {
        Self {
            places,
            tasks: JoinSet::new(),
            all: VecDeque::new(),
        }
    }

    /// Whether one more can come, if need be in the place of a silent one.
    fn has_room(&self) -> bool {
        self.all.len() < self.places || self.all.iter().any(Connection::is_silent)
    }

    fn make_room(&mut self) {
        if self.all.len() < self.places {
            return;
        }
        let silent = self.all.iter().position(Connection::is_silent);
        if let Some(connection) = silent.and_then(|place| self.all.remove(place)) {
            connection.task.abort();
        }
    }

    fn take<T>(&mut self, work: impl FnOnce(Arc<AtomicBool>) -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let heard = Arc::new(AtomicBool::new(false));
        let task = self.tasks.spawn(work(Arc::clone(&heard)));
        self.all.push_back(Connection { task, heard });
    }

    fn forget(&mut self, id: Id) {
        self.all.retain(|connection| connection.task.id() != id);
    }
}

async fn one_request<F, A>(stream: TcpStream, name: &'static str, answer: F, heard: Arc<AtomicBool>)
where
    F: Fn(Parts) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        heard.store(true, Ordering::Relaxed);
        let (head, _body) = request.into_parts();
        let answer = answer(head);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a request to {name} was not well-formed, or broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use axum::response::IntoResponse;
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream as Plain;

    async fn ask(address: std::net::SocketAddr) -> String {
        tokio::task::spawn_blocking(move || {
            let mut stream = Plain::connect(address).unwrap();
            stream.set_read_timeout(Some(WHOLE_TIME)).unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                .unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        })
        .await
        .unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn silent_connections_give_way_and_end_with_the_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let answer = |_: Parts| async { "here".into_response() };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let server = tokio::spawn(serve(listener, "a test", answer, clock, stop.clone()));
        let silent: Vec<Plain> = (0..4 * AT_ONCE)
            .map(|_| Plain::connect(address).unwrap())
            .collect();
        // Nobody waits for any of these to end by themselves.
        let said = tokio::time::timeout(HEAD_TIME / 2, ask(address)).await;
        assert!(said.unwrap().ends_with("here"));
        stop.cancel();
        server.await.unwrap();
        for mut stream in silent {
            stream.set_read_timeout(Some(WHOLE_TIME)).unwrap();
            let mut byte = [0];
            assert!(!matches!(stream.read(&mut byte), Ok(1)), "it is closed");
        }
    }
}
