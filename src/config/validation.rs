//! How control of a domain is proved: the ways, and how they are written.
//!
//! A way is also kept with an order in the record, as JSON, so that what was put up is taken down by the means it was
//! put up with, whatever the config says by then. It holds names and paths only, never a secret.

use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::account::zone_account_name;
use super::commands::record_command;
use super::duration::{MINUTE, seconds};
use super::mistake::{Fault, quoted};
use super::nearest::unknown_choice;
use super::reader::{Table, describe};
use super::schema::{ACCOUNT_NAME, FILE, FOLDER, Holds, Key, Other, TEXT, TableSchema, key};
use super::value::{Setting, Settings, in_one_line};

const METHODS: [&str; 3] = ["DNS_AUTO", "DNS", "FILE"];
const ALGORITHMS: [&str; 3] = ["hmac-sha256", "hmac-sha384", "hmac-sha512"];

/// How long a command of the operator's may take unless the config says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

const COMMAND: &str = "a list of texts in quotes: program and arguments";

/// The keys that tell the way, and those of validation by FILE.
const WAYS: &[Key] = &[
    key("method", "\"DNS_AUTO\", \"DNS\" or \"FILE\"", Holds::Open),
    key("webroot", FOLDER, Holds::Open),
    key(
        "listen",
        "an address with its port in quotes, such as \"127.0.0.1:8402\"",
        Holds::Open,
    ),
    key(
        "probe",
        "an address with its port in quotes, such as \"127.0.0.1:80\"",
        Holds::Open,
    ),
];

const NAME_SERVERS: &[Key] = &[key(
    "name_servers",
    "a list of addresses in quotes",
    Holds::Open,
)];

/// `validation = { … }`.
pub(super) static VALIDATION: TableSchema = TableSchema {
    title: "validation",
    groups: &[&[WAYS], Provider::BY, &[NAME_SERVERS], Provider::KEYS],
    others: &[
        ("root", Other::Is("webroot")),
        ("hook", Other::Is("command")),
        ("type", Other::Is("method")),
    ],
};

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

variants! {
    /// Who puts a record up.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Provider by "provider" {
        /// Tencent Cloud's own DNS, through its API.
        Dnspod = "dnspod" {
            /// The account that has the zone; the certificate's own where not set.
            account: Option<String>, by(ACCOUNT_NAME, zone_account_name);
        },
        /// A command of the operator's.
        Exec = "exec" {
            /// Program and arguments; `present` or `cleanup`, the name and the value follow.
            command: Vec<String> => "[\"/etc/evercert/dns-hook\"]", by(COMMAND, record_command) [Command];
            /// Another command for taking down.
            cleanup: Option<Vec<String>>, by(COMMAND, record_command) [Command];
            /// `NAME=value` lines for its environment.
            env_file: Option<PathBuf>, by(FILE, secret_path) [SecretFile];
            /// For one run.
            timeout: Duration = TIMEOUT, duration('s', seconds(1, 10 * MINUTE));
        },
        /// A `dnsapi` script of acme.sh.
        AcmeSh = "acme.sh" {
            /// The folder that acme.sh is installed in.
            acme_sh: PathBuf => "\"/root/.acme.sh\"", by(FOLDER, path);
            /// The script's name, such as `dns_cf`.
            script: String => "\"dns_cf\"", text("the name of a dnsapi script in quotes, such as \"dns_cf\"", check_script);
            /// `NAME=value` lines for its environment.
            env_file: Option<PathBuf>, by(FILE, secret_path) [SecretFile];
            /// For one run.
            timeout: Duration = TIMEOUT, duration('s', seconds(1, 10 * MINUTE));
        },
        /// Dynamic update with TSIG (RFC 2136, RFC 8945).
        Rfc2136 = "rfc2136" {
            /// The zone's primary server.
            server: SocketAddr => "\"192.0.2.53:53\"",
                text("an address in quotes, such as \"192.0.2.53:53\"", |text| address(text, 53));
            /// The key's name.
            key_name: String => "\"evercert\"", by(TEXT, dns_name);
            /// A file with the key in base64, or as BIND writes it.
            key_file: PathBuf => "\"/etc/evercert/tsig.key\"", by(FILE, secret_path) [SecretFile];
            /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
            algorithm: String = ALGORITHMS[0].to_owned(),
                by("\"hmac-sha256\", \"hmac-sha384\" or \"hmac-sha512\"", algorithm);
            /// The zone, where it is not to be found by asking.
            zone: Option<String>, by("a DNS name in quotes", dns_name);
        },
        /// A person.
        Manual = "manual",
    }
}

/// Proof by a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProof {
    /// Where it is put: into a web server's folder, or up by Evercert itself.
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

