//! The bounded way out: one request, no redirects, no repeats, and no more of the answer than is of use.
//!
//! Three clients, each made when it is first needed: TLS to anywhere (through a proxy where one is set), this machine,
//! and plain http to a private network, whose names may lead nowhere else.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::{NotificationError, Request};
use crate::config::is_private;
use crate::tencent::{TransportError, no_tls, system_tls};

/// As much of an answer as is read, in bytes: every service here answers in a line or two.
const LARGEST_ANSWER: usize = 64 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// No service is waited for longer than this because it asks for it.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What came back.
pub(super) struct Answer {
    pub(super) host: String,
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// True for a status that means success.
    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The status for people.
    pub(super) fn words(&self) -> String {
        match self.status {
            300..400 => format!("HTTP status {} (redirects are not followed)", self.status),
            status => format!("HTTP status {status}"),
        }
    }
}

/// The clients.
pub(super) struct Http {
    proxy: Option<SecretString>,
    internet: OnceCell<Client>,
    local: OnceCell<Client>,
    private: OnceCell<Client>,
}

impl Http {
    pub(super) fn new(proxy: Option<SecretString>) -> Self {
        Self {
            proxy,
            internet: OnceCell::new(),
            local: OnceCell::new(),
            private: OnceCell::new(),
        }
    }

    /// Sends one request. `allow_http` lets plain http go to a private network.
    pub(super) async fn send(
        &self,
        request: Request,
        allow_http: bool,
    ) -> Result<Answer, NotificationError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let client = match (request.url.scheme(), crate::tencent::is_loopback(&host)) {
            (_, true) => self.local.get_or_try_init(|| async { local() }).await?,
            ("http", false) if allow_http => {
                self.private.get_or_try_init(|| async { private() }).await?
            }
            _ => {
                let made = || async { internet(self.proxy.as_ref()) };
                self.internet.get_or_try_init(made).await?
            }
        };
        let failed = |error: reqwest::Error| NotificationError::Unreachable {
            host: host.clone(),
            what: words(error),
        };
        let mut builder = match request.body {
            Some(body) => client
                .post(request.url)
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .body(body),
            None => client.get(request.url),
        };
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let mut answer = builder.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while body.len() < LARGEST_ANSWER
            && let Some(chunk) = answer.chunk().await.map_err(failed)?
        {
            let room = LARGEST_ANSWER - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        let seconds = answer.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Answer {
            status: answer.status().as_u16(),
            retry_after: seconds.map(bounded_wait),
            host,
            body,
        })
    }
}

/// A wait that somebody else asks for, within reason.
pub(super) fn bounded_wait(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER)
}

fn builder() -> ClientBuilder {
    Client::builder()
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .user_agent(concat!("evercert/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        // Messages are rare: a kept connection would mostly be found closed.
        .pool_max_idle_per_host(0)
}

fn build(builder: ClientBuilder) -> Result<Client, NotificationError> {
    let client = builder.build().map_err(|error| TransportError::Setup {
        what: "its settings",
        source: Some(Box::new(error.without_url())),
    })?;
    Ok(client)
}

fn internet(proxy: Option<&SecretString>) -> Result<Client, NotificationError> {
    let mut builder = builder()
        .tls_backend_preconfigured(system_tls()?)
        .https_only(true);
    if let Some(proxy) = proxy {
        // The cause could show a password inside the proxy's address, so it is left out.
        let proxy = Proxy::all(proxy.expose_secret()).map_err(|_| TransportError::Setup {
            what: "the proxy's address",
            source: None,
        })?;
        builder = builder.proxy(proxy.no_proxy(NoProxy::from_env()));
    }
    build(builder)
}

/// For this machine. A server here may have any certificate that the system trusts.
fn local() -> Result<Client, NotificationError> {
    let tls = match system_tls() {
        Err(TransportError::NoRootCertificates) => no_tls()?,
        other => other?,
    };
    // Pinned, so that a strange hosts file or resolver can't send it elsewhere.
    let here = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    let builder = builder().tls_backend_preconfigured(tls).no_proxy();
    build(builder.resolve_to_addrs("localhost", &here))
}

fn private() -> Result<Client, NotificationError> {
    let builder = builder()
        .tls_backend_preconfigured(no_tls()?)
        .no_proxy()
        .dns_resolver(std::sync::Arc::new(PrivateOnly));
    build(builder)
}

/// Finds addresses of private networks only: what a name leads to is not the operator's to know beforehand.
pub(super) struct PrivateOnly;

impl Resolve for PrivateOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let private: Vec<SocketAddr> =
                found.filter(|address| is_private(address.ip())).collect();
            if private.is_empty() {
                return Err("its name leads to no private network".into());
            }
            Ok(Box::new(private.into_iter()) as Addrs)
        })
    }
}

/// What went wrong, with its causes and without the address.
fn words(error: reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "took too long"
    } else if error.is_connect() {
        "can't be reached"
    } else {
        "broke off"
    };
    let error = error.without_url();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    let mut deepest = String::new();
    while let Some(error) = cause {
        deepest = error.to_string();
        cause = error.source();
    }
    if deepest.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {deepest}")
    }
}
