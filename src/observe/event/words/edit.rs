//! The sentence of an edit of the config.

use std::fmt;

use super::super::fact::{ConfigChange, Names};

/// The difference, and what it costs.
pub(super) fn reloaded(change: &ConfigChange) -> String {
    let mut text = format!(
        "the config was read again; added: {}; removed: {}; changed: {}",
        change.added, change.removed, change.changed,
    );
    if !change.settings.is_empty() {
        text.push_str(&format!("; settings: {}", change.settings));
    }
    if !change.removed.is_empty() {
        text.push_str("; what is removed is no longer renewed, its files stay");
    }
    text.push_str(&match change.orders {
        0 => "; it costs no order now".to_owned(),
        1 => "; it costs 1 order now, unless there is a certificate to adopt".to_owned(),
        many => format!("; it costs {many} orders now, unless there are certificates to adopt"),
    });
    text
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first: Vec<&str> = self.first.iter().map(AsRef::as_ref).collect();
        match (first.is_empty(), self.more) {
            (true, _) => f.write_str("none"),
            (_, 0) => f.write_str(&first.join(", ")),
            (_, more) => write!(f, "{} and {more} more", first.join(", ")),
        }
    }
}
