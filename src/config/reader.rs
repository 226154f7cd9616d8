//! A typed reader over one table of a spanned TOML document.
//!
//! Serde stops at the first mistake; this notes each one, says what was found and what is wanted, and goes on. A reader
//! that finds a value unusable returns `None`, as if the key were not there: the mistake is noted, so nothing is
//! accepted in silence.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::duration;
use super::mistake::{Fault, quoted};
use super::schema::{Key, Other, PLACES, TOP, TableSchema, nearest};
use super::source::Source;

/// No text in a config needs to be longer, in bytes. A temporary token has at most 4096 (Tencent Cloud, AssumeRole).
const LONGEST_TEXT: usize = 4096;

/// A text value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Text<'r> {
    /// The value, never longer than [`LONGEST_TEXT`].
    pub(super) value: &'r str,
    /// The span of the value.
    pub(super) at: Range<usize>,
}

/// One table, read against its schema. Unknown keys are noted when the reader is made.
pub(super) struct Table<'r> {
    pub(super) source: &'r Source<'r>,
    schema: &'static TableSchema,
    entries: &'r DeTable<'r>,
    /// The span of the table's header, or of the inline table.
    pub(super) at: Range<usize>,
}

impl<'r> Table<'r> {
    /// Wraps a table, and notes its unknown keys.
    pub(super) fn new(
        source: &'r Source<'r>,
        schema: &'static TableSchema,
        entries: &'r DeTable<'r>,
        at: Range<usize>,
    ) -> Self {
        for key in entries.keys() {
            let name = key.get_ref().as_ref();
            if schema.key(name).is_none() {
                let fault = unknown_key(schema, name);
                source.mistake(&key.span(), fault.message, fault.help);
            }
        }
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
    pub(super) fn text(&self, name: &str) -> Option<Text<'r>> {
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
        Some(Text {
            value: text,
            at: value.span(),
        })
    }

    /// A text that passes a check; what the check finds is noted at the value.
    pub(super) fn checked<T>(
        &self,
        name: &str,
        check: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let text = self.text(name)?;
        self.accept(&text.at, check(text.value))
    }

    /// A secret text: not empty, no blanks. A message about it never shows it.
    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        let text = self.text(name)?;
        let fault = if text.value.is_empty() {
            Some("is empty")
        } else if text.value.trim() != text.value {
            Some("has blanks around it")
        } else if text.value.chars().any(char::is_control) {
            Some("has control characters in it")
        } else {
            None
        };
        if let Some(fault) = fault {
            let help = "copy it again, without anything around it";
            self.source
                .mistake(&text.at, format!("`{name}` {fault}"), help.to_owned());
            return None;
        }
        Some(SecretString::from(text.value))
    }

    /// A duration within bounds. `unit` is what a bare number most probably meant.
    pub(super) fn duration(
        &self,
        name: &str,
        unit: char,
        bounds: &RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let value = self.value(name)?;
        if let DeValue::Integer(number) = value.get_ref() {
            self.source.mistake(
                &value.span(),
                format!("`{name}` has no unit"),
                format!(
                    "write {name} = \"{}{unit}\"; units are s, m, h and d",
                    number.as_str()
                ),
            );
            return None;
        }
        self.checked(name, |text| duration::within(name, text, unit, bounds))
    }

    /// A whole number within bounds.
    pub(super) fn integer(&self, name: &str, bounds: &RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        let DeValue::Integer(digits) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            let wanted = if *most == i64::MAX {
                format!(
                    "`{name}` must be {least} or more, not {}",
                    quoted(digits.as_str())
                )
            } else {
                format!(
                    "`{name}` must be from {least} to {most}, not {}",
                    quoted(digits.as_str())
                )
            };
            self.source.mistake(&value.span(), wanted, None);
        }
        number
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

    /// A table inside this one.
    pub(super) fn table(&self, name: &str, schema: &'static TableSchema) -> Option<Table<'r>> {
        let value = self.value(name)?;
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        Some(Table::new(self.source, schema, entries, value.span()))
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

    /// Notes that a value is of the wrong type: what it must be, and what it is. The value itself is not shown.
    pub(super) fn wrong_type(&self, name: &str, value: &Spanned<DeValue<'_>>) {
        let wants = self
            .schema
            .key(name)
            .map_or("something else", |key: &Key| key.wants);
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

/// What to say about a key that a table does not have.
fn unknown_key(schema: &'static TableSchema, name: &str) -> Fault {
    match schema.other(name) {
        Some(Other::Refused(reason)) => {
            return Fault::new(format!("`{name}` cannot be set"), reason);
        }
        Some(Other::Is(ours)) if schema.key(ours).is_some() => {
            return Fault::new(unknown(schema, name), format!("it is called `{ours}` here"));
        }
        Some(Other::Is(_)) | None => {}
    }
    let elsewhere = PLACES.iter().find(|place| place.key(name).is_some());
    let help = if let Some(meant) = nearest(name, schema.keys.iter().map(|key| key.name)) {
        Some(format!("did you mean `{meant}`?"))
    } else if let Some(place) = elsewhere {
        Some(if std::ptr::eq(*place, &TOP) {
            format!("`{name}` belongs at the top of the file, above the first [table]")
        } else {
            format!("`{name}` belongs in {}", place.title)
        })
    } else {
        let keys: Vec<&str> = schema.keys.iter().map(|key| key.name).collect();
        Some(format!("known here: {}", keys.join(", ")))
    };
    Fault {
        message: unknown(schema, name),
        help,
    }
}

fn unknown(schema: &TableSchema, name: &str) -> String {
    format!("unknown key {} in {}", quoted(name), schema.title)
}
