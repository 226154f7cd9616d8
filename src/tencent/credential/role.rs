//! The keys of the role that is bound to this instance, from its metadata service.
//!
//! Plain http to a link-local address, wherever the name leads: no proxy, no redirects, two seconds, small answers. Facts: the official Python
//! SDK (common 3.1.195); cloud.tencent.com/document/product/213/47668. The metadata service is not the API, so its calls
//! need no permit.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::calendar;
use crate::tencent::answer;
use crate::tencent::transport::{Unread, metadata_client, read_body};
use crate::text::plain_up_to;

use super::error::CredentialError;
use super::keys::{Credential, Missed, Source, nothing};

/// The metadata service, from inside an instance.
pub(super) const METADATA: &str = "http://metadata.tencentyun.com/";
const PATH: &str = "latest/meta-data/cam/security-credentials/";
const NOT_HERE: &str = "the instance's role: no metadata service here";
const TIMEOUT: Duration = Duration::from_secs(2);
const LARGEST: usize = 64 * 1024;
/// Longer than any role's name.
const LONGEST_NAME: usize = 128;

/// The role's keys, from the metadata service at `base`.
pub(super) async fn instance_role(base: &str) -> Result<Credential, Missed> {
    let unbound = || nothing("the instance's role: none is bound");
    let (name, addresses) = place(base).await.map_err(Missed::Nothing)?;
    let client =
        metadata_client(TIMEOUT, &name, &addresses).map_err(|error| problem(error.to_string()))?;
    let folder = format!("{}/{PATH}", base.trim_end_matches('/'));
    let name = match ask(&client, &folder).await {
        Ok(text) => text.ok_or_else(unbound)?.trim().to_owned(),
        // No instance of Tencent Cloud, as a rule: nothing there is the normal case.
        Err(Trouble::Unreachable) => return Err(nothing(NOT_HERE)),
        Err(Trouble::Answer(what)) => return Err(problem(what).into()),
    };
    if name.is_empty() {
        return Err(unbound());
    }
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+=,@".contains(&byte);
    if name.len() > LONGEST_NAME || !name.bytes().all(usual) {
        let what = "it gave something else than a role's name";
        return Err(problem(what.to_owned()).into());
    }
    let what = match ask(&client, &format!("{folder}{name}")).await {
        Ok(Some(text)) => return Ok(read(&text)?),
        Ok(None) => format!("it does not know the role {name}"),
        Err(Trouble::Unreachable) => "it stopped answering".to_owned(),
        Err(Trouble::Answer(what)) => what,
    };
    Err(problem(what).into())
}

/// The service's name and where it leads. Inside an instance that is a link-local address, which no router passes on;
/// keys from anywhere else are somebody else's, who would have certificates ordered in an account of theirs.
async fn place(base: &str) -> Result<(String, Vec<SocketAddr>), String> {
    let nowhere = || NOT_HERE.to_owned();
    let url = reqwest::Url::parse(base).map_err(|_| nowhere())?;
    let name = url.host_str().ok_or_else(nowhere)?.to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    if name.parse::<IpAddr>().is_ok() {
        return Ok((name, Vec::new()));
    }
    let look_up = tokio::net::lookup_host((name.clone(), port));
    let found: Vec<SocketAddr> = match tokio::time::timeout(TIMEOUT, look_up).await {
        Ok(Ok(found)) => found.collect(),
        _ => return Err(nowhere()),
    };
    let local = link_local(&found);
    match (local.is_empty(), found.first()) {
        (false, _) => Ok((name, local)),
        (true, Some(elsewhere)) => Err(format!(
            "the instance's role: {name} leads to {}, which is not link-local, so it is not asked",
            elsewhere.ip()
        )),
        (true, None) => Err(nowhere()),
    }
}

fn link_local(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_local = |address: &&SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    found.iter().filter(is_local).copied().collect()
}

enum Trouble {
    Unreachable,
    Answer(String),
}

/// One GET: the body, or `None` for 404.
async fn ask(client: &reqwest::Client, url: &str) -> Result<Option<Zeroizing<String>>, Trouble> {
    let rejected = |what: &str| Trouble::Answer(what.to_owned());
    let answer = client
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
    let body = read_body(answer, LARGEST).await.map_err(|why| match why {
        Unread::TooLarge => rejected("its answer is too large"),
        Unread::Broken(_) => rejected("its answer broke off"),
    })?;
    match std::str::from_utf8(&body) {
        Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(rejected("its answer is not text")),
    }
}

/// The role's keys, as the service gives them.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Keys {
    #[serde(deserialize_with = "answer::text")]
    code: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    tmp_secret_id: Option<String>,
    #[serde(deserialize_with = "answer::secret")]
    tmp_secret_key: Option<SecretString>,
    #[serde(deserialize_with = "answer::secret")]
    token: Option<SecretString>,
    #[serde(deserialize_with = "answer::int")]
    expired_time: Option<i64>,
}

fn read(text: &str) -> Result<Credential, CredentialError> {
    let keys: Keys =
        answer::parse(text.trim()).ok_or_else(|| problem("its answer is not JSON".to_owned()))?;
    if let Some(code) = keys.code.filter(|code| code != "Success") {
        return Err(problem(format!(
            "its code is {}",
            plain_up_to(code.trim(), 60)
        )));
    }
    let expires = keys
        .expired_time
        .and_then(|at| calendar::on_it(DateTime::<Utc>::from_timestamp(at, 0)?));
    let (Some(secret_id), Some(secret_key), Some(token), Some(expires)) =
        (keys.tmp_secret_id, keys.tmp_secret_key, keys.token, expires)
    else {
        return Err(problem(
            "its answer lacks TmpSecretId, TmpSecretKey, Token or ExpiredTime".to_owned(),
        ));
    };
    Credential {
        secret_id,
        secret_key,
        token: Some(token),
        expires: Some(expires),
        source: Source::InstanceRole,
    }
    .checked("the instance's metadata service")
}

fn problem(what: String) -> CredentialError {
    CredentialError::Role { what }
}
