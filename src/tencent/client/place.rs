//! Which host serves which service.

use reqwest::Url;

use crate::tencent::transport::is_loopback;

/// Where a service lives.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) url: String,
    /// As it is signed: with the port where it is not the scheme's own.
    pub(super) host: String,
}

impl Place {
    /// An endpoint on loopback serves every service. Elsewhere the endpoint is ssl's, and the others' hosts differ by
    /// their first label: `ssl.intl.tencentcloudapi.com` → `sts.intl.tencentcloudapi.com`. A host that does not begin
    /// with `ssl.` (a gateway of the operator's) serves every service too.
    pub(super) fn of(endpoint: &str, service: &str) -> Self {
        let (scheme, authority) = match Url::parse(endpoint) {
            Ok(url) => {
                let host = url.host_str().unwrap_or_default().to_owned();
                let port = url
                    .port()
                    .map(|port| format!(":{port}"))
                    .unwrap_or_default();
                let host = match host.strip_prefix("ssl.") {
                    Some(rest) if !is_loopback(&host) => format!("{service}.{rest}"),
                    _ => host,
                };
                (url.scheme().to_owned(), format!("{host}{port}"))
            }
            // Left as it is; the transport refuses it in words.
            Err(_) => {
                return Self {
                    url: endpoint.to_owned(),
                    host: String::new(),
                };
            }
        };
        Self {
            url: format!("{scheme}://{authority}/"),
            host: authority,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(endpoint: &str, service: &str) -> String {
        Place::of(endpoint, service).host
    }

    #[test]
    fn elsewhere_each_service_has_its_own_host() {
        let ssl = "https://ssl.tencentcloudapi.com";
        assert_eq!(host(ssl, "ssl"), "ssl.tencentcloudapi.com");
        assert_eq!(host(ssl, "sts"), "sts.tencentcloudapi.com");
        assert_eq!(
            host("https://ssl.intl.tencentcloudapi.com/", "dnspod"),
            "dnspod.intl.tencentcloudapi.com"
        );
        assert_eq!(
            host("https://ssl.ap-guangzhou.tencentcloudapi.com", "sts"),
            "sts.ap-guangzhou.tencentcloudapi.com"
        );
        assert_eq!(
            Place::of(ssl, "sts").url,
            "https://sts.tencentcloudapi.com/"
        );
    }

    #[test]
    fn an_endpoint_on_loopback_serves_every_service() {
        for endpoint in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost:8080",
        ] {
            assert_eq!(host(endpoint, "ssl"), host(endpoint, "sts"), "{endpoint}");
        }
        assert_eq!(
            Place::of("http://127.0.0.1:8080", "sts").url,
            "http://127.0.0.1:8080/"
        );
    }

    #[test]
    fn the_host_is_signed_with_its_port_only_where_that_is_not_the_usual_one() {
        assert_eq!(
            host("https://ssl.tencentcloudapi.com:443", "ssl"),
            "ssl.tencentcloudapi.com"
        );
        assert_eq!(
            host("https://ssl.tencentcloudapi.com:8443", "sts"),
            "sts.tencentcloudapi.com:8443"
        );
        assert_eq!(host("https://gateway.example", "sts"), "gateway.example");
    }
}
