//! Where an account's keys come from.
//!
//! The order is fixed: the account's own entry; systemd's credentials directory; the environment and the profile files
//! of the official tools (account `default` only); the role of the instance. The first that has a key wins. What was
//! found is kept until it is about to expire or is refused, then looked for again, so that rotated files are picked up.
//!
//! A credential is one snapshot: id, key and token always belong together. Secrets are never shown, in no error either.
//! The process environment and the file system's root come from [`Surroundings`], so that tests touch neither.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::clock::Clock;
use crate::config::DEFAULT_ACCOUNT;

mod error;
mod files;
mod keys;
mod role;
mod surroundings;

pub(crate) use error::CredentialError;
pub(crate) use keys::{Credential, CredentialSettings, Source};
use keys::{Missed, nothing, pair};
pub(crate) use surroundings::Surroundings;

/// Temporary keys are renewed when this much of their life or less is left, as the official SDKs do.
const REFRESH_BEFORE: TimeDelta = TimeDelta::seconds(300);
/// After a refresh that failed while the old keys still hold, the next try comes no sooner.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);
/// What [`Provider::get`] gives.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// The keys to use now.
    pub credential: Arc<Credential>,
    /// Set where this call tried to renew the keys and could not; these are the old ones, which still hold. Worth a
    /// warning. Not set again until the next try, ten seconds later at the soonest.
    pub stale: Option<Arc<CredentialError>>,
}

/// Finds an account's keys and keeps them fresh.
#[derive(Debug)]
pub struct Provider {
    settings: CredentialSettings,
    surroundings: Surroundings,
    clock: ClockHandle,
    /// Set when the service refused the keys: look again next time.
    refused: AtomicBool,
    /// Held while looking, so that many callers make one look-up.
    kept: tokio::sync::Mutex<Kept>,
}

struct ClockHandle(Arc<dyn Clock>);

impl fmt::Debug for ClockHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[derive(Debug, Default)]
struct Kept {
    credential: Option<Arc<Credential>>,
    /// Monotonic time before which no refresh is tried, after one that failed.
    not_before: Option<Duration>,
}

impl Provider {
    /// A provider for one account. Looks at nothing yet.
    pub fn new(
        settings: CredentialSettings,
        surroundings: Surroundings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            settings,
            surroundings,
            clock: ClockHandle(clock),
            refused: AtomicBool::new(false),
            kept: tokio::sync::Mutex::new(Kept::default()),
        }
    }

    /// A provider of these keys and no others: looks at neither environment, files nor network. For the sandbox.
    pub fn fixed(secret_id: &str, secret_key: SecretString, clock: Arc<dyn Clock>) -> Self {
        let settings = CredentialSettings {
            account: DEFAULT_ACCOUNT.to_owned(),
            secret_id: Some(secret_id.to_owned()),
            secret_key: Some(secret_key),
            ..CredentialSettings::default()
        };
        Self::new(
            settings,
            Surroundings::new(|_| None, PathBuf::from("/"), String::new()),
            clock,
        )
    }

    /// The account's name.
    pub fn account(&self) -> &str {
        &self.settings.account
    }

    /// The keys to use now: those kept, or new ones where those end within five minutes or were refused. Where looking
    /// fails and the kept ones still hold, they are given, together with why.
    ///
    /// # Errors
    /// `CredentialError` where there is no key that holds.
    pub async fn get(&self) -> Result<Obtained, Arc<CredentialError>> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.0.now();
        let refused = self.refused.load(Ordering::Acquire);
        if let Some(credential) = &kept.credential {
            let lasts = |longer: TimeDelta| credential.expires.is_none_or(|end| end - now > longer);
            let is_fresh = !refused && lasts(REFRESH_BEFORE);
            let is_pausing = kept
                .not_before
                .is_some_and(|at| self.clock.0.monotonic() < at);
            if is_fresh || (is_pausing && lasts(TimeDelta::zero())) {
                return Ok(Obtained {
                    credential: Arc::clone(credential),
                    stale: None,
                });
            }
        }
        let error = match self.look().await {
            Ok(credential) => {
                self.refused.store(false, Ordering::Release);
                let credential = Arc::new(credential);
                *kept = Kept {
                    credential: Some(Arc::clone(&credential)),
                    not_before: None,
                };
                return Ok(Obtained {
                    credential,
                    stale: None,
                });
            }
            Err(error) => Arc::new(error),
        };
        kept.not_before = Some(self.clock.0.monotonic() + REFRESH_PAUSE);
        // Asked again: the look may have taken until after their end.
        let now = self.clock.0.now();
        match &kept.credential {
            Some(old) if old.expires.is_none_or(|end| end > now) => Ok(Obtained {
                credential: Arc::clone(old),
                stale: Some(error),
            }),
            _ => Err(error),
        }
    }

    /// Says that the service refused the keys: the next [`Provider::get`] looks for new ones first.
    pub fn refresh_next(&self) {
        self.refused.store(true, Ordering::Release);
    }

    /// Every source in its order. An explicit source that is wrong is an error; one that is absent is passed over.
    async fn look(&self) -> Result<Credential, CredentialError> {
        type Look = fn(&CredentialSettings, &Surroundings) -> Result<Credential, Missed>;
        const OWN: [Look; 2] = [files::account_entry, files::systemd];
        const AMBIENT: [Look; 4] = [
            environment,
            files::users_profile,
            files::machines_profile,
            files::tccli,
        ];
        let (settings, around) = (&self.settings, &self.surroundings);
        let is_default = settings.account == DEFAULT_ACCOUNT;
        let ambient = AMBIENT.iter().filter(|_| is_default);
        let mut looked = Vec::new();
        for look in OWN.iter().chain(ambient) {
            match look(settings, around) {
                // Two sources are below the home folder.
                Err(Missed::Nothing(what)) if looked.contains(&what) => {}
                Err(Missed::Nothing(what)) => looked.push(what),
                Err(Missed::Wrong(error)) => return Err(error),
                Ok(found) => return Ok(found),
            }
        }
        match role::instance_role(&around.metadata).await {
            Err(Missed::Nothing(what)) => looked.push(what),
            Err(Missed::Wrong(error)) => return Err(error),
            Ok(found) => return Ok(found),
        }
        Err(CredentialError::NotFound {
            account: settings.account.clone(),
            looked,
        })
    }
}

fn environment(_: &CredentialSettings, around: &Surroundings) -> Result<Credential, Missed> {
    let id = around.var("TENCENTCLOUD_SECRET_ID");
    let key = around.var("TENCENTCLOUD_SECRET_KEY");
    // The official SDK passes over half a pair, too; here it is at least named.
    let lacks = match (&id, &key) {
        (Some(_), None) => "TENCENTCLOUD_SECRET_ID is set, TENCENTCLOUD_SECRET_KEY is not",
        (None, Some(_)) => "TENCENTCLOUD_SECRET_KEY is set, TENCENTCLOUD_SECRET_ID is not",
        _ => "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY: not set",
    };
    let (id, key) = id.zip(key).ok_or_else(|| nothing(lacks))?;
    let token = around.var("TENCENTCLOUD_TOKEN").map(SecretString::from);
    let place = "the environment".to_owned();
    pair(
        place,
        Some(id),
        Some(key.into()),
        token,
        Source::Environment,
    )?
    .ok_or_else(|| nothing(lacks))
}

#[cfg(test)]
mod tests;
