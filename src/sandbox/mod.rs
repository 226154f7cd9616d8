//! A faithful stand-in for Tencent Cloud's certificate service, with a real CA inside.
//!
//! It is to this project what Pebble is to ACME: the same requests, the same refusals, the same awkward
//! answers, but certificates from a throwaway CA that nobody trusts, and knobs to make things go wrong on purpose.
//!
//! Invariants:
//! - It imports nothing of the rest of the crate: its own signature check and its own wire types, so that one
//!   misreading of the service cannot hide on both sides.
//! - It listens on loopback only and keeps everything in memory; each start has a fresh CA.
//! - [`Service`] is pure of I/O and of real time: one request in, one answer out, at the time given.
//!   Only `server` knows sockets and the machine's clock.
//! - What an order *is* follows from times and injected facts; no state is stored twice.
//!
//! It must not be used to secure anything: its keys are deliberately weak (see `keys`).
//!
//! In reading order: `request` (what comes in and goes out), `signature`, `parameters`, `service`, `dispatch` (which
//! action), `world` (what actions work on), `order` (the life of a certificate) and `register` (all of them), then
//! one file an area of the API (`apply`, `listing`, `describe`, `validation`, `download`, `upkeep`, `upload`,
//! `identity`, `zones` for DNS, `cloud`, `bound`, `deploy` and `records` for cloud resources), `fields` (what answers
//! are put together from), what is refused (`refusal`), the CA (`ca`, `keys`, `archive`), the knobs (`fault`,
//! `manage`), what was
//! seen (`journal`), HTTP (`server`, `console`, `wire`), and the CA's look at the world (`look`).

mod apply;
mod archive;
mod bound;
mod ca;
mod cloud;
mod console;
mod deploy;
mod describe;
mod dispatch;
mod download;
mod fault;
mod fields;
mod identity;
mod journal;
mod keys;
mod listing;
mod look;
mod manage;
mod order;
mod parameters;
mod records;
mod refusal;
mod register;
mod request;
mod server;
mod service;
mod signature;
mod upkeep;
mod upload;
mod validation;
mod wire;
mod world;
mod zones;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use cloud::{CloudChange, Failing, NewResource, Refusing};
pub use fault::{Fault, FaultKind};
pub use manage::{AliasMode, BoundResource, Limits, Oddities, OrderChange};
pub use request::{Reply, Request};
pub use server::Server;
pub use service::Service;

/// The SecretId that [`Options::default`] accepts.
pub const DEFAULT_SECRET_ID: &str = "AKIDSANDBOX";
/// The SecretKey that belongs to [`DEFAULT_SECRET_ID`].
pub const DEFAULT_SECRET_KEY: &str = "SANDBOXKEY";

/// How a stand-in behaves. [`Default`] has the real service's numbers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who may call. Each SecretId is an account of its own: own certificates, own quota, own rate limit.
    pub credentials: Vec<Credential>,
    /// Time from application (or, for `DNS` and `FILE`, from `CompleteCertificate`) to Status 1.
    pub issue_after: Duration,
    /// Free certificates an account may hold at a time.
    pub free_limit: u32,
    /// Free certificates a registered domain may hold at a time. It is counted over all accounts, as the vendor's
    /// free-certificate page says of all resellers together.
    pub domain_limit: u32,
    /// Requests an account may make in any one second, over all actions; 0 never throttles, but still counts.
    pub requests_per_second: u32,
    /// How old a certificate that renews no other already is when it is issued, so that renewals can be watched.
    pub first_age: Duration,
    /// Whether `DescribeCertificateDetail` gives leaf and intermediate, or the leaf alone.
    pub full_chain_in_detail: bool,
    /// How the zip of `DownloadCertificate` is laid out.
    pub zip_layout: ZipLayout,
    /// Whether answers carry a `Date` header of the stand-in's own (offset) clock. Without it the HTTP server's
    /// own header tells the machine's time.
    pub date_header: bool,
    /// The name server that the CA asks for records; without it, it takes the caller's word.
    pub dns: Option<SocketAddr>,
    /// The web server that the CA fetches files from; without it, it takes the caller's word.
    pub http: Option<SocketAddr>,
    /// What a `DNS` order asks for: `TXT`, `CNAME`, or now this and now that.
    pub record: RecordType,
    /// DNS zones that the first account hosts; the CA sees what is in them.
    pub zones: Vec<String>,
    /// Makes ids, request ids and RSA keys repeatable. ECC keys and signatures stay random.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: vec![Credential::new(DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY)],
            issue_after: Duration::from_secs(2),
            free_limit: 50,
            domain_limit: 20,
            requests_per_second: 10,
            first_age: Duration::ZERO,
            full_chain_in_detail: true,
            zip_layout: ZipLayout::Mixed,
            date_header: true,
            dns: None,
            http: None,
            record: RecordType::Either,
            zones: Vec::new(),
            seed: None,
        }
    }
}

/// One account's key pair.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The public half, as it stands in the `Authorization` header.
    pub secret_id: String,
    /// The half that signs.
    pub secret_key: SecretString,
}

impl Credential {
    /// A key pair from its two texts.
    pub fn new(secret_id: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            secret_id: secret_id.into(),
            secret_key: SecretString::from(secret_key.into()),
        }
    }
}

/// The record that a proof by DNS asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordType {
    /// Both occur, as in the vendor's examples.
    #[default]
    Either,
    /// Always TXT.
    Txt,
    /// Always CNAME.
    Cname,
}

/// The layouts of a downloaded zip that programs have met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZipLayout {
    /// `Nginx/1_<domain>_bundle.crt`, `Nginx/2_<domain>.key`, `Apache/…`, `IIS/…`, `Tomcat/…`.
    Api,
    /// `<domain>_nginx/<domain>_bundle.crt`, `.pem`, `.key`, `.csr`.
    Console,
    /// The two in turn.
    #[default]
    Mixed,
}

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
    Authority(#[source] rcgen::Error),
    /// A key could not be made or encoded.
    #[error(
        "the sandbox could not make a private key ({0}); this is a fault of the sandbox, start it anew"
    )]
    Key(String),
    /// A zip could not be written.
    #[error("the sandbox could not pack a zip; this is a fault of the sandbox, start it anew")]
    Archive(#[source] zip::result::ZipError),
    /// A management call named a certificate that is not there.
    #[error("no certificate {0} here: GET /state lists those that are")]
    NoSuchCertificate(String),
    /// A management call was not understood.
    #[error("the management call was not understood: {0}")]
    Management(String),
}
