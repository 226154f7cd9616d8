//! A typed reader over one table of a spanned TOML document.
//!
//! Serde stops at the first mistake; this notes each one, says what was found and what is wanted, and goes on. A reader
//! that finds a value unusable returns `None`, as if the key were not there: the mistake is noted, so nothing is
//! accepted in silence.

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::duration;
use super::files;
use super::mistake::{Fault, printable, quoted};
use super::nearest::unknown_choice;
use super::reading::Credentials;
use super::schema::{Key, TableSchema};
use super::source::Source;

/// No text in a config needs to be longer, in bytes. A temporary token has at most 4096 (Tencent Cloud, AssumeRole).
const LONGEST_TEXT: usize = 4096;

/// One table, read against its schema.
pub(super) struct Table<'r> {
    /// The text that it stands in.
    pub(super) source: &'r Source<'r>,
    schema: &'static TableSchema,
    entries: &'r DeTable<'r>,
    /// The span of the table's header, or of the inline table.
    pub(super) at: Range<usize>,
}

impl<'r> Table<'r> {
    /// Wraps a table.
    pub(super) fn new(
        source: &'r Source<'r>,
        schema: &'static TableSchema,
        entries: &'r DeTable<'r>,
        at: Range<usize>,
    ) -> Self {
        Self {
            source,
            schema,
            entries,
            at,
        }
    }

    /// A value of any type.
    pub(super) fn value(&self, name: &str) -> Option<&'r Spanned<DeValue<'r>>> {
        debug_assert!(
            self.schema.key(name).is_some(),
            "{name} is not in the schema"
        );
        self.entries.get(name)
    }

    /// Whether the key is there, be its value right or wrong.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The span of a key's value, or of the table where the key is missing.
    pub(super) fn span_of(&self, name: &str) -> Range<usize> {
        self.value(name).map_or(self.at.clone(), Spanned::span)
    }

