//! How a stand-in is set up.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use super::signature::LEEWAY;

/// The SecretId that [`Options::default`] accepts.
pub const DEFAULT_SECRET_ID: &str = "AKIDSANDBOX";
/// The SecretKey that belongs to [`DEFAULT_SECRET_ID`].
pub const DEFAULT_SECRET_KEY: &str = "SANDBOXKEY";

/// How a stand-in behaves. [`Default`] has the real service's numbers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who may call. Each SecretId is an account of its own: own certificates, own quota, own rate limit.
    pub credentials: Vec<Credential>,
    /// Time from application (or, for `DNS` and `FILE`, from `CompleteCertificate`) to Status 1.
    pub issue_after: Duration,
    /// Free certificates an account may hold at a time.
    pub free_limit: u32,
    /// Free certificates a registered domain may hold at a time. It is counted over all accounts, as the vendor's
    /// free-certificate page says of all resellers together.
    pub domain_limit: u32,
    /// Requests an account may make in any one second, over all actions; 0 never throttles, but still counts.
    pub requests_per_second: u32,
    /// How old the first certificate of a name in an account already is when it is issued, so that renewals can be watched.
    pub first_age: Duration,
    /// Whether `DescribeCertificateDetail` gives leaf and intermediate, or the leaf alone.
    pub full_chain_in_detail: bool,
    /// How the zip of `DownloadCertificate` is laid out.
    pub zip_layout: ZipLayout,
    /// The name server that the CA asks for records; without it, it takes the caller's word.
    pub dns: Option<SocketAddr>,
    /// The web server that the CA fetches files from; without it, it takes the caller's word.
    pub http: Option<SocketAddr>,
    /// What a `DNS` order asks for: `TXT`, `CNAME`, or now this and now that.
    pub record: RecordType,
    /// How long the CA goes by an earlier proof: an order with `DNS` or `FILE` for a name that the account proved control of
    /// since then is asked for nothing (CA/Browser Forum, Baseline Requirements 4.2.1: 200 days at most in 2026).
    pub reuse_validation: Duration,
    /// How far the timestamp of a request may be from the service's clock.
    pub leeway: Duration,
    /// DNS zones that the first account hosts; the CA sees what is in them.
    pub zones: Vec<String>,
    /// Makes ids, request ids and RSA keys repeatable. ECC keys and signatures stay random.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: vec![Credential::new(DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY)],
            issue_after: Duration::from_secs(2),
            free_limit: 50,
            domain_limit: 20,
            requests_per_second: 10,
            first_age: Duration::ZERO,
            full_chain_in_detail: true,
            zip_layout: ZipLayout::Mixed,
            dns: None,
            http: None,
            record: RecordType::Either,
            reuse_validation: Duration::ZERO,
            leeway: LEEWAY,
            zones: Vec::new(),
            seed: None,
        }
    }
}

impl Options {
    /// The index of the account with this SecretId.
    pub(super) fn account(&self, secret_id: &str) -> Option<usize> {
        let mut known = self.credentials.iter();
        known.position(|credential| credential.secret_id == secret_id)
    }
}

/// One account's key pair.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The public half, as it stands in the `Authorization` header.
    pub secret_id: String,
    /// The half that signs.
    pub secret_key: SecretString,
}

impl Credential {
    /// A key pair from its two texts.
    pub fn new(secret_id: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            secret_id: secret_id.into(),
            secret_key: SecretString::from(secret_key.into()),
        }
    }
}

/// The record that a proof by DNS asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordType {
    /// Both occur, as in the vendor's examples.
    #[default]
    Either,
    /// Always TXT.
    Txt,
    /// Always CNAME.
    Cname,
}

/// The layouts of a downloaded zip that programs have met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZipLayout {
    /// `Nginx/1_<domain>_bundle.crt`, `Nginx/2_<domain>.key`, `Apache/…`, `IIS/…`, `Tomcat/…`.
    Api,
    /// `<domain>_nginx/<domain>_bundle.crt`, `.pem`, `.key`, `.csr`.
    Console,
    /// The two in turn.
    #[default]
    Mixed,
}
