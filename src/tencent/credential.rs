//! Where an account's keys come from.
//!
//! The order is fixed: the account's own entry; systemd's credentials directory; the environment and the profile files
//! of the official tools (account `default` only); the role of the instance. The first that has a key wins. What was
//! found is kept until it is about to expire or is refused, then looked for again, so that rotated files are picked up.
//! Where the account has a role, what was found is only the base: whoever makes the calls has the role assumed with it, and the
//! temporary keys that this gives are kept and renewed by the same rules.
//!
//! A credential is one snapshot: id, key and token always belong together. Secrets are never shown, in no error either.
//! The process environment and the file system's root come from [`Surroundings`], so that tests touch neither.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::clock::Clock;
use crate::config::DEFAULT_ACCOUNT;
use crate::files::off_the_runtime;

mod error;
mod files;
mod keys;
mod role;
mod surroundings;

pub(crate) use error::CredentialError;
pub(crate) use keys::{Credential, CredentialSettings, Role, Source};
use keys::{Missed, nothing, pair};
pub(crate) use surroundings::Surroundings;

/// Temporary keys are renewed when this much of their life or less is left, as the official SDKs do; of keys that live for
/// less than a quarter of an hour, when a third is left. A signature is good for as long, so that none outlives its keys.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);
/// How long the keys are asked for that assuming a role gives: the service's own default.
pub(super) const SESSION: Duration = Duration::from_secs(7200);
/// After a refresh that failed while the old keys still hold, the next try comes no sooner.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);
/// Who makes calls to the service, as far as keys need it.
pub(super) trait Caller: Sync {
    /// The service's clock minus ours, as far as is known.
    fn clock_skew(&self) -> TimeDelta;

    /// Has the role assumed with these keys. One call.
    fn assume(
        &self,
        base: Credential,
        role: &Role,
    ) -> impl Future<Output = Result<Credential, CredentialError>> + Send;
}

/// What `Provider::get` gives.
#[derive(Clone, Debug)]
pub(crate) struct Obtained {
    /// The keys to use now.
    pub(crate) credential: Arc<Credential>,
    /// Set where this call tried to renew the keys and could not; these are the old ones, which still hold. Worth a
    /// warning. Not set again until the next try, ten seconds later at the soonest.
    pub(crate) stale: Option<Arc<CredentialError>>,
}

/// How long the files that keys lie in may take to be read.
const DISK_TIME: Duration = Duration::from_secs(10);

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

/// Times are monotonic: a clock that is set neither ends keys early nor keeps them for too long.
#[derive(Debug, Default)]
struct Kept {
    credential: Option<Arc<Credential>>,
    /// When they end.
    ends: Option<Duration>,
    /// They are renewed when this much is left.
    margin: Duration,
    /// Before this no refresh is tried, after one that failed.
    not_before: Option<Duration>,
    /// Why it failed.
    failed: Option<Arc<CredentialError>>,
}

impl Kept {
    fn lasts(&self, now: Duration, longer: Duration) -> bool {
        self.ends.is_none_or(|end| end > now + longer)
    }
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

