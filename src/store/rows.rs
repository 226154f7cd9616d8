//! Columns ↔ values, for every table.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::calendar;

/// How a row becomes this struct. A field is the column of its name, or of another (`since = "paused_at"`); it is read as
/// sqlx reads it, by a method of [`Columns`] (`at: time`), or from the whole row (`entry: flatten`).
///
/// Not derived: sqlx compiles itself and SQLite a second time for its macros.
macro_rules! from_row {
    ($type:ident: $($field:ident $(= $column:literal)? $(: $how:ident)?),+) => {
        impl sqlx::FromRow<'_, sqlx::sqlite::SqliteRow> for $type {
            fn from_row(row: &sqlx::sqlite::SqliteRow) -> Result<Self, sqlx::Error> {
                Ok(Self {
                    $($field: from_row!(@read row, (stringify!($field) $(, $column)?) $(, $how)?)?),+
                })
            }
        }
    };
    (@read $row:ident, $column:tt, flatten) => { sqlx::FromRow::from_row($row) };
    (@read $row:ident, $column:tt, $how:ident) => {
        crate::store::rows::Columns::$how($row, from_row!(@column $column))
    };
    (@read $row:ident, $column:tt) => { sqlx::Row::try_get($row, from_row!(@column $column)) };
    (@column ($field:expr)) => { $field };
    (@column ($field:expr, $column:literal)) => { $column };
}
pub(super) use from_row;

/// The longest span that anything in the record has. Longer ones could not be added to a time.
const LONGEST_SPAN: TimeDelta = TimeDelta::days(3650);

/// Milliseconds of the database as a time.
pub(super) fn time(milliseconds: i64) -> DateTime<Utc> {
    calendar::of_milliseconds(milliseconds)
}

/// Milliseconds of the database as a span of time.
pub(super) fn span(milliseconds: i64) -> TimeDelta {
    TimeDelta::milliseconds(milliseconds.clamp(0, LONGEST_SPAN.num_milliseconds()))
}

/// A time as it is bound.
pub(super) fn millis(at: Option<DateTime<Utc>>) -> Option<i64> {
    at.map(|at| at.timestamp_millis())
}

/// A value that this version doesn't understand.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// What kind of value.
    pub(super) what: &'static str,
    /// The value.
    pub(super) value: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "unknown {}: {}", self.what, self.value)
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for sqlx::Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::Decode(Box::new(unreadable))
    }
}

/// What columns hold beyond SQLite's own types.
pub(super) trait Columns {
    /// A time.
    fn time(&self, column: &str) -> Result<DateTime<Utc>, sqlx::Error>;

    /// A time, if there is any.
    fn maybe_time(&self, column: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error>;

    /// A stable name, read by the function that knows them all.
    fn word<T>(
        &self,
        column: &str,
        what: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, sqlx::Error>;

    /// A value as JSON.
    fn json<T: DeserializeOwned>(
        &self,
        column: &str,
        what: &'static str,
    ) -> Result<T, sqlx::Error> {
        self.word(column, what, |text| serde_json::from_str(text).ok())
    }
}

impl Columns for SqliteRow {
    fn time(&self, column: &str) -> Result<DateTime<Utc>, sqlx::Error> {
        self.try_get(column).map(time)
    }

    fn maybe_time(&self, column: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        let at: Option<i64> = self.try_get(column)?;
        Ok(at.map(time))
    }

    fn word<T>(
        &self,
        column: &str,
        what: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, sqlx::Error> {
        let text: String = self.try_get(column)?;
        Ok(read(&text).ok_or(Unreadable { what, value: text })?)
    }
}

/// A value as JSON, for a column of text.
pub(super) fn json<T: serde::Serialize>(
    what: &'static str,
    value: &T,
) -> Result<String, sqlx::Error> {
    let written = serde_json::to_string(value);
    Ok(written.map_err(|error| Unreadable {
        what,
        value: error.to_string(),
    })?)
}
