//! Ways of proving control of a domain: put something up, see it as the world does, take it down again.
//!
//! - [`challenge`]: what the service asks for, checked before anybody acts on it;
//! - `dnspod`, `exec`, `acme_sh`, `rfc2136`, `manual` (a person): who puts a DNS record up;
//! - `webroot`, `listen`: who serves a file;
//! - `query`, `resolver`: one question to one DNS server; the system's resolvers;
//! - [`dns`], `probe`: a look from outside before the CA looks;
//! - [`reason`]: why the service has not validated, in words;
//! - [`diagnose`]: what stands in the way of the CA.
//!
//! Invariants: putting up twice is as good as once, for a crash repeats it; only what was put up here is taken down,
//! and taking down what is not there is a success; nothing waits longer than its timeout; no secret is in an error.

mod acme_sh;
pub(crate) mod challenge;
pub(crate) mod diagnose;
pub(crate) mod dns;
mod dnspod;
mod exec;
#[cfg(test)]
mod fuzz;
mod listen;
mod probe;
mod query;
pub(crate) mod reason;
mod resolver;
mod rfc2136;
mod webroot;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::clock::Clock;
use crate::command::CommandError;
use crate::config::{FilePlace, Provider, Validation};
use crate::files::{Stuck, off_the_runtime};
use crate::lifecycle::Challenge;
use crate::secret_file::SecretFileError;
use crate::tencent::{ApiError, Client};

pub(crate) use dns::Sight;
pub(crate) use listen::Listeners;

/// How long the disk may take over one proof.
const DISK_TIME: Duration = Duration::from_secs(20);

/// How long it may take to see all of a proof: several resolvers, each asked for several names, may keep silent one by one.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// So many proofs are written below one folder at once.
const AT_ONCE: usize = 4;

/// Why a proof can't be put up, or taken down.
#[derive(Debug, Error)]
pub(crate) enum ValidationError {
    /// What the service asks for must not, or can't, be done by this way.
    #[error("{0}")]
    Refused(String),
    /// A command of the operator's.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The DNS service.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A file with secrets in it.
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    /// A file or a folder.
    #[error("{}: {what}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The disk, or who serves it, does not answer.
    #[error("webroot: {0}")]
    Stuck(#[from] Stuck),
    /// A name server.
    #[error("the name server {server} {what}")]
    NameServer {
        /// The name server's name or address.
        server: String,
        /// What it said.
        what: String,
    },
    /// The responder's address.
    #[error("cannot listen on {address}: {source}; free the address, or name another")]
    Listen {
        /// The address of `listen`.
        address: std::net::SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Somebody else's setting is missing.
    #[error("{0}")]
    Settings(String),
}

impl ValidationError {
    fn file(path: &Path, error: &io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            what: error.to_string(),
        }
    }
}

/// What is to be proved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'a> {
    /// The certificate's name.
    pub domain: &'a str,
    /// The order's marker, put beside what is put up where there is room for it.
    pub marker: &'a str,
    /// What has to be published.
    pub challenges: &'a [Challenge],
    /// What each was put up as; empty before.
    pub handles: &'a [Option<String>],
    /// All of this may be a restored backup's.
    pub is_restored: bool,
}

/// What the ways work with.
pub(crate) struct Tools<'a> {
    /// For timeouts.
    pub clock: Arc<dyn Clock>,
    /// The account that has the DNS zone, for `dnspod`.
    pub client: Option<&'a Client>,
    /// The responders.
    pub listeners: &'a Listeners,
    /// A folder of our own, for what scripts write.
    pub scratch: &'a Path,
}

/// Puts up all of a job. Doing it again does no harm, and finds what an earlier attempt left.
///
/// Gives for each challenge what [`remove`] needs to know.
///
/// # Errors
/// See [`ValidationError`]; some may be up then.
pub(crate) async fn present(
    way: &Validation,
    job: Job<'_>,
    tools: &Tools<'_>,
) -> Result<Vec<Option<String>>, ValidationError> {
    let mut handles = Vec::with_capacity(job.challenges.len());
    for challenge in job.challenges {
        handles.push(present_one(way, job, challenge, tools).await?);
    }
    Ok(handles)
}

