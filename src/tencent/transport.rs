//! The seam to the world: a signed request in, bytes out.
//!
//! One [`Transport::send`] puts at most one request on the wire: HTTP/1.1, no redirects, none of reqwest's own retries
//! (0.13 repeats refused requests unless told not to). The rate limit's proof rests on that. (Below reqwest, a request
//! that met a closing connection before its first byte is moved to a new one; that is still one request on the wire.)
//! A transport knows nothing of signatures, codes or certificates, and never shows a header or a body to a log.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{NoProxy, Proxy, Url, redirect, retry};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

mod error;
mod later;

use crate::calendar;
pub(crate) use error::TransportError;
use error::{LARGEST_ANSWER, classify};
pub(crate) use later::LaterTransport;

/// Long enough for a slow handshake, short enough that a dead address fails as "not sent" before the request's own limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are dropped before the service does it, so that no request meets a closing one.
const POOL_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Sends signed requests.
pub trait Transport: Send + Sync {
    /// Sends one request and reads its whole answer. Dropping the future closes the connection.
    fn send(&self, request: SignedRequest) -> BoxFuture<'_, Result<RawAnswer, TransportError>>;
}

/// One request, ready for the wire.
pub struct SignedRequest {
    /// Where to, `https://host/` (plain http on loopback only).
    pub url: String,
    /// The `Host` header, as it was signed.
    pub host: String,
    /// The other headers.
    pub headers: Vec<(&'static str, String)>,
    /// Exactly the bytes that were signed.
    pub body: Zeroizing<Vec<u8>>,
    /// For the whole exchange, from connecting to the last byte of the answer.
    pub timeout: Duration,
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("url", &self.url)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What came back, whatever its status.
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The `Date` header: the service's clock, to the second.
    pub date: Option<DateTime<Utc>>,
    /// The body; may hold a private key, so it is wiped after use and never shown.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAnswer")
            .field("status", &self.status)
            .field("date", &self.date)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// True where `host` (a name or an address, brackets or not) is this machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The real transport, on reqwest. Connections are kept and shared; clones share them too.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    /// For this machine: never a proxy, trusts no certificate.
    local: reqwest::Client,
    /// For TLS; absent where the transport must not leave this machine.
    internet: Option<Internet>,
}

#[derive(Clone, Debug)]
struct Internet {
    /// As the proxy settings say.
    usual: reqwest::Client,
    /// For TLS to this machine: never a proxy.
    direct: reqwest::Client,
}

impl HttpTransport {
    /// A transport that can reach this machine only. It reads no root certificates and no proxy settings, so it works
    /// in a bare container and can't leave it.
    ///
    /// # Errors
    /// `TransportError::Setup` where the HTTP client can't be built.
    pub fn loopback() -> Result<Self, TransportError> {
        Ok(Self {
            local: local_client()?,
            internet: None,
        })
    }

    /// A transport to the service, and to this machine without a proxy. `proxy` is the config's; without one,
    /// `HTTPS_PROXY` is honoured. `NO_PROXY` is honoured with either.
    ///
    /// # Errors
    /// `TransportError::NoRootCertificates` where the system trusts nobody, `TransportError::Setup` for a proxy that
    /// can't be used.
    pub fn internet(proxy: Option<&str>) -> Result<Self, TransportError> {
        let tls = tls_config(system_roots()?)?;
        let direct = build(client_builder(tls.clone()).https_only(true).no_proxy())?;
        let mut usual = client_builder(tls).https_only(true);
        if let Some(proxy) = proxy {
            // The cause could show a password inside the proxy's address, so it is left out.
            let bad = |_| TransportError::Setup {
                what: "the proxy's address",
                source: None,
            };
            usual = usual.proxy(
                Proxy::all(proxy)
                    .map_err(bad)?
                    .no_proxy(NoProxy::from_env()),
            );
        }
        let usual = build(usual)?;
        Ok(Self {
            local: local_client()?,
            internet: Some(Internet { usual, direct }),
        })
    }

    fn client_for(&self, url: &Url, host: &str) -> Result<&reqwest::Client, TransportError> {
        let refused = |what: String| Err(TransportError::Refused { what });
        match (url.scheme(), is_loopback(host)) {
            ("http", true) => Ok(&self.local),
            ("http", false) => refused(format!("plain http to {host}, which is not this machine")),
            ("https", here) => match &self.internet {
                Some(internet) if here => Ok(&internet.direct),
                Some(internet) => Ok(&internet.usual),
                None => refused(format!(
                    "{host} lies beyond what this transport may reach (http to this machine)"
                )),
            },
            (scheme, _) => refused(format!("{scheme} is no scheme for it")),
        }
    }

