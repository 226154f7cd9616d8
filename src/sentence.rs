//! What is said to people in English and in Chinese: one declaration a sentence, with both side by side.

use clap::ValueEnum;

use crate::words::words;

words! {
    /// A language that texts for people are there in. Event names, logs and JSON have one form only, whatever it says.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
    #[allow(missing_docs, reason = "a comment for clap would show in the help of each verb")]
    pub enum Language {
        // Described to readers of the code alone: with descriptions, each verb's help grows a second form.
        #[default]
        #[value(name = "en")]
        English = "en",
        #[value(name = "zh")]
        Chinese = "zh",
    }
}

impl Language {
    /// The sentence in this language.
    pub(crate) fn of(self, sentence: &Sentence) -> &str {
        match self {
            Self::English => &sentence.english,
            Self::Chinese => &sentence.chinese,
        }
    }

    /// The phrase in this language.
    pub(crate) fn of_phrase(self, phrase: Phrase) -> &'static str {
        match self {
            Self::English => phrase.english,
            Self::Chinese => phrase.chinese,
        }
    }
}

/// One sentence in each language that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) english: String,
    pub(crate) chinese: String,
}

impl Sentence {
    /// What is no sentence of ours: a command to type, a name, another program's words.
    pub(crate) fn verbatim(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            english: text.clone(),
            chinese: text,
        }
    }
}

/// One sentence without values in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    pub(crate) english: &'static str,
    pub(crate) chinese: &'static str,
}

/// A phrase: its English, and its Chinese.
pub(crate) const fn say(english: &'static str, chinese: &'static str) -> Phrase {
    Phrase { english, chinese }
}

/// Declares phrases that are said more than once, a constant each: `NAME "English" "中文";`.
macro_rules! phrases {
    ($($name:ident $english:literal $chinese:literal;)*) => {
        $(const $name: $crate::sentence::Phrase = $crate::sentence::say($english, $chinese);)*
    };
}
pub(crate) use phrases;

/// Declares sentences, a function each that fills its values in: `name(value) "with {value}" "有 {value}";`.
macro_rules! sentences {
    ($($name:ident($($value:ident),*) $english:literal $chinese:literal;)*) => {
        $(
            pub(super) fn $name($($value: impl std::fmt::Display),*) -> $crate::sentence::Sentence {
                $crate::sentence::Sentence {
                    english: format!($english),
                    chinese: format!($chinese),
                }
            }
        )*

        #[cfg(test)]
        #[test]
        fn every_sentence_says_the_same_in_both_languages() {
            for (english, chinese) in [$(($english, $chinese)),*] {
                $crate::sentence::check(english, chinese);
            }
        }
    };
}
pub(crate) use sentences;

/// That the Chinese is Chinese, and keeps what has to be typed or looked for: values, commands, names of settings.
#[cfg(test)]
pub(crate) fn check(english: &str, chinese: &str) {
    assert!(!chinese.is_ascii(), "without Chinese: {english}");
    let commands = english.split('`').skip(1).step_by(2);
    let plain = english.split(|c: char| c.is_whitespace() || ",;()`".contains(c));
    let names = plain.filter(|word| word.contains('_') || word.contains("api."));
    let values = english.split('{').skip(1).filter_map(|rest| {
        let (value, _) = rest.split_once('}')?;
        Some(value)
    });
    for kept in commands.chain(names).chain(values) {
        // Placeholders are words of the language.
        let kept = kept
            .trim_end_matches('.')
            .replace("DOMAIN", "域名")
            .replace("CODE", "错误码");
        assert!(chinese.contains(&kept), "{kept} is missing in: {chinese}");
    }
}
