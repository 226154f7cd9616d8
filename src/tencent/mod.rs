//! The API of Tencent Cloud, typed: sign, send, keep to the rate, classify.
//!
//! In reading order: `sign` makes the signature, `credential` finds the keys, `limit` keeps to ten requests a
//! second, `transport` is the seam to the wire, `client` puts them together, `codes` and `error` say what a
//! refusal means, `ssl`, `deploy`, `dnspod` and `sts` are the actions, `answer` reads what may lack anything, `reason`
//! decodes what people are told.
//!
//! What is kept here: one call is one request, signed over exactly the bytes that are sent; nothing is retried; no
//! secret is shown. This module knows nothing of policy: when to apply, renew or give up is decided elsewhere.

mod answer;
pub(crate) mod client;
pub(crate) mod codes;
pub(crate) mod credential;
pub(crate) mod deploy;
pub(crate) mod dnspod;
pub(crate) mod error;
#[cfg(test)]
mod fuzz;
pub(crate) mod limit;
mod reason;
pub(crate) mod sign;
pub(crate) mod ssl;
mod sts;
pub(crate) mod transport;

pub use client::{Client, ClientSettings};
pub use credential::Provider;
pub use limit::Limiter;
pub use ssl::PageRequest;
pub use transport::HttpTransport;

pub(crate) use client::{Call, Observer};
pub(crate) use codes::Scope;
pub(crate) use credential::{CredentialSettings, Role, Surroundings};
pub(crate) use error::ApiError;
pub(crate) use transport::{
    LaterTransport, Transport, TransportError, is_loopback, no_tls, system_roots, system_tls,
};
#[cfg(feature = "sandbox")]
pub(crate) use transport::{RawAnswer, SignedRequest};
