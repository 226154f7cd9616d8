//! Values of settings: how they are shown without their secrets, and how they are told apart.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::address::{Endpoint, HostPort, Proxy};
use super::cron::Cron;
use super::digest;
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

impl<'a> Setting<'a> {
    /// A setting with no secret in it, and without a default.
    pub(super) fn open(key: &'static str, value: &'a dyn Value) -> Self {
        Self {
            key,
            holds: Holds::Open,
            default: None,
            value,
        }
    }

    /// Shows it under its key, with `prefix` in front.
    pub(super) fn show(&self, prefix: &str, shown: &mut Shown) {
        let key = format!("{prefix}{}", self.key);
        self.value.show(&key, self.holds, shown);
    }

    /// Adds the files of secrets that it names.
    pub(super) fn add_secret_files(&self, found: &mut BTreeSet<PathBuf>) {
        self.value.add_secret_files(self.holds, found);
    }
}

/// Several settings.
pub(super) trait Settings {
    /// Every one of them, in the order of their declaration.
    fn each(&self, see: &mut dyn FnMut(Setting<'_>));

    /// Shows all of them under their keys, with `prefix` in front.
    fn show_each(&self, prefix: &str, shown: &mut Shown) {
        self.each(&mut |setting| setting.show(prefix, shown));
    }

    /// Adds the files of secrets that they name.
    fn add_all_secret_files(&self, found: &mut BTreeSet<PathBuf>) {
        self.each(&mut |setting| setting.add_secret_files(found));
    }
}

/// What is shown of settings: keys and values, in the order of the declarations.
pub(super) type Shown = Vec<(String, String)>;

/// The value of a setting.
pub(super) trait Value {
    /// The whole value as one text, by which it is told apart from others; `None` where it is not set, and for what is
    /// part of no target.
    fn text(&self) -> Option<String> {
        None
    }

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

/// The mark of a secret, as four hexadecimal digits.
pub(super) fn mark(what: &str, secret: &str) -> String {
    hex(&digest::mark(what, secret))
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

/// Adds a value that consists of settings in one line: the value of the first, then `key = value` of the others. A switch
/// that is off is left out.
pub(super) fn show_in_one_line(settings: &dyn Settings, key: &str, shown: &mut Shown) {
    let mut parts = Shown::new();
    settings.show_each("", &mut parts);
    let mut text = String::new();
    for (place, (key, value)) in parts.iter().enumerate() {
        match place {
            0 => text.push_str(value),
            _ if value == "false" => {}
            _ => text.push_str(&format!(", {key} = {value}")),
        }
    }
    shown.push((key.to_owned(), text));
}

/// Makes values of what consists of settings, shown in one line.
macro_rules! in_one_line {
    ($($Type:ty),*) => {
        $(impl $crate::config::value::Value for $Type {
            fn show(&self, key: &str, _: $crate::config::schema::Holds, shown: &mut $crate::config::value::Shown) {
                $crate::config::value::show_in_one_line(self, key, shown);
            }

            fn add_secret_files(
                &self,
                _: $crate::config::schema::Holds,
                found: &mut std::collections::BTreeSet<std::path::PathBuf>,
            ) {
                self.add_all_secret_files(found);
            }
        })*
    };
}
pub(super) use in_one_line;

/// A value that is shown in its own way.
pub(super) struct ShownAs(pub(super) Option<String>);

impl Value for ShownAs {
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
    String, bool, u8, u32, u64, SocketAddr, HostPort, Cron, Endpoint, Algorithm
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
    fn show(&self, key: &str, _holds: Holds, shown: &mut Shown) {
        shown.push((key.to_owned(), sealed(key, self.expose_secret())));
    }
}

impl Value for Proxy {
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
