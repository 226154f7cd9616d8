//! One file's text: from byte offsets to lines and columns, and from TOML's syntax errors to mistakes.
//!
//! Positions cost the same wherever they lie, so that a long file, or a long line, with many mistakes is no slower a
//! mistake than a short one.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::mistake::{Mistake, Place};
use super::reading::Reading;

/// Characters are counted up to every so many bytes once, and only the rest of a position each time.
const STRIDE: usize = 256;

/// How many syntax errors of one file are shown. They follow from each other, and a file that is no TOML at all has
/// one in every line.
const SYNTAX_ERRORS: usize = 40;

/// A text longer than this, in bytes, is tried up to here first.
const TRIAL: usize = 64 * 1024;

/// More syntax errors than this in the trial, and the rest is not looked at.
const HOPELESS: usize = 1_000;

/// A text, the file it came from, and the report that its mistakes go to.
pub(super) struct Source<'r> {
    file: Arc<Path>,
    rank: usize,
    text: &'r str,
    line_starts: Vec<usize>,
    characters: Vec<usize>,
    /// The reading that it is a part of.
    pub(super) reading: &'r Reading,
    /// The text without the lines that stop the parser, if it has such lines.
    mended: OnceCell<String>,
    /// The lines with a syntax error, once the text is parsed.
    broken: OnceCell<BTreeSet<usize>>,
}

impl<'r> Source<'r> {
    /// Prepares a text for reading. `rank` orders the files: 0 is the main file.
    pub(super) fn new(file: &Path, rank: usize, text: &'r str, reading: &'r Reading) -> Self {
        // Windows editors put a byte order mark first; it is no character of the first line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut line_starts = vec![0];
        let mut characters = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut count = 0;
        for (offset, byte) in text.bytes().enumerate() {
            if offset % STRIDE == 0 {
                characters.push(count);
            }
            count += usize::from(starts_character(byte));
            if byte == b'\n' {
                line_starts.push(offset + 1);
            }
        }
        characters.push(count);
        Self {
            file: Arc::from(file),
            rank,
            text,
            line_starts,
            characters,
            reading,
            mended: OnceCell::new(),
            broken: OnceCell::new(),
        }
    }

