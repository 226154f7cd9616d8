//! Accounts: one set of credentials each, with the endpoint and the limits that go with it.
//!
//! Only what the file says is checked here. What is wrong with a file that it names is a warning. Where an account says
//! nothing, its credentials come from the other places that the manual lists; finding them is not this module's work.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use toml::de::DeValue;

use super::address::Endpoint;
use super::digest::Digest;
use super::mistake::{Fault, quoted};
use super::nearest::nearest;
use super::reader::{Table, describe};
use super::reading::{Credentials, Reading};
use super::schema::{FILE, Other, TEXT, TableSchema};

/// The account of every certificate that names none.
pub const DEFAULT_ACCOUNT: &str = "default";

/// `[accounts.NAME]`.
pub(super) static ACCOUNT: TableSchema = TableSchema {
    title: "[accounts.NAME]",
    groups: &[Account::KEYS],
    others: &[
        (
            "region",
            Other::Refused("the certificate service has no regions: leave it out"),
        ),
        (
            "token_file",
            Other::Refused(
                "a temporary token comes with its keys, by `token`, by systemd's credentials or by the instance role",
            ),
        ),
        ("role", Other::Is("role_arn")),
        (
            "role_session_name",
            Other::Refused("a role is always assumed as `evercert`: leave it out"),
        ),
    ],
};

table! {
    /// One set of Tencent Cloud credentials with its endpoint and quota.
    #[derive(Clone, Debug)]
    pub struct Account, raw RawAccount {
        /// Where the API is.
        endpoint: Endpoint = Endpoint::default(),
            text("an address in quotes, such as \"https://ssl.tencentcloudapi.com\"", Endpoint::parse);
        /// The `SecretId`, if the file gives it. It is no secret, but its place is often given the key by mistake.
        secret_id: Option<String>, text(TEXT, check_secret_id) [Secret];
        /// The file that holds the `SecretId`.
        secret_id_file: Option<PathBuf>, by(FILE, Table::secret_file) [SecretFile];
        /// The `SecretKey`, if the file gives it.
        secret_key: Option<SecretString>, by(TEXT, credential) [Secret];
        /// The file that holds the `SecretKey`.
        secret_key_file: Option<PathBuf>, by(FILE, Table::secret_file) [SecretFile];
        /// The token of temporary credentials.
        token: Option<SecretString>, by(TEXT, credential) [Secret];
        /// The role that is assumed with these credentials, or with those of another source: calls are signed with its
        /// temporary keys.
        role_arn: Option<String>, text("a role in quotes, such as \"qcs::cam::uin/100000000001:roleName/evercert\"", check_role_arn);
        /// What the role wants to hear beside.
        external_id: Option<String>, text(TEXT, check_external_id) [Secret];
        /// How many free certificates the account may hold. The vendor states no number; others saw 50, so it can be
        /// set.
        free_limit: u32 = 50, count(1..=100_000);
        /// How many free certificates a main domain may have (Tencent Cloud, free certificates; the number has changed
        /// before).
        domain_limit: u32 = 20, count(1..=100_000);
        /// Whether our own failed, cancelled and expired orders are deleted.
        tidy: bool = false, switch();
        /// Whether the service is asked to mail nobody any more about the end of a certificate whose cloud resources were
        /// moved to its successor.
        mute_replaced: bool = true, switch();
    }
    beside {
        /// Its name in the config: `[a-z0-9_-]{1,32}`.
        pub name: String,
    }
}

impl Account {
    /// The account of this name with nothing set.
    pub(super) fn named(name: &str) -> Self {
        RawAccount::default().complete(&RawAccount::default(), name.to_owned())
    }

    /// A digest of what decides whose account this is: endpoint and the names of the credentials, no secret.
    pub(super) fn identity(&self) -> [u8; 32] {
        let file = |path: &Option<PathBuf>| {
            let path = path
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned());
            path.unwrap_or_default()
        };
        let mut digest = Digest::new();
        digest.add(&self.name);
        digest.add(self.endpoint.as_str());
        digest.add(self.secret_id.as_deref().unwrap_or_default());
        digest.add(file(&self.secret_id_file));
        digest.add(file(&self.secret_key_file));
        if let Some(role) = &self.role_arn {
            digest.add(role);
        }
        digest.bytes()
    }
}

