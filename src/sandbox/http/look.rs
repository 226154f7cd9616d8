//! A real look at a proof, as a CA would take it: a DNS question, or a fetch by http.
//!
//! Only `server` calls this; the service itself stays pure and is told what was seen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::sandbox::request::Question;

/// How long a look may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The longest file that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// What is there: values, or the file's content. Nothing where nothing could be had.
pub(super) async fn look(question: &Question) -> Vec<String> {
    match question {
        Question::Record {
            server,
            name,
            cname,
        } => records(*server, name, *cname).await.unwrap_or_default(),
        Question::File {
            server,
            domain,
            path,
        } => file(*server, domain, path).await.into_iter().collect(),
    }
}

async fn records(server: SocketAddr, name: &str, cname: bool) -> Option<Vec<String>> {
    let mut udp = ConnectionConfig::udp();
    udp.port = server.port();
    let mut tcp = ConnectionConfig::tcp();
    tcp.port = server.port();
    let servers = vec![NameServerConfig::new(server.ip(), true, vec![udp, tcp])];
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().timeout = TIMEOUT;
    builder.options_mut().cache_size = 0;
    let resolver = builder.build().ok()?;
    let kind = if cname {
        RecordType::CNAME
    } else {
        RecordType::TXT
    };
    let found = resolver.lookup(format!("{name}."), kind).await.ok()?;
    let value = |data: &RData| match data {
        RData::TXT(txt) => {
            let whole: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.to_vec()).collect();
            Some(String::from_utf8_lossy(&whole).into_owned())
        }
        RData::CNAME(target) => Some(target.0.to_ascii().trim_end_matches('.').to_string()),
        _ => None,
    };
    Some(
        found
            .answers()
            .iter()
            .filter_map(|record| value(&record.data))
            .collect(),
    )
}

async fn file(server: SocketAddr, domain: &str, path: &str) -> Option<String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(TIMEOUT)
        .resolve(domain, server)
        .build()
        .ok()?;
    let url = format!("http://{domain}:{}{path}", server.port());
    let mut answer = client.get(url).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&body).trim().to_string())
}