    /// A text. Its length is bounded, its content is not checked.
    pub(super) fn text(&self, name: &str) -> Option<&'r str> {
        let value = self.value(name)?;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        if text.len() > LONGEST_TEXT {
            self.source.mistake(
                &value.span(),
                format!("`{name}` is longer than {LONGEST_TEXT} bytes"),
                None,
            );
            return None;
        }
        Some(text)
    }

    /// A text as it is written, if it is one; nothing is noted.
    pub(super) fn peek(&self, name: &str) -> Option<&'r str> {
        self.value(name)?.get_ref().as_str()
    }

    /// A text that passes a check; what the check finds is noted at the value.
    pub(super) fn checked<T>(
        &self,
        name: &str,
        check: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let text = self.text(name)?;
        self.accept(&self.span_of(name), check(text))
    }

    /// One of a few words.
    pub(super) fn choice<T>(
        &self,
        name: &str,
        words: &[&str],
        from: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.checked(name, |text| {
            from(text).ok_or_else(|| unknown_choice(name, text, words))
        })
    }

    /// A secret text: not empty, no blanks. A message about it never shows it.
    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        let text = self.text(name)?;
        let fault = if text.is_empty() {
            Some("is empty")
        } else if text.trim() != text {
            Some("has blanks around it")
        } else if text.chars().any(char::is_control) {
            Some("has control characters in it")
        } else {
            None
        };
        if let Some(fault) = fault {
            let help = "copy it again, without anything around it";
            self.mistake(name, format!("`{name}` {fault}"), help);
            return None;
        }
        Some(SecretString::from(text))
    }

    /// Notes a secret that stands in a file which others can read.
    pub(super) fn check_inline_secret(&self, name: &str) {
        let reading = self.source.reading;
        if let Some(path) = &reading.open_to_others
            && reading.credentials == Credentials::Checked
            && self.has(name)
        {
            self.mistake(
                name,
                format!("`{name}` holds a secret, and this file is open to others than its owner"),
                format!(
                    "chmod 600 {}, or 0640 root:evercert with nobody else in that group, or move the secret to a file of \
                     its own",
                    printable(path)
                ),
            );
        }
    }

    /// The path of a file that holds a secret. What is wrong with that file is a warning: no edit of the config mends it.
    pub(super) fn secret_file(&self, name: &str) -> Option<PathBuf> {
        let reading = self.source.reading;
        let path = self.checked(name, |text| {
            if text.is_empty() || text.chars().any(char::is_control) {
                return Err(Fault::new(
                    format!("`{name}` is not a path"),
                    "name a file that holds the secret and nothing else",
                ));
            }
            Ok(reading.resolve(text))
        })?;
        if reading.credentials == Credentials::Checked {
            self.check_secret_file(name, &path);
        }
        Some(path)
    }

    /// Warns of what is wrong with a file that holds a secret.
    pub(super) fn check_secret_file(&self, name: &str, path: &Path) {
        if let Err(fault) = files::check_secret_file(name, path) {
            self.source
                .warning(&self.span_of(name), fault.message, fault.help);
        }
    }

    /// A duration within bounds. `unit` is what a bare number most probably meant.
    pub(super) fn duration(
        &self,
        name: &str,
        unit: char,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        if let DeValue::Integer(number) = self.value(name)?.get_ref() {
            let help = format!(
                "write {name} = \"{}{unit}\"; units are s, m, h and d",
                number.as_str()
            );
            self.mistake(name, format!("`{name}` has no unit"), help);
            return None;
        }
        self.checked(name, |text| duration::within(name, text, unit, &bounds))
    }

    /// A whole number within bounds.
    pub(super) fn count<T: TryFrom<i64>>(
        &self,
        name: &str,
        bounds: RangeInclusive<i64>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let DeValue::Integer(digits) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            let wanted = match bounds.into_inner() {
                (least, i64::MAX) => format!("{least} or more"),
                (least, most) => format!("from {least} to {most}"),
            };
            let message = format!("`{name}` must be {wanted}, not {}", quoted(digits.as_str()));
            self.source.mistake(&value.span(), message, None);
        }
        number.and_then(|number| T::try_from(number).ok())
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong_type(name, value);
        }
        boolean
    }

    /// A list of which each entry passes a check, with what the check finds noted at the entry. `None` where it is no
    /// list, or one of its entries is of no use.
    pub(super) fn list<T>(
        &self,
        name: &str,
        check: impl Fn(&DeValue<'r>) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let entries = self.entries_of(name)?;
        let read =
            |entry: &'r Spanned<DeValue<'r>>| self.accept(&entry.span(), check(entry.get_ref()));
        // Each is looked at, also behind one that is wrong.
        let read: Vec<Option<T>> = entries.iter().map(read).collect();
        read.into_iter().collect()
    }

    /// A list of texts that pass a check.
    pub(super) fn texts<T>(
        &self,
        name: &str,
        check: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        self.list(name, |entry| match entry {
            DeValue::String(text) => check(text),
            other => Err(Fault::new(
                format!("`{name}` must hold texts, not {}", describe(other)),
                "put each in quotes",
            )),
        })
    }

    /// A table inside this one.
    pub(super) fn table(&self, name: &str, schema: &'static TableSchema) -> Option<Table<'r>> {
        let value = self.value(name)?;
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        Some(Table::new(self.source, schema, entries, value.span()))
    }

    /// The tables of a list. Of an entry that is none, `what` says what it must be, and `help` how to write it.
    pub(super) fn tables(
        &self,
        name: &str,
        schema: &'static TableSchema,
        what: &str,
        help: &str,
    ) -> Vec<Table<'r>> {
        let table = |entry: &'r Spanned<DeValue<'r>>| {
            if let DeValue::Table(keys) = entry.get_ref() {
                return Some(Table::new(self.source, schema, keys, entry.span()));
            }
            let message = format!("{what}, not {}", describe(entry.get_ref()));
            self.source.mistake(&entry.span(), message, help.to_owned());
            None
        };
        let entries = self.entries_of(name).into_iter();
        entries
            .flat_map(|list| list.iter())
            .filter_map(table)
            .collect()
    }

    fn entries_of(&self, name: &str) -> Option<&'r DeArray<'r>> {
        let value = self.value(name)?;
        let DeValue::Array(entries) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        Some(entries)
    }

    /// Whether a list is there and has nothing in it.
    pub(super) fn is_empty_list(&self, name: &str) -> bool {
        let list = self
            .value(name)
            .and_then(|value| value.get_ref().as_array());
        list.is_some_and(|list| list.is_empty())
    }

    /// The value, or nothing with its fault noted.
    pub(super) fn accept<T>(&self, at: &Range<usize>, result: Result<T, Fault>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.source.mistake(at, fault.message, fault.help);
                None
            }
        }
    }

    /// Notes a mistake at a key's value, or at the table where the key is missing.
    pub(super) fn mistake(&self, name: &str, message: impl Into<String>, help: impl Into<String>) {
        self.source
            .mistake(&self.span_of(name), message, help.into());
    }

    /// Notes at the table that something is not there; unless a syntax error may be what hides it.
    pub(super) fn missing(&self, message: impl Into<String>, help: impl Into<String>) {
        self.source.missing(&self.at, message, help);
    }

    /// Notes at a key's value what is valid but deserves a word.
    pub(super) fn warning(&self, name: &str, message: impl Into<String>, help: impl Into<String>) {
        self.source
            .warning(&self.span_of(name), message, help.into());
    }

    /// Notes two keys of which only one may be there.
    pub(super) fn not_both(&self, one: &str, other: &str, message: String) {
        if self.has(one) && self.has(other) {
            self.mistake(other, message, "keep one of the two");
        }
    }

    /// Notes that a value is of the wrong type: what it must be, and what it is. The value itself is not shown.
    pub(super) fn wrong_type(&self, name: &str, value: &Spanned<DeValue<'_>>) {
        let wants = self.schema.key(name).map_or_else(
            || "something else".to_owned(),
            |key: &Key| key.wants.to_string(),
        );
        let found = describe(value.get_ref());
        let message = format!("`{name}` must be {wants}, not {found}");
        let help = (name == "certificates")
            .then(|| "write [[certificates]], with two brackets on each side".to_owned());
        self.source.mistake(&value.span(), message, help);
    }
}

/// A value's type, in words.
pub(super) fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
