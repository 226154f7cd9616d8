//! A look at the validation file as a CA would take it: by http, then by https; redirects followed; certificates not
//! minded, for the site may have none yet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::lifecycle::Challenge;
use crate::tencent::transport::{Unread, read_body};
use crate::text::root_cause;

use super::Sight;

/// How long one fetch may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most redirects that are followed.
const REDIRECTS: usize = 5;
/// The most of an answer that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// Fetches the file, from the domain's own addresses or else from this one.
pub(super) async fn look(domain: &str, challenge: &Challenge, probe: Option<SocketAddr>) -> Sight {
    let client = match client(domain, probe) {
        Ok(client) => client,
        Err(error) => return Sight::Unknown(format!("no fetch could be made: {error}")),
    };
    let mut words = Vec::new();
    let mut answered = false;
    let schemes: &[&str] = if probe.is_some() {
        &["http"]
    } else {
        &["http", "https"]
    };
    for scheme in schemes {
        let url = url(scheme, domain, probe, &challenge.name);
        match fetch(&client, &url).await {
            Ok(text) if text.trim() == challenge.value.trim() => return Sight::Seen,
            Ok(_) => {
                answered = true;
                words.push(format!("{url} shows something else than the file"));
            }
            Err(Missed::Answered(what) | Missed::Strayed(what)) => {
                answered = true;
                words.push(format!("{url} {what}"));
            }
            Err(Missed::Blocked) => {
                answered = true;
                words.push(format!(
                    "{url} is answered by Tencent Cloud's block page for names without an ICP filing (备案), before the \
                     request reaches the server; DNS_AUTO and DNS need no filing"
                ));
            }
            Err(Missed::Silent(what)) => words.push(format!("{url} {what}")),
        }
    }
    if answered {
        Sight::Unseen(words.join("; "))
    } else {
        // This machine may not reach its own public address; that says little about the CA.
        Sight::Unknown(words.join("; "))
    }
}

/// What is wrong with the way of validation files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A redirect whose target does not answer, or that has no end; in words.
    DeadEnd(String),
    /// http ends at the block page of names without an ICP filing.
    Blocked {
        /// Whether https leads to a server.
        https: bool,
    },
}

/// Where the way of validation files leads to nothing. That nothing is served there yet is no matter: the file comes with
/// an order. `None` where all is well, or nothing can be said.
pub(super) async fn way(domain: &str, probe: Option<SocketAddr>) -> Option<Way> {
    let client = client(domain, probe).ok()?;
    let path = "/.well-known/pki-validation/evercert-looks.txt";
    let url = |scheme| url(scheme, domain, probe, path);
    let plain = url("http");
    match fetch(&client, &plain).await {
        Err(Missed::Strayed(what)) => Some(Way::DeadEnd(format!("{plain} {what}"))),
        Err(Missed::Blocked) => {
            let secure = probe.is_none() && {
                let fetched = fetch(&client, &url("https")).await;
                matches!(fetched, Ok(_) | Err(Missed::Answered(_)))
            };
            Some(Way::Blocked { https: secure })
        }
        Ok(_) | Err(Missed::Answered(_) | Missed::Silent(_)) => None,
    }
}

fn url(scheme: &str, domain: &str, probe: Option<SocketAddr>, path: &str) -> String {
    match probe {
        Some(address) => format!("{scheme}://{domain}:{}{path}", address.port()),
        None => format!("{scheme}://{domain}{path}"),
    }
}

/// Why a file was not fetched.
enum Missed {
    /// Something else answered.
    Answered(String),
    /// A redirect led to where nothing answers.
    Strayed(String),
    /// The block page of names without an ICP filing answered, in the server's place.
    Blocked,
    /// Nothing answered.
    Silent(String),
}

pub(super) fn client(domain: &str, probe: Option<SocketAddr>) -> Result<Client, String> {
    let tls = tls().map_err(|error| error.to_string())?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .user_agent("evercert");
    if let Some(address) = probe {
        builder = builder.resolve(domain, address);
    }
    builder.build().map_err(|error| error.to_string())
}

/// Follows redirects itself, for reqwest's errors don't say where the way had led to.
async fn fetch(client: &Client, url: &str) -> Result<String, Missed> {
    let mut at = Url::parse(url).map_err(|error| Missed::Silent(error.to_string()))?;
    // The URL is named already; a redirect's target is the interesting one.
    let mut via = String::new();
    for _ in 0..=REDIRECTS {
        let answer = match client.get(at.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let what = if error.is_timeout() {
                    "does not answer in time".to_owned()
                } else {
                    format!("can't be fetched: {}", root_cause(&error))
                };
                return Err(if via.is_empty() {
                    Missed::Silent(what)
                } else {
                    Missed::Strayed(format!("{via}{what}"))
                });
            }
        };
        let Some(next) = target(&answer, &at) else {
            return read(answer, &via).await;
        };
        if is_block_page(&next) {
            return Err(Missed::Blocked);
        }
        if !matches!(next.scheme(), "http" | "https") {
            return Err(Missed::Strayed(format!(
                "redirects to {next}, which is no web page"
            )));
        }
        via = format!("redirects to {next}, which ");
        at = next;
    }
    Err(Missed::Strayed("redirects without an end".to_owned()))
}

/// Where this answer sends its reader, if anywhere.
fn target(answer: &Response, at: &Url) -> Option<Url> {
    if !answer.status().is_redirection() {
        return None;
    }
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    at.join(location).ok()
}

/// Where Tencent Cloud sends plain http for a name without an ICP filing (备案) on a server in mainland China: mostly who
/// asks from abroad, as the CA does. The server itself never sees the request.
fn is_block_page(url: &Url) -> bool {
    url.host_str() == Some("dnspod.qcloud.com") && url.path() == "/static/webblock.html"
}

async fn read(answer: Response, via: &str) -> Result<String, Missed> {
    let missed = |what: &str| Missed::Answered(format!("{via}{what}"));
    if !answer.status().is_success() {
        let status = answer.status().as_u16();
        return Err(missed(&format!("answers with HTTP status {status}")));
    }
    match read_body(answer, LONGEST).await {
        Ok(body) => Ok(String::from_utf8_lossy(&body).into_owned()),
        Err(Unread::TooLarge) => Err(missed("answers with something far too long")),
        Err(Unread::Broken(error)) => Err(missed(&format!("breaks off: {}", root_cause(&error)))),
    }
}

fn tls() -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Takes any certificate: what is fetched is public, and compared with what it must be.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            leaf,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            leaf,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
