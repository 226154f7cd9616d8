//! The Chinese of texts that are kept in English: reasons in the record, mistakes of the config, the help of commands.
//!
//! Such a text is made where the thing happens, stored or passed on, and shown later, to people of either language. The
//! catalog has the pattern that each was made by, beside its Chinese; what a pattern has in braces may be any text, which is
//! looked up in turn. What is not in it stays English. A test holds that the sources still say what the patterns do.

mod calls;
mod errors;
mod help;
mod mistakes;
mod verbs;

/// A text in English, with values in braces, and the same in Chinese.
type Entry = (&'static str, &'static str);

/// Which texts. Each has patterns of its own: help for a config has some that the words of other programs fit too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Catalog {
    /// Why something does not go on, or is refused, and what to do.
    Reasons,
    /// What is wrong in a config.
    Mistakes,
    /// A description of the command line.
    Help,
}

impl Catalog {
    fn parts(self) -> &'static [&'static [Entry]] {
        match self {
            Self::Reasons => &[calls::ENTRIES, errors::ENTRIES, verbs::ENTRIES],
            Self::Mistakes => &[mistakes::ENTRIES],
            Self::Help => &[help::ENTRIES],
        }
    }
}

/// So deep are values looked up in values.
const DEEPEST: usize = 4;

/// What a text is in Chinese, where the catalog does not have it.
type Known<'k> = &'k dyn Fn(&str) -> Option<String>;

/// The Chinese of this text, as far as there is one. `known` may know more texts than the catalog.
pub(crate) fn translate(catalog: Catalog, text: &str, known: Known<'_>) -> String {
    chinese(catalog, text, known, DEEPEST).unwrap_or_else(|| text.to_owned())
}

fn chinese(catalog: Catalog, text: &str, known: Known<'_>, depth: usize) -> Option<String> {
    if text.is_empty() || depth == 0 {
        return None;
    }
    if let Some(found) = known(text) {
        return Some(found);
    }
    let all = catalog.parts().iter().flat_map(|part| part.iter());
    let fitting = all.filter_map(|(english, chinese)| {
        let values = values(english, text)?;
        Some((english.len(), *chinese, values))
    });
    // The pattern with the most words of its own.
    let best = fitting.max_by_key(|(length, _, values)| {
        let names: usize = values.iter().map(|(name, _)| name.len() + 2).sum();
        length - names
    });
    if let Some((_, pattern, values)) = best {
        return Some(filled(catalog, pattern, &values, known, depth));
    }
    // Two sentences in one, each of which is known.
    text.match_indices("; ").find_map(|(at, mark)| {
        let first = chinese(catalog, text.get(..at)?, known, depth - 1)?;
        let second = chinese(catalog, text.get(at + mark.len()..)?, known, depth - 1)?;
        Some(format!("{first}；{second}"))
    })
}

fn filled(
    catalog: Catalog,
    pattern: &str,
    values: &[(&str, &str)],
    known: Known<'_>,
    depth: usize,
) -> String {
    let mut filled = String::new();
    for (words, name) in pieces(pattern) {
        filled.push_str(words);
        let value = values.iter().find(|(of, _)| Some(*of) == name);
        if let Some((_, value)) = value {
            filled.push_str(
                &chinese(catalog, value, known, depth - 1).unwrap_or_else(|| (*value).to_owned()),
            );
        }
    }
    filled
}

/// The values that this pattern has in this text, by their names; `None` where it is no text of that pattern.
fn values<'p, 't>(pattern: &'p str, text: &'t str) -> Option<Vec<(&'p str, &'t str)>> {
    let mut pieces = pieces(pattern).peekable();
    let (first, mut name) = pieces.next()?;
    let mut rest = text.strip_prefix(first)?;
    let mut found = Vec::new();
    while let Some(value_name) = name {
        let (words, next) = pieces.next()?;
        let (value, after) = match pieces.peek() {
            None if words.is_empty() => (rest, ""),
            None => (rest.strip_suffix(words)?, ""),
            Some(_) => rest.split_once(words)?,
        };
        if value.is_empty() {
            return None;
        }
        found.push((value_name, value));
        (rest, name) = (after, next);
    }
    rest.is_empty().then_some(found)
}

