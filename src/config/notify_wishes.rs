//! Reading `[[notify]]` and `[notifications]`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::account::{Setting, secret_file};
use super::mistake::{Fault, Place, quoted};
use super::notify::{
    Channel, DeadMan, DigestPace, Mail, MailTls, Notifications, Notify, Secret, Topic, check_url,
};
use super::reader::{Table, describe};
use super::schema::{NOTIFICATIONS, NOTIFY};
use super::settings::unknown_choice;
use super::target_wishes::{check_address, command, texts};

const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(120);

/// How long one message may take unless it is set.
const USUAL_TIMEOUT: Duration = Duration::from_secs(15);

/// Where Telegram's API is (core.telegram.org/bots/api).
const TELEGRAM: &str = "https://api.telegram.org";

/// The types, and what each needs and takes besides `type`, `name`, `on`, `digest` and `timeout`.
const TYPES: &[(&str, &[&str], &[&str])] = &[
    ("webhook", &["url"], &["secret", "allow_http"]),
    ("wecom", &["url"], &[]),
    ("dingtalk", &["url"], &["secret"]),
    ("feishu", &["url"], &["secret"]),
    ("slack", &["url"], &[]),
    ("telegram", &["token", "chat_id"], &["url"]),
    (
        "email",
        &["server", "from", "to"],
        &["tls", "user", "password"],
    ),
    ("exec", &["command"], &[]),
];

/// Keys that only some types take. `url`, `secret`, `token` and `password` may each be a file instead.
const SPECIAL: &[&str] = &[
    "url",
    "secret",
    "token",
    "password",
    "allow_http",
    "chat_id",
    "server",
    "tls",
    "user",
    "from",
    "to",
    "command",
];

/// Reads both.
pub(super) fn read(top: &Table<'_>, setting: &Setting<'_>) -> Notifications {
    let dead_man = top
        .table("notifications", &NOTIFICATIONS)
        .and_then(|table| {
            let allow_http = table.boolean("allow_http").unwrap_or(false);
            let url = url(&table, "dead_man", allow_http, setting)?;
            Some(DeadMan { url, allow_http })
        });
    Notifications {
        channels: channels(top, setting),
        dead_man,
    }
}

fn channels(top: &Table<'_>, setting: &Setting<'_>) -> Vec<Notify> {
    let Some(value) = top.value("notify") else {
        return Vec::new();
    };
    let DeValue::Array(entries) = value.get_ref() else {
        top.wrong_type("notify", value);
        return Vec::new();
    };
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    let mut found = Vec::new();
    for entry in entries.iter() {
        let DeValue::Table(keys) = entry.get_ref() else {
            let message = format!(
                "a channel must be a table, not {}",
                describe(entry.get_ref())
            );
            let help = "write [[notify]] and type = \"webhook\" under it".to_owned();
            top.source.mistake(&entry.span(), message, help);
            continue;
        };
        let table = Table::new(top.source, &NOTIFY, keys, entry.span());
        let Some(notify) = one(&table, setting) else {
            continue;
        };
        let place = top.source.place(table.at.start);
        match names.get(&notify.name) {
            Some(first) => {
                let message = format!(
                    "there is a channel {} at {first} already",
                    quoted(&notify.name)
                );
                let help = "give each a name of its own: name = \"team\"".to_owned();
                table.source.mistake(&table.span_of("name"), message, help);
            }
            None => {
                names.insert(notify.name.clone(), place);
                found.push(notify);
            }
        }
    }
    found
}

fn one(table: &Table<'_>, setting: &Setting<'_>) -> Option<Notify> {
    let kinds: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
    if !table.has("type") {
        let help = format!("add type = \"webhook\"; it is one of {}", kinds.join(", "));
        table
            .source
            .missing(&table.at, "this channel has no `type`", help);
        return None;
    }
    let (kind, needed, optional) = table.checked("type", |text| {
        let known = TYPES.iter().find(|(name, ..)| *name == text);
        known
            .copied()
            .ok_or_else(|| unknown_choice("type", text, &kinds))
    })?;
    let complete = fits(table, kind, needed, optional);
    let name = table.checked("name", check_name);
    let on = topics(table);
    let digest = table.checked("digest", |text| match text {
        "daily" => Ok(DigestPace::Daily),
        "weekly" => Ok(DigestPace::Weekly),
        _ => Err(unknown_choice("digest", text, &["daily", "weekly"])),
    });
    let timeout = table.duration("timeout", 's', &TIMEOUT);
    let channel = channel(table, kind, setting)?;
    complete.then(|| Notify {
        name: name.unwrap_or_else(|| kind.to_owned()),
        on,
        digest,
        timeout: timeout.unwrap_or(USUAL_TIMEOUT),
        channel,
    })
}

/// Notes keys that the type lacks or has no use for.
fn fits(table: &Table<'_>, kind: &str, needed: &[&str], optional: &[&str]) -> bool {
    let mut complete = true;
    for key in SPECIAL {
        let forms = spellings(key);
        let used: Vec<&&str> = forms.iter().filter(|form| table.has(form)).collect();
        if !needed.contains(key) && !optional.contains(key) {
            for form in used {
                let message = format!("`{form}` has no meaning for type \"{kind}\"");
                let help = format!("it takes {}", [needed, optional].concat().join(", "));
                table.source.mistake(&table.span_of(form), message, help);
                complete = false;
            }
        } else if needed.contains(key) && used.is_empty() {
            let message = format!("type \"{kind}\" needs `{key}`");
            let help = match forms.get(1) {
                Some(file) => format!("give it, or `{file}` with the path of a file that holds it"),
                None => "add it".to_owned(),
            };
            table.source.missing(&table.at, message, help);
            complete = false;
        }
    }
    complete
}

