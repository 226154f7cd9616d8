//! `[http]`: where metrics and the status page are served.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use toml::de::DeValue;

use super::account::Setting;
use super::mistake::{Fault, quoted};
use super::reader::{Table, describe};
use super::schema::HTTP;

/// The port by which the status page is known.
const PORT: u16 = 9219;

/// Where metrics and the status page are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The address; `None` where nothing is served.
    pub listen: Option<SocketAddr>,
    /// Names by which it may be asked for, beside loopback's and the address itself; lower case, without a port.
    pub hosts: Vec<String>,
    /// The file that the metrics are written to as well.
    pub textfile: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
            hosts: Vec::new(),
            textfile: None,
        }
    }
}

/// Reads `[http]`.
pub(super) fn read(top: &Table<'_>, setting: &Setting<'_>) -> Http {
    let mut http = Http::default();
    let Some(table) = top.table("http", &HTTP) else {
        return http;
    };
    if let Some(listen) = table.checked("listen", check_listen) {
        http.listen = listen;
    }
    http.hosts = hosts(&table);
    http.textfile = table.checked("textfile", |text| check_file(text, setting));
    if let Some(listen) = http.listen.filter(|address| !address.ip().is_loopback()) {
        table.source.warning(
            &table.span_of("listen"),
            format!("whoever can reach {listen} can read which certificates there are, and their state"),
            "if that is not meant, write listen = \"127.0.0.1:9219\"; else let a firewall say who may".to_owned(),
        );
    }
    http
}

/// An IP address with its port. A name is not taken: what it resolves to at start is not what it says a year later.
fn check_listen(text: &str) -> Result<Option<SocketAddr>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let address = text.parse::<SocketAddr>().map_err(|_| {
        let help = if text.starts_with("localhost:") {
            format!("write \"127.0.0.1{}\"", &text["localhost".len()..])
        } else {
            "write it as \"127.0.0.1:9219\" or \"[::1]:9219\"; \"\" turns it off".to_owned()
        };
        Fault::new(
            format!(
                "`listen` must be an IP address with its port, not {}",
                quoted(text)
            ),
            help,
        )
    })?;
    if address.port() == 0 {
        return Err(Fault::new(
            "`listen` has no port",
            "write it as \"127.0.0.1:9219\"",
        ));
    }
    Ok(Some(address))
}

fn check_file(text: &str, setting: &Setting<'_>) -> Result<PathBuf, Fault> {
    let path = setting.resolve(text);
    // node_exporter reads no other names (node_exporter, collector/textfile.go).
    let named = path
        .extension()
        .is_some_and(|extension| extension == "prom");
    if !named || text.chars().any(char::is_control) {
        return Err(Fault::new(
            format!("`textfile` cannot be {}", quoted(text)),
            "the collector reads files that end in .prom, such as \"/var/lib/prometheus/node-exporter/evercert.prom\"",
        ));
    }
    Ok(path)
}

fn hosts(table: &Table<'_>) -> Vec<String> {
    let Some(value) = table.value("hosts") else {
        return Vec::new();
    };
    let DeValue::Array(entries) = value.get_ref() else {
        table.wrong_type("hosts", value);
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.iter() {
        let result = match entry.get_ref() {
            DeValue::String(text) => check_host(text),
            other => Err(Fault::new(
                format!("`hosts` must hold names, not {}", describe(other)),
                "write it as [\"evercert.internal\"]",
            )),
        };
        found.extend(table.accept(&entry.span(), result));
    }
    found
}

fn check_host(text: &str) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let address = text.parse::<std::net::Ipv6Addr>().is_ok();
    if text.is_empty() || text.len() > 253 || !(address || text.bytes().all(plain)) {
        return Err(Fault::new(
            format!("`hosts` cannot hold {}", quoted(text)),
            "write a name alone, without http:// and without a port: [\"evercert.internal\"]",
        ));
    }
    Ok(text.trim_end_matches('.').to_ascii_lowercase())
}