    async fn exchange(&self, request: SignedRequest) -> Result<RawAnswer, TransportError> {
        let url = Url::parse(&request.url).map_err(|error| TransportError::Refused {
            what: format!("its URL is wrong ({error})"),
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let timeout = request.timeout;
        let mut builder = self
            .client_for(&url, &host)?
            .post(url)
            .timeout(timeout)
            .header("host", &request.host);
        for (name, value) in &request.headers {
            builder = builder.header(header_name(name)?, header_value(name, value)?);
        }
        // Copied once: the HTTP library wants to own it, and ours is wiped when this returns.
        let answer = builder
            .body(request.body.to_vec())
            .send()
            .await
            .map_err(|error| classify(&host, timeout, error))?;
        read(answer, &host, timeout).await
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: SignedRequest) -> BoxFuture<'_, Result<RawAnswer, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

fn header_name(name: &'static str) -> Result<HeaderName, TransportError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| TransportError::Refused {
        what: format!("{name} is no header"),
    })
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, TransportError> {
    // The value may be a token: named, never shown.
    let mut value = HeaderValue::from_str(value).map_err(|_| TransportError::Refused {
        what: format!("the value of {name} holds characters that no header may"),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(
    answer: reqwest::Response,
    host: &str,
    timeout: Duration,
) -> Result<RawAnswer, TransportError> {
    let too_large = || TransportError::TooLarge {
        host: host.to_owned(),
    };
    let status = answer.status().as_u16();
    let date = answer
        .headers()
        .get("date")
        .and_then(|value| http_date(value.to_str().ok()?));
    if answer
        .content_length()
        .is_some_and(|length| length > LARGEST_ANSWER as u64)
    {
        return Err(too_large());
    }
    match read_body(answer, LARGEST_ANSWER).await {
        Ok(body) => Ok(RawAnswer { status, date, body }),
        Err(Unread::TooLarge) => Err(too_large()),
        Err(Unread::Broken(error)) => Err(classify(host, timeout, error)),
    }
}

/// Why a body was not read.
pub(crate) enum Unread {
    /// It is larger than it may be.
    TooLarge,
    /// It broke off.
    Broken(reqwest::Error),
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// [`Unread`]; nothing more of it is read then.
pub(crate) async fn read_body(
    mut answer: reqwest::Response,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let mut chunks = Vec::new();
    let mut length = 0;
    while let Some(chunk) = answer.chunk().await.map_err(Unread::Broken)? {
        length += chunk.len();
        if length > limit {
            return Err(Unread::TooLarge);
        }
        chunks.push(chunk);
    }
    // Put together at once: a buffer that grows leaves copies behind that nobody wipes.
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    for chunk in chunks {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7); anything else counts as no date.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    calendar::on_it(DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc))
}

/// What every client here has in common; `tls` is given so that reqwest does not look for its own.
fn client_builder(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .user_agent(concat!("evercert/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_keepalive(KEEPALIVE)
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, TransportError> {
    builder.build().map_err(|error| TransportError::Setup {
        what: "its settings",
        source: Some(Box::new(error.without_url())),
    })
}

/// A client for plain http to this machine. It trusts no certificate, so no TLS connection could ever stand.
fn local_client() -> Result<reqwest::Client, TransportError> {
    // Pinned, so that a strange hosts file or resolver can't send a loopback endpoint elsewhere.
    let here = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    let builder = client_builder(tls_config(RootCertStore::empty())?);
    build(builder.no_proxy().resolve_to_addrs("localhost", &here))
}

/// A client for plain http without proxy: what the metadata service of an instance wants. The name leads to these
/// addresses alone.
pub(super) fn metadata_client(
    timeout: Duration,
    name: &str,
    addresses: &[SocketAddr],
) -> Result<reqwest::Client, TransportError> {
    let builder = client_builder(tls_config(RootCertStore::empty())?);
    let builder = builder.resolve_to_addrs(name, addresses);
    build(builder.no_proxy().connect_timeout(timeout).timeout(timeout))
}

fn tls_config(roots: RootCertStore) -> Result<ClientConfig, TransportError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::Setup {
            what: "TLS",
            source: Some(Box::new(error)),
        })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// TLS as every client of the program has it: ring, and whom the system trusts.
///
/// # Errors
/// The system trusts nobody, or TLS can't be set up.
pub(crate) fn system_tls() -> Result<ClientConfig, TransportError> {
    tls_config(system_roots()?)
}

/// TLS for clients that never use it: it trusts nobody.
///
/// # Errors
/// TLS can't be set up.
pub(crate) fn no_tls() -> Result<ClientConfig, TransportError> {
    tls_config(RootCertStore::empty())
}

/// Whom the system trusts.
///
/// # Errors
/// It trusts nobody.
pub(crate) fn system_roots() -> Result<RootCertStore, TransportError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "a root certificate could not be read");
    }
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(usable, unusable, "root certificates read");
    if roots.is_empty() {
        return Err(TransportError::NoRootCertificates);
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
