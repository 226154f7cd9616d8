//! Connects as a client does, and says which certificate is served.
//!
//! Every address of the host's name is asked, with the name in SNI. Behind one address there may be several processes, of
//! which some still have the certificate before (haproxy's old ones after a reload, say): a look that counts makes many
//! connections, each a new one without a session, spread over a second. Trust in the root is not judged: it depends on the
//! client. What is compared is the certificate itself, and that its chain came with it; the handshake proves that the
//! server has the key.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::bundle::{Leaf, read_der};
use crate::config::{StartTls, Verify};

mod starttls;

/// How long one connection may take to show its certificate.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a look that counts asks the addresses again, how long apart, and over how many connections each time. With
/// one old process among three, all sixteen connections miss it once in 650 times; after a second and a half it is
/// mostly gone anyway.
const ROUNDS: usize = 3;
const APART: Duration = Duration::from_millis(400);
const AT_ONCE: usize = 5;

/// Mail servers count connections, and turn those away who make many.
const AT_ONCE_BY_MAIL: usize = 1;

/// What is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The server's name or address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The name that is asked for (SNI).
    pub name: String,
    /// The way to TLS, where it is not spoken from the start.
    pub starttls: Option<StartTls>,
}

impl Place {
    /// The place that the config names for this certificate.
    #[must_use]
    pub fn new(verify: &Verify, domain: &str) -> Self {
        Self {
            host: verify.address.host.clone(),
            port: verify.address.port,
            name: domain.to_owned(),
            starttls: verify.starttls,
        }
    }
}

/// What one address serves.
#[derive(Clone, Debug)]
pub struct Served {
    /// The address.
    pub address: SocketAddr,
    /// The certificate, or why none was seen.
    pub leaf: Result<Leaf, VerifyError>,
    /// SHA-256 of each further certificate that came along.
    pub chain: Vec<String>,
}

/// Why no certificate was seen.
#[derive(Clone, Debug, Error)]
pub enum VerifyError {
    /// The name has no address.
    #[error("{host} has no address: {reason}")]
    Name {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nothing answers there.
    #[error("{address} can't be connected to: {reason}")]
    Connect {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        reason: String,
    },
    /// It takes too long.
    #[error("{address} does not answer in time")]
    TimedOut {
        /// The address.
        address: SocketAddr,
    },
    /// It does not turn to TLS.
    #[error("{address} does not turn to TLS: {reason}")]
    StartTls {
        /// The address.
        address: SocketAddr,
        /// What it said.
        reason: String,
    },
    /// The handshake fails.
    #[error("the TLS handshake with {address} fails: {reason}")]
    Handshake {
        /// The address.
        address: SocketAddr,
        /// What the handshake failed by.
        reason: String,
    },
}

/// Asks every address of the place over one connection. `sleep` makes the times.
///
/// # Errors
/// The name has no address.
pub async fn look<F>(
    place: &Place,
    sleep: impl Fn(Duration) -> F,
) -> Result<Vec<Served>, VerifyError>
where
    F: Future<Output = ()>,
{
    let no_address = |reason: String| VerifyError::Name {
        host: place.host.clone(),
        reason,
    };
    let found = tokio::select! {
        found = tokio::net::lookup_host((place.host.as_str(), place.port)) => found,
        () = sleep(TIMEOUT) => return Err(no_address("the resolver does not answer in time".to_owned())),
    };
    let mut addresses: Vec<SocketAddr> = found
        .map_err(|error| no_address(error.to_string()))?
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(no_address("the resolver gave none".to_owned()));
    }
    Ok(ask_all(place, addresses, &sleep).await)
}

