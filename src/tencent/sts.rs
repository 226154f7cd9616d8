//! The service for temporary keys (sts, version 2018-08-13): who is calling, and assuming a role.
//!
//! Facts are those of the official SDK (sts 3.0.1459, and the credentials of common 3.1.195), which asks for keys with a region
//! although the action acts nowhere.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::answer;
use super::client::{Action, Client};
use super::credential::{Caller, Credential, CredentialError, Role, SESSION, Source};
use super::error::ApiError;
use crate::calendar;
use crate::lifecycle::Class;
use crate::text::plain_up_to;

const ASSUME: Action = Action {
    region: Some("ap-guangzhou"),
    ..Action::sts("AssumeRole")
};
const IDENTITY: Action = Action {
    region: Some("ap-guangzhou"),
    ..Action::sts("GetCallerIdentity")
};

/// The name under which the role's own records show who assumed it.
const SESSION_NAME: &str = "evercert";

/// The longest identity that is shown, in characters.
const LONGEST_IDENTITY: usize = 200;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeRequest<'a> {
    role_arn: &'a str,
    role_session_name: &'a str,
    duration_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Assumed {
    #[serde(deserialize_with = "answer::object")]
    credentials: Keys,
    #[serde(deserialize_with = "answer::int")]
    expired_time: Option<i64>,
    #[serde(deserialize_with = "answer::time")]
    expiration: Option<DateTime<Utc>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Keys {
    #[serde(deserialize_with = "answer::text")]
    tmp_secret_id: Option<String>,
    #[serde(deserialize_with = "answer::secret")]
    tmp_secret_key: Option<SecretString>,
    #[serde(deserialize_with = "answer::secret")]
    token: Option<SecretString>,
}

/// Who signs an account's calls, as the service sees it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Identity {
    #[serde(deserialize_with = "answer::string")]
    arn: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain_up_to(self.arn.trim(), LONGEST_IDENTITY))
    }
}

impl Client {
    /// Who signs this account's calls, as the service sees it.
    ///
    /// # Errors
    /// [`ApiError`]; also where the answer names nobody.
    pub(crate) async fn identity(&self) -> Result<Identity, ApiError> {
        let nothing = serde_json::Map::new();
        let answer = self.call(&IDENTITY, &nothing, |answer: Identity| {
            match answer.arn.trim().is_empty() {
                true => Err("it has no Arn".to_owned()),
                false => Ok(answer),
            }
        });
        Ok(answer.await?.value)
    }
}

impl Caller for Client {
    fn clock_skew(&self) -> TimeDelta {
        self.skew().unwrap_or_default()
    }

    async fn assume(&self, base: Credential, role: &Role) -> Result<Credential, CredentialError> {
        let request = AssumeRequest {
            role_arn: &role.arn,
            role_session_name: SESSION_NAME,
            duration_seconds: SESSION.as_secs(),
            external_id: role.external_id.as_deref(),
        };
        let ready = self.ready(Ok(base.into())).await;
        let answer = self
            .send(ready, self.timestamp(), &ASSUME, &request, keys)
            .await;
        match answer {
            Ok(answer) => answer.value.checked("the answer to AssumeRole"),
            Err(error) => Err(CredentialError::Assume {
                arn: role.arn.clone(),
                what: error.to_string(),
                class: match error.class() {
                    Class::Transient => Class::Transient,
                    _ => Class::Operator,
                },
                is_permission: error.is_permission(),
            }),
        }
    }
}

fn keys(answer: Assumed) -> Result<Credential, String> {
    let stamp = answer
        .expired_time
        .and_then(|at| calendar::on_it(DateTime::from_timestamp(at, 0)?));
    let expires = stamp.or(answer.expiration);
    let Keys {
        tmp_secret_id,
        tmp_secret_key,
        token,
    } = answer.credentials;
    let (Some(secret_id), Some(secret_key), Some(token), Some(expires)) =
        (tmp_secret_id, tmp_secret_key, token, expires)
    else {
        return Err("it lacks TmpSecretId, TmpSecretKey, Token or ExpiredTime".to_owned());
    };
    Ok(Credential {
        secret_id,
        secret_key,
        token: Some(token),
        expires: Some(expires),
        source: Source::AssumedRole,
    })
}

#[cfg(test)]
mod tests;
