//! What is wrong in a config, and where.
//!
//! Every part of this module notes what it finds in a [`Report`] and goes on, so that an operator sees all mistakes of a
//! file in one go. Nothing here may hold the text of a secret: values are quoted only through [`quoted`], and the
//! readers of secrets never quote them.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::text::acts;

/// Where something stands in a file: for messages about a certificate that came from the config.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as its path was given.
    pub file: Arc<Path>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", printable(&self.file), self.line, self.column)
    }
}

/// One mistake (or warning): what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as its path was given.
    pub file: PathBuf,
    /// The line, counted from 1; 0 when the file as a whole is meant (it is missing, a directory, not text).
    pub line: usize,
    /// The column in characters, counted from 1; 0 together with `line`.
    pub column: usize,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub help: Option<String>,
}

impl Mistake {
    /// A mistake that concerns a file as a whole.
    pub(super) fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: file.to_path_buf(),
            line: 0,
            column: 0,
            message: message.into(),
            help: None,
        }
    }

    /// Where it is, as it stands before the message: `a.toml:3:7:`.
    #[must_use]
    pub fn place(&self) -> String {
        let file = printable(&self.file);
        match self.line {
            0 => format!("{file}:"),
            line => format!("{file}:{line}:{}:", self.column),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place(), self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// A config that is not valid. Nothing of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Every mistake, in the order of the files and of the lines in them. Never empty.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejected {}

/// What is wrong with one value, before it is known where the value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
}

impl Fault {
    /// A fault with its remedy.
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Some(help.into()),
        }
    }
}

/// Collects what is found while a config is read. Shared by all readers of one load, hence the cells.
#[derive(Debug, Default)]
pub(super) struct Report {
    mistakes: RefCell<Vec<(usize, Mistake)>>,
    warnings: RefCell<Vec<(usize, Mistake)>>,
}

impl Report {
    /// Notes a mistake of the file with this rank (0 is the main file).
    pub(super) fn mistake(&self, rank: usize, mistake: Mistake) {
        self.mistakes.borrow_mut().push((rank, mistake));
    }

    /// Notes something that is valid but deserves a word.
    pub(super) fn warning(&self, rank: usize, warning: Mistake) {
        self.warnings.borrow_mut().push((rank, warning));
    }

    /// The warnings, or the mistakes when there are any; both in reading order.
    pub(super) fn into_result(self) -> Result<Vec<Mistake>, Rejected> {
        let mistakes = in_reading_order(self.mistakes.into_inner());
        if mistakes.is_empty() {
            Ok(in_reading_order(self.warnings.into_inner()))
        } else {
            Err(Rejected { mistakes })
        }
    }
}

fn in_reading_order(mut noted: Vec<(usize, Mistake)>) -> Vec<Mistake> {
    // Stable, so that two findings at one place keep the order in which they were found.
    noted.sort_by_key(|(rank, mistake)| (*rank, mistake.line, mistake.column));
    noted.into_iter().map(|(_, mistake)| mistake).collect()
}

/// How many characters of a value are shown in a message.
const QUOTED_CHARACTERS: usize = 80;

/// A value as messages show it: in backticks, on one line, not longer than a line. Never for secrets.
pub(super) fn quoted(value: &str) -> String {
    let mut shown = String::from("`");
    for character in value.chars().take(QUOTED_CHARACTERS) {
        if acts(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if value.chars().nth(QUOTED_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// A path on one line, whatever characters its name has.
pub(super) fn printable(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.chars().any(acts) {
        text.chars().flat_map(escaped).collect()
    } else {
        text.into_owned()
    }
}

fn escaped(character: char) -> Vec<char> {
    if acts(character) {
        character.escape_default().collect()
    } else {
        vec![character]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_reads_as_file_line_column_message_and_help() {
        let mistake = Mistake {
            file: "a.toml".into(),
            line: 3,
            column: 7,
            message: "is wrong".into(),
            help: Some("do it right".into()),
        };
        assert_eq!(
            mistake.to_string(),
            "a.toml:3:7: is wrong\n  help: do it right"
        );
        let whole = Mistake::of_file(Path::new("a.toml"), "is a directory");
        assert_eq!(whole.to_string(), "a.toml: is a directory");
    }

    #[test]
    fn mistakes_come_in_the_order_of_files_then_lines() {
        let report = Report::default();
        for (rank, line) in [(1, 1), (0, 9), (0, 2)] {
            let mut mistake = Mistake::of_file(Path::new("x"), format!("{rank}/{line}"));
            mistake.line = line;
            report.mistake(rank, mistake);
        }
        let order: Vec<String> = match report.into_result() {
            Ok(_) => Vec::new(),
            Err(rejected) => rejected.mistakes.into_iter().map(|m| m.message).collect(),
        };
        assert_eq!(order, ["0/2", "0/9", "1/1"]);
    }

    #[test]
    fn a_quoted_value_stays_on_one_line_and_short() {
        assert_eq!(quoted("a\nb"), "`a\\nb`");
        assert_eq!(quoted(&"x".repeat(500)).chars().count(), 83);
        assert_eq!(printable(Path::new("a\nb")), "a\\nb");
        // What turns text around is shown as what it is.
        assert_eq!(quoted("a\u{202e}b"), "`a\\u{202e}b`");
        assert_eq!(printable(Path::new("a\u{2066}b")), "a\\u{2066}b");
    }
}
