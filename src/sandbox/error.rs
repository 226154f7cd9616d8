//! What can go wrong with the stand-in itself.

use std::net::SocketAddr;

/// What can go wrong with the stand-in itself. What it refuses its callers is not an error but an answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another than a loopback address was asked for.
    #[error("the sandbox listens on loopback only, and {0} is not: use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The socket could not be opened.
    #[error("cannot listen on {address}: choose another port, or 0 for a free one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No account was configured, or two with one SecretId.
    #[error("the sandbox needs at least one credential, each with a SecretId of its own")]
    Credentials,
    /// The throwaway CA could not sign.
    #[error(
        "the sandbox's CA could not make a certificate; this is a fault of the sandbox, start it anew"
    )]
    Authority(#[from] rcgen::Error),
    /// A key could not be made or encoded.
    #[error(
        "the sandbox could not make a private key ({0}); this is a fault of the sandbox, start it anew"
    )]
    Key(String),
    /// A zip could not be written.
    #[error("the sandbox could not pack a zip; this is a fault of the sandbox, start it anew")]
    Archive(#[from] zip::result::ZipError),
    /// A management call named a certificate that is not there.
    #[error("no certificate {0} here: GET /state lists those that are")]
    NoSuchCertificate(String),
    /// A management call was not understood.
    #[error("the management call was not understood: {0}")]
    Management(String),
}

impl Error {
    /// The management call named this certificate; at most its first 64 characters are repeated.
    pub(super) fn no_certificate(id: &str) -> Self {
        Self::NoSuchCertificate(id.chars().take(64).collect())
    }
}
