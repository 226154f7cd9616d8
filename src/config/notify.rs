//! Who is told of what happens, and how: what `[[notify]]` and `[notifications]` mean.
//!
//! The address of a webhook mostly holds the token that lets one write to it, so every address here is a secret.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

/// What a channel can be told of: the words of `on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A new certificate is in use.
    Renewed,
    /// Something fails for a certificate, or it waits for its operator.
    Failed,
    /// A certificate comes near its end, or has ended.
    Expiring,
    /// No free certificate is left.
    Quota,
    /// An account is refused, or the clocks differ.
    Account,
    /// A proof of control has to be put up, or taken down, by hand.
    Validation,
    /// Installed, bound and served are not the same.
    Drift,
    /// Somebody else orders for the same name.
    Conflict,
    /// A changed config was refused.
    Config,
}

impl Topic {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Renewed,
        Self::Failed,
        Self::Expiring,
        Self::Quota,
        Self::Account,
        Self::Validation,
        Self::Drift,
        Self::Conflict,
        Self::Config,
    ];

    /// The config's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Failed => "failed",
            Self::Expiring => "expiring",
            Self::Quota => "quota",
            Self::Account => "account",
            Self::Validation => "validation",
            Self::Drift => "drift",
            Self::Conflict => "conflict",
            Self::Config => "config",
        }
    }

    /// The topic of this word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// How often a summary is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestPace {
    /// Each morning.
    Daily,
    /// Each Monday morning.
    Weekly,
}

impl DigestPace {
    /// The config's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// A secret, or the file that holds it.
#[derive(Clone, Debug)]
pub enum Secret {
    /// As it stands in the config.
    Here(SecretString),
    /// In a file of its own, read each time it is needed.
    File(PathBuf),
}

/// How mail gets to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the start (port 465).
    Tls,
    /// Plain, then turned to TLS; never without it (port 587).
    StartTls,
    /// Plain: to this machine only.
    None,
}

impl MailTls {
    /// The config's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }
}

/// `type = "email"`.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS.
    pub tls: MailTls,
    /// Who logs in, where one has to.
    pub user: Option<String>,
    /// With this.
    pub password: Option<Secret>,
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
}

/// Where a channel leads.
#[derive(Clone, Debug)]
pub enum Channel {
    /// JSON to an address.
    Webhook {
        /// Where to.
        url: Secret,
        /// What it is signed with.
        secret: Option<Secret>,
        /// Whether plain http to a private network will do.
        allow_http: bool,
    },
    /// A group robot of WeCom.
    WeCom {
        /// Its webhook.
        url: Secret,
    },
    /// A group robot of DingTalk.
    DingTalk {
        /// Its webhook.
        url: Secret,
        /// The secret of its signature.
        secret: Option<Secret>,
    },
    /// A custom bot of Feishu or Lark.
    Feishu {
        /// Its webhook.
        url: Secret,
        /// The secret of its signature.
        secret: Option<Secret>,
    },
    /// An incoming webhook of Slack.
    Slack {
        /// The webhook.
        url: Secret,
    },
    /// A bot of Telegram.
    Telegram {
        /// Where its API is.
        api: Secret,
        /// The bot's token.
        token: Secret,
        /// The chat it writes to.
        chat_id: String,
    },
    /// Mail.
    Email(Mail),
    /// A command of the operator's.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
}

impl Channel {
    /// The config's word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::WeCom { .. } => "wecom",
            Self::DingTalk { .. } => "dingtalk",
            Self::Feishu { .. } => "feishu",
            Self::Slack { .. } => "slack",
            Self::Telegram { .. } => "telegram",
            Self::Email(_) => "email",
            Self::Exec { .. } => "exec",
        }
    }
}

/// One `[[notify]]`.
#[derive(Clone, Debug)]
pub struct Notify {
    /// Its name in logs and in the database: unique.
    pub name: String,
    /// What it is told of.
    pub on: Vec<Topic>,
    /// How often it gets a summary.
    pub digest: Option<DigestPace>,
    /// How long one message may take.
    pub timeout: Duration,
    /// Where it leads.
    pub channel: Channel,
}

/// `[[notify]]` and `[notifications]` together.
#[derive(Clone, Debug, Default)]
pub struct Notifications {
    /// The channels.
    pub channels: Vec<Notify>,
    /// Asked after each good pass.
    pub dead_man: Option<DeadMan>,
}

/// What raises an alarm when it is not asked.
#[derive(Clone, Debug)]
pub struct DeadMan {
    /// Its address.
    pub url: Secret,
    /// Whether plain http to a private network will do.
    pub allow_http: bool,
}

/// Checks an address that messages go to, and never shows it.
///
/// # Errors
/// What is wrong with it, as it follows on "the address".
pub fn check_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a web address")?;
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().ok();
    let here = bare == "localhost" || address.is_some_and(|address| address.is_loopback());
    match url.scheme() {
        _ if host.is_empty() => Err("names no host"),
        "https" => Ok(url),
        "http" if here => Ok(url),
        "http" if !allow_http => {
            Err("is plain http, which is for this machine, or with allow_http for private networks")
        }
        "http" if address.is_none_or(is_private) => Ok(url),
        "http" => Err("is plain http to a public address; use https"),
        _ => Err("is neither https nor http"),
    }
}

/// True for an address of this machine or of a network that the internet does not route (RFC 1918, 3927, 4193, 4291,
/// 6598).
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine_or_in_a_network_that_was_allowed() {
        for (text, allow, good) in [
            ("https://hooks.example.com/x?key=1", false, true),
            ("http://127.0.0.1:9/x", false, true),
            ("http://[::1]/x", false, true),
            ("http://localhost/x", false, true),
            ("http://10.1.2.3/x", false, false),
            ("http://10.1.2.3/x", true, true),
            ("http://[fd00::1]/x", true, true),
            ("http://alerts.internal/x", true, true),
            ("http://203.0.113.9/x", true, false),
            ("http://[::ffff:203.0.113.9]/x", true, false),
            ("ftp://example.com/", true, false),
            ("hooks.example.com/x", true, false),
        ] {
            assert_eq!(check_url(text, allow).is_ok(), good, "{text} {allow}");
        }
    }
}