async fn present_one(
    way: &Validation,
    job: Job<'_>,
    challenge: &Challenge,
    tools: &Tools<'_>,
) -> Result<Option<String>, ValidationError> {
    challenge::sound(job.domain, challenge)?;
    match way {
        Validation::DnsAuto => Ok(None),
        Validation::Dns(dns) => match &dns.provider {
            Provider::Dnspod { .. } => dnspod::present(client(tools)?, challenge, job.marker)
                .await
                .map(Some),
            Provider::Exec { .. } => exec::present(&dns.provider, job, challenge, tools).await,
            Provider::AcmeSh { .. } => {
                acme_sh::run(&dns.provider, job, challenge, "add", tools).await?;
                Ok(None)
            }
            Provider::Rfc2136 { .. } => {
                rfc2136::change(&dns.provider, challenge, rfc2136::Change::Add).await?;
                Ok(None)
            }
            Provider::Manual => Ok(None),
        },
        Validation::File(file) => match &file.place {
            FilePlace::Webroot(root) => {
                let (place, root, challenge) = (root.clone(), root.clone(), challenge.clone());
                let write = move || webroot::write(&root, &challenge);
                off_the_runtime(&place, AT_ONCE, &*tools.clock, DISK_TIME, write).await?
            }
            FilePlace::Listen(address) => {
                tools
                    .listeners
                    .serve(*address, job.domain, challenge)
                    .await?;
                Ok(None)
            }
        },
    }
}

/// Takes down all of a job that was put up here. What is gone already counts as taken down.
///
/// # Errors
/// See [`ValidationError`]; the first of them, after all were tried.
pub(crate) async fn remove(
    way: &Validation,
    job: Job<'_>,
    tools: &Tools<'_>,
) -> Result<(), ValidationError> {
    let mut first = Ok(());
    for (place, challenge) in job.challenges.iter().enumerate() {
        let handle = job.handles.get(place).and_then(Option::as_deref);
        let removed = remove_one(way, job, challenge, handle, tools).await;
        if first.is_ok() {
            first = removed;
        }
    }
    first
}

async fn remove_one(
    way: &Validation,
    job: Job<'_>,
    challenge: &Challenge,
    handle: Option<&str>,
    tools: &Tools<'_>,
) -> Result<(), ValidationError> {
    challenge::sound(job.domain, challenge)?;
    match way {
        Validation::DnsAuto => Ok(()),
        Validation::Dns(dns) => match &dns.provider {
            Provider::Dnspod { .. } => dnspod::remove(client(tools)?, challenge, job, handle).await,
            Provider::Exec { .. } => {
                exec::remove(&dns.provider, job, challenge, handle, tools).await
            }
            Provider::AcmeSh { .. } => {
                acme_sh::run(&dns.provider, job, challenge, "rm", tools).await
            }
            Provider::Rfc2136 { .. } => {
                rfc2136::change(&dns.provider, challenge, rfc2136::Change::Remove).await
            }
            Provider::Manual => Ok(()),
        },
        Validation::File(file) => match &file.place {
            FilePlace::Webroot(root) => {
                let (place, root, challenge) = (root.clone(), root.clone(), challenge.clone());
                let handle = handle.map(str::to_owned);
                let remove = move || webroot::remove(&root, &challenge, handle.as_deref());
                off_the_runtime(&place, AT_ONCE, &*tools.clock, DISK_TIME, remove).await?
            }
            FilePlace::Listen(address) => {
                tools.listeners.stop(*address, job.domain, challenge);
                Ok(())
            }
        },
    }
}

/// Sees whether the world sees it. Who could not see it within [`LONGEST_LOOK`] goes on without having looked.
pub(crate) async fn look(way: &Validation, job: Job<'_>) -> Sight {
    let over = || Sight::Unknown("the look-ups take too long".to_owned());
    let look = tokio::time::timeout(LONGEST_LOOK, look_at_all(way, job));
    look.await.unwrap_or_else(|_| over())
}

async fn look_at_all(way: &Validation, job: Job<'_>) -> Sight {
    for challenge in job.challenges {
        let sight = match way {
            Validation::DnsAuto => Sight::Seen,
            Validation::Dns(means) => dns::look(challenge, &means.name_servers).await,
            Validation::File(file) => probe::look(job.domain, challenge, file.probe).await,
        };
        if sight != Sight::Seen {
            return sight;
        }
    }
    Sight::Seen
}

/// Sees to it that what lives in this process only is up. Does nothing where it is.
///
/// # Errors
/// The responder's address.
pub(crate) async fn keep_up(
    way: &Validation,
    domain: &str,
    challenges: &[Challenge],
    listeners: &Listeners,
) -> Result<(), ValidationError> {
    if let Validation::File(file) = way
        && let FilePlace::Listen(address) = &file.place
    {
        for challenge in challenges {
            challenge::sound(domain, challenge)?;
            listeners.serve(*address, domain, challenge).await?;
        }
    }
    Ok(())
}

fn client<'a>(tools: &Tools<'a>) -> Result<&'a Client, ValidationError> {
    tools.client.ok_or_else(|| {
        ValidationError::Settings(
            "the account that has the DNS zone is not in the config; put it back".to_owned(),
        )
    })
}
