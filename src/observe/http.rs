//! The HTTP port: metrics, health, and the status page. Read-only: nothing here changes anything.
//!
//! Whatever comes in is bounded: only `GET` and `HEAD`, no body, short requests, a few connections, each of one request
//! and a few seconds (`crate::server`). Paths are compared with a fixed list, so none leads to a file. A page of somebody
//! else's in an administrator's browser must not be able to read this one: the `Host` must be a name that we go by
//! (`host`), nothing allows another origin, and there are no cookies.

#[cfg(test)]
mod fuzz;
mod host;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::metrics;
use super::overview::Source;
use super::page::{self, Notice, Query, Reader, SCRIPT, STYLE};
use crate::clock::Clock;
pub(crate) use host::Hosts;

/// What every answer carries. Styles and scripts are our own files; nothing else is loaded, from anywhere.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

const HTML: &str = "text/html; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// What is served, and to whom.
pub(crate) struct Site {
    /// Where what is shown comes from.
    pub(crate) source: Arc<dyn Source>,
    /// The names that it goes by.
    pub(crate) hosts: Hosts,
}

/// Serves until it is told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let answer = move |request: Parts| {
        let site = Arc::clone(&site);
        async move { site.answer(&request).await }
    };
    crate::server::serve(listener, "the status page", answer, clock, stop).await;
}

impl Site {
    /// The answer to a request without its body.
    pub(crate) async fn answer(&self, request: &Parts) -> Response {
        let mut response = match self.refusal(request) {
            Some(refusal) => refusal,
            None => self.page(request).await,
        };
        for (name, value) in HEADERS {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// Why the request is not answered.
    fn refusal(&self, request: &Parts) -> Option<Response> {
        // haproxy's `option httpchk /healthz` asks with OPTIONS.
        let is_probe = matches!(request.uri.path(), "/healthz" | "/readyz");
        let asks = matches!(request.method, Method::GET | Method::HEAD)
            || (is_probe && request.method == Method::OPTIONS);
        if !asks {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(response);
        }
        let empty = request
            .headers
            .get(header::CONTENT_LENGTH)
            .is_none_or(|length| length == "0");
        if !empty || request.headers.contains_key(header::TRANSFER_ENCODING) {
            return Some(plain(StatusCode::PAYLOAD_TOO_LARGE, "no body is taken\n"));
        }
        let is_known = self.hosts.allow(request) || (is_probe && host::is_without_name(request));
        if !is_known {
            return Some(plain(
                StatusCode::MISDIRECTED_REQUEST,
                "this name is not one that Evercert goes by; if it should be, add it to hosts in [http]\n",
            ));
        }
        None
    }

    async fn page(&self, request: &Parts) -> Response {
        match request.uri.path() {
            "/" => self.home(request).await,
            "/metrics" => self.metrics().await,
            "/healthz" => self.health(),
            "/readyz" => self.readiness(),
            "/style.css" => answer(StatusCode::OK, "text/css; charset=utf-8", STYLE),
            "/script.js" => answer(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT),
            "/icon.svg" => answer(StatusCode::OK, "image/svg+xml", page::ICON),
            path => match path.strip_prefix("/certificates/") {
                Some(domain) if is_name(domain) => self.certificate(request, domain).await,
                _ => self.notice(request, Notice::Missing),
            },
        }
    }

    async fn home(&self, request: &Parts) -> Response {
        match self.source.overview().await {
            Ok(overview) => {
                let status = self.source.health().status();
                let rate = self.source.rate();
                let (reader, query) = (reader(request), Query::parse(query(request)));
                let html = page::home(&overview, &status, &rate, (reader, &query));
                in_words(StatusCode::OK, reader, html)
            }
            Err(error) => self.notice(request, Notice::Unreadable(&error.to_string())),
        }
    }

    async fn certificate(&self, request: &Parts, domain: &str) -> Response {
        match self.source.detail(domain).await {
            Ok(Some(detail)) => {
                let reader = reader(request);
                in_words(StatusCode::OK, reader, page::certificate(reader, &detail))
            }
            Ok(None) => self.notice(request, Notice::Missing),
            Err(error) => self.notice(request, Notice::Unreadable(&error.to_string())),
        }
    }

    async fn metrics(&self) -> Response {
        let text = metrics_of(&*self.source).await;
        answer(StatusCode::OK, metrics::CONTENT_TYPE, text)
    }

    fn health(&self) -> Response {
        if self.source.health().is_alive() {
            return plain(StatusCode::OK, "alive\n");
        }
        plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "the daemon hangs: nothing has moved for minutes\n",
        )
    }

    fn readiness(&self) -> Response {
        let reasons = self.source.health().unready();
        if reasons.is_empty() {
            return plain(StatusCode::OK, "ready\n");
        }
        plain(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready:\n- {}\n", reasons.join("\n- ")),
        )
    }

    fn notice(&self, request: &Parts, what: Notice<'_>) -> Response {
        let status = match what {
            Notice::Missing => StatusCode::NOT_FOUND,
            Notice::Unreadable(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let reader = reader(request);
        in_words(
            status,
            reader,
            page::notice(reader, self.source.now(), what),
        )
    }
}

fn query(request: &Parts) -> &str {
    request.uri.query().unwrap_or_default()
}

fn reader(request: &Parts) -> Reader {
    let accepted = request.headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    Reader::of(query(request), accepted)
}

/// A page in the reader's language. Whoever keeps it is told that another reader gets another.
fn in_words(status: StatusCode, reader: Reader, html: String) -> Response {
    let mut response = answer(status, HTML, html);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(reader.tag()),
    );
    response
}

/// The metrics as they are now. A record that can't be read is a metric too.
pub(crate) async fn metrics_of(source: &dyn Source) -> String {
    let overview = source.overview().await.ok();
    metrics::render(overview.as_deref(), source.health(), &source.rate())
}

/// Whether this can be the name of a certificate as the config writes them.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_')
    };
    !text.is_empty() && text.len() <= 253 && text.bytes().all(plain)
}

fn plain(status: StatusCode, text: impl Into<Body>) -> Response {
    answer(status, PLAIN, text)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
