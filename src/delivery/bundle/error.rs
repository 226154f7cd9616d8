//! Why material is refused. No variant carries key material, or text that might contain some.

use chrono::{DateTime, Utc};

use crate::lifecycle::Algorithm;

/// Why what the service gave is not installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More bytes than any real answer has.
    #[error("{what} is larger than {limit} bytes; it is refused unread, fetch it again")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// More items than any real answer has.
    #[error(
        "{what}: {count} are more than the {limit} allowed; the answer is refused, fetch it again"
    )]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are, or how many were counted before giving up.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The PEM text is broken. The parser's own error is dropped on purpose: it quotes the text, which may be a key.
    #[error("the PEM text of {what} is broken ({reason}); fetch it again")]
    Pem {
        /// What the text should hold: the certificate, the key, …
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No certificate at all.
    #[error("no certificate was given; the order may not be issued yet, or the answer was cut off")]
    NoCertificate,
    /// No private key at all.
    #[error(
        "no private key came with it: it was made from a CSR of somebody's own, or its key may not be read"
    )]
    NoPrivateKey,
    /// A key under a passphrase.
    #[error("the private key is encrypted; Evercert needs the plain PEM key the API gives")]
    EncryptedKey,
    /// The key cannot be read by the TLS library.
    #[error(
        "the private key is none that can be used (RSA of at least 2048 bits, or ECDSA P-256 or P-384)"
    )]
    Key(#[source] rustls::Error),
    /// The certificate is not X.509, or not strictly.
    #[error("a certificate cannot be read; fetch it again")]
    Certificate(#[source] x509_parser::error::X509Error),
    /// The certificate cannot be read by the TLS library.
    #[error("the certificate is none that a TLS server can use")]
    Unusable(#[source] rustls::Error),
    /// An end date outside of what a calendar can hold.
    #[error("a certificate's dates are not on the calendar; it is refused")]
    Calendar,
    /// Key and certificate are of two pairs.
    #[error(
        "the private key does not belong to the certificate ({certificate}); nothing was installed"
    )]
    KeyMismatch {
        /// The certificate's names and serial.
        certificate: String,
    },
    /// RSA where ECC was asked for, or the other way round.
    #[error(
        "the certificate has a {} key, but {} was asked for; check `key` in the config", found.name(), expected.name()
    )]
    WrongAlgorithm {
        /// What was asked for.
        expected: Algorithm,
        /// What came.
        found: Algorithm,
    },
    /// The certificate is for other names.
    #[error("the certificate is for {found}, not for {expected}; nothing was installed")]
    WrongName {
        /// The configured domain.
        expected: String,
        /// Its DNS names.
        found: String,
    },
    /// A CA certificate where a server's belongs.
    #[error("the certificate is a CA's ({certificate}), not a server's; nothing was installed")]
    IsCa {
        /// The certificate's names and serial.
        certificate: String,
    },
    /// The certificate may not be used by TLS servers.
    #[error(
        "the certificate ({certificate}) is not for TLS servers (no serverAuth among its key usages)"
    )]
    NotForServers {
        /// The certificate's names and serial.
        certificate: String,
    },
    /// Begins more than a day ahead.
    #[error(
        "the certificate is valid only from {not_before}, and now is {now}; check this machine's clock"
    )]
    NotYetValid {
        /// Its first moment.
        not_before: DateTime<Utc>,
        /// The time it was judged by.
        now: DateTime<Utc>,
    },
    /// Has ended.
    #[error(
        "the certificate ended {not_after}, and now is {now}; apply for a new one, or check this machine's clock"
    )]
    Expired {
        /// Its last moment.
        not_after: DateTime<Utc>,
        /// The time it was judged by.
        now: DateTime<Utc>,
    },
    /// Ends before it begins, or lasts longer than any public certificate may.
    #[error("the certificate's dates make no sense: from {not_before} to {not_after}")]
    Dates {
        /// Its first moment.
        not_before: DateTime<Utc>,
        /// Its last moment.
        not_after: DateTime<Utc>,
    },
    /// Would shorten what is installed.
    #[error(
        "the certificate ends {found}, before the installed one ({previous}); the installed one stays"
    )]
    NotNewer {
        /// The end of what is installed.
        previous: DateTime<Utc>,
        /// The end of what was given.
        found: DateTime<Utc>,
    },
    /// No intermediate whose signature over the certificate verifies. The only variant that another call can heal.
    #[error(
        "the chain is incomplete: no valid certificate of the issuer ({issuer}) came along; fetch the zip for it"
    )]
    ChainIncomplete {
        /// The issuer that is missing.
        issuer: String,
    },
    /// The zip cannot be read.
    #[error("the zip cannot be read; fetch it again")]
    Zip(#[source] zip::result::ZipError),
    /// A file in the zip cannot be unpacked.
    #[error("a file in the zip cannot be unpacked; fetch it again")]
    Unpack(#[source] std::io::Error),
    /// An entry that a certificate's zip has no business with.
    #[error("the zip has an entry that is {reason}: {name:?}; the zip is refused")]
    UnsafeEntry {
        /// The entry's name, shortened.
        name: String,
        /// Why it is refused.
        reason: &'static str,
    },
}
