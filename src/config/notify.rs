//! Who is told of what happens, and how: `[[notify]]` and `[notifications]`.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::path::PathBuf;
use std::time::Duration;

use super::address::{HostPort, is_this_machine};
use super::commands::command;
use super::duration::seconds;
use super::mistake::{Fault, Place, quoted};
use super::nearest::unknown_choice;
use super::reader::Table;
use super::schema::{COMMAND, Holds, Key, Other, TEXT, TableSchema, key};
use super::secret::{Secret, secret, url};
use super::value::{Settings, Shown, Value, mark};
use crate::sentence::Language;

/// Where Telegram's API is (core.telegram.org/bots/api).
const TELEGRAM: &str = "https://api.telegram.org";

/// What to do about a key that is missing.
const ADD: &str = "add it";

const URL: &str = "an address in quotes, such as \"https://example.com/hook\"";

const LANGUAGES: &str = "\"en\" or \"zh\"";

const NAME: &[Key] = &[key("name", TEXT, Holds::Open)];

/// One entry of `[[notify]]`.
pub(super) static NOTIFY: TableSchema = TableSchema {
    title: "[[notify]]",
    groups: &[
        Channel::BY,
        &[NAME],
        Notify::KEYS,
        Channel::KEYS,
        Mail::KEYS,
    ],
    others: &[
        ("events", Other::Is("on")),
        ("webhook", Other::Is("url")),
        ("host", Other::Is("server")),
        ("username", Other::Is("user")),
        ("recipients", Other::Is("to")),
        ("language", Other::Is("lang")),
    ],
};

/// `[notifications]`.
pub(super) static NOTIFICATIONS: TableSchema = TableSchema {
    title: "[notifications]",
    groups: &[&[
        keys!(
            dead_man,
            sealed(
                "an address in quotes, such as \"https://example.com/ping\"",
                url
            )
        ),
        keys!(allow_http, switch()),
        keys!(lang, by(LANGUAGES, language)),
    ]],
    others: &[("language", Other::Is("lang"))],
};

words! {
    /// What a channel can be told of: the words of `on`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Topic {
        /// A new certificate is in use.
        Renewed = "renewed",
        /// Something fails for a certificate, or it waits for its operator.
        Failed = "failed",
        /// A certificate comes near its end, or has ended.
        Expiring = "expiring",
        /// No free certificate is left.
        Quota = "quota",
        /// An account is refused, or the clocks differ.
        Account = "account",
        /// A proof of control has to be put up, or taken down, by hand.
        Validation = "validation",
        /// Installed, bound and served are not the same.
        Drift = "drift",
        /// Somebody else orders for the same name.
        Conflict = "conflict",
        /// A changed config was refused.
        Config = "config",
    }
}

words! {
    /// How often a summary is sent.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum DigestPace {
        /// Each morning.
        Daily = "daily",
        /// Each Monday morning.
        Weekly = "weekly",
    }
}

words! {
    /// How mail gets to its server.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum MailTls {
        /// Plain, then turned to TLS; never without it (port 587).
        StartTls = "starttls",
        /// TLS from the start (port 465).
        Tls = "tls",
        /// Plain: to this machine only.
        None = "none",
    }
}

variant! {
    /// `type = "email"`.
    #[derive(Clone, Debug)]
    pub struct Mail {
        /// The server's name or address, and its port.
        server: HostPort => ADD,
            text("an address with its port in quotes, such as \"smtp.example.com:587\"", HostPort::parse);
        /// Whether the connection is turned to TLS; by the server's port unless set.
        tls: MailTls = MailTls::StartTls, by("\"starttls\", \"tls\" or \"none\"", tls);
        /// Who logs in, where one has to.
        user: Option<String>, by(TEXT, line);
        /// The password of that login.
        password: Option<Secret>, sealed(TEXT, secret);
        /// The sender.
        from: String => ADD, text("a mail address in quotes", |text| check_mail("from", text));
        /// The recipients.
        to: Vec<String> => ADD, by("a list of mail addresses in quotes", recipients)
            shown |to: &Vec<String>| Some(to.join(" "));
    }
}

