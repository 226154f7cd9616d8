//! The HTTP port of a daemon, asked byte by byte, without a client that would hide anything.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Daemon;

/// What came back.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status line and headers, as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Where the daemon says that its page is; the last word counts.
pub fn site(daemon: &Daemon) -> SocketAddr {
    daemon.wait("http.listening");
    let said = daemon.events("http.listening");
    let message = said.last().unwrap()["message"].as_str().unwrap();
    let address = message.split("http://").nth(1).unwrap();
    address.split('/').next().unwrap().parse().unwrap()
}

/// The answer to a plain `GET`.
pub fn get(at: SocketAddr, path: &str) -> Answer {
    ask(at, &format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n"))
}

/// The answer to these bytes.
///
/// # Panics
/// When there is none that can be read.
pub fn ask(at: SocketAddr, request: &str) -> Answer {
    let text = ask_raw(at, request.as_bytes());
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("no answer to {request:?}: {text:?}")),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// All that comes back until the other side closes.
pub fn ask_raw(at: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    // The other side may have refused and closed before all was written.
    stream.write_all(request).ok();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok();
    String::from_utf8_lossy(&bytes).into_owned()
}
