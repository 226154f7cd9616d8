//! The config as its callers see it.

mod cloud;
mod entries;
mod example;
mod files;
mod fleet;
mod http;
mod manual;
mod notify;
mod positions;
mod rules;
mod targets;
mod validation;
mod values;

use super::{Loaded, Mistake, parse};
use crate::sentence::{Catalog, Language};

/// A minimal valid config.
const MINIMAL: &str = "[[certificates]]\ndomain = \"wgc.red\"\n";

/// What is said about a text that must be wrong.
#[track_caller]
fn rejection(text: &str) -> String {
    match parse(text, None) {
        Ok(loaded) => panic!("accepted: {text}\nas {:?}", loaded.config),
        Err(rejected) => {
            rejected.mistakes.iter().for_each(is_told_in_chinese);
            rejected.to_string()
        }
    }
}

/// That a mistake has its Chinese, and lists of values in it have the marks of Chinese.
#[track_caller]
fn is_told_in_chinese(mistake: &Mistake) {
    for said in std::iter::once(&mistake.message).chain(&mistake.help) {
        let chinese = Language::Chinese.tell_of(Catalog::Mistakes, said);
        let plain: String = chinese.split(['`', '"', '“', '”']).step_by(2).collect();
        let bare = |word: &str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase());
        let joins = |mark: &str| {
            let mut pairs = plain.match_indices(mark).map(|(at, _)| {
                let before = plain[..at].rsplit([' ', '（', '：', '、']).next();
                let after = plain[at + mark.len()..].split([' ', ',', '）']).next();
                before.is_some_and(bare) && after.is_some_and(bare)
            });
            pairs.any(|is_joined| is_joined)
        };
        // Prose has two words in a row; of one alone it is not known whether it is a name.
        assert!(!joins(" "), "{chinese}\nof: {said}");
        assert!(!joins(", "), "{chinese}\nof: {said}");
    }
}

/// The config of a text that must be right.
#[track_caller]
fn accepted(text: &str) -> Loaded {
    match parse(text, None) {
        Ok(loaded) => loaded,
        Err(rejected) => panic!("rejected: {text}\n{rejected}"),
    }
}

/// That the text is rejected for exactly one mistake, whose words hold all of these.
#[track_caller]
fn rejected_for(text: &str, says: &[&str]) {
    let rejection = rejection(text);
    for words in says {
        assert!(
            rejection.contains(words),
            "{text}\nsays:\n{rejection}\nbut not: {words}"
        );
    }
    let blocks = rejection
        .lines()
        .filter(|line| !line.starts_with("  help: "))
        .count();
    assert_eq!(blocks, 1, "{text}\nsays more than one thing:\n{rejection}");
}

/// A config with these lines under the one certificate.
fn with(lines: &str) -> String {
    format!("{MINIMAL}{lines}\n")
}

/// A config with these lines in front of the one certificate.
fn headed(lines: &str) -> String {
    format!("{lines}\n{MINIMAL}")
}
