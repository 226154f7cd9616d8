//! Where a certificate goes once it is installed: copies for other servers, hooks, and the check of what is served.
//!
//! Every command is a list of arguments; a shell is never started. Paths must be absolute: a daemon has no working
//! folder that means anything.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use super::address::HostPort;
use super::cloud::{self, CLOUD, Cloud};
use super::commands::{command, commands};
use super::duration::{HOUR, seconds};
use super::identity::Identity;
use super::mistake::{Fault, quoted};
use super::reader::Table;
use super::schema::{COMMAND, COMMANDS, FILE, Holds, Other, TEXT, TableSchema};
use super::value::{Item, Settings, Shown, Value, in_one_line};

/// How long a command of the operator's may take unless it is set.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// What to do about a file that is not named.
const PATH: &str = "give the path of a file";

/// `[[certificates.install]]`.
pub(super) static INSTALL: TableSchema = TableSchema {
    title: "[[certificates.install]]",
    groups: &[Format::BY, Format::KEYS, Install::KEYS],
    others: &[
        ("fullchain", Other::Is("cert")),
        ("path", Other::Is("file")),
        ("password", Other::Is("password_file")),
        ("user", Other::Is("owner")),
    ],
};

/// `[certificates.hooks]`.
pub(super) static HOOKS: TableSchema = TableSchema {
    title: "[certificates.hooks]",
    groups: &[Hooks::KEYS],
    others: &[
        ("renew", Other::Is("deploy")),
        ("post", Other::Is("deploy")),
    ],
};

/// `verify = { … }`.
pub(super) static VERIFY: TableSchema = TableSchema {
    title: "verify",
    groups: &[Verify::KEYS],
    others: &[],
};

variants! {
    /// How a copy is written.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Format by "format" {
        /// PEM files: the certificate with its chain, or without where the chain has a file of its own; and the key.
        Pem = "pem" {
            /// Certificate and chain; the certificate alone where `chain` is set.
            cert: PathBuf => PATH, by(FILE, path);
            /// The private key.
            key: PathBuf => PATH, by(FILE, path);
            /// The chain alone.
            chain: Option<PathBuf>, by(FILE, path);
        },
        /// Certificate, chain and key in one PEM file, as haproxy reads it.
        Combined = "combined" {
            /// The file.
            file: PathBuf => PATH, by(FILE, path);
        },
        /// A PKCS#12 key store, which Java reads too.
        Pkcs12 = "pkcs12" {
            /// The file.
            file: PathBuf => PATH, by(FILE, path);
            /// The file that holds its password.
            password_file: PathBuf => PATH, by(FILE, path) [SecretFile];
            /// The entry's name in the store; the domain unless set.
            alias: Option<String>, by(TEXT, name);
        },
    }
}

impl Format {
    /// The files that it writes, in the order in which they are put in place.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Pem { cert, key, chain } => [Some(cert), chain.as_ref(), Some(key)]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path)
                .collect(),
            Self::Combined { file } | Self::Pkcs12 { file, .. } => vec![file],
        }
    }
}

table! {
    /// One `[[certificates.install]]`: copies beside the live folder, and what makes a server take them up.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Install, raw RawInstall {
        /// Whose the files are; unless set, whose they were, else the daemon's user.
        owner: Option<String>, by("the name of a user, in quotes", name);
        /// Their group.
        group: Option<String>, by("the name of a group, in quotes", name);
        /// Their mode; unless set, what it was, else 0600.
        mode: Option<u32>, text("text in quotes, such as \"0640\"", check_mode)
            shown |mode: &Option<u32>| mode.map(|mode| format!("{mode:04o}"));
        /// Whether folders that are missing are made.
        create_folders: bool = false, switch();
        /// The command that says whether the server would take the new files.
        check: Option<Vec<String>>, by(COMMAND, command) [Command];
        /// The command that makes the server take them up.
        reload: Option<Vec<String>>, by(COMMAND, command) [Command];
        /// How long each of these may take.
        timeout: Duration = COMMAND_TIMEOUT, duration('s', seconds(1, HOUR));
    }
    of {
        /// What is written, and where.
        pub format: Format,
    }
}

