//! A web server's part in a sandbox: whoever asks for a name on loopback gets the certificate in its live folder. So what
//! is told to be served, is.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::files;

/// How long a connection may last.
const WHOLE_TIME: Duration = Duration::from_secs(5);

/// How long to wait after a connection could not be taken.
const BREATH: Duration = Duration::from_millis(200);

/// More than any certificate or key takes, in bytes.
const LARGEST: u64 = 64 * 1024;

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Site {
    /// Where it listens.
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Site {
    /// Serves these names from the live folders below `live`.
    ///
    /// # Errors
    /// The address can't be had, or TLS can't be set up.
    pub(super) async fn start(
        at: SocketAddr,
        live: PathBuf,
        names: BTreeSet<String>,
    ) -> std::io::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let folders = Folders {
            live,
            names,
            provider: Arc::clone(&provider),
        };
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(folders));
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(accept(listener, acceptor));
        Ok(Self { address, task })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(timeout(WHOLE_TIME, greet(stream, acceptor.clone())));
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the sandbox's site could not be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// The handshake is all that there is to see.
async fn greet(stream: TcpStream, acceptor: TlsAcceptor) {
    let greeted = async { acceptor.accept(stream).await?.shutdown().await };
    if let Err(error) = greeted.await {
        tracing::trace!(%error, "a connection to the sandbox's site ended early");
    }
}

/// The live folders, read anew for each handshake.
#[derive(Debug)]
struct Folders {
    live: PathBuf,
    names: BTreeSet<String>,
    provider: Arc<CryptoProvider>,
}

impl ResolvesServerCert for Folders {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Only names of the config lead to a folder.
        let name = self.names.get(hello.server_name()?)?;
        let pair = self.pair(&self.live.join(name));
        let pair = pair.inspect_err(|error| tracing::debug!(%error, "{name} can't be served"));
        pair.ok().map(Arc::new)
    }
}

impl Folders {
    fn pair(&self, folder: &Path) -> Result<CertifiedKey, String> {
        let read = |name: &str| {
            files::read(&folder.join(name), LARGEST).map_err(|error| format!("{name}: {error}"))
        };
        let (chain, key) = (read("fullchain.pem")?, read("privkey.pem")?);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
        let chain = chain.map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| error.to_string())?;
        CertifiedKey::from_der(chain, key, &self.provider).map_err(|error| error.to_string())
    }
}
