//! How control of a domain is proved: the ways, and how they are written.
//!
//! A way is also kept with an order in the record, as JSON, so that what was put up is taken down by the means it was
//! put up with, whatever the config says by then. It holds names and paths only, never a secret.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::account::{Accounts, DEFAULT_ACCOUNT};
use super::files;
use super::mistake::{Fault, quoted};
use super::reader::{Table, describe};
use super::schema::VALIDATION;
use super::settings::unknown_choice;

const METHODS: [&str; 3] = ["DNS_AUTO", "DNS", "FILE"];
const PROVIDERS: [&str; 5] = ["dnspod", "exec", "acme.sh", "rfc2136", "manual"];
const ALGORITHMS: [&str; 3] = ["hmac-sha256", "hmac-sha384", "hmac-sha512"];

/// How long a command of the operator's may take unless the config says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How control of the domain is proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Validation {
    /// The zone is in the same Tencent Cloud account, which sets the record itself.
    DnsAuto,
    /// A record that Evercert, or its operator, puts up.
    Dns(Dns),
    /// A file that the domain's web server, or Evercert itself, serves.
    File(FileProof),
}

impl Validation {
    /// The API's word for it, `DvAuthMethod`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::DnsAuto => "DNS_AUTO",
            Self::Dns(_) => "DNS",
            Self::File(_) => "FILE",
        }
    }
}

/// Proof by a DNS record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dns {
    /// Who puts the record up.
    pub provider: Provider,
    /// Asked whether the record is there, instead of the zone's own name servers.
    pub name_servers: Vec<SocketAddr>,
}

/// Who puts a record up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provider {
    /// Tencent Cloud's own DNS, through its API.
    Dnspod {
        /// The account that has the zone; the certificate's own where not set.
        account: Option<String>,
    },
    /// A command of the operator's.
    Exec {
        /// Program and arguments; `present` or `cleanup`, the name and the value follow.
        command: Vec<String>,
        /// Another command for taking down.
        cleanup: Option<Vec<String>>,
        /// `NAME=value` lines for its environment.
        env_file: Option<PathBuf>,
        /// For one run.
        timeout: Duration,
    },
    /// A `dnsapi` script of acme.sh.
    AcmeSh {
        /// The folder that acme.sh is installed in.
        acme_sh: PathBuf,
        /// The script's name, such as `dns_cf`.
        script: String,
        /// `NAME=value` lines for its environment.
        env_file: Option<PathBuf>,
        /// For one run.
        timeout: Duration,
    },
    /// Dynamic update with TSIG (RFC 2136, RFC 8945).
    Rfc2136 {
        /// The zone's primary server.
        server: SocketAddr,
        /// The key's name.
        key_name: String,
        /// A file with the key in base64, or as BIND writes it.
        key_file: PathBuf,
        /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
        algorithm: String,
        /// The zone, where it is not to be found by asking.
        zone: Option<String>,
    },
    /// A person.
    Manual,
}

impl Provider {
    /// As the config names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dnspod { .. } => "dnspod",
            Self::Exec { .. } => "exec",
            Self::AcmeSh { .. } => "acme.sh",
            Self::Rfc2136 { .. } => "rfc2136",
            Self::Manual => "manual",
        }
    }
}

/// Proof by a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProof {
    /// Who serves it.
    pub place: FilePlace,
    /// Connected to for the check before the CA is asked, instead of the domain's own addresses.
    pub probe: Option<SocketAddr>,
}

/// Who serves the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilePlace {
    /// A web server that serves this folder.
    Webroot(PathBuf),
    /// A responder of our own on this address, behind a proxy rule of the operator's.
    Listen(SocketAddr),
}

/// Reads `validation`: a method's name, or a table with `method` and what belongs to it.
pub(super) fn read(table: &Table<'_>, accounts: &Accounts) -> Option<Validation> {
    let value = table.value("validation")?;
    match value.get_ref() {
        DeValue::String(_) => table.checked("validation", |text| match text {
            "DNS_AUTO" => Ok(Validation::DnsAuto),
            "DNS" => Err(Fault::new(
                "validation by DNS needs to know who sets the record",
                "write validation = { method = \"DNS\", provider = \"manual\" }, or another provider",
            )),
            "FILE" => Err(Fault::new(
                "validation by FILE needs to know where the file goes",
                "write validation = { method = \"FILE\", webroot = \"/var/www/html\" }",
            )),
            _ => Err(unknown_choice("validation", text, &METHODS)),
        }),
        DeValue::Table(_) => {
            let inner = table.table("validation", &VALIDATION)?;
            if !inner.has("method") {
                inner.source.missing(
                    &inner.at,
                    "this validation has no `method`",
                    "write method = \"DNS_AUTO\", \"DNS\" or \"FILE\"",
                );
            }
            let method = inner.checked("method", |text| {
                let known = METHODS.into_iter().find(|known| *known == text);
                known.ok_or_else(|| unknown_choice("method", text, &METHODS))
            })?;
            match method {
                "DNS" => read_dns(&inner, accounts),
                "FILE" => read_file(&inner),
                _ => {
                    only(&inner, "DNS_AUTO", &[]);
                    Some(Validation::DnsAuto)
                }
            }
        }
        _ => {
            table.wrong_type("validation", value);
            None
        }
    }
}