    /// The place of a byte offset. An offset past the end is the end.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        Place {
            file: Arc::clone(&self.file),
            line,
            column: 1 + self.characters_before(offset) - self.characters_before(start),
        }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let stride = offset / STRIDE;
        let known = self.characters.get(stride).copied().unwrap_or(0);
        let rest = self.text.as_bytes().get(stride * STRIDE..offset);
        known
            + rest
                .unwrap_or_default()
                .iter()
                .filter(|byte| starts_character(**byte))
                .count()
    }

    /// Notes a mistake at the start of a span. What is found in a line with a syntax error follows from that error, and
    /// may show text that was never meant to be a key: it is not noted.
    pub(super) fn mistake(
        &self,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        let mistake = self.note(at, message.into(), help.into());
        let echo = self.broken.get().is_some_and(|lines| {
            // The parser gives a value that it makes up itself no span at all.
            lines.contains(&mistake.line) || (*at == (0..0) && !lines.is_empty())
        });
        if !echo {
            self.reading.report.mistake(self.rank, mistake);
        }
    }

    /// Notes that something is not there; unless a syntax error may be what hides it.
    pub(super) fn missing(
        &self,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if !self.is_broken() {
            self.mistake(at, message, help.into());
        }
    }

    /// Whether the text has syntax errors, so that not all of it could be read.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get().is_some_and(|lines| !lines.is_empty())
    }

    /// Notes a warning at the start of a span.
    pub(super) fn warning(
        &self,
        at: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        let warning = self.note(at, message.into(), help.into());
        self.reading.report.warning(self.rank, warning);
    }

    fn note(&self, at: &Range<usize>, message: String, help: Option<String>) -> Mistake {
        let place = self.place(at.start);
        Mistake {
            file: place.file.to_path_buf(),
            line: place.line,
            column: place.column,
            message,
            help,
        }
    }

    /// Parses the text. Syntax errors are noted; what could be read in spite of them is returned.
    pub(super) fn parse(&self) -> Spanned<DeTable<'_>> {
        let (document, mut errors) = self.parse_in_spite_of_errors();
        // The leftmost error of a line is the one that a person sees first; the others mostly echo it.
        errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
        let mut broken = BTreeSet::new();
        let mut unclear = BTreeSet::new();
        let mut shown = 0;
        for error in &errors {
            let at = error.span().unwrap_or(0..0);
            let line = self.place(at.start).line;
            if error.message() != DUPLICATE {
                unclear.insert(line);
            }
            if !broken.insert(line) {
                continue;
            }
            if shown < SYNTAX_ERRORS {
                shown += 1;
                let (message, help) = in_plain_words(error.message(), at.is_empty());
                self.mistake(&at, message, help);
            }
        }
        if broken.len() > shown {
            let more = broken.len() - shown;
            self.mistake(
                &(self.text.len()..self.text.len()),
                format!("{more} more lines are not valid TOML"),
                Some("is this file a TOML file at all?".to_owned()),
            );
        }
        if !unclear.is_empty() {
            broken.extend(self.lines_below_headers(&unclear));
        }
        // Set only now: the errors themselves are noted above.
        self.broken.get_or_init(|| broken);
        document
    }

    /// The document, and every error on the way to it. The parser goes on behind most errors, but reads nothing behind a
    /// key without `=`; so such lines are blanked, which moves nothing, and what is left is parsed again.
    fn parse_in_spite_of_errors(&self) -> (Spanned<DeTable<'_>>, Vec<toml::de::Error>) {
        let text = self.worth_parsing();
        let (document, mut errors) = DeTable::parse_recoverable(text);
        let stops: BTreeSet<usize> = errors
            .iter()
            .filter(|error| error.message().starts_with(NO_EQUALS))
            .filter_map(|error| Some(self.place(error.span()?.start).line))
            .collect();
        if stops.is_empty() {
            return (document, errors);
        }
        let mended = self.mended.get_or_init(|| without_lines(text, &stops));
        let (document, more) = DeTable::parse_recoverable(mended);
        errors.extend(more);
        (document, errors)
    }

    /// The text; or, when its start has more errors than any config, that start alone: the errors of many megabytes of
    /// something else would take gigabytes.
    fn worth_parsing(&self) -> &'r str {
        if self.text.len() <= TRIAL {
            return self.text;
        }
        let mut end = TRIAL;
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let start = self.text.get(..end).unwrap_or_default();
        if DeTable::parse_recoverable(start).1.len() > HOPELESS {
            start
        } else {
            self.text
        }
    }

    /// The keys below an unclear `[header]` belong to nobody knows which table, up to the next header.
    fn lines_below_headers(&self, unclear: &BTreeSet<usize>) -> Vec<usize> {
        let mut below = false;
        let mut found = Vec::new();
        for (index, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with('[') {
                below = unclear.contains(&(index + 1));
            } else if below {
                found.push(index + 1);
            }
        }
        found
    }
}

fn starts_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

/// The text with these lines (counted from 1) blanked, each byte to a space, so that all else keeps its offset.
fn without_lines(text: &str, lines: &BTreeSet<usize>) -> String {
    let mut mended = String::with_capacity(text.len());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if lines.contains(&(index + 1)) {
            let content = line.trim_end_matches(['\r', '\n']);
            mended.extend(std::iter::repeat_n(' ', content.len()));
            mended.push_str(line.get(content.len()..).unwrap_or_default());
        } else {
            mended.push_str(line);
        }
    }
    mended
}

/// The parser's words for a key that nothing is given to.
const NO_EQUALS: &str = "key with no value";

/// The parser's word for a key or table that is there twice. The table's other keys are read all the same.
const DUPLICATE: &str = "duplicate key";

