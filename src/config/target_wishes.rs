//! Reading `[[certificates.install]]`, `[[certificates.cloud]]`, `[certificates.hooks]` and `verify`.

use std::ops::RangeInclusive;
use std::path::{Component, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use super::cloud;
use super::mistake::{Fault, quoted};
use super::reader::{Table, describe};
use super::schema::{CLOUD, HOOKS, INSTALL, TableSchema, VERIFY};
use super::settings::unknown_choice;
use super::targets::{Format, Hooks, Install, StartTls, Targets, Verify};

/// How long a command of the operator's may take unless it is set.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
const PATIENCE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

/// Reads what a certificate's table, or `[defaults]`, says of targets.
pub(super) fn read(table: &Table<'_>) -> Option<Targets> {
    let mentioned = ["install", "cloud", "hooks", "verify"]
        .iter()
        .any(|key| table.has(key));
    mentioned.then(|| Targets {
        install: list(table, "install", &INSTALL, install),
        cloud: list(table, "cloud", &CLOUD, cloud::read),
        hooks: table
            .table("hooks", &HOOKS)
            .map_or_else(Hooks::default, |table| hooks(&table)),
        verify: verify(table),
    })
}

/// What an entry sets, each part else as `[defaults]` has it.
pub(super) fn joined(own: Option<Targets>, defaults: Option<&Targets>) -> Targets {
    let mut own = own.unwrap_or_default();
    let Some(defaults) = defaults.cloned() else {
        return own;
    };
    if own.install.is_empty() {
        own.install = defaults.install;
    }
    if own.cloud.is_empty() {
        own.cloud = defaults.cloud;
    }
    if own.hooks == Hooks::default() {
        own.hooks = defaults.hooks;
    }
    own.verify = own.verify.or(defaults.verify);
    own
}

fn list<T>(
    table: &Table<'_>,
    key: &str,
    schema: &'static TableSchema,
    read: impl Fn(&Table<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(value) = table.value(key) else {
        return Vec::new();
    };
    let DeValue::Array(entries) = value.get_ref() else {
        table.wrong_type(key, value);
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.iter() {
        if let DeValue::Table(keys) = entry.get_ref() {
            found.extend(read(&Table::new(table.source, schema, keys, entry.span())));
        } else {
            let message = format!(
                "`{key}` must hold tables, not {}",
                describe(entry.get_ref())
            );
            let help = format!("write [[certificates.{key}]]");
            table.source.mistake(&entry.span(), message, help);
        }
    }
    found
}

fn install(table: &Table<'_>) -> Option<Install> {
    let format = format(table);
    let install = Install {
        format: format?,
        owner: table.checked("owner", |text| check_name("owner", text)),
        group: table.checked("group", |text| check_name("group", text)),
        mode: table.checked("mode", check_mode),
        create_folders: table.boolean("create_folders").unwrap_or(false),
        check: command(table, "check"),
        reload: command(table, "reload"),
        timeout: table
            .duration("timeout", 's', &TIMEOUT)
            .unwrap_or(COMMAND_TIMEOUT),
    };
    let mut files = install.format.files();
    files.sort_unstable();
    if files.windows(2).any(|pair| pair[0] == pair[1]) {
        table.source.missing(
            &table.at,
            "two of its files are the same path",
            "give each a path of its own, or use format = \"combined\"",
        );
        return None;
    }
    Some(install)
}

fn format(table: &Table<'_>) -> Option<Format> {
    if !table.has("format") {
        table.source.missing(
            &table.at,
            "this target has no `format`",
            "add format = \"pem\"; it is one of pem, combined, pkcs12",
        );
        return None;
    }
    let formats: (&str, &[&str], &[&str]) = match table.text("format")?.value {
        "pem" => ("pem", &["cert", "key"], &["chain"]),
        "combined" => ("combined", &["file"], &[]),
        "pkcs12" => ("pkcs12", &["file", "password_file"], &["alias"]),
        other => {
            let fault = unknown_choice("format", other, &["pem", "combined", "pkcs12"]);
            return table.accept(&table.span_of("format"), Err(fault));
        }
    };
    let (name, needed, optional) = formats;
    for key in ["cert", "key", "chain", "file", "password_file", "alias"] {
        let known = needed.contains(&key) || optional.contains(&key);
        if table.has(key) && !known {
            let message = format!("`{key}` has no meaning for format \"{name}\"");
            let help = format!("it takes {}", [needed, optional].concat().join(", "));
            table.source.mistake(&table.span_of(key), message, help);
        }
        if needed.contains(&key) && !table.has(key) {
            let message = format!("format \"{name}\" needs `{key}`");
            table
                .source
                .missing(&table.at, &message, "give the path of a file");
        }
    }
    let path = |key: &str| table.checked(key, |text| check_path(key, text));
    Some(match name {
        "pem" => {
            let (cert, key, chain) = (path("cert"), path("key"), path("chain"));
            Format::Pem {
                cert: cert?,
                key: key?,
                chain,
            }
        }
        "combined" => Format::Combined {
            file: path("file")?,
        },
        _ => {
            let (file, password_file) = (path("file"), path("password_file"));
            Format::Pkcs12 {
                file: file?,
                password_file: password_file?,
                alias: table.checked("alias", |text| check_name("alias", text)),
            }
        }
    })
}

fn hooks(table: &Table<'_>) -> Hooks {
    Hooks {
        deploy: commands(table, "deploy"),
        failure: commands(table, "failure"),
        timeout: table
            .duration("timeout", 's', &TIMEOUT)
            .unwrap_or(COMMAND_TIMEOUT),
    }
}

/// `"host:port"`, or a table with more about it.
fn verify(table: &Table<'_>) -> Option<Verify> {
    let value = table.value("verify")?;
    match value.get_ref() {
        DeValue::String(_) => {
            let (host, port) = table.checked("verify", check_address)?;
            Some(Verify {
                host,
                port,
                starttls: None,
                patience: None,
            })
        }
        DeValue::Table(_) => {
            let inner = table.table("verify", &VERIFY)?;
            if !inner.has("address") {
                inner.source.missing(
                    &inner.at,
                    "this `verify` has no `address`",
                    "write address = \"www.example.com:443\"",
                );
            }
            let address = inner.checked("address", check_address);
            let starttls = inner.checked("starttls", |text| match text {
                "smtp" => Ok(StartTls::Smtp),
                "imap" => Ok(StartTls::Imap),
                _ => Err(unknown_choice("starttls", text, &["smtp", "imap"])),
            });
            let patience = inner.duration("patience", 's', &PATIENCE);
            let (host, port) = address?;
            Some(Verify {
                host,
                port,
                starttls,
                patience,
            })
        }
        _ => {
            table.wrong_type("verify", value);
            None
        }
    }
}

pub(super) fn check_address(text: &str) -> Result<(String, u16), Fault> {
    let fault = || {
        Fault::new(
            format!("{} is not an address with a port", quoted(text)),
            "write it as \"www.example.com:443\", or \"[2001:db8::1]:443\"",
        )
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
    let port: u16 = port
        .parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(fault)?;
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(fault)?;
        inner.parse::<std::net::Ipv6Addr>().map_err(|_| fault())?;
        return Ok((inner.to_owned(), port));
    }
    let plain = host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    if host.is_empty() || host.len() > 253 || !plain {
        return Err(fault());
    }
    Ok((host.to_ascii_lowercase(), port))
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

/// A list of texts, each checked.
pub(super) fn texts<T>(
    table: &Table<'_>,
    key: &str,
    check: impl Fn(&str) -> Result<T, Fault>,
) -> Vec<T> {
    let Some(value) = table.value(key) else {
        return Vec::new();
    };
    let DeValue::Array(entries) = value.get_ref() else {
        table.wrong_type(key, value);
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.iter() {
        let result = match entry.get_ref() {
            DeValue::String(text) => check(text),
            other => Err(Fault::new(
                format!("`{key}` must hold texts, not {}", describe(other)),
                "put each in quotes",
            )),
        };
        found.extend(table.accept(&entry.span(), result));
    }
    found
}

/// One command: a list of arguments.
pub(super) fn command(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let value = table.value(key)?;
    match value.get_ref() {
        DeValue::Array(_) => {
            let words = texts(table, key, |text| Ok(text.to_owned()));
            table.accept(&value.span(), check_command(key, words))
        }
        DeValue::String(_) => {
            table.source.mistake(
                &value.span(),
                format!("`{key}` is a list of arguments, not one text; no shell takes it apart"),
                format!("write it as {key} = [\"nginx\", \"-t\"]"),
            );
            None
        }
        _ => {
            table.wrong_type(key, value);
            None
        }
    }
}

/// Several commands: a list of lists.
fn commands(table: &Table<'_>, key: &str) -> Vec<Vec<String>> {
    let Some(value) = table.value(key) else {
        return Vec::new();
    };
    let DeValue::Array(entries) = value.get_ref() else {
        table.wrong_type(key, value);
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.iter() {
        let words: Option<Vec<String>> = match entry.get_ref() {
            DeValue::Array(words) => {
                let text = |word: &toml::Spanned<DeValue<'_>>| match word.get_ref() {
                    DeValue::String(text) => Some(text.as_ref().to_owned()),
                    _ => None,
                };
                words.iter().map(text).collect()
            }
            _ => None,
        };
        let result = match words {
            Some(words) => check_command(key, words),
            None => Err(Fault::new(
                format!("`{key}` is a list of commands, each a list of texts"),
                format!("write it as {key} = [[\"/etc/evercert/hooks/push.sh\"]]"),
            )),
        };
        found.extend(table.accept(&entry.span(), result));
    }
    found
}

/// Whether one text has a program and its arguments in it. A program with a blank in its path may come later.
fn has_arguments(text: &str) -> bool {
    let Some((program, rest)) = text.split_once(' ') else {
        return false;
    };
    let exists = |path: &str| std::path::Path::new(path).exists();
    let is_path = program.starts_with('/') && !exists(program) && !rest.starts_with('-');
    !is_path && !exists(text)
}

fn check_command(key: &str, words: Vec<String>) -> Result<Vec<String>, Fault> {
    let first = words.first().map_or("", String::as_str);
    if first.trim().is_empty() {
        return Err(Fault::new(
            format!("`{key}` names no program"),
            "the first text is the program, the others are its arguments",
        ));
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(Fault::new(
            format!("`{key}` has a zero byte in it"),
            "take it out",
        ));
    }
    if words.len() == 1 && has_arguments(first) {
        return Err(Fault::new(
            format!("`{key}` has its arguments in one text: {}", quoted(first)),
            "put each argument in quotes of its own; no shell takes them apart",
        ));
    }
    Ok(words)
}
