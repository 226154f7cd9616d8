//! The API of Tencent Cloud, typed: sign, send, keep to the rate, classify.
//!
//! In reading order: [`sign`] makes the signature, [`credential`] finds the keys, [`limit`] keeps to ten requests a
//! second, [`transport`] is the seam to the wire, [`client`] puts them together, [`codes`] and [`error`] say what a
//! refusal means, [`ssl`], [`deploy`], [`dnspod`] and [`sts`] are the actions, `decode` reads answers that may lack anything.
//!
//! What is kept here: one call is one request, signed over exactly the bytes that are sent; nothing is retried; no
//! secret is shown. This module knows nothing of policy: when to apply, renew or give up is decided elsewhere.

pub mod client;
pub mod codes;
pub mod credential;
mod decode;
pub mod deploy;
pub mod dnspod;
pub mod error;
pub mod limit;
pub mod sign;
pub mod ssl;
pub mod sts;
pub mod transport;

pub use client::{Action, Answered, Call, Client, ClientSettings, Observer};
pub use codes::{CODES, Code, Scope};
pub use credential::{Credential, CredentialError, CredentialSettings, Provider, Surroundings};
pub use error::ApiError;
pub use limit::{Limiter, Permit};
pub use transport::{
    HttpTransport, LaterTransport, RawAnswer, SignedRequest, Transport, TransportError,
    is_loopback, no_tls, system_tls,
};
