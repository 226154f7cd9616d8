//! Writing the text format.

use std::fmt::Write;

use super::families::Family;

/// Text in the making. What is written is checked by `promtool` in the tests.
pub(super) struct Text {
    text: String,
    name: &'static str,
}

impl Text {
    /// With room for that many certificates.
    pub(super) fn with_room(certificates: usize) -> Self {
        Self {
            text: String::with_capacity(16 * 1024 + certificates * 640),
            name: "",
        }
    }

    /// Begins a family: its samples follow.
    pub(super) fn family(&mut self, family: &Family) -> &mut Self {
        self.name = family.name;
        let (name, help, kind) = (family.name, family.help, family.kind.name());
        self.text
            .push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        self
    }

    /// A family of one sample without labels.
    pub(super) fn one(&mut self, family: &Family, value: f64) {
        self.family(family).sample(&[], value);
    }

    /// The same, where there is a value; else the family is left out.
    pub(super) fn maybe(&mut self, family: &Family, value: Option<f64>) {
        if let Some(value) = value {
            self.one(family, value);
        }
    }

    /// A sample of the family.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        self.part("", labels, value)
    }

    /// A sample whose name goes on after the family's.
    pub(super) fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: f64) -> &mut Self {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        for (place, (name, value)) in labels.iter().enumerate() {
            self.text.push(if place == 0 { '{' } else { ',' });
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.escaped(value);
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        // Writing to a String can't fail.
        let written = write!(self.text, " {value}");
        debug_assert!(written.is_ok());
        self.text.push('\n');
        self
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn escaped(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
    }
}
