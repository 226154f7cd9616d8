//! The real transport against servers on loopback, well-behaved and not.

use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

mod faults;

fn request(url: String) -> SignedRequest {
    let host = Url::parse(&url)
        .map(|url| url.authority().to_owned())
        .unwrap_or_default();
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-tc-action", "Probe".to_owned()),
    ];
    SignedRequest {
        url,
        host,
        headers,
        body: Zeroizing::new(b"{}".to_vec()),
        timeout: Duration::from_secs(5),
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/")
}

/// A server that does `work` with each connection and counts the requests that came.
async fn serve_raw<F>(
    work: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if stream
                .read(&mut request)
                .await
                .is_ok_and(|length| length > 0)
            {
                counter.fetch_add(1, Ordering::SeqCst);
            }
            tokio::spawn(work(stream));
        }
    });
    (format!("http://{address}/"), seen)
}

async fn write(mut stream: TcpStream, text: &[u8]) {
    // The other side may have hung up already, which is its right.
    if stream.write_all(text).await.is_ok() {
        stream.flush().await.ok();
    }
}

#[tokio::test]
async fn exactly_the_signed_bytes_and_headers_arrive() {
    let got: Arc<Mutex<Option<(HeaderMap, Bytes)>>> = Arc::default();
    let keep = Arc::clone(&got);
    let url = serve(Router::new().route(
        "/",
        post(move |headers: HeaderMap, body: Bytes| async move {
            *keep.lock().unwrap() = Some((headers, body));
            "answer"
        }),
    ))
    .await;
    let mut sent = request(url);
    sent.host = "signed.example".to_owned();
    let answer = HttpTransport::loopback().unwrap().send(sent).await.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"answer".as_slice())
    );
    let (headers, body) = got.lock().unwrap().take().unwrap();
    assert_eq!(&body[..], b"{}");
    assert_eq!(headers["host"], "signed.example");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-tc-action"], "Probe");
    assert_eq!(
        headers["user-agent"],
        concat!("evercert/", env!("CARGO_PKG_VERSION"))
    );
    assert!(headers.get_all("host").iter().count() == 1 && !headers.contains_key("referer"));
}

#[tokio::test]
async fn the_services_clock_is_read_from_its_date() {
    let (url, _) = serve_raw(|stream| {
        write(stream, b"HTTP/1.1 200 OK\r\ndate: Wed, 19 Feb 2025 21:20:00 GMT\r\ncontent-length: 2\r\n\r\n{}")
    })
    .await;
    let answer = HttpTransport::loopback()
        .unwrap()
        .send(request(url))
        .await
        .unwrap();
    assert_eq!(answer.date, DateTime::from_timestamp(1_740_000_000, 0));
    assert_eq!(http_date("yesterday"), None);
}

#[tokio::test]
async fn the_loopback_transport_can_not_leave_this_machine() {
    let transport = HttpTransport::loopback().unwrap();
    for url in [
        "http://192.0.2.1/",
        "http://ssl.tencentcloudapi.com/",
        "https://127.0.0.1/",
        "https://ssl.tencentcloudapi.com/",
        "ftp://127.0.0.1/",
        "nonsense",
    ] {
        let error = transport.send(request(url.to_owned())).await.unwrap_err();
        assert!(
            matches!(error, TransportError::Refused { .. }) && !error.maybe_sent(),
            "{url}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_token_with_a_line_end_is_refused_and_not_shown() {
    let url = serve(Router::new().route("/", post(|| async { "" }))).await;
    let mut sent = request(url);
    sent.headers
        .push(("x-tc-token", "SECRET\r\nx-evil: 1".to_owned()));
    let error = HttpTransport::loopback()
        .unwrap()
        .send(sent)
        .await
        .unwrap_err();
    assert!(
        !error.maybe_sent() && !format!("{error} {error:?}").contains("SECRET"),
        "{error:?}"
    );
}

/// A transport to the internet, where this machine has root certificates; else the error says what to install.
fn internet(proxy: Option<&str>) -> Option<HttpTransport> {
    match HttpTransport::internet(proxy) {
        Ok(transport) => Some(transport),
        Err(error @ TransportError::NoRootCertificates) => {
            assert!(error.to_string().contains("ca-certificates"));
            None
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_proxy_is_used_elsewhere_and_its_refusal_means_nothing_was_sent() {
    let (proxy, seen) =
        serve_raw(|stream| write(stream, b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")).await;
    let Some(transport) = internet(Some(&proxy)) else {
        return;
    };
    let error = transport
        .send(request("https://ssl.service.invalid/".to_owned()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::Unreachable { .. }) && !error.maybe_sent(),
        "{error:?}"
    );
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_proxy_is_used_for_this_machine() {
    let (proxy, seen) =
        serve_raw(|stream| write(stream, b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n")).await;
    let Some(transport) = internet(Some(&proxy)) else {
        return;
    };
    let url = serve(Router::new().route("/", post(|| async { "direct" }))).await;
    assert_eq!(
        transport
            .send(request(url.clone()))
            .await
            .unwrap()
            .body
            .as_slice(),
        b"direct"
    );
    // TLS to a server that speaks none: it fails, but at that server.
    let error = transport
        .send(request(url.replace("http:", "https:")))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::Unreachable { stage: "tls", .. }) && !error.maybe_sent(),
        "{error:?}"
    );
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn plain_http_never_leaves_this_machine() {
    let Some(transport) = internet(None) else {
        return;
    };
    let error = transport
        .send(request("http://192.0.2.1/".to_owned()))
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Refused { .. }), "{error:?}");
}

#[test]
fn a_bad_proxy_is_named_without_its_password() {
    let Err(error) = HttpTransport::internet(Some("http://user:PASSWORD@[bad")) else {
        panic!("taken")
    };
    assert!(
        !format!("{error} {error:?}").contains("PASSWORD"),
        "{error:?}"
    );
}

#[test]
fn loopback_is_known_in_every_spelling() {
    for host in [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "[::1]",
        "localhost",
        "LOCALHOST",
    ] {
        assert!(is_loopback(host), "{host}");
    }
    for host in [
        "",
        "10.0.0.1",
        "localhost.example",
        "127.0.0.1.example",
        "::2",
    ] {
        assert!(!is_loopback(host), "{host}");
    }
}

#[test]
fn debug_output_shows_neither_headers_nor_bodies() {
    let mut sent = request("http://127.0.0.1/".to_owned());
    sent.headers.push(("authorization", "SECRET".to_owned()));
    sent.body = Zeroizing::new(b"SECRET".to_vec());
    let answer = RawAnswer {
        status: 200,
        date: None,
        body: Zeroizing::new(b"SECRET".to_vec()),
    };
    let shown = format!("{sent:?} {answer:?}");
    assert!(
        !shown.contains("SECRET") && !shown.contains("83, 69"),
        "{shown}"
    );
}
