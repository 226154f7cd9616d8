//! `listen`: a responder of our own for exactly the files that are wanted, up only while any is.
//!
//! For use behind a proxy rule of the operator's web server. Everything else is answered with 404.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::lifecycle::Challenge;
use crate::server;

use super::ValidationError;

/// Every responder of this process, by its address.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<HashMap<SocketAddr, Running>>);

struct Running {
    files: Files,
    stop: CancellationToken,
}

type Files = Arc<Mutex<Vec<Served>>>;

#[derive(Clone, PartialEq, Eq)]
struct Served {
    domain: String,
    path: String,
    content: String,
}

impl Listeners {
    /// Serves a file for this domain on this address, and starts to listen where nobody does yet.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub(crate) async fn serve(
        &self,
        address: SocketAddr,
        domain: &str,
        challenge: &Challenge,
    ) -> Result<(), ValidationError> {
        let served = Served::new(domain, challenge);
        let mut all = lock(&self.0);
        if let Some(running) = all.get(&address) {
            let mut files = lock(&running.files);
            if !files.contains(&served) {
                files.push(served);
            }
            return Ok(());
        }
        let failed = |source| ValidationError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let files: Files = Arc::new(Mutex::new(vec![served]));
        let stop = CancellationToken::new();
        let answer = {
            let files = Arc::clone(&files);
            move |request: Parts| std::future::ready(answer(&files, &request))
        };
        let clock = Arc::new(SystemClock::new());
        let name = "the responder for validation files";
        // Open connections end with it: nobody needs an answer any more.
        tokio::spawn(server::serve(listener, name, answer, clock, stop.clone()));
        all.insert(address, Running { files, stop });
        Ok(())
    }

    /// Serves it no more; with the last file the responder ends.
    pub(crate) fn stop(&self, address: SocketAddr, domain: &str, challenge: &Challenge) {
        let served = Served::new(domain, challenge);
        let mut all = lock(&self.0);
        let Some(running) = all.get(&address) else {
            return;
        };
        let none_left = {
            let mut files = lock(&running.files);
            files.retain(|file| *file != served);
            files.is_empty()
        };
        if none_left && let Some(running) = all.remove(&address) {
            running.stop.cancel();
        }
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        for running in lock(&self.0).values() {
            running.stop.cancel();
        }
    }
}

impl Served {
    fn new(domain: &str, challenge: &Challenge) -> Self {
        Self {
            domain: domain.to_owned(),
            path: challenge.name.clone(),
            content: challenge.value.clone(),
        }
    }
}

fn answer(files: &Files, request: &Parts) -> Response {
    if request.method != Method::GET && request.method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let host = request
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(|host| {
            host.split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        });
    let files = lock(files);
    let of_path: Vec<&Served> = files
        .iter()
        .filter(|file| file.path == request.uri.path())
        .collect();
    let of_host = of_path
        .iter()
        .find(|file| Some(&file.domain) == host.as_ref());
    // A proxy may send another Host; where the path is one order's only, that is enough.
    let found = match (of_host, of_path.as_slice()) {
        (Some(file), _) | (None, [file]) => *file,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let plain = [(header::CONTENT_TYPE, "text/plain")];
    (plain, found.content.clone()).into_response()
}

/// Only lists, whole at any moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::proof::ChallengeKind;

    fn challenge(content: &str) -> Challenge {
        Challenge {
            kind: ChallengeKind::File,
            name: "/.well-known/pki-validation/fileauth.txt".to_owned(),
            value: content.to_owned(),
        }
    }

    async fn get(address: SocketAddr, host: &str, path: &str) -> Option<(u16, String)> {
        let client = super::super::probe::client("proxy.example", None).unwrap();
        let request = client.get(format!("http://{address}{path}"));
        let answer = request.header("Host", host).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.unwrap()))
    }

    fn free_address() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    }

    #[tokio::test]
    async fn it_answers_for_exactly_what_is_wanted_and_ends_with_the_last() {
        let (listeners, address) = (Listeners::default(), free_address());
        let path = challenge("").name;
        listeners
            .serve(address, "a.example", &challenge("for a"))
            .await
            .unwrap();
        // Another Host is fine as long as the path is one order's.
        assert_eq!(
            get(address, "proxy", &path).await,
            Some((200, "for a".into()))
        );
        listeners
            .serve(address, "b.example", &challenge("for b"))
            .await
            .unwrap();
        assert_eq!(
            get(address, "b.example:80", &path).await,
            Some((200, "for b".into()))
        );
        assert_eq!(
            get(address, "a.example", &path).await,
            Some((200, "for a".into()))
        );
        assert_eq!(get(address, "proxy", &path).await.unwrap().0, 404);
        assert_eq!(get(address, "a.example", "/").await.unwrap().0, 404);

        listeners.stop(address, "a.example", &challenge("for a"));
        assert_eq!(
            get(address, "b.example", &path).await,
            Some((200, "for b".into()))
        );
        listeners.stop(address, "b.example", &challenge("for b"));
        let mut tries = 0;
        while get(address, "b.example", &path).await.is_some() {
            tries += 1;
            assert!(tries < 1_000, "it still listens");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = Listeners::default()
            .serve(address, "a.example", &challenge("x"))
            .await;
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains(&address.to_string())
        );
    }
}