table! {
    /// `[certificates.hooks]`.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Hooks, raw RawHooks {
        /// Commands for each new certificate.
        deploy: Vec<Vec<String>> = Vec::new(), by(COMMANDS, commands) [Command];
        /// Commands for when something fails.
        failure: Vec<Vec<String>> = Vec::new(), by(COMMANDS, commands) [Command];
        /// How long each may take.
        timeout: Duration = COMMAND_TIMEOUT, duration('s', seconds(1, HOUR));
    }
}

words! {
    /// How a connection is turned to TLS before the certificate is shown.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum StartTls {
        /// RFC 3207.
        Smtp = "smtp",
        /// RFC 9051, 6.2.1.
        Imap = "imap",
    }
}

variant! {
    /// `verify`: what is connected to, so that what is served can be compared.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Verify {
        /// What is connected to.
        address: HostPort => "\"www.example.com:443\"",
            text("an address with its port in quotes, such as \"www.example.com:443\"", HostPort::parse);
        /// The way to TLS where it is not spoken from the start.
        starttls: Option<StartTls>, choice(StartTls);
        /// How long a server may take to show a new certificate; it follows `poll` unless set.
        patience: Option<Duration>, duration('s', seconds(1, HOUR));
    }
}

table! {
    /// All that is to be done with a certificate once it is installed.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Targets, raw RawTargets {
        /// The check of what is served.
        verify: Option<Verify>, table(
            "an address with its port in quotes, such as \"www.example.com:443\", or a table", verify, &VERIFY);
        /// Copies for other servers.
        install: Vec<Install> = Vec::new(), tables(
            "a list of tables, each under its own [[certificates.install]]", installs, &INSTALL);
        /// Commands that are run for each new certificate, and for failures.
        hooks: Hooks = Hooks::default(), table("a table under [certificates.hooks]", hooks, &HOOKS);
        /// Resources at Tencent Cloud.
        cloud: Vec<Cloud> = Vec::new(), tables(
            "a list of tables, each under its own [[certificates.cloud]]", clouds, &CLOUD);
    }
}

impl Targets {
    /// Whether anything is to be done at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.install.is_empty()
            && self.cloud.is_empty()
            && self.hooks.deploy.is_empty()
            && self.hooks.failure.is_empty()
            && self.verify.is_none()
    }
}

impl Install {
    /// A stable digest of its settings: another digest is another target.
    #[must_use]
    pub fn key(&self) -> String {
        Identity::of("install").with_all(self).key()
    }

    /// A few words for people.
    #[must_use]
    pub fn title(&self) -> String {
        let files = self.format.files();
        let first = files
            .first()
            .map_or_else(String::new, |path| path.display().to_string());
        format!("{} {first}", self.format.name())
    }

    /// Whether it needs more than the shipped unit may do: files outside the state folder, or commands.
    #[must_use]
    pub fn needs_rights(&self, state_dir: &Path) -> bool {
        let outside = self
            .format
            .files()
            .iter()
            .any(|path| !path.starts_with(state_dir));
        outside || self.check.is_some() || self.reload.is_some()
    }
}

impl Verify {
    /// A stable digest of its settings.
    #[must_use]
    pub fn key(&self) -> String {
        Identity::of("verify").with_all(self).key()
    }
}

/// A stable digest of a hook's command; `kind` is `deploy` or `failure`.
#[must_use]
pub fn hook_key(kind: &'static str, command: &[String]) -> String {
    let command = command.to_vec().text().unwrap_or_default();
    Identity::of(kind).with("command", command).key()
}

in_one_line!(Install, Verify);

impl Item for Install {}

impl Value for Hooks {
    fn show(&self, key: &str, _holds: Holds, shown: &mut Shown) {
        if !(self.deploy.is_empty() && self.failure.is_empty()) {
            self.show_each(&format!("{key}."), shown);
        }
    }
}

