//! `run --sandbox`: the same daemon against a stand-in inside the process.
//!
//! Whatever the config says, nothing beyond this is touched: loopback, and one folder. Credentials are not read; the pace is
//! quick enough to watch.
//!
//! - `left`: the config that it leaves in the folder; `site`: a web server that serves what is installed.

mod left;
mod site;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;

use crate::config::{self, Config, Cron, Endpoint, HostPort, Loaded, Rejected, Verify};
use crate::files::{Folder, New};
use crate::sandbox::{Credential, Options, Server};
use crate::store::Lock;
use site::Site;

/// The folder that all of it goes to, below the working folder.
pub const FOLDER: &str = "evercert-sandbox";

/// Marks the folder as one that may be emptied.
const MARK: &str = "made-by-evercert-sandbox";

/// The config in it.
const CONFIG: &str = "config.toml";

/// So many certificates are served: with each check, every five seconds, all of them are looked at.
const SERVED: usize = 100;

/// A free port of this machine's own.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Why the stand-in can't be used.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The folder has something else in it.
    #[error("{} was not made by `evercert run --sandbox`; move it away, or start in another folder", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The folder can't be made or emptied.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The stand-in does not start.
    #[error("the stand-in does not start: {0}")]
    Start(#[from] crate::sandbox::Error),
    /// No port of loopback is to be had.
    #[error("no port on loopback can be listened on: {0}")]
    Port(#[source] std::io::Error),
    /// The config that it would leave is none. No operator can mend that.
    #[error("the config for verbs beside the sandbox is not valid; please report this: {0}")]
    Config(#[from] Rejected),
}

/// What a sandbox has beside the daemon.
pub struct Sandbox {
    /// The stand-in.
    pub server: Server,
    /// The config for verbs that are typed beside it.
    pub config: PathBuf,
    /// Where the status page is.
    pub page: SocketAddr,
    _site: Site,
}

/// Starts a stand-in, turns the config towards it, and leaves one like it in the folder.
///
/// `age` is how old the first certificate of each domain is already when it is issued, so that its renewal can be
/// watched.
///
/// # Errors
/// See [`SandboxError`].
pub async fn prepare(loaded: &mut Loaded, age: Duration) -> Result<Sandbox, SandboxError> {
    let folder = fresh_folder(Path::new(FOLDER))?;
    let server = stand_in(&loaded.config, age).await?;
    let names = loaded.config.certificates.iter();
    let names = names.map(|certificate| certificate.domain.clone());
    let site = Site::start(ANYWHERE, folder.join("live"), names.collect())
        .await
        .map_err(SandboxError::Port)?;
    // Chosen here, so that the config can name it. A daemon in earnest may run beside it and have the usual port.
    let page = std::net::TcpListener::bind(ANYWHERE)
        .and_then(|listener| listener.local_addr())
        .map_err(SandboxError::Port)?;

    let config = &mut loaded.config;
    for (name, account) in &mut config.accounts {
        account.endpoint = Endpoint::at(server.address());
        account.secret_id = Some(secret_id(name));
        account.secret_key = Some(SecretString::from(secret_key(name)));
    }
    let served = Verify {
        address: HostPort {
            host: site.address.ip().to_string(),
            port: site.address.port(),
        },
        starttls: None,
        patience: None,
    };
    // Nobody else orders there, and a newcomer waits for no turn.
    config.fleet = None;
    for (number, certificate) in config.certificates.iter_mut().enumerate() {
        certificate.order = true;
        Arc::make_mut(&mut certificate.targets).verify = (number < SERVED).then(|| served.clone());
    }
    config.state_dir = folder;
    config.http.listen = Some(page);
    config.schedule.check = Cron::every_seconds(5);
    config.schedule.poll = Duration::from_secs(1);

    // The daemon works by what it leaves, so that who reads that sees the same. Targets and channels are said beside: what
    // would be done with them is only logged.
    let text = left::text(config);
    let path = config.state_dir.join(CONFIG);
    Folder::open_through_links(&config.state_dir)
        .and_then(|folder| folder.write(CONFIG.as_ref(), New::of(text.as_bytes(), 0o600)))
        .map_err(|error| failed(&path)(error.into()))?;
    let mut left = config::parse(&text, Some(&path))?;
    left.warnings = std::mem::take(&mut loaded.warnings);
    let both = left
        .config
        .certificates
        .iter_mut()
        .zip(&config.certificates);
    for (left, own) in both {
        left.targets = own.targets.clone();
    }
    left.config.notifications = config.notifications.clone();
    left.config.pretend = true;
    *loaded = left;
    Ok(Sandbox {
        server,
        config: path,
        page,
        _site: site,
    })
}

/// The stand-in, which knows every account of this config by keys of its own.
async fn stand_in(config: &Config, age: Duration) -> Result<Server, SandboxError> {
    let accounts = || config.accounts.values();
    let credential = |name: &String| Credential::new(secret_id(name), secret_key(name));
    // The operator's own numbers, so that running into them can be watched too.
    let free_limit = accounts().map(|account| account.free_limit).max();
    let domain_limit = accounts().map(|account| account.domain_limit).max();
    let options = Options {
        credentials: config.accounts.keys().map(credential).collect(),
        first_age: age,
        free_limit: free_limit.unwrap_or(50),
        domain_limit: domain_limit.unwrap_or(20),
        ..Options::default()
    };
    Ok(Server::start(options, ANYWHERE, Some(ANYWHERE)).await?)
}

/// Whether this state folder is of a sandbox.
#[must_use]
pub fn is_sandbox(state_dir: &Path) -> bool {
    state_dir.join(MARK).is_file()
}

/// Whether this state folder is of a sandbox that has ended: nothing answers at the endpoint of its config.
#[must_use]
pub fn is_over(state_dir: &Path) -> bool {
    is_sandbox(state_dir) && matches!(Lock::is_taken(state_dir), Ok(false))
}

fn secret_key(account: &str) -> String {
    format!("sandbox-key-of-{account}")
}

fn secret_id(account: &str) -> String {
    format!("AKIDSANDBOX{account}")
}

/// The stand-in forgets everything when it ends, so the record of the last run means nothing: the folder is emptied, if
/// it is one that we made.
fn fresh_folder(path: &Path) -> Result<PathBuf, SandboxError> {
    let failed = failed(path);
    let mark = path.join(MARK);
    if path.exists() {
        let empty = fs::read_dir(path).map_err(&failed)?.next().is_none();
        if !empty && !mark.is_file() {
            return Err(SandboxError::Foreign {
                path: path.to_path_buf(),
            });
        }
        if !empty && Lock::is_taken(path).unwrap_or(true) {
            return Err(SandboxError::Folder {
                path: path.to_path_buf(),
                source: std::io::Error::other("another `evercert run --sandbox` works in it"),
            });
        }
        fs::remove_dir_all(path).map_err(&failed)?;
    }
    fs::create_dir(path).map_err(&failed)?;
    let words = b"emptied at each start of `evercert run --sandbox`\n";
    Folder::open_through_links(path)
        .and_then(|folder| folder.write(MARK.as_ref(), New::of(words, 0o644)))
        .map_err(|error| failed(error.into()))?;
    std::path::absolute(path).map_err(failed)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> SandboxError {
    move |source| SandboxError::Folder {
        path: path.to_path_buf(),
        source,
    }
}
