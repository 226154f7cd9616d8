//! The keys of the role that is bound to this instance, from its metadata service.
//!
//! Plain http to a link-local address: no proxy, no redirects, two seconds, small answers. Facts: the official Python
//! SDK (common 3.1.195); cloud.tencent.com/document/product/213/47668. The metadata service is not the API, so its calls
//! need no permit.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::tencent::error::clean;
use crate::tencent::transport::metadata_client;

use super::{Credential, CredentialError, Source, note};

/// The metadata service, from inside an instance.
pub(super) const METADATA: &str = "http://metadata.tencentyun.com/";
const PATH: &str = "latest/meta-data/cam/security-credentials/";
const TIMEOUT: Duration = Duration::from_secs(2);
const LARGEST: usize = 64 * 1024;
/// Longer than any role's name.
const LONGEST_NAME: usize = 128;

/// The role's keys; `None` where there is no metadata service or no role.
pub(super) async fn instance_role(
    base: &str,
    looked: &mut Vec<String>,
) -> Result<Option<Credential>, CredentialError> {
    if base.is_empty() {
        return Ok(None);
    }
    let client = metadata_client(TIMEOUT).map_err(|error| problem(error.to_string()))?;
    let folder = format!("{}/{PATH}", base.trim_end_matches('/'));
    let name = match ask(&client, &folder).await {
        Ok(Some(text)) => text.trim().to_owned(),
        Ok(None) => return Ok(note(looked, "the instance's role: none is bound")),
        // No instance of Tencent Cloud, as a rule: nothing there is the normal case.
        Err(Trouble::Unreachable) => {
            return Ok(note(
                looked,
                "the instance's role: no metadata service here",
            ));
        }
        Err(Trouble::Answer(what)) => return Err(problem(what)),
    };
    if name.is_empty() {
        return Ok(note(looked, "the instance's role: none is bound"));
    }
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+=,@".contains(&byte);
    if name.len() > LONGEST_NAME || !name.bytes().all(usual) {
        return Err(problem(
            "it gave something else than a role's name".to_owned(),
        ));
    }
    match ask(&client, &format!("{folder}{name}")).await {
        Ok(Some(text)) => read(&text).map(Some),
        Ok(None) => Err(problem(format!("it does not know the role {name}"))),
        Err(Trouble::Unreachable) => Err(problem("it stopped answering".to_owned())),
        Err(Trouble::Answer(what)) => Err(problem(what)),
    }
}

enum Trouble {
    Unreachable,
    Answer(String),
}

/// One GET: the body, or `None` for 404.
async fn ask(client: &reqwest::Client, url: &str) -> Result<Option<Zeroizing<String>>, Trouble> {
    let rejected = |what: &str| Trouble::Answer(what.to_owned());
    let mut answer = client
        .get(url)
        .send()
        .await
        .map_err(|error| match error.is_connect() {
            true => Trouble::Unreachable,
            false => rejected("it did not answer in time, or broke off"),
        })?;
    match answer.status().as_u16() {
        200 => {}
        404 => return Ok(None),
        status => {
            return Err(Trouble::Answer(format!(
                "it answered with HTTP status {status}"
            )));
        }
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|_| rejected("its answer broke off"))?
    {
        if body.len() + chunk.len() > LARGEST {
            return Err(rejected("its answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    match std::str::from_utf8(&body) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(rejected("its answer is not text")),
    }
}

fn read(text: &str) -> Result<Credential, CredentialError> {
    let answer: Value =
        serde_json::from_str(text).map_err(|_| problem("its answer is not JSON".to_owned()))?;
    let field = |name: &str| answer.get(name).and_then(Value::as_str);
    if let Some(code) = field("Code")
        && code != "Success"
    {
        return Err(problem(format!("its code is {}", clean(code, 60))));
    }
    let expires = answer
        .get("ExpiredTime")
        .and_then(|at| at.as_i64().or_else(|| at.as_str()?.parse().ok()))
        .and_then(|at| DateTime::<Utc>::from_timestamp(at, 0));
    let (Some(id), Some(key), Some(token), Some(expires)) = (
        field("TmpSecretId"),
        field("TmpSecretKey"),
        field("Token"),
        expires,
    ) else {
        return Err(problem(
            "its answer lacks TmpSecretId, TmpSecretKey, Token or ExpiredTime".to_owned(),
        ));
    };
    Credential {
        secret_id: id.to_owned(),
        secret_key: SecretString::from(key),
        token: Some(SecretString::from(token)),
        expires: Some(expires),
        source: Source::InstanceRole,
    }
    .checked("the instance's metadata service")
}

fn problem(what: String) -> CredentialError {
    CredentialError::Role { what }
}
