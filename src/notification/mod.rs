//! Who is told of what happens: one file a channel.
//!
//! In reading order: [`alerts`] says which events are worth a message and when a problem is over; [`message`] is what is sent,
//! as text and as JSON; `http` is the bounded way out; `webhook`, `wecom`, `dingtalk`, `feishu`, `slack`, `telegram`,
//! `email` and `exec` are the channels.
//!
//! Invariants: one [`Sender::send`] is one message and at most one request on the wire, with no redirect followed and a
//! bound on time and on what is read; an address counts as a secret and is in no error; nothing here knows the database
//! or repeats anything: the caller records what came out.

pub mod alerts;
mod dingtalk;
mod email;
mod exec;
mod feishu;
mod http;
pub mod message;
mod slack;
mod telegram;
mod webhook;
mod wecom;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use thiserror::Error;

use crate::clock::{Clock, SystemClock};
use crate::command::CommandError;
use crate::config::{Channel, DeadMan, Notify, Proxy, Secret, check_url};
use crate::files::{Stuck, off_the_runtime};
use crate::secret_file::{self, SecretFileError};
use crate::tencent::TransportError;

use http::{Answer, Http};
pub use message::{Message, Notice, State};

/// Why a message was not taken.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// The address is none.
    #[error("the address {0}")]
    Address(&'static str),
    /// A file of secrets.
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    /// A file of secrets that nobody gives.
    #[error("{} can't be read now: {source}", path.display())]
    Stuck {
        /// The file.
        path: PathBuf,
        /// That its file system does not answer, or that the reading broke off.
        #[source]
        source: Stuck,
    },
    /// TLS can't be set up.
    #[error(transparent)]
    Setup(#[from] TransportError),
    /// Nobody answered.
    #[error("{host} {what}")]
    Unreachable {
        /// The host.
        host: String,
        /// What went wrong, without the address.
        what: String,
    },
    /// It was answered, and not taken.
    #[error("{host} refused it: {said}")]
    Refused {
        /// The host.
        host: String,
        /// The status or code, and what was said.
        said: String,
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// It takes longer than it may.
    #[error("it took longer than {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The message can't be put into a mail.
    #[error("the mail can't be written: {0}")]
    Mail(String),
    /// The command.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl NotificationError {
    /// How long the other side wants to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What came back.
    pub answer: String,
    /// Who did not get it, and why; `None` where everybody did.
    pub refused: Option<String>,
}

impl Sent {
    /// Everybody got it.
    fn whole(answer: String) -> Self {
        Self {
            answer,
            refused: None,
        }
    }
}

/// Sends messages. One a config: it keeps the connections' settings.
pub struct Sender {
    http: Http,
    clock: Arc<dyn Clock>,
}

impl Sender {
    /// A sender. `proxy` is the config's; without one the environment's is used. Nothing is opened or read yet.
    #[must_use]
    pub fn new(proxy: Option<&Proxy>, clock: Arc<dyn Clock>) -> Self {
        Self {
            http: Http::new(proxy.map(|proxy| SecretString::from(proxy.expose()))),
            clock,
        }
    }

    /// Sends one message in the channel's language, and says what came back.
    ///
    /// # Errors
    /// See [`NotificationError`]. It may have been taken all the same, if the answer was lost.
    pub async fn send(
        &self,
        notify: &Notify,
        message: &Message,
    ) -> Result<Sent, NotificationError> {
        // To wait for an equal command, which has a time limit of its own, is not this message's time.
        let _turn = match &notify.channel {
            Channel::Exec { command } => Some(crate::command::turn([command.as_slice()]).await),
            _ => None,
        };
        let message = &message.written_in(notify.lang);
        tokio::select! {
            outcome = self.through(notify, message) => outcome,
            () = self.clock.sleep(notify.timeout) => Err(NotificationError::TimedOut(notify.timeout)),
        }
    }

    async fn through(&self, notify: &Notify, message: &Message) -> Result<Sent, NotificationError> {
        let now = self.clock.now();
        let (request, judge): (Request, Judge) = match &notify.channel {
            Channel::Email(mail) => return email::send(mail, message).await,
            Channel::Exec { command } => {
                return exec::send(command, notify, message, &*self.clock)
                    .await
                    .map(Sent::whole);
            }
            Channel::Webhook {
                url,
                secret,
                allow_http,
            } => (
                webhook::request(
                    address(url, *allow_http).await?,
                    optional(secret).await?,
                    now,
                    message,
                ),
                webhook::judge,
            ),
            Channel::WeCom { url } => (
                wecom::request(address(url, false).await?, message),
                wecom::judge,
            ),
            Channel::DingTalk { url, secret } => (
                dingtalk::request(
                    address(url, false).await?,
                    optional(secret).await?,
                    now,
                    message,
                ),
                dingtalk::judge,
            ),
            Channel::Feishu { url, secret } => (
                feishu::request(
                    address(url, false).await?,
                    optional(secret).await?,
                    now,
                    message,
                ),
                feishu::judge,
            ),
            Channel::Slack { url } => (
                slack::request(address(url, false).await?, message),
                slack::judge,
            ),
            Channel::Telegram {
                url,
                token,
                chat_id,
            } => (
                telegram::request(
                    &address(url, false).await?,
                    &expose(token).await?,
                    chat_id,
                    message,
                )?,
                telegram::judge,
            ),
        };
        let allow_http = matches!(
            notify.channel,
            Channel::Webhook {
                allow_http: true,
                ..
            }
        );
        let url = request.url.clone();
        let answer = self.http.send(request, allow_http).await?;
        judge(&answer).map_err(|(said, retry_after)| NotificationError::Refused {
            host: answer.host.clone(),
            said: without_secrets(said, &url),
            retry_after: retry_after.or(answer.retry_after),
        })?;
        Ok(Sent::whole(format!(
            "{} answered {}",
            answer.host, answer.status
        )))
    }

    /// Tells the dead man's switch that all is well.
    ///
    /// # Errors
    /// See [`NotificationError`].
    pub async fn ping(&self, dead_man: &DeadMan) -> Result<(), NotificationError> {
        const PATIENCE: Duration = Duration::from_secs(15);
        let ping = async {
            let request = Request::get(address(&dead_man.url, dead_man.allow_http).await?);
            let answer = self.http.send(request, dead_man.allow_http).await?;
            webhook::judge(&answer).map_err(|(said, retry_after)| NotificationError::Refused {
                host: answer.host.clone(),
                said,
                retry_after,
            })
        };
        tokio::select! {
            outcome = ping => outcome,
            () = self.clock.sleep(PATIENCE) => Err(NotificationError::TimedOut(PATIENCE)),
        }
    }
}

/// A refusal: what was said, and how long to wait, if it was said.
type Refusal = (String, Option<Duration>);

/// Tells whether an answer means that the message was taken.
type Judge = fn(&Answer) -> Result<(), Refusal>;

/// What goes on the wire.
struct Request {
    url: Url,
    headers: Vec<(&'static str, String)>,
    /// JSON, posted; `None` asks with GET.
    body: Option<Vec<u8>>,
}

impl Request {
    fn get(url: Url) -> Self {
        Self {
            url,
            headers: Vec::new(),
            body: None,
        }
    }

    fn json(url: Url, value: &serde_json::Value) -> Self {
        Self {
            url,
            headers: Vec::new(),
            body: Some(value.to_string().into_bytes()),
        }
    }
}

async fn address(url: &Secret, allow_http: bool) -> Result<Url, NotificationError> {
    let text = expose(url).await?;
    check_url(text.expose_secret(), allow_http).map_err(NotificationError::Address)
}

/// How long a file of a secret may take. One that takes longer does not answer: its file system is out of reach, say.
const LONGEST_READING: Duration = Duration::from_secs(5);

/// So many threads read one file, those that hang among them.
const READERS: usize = 2;

/// The secret itself. A file of its own holds it in its first line.
async fn expose(secret: &Secret) -> Result<SecretString, NotificationError> {
    match secret {
        Secret::Here(secret) => Ok(secret.clone()),
        Secret::File(path) => {
            let (wanted, clock) = (path.clone(), SystemClock::new());
            let read = move || secret_file::read(&wanted);
            let text = off_the_runtime(path, READERS, &clock, LONGEST_READING, read)
                .await
                .map_err(|source| NotificationError::Stuck {
                    path: path.clone(),
                    source,
                })??;
            let first = text.expose_secret().lines().next().unwrap_or_default();
            Ok(SecretString::from(first.trim()))
        }
    }
}

async fn optional(secret: &Option<Secret>) -> Result<Option<SecretString>, NotificationError> {
    match secret {
        Some(secret) => expose(secret).await.map(Some),
        None => Ok(None),
    }
}

/// HMAC-SHA256. A key may have any length, so this can't fail.
fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

/// Milliseconds or seconds of the moment a request is signed.
fn seconds(now: DateTime<Utc>) -> i64 {
    now.timestamp()
}

/// Status 200 and a code in JSON: what the Chinese services answer. Anything but 0 is a refusal, and so is no code.
fn answered_code(answer: &Answer, codes: &[&str], words: &str) -> Result<(), Refusal> {
    let said = answer.json();
    let code = codes.iter().find_map(|name| said[*name].as_i64());
    match code {
        Some(0) if answer.is_good() => Ok(()),
        Some(code) => {
            let words = said[words].as_str().unwrap_or_default();
            let words = shortened(words);
            Err((
                match words.is_empty() {
                    true => format!("its answer has code {code}"),
                    false => format!("its answer has code {code}: {words}"),
                },
                None,
            ))
        }
        None => Err((format!("{}, and no code in it", answer.words()), None)),
    }
}

/// What was said, without what it may repeat of the address: tokens are parts of the path or values of the query.
fn without_secrets(said: String, url: &Url) -> String {
    const SHORTEST: usize = 6;
    let path = url.path_segments().into_iter().flatten();
    let query = url.query_pairs().map(|(_, value)| value.into_owned());
    let mut parts: Vec<String> = path.map(str::to_owned).chain(query).collect();
    parts.retain(|part| part.len() >= SHORTEST);
    // The longest first: one may be a part of another.
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
        .iter()
        .fold(said, |said, part| said.replace(part, "…"))
}

/// What somebody else said, on one line and short.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 200;
    crate::text::plain_up_to(text, SHOWN)
}

#[cfg(test)]
mod tests;