/// The parser's words, and ours with a remedy for the frequent ones. `nothing` is whether the error points at a place
/// between characters.
fn in_plain_words(error: &str, nothing: bool) -> (String, Option<String>) {
    let is = |start: &str| error.starts_with(start);
    let (message, help) = if error == DUPLICATE {
        (
            "this key or table is there already",
            "keep one of the two; several certificates are several `[[certificates]]`",
        )
    } else if is("string values must be quoted") && nothing {
        (
            "a key without a value",
            "write a value, or take the key out",
        )
    } else if is("string values must be quoted") {
        (
            "a text value must be in quotes",
            "write it as \"…\", for example domain = \"example.com\"",
        )
    } else if is(NO_EQUALS) {
        (
            "an `=` is missing here",
            "write key = value, or a `#` in front if this is a comment",
        )
    } else if is("invalid basic string, expected `\"`")
        || is("invalid literal string, expected `'`")
    {
        ("a text has no closing quote", "close it on the same line")
    } else if is("missing escaped value") {
        (
            "a `\\` in front of something that it cannot escape",
            "write `\\\\`, or put the text in single quotes",
        )
    } else if is("invalid boolean") {
        (
            "true and false are written in small letters",
            "write true or false",
        )
    } else if is("unexpected key or value") {
        (
            "one line has one key and one value",
            "write the rest on a line of its own, or behind a `#`",
        )
    } else {
        let error = error.strip_suffix(", expected nothing").unwrap_or(error);
        return (format!("not valid TOML: {error}"), None);
    };
    (message.to_owned(), Some(help.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let reading = Reading::default();
        let text = format!("a = 1\n# {}中 b\n", "é".repeat(400));
        let source = Source::new(Path::new("x"), 0, &text, &reading);
        let offset = text.find('b').unwrap_or(0);
        let place = source.place(offset);
        assert_eq!((place.line, place.column), (2, 2 + 400 + 2 + 1));
        let end = source.place(usize::MAX);
        assert_eq!((end.line, end.column), (3, 1));
    }

    #[test]
    fn a_byte_order_mark_is_no_character() {
        let reading = Reading::default();
        let source = Source::new(Path::new("x"), 0, "\u{feff}a = = 1", &reading);
        source.parse();
        assert!(source.is_broken());
        let rejected = reading
            .report
            .into_result()
            .map_err(|rejected| rejected.mistakes);
        assert!(
            matches!(&rejected, Err(m) if m[0].line == 1 && m[0].column == 5),
            "{rejected:?}"
        );
    }

    #[test]
    fn blanked_lines_move_nothing() {
        let text = "a = 1\r\nbé\r\nc = 1";
        let mended = without_lines(text, &BTreeSet::from([2]));
        assert_eq!(mended, "a = 1\r\n   \r\nc = 1");
    }

    #[test]
    fn megabytes_of_something_else_are_not_parsed_to_their_end() {
        for rubbish in ["=", "not a config\n", "x = 1\n", "é=\"\n"] {
            let reading = Reading::default();
            let text = rubbish.repeat(4 * 1024 * 1024 / rubbish.len());
            let source = Source::new(Path::new("x"), 0, &text, &reading);
            let (_, errors) = source.parse_in_spite_of_errors();
            let last = errors
                .iter()
                .filter_map(toml::de::Error::span)
                .map(|span| span.end)
                .max();
            assert!(
                last.is_some_and(|last| last <= TRIAL),
                "{rubbish}: {last:?}"
            );
        }
        // A large file with a few errors is read to its end.
        let reading = Reading::default();
        let text = format!("a = 1\na = 2\n{}b = = 1\n", "# comment\n".repeat(TRIAL));
        let source = Source::new(Path::new("x"), 0, &text, &reading);
        assert!(source.parse_in_spite_of_errors().1.len() >= 2);
    }

    #[test]
    fn rubbish_in_every_line_is_not_shown_in_every_line() {
        let reading = Reading::default();
        let text = "what is this\n".repeat(5_000);
        Source::new(Path::new("x"), 0, &text, &reading).parse();
        let shown = reading
            .report
            .into_result()
            .map_err(|rejected| rejected.mistakes.len());
        assert_eq!(shown, Err(SYNTAX_ERRORS + 1));
    }
}
