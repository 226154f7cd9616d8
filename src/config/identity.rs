//! What makes a target the same one as before: a digest of its settings by their names.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::value::{Settings, Value};

/// The settings of one target, under way to its key.
///
/// A setting at its default is left out, and the order in which settings are declared does not count, so that a new
/// setting makes no target another one.
pub(super) struct Identity {
    kind: &'static str,
    settings: BTreeMap<&'static str, String>,
}

impl Identity {
    /// A target of this kind with everything at its default.
    pub(super) fn of(kind: &'static str) -> Self {
        Self {
            kind,
            settings: BTreeMap::new(),
        }
    }

    /// With this setting.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.settings.insert(name, value.into());
        self
    }

    /// With those of these settings that are set, and not at their defaults.
    pub(super) fn with_all(mut self, settings: &dyn Settings) -> Self {
        settings.each(&mut |setting| {
            let default = setting.default.and_then(Value::text);
            if let Some(text) = setting.value.text()
                && Some(&text) != default.as_ref()
            {
                self.settings.insert(setting.key, text);
            }
        });
        self
    }

    /// Sixteen hexadecimal digits: name a target in the database and its folder of saved files.
    pub(super) fn key(self) -> String {
        let mut digest = Digest::new();
        digest.add(self.kind);
        for (name, value) in &self.settings {
            digest.add(name);
            digest.add(value);
        }
        let mut text = digest.text();
        text.truncate(16);
        text
    }
}
