//! What comes in and what goes out, free of any HTTP library.

use std::net::SocketAddr;
use std::time::Duration;

/// One HTTP request, as it arrived.
#[derive(Clone)]
pub struct Request {
    /// The method, e.g. `POST`.
    pub method: String,
    /// Path and query, e.g. `/`.
    pub path: String,
    /// Header names and values in order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The exact bytes that were signed.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Request {
    /// Shows no headers and no body: both may hold what nobody should read in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// The first header of that name, any case, without surrounding blanks.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// What the caller gets to see.
#[derive(Clone)]
pub enum Reply {
    /// An HTTP answer.
    Answer {
        /// HTTP status; API errors come with 200 too.
        status: u16,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection closes without an answer. Whether the service acted is not told: that is the point.
    Dropped,
    /// The answer is ready, but held back.
    Stalled {
        /// How long; `None` is for ever.
        hold: Option<Duration>,
        /// What is sent then.
        answer: Box<Reply>,
    },
}

impl std::fmt::Debug for Reply {
    /// Shows no body: it may hold a private key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer { status, body, .. } => f
                .debug_struct("Answer")
                .field("status", status)
                .field("body_bytes", &body.len())
                .finish_non_exhaustive(),
            Self::Dropped => f.write_str("Dropped"),
            Self::Stalled { hold, answer } => f
                .debug_struct("Stalled")
                .field("hold", hold)
                .field("answer", answer)
                .finish(),
        }
    }
}

/// What the CA has to look at, outside, before a request can be answered.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// A record, at this server.
    Record {
        /// Whom to ask.
        server: SocketAddr,
        /// The full name.
        name: String,
        /// Whether it is a CNAME, and not a TXT.
        cname: bool,
    },
    /// A file, from this address.
    File {
        /// Where to connect.
        server: SocketAddr,
        /// The domain whose file it is: the Host header.
        domain: String,
        /// Its path.
        path: String,
    },
}
