//! Secrets of channels, and their addresses.
//!
//! The address of a webhook mostly holds the token that lets one write to it, so every address here is a secret.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;
use secrecy::SecretString;

use super::address::{ip_of, is_this_machine};
use super::mistake::printable;
use super::reader::Table;
use super::schema::Holds;
use super::value::{Shown, Value};

/// A secret, or the file that holds it.
#[derive(Clone, Debug)]
pub enum Secret {
    /// As it stands in the config.
    Here(SecretString),
    /// In a file of its own, read each time it is needed.
    File(PathBuf),
}

impl Value for Secret {
    fn show(&self, key: &str, holds: Holds, shown: &mut Shown) {
        match self {
            Self::Here(secret) => secret.show(key, holds, shown),
            Self::File(path) => path.show(&format!("{key}_file"), Holds::SecretFile, shown),
        }
    }

    fn add_secret_files(&self, _holds: Holds, found: &mut BTreeSet<PathBuf>) {
        if let Self::File(path) = self {
            found.insert(path.clone());
        }
    }
}

/// A secret under `key`, or in the file that `key_file` names.
pub(super) fn secret(table: &Table<'_>, key: &str) -> Option<Secret> {
    let file = not_both(table, key);
    table.check_inline_secret(key);
    match table.secret(key) {
        Some(secret) => Some(Secret::Here(secret)),
        None => table.secret_file(&file).map(Secret::File),
    }
}

/// An address, which is a secret too. What is wrong with it is said without showing it.
pub(super) fn url(table: &Table<'_>, key: &str) -> Option<Secret> {
    let file = not_both(table, key);
    let Some(text) = table.text(key) else {
        return table.secret_file(&file).map(Secret::File);
    };
    let allow_http = table
        .value("allow_http")
        .and_then(|value| value.get_ref().as_bool());
    if let Err(what) = check_url(text, allow_http.unwrap_or(false)) {
        let help = "copy it again; it is not shown here, since it may hold a token";
        table.mistake(key, format!("the address in `{key}` {what}"), help);
        return None;
    }
    // Some addresses hold no token, so this is a word and no mistake.
    if let Some(path) = &table.source.reading.open_to_others {
        table.warning(
            key,
            format!("`{key}` may hold a token, and this file is open to others than its owner"),
            format!("chmod 600 {}, or use `{file}`", printable(path)),
        );
    }
    table.secret(key).map(Secret::Here)
}

/// The key by which a file is named; that and the other are not given together.
fn not_both(table: &Table<'_>, key: &str) -> String {
    let file = format!("{key}_file");
    table.not_both(key, &file, format!("both `{key}` and `{file}` are given"));
    file
}

/// Checks an address that messages go to, and never shows it.
///
/// # Errors
/// What is wrong with it, as it follows on "the address".
pub fn check_url(text: &str, allow_http: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a web address")?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        _ if host.is_empty() => Err("names no host"),
        "https" => Ok(url),
        "http" if is_this_machine(host) => Ok(url),
        "http" if !allow_http => {
            Err("is plain http, which is for this machine, or with allow_http for private networks")
        }
        "http" if ip_of(host).is_none_or(is_private) => Ok(url),
        "http" => Err("is plain http to a public address; use https"),
        _ => Err("is neither https nor http"),
    }
}

/// True for an address of this machine or of a network that the internet does not route (RFC 1918, 3927, 4193, 4291,
/// 6598).
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine_or_in_a_network_that_was_allowed() {
        for (text, allow, good) in [
            ("https://hooks.example.com/x?key=1", false, true),
            ("http://127.0.0.1:9/x", false, true),
            ("http://[::1]/x", false, true),
            ("http://localhost/x", false, true),
            ("http://10.1.2.3/x", false, false),
            ("http://10.1.2.3/x", true, true),
            ("http://[fd00::1]/x", true, true),
            ("http://alerts.internal/x", true, true),
            ("http://203.0.113.9/x", true, false),
            ("http://[::ffff:203.0.113.9]/x", true, false),
            ("ftp://example.com/", true, false),
            ("hooks.example.com/x", true, false),
        ] {
            assert_eq!(check_url(text, allow).is_ok(), good, "{text} {allow}");
        }
    }
}