fn spellings(key: &&'static str) -> Vec<&'static str> {
    match *key {
        "url" => vec!["url", "url_file"],
        "secret" => vec!["secret", "secret_file"],
        "token" => vec!["token", "token_file"],
        "password" => vec!["password", "password_file"],
        other => vec![other],
    }
}

fn channel(table: &Table<'_>, kind: &str, setting: &Setting<'_>) -> Option<Channel> {
    let allow_http = table.has("allow_http") && table.boolean("allow_http").unwrap_or(false);
    let address = || url(table, "url", allow_http, setting);
    let sealed = || secret(table, "secret", setting);
    Some(match kind {
        "webhook" => {
            let (url, secret) = (address(), sealed());
            Channel::Webhook {
                url: url?,
                secret,
                allow_http,
            }
        }
        "wecom" => Channel::WeCom { url: address()? },
        "dingtalk" => {
            let (url, secret) = (address(), sealed());
            Channel::DingTalk { url: url?, secret }
        }
        "feishu" => {
            let (url, secret) = (address(), sealed());
            Channel::Feishu { url: url?, secret }
        }
        "slack" => Channel::Slack { url: address()? },
        "telegram" => {
            let api = address().unwrap_or_else(|| Secret::Here(TELEGRAM.into()));
            let token = secret(table, "token", setting);
            let chat_id = table.checked("chat_id", check_line("chat_id"));
            Channel::Telegram {
                api,
                token: token?,
                chat_id: chat_id?,
            }
        }
        "email" => Channel::Email(mail(table, setting)?),
        _ => Channel::Exec {
            command: command(table, "command")?,
        },
    })
}

fn mail(table: &Table<'_>, setting: &Setting<'_>) -> Option<Mail> {
    let server = table.checked("server", check_address);
    let tls = table.checked("tls", |text| match text {
        "tls" => Ok(MailTls::Tls),
        "starttls" => Ok(MailTls::StartTls),
        "none" => Ok(MailTls::None),
        _ => Err(unknown_choice("tls", text, &["starttls", "tls", "none"])),
    });
    let user = table.checked("user", check_line("user"));
    let password = secret(table, "password", setting);
    if user.is_some() != password.is_some() {
        table.source.missing(
            &table.at,
            "`user` and a password go together",
            "give both, or neither where the server wants no login",
        );
    }
    let from = table.checked("from", |text| check_mail("from", text));
    let to = texts(table, "to", |text| check_mail("to", text));
    if table.has("to") && to.is_empty() {
        table.source.missing(
            &table.span_of("to"),
            "`to` names nobody",
            "name at least one address",
        );
    }
    let (host, port) = server?;
    let usual = if port == 465 {
        MailTls::Tls
    } else {
        MailTls::StartTls
    };
    let tls = tls.unwrap_or(usual);
    let here = host == "localhost"
        || host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if tls == MailTls::None && !here {
        table.source.mistake(
            &table.span_of("tls"),
            "mail without TLS is for a server on this machine only",
            "write tls = \"starttls\"".to_owned(),
        );
    }
    Some(Mail {
        host,
        port,
        tls,
        user,
        password,
        from: from?,
        to,
    })
}

fn topics(table: &Table<'_>) -> Vec<Topic> {
    if !table.has("on") {
        return Topic::ALL.to_vec();
    }
    let names: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
    let mut topics = texts(table, "on", |text| {
        Topic::from_name(text).ok_or_else(|| unknown_choice("on", text, &names))
    });
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// A secret under `key`, or in the file that `key_file` names.
fn secret(table: &Table<'_>, key: &str, setting: &Setting<'_>) -> Option<Secret> {
    let file = format!("{key}_file");
    both(table, key, &file);
    setting.check_inline_secret(table, key);
    match table.secret(key) {
        Some(secret) => Some(Secret::Here(secret)),
        None => secret_file(table, &file, setting).map(Secret::File),
    }
}

/// An address, which is a secret too. What is wrong with it is said without showing it.
fn url(table: &Table<'_>, key: &str, allow_http: bool, setting: &Setting<'_>) -> Option<Secret> {
    let file = format!("{key}_file");
    both(table, key, &file);
    let Some(text) = table.text(key) else {
        return secret_file(table, &file, setting).map(Secret::File);
    };
    if let Err(what) = check_url(text.value, allow_http) {
        let help = "copy it again; it is not shown here, since it may hold a token".to_owned();
        table
            .source
            .mistake(&text.at, format!("the address in `{key}` {what}"), help);
        return None;
    }
    // Some addresses hold no token, so this is a word and no mistake.
    if let Some(path) = setting.open_to_others {
        table.source.warning(
            &text.at,
            format!("`{key}` may hold a token, and this file is open to others than its owner"),
            format!(
                "chmod 600 {}, or use `{file}`",
                super::mistake::printable(path)
            ),
        );
    }
    table.secret(key).map(Secret::Here)
}

fn both(table: &Table<'_>, key: &str, file: &str) {
    if table.has(key) && table.has(file) {
        let message = format!("both `{key}` and `{file}` are given");
        let help = "keep one of the two".to_owned();
        table.source.mistake(&table.span_of(file), message, help);
    }
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

fn check_line(key: &'static str) -> impl Fn(&str) -> Result<String, Fault> {
    move |text| {
        if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
            return Err(Fault::new(
                format!("`{key}` is empty, too long or not one line"),
                "write it again",
            ));
        }
        Ok(text.to_owned())
    }
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
