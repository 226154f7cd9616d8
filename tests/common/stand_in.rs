//! The stand-in for the service, in the test's own process: no port of its switches is needed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evercert::sandbox::{
    DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, Fault, FaultKind, Options, Reply, Request, Server,
    Service,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::now;

/// A running stand-in. It ends with the test.
pub struct StandIn {
    server: Server,
    // Dropped after the server, whose tasks run on it.
    _runtime: tokio::runtime::Runtime,
}

impl StandIn {
    /// One that issues at once, and else has the service's own numbers.
    pub fn quick() -> Self {
        Self::with(|_| {})
    }

    /// One whose first certificates are this many days old already.
    pub fn aged(days: u64) -> Self {
        Self::with(|options| options.first_age = Duration::from_secs(days * 86_400))
    }

    /// One that differs from [`StandIn::quick`] by this change.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            issue_after: Duration::from_millis(200),
            ..Options::default()
        };
        change(&mut options);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = runtime
            .block_on(Server::start(options, anywhere, None))
            .unwrap();
        Self {
            server,
            _runtime: runtime,
        }
    }

    /// Where it listens, as a config's `endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Its logic, to be shared.
    pub fn service(&self) -> Arc<Mutex<Service>> {
        self.server.service()
    }

    /// Runs this on its logic.
    pub fn on<T>(&self, act: impl FnOnce(&mut Service) -> T) -> T {
        act(&mut lock(&self.server.service()))
    }

    /// Everything there is to see.
    pub fn state(&self) -> Value {
        self.on(|service| service.state(now()))
    }

    /// Queues a fault that goes off once.
    pub fn once(&self, action: &str, kind: FaultKind) {
        self.on(|service| service.add_fault(Fault::once(action, kind)));
    }

    /// Queues a fault that goes off every time.
    pub fn always(&self, action: &str, kind: FaultKind) {
        self.on(|service| {
            service.add_fault(Fault {
                times: u32::MAX,
                ..Fault::once(action, kind)
            });
        });
    }

    /// Every certificate and order there ever was for this name, the newest first.
    pub fn orders(&self, domain: &str) -> Vec<Value> {
        let state = self.state();
        let all = state["certificates"].as_array().unwrap();
        all.iter()
            .filter(|entry| entry["domain"] == domain)
            .cloned()
            .collect()
    }

    /// How many requests there were, over all actions; refused ones too.
    pub fn requests(&self) -> u64 {
        self.state()["requests_total"].as_u64().unwrap()
    }

    /// How many requests there were for this action.
    pub fn asked(&self, action: &str) -> usize {
        let listed = self.on(|service| service.requests(0));
        let all = listed["requests"].as_array().unwrap();
        all.iter().filter(|entry| entry["action"] == action).count()
    }

    /// The most requests that any one second saw.
    pub fn peak(&self) -> u64 {
        self.state()["peak_per_second"].as_u64().unwrap()
    }

    /// Makes a signed call past Evercert, as somebody at the console would.
    pub fn call(&self, action: &str, body: &Value) -> Value {
        let request = signed(action, body);
        match self.on(|service| service.handle(now(), &request)) {
            Reply::Answer { body, .. } => serde_json::from_slice(&body).unwrap(),
            other => panic!("{action} got no answer: {other:?}"),
        }
    }

    /// Applies for a certificate past Evercert. Returns its id.
    pub fn apply_by_hand(&self, domain: &str) -> String {
        let answer = self.call(
            "ApplyCertificate",
            &json!({"DvAuthMethod": "DNS_AUTO", "DomainName": domain}),
        );
        let id = &answer["Response"]["CertificateId"];
        id.as_str()
            .unwrap_or_else(|| panic!("refused: {answer}"))
            .to_owned()
    }
}

fn lock(service: &Mutex<Service>) -> MutexGuard<'_, Service> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request of the default account, signed here and not with Evercert's own code (TC3-HMAC-SHA256).
pub fn signed(action: &str, body: &Value) -> Request {
    let at = now();
    let (timestamp, date) = (at.timestamp().to_string(), at.format("%Y-%m-%d"));
    let body = body.to_string().into_bytes();
    let host = "ssl.tencentcloudapi.com";
    let canonical = format!(
        "POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{}",
        hex(&Sha256::digest(&body))
    );
    let scope = format!("{date}/ssl/tc3_request");
    let to_sign = format!(
        "TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut key = format!("TC3{DEFAULT_SECRET_KEY}").into_bytes();
    for part in [&date.to_string(), "ssl", "tc3_request", &to_sign] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(part.as_bytes());
        key = mac.finalize().into_bytes().to_vec();
    }
    let authorization = format!(
        "TC3-HMAC-SHA256 Credential={DEFAULT_SECRET_ID}/{scope}, SignedHeaders=content-type;host, Signature={}",
        hex(&key)
    );
    let headers = [
        ("Host", host),
        ("Content-Type", "application/json"),
        ("X-TC-Action", action),
        ("X-TC-Version", "2019-12-05"),
        ("X-TC-Timestamp", &timestamp),
        ("Authorization", &authorization),
    ];
    Request {
        method: "POST".into(),
        path: "/".into(),
        headers: headers
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        body,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
