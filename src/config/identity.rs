//! What makes a target the same one as before: a digest of its settings by their names.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::value::{Setting, Value};
use crate::text::hex;

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

    /// Adds a setting, unless it is at its default or not set.
    pub(super) fn add(&mut self, setting: &Setting<'_>) {
        let default = setting.default.and_then(Value::text);
        if let Some(text) = setting.value.text()
            && Some(&text) != default.as_ref()
        {
            self.settings.insert(setting.key, text);
        }
    }

    /// Sixteen hexadecimal digits: name a target in the database and its folder of saved files.
    pub(super) fn key(self) -> String {
        let mut digest = Sha256::new();
        let mut add = |part: &str| {
            // The length goes first, so that no two lists of settings read the same.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        };
        add(self.kind);
        for (name, value) in &self.settings {
            add(name);
            add(value);
        }
        let mut text = hex(&digest.finalize());
        text.truncate(16);
        text
    }
}
