//! Accounts: one set of credentials each, with the endpoint and the limits that go with it.
//!
//! Only what the file says is checked here. What is wrong with a file that it names is a warning. Where an account says
//! nothing, its credentials come from the other places that the manual lists; finding them is not this module's work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use toml::de::{DeTable, DeValue};

use super::address::Endpoint;
use super::files;
use super::mistake::{Fault, quoted};
use super::reader::{Table, describe};
use super::schema::ACCOUNT;
use super::source::Source;

/// The account of every certificate that names none.
pub const DEFAULT_ACCOUNT: &str = "default";

/// Free certificates an account may hold. The vendor states no number; others saw 50, so it can be set.
const FREE_LIMIT: u32 = 50;

/// Free certificates a main domain may have (Tencent Cloud, free certificates; the number has changed before).
const DOMAIN_LIMIT: u32 = 20;

/// One set of Tencent Cloud credentials with its endpoint and quota.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name in the config: `[a-z0-9_-]{1,32}`.
    pub name: String,
    /// Where the API is.
    pub endpoint: Endpoint,
    /// The `SecretId`, if the file gives it.
    pub secret_id: Option<String>,
    /// The `SecretKey`, if the file gives it.
    pub secret_key: Option<SecretString>,
    /// The file that holds the `SecretKey`.
    pub secret_key_file: Option<PathBuf>,
    /// The file that holds the `SecretId`.
    pub secret_id_file: Option<PathBuf>,
    /// The token of temporary credentials.
    pub token: Option<SecretString>,
    /// How many free certificates the account may hold.
    pub free_limit: u32,
    /// How many free certificates a main domain may have.
    pub domain_limit: u32,
    /// Whether our own failed, cancelled and expired orders are deleted.
    pub tidy: bool,
}

impl Account {
    /// The account of this name with nothing set.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            endpoint: Endpoint::default(),
            secret_id: None,
            secret_key: None,
            secret_key_file: None,
            secret_id_file: None,
            token: None,
            free_limit: FREE_LIMIT,
            domain_limit: DOMAIN_LIMIT,
            tidy: false,
        }
    }

    /// A digest of what decides whose account this is: endpoint and the names of the credentials, no secret.
    pub(super) fn identity(&self) -> [u8; 32] {
        let file = |path: &Option<PathBuf>| {
            let path = path.as_deref().unwrap_or(Path::new(""));
            path.to_string_lossy().into_owned()
        };
        let mut digest = Sha256::new();
        for part in [
            self.name.as_str(),
            self.endpoint.as_str(),
            self.secret_id.as_deref().unwrap_or_default(),
            &file(&self.secret_id_file),
            &file(&self.secret_key_file),
        ] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

/// What is done with the credentials of a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Kept, and the files that hold them looked at.
    Checked,
    /// Neither kept nor looked at: nothing is to be signed with them.
    Ignored,
}

/// What the reading of accounts needs to know about the file they are in.
pub(super) struct Setting<'s> {
    /// The folder that relative paths start from.
    pub(super) folder: Option<&'s Path>,
    /// Whether the file that is read is open to others than its owner, and its name.
    pub(super) open_to_others: Option<&'s Path>,
    /// What is done with credentials.
    pub(super) credentials: Credentials,
}

impl Setting<'_> {
    /// A path as it is used: from the config's folder, wherever the process was started.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder
            .map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    /// Notes a secret that stands in a file which others can read.
    pub(super) fn check_inline_secret(&self, table: &Table<'_>, key: &str) {
        if let Some(path) = self.open_to_others
            && self.credentials == Credentials::Checked
            && table.has(key)
        {
            table.source.mistake(
                &table.span_of(key),
                format!("`{key}` holds a secret, and this file is open to others than its owner"),
                format!(
                    "chmod 600 {}, or 0640 root:evercert with nobody else in that group, or move the secret to a file of \
                     its own",
                    super::mistake::printable(path)
                ),
            );
        }
    }
}

/// The accounts of a config, and the names of all that it mentions, be they valid or not.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// The valid ones.
    pub(super) valid: BTreeMap<String, Account>,
    /// All names, so that a certificate is not told that its account is missing when it is only wrong.
    pub(super) mentioned: BTreeSet<String>,
}

/// Reads `[accounts]`.
pub(super) fn read_all(
    source: &Source<'_>,
    accounts: &DeTable<'_>,
    setting: &Setting<'_>,
) -> Accounts {
    let mut found = Accounts::default();
    for (key, value) in accounts {
        let name = key.get_ref().as_ref();
        found.mentioned.insert(name.to_owned());
        let DeValue::Table(entries) = value.get_ref() else {
            source.mistake(
                &key.span(),
                format!(
                    "the account {} must be a table, not {}",
                    quoted(name),
                    describe(value.get_ref())
                ),
                format!("write [accounts.{DEFAULT_ACCOUNT}] and the keys under it"),
            );
            continue;
        };
        if !is_name(name) {
            source.mistake(
                &key.span(),
                format!("{} is not an account name", quoted(name)),
                "use 1 to 32 of the characters a-z, 0-9, _ and -".to_owned(),
            );
        }
        let table = Table::new(source, &ACCOUNT, entries, value.span());
        found
            .valid
            .insert(name.to_owned(), read(name, &table, setting));
    }
    found
}

