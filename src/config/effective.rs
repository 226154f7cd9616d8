//! A config as it works, in plain words and without its secrets: what an edit is compared with, and what a support
//! bundle shows.
//!
//! Every setting is there, the defaults too. Of a secret there is a mark of sixteen bits: enough to notice that it
//! changed, too few to guess it from. The same holds for the arguments of commands, which may hold secrets. The types
//! are taken apart without `..`, so that a new setting can't be forgotten here.

mod entry;
mod notify;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::certificate::hex;
use super::duration::written;
use super::http::Http;
use super::settings::{Api, Log, LogFormat, Schedule};
use super::{Account, Config};

/// The settings of one table by their keys.
type Settings = BTreeMap<String, String>;

/// A config as it works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// What belongs to no certificate, by its key: `schedule.poll`, `accounts.default.free_limit`.
    pub settings: BTreeMap<String, String>,
    /// The certificates by their names, each with its settings by their keys.
    pub certificates: BTreeMap<String, BTreeMap<String, String>>,
}

/// One setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key.
    pub key: String,
    /// What it was; `None` where it was not set.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(
            f,
            "{}: {} → {}",
            self.key,
            shown(&self.old),
            shown(&self.new)
        )
    }
}

/// How two configs differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Settings that belong to no certificate.
    pub settings: Vec<Change>,
    /// Certificates that only the newer one names.
    pub added: Vec<String>,
    /// Certificates that only the older one names.
    pub removed: Vec<String>,
    /// Certificates of both, with what differs.
    pub changed: Vec<(String, Vec<Change>)>,
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Effective {
    /// The effective form of a config.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        // What stands where, and what the sandbox pretends, is no setting.
        let Config {
            path: _,
            state_dir,
            schedule,
            api,
            accounts,
            certificates,
            http,
            log,
            notifications,
            pretend: _,
        } = config;
        let mut settings = Table::default();
        settings.set("state_dir", path(state_dir));
        set_schedule(&mut settings, schedule);
        set_api(&mut settings, api);
        set_http(&mut settings, http);
        set_log(&mut settings, log);
        notify::set(&mut settings, notifications);
        for account in accounts.values() {
            set_account(&mut settings, account);
        }
        Self {
            settings: settings.0,
            certificates: certificates
                .iter()
                .map(|certificate| (certificate.domain.clone(), entry::settings(certificate)))
                .collect(),
        }
    }

    /// How a newer config differs from this one.
    #[must_use]
    pub fn diff(&self, newer: &Self) -> Diff {
        let only = |one: &Self, other: &Self| -> Vec<String> {
            let names = one.certificates.keys();
            names
                .filter(|name| !other.certificates.contains_key(*name))
                .cloned()
                .collect()
        };
        let changed = self.certificates.iter().filter_map(|(name, old)| {
            let changes = changes(old, newer.certificates.get(name)?);
            (!changes.is_empty()).then(|| (name.clone(), changes))
        });
        Diff {
            settings: changes(&self.settings, &newer.settings),
            added: only(newer, self),
            removed: only(self, newer),
            changed: changed.collect(),
        }
    }
}

fn changes(old: &Settings, new: &Settings) -> Vec<Change> {
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| Change {
            key: key.clone(),
            old: old.get(key).cloned(),
            new: new.get(key).cloned(),
        })
        .collect()
}

/// Settings under way.
#[derive(Default)]
struct Table(Settings);

