//! `[http]`: where metrics and the status page are served.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use toml::de::DeValue;

use super::mistake::{Fault, quoted};
use super::reader::{Table, describe};
use super::schema::{FILE, Other, TableSchema};

/// The port by which the status page is known.
const PORT: u16 = 9219;

/// `[http]`.
pub(super) static HTTP: TableSchema = TableSchema {
    title: "[http]",
    groups: &[Http::KEYS],
    others: &[
        ("address", Other::Is("listen")),
        ("bind", Other::Is("listen")),
        ("host", Other::Is("hosts")),
    ],
};

table! {
    /// Where metrics and the status page are served.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Http, raw RawHttp {
        /// The address; `None` where nothing is served.
        listen: Option<SocketAddr> = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
            by("an address with its port in quotes, such as \"127.0.0.1:9219\", or \"\"", listen)
            shown |listen: &Option<SocketAddr>| Some(listen.map_or_else(String::new, |address| address.to_string()));
        /// Names by which it may be asked for, beside loopback's and the address itself; lower case, without a port.
        hosts: Vec<String> = Vec::new(), by("a list of host names in quotes", hosts)
            shown |hosts: &Vec<String>| Some(hosts.join(", "));
        /// The file that the metrics are written to as well.
        textfile: Option<PathBuf>, by(FILE, textfile);
    }
}

impl Default for Http {
    fn default() -> Self {
        RawHttp::default().complete(&RawHttp::default())
    }
}

fn listen(table: &Table<'_>, key: &str) -> Option<Option<SocketAddr>> {
    let listen = table.checked(key, check_listen)?;
    if let Some(listen) = listen.filter(|address| !address.ip().is_loopback()) {
        table.warning(
            key,
            format!("whoever can reach {listen} can read which certificates there are, and their state"),
            "if that is not meant, write listen = \"127.0.0.1:9219\"; else let a firewall say who may",
        );
    }
    Some(listen)
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

fn textfile(table: &Table<'_>, key: &str) -> Option<PathBuf> {
    table.checked(key, |text| {
        let path = table.source.reading.resolve(text);
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
    })
}

fn hosts(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    table.list(key, |entry| match entry {
        DeValue::String(text) => check_host(text),
        other => Err(Fault::new(
            format!("`hosts` must hold names, not {}", describe(other)),
            "write it as [\"evercert.internal\"]",
        )),
    })
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
