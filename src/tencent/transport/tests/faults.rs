//! Servers that answer badly, late, too much, or not at all: each send is one request, and each error knows whether it may
//! have arrived.

use super::*;

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let followed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&followed);
    let router = Router::new()
        .route(
            "/",
            post(|| async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/next")]) }),
        )
        .route(
            "/next",
            post(move || async move { counter.fetch_add(1, Ordering::SeqCst).to_string() }),
        );
    let answer = HttpTransport::loopback()
        .unwrap()
        .send(request(serve(router).await))
        .await
        .unwrap();
    assert_eq!((answer.status, followed.load(Ordering::SeqCst)), (307, 0));
}

#[tokio::test]
async fn a_server_fault_is_an_answer_and_is_not_asked_again() {
    let (url, seen) = serve_raw(|stream| {
        write(
            stream,
            b"HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n",
        )
    })
    .await;
    let answer = HttpTransport::loopback()
        .unwrap()
        .send(request(url))
        .await
        .unwrap();
    assert_eq!((answer.status, seen.load(Ordering::SeqCst)), (503, 1));
}

#[tokio::test]
async fn a_connection_that_breaks_may_have_delivered_and_is_not_asked_again() {
    for half in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"Resp",
    ] {
        let (url, seen) = serve_raw(move |stream| write(stream, half)).await;
        let error = HttpTransport::loopback()
            .unwrap()
            .send(request(url))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::Broken { .. }) && error.maybe_sent(),
            "{error:?}"
        );
        assert_eq!(seen.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_dropped_costs_no_second_request() {
    // Answers once with keep-alive, then closes on the second request without a word.
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            for turn in 0..2 {
                if !stream
                    .read(&mut buffer)
                    .await
                    .is_ok_and(|length| length > 0)
                {
                    break;
                }
                counter.fetch_add(1, Ordering::SeqCst);
                if turn == 0 {
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                        .await
                        .ok();
                }
            }
        }
    });
    let transport = HttpTransport::loopback().unwrap();
    transport.send(request(url.clone())).await.unwrap();
    let error = transport.send(request(url)).await.unwrap_err();
    assert!(error.maybe_sent(), "{error:?}");
    assert_eq!(
        requests.load(Ordering::SeqCst),
        2,
        "two sends, two requests on the wire"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_timeout_that_may_have_been_sent() {
    let (url, _) = serve_raw(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let mut slow = request(url);
    slow.timeout = Duration::from_millis(100);
    let error = HttpTransport::loopback()
        .unwrap()
        .send(slow)
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::Timeout { .. }) && error.maybe_sent(),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_drips_is_a_timeout_too() {
    let (url, _) = serve_raw(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            .await
            .ok();
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let mut slow = request(url);
    slow.timeout = Duration::from_millis(200);
    let error = HttpTransport::loopback()
        .unwrap()
        .send(slow)
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_listening_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = HttpTransport::loopback()
        .unwrap()
        .send(request(url))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            TransportError::Unreachable {
                stage: "connect",
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!error.maybe_sent());
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let (announced, _) = serve_raw(|stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n{",
        )
    })
    .await;
    let (endless, _) = serve_raw(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            .await
            .ok();
        while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
    })
    .await;
    for url in [announced, endless] {
        let error = HttpTransport::loopback()
            .unwrap()
            .send(request(url))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::TooLarge { .. }) && error.maybe_sent(),
            "{error:?}"
        );
    }
}
