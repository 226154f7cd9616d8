//! What people and scripts see: tables, times, JSON.

use std::io::{self, ErrorKind, IsTerminal, Write};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::failure::Failure;
use crate::config::display_names;
use crate::sentence::{Language, say};
use crate::text::plain_lines;
pub(super) use crate::text::{day, local};

/// How wide text is where nobody says otherwise.
const USUAL_WIDTH: usize = 80;
/// Narrower than this, nothing can be laid out.
const LEAST_WIDTH: usize = 40;
/// A column of a table is not made narrower than this.
const LEAST_COLUMN: usize = 5;
/// Nor one of names, as long as others can give way.
pub(super) const LEAST_NAME: usize = 16;
/// Prose reads well in a column of this width.
const GOOD_PROSE: usize = 24;
/// And can still be read in one of this width.
const LEAST_PROSE: usize = 8;

/// Prints text. What would act on the terminal is no more in it, wherever it came from. A reader that went away (`| head`) ends the output, and is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    write(&plain_lines(text))
}

fn write(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
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
        tell(&text())
    }
}

/// Prints text for people: as [`print`], with names as they are written.
pub(super) fn tell(text: &str) -> Result<(), Failure> {
    print(&display_names(text))
}

/// Which columns of a table give way on a narrow terminal.
#[derive(Clone, Copy)]
pub(super) struct Gives {
    /// What is broken into lines, and that first of all.
    pub(super) prose: usize,
    /// Its lines stand below the row.
    pub(super) below: bool,
    /// What loses its middle.
    pub(super) names: usize,
}

/// A table with a headline, no wider than the terminal; where there is none, its columns are as wide as they must be.
pub(super) fn table(headline: &[&str], rows: &[Vec<String>], gives: Gives) -> String {
    table_within(prose_width(), headline, rows, gives)
}

/// As [`table`], no wider than this.
pub(super) fn table_within(
    width: usize,
    headline: &[&str],
    rows: &[Vec<String>],
    gives: Gives,
) -> String {
    let headline: Vec<String> = headline.iter().map(|title| (*title).to_owned()).collect();
    let rows = rows
        .iter()
        .map(|row| row.iter().map(|cell| display_names(cell)).collect());
    let mut all: Vec<Vec<String>> = std::iter::once(headline).chain(rows).collect();
    let Gives {
        prose: last,
        below,
        names,
    } = gives;
    let mut beneath = Vec::new();
    if below && widths(&all, usize::MAX, &[], 0).iter().fold(0, wider) > width {
        beneath = all.iter_mut().map(|row| row.remove(last)).collect();
        beneath[0].clear();
    }
    // A title is broken before anything that it stands above.
    let cells = widths(all.get(1..).unwrap_or_default(), usize::MAX, &[], 0);
    let titles = cells.iter().map(|cell| (*cell).max(LEAST_PROSE));
    let titles = titles.enumerate().filter(|(column, _)| *column != names);
    let prose = |least| (beneath.is_empty()).then_some((last, least));
    let order: Vec<(usize, usize)> = (prose(GOOD_PROSE).into_iter())
        .chain(titles)
        .chain([(names, LEAST_NAME)])
        .chain(prose(LEAST_PROSE))
        .collect();
    let widths = widths(&all, width, &order, LEAST_PROSE);
    let mut text = String::new();
    for (number, row) in all.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column == names {
            true => vec![shortened(cell, *width)],
            false => wrapped(cell, *width, ""),
        });
        let cells: Vec<Vec<String>> = cells.collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            let pieces = cells.iter().zip(&widths).map(|(lines, width)| {
                let piece = lines.get(line).map_or("", String::as_str);
                padded(piece, *width)
            });
            let pieces: Vec<String> = pieces.collect();
            text.push_str(&format!("{}\n", pieces.join("  ").trim_end()));
        }
        if let Some(more) = beneath.get(number) {
            text.push_str(&prose_below(width, more));
        }
    }
    text
}

