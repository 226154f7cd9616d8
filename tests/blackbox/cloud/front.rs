//! A TLS server that serves what it is told to, as a load balancer would that did not take up what it was given.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// What visitors see: a TLS server that serves what it is told to.
pub(super) struct Front {
    /// Where it listens.
    pub(super) address: String,
    key: Arc<Mutex<Option<Arc<CertifiedKey>>>>,
    looks: Arc<AtomicU64>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Debug)]
struct Resolver(Arc<Mutex<Option<Arc<CertifiedKey>>>>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap().clone()
    }
}

impl Front {
    pub(super) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let key = Arc::new(Mutex::new(None));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Resolver(Arc::clone(&key))));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let looks = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&looks);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                // A client that only looks hangs up in the middle, which is nobody's fault.
                tokio::spawn(async move { acceptor.accept(stream).await.is_ok() });
            }
        });
        Self {
            address,
            key,
            looks,
            _runtime: runtime,
        }
    }

    /// How often somebody connected.
    pub(super) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Serves what lies in a live folder now.
    pub(super) fn serve(&self, live: &Path) {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(live.join("fullchain.pem"))
                .unwrap()
                .map(Result::unwrap)
                .collect();
        let key = PrivateKeyDer::from_pem_file(live.join("privkey.pem")).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        *self.key.lock().unwrap() = Some(Arc::new(CertifiedKey::new(chain, key)));
    }
}