/// Notes the keys that this way does not have. Never accepted in silence: their effect would be missed.
fn only(table: &Table<'_>, way: &str, own: &[&str]) {
    for key in VALIDATION.keys {
        if key.name != "method" && table.has(key.name) && !own.contains(&key.name) {
            table.source.mistake(
                &table.span_of(key.name),
                format!("`{}` does not belong to validation by {way}", key.name),
                "take it out".to_owned(),
            );
        }
    }
}

fn needed<T>(table: &Table<'_>, key: &str, example: &str, found: Option<T>) -> Option<T> {
    if !table.has(key) {
        let help = format!("add {key} = {example}");
        table
            .source
            .missing(&table.at, format!("this validation has no `{key}`"), help);
    }
    found
}

fn read_dns(table: &Table<'_>, accounts: &Accounts) -> Option<Validation> {
    let provider = table.checked("provider", |text| {
        let known = PROVIDERS.into_iter().find(|known| *known == text);
        known.ok_or_else(|| unknown_choice("provider", text, &PROVIDERS))
    });
    let provider = needed(
        table,
        "provider",
        "\"manual\", or another provider",
        provider,
    )?;
    let name_servers = addresses(table, "name_servers");
    let mut own = vec!["provider", "name_servers"];
    let provider = match provider {
        "dnspod" => {
            own.push("account");
            let account = table.checked("account", |name| known_account(name, accounts));
            Some(Provider::Dnspod { account })
        }
        "exec" => {
            own.extend(["command", "cleanup", "env_file", "timeout"]);
            read_exec(table)
        }
        "acme.sh" => {
            own.extend(["acme_sh", "script", "env_file", "timeout"]);
            read_acme_sh(table)
        }
        "rfc2136" => {
            own.extend(["server", "key_name", "key_file", "algorithm", "zone"]);
            read_rfc2136(table)
        }
        _ => Some(Provider::Manual),
    };
    only(table, "this provider", &own);
    Some(Validation::Dns(Dns {
        provider: provider?,
        name_servers,
    }))
}

fn known_account(name: &str, accounts: &Accounts) -> Result<String, Fault> {
    if name == DEFAULT_ACCOUNT || accounts.mentioned.contains(name) {
        return Ok(name.to_owned());
    }
    Err(Fault::new(
        format!("there is no account {}", quoted(name)),
        "add its table under [accounts], or leave `account` out",
    ))
}

fn read_exec(table: &Table<'_>) -> Option<Provider> {
    let command = argv(table, "command");
    Some(Provider::Exec {
        cleanup: argv(table, "cleanup"),
        env_file: secret_path(table, "env_file"),
        timeout: timeout(table),
        command: needed(table, "command", "[\"/etc/evercert/dns-hook\"]", command)?,
    })
}

fn read_acme_sh(table: &Table<'_>) -> Option<Provider> {
    let acme_sh = path(table, "acme_sh");
    let script = table.checked("script", |text| {
        let name = text.strip_suffix(".sh").unwrap_or(text);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.starts_with("dns_") && name.bytes().all(plain) {
            Ok(name.to_owned())
        } else {
            Err(Fault::new(
                format!("{} is not the name of a dnsapi script", quoted(text)),
                "write it as \"dns_cf\"",
            ))
        }
    });
    let acme_sh = needed(table, "acme_sh", "\"/root/.acme.sh\"", acme_sh);
    let script = needed(table, "script", "\"dns_cf\"", script);
    Some(Provider::AcmeSh {
        env_file: secret_path(table, "env_file"),
        timeout: timeout(table),
        acme_sh: acme_sh?,
        script: script?,
    })
}

fn read_rfc2136(table: &Table<'_>) -> Option<Provider> {
    let server = table.checked("server", |text| address(text, 53));
    let server = needed(table, "server", "\"192.0.2.53:53\"", server);
    let key_name = table.checked("key_name", |text| dns_name("key_name", text));
    let key_name = needed(table, "key_name", "\"evercert\"", key_name);
    let key_file = secret_path(table, "key_file");
    let key_file = needed(table, "key_file", "\"/etc/evercert/tsig.key\"", key_file);
    let algorithm = table.checked("algorithm", |text| {
        let known = ALGORITHMS.into_iter().find(|known| *known == text);
        known.ok_or_else(|| unknown_choice("algorithm", text, &ALGORITHMS))
    });
    Some(Provider::Rfc2136 {
        algorithm: algorithm.unwrap_or(ALGORITHMS[0]).to_owned(),
        zone: table.checked("zone", |text| dns_name("zone", text)),
        server: server?,
        key_name: key_name?,
        key_file: key_file?,
    })
}

