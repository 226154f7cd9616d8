//! The names that the page goes by.
//!
//! A name of an attacker's may be made to resolve to 127.0.0.1 (DNS rebinding); a browser then takes our page for a page
//! of theirs. Its `Host` still tells, so only known ones are answered. A number can't be rebound.

use std::net::{IpAddr, SocketAddr};

use axum::http::request::Parts;
use axum::http::{Version, header};

/// The names and addresses that are answered.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    listen: IpAddr,
    names: Vec<String>,
}

impl Hosts {
    /// Loopback's names, the address that is listened on, and these names.
    pub(crate) fn new(listen: SocketAddr, names: &[String]) -> Self {
        Self {
            listen: listen.ip(),
            names: names.to_vec(),
        }
    }

    /// Whether a request may be answered: exactly one `Host`, and a known one; where the target names one, that too.
    pub(super) fn allow(&self, request: &Parts) -> bool {
        let mut hosts = request.headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return false;
        };
        let target = request.uri.authority();
        host.to_str().is_ok_and(|host| self.know(host))
            && target.is_none_or(|target| self.know(target.as_str()))
    }

    fn know(&self, authority: &str) -> bool {
        let Some(name) = without_port(authority) else {
            return false;
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Ok(address) = name.parse::<IpAddr>() {
            let any = self.listen.is_unspecified();
            return any
                || address.is_loopback()
                || address == self.listen
                || self.names.contains(&name);
        }
        name == "localhost" || self.names.contains(&name)
    }
}

/// Whether it is a request of before names were sent (RFC 9112, 3.2: HTTP/1.0 needs no `Host`), as health checks of load
/// balancers make. No browser does, so it can't come from a page of an attacker's; still it gets no page.
pub(super) fn is_without_name(request: &Parts) -> bool {
    request.version == Version::HTTP_10
        && !request.headers.contains_key(header::HOST)
        && request.uri.authority().is_none()
}

/// `name:port`, `name`, `[v6]:port` or `[v6]`, without the port and the brackets.
fn without_port(authority: &str) -> Option<&str> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (inner, after) = rest.split_once(']')?;
        return (after.is_empty() || is_port(after.strip_prefix(':')?)).then_some(inner);
    }
    match authority.split_once(':') {
        Some((name, port)) => is_port(port).then_some(name),
        None => Some(authority),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str) -> Hosts {
        Hosts::new(listen.parse().unwrap(), &["ops.internal".to_owned()])
    }

    #[test]
    fn only_names_that_cannot_be_rebound_are_known() {
        let loopback = hosts("127.0.0.1:9219");
        for good in [
            "localhost",
            "LOCALHOST:9219",
            "127.0.0.1:9219",
            "127.0.0.1",
            "[::1]:80",
            "ops.internal:443",
            "ops.internal.",
        ] {
            assert!(loopback.know(good), "{good}");
        }
        for bad in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "ops.internal:x",
            "[::1",
            "",
            "a@localhost",
            "localhost:80:80",
            "[::1]x",
        ] {
            assert!(!loopback.know(bad), "{bad}");
        }
        assert!(hosts("192.0.2.1:80").know("192.0.2.1"));
        assert!(hosts("0.0.0.0:80").know("192.0.2.1") && !hosts("0.0.0.0:80").know("evil.example"));
    }
}