variants! {
    /// Where a channel leads.
    #[derive(Clone, Debug)]
    pub enum Channel by "type" {
        /// JSON to an address.
        Webhook = "webhook" {
            /// The address that the JSON is posted to.
            url: Secret => ADD, sealed(URL, url);
            /// What it is signed with.
            secret: Option<Secret>, sealed(TEXT, secret);
            /// Whether plain http to a private network will do.
            allow_http: bool = false, switch();
        },
        /// A group robot of WeCom.
        WeCom = "wecom" {
            /// Its webhook.
            url: Secret => ADD, sealed(URL, url);
        },
        /// A group robot of DingTalk.
        DingTalk = "dingtalk" {
            /// Its webhook.
            url: Secret => ADD, sealed(URL, url);
            /// The secret of its signature.
            secret: Option<Secret>, sealed(TEXT, secret);
        },
        /// A custom bot of Feishu or Lark.
        Feishu = "feishu" {
            /// Its webhook.
            url: Secret => ADD, sealed(URL, url);
            /// The secret of its signature.
            secret: Option<Secret>, sealed(TEXT, secret);
        },
        /// An incoming webhook of Slack.
        Slack = "slack" {
            /// The webhook.
            url: Secret => ADD, sealed(URL, url);
        },
        /// A bot of Telegram.
        Telegram = "telegram" {
            /// Where its API is.
            url: Secret = Secret::Here(TELEGRAM.into()), sealed(URL, url);
            /// The bot's token.
            token: Secret => ADD, sealed(TEXT, secret);
            /// The chat it writes to.
            chat_id: String => ADD, by(TEXT, line);
        },
        /// Mail, by the operator's own server.
        Email(Mail) = "email",
        /// A command of the operator's.
        Exec = "exec" {
            /// Program and arguments.
            command: Vec<String> => ADD, by(COMMAND, command) [Command];
        },
    }
}

table! {
    /// One `[[notify]]`.
    #[derive(Clone, Debug)]
    pub struct Notify, raw RawNotify {
        /// What it is told of.
        on: Vec<Topic> = Topic::ALL.to_vec(), by("a list of words in quotes, such as [\"failed\"]", topics)
            shown |topics: &Vec<Topic>| Some(names(topics).join(" "));
        /// How often it gets a summary.
        digest: Option<DigestPace>, choice(DigestPace);
        /// What its messages are written in; as `[notifications]` says unless set.
        lang: Language = Language::English, by(LANGUAGES, language)
            shown |language: &Language| Some(language.name().to_owned());
        /// How long one message may take.
        timeout: Duration = Duration::from_secs(15), duration('s', seconds(1, 120));
    }
    of {
        /// Where it leads.
        pub channel: Channel,
    }
    beside {
        /// Its name in logs and in the database: unique.
        pub name: String,
    }
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

/// What an alarm's and the channels' settings are, under their keys.
impl Notifications {
    pub(super) fn show(&self, shown: &mut Shown) {
        for channel in &self.channels {
            channel.show(shown);
        }
        if let Some(DeadMan { url, allow_http }) = &self.dead_man {
            url.show("notifications.dead_man", Holds::Secret, shown);
            allow_http.show("notifications.allow_http", Holds::Open, shown);
        }
    }

    /// Adds the files of secrets that it names.
    pub(super) fn add_secret_files(&self, found: &mut BTreeSet<PathBuf>) {
        for notify in &self.channels {
            notify.add_all_secret_files(found);
        }
        if let Some(dead_man) = &self.dead_man {
            dead_man.url.add_secret_files(Holds::Secret, found);
        }
    }
}

impl Notify {
    fn show(&self, shown: &mut Shown) {
        let prefix = format!("notify.{}.", self.name);
        self.each(&mut |setting| match &self.channel {
            Channel::Exec { command } if setting.key == "command" => {
                let key = format!("{prefix}command");
                let program = command.first().map_or("", String::as_str);
                let arguments = mark(&key, &command.join("\0"));
                shown.push((key, format!("{program} (arguments {arguments})")));
            }
            _ => setting.show(&prefix, shown),
        });
    }
}

/// Reads both.
pub(super) fn read(top: &Table<'_>) -> Notifications {
    let whole = top.table("notifications", &NOTIFICATIONS);
    let defaults = RawNotify {
        lang: whole.as_ref().and_then(|table| language(table, "lang")),
        ..RawNotify::default()
    };
    let dead_man = whole.and_then(|table| {
        let allow_http = table.boolean("allow_http").unwrap_or(false);
        let url = url(&table, "dead_man")?;
        Some(DeadMan { url, allow_http })
    });
    Notifications {
        channels: channels(top, &defaults),
        dead_man,
    }
}

fn channels(top: &Table<'_>, defaults: &RawNotify) -> Vec<Notify> {
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    let mut found = Vec::new();
    let entries = top.tables(
        "notify",
        &NOTIFY,
        "a channel must be a table",
        "write [[notify]] and type = \"webhook\" under it",
    );
    for table in entries {
        let Some(notify) = channel(&table, defaults) else {
            continue;
        };
        match names.entry(notify.name.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(table.source.place(table.at.start));
                found.push(notify);
            }
            Entry::Occupied(first) => {
                let message = format!(
                    "there is a channel {} at {} already",
                    quoted(&notify.name),
                    first.get()
                );
                table.mistake(
                    "name",
                    message,
                    "give each a name of its own: name = \"team\"",
                );
            }
        }
    }
    found
}

