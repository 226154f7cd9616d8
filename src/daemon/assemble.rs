//! Puts the pieces together, in the order that is safe: lock, then database, then the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

#[cfg(feature = "sandbox")]
use super::sandboxed::is_over;
use crate::clock::Clock;
use crate::config::{Account, Config, Loaded, Mistake, Proxy};
use crate::delivery::{Live, LiveError};
use crate::engine::{Concurrency, Engine, Environment, Rng, Settings, machine};
use crate::observe::calls::Calls;
use crate::observe::health::Health;
use crate::observe::workers::Workers;
use crate::observe::{Event, Fact};
use crate::store::{Lock, Store, StoreError, prepare_folder};
use crate::tencent::{
    Client, ClientSettings, CredentialSettings, HttpTransport, LaterTransport, Limiter, Observer,
    Provider, Role, Surroundings, Transport, TransportError,
};

/// Without progress for this long, the daemon hangs: `WatchdogSec` of the shipped unit.
const WATCHDOG: Duration = Duration::from_secs(300);

/// Everything that works together, and the lock that keeps others out.
pub struct Assembled {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The clock it goes by.
    pub clock: Arc<dyn Clock>,
    /// The daemon's health.
    pub health: Arc<Health>,
    /// Every call is counted here.
    pub calls: Arc<Calls>,
    /// Shared by every client.
    pub limiter: Arc<Limiter>,
    _lock: Lock,
}

/// Why it could not be put together.
#[derive(Debug, Error)]
pub enum AssembleError {
    /// The state folder, its lock or its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The live folder.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// TLS or the proxy.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The stand-in that the config names is gone.
    #[error(
        "the sandbox of {} has ended, and the service with it; `evercert run --sandbox` starts another",
        path.display()
    )]
    SandboxOver {
        /// The sandbox's folder.
        path: PathBuf,
    },
}

/// Takes the lock, opens the database, and puts the rest together. A second process on the folder fails at the lock,
/// having touched nothing.
///
/// # Errors
/// See [`AssembleError`].
pub async fn assemble(loaded: Loaded, clock: Arc<dyn Clock>) -> Result<Assembled, AssembleError> {
    let state_dir = loaded.config.state_dir.clone();
    #[cfg(feature = "sandbox")]
    if !loaded.config.pretend && is_over(&state_dir) {
        return Err(AssembleError::SandboxOver { path: state_dir });
    }
    prepare_folder(&state_dir)?;
    let lock = Lock::take(&state_dir)?;
    let store = Store::open(&state_dir, clock.now()).await?;
    let live = Arc::new(Live::open(&state_dir)?);
    let limiter = Arc::new(Limiter::new(Arc::clone(&clock), rate(&loaded.config)));
    say_warnings(&loaded.warnings);
    let calls = Arc::new(Calls::new(Arc::clone(&clock)));
    let settings = settings(loaded, &limiter, &calls, &clock)?;
    let environment = Environment {
        store,
        live,
        clock: Arc::clone(&clock),
        rng: Arc::new(Rng::fair()),
        concurrency: Concurrency::Tasks,
    };
    let engine = Engine::new(environment, settings).await?;
    engine.take_in_config().await?;
    engine.say_restored().await?;
    engine.notice_machine(machine().as_deref()).await?;
    Ok(Assembled {
        engine: Arc::new(engine),
        health: Arc::new(
            Health::new(Arc::clone(&clock), WATCHDOG)
                .watching(Workers::of(&tokio::runtime::Handle::current())),
        ),
        clock,
        calls,
        limiter,
        _lock: lock,
    })
}

impl Assembled {
    /// Settings of a config that was read again. Nothing goes by them yet.
    ///
    /// # Errors
    /// TLS, the proxy or an account.
    pub fn settings(&self, loaded: Loaded) -> Result<Settings, AssembleError> {
        settings(loaded, &self.limiter, &self.calls, &self.clock)
    }
}

/// Settings of a config, for whoever asks the service and keeps no record.
///
/// # Errors
/// TLS, the proxy or an account.
pub fn settings_alone(loaded: Loaded, clock: &Arc<dyn Clock>) -> Result<Settings, AssembleError> {
    let limiter = Arc::new(Limiter::new(Arc::clone(clock), rate(&loaded.config)));
    let calls = Arc::new(Calls::new(Arc::clone(clock)));
    settings(loaded, &limiter, &calls, clock)
}

