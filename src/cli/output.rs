//! What people and scripts see: tables, times, JSON.

use std::io::{self, ErrorKind, IsTerminal, Write};

use chrono::{DateTime, Utc};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::failure::Failure;
pub(super) use crate::text::local;
use crate::text::plain_lines;

/// Prints text. What would act on the terminal is no more in it, wherever it came from. A reader that went away (`| head`) ends the output, and is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(plain_lines(text).as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints what a verb has to show: JSON for scripts, indented, or text for people.
pub(super) fn show(
    as_json: bool,
    json: impl FnOnce() -> Value,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if as_json {
        print(&format!("{:#}\n", json()))
    } else {
        print(&text())
    }
}

/// A table with a headline; columns as wide as they must be.
pub(super) fn table(headline: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headline.iter().map(|title| title.width()).collect();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            if let Some(widest) = widths.get_mut(column) {
                *widest = (*widest).max(cell.width());
            }
        }
    }
    let line = |cells: &[&str]| {
        let mut text = String::new();
        for (column, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < cells.len() {
                let pad = widths.get(column).map_or(0, |widest| widest - cell.width());
                text.push_str(&" ".repeat(pad + 2));
            }
        }
        format!("{}\n", text.trim_end())
    };
    let mut text = line(headline);
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        text.push_str(&line(&cells));
    }
    text
}

/// A time for scripts: RFC 3339, UTC.
pub(super) fn rfc3339(time: Option<DateTime<Utc>>) -> Value {
    time.map(crate::text::rfc3339).into()
}

/// Whether colours and moving lines are wanted on standard output.
pub(super) fn is_lively() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_beside_chinese_names() {
        let rows = [
            vec!["例子.中国".to_owned(), "a".to_owned()],
            vec!["x.example".to_owned(), "b".to_owned()],
        ];
        // Each Chinese letter takes two columns of a terminal.
        assert_eq!(
            table(&["DOMAIN", "X"], &rows),
            "DOMAIN     X\n例子.中国  a\nx.example  b\n"
        );
    }
}
