//! The addresses of a config: where the API is, a proxy on the way to it, and a host with its port.
//!
//! Plain HTTP carries signed requests and private keys in the clear, so it is taken for this machine itself only. An
//! address with a password in it is never shown, by this module or by the types it returns.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::mistake::{Fault, quoted};

/// The service's own address (Tencent Cloud, ssl 2019-12-05).
const DEFAULT_ENDPOINT: &str = "https://ssl.tencentcloudapi.com";

/// Where the API is: `https://HOST[:PORT]`, or `http://` on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    origin: String,
    loopback: bool,
}

impl Endpoint {
    /// Scheme, host and port, without a slash at the end. The port is left out where it is the scheme's own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Whether the address is this machine's own, by name or number.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The endpoint at this address of this machine, by plain http. The stand-in is reached by it.
    #[must_use]
    pub fn at(address: std::net::SocketAddr) -> Self {
        Self {
            origin: format!("http://{address}"),
            loopback: address.ip().is_loopback(),
        }
    }

    /// Checks an endpoint as it was written.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let form = "write it as \"https://ssl.tencentcloudapi.com\"";
        let url = parse_url("endpoint", text, form)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Fault::new(
                "`endpoint` has a user name or password in it",
                "take it out; the account's keys sign each request",
            ));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Fault::new(
                format!("`endpoint` has a path or a query: {}", quoted(text)),
                format!("write \"{}\"", url.origin().ascii_serialization()),
            ));
        }
        let loopback = url.host_str().is_some_and(is_this_machine);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => {
                return Err(Fault::new(
                    format!(
                        "{} is plain http, which is for this machine's own addresses only",
                        quoted(text)
                    ),
                    format!("write \"https://{}\"", authority(&url)),
                ));
            }
            _ => {
                return Err(Fault::new(
                    format!("{} is not an https address", quoted(text)),
                    form,
                ));
            }
        }
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            loopback,
        })
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            origin: DEFAULT_ENDPOINT.to_owned(),
            loopback: false,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// A proxy's address. It may hold a user's name and password, so it prints without them.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: String,
    has_password: bool,
    shown: String,
}

impl Proxy {
    /// The whole address, with the password if there is one: for the HTTP client alone, never for a message.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.url
    }

    /// Whether a name or password is in it.
    pub(super) fn has_password(&self) -> bool {
        self.has_password
    }

    /// Checks a proxy's address as it was written. Its faults never show it: a password may be anywhere in it.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let form = "write it as \"http://proxy.internal:3128\"";
        let Ok(url) = Url::parse(text) else {
            return Err(Fault::new("`proxy` is not a web address", form));
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Fault::new("`proxy` is not an http or https address", form));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(Fault::new("`proxy` has a path or a query", form));
        }
        Ok(Self {
            has_password: !url.username().is_empty() || url.password().is_some(),
            shown: url.origin().ascii_serialization(),
            url: url.to_string(),
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.shown)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn parse_url(key: &str, text: &str, form: &str) -> Result<Url, Fault> {
    match Url::parse(text) {
        Ok(url) if url.host_str().is_some() => Ok(url),
        // Something with an @ may hold a password, so it is not repeated.
        _ if text.contains('@') => Err(Fault::new(format!("`{key}` is not a web address"), form)),
        _ => Err(Fault::new(
            format!("{} is not a web address", quoted(text)),
            form,
        )),
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The IP address that a host is given by, in brackets or not.
pub(super) fn ip_of(host: &str) -> Option<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok()
}

/// Whether a host is this machine. `localhost` is loopback by RFC 6761, 6.3.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || ip_of(host).is_some_and(|address| address.is_loopback())
}

/// A host and a port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// The host's name in lower case, or its IP address.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

impl HostPort {
    /// Reads an address with a port that does not stand in a config, as the config's are read; `None` where it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    /// Checks an address with a port as it was written.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || {
            Fault::new(
                format!("{} is not an address with a port", quoted(text)),
                "write it as \"www.example.com:443\", or \"[2001:db8::1]:443\"",
            )
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
        let port: u16 = port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(fault)?;
        if let Some(inner) = host.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or_else(fault)?;
            inner.parse::<std::net::Ipv6Addr>().map_err(|_| fault())?;
            return Ok(Self {
                host: inner.to_owned(),
                port,
            });
        }
        let plain = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        if host.is_empty() || host.len() > 253 || !plain {
            return Err(fault());
        }
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match Endpoint::parse(text) {
            Ok(endpoint) => format!("accepted as {endpoint}"),
            Err(fault) => format!("{} / {}", fault.message, fault.help.unwrap_or_default()),
        }
    }

    #[test]
    fn https_anywhere_and_http_on_loopback_are_endpoints() {
        for (text, origin, loopback) in [
            (
                "https://ssl.tencentcloudapi.com",
                "https://ssl.tencentcloudapi.com",
                false,
            ),
            (
                "https://SSL.intl.tencentcloudapi.com:443/",
                "https://ssl.intl.tencentcloudapi.com",
                false,
            ),
            ("http://127.0.0.1:8401", "http://127.0.0.1:8401", true),
            ("http://127.9.9.9", "http://127.9.9.9", true),
            ("http://localhost:1/", "http://localhost:1", true),
            ("http://[::1]:8401", "http://[::1]:8401", true),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(
                (endpoint.as_str(), endpoint.is_loopback()),
                (origin, loopback)
            );
        }
        assert_eq!(Endpoint::parse(DEFAULT_ENDPOINT), Ok(Endpoint::default()));
    }

    #[test]
    fn other_endpoints_are_refused_with_the_reason() {
        for (text, says) in [
            (
                "http://ssl.tencentcloudapi.com",
                "write \"https://ssl.tencentcloudapi.com\"",
            ),
            ("http://10.0.0.1:80", "plain http"),
            ("http://localhost.example.com", "plain http"),
            ("https://ssl.tencentcloudapi.com/v3", "a path or a query"),
            ("https://ssl.tencentcloudapi.com?x=1", "a path or a query"),
            ("https://ssl.tencentcloudapi.com#x", "a path or a query"),
            ("ftp://ssl.tencentcloudapi.com", "not an https address"),
            ("ssl.tencentcloudapi.com", "not a web address"),
            ("localhost:8401", "not a web address"),
            ("", "not a web address"),
        ] {
            assert!(refusal(text).contains(says), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn a_password_in_an_address_is_never_shown() {
        for text in [
            "https://me:hunter2@host",
            "https://me:hunter2@",
            "//me:hunter2@host",
        ] {
            assert!(!refusal(text).contains("hunter2"), "{}", refusal(text));
            assert!(!refusal(text).contains("accepted"), "{}", refusal(text));
        }
        let proxy = Proxy::parse("http://me:hunter2@proxy.internal:3128").unwrap();
        assert!(proxy.has_password());
        assert!(!format!("{proxy:?} {proxy}").contains("hunter2"));
        assert_eq!(proxy.to_string(), "http://proxy.internal:3128");
        assert!(proxy.expose().contains("hunter2"));
        for text in [
            "socks5://me:hunter2@host",
            "http://me:hunter2@host/path",
            "me:hunter2@host",
        ] {
            let fault = format!("{:?}", Proxy::parse(text).unwrap_err());
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }
}