impl Settings for Validation {
    fn each(&self, see: &mut dyn FnMut(Setting<'_>)) {
        see(Setting::open("method", &self.as_str().to_owned()));
        match self {
            Self::DnsAuto => {}
            Self::Dns(Dns {
                provider,
                name_servers,
            }) => {
                provider.each(see);
                let servers: Vec<String> = name_servers.iter().map(ToString::to_string).collect();
                if !servers.is_empty() {
                    see(Setting::open("name_servers", &servers.join(",")));
                }
            }
            Self::File(FileProof { place, probe }) => {
                match place {
                    FilePlace::Webroot(folder) => see(Setting::open("webroot", folder)),
                    FilePlace::Listen(address) => see(Setting::open("listen", address)),
                }
                see(Setting::open("probe", probe));
            }
        }
    }
}

in_one_line!(Validation);

/// Reads `validation`: a method's name, or a table with `method` and what belongs to it.
pub(super) fn read(table: &Table<'_>, key: &str) -> Option<Validation> {
    if let DeValue::String(_) = table.value(key)?.get_ref() {
        return table.checked(key, |text| match text {
            "DNS_AUTO" => Ok(Validation::DnsAuto),
            "DNS" => Err(Fault::new(
                "validation by DNS needs to know who sets the record",
                "write validation = { method = \"DNS\", provider = \"manual\" }, or another provider",
            )),
            "FILE" => Err(Fault::new(
                "validation by FILE needs to know where the file goes",
                "write validation = { method = \"FILE\", webroot = \"/var/www/html\" }",
            )),
            _ => Err(unknown_choice(key, text, &METHODS)),
        });
    }
    let table = table.table(key, &VALIDATION)?;
    if !table.has("method") {
        table.missing(
            "this validation has no `method`",
            "write method = \"DNS_AUTO\", \"DNS\" or \"FILE\"",
        );
    }
    match one_of(&table, "method", &METHODS)? {
        "DNS" => read_dns(&table),
        "FILE" => read_file(&table),
        _ => {
            only(&table, "DNS_AUTO", &[]);
            Some(Validation::DnsAuto)
        }
    }
}

fn one_of<'w>(table: &Table<'_>, key: &str, words: &[&'w str]) -> Option<&'w str> {
    table.choice(key, words, |text| {
        words.iter().copied().find(|word| *word == text)
    })
}

/// Notes the keys that this way does not have. Never accepted in silence: their effect would be missed.
fn only(table: &Table<'_>, way: &str, own: &[&str]) {
    for key in VALIDATION.names() {
        if key != "method" && table.has(key) && !own.contains(&key) {
            let message = format!("`{key}` does not belong to validation by {way}");
            table.mistake(key, message, "take it out");
        }
    }
}

fn needed(table: &Table<'_>, key: &str, example: &str) {
    if !table.has(key) {
        let message = format!("this validation has no `{key}`");
        table.missing(message, format!("add {key} = {example}"));
    }
}

fn read_dns(table: &Table<'_>) -> Option<Validation> {
    needed(table, "provider", "\"manual\", or another provider");
    let provider = Provider::VARIANTS.named_in(table)?;
    let mut own = vec!["provider", "name_servers"];
    for takes in provider.takes() {
        own.push(takes.key);
        if let Some(example) = takes.needed {
            needed(table, takes.key, example);
        }
    }
    only(table, "this provider", &own);
    let name_servers = addresses(table, "name_servers");
    Some(Validation::Dns(Dns {
        provider: Provider::read(table, provider)?,
        name_servers,
    }))
}

fn check_script(text: &str) -> Result<String, Fault> {
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
}

fn algorithm(table: &Table<'_>, key: &str) -> Option<String> {
    one_of(table, key, &ALGORITHMS).map(str::to_owned)
}

fn read_file(table: &Table<'_>) -> Option<Validation> {
    only(table, "FILE", &["webroot", "listen", "probe"]);
    let webroot = path(table, "webroot").map(FilePlace::Webroot);
    let served_at = |key| table.checked(key, |text| address(text, 80));
    let listen = served_at("listen").map(FilePlace::Listen);
    let probe = served_at("probe");
    table.not_both(
        "webroot",
        "listen",
        "`webroot` and `listen` are both set".to_owned(),
    );
    if !table.has("webroot") && !table.has("listen") {
        table.missing(
            "this validation has neither `webroot` nor `listen`",
            "add webroot = \"/var/www/html\"",
        );
    }
    Some(Validation::File(FileProof {
        place: webroot.or(listen)?,
        probe,
    }))
}

fn path(table: &Table<'_>, key: &str) -> Option<PathBuf> {
    table.checked(key, |text| {
        let path = Path::new(text);
        let climbs = path.components().any(|part| part == Component::ParentDir);
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
    table.check_secret_file(key, &path);
    Some(path)
}

/// At most sixteen addresses.
fn addresses(table: &Table<'_>, key: &str) -> Vec<SocketAddr> {
    let read = table.list(key, |entry| match entry {
        DeValue::String(text) => address(text, 53),
        other => Err(Fault::new(
            format!(
                "`{key}` must be a list of addresses, not of {}",
                describe(other)
            ),
            "write it as [\"192.0.2.53\"]",
        )),
    });
    let mut addresses = read.unwrap_or_default();
    addresses.truncate(16);
    addresses
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

fn dns_name(table: &Table<'_>, key: &str) -> Option<String> {
    table.checked(key, |text| {
        let name = text.trim_end_matches('.');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !name.is_empty() && name.len() <= 253 && name.bytes().all(plain) && !name.contains("..")
        {
            Ok(name.to_ascii_lowercase())
        } else {
            Err(Fault::new(
                format!("`{key}` cannot be {}", quoted(text)),
                "write a DNS name in ASCII",
            ))
        }
    })
}