/// A row's width, and two blanks, with one column more.
fn wider(row: usize, column: &usize) -> usize {
    row + column + if row == 0 { 0 } else { 2 }
}

fn prose_below(width: usize, text: &str) -> String {
    match text {
        "" => String::new(),
        text => prose(width, "    ", text),
    }
}

/// A time for scripts: RFC 3339, UTC.
pub(super) fn rfc3339(time: Option<DateTime<Utc>>) -> Value {
    time.map(crate::text::rfc3339).into()
}

/// Whether colours and moving lines are wanted on standard output.
pub(super) fn is_lively() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// How many columns there are: what `COLUMNS` says, else the terminal, else 80.
pub(super) fn screen_width() -> usize {
    known_width().unwrap_or(USUAL_WIDTH)
}

/// How wide lines of prose may be: as wide as the terminal, and unbounded where there is none, for whoever searches them.
pub(super) fn prose_width() -> usize {
    known_width().unwrap_or(usize::MAX)
}

fn known_width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|text| text.trim().parse().ok());
    let terminal = || {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col))
    };
    let columns = said.or_else(terminal).filter(|columns| *columns > 0)?;
    Some(columns.max(LEAST_WIDTH))
}

/// A colour of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Red,
    Yellow,
    Green,
    Blue,
    Dim,
    Bold,
}

impl Colour {
    /// The number of ECMA-48's "select graphic rendition".
    fn number(self) -> u8 {
        match self {
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Green => 32,
            Self::Yellow => 33,
            Self::Blue => 34,
        }
    }
}

/// Text with colours, where they are wanted; what is pushed is made harmless like all that is printed.
pub(super) struct Screen {
    text: String,
    coloured: bool,
}

impl Screen {
    /// An empty one.
    pub(super) fn new(coloured: bool) -> Self {
        Self {
            text: String::new(),
            coloured,
        }
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(&plain_lines(&display_names(text)));
    }

    /// Adds text in this colour.
    pub(super) fn push_in(&mut self, colour: Colour, text: &str) {
        if !self.coloured || text.trim().is_empty() {
            return self.push(text);
        }
        self.text.push_str(&format!("\u{1b}[{}m", colour.number()));
        self.push(text);
        self.text.push_str("\u{1b}[0m");
    }

    /// All of it.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Prints it.
    pub(super) fn print(&self) -> Result<(), Failure> {
        write(&self.text)
    }
}

/// Text and blanks up to this width.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Text of at most this width: of one that is longer, the middle is left out, for a name tells most at its ends.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let end = cut(text.chars().rev(), room / 2);
    let begin = cut(text.chars(), room - end.width());
    let end: String = end.chars().rev().collect();
    format!("{begin}…{end}")
}

/// As many of these letters as have room.
fn cut(letters: impl Iterator<Item = char>, room: usize) -> String {
    let mut kept = String::new();
    for letter in letters {
        if kept.width() + letter.width().unwrap_or(0) > room {
            break;
        }
        kept.push(letter);
    }
    kept
}

/// Rows of a table, padded, that together are no wider than `width` with two blanks between the columns. The one column that
/// `gives` is shortened first, to no less than `least`.
pub(super) fn fitted(
    rows: Vec<Vec<String>>,
    width: usize,
    gives: usize,
    least: usize,
) -> Vec<Vec<String>> {
    let widths = widths(&rows, width, &[(gives, least)], LEAST_COLUMN);
    let fit = |row: Vec<String>| {
        let cells = row.iter().zip(&widths);
        cells
            .map(|(cell, width)| padded(&shortened(cell, *width), *width))
            .collect()
    };
    rows.into_iter().map(fit).collect()
}

