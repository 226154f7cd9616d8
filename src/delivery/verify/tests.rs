use std::net::Ipv4Addr;
use std::sync::atomic::AtomicUsize;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const NAME: &str = "a.example.com";

struct Pair {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn pair() -> Pair {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Pair {
        certificate: certificate.der().clone(),
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn plain(pair: &Pair) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.certificate.clone()], pair.key.clone_key())
        .unwrap();
    Arc::new(config)
}

/// A server that takes each connection with the next of these configs in turn.
async fn server(configs: Vec<Arc<ServerConfig>>) -> (Place, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let place = Place {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        name: NAME.to_owned(),
        starttls: None,
    };
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let number = count.fetch_add(1, Ordering::Relaxed);
            let acceptor = TlsAcceptor::from(Arc::clone(&configs[number % configs.len()]));
            tokio::spawn(async move { acceptor.accept(stream).await.is_ok() });
        }
    });
    (place, taken)
}

fn fingerprint(pair: &Pair) -> String {
    read_der(&pair.certificate).unwrap().fingerprint
}

fn all_show(served: &[Served], wanted: &str) -> bool {
    let shows = |one: &Served| {
        one.leaf
            .as_ref()
            .is_ok_and(|leaf| leaf.fingerprint == wanted)
    };
    served.iter().all(shows)
}

#[tokio::test]
async fn an_old_process_behind_the_same_address_is_found_by_a_look_that_counts() {
    let (new, old) = (pair(), pair());
    let wanted = fingerprint(&new);
    // The first connection happens to meet a new process, and so do most.
    let mut configs = vec![plain(&new); 9];
    configs.push(plain(&old));
    let (place, _) = server(configs).await;
    let served = look_well(&place, &wanted, tokio::time::sleep)
        .await
        .unwrap();
    assert!(!all_show(&served, &wanted), "{} connections", served.len());
}

#[tokio::test]
async fn a_look_that_counts_makes_many_connections_and_one_that_finds_the_old_certificate_makes_no_more()
 {
    let (new, old) = (pair(), pair());
    let wanted = fingerprint(&new);
    let (place, taken) = server(vec![plain(&new)]).await;
    let served = look_well(&place, &wanted, tokio::time::sleep)
        .await
        .unwrap();
    assert!(all_show(&served, &wanted));
    assert_eq!(served.len(), 1 + ROUNDS * AT_ONCE);
    assert_eq!(taken.load(Ordering::Relaxed), served.len());
    let (place, taken) = server(vec![plain(&old)]).await;
    look_well(&place, &wanted, tokio::time::sleep)
        .await
        .unwrap();
    assert_eq!(taken.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_of_ours_has_shown_its_own() {
    let pair = pair();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(pair.certificate.clone()).unwrap();
        let wants = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(wants.build().unwrap())
            .with_single_cert(vec![pair.certificate.clone()], pair.key.clone_key())
            .unwrap();
        let (place, _) = server(vec![Arc::new(config)]).await;
        let served = look(&place, tokio::time::sleep).await.unwrap();
        assert!(
            all_show(&served, &fingerprint(&pair)),
            "{:?}",
            served[0].leaf
        );
    }
}
