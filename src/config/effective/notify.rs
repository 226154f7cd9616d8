//! The channels, as they work and without their secrets.

use super::{Table, mark, path, written};
use crate::config::{Channel, DeadMan, Mail, Notifications, Notify, Secret};

pub(super) fn set(settings: &mut Table, notifications: &Notifications) {
    let Notifications { channels, dead_man } = notifications;
    for notify in channels {
        set_channel(settings, notify);
    }
    if let Some(DeadMan { url, allow_http }) = dead_man {
        secret(settings, "notifications.dead_man", url);
        settings.set("notifications.allow_http", allow_http.to_string());
    }
}

fn set_channel(settings: &mut Table, notify: &Notify) {
    let Notify {
        name,
        on,
        digest,
        timeout,
        channel,
    } = notify;
    let key = |part: &str| format!("notify.{name}.{part}");
    let topics: Vec<&str> = on.iter().map(|topic| topic.name()).collect();
    settings.set(&key("type"), channel.name());
    settings.set(&key("on"), topics.join(" "));
    settings.some(&key("digest"), digest.map(|pace| pace.name().to_owned()));
    settings.set(&key("timeout"), written(*timeout));
    let mut sealed = |part: &str, value: Option<&Secret>| {
        if let Some(value) = value {
            secret(settings, &key(part), value);
        }
    };
    match channel {
        Channel::Webhook {
            url,
            secret,
            allow_http,
        } => {
            sealed("url", Some(url));
            sealed("secret", secret.as_ref());
            settings.set(&key("allow_http"), allow_http.to_string());
        }
        Channel::WeCom { url } | Channel::Slack { url } => sealed("url", Some(url)),
        Channel::DingTalk { url, secret } | Channel::Feishu { url, secret } => {
            sealed("url", Some(url));
            sealed("secret", secret.as_ref());
        }
        Channel::Telegram {
            api,
            token,
            chat_id,
        } => {
            sealed("url", Some(api));
            sealed("token", Some(token));
            settings.set(&key("chat_id"), chat_id.as_str());
        }
        Channel::Email(Mail {
            host,
            port,
            tls,
            user,
            password,
            from,
            to,
        }) => {
            sealed("password", password.as_ref());
            settings.set(&key("server"), format!("{host}:{port}"));
            settings.set(&key("tls"), tls.name());
            settings.some(&key("user"), user.clone());
            settings.set(&key("from"), from.as_str());
            settings.set(&key("to"), to.join(" "));
        }
        Channel::Exec { command } => {
            let name = key("command");
            let program = command.first().map_or("", String::as_str);
            let arguments = mark(&name, &command.join("\0"));
            settings.set(&name, format!("{program} (arguments {arguments})"));
        }
    }
}

fn secret(settings: &mut Table, key: &str, value: &Secret) {
    match value {
        Secret::Here(value) => settings.secret(key, Some(value)),
        Secret::File(file) => settings.set(&format!("{key}_file"), path(file)),
    }
}