/// What works, and is probably not meant.
pub(super) fn say_warning(warning: String) -> Event {
    let warning = warning.into();
    Event::of(Fact::ConfigWarning { warning })
}

/// Says what is valid, and perhaps not meant.
pub fn say_warnings(warnings: &[Mistake]) {
    for warning in warnings {
        say_warning(warning.to_string())
            .place_in(warning.file.display().to_string(), warning.line as u64)
            .emit();
    }
}

fn settings(
    loaded: Loaded,
    limiter: &Arc<Limiter>,
    calls: &Arc<Calls>,
    clock: &Arc<dyn Clock>,
) -> Result<Settings, AssembleError> {
    let digest = digest(&loaded);
    let config = loaded.config;
    let mut transports = Transports::default();
    let mut clients = BTreeMap::new();
    for (name, account) in &config.accounts {
        let transport = transports.of(account, config.api.proxy.as_ref())?;
        let keys = Provider::new(
            credentials(name, account),
            Surroundings::of_the_process(),
            Arc::clone(clock),
        );
        let client = client(&config, account, transport, limiter, Arc::new(keys), clock)
            .observed_by(Arc::clone(calls) as Arc<dyn Observer>);
        clients.insert(name.clone(), client);
    }
    Ok(Settings::new(config, digest, clients))
}

fn client(
    config: &Config,
    account: &Account,
    transport: Arc<dyn Transport>,
    limiter: &Arc<Limiter>,
    keys: Arc<Provider>,
    clock: &Arc<dyn Clock>,
) -> Client {
    Client::new(
        ClientSettings {
            endpoint: account.endpoint.as_str().to_owned(),
            timeout: config.api.timeout,
        },
        transport,
        Arc::clone(limiter),
        Arc::clone(clock),
        keys,
    )
}

/// A client with these keys for an account that no engine works with (yet), at the rate of this config.
///
/// # Errors
/// TLS or the proxy.
pub(crate) fn client_without_engine(
    config: &Config,
    account: &Account,
    keys: Arc<Provider>,
    clock: &Arc<dyn Clock>,
) -> Result<Client, AssembleError> {
    let transport = Transports::default().of(account, config.api.proxy.as_ref())?;
    let limiter = Arc::new(Limiter::new(Arc::clone(clock), rate(config)));
    Ok(client(config, account, transport, &limiter, keys, clock))
}

/// Tells one config from another. The version is part of it: a newer program may read the same files otherwise.
pub fn digest(loaded: &Loaded) -> String {
    format!("{} {}", env!("CARGO_PKG_VERSION"), loaded.digest)
}

/// How many requests a second the config allows.
pub(super) fn rate(config: &Config) -> usize {
    usize::try_from(config.api.requests_per_second).unwrap_or(1)
}

/// Where the config says that an account's keys are.
pub(crate) fn credentials(name: &str, account: &Account) -> CredentialSettings {
    CredentialSettings {
        account: name.to_owned(),
        secret_id: account.secret_id.clone(),
        secret_id_file: account.secret_id_file.clone(),
        secret_key: account.secret_key.clone(),
        secret_key_file: account.secret_key_file.clone(),
        token: account.token.clone(),
        role: account.role_arn.clone().map(|arn| Role {
            arn,
            external_id: account.external_id.clone(),
        }),
    }
}

/// The transports, each made when the first account needs it: a config with loopback endpoints alone builds no TLS.
#[derive(Default)]
struct Transports {
    loopback: Option<Arc<dyn Transport>>,
    internet: Option<Arc<dyn Transport>>,
}

impl Transports {
    fn of(
        &mut self,
        account: &Account,
        proxy: Option<&Proxy>,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        let kept = if account.endpoint.is_loopback() {
            &mut self.loopback
        } else {
            &mut self.internet
        };
        if let Some(transport) = kept {
            return Ok(Arc::clone(transport));
        }
        let made: Arc<dyn Transport> = if account.endpoint.is_loopback() {
            Arc::new(HttpTransport::loopback()?)
        } else {
            let proxy = proxy.map(Proxy::expose);
            match HttpTransport::internet(proxy) {
                // They may come; what is wrong with the proxy is the config's own.
                Err(error @ TransportError::NoRootCertificates) => {
                    say_warning(error.to_string()).emit();
                    Arc::new(LaterTransport::internet(proxy))
                }
                made => Arc::new(made?),
            }
        };
        *kept = Some(Arc::clone(&made));
        Ok(made)
    }
}