fn read_file(table: &Table<'_>) -> Option<Validation> {
    only(table, "FILE", &["webroot", "listen", "probe"]);
    let webroot = path(table, "webroot").map(FilePlace::Webroot);
    let listen = table
        .checked("listen", |text| address(text, 80))
        .map(FilePlace::Listen);
    let place = match (table.has("webroot"), table.has("listen")) {
        (true, true) => {
            table.source.mistake(
                &table.span_of("listen"),
                "`webroot` and `listen` are both set".to_owned(),
                "keep one of the two".to_owned(),
            );
            None
        }
        (false, false) => {
            table.source.missing(
                &table.at,
                "this validation has neither `webroot` nor `listen`",
                "add webroot = \"/var/www/html\"",
            );
            None
        }
        _ => webroot.or(listen),
    };
    let probe = table.checked("probe", |text| address(text, 80));
    Some(Validation::File(FileProof {
        place: place?,
        probe,
    }))
}

fn path(table: &Table<'_>, key: &str) -> Option<PathBuf> {
    table.checked(key, |text| {
        let path = Path::new(text);
        let climbs = path
            .components()
            .any(|part| part == std::path::Component::ParentDir);
        if path.is_absolute() && !climbs && !text.chars().any(char::is_control) {
            Ok(path.to_path_buf())
        } else {
            Err(Fault::new(
                format!("`{key}` cannot be {}", quoted(text)),
                "write a whole path, from / on and without `..`",
            ))
        }
    })
}

/// A file with secrets in it. What is wrong with it is a warning here, since the other certificates can do without it;
/// it is refused when it is needed.
fn secret_path(table: &Table<'_>, key: &str) -> Option<PathBuf> {
    let path = path(table, key)?;
    if let Err(fault) = files::check_secret_file(key, &path) {
        let help = fault.help.unwrap_or_default();
        table
            .source
            .warning(&table.span_of(key), fault.message, help);
    }
    Some(path)
}

fn timeout(table: &Table<'_>) -> Duration {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(600);
    table.duration("timeout", 's', &bounds).unwrap_or(TIMEOUT)
}

/// Program and arguments: texts, the first a path from / on.
fn argv(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let value = table.value(key)?;
    let DeValue::Array(list) = value.get_ref() else {
        table.wrong_type(key, value);
        return None;
    };
    let mut words = Vec::new();
    for word in list.iter() {
        match word.get_ref() {
            DeValue::String(text) if !text.contains('\0') => words.push(text.to_string()),
            other => {
                let found = describe(other);
                let message = format!("`{key}` must be a list of texts in quotes, not of {found}");
                table.source.mistake(&word.span(), message, None);
                return None;
            }
        }
    }
    if words
        .first()
        .is_some_and(|program| program.starts_with('/'))
    {
        return Some(words);
    }
    table.source.mistake(
        &value.span(),
        format!("`{key}` does not begin with the whole path of a program"),
        format!("write {key} = [\"/etc/evercert/dns-hook\"]; no shell reads it"),
    );
    None
}

fn addresses(table: &Table<'_>, key: &str) -> Vec<SocketAddr> {
    let Some(value) = table.value(key) else {
        return Vec::new();
    };
    let DeValue::Array(list) = value.get_ref() else {
        table.wrong_type(key, value);
        return Vec::new();
    };
    let read = list.iter().filter_map(|entry| {
        let fault = match entry.get_ref() {
            DeValue::String(text) => match address(text, 53) {
                Ok(address) => return Some(address),
                Err(fault) => fault,
            },
            other => Fault::new(
                format!(
                    "`{key}` must be a list of addresses, not of {}",
                    describe(other)
                ),
                "write it as [\"192.0.2.53\"]",
            ),
        };
        table
            .source
            .mistake(&entry.span(), fault.message, fault.help);
        None
    });
    read.take(16).collect()
}

/// An IP address, with a port or with the usual one.
fn address(text: &str, port: u16) -> Result<SocketAddr, Fault> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = text.parse::<SocketAddr>() {
        Ok(address)
    } else if let Ok(ip) = bare.parse() {
        Ok(SocketAddr::new(ip, port))
    } else {
        Err(Fault::new(
            format!("{} is not an IP address", quoted(text)),
            format!("write it as \"192.0.2.1:{port}\" or \"[2001:db8::1]:{port}\""),
        ))
    }
}

fn dns_name(key: &str, text: &str) -> Result<String, Fault> {
    let name = text.trim_end_matches('.');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.is_empty() && name.len() <= 253 && name.bytes().all(plain) && !name.contains("..") {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(Fault::new(
            format!("`{key}` cannot be {}", quoted(text)),
            "write a DNS name in ASCII",
        ))
    }
}