fn installs(table: &Table<'_>, key: &str) -> Option<Vec<Install>> {
    read_all(table, key, &INSTALL, install)
}

fn clouds(table: &Table<'_>, key: &str) -> Option<Vec<Cloud>> {
    read_all(table, key, &CLOUD, cloud::read)
}

/// The targets of a list; none is the same as no list.
fn read_all<T>(
    table: &Table<'_>,
    key: &str,
    schema: &'static TableSchema,
    read: impl Fn(&Table<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let (what, help) = (
        format!("`{key}` must hold tables"),
        format!("write [[certificates.{key}]]"),
    );
    let tables = table.tables(key, schema, &what, &help).into_iter();
    let targets: Vec<T> = tables.filter_map(|table| read(&table)).collect();
    (!targets.is_empty()).then_some(targets)
}

fn install(table: &Table<'_>) -> Option<Install> {
    let raw = RawInstall::read(Some(table));
    let variant = Format::VARIANTS.of(table, "target")?;
    Format::VARIANTS.fits(table, variant);
    let install = raw.complete(&RawInstall::default(), Format::read(table, variant)?);
    let mut files = install.format.files();
    files.sort_unstable();
    if files.windows(2).any(|pair| pair[0] == pair[1]) {
        table.missing(
            "two of its files are the same path",
            "give each a path of its own, or use format = \"combined\"",
        );
        return None;
    }
    Some(install)
}

fn hooks(table: &Table<'_>, key: &str) -> Option<Hooks> {
    let table = table.table(key, &HOOKS)?;
    Some(RawHooks::read(Some(&table)).complete(&RawHooks::default()))
}

/// `"host:port"`, or a table with more about it.
fn verify(table: &Table<'_>, key: &str) -> Option<Verify> {
    if let DeValue::String(_) = table.value(key)?.get_ref() {
        return Some(Verify {
            address: table.checked(key, HostPort::parse)?,
            starttls: None,
            patience: None,
        });
    }
    let table = table.table(key, &VERIFY)?;
    for takes in Verify::TAKES {
        if let Some(example) = takes.needed
            && !table.has(takes.key)
        {
            let message = format!("this `verify` has no `{}`", takes.key);
            table.missing(message, format!("write {} = {example}", takes.key));
        }
    }
    Verify::read(&table)
}

/// The full path of a file.
fn path(table: &Table<'_>, key: &str) -> Option<PathBuf> {
    table.checked(key, |text| check_path(key, text))
}

/// One word.
fn name(table: &Table<'_>, key: &str) -> Option<String> {
    table.checked(key, |text| check_name(key, text))
}

fn check_path(key: &str, text: &str) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(text);
    let odd = text.chars().any(char::is_control)
        || text.ends_with('/')
        || path.components().any(|part| part == Component::ParentDir);
    if !path.is_absolute() || odd || path.file_name().is_none() {
        return Err(Fault::new(
            format!("`{key}` is not the full path of a file: {}", quoted(text)),
            "begin with a slash, end with the file's name, and leave out \"..\"",
        ));
    }
    Ok(path)
}

fn check_name(key: &str, text: &str) -> Result<String, Fault> {
    let odd = text.chars().any(|c| c.is_control() || c.is_whitespace());
    if text.is_empty() || text.len() > 128 || odd {
        return Err(Fault::new(
            format!("`{key}` cannot be {}", quoted(text)),
            "write one word, or take the key out",
        ));
    }
    Ok(text.to_owned())
}

fn check_mode(text: &str) -> Result<u32, Fault> {
    let help = "write it as chmod takes it: \"0600\", \"0640\"";
    let digits = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| digits && *mode <= 0o777);
    let Some(mode) = mode else {
        return Err(Fault::new(
            format!("`mode` cannot be {}", quoted(text)),
            help,
        ));
    };
    if mode & 0o400 == 0 {
        return Err(Fault::new(
            "`mode` keeps the files from their own owner",
            help,
        ));
    }
    if mode & 0o007 != 0 {
        return Err(Fault::new("`mode` opens a private key to everybody", help));
    }
    Ok(mode)
}