/// How wide each column is, so that all together are no wider than `width` with two blanks between them. These columns give
/// way first, each down to its least width; then the others down to `least`, from the last one on.
fn widths(
    rows: &[Vec<String>],
    width: usize,
    first: &[(usize, usize)],
    least: usize,
) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut widths = vec![0; columns];
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = cell.width().max(*widest);
        }
    }
    let blanks = 2 * columns.saturating_sub(1);
    let others = (0..columns).rev().map(|column| (column, least));
    for (column, least) in first.iter().copied().chain(others) {
        let excess = (widths.iter().sum::<usize>() + blanks).saturating_sub(width);
        if let Some(wide) = widths.get_mut(column) {
            *wide = wide.saturating_sub(excess).max(least.min(*wide));
        }
    }
    widths
}

/// Text in lines of at most this width, each behind `indent`. Chinese has no blanks and may be broken anywhere but before
/// a mark of punctuation; a word that is longer than a line is broken too.
pub(super) fn wrapped(text: &str, width: usize, indent: &str) -> Vec<String> {
    let room = width.saturating_sub(indent.width()).max(8);
    let mut lines = Vec::new();
    for paragraph in text.replace('\t', " ").lines() {
        let mut line = String::new();
        for piece in pieces(paragraph) {
            let mut piece = piece;
            if line.width() + piece.trim_end().width() > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            while piece.trim_end().width() > room {
                let head = cut(piece.chars(), room);
                piece = piece.split_off(head.len());
                lines.push(head);
            }
            line.push_str(&piece);
        }
        lines.push(line);
    }
    let all = lines.iter();
    all.map(|line| format!("{indent}{}", line.trim_end()))
        .collect()
}

