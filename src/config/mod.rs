//! What the operator wrote: schema, reading, checking.
//!
//! A [`Config`] is whole and valid, or it is not made at all: [`load`] finds every mistake of all files in one go, each
//! with file, line, column and a remedy. Nothing of a rejected config is used, so a caller keeps what it has.
//!
//! In reading order: `schema` lists every key; `reader` takes typed values from a spanned document and notes what is
//! wrong; `settings`, `account`, `wishes`, `validation`, `target_wishes`, `targets`, `cloud`, `notify_wishes`, `notify`, `list` and
//! `certificate` say what
//! each table means, with `domain`, `duration`,
//! `cron` and `address` for single values; `files` reads what lies on disk; `source` and `mistake` say where and what
//! was wrong; `outside` lists the files of secrets that come and go without an edit; `effective` is the whole without its secrets, so that two configs can be compared.
//!
//! This module imports nothing else of the crate, makes no network call, knows no time, and never shows a secret.

mod account;
mod address;
mod certificate;
mod cloud;
mod cron;
mod domain;
mod duration;
mod effective;
mod files;
mod http;
mod list;
mod mistake;
mod notify;
mod notify_wishes;
mod outside;
mod reader;
mod schema;
mod secrets;
mod settings;
mod source;
mod target_wishes;
mod targets;
#[cfg(test)]
mod tests;
mod validation;
mod wishes;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::de::DeValue;

use account::{Accounts, Credentials, Setting};
use files::ConfigFile;
use list::Certificates;
use mistake::Report;
use reader::Table;
use schema::{CONF_D, DEFAULTS, TOP};
use source::Source;
use wishes::Wishes;

pub use account::{Account, DEFAULT_ACCOUNT};
pub use address::{Endpoint, Proxy};
pub use certificate::Certificate;
pub use cloud::{Cloud, RESOURCE_TYPES, ResourceType};
pub use cron::Cron;
pub use duration::parse as parse_duration;
pub use effective::{Change, Diff, Effective};
pub use http::Http;
pub use mistake::{Mistake, Place, Rejected};
pub use notify::{
    Channel, DeadMan, DigestPace, Mail, MailTls, Notifications, Notify, Secret, Topic, check_url,
    is_private,
};
pub use secrets::Secrets;
pub use settings::{Api, Log, LogFormat, Schedule};
pub use targets::{Format, Hooks, Install, StartTls, Targets, Verify, hook_key};
pub use validation::{Dns, FilePlace, FileProof, Provider, Validation};

/// The example config, which is valid as it stands.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The name that messages give to a text that came from no file.
const EXAMPLE_NAME: &str = "config.example.toml";

/// A valid config.
#[derive(Clone, Debug)]
pub struct Config {
    /// The main file, as its path was given; `None` for a text that came from no file.
    pub path: Option<PathBuf>,
    /// Where the database and the certificates lie.
    pub state_dir: PathBuf,
    /// When things happen.
    pub schedule: Schedule,
    /// How the service is asked.
    pub api: Api,
    /// The accounts by name. It has every account that a certificate names; `default` needs no entry in the file.
    pub accounts: BTreeMap<String, Account>,
    /// The certificates in the order of the file; those of `conf.d` follow, by file name. At least one.
    pub certificates: Vec<Certificate>,
    /// Where metrics and the status page are served.
    pub http: Http,
    /// What is logged, and how.
    pub log: Log,
    /// Who is told of what happens.
    pub notifications: Notifications,
    /// Set by `run --sandbox`: targets, commands, hooks and cloud resources are only logged, as what would be done.
    pub pretend: bool,
}

/// A valid config, and what came up while it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The config.
    pub config: Config,
    /// What is valid but deserves a word, in the order of the files.
    pub warnings: Vec<Mistake>,
    /// SHA-256 over the names and contents of all files read, as 64 hexadecimal digits: equal means unchanged.
    pub digest: String,
}

/// Reads a config and the `conf.d/*.toml` beside it.
///
/// Relative paths in it start from the file's folder, wherever the process was started.
///
/// # Errors
/// [`Rejected`] with every mistake of all the files: whatever cannot be read, parsed or meant.
pub fn load(path: &Path) -> Result<Loaded, Rejected> {
    load_files(path, Credentials::Checked)
}

/// Like [`load`], for a run that signs nothing in earnest: the credentials of the config are not kept, and the files
/// that hold them are not looked at.
///
/// # Errors
/// As [`load`], but for what concerns the files of secrets.
pub fn load_without_credentials(path: &Path) -> Result<Loaded, Rejected> {
    load_files(path, Credentials::Ignored)
}

/// Every file that [`load`] of this path would read now: the main file, then those of `conf.d` by name. For whoever
/// watches them.
#[must_use]
pub fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_path_buf()];
    // A folder that can't be read is a mistake that reading tells.
    all.extend(files::conf_d(path).unwrap_or_default());
    all
}

/// Reads a config from a text. `origin` is the file it came from, for messages and relative paths; no `conf.d` is read.
///
/// # Errors
/// [`Rejected`] with every mistake of the text.
pub fn parse(text: &str, origin: Option<&Path>) -> Result<Loaded, Rejected> {
    let file = ConfigFile {
        path: origin.unwrap_or(Path::new(EXAMPLE_NAME)).to_path_buf(),
        text: text.to_owned(),
        open_to_others: false,
    };
    if file.text.len() as u64 > files::LARGEST_CONFIG {
        let mistake = Mistake::of_file(&file.path, files::Unreadable::TooLarge.to_string());
        return Err(Rejected {
            mistakes: vec![mistake],
        });
    }
    let mut loaded = read_files(&file, &[], Report::default(), Credentials::Checked)?;
    loaded.config.path = origin.map(Path::to_path_buf);
    Ok(loaded)
}

