//! Why no answer was had, sorted by the one question that matters: can the request have arrived?

use std::error::Error;
use std::time::Duration;

use crate::text::root_cause;

/// The largest answer that is read; 1,000 listed certificates are some 3 MB.
pub(super) const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Why no answer was had.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The system trusts nobody.
    #[error(
        "no root certificates were found on this system; install the package ca-certificates (Debian, Ubuntu, Alpine, Fedora)"
    )]
    NoRootCertificates,
    /// The HTTP client could not be built.
    #[error(
        "the HTTP client could not be set up ({what}); check api.proxy and the proxy variables of the environment"
    )]
    Setup {
        /// Which part failed.
        what: &'static str,
        /// The cause.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The request may not go there, or could not be put into HTTP. Nothing was sent.
    #[error("the request was not sent: {what}; check the account's endpoint")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// No connection. Nothing was sent.
    #[error("no connection to {host} ({stage}: {})", root_cause(source))]
    Unreachable {
        /// The host that was asked for.
        host: String,
        /// How far it came: `dns`, `connect` or `tls`.
        stage: &'static str,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// No whole answer in time; the service may have acted.
    #[error("no answer from {host} within {} s", timeout.as_secs_f32())]
    Timeout {
        /// The host that was asked.
        host: String,
        /// The limit that passed.
        timeout: Duration,
        /// The cause.
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The connection broke; the service may have acted.
    #[error("the connection to {host} broke before the whole answer was here{}", because(source.as_deref()))]
    Broken {
        /// The host that was asked.
        host: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The answer is larger than [`LARGEST_ANSWER`]; the service may have acted.
    #[error("the answer of {host} is larger than {} MiB and was not read; check that the endpoint is Tencent Cloud's", LARGEST_ANSWER / 1024 / 1024)]
    TooLarge {
        /// The host that was asked.
        host: String,
    },
}

impl TransportError {
    /// False only where not a byte of the request can have reached the service.
    pub fn maybe_sent(&self) -> bool {
        match self {
            Self::NoRootCertificates
            | Self::Setup { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. } => false,
            Self::Timeout { .. } | Self::Broken { .. } | Self::TooLarge { .. } => true,
        }
    }

    /// The stable word for metrics: `unreachable`, `timeout`, …
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoRootCertificates => "no-root-certificates",
            Self::Setup { .. } => "setup",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Broken { .. } => "broken",
            Self::TooLarge { .. } => "too-large",
        }
    }
}

/// Sorts reqwest's errors by the one question that matters: can the request have arrived?
pub(super) fn classify(host: &str, timeout: Duration, error: reqwest::Error) -> TransportError {
    let host = host.to_owned();
    // The URL would be the endpoint's, which the message names already.
    let source = error.without_url();
    if source.is_connect() {
        // Raised before a connection stood: by name lookup, TCP, TLS or the proxy's CONNECT.
        let stage = match (source.is_dns(), caused_by::<rustls::Error>(&source)) {
            (true, _) => "dns",
            (_, true) => "tls",
            _ => "connect",
        };
        TransportError::Unreachable {
            host,
            stage,
            source,
        }
    } else if source.is_timeout() {
        TransportError::Timeout {
            host,
            timeout,
            source: Some(source),
        }
    } else if source.is_builder() {
        TransportError::Refused {
            what: "the HTTP library does not take it".to_owned(),
        }
    } else {
        TransportError::Broken {
            host,
            source: Some(Box::new(source)),
        }
    }
}

fn because(source: Option<&(dyn Error + Send + Sync + 'static)>) -> String {
    source
        .map(|error| format!(" ({})", root_cause(error)))
        .unwrap_or_default()
}

/// Looks through the chain of causes, and into I/O errors, which pass over what they wrap when asked for their cause.
fn caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if error.is::<E>() || wrapped.is_some_and(|inner| caused_by::<E>(inner)) {
            return true;
        }
        cause = error.source();
    }
    false
}