/// Prose, line by line, as wide as there is room for, each behind as many blanks as `begins` is wide, which stands before the
/// first.
pub(super) fn prose(width: usize, begins: &str, text: &str) -> String {
    let indent = " ".repeat(begins.width());
    let lines = wrapped(&display_names(text), width, &indent).into_iter();
    let lines = lines.enumerate().map(|(number, line)| match number {
        0 => format!("{begins}{}\n", line.trim_start()),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// The parts between which a line may be broken.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in text.chars() {
        let closes = "，。；：、！？）》」』”…".contains(letter);
        let opens = "（《「『“".contains(before);
        let is_wide = |c: char| c.width() == Some(2);
        let breaks = letter != ' '
            && (before == ' ' || ((is_wide(letter) || is_wide(before)) && !closes && !opens));
        match pieces.last_mut() {
            Some(last) if !breaks => last.push(letter),
            _ => pieces.push(letter.to_string()),
        }
        before = letter;
    }
    pieces
}

/// A length of time in its largest unit that is not too coarse: hours below two days.
pub(super) fn span(language: Language, length: TimeDelta) -> String {
    let length = length.abs();
    let (count, unit) = if length < TimeDelta::minutes(2) {
        (length.num_seconds(), say("s", "秒"))
    } else if length < TimeDelta::hours(2) {
        (length.num_minutes(), say("min", "分钟"))
    } else if length < TimeDelta::days(2) {
        (length.num_hours(), say("h", "小时"))
    } else {
        (length.num_days(), say("d", "天"))
    };
    format!("{count} {}", language.of_phrase(unit))
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
        let gives = Gives {
            names: 0,
            prose: 1,
            below: false,
        };
        assert_eq!(
            table_within(usize::MAX, &["DOMAIN", "X"], &rows, gives),
            "DOMAIN     X\n例子.中国  a\nx.example  b\n"
        );
    }

    #[test]
    fn a_table_fits_the_terminal_and_its_prose_is_whole() {
        let prose = [
            "renewed in its last 30 days",
            "在到期前 30 天内续期，届时申请新证书",
        ];
        let rows: Vec<Vec<String>> = [
            "xn--fsqu00a.xn--fiqs8s",
            "a-very-long-name.of.some.server.example.com",
        ]
        .iter()
        .zip(prose)
        .map(|(name, why)| {
            [*name, "2026-12-01 08:00 UTC", why]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
        let gives = |below| Gives {
            names: 0,
            prose: 2,
            below,
        };
        for (width, below) in [50, 60, 80]
            .into_iter()
            .flat_map(|width| [(width, true), (width, false)])
        {
            let text = table_within(width, &["DOMAIN", "AT", "WHY"], &rows, gives(below));
            for line in text.lines() {
                assert!(line.width() <= width, "{width}: {line}");
            }
            assert!(text.contains("例子.中国"), "{text}");
            let said: String = text.split_whitespace().collect();
            for word in ["renewed", "last", "30"] {
                assert!(said.contains(word), "{text}");
            }
            // What is continued stands below its title, or below the row.
            let title = text.lines().next().unwrap().find("WHY");
            assert_eq!(title.is_none(), below, "{text}");
            let at = title.unwrap_or(4);
            let stands = |line: &str| line.len() - line.trim_start().len() == at;
            assert!(text.lines().any(stands), "{width}\n{text}");
        }
        let whole = table_within(usize::MAX, &["DOMAIN", "AT", "WHY"], &rows, gives(true));
        assert_eq!(whole.lines().count(), 3, "{whole}");
        assert!(
            rows[1].iter().all(|cell| whole.contains(cell.as_str())),
            "{whole}"
        );
    }

    #[test]
    fn a_name_without_room_loses_its_middle() {
        assert_eq!(shortened("short.example", 13), "short.example");
        let long = "very-long-name-of-a-server.example.com";
        assert_eq!(shortened(long, 20), "very-long-…ample.com");
        assert_eq!(shortened("非常长的名字.例子.中国", 13), "非常长….中国");
        for width in 1..30 {
            assert!(shortened("非常长的名字.例子.中国", width).width() <= width);
        }
    }

    #[test]
    fn a_table_is_no_wider_than_there_is_room_and_its_columns_hold() {
        let rows =
            |name: &str, end: &str| vec![name.to_owned(), "state".to_owned(), end.to_owned()];
        let all = vec![
            rows("例子.中国", "renew in 59 d"),
            rows("an-unusually-long-name-of-some-server.example.com", "-"),
        ];
        for width in [40, 60, 100] {
            for row in fitted(all.clone(), width, 0, 12) {
                assert!(row.join("  ").width() <= width, "{row:?}");
                assert_eq!(
                    row[0].width(),
                    fitted(all.clone(), width, 0, 12)[0][0].width()
                );
            }
        }
        let narrow = fitted(all, 30, 0, 12);
        assert_eq!(narrow[0].join("  ").width(), 30, "{narrow:?}");
        assert_eq!(narrow[1][0], "an-unu…e.com");
    }

    #[test]
    fn lines_are_broken_between_words_and_chinese_anywhere_but_before_its_marks() {
        assert_eq!(
            wrapped("one two three four", 12, "  "),
            ["  one two", "  three four"]
        );
        assert_eq!(
            wrapped("免费证书额度已用完，稍后再试。", 16, ""),
            ["免费证书额度已用", "完，稍后再试。"]
        );
        assert_eq!(wrapped("abcdefghijkl", 8, ""), ["abcdefgh", "ijkl"]);
        assert!(wrapped("", 40, "").is_empty());
    }

    #[test]
    fn lengths_of_time_are_hours_below_two_days() {
        let said = |seconds| span(Language::English, TimeDelta::seconds(seconds));
        assert_eq!(said(90), "90 s");
        assert_eq!(said(600), "10 min");
        assert_eq!(said(20 * 3600), "20 h");
        assert_eq!(said(-49 * 3600), "2 d");
        assert_eq!(span(Language::Chinese, TimeDelta::days(89)), "89 天");
    }

    #[test]
    fn colours_are_ours_alone() {
        let mut screen = Screen::new(true);
        screen.push_in(Colour::Red, "bad \u{1b}[2J");
        assert_eq!(screen.text(), "\u{1b}[31mbad  [2J\u{1b}[0m");
        let mut plain = Screen::new(false);
        plain.push_in(Colour::Red, "bad");
        assert_eq!(plain.text(), "bad");
    }
}