fn channel(table: &Table<'_>, defaults: &RawNotify) -> Option<Notify> {
    let variant = Channel::VARIANTS.of(table, "channel")?;
    let complete = Channel::VARIANTS.fits(table, variant);
    let name = table.checked("name", check_name);
    let name = name.unwrap_or_else(|| variant.name.to_owned());
    let raw = RawNotify::read(Some(table));
    let channel = Channel::read(table, variant);
    if variant.name == "email" {
        check_login(table);
    }
    let notify = raw.complete(defaults, channel?, name);
    complete.then_some(notify)
}

/// A name and a password go together.
fn check_login(table: &Table<'_>) {
    let has_password = table.has("password") || table.has("password_file");
    if table.has("user") != has_password {
        table.missing(
            "`user` and a password go together",
            "give both, or neither where the server wants no login",
        );
    }
}

/// Mail's way to TLS: what is written, else what the server's port is for.
fn tls(table: &Table<'_>, key: &str) -> Option<MailTls> {
    let server = table
        .peek("server")
        .and_then(|text| HostPort::parse(text).ok());
    let Some(tls) = table.choice(key, MailTls::NAMES, MailTls::from_name) else {
        return (server?.port == 465).then_some(MailTls::Tls);
    };
    let is_elsewhere = server.is_some_and(|server| !is_this_machine(&server.host));
    if tls == MailTls::None && is_elsewhere {
        table.mistake(
            key,
            "mail without TLS is for a server on this machine only",
            "write tls = \"starttls\"",
        );
    }
    Some(tls)
}

fn language(table: &Table<'_>, key: &str) -> Option<Language> {
    let names = Language::ALL.map(Language::name);
    table.choice(key, &names, Language::from_name)
}

fn recipients(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let to = table.texts(key, |text| check_mail(key, text))?;
    if to.is_empty() {
        table.mistake(key, "`to` names nobody", "name at least one address");
    }
    Some(to)
}

fn topics(table: &Table<'_>, key: &str) -> Option<Vec<Topic>> {
    let mut topics = table.texts(key, |text| {
        Topic::from_name(text).ok_or_else(|| unknown_choice(key, text, Topic::NAMES))
    })?;
    topics.sort_unstable();
    topics.dedup();
    Some(topics)
}

fn names(topics: &[Topic]) -> Vec<&'static str> {
    topics.iter().map(|topic| topic.name()).collect()
}

fn check_name(text: &str) -> Result<String, Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{} is not a channel's name", quoted(text)),
        "use 1 to 64 letters, digits, dots, _ and -",
    ))
}

/// One line of text.
fn line(table: &Table<'_>, key: &str) -> Option<String> {
    table.checked(key, |text| {
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            return Err(Fault::new(
                format!("`{key}` is empty, too long or not one line"),
                "write it again",
            ));
        }
        Ok(text.to_owned())
    })
}

fn check_mail(key: &str, text: &str) -> Result<String, Fault> {
    text.parse::<lettre::Address>()
        .map(|address| address.to_string())
        .map_err(|_| {
            Fault::new(
                format!("{} in `{key}` is not a mail address", quoted(text)),
                "write it as \"ops@example.com\"",
            )
        })
}