fn load_files(path: &Path, credentials: Credentials) -> Result<Loaded, Rejected> {
    let mut budget = files::LARGEST_CONFIG;
    let main = files::read(path, &mut budget).map_err(|reason| Rejected {
        mistakes: vec![unreadable(path, &reason)],
    })?;
    let report = Report::default();
    let mut others = Vec::new();
    match files::conf_d(path) {
        Ok(paths) => {
            for path in paths {
                match files::read(&path, &mut budget) {
                    Ok(file) => others.push(file),
                    Err(reason) => {
                        report.mistake(others.len() + 1, unreadable(&path, &reason));
                    }
                }
            }
        }
        Err((folder, reason)) => report.mistake(1, Mistake::of_file(&folder, reason.to_string())),
    }
    read_files(&main, &others, report, credentials)
}

/// A file that can't be read, as a mistake.
fn unreadable(path: &Path, reason: &files::Unreadable) -> Mistake {
    let mut mistake = Mistake::of_file(path, reason.to_string());
    if let Some(position) = reason.position() {
        mistake.line = position.line;
        mistake.column = position.column;
    }
    mistake
}

/// Reads texts into a config: the main file, then those of `conf.d`.
fn read_files(
    main: &ConfigFile,
    others: &[ConfigFile],
    report: Report,
    credentials: Credentials,
) -> Result<Loaded, Rejected> {
    let mut config = read_documents(main, others, &report, credentials);
    let warnings = report.into_result()?;
    join_accounts(&mut config);
    Ok(Loaded {
        config,
        warnings,
        digest: digest(main, others),
    })
}

fn digest(main: &ConfigFile, others: &[ConfigFile]) -> String {
    let mut digest = Sha256::new();
    for file in std::iter::once(main).chain(others) {
        for part in [file.path.to_string_lossy().as_bytes(), file.text.as_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
    }
    certificate::hex(&digest.finalize())
}

/// What the files say. Where it is wrong, that is noted, and what is returned here is of no use.
fn read_documents(
    main: &ConfigFile,
    others: &[ConfigFile],
    report: &Report,
    credentials: Credentials,
) -> Config {
    // Only fails when the working folder is gone; then paths are left as they are written.
    let absolute = std::path::absolute(&main.path).ok();
    let setting = Setting {
        folder: absolute.as_deref().and_then(Path::parent),
        open_to_others: main.open_to_others.then_some(main.path.as_path()),
        credentials,
    };
    let source = Source::new(&main.path, 0, &main.text, report);
    let document = source.parse();
    Secrets::note(document.get_ref());
    let top = Table::new(&source, &TOP, document.get_ref(), document.span());
    let accounts = read_accounts(&top, &setting);
    let schedule = settings::schedule(&top);
    let defaults = top.table("defaults", &DEFAULTS);
    let defaults = defaults.map(|table| Wishes::read(&table, &accounts));

    let mut list = Certificates::new(
        defaults.unwrap_or_default(),
        &accounts,
        schedule.renew_before,
    );
    list.read(&top);
    let mut broken = source.is_broken();
    for (index, file) in others.iter().enumerate() {
        let source = Source::new(&file.path, index + 1, &file.text, report);
        let document = source.parse();
        Secrets::note(document.get_ref());
        list.read(&Table::new(
            &source,
            &CONF_D,
            document.get_ref(),
            document.span(),
        ));
        broken |= source.is_broken();
    }
    if list.mentioned == 0 && !broken {
        source.missing(
            &top.span_of("certificates"),
            "there is no certificate to look after",
            "add [[certificates]] and domain = \"example.com\" under it",
        );
    }
    Config {
        path: Some(main.path.clone()),
        state_dir: settings::state_dir(&top, &setting),
        certificates: list.found,
        schedule,
        api: settings::api(&top, &setting),
        accounts: accounts.valid,
        http: http::read(&top, &setting),
        log: settings::log(&top),
        notifications: notify_wishes::read(&top, &setting),
        pretend: false,
    }
}

fn read_accounts(top: &Table<'_>, setting: &Setting<'_>) -> Accounts {
    let Some(value) = top.value("accounts") else {
        return Accounts::default();
    };
    if let DeValue::Table(entries) = value.get_ref() {
        return account::read_all(top.source, entries, setting);
    }
    top.wrong_type("accounts", value);
    Accounts::default()
}

/// Adds the default account where it is used without an entry, and gives each certificate its account's identity.
fn join_accounts(config: &mut Config) {
    let identities: HashMap<String, [u8; 32]> = config
        .accounts
        .iter()
        .map(|(name, account)| (name.clone(), account.identity()))
        .collect();
    for certificate in &mut config.certificates {
        certificate.account_identity = identities
            .get(&certificate.account)
            .copied()
            .unwrap_or_else(|| {
                let account = config
                    .accounts
                    .entry(certificate.account.clone())
                    .or_insert_with(|| Account::named(&certificate.account));
                account.identity()
            });
    }
}