/// As [`look`]; the addresses that show the wanted certificate, by its fingerprint, are asked many times more. Ends with
/// the first that shows another.
///
/// # Errors
/// The name has no address.
pub async fn look_well<F>(
    place: &Place,
    wanted: &str,
    sleep: impl Fn(Duration) -> F,
) -> Result<Vec<Served>, VerifyError>
where
    F: Future<Output = ()>,
{
    let mut served = look(place, &sleep).await?;
    let shows = |one: &Served| {
        one.leaf
            .as_ref()
            .is_ok_and(|leaf| leaf.fingerprint == wanted)
    };
    let right: Vec<SocketAddr> = served
        .iter()
        .filter(|one| shows(one))
        .map(|one| one.address)
        .collect();
    let at_once = match place.starttls {
        Some(_) => AT_ONCE_BY_MAIL,
        None => AT_ONCE,
    };
    for _ in 0..ROUNDS {
        let is_wrong = |one: &Served| one.leaf.is_ok() && !shows(one);
        if right.is_empty() || served.iter().any(is_wrong) {
            break;
        }
        sleep(APART).await;
        let addresses = right
            .iter()
            .flat_map(|one| std::iter::repeat_n(*one, at_once));
        served.extend(ask_all(place, addresses.collect(), &sleep).await);
    }
    Ok(served)
}

async fn ask_all<F>(
    place: &Place,
    addresses: Vec<SocketAddr>,
    sleep: &impl Fn(Duration) -> F,
) -> Vec<Served>
where
    F: Future<Output = ()>,
{
    let looks = addresses.into_iter().map(|address| {
        let time = sleep(TIMEOUT);
        async move {
            let asked = tokio::select! {
                asked = ask(place, address) => asked,
                () = time => Err(VerifyError::TimedOut { address }),
            };
            match asked {
                Ok((leaf, chain)) => Served {
                    address,
                    leaf: Ok(leaf),
                    chain,
                },
                Err(error) => Served {
                    address,
                    leaf: Err(error),
                    chain: Vec::new(),
                },
            }
        }
    });
    futures_util::future::join_all(looks).await
}

async fn ask(place: &Place, address: SocketAddr) -> Result<(Leaf, Vec<String>), VerifyError> {
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| VerifyError::Connect {
            address,
            reason: error.to_string(),
        })?;
    if let Some(way) = place.starttls {
        let refused = |reason| VerifyError::StartTls { address, reason };
        stream = starttls::turn(stream, way).await.map_err(refused)?;
    }
    let fails = |reason: String| VerifyError::Handshake { address, reason };
    let name =
        ServerName::try_from(place.name.clone()).map_err(|error| fails(error.to_string()))?;
    let (config, seen) = client().map_err(|error| fails(error.to_string()))?;
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(mut tls) => {
            // Polite, and no more: the answer is there already.
            if let Err(error) = tls.shutdown().await {
                tracing::trace!(%error, "the other side went first");
            }
        }
        // A server that wants a certificate of ours shows its own, and proves that it has the key, before it hangs up.
        Err(error) if seen.is_proved.load(Ordering::Relaxed) => {
            tracing::trace!(%error, "the handshake failed behind the certificate");
        }
        Err(error) => return Err(fails(error.to_string())),
    }
    let seen = std::mem::take(&mut *seen.shown.lock().unwrap_or_else(PoisonError::into_inner));
    let unreadable = || fails("its certificate can't be read".to_owned());
    let mut seen = seen.iter().map(|der| read_der(der));
    let leaf = seen.next().flatten().ok_or_else(unreadable)?;
    Ok((
        leaf,
        seen.flatten().map(|issuer| issuer.fingerprint).collect(),
    ))
}

/// What a server has shown so far.
#[derive(Debug, Default)]
struct Seen {
    /// Its certificates, in DER.
    shown: Mutex<Vec<Vec<u8>>>,
    /// It has signed with the key of the first.
    is_proved: AtomicBool,
}

impl Seen {
    fn proved(
        &self,
        signature: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.is_proved.store(signature.is_ok(), Ordering::Relaxed);
        signature
    }
}

fn client() -> Result<(Arc<ClientConfig>, Arc<Seen>), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let seen = Arc::new(Seen::default());
    let witness = Witness {
        provider: Arc::clone(&provider),
        seen: Arc::clone(&seen),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(witness))
        .with_no_client_auth();
    Ok((Arc::new(config), seen))
}

/// Takes any certificate and remembers it; the proof that the server has its key is checked as ever.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    seen: Arc<Seen>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = std::iter::once(leaf).chain(chain).map(|der| der.to_vec());
        *self
            .seen
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = all.collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let signed = rustls::crypto::verify_tls12_signature(message, leaf, signature, algorithms);
        self.seen.proved(signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let signed = rustls::crypto::verify_tls13_signature(message, leaf, signature, algorithms);
        self.seen.proved(signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests;