/// The words of a pattern up to each value, with its name; the last ones have none behind them.
fn pieces(pattern: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(pattern);
    std::iter::from_fn(move || {
        let now = rest.take()?;
        let Some((words, behind)) = now.split_once('{') else {
            return Some((now, None));
        };
        let (name, after) = behind.split_once('}')?;
        rest = Some(after);
        Some((words, Some(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::{check, literals, sources};
    use super::*;

    #[test]
    fn every_entry_is_there_in_chinese_and_its_english_stands_in_the_sources() {
        let catalog = [
            "catalog.rs",
            "calls.rs",
            "errors.rs",
            "help.rs",
            "mistakes.rs",
            "verbs.rs",
        ];
        // What the program is, its help has of the package.
        let mut said = include_str!("../../Cargo.toml").to_owned();
        for (path, source) in sources() {
            let is_catalog = catalog.iter().any(|name| path.ends_with(name))
                && path.to_string_lossy().contains("sentence");
            if !is_catalog {
                for (_, literal) in literals(&source) {
                    said.push_str(&literal);
                    said.push('\0');
                }
                // The help of commands stands in comments.
                said.push_str(&source);
            }
        }
        let catalogs = [Catalog::Reasons, Catalog::Mistakes, Catalog::Help];
        let parts = catalogs.iter().flat_map(|catalog| catalog.parts());
        for (english, chinese) in parts.flat_map(|part| part.iter()) {
            check_entry(english, chinese);
            for (words, _) in pieces(english) {
                // What is joined of two texts stands in two places.
                let is_said = said.contains(words)
                    || words.split("; ").all(|part| {
                        said.contains(part.trim_matches([':', ';', ' ', '(', ')', '`', '"']))
                    });
                assert!(is_said, "nobody says {words:?}, of {english:?}");
            }
        }
    }

    fn check_entry(english: &str, chinese: &str) {
        for (_, name) in pieces(english) {
            let Some(name) = name else { continue };
            let is_again = name == "again" || name == "name";
            assert!(
                chinese.contains(&format!("{{{name}}}")) || is_again,
                "{name}: {chinese}"
            );
        }
        check(english, chinese);
    }

    #[test]
    fn what_a_pattern_has_in_braces_is_looked_up_too() {
        let of = |catalog, text: &str| translate(catalog, text, &|_| None);
        let chinese = |text| of(Catalog::Reasons, text);
        assert_eq!(
            chinese(
                "no clear answer to the application: no answer from ssl.tencentcloudapi.com within 30 s"
            ),
            "申请没有得到明确的响应：ssl.tencentcloudapi.com 在 30 秒内没有响应"
        );
        assert_eq!(
            of(
                Catalog::Mistakes,
                "`renew_before` must be a duration in quotes, such as \"30s\", \"10m\", \"6h\" or \"30d\", not a whole number"
            ),
            "`renew_before` 应为：带引号的时长，例如 \"30s\"、\"10m\"、\"6h\" 或 \"30d\"；实际为：整数"
        );
        assert_eq!(
            chinese("there is no certificate yet; there is no previous certificate"),
            "还没有证书；没有上一张证书"
        );
        for unknown in [
            "",
            "something that nobody says",
            "there is no certificate yet!",
        ] {
            assert_eq!(chinese(unknown), unknown);
        }
    }

    #[test]
    fn a_pattern_fits_whole_texts_alone() {
        assert_eq!(
            values("a {x} b {y} c", "a 1 b 2 c"),
            Some(vec![("x", "1"), ("y", "2")])
        );
        assert_eq!(
            values("{x}: {y}", "1: 2: 3"),
            Some(vec![("x", "1"), ("y", "2: 3")])
        );
        assert_eq!(values("plain", "plain"), Some(Vec::new()));
        for (pattern, text) in [
            ("a {x} c", "a  c"),
            ("a {x}", "b 1"),
            ("plain", "plains"),
            ("{x} c", "1 d"),
        ] {
            assert_eq!(values(pattern, text), None, "{pattern} {text}");
        }
    }
}