/// Reads `[accounts]`.
pub(super) fn read_all(top: &Table<'_>) -> BTreeMap<String, Account> {
    let mut found = BTreeMap::new();
    let Some(value) = top.value("accounts") else {
        return found;
    };
    let DeValue::Table(accounts) = value.get_ref() else {
        top.wrong_type("accounts", value);
        return found;
    };
    let source = top.source;
    let names = accounts.keys().map(|key| key.get_ref().to_string());
    // Set once: only the main file has accounts.
    source.reading.accounts.get_or_init(|| names.collect());
    for (key, value) in accounts {
        let name = key.get_ref().as_ref();
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
        found.insert(name.to_owned(), read(name, &table));
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

fn read(name: &str, table: &Table<'_>) -> Account {
    let raw = RawAccount::read(Some(table));
    let account = raw.complete(&RawAccount::default(), name.to_owned());
    check_pair(table);
    if table.has("external_id") && !table.has("role_arn") {
        table.mistake(
            "external_id",
            "`external_id` is set without `role_arn`",
            "add the `role_arn` that it belongs to, or leave it out",
        );
    }
    match table.source.reading.credentials {
        Credentials::Checked => account,
        Credentials::Ignored => Account {
            endpoint: account.endpoint,
            free_limit: account.free_limit,
            domain_limit: account.domain_limit,
            tidy: account.tidy,
            mute_replaced: account.mute_replaced,
            ..Account::named(name)
        },
    }
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

/// A role as the service describes it (official SDK, sts 3.0.1459, AssumeRole):
/// `qcs::cam::uin/UIN:roleName/NAME` or `qcs::cam::uin/UIN:role/NUMBER`, and both with a part before for roles of services.
fn check_role_arn(arn: &str) -> Result<String, Fault> {
    let fits = || {
        let (uin, role) = arn.strip_prefix("qcs::cam::uin/")?.split_once(':')?;
        let (kind, name) = role.split_once('/')?;
        let name = match kind {
            "role" => name
                .strip_prefix("tencentcloudServiceRole/")
                .or_else(|| name.strip_prefix("tencentcloudServiceRoleName/"))
                .unwrap_or(name),
            "roleName" => name,
            _ => return None,
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        let is_uin = (1..=20).contains(&uin.len()) && uin.bytes().all(|b| b.is_ascii_digit());
        (is_uin && (1..=128).contains(&name.len()) && name.bytes().all(plain)).then_some(())
    };
    fits().map(|()| arn.to_owned()).ok_or_else(|| {
        Fault::new(
            format!("{} is not a role", quoted(arn)),
            "copy the RoleArn from the role's page in the console, such as \"qcs::cam::uin/100000000001:roleName/evercert\"",
        )
    })
}

/// As the service takes it: 2 to 128 letters, digits and `_+=,.@:/-`.
fn check_external_id(id: &str) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    if (2..=128).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(id.to_owned());
    }
    Err(Fault::new(
        "`external_id` is none that a role can have",
        "an external id has 2 to 128 letters, digits and characters of _+=,.@:/-",
    ))
}

/// A key or a token: a secret of characters that keys have.
fn credential(table: &Table<'_>, key: &str) -> Option<SecretString> {
    let secret = table.secret(key);
    let odd = secret.as_ref().is_some_and(|secret| {
        let mut bytes = secret.expose_secret().bytes();
        !bytes.all(|byte| byte.is_ascii_graphic())
    });
    if odd {
        let help = "copy it again, without anything around it";
        table.mistake(key, format!("`{key}` has characters that no key has"), help);
    }
    table.check_inline_secret(key);
    secret
}

/// An id needs its key and a key its id; each is given once.
fn check_pair(table: &Table<'_>) {
    let given = |key: &'static str, file: &'static str| {
        table.not_both(key, file, format!("`{key}` and `{file}` are both set"));
        [key, file].into_iter().find(|key| table.has(key))
    };
    let id = given("secret_id", "secret_id_file");
    let key = given("secret_key", "secret_key_file");
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

/// Whether the config has an account of this name. The default account needs no entry: its credentials may come from
/// elsewhere.
fn is_known(name: &str, reading: &Reading) -> bool {
    name == DEFAULT_ACCOUNT || reading.accounts.get().is_some_and(|all| all.contains(name))
}

fn unknown(name: &str, help: String) -> Fault {
    Fault::new(format!("there is no account {}", quoted(name)), help)
}

/// The name of an account that is to have the certificate.
pub(super) fn account_name(table: &Table<'_>, key: &str) -> Option<String> {
    let reading = table.source.reading;
    table.checked(key, |name| {
        if is_known(name, reading) {
            return Ok(name.to_owned());
        }
        let known = reading.accounts().chain([DEFAULT_ACCOUNT]);
        let help = match nearest(name, known) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("add [accounts.{}]", quoted(name).trim_matches('`')),
        };
        Err(unknown(name, help))
    })
}

/// The name of an account that has a zone.
pub(super) fn zone_account_name(table: &Table<'_>, key: &str) -> Option<String> {
    table.checked(key, |name| {
        if is_known(name, table.source.reading) {
            return Ok(name.to_owned());
        }
        let help = "add its table under [accounts], or leave `account` out";
        Err(unknown(name, help.to_owned()))
    })
}
