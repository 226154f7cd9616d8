//! Values of settings: how they are shown without their secrets, and how they are told apart.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::address::{Endpoint, HostPort, Proxy};
use super::cron::Cron;
use super::duration::written;
use super::schema::Holds;
use crate::lifecycle::Algorithm;
use crate::text::hex;

/// A setting of a valid config.
pub(super) struct Setting<'a> {
    /// Its key, as it is written.
    pub(super) key: &'static str,
    /// Whether it may be shown.
    pub(super) holds: Holds,
    /// What holds where nothing is written, if that is anything.
    pub(super) default: Option<&'a dyn Value>,
    /// Its value.
    pub(super) value: &'a dyn Value,
}

impl Setting<'_> {
    /// Shows it under its key, with `prefix` in front.
    pub(super) fn show(&self, prefix: &str, shown: &mut Shown) {
        let key = format!("{prefix}{}", self.key);
        self.value.show(&key, self.holds, shown);
    }
}

/// What is shown of settings: keys and values, in the order of the declarations.
pub(super) type Shown = Vec<(String, String)>;

/// The value of a setting.
pub(super) trait Value {
    /// The whole value as one text, by which it is told apart from others; `None` where it is not set, and for what is
    /// part of no target.
    fn text(&self) -> Option<String>;

    /// Adds what may be shown of it: nothing where it is not set, and of a secret a mark only.
    fn show(&self, key: &str, holds: Holds, shown: &mut Shown) {
        if let Some(text) = self.text() {
            let text = match holds {
                Holds::Secret => sealed(key, &text),
                _ => text,
            };
            shown.push((key.to_owned(), text));
        }
    }

    /// Adds the files of secrets that it names.
    fn add_secret_files(&self, _holds: Holds, _found: &mut BTreeSet<PathBuf>) {}
}

/// What is shown of a secret.
fn sealed(key: &str, secret: &str) -> String {
    format!("(secret {})", mark(key, secret))
}

/// Sixteen bits of a digest: enough to notice that a secret changed, too few to guess it from.
pub(super) fn mark(what: &str, secret: &str) -> String {
    let digest = Sha256::new_with_prefix(what)
        .chain_update([0])
        .chain_update(secret);
    let mut text = hex(&digest.finalize());
    text.truncate(4);
    text
}

/// The program by its name; of its arguments, which may be secrets, only how many there are, and a mark.
pub(super) fn command(argv: &[String]) -> String {
    let Some((program, arguments)) = argv.split_first() else {
        return String::new();
    };
    match arguments.len() {
        0 => program.clone(),
        count => {
            let words = if count == 1 { "argument" } else { "arguments" };
            let mark = mark("command", &format!("{arguments:?}"));
            format!("{program} ({count} {words}, {mark})")
        }
    }
}

/// Several settings as one text: the value of the first, then `key = value` of the others. A switch that is off is left
/// out.
pub(super) fn in_one_line(settings: &Shown) -> String {
    let mut text = String::new();
    for (place, (key, value)) in settings.iter().enumerate() {
        match place {
            0 => text.push_str(value),
            _ if value == "false" => {}
            _ => text.push_str(&format!(", {key} = {value}")),
        }
    }
    text
}

/// A value that is shown in its own way.
pub(super) struct As(pub(super) Option<String>);

impl Value for As {
    fn text(&self) -> Option<String> {
        self.0.clone()
    }
}

/// Values that are shown as they print.
macro_rules! printed {
    ($($Type:ty),*) => {
        $(impl Value for $Type {
            fn text(&self) -> Option<String> {
                Some(self.to_string())
            }
        })*
    };
}

printed!(
    String, bool, u32, u64, SocketAddr, HostPort, Cron, Endpoint, Algorithm
);

impl Value for Duration {
    fn text(&self) -> Option<String> {
        Some(written(*self))
    }
}

impl Value for PathBuf {
    fn text(&self) -> Option<String> {
        Some(self.display().to_string())
    }

    fn add_secret_files(&self, holds: Holds, found: &mut BTreeSet<PathBuf>) {
        if holds == Holds::SecretFile {
            found.insert(self.clone());
        }
    }
}

impl Value for SecretString {
    fn text(&self) -> Option<String> {
        None
    }

    fn show(&self, key: &str, _holds: Holds, shown: &mut Shown) {
        shown.push((key.to_owned(), sealed(key, self.expose_secret())));
    }
}

impl Value for Proxy {
    fn text(&self) -> Option<String> {
        None
    }

    fn show(&self, key: &str, _holds: Holds, shown: &mut Shown) {
        let text = match self.has_password() {
            true => format!("{self} (with a password, {})", mark("proxy", self.expose())),
            false => self.to_string(),
        };
        shown.push((key.to_owned(), text));
    }
}

/// A command: program and arguments.
impl Value for Vec<String> {
    fn text(&self) -> Option<String> {
        // A list of texts always has a JSON form.
        serde_json::to_string(self).ok()
    }

    fn show(&self, key: &str, _holds: Holds, shown: &mut Shown) {
        shown.push((key.to_owned(), command(self)));
    }
}

impl<T: Value> Value for Option<T> {
    fn text(&self) -> Option<String> {
        self.as_ref()?.text()
    }

    fn show(&self, key: &str, holds: Holds, shown: &mut Shown) {
        if let Some(value) = self {
            value.show(key, holds, shown);
        }
    }

    fn add_secret_files(&self, holds: Holds, found: &mut BTreeSet<PathBuf>) {
        if let Some(value) = self {
            value.add_secret_files(holds, found);
        }
    }
}

/// One of several in a list, which are numbered from 1.
pub(super) trait Item: Value {}

impl Item for Vec<String> {}

impl<T: Item> Value for Vec<T> {
    fn text(&self) -> Option<String> {
        None
    }

    fn show(&self, key: &str, holds: Holds, shown: &mut Shown) {
        for (place, item) in self.iter().enumerate() {
            item.show(&format!("{key}.{}", place + 1), holds, shown);
        }
    }

    fn add_secret_files(&self, holds: Holds, found: &mut BTreeSet<PathBuf>) {
        for item in self {
            item.add_secret_files(holds, found);
        }
    }
}
