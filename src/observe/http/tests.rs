//! The port, asked without a network; connections are tried from outside in the black-box tests.

use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::*;
use crate::clock::VirtualClock;
use crate::observe::health::Health;
use crate::observe::overview::{Detail, Overview, Rate, Source};
use crate::observe::page::samples;
use crate::store::StoreError;

struct Sample {
    health: Health,
    readable: bool,
}

impl Source for Sample {
    fn overview(&self) -> BoxFuture<'_, Result<Arc<Overview>, StoreError>> {
        let result = if self.readable {
            Ok(Arc::new(samples::troubled()))
        } else {
            Err(StoreError::Full {
                path: "/<state>".into(),
            })
        };
        Box::pin(async { result })
    }

    fn detail<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Detail>, StoreError>> {
        let known = domain == "new.example.com";
        Box::pin(async move { Ok(known.then(samples::detail)) })
    }

    fn health(&self) -> &Health {
        &self.health
    }

    fn rate(&self) -> Rate {
        Rate::default()
    }

    fn now(&self) -> DateTime<Utc> {
        samples::now()
    }
}

pub(super) fn site(readable: bool) -> Site {
    let clock = Arc::new(VirtualClock::new(samples::now()));
    let health = Health::new(clock, Duration::from_secs(300));
    Site {
        source: Arc::new(Sample { health, readable }),
        hosts: Hosts::new("127.0.0.1:9219".parse().unwrap(), &[]),
    }
}

fn parts(method: Method, path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn ask(site: &Site, request: &Parts) -> (StatusCode, Response) {
    let response = site.answer(request).now_or_never().unwrap();
    (response.status(), response)
}

fn get(path: &str) -> StatusCode {
    ask(
        &site(true),
        &parts(Method::GET, path, &[("host", "localhost")]),
    )
    .0
}

#[test]
fn only_known_paths_are_answered_and_none_leads_out() {
    for path in [
        "/",
        "/?q=x&page=2",
        "/metrics",
        "/healthz",
        "/style.css",
        "/script.js",
        "/icon.svg",
        "/certificates/new.example.com",
    ] {
        assert_eq!(get(path), StatusCode::OK, "{path}");
    }
    for path in [
        "/certificates/",
        "/certificates/..",
        "/certificates/../metrics",
        "/certificates/%2e%2e%2fevercert.db",
        "/certificates/a/b",
        "/evercert.db",
        "//metrics",
        "/metrics/",
        "/certificates/other.example.com",
        "/live/wgc.red/privkey.pem",
    ] {
        assert_eq!(get(path), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn whatever_could_change_something_is_refused() {
    let host = ("host", "127.0.0.1:9219");
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::CONNECT,
        Method::PATCH,
    ] {
        let (status, response) = ask(&site(true), &parts(method, "/", &[host]));
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "GET, HEAD");
    }
    for body in [("content-length", "1"), ("transfer-encoding", "chunked")] {
        assert_eq!(
            ask(&site(true), &parts(Method::GET, "/", &[host, body])).0,
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
    assert_eq!(
        ask(
            &site(true),
            &parts(Method::HEAD, "/", &[host, ("content-length", "0")])
        )
        .0,
        StatusCode::OK
    );
}

#[test]
fn a_name_that_is_not_ours_gets_no_answer_on_any_path() {
    for path in ["/", "/metrics", "/healthz", "/readyz", "/script.js"] {
        for hosts in [
            &[("host", "evil.example")][..],
            &[],
            &[("host", "localhost"), ("host", "evil.example")],
        ] {
            assert_eq!(
                ask(&site(true), &parts(Method::GET, path, hosts)).0,
                StatusCode::MISDIRECTED_REQUEST,
                "{path} {hosts:?}"
            );
        }
        let absolute = parts(
            Method::GET,
            &format!("http://evil.example{path}"),
            &[("host", "localhost")],
        );
        assert_eq!(
            ask(&site(true), &absolute).0,
            StatusCode::MISDIRECTED_REQUEST
        );
    }
}

#[test]
fn every_answer_carries_the_policy_and_no_cookie() {
    for (method, path) in [
        (Method::GET, "/"),
        (Method::POST, "/"),
        (Method::GET, "/nowhere"),
        (Method::GET, "/metrics"),
    ] {
        let (_, response) = ask(&site(true), &parts(method, path, &[("host", "localhost")]));
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'")
        );
        assert!(!policy.contains("unsafe"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(
            !headers.contains_key("set-cookie")
                && !headers.contains_key("access-control-allow-origin")
        );
    }
}

#[test]
fn pages_come_in_the_language_that_is_preferred_or_chosen_and_caches_are_told() {
    let of = |path: &str, accepted: &[&str]| {
        let mut headers = vec![("host", "localhost")];
        headers.extend(accepted.iter().map(|value| ("accept-language", *value)));
        let (_, response) = ask(&site(true), &parts(Method::GET, path, &headers));
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        (header("content-language"), header("vary"), text(response))
    };
    let vary = Some("accept-language".to_owned());
    let tags = [
        ("zh-CN", "zh-CN,zh;q=0.9,en;q=0.8"),
        ("en", "en-US,en;q=0.5"),
    ];
    for path in ["/", "/?q=x", "/certificates/new.example.com", "/nowhere"] {
        for (tag, accepted) in tags {
            let (language, varies, html) = of(path, &[accepted]);
            assert_eq!((language.as_deref(), &varies), (Some(tag), &vary), "{path}");
            assert!(html.contains(&format!("<html lang=\"{tag}\">")), "{path}");
        }
    }
    assert_eq!(of("/", &[]).0.as_deref(), Some("en"));
    assert_eq!(
        of("/", &["fr", "zh;q=0.9, en;q=0.1"]).0.as_deref(),
        Some("zh-CN")
    );
    // What was chosen goes before, and caches still keep the pages apart.
    assert_eq!(of("/?lang=zh", &["en"]).0.as_deref(), Some("zh-CN"));
    assert_eq!(of("/?lang=en&lang=zh", &["zh"]).0.as_deref(), Some("en"));
    assert_eq!(of("/?lang=zh", &["en"]).1, vary);
    for path in ["/metrics", "/healthz", "/style.css"] {
        let (language, varies, _) = of(path, &["zh"]);
        assert_eq!(
            (language, varies),
            (None, None),
            "{path} is the same for all"
        );
    }
}

fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 1_000_000);
    let bytes = body.now_or_never().unwrap().unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_record_that_cannot_be_read_is_said_and_metrics_go_on() {
    let site = site(false);
    let of = |path: &str| ask(&site, &parts(Method::GET, path, &[("host", "localhost")]));
    let (status, response) = of("/");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let text = text(response);
    assert!(
        text.contains("no space left") && text.contains("/&lt;state&gt;"),
        "{text}"
    );
    assert_eq!(of("/metrics").0, StatusCode::OK);
}

#[test]
fn readiness_says_what_is_missing() {
    let site = site(true);
    let of = |path: &str| ask(&site, &parts(Method::GET, path, &[("host", "[::1]:1")])).0;
    assert_eq!(of("/readyz"), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(of("/healthz"), StatusCode::OK);
    site.source.health().pass_ended(true, Duration::ZERO);
    assert_eq!(of("/readyz"), StatusCode::OK);
}
