//! A config as it works, in plain words and without its secrets: what an edit is compared with, and what a support
//! bundle shows.
//!
//! Every setting is there, the defaults too. Of a secret there is a mark of sixteen bits: enough to notice that it
//! changed, too few to guess it from. The same holds for the arguments of commands, which may hold secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::loading::Config;
use super::schema::Holds;
use super::value::{Settings as _, Shown, Value};

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
            fleet,
            certificates,
            http,
            log,
            notifications,
            pretend: _,
        } = config;
        let mut shown = Shown::new();
        state_dir.show("state_dir", Holds::Open, &mut shown);
        schedule.show_each("schedule.", &mut shown);
        api.show_each("api.", &mut shown);
        if let Some(fleet) = fleet {
            fleet.show_each("fleet.", &mut shown);
        }
        http.show_each("http.", &mut shown);
        log.show_each("log.", &mut shown);
        notifications.show(&mut shown);
        for account in accounts.values() {
            let mut own = Shown::new();
            account.show_each("", &mut own);
            let name = &account.name;
            let own = own.into_iter();
            shown.extend(own.map(|(key, value)| (format!("accounts.{name}.{key}"), value)));
        }
        let of = |certificate: &Certificate| {
            let mut own = Shown::new();
            certificate.show_each("", &mut own);
            (certificate.domain.clone(), own.into_iter().collect())
        };
        Self {
            settings: shown.into_iter().collect(),
            certificates: certificates.iter().map(of).collect(),
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
        let change = Change {
            key: "schedule.poll".to_owned(),
            old: Some("30s".to_owned()),
            new: Some("1m".to_owned()),
        };
        assert_eq!(diff.settings[0], change);
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