    /// The keys to use now: those kept, or new ones where those end soon or were refused. Where looking fails and the kept
    /// ones still hold, they are given, together with why.
    ///
    /// Whoever holds a permit of the limiter must not call this: with a role, it takes one.
    ///
    /// # Errors
    /// `CredentialError` where there is no key that holds.
    pub(super) async fn get(&self, by: &impl Caller) -> Result<Obtained, Arc<CredentialError>> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.0.monotonic();
        let refused = self.refused.load(Ordering::Acquire);
        let is_pausing = kept.not_before.is_some_and(|at| now < at);
        if let Some(credential) = &kept.credential {
            let is_fresh = !refused && kept.lasts(now, kept.margin);
            if is_fresh || (is_pausing && kept.lasts(now, Duration::ZERO)) {
                return Ok(Obtained {
                    credential: Arc::clone(credential),
                    stale: None,
                });
            }
        }
        // With a role, a look is a call: all who waited for one that failed take its answer.
        if let (true, true, Some(failed)) = (is_pausing, self.settings.role.is_some(), &kept.failed)
        {
            return Err(Arc::clone(failed));
        }
        let error = match self.look(by).await {
            Ok(credential) => {
                self.refused.store(false, Ordering::Release);
                let credential = Arc::new(credential);
                *kept = self.keep(Arc::clone(&credential), by.clock_skew());
                return Ok(Obtained {
                    credential,
                    stale: None,
                });
            }
            Err(error) => Arc::new(error),
        };
        // Asked again: the look may have taken until after their end.
        let now = self.clock.0.monotonic();
        kept.not_before = Some(now + REFRESH_PAUSE);
        kept.failed = Some(Arc::clone(&error));
        match &kept.credential {
            Some(old) if kept.lasts(now, Duration::ZERO) => Ok(Obtained {
                credential: Arc::clone(old),
                stale: Some(error),
            }),
            _ => Err(error),
        }
    }

    /// Keeps these keys until their end, which is a time of the service's clock.
    fn keep(&self, credential: Arc<Credential>, skew: TimeDelta) -> Kept {
        let now = self.clock.0.now();
        let there = now.checked_add_signed(skew).unwrap_or(now);
        let left = credential
            .expires
            .map(|end| (end - there).to_std().unwrap_or_default());
        let left = match (left, credential.source) {
            // Just asked for: where the clocks say otherwise, they are wrong.
            (Some(Duration::ZERO), Source::AssumedRole) => Some(SESSION),
            (left, Source::AssumedRole) => left.map(|left| left.min(SESSION)),
            (left, _) => left,
        };
        Kept {
            credential: Some(credential),
            ends: left.map(|left| self.clock.0.monotonic() + left),
            margin: left.map_or(REFRESH_BEFORE, |left| REFRESH_BEFORE.min(left / 3)),
            ..Kept::default()
        }
    }

    /// Says that the service refused the keys: the next look for keys asks for new ones first.
    pub fn refresh_next(&self) {
        self.refused.store(true, Ordering::Release);
    }

    /// The keys of every source in its order, or those of the role that is assumed with them.
    async fn look(&self, by: &impl Caller) -> Result<Credential, CredentialError> {
        let base = self.base().await?;
        match &self.settings.role {
            Some(role) => by.assume(base, role).await,
            None => Ok(base),
        }
    }

    /// The account's own keys, before a role is assumed with them: every source in its order. An explicit source that is
    /// wrong is an error; one that is absent is passed over.
    ///
    /// # Errors
    /// There are none, or a source is wrong.
    pub(crate) async fn base(&self) -> Result<Credential, CredentialError> {
        let around = &self.surroundings;
        let (found, mut looked) = if self.settings.has_keys() {
            on_this_machine(&self.settings, around)
        } else {
            // Files may lie where nobody answers: whoever waits for one is no thread that others need.
            let (settings, around) = (self.settings.clone(), around.clone());
            let place = format!("the keys of {}", settings.account);
            let look = move || on_this_machine(&settings, &around);
            off_the_runtime(Path::new(&place), 1, &*self.clock.0, DISK_TIME, look)
                .await
                .map_err(|stuck| CredentialError::Stuck {
                    account: self.settings.account.clone(),
                    stuck,
                })?
        };
        if let Some(found) = found {
            return found;
        }
        match role::instance_role(&around.metadata).await {
            Err(Missed::Nothing(what)) => looked.push(what),
            Err(Missed::Wrong(error)) => return Err(error),
            Ok(found) => return Ok(found),
        }
        Err(CredentialError::NotFound {
            account: self.settings.account.clone(),
            looked,
        })
    }
}

/// The first source on this machine that has keys, or is wrong; and what was looked at before.
fn on_this_machine(
    settings: &CredentialSettings,
    around: &Surroundings,
) -> (Option<Result<Credential, CredentialError>>, Vec<String>) {
    type Look = fn(&CredentialSettings, &Surroundings) -> Result<Credential, Missed>;
    const OWN: [Look; 2] = [files::account_entry, files::systemd];
    const AMBIENT: [Look; 4] = [
        environment,
        files::users_profile,
        files::machines_profile,
        files::tccli,
    ];
    let is_default = settings.account == DEFAULT_ACCOUNT;
    let ambient = AMBIENT.iter().filter(|_| is_default);
    let mut looked = Vec::new();
    for look in OWN.iter().chain(ambient) {
        match look(settings, around) {
            // Two sources are below the home folder.
            Err(Missed::Nothing(what)) if looked.contains(&what) => {}
            Err(Missed::Nothing(what)) => looked.push(what),
            Err(Missed::Wrong(error)) => return (Some(Err(error)), looked),
            Ok(found) => return (Some(Ok(found)), looked),
        }
    }
    (None, looked)
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
