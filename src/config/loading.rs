//! A config as a whole: from its files, or from a text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use super::account::{self, Account};
use super::certificate::{Certificate, DEFAULTS, RawEntry};
use super::digest::Digest;
use super::files::{self, ConfigFile};
use super::fleet::{self, FLEET, Fleet};
use super::http::{HTTP, Http, RawHttp};
use super::known::{CONF_D, TOP, note_unknown};
use super::list::Certificates;
use super::mistake::{Mistake, Rejected};
use super::notify::{self, Notifications};
use super::reader::Table;
use super::reading::{Credentials, Reading};
use super::schema::TableSchema;
use super::secrets::Secrets;
use super::settings::{self, API, Api, LOG, Log, RawApi, RawLog, RawSchedule, SCHEDULE, Schedule};
use super::source::Source;

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
    /// The fleet that this machine is one of.
    pub fleet: Option<Fleet>,
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
    let mut loaded = read_files(&file, &[], Reading::default())?;
    loaded.config.path = origin.map(Path::to_path_buf);
    Ok(loaded)
}

fn load_files(path: &Path, credentials: Credentials) -> Result<Loaded, Rejected> {
    let mut budget = files::LARGEST_CONFIG;
    let main = files::read(path, &mut budget).map_err(|reason| Rejected {
        mistakes: vec![unreadable(path, &reason)],
    })?;
    let reading = Reading {
        credentials,
        ..Reading::default()
    };
    let report = &reading.report;
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
    read_files(&main, &others, reading)
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
pub(super) fn read_files(
    main: &ConfigFile,
    others: &[ConfigFile],
    mut reading: Reading,
) -> Result<Loaded, Rejected> {
    // Only fails when the working folder is gone; then paths are left as they are written.
    let absolute = std::path::absolute(&main.path).ok();
    reading.folder = absolute.and_then(|path| path.parent().map(Path::to_path_buf));
    reading.open_to_others = main.open_to_others.then(|| main.path.clone());
    let mut config = read_documents(main, others, &reading);
    let warnings = reading.report.into_result()?;
    join_accounts(&mut config);
    Ok(Loaded {
        config,
        warnings,
        digest: digest(main, others),
    })
}

fn digest(main: &ConfigFile, others: &[ConfigFile]) -> String {
    let mut digest = Digest::new();
    for file in std::iter::once(main).chain(others) {
        digest.add(file.path.to_string_lossy().as_bytes());
        digest.add(&file.text);
    }
    digest.text()
}

/// What the files say. Where it is wrong, that is noted, and what is returned here is of no use.
fn read_documents(main: &ConfigFile, others: &[ConfigFile], reading: &Reading) -> Config {
    let source = Source::new(&main.path, 0, &main.text, reading);
    let document = source.parse();
    let top = top_of(&source, &TOP, &document);
    let accounts = account::read_all(&top);
    let fleet = fleet::read(top.table("fleet", &FLEET).as_ref());
    let schedule = RawSchedule::read(top.table("schedule", &SCHEDULE).as_ref());
    let schedule = schedule.complete(&RawSchedule::default());
    let defaults = top.table("defaults", &DEFAULTS);
    let defaults = defaults.map(|table| RawEntry::read(&table));

    let mut list = Certificates::new(
        defaults
            .unwrap_or_default()
            .or_renewed(schedule.renew_before),
        fleet.as_ref(),
    );
    list.read(&top);
    let mut broken = source.is_broken();
    for (index, file) in others.iter().enumerate() {
        let source = Source::new(&file.path, index + 1, &file.text, reading);
        let document = source.parse();
        list.read(&top_of(&source, &CONF_D, &document));
        broken |= source.is_broken();
    }
    if !list.mentioned && !broken {
        source.missing(
            &top.span_of("certificates"),
            "there is no certificate to look after",
            "add [[certificates]] and domain = \"example.com\" under it",
        );
    }
    list.found.shrink_to_fit();
    let mut api = RawApi::read(top.table("api", &API).as_ref());
    if let Some(fleet) = &fleet {
        api.requests_per_second.get_or_insert(fleet.pace());
    }
    Config {
        path: Some(main.path.clone()),
        state_dir: settings::state_dir(&top),
        certificates: list.found,
        schedule,
        api: api.complete(&RawApi::default()),
        accounts,
        fleet,
        http: RawHttp::read(top.table("http", &HTTP).as_ref()).complete(&RawHttp::default()),
        log: RawLog::read(top.table("log", &LOG).as_ref()).complete(&RawLog::default()),
        notifications: notify::read(&top),
        pretend: false,
    }
}

/// The top of a file, with its unknown keys noted and its secrets known.
fn top_of<'r>(
    source: &'r Source<'r>,
    schema: &'static TableSchema,
    document: &'r Spanned<DeTable<'r>>,
) -> Table<'r> {
    Secrets::note(document.get_ref());
    note_unknown(source, schema, document.get_ref());
    Table::new(source, schema, document.get_ref(), document.span())
}

/// Adds the default account where it is used without an entry, and gives each certificate its account's identity.
fn join_accounts(config: &mut Config) {
    for certificate in &mut config.certificates {
        let name = &certificate.account;
        let accounts = &mut config.accounts;
        let account = accounts
            .entry(name.clone())
            .or_insert_with(|| Account::named(name));
        certificate.account_identity = account.identity();
    }
    if let Some(fleet) = &mut config.fleet {
        fleet.turn = fleet::turn(config.accounts.values(), fleet::shorter_turn());
    }
}
