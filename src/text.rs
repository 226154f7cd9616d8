//! The forms of text that are the same everywhere: times, and text from outside, made harmless for those who read it on a
//! terminal, in a log, on the page.
//!
//! What text from outside must not do there: move the cursor, colour, forge a line, or show its letters in another order than they
//! stand in (bidirectional overrides). This is the one place that says which characters do such things.

use chrono::{DateTime, Local, SecondsFormat, Utc};

/// A time for people: local, to the second, with the zone.
#[must_use]
pub fn local(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S %:z")
        .to_string()
}

/// The day alone, where a column has no room for more.
#[must_use]
pub fn day(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d").to_string()
}

/// A time for machines: RFC 3339, to the second, in UTC.
#[must_use]
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Marks that reorder or hide text.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a character acts on a terminal, or reorders or hides text.
pub(crate) fn acts(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// On one line: every control character a blank, marks that reorder or hide left out.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// As [`plain`], cut at so many characters.
#[must_use]
pub fn plain_up_to(text: &str, longest: usize) -> String {
    let mut plain = String::with_capacity(text.len().min(longest));
    let shown = text.chars().filter(|c| !is_invisible(*c));
    for (count, c) in shown.enumerate() {
        if count == longest {
            plain.push('…');
            break;
        }
        plain.push(if c.is_control() { ' ' } else { c });
    }
    plain
}

/// As [`plain`], of text that has lines: these stay, and so do tabs.
#[must_use]
pub fn plain_lines(text: &str) -> String {
    let kept = |c: char| matches!(c, '\n' | '\t');
    text.chars()
        .filter(|c| !is_invisible(*c) && *c != '\r')
        .map(|c| if c.is_control() && !kept(c) { ' ' } else { c })
        .collect()
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The innermost cause of an error: `Connection refused (os error 111)` says more than the layers around it.
#[must_use]
pub fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_or_turns_text_around_is_left() {
        let evil = "a\u{1b}[31mb\u{7f}\u{9b}2J\r\nc\u{202e}txt.exe\u{2066}\u{200b}\u{e0041}\0d\te\u{2028}f";
        let shown = plain(evil);
        assert_eq!(shown, "a [31mb  2J  ctxt.exe d ef");
        assert_eq!(plain_lines(evil), "a [31mb  2J\nctxt.exe d\tef");
        assert_eq!(plain_up_to(evil, 3), "a […");
        assert_eq!(
            plain("例え https://例え.jp?a=b ünï"),
            "例え https://例え.jp?a=b ünï"
        );
    }
}
