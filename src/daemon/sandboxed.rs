//! `run --sandbox`: the same daemon against a stand-in inside the process.
//!
//! Whatever the config says, nothing beyond this is touched: the loopback address of the stand-in, and one folder.
//! Credentials are not read; the pace is quick enough to watch.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use thiserror::Error;

use crate::config::{Cron, Endpoint, Http, Loaded, Validation};
use crate::files::{Folder, New};
use crate::sandbox::{Credential, Options, Server};

/// The folder that all of it goes to, below the working folder.
pub const FOLDER: &str = "evercert-sandbox";

/// Marks the folder as one that may be emptied.
const MARK: &str = "made-by-evercert-sandbox";

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
}

/// Starts a stand-in and turns the config towards it.
///
/// `age` is how old the first certificate of each domain is already when it is issued, so that its renewal can be
/// watched.
///
/// # Errors
/// See [`SandboxError`].
pub async fn prepare(loaded: &mut Loaded, age: Duration) -> Result<Server, SandboxError> {
    let folder = fresh_folder(Path::new(FOLDER))?;
    let config = &mut loaded.config;
    let mut options = Options {
        credentials: Vec::new(),
        first_age: age,
        // The operator's own numbers, so that running into them can be watched too.
        free_limit: config
            .accounts
            .values()
            .map(|account| account.free_limit)
            .max()
            .unwrap_or(50),
        domain_limit: config
            .accounts
            .values()
            .map(|account| account.domain_limit)
            .max()
            .unwrap_or(20),
        ..Options::default()
    };
    for name in config.accounts.keys() {
        let key = format!("sandbox-key-of-{name}");
        options
            .credentials
            .push(Credential::new(secret_id(name), key));
    }
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(options, anywhere, Some(anywhere)).await?;
    for (name, account) in &mut config.accounts {
        account.endpoint = Endpoint::at(server.address());
        account.secret_id = Some(secret_id(name));
        account.secret_key = Some(SecretString::from(format!("sandbox-key-of-{name}")));
        account.secret_id_file = None;
        account.secret_key_file = None;
        account.token = None;
        account.role_arn = None;
        account.external_id = None;
    }
    // Proofs of control are records, files and commands beyond the folder: here the stand-in takes them as given.
    for certificate in &mut config.certificates {
        certificate.validation = Validation::DnsAuto;
    }
    config.state_dir = folder;
    config.pretend = true;
    config.api.proxy = None;
    // A daemon in earnest may run beside it and have the usual port.
    config.http = Http {
        listen: config.http.listen.map(|_| anywhere),
        ..Http::default()
    };
    config.schedule.check = Cron::every_seconds(5);
    config.schedule.poll = Duration::from_secs(1);
    config.schedule.jitter = Duration::ZERO;
    Ok(server)
}

fn secret_id(account: &str) -> String {
    format!("AKIDSANDBOX{account}")
}

/// The stand-in forgets everything when it ends, so the record of the last run means nothing: the folder is emptied, if
/// it is one that we made.
fn fresh_folder(path: &Path) -> Result<PathBuf, SandboxError> {
    let failed = |source| SandboxError::Folder {
        path: path.to_path_buf(),
        source,
    };
    let mark = path.join(MARK);
    if path.exists() {
        let empty = fs::read_dir(path).map_err(failed)?.next().is_none();
        if !empty && !mark.is_file() {
            return Err(SandboxError::Foreign {
                path: path.to_path_buf(),
            });
        }
        if !empty && crate::store::Lock::is_taken(path).unwrap_or(true) {
            return Err(SandboxError::Folder {
                path: path.to_path_buf(),
                source: std::io::Error::other("another `evercert run --sandbox` works in it"),
            });
        }
        fs::remove_dir_all(path).map_err(failed)?;
    }
    fs::create_dir(path).map_err(failed)?;
    let words = b"emptied at each start of `evercert run --sandbox`\n";
    Folder::open_through_links(path)
        .and_then(|folder| folder.write(MARK.as_ref(), New::of(words, 0o644)))
        .map_err(|error| failed(error.into()))?;
    std::path::absolute(path).map_err(failed)
}
