//! What a web server sees: key and chain in the live folder, judged by rustls and x509-parser, not by Evercert.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

/// A key and a chain that belong together.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Serial number of the leaf, as hex.
    pub serial: String,
    /// Its names.
    pub names: Vec<String>,
    /// End of its validity.
    pub not_after: DateTime<Utc>,
    /// Certificates in `fullchain.pem`.
    pub chain: usize,
}

/// Reads the pair through one open folder, as a server that reloads does. `None` where the folder is not there (any
/// more).
///
/// # Panics
/// When the files are there and don't belong together.
pub fn read_pair(live: &Path) -> Option<Pair> {
    let folder = File::open(live).ok()?;
    let through = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    let chain = fs::read(through.join("fullchain.pem")).ok()?;
    let key = fs::read(through.join("privkey.pem")).ok()?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{}: fullchain.pem: {error}", live.display()));
    let key = PrivateKeyDer::from_pem_slice(&key)
        .unwrap_or_else(|error| panic!("{}: privkey.pem: {error}", live.display()));
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain.clone(), key, &provider)
        .unwrap_or_else(|error| panic!("{}: not a pair: {error}", live.display()));
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    Some(Pair {
        serial: leaf.tbs_certificate.raw_serial_as_string().replace(':', ""),
        names: names
            .value
            .general_names
            .iter()
            .map(|name| match name {
                x509_parser::extensions::GeneralName::DNSName(name) => (*name).to_owned(),
                other => panic!("an odd name: {other}"),
            })
            .collect(),
        not_after: DateTime::from_timestamp(leaf.validity().not_after.timestamp(), 0).unwrap(),
        chain: chain.len(),
    })
}

/// Reads every pair below `live/` over and over.
pub struct Watcher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<usize>>,
}

impl Watcher {
    /// Begins.
    pub fn begin(live: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = 0;
            while !asked.load(Ordering::Relaxed) {
                for entry in fs::read_dir(&live).into_iter().flatten().flatten() {
                    seen += usize::from(read_pair(&entry.path()).is_some());
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// Ends. Returns how many pairs it saw; all of them matched.
    ///
    /// # Panics
    /// When one did not match.
    pub fn end(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