impl Table {
    fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Only where it is set.
    fn some(&mut self, key: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    fn secret(&mut self, key: &str, value: Option<&SecretString>) {
        self.some(
            key,
            value.map(|value| format!("(secret {})", mark(key, value.expose_secret()))),
        );
    }
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Sixteen bits of a digest.
fn mark(what: &str, value: &str) -> String {
    let mut digest = Sha256::new_with_prefix(what);
    digest.update([0]);
    digest.update(value);
    let mut text = hex(&digest.finalize());
    text.truncate(4);
    text
}

/// The program by its name; of its arguments only how many there are.
fn command(argv: &[String]) -> String {
    let Some((program, arguments)) = argv.split_first() else {
        return String::new();
    };
    match arguments.len() {
        0 => program.clone(),
        count => {
            let words = if count == 1 { "argument" } else { "arguments" };
            let mark = mark("command", &format!("{arguments:?}"));
            format!("{program} ({count} {words}, {mark})")
        }
    }
}

fn set_schedule(settings: &mut Table, schedule: &Schedule) {
    let Schedule {
        check,
        renew_before,
        poll,
        jitter,
        heartbeat,
    } = schedule;
    settings.set("schedule.check", check.as_str());
    for (key, value) in [
        ("schedule.renew_before", renew_before),
        ("schedule.poll", poll),
        ("schedule.jitter", jitter),
        ("schedule.heartbeat", heartbeat),
    ] {
        settings.set(key, written(*value));
    }
}

fn set_api(settings: &mut Table, api: &Api) {
    let Api {
        requests_per_second,
        timeout,
        proxy,
    } = api;
    settings.set("api.requests_per_second", requests_per_second.to_string());
    settings.set("api.timeout", written(*timeout));
    settings.some(
        "api.proxy",
        proxy.as_ref().map(|proxy| match proxy.has_password() {
            true => format!(
                "{proxy} (with a password, {})",
                mark("proxy", proxy.expose())
            ),
            false => proxy.to_string(),
        }),
    );
}

fn set_http(table: &mut Table, http: &Http) {
    let Http {
        listen,
        hosts,
        textfile,
    } = http;
    let listen = listen.map(|address| address.to_string());
    table.set("http.listen", listen.unwrap_or_default());
    table.set("http.hosts", hosts.join(", "));
    table.some("http.textfile", textfile.as_deref().map(path));
}

fn set_log(settings: &mut Table, log: &Log) {
    let Log { format, level } = log;
    let format = match format {
        LogFormat::Auto => "auto",
        LogFormat::Json => "json",
        LogFormat::Pretty => "pretty",
        LogFormat::Journald => "journald",
    };
    settings.set("log.format", format);
    settings.set("log.level", level.as_str());
}

fn set_account(settings: &mut Table, account: &Account) {
    let Account {
        name,
        endpoint,
        secret_id,
        secret_key,
        secret_key_file,
        secret_id_file,
        token,
        free_limit,
        domain_limit,
        tidy,
    } = account;
    let mut table = Table::default();
    table.set("endpoint", endpoint.as_str());
    // The id is no secret, but its place is often given the key by mistake.
    let secret_id = secret_id.clone().map(SecretString::from);
    table.secret("secret_id", secret_id.as_ref());
    table.secret("secret_key", secret_key.as_ref());
    table.secret("token", token.as_ref());
    table.some("secret_id_file", secret_id_file.as_deref().map(path));
    table.some("secret_key_file", secret_key_file.as_deref().map(path));
    table.set("free_limit", free_limit.to_string());
    table.set("domain_limit", domain_limit.to_string());
    table.set("tidy", tidy.to_string());
    for (key, value) in table.0 {
        settings.set(&format!("accounts.{name}.{key}"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn effective(text: &str) -> Effective {
        Effective::of(&parse(text, None).unwrap().config)
    }

    #[test]
    fn an_edit_is_told_by_names_and_keys() {
        let old = effective(
            "[[certificates]]\ndomain = \"a.com\"\n[[certificates]]\ndomain = \"b.com\"\n",
        );
        let new = effective(
            "[schedule]\npoll = \"1m\"\n[[certificates]]\ndomain = \"b.com\"\nkey = \"ECC\"\nverify = \"b.com:443\"\n\
             [[certificates]]\ndomain = \"c.com\"\n",
        );
        let diff = old.diff(&new);
        assert_eq!(diff.added, ["c.com"]);
        assert_eq!(diff.removed, ["a.com"]);
        let (name, changes) = &diff.changed[0];
        assert_eq!(name, "b.com");
        let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["key", "verify"]);
        assert_eq!(diff.settings[0].to_string(), "schedule.poll: 30s → 1m");
        assert!(new.diff(&new).is_empty());
    }

    #[test]
    fn secrets_and_arguments_are_marked_and_not_shown() {
        let text = |key: &str| {
            format!(
                "[accounts.default]\nsecret_id = \"AKIDabc\"\nsecret_key = \"{key}\"\n\
                 [api]\nproxy = \"http://user:Pw9Proxy@proxy.internal:3128\"\n\
                 [[certificates]]\ndomain = \"a.com\"\ncsr_key_password = \"Pw9Jks\"\n\
                 [certificates.hooks]\ndeploy = [[\"/bin/push\", \"--token\", \"Pw9Hook\"]]\n"
            )
        };
        let (one, other) = (effective(&text("Key9One")), effective(&text("Key9Two")));
        let shown = serde_json::to_string(&one).unwrap();
        for secret in ["Key9One", "AKIDabc", "Pw9Proxy", "Pw9Jks", "Pw9Hook"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("/bin/push (2 arguments"), "{shown}");
        let diff = one.diff(&other);
        assert_eq!(diff.settings.len(), 1, "{diff:?}");
        assert_eq!(diff.settings[0].key, "accounts.default.secret_key");
    }

    #[test]
    fn it_comes_back_from_the_record_as_it_was() {
        let one = effective(crate::config::EXAMPLE);
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Effective>(&text).unwrap(), one);
    }
}
