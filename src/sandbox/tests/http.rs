//! The server on its socket, spoken to in plain HTTP/1.1.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::http::shared::machine_now;
use super::super::{Error, Server};
use super::*;

const ANY: &str = "127.0.0.1:0";
/// A bound for what should take milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

async fn start() -> Server {
    let any: SocketAddr = ANY.parse().unwrap();
    Server::start(Options::default(), any, Some(any))
        .await
        .unwrap()
}

/// Sends one request and reads until the connection closes.
async fn exchange(
    address: SocketAddr,
    head: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut text = format!(
        "{head} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    match tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
    {
        Ok(_) | Err(_) => String::from_utf8_lossy(&answer).into_owned(),
    }
}

async fn call(server: &Server, action: &str, body: &str) -> String {
    let request = signed(action, body, machine_now() - DateTime::UNIX_EPOCH);
    exchange(server.address(), "POST /", &request.headers, &request.body).await
}

async fn manage(server: &Server, head: &str, body: &str) -> String {
    let host = [("Host".to_string(), "127.0.0.1".to_string())];
    exchange(
        server.manage_address().unwrap(),
        head,
        &host,
        body.as_bytes(),
    )
    .await
}

#[tokio::test]
async fn another_address_than_loopback_is_refused() {
    let any: SocketAddr = ANY.parse().unwrap();
    let open: SocketAddr = "0.0.0.0:0".parse().unwrap();
    for (listen, manage) in [(open, None), (any, Some(open))] {
        let refused = Server::start(Options::default(), listen, manage).await;
        assert!(matches!(refused, Err(Error::NotLoopback(_))));
    }
}

#[tokio::test]
async fn a_signed_call_over_a_socket_is_answered_with_the_services_date() {
    let server = start().await;
    let answer = call(&server, "GetCallerIdentity", "{}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"AccountId\""), "{answer}");
    assert_eq!(
        answer.to_lowercase().matches("\r\ndate:").count(),
        1,
        "{answer}"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_dropped_connection_closes_without_a_byte() {
    let server = start().await;
    manage(
        &server,
        "POST /faults",
        r#"{"kind":"drop_after","action":"ApplyCertificate"}"#,
    )
    .await;
    let body = r#"{"DvAuthMethod":"DNS_AUTO","DomainName":"shop.example.com"}"#;
    assert_eq!(call(&server, "ApplyCertificate", body).await, "");
    let state = manage(&server, "GET /state", "").await;
    assert!(
        state.contains("shop.example.com"),
        "the order was made: {state}"
    );
}

#[tokio::test]
async fn a_stalled_answer_does_not_hold_up_the_end() {
    let server = start().await;
    manage(&server, "POST /faults", r#"{"kind":"stall"}"#).await;
    let address = server.address();
    let request = signed(
        "GetCallerIdentity",
        "{}",
        machine_now() - DateTime::UNIX_EPOCH,
    );
    let waiting =
        tokio::spawn(
            async move { exchange(address, "POST /", &request.headers, &request.body).await },
        );
    // The call has arrived once it is listed.
    let service = server.service();
    let arrived = async {
        while service.lock().unwrap().requests(0)["total"] == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.unwrap();
    assert!(!waiting.is_finished());
    tokio::time::timeout(PATIENCE, server.shutdown())
        .await
        .unwrap();
    assert_eq!(waiting.await.unwrap(), "");
}

#[tokio::test]
async fn a_dropped_server_stops_listening() {
    let server = start().await;
    let address = server.address();
    drop(server);
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
}

#[tokio::test]
async fn every_management_call_is_understood_and_mistakes_are_told() {
    let server = start().await;
    for (head, body) in [
        ("POST /clock", r#"{"offset_seconds":5}"#),
        (
            "POST /faults",
            r#"{"action":"*","kind":"error","code":"InternalError","times":3,"seconds":1}"#,
        ),
        ("DELETE /faults", ""),
        ("POST /limits", r#"{"free_limit":5,"domain_limit":6}"#),
        ("POST /alias", r#"{"mode":"cut"}"#),
        ("POST /listing", r#"{"delay_seconds":9,"ids_lag":true}"#),
        ("GET /requests?since=0", ""),
    ] {
        let answer = manage(&server, head, body).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{head}: {answer}");
    }
    let state = manage(&server, "GET /state", "").await;
    for shown in [
        "\"offset_seconds\":5",
        "\"free_limit\":5",
        "\"alias_mode\":\"cut\"",
        "\"listing_delay_seconds\":9",
        "\"ids_lag\":true",
    ] {
        assert!(state.contains(shown), "{shown}: {state}");
    }
    assert!(
        manage(&server, "GET /root.pem", "")
            .await
            .contains("BEGIN CERTIFICATE")
    );
    assert!(
        manage(&server, "POST /orders/nothere1", r#"{"status":1}"#)
            .await
            .starts_with("HTTP/1.1 404")
    );
    for (head, body) in [
        ("POST /clock", "{}"),
        ("POST /faults", r#"{"kind":"fire"}"#),
        ("POST /limits", r#"{"free":1}"#),
        ("GET /requests?from=0", ""),
    ] {
        let answer = manage(&server, head, body).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
    }
}
