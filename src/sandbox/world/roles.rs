//! Roles, and the temporary keys that assuming one gives.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use secrecy::SecretString;

use super::random::token;
use crate::sandbox::changes::RoleChange;

/// A role of an account.
pub(crate) struct Role {
    /// The account that it belongs to, and acts in.
    pub(crate) account: usize,
    arn: String,
    external_id: Option<String>,
    trusted: Option<Vec<String>>,
    longest: Option<TimeDelta>,
}

/// What assuming a role gave.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) account: usize,
    pub(crate) secret_id: String,
    pub(crate) secret_key: SecretString,
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) ends: DateTime<Utc>,
}

/// The roles that there are, and every session of theirs.
#[derive(Default)]
pub(crate) struct Roles {
    roles: Vec<Role>,
    sessions: Vec<Session>,
}

impl Roles {
    /// Makes, changes or removes a role of this account.
    pub(crate) fn change(&mut self, account: usize, change: RoleChange) {
        self.roles.retain(|role| role.arn != change.arn);
        if change.end_sessions {
            self.sessions.retain(|session| session.arn != change.arn);
        }
        if !change.removed {
            self.roles.push(Role {
                account,
                arn: change.arn,
                external_id: change.external_id,
                trusted: change.trusted,
                longest: change
                    .seconds
                    .map(|seconds| TimeDelta::seconds(seconds.into())),
            });
        }
    }

    pub(crate) fn find(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    /// The session of these temporary keys, over or not.
    pub(crate) fn session(&self, secret_id: &str) -> Option<&Session> {
        let mut sessions = self.sessions.iter();
        sessions.find(|session| session.secret_id == secret_id)
    }

    /// Begins a session.
    pub(crate) fn begin(
        &mut self,
        random: &mut StdRng,
        role: (usize, String),
        name: &str,
        ends: DateTime<Utc>,
    ) -> Session {
        let session = Session {
            account: role.0,
            arn: role.1,
            secret_id: format!("AKIDtmp{}", token(random, 24)),
            secret_key: token(random, 32).into(),
            token: token(random, 200),
            name: name.to_owned(),
            ends,
        };
        self.sessions.push(session.clone());
        session
    }
}

impl Role {
    /// Whether this caller, who says this, may assume it.
    pub(crate) fn trusts(&self, secret_id: &str, external_id: Option<&str>) -> bool {
        let trusted = self.trusted.as_ref();
        trusted.is_none_or(|all| all.iter().any(|one| one == secret_id))
            && (self.external_id.is_none() || self.external_id.as_deref() == external_id)
    }

    /// How long a session may be.
    pub(crate) fn life(&self, asked: TimeDelta) -> TimeDelta {
        self.longest.map_or(asked, |longest| longest.min(asked))
    }
}