/// Names are parts of file names (`$CREDENTIALS_DIRECTORY/NAME.secret_id`), hence the narrow set.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
    };
    (1..=32).contains(&name.len()) && name.bytes().all(allowed)
}

fn read(name: &str, table: &Table<'_>, setting: &Setting<'_>) -> Account {
    let count = |key: &str| {
        let number = table.integer(key, &(1..=100_000))?;
        u32::try_from(number).ok()
    };
    let plain = Account::named(name);
    let secret_id = table.checked("secret_id", check_secret_id);
    let secret_key = table.secret("secret_key");
    let token = table.secret("token");
    let secret_id_file = secret_file(table, "secret_id_file", setting);
    let secret_key_file = secret_file(table, "secret_key_file", setting);
    check_blanks_inside(table, "secret_key", secret_key.as_ref());
    check_blanks_inside(table, "token", token.as_ref());
    check_pair(table);
    setting.check_inline_secret(table, "secret_key");
    setting.check_inline_secret(table, "token");
    let mut account = Account {
        endpoint: table
            .checked("endpoint", Endpoint::parse)
            .unwrap_or_default(),
        secret_id,
        secret_key,
        secret_key_file,
        secret_id_file,
        token,
        free_limit: count("free_limit").unwrap_or(plain.free_limit),
        domain_limit: count("domain_limit").unwrap_or(plain.domain_limit),
        tidy: table.boolean("tidy").unwrap_or(plain.tidy),
        name: plain.name,
    };
    if setting.credentials == Credentials::Ignored {
        account = Account {
            endpoint: account.endpoint,
            free_limit: account.free_limit,
            domain_limit: account.domain_limit,
            tidy: account.tidy,
            ..Account::named(name)
        };
    }
    account
}

/// The id is no secret, but its place is often given the key by mistake: it is not shown either.
fn check_secret_id(id: &str) -> Result<String, Fault> {
    let help = "copy it again from the console's API keys page, without anything around it";
    if id.is_empty() {
        Err(Fault::new("`secret_id` is empty", help))
    } else if id.trim() != id {
        Err(Fault::new("`secret_id` has blanks around it", help))
    } else if id.len() > 128 || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err(Fault::new(
            "`secret_id` is longer than an id is, or has characters that none has",
            help,
        ))
    } else {
        Ok(id.to_owned())
    }
}

fn check_blanks_inside(table: &Table<'_>, key: &str, secret: Option<&SecretString>) {
    let odd = secret.is_some_and(|secret| {
        !secret
            .expose_secret()
            .bytes()
            .all(|byte| byte.is_ascii_graphic())
    });
    if odd {
        table.source.mistake(
            &table.span_of(key),
            format!("`{key}` has characters that no key has"),
            "copy it again, without anything around it".to_owned(),
        );
    }
}

/// An id needs its key and a key its id; each is given once.
fn check_pair(table: &Table<'_>) {
    let twice = |one: &str, other: &str| {
        if table.has(one) && table.has(other) {
            table.source.mistake(
                &table.span_of(other),
                format!("`{one}` and `{other}` are both set"),
                "keep one of the two".to_owned(),
            );
        }
    };
    twice("secret_id", "secret_id_file");
    twice("secret_key", "secret_key_file");
    let id = ["secret_id", "secret_id_file"]
        .into_iter()
        .find(|key| table.has(key));
    let key = ["secret_key", "secret_key_file"]
        .into_iter()
        .find(|key| table.has(key));
    let alone = |there: &str, missing: &str| {
        table.source.missing(
            &table.span_of(there),
            format!("`{there}` is set without `{missing}`"),
            format!("add `{missing}` or `{missing}_file`, or leave both out and use another source of credentials"),
        );
    };
    match (id, key) {
        (Some(there), None) => alone(there, "secret_key"),
        (None, Some(there)) => alone(there, "secret_id"),
        (None, None) if table.has("token") => alone("token", "secret_id"),
        _ => {}
    }
}

pub(super) fn secret_file(table: &Table<'_>, key: &str, setting: &Setting<'_>) -> Option<PathBuf> {
    let text = table.text(key)?;
    if text.value.is_empty() || text.value.chars().any(char::is_control) {
        let fault = Fault::new(
            format!("`{key}` is not a path"),
            "name a file that holds the secret and nothing else",
        );
        return table.accept(&text.at, Err(fault));
    }
    let path = setting.resolve(text.value);
    if setting.credentials == Credentials::Checked
        && let Err(fault) = files::check_secret_file(key, &path)
    {
        let help = fault.help.unwrap_or_default();
        table.source.warning(&text.at, fault.message, help);
    }
    Some(path)
}
