//! Somebody who is told: a web server of the test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

use super::{SOON, wait_for};

/// A web server that takes every message and keeps it.
pub struct Inbox {
    port: u16,
    got: Arc<Mutex<Vec<Value>>>,
}

impl Inbox {
    /// On any free port, or this one; a port that was another's is waited for.
    pub fn open(port: u16) -> Self {
        let listener = wait_for("a port", SOON, || {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
        });
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let keep = Arc::clone(&keep);
                thread::spawn(move || take(stream, &keep));
            }
        });
        Self { port, got }
    }

    /// Its address, with something secret in it.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Every event that it was told so far.
    pub fn events(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
        let lists = got
            .iter()
            .filter_map(|message| message["events"].as_array());
        lists.flatten().cloned().collect()
    }

    /// Every message so far.
    pub fn messages(&self) -> Vec<Value> {
        self.got
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits to be told of this event.
    pub fn wait(&self, event: &str) -> Value {
        wait_for(&format!("to be told of {event}"), SOON, || {
            self.events()
                .into_iter()
                .find(|told| told["event"] == event)
        })
    }
}

/// The address of an inbox on this port.
pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/hook?token=TOKEN-THAT-NOBODY-SEES")
}

fn take(stream: TcpStream, keep: &Mutex<Vec<Value>>) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    keep.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(serde_json::from_slice(&body).unwrap_or_default());
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).ok();
}
