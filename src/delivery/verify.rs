//! Connects as a client does, and says which certificate is served.
//!
//! Every address of the host's name is asked, with the name in SNI. Trust in the root is not judged: it depends on the
//! client. What is compared is the certificate itself, and that its chain came with it; the handshake proves that the
//! server has the key.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::bundle::{Leaf, read_der};

/// The most that a mail server may say before TLS, in lines and bytes a line.
const MAX_LINES: usize = 64;
const MAX_LINE: usize = 2048;

/// How a connection is turned to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// RFC 3207.
    Smtp,
    /// RFC 9051, 6.2.1.
    Imap,
}

/// What is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The name that is asked for (SNI).
    pub name: String,
    /// The way to TLS, where it is not spoken from the start.
    pub starttls: Option<StartTls>,
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
        /// Why.
        reason: String,
    },
    /// Nothing answers there.
    #[error("{address} can't be connected to: {reason}")]
    Connect {
        /// The address.
        address: SocketAddr,
        /// Why.
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
        /// Why.
        reason: String,
    },
}

/// Asks every address of the place. `timeout` makes the time that each may take.
///
/// # Errors
/// The name has no address.
pub async fn look<F>(place: &Place, timeout: impl Fn() -> F) -> Result<Vec<Served>, VerifyError>
where
    F: Future<Output = ()>,
{
    let no_address = |reason: String| VerifyError::Name {
        host: place.host.clone(),
        reason,
    };
    let found = tokio::select! {
        found = tokio::net::lookup_host((place.host.as_str(), place.port)) => found,
        () = timeout() => return Err(no_address("the resolver does not answer in time".to_owned())),
    };
    let mut addresses: Vec<SocketAddr> = found
        .map_err(|error| no_address(error.to_string()))?
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(no_address("the resolver gave none".to_owned()));
    }
    let looks = addresses.into_iter().map(|address| {
        let time = timeout();
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
    Ok(futures_util::future::join_all(looks).await)
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
        stream = turn(stream, way).await.map_err(refused)?;
    }
    let fails = |reason: String| VerifyError::Handshake { address, reason };
    let name =
        ServerName::try_from(place.name.clone()).map_err(|error| fails(error.to_string()))?;
    let (config, seen) = client().map_err(|error| fails(error.to_string()))?;
    let mut tls = TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error| fails(error.to_string()))?;
    // Polite, and no more: the answer is there already.
    if let Err(error) = tls.shutdown().await {
        tracing::trace!(%error, "the other side went first");
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let unreadable = || fails("its certificate can't be read".to_owned());
    let mut seen = seen.iter().map(|der| read_der(der));
    let leaf = seen.next().flatten().ok_or_else(unreadable)?;
    Ok((
        leaf,
        seen.flatten().map(|issuer| issuer.fingerprint).collect(),
    ))
}

/// Speaks plainly until the other side is ready for TLS.
async fn turn(stream: TcpStream, way: StartTls) -> Result<TcpStream, String> {
    let mut stream = BufReader::new(stream);
    match way {
        StartTls::Smtp => {
            smtp(&mut stream, None, "220").await?;
            smtp(&mut stream, Some("EHLO localhost\r\n"), "250").await?;
            smtp(&mut stream, Some("STARTTLS\r\n"), "220").await?;
        }
        StartTls::Imap => {
            let greeting = line(&mut stream).await?;
            if !greeting.starts_with("* OK") && !greeting.starts_with("* PREAUTH") {
                return Err(greeting);
            }
            write(&mut stream, "a1 STARTTLS\r\n").await?;
            for _ in 0..MAX_LINES {
                let answer = line(&mut stream).await?;
                if answer.starts_with("a1 OK") {
                    return Ok(stream.into_inner());
                }
                if answer.starts_with("a1 ") {
                    return Err(answer);
                }
            }
            return Err("it talks without an end".to_owned());
        }
    }
    Ok(stream.into_inner())
}

/// One exchange of SMTP: the last line of an answer has a blank behind its code.
async fn smtp(
    stream: &mut BufReader<TcpStream>,
    say: Option<&str>,
    wanted: &str,
) -> Result<(), String> {
    if let Some(say) = say {
        write(stream, say).await?;
    }
    for _ in 0..MAX_LINES {
        let answer = line(stream).await?;
        if !answer.starts_with(wanted) {
            return Err(answer);
        }
        if answer.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
    Err("it talks without an end".to_owned())
}

async fn write(stream: &mut BufReader<TcpStream>, text: &str) -> Result<(), String> {
    let stream = stream.get_mut();
    stream
        .write_all(text.as_bytes())
        .await
        .map_err(|error| error.to_string())
}

async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, String> {
    use tokio::io::AsyncReadExt;
    let mut bytes = Vec::new();
    let mut limited = stream.take(MAX_LINE as u64);
    limited
        .read_until(b'\n', &mut bytes)
        .await
        .map_err(|error| error.to_string())?;
    if bytes.is_empty() {
        return Err("it closed the connection".to_owned());
    }
    let text: String = String::from_utf8_lossy(&bytes)
        .trim_end()
        .chars()
        .take(200)
        .collect();
    Ok(text)
}

type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

fn client() -> Result<(Arc<ClientConfig>, Seen), rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let seen = Seen::default();
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
    seen: Seen,
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
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = all.collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
